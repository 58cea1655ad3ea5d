"""The loop.

Which rows in which order, what is written down of them, and that it is plain gradient descent.
"""

import dataclasses
import inspect
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pellucid as pl
from pellucid.core import splitmix
from pellucid.core.draws import Draws
from pellucid.core.types import Array
from pellucid.training.augmentation import Augmentation
from pellucid.training.callbacks import RunView
from pellucid.training.run import Run
from pellucid.training.sample_checks import check_output_count
from pellucid.training.settings import Settings
from tests.narrowing import instance

Data = tuple[Array, Array]


class Seen(pl.MeanSquaredError):
    """A loss that notes the targets of each batch: with targets 0, 1, 2, ...

    The rows in their order.
    """

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def gradient(self, y: Array, t: Array, sample_weight: Array | None = None) -> Array:
        self.batches.append([int(each) for each in t])
        return super().gradient(y, t, sample_weight)


def line(dtype: Any = np.float64) -> pl.Network:
    return pl.Network([pl.Affine(np.array([[0.5]], dtype), np.zeros(1, dtype))])


def rows_seen(
    N: int, batch_size: int, epochs: int = 1, seed: int = 0, **options: Any
) -> list[list[int]]:
    seen = Seen()
    x, t = np.arange(N, dtype=float)[:, None] / N, np.arange(N, dtype=float)
    pl.train(line(), x, t, loss=seen, batch_size=batch_size, epochs=epochs, seed=seed, **options)
    return seen.batches


def order_of(seed: int, epoch: int, N: int) -> Array:
    """The order of an epoch's rows, from the counter's bits alone."""
    drawn = splitmix.bits(splitmix.key(seed, epoch, 1 << 40), np.arange(N, dtype=np.uint64))
    return np.array(sorted(range(N), key=lambda i: (int(drawn[i]), i)))


def batches_of(seed: int, epoch: int, N: int, batch_size: int) -> list[Array]:
    order = order_of(seed, epoch, N)
    return [order[start : start + batch_size] for start in range(0, N, batch_size)]


# Which rows, in which order


def test_the_order_of_rows_is_frozen() -> None:
    """Golden values: whoever changes them changes every network that a seed ever gave."""
    first, second = [[8, 6, 2, 1], [7, 5, 9, 3], [0, 4]], [[9, 2, 1, 0], [3, 4, 8, 6], [5, 7]]
    assert rows_seen(10, 4, epochs=2) == first + second
    assert rows_seen(10, 10, seed=1) == [[0, 8, 1, 4, 3, 5, 7, 6, 2, 9]]


