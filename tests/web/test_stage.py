"""The picture of the network: connections, places, signals, pixels, and a hidden answer."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pellucid as pl
from pellucid.core.types import Array
from pellucid.files.model import to_bytes
from pellucid.web import SHIPPED, page
from tests.web.kinds import AUDITED, Audit, Node, Tab, Visit, affine, area_of, attribute
from tests.web.test_access import PANELS
from tests.web.test_page import by_mouse, path_of, settle

PLACES = """() => JSON.stringify(Array.from(document.querySelectorAll(".network .lamp"), (e) => {
  const { x, y, width } = e.getBoundingClientRect();
  return [x, y, width].map(Math.round); }))"""


def set_state(tab: Tab, state: str) -> None:
    tab.evaluate(f"pellucid.page.store.set({state})")
    settle(tab)


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (960, 600)])
def test_every_neuron_has_one_place(file: str, visit: Visit, size: tuple[int, int]) -> None:
    """One column for each layer, in sight, whatever is opened. 960 x 600 is 1440 x 900 at 150 %."""
    tab = visit(f"{file}#t=500&lang=en", *size)
    places = tab.evaluate(PLACES)
    for state in (
        "{ neuron: { layer: 1, index: 3 } }",
        "{ neuron: { layer: 2, index: 5 }, panel: 'change' }",
        "{ neuron: null, panel: 'backprop' }",
        "{ neuron: { layer: 0, index: 405 }, panel: null }",
        "{ neuron: null, hidden: ['answer'] }",
    ):
        set_state(tab, state)
        assert tab.evaluate(PLACES) == places, state
    lamps = np.array(tab.evaluate(f"JSON.parse(({PLACES})())"))
    assert len(set(lamps[:, 0])) == 3  # columns
    assert lamps[:, 1].min() >= 0 and (lamps[:, 1] + lamps[:, 2]).max() <= size[1]


CARRYING = """
import { carrying } from "./views/links.js";
import { Network } from "./network/network.js";

