"""Activations beside the spine: GELU, ELU, SELU, PReLU, Mish, Hardswish and LogSoftmax.

The spine has those that its losses and its lesson need (`layers`); these complete what dense
networks of other libraries are made of. x, y, dy as in `layers`.
"""

from __future__ import annotations

import numpy as np

from pellucid.core import functions
from pellucid.core.arrays import Parameter, own_array
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass
from pellucid.core.layers import Activation
from pellucid.core.ranges import finite
from pellucid.core.types import Array, ArrayLike, Batch, Gradients, Options
from pellucid.errors import InputError

# Klambauer et al. 2017 (arXiv 1706.02515), equation 14: the one pair for which mean 0 and variance
# 1 of a neuron layer's inputs are kept by its outputs.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


class GELU(Activation):
    """y = x Phi(x); f'(x) = Phi(x) + x phi(x), with the normal distribution's Phi and density phi.

    With approximate="tanh", y = x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), and
    f'(x) = (1 + tanh u) / 2 + x (1 - tanh^2 u) u' / 2 (Hendrycks and Gimpel 2016).
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            got = repr(approximate)
            raise InputError('GELU: approximate is "none" or "tanh", not {got}', got=got)
        self.approximate = approximate

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.gelu(x, self.approximate)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        if self.approximate == "none":
            return functions.normal_cumulative(x) + x * functions.normal_density(x)
        tanh_u = np.tanh(functions.gelu_tanh_argument(x))
        # Far out 1 - tanh^2 is 0 and x u' may be infinite, and their product NaN: so x is bounded.
        near = np.clip(x, -100, 100)
        du = functions.gelu_tanh_slope(near)
        return 0.5 * (1 + tanh_u) + 0.5 * near * (1 - tanh_u * tanh_u) * du

    def options(self) -> Options:
        return {"approximate": self.approximate}


class ELU(Activation):
    """y = x where x > 0, else alpha (exp(x) - 1); f'(x) = 1 or alpha exp(x), alpha at 0.

    Clevert, Unterthiner and Hochreiter 2015. `alpha` is 1 by default.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = finite(alpha=alpha)

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        # exp of the negative side only: of large positive numbers it would overflow.
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def derivative(self, x: Batch, y: Batch) -> Batch:
        return np.where(x > 0, x.dtype.type(1), self.alpha * np.exp(np.minimum(x, 0)))

    def options(self) -> Options:
        return {"alpha": self.alpha}


class SELU(Activation):
    """y = scale x where x > 0, else scale alpha (exp(x) - 1), with alpha 1.6733 and scale 1.0507.

    f'(x) = scale where x > 0, else scale alpha exp(x) (Klambauer et al. 2017).
    """

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        # expm1, since exp(x) - 1 loses its digits near 0.
        below = SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(x, 0))
        return np.where(x > 0, SELU_SCALE * x, below)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        below = SELU_SCALE * SELU_ALPHA * np.exp(np.minimum(x, 0))
        return np.where(x > 0, x.dtype.type(SELU_SCALE), below)


class PReLU(Activation):
    """y = x where x > 0, else slope x, with trained slopes (He et al. 2015, section 2.1).

    dx = dy or dy slope, dslope = the sum of dy min(x, 0) over the rows (and over the columns, if
    one slope is for all).

    Parameters
    ----------
    slope
        (1,), one for all columns, or (H,), one for each. A number is one slope in float32; the
        default is 0.25, as in the paper and in PyTorch.

    Raises InputError for slopes of another shape.
    """

    slope = Parameter[Array]()

    def __init__(self, slope: ArrayLike = 0.25) -> None:
        one = np.ndim(slope) == 0
        self.slope = own_array(slope, np.float32).reshape(1) if one else slope
        if self.slope.ndim != 1 or self.slope.size == 0:
            template = "PReLU expects one slope, or slopes of shape (columns,); got shape {got}"
            raise InputError(template, got=self.slope.shape)

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return np.where(x > 0, x, self.slope * x)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        return np.where(x > 0, x.dtype.type(1), self.slope)

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        dx, _ = super().backward(p, dy)
        dslope = (dy * np.minimum(p.x, 0)).sum(axis=0)
        return dx, [dslope.sum(keepdims=True) if self.slope.size == 1 else dslope]

    def input_width(self) -> int | None:
        # One slope fits rows of any width.
        return int(self.slope.size) if self.slope.size > 1 else None


class Mish(Activation):
    """y = x w with w = tanh(log(1 + exp(x))); f'(x) = w + x (1 - w^2) sigmoid(x) (Misra 2019)."""

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return x * self._share(x)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        w = self._share(x)
        return w + x * (1 - w * w) * functions.sigmoid(x)

    @staticmethod
    def _share(x: Batch) -> Batch:
        # tanh(log(u)) = (u^2 - 1) / (u^2 + 1) with u = 1 + exp(x): one exponential, and no digit is
        # lost on the left. With e = exp(-|x|) no square overflows on the right, either.
        e = np.exp(-np.abs(x))
        above = np.where(x >= 0, 1 + 2 * e, e * (e + 2))
        return above / (above + 2 * np.where(x >= 0, e * e, x.dtype.type(1)))


class Hardswish(Activation):
    """y = x min(max(x + 3, 0), 6) / 6: SiLU of straight lines (Howard et al. 2019).

    f'(x) = 0 up to -3, 1 from 3 on, x / 3 + 1 / 2 between.
    """

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        # Divided first: 6 x could overflow where y does not.
        return x * (np.clip(x + 3, 0, 6) / 6)

    def derivative(self, x: Batch, y: Batch) -> Batch:
        one = x.dtype.type(1)
        return np.where(x <= -3, 0 * one, np.where(x >= 3, one, x / 3 + one / 2))


class LogSoftmax(Layer):
    """Each row as log-probabilities: y = x - log sum exp(x); dx = dy - exp(y) sum(dy).

    A network that ends in it predicts log-probabilities: exp(y) sums to 1 in each row, and the
    confidence in a class is its exp(y). `CrossEntropy` replaces it as it replaces `Softmax`, and
    with it is PyTorch's NLLLoss of these outputs.
    """

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        return functions.log_softmax(x)

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        return dy - np.exp(p.y) * dy.sum(axis=-1, keepdims=True), []
