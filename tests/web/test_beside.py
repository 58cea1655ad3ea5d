"""Panels open beside the network or in sight, say what is true, and can be left again."""

import numpy as np
import pytest

import pellucid as pl
from pellucid.web import SHIPPED
from tests.web.kinds import Node, Visit, affine, area_of, attribute
from tests.web.test_access import PANELS
from tests.web.test_page import by_mouse, path_of, prediction, read_number, settle

COVERED = """() => Array.from(document.querySelectorAll(".neuron")).filter((neuron) => {
  const { left, right, top, bottom } = neuron.querySelector(".lamp").getBoundingClientRect();
  const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return top < 0 || bottom > innerHeight || !neuron.contains(hit); }).length"""
SEEN = """(selector) => { const box = document.querySelector(selector).getBoundingClientRect();
  const at = document.elementFromPoint(box.left + 8, Math.max(box.top, 0) + 8);
  const seen = box.top >= -1 && box.top < innerHeight - 40;
  return seen && document.querySelector(selector).contains(at); }"""


@pytest.mark.parametrize("size", [(1440, 900), (1366, 768), (1100, 800)])
def test_a_tool_opens_beside_the_whole_network(
    file: str, visit: Visit, size: tuple[int, int]
) -> None:
    """After a click the tool is in sight and has the focus.

    Every neuron is in sight, and nothing lies over one.
    """
    tab = visit(f"{file}#t=740&n=2.3&lang=en", *size)
    for name in PANELS:
        tab.get_by_test_id(f"panel-{name}").click()
        settle(tab)
        assert tab.evaluate(SEEN, ".panel"), name
        assert tab.evaluate("document.activeElement.id") == "panel-title"
        assert tab.evaluate("scrollY") == 0 and tab.evaluate(COVERED) == 0, name
        assert tab.evaluate("document.documentElement.scrollWidth") <= size[0], name
    tab.get_by_test_id("panel-close").click()
    assert tab.evaluate("document.activeElement.dataset.testid") == "panel-share"


