"""Initial weights and biases: every initializer is a function (D, H, generator) -> (W, b).

D inputs, H outputs; W is (D, H), b is (H,), both float64. The generator (`numpy.random.Generator`)
is an argument: nothing draws from a global state. Biases are 0 except in `pytorch` and
`standard_normal`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pellucid.core.types import Array

if TYPE_CHECKING:
    from numpy.random import Generator

Initializer: TypeAlias = Callable[[int, int, "Generator"], tuple[Array, Array]]


def glorot_uniform(D: int, H: int, generator: Generator) -> tuple[Array, Array]:
    """Draw from -a to a, a = sqrt(6 / (D + H)): Xavier (Glorot and Bengio 2010, equation 16)."""
    return _uniform(D, H, generator, math.sqrt(6 / (D + H)))


def glorot_normal(D: int, H: int, generator: Generator) -> tuple[Array, Array]:
    """Draw with std sqrt(2 / (D + H)): Xavier (Glorot and Bengio 2010, equation 12)."""
    return _normal(D, H, generator, math.sqrt(2 / (D + H)))


def he_uniform(D: int, H: int, generator: Generator) -> tuple[Array, Array]:
    """Draw from -a to a, a = sqrt(6 / D) (He et al. 2015, section 2.2), also called Kaiming."""
    return _uniform(D, H, generator, math.sqrt(6 / D))


def he_normal(D: int, H: int, generator: Generator) -> tuple[Array, Array]:
    """Draw with std sqrt(2 / D) (He et al. 2015, equation 10), also called Kaiming."""
    return _normal(D, H, generator, math.sqrt(2 / D))


def lecun_uniform(D: int, H: int, generator: Generator) -> tuple[Array, Array]:
    """Draw from -a to a, a = sqrt(3 / D): the standard deviation of `lecun_normal`."""
    return _uniform(D, H, generator, math.sqrt(3 / D))


def lecun_normal(D: int, H: int, generator: Generator) -> tuple[Array, Array]:
    """Draw with std sqrt(1 / D) (LeCun et al. 1998, "Efficient BackProp", equation 16)."""
    return _normal(D, H, generator, math.sqrt(1 / D))


def pytorch(D: int, H: int, generator: Generator) -> tuple[Array, Array]:
    """Draw weights and biases from -a to a, a = sqrt(1 / D): PyTorch's default for `nn.Linear`."""
    a = math.sqrt(1 / D)
    return generator.uniform(-a, a, (D, H)), generator.uniform(-a, a, H)


def orthogonal(D: int, H: int, generator: Generator) -> tuple[Array, Array]:
    """Draw orthonormal rows or columns, whichever are fewer (Saxe, McClelland, Ganguli 2014)."""
    tall, wide = max(D, H), min(D, H)
    q, r = np.linalg.qr(generator.standard_normal((tall, wide)))
    # Without the signs, the matrices would not be uniformly distributed (Mezzadri 2007).
    q = q * np.sign(np.diag(r))
    return (q if D >= H else q.T).copy(), np.zeros(H)


def standard_normal(D: int, H: int, generator: Generator) -> tuple[Array, Array]:
    """Draw weights and biases with std 1, as `np.random.randn` does."""
    return generator.standard_normal((D, H)), generator.standard_normal(H)


INITIALIZERS: dict[str, Initializer] = {
    function.__name__: function
    for function in (
        *(glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal),
        *(pytorch, orthogonal, standard_normal),
    )
}


def _uniform(D: int, H: int, generator: Generator, a: float) -> tuple[Array, Array]:
    return generator.uniform(-a, a, (D, H)), np.zeros(H)


def _normal(D: int, H: int, generator: Generator, std: float) -> tuple[Array, Array]:
    return std * generator.standard_normal((D, H)), np.zeros(H)
