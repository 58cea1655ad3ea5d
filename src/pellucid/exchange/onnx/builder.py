"""The layers that are read from a graph so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from pellucid.core.layer import Layer
from pellucid.errors import Message
from pellucid.exchange.onnx.operators import Op

_MOST_MADE = 1 << 24  # numbers: 64 MB of float32


@dataclass
class Builder:
    """The layers read so far, and the shape of a row at this point of the graph.

    Attributes
    ----------
    row
        The shape of a row in the graph, with None for unknown sizes; layers have rows flat.
    batch
        The number of rows where the file fixes it.
    transposed
        Whether rows and columns are transposed here.
    room
        How many numbers that the file does not contain may still be made for layers.
    dtype
        The floating type of layers whose numbers the file does not contain.
    layers
        The layers.
    """

    row: tuple[int | None, ...]
    batch: int | None = None
    transposed: bool = False
    room: int = _MOST_MADE
    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.float32))
    layers: list[Layer] = field(default_factory=list)

    @property
    def D(self) -> int | None:
        """The number of inputs in a row, None where it is unknown."""
        sizes = [size for size in self.row if size is not None]
        return math.prod(sizes) if len(sizes) == len(self.row) else None

    @property
    def last(self) -> Layer | None:
        """The last layer, if there is one."""
        return self.layers[-1] if self.layers else None

    def add(self, *found: Layer) -> None:
        """Append these layers."""
        self.layers += found

    def reserve(self, op: Op, count: int) -> None:
        """Count numbers that the file does not contain; raises InputError where they are too many.

        A few bytes (a vector broadcast to millions of columns) could ask for any memory.
        """
        self.room -= count
        if self.room < 0:
            raise op.error(Message("it needs more numbers than a network of this size has"))
