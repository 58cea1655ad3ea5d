"""Training that a page steers: the same orders give the same numbers, and one can go back."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.training import hints
from pellucid.web import digits
from pellucid.web.live_training import News, Snapshot, Snapshots, Training
from tests.web.kinds import PATIENCE, affine, bias

ROWS = 2000
SIZE = {"rows": ROWS}


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer digits, so that an epoch takes a moment."""
    whole = digits.training_digits
    from pellucid.web import live_training

    def some(net: pl.Network) -> tuple[Array, Array, tuple[Array, Array]]:
        x, t, (held, labels) = whole(net)
        return x[: SIZE["rows"]], t[: SIZE["rows"]], (held[:500], labels[:500])

    monkeypatch.setattr(live_training, "training_digits", some)


class Watched:
    """A training, and what it told."""

    def __init__(self) -> None:
        self.changed = threading.Event()
        self.modes: list[str] = []  # at each piece of news
        self.training = Training(self._told)
        self.records: list[dict[str, Any]] = []
        self.last: dict[str, Any] = {}

    def _told(self) -> None:
        self.modes.append(self.training._mode)
        self.changed.set()

    @property
    def net(self) -> pl.Network:
        assert self.training._net is not None
        return self.training._net

    def until(self, holds: Callable[[News], Any]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline, self.last
            self.changed.wait(0.05)
            self.changed.clear()
            news = self.training.news()
            self.records[news["first"] :] = news["records"]
            weights = news["weights"] or self.last.get("weights")
            self.last = {**news, "weights": weights}
            if holds(news):
                return self.last

    @staticmethod
    def _moved(before: tuple[int | None, int | None], news: News) -> bool:
        return news["mode"] == "pause" and (news["epoch"], news["batch"]) != before

    def order(self, what: str, times: int = 1) -> dict[str, Any]:
        for _ in range(times):
            before = self.last.get("epoch"), self.last.get("batch")
            self.training.order(what)
            self.until(partial(self._moved, before))
        return self.last


Make: TypeAlias = Callable[..., Watched]


@pytest.fixture
def watched() -> Iterator[Make]:
    made = []

    def make(seed: int = 0, rate: float = 2.0, batch: int = 100) -> Watched:
        one = Watched()
        made.append(one)
        one.training.settle(rate, batch, "full")
        net = pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid", pixels=True, seed=seed)
        one.training.start(net, seed)
        one.until(lambda news: news["weights"])
        return one

    yield make
    for one in made:
        one.training.close()


def plain(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in record.items() if name != "seconds"} for record in records
    ]


