"""The layers of a dense network: Affine, and one layer for each activation.

x is a batch of inputs (N, D), y the layer's output (N, H), dy the gradient of the loss with respect
to y. Each class holds the formula, its gradient, and both directions side by side.
"""

from __future__ import annotations

import numpy as np

from pellucid.core import functions, signs
from pellucid.core.arrays import Buffer, Parameter, own_array
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass
from pellucid.core.ranges import finite
from pellucid.core.types import Array, ArrayLike, Batch, Gradients, Options
from pellucid.errors import InputError, Message

PYTORCH_ORDER = Message(". If W is PyTorch's, of shape (out, in), pass W.T")


class Affine(Layer):
    """Weighted sums with a bias: y = x W + b.

    dx = dy W^T,  dW = x^T dy,  db = the sum of dy over the rows.

    Parameters
    ----------
    W
        Weights, (D, H): one column for each neuron. Copied; float32 and float64 stay, anything else
        becomes float32. PyTorch's `nn.Linear` keeps them the other way round, as (H, D).
    b
        Biases, (H,), or None for none. A neuron whose bias is -10 has a positive sum only if its
        weighted inputs exceed 10.
    x_sign, y_sign
        (D,) and (H,) of 1, -1 and 0, of a layer that keeps an order (see `signs`), or None: where
        x_sign is not 0, W has the sign x_sign * y_sign or is 0, and `project` keeps it so.

    Raises InputError if the shapes or signs do not fit each other.

    >>> layer = Affine([[1.0], [2.0]], [-10.0])
    >>> layer.forward(np.array([[4.0, 3.0], [4.0, 4.0]]))
    array([[0.],
           [2.]])
    """

    W = Parameter[Array]()
    b = Parameter[Array | None]()
    x_sign = Buffer[Array | None]()
    y_sign = Buffer[Array | None]()

    def __init__(
        self,
        W: ArrayLike,
        b: ArrayLike | None = None,
        x_sign: ArrayLike | None = None,
        y_sign: ArrayLike | None = None,
    ) -> None:
        self.W = W  # copied into an array of the layer's own: see `Parameter` in arrays.py
        if self.W.ndim != 2 or 0 in self.W.shape:
            template = "Affine expects weights of shape (inputs, outputs); got {got}"
            raise InputError(template, got=self.W.shape)
        self.b = None if b is None else own_array(b, self.W.dtype)
        if self.b is not None and self.b.shape != self.W.shape[1:]:
            template = "Affine expects biases of shape {expected}, got {got}{hint}"
            hint = PYTORCH_ORDER if self.b.shape == self.W.shape[:1] else ""
            raise InputError(template, expected=self.W.shape[1:], got=self.b.shape, hint=hint)
        self.x_sign, self.y_sign = signs.checked(self.W, x_sign, y_sign)

    def project(self) -> None:
        if self.x_sign is not None and self.y_sign is not None:
            self.W[signs.forbidden(self.W, self.x_sign, self.y_sign)] = 0

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        y = np.matmul(x, self.W)
        if self.b is not None:
            y += self.b
        return y

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        dx = dy @ self.W.T if p.needs_dx else None
        dW = p.x.T @ dy
        return dx, [dW] if self.b is None else [dW, dy.sum(axis=0)]

    def input_width(self) -> int:
        return int(self.W.shape[0])

    def output_width(self, D: int) -> int:
        try:
            super().output_width(D)
        except InputError as error:
            if self.W.shape[1] != D:
                raise
            raise InputError("{wrong}{hint}", wrong=error, hint=PYTORCH_ORDER) from None
        return int(self.W.shape[1])


class Activation(Layer):
    """A layer that acts on each number by itself: y = f(x), dx = dy f'(x).

    A subclass writes `forward` and the derivative f'(x), for which it may use y as well.
    """

    def derivative(self, x: Batch, y: Batch) -> Batch:
        """Return f'(x), of x's shape."""
        raise NotImplementedError

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        return dy * self.derivative(p.x, p.y), []


class Identity(Activation):
    """y = x."""

    passes_through = True

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return x

    def derivative(self, x: Batch, y: Batch) -> Batch:
        return np.ones_like(x)


class Sigmoid(Activation):
    """y = 1 / (1 + exp(-x)), between 0 and 1; f'(x) = y (1 - y)."""

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.sigmoid(x)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        return y * (1 - y)


class Tanh(Activation):
    """y = tanh(x), between -1 and 1; f'(x) = 1 - y^2."""

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.tanh(x)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        return 1 - y * y


class ReLU(Activation):
    """y = max(x, 0); f'(x) = 1 where x > 0, else 0 (0 at 0, as in PyTorch)."""

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.relu(x)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        return (x > 0).astype(x.dtype)


class LeakyReLU(Activation):
    """y = x where x > 0, else slope x; f'(x) = 1 or the slope (default 0.01)."""

    def __init__(self, slope: float = 0.01) -> None:
        self.negative_slope = finite(slope=slope)

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.leaky_relu(x, self.negative_slope)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        return np.where(x > 0, x.dtype.type(1), x.dtype.type(self.negative_slope))

    def options(self) -> Options:
        return {"slope": self.negative_slope}


class SiLU(Activation):
    """y = x s with s = sigmoid(x); f'(x) = s + y (1 - s)."""

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.silu(x)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        s = functions.sigmoid(x)
        return s + y * (1 - s)


class Softplus(Activation):
    """y = log(1 + exp(x)), above 0; f'(x) = sigmoid(x)."""

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.softplus(x)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        return functions.sigmoid(x)


class Exponential(Activation):
    """y = exp(x), above 0: the rate of counts whose loss is `Poisson`; f'(x) = y."""

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.exponential(x)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        return y


class Softmax(Layer):
    """Each row as probabilities: y = exp(x) / sum exp(x); dx = y (dy - the row's sum of dy y)."""

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.softmax(x)

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        return p.y * (dy - (dy * p.y).sum(axis=-1, keepdims=True)), []
