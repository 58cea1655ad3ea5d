"""The Open Inference Protocol: what it asks for, and `net.predict`'s numbers in every form."""

import gzip
import json
import re
import struct
import zlib
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.data import mnist
from pellucid.serving.tensors import TYPES
from tests.serving.asking import Answer, Asker

INFER = "/v2/models/digits/infer"


def digits(count: int) -> np.ndarray[Any, Any]:
    return mnist().test.images[:count].reshape(count, 784)


def tensor(x: np.ndarray[Any, Any], kind: str = "FP32", **more: Any) -> dict[str, Any]:
    entry = {"name": "x", "datatype": kind, "shape": list(x.shape), "data": x.ravel().tolist()}
    return entry | more


def outputs(answer: Answer) -> np.ndarray[Any, Any]:
    assert answer.status == 200, answer.body
    (found,) = answer.json["outputs"]
    assert (found["name"], found["datatype"]) == ("y", "FP32")
    return np.array(found["data"], np.float32).reshape(found["shape"])


def binary(entries: dict[str, Any], content: bytes) -> tuple[bytes, dict[str, str]]:
    head = json.dumps(entries).encode()
    return head + content, {"inference_header_content_length": str(len(head))}


def test_json_of_any_form_is_what_predict_returns(
    asker: Asker, nets: dict[str, pl.Network]
) -> None:
    x = digits(3)
    expected = nets["digits"].predict(x)
    for kind, values in (("FP32", x.astype(np.float32)), ("UINT8", x), ("INT64", x), ("FP64", x)):
        flat = asker.post(INFER, {"id": "7", "inputs": [tensor(values, kind)]})
        assert flat.json["id"] == "7" and flat.json["model_name"] == "digits"
        assert np.array_equal(outputs(flat), expected)
    nested = tensor(x, "UINT8", data=x.tolist())
    assert np.array_equal(outputs(asker.post(INFER, {"inputs": [nested]})), expected)
    images = tensor(x.reshape(3, 28, 28), "UINT8")
    assert np.array_equal(outputs(asker.post(INFER, {"inputs": [images]})), expected)
    versioned = INFER.replace("/infer", "/versions/1/infer")
    assert np.array_equal(outputs(asker.post(versioned, {"inputs": [nested]})), expected)


@pytest.mark.parametrize("kind", ["FP32", "FP64", "UINT8", "INT32", "FP16"])
def test_binary_is_what_predict_returns(
    asker: Asker, nets: dict[str, pl.Network], kind: str
) -> None:
    x = digits(2)
    entry: dict[str, Any] = {"name": "x", "datatype": kind, "shape": [2, 784]}
    content = x.astype(TYPES[kind]).tobytes()
    entry["parameters"] = {"binary_data_size": len(content)}
    asked = {"inputs": [entry], "parameters": {"binary_data_output": True, "priority": 3}}
    body, headers = binary(asked, content)
    answer = asker.post(INFER, body, **headers)
    length = int(answer.headers["inference-header-content-length"])
    (found,) = json.loads(answer.body[:length])["outputs"]
    assert found["parameters"]["binary_data_size"] == len(answer.body) - length == 80
    y = np.frombuffer(answer.body[length:], np.float32).reshape(2, 10)
    assert np.array_equal(y, nets["digits"].predict(x))


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
def test_bodies_may_be_compressed(asker: Asker, encoding: str, pack: Any) -> None:
    body = json.dumps({"inputs": [tensor(digits(1))]}).encode()
    assert asker.post(INFER, pack(body), content_encoding=encoding).status == 200


def test_large_responses_are_compressed_for_those_who_accept_it(
    asker: Asker, nets: dict[str, pl.Network]
) -> None:
    x = np.repeat(digits(1), 1000, axis=0)
    body = {"inputs": [tensor(x, "UINT8")]}
    packed = asker.post(INFER, body, accept_encoding="gzip, deflate")
    assert packed.headers["content-encoding"] == "gzip"
    plain = Answer(200, {}, gzip.decompress(packed.body))
    assert np.array_equal(outputs(plain), nets["digits"].predict(x))
    assert "content-encoding" not in asker.post(INFER, body).headers


