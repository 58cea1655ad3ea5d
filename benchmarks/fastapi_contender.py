"""The server that many people write: FastAPI with a pydantic body, and ONNX Runtime.

Twice the same: `usual`, as FastAPI's documentation has it, and `quick`, with orjson on both sides.
Started by serving.py in an environment of its own, with the ONNX files in the environment variables
DIGITS and HOUSES.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnxruntime
import orjson
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

usual, quick = FastAPI(), FastAPI()


def session(path: str) -> onnxruntime.InferenceSession:
    """Return a session of one thread, as small networks want."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


digits, houses = session(os.environ["DIGITS"]), session(os.environ["HOUSES"])
SHAPE = digits.get_inputs()[0].shape[1:]


class Rows(BaseModel):
    """Rows of numbers."""

    instances: list[list[float]]


class House(BaseModel):
    """A row of ten columns."""

    c0: float
    c1: float
    c2: float
    c3: float
    c4: float
    c5: float
    c6: float
    c7: float
    c8: float
    c9: float


def of_rows(rows: Rows) -> list[list[float]]:
    """Predict rows of 784 numbers."""
    x = np.array(rows.instances, np.uint8).reshape(-1, *SHAPE)
    found: Any = digits.run(None, {"x": x})[0]
    return found.tolist()


def of_house(house: House) -> list[list[float]]:
    """Predict a row of ten columns."""
    x = np.array([list(house.model_dump().values())], np.float32)
    found: Any = houses.run(None, {"x": x})[0]
    return found.tolist()


@usual.post("/digits")
async def usual_digits(rows: Rows) -> dict[str, Any]:
    """Answer as FastAPI does by itself."""
    return {"predictions": of_rows(rows)}


@usual.post("/houses")
async def usual_houses(house: House) -> dict[str, Any]:
    """Answer as FastAPI does by itself."""
    return {"predictions": of_house(house)}


@quick.post("/digits")
async def quick_digits(request: Request) -> Response:
    """Read and write by orjson; pydantic checks the same."""
    rows = Rows.model_validate(orjson.loads(await request.body()))
    answer = orjson.dumps({"predictions": of_rows(rows)})
    return Response(answer, media_type="application/json")


@quick.post("/houses")
async def quick_houses(request: Request) -> Response:
    """Read and write by orjson; pydantic checks the same."""
    house = House.model_validate(orjson.loads(await request.body()))
    answer = orjson.dumps({"predictions": of_house(house)})
    return Response(answer, media_type="application/json")
