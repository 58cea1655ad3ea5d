"""Training that a page steers: the same orders give the same numbers, and one can go back."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.web import digits
from pellucid.web.live_training import Snapshot, Snapshots, Training

ROWS = 2000
SIZE = {"rows": ROWS}


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    """Fewer digits, so that an epoch takes a moment."""
    whole = digits.training_digits
    from pellucid.web import live_training

    def some(net):
        x, t, (held, labels) = whole(net)
        return x[: SIZE["rows"]], t[: SIZE["rows"]], (held[:500], labels[:500])

    monkeypatch.setattr(live_training, "training_digits", some)


class Watched:
    """A training, and what it told."""

    def __init__(self) -> None:
        self.changed = threading.Event()
        self.training = Training(self.changed.set)
        self.records: list[dict] = []
        self.last: dict = {}

    def until(self, holds):
        deadline = time.monotonic() + 120
        while True:
            assert time.monotonic() < deadline, self.last
            self.changed.wait(0.05)
            self.changed.clear()
            news = self.training.news()
            self.records[news["first"] :] = news["records"]
            weights = news["weights"] or self.last.get("weights")
            self.last = news | {"weights": weights}
            if holds(news):
                return self.last

    def order(self, what, times=1):
        for _ in range(times):
            before = self.last.get("epoch"), self.last.get("batch")
            self.training.order(what)
            self.until(
                lambda news, old=before: (
                    news["mode"] == "pause" and (news["epoch"], news["batch"]) != old
                )
            )
        return self.last


@pytest.fixture
def watched() -> Iterator[type[Watched]]:
    made = []

    def make(seed=0, rate=2.0, batch=100):
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


def plain(records):
    return [
        {name: value for name, value in record.items() if name != "seconds"} for record in records
    ]


def test_it_is_what_train_does(watched):
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
    for ours, theirs in zip(one.training._net.params, net.params, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [record["epoch"] for record in one.records] == [1, 2, 3]
    assert one.last["kept"] == [0, 1, 2, 3]
    assert one.last["accuracy"] == one.records[-1]["validation_accuracy"]


def test_the_same_seed_gives_the_same_run_however_it_is_stepped(watched):
    one, other = watched(seed=3), watched(seed=3)
    one.order("epoch", 2)
    other.order("batch", 25)  # 20 batches are an epoch
    assert (other.last["epoch"], other.last["batch"]) == (2, 5)
    other.order("epoch")
    assert plain(one.records) == plain(other.records)
    assert one.last["weights"] == other.last["weights"]
    assert watched(seed=4).order("epoch")["weights"] != one.last["weights"]


def test_going_back_and_on_gives_the_same_again(watched):
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


def test_rate_and_batch_size_change_while_it_runs(watched):
    one = watched()
    one.order("epoch")
    one.training.settle(0.5, 250, "full")
    one.order("batch")
    assert one.last["batches"] == 20  # from the next epoch on
    one.order("epoch", 2)
    assert one.last["batches"] == 8
    assert [record["learning_rate"] for record in one.records] == [2.0, 0.5, 0.5]


def test_play_and_pause(watched):
    one = watched()
    one.training.order("play")
    one.until(lambda news: news["epoch"] >= 3)
    one.training.order("pause")
    time.sleep(0.3)  # the batch that it is at comes to its end
    at, _, later = one.training.news(), time.sleep(0.1), one.training.news()
    assert (at["epoch"], at["batch"]) == (later["epoch"], later["batch"]) and at["mode"] == "pause"


def test_divergence_is_told_and_can_be_left(watched):
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


def test_dead_and_saturated_neurons_are_told(watched):
    one = watched()
    net = pl.mlp([784, 16, 10], "relu", "softmax", pixels=True, seed=0)
    net.layers[2].b[[3, 5]] = -1e3
    one.training.start(net, 0)
    one.until(lambda news: news["weights"])
    assert one.last["quiet"]["dead"] == {"count": 2, "some": [("3", 3), ("3", 5)]}
    assert one.last["quiet"]["saturated"]["count"] == 0
    net = pl.mlp([784, 16, 10], "sigmoid", "sigmoid", pixels=True, seed=0)
    net.layers[2].b[1], net.layers[2].W[:, 2] = 999, np.random.default_rng(0).normal(0, 60, 784)
    one.training.start(net, 0)
    one.until(lambda news: news["weights"] and news["quiet"]["dead"]["some"] == [("3", 1)])
    assert ("3", 2) in one.last["quiet"]["saturated"]["some"]


def test_its_thread_ends_with_its_page(watched):
    one = watched()
    one.training.order("play")
    one.until(lambda news: news["epoch"] >= 1)
    thread = one.training._thread
    one.training.close()
    thread.join(5)
    assert not thread.is_alive()


def test_snapshots_are_bounded():
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


def rss():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.parametrize(
    ("epochs", "rows"), [(60, ROWS), pytest.param(500, 50_000, marks=pytest.mark.soak)]
)
def test_memory_stays_flat(watched, monkeypatch, epochs, rows):
    """What grows is what is kept to look back on, which has a bound.

    And later epochs take no longer.
    """
    monkeypatch.setitem(SIZE, "rows", rows)
    one = watched()
    one.training._snapshots = Snapshots(1 << 20)
    one.training._snapshots.keep(0, Snapshot([p.copy() for p in one.training._net.params], {}, 0))
    one.training.order("play")
    sizes, times = [], []
    for part in range(1, 7):
        started = time.monotonic()
        one.until(lambda news, part=part: news["epoch"] >= part * epochs // 6)
        sizes.append(rss())
        times.append(time.monotonic() - started)
    assert sizes[-1] - sizes[1] < 8 << 20
    assert min(times[3:]) < 2 * max(times[:3]) + 0.5
