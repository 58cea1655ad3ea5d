"""The layers of a dense network: Affine, and one layer for each activation.

x is a batch of inputs (N, D), y what the layer gives out (N, H), dy the gradient of the loss by y.
Each class holds the formula, its gradient, and both directions side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.core import functions
from pellucid.core.layer import Layer, Learning, Parameter, check_vectors, check_width, own_array
from pellucid.core.settings import finite
from pellucid.core.types import Array, Options
from pellucid.errors import InputError


class Affine(Layer):
    """Weighted sums with a bias: y = x W + b.

    dx = dy W^T,  dW = x^T dy,  db = the sum of dy over the rows.

    Parameters
    ----------
    W
        Weights, (D, H): one column for each neuron. Copied; float32 and float64 stay, anything else
        becomes float32.
    b
        Biases, (H,), or None for none. A neuron whose bias is -10 has a positive sum only where its
        weighted inputs pass 10.

    Raises InputError when the shapes do not fit each other.

    >>> layer = Affine([[1.0], [2.0]], [-10.0])
    >>> layer.forward(np.array([[4.0, 3.0], [4.0, 4.0]]))
    array([[0.],
           [2.]])
    """

    W = Parameter[Array]()
    b = Parameter[Array | None]()

    def __init__(self, W: Any, b: Any = None) -> None:
        self.W = W
        if self.W.ndim != 2 or 0 in self.W.shape:
            raise InputError(
                "Affine expects weights W of shape (inputs, outputs), such as (784, 16); got "
                "shape {got}",
                got=self.W.shape,
            )
        self.b = None if b is None else own_array(b, self.W.dtype)
        check_vectors("Affine", self.W.shape[1], b=self.b)

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        y = np.matmul(x, self.W)
        if self.b is not None:
            y += self.b
        return y

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        dx = dy @ self.W.T if needs_dx else None
        dW = x.T @ dy
        return dx, [dW] if self.b is None else [dW, dy.sum(axis=0)]

    def width(self, D: int) -> int:
        check_width(self, self.W.shape[0], D)
        return int(self.W.shape[1])

    def multiply_adds(self, D: int) -> int:
        return int(self.W.size)


class Activation(Layer):
    """A layer that treats each number by itself and learns nothing: y = f(x), dx = dy f'(x).

    A subclass writes `forward` and the factor f'(x), for which it may use y as well.
    """

    def derivative(self, x: Array, y: Array) -> Array:
        """Give f'(x), of x's shape."""
        raise NotImplementedError

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        return dy * self.derivative(x, y), []


class Identity(Activation):
    """y = x."""

    passes_on = True

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return x

    def derivative(self, x: Array, y: Array) -> Array:
        return np.ones_like(x)


class Sigmoid(Activation):
    """y = 1 / (1 + exp(-x)), between 0 and 1; f'(x) = y (1 - y)."""

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return functions.sigmoid(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return y * (1 - y)


class Tanh(Activation):
    """y = tanh(x), between -1 and 1; f'(x) = 1 - y^2."""

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return functions.tanh(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return 1 - y * y


class ReLU(Activation):
    """y = max(x, 0); f'(x) = 1 where x > 0, else 0 (0 at 0, as in PyTorch)."""

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return functions.relu(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return (x > 0).astype(x.dtype)


class LeakyReLU(Activation):
    """y = x where x > 0, else slope x.

    F'(x) = 1 or the slope (default 0.01), which is kept as `negative_slope`.
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.negative_slope = finite(slope=slope)

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return functions.leaky_relu(x, self.negative_slope)

    def derivative(self, x: Array, y: Array) -> Array:
        return np.where(x > 0, x.dtype.type(1), x.dtype.type(self.negative_slope))

    def options(self) -> Options:
        return {"slope": self.negative_slope}


class GELU(Activation):
    """y = x Phi(x); f'(x) = Phi(x) + x phi(x), with the normal distribution's Phi and density phi.

    With approximate="tanh", y = x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), and
    f'(x) = (1 + tanh u) / 2 + x (1 - tanh^2 u) u' / 2 (Hendrycks and Gimpel 2016).
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise InputError(
                'GELU: approximate is "none" or "tanh", not {got}', got=repr(approximate)
            )
        self.approximate = approximate

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return functions.gelu(x, self.approximate)

    def derivative(self, x: Array, y: Array) -> Array:
        if self.approximate == "none":
            return functions.normal_cumulative(x) + x * functions.normal_density(x)
        tanh_u = np.tanh(functions.gelu_tanh_argument(x))
        # 1 - tanh^2 is 0 far out, where x u' could be infinite: 0 times infinity is not a number,
        # so x is bounded.
        near = np.clip(x, -100, 100)
        du = functions.gelu_tanh_slope(near)
        return 0.5 * (1 + tanh_u) + 0.5 * near * (1 - tanh_u * tanh_u) * du

    def options(self) -> Options:
        return {"approximate": self.approximate}


class SiLU(Activation):
    """y = x s with s = sigmoid(x); f'(x) = s + y (1 - s)."""

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return functions.silu(x)

    def derivative(self, x: Array, y: Array) -> Array:
        s = functions.sigmoid(x)
        return s + y * (1 - s)


class Softplus(Activation):
    """y = log(1 + exp(x)), above 0; f'(x) = sigmoid(x)."""

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return functions.softplus(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return functions.sigmoid(x)


class Exponential(Activation):
    """y = exp(x), above 0: the rate of counts whose loss is `Poisson`; f'(x) = y."""

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return functions.exponential(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return y


class Softmax(Layer):
    """Each row as probabilities: y = exp(x) / sum exp(x).

    Dx = y (dy - sum of dy y over the row).
    """

    def forward(self, x: Array, learning: Learning | None = None) -> Array:
        return functions.softmax(x)

    def backward(
        self, x: Array, y: Array, dy: Array, learning: Learning | None = None, needs_dx: bool = True
    ) -> tuple[Array | None, list[Array]]:
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True)), []
