"""Hints of the page's own trainer: found where Python finds them, and in Python's words."""

import random
from typing import Any, get_args

import pytest

import pellucid as pl
from pellucid.language import speaking
from pellucid.training import hints
from pellucid.training.hints import Hint, Neurons, Seen
from pellucid.web.facts import facts
from tests.web.kinds import Node, Visit
from tests.web.test_page import settle

FOUND = 'import { found } from "./network/hints.js";\n\nreturn data.map(found);'
TOLD = """
import { drawPoints } from "./network/datasets.js";
import { Watch } from "./network/hints.js";
import { mlp } from "./network/build.js";
import { Run } from "./network/train.js";
import { hintLine } from "./texts.js";

const points = drawPoints("moons", 300, 0.1, 0);
const run = new Run(mlp([2, ...data.hidden, 1], data.activation, "sigmoid", 1),
  { x: points.x.map((value) => value * data.scale), t: points.t }, null,
  { name: "sgd", learningRate: data.rate }, { batchSize: 10, seed: 0 });
const watch = new Watch(run);
while (run.epoch < 9 && !run.diverged) {
  run.trainEpoch();
  watch.afterEpoch();
}
return ["en", "ko"].map((language) =>
  watch.hints.map((hint) => hintLine(data.texts, language, hint)));
"""


def seen_at_random(draw: random.Random) -> Seen:
    """Return what a look may see, on both sides of every border."""
    constant = draw.choice([0.0, 2.3])
    layers = [
        Neurons("3", draw.choice(["ReLU", "Tanh"]), size, draw.randint(0, size), draw.randint(0, 9))
        for size in (1, 10)
    ]
    return Seen(
        epoch=draw.randint(1, 6),
        epochs=1000,
        warms=False,
        steps=draw.choice([99, 100, 1000]),
        rate=0.1,
        losses=[draw.choice([0.5, 0.7, 1.0]) for _ in range(draw.randint(1, 4))],
        loss=constant * draw.choice([0.05, 0.4, 0.7, 0.9, 0.99, 2.1]),
        constant=constant,
        moved=draw.choice([0.04, 0.06]),
        size=draw.choice([None, 0.0, 0.009, 1.0, 10.1]),
        layers=layers,
    )


def test_the_borders_are_pythons(node: Node) -> None:
    draw = random.Random(0)
    seen = [seen_at_random(draw) for _ in range(400)]
    data = [one._asdict() | {"layers": [each._asdict() for each in one.layers]} for one in seen]
    python = [[(hint.kind, hint.epoch, hint.values) for hint in hints.found(one)] for one in seen]
    ours = [
        [(hint["kind"], hint["epoch"], hint["values"]) for hint in one] for one in node(FOUND, data)
    ]
    assert ours == python
    kinds = {kind for one in python for kind, *_ in one}
    assert kinds == set(get_args(hints.Kind)) - {"labels"}


@pytest.mark.parametrize(
    ("activation", "hidden", "rate", "scale", "kinds"),
    [
        ("tanh", [8], 0.1, 1.0, []),
        ("tanh", [8, 8], 1e-6, 1.0, ["rate-low"]),
        ("relu", [8], 5.0, 1.0, ["dead", "rate-high"]),
        ("sigmoid", [4, 4, 4], 0.3, 1.0, ["flat"]),
        ("tanh", [8], 0.1, 400.0, ["unscaled", "saturated"]),
    ],
)
def test_hints_are_pythons(
    node: Node,
    monkeypatch: pytest.MonkeyPatch,
    activation: str,
    hidden: list[int],
    rate: float,
    scale: float,
    kinds: list[str],
) -> None:
    """From the same training the same hints after the same epochs, word for word."""
    monkeypatch.setattr(hints, "_BETWEEN", 0)  # the page looks at its few rows as often
    x, t = pl.moons(300, 0.1, 0)
    net = pl.mlp([2, *hidden, 1], activation, "sigmoid", seed=1, dtype="float64")
    history = pl.train(
        net, x * scale, t, optimizer=pl.SGD(rate), epochs=9, batch_size=10, seed=0,
        engine="reference", progress=False,
    )  # fmt: skip
    texts = facts(net, "moons")["hints"]
    data = {
        "activation": activation,
        "hidden": hidden,
        "rate": rate,
        "scale": scale,
        "texts": texts,
    }
    told = node(TOLD, data)
    for language, ours in zip(("en", "ko"), told, strict=True):
        with speaking(language):
            assert ours == [hint.line for hint in history.hints]
    assert [hint.kind for hint in history.hints] == kinds


def test_numbers_in_a_hint_are_formatted_as_python_does(node: Node) -> None:
    texts = facts(pl.mlp([2, 1]), "x")["hints"]
    code = 'import { hintLine } from "./texts.js";\n\n'
    code += 'return data.hints.map((hint) => hintLine(data.texts, "en", hint));'
    made = []
    for value in (0.0, 1.0, 0.5, 123456.0, 1000.0, 999.6, 1e-4, 9.99e-5, 3.14159, 2e-12, 1e9):
        made.append(Hint("rate-low", 3, {"epochs": 3, "moved": value / 1e3, "rate": value}))
        made.append(Hint("rate-high", 3, {"least": value, "last": value, "rate": value}))
    data: list[dict[str, Any]] = [
        {"kind": hint.kind, "epoch": hint.epoch, "values": hint.values} for hint in made
    ]
    with speaking("en"):
        assert node(code, {"texts": texts, "hints": data}) == [hint.line for hint in made]


def test_pages_show_hints(file: str, visit: Visit) -> None:
    """In Learn without a server, and in the playground, until the rate is changed."""
    tab = visit(f"{file}#p=learn&lang=en&v=rate:0.00001")
    for _ in range(3):
        tab.get_by_test_id("train-epoch").click()
        tab.wait_for_function("() => document.querySelector('[data-testid=train-pause]').disabled")
    tab.locator(".notices", has_text="hint after epoch 3: in 3 epochs the weights have").wait_for()
    tab = visit(f"{file}#play=rate:0.00001&lang=ko")
    settle(tab)
    for _ in range(9):
        tab.get_by_test_id("play-epoch").click()
    note = tab.get_by_test_id("play-note")
    note.filter(has_text="학습률").wait_for()
    tab.get_by_test_id("play-rate").fill("0.1")
    tab.keyboard.press("Enter")
    settle(tab)
    assert note.inner_text() == ""
