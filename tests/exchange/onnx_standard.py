"""The ONNX standard's own node tests, as files for `from_onnx`.

Each test is a graph of one operator, or of the operators that the standard writes it out in, with
inputs and the outputs that the standard asks for. Each is a file as it is, and a second one with
all inputs but one bound as weights, as exporters bind them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

import pellucid as pl
from pellucid.core.types import Array
from pellucid.engines import make_engine
from pellucid.exchange.onnx import from_onnx

# Operators of two inputs that are layers whichever of the two is bound.
EITHER = {"Add", "Div", "Gemm", "MatMul", "Mul", "Sub"}


class File(NamedTuple):
    """A graph, the values of the inputs that are left, and the first output's values."""

    name: str
    model: onnx.ModelProto
    inputs: list[Any]
    expected: Any


class Verdict(NamedTuple):
    """What became of a file: "equal", "wrong", "refused", "unclear", "crash" or "run", and why.

    "run" is a network that refuses the test's own input.
    """

    kind: str
    reason: str


@cache
def node_tests() -> list[Any]:
    """Return the standard's tests; onnx computes the expected outputs as they are loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the overflows that some tests are about
        found: list[Any] = load_model_tests(kind="node")
    return found


def files() -> Iterator[File]:
    """Yield every test as it is, and with all inputs but one bound."""
    for test in node_tests():
        inputs, outputs = (list(map(_array, values)) for values in test.data_sets[0])
        yield File(test.name, test.model, inputs, outputs[0])
        if len(inputs) < 2:
            continue
        kinds = {each.op_type for each in test.model.graph.node}
        either = len(test.model.graph.node) == 1 and kinds <= EITHER
        for live in range(2 if either else 1):
            if (bound := _bound(test.model, inputs, live)) is not None:
                yield File(f"{test.name} bound {live}", bound, [inputs[live]], outputs[0])


def _array(value: Any) -> Any:
    # Types that NumPy lacks come as tensors of the file, lists and None stand for other things.
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return value if value is None or isinstance(value, list) else np.asarray(value)


def _bound(model: onnx.ModelProto, inputs: list[Any], live: int) -> onnx.ModelProto | None:
    """Return the model with all inputs but one as weights; None where those are no tensors."""
    named = [each.name for each in model.graph.input]
    others = [place for place in range(len(inputs)) if place != live]
    if not all(isinstance(inputs[place], np.ndarray) for place in others):
        return None
    made = onnx.ModelProto()
    made.CopyFrom(model)
    for place in others:
        made.graph.initializer.append(numpy_helper.from_array(inputs[place], named[place]))
    kept = model.graph.input[live]
    del made.graph.input[:]
    made.graph.input.append(kept)
    return made


# A refusal names the node, or the input, output or weights, and the reason.
_CLEAR = re.compile(
    r"no dense network can be read from it: "
    r"(node .+ \(.+\): .{10}|its (input|output).{10}|the weights .{10}|it has (the outputs|opset) )"
)


def verdict(file: File, folder: Path) -> Verdict:
    """Read a file and compare the network with the standard's outputs."""
    path = folder / "model.onnx"
    path.write_bytes(file.model.SerializeToString())
    try:
        net = from_onnx(path)
    except pl.FileError as error:
        reason = str(error).partition(": ")[2]
        clear = _CLEAR.match(reason) and "malformed" not in reason
        return Verdict("refused" if clear else "unclear", reason)
    except Exception as error:  # whatever it is, it should have been a FileError
        return Verdict("crash", repr(error))
    return _compared(net, file.inputs[0], file.expected)


def _compared(net: pl.Network, x: Array, expected: Any) -> Verdict:
    kinds = " ".join(type(layer).__name__ for layer in net.layers)
    # Half precision is widened to float32. NumPy has no bfloat16, which has 8 binary digits.
    x = x.astype(np.float32) if x.dtype.name == "bfloat16" else x
    digits = 2.0**-8 if getattr(expected, "dtype", x.dtype).name == "bfloat16" else 1e-3
    try:
        # NaN and infinity are among the inputs of some: refused, but the engine computes with them.
        y = net.predict(x) if np.isfinite(x).all() else make_engine(net.layers).predict(x)
    except pl.PellucidError as error:
        return Verdict("run", f"{kinds}: {error}")
    if y.size != np.size(expected):
        return Verdict("wrong", f"{kinds}: {y.shape} for {np.shape(expected)}")
    expected = np.asarray(expected, np.float64).reshape(y.shape)
    same = np.allclose(y, expected, rtol=digits, atol=1e-5, equal_nan=True)
    off = "" if same else f", off by {np.nanmax(np.abs(y - expected))}"
    return Verdict("equal" if same else "wrong", f"{kinds}{off}")
