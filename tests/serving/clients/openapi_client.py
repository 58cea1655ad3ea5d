"""The Open Inference Protocol's own generated client; run in an environment of its own."""

import json
import sys
from typing import Any

from open_inference.openapi.client import OpenInferenceClient
from open_inference.openapi.errors import BadRequestError, NotFoundError
from open_inference.openapi.types import InferenceRequest, RequestInput

address, rows = sys.argv[1], json.load(sys.stdin)
client = OpenInferenceClient(base_url=address)
client.check_server_liveness()
client.check_server_readiness()
client.check_model_readiness("digits")
client.check_model_version_readiness("digits", "1")
assert client.read_server_metadata().name == "pellucid"
assert client.read_model_metadata("digits").outputs[0].shape == [-1, 10]
found: dict[str, Any] = {}
flat = [value for row in rows for value in row]
shape = [len(rows), len(rows[0])]
tensor = RequestInput(name="x", shape=shape, datatype="FP32", data=flat)
answer = client.model_infer("digits", request=InferenceRequest(id="42", inputs=[tensor]))
assert answer.id == "42"
values = answer.outputs[0].data.__root__
found["json"] = [values[place : place + 10] for place in range(0, len(values), 10)]
try:
    client.check_model_readiness("nobody")
except NotFoundError as error:
    found["missing"] = error.status_code
try:
    wrong = RequestInput(name="x", shape=[1, 2], datatype="FP32", data=[1, 2])
    client.model_infer("digits", request=InferenceRequest(inputs=[wrong]))
except BadRequestError as error:
    found["error"] = error.body["error"]
print(json.dumps(found))
