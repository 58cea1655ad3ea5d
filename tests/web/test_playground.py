"""The playground: what it trains is what Python trains, and everything on it can be set, read,
undone, linked and kept.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.web import page
from tests.web.kinds import Node, Tab, Visit, affine, attribute, bias, numbers
from tests.web.test_page import THEMES, WIDTHS, settle
from tests.web.test_page_training import DATA_SETS, NOISE

SPIRALS = "data:spirals;hidden:8,8;optimizer:adam;rate:0.02"
RECORDS = "pellucid.playground.run.records"
WEIGHTS = "pellucid.playground.run.parameters.map(({ data }) => data)"
CLOSE = 1e-6


def code_of(tab: Tab) -> str:
    """Return the program in Python that the page shows."""
    tab.get_by_test_id("play-keep").evaluate("(element) => (element.open = true)")
    code = tab.get_by_test_id("play-code")
    code.get_by_text("pl.train").wait_for()
    return code.inner_text()


def python(code: str) -> pl.Network:
    """Run a program of the page; return its network."""
    names: dict[str, Any] = {}
    exec(code.replace('engine="reference"', 'engine="reference", progress=False'), names)  # noqa: S102
    net: pl.Network = names["net"]
    return net


def same_as(tab: Tab, net: pl.Network) -> None:
    for ours, theirs in zip(numbers(tab, WEIGHTS), net.params, strict=True):
        np.testing.assert_allclose(ours, theirs.ravel(), rtol=CLOSE, atol=CLOSE)


def score(tab: Tab, name: str) -> float:
    return float(attribute(tab.get_by_test_id(f"play-{name}"), "value"))


def test_a_training_is_watched_changed_undone_and_linked(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#lang=en")
    tab.get_by_test_id("playground").click()
    tab.get_by_test_id("surface").wait_for()
    assert tab.locator(".tile").count() == 2 + 4 + 4 + 1
    tab.get_by_test_id("play-step").click()
    assert tab.get_by_test_id("play-place").inner_text() == "epoch 0, then batch 1 of 14"
    for _ in range(3):
        tab.get_by_test_id("play-epoch").click()
    assert tab.get_by_test_id("play-place").inner_text() == "epoch 3"
    net = python(code_of(tab))
    same_as(tab, net)
    assert net.record is not None
    for name, value in net.record["metrics"].items():
        np.testing.assert_allclose(score(tab, name), value, rtol=CLOSE)

    # the bias of the output, which is in sight from the start
    tab.get_by_test_id("play-bias").fill("-2.5")
    tab.get_by_test_id("play-bias").press("Enter")
    assert numbers(tab, WEIGHTS)[-1] == [-2.5]
    tab.get_by_test_id("play-undo").click()
    same_as(tab, net)
    tab.get_by_test_id("play-redo").click()
    assert numbers(tab, WEIGHTS)[-1] == [-2.5]

    # back to the same start, and the same training again
    tab.get_by_test_id("play-rewind").click()
    for _ in range(3):
        tab.get_by_test_id("play-epoch").click()
    same_as(tab, net)

    # a link repeats it, also in the other language
    code_of(tab)
    link = tab.get_by_test_id("play-link").input_value()
    again = visit(f"{link}&lang=ko")
    again.wait_for_function(f"() => {RECORDS}.length === 3")
    same_as(again, net)
    again.get_by_test_id("language").click()
    again.get_by_text("Rewind").wait_for()
    same_as(again, net)

    tab.get_by_test_id("playground").click()
    tab.get_by_test_id("drawing").wait_for()
    tab.go_back()
    tab.get_by_test_id("surface").wait_for()


READ = """
import { readPoints } from "./playground/csv.js";
import { readWord, wordOf, program } from "./playground/setup.js";

return data.texts.map(readPoints).concat(
  data.words.map((word) => wordOf(...Object.values(readWord(word)))));
