"""Divergence is an error that names epoch, batch and layer; unfit arguments change nothing."""

import re
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.draws import Draws
from pellucid.core.types import Array
from pellucid.training.callbacks import RunView

Data = tuple[Array, Array]


def diverged(net: pl.Network, x: Array, t: Array, **options: Any) -> str:
    with pytest.raises(pl.DivergenceError) as caught:
        pl.train(net, x, t, **options)
    assert "Try a smaller learning rate" in str(caught.value)
    return str(caught.value)


def test_a_huge_learning_rate(blobs: Data) -> None:
    net = pl.mlp([2, 4, 3], seed=0, normalization="batch")
    before = net.copy()
    message = diverged(net, *blobs, optimizer=pl.SGD(1e38), epochs=3, batch_size=20)
    assert re.search(
        r"epoch 1, batch [23]: .* in the (weights|outputs) of layer \d \(\w+\)", message
    )
    assert "it was 1e+38" in message
    assert net == before  # BatchNorm's buffers too
    assert net.record == {}


def test_the_weights_go_back_to_the_last_good_epoch(blobs: Data) -> None:
    good: list[pl.Network] = []
    net = pl.mlp([2, 4, 3], "tanh", seed=0)

    def late_explosion(run: RunView) -> None:
        good.append(run.net.copy())

    class Explode(pl.StepDecay):
        def factor(self, epoch: float, epochs: float, history: Any = ()) -> float:
            return 1.0 if epoch < 2 else 1e45

    message = diverged(
        net,
        *blobs,
        optimizer=pl.SGD(0.1),
        schedule=Explode(),
        epochs=5,
        batch_size=30,
        callbacks=[late_explosion],
    )
    assert "epoch 3, batch" in message
    assert len(good) == 2
    assert net == good[-1]
    assert net != good[0]


def test_the_average_goes_back_too(blobs: Data) -> None:
    good: list[pl.Network] = []

    class Explode(pl.StepDecay):
        def factor(self, epoch: float, epochs: float, history: Any = ()) -> float:
            return 1.0 if epoch < 2 else 1e45

    net = pl.mlp([2, 3], seed=0)
    diverged(
        net,
        *blobs,
        optimizer=pl.SGD(0.1, ema=0.9),
        schedule=Explode(),
        callbacks=[lambda run: good.append(net.copy())],
    )
    assert net == good[1]


def test_it_names_the_layer_whose_outputs_overflow() -> None:
    net = pl.Network(
        [
            pl.Affine(np.ones((1, 1), np.float32)),
            pl.Exponential(),
            pl.Affine(np.ones((1, 1), np.float32)),
        ]
    )
    x = np.array([[1.0], [2.0], [100.0]])
    before = net.copy()
    message = diverged(net, x, np.ones(3), batch_size=1, optimizer=pl.SGD(0.0))
    assert "in the outputs of layer 1 (Exponential)" in message
    batch = int(re.search(r"batch (\d)", message)[1])  # type: ignore[index]
    order: list[float] = []
    pl.train(
        net,
        x[:, :] / 100,
        np.ones(3),
        batch_size=1,
        epochs=1,
        optimizer=pl.SGD(0.0),
        augment=noting(order),
    )
    assert order[batch - 1] == 1.0  # the third row, which is the one that overflows
    assert net == before


def noting(order: list[float]) -> Any:
    def note(x: Array, draws: Draws) -> Array:
        order.append(float(x[0, 0]))
        return x

    return note


def test_a_last_step_that_overflows_is_seen(blobs: Data) -> None:
    """Every loss was finite; the weights after the last batch are not."""
    x, t = blobs
    net = pl.mlp([2, 3], seed=0)
    before = net.copy()

    def overflow(run: RunView) -> None:
        raise AssertionError("no epoch is whole")

    message = diverged(
        net, 100 * x, t, optimizer=pl.SGD(3e38), epochs=1, batch_size=60, callbacks=[overflow]
    )
    assert "epoch 1, batch 1: " in message
    assert "in the weights of layer 0 (Affine)" in message
    assert net == before


