"""PeriodicEmbedding.

No exporter has an operator for it, so it is read where it is written as `writers` write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.core.embedding import PeriodicEmbedding
from pellucid.errors import InputError
from pellucid.exchange.onnx.export import onnx_model
from pellucid.exchange.onnx.graph import graph_of
from pellucid.exchange.onnx.operators import Op
from pellucid.exchange.onnx.readers import Line
from pellucid.exchange.onnx.segments import Segment
from pellucid.network import Network


def read_embedding(segment: Segment, line: Line) -> bool:
    """Add the layer that the segment is; False where it is not one.

    The layer is made of the segment's constants, and written: the segment is it if both are the
    same.
    """
    constants = [value for op in segment.ops for value in op.constants]
    if (
        segment.last.kind != "Concat"
        or line.turned
        or len(line.row) != 1
        or line.D is None
        or len(constants) != 8
    ):
        return False
    columns, _, frequency, phase, _, _, W, b = constants
    if columns.dtype != np.int64 or W.dtype not in (np.float32, np.float64):
        return False
    line.make(segment.last, line.D)
    try:
        layer = PeriodicEmbedding(
            frequency, phase, W, b, np.isin(np.arange(line.D), columns).astype(W.dtype)
        )
        written = graph_of(onnx_model(Network([layer])).SerializeToString())
    except InputError:  # shapes that do not fit, or numbers that are not finite
        return False
    if _form(segment.ops, segment.start) != _form(written.ops, "x"):
        return False
    line.row = (layer.output_width(line.D),)
    line.add(layer)
    return True


def _form(ops: Sequence[Op], start: str) -> list[Any]:
    """Give what operators are and what they take, whatever their tensors are called."""
    places = {start: 0} | {op.output: place for place, op in enumerate(ops, 1)}
    return [
        (
            op.kind,
            op.attributes,
            [places[value] if isinstance(value, str) else _bits(value) for value in op.inputs],
        )
        for op in ops
    ]


def _bits(value: Any) -> Any:
    return None if value is None else (value.shape, value.dtype, value.tobytes())
