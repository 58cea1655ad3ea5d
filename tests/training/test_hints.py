"""Hints while a network trains: each kind where it belongs, and silence while all is well."""

import sys
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.language import speaking
from pellucid.training import hints
from pellucid.training.hints import Hint, Kind, Neurons, Seen, found
from tests.training.test_progress import Html, Terminal, notebook

WELL = Seen(
    epoch=10, epochs=20, warms=True, steps=1000, rate=0.01, losses=[1.0, 0.6, 0.5], loss=0.5,
    constant=2.3, moved=0.5, size=1.0,
    layers=[Neurons("1", "ReLU", 10, 3, 0), Neurons("3", "Tanh", 10, 0, 4)],
)  # fmt: skip


def kinds(seen: Seen) -> list[Kind]:
    return [hint.kind for hint in found(seen)]


def test_nothing_is_said_while_all_is_well() -> None:
    assert kinds(WELL) == []
    assert kinds(WELL._replace(size=None)) == []  # of indices no size is known


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"size": 10.1}, "unscaled"),
        ({"size": 0.0099}, "unscaled"),
        ({"layers": [Neurons("1", "ReLU", 10, 4, 0)]}, "dead"),
        ({"layers": [Neurons("1", "Tanh", 10, 0, 5)], "loss": 1.2}, "saturated"),
        ({"losses": [1.0, 0.5, 0.8, 0.8]}, "rate-high"),
        ({"loss": 4.7}, "rate-high"),
        ({"moved": 0.04, "loss": 2.0}, "rate-low"),
        ({"loss": 2.29}, "flat"),
        ({"loss": 2.29, "epoch": 3, "warms": False}, "flat"),
    ],
)
def test_each_kind_has_its_border(changes: dict[str, object], kind: Kind) -> None:
    assert kind in kinds(WELL._replace(**changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 9.9},
        {"size": 0.011},
        {"size": 0.0},
        {"layers": [Neurons("1", "ReLU", 10, 3, 0)]},
        {"layers": [Neurons("1", "ReLU", 1, 1, 0)]},  # one neuron may be dead by chance
        {"layers": [Neurons("1", "ReLU", 10, 9, 0)], "loss": 0.2},  # what predicts well may be
        {"layers": [Neurons("1", "Tanh", 10, 0, 4)], "loss": 1.2},
        {"layers": [Neurons("1", "Tanh", 10, 0, 9)], "loss": 1.1},
        {"losses": [1.0, 0.5, 0.8, 0.5]},  # one bad epoch is noise
        {"losses": [0.01, 0.001, 0.002, 0.002]},  # twice as much of nearly nothing
        {"moved": 0.04, "loss": 1.8},  # fine-tuning moves little, too
        {"moved": 0.06, "loss": 2.0},
        {"loss": 2.2},
        {"loss": 2.3, "epoch": 4},  # the learning rate still rises
        {"loss": 2.3, "epoch": 2, "warms": False},
        {"loss": 2.3, "steps": 99},
    ],
)
def test_and_is_silent_beyond(changes: dict[str, object]) -> None:
    assert kinds(WELL._replace(**changes)) == []  # type: ignore[arg-type]


def history_of(net: pl.Network, x: Array, t: Array, rate: float, epochs: int = 20) -> pl.History:
    return pl.train(net, x, t, optimizer=pl.SGD(rate), epochs=epochs, batch_size=20, progress=False)


@pytest.fixture(scope="module")
def moons() -> tuple[Array, Array]:
    return pl.moons(400, seed=0)


def tanh(*widths: int) -> pl.Network:
    return pl.mlp(list(widths), activation="tanh", output="softmax", seed=0)


def test_trainings_that_go_wrong(moons: tuple[Array, Array]) -> None:
    """One real training for each kind, and each says what it is."""
    x, t = moons
    assert history_of(tanh(2, 8, 2), x, t, 0.5).hints == ()
    seen = {
        "unscaled": history_of(tanh(2, 8, 2), 1000 * x, t, 0.1),
        "labels": history_of(tanh(2, 8, 16), x, t, 0.5),
        "rate-low": history_of(tanh(2, 8, 2), x, t, 1e-6),
        "flat": history_of(tanh(2, 8, 2), np.zeros_like(x) + 1, t, 0.5),
        "rate-high": history_of(tanh(2, 8, 2), x, t, 30.0),
    }
    for kind, history in seen.items():
        assert kind in [hint.kind for hint in history.hints], (kind, history.hints)
    dying = pl.mlp([2, 8, 2], activation="relu", output="softmax", seed=0)
    first = dying.layers[0]
    assert isinstance(first, pl.Affine) and first.b is not None
    first.b[:5] = -100
    [dead] = history_of(dying, x, t, 0.1).hints
    assert (dead.kind, dead.values["count"], dead.values["size"]) == ("dead", 5, 8)
    assert dead.values["layer"] == "1"
    stuck = tanh(2, 8, 2)
    first = stuck.layers[0]
    assert isinstance(first, pl.Affine)
    first.W *= 200
    assert "saturated" in [hint.kind for hint in history_of(stuck, x, t, 1e-3).hints]