def test_a_run_that_is_stopped_halfway_is_looked_at_too(blobs: Data) -> None:
    class Stop(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            run.stop("halfway")

    x, t = blobs
    net = pl.mlp([2, 3], seed=0)
    before = net.copy()
    diverged(net, 100 * x, t, optimizer=pl.SGD(3e38), batch_size=30, callbacks=[Stop()])
    assert net == before


def test_a_loss_that_is_not_finite_by_itself(blobs: Data) -> None:
    class Bad(pl.MeanSquaredError):
        def value(self, y: Array, t: Array, sample_weight: Array | None = None) -> float:
            return float("nan") if y.any() else 0.0

    net = pl.mlp([2, 3], seed=0)
    before = net.copy()
    assert "batch 1: values stopped being finite in the loss" in diverged(net, *blobs, loss=Bad())
    assert net == before


def test_buffers_that_overflow_are_named() -> None:
    net = pl.Network([pl.BatchNorm(1), pl.Affine(np.ones((1, 1), np.float32))])
    x = np.array([[3e38], [-3e38], [3e38], [-3e38]], np.float32)
    message = diverged(net, x, np.zeros(4), epochs=1)
    assert "layer 0 (BatchNorm)" in message
    assert np.array_equal(net.layers[0].buffers[1], [1])


# What is refused before anything changes


def bad(x: Array, row: int, value: float) -> Array:
    x = x.copy()
    x[row, 1] = value
    return x


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "NaN in a row": ({"x": lambda x: bad(x, 17, np.nan)}, r"inputs: row 17 .*1 such row"),
    "infinity in a row": (
        {"x": lambda x: bad(bad(x, 59, np.inf), 3, -np.inf)},
        r"inputs: row 3 .*2 such rows",
    ),
    "NaN in a target": ({"t": lambda t: np.where(np.arange(60) == 7, np.nan, t)}, "targets: row 7"),
    "a class too many": (
        {"t": lambda t: np.where(np.arange(60) == 59, 3, t)},
        "from 0 to 2, got 0 to 3",
    ),
    "an enormous class": ({"t": lambda t: t + 10**12, "class_weight": "balanced"}, "from 0 to 2"),
    "a negative class": (
        {"t": lambda t: t - 1, "class_weight": "balanced"},
        "from 0 to 2, got -1 to 1",
    ),
    "half a class": ({"t": lambda t: t + 0.5, "loss": "cross_entropy"}, "whole numbers"),
    "words": ({"t": lambda t: np.array(["a", "b", "c"])[t]}, "must be numbers"),
    "no rows": ({"x": lambda x: x[:0], "t": lambda t: t[:0]}, "at least one row"),
    "one number": ({"x": lambda x: 3.0}, "at least one row"),
    "too few targets": ({"t": lambda t: t[:-1]}, r"each of 60 rows, got shape \(59,\)"),
    "one target": ({"t": lambda t: 1}, "each of 60 rows"),
    "too wide": (
        {"x": lambda x: np.hstack([x, x])},
        r"expected 2 numbers in each row, got 4 \(shape \(60, 4\)\)",
    ),
    "flat": ({"x": lambda x: x[:, 0]}, r"rows of shape \(N, 2\)"),
    "ragged rows": ({"x": lambda x: [[1, 2]] * 59 + [[1]]}, "different lengths"),
    "ragged targets": ({"t": lambda t: [[1, 2]] * 59 + [[1]]}, "different lengths"),
    "texts": ({"x": lambda x: x.astype(str)}, "an array of numbers"),
    "whole numbers": ({"x": lambda x: x.astype(int)}, "scales nothing"),
    "targets of another width": ({"t": lambda t: np.eye(4)[t]}, r"\(.*, 3\).* got \(.*, 4\)"),
    "targets of many axes": ({"t": lambda t: np.zeros((60, 3, 1))}, "expected targets of shape"),
    "weights of another length": ({"sample_weight": np.ones(59)}, "weight for each of 60 rows"),
    "negative weights": ({"sample_weight": np.linspace(-1, 1, 60)}, "0 or more"),
    "weights of nothing": ({"sample_weight": np.zeros(60)}, "not all 0"),
    "weights of NaN": ({"sample_weight": np.full(60, np.nan)}, "finite"),
    "weights in words": ({"sample_weight": ["a"] * 60}, "sample_weight must be numbers"),
    "ragged weights": (
        {"sample_weight": [[1], [1, 2]]},
        "sample_weight: the rows have different lengths",
    ),
    "class weights for too few": ({"class_weight": [1, 2]}, "2 class weights for classes 0 to 2"),
    "class weights a number": ({"class_weight": 2.0}, "1 class weights for classes 0 to 2"),
    "class weights by a word": ({"class_weight": "equal"}, '"balanced"'),
    "class weights of nothing": ({"class_weight": [0, 0, 0]}, "not all 0"),
    "validation of everything": ({"validation": 1.0}, "between 0 and 1"),
    "validation of nothing": ({"validation": 0.0}, "between 0 and 1"),
    "validation of NaN": ({"validation": float("nan")}, "between 0 and 1"),
    "validation of too little": ({"validation": 0.001}, "leaves one side empty"),
    "validation in words": ({"validation": "half"}, "validation is a share"),
    "validation of four parts": ({"validation": (1, 2, 3, 4)}, "validation is a share"),
    "validation without rows": (
        {"validation": (np.zeros((0, 2)), np.zeros(0, int))},
        "at least one row",
    ),
    "validation of another class": (
        {"validation": (np.zeros((1, 2)), np.array([3]))},
        "from 0 to 2",
    ),
    "validation of another width": (
        {"validation": (np.zeros((1, 3)), np.array([0]))},
        "expected 2 numbers",
    ),
    "validation that is not finite": (
        {"validation": (np.full((1, 2), np.nan), np.array([0]))},
        "row 0",
    ),
    "no epochs": ({"epochs": 0}, "epochs must be a whole number of 1 or more, got 0"),
    "epochs and a half": ({"epochs": 1.5}, "epochs"),
    "true epochs": ({"epochs": True}, "epochs"),
    "no batch": ({"batch_size": 0}, "batch_size"),
    "a negative seed": ({"seed": -1}, "seed must be a whole number of 0 or more"),
    "a seed in words": ({"seed": "a"}, "seed"),
    "an unknown loss": ({"loss": "hinge"}, "loss is one of cross_entropy.*'hinge'"),
    "a loss of another end": (
        {"loss": "mean_squared_error", "metrics": ["r2"]},
        "metric r2 needs targets",
    ),
    "a loss that is a class": ({"loss": pl.CrossEntropy}, r"such as pl.CrossEntropy\(\)"),
    "a loss that is none": ({"loss": 3}, "a loss is a name or an object"),
    "an unknown optimizer": ({"optimizer": "lion"}, "optimizer is one of sgd.*'lion'"),
    "an optimizer that is a class": ({"optimizer": pl.Adam}, "optimizer is a name or an object"),
    "an unknown schedule": ({"schedule": "linear"}, "schedule is one of constant.*'linear'"),
    "a schedule that is a number": ({"schedule": 0.1}, "schedule is a name or an object"),
    "an unknown metric": ({"metrics": ["f1"]}, "metric is one of accuracy.*'f1'"),
    "a metric that is a number": ({"metrics": [3]}, "a metric is a name or a function"),
    "a metric of another shape": ({"metrics": ["mean_squared_error"]}, r"\(N, 3\), not \('N',\)"),
    "a callback that is a class": ({"callbacks": [pl.EarlyStopping]}, "a callback is an object"),
    "a callback that is a number": ({"callbacks": [3]}, "a callback is an object"),
    "one row alone": ({"x": lambda x: x[0], "t": lambda t: t[:1]}, "pass a single row as"),
    "no inputs": ({"x": lambda x: None}, "an array of numbers, got None"),
    "an augmentation in words": (
        {"augment": "shift=1"},
        "an augmentation is an object such as .*; got 'shift=1'",
    ),
    "an augmentation that is a class": (
        {"augment": pl.Distortion},
        "an augmentation is an object such as",
    ),
    "an augmentation of x alone": ({"augment": lambda x: x}, r"a function of \(x, draws\)"),
    "an unknown engine": ({"engine": "gpu"}, "engine must be one of auto"),
    "no threads": ({"threads": 0}, "threads must be"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_changes_nothing(blobs: Data, case: str) -> None:
    changes, reason = REFUSED[case]
    x, t = blobs
    options = dict(changes)
    x = options.pop("x", lambda x: x)(x)
    t = options.pop("t", lambda t: t)(t)
    net = pl.mlp([2, 4, 3], normalization="batch", dropout=0.1, seed=0)
    before = net.copy()
    with pytest.raises(pl.InputError, match=reason):
        pl.train(net, x, t, **options)
    assert net == before
    assert net.record == {}


def test_class_weight_needs_classes(blobs: Data) -> None:
    net = pl.mlp([2, 1], seed=0)
    with pytest.raises(pl.InputError, match="these are values"):
        pl.train(net, blobs[0], blobs[0][:, 0], class_weight="balanced")


def test_a_loss_and_an_end_that_do_not_go_together(blobs: Data) -> None:
    net = pl.mlp([2, 3], output="sigmoid", seed=0)
    before = net.copy()
    with pytest.raises(pl.InputError, match="CrossEntropy needs a network that ends in Softmax"):
        pl.train(net, *blobs, loss="cross_entropy")
    assert net == before
