"""The thirty lines of `core.descent` are the definition of training: engines are held to them."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import descent
from pellucid.core.layer import Layer

NETWORKS = {
    "digits": lambda: pl.mlp([12, 8, 6, 4], activation="sigmoid", output="sigmoid", seed=1),
    "everything": lambda: pl.mlp(
        [12, 8, 8, 4], output="softmax", normalization="batch", dropout=0.25, seed=2
    ),
    "logits": lambda: pl.mlp([12, 9, 4], activation="gelu", seed=3),
}
OPTIMIZERS = {
    "sgd": pl.SGD(0.1, momentum=0.9, l2=1e-3),
    "adam": pl.Adam(0.01, clip_norm=1.0),
    "adamw": pl.AdamW(0.01),
}


def arrays(layers: tuple[Layer, ...]) -> list[np.ndarray]:
    return [array for layer in layers for array in [*layer.params, *layer.buffers]]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("engine", "tolerance"), [("reference", 0), ("native", 1e-9)])
def test_engines_train_as_descent_does(
    name: str, optimizer: str, engine: str, tolerance: float, generator: np.random.Generator
) -> None:
    net = NETWORKS[name]().astype("float64")
    plain = net.copy()
    x, t = generator.normal(size=(50, 12)), generator.integers(0, 4, 50)
    loss = pl.BinaryCrossEntropy() if name == "digits" else pl.CrossEntropy()
    settings = OPTIMIZERS[optimizer]
    history = pl.train(
        net, x, t, loss=loss, optimizer=settings, epochs=3, batch_size=16, seed=5, engine=engine,
        metrics=(), progress=False,
    )  # fmt: skip
    losses = descent.descend(plain.layers, loss, settings, x, t, epochs=3, batch_size=16, seed=5)
    assert len(losses) == 3 * 4
    # The last batch of an epoch has 2 of the 50 rows: an epoch's loss is the mean over rows.
    shares = np.array([16, 16, 16, 2]) / 50
    epochs = np.array(losses).reshape(3, 4) @ shares
    np.testing.assert_allclose(history["loss"], epochs, rtol=max(tolerance, 1e-12))
    for ours, theirs in zip(arrays(net.layers), arrays(plain.layers), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def test_frozen_layers_stay() -> None:
    net = pl.mlp([3, 4, 2], output="softmax", seed=0)
    net.freeze(0)
    before = [array.copy() for array in net.params]
    x, t = np.ones((8, 3), np.float32), np.array([0, 1] * 4)
    descent.descend(net.layers, pl.CrossEntropy(), pl.SGD(0.5), x, t, epochs=1, batch_size=4)
    kept = [np.array_equal(a, b) for a, b in zip(net.params, before, strict=True)]
    assert kept[:2] == [True, True] and kept[2:] != [True, True]