def test_each_kind_comes_once(moons: tuple[Array, Array], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_BETWEEN", 1)  # a look after nearly every epoch
    history = history_of(tanh(2, 8, 2), 1000 * moons[0], moons[1], 0.1, epochs=40)
    said = [hint.kind for hint in history.hints]
    assert said[0] == "unscaled" and len(said) == len(set(said))
    assert history.hints[0].epoch == 1


def test_normal_trainings_are_silent() -> None:
    """The recipes, on what they are for: no hint that is not needed."""
    digits = pl.mnist().train
    net = pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid", pixels=True, seed=0)
    recipe = pl.recipes.QUICK
    assert pl.train(net, digits.images, digits.labels, recipe=recipe, progress=False).hints == ()
    x, t = digits.images[:4000], digits.labels[:4000]
    for activation in ("relu", "tanh", "gelu"):
        net = pl.mlp([784, 32, 10], activation, "softmax", pixels=True, seed=0)
        recipe = pl.recipes.general(net, len(x), quick=True)
        assert pl.train(net, x, t, recipe=recipe, progress=False).hints == (), activation
    for data in (pl.xor, pl.moons, pl.circles, pl.spirals):
        points, side = data(500, seed=0)
        net = tanh(2, 16, 16, 2)
        recipe = pl.recipes.general(net, len(points), quick=True)
        assert pl.train(net, points, side, recipe=recipe, progress=False).hints == (), data


def test_tables_are_silent(generator: np.random.Generator) -> None:
    size = generator.uniform(20, 200, 600)
    year = generator.integers(1950, 2024, 600)
    city = generator.choice(["Seoul", "Busan", "Daegu"], 600)
    price = 3 * size + (year - 1950) * (city == "Seoul") + generator.normal(0, 5, 600)
    table = {"size": size, "year": year, "city": city, "price": price}
    for task in ("regress", "classify"):
        chosen = table if task == "regress" else table | {"price": np.where(price > 350, "a", "b")}
        net = pl.table_mlp(pl.Columns.of(chosen, target="price"))
        assert pl.train_table(net, chosen, progress=False).hints == (), task


def test_weights_are_the_same_bits_with_and_without(
    moons: tuple[Array, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    nets = []
    for _ in range(2):
        net = pl.mlp([2, 8, 2], "relu", "softmax", dropout=0.2, normalization="batch", seed=0)
        history_of(net, *moons, 0.1)
        nets.append(net)
        monkeypatch.setattr(hints.Watch, "after_epoch", lambda self, run: None)
    assert nets[0] == nets[1]


HINT = Hint("rate-high", 3, {"least": 0.5, "last": 0.9, "rate": 0.1})


def test_a_history_shows_its_hints() -> None:
    history = pl.History("native")
    history.records = [{"epoch": 1, "loss": 0.5, "seconds": 0.1}]
    history.hints = (HINT,)
    assert str(history).splitlines()[-1] == f"hint after epoch 3: {HINT}"
    assert "divide it by 3 or 10" in str(HINT) and "(0.1)" in str(HINT)
    assert "hint after epoch 3" in history._repr_html_()
    assert history.to_dict()["hints"] == [{"kind": "rate-high", "epoch": 3, "text": str(HINT)}]
    assert Hint("labels", 0, {"outputs": 16, "last": 9, "classes": 10}).line.startswith(
        "hint: the network has 16 outputs"
    )
    with speaking("ko"):
        assert "학습률" in str(HINT)


def test_progress_shows_them(
    moons: tuple[Array, Array], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once, in a pipe, in a terminal and in a notebook."""
    x, t = moons

    def run() -> str:
        net = tanh(2, 8, 2)
        [hint] = pl.train(
            net, 1000 * x, t, optimizer=pl.SGD(0.01), epochs=1, batch_size=20, progress=True
        ).hints
        assert hint.kind == "unscaled"
        return hint.line

    assert capsys.readouterr().err.count(run()) == 0
    assert capsys.readouterr().err.count(run()) == 1
    shown: list[str] = []
    ipython = notebook("ZMQInteractiveShell", shown)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    line = run()
    assert isinstance(shown[-1], (str, Html)) and line in shown[-1]
    monkeypatch.delitem(sys.modules, "IPython")
    monkeypatch.delitem(sys.modules, "IPython.display")
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "400")
    line = run()
    assert screen.getvalue().count(line) == 1


def test_they_outlive_a_resume(moons: tuple[Array, Array], tmp_path: Path) -> None:
    """A run that goes on knows what was said, and says it once."""
    x, t = 1000 * moons[0], moons[1]
    net, again = tanh(2, 8, 2), tanh(2, 8, 2)
    settings = {"optimizer": pl.SGD(0.01), "batch_size": 20, "progress": False}
    first = pl.train(net, x, t, epochs=6, checkpoint=tmp_path, **settings)  # type: ignore[arg-type]
    second = pl.train(again, x, t, epochs=9, checkpoint=tmp_path, **settings)  # type: ignore[arg-type]
    assert first.hints and second.hints[: len(first.hints)] == first.hints
    assert len({hint.kind for hint in second.hints}) == len(second.hints)
