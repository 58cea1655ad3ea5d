"""KServe's client, protocols v1 (its default) and v2; run in an environment of its own."""

import asyncio
import json
import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

# The client alone: the package itself imports the server half, with Kubernetes and more
spec, package = find_spec("kserve"), ModuleType("kserve")
assert spec is not None and spec.submodule_search_locations is not None
package.__path__ = list(spec.submodule_search_locations)
sys.modules["kserve"] = package

from kserve.inference_client import InferenceRESTClient, RESTConfig  # noqa: E402
from kserve.protocol.infer_type import InferInput, InferRequest, RequestedOutput  # noqa: E402

address, rows = sys.argv[1], np.array(json.load(sys.stdin), np.float32)


def asked(binary: bool) -> InferRequest:
    made = InferInput("x", list(rows.shape), "FP32")
    made.set_data_from_numpy(rows, binary_data=binary)
    output = RequestedOutput("y", parameters={"binary_data": binary})
    return InferRequest("digits", [made], request_id="42", request_outputs=[output])


async def main() -> dict[str, Any]:
    found: dict[str, Any] = {}
    v1 = InferenceRESTClient(RESTConfig())
    assert await v1.is_server_live(address) and await v1.is_model_ready(address, "digits")
    answer = await v1.infer(address, {"instances": rows.tolist()}, "digits")
    found["v1"] = answer["predictions"]
    v2 = InferenceRESTClient(RESTConfig(protocol="v2"))
    assert await v2.is_server_live(address) and await v2.is_server_ready(address)
    assert await v2.is_model_ready(address, "digits")
    for binary in (False, True):
        answer = await v2.infer(address, asked(binary), "digits")
        assert answer.id == "42"
        found[f"v2 {binary}"] = answer.outputs[0].as_numpy().tolist()
    try:
        await v1.infer(address, {"instances": [[1, 2]]}, "digits")
    except Exception as error:
        found["error"] = str(error)
    return found


print(json.dumps(asyncio.run(main())))
