"""For the tests of ONNX.

Running models in ONNX Runtime, comparing outputs, writing small graphs by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

import pellucid as pl
from pellucid.core.types import Array
from pellucid.exchange.onnx import from_onnx


def run(model: onnx.ModelProto, x: Array) -> list[Array]:
    """Return all outputs of ONNX Runtime on the CPU."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: x})


def difference(a: Array, b: Array) -> float:
    """Return the largest difference, as a part of b where b is above 1."""
    assert a.shape == b.shape
    return float((np.abs(a.astype(np.float64) - b) / np.maximum(1, np.abs(b))).max(initial=0))


def graph(
    nodes: Sequence[onnx.NodeProto],
    arrays: dict[str, Any] | None = None,
    row: Sequence[int | str | None] = (3,),
    outputs: Sequence[str] = ("y",),
    opset: int = 17,
    dtype: Any = np.float32,
) -> onnx.ModelProto:
    """Make a model of the input "x", (N, *row), with these nodes and constants.

    Floats become `dtype`.
    """
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    constants = {name: np.asarray(value) for name, value in (arrays or {}).items()}
    weights = [
        numpy_helper.from_array(value.astype(dtype) if value.dtype == np.float64 else value, name)
        for name, value in constants.items()
    ]
    used: Counter[str] = Counter()
    for each in nodes:  # ONNX Runtime wants names of their own
        used[each.name] += 1
        each.name += f" {used[each.name]}" if used[each.name] > 1 else ""
    made = helper.make_graph(
        nodes,
        "by_hand",
        [helper.make_tensor_value_info("x", kind, ["N", *row])],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        weights,
    )
    domains = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(made, opset_imports=domains, ir_version=8)


def node(kind: str, inputs: str, output: str = "y", **attributes: Any) -> onnx.NodeProto:
    """Make a node from the names of its inputs, "x W b"; "-" leaves one out."""
    domain, _, kind = kind.rpartition(".")
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(
        kind, names, output.split(), name=f"the {kind}", domain=domain or None, **attributes
    )


def read(model: onnx.ModelProto, folder: Path) -> pl.Network:
    """Write the model to a file and read it as a network."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return from_onnx(path)


def kinds(net: pl.Network) -> list[str]:
    """Return the names of the layers' types."""
    return [type(layer).__name__ for layer in net.layers]


def trains_on(net: pl.Network, x: Array) -> None:
    """Train the network on the outputs of another one.

    Its loss falls, and its parameters change.
    """
    generator = np.random.default_rng(1)
    before = [array.copy() for array in net.params]
    y = net.predict(x)
    t = (
        y[generator.permutation(len(y))]
        if isinstance(net.layers[-1], (pl.Softmax, pl.Sigmoid))
        else y * 0.5 + 0.1
    )
    loss = "poisson" if isinstance(net.layers[-1], pl.Exponential) else None
    history = pl.train(
        net, x, t, loss=loss, epochs=8, batch_size=8, optimizer=pl.Adam(0.003), progress=False
    )
    assert history["loss"][-1] < history["loss"][0]
    assert any((a != b).any() for a, b in zip(before, net.params, strict=True))
