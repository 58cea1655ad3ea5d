"""Layers whose weights are in a form of several operators: the embeddings, PReLU in float64.

Only the form that `writers` writes is recognised: the layer is rebuilt from the segment's constants
and written again, and both graphs must be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pellucid.core.activations import PReLU
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.graph import graph_of
from pellucid.exchange.onnx.operators import Op
from pellucid.exchange.onnx.segments import Segment
from pellucid.exchange.onnx.to_model import onnx_model
from pellucid.network import Network


def _periodic(D: int, *constants: Array) -> PeriodicEmbedding:
    columns, _, frequency, phase, _, _, W, b = constants
    embedded = np.isin(np.arange(D), columns).astype(W.dtype)
    return PeriodicEmbedding(frequency, phase, W, b, embedded)


def _categories(D: int, *constants: Array) -> CategoryEmbedding:
    columns, _, own, _, _, W, _ = constants
    sizes = np.zeros(D, W.dtype)
    sizes[columns] = own
    return CategoryEmbedding(W, sizes)


_LAYERS: Mapping[int, Callable[..., Layer]] = {8: _periodic, 7: _categories}
"""By the number of its constants, the function that makes a layer of them."""

# What NumPy raises for constants of other shapes than the writer's.
_MISFITS = (InputError, ValueError, IndexError, TypeError)


def read_embedding(segment: Segment, built: Builder) -> bool:
    """Add the layer if the segment is one; return whether it is."""
    constants = [value for op in segment.ops for value in op.constants]
    in_rows = not built.transposed and len(built.row) == 1 and built.D is not None
    make = _LAYERS.get(len(constants))
    if segment.last.kind != "Concat" or make is None or not in_rows:
        return False
    D = built.D or 0
    built.reserve(segment.last, D)
    try:
        layer = make(D, *constants)
        if not _is_written_so(segment, layer):
            return False
    except _MISFITS:  # or numbers that are not finite
        return False
    built.row = (layer.output_width(D),)
    built.add(layer)
    return True


def read_slopes(segment: Segment, built: Builder) -> bool:
    """Add a PReLU if the segment is max(x, 0) + slope min(x, 0); return whether it is.

    The slopes are a row, (1, H) or (1, 1): with one axis, one would belong to a LeakyReLU.
    """
    slopes = [value for op in segment.ops for value in op.constants if value.ndim == 2]
    in_rows = not built.transposed and len(built.row) == 1
    if segment.last.kind != "Add" or len(segment.ops) != 4 or len(slopes) != 1 or not in_rows:
        return False
    try:
        layer = PReLU(slopes[0].ravel())
        if layer.slope.size not in (1, built.D) or not _is_written_so(segment, layer):
            return False
    except InputError:  # no slopes, or numbers that are not finite
        return False
    built.add(layer)
    return True


def _is_written_so(segment: Segment, layer: Layer) -> bool:
    """Return whether the writers make this segment of the layer; raises InputError as they do."""
    written = graph_of(onnx_model(Network([layer])).SerializeToString())
    return _form(segment.ops, segment.start) == _form(written.ops, "x")


def _form(ops: Sequence[Op], start: str) -> list[tuple[object, ...]]:
    """Return the operators with their inputs, independent of the names of tensors."""
    places = {start: 0} | {op.output: place for place, op in enumerate(ops, 1)}

    def plain(value: Array | str | None) -> object:
        if isinstance(value, str):
            return places[value]
        # Compared by bits: NaN must equal NaN, and -0.0 differ from 0.0.
        return None if value is None else (value.shape, value.dtype, value.tobytes())

    return [(op.kind, op.attributes, *map(plain, op.inputs)) for op in ops]