const network = Network.read(Uint8Array.from(data.model).buffer);
const places = network.neuronLayers.slice(1).map((layer) => ({
  layer, thumb: 0, r: 5,
  neurons: Array.from({ length: layer.size }, (_, i) => ({ x: 100 * layer.number, y: i })),
}));
const place = { picture: { x: 0, y: 0, width: 28, height: 28 }, layers: places };
const pass = network.forward(data.x);
const state = { hidden: data.hidden, revealed: null, input: {} };
return carrying(place, { network, pass, state }).map(({ layer, links }) => ({
  layer,
  links: links.map(({ from, to, minus, share }) => ({ from, to, minus, share })),
}));
"""


def test_lines_carry_the_strongest_products(node: Node) -> None:
    """Of each neuron the largest products of weight and activation, by sign; none into hidden
    outputs.
    """
    net = pl.load(SHIPPED).astype("float64")
    x = pl.mnist().test.images[500].reshape(1, 784)
    trace = net.forward(x)
    given = {"model": list(SHIPPED.read_bytes()), "x": x.ravel().tolist(), "hidden": []}
    layers = node(CARRYING, given)
    assert [one["layer"] for one in layers] == [1, 2, 3]
    for one, at, most in zip(layers, (2, 4, 6), (7, 9, 9), strict=True):
        products = trace[at - 1].ravel()[:, None] * affine(net, at).W
        largest = np.abs(products).max()
        for neuron in range(products.shape[1]):
            own = [link for link in one["links"] if link["to"]["y"] == neuron]
            order = np.argsort(-np.abs(products[:, neuron]), kind="stable")[:most]
            order = order[np.abs(products[order, neuron]) > 0.05 * largest]
            np.testing.assert_allclose(
                [link["share"] for link in own], np.abs(products[order, neuron]) / largest
            )
            assert [link["minus"] for link in own] == (products[order, neuron] < 0).tolist()
            if at == 2:
                pixels = [
                    int(link["from"]["y"] - 0.5) * 28 + int(link["from"]["x"]) for link in own
                ]
                assert pixels == order.tolist()
    hidden = node(CARRYING, {**given, "hidden": ["answer"]})
    assert [one["layer"] for one in hidden] == [1, 2]


DARK = "document.querySelectorAll('.waiting').length"
INK_OF = """(one) => {
  const copy = new OffscreenCanvas(one.width, one.height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(one, 0, 0);
  const { data } = context.getImageData(0, 0, one.width, one.height);
  return data.some((value, i) => i % 4 === 3 && value > 0); }"""
INK = f"(name) => ({INK_OF})(document.querySelector(name))"


def test_signals_run_and_a_stroke_stops_them(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=500&lang=en", reduced_motion="no-preference")
    tab.wait_for_function(f"() => !({DARK})")  # those of the beginning
    seen = (
        "() => { window.dark = []; new MutationObserver(() => dark.push(" + DARK + ")).observe("
        "document.querySelector('.network'), { subtree: true, attributeFilter: ['class'] }); }"
    )
    tab.evaluate(seen)
    tab.get_by_test_id("load-next").click()
    tab.wait_for_function("() => dark.includes(3) && dark.includes(2) && dark.at(-1) === 0")
    tab.wait_for_function(f"() => !({INK})('.signals')")
    tab.evaluate("dark.length = 0")
    tab.keyboard.press("p")
    tab.wait_for_function("() => dark.includes(3)")
    area = area_of(tab.get_by_test_id("drawing"))
    tab.mouse.move(area["x"] + 50, area["y"] + 50)
    tab.mouse.down()
    assert tab.evaluate(DARK) == 0 and not tab.evaluate(INK, ".signals")
    tab.mouse.move(area["x"] + 90, area["y"] + 90)
    tab.mouse.up()
    tab.wait_for_function(f"() => ({INK})('.signals')")  # the drawing's own
    assert tab.evaluate(DARK) == 0  # neurons were lit while it was drawn, and stay so
    tab.wait_for_function(f"() => !({INK})('.signals')")


def test_no_signals_where_motion_is_reduced(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=500&lang=en")
    for _ in range(2):
        assert not tab.get_by_test_id("signals-play").is_visible()
        assert tab.evaluate(DARK) == 0 and not tab.evaluate(INK, ".signals")
        tab.get_by_test_id("load-next").click()
        tab.keyboard.press("p")
        settle(tab)
    assert tab.evaluate(INK, ".carrying") and tab.evaluate(INK, ".thumbs")


def test_pixels_are_chosen_by_pointer_and_keys(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=500&p=numbers&lang=en")
    net = pl.load(SHIPPED).astype("float64")
    x = pl.mnist().test.images[500].reshape(784) / 255
    inputs, detail = tab.get_by_test_id("inputs"), tab.get_by_test_id("neuron-detail")
    area = area_of(inputs)
    index = 13 * 28 + 15
    tab.mouse.click(area["x"] + 15.5 * area["width"] / 28, area["y"] + 13.5 * area["height"] / 28)
    for key, step in ((None, 0), ("ArrowDown", 28), ("ArrowLeft", -1)):
        if key:
            inputs.press(key)
        index += step
        settle(tab)
        assert tab.evaluate("pellucid.look.state.neuron") == {"layer": 0, "index": index}
        row, column = divmod(index, 28)
        assert f"Row {row + 1}, column {column + 1}: {x[index]:.2f}" in detail.inner_text()
        assert float(attribute(tab.get_by_test_id("pixel-value"), "value")) == pytest.approx(
            x[index], abs=1e-6
        )
        assert f"column {column + 1}: " in tab.get_by_test_id("numbers-chosen").inner_text()
    products = x[index] * affine(net, 2).W[index]
    sentence = detail.locator("li").first.inner_text()
    assert f"{affine(net, 2).W[index, 0]:.2f}".replace("-", "−") in sentence
    bright = int(np.argmax(x))
    set_state(tab, f"{{ neuron: {{ layer: 0, index: {bright} }} }}")
    assert tab.locator(".links line").count() == 16
    minus = np.count_nonzero(affine(net, 2).W[bright] < 0)
    assert tab.locator(".links line.minus").count() == minus
    assert products.shape == (16,)
    tab.get_by_test_id("numbers").press("Escape")
    settle(tab)
    assert tab.evaluate("pellucid.look.state.neuron") is None
    again = visit(f"{file}#t=500&n=0.{bright}&lang=en")
    assert "Row" in again.get_by_test_id("neuron-detail").inner_text()


UNTRAINED = """
import { untrained } from "./views/weights.js";
import { Network } from "./network/network.js";

const network = Network.read(Uint8Array.from(data).buffer);
const store = { state: { member: null } };
const page = { whole: network, base: network, opened: network, first: null, store };
const found = untrained(page, network);
return { how: found.how, seed: found.seed, weights:
  found.network?.neuronLayers.slice(1).map(({ affine }) => Array.from(affine.arrays.W.data)) };
"""


def test_weights_before_training_are_those_of_the_seed(node: Node) -> None:
    found = node(UNTRAINED, list(SHIPPED.read_bytes()))
    assert (found["how"], found["seed"]) == ("seed", 0)
    net = pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid", pixels=True, seed=0, dtype="float64")
    for at, weights in zip((2, 4, 6), found["weights"], strict=True):
        np.testing.assert_array_equal(affine(net, at).W.ravel(), weights)
    other = to_bytes(net.layers, {**net.header(), "record": {}})
    assert node(UNTRAINED, list(other))["how"] == "none"


def test_all_weights_of_a_layer(file: str, visit: Visit, audit: Audit) -> None:
    """Two images of each neuron, in both languages; a click chooses the neuron."""
    for turn, language in enumerate(("en", "ko")):
        for width in AUDITED:
            tab = visit(f"{file}#t=500&p=weights&lang={language}&hide=answer", width)
            assert tab.locator(".pairs li").count() == 16
            assert "0" in tab.get_by_test_id("weights-before").inner_text()
            inked = tab.evaluate(
                "() => Array.from(document.querySelectorAll('.pairs canvas'), (one) =>"
                f" ({INK_OF})(one))"
            )
            assert len(inked) == 32 and all(inked)
            audit(tab, width, turn, turn, 2)
    tab.locator(".pairs button").nth(5).click()
    settle(tab)
    assert tab.evaluate("pellucid.look.state.neuron") == {"layer": 1, "index": 5}
    tab.locator("#weights-layer").select_option("3")
    settle(tab)
    assert not tab.locator(".pairs").is_visible()  # the outputs' weights tell the answer
    tab.keyboard.press("Escape")


STATES = ("t=500&p=numbers&n=0.405", "t=740&hide=answer&n=3.4&p=why", "t=500&large=1&n=1.3")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_axe_finds_nothing_in_the_new_views(
    file: str, visit: Visit, audit: Audit, language: str
) -> None:
    for turn, state in enumerate(STATES):
        theme = ("light", "dark", "contrast")[turn]
        for width in AUDITED:
            tab = visit(f"{file}#{state}&lang={language}&theme={theme}", width)
            settle(tab)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            audit(tab, width, turn, int(language == "ko"), 2)


WRITTEN = """() => Array.from(document.querySelectorAll(".network .value"), (e) => {
  const text = e.getBoundingClientRect();
  const lamp = e.parentElement.querySelector(".lamp").getBoundingClientRect();
  const size = parseFloat(getComputedStyle(e).fontSize);
  return { size, inside: !e.matches(".beside"), over: text.width - lamp.width }; })"""


def test_presented_values_are_large(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=500&lang=en", 1920, 1080)
    assert tab.get_by_test_id("panel-why").is_visible()
    tab.keyboard.press("f")
    tab.wait_for_selector("html[data-large]")
    tab.wait_for_function(
        "() => parseFloat(document.querySelector('.network .value')"
        ".getAttribute('font-size')) >= 24"
    )
    values = tab.evaluate(WRITTEN)
    assert len(values) == 42 and min(one["size"] for one in values) >= 24
    assert all(one["over"] <= 0 for one in values if one["inside"])
    lamps = np.array(tab.evaluate(f"JSON.parse(({PLACES})())"))
    height = tab.evaluate("innerHeight")
    assert lamps[:, 1].min() >= 0 and (lamps[:, 1] + lamps[:, 2]).max() <= height
    assert not tab.get_by_test_id("panel-why").is_visible()
    tab.wait_for_function("() => location.hash.includes('large=1')")
    tab.get_by_test_id("present").click()
    settle(tab)
    assert tab.get_by_test_id("panel-why").is_visible()


def test_no_number_leaves_its_circle(visit: Visit, tmp_path: Path) -> None:
    net = pl.mlp([784, 16, 10], pixels=True, seed=0)
    affine(net, 2).W *= 40
    page(net, tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#t=500")
    values = tab.evaluate(WRITTEN)
    assert any(one["inside"] for one in values)
    assert all(one["over"] <= 0 for one in values if one["inside"])


def test_names_and_bars_fit_on_a_phone(visit: Visit, tmp_path: Path) -> None:
    names = ["a rather long name", "가나다라마바사", "c", *"defghij"]
    net = pl.mlp([784, 16, 10], output="softmax", pixels=True, seed=0)
    net.classes = names
    page(net, tmp_path / "page.html")
    for width in (360, 390):
        tab = visit((tmp_path / "page.html").as_uri() + "#t=500", width, 844)
        edges = tab.evaluate(
            "() => { const right = (e) => e.getBoundingClientRect().right;"
            " const end = right(document.querySelector('.stage-frame'));"
            " return Array.from(document.querySelectorAll('.network :is(.name, .track, .value)'),"
            " (e) => end - right(e)); }"
        )
        assert min(edges) >= -1


# The network on show with its outputs in another order.
PERMUTE = """(order) => { const net = pellucid.page.opened.copy();
  const { W, b } = net.neuronLayers.at(-1).affine.arrays;
  const [rows, columns] = W.shape;
  const [w, v] = [W.data.slice(), b.data.slice()];
  for (let k = 0; k < columns; k++) {
    b.data[k] = v[order[k]];
    for (let d = 0; d < rows; d++) W.data[d * columns + k] = w[d * columns + order[k]];
  }
  pellucid.page.types = "";  // all views are made anew, for this network
  pellucid.page.use(net); }"""
SEEN = """() => { pellucid.page.navigation.write();
  const { title, body, documentElement } = document;
  const root = documentElement.outerHTML.split(">")[0];
  return [root, body.outerHTML, title, location.hash].join(); }"""


ANSWERED = """panel: null, answers: Object.fromEntries(("pixel dark neuron weight sum sigmoid bias "
  + "layer hope network matrix count activations learning torch own").split(" ")
  .map((id) => [id, "shown"]))"""


def pixels(screenshot: bytes) -> Array:
    return np.array(Image.open(BytesIO(screenshot)).convert("RGB")).astype(int)


def test_a_hidden_answer_leaves_no_trace(file: str, visit: Visit) -> None:
    """Two networks with permuted outputs are the same page, to elements, attributes and pixels."""
    tab = visit(f"{file}#t=740&hide=answer&lang=en")
    states = [
        "{}",
        "{ neuron: { layer: 2, index: 5 } }",
        "{ pointed: { layer: 3, index: 9 }, neuron: { layer: 3, index: 4 } }",
        "{ pointed: { layer: 2, index: 5 }, neuron: { layer: 1, index: 5 } }",
        *(f"{{ panel: '{name}', neuron: null }}" for name in PANELS),
        *(f"{{ ...pellucid.page.lesson({step}), {ANSWERED} }}" for step in range(1, 17)),
    ]

    def look(order: list[int], state: str) -> tuple[str, bytes]:
        set_state(tab, "{ neuron: null, pointed: null, panel: null, step: null }")
        tab.evaluate(PERMUTE, order)
        settle(tab)
        set_state(tab, state)
        settle(tab)
        return tab.evaluate(SEEN), b"" if "panel" in state else tab.screenshot()

    usual, other = list(range(10)), [3, 4, 5, 6, 7, 8, 9, 0, 1, 2]
    for state in states:
        first, second = look(usual, state), look(other, state)
        assert first[0] == second[0], state
        if "panel" not in state:
            # A hundredth of a shade is the browser's own, at rounded corners.
            assert np.abs(pixels(first[1]) - pixels(second[1])).max() <= 2, state
    assert "label 4" not in tab.inner_text("body")
    shown = {}
    for order in (usual, other):
        tab.evaluate(PERMUTE, order)
        set_state(tab, "{ step: null, revealed: null, input: pellucid.page.testDigit(740) }")
        tab.keyboard.press("r")
        settle(tab)
        shown[order[0]] = tab.get_by_test_id("prediction").inner_text()
    assert shown == {0: "9", 3: "6"}
    by_mouse(tab, path_of(7))  # the next drawing is hidden again
    settle(tab)
    assert tab.get_by_test_id("prediction").inner_text() == "?"
    tab.get_by_test_id("reveal").click()
    settle(tab)
    assert tab.get_by_test_id("prediction").inner_text() != "?"
    assert tab.evaluate("document.activeElement.dataset.testid") == "predict-first"
    tab.get_by_test_id("predict-first").click()
    settle(tab)
    assert tab.evaluate("pellucid.look.state.hidden") == []