def test_outputs_are_chosen_and_classified(asker: Asker, nets: dict[str, pl.Network]) -> None:
    wanted: dict[str, Any] = {"classification": 2}
    chosen: list[dict[str, Any]] = [{"name": "y"}, {"name": "y", "parameters": wanted}]
    asked = {"inputs": [tensor(digits(2))], "outputs": chosen}
    numbers, classes = asker.post(INFER, asked).json["outputs"]
    y = np.array(numbers["data"]).reshape(2, 10)
    assert (classes["datatype"], classes["shape"]) == ("BYTES", [2, 2])
    for row, texts in enumerate(np.array(classes["data"]).reshape(2, 2)):
        for text, k in zip(texts, np.argsort(-y[row])[:2], strict=True):
            assert text == f"{y[row, k]:f}:{k}:{nets['digits'].label(k)}"
    wanted["binary_data"] = True
    answer = asker.post(INFER, asked)
    length = int(answer.headers["inference-header-content-length"])
    packed, found = answer.body[length:], []
    while packed:
        (size,) = struct.unpack_from("<I", packed)
        found.append(packed[4 : 4 + size].decode())
        packed = packed[4 + size :]
    assert found == classes["data"]


def test_columns_are_inputs(asker: Asker, nets: dict[str, pl.Network]) -> None:
    cells = {"age": [31, 77.5], "city": ["Seoul", "Busan"]}
    inputs = [
        {"name": "city", "datatype": "BYTES", "shape": [2, 1], "data": [["Seoul"], ["Busan"]]},
        {"name": "age", "datatype": "FP64", "shape": [2], "data": cells["age"]},
    ]
    path = "/v2/models/people/infer"
    with pytest.warns(pl.TableWarning):
        expected = nets["people"].predict(cells)
    for _ in range(2):
        assert np.array_equal(outputs(asker.post(path, {"inputs": inputs})), expected)
    rows = nets["people"].columns.x({"age": [31], "city": ["Seoul"]})
    assert np.array_equal(
        outputs(asker.post(path, {"inputs": [tensor(rows)]})), nets["people"].predict(rows)
    )
    text = b"".join(len(each).to_bytes(4, "little") + each for each in (b"Seoul", b"Busan"))
    size = {"binary_data_size": len(text)}
    inputs[0] = {"name": "city", "datatype": "BYTES", "shape": [2], "parameters": size}
    body, headers = binary({"inputs": inputs}, text)
    assert np.array_equal(outputs(asker.post(path, body, **headers)), expected)


def test_one_row_is_read_in_the_event_loop_once_its_cells_are_known(asker: Asker) -> None:
    inputs = [
        {"name": "age", "datatype": "INT32", "shape": [1], "data": [31]},
        {"name": "city", "datatype": "BYTES", "shape": [1], "data": ["Jeju"]},
    ]
    first = outputs(asker.post("/v2/models/people/infer", {"inputs": inputs}))
    model = asker.app.served["people"].model
    assert model.known({"age": [31], "city": ["Jeju"]}) is not None
    assert np.array_equal(outputs(asker.post("/v2/models/people/infer", {"inputs": inputs})), first)