def test_it_is_what_train_does(watched: Make) -> None:
    one = watched()
    one.order("epoch", 3)
    net = pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid", pixels=True, seed=0)
    train = pl.mnist().train
    pl.train(
        net,
        train.images[:ROWS],
        train.labels[:ROWS],
        optimizer=pl.SGD(2.0, momentum=0.9),
        epochs=3,
        batch_size=100,
        progress=False,
    )
    for ours, theirs in zip(one.net.params, net.params, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [record["epoch"] for record in one.records] == [1, 2, 3]
    assert one.last["kept"] == [0, 1, 2, 3]
    assert one.last["accuracy"] == one.records[-1]["validation_accuracy"]


def test_the_same_seed_gives_the_same_run_however_it_is_stepped(watched: Make) -> None:
    one, other = watched(seed=3), watched(seed=3)
    one.order("epoch", 2)
    other.order("batch", 25)  # 20 batches are an epoch
    assert (other.last["epoch"], other.last["batch"]) == (2, 5)
    other.order("epoch")
    assert plain(one.records) == plain(other.records)
    assert one.last["weights"] == other.last["weights"]
    assert watched(seed=4).order("epoch")["weights"] != one.last["weights"]


def test_going_back_and_on_gives_the_same_again(watched: Make) -> None:
    one = watched()
    whole = one.order("epoch", 4)["weights"]
    records = plain(one.records)
    one.training.show(2)
    one.until(lambda news: news["shown"] == 2 and news["weights"])
    assert one.last["kept"] == [0, 1, 2, 3, 4]  # looking back forgets nothing
    one.order("epoch")
    assert one.last["kept"] == [0, 1, 2, 3] and len(one.records) == 3
    assert one.order("epoch")["weights"] == whole
    assert plain(one.records) == records


def test_an_epoch_that_was_not_kept_changes_nothing(watched: Make) -> None:
    one = watched()
    weights = one.order("epoch")["weights"]
    one.training.show(7)
    assert one.training.news()["shown"] == 1
    assert one.last["weights"] == weights
    Watched().training.show(1)  # nothing has begun


def test_rate_and_batch_size_change_while_it_runs(watched: Make) -> None:
    one = watched()
    one.order("epoch")
    one.training.settle(0.5, 250, "full")
    one.order("batch")
    assert one.last["batches"] == 20  # from the next epoch on
    one.order("epoch", 2)
    assert one.last["batches"] == 8
    assert [record["learning_rate"] for record in one.records] == [2.0, 0.5, 0.5]


def test_play_and_pause(watched: Make) -> None:
    one = watched()
    one.training.order("play")
    one.until(lambda news: news["epoch"] >= 3)
    one.training.order("pause")
    one.until(lambda news: one.modes[-1] == "pause")  # told where it waits, not while it played
    at = one.training.news()
    time.sleep(0.1)
    later = one.training.news()
    assert (at["epoch"], at["batch"]) == (later["epoch"], later["batch"]) and at["mode"] == "pause"


def test_divergence_is_told_and_can_be_left(watched: Make) -> None:
    one = watched()
    net = pl.mlp([784, 16, 10], "relu", "softmax", pixels=True, seed=0)
    one.training.settle(1e25, 100, "full")
    one.training.start(net, 0)
    one.training.order("play")
    one.until(lambda news: news["diverged"])
    assert all(np.isfinite(p).all() for p in net.params)
    one.training.settle(0.05, 100, "full")
    one.training.order("epoch")
    one.until(lambda news: not news["diverged"] and news["epoch"] == 1 and news["mode"] == "pause")
    assert one.last["accuracy"] > 0.5


def test_dead_and_saturated_neurons_are_told(watched: Make) -> None:
    one = watched()
    net = pl.mlp([784, 16, 10], "relu", "softmax", pixels=True, seed=0)
    bias(net, 2)[[3, 5]] = -1e3
    one.training.start(net, 0)
    one.until(lambda news: news["weights"])
    assert one.last["quiet"]["dead"] == {"count": 2, "some": [("3", 3), ("3", 5)]}
    assert one.last["quiet"]["saturated"]["count"] == 0
    net = pl.mlp([784, 16, 10], "sigmoid", "sigmoid", pixels=True, seed=0)
    bias(net, 2)[1], affine(net, 2).W[:, 2] = 999, np.random.default_rng(0).normal(0, 60, 784)
    one.training.start(net, 0)
    one.until(lambda news: news["weights"] and news["quiet"]["dead"]["some"] == [("3", 1)])
    assert ("3", 2) in one.last["quiet"]["saturated"]["some"]


def test_hints_are_told_in_both_languages(watched: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As history.hints has them; a run that begins anew has none."""
    monkeypatch.setattr(hints, "_BETWEEN", 1)
    one = watched()
    one.training.settle(1e-7, 10, "full")
    one.training.order("play")
    news = one.until(lambda news: news["hints"])
    assert news["hints"][0]["kind"] == "rate-low"
    assert "multiply it by 10" in news["hints"][0]["en"]
    assert "10배" in news["hints"][0]["ko"]
    one.training.show(0)
    one.until(lambda news: not news["hints"])


def test_its_thread_ends_with_its_page(watched: Make) -> None:
    one = watched()
    one.training.order("play")
    one.until(lambda news: news["epoch"] >= 1)
    thread = one.training._thread
    one.training.close()
    assert thread is not None
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_snapshots_are_bounded() -> None:
    snapshot = Snapshot([np.zeros(1000)], {}, 0)
    snapshots = Snapshots(20 * snapshot.nbytes)
    for epoch in range(1001):
        snapshots.keep(epoch, snapshot)
        assert (
            len(snapshots.epochs) <= 20
            and snapshots.epochs[0] == 0
            and snapshots.epochs[-1] == epoch
        )
    assert np.ptp(np.diff(snapshots.epochs[:-1])) == 0
    snapshots.cut(500)
    assert snapshots.epochs[-1] <= 500


def rss() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.parametrize(
    ("epochs", "rows"), [(60, ROWS), pytest.param(500, 50_000, marks=pytest.mark.soak)]
)
def test_memory_stays_flat(
    watched: Make, monkeypatch: pytest.MonkeyPatch, epochs: int, rows: int
) -> None:
    """What grows is what is kept to look back on, which has a bound.

    And later epochs of a long run take no longer.
    """
    monkeypatch.setitem(SIZE, "rows", rows)
    one = watched()
    one.training._snapshots = Snapshots(1 << 20)
    one.training._snapshots.keep(0, Snapshot([p.copy() for p in one.net.params], {}, 0))
    one.training.order("play")
    sizes, times = list[int](), list[float]()
    for part in range(1, 7):
        started = time.monotonic()
        goal = part * epochs // 6
        while one.until(lambda news: True)["epoch"] < goal:
            pass
        sizes.append(rss())
        times.append(time.monotonic() - started)
    assert sizes[-1] - sizes[1] < 8 << 20
    if epochs == 500:  # a busy machine decides no gate
        assert min(times[3:]) < 2 * max(times[:3]) + 0.5
