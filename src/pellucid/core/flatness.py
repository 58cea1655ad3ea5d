"""Where activations are flat: there hardly any gradient passes, and a neuron hardly trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pellucid.core import activations, layers
from pellucid.core.chain import Trace
from pellucid.core.composite import Skip
from pellucid.core.layer import Layer
from pellucid.core.layers import Activation, Identity
from pellucid.core.members import Members
from pellucid.core.types import Array

FLAT = 0.05
"""Share of the steepest slope below which an activation counts as flat."""

SHARE = 0.95
"""Share of the rows in which a saturated neuron is flat (Glorot and Bengio 2010, section 3)."""

# The steepest slope of each activation; GELU, SiLU, Mish, Hardswish, SELU and Exponential exceed it
# in places, and it is their slope for large positive z (for Exponential, at 0).
STEEPEST: dict[type[Activation], float] = {
    **dict.fromkeys((layers.ReLU, layers.SiLU, layers.Softplus, layers.Tanh), 1.0),
    **dict.fromkeys(
        (activations.GELU, activations.ELU, activations.Mish, activations.Hardswish), 1.0
    ),
    layers.Exponential: 1.0,
    activations.SELU: activations.SELU_SCALE,
    layers.Sigmoid: 0.25,
}


def flat_rows(layer: Activation, z: Array, y: Array, flat: float = FLAT) -> Array:
    """Return where y = f(z), (N, H), is flat: |f'(z)| below `flat` of its steepest slope."""
    # Activations without an entry (LeakyReLU, PReLU) are nowhere flat.
    limit = flat * STEEPEST.get(type(layer), 0.0)
    found: Array = np.abs(layer.derivative(z, y)) < limit
    return found


def activations_of(
    chain: Sequence[Layer], trace: Trace, prefix: str = "", first: int = 0
) -> Iterator[tuple[str, Activation, Array, Array]]:
    """Yield name, layer, input and output of each activation layer, also inside other layers.

    The name is the layer's index, "3", or "4.1" for layer 1 inside the Residual at 4.
    """
    for index, layer in enumerate(chain):
        if isinstance(layer, Activation) and not isinstance(layer, Identity):
            yield f"{prefix}{first + index}", layer, trace.input_of(index), trace[index]
        elif isinstance(layer, Skip):
            # A trace ends at a skip's border: its inner layers run once more.
            side, own = layer.ways(trace.input_of(index))
            inside = f"{prefix}{first + index}."
            yield from activations_of(layer.layers, own, inside)
            yield from activations_of(layer.projection, side, inside, len(layer.layers))
        elif isinstance(layer, Members):
            size, inside = len(layer.members[0]), f"{prefix}{first + index}."
            traces = layer.traces(trace.input_of(index))
            for place, (member, own) in enumerate(zip(layer.members, traces, strict=True)):
                yield from activations_of(member, own, inside, place * size)