def test_the_server_and_its_models_describe_themselves(asker: Asker) -> None:
    server = asker.get("/v2").json
    assert server["name"] == "pellucid" and "binary_tensor_data" in server["extensions"]
    # Clients read "live" here and "ready" there, whatever the specification says
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert asker.get(path).json == {"live": True, "ready": True}
    people = asker.get("/v2/models/people").json
    assert (people["versions"], people["platform"]) == (["1"], "pellucid_safetensors")
    assert people["inputs"] == [
        {"name": "age", "datatype": "FP64", "shape": [-1]},
        {"name": "city", "datatype": "BYTES", "shape": [-1]},
    ]
    known = asker.get("/v2/models/digits/versions/1").json
    assert known["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 784]}]
    assert known["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [-1, 10]}]
    assert asker.get("/v2/models/digits/ready").json == {"name": "digits", "ready": True}
    assert asker.get("/v2/models/nobody/ready").status == 404


def wrong(change: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": [tensor(np.zeros((1, 784))) | change]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b"[" * 2000, "not JSON"),
        (b"[1]", "JSON object"),
        (b'{"inputs": [{"name": "x", "data": [NaN]}]}', "not JSON"),
        ({}, '"inputs"'),
        ({"inputs": [1]}, '"name"'),
        ({"id": 5, "inputs": []}, '"id"'),
        (wrong({"datatype": "BF16"}), "BF16|datatype"),
        (wrong({"datatype": ["FP32"]}), "datatype"),
        (wrong({"shape": [784]}), r"reshape|rows of shape"),
        (wrong({"shape": [-1, 784]}), '"shape"'),
        (wrong({"shape": [1, True]}), '"shape"'),
        (wrong({"shape": [1, 783]}), "784 values"),
        (wrong({"shape": [0, 1 << 61, 1 << 61], "data": []}), "too large"),
        (wrong({"data": "1"}), '"data"'),
        (wrong({"data": ["1"] * 784}), "must be numbers"),
        (wrong({"data": [None] * 784}), "must be numbers"),
        (wrong({"data": [[1], [1, 2]]}), "one length"),
        (wrong({"data": [{}] * 784}), "must be numbers"),
        (wrong({"data": [1e39] * 784}), "row 0 holds NaN or infinity"),
        (wrong({"datatype": "UINT8", "data": [256] * 784}), "uint8"),
        (wrong({"datatype": "INT8", "data": [1.5] * 784}), "int8"),
        (wrong({"datatype": "BYTES", "data": ["a"] * 784}), "not BYTES"),
        (wrong({"parameters": {"binary_data_size": 5}}), "both"),
        ({"inputs": [tensor(np.zeros((1, 784)))] * 2}, "one input"),
        ({**wrong({}), "outputs": []}, '"outputs"'),
        ({**wrong({}), "outputs": [{"name": "z"}]}, "only output"),
        (
            {**wrong({}), "outputs": [{"name": "y", "parameters": {"classification": "a"}}]},
            "classification",
        ),
    ],
)
def test_what_is_wrong_is_said(asker: Asker, body: Any, said: str) -> None:
    answer = asker.post(INFER, body)
    assert answer.status == 400
    assert re.search(said, answer.error), answer.error


@pytest.mark.parametrize(
    ("head", "size", "content", "said"),
    [
        (None, 3136, b"\0" * 3135, "0 to 3135"),
        (None, 3136, b"\0" * 3137, "belong to none"),
        (None, 12, b"\0" * 12, "need 3136"),
        ("-1", 3136, b"\0" * 3136, "Inference-Header"),
        ("999999", 3136, b"\0" * 3136, "Inference-Header"),
        (None, 3136, b"\xff" * 3136, "NaN"),
    ],
)
def test_lying_lengths_are_said(
    asker: Asker, head: str | None, size: int, content: bytes, said: str
) -> None:
    entry = {"name": "x", "datatype": "FP32", "shape": [1, 784]}
    body, headers = binary(
        {"inputs": [entry | {"parameters": {"binary_data_size": size}}]}, content
    )
    if head is not None:
        headers["inference_header_content_length"] = head
    answer = asker.post(INFER, body, **headers)
    assert (answer.status, said in answer.error) == (400, True), answer.error


@pytest.mark.parametrize("texts", [b"\xff\xff\xff\xff", b"\1\0\0", b"\1\0\0\0\xff"])
def test_texts_are_within_their_bytes(asker: Asker, texts: bytes) -> None:
    entry: dict[str, Any] = {"name": "city", "datatype": "BYTES", "shape": [1]}
    entry["parameters"] = {"binary_data_size": len(texts)}
    body, headers = binary({"inputs": [entry]}, texts)
    assert asker.post("/v2/models/people/infer", body, **headers).status == 400


def test_outputs_that_are_not_finite_are_an_error(asker: Asker) -> None:
    """They would be null in JSON, and NaN in what a client makes of it."""
    area = {"name": "area", "datatype": "FP64", "shape": [1], "data": [1e300]}
    answer = asker.post("/v2/models/houses/infer", {"inputs": [area]})
    assert answer.status == 400
