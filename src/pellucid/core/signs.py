"""Signs of weights by which a network keeps an order: outputs that only rise with some inputs.

Each number of a row has a sign: 1 if it only rises with the chosen inputs, -1 if it only falls with
them, 0 if it does not depend on them. A weighted sum y_h of numbers x_d keeps its sign y_sign_h if
for each d where x_sign_d is not 0, W_dh has the sign x_sign_d y_sign_h or is 0, and is 0 where
y_sign_h is 0. Where x_sign_d is 0, any weight will do.

Activations that never fall keep signs, so a network whose Affine layers all have them has the
order, whatever its other weights (`monotone` builds such layers). Each step of training ends with
`Layer.project`, which sets the weights that crossed 0 to 0. Prediction needs to know nothing of it.
"""

from __future__ import annotations

import numpy as np

from pellucid.core.arrays import own_array
from pellucid.core.types import Array, ArrayLike, Matrix, Vector
from pellucid.errors import InputError


def checked(
    W: Matrix, x_sign: ArrayLike | None, y_sign: ArrayLike | None
) -> tuple[Vector | None, Vector | None]:
    """Return the signs of inputs and outputs in the type of W, (D, H), or None twice.

    Raises InputError unless they fit the shape of W and its weights.
    """
    if x_sign is None and y_sign is None:
        return None, None
    signs = [np.empty(0) if s is None else own_array(s, W.dtype) for s in (x_sign, y_sign)]
    x, y = signs
    if (*x.shape, *y.shape) != W.shape or not all(np.isin(s, (-1, 0, 1)).all() for s in signs):
        raise InputError(
            "Affine expects x_sign {inputs} and y_sign {outputs}, both of 1, -1 and 0; got shapes "
            "{x} and {y}",
            inputs=W.shape[:1],
            outputs=W.shape[1:],
            x=x.shape,
            y=y.shape,
        )
    if count := int(forbidden(W, x, y).sum()):
        template = "Affine: {count} weights have another sign than x_sign and y_sign allow"
        raise InputError(template, count=count)
    return x, y


def forbidden(W: Matrix, x_sign: Vector, y_sign: Vector) -> Array:
    """Return which weights break the order, (D, H) bool."""
    allowed = np.multiply.outer(x_sign, y_sign)
    broken: Array = (x_sign != 0)[:, None] & ((W * allowed < 0) | ((y_sign == 0) & (W != 0)))
    return broken