@pytest.mark.parametrize(("N", "batch_size"), [(10, 4), (1, 32), (7, 32), (8, 8), (9, 1)])
def test_every_epoch_sees_every_row_once(N: int, batch_size: int) -> None:
    batches = rows_seen(N, batch_size, epochs=3)
    each = -(-N // batch_size)
    assert len(batches) == 3 * each
    for epoch in range(3):
        own = batches[epoch * each : (epoch + 1) * each]
        assert sorted(row for rows in own for row in rows) == list(range(N))
        assert [len(rows) for rows in own[:-1]] == [batch_size] * (each - 1)
        assert own == [rows.tolist() for rows in batches_of(0, epoch + 1, N, batch_size)]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = [tuple(rows_seen(50, 50, seed=seed)[0]) for seed in range(3)]
    orders += [tuple(rows) for rows in rows_seen(50, 50, epochs=3)[1:]]
    assert len(set(orders)) == 5


def test_same_seed_same_bits(blobs: Data) -> None:
    def learned(seed: Any, **options: Any) -> tuple[bytes, list[float]]:
        net = pl.mlp([2, 8, 3], dropout=0.3, normalization="batch", seed=7)
        history = pl.train(
            net, *blobs, seed=seed, epochs=3, augment=pl.Brightness(), validation=0.2, **options
        )
        arrays = [array for layer in net.layers for array in layer.arrays().values()]
        return b"".join(array.tobytes() for array in arrays), history["validation_loss"]

    assert learned(0) == learned(0)
    assert learned(0) == learned(np.int64(0))
    assert learned(0)[0] != learned(1)[0]
    assert learned(0) == learned(0, callbacks=[lambda run: None], progress=False, threads=1)


# Plain gradient descent


def numpy_descent(
    net: pl.Network, x: Array, t: Array, rate: float, epochs: int, batch_size: int
) -> list[Array]:
    """Two Affine layers, tanh between them, softmax and cross-entropy at the end, written out."""
    W1, b1, W2, b2 = (p.copy() for p in net.params)
    for epoch in range(1, epochs + 1):
        for rows in batches_of(3, epoch, len(x), batch_size):
            h = np.tanh(x[rows] @ W1 + b1)
            e = np.exp(h @ W2 + b2)
            dz = (e / e.sum(axis=1, keepdims=True) - np.eye(3)[t[rows]]) / len(rows)
            dh = (dz @ W2.T) * (1 - h * h)
            W2, b2 = W2 - rate * (h.T @ dz), b2 - rate * dz.sum(axis=0)
            W1, b1 = W1 - rate * (x[rows].T @ dh), b1 - rate * dh.sum(axis=0)
    return [W1, b1, W2, b2]


def torch_descent(
    net: pl.Network, x: Array, t: Array, rate: float, epochs: int, batch_size: int
) -> list[Array]:
    D, H, K = 2, 5, 3
    model = torch.nn.Sequential(
        torch.nn.Linear(D, H), torch.nn.Tanh(), torch.nn.Linear(H, K)
    ).double()
    with torch.no_grad():
        for parameter, p in zip(model.parameters(), net.params, strict=True):
            parameter.copy_(torch.from_numpy(p.T.copy()))
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for epoch in range(1, epochs + 1):
        for rows in batches_of(3, epoch, len(x), batch_size):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(
                model(torch.from_numpy(x[rows])), torch.from_numpy(t[rows])
            )
            loss.backward()
            optimizer.step()
    return [parameter.detach().numpy().T for parameter in model.parameters()]


@pytest.mark.parametrize("witness", [numpy_descent, torch_descent])
@pytest.mark.parametrize("output", ["softmax", "identity"])
def test_training_is_plain_gradient_descent(
    blobs: Data, witness: Callable[..., list[Array]], output: str
) -> None:
    net = pl.mlp([2, 5, 3], "tanh", output, seed=2, dtype="float64")
    expected = witness(net, *blobs, rate=0.5, epochs=3, batch_size=8)
    pl.train(
        net, *blobs, loss="cross_entropy", optimizer=pl.SGD(0.5), epochs=3, batch_size=8, seed=3
    )
    for ours, theirs in zip(net.params, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
        assert not np.allclose(theirs, 0)


def test_training_again_goes_on(blobs: Data) -> None:
    """Without memory in optimizer and schedule, two epochs are one and then another."""
    whole, halves = pl.mlp([2, 4, 3], seed=0), pl.mlp([2, 4, 3], seed=0)
    pl.train(whole, *blobs, optimizer=pl.SGD(0.1), epochs=1, batch_size=60)
    before = whole.copy()
    pl.train(whole, *blobs, optimizer=pl.SGD(0.1), epochs=1, batch_size=60)
    pl.train(halves, *blobs, optimizer=pl.SGD(0.1), epochs=2, batch_size=60)
    assert whole != before
    for one, two in zip(
        whole.params, halves.params, strict=True
    ):  # the second epoch's rows stand in another order
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


# What is written down


@pytest.mark.parametrize("weighting", ["none", "rows", "classes", "balanced", "both"])
def test_loss_and_metrics_equal_a_plain_computation(blobs: Data, weighting: str) -> None:
    x, t = blobs
    by_class: Any = {
        "classes": [1.0, 2.0, 5.0],
        "both": {0: 0.5, 2: 3.0},
        "balanced": "balanced",
    }.get(weighting)
    by_row = np.linspace(0, 2, 60) if weighting in ("rows", "both") else None
    weights = np.ones(60) if by_row is None else by_row.copy()
    table = {
        "classes": [1, 2, 5],
        "both": [0.5, 1, 3],
        "balanced": [60 / 90, 60 / 60, 60 / 30],
    }.get(weighting)
    weights *= np.array(table or [1, 1, 1])[t]
    net = pl.mlp([2, 3], seed=1, dtype="float64")
    W, b = (p.copy() for p in net.params)
    total = hits = 0.0
    for rows in batches_of(4, 1, 60, 16):
        z = x[rows] @ W + b
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        w = weights[rows]
        total -= float((w * log_p[np.arange(len(rows)), t[rows]]).sum())
        hits += float((z.argmax(axis=1) == t[rows]).sum())
        dz = (np.exp(log_p) - np.eye(3)[t[rows]]) * (w / w.sum())[:, None]
        W, b = W - 0.3 * x[rows].T @ dz, b - 0.3 * dz.sum(axis=0)
    history = pl.train(
        net,
        x,
        t,
        optimizer=pl.SGD(0.3),
        epochs=1,
        batch_size=16,
        seed=4,
        sample_weight=by_row,
        class_weight=by_class,
    )
    assert history["loss"][0] == pytest.approx(total / weights.sum(), rel=0, abs=1e-12)
    assert history["accuracy"][0] == hits / 60
    np.testing.assert_allclose(net.params[0], W, rtol=0, atol=1e-12)


def test_batches_whose_sample_weights_are_zero(blobs: Data) -> None:
    x, t = blobs
    weights = np.zeros(60)
    weights[order_of(0, 1, 60)[:8]] = 1  # the first batch is all there is
    net = pl.mlp([2, 3], seed=1, dtype="float64")
    history = pl.train(net, x, t, epochs=1, batch_size=8, sample_weight=weights)
    rows = order_of(0, 1, 60)[:8]
    fresh = pl.mlp([2, 3], seed=1, dtype="float64")
    assert history["loss"][0] == pytest.approx(
        pl.CrossEntropy().value(fresh(x[rows]), t[rows]), abs=1e-12
    )


def test_metrics_by_name_and_of_ones_own(blobs: Data) -> None:
    x, _ = blobs
    t = x @ np.array([1.0, -2.0])

    def largest_miss(y: Array, t: Array) -> float:
        assert y.shape == (len(t), 1)
        return float(np.abs(y[:, 0] - t).max())

    net = pl.mlp([2, 1], seed=0, dtype="float64")
    fresh = net.copy()
    history = pl.train(
        net,
        x,
        t,
        metrics=["r2", "mean_absolute_error", largest_miss],
        optimizer=pl.SGD(1e-12),
        epochs=1,
        batch_size=7,
    )
    y = fresh(x)[:, 0]
    record = history.records[0]
    assert list(record) == [
        "epoch",
        "loss",
        "r2",
        "mean_absolute_error",
        "largest_miss",
        "learning_rate",
        "seconds",
    ]
    assert type(record["largest_miss"]) is float
    assert record["largest_miss"] == pytest.approx(np.abs(y - t).max())
    assert record["mean_absolute_error"] == pytest.approx(np.abs(y - t).mean())
    assert record["r2"] == pytest.approx(1 - ((y - t) ** 2).sum() / ((t - t.mean()) ** 2).sum())
    assert record["loss"] == pytest.approx(((y - t) ** 2).mean())


def test_validation_data(blobs: Data) -> None:
    x, t = blobs
    net = pl.mlp([2, 3], seed=0, dtype="float64")
    alone = net.copy()
    weights = np.linspace(0.1, 1, 20)
    history = pl.train(
        net, x[:40], t[:40], epochs=2, validation=(x[40:], t[40:], weights), batch_size=8
    )
    pl.train(alone, x[:40], t[:40], epochs=2, batch_size=8)
    assert net == alone  # looked at, and nothing more
    z = net(x[40:])
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    expected = -(weights * log_p[np.arange(20), t[40:]]).sum() / weights.sum()
    assert history["validation_loss"][-1] == pytest.approx(expected, abs=1e-12)
    assert history["validation_accuracy"][-1] == (z.argmax(axis=1) == t[40:]).mean()


def test_a_share_is_kept_for_validation(blobs: Data) -> None:
    seen = rows_seen(20, 100, validation=0.25, epochs=2)
    assert len(seen[0]) == 15
    assert sorted(seen[0]) == sorted(seen[1])
    assert sorted(seen[0]) != sorted(rows_seen(20, 100, validation=0.25, seed=1)[0])


def test_class_weight_does_not_touch_validation(blobs: Data) -> None:
    x, t = blobs
    net = pl.mlp([2, 3], seed=0, dtype="float64")
    history = pl.train(net, x, t, epochs=1, validation=0.5, class_weight=[1, 10, 100])
    twin = pl.mlp([2, 3], seed=0, dtype="float64")
    plain = pl.train(twin, x, t, epochs=1, validation=0.5, optimizer=pl.SGD(0.0))
    assert history["loss"] != plain["loss"]
    still = pl.mlp([2, 3], seed=0, dtype="float64")
    weighted = pl.train(
        still, x, t, epochs=1, validation=0.5, class_weight=[1, 10, 100], optimizer=pl.SGD(0.0)
    )
    assert weighted["validation_loss"] == plain["validation_loss"]


def test_the_record_that_travels_with_the_network(blobs: Data, tmp_path: Path) -> None:
    x, t = blobs

    class Loss:
        def value(self, y: Array, t: Array, sample_weight: Array | None = None) -> float:
            return pl.CrossEntropy().value(y, t, sample_weight)

        def gradient(self, y: Array, t: Array, sample_weight: Array | None = None) -> Array:
            return pl.CrossEntropy().gradient(y, t, sample_weight)

    def nothing(x: Array, draws: Draws) -> Array:
        return x

    def undefined(y: Array, t: Array) -> float:
        return math.nan

    contents = []
    whole: dict[str, Any] = {"seed": np.int64(9), "batch_size": np.int32(7)}  # NumPy's numbers
    for _ in range(2):
        net = pl.mlp([2, 3], seed=0)
        pl.train(
            net,
            x,
            t,
            loss=Loss(),
            augment=nothing,
            metrics=[undefined],
            epochs=2,
            engine="reference",
            **whole,
        )
        net.save(tmp_path / "a.safetensors")
        contents.append((tmp_path / "a.safetensors").read_bytes())
    assert contents[0] == contents[1]  # no clock, and no place in memory
    record = pl.load(tmp_path / "a.safetensors").record
    assert record == net.record
    assert record["loss"] == "Loss"
    assert record["augment"] == "nothing"
    assert record["metrics"]["undefined"] is None
    assert (record["seed"], record["batch_size"], record["rows"], record["epochs"]) == (9, 7, 60, 2)
    assert (record["engine"], record["stopped"]) == ("reference", "finished")
    assert record["optimizer"] == "Adam(learning_rate=0.001)"
    assert record["schedule"] == "Constant()"
    assert record["versions"] == {"pellucid": pl.__version__, "numpy": np.__version__}
    assert re.fullmatch("v2:[0-9a-f]{32}", record["data"])
    assert json.dumps(record).count("0x") == 0
    pl.train(net, x, t, epochs=1, augment=pl.Brightness(0.5), loss=pl.CrossEntropy(0.1))
    assert net.record["augment"] == "Brightness(0.5, 1.0)"
    assert net.record["loss"] == "CrossEntropy(label_smoothing=0.1)"
    assert net.record["metrics"].keys() == {"loss", "accuracy"}


# Schedules, averages, frozen layers, augmentation


def rates(schedule: pl.Schedule | str, epochs: int, **options: Any) -> list[float]:
    found: list[float] = []

    class Note(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            found.append(instance(Run, run).engine.learning_rate)

    x = np.linspace(0, 1, 12)[:, None]
    pl.train(
        line(),
        x,
        x[:, 0],
        schedule=schedule,
        optimizer=pl.SGD(0.5),
        epochs=epochs,
        batch_size=3,
        callbacks=[Note()],
        **options,
    )
    return found


def test_schedules_reach_the_engine() -> None:
    schedule = pl.Cosine()
    found = rates(schedule, 3)
    assert found == [0.5 * schedule.factor(step / 4, 3) for step in range(12)]
    assert found[0] == 0.5
    assert len(set(found)) == 12
    assert rates("constant", 1) == [0.5] * 4


@pytest.mark.parametrize("held", [False, True])
def test_a_plateau_lowers_the_rate(held: bool) -> None:
    """A loss that never improves.

    From the third epoch without improvement on, a tenth of the rate.
    """

    class Flat(pl.MeanSquaredError):
        def value(self, y: Array, t: Array, sample_weight: Array | None = None) -> float:
            return 1.0

    validation = (np.ones((2, 1)), np.ones(2)) if held else None
    found = rates(pl.ReduceOnPlateau(patience=1), 5, loss=Flat(), validation=validation)
    assert found == pytest.approx([0.5] * 12 + [0.05] * 8)


def test_the_moving_average_is_evaluated_and_left_in_the_network(blobs: Data) -> None:
    x, t = blobs
    net = pl.mlp([2, 3], seed=0, dtype="float64")
    plain = net.copy()
    averages = [p.copy() for p in plain.params]

    class Follow(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            for average, p in zip(averages, run.net.params, strict=True):
                average += 0.1 * (p - average)

    seen: list[Array] = []
    history = pl.train(
        net, x, t, optimizer=pl.SGD(0.5, ema=0.9), epochs=3, validation=(x, t), batch_size=16,
        callbacks=[lambda run: seen.append(run.net.params[0].copy())],
    )  # fmt: skip
    raw = pl.train(
        plain, x, t, optimizer=pl.SGD(0.5), epochs=3, batch_size=16, callbacks=[Follow()]
    )
    assert history["loss"] == raw["loss"]  # learning itself is the same
    for average, p in zip(averages, net.params, strict=True):
        np.testing.assert_allclose(p, average, rtol=0, atol=1e-12)
    assert np.array_equal(seen[-1], net.params[0])
    assert history["validation_loss"][-1] == pytest.approx(pl.evaluate(net, x, t).loss, abs=1e-12)


def test_frozen_layers_keep_their_bits(blobs: Data) -> None:
    net = pl.Network(
        [
            pl.BatchNorm(np.ones(2)),
            pl.Affine(np.eye(2), np.zeros(2)),
            pl.Residual([pl.Affine(np.eye(2), np.zeros(2)), pl.Tanh(), pl.BatchNorm(np.ones(2))]),
            pl.Affine(np.ones((2, 3)), np.zeros(3)),
        ]
    )
    net.freeze(0, 1)
    net.layers[2].inner[0].frozen = True
    net.layers[2].inner[2].frozen = True
    before = net.copy()
    pl.train(net, *blobs, optimizer=pl.AdamW(0.1, ema=0.5), epochs=2)
    for index in (0, 1, 2):
        for name, array in net.layers[index].arrays().items():
            assert array.tobytes() == before.layers[index].arrays()[name].tobytes(), (index, name)
    assert not np.array_equal(net.layers[3].arrays()["W"], before.layers[3].arrays()["W"])
    net.unfreeze()
    pl.train(net, *blobs, epochs=1)
    assert not np.array_equal(
        net.layers[0].arrays()["running_mean"], before.layers[0].arrays()["running_mean"]
    )
    assert not np.array_equal(net.layers[1].arrays()["W"], before.layers[1].arrays()["W"])


def test_a_network_that_is_frozen_as_a_whole(blobs: Data) -> None:
    net = pl.mlp([2, 3], seed=0)
    net.freeze()
    before = net.copy()
    history = pl.train(net, *blobs, epochs=2)
    assert net == before
    assert history["accuracy"][0] == history["accuracy"][1]


@pytest.mark.parametrize("each", [True, False])
def test_augmentation_is_drawn_for_each_row_and_step(each: bool) -> None:
    """An augmentation that is given several batches at once changes each as by itself."""
    seen: list[Array] = []

    class Note(pl.Brightness):
        each_batch = each

        def __call__(self, x: Array, draws: Draws) -> Array:
            changed = super().__call__(x, draws)
            seen.append(changed[:, 0] / x[:, 0])
            return changed

    def learn(seed: int) -> Array:
        seen.clear()
        x = np.full((11, 3), 100, np.uint8)
        net = pl.mlp([3, 2], pixels=True, seed=0)
        pl.train(
            net, x, np.arange(11) % 2, augment=Note(0.25, 2.0), epochs=2, batch_size=4, seed=seed
        )
        assert (x == 100).all()
        assert [len(factors) for factors in seen] == ([4, 4, 3] if each else [11]) * 2
        return np.concatenate(seen)

    everything = learn(0)
    assert len(np.unique(everything)) == 22
    assert everything.min() >= 0.25
    assert everything.max() < 2
    np.testing.assert_array_equal(everything, learn(0))
    assert not np.array_equal(everything[:4], learn(1)[:4])
    steps = [
        Draws(0, step, 1 << 42).uniform(rows, 1)[:, 0] for step, rows in enumerate([4, 4, 3] * 2)
    ]
    np.testing.assert_allclose(everything, 0.25 + 1.75 * np.concatenate(steps), rtol=1e-6)


class Doubled:
    """An augmentation of several batches at once that gives each row twice."""

    each_batch = False

    def __call__(self, x: Array, draws: Draws) -> Array:
        return np.repeat(x, 2, axis=0)


@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize("engine", ["native", "reference"])
def test_augmented_batches_train_the_same_one_by_one_and_together(engine: str, each: bool) -> None:
    """Rows of 100 KB: some batches a call, for no more than a few MB are changed at once."""
    x = np.random.default_rng(0).integers(0, 256, (120, 25_000), np.uint8)
    counts: list[int] = []

    class Note(pl.Brightness):
        each_batch = each

        def __call__(self, x: Array, draws: Draws) -> Array:
            counts.append(len(x))
            return super().__call__(x, draws)

    def learned(augment: Augmentation) -> pl.Network:
        net = pl.mlp([25_000, 1], output="sigmoid", pixels=True, seed=0)
        weights = np.linspace(0.5, 2, 120)
        pl.train(
            net,
            x,
            np.arange(120) % 2,
            augment=augment,
            epochs=2,
            batch_size=7,
            sample_weight=weights,
            engine=engine,
        )
        return net

    assert learned(Note()) == learned(lambda x, draws: pl.Brightness()(x, draws))
    assert counts == ([7] * 17 + [1] if each else [35, 35, 35, 15]) * 2


def test_several_batches_that_an_augmentation_makes_too_many_rows_of(blobs: Data) -> None:
    with pytest.raises(pl.InputError, match=r"must return 60 rows, got shape \(120, 2\)"):
        pl.train(pl.mlp([2, 3], seed=0), *blobs, augment=Doubled(), batch_size=7)


def test_augmented_weights_and_targets_stay_with_their_rows(blobs: Data) -> None:
    """An augmentation that changes nothing is as none."""
    one, two = pl.mlp([2, 3], seed=0, dtype="float64"), pl.mlp([2, 3], seed=0, dtype="float64")
    weights = np.linspace(0.1, 1, 60)
    pl.train(one, *blobs, epochs=2, batch_size=7, sample_weight=weights)
    pl.train(two, *blobs, epochs=2, batch_size=7, sample_weight=weights, augment=lambda x, draws: x)
    assert one == two


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (-1, 1), (1, 0.5), (float("nan"), 1), (0.5, float("nan")), (1, float("inf"))],
)
def test_impossible_brightness(low: float, high: float) -> None:
    with pytest.raises(pl.InputError, match="Brightness"):
        pl.Brightness(low, high)


def test_a_loss_of_ones_own(blobs: Data) -> None:
    """Equal to the built-in one, bit for bit, and it may know logarithms of 0 without being warned
    of them.
    """

    class Own:
        activation = pl.Softmax

        def value(self, y: Array, t: Array, sample_weight: Array | None = None) -> float:
            np.log(np.zeros(1) * y[0, 0] if not y.any() else np.ones(1))
            return pl.CrossEntropy().value(y, t, sample_weight)

        def gradient(self, y: Array, t: Array, sample_weight: Array | None = None) -> Array:
            return pl.CrossEntropy().gradient(y, t, sample_weight)

    one, two = (pl.mlp([2, 4, 3], output="softmax", seed=0) for _ in range(2))
    pl.train(one, *blobs, epochs=2, engine="reference")
    pl.train(two, *blobs, epochs=2, engine="reference", loss=Own())
    assert one == two


# Callbacks


def test_callbacks_are_called_in_order_and_can_stop(blobs: Data) -> None:
    heard: list[str] = []

    class Note(pl.Callback):
        def __init__(self, name: str) -> None:
            self.name = name

        def on_start(self, run: RunView) -> None:
            heard.append(f"{self.name} start {run.epoch}.{run.batch} of {run.epochs}.{run.batches}")

        def on_batch(self, run: RunView) -> None:
            heard.append(f"{self.name} batch {run.epoch}.{run.batch}")
            assert math.isfinite(run.loss)
            if self.name == "b" and (run.epoch, run.batch) == (2, 2):
                run.stop("enough")

        def on_epoch(self, run: RunView) -> None:
            assert len(run.history) == run.epoch
            heard.append(f"{self.name} epoch {run.epoch}.{run.batch}")

        def on_end(self, run: RunView) -> None:
            heard.append(f"{self.name} end {run.history.stopped}")

    net = pl.mlp([2, 3])
    history = pl.train(net, *blobs, batch_size=20, epochs=5, callbacks=[Note("a"), Note("b")])
    expected = [f"{name} start 0.0 of 5.3" for name in "ab"]
    expected += [f"{name} batch 1.{batch}" for batch in (1, 2, 3) for name in "ab"]
    expected += [
        "a epoch 1.3",
        "b epoch 1.3",
        *(f"{name} batch 2.{batch}" for batch in (1, 2) for name in "ab"),
    ]
    assert heard == [*expected, "a end enough", "b end enough"]
    assert history.stopped == "enough"
    assert len(history) == 1  # the second epoch is not whole
    assert (net.record["stopped"], net.record["epochs"]) == ("enough", 1)


def test_a_callback_may_be_content_with_some_batches() -> None:
    """Draws is the same, batches are handed to the engine many at a time, and stopping still
    ends an epoch early.
    """
    x = np.random.default_rng(0).standard_normal((20_000, 30))
    t = (x[:, 0] > 0).astype(np.int64)
    heard: dict[bool, list[int]] = {False: [], True: []}

    class Each(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            heard[self.each_batch].append(run.batch)
            if run.epoch == 2 and run.batch > 100:
                run.stop("enough")

    class Some(Each):
        each_batch = False

    losses = []
    for callback in (Each(), Some()):
        net = pl.mlp([30, 400, 2], seed=0)
        losses.append(
            pl.train(net, x, t, epochs=2, batch_size=20, callbacks=[callback], progress=False)[
                "loss"
            ]
        )
    assert losses[0] == losses[1]
    assert heard[True] == [*range(1, 1001), *range(1, 102)]
    assert heard[False][-1] < 1000
    assert len(heard[False]) < 20
    assert 1000 in heard[False]


def test_a_stop_at_the_last_batch_keeps_the_epoch(blobs: Data) -> None:
    history = pl.train(pl.mlp([2, 3]), *blobs, epochs=5, callbacks=[lambda run: run.stop("one")])
    assert (history.stopped, len(history)) == ("one", 1)


def test_callbacks_hear_the_end_of_a_failure(blobs: Data) -> None:
    heard = []

    class Note(pl.Callback):
        def on_end(self, run: RunView) -> None:
            heard.append("end")

    def fail(run: RunView) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        pl.train(pl.mlp([2, 3]), *blobs, callbacks=[fail, Note()])
    assert heard == ["end"]


# Early stopping


def scripted(values: list[float], name: str = "scripted") -> Callable[[Array, Array], float]:
    """A metric that says what is written, epoch after epoch."""
    left = iter(values)

    def metric(y: Array, t: Array) -> float:
        return next(left)

    metric.__name__ = name
    return metric


@pytest.mark.parametrize(
    ("name", "values", "patience", "change", "epochs", "best"),
    [
        ("scripted", [3, 2, 2, 4, 1, 1], 2, 0.0, 4, 2),
        ("scripted", [3, 2, 2, 1, 1, 5, 0], 2, 0.0, 6, 4),
        ("scripted", [3, 2.5, 2.1, 1.9, 1.9], 4, 1.0, 5, 4),
        ("scripted", [5, 4, 3, 2, 1], 1, 0.0, 5, 5),
        ("scripted", [math.nan, 4, math.nan, 5, 6], 3, 0.0, 5, 2),
        ("scripted", [math.nan, math.nan, 1], 2, 0.0, 2, None),
        ("accuracy", [0.1, 0.3, 0.2, 0.3, 0.9], 2, 0.0, 4, 2),
    ],
)
def test_early_stopping_on_any_metric(
    blobs: Data,
    name: str,
    values: list[float],
    patience: int,
    change: float,
    epochs: int,
    best: int | None,
) -> None:
    weights: dict[int, pl.Network] = {}
    stopping = pl.EarlyStopping(name, patience, change)
    net = pl.mlp([2, 4, 3], normalization="batch", seed=0)

    def keep(run: RunView) -> None:
        weights[run.epoch] = run.net.copy()

    history = pl.train(
        net,
        *blobs,
        epochs=len(values),
        metrics=[scripted(values, name)],
        callbacks=[keep, stopping],
    )
    assert len(history) == epochs
    assert history.stopped == ("early" if epochs < len(values) else history.stopped)
    assert net == weights[best or epochs]  # buffers too: == compares all arrays
    assert stopping.best_epoch == (best or 0)


def test_early_stopping_may_leave_the_last_weights(blobs: Data) -> None:
    last: list[pl.Network] = []
    net = pl.mlp([2, 3], seed=0)
    stopping = pl.EarlyStopping("scripted", 1, restore_best=False)
    history = pl.train(
        net,
        *blobs,
        metrics=[scripted([1, 2, 3])],
        callbacks=[lambda run: last.append(run.net.copy()), stopping],
    )
    assert history.stopped == "early"
    assert net == last[-1]
    assert net != last[0]


def test_early_stopping_on_the_validation_loss_serves_twice(blobs: Data) -> None:
    stopping = pl.EarlyStopping(patience=2)
    for _ in range(2):
        net = pl.mlp([2, 16, 3], seed=0)
        history = pl.train(
            net,
            *blobs,
            optimizer=pl.Adam(0.1),
            epochs=60,
            validation=0.4,
            callbacks=[stopping],
            seed=1,
        )
        assert history.stopped == "early"
        best = history.best("validation_loss")
        assert stopping.best_epoch == best["epoch"] == len(history) - 2


def test_early_stopping_without_its_column_is_an_error_before_training(blobs: Data) -> None:
    net = pl.mlp([2, 3], seed=0)
    before = net.copy()
    with pytest.raises(
        pl.InputError, match="'validation_loss', but the history will have only epoch, loss, acc"
    ):
        pl.train(net, *blobs, callbacks=[pl.EarlyStopping()])
    assert net == before
    with pytest.raises(pl.InputError, match="patience"):
        pl.EarlyStopping(patience=0)


def test_early_stopping_keeps_the_averaged_weights(blobs: Data) -> None:
    weights: dict[int, Array] = {}
    net = pl.mlp([2, 3], seed=0)

    def keep(run: RunView) -> None:
        weights[run.epoch] = run.net.params[0].copy()

    pl.train(
        net, *blobs, optimizer=pl.SGD(0.5, ema=0.9), epochs=4, metrics=[scripted([3, 1, 2, 2])],
        callbacks=[keep, pl.EarlyStopping("scripted")],
    )  # fmt: skip
    assert np.array_equal(net.params[0], weights[2])


def test_recipes_are_arguments_of_train(blobs: Data) -> None:
    for recipe in (pl.recipes.DIGITS, pl.recipes.QUICK):
        net = pl.mlp([2, 3])
        assert len(pl.train(net, *blobs, recipe=recipe, epochs=1)) == 1
        assert net.record["optimizer"] == repr(recipe.optimizer)
        assert net.record["schedule"] == repr(recipe.schedule)
        assert net.record["batch_size"] == recipe.batch_size
        assert net.record["augment"] == (recipe.augment and repr(recipe.augment))


# Outputs that cannot be the classes


def test_outputs_without_a_class_are_an_error() -> None:
    x, t = np.zeros((800, 3)), np.arange(800) % 10
    for output in ("softmax", "sigmoid"):
        net = pl.mlp([3, 16], output=output)
        before = net.copy()
        with pytest.raises(
            pl.InputError, match="has 16 outputs, but the targets are classes 0 to 9"
        ):
            pl.train(net, x, t)
        assert net == before


def test_outputs_that_may_have_a_class_are_trained() -> None:
    x, t = np.zeros((800, 3)), np.arange(800) % 10
    named = pl.mlp([3, 16])
    named.classes = [str(k) for k in range(16)]
    assert len(pl.train(named, x, t, epochs=1)) == 1
    assert len(pl.train(pl.mlp([3, 16]), x[:799], t[:799], epochs=1)) == 1  # few rows an output
    later = (np.zeros((1, 3)), [15])  # a class of which only the validation data have a row
    assert len(pl.train(pl.mlp([3, 16]), x, t, epochs=1, validation=later)) == 1
    assert len(pl.train(pl.mlp([3, 16]), x, np.eye(16)[t], epochs=1)) == 1  # targets of 16 values


@pytest.mark.parametrize(("outputs", "classes"), [(10, 10), (1, 2), (2, 2)])
def test_outputs_for_so_many_classes(outputs: int, classes: int) -> None:
    check_output_count(outputs, classes)
    with pytest.raises(pl.InputError, match=f"11 classes need 11 outputs, got {outputs}"):
        check_output_count(outputs, 11)


# One list of settings


def test_settings_are_the_arguments_of_train() -> None:
    arguments = inspect.signature(pl.train).parameters
    fields = {field.name: field.default for field in dataclasses.fields(Settings)}
    own = ["net", "x", "t", "recipe", "sample_weight", "every", "resume"]
    assert {name: arguments[name].default for name in arguments if name not in own} == fields
    of_tables = inspect.signature(pl.train_table).parameters
    own = ["net", "table", "memory", "sample_weight", "group", "time", "every", "resume"]
    assert {name for name in of_tables if name not in own} == fields.keys() - {"augment"}


def test_settings_take_the_place_of_a_recipe() -> None:
    recipe = pl.recipes.DIGITS
    chosen = Settings(epochs=3, schedule="cosine").completed(recipe)
    assert (chosen.epochs, chosen.schedule) == (3, "cosine")
    assert (chosen.optimizer, chosen.batch_size) == (recipe.optimizer, recipe.batch_size)
    assert (Settings().completed().epochs, Settings().completed().batch_size) == (10, 32)
