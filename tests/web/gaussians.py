"""The playground's data set for which pellucid has no function (docs/en/how-to/playground.md)."""

import numpy as np

from pellucid.core.types import Array


def gaussians(n: int = 200, noise: float = 0.5, seed: int = 0) -> tuple[Array, Array]:
    """Draw a cloud of points around (-1, -1), class 0, and one around (1, 1), class 1."""
    rng, t = np.random.default_rng(seed), np.arange(n) % 2
    order = rng.permutation(n)
    x = (2.0 * t - 1)[:, None] + noise * rng.standard_normal((n, 2))
    return x[order].astype(np.float32), t[order]
