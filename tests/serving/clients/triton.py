"""Triton's client with its defaults; run in an environment of its own, with address and rows."""

import json
import sys
from typing import Any

import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

address, rows = sys.argv[1], np.array(json.load(sys.stdin), np.float32)
found: dict[str, Any] = {}


def tensor(name: str, values: Any, kind: str, **settings: bool) -> http.InferInput:
    made = http.InferInput(name, list(values.shape), kind)
    made.set_data_from_numpy(values, **settings)
    return made


with http.InferenceServerClient(address.removeprefix("http://")) as client:
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("digits")
    assert not client.is_model_ready("nobody")
    assert client.get_server_metadata()["name"] == "pellucid"
    assert client.get_model_metadata("digits")["inputs"][0]["shape"] == [-1, 784]
    usual = client.infer("digits", [tensor("x", rows, "FP32")], request_id="42", priority=1)
    assert usual.get_response()["id"] == "42"
    found["default"] = usual.as_numpy("y").tolist()
    as_json = client.infer(
        "digits",
        [tensor("x", rows, "FP32", binary_data=False)],
        outputs=[http.InferRequestedOutput("y", binary_data=False)],
    )
    found["json"] = as_json.as_numpy("y").tolist()
    for algorithm in ("gzip", "deflate"):
        packed = client.infer(
            "digits",
            [tensor("x", rows, "FP32")],
            request_compression_algorithm=algorithm,
            response_compression_algorithm=algorithm,
        )
        found[algorithm] = packed.as_numpy("y").tolist()
    for binary in (True, False):
        outputs = [http.InferRequestedOutput("y", binary_data=binary, class_count=1)]
        best = client.infer("digits", [tensor("x", rows, "FP32")], outputs=outputs)
        texts = (
            [bytes(text).decode() for text in best.as_numpy("y").ravel().tolist()]
            if binary
            else (best.as_numpy("y").ravel().tolist())
        )
        found[f"classes {binary}"] = [text.split(":")[2] for text in texts]
    columns = [
        tensor("age", np.array([31.0, 54.0]), "FP64"),
        tensor("city", np.array(["Seoul", "Busan"], object), "BYTES"),
    ]
    found["columns"] = client.infer("people", columns).as_numpy("y").tolist()
    try:
        client.infer("digits", [tensor("x", rows[:, :5].copy(), "FP32")])
    except InferenceServerException as error:
        found["error"] = error.message()
print(json.dumps(found))