def test_on_a_phone_a_tool_comes_into_sight(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=740&lang=en", 360, 740, reduced_motion="reduce")
    for name in ("why", "evaluate"):
        tab.get_by_test_id(f"panel-{name}").click()
        tab.wait_for_function(
            "() => Math.abs(scrollY - (window.was ?? -1)) < 1 || ((window.was = scrollY), false)"
        )
        top = area_of(tab.locator(".panel"))["y"]
        assert 60 < top < 200, name
    tab.get_by_test_id("neuron-2-3").click()
    settle(tab)
    detail = area_of(tab.get_by_test_id("neuron-detail"))
    assert (
        detail["y"] >= 0.5 * 740 and detail["y"] + detail["height"] <= 741
    )  # a sheet over the lower part


def test_where_output_goes_follows_the_network(file: str, visit: Visit) -> None:
    """After an edit, its undoing and another base the bars are those of the shown network."""
    tab = visit(f"{file}#t=740&n=2.3&lang=en")
    bar = tab.get_by_test_id("neuron-detail").locator(".bars").last.locator(".value").first
    shown = []
    for edits in ("[{ kind: 'weight', layer: 3, from: 3, neuron: 0, value: 9 }]", "[]"):
        tab.evaluate(f"() => pellucid.page.edit({edits})")
        settle(tab)
        weight, activation = tab.evaluate(
            "() => { const { network, pass } = pellucid.look;"
            " const { W } = network.neuronLayers[3].affine.arrays;"
            " return [W.data[3 * 10], network.activations(pass, 2)[3]]; }"
        )
        shown.append(read_number(bar.inner_text()))
        assert shown[-1] == pytest.approx(weight * activation, abs=0.051)
    assert shown[0] != shown[1]
    tab.evaluate(
        "() => { const { page, network } = pellucid; const other = network.copy();"
        " other.neuronLayers[3].affine.arrays.W.data[30] = -7; page.use(other); }"
    )
    settle(tab)
    assert read_number(bar.inner_text()) == pytest.approx(-7 * activation, abs=0.051)


def test_a_neuron_that_is_off_says_so(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=740&n=1.3&lang=en")
    detail, button = tab.get_by_test_id("neuron-detail"), tab.get_by_test_id("neuron-off")
    button.click()
    settle(tab)
    assert "Switched off" in detail.inner_text() and "1000" not in detail.inner_text()
    assert not tab.get_by_test_id("bias-slider").is_visible()
    assert attribute(tab.get_by_test_id("neuron-1-3"), "aria-label").endswith(
        "switched off, activation 0"
    )
    assert button.inner_text() == "Switch on again"
    button.click()
    settle(tab)
    assert (
        detail.locator("canvas").count() == 2
        and tab.evaluate("pellucid.look.state.edits.length") == 0
    )


def test_every_test_digit_has_its_number(server: str, file: str, visit: Visit) -> None:
    label = pl.mnist().test.labels[741]
    for _ in range(2):  # by the field, and by the address that it gives
        tab = visit(f"{server}#t=741&lang=en" if _ else f"{server}#lang=en")
        if not _:
            tab.get_by_test_id("load-number").fill("741")
            tab.keyboard.press("Enter")
        tab.get_by_text(f"test digit 741, label {label}").wait_for()
        np.testing.assert_array_equal(
            tab.evaluate("Array.from(pellucid.look.state.input.values)"),
            pl.mnist().test.images[741].ravel(),
        )
        tab.evaluate("pellucid.page.navigation.write()")
        assert "t=741" in tab.url
    tab = visit(f"{file}#t=741&lang=en")
    assert "Test digit 741 is not in this page" in tab.inner_text("main")
    tab.evaluate("pellucid.page.navigation.write()")
    assert "t=741" in tab.url


def test_back_goes_back_and_keeps_the_drawing(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#lang=en")
    by_mouse(tab, path_of(7))
    tab.get_by_test_id("neuron-2-3").click()
    tab.get_by_test_id("panel-count").click()
    settle(tab)
    tab.get_by_test_id("clear").click()
    by_mouse(tab, path_of(1))
    state = (
        "() => { const { panel, neuron } = pellucid.page.store.state;"
        " return [panel, neuron !== null]; }"
    )
    for found in (["count", True], [None, True], [None, False]):
        settle(tab)
        assert tab.evaluate(state) == found
        assert prediction(tab) == "1"
        if found[1]:
            tab.go_back()
    tab.go_forward()
    settle(tab)
    assert tab.evaluate(state) == [None, True]


def test_the_page_begins_with_something_to_see(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#lang=en")
    assert prediction(tab) == "3" and "Example: test digit 500" in tab.inner_text("main")
    by_mouse(tab, path_of(7))  # drawn over the example: it makes room
    assert prediction(tab) == "7"
    tab.get_by_test_id("clear").click()
    settle(tab)
    assert tab.get_by_text("Draw a digit here").is_visible()
    tab.evaluate("pellucid.page.navigation.write()")
    tab.reload()
    assert prediction(tab) == "–"  # what was cleared stays so
    tab.get_by_test_id("start-why").click()
    settle(tab)
    assert prediction(tab) == "9" and tab.get_by_test_id("why-about").is_visible()


def test_why_says_which_neurons_speak_for_the_answer(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=740&p=why&lang=en")
    said = tab.get_by_test_id("why-against").inner_text()
    trace = pl.load(SHIPPED).astype("float64").forward(pl.mnist().test.images[740].reshape(1, 784))
    W = affine(pl.load(SHIPPED).astype("float64"), 6).W
    shares = (W[:, 9] - W[:, 4]) * trace[5][0]
    gap = trace[6][0, 9] - trace[6][0, 4]
    assert said.startswith(f"9 and not 4: its weighted sum is larger by {gap:.2f}.")
    order = np.argsort(shares)
    assert ", ".join(f"{d} (+{shares[d]:.2f})" for d in order[::-1][:3]) in said
    tab.get_by_test_id("clear").click()
    settle(tab)
    assert tab.get_by_test_id("why-about").inner_text().startswith("Draw first")
    assert not tab.get_by_test_id("why-picture").is_visible()


def test_sums_add_up_as_they_are_shown(node: Node) -> None:
    """What stands in a sum adds up as it is printed, with no more digits than that takes."""
    rng = np.random.default_rng(0)
    rows = [[a, b, a + b] for a, b in rng.normal(0, 3, (200, 2)).tolist()]
    for a, b, c in node(
        'import { roundedSum } from "./format.js";\n\nreturn data.map(roundedSum);', rows
    ):
        digits = len(a.partition(".")[2])
        assert digits >= 2
        assert round(read_number(a) + read_number(b) - read_number(c), digits) == 0, (a, b, c)


def test_aria_values_are_words(file: str, visit: Visit) -> None:
    """An empty ARIA value reads as none at all."""
    tab = visit(f"{file}#step=1&t=740&n=1.3&lang=en")
    for name in PANELS:
        tab.get_by_test_id(f"panel-{name}").click()
        settle(tab)
        found = tab.evaluate(
            "() => Array.from(document.querySelectorAll('*')).flatMap((e) => "
            "Array.from(e.attributes)"
            ".filter((a) => a.name.startsWith('aria-') && a.value === '').map((a) => "
            "`${e.tagName} ${a.name}`))"
        )
        assert found == [], name


def test_the_network_itself_is_no_stop_of_the_tab_key(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=740&lang=en")
    stops = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        stops.append(tab.evaluate("document.activeElement.className.baseVal ?? ''"))
    assert "neuron" in stops and "network" not in stops


def test_play_says_what_it_replaces(server: str, visit: Visit) -> None:
    tab = visit(f"{server}#t=740&p=learn&lang=en")
    assert "replaces the network on show" in tab.inner_text(".panel")
    assert not tab.get_by_test_id("train-opened").is_visible()
    tab.get_by_test_id("train-step").click()
    tab.get_by_text("the network trained here").wait_for()
    tab.wait_for_function("() => document.querySelector('[data-testid=loss]').textContent !== '–'")
    tab.evaluate("pellucid.page.edit([{ kind: 'off', layer: 1, neuron: 5 }])")
    tab.get_by_text("of the network in training, without your changes").wait_for()
    tab.get_by_test_id("panel-share").click()
    tab.locator(".panel").get_by_text(
        "The link does not hold a network that was trained here"
    ).wait_for()
    tab.get_by_test_id("panel-learn").click()
    tab.evaluate("pellucid.page.edit([])")
    tab.get_by_test_id("train-opened").click()
    tab.get_by_text("95.8 % of 10,000 test digits right").wait_for()
    assert tab.get_by_test_id("loss").inner_text() == "–"  # that is another network's
    assert prediction(tab) == "9"
