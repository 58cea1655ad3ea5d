"""Networks with an order: outputs that only rise, or only fall, with chosen inputs.

Every Affine layer gets `signs`, and its hidden neurons are of sign 1 and -1 in turns. With ReLU, a
neuron of sign 1 is convex in the chosen inputs; one of sign -1, with its negative weights onward,
adds what is concave. Neurons of one kind would make convex functions only, however many layers
there are (Runje and Shankaranarayana 2023, arXiv 2205.11775, who turn the activation over where
this turns the weights over: the same functions). On development tables, a third of neurons of sign
0, which carry what depends on the other inputs alone, was worse.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.core import activations, layers
from pellucid.core.arrays import own_array
from pellucid.core.composite import Dropout
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.types import ArrayLike, Vector
from pellucid.errors import InputError

RISING: tuple[type[Layer], ...] = (
    *(layers.Identity, layers.Sigmoid, layers.Tanh, layers.ReLU, layers.LeakyReLU),
    *(layers.Softplus, layers.Exponential, activations.ELU, activations.SELU),
)
"""Activations that never fall, with the slopes that `mlp` gives them."""


def ordered(chain: Sequence[Layer], x_sign: ArrayLike, y_sign: ArrayLike) -> list[Layer]:
    """Return new layers with the weights of these, made to keep an order.

    Parameters
    ----------
    chain
        Affine layers, activations, Dropout.
    x_sign
        (D,): 1 for inputs with which the outputs of sign 1 rise, -1 for inputs with which they
        fall, 0 for others.
    y_sign
        (K,): the sign of each output.

    Weights from signed inputs get the sign that they must have, and shrink. Raises InputError for
    other layers.
    """
    signs, found = own_array(x_sign, np.float64), list[Layer]()
    places = [index for index, layer in enumerate(chain) if isinstance(layer, Affine)]
    for index, layer in enumerate(chain):
        if isinstance(layer, Affine):
            last = index == places[-1]
            outputs = own_array(y_sign, np.float64) if last else _turns(layer.W.shape[1])
            found.append(_signed(layer, signs, outputs))
            signs = outputs
        elif isinstance(layer, (*RISING, Dropout)) or (index > places[-1] and _is_softmax(layer)):
            found.append(layer)
        else:
            raise InputError(
                "a network that keeps the order of some columns has activations that never fall "
                "({known}) and no normalization, got {layer}",
                known=", ".join(kind.__name__ for kind in RISING),
                layer=type(layer).__name__,
            )
    return found


def _is_softmax(layer: Layer) -> bool:
    return isinstance(layer, (layers.Softmax, activations.LogSoftmax))


def _turns(H: int) -> Vector:
    """Return the signs of H hidden neurons: 1 and -1 in turns."""
    return np.resize([1.0, -1.0], H)


def _signed(layer: Affine, x_sign: Vector, y_sign: Vector) -> Affine:
    held = int(np.count_nonzero(x_sign))
    # Weights of one sign do not cancel each other: a sum of n of them grows with n, and not with
    # its root. Without the factor networks start with huge sums and learn badly: on Boston the
    # error was 48 % larger than without an order; now it is level (benchmarks/preset.py).
    own = np.abs(layer.W) * np.multiply.outer(x_sign, y_sign) / max(held, 1) ** 0.5
    W = np.where((x_sign != 0)[:, None], own, layer.W).astype(layer.W.dtype)
    return Affine(W, layer.b, x_sign, y_sign)
