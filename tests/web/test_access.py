"""The page without a mouse, by ear, in high contrast and without motion."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.web.kinds import AUDITED, Visit, area_of
from tests.web.test_page import by_mouse, path_of, settle

LANGUAGES = ("en", "ko")
PANELS = (
    "why",
    "change",
    "learn",
    "backprop",
    "evaluate",
    "numbers",
    "weights",
    "count",
    "matrix",
    "torch",
    "digits",
    "share",
)

# What has the focus: its name for tests, else its label, and whether one sees that it has it.
FOCUSED = """() => {
  const e = document.activeElement;
  const area = e.getBoundingClientRect();
  const style = getComputedStyle(e.matches(".neuron") ? e.querySelector(".lamp") : e);
  const width = e.matches(".neuron") ? style.strokeWidth : style.outlineWidth;
  const marked = parseFloat(width) >= (e.matches(".neuron") ? 3 : 2);
  const inside =
    area.bottom > 0 && area.top < innerHeight && area.right > 0 && area.left < innerWidth;
  return [e.dataset.testid ?? e.id ?? e.tagName, marked && inside];
}"""


def test_tab_goes_through_the_page_as_it_is_read(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=40&n=2.5&step=5&p=count&lang=en", reduced_motion="reduce")
    order = []
    for _ in range(60):
        tab.keyboard.press("Tab")
        name, seen = tab.evaluate(FOCUSED)
        assert seen, name
        order.append(name or tab.evaluate("document.activeElement.textContent.trim()"))
        if name == "panel-share":
            break
    expected = [
        "Skip to the drawing",
        "lesson-open",
        "theme",
        "language",
        "lesson-close",
        "lesson-next",
        "drawing",
        "clear",
        "brightness",
        "load-next",
        "neuron-1-0",
        "neuron-2-0",
        "neuron-3-0",
        "panel-why",
        "panel-share",
    ]
    places = [order.index(name) for name in expected]
    assert places == sorted(places), order


def test_arrows_go_among_neurons_and_escape_closes(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=40&lang=en")
    here = "document.activeElement.dataset.testid"
    tab.get_by_test_id("neuron-1-0").focus()
    for key, found in (
        ("ArrowDown", "neuron-1-1"),
        ("End", "neuron-1-15"),
        ("ArrowRight", "neuron-2-15"),
        ("ArrowRight", "neuron-3-9"),
        ("Home", "neuron-3-0"),
        ("ArrowUp", "neuron-3-0"),
        ("ArrowLeft", "neuron-2-0"),
    ):
        tab.keyboard.press(key)
        assert tab.evaluate(here) == found
        stops = f'[data-layer="{found.split("-")[1]}"][tabindex="0"]'  # Tab finds one a layer
        assert tab.locator(stops).count() == 1, found
    tab.keyboard.press("Space")
    settle(tab)
    assert tab.evaluate("pellucid.look.state.neuron") == {"layer": 2, "index": 0}
    tab.keyboard.press("Escape")
    tab.get_by_test_id("panel-share").press("Enter")
    settle(tab)
    tab.locator("#share-language").focus()
    tab.keyboard.press("Escape")
    settle(tab)
    assert tab.evaluate("[pellucid.look.state.neuron, pellucid.look.state.panel]") == [None, None]
    assert tab.evaluate(here) == "panel-share"


def test_letters_are_no_keys_where_that_is_switched_off(file: str, visit: Visit) -> None:
    """As WCAG 2.1.4 asks; the page remembers it."""
    tab = visit(f"{file}#lang=en")
    large = "pellucid.look.state.large"
    for expected in (True, False):
        tab.keyboard.press("f")
        assert tab.evaluate(large) is expected
    settle(tab)  # presented, the page has no foot
    tab.get_by_test_id("letters").focus()
    tab.keyboard.press("Space")
    settle(tab)
    tab.keyboard.press("f")
    assert tab.evaluate(large) is False
    tab.reload()
    tab.wait_for_selector("html[data-ready]")
    assert not tab.get_by_test_id("letters").is_checked()
    tab.keyboard.press("f")
    assert tab.evaluate(large) is False


def test_the_answer_is_spoken_once_a_stroke_has_ended(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#lang=en")
    tab.evaluate(
        "() => { window.spoken = []; const e = document.querySelector('.answer [role=status]');"
        " new MutationObserver(() => spoken.push(e.textContent)).observe(e, "
        "{ childList: true, characterData: true,"
        " subtree: true }); }"
    )
    first, *rest = path_of(7)[0]
    area = area_of(tab.get_by_test_id("drawing"))
    at = [
        (area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in [first, *rest]
    ]
    tab.mouse.move(*at[0])
    tab.mouse.down()
    for point in at[1:]:
        tab.mouse.move(*point)
    tab.wait_for_timeout(1600)  # a rest within a stroke
    assert tab.evaluate("spoken") == []
    tab.mouse.up()
    tab.wait_for_function("() => spoken.length > 0")
    tab.wait_for_timeout(1000)
    answer, match = (tab.get_by_test_id(name).inner_text() for name in ("prediction", "confidence"))
    assert tab.evaluate("spoken") == [f"The network answers {answer}, {match}."]
    tab.evaluate(
        "pellucid.page.edit([{ kind: 'bias', layer: 3, neuron: 5, value: 30 }])"
    )  # another answer, nothing drawn
    tab.wait_for_function("() => spoken.at(-1) === 'The network answers 5, 1.00.'")
    tab.get_by_test_id("clear").click()
    tab.wait_for_function("() => spoken.at(-1) === 'No answer: the drawing is empty.'")


def test_nothing_moves_where_motion_is_reduced(file: str, visit: Visit) -> None:
    moving = (
        "Array.from(document.querySelectorAll('*')).filter((e) => { const s = getComputedStyle(e);"
        " return parseFloat(s.transitionDuration) > 0 || s.animationName !== 'none'; }).length"
    )
    assert visit(f"{file}#step=4", reduced_motion="no-preference").evaluate(moving) > 0
    tab = visit(f"{file}#step=4&p=learn", reduced_motion="reduce")
    settle(tab)
    assert tab.evaluate(moving) == 0


@pytest.mark.parametrize("settings", [{"forced_colors": "active"}, {"contrast": "more"}])
def test_the_systems_contrast(file: str, visit: Visit, settings: dict[str, Any]) -> None:
    """Neurons keep their light where colours are forced.

    Nothing is lost where more contrast is wanted.
    """
    tab = visit(f"{file}#t=40&n=1.5&step=4&p=count", **settings)
    by_mouse(tab, path_of(1))
    settle(tab)
    fills = tab.evaluate(
        "Array.from(document.querySelectorAll('.lamp'), (e) => getComputedStyle(e).fill)"
    )
    assert len(set(fills)) > 5
    results = Axe().run(tab)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.soak  # each panel has a test of its own, in both languages, where axe sees it once
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", AUDITED)
def test_axe_finds_nothing_in_any_panel(file: str, visit: Visit, language: str, width: int) -> None:
    tab = visit(f"{file}#t=740&n=2.5&lang={language}", width)
    for panel in PANELS:
        tab.get_by_test_id(f"panel-{panel}").click()
        settle(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, panel
        results = Axe().run(tab)
        assert results.violations_count == 0, f"{panel} {results.generate_report()}"


def test_all_panels_are_known_here(file: str, visit: Visit) -> None:
    tabs = visit(file).locator('[data-testid^="panel-"]:not([data-testid="panel-close"])')
    assert tabs.count() == len(PANELS)


# Use every control that is there, one after the other: buttons are clicked, choices gone through,
# sliders taken to both ends. Links and what is typed have tests of their own. Of each layer's
# neurons those of `numbers` are clicked, or all. Gives what there was.
EVERYTHING = """async ({ place, numbers }) => {
  const pause = async () => {
    pellucid.page.store.show(); // not at the next frame
    await new Promise((done) => setTimeout(done));
  };
  const skip = "[data-testid=load-image], [data-testid=open-model], [data-testid=language], "
    + "[data-testid=predict-first], "
    + "[data-testid^=panel-]";
  const controls = "button, select, input[type=range], input[type=checkbox], summary, .neuron"
    .split(", ").map((one) => `${place} ${one}`).join(", ");
  const asked = (e) => !numbers || !e.matches(".neuron")
    || numbers.includes(Number(e.dataset.testid.split("-")[2]));
  const find = () => Array.from(document.querySelectorAll(controls))
    .filter((e) => e.checkVisibility() && !e.matches(skip)).filter(asked);
  const nameOf = (e) => e.dataset.testid ?? (e.id || e.tagName + e.textContent);
  const used = new Set();
  for (;;) {
    const control = find().find((e) => !e.disabled && !used.has(nameOf(e)));
    if (!control) break;
    used.add(nameOf(control));
    if (control.matches("select")) {
      for (let k = control.options.length - 1; k >= 0 && control.isConnected; k--) {
        control.selectedIndex = k;
        control.dispatchEvent(new Event("change", { bubbles: true }));
        await pause();
      }
    } else if (control.matches("input[type=range]")) {
      const middle = (Number(control.max) + Number(control.min)) / 2;
      for (const end of [control.max, control.min, middle]) {
        control.value = end;
        control.dispatchEvent(new Event("input", { bubbles: true }));
        control.dispatchEvent(new Event("change", { bubbles: true }));
        await pause();
      }
    } else control.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    await pause();
  }
  return Array.from(used);
}"""

# One control of each panel that must have been among them: the last to come, where some are
# reckoned after the first sight.
WITHIN = {
    "why": "similar-digit",
    "change": "remove-activations",
    "backprop": "target",
    "evaluate": "digit-740",
    "matrix": "batch",
    "share": "share-copy",
}


# The first and the last neuron of each layer, and one between them: the others are of the same
# code. Controls beside the panels are used with two panels, those of a panel with itself.
FEW, ALL = [0, 9, 15], None
GATE = [(panel, "main" if panel in ("why", "backprop") else ".panel", FEW) for panel in PANELS]
SOAK = [(panel, "main", ALL) for panel in PANELS]


@pytest.mark.parametrize(
    ("panel", "place", "numbers"),
    [*GATE, *(pytest.param(*one, marks=pytest.mark.soak) for one in SOAK)],
)
def test_every_control_can_be_used(
    file: str, visit: Visit, panel: str, place: str, numbers: list[int] | None
) -> None:
    """`visit` fails where any of them says something on the console.

    And the page still draws and reads after all.
    """
    language = LANGUAGES[PANELS.index(panel) % 2]
    tab = visit(f"{file}#t=340&n=2.5&p={panel}&lang={language}")
    expected = {WITHIN[panel]} if panel in WITHIN else set[str]()
    for last in expected:
        tab.get_by_test_id(last).first.wait_for()
    if place == "main":
        expected |= {"clear", "brightness", "neuron-1-0", "neuron-2-15", "neuron-3-9"}
    assert expected <= set(tab.evaluate(EVERYTHING, {"place": place, "numbers": numbers}))
    # As a typed address does, but at once.
    tab.evaluate(
        "{ const { page } = pellucid; page.whole = page.opened; page.types = '';"
        " page.store.set(page.defaults()); }"
    )
    settle(tab)
    by_mouse(tab, path_of(7))
    settle(tab)
    assert tab.get_by_test_id("prediction").inner_text() == "7"
