"""What is chosen for a user who leaves it unsaid, and by which names."""

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.training import choices

INDICES, VALUES, ROWS = np.array([0, 1]), np.array([0.5, 1.5]), np.eye(3)[:2]


@pytest.mark.parametrize(
    ("widths", "output", "t", "loss", "classes"),
    [
        ([2, 3], "softmax", INDICES, pl.CrossEntropy, True),
        ([2, 3], "softmax", ROWS, pl.CrossEntropy, True),
        ([2, 3], "sigmoid", INDICES, pl.BinaryCrossEntropy, True),
        ([2, 1], "sigmoid", INDICES, pl.BinaryCrossEntropy, True),
        ([2, 1], "exponential", INDICES, pl.Poisson, False),
        ([2, 3], "identity", INDICES, pl.CrossEntropy, True),
        ([2, 3], "identity", INDICES.astype(np.uint8), pl.CrossEntropy, True),
        ([2, 3], "identity", ROWS, pl.MeanSquaredError, False),
        ([2, 1], "identity", INDICES, pl.MeanSquaredError, False),
        ([2, 1], "identity", VALUES, pl.MeanSquaredError, False),
        ([2, 3], "tanh", ROWS, pl.MeanSquaredError, False),
    ],
)
def test_the_loss_that_goes_with_the_end(
    widths: list[int], output: str, t: Array, loss: type, classes: bool
) -> None:
    net = pl.mlp(widths, output=output)
    chosen = choices.choose_loss(None, net, t)
    assert type(chosen) is loss
    assert choices.is_classification(net, chosen, t) is classes
    metrics = choices.choose_metrics(None, classes)
    assert list(metrics) == (["accuracy"] if classes else [])


def test_a_network_of_no_width() -> None:
    for layers in ([], [pl.Flatten(), pl.Tanh()]):
        assert type(choices.choose_loss(None, pl.Network(layers), INDICES)) is pl.MeanSquaredError


@pytest.mark.parametrize("name", pl.LOSSES)
def test_losses_by_name(name: str) -> None:
    net = pl.mlp([2, 3])
    assert type(choices.choose_loss(name, net, ROWS)) is pl.LOSSES[name]
    own = pl.LOSSES[name]()
    assert choices.choose_loss(own, net, ROWS) is own


@pytest.mark.parametrize("name", pl.OPTIMIZERS)
def test_optimizers_by_name(name: str) -> None:
    assert type(choices.choose_optimizer(name)) is pl.OPTIMIZERS[name]


@pytest.mark.parametrize("name", pl.SCHEDULES)
def test_schedules_by_name(name: str) -> None:
    assert type(choices.choose_schedule(name)) is pl.SCHEDULES[name]


def test_defaults() -> None:
    optimizer = choices.choose_optimizer(None)
    assert (type(optimizer), optimizer.learning_rate) == (pl.Adam, 0.001)
    assert type(choices.choose_schedule(None)) is pl.Constant


def test_metrics() -> None:
    class Gap:
        def __call__(self, y: Array, t: Array) -> float:
            return 0.0

    gap = Gap()
    chosen = choices.choose_metrics(["r2", gap], False)
    assert chosen == {"r2": pl.METRICS["r2"], "Gap": gap}
    assert choices.choose_metrics("r2", True) == {"r2": pl.METRICS["r2"]}
    assert choices.choose_metrics([], True) == {}