"""


def test_points_and_words_are_read_or_refused(node: Node) -> None:
    texts = {
        "x,y,class\n1,2,b\n3,4.5,a\n": {"points": [[1, 2, 1], [3, 4.5, 0]], "names": ["a", "b"]},
        "\ufeff1;2;10\r\n3;4;9": {"points": [[1, 2, 1], [3, 4, 0]], "names": ["9", "10"]},
        '1\t2\t"no"\n1e-3\t-4\tyes': {
            "points": [[1, 2, 0], [0.001, -4, 1]],
            "names": ["no", "yes"],
        },
        "1,2\n3,4": {"error": "columns", "line": 1, "count": 2},
        "x,y,k\n1,2,a\n3,four,b": {"error": "number", "line": 3},
        "1,2,a\n3,4,a": {"error": "classes", "count": 1},
        "1,2,a\n3,4,b\n5,6,c": {"error": "classes", "count": 3},
        "": {"error": "rows", "count": 0},
        "1,2,a\n" * 1001: {"error": "rows", "count": 1001},
    }
    words = {
        "": "data:moons",
        "data:nothing;n:3.5;held:99;hidden:9,1;activation:softmax;rate:0": "data:moons",
        "data:xor;hidden:;rate:0.5;seed:7": "data:xor;hidden:;rate:0.5;seed:7",
        "data:own;points:0.5,1,0,2,-1,1;epoch:12": ("data:own;points:0.5,1,0,2,-1,1;epoch:12"),
        "data:own;points:0.5,1,2": "data:own",
    }
    found = node(READ, {"texts": list(texts), "words": list(words)})
    assert found == [*texts.values(), *words.values()]


KNOWN = {  # word of the address, epochs, accuracy on test points
    "moons": ("data:moons", 100, 1.0),
    "circles": ("data:circles", 100, 1.0),
    "spirals": (SPIRALS, 300, 0.98),
    "xor": ("data:xor", 60, 1.0),
    "gaussians": ("data:gaussians", 30, 1.0),
}


@pytest.mark.integration
@pytest.mark.parametrize("name", KNOWN)
def test_five_data_sets_are_learned_as_in_python(file: str, visit: Visit, name: str) -> None:
    word, epochs, accuracy = KNOWN[name]
    tab = visit(f"{file}#play={word};epoch:{epochs}&lang=en")
    tab.wait_for_function(f"() => {RECORDS}.length === {epochs}")
    settle(tab)
    assert score(tab, "validation_accuracy") >= accuracy
    net = python(code_of(tab))
    same_as(tab, net)
    tab.get_by_test_id("play-known").click()  # these settings, but for the epochs
    assert tab.evaluate("pellucid.playground.word()") == word
    x, t = DATA_SETS[name](500, NOISE[name], 99)  # other points of the same kind
    assert (net.classify(x) == t).mean() > 0.97


@pytest.mark.integration
def test_own_points_are_set_by_pointer_keys_and_text(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#play=data:own;held:0&lang=en")
    assert "both classes" in tab.get_by_test_id("play-note").inner_text()
    assert tab.get_by_test_id("play-toggle").is_disabled()
    surface = tab.get_by_test_id("surface")
    surface.click(position={"x": 50, "y": 60})
    surface.press("ArrowLeft")
    surface.press("Shift+ArrowDown")
    surface.press("0")
    own = "pellucid.playground.start.own"
    (_, _, first), (x, y, second) = numbers(tab, own)
    assert (first, second) == (1, 0)
    assert numbers(tab, "pellucid.playground.cursor") == pytest.approx([x, y], abs=1e-3)
    assert tab.get_by_test_id("play-toggle").is_enabled()
    surface.press("Delete")
    assert len(numbers(tab, own)) == 1
    surface.press("Control+z")
    assert len(numbers(tab, own)) == 2
    tab.get_by_test_id("play-epoch").click()
    same_as(tab, python(code_of(tab)))

    tab.get_by_text("Points from a CSV file").click()
    tab.get_by_test_id("play-paste").fill("x,y,who\n0,0,cat\n5,5,dog\n1,0,cat\n4,5,dog\n")
    tab.get_by_test_id("play-take").click()
    told = tab.get_by_test_id("play-read").inner_text()
    assert told == "4 points; class 0 is “cat”, class 1 is “dog”."
    center, _, half = numbers(tab, "pellucid.playground.view")
    assert center == 2.5 and half > 2.5
    tab.get_by_test_id("play-paste").fill("1,2\n")
    tab.get_by_test_id("play-take").click()
    assert "Line 1 has 2 cells" in tab.get_by_test_id("play-read").inner_text()


@pytest.mark.integration
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_networks_come_from_python_and_go_back(
    file: str, visit: Visit, tmp_path: Path, output: str
) -> None:
    x, t = pl.circles(200, seed=1)
    net = pl.mlp([2, 5, 1 if output == "sigmoid" else 2], "relu", output, seed=4)
    pl.train(net, x, t, epochs=20, optimizer=pl.Adam(0.02), progress=False)
    net.save(tmp_path / "mine.safetensors")
    tab = visit(f"{file}#play=data:circles&lang=en")
    with tab.expect_file_chooser() as chooser:
        code_of(tab)
        tab.get_by_test_id("play-open").click()
    chooser.value.set_files(tmp_path / "mine.safetensors")
    tab.get_by_text("mine.safetensors: its weights").wait_for()
    assert tab.locator(".tile").count() == 2 + 5 + (1 if output == "sigmoid" else 2)
    exact = net.astype("float64")
    same_as(tab, exact)
    tab.get_by_test_id("play-epoch").click()
    code = code_of(tab).replace("mine.safetensors", str(tmp_path / "mine.safetensors"))
    trained = python(code)
    same_as(tab, trained)
    with tab.expect_download() as download:
        tab.get_by_test_id("play-save").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    again = pl.load(saved)
    assert again.dtype == np.float64
    for ours, theirs in zip(again.params, trained.params, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=CLOSE, atol=CLOSE)

    pl.mlp([3, 2, 1], output="sigmoid").save(tmp_path / "three.safetensors")
    with tab.expect_file_chooser() as chooser:
        tab.get_by_test_id("play-open").click()
    chooser.value.set_files(tmp_path / "three.safetensors")
    tab.get_by_text("networks of 2 inputs; this one has 3").wait_for()


@pytest.mark.integration
def test_the_page_of_a_network_of_two_inputs_begins_there(visit: Visit, tmp_path: Path) -> None:
    x, t = pl.xor(200, seed=0)
    net = pl.mlp([2, 8, 1], "tanh", "sigmoid", seed=0, dtype="float64")
    pl.train(net, x, t, epochs=60, optimizer=pl.Adam(0.02), progress=False)
    page(net, tmp_path / "xor.html")
    tab = visit(f"{(tmp_path / 'xor.html').as_uri()}#lang=en")
    tab.get_by_test_id("surface").wait_for()
    assert tab.get_by_test_id("play-data").input_value() == "xor"  # the set that it classifies best
    same_as(tab, net)
    tab.get_by_test_id("playground").click()
    tab.get_by_test_id("panel-change").wait_for()
    assert "play=off" in tab.evaluate("() => location.hash")


@pytest.mark.integration
def test_numbers_at_the_cross_are_pythons(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#play=data:moons;epoch:5&lang=en")
    tab.wait_for_function(f"() => {RECORDS}.length === 5")
    box = tab.get_by_test_id("surface").bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.2 * box["height"])
    tab.get_by_test_id("field-1-2").click()
    net, cursor = python(code_of(tab)), numbers(tab, "pellucid.playground.cursor")
    trace = net.forward(np.array([cursor]))
    shown = tab.get_by_test_id("play-sum").inner_text().replace("−", "-")
    np.testing.assert_allclose(float(shown), trace[0][0, 2], atol=0.005)
    weight = tab.get_by_test_id("play-weight-1")
    np.testing.assert_allclose(float(weight.input_value()), affine(net, 0).W[1, 2], rtol=1e-5)
    np.testing.assert_allclose(
        float(tab.get_by_test_id("play-bias").input_value()), bias(net, 0)[2], rtol=1e-5
    )


@pytest.mark.integration
def test_a_training_that_diverges_says_so(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#play=activation:relu;optimizer:sgd;rate:100&lang=en")
    weight = tab.get_by_test_id("play-bias")
    weight.fill("1e308")
    weight.press("Enter")
    tab.get_by_test_id("play-toggle").click()
    tab.get_by_text("infinite or NaN").wait_for()
    assert np.isfinite(np.concatenate(numbers(tab, WEIGHTS))).all()


@pytest.mark.integration
@pytest.mark.parametrize(("turn", "width"), list(enumerate(WIDTHS)))
@pytest.mark.parametrize("language", ["en", "ko"])
def test_it_fits_and_axe_finds_nothing(
    file: str, visit: Visit, audit: Callable[..., None], turn: int, width: int, language: str
) -> None:
    word = "data:own;hidden:8,8,8,8,8,8;points:0.1,0.2,0,0.5,0.5,1"
    tab = visit(f"{file}#play={word}&lang={language}&theme={THEMES[turn % len(THEMES)]}", width)
    for summary in tab.locator("summary").all():
        summary.click()
    settle(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    audit(tab, width, turn, turn % 2, 2)


@pytest.mark.integration
def test_digits_are_trained_without_a_server_as_in_python(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#p=learn&lang=en")
    assert "400 of the MNIST test digits" in tab.inner_text(".panel")
    tab.get_by_test_id("train-epoch").click()
    tab.wait_for_function(
        "() => document.querySelector('[data-testid=accuracy]').value !== undefined"
        " && /epoch 1, batch 40/.test(document.querySelector('.panel').innerText)"
    )
    test, chosen = pl.mnist().test, np.arange(0, 10_000, 20)
    x, t, held = test.images[chosen], test.labels[chosen], np.arange(500) % 5 == 4
    net = pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid", pixels=True, seed=0, dtype="float64")
    history = pl.train(
        net, x[~held], t[~held], validation=(x[held], t[held]), progress=False, batch_size=10,
        optimizer=pl.SGD(1.0, momentum=0.9), epochs=1, engine="reference",
    )  # fmt: skip
    ours = numbers(
        tab, "pellucid.network.layers.flatMap((l) => Object.values(l.arrays).map((a) => a.data))"
    )
    for found, theirs in zip(ours, net.params, strict=True):
        np.testing.assert_allclose(found, theirs.ravel(), rtol=CLOSE, atol=CLOSE)
    loss = float(attribute(tab.get_by_test_id("loss"), "value"))
    np.testing.assert_allclose(loss, history["loss"][0], rtol=CLOSE)
    tab.get_by_test_id("panel-evaluate").click()
    tab.wait_for_function("() => /\\b100\\b/.test(document.querySelector('.panel').innerText)")
