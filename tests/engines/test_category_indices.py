"""Columns that hold indices of categories: what is no index is refused, nothing is read outside."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.engines import NativeEngine, ReferenceEngine

STRANGE = [-1.0, 2.0, 0.5, 1e30, -1e30, 2.0**63, np.nan, np.inf, -np.inf]
W = np.array([[3.0], [4.0]])

every_engine = pytest.mark.parametrize("kind", [ReferenceEngine, NativeEngine])


@every_engine
@pytest.mark.parametrize("strange", STRANGE)
def test_no_index_is_refused_by_row_and_column(
    strange: float, kind: type[ReferenceEngine | NativeEngine]
) -> None:
    layers = [pl.CategoryEmbedding(W, [0.0, 2.0]), pl.Affine(np.ones((2, 1)))]
    engine = kind(layers, pl.MeanSquaredError(), pl.SGD(0.1))
    x, t = np.array([[0.5, 1.0], [0.5, strange]]), np.zeros((2, 1))
    message = r"row 1, column 1 of x .* whole number from 0 to 1, got"
    for refuse in (engine.predict, engine.predictor(), pl.Network(layers).predict):
        with pytest.raises(pl.InputError, match=message):
            refuse(x)
    with pytest.raises(pl.InputError, match=message):
        engine.train_step(x, t)
    with pytest.raises(pl.InputError, match=message):
        pl.train(pl.Network(layers), x, t, epochs=1, progress=False)
    # Only the rows of the batch are looked at.
    assert np.isfinite(engine.train_step(x, t, None, np.array([0, 0]))[0])
    assert engine.predict(x[:1]).shape == (1, 1)


@every_engine
def test_behind_another_layer_no_index_counts_as_0(
    kind: type[ReferenceEngine | NativeEngine],
) -> None:
    front = pl.Standardize([0.0], [1.0])
    engine = kind([front, pl.CategoryEmbedding(W, [2.0])])
    x = np.array([[1.0], *([value] for value in STRANGE)])
    assert engine.predict(x).ravel().tolist() == [4.0] + [3.0] * len(STRANGE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_change_bits(dtype: type) -> None:
    generator = np.random.default_rng(0)

    def trained(threads: int) -> list[Array]:
        made = pl.CategoryEmbedding.draw(
            [7, 0, 300, 2], np.random.default_rng(1), size=3, dtype=dtype
        )
        layers = [made, *pl.mlp([10, 8, 1], dtype=dtype).layers]
        engine = NativeEngine(layers, pl.MeanSquaredError(), pl.Adam(0.01), threads=threads)
        engine.train_steps(x, t, None, None, 100, [0.01] * 4)
        return [*(array.copy() for array in made.params), engine.predict(x)]

    x: Array = np.floor(generator.uniform(0, [7, 1, 300, 2], (400, 4))).astype(dtype)
    t: Array = generator.normal(size=(400, 1)).astype(dtype)
    first, second = trained(1), trained(3)
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert (first[0] != pl.CategoryEmbedding.draw(
        [7, 0, 300, 2], np.random.default_rng(1), size=3, dtype=dtype
    ).W).mean() > 0.7  # fmt: skip
