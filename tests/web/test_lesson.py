"""The lesson, the teacher's link, and the address of every state."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pellucid as pl
from pellucid.web import SHIPPED
from tests.web.kinds import AUDITED, Audit, Visit, affine, bias
from tests.web.test_lesson_sight import UNSEEN
from tests.web.test_page import THEMES, WIDTHS, by_mouse, path_of, settle

STEPS = 16


def test_the_lesson_drives_the_picture(address: str, visit: Visit) -> None:
    """From the first step to the last by button, its numbers Python's."""
    tab = visit(f"{address}#lang=en")
    tab.get_by_test_id("lesson-open").click()
    net = pl.load(SHIPPED).astype("float64")
    trace = net.forward(pl.mnist().test.images[3620].reshape(1, 784))
    z, y, b = trace[2][0, 8], trace[3][0, 8], bias(net, 2)[8]
    told = {
        1: "784 numbers",
        3: f"the number is no digit. Its activation for this picture is {y:.2f}.",
        5: f"{z - b:.2f} for this picture",
        6: f"is {z:.3f} and becomes {y:.2f}",
        10: "The 16 activations of hidden layer 1",
        11: "784 × 16 weights and 16 biases: 12,560",
        14: "13,002",
    }
    titles = set()
    for step in range(1, STEPS + 1):
        settle(tab)
        titles.add(tab.locator("#lesson-title").inner_text())
        text = tab.get_by_test_id("lesson-text").inner_text()
        assert "{" not in text and told.get(step, "") in text
        assert "{" not in tab.get_by_test_id("lesson").inner_text()
        assert tab.get_by_test_id("drawing").is_visible() and tab.locator(".network").is_visible()
        assert tab.get_by_test_id("lesson").locator("progress").evaluate("(e) => e.value") == step
        if step < STEPS:
            tab.get_by_test_id("lesson-next").click()
    assert len(titles) == STEPS
    tab.wait_for_function("() => location.hash.includes('step=16')")
    assert tab.get_by_test_id("lesson").get_by_test_id("start-change").is_visible()
    tab.get_by_test_id("lesson-next").click()  # the last one ends it
    settle(tab)
    assert not tab.get_by_test_id("lesson").is_visible() and tab.locator(".marked").count() == 0
    assert tab.evaluate("document.activeElement.dataset.testid") == "lesson-open"


def test_play_within_a_step_and_come_back(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#step=7&lang=ko")
    again = tab.get_by_test_id("lesson-again")
    before = tab.get_by_test_id("lesson-text").inner_text()
    assert not again.is_visible() and "편향" in before
    tab.get_by_test_id("clear").click()
    by_mouse(tab, path_of(7))
    tab.get_by_test_id("lesson-bias-slider").fill("3")
    settle(tab)
    assert "3.00" in tab.get_by_test_id("lesson-text").inner_text()
    tab.get_by_test_id("neuron-2-0").click()
    again.click()
    settle(tab)
    assert tab.get_by_test_id("lesson-text").inner_text() == before
    assert tab.get_by_test_id("neuron-1-8").get_attribute("aria-pressed") == "true"
    tab.get_by_role("button", name="되돌리기").click()  # what was played with is not lost
    settle(tab)
    assert tab.evaluate("pellucid.look.state.edits.length") == 1


def test_what_was_said_to_an_answer_stays(file: str, visit: Visit) -> None:
    """The threshold that was asked for is not that of a bias moved since; a reload forgets both."""
    tab = visit(f"{file}#step=7&lang=en")
    said = tab.get_by_test_id("question-said")
    tab.get_by_test_id("question-field").fill(f"{-bias(pl.load(SHIPPED), 2)[8]:.3f}")
    tab.get_by_test_id("question-check").click()
    settle(tab)
    answer = said.inner_text()
    assert answer.startswith("Right!")
    tab.get_by_test_id("lesson-bias-slider").fill("3")
    settle(tab)
    assert said.inner_text() == answer
    tab.get_by_test_id("lesson-steps").select_option(index=15)
    settle(tab)
    assert "1 of 14" in tab.inner_text(".finish")
    tab.reload()
    settle(tab)
    assert not tab.locator(".finish .score").is_visible()


STEP = "() => pellucid.page.store.state.step"
ANSWERED = "() => pellucid.page.store.state.answers"


def test_keys_and_list_walk_the_lesson(file: str, visit: Visit) -> None:
    """Arrows walk from anywhere; a clicker shows the answer first; no control loses its keys."""
    tab = visit(f"{file}#step=3&lang=en")
    for key, found in (("ArrowRight", 4), ("ArrowRight", 5), ("ArrowLeft", 4), ("PageUp", 3)):
        tab.keyboard.press(key)
        assert tab.evaluate(STEP) == found
    for key, found in (("PageDown", 4), ("PageDown", 4), ("PageDown", 5), ("Space", 5)):
        tab.keyboard.press(key)
        assert tab.evaluate(STEP) == found
    assert tab.evaluate(ANSWERED) == {"weight": "shown", "sum": "shown"}
    settle(tab)
    for place, key in (
        ('[data-testid="drawing"]', "ArrowRight"),
        ('[data-testid="drawing"]', "Space"),
        ('[data-testid="neuron-1-0"]', "ArrowRight"),
        ('[data-testid="lesson-steps"]', "PageUp"),
        ('[data-testid="clear"]', "Space"),
    ):
        tab.locator(place).focus()
        tab.keyboard.press(key)
        step = tab.evaluate(STEP)
        assert step == 5 or (place.endswith('steps"]') and step != 4), (place, key)
        tab.evaluate("pellucid.page.store.set({ step: 5 })")
    tab.get_by_test_id("drawing").focus()
    tab.keyboard.press("PageDown")  # of which a drawing has no use
    assert tab.evaluate(STEP) == 6
    tab.get_by_test_id("lesson-steps").select_option(index=12)
    assert tab.evaluate(STEP) == 13
    settle(tab)
    assert tab.locator(".lesson > [role=status]").inner_text().startswith("Why a curve?")
    tab.get_by_test_id("lesson-next").focus()
    tab.keyboard.press("Escape")
    assert tab.evaluate(STEP) is None


def test_weights_carry_the_outline_of_the_ink(file: str, visit: Visit) -> None:
    """Step 4: the edge of what is brighter than one half; none of an empty drawing."""
    tab = visit(f"{file}#step=4&lang=en")
    ink = np.pad(pl.mnist().test.images[3620].reshape(28, 28) / 255 > 0.5, 1)
    edges = int((ink[1:] != ink[:-1]).sum() + (ink[:, 1:] != ink[:, :-1]).sum())
    outline = tab.locator(".weighing .outline")
    assert (outline.get_attribute("d") or "").count("M") == edges
    tab.get_by_test_id("clear").click()
    settle(tab)
    assert outline.get_attribute("d") == ""


def test_a_chosen_neuron_shows_what_comes_in(file: str, visit: Visit) -> None:
    """Steps 10 and 16 ask what counts most: the six largest products, in the step's card."""
    tab = visit(f"{file}#step=10&lang=en", 1280, 720)
    chosen = tab.get_by_test_id("lesson-chosen")
    assert not chosen.is_visible()
    tab.get_by_test_id("neuron-2-5").click()
    settle(tab)
    net = pl.load(SHIPPED).astype("float64")
    trace = net.forward(pl.mnist().test.images[3620].reshape(1, 784))
    products = trace[3][0] * affine(net, 4).W[:, 5]
    most = np.argsort(-np.abs(products))[:6]
    assert chosen.locator("li .name").all_inner_texts() == [str(k) for k in most]
    assert chosen.inner_text().startswith("Hidden layer 2, neuron 5")
    assert tab.evaluate(UNSEEN, ['[data-testid="lesson-chosen"]', ".question"]) == []
    tab.get_by_test_id("lesson-steps").select_option(index=15)
    settle(tab)
    assert not chosen.is_visible()
    tab.get_by_test_id("neuron-3-7").click()
    settle(tab)
    assert "Output, neuron 7" in chosen.inner_text() and chosen.locator("li").count() == 6


def test_a_panel_opened_by_a_step_closes_into_it(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#step=15&lang=en", 1280, 720)
    more = tab.get_by_role("button", name="The whole program")
    more.click()
    tab.wait_for_function("() => scrollY > 0")
    tab.get_by_test_id("panel-close").click()
    tab.wait_for_function("() => scrollY === 0")
    assert more.evaluate("(e) => e === document.activeElement")


def test_a_line_in_a_line(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#step=13&lang=en")
    chain = tab.get_by_test_id("chain")
    assert not chain.is_visible()  # it tells the answer
    tab.get_by_test_id("question-field").fill("5")
    tab.get_by_test_id("question-check").click()
    settle(tab)
    tab.get_by_label("x", exact=True).fill("-1.5")
    assert chain.inner_text() == "f(g(−1.5)) = 12 · −1.5 + 5 = −13.00"
    tab.get_by_label("sigmoid in between").check()
    assert chain.inner_text().endswith(f"= {3 / (1 + np.exp(5)) + 2:.2f}")


def test_matrices_are_pythons(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#p=matrix")
    tab.locator("#batch").fill("10")
    cells = tab.get_by_test_id("batch").locator("td").all_inner_texts()
    index = 500 + 20 * np.arange(10)
    y = pl.load(SHIPPED).astype("float64")(pl.mnist().test.images[index])
    np.testing.assert_allclose(np.array(cells, float).reshape(10, 10), y, atol=0.0051)
    assert "(10, 784)" in tab.inner_text(".matrix") and "(784, 16)" in tab.inner_text(".matrix")


def test_both_codes_run_and_are_the_same_network(file: str, visit: Visit) -> None:
    """What the page shows runs, and learns the same from the same weights and batches."""
    tab = visit(f"{file}#p=torch")
    test = pl.mnist().test
    images, labels = test.images[:32], test.labels[:32]
    ours, theirs = (
        tab.get_by_test_id(f"code-{name}").inner_text() for name in ("pellucid", "pytorch")
    )
    one: dict[str, Any] = {"x": images, "t": labels}
    ours = ours.replace("pl.train(", "start = net.copy(); pl.train(")
    exec(ours.replace("epochs=10", "epochs=1"), one)  # noqa: S102
    two: dict[str, Any] = {"x": torch.tensor(images).float(), "t": torch.tensor(labels).long()}
    building, learning = theirs.split("optimizer =")
    exec(building, two)  # noqa: S102
    affine = [layer for layer in one["start"].layers if isinstance(layer, pl.Affine)]
    linear = [layer for layer in two["model"] if isinstance(layer, torch.nn.Linear)]
    for layer, other in zip(affine, linear, strict=True):
        assert layer.b is not None
        other.weight.data, other.bias.data = (
            torch.tensor(layer.W.T.copy()),
            torch.tensor(layer.b.copy()),
        )
    exec(building.split(")\n\n", 1)[1], two)  # noqa: S102
    np.testing.assert_allclose(one["y"], two["y"].detach().numpy(), atol=1e-5)
    exec("optimizer =" + learning.replace("range(10)", "range(1)"), two)  # noqa: S102
    learned = [layer for layer in one["net"].layers if isinstance(layer, pl.Affine)]
    for layer, other in zip(learned, linear, strict=True):
        np.testing.assert_allclose(layer.W, other.weight.detach().numpy().T, atol=1e-5)


HIDDEN = {
    "draw": '[data-testid="clear"]',
    "settings": "#brightness",
    "load": '[data-testid="load-next"]',
    "answer": ".answer .next",
    "detail": '[data-testid="neuron-detail"]',
    "panels": '[data-testid="panel-count"]',
    "lesson": '[data-testid="lesson-next"]',
    "language": '[data-testid="language"]',
    "theme": "#theme",
}


def test_a_teachers_link(server: str, visit: Visit) -> None:
    """What the panel makes, a student's browser opens: step, drawing, neuron, language.

    What is hidden is said.
    """
    tab = visit(f"{server}#step=4&lang=en", locale="en-US")
    tab.get_by_test_id("clear").click()
    by_mouse(tab, path_of(7))
    tab.get_by_test_id("neuron-2-7").click()
    picture = tab.evaluate("Array.from(pellucid.look.picture)")
    tab.get_by_test_id("panel-share").click()
    for name in HIDDEN:
        tab.locator(f"#share-hide-{name}").check()
    tab.locator("#share-language").select_option("ko")
    tab.locator("#share-panel").select_option("count")
    words = tab.get_by_test_id("share-words").inner_text()
    assert (
        "step 4, A weight for every pixel" in words
        and "hidden layer 2, neuron 7" in words
        and "Hides: buttons of the drawing" in words
    )
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.get_by_test_id("share-copy").click()
    tab.get_by_text("copied").wait_for()
    link = tab.get_by_test_id("share-link").input_value()
    assert tab.evaluate("navigator.clipboard.readText()") == link
    # On this computer's server another browser needs the key, which a link does not hold.
    student = visit(f"{server}#{link.split('#', 1)[1]}", locale="en-US")
    assert student.evaluate("Array.from(pellucid.look.picture)") == picture
    assert student.locator("html").get_attribute("lang") == "ko"
    assert "픽셀마다 가중치 하나" in student.inner_text("main")
    assert student.get_by_test_id("neuron-2-7").get_attribute("aria-pressed") == "true"
    for selector in HIDDEN.values():
        assert not student.locator(selector).is_visible(), selector
    assert student.evaluate("pellucid.look.state.panel") == "count"
    student.get_by_test_id("hidden").get_by_role("button").click()
    settle(student)
    for selector in HIDDEN.values():
        assert student.locator(selector).is_visible(), selector
    assert not student.get_by_test_id("hidden").is_visible()


def test_a_link_for_the_schools_site(server: str, visit: Visit) -> None:
    tab = visit(f"{server}#t=40&p=share&lang=en")
    tab.locator("#share-base").fill("https://school.example/page.html")
    assert tab.get_by_test_id("share-link").input_value() == "https://school.example/page.html#t=40"
    tab.locator("#share-input").uncheck()
    assert tab.get_by_test_id("share-link").input_value() == "https://school.example/page.html"
    assert "this computer only" in tab.inner_text(".share")


PLAIN = """() => {
  const { input, past, future, pointed, ...rest } = pellucid.page.store.state;
  return { ...rest, values: Array.from(input.values), source: input.source }; }"""


@pytest.mark.parametrize(
    "state",
    [
        "t=740&n=3.9&p=matrix&lang=ko&theme=contrast",
        "step=1",
        "step=4&t=40&n=2.1&p=count&hide=load,theme&b=40&c=0",
        "step=8&n=&p=&d=",
        "b=5&c=0&theme=dark",
        "t=340&n=1.5&p=share&hide=draw",
    ],
)
def test_every_state_has_an_address(file: str, visit: Visit, state: str) -> None:
    """A state, written as an address by the page, is the same state when it is opened."""
    tab = visit(f"{file}#{state}")
    tab.evaluate("pellucid.page.navigation.write()")
    before, address = tab.evaluate(PLAIN), tab.url
    assert visit(address).evaluate(PLAIN) == before


def test_what_is_done_is_in_the_address(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#step=5")
    tab.evaluate("() => pellucid.page.edit([{ kind: 'bias', layer: 2, neuron: 5, value: 3 }])")
    by_mouse(tab, path_of(2))
    tab.get_by_test_id("neuron-1-8").click()  # chosen by the step: chosen no more
    tab.get_by_label(re.compile("Brightness|밝기")).fill("60")
    settle(tab)
    tab.evaluate("pellucid.page.navigation.write()")
    state = tab.evaluate(PLAIN)
    assert state["neuron"] is None and state["step"] == 5 and state["edits"]
    assert visit(tab.url).evaluate(PLAIN) == state


def test_no_such_step(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#step=99&t=40")
    assert not tab.get_by_test_id("lesson").is_visible()
    assert tab.evaluate("pellucid.look.state.step") is None


def test_networks_that_the_lesson_does_not_speak_of(visit: Visit, tmp_path: Path) -> None:
    pl.web.page(pl.mlp([784, 12, 10], output="softmax", pixels=True), tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#step=3")
    assert (
        tab.get_by_test_id("lesson-open").count() == 0 and tab.get_by_test_id("lesson").count() == 0
    )


@pytest.mark.parametrize(
    ("language", "theme"), [("ko", "light"), ("en", "dark"), ("ko", "contrast")]
)
def test_no_step_scrolls_sideways_and_axe_finds_nothing(
    file: str, visit: Visit, audit: Audit, language: str, theme: str
) -> None:
    tab = visit(f"{file}#lang={language}&theme={theme}")
    steps = ((1, None), (4, None), (7, "matrix"), (8, None), (12, None), (14, None), (16, None))
    widths = WIDTHS if theme != "contrast" else AUDITED  # which has the places of light
    for turn, (step, panel) in enumerate(steps):
        tab.evaluate(
            "([step, panel]) => "
            "pellucid.page.store.set({ ...pellucid.page.lesson(step), ...(panel && { panel }) })",
            [step, panel],
        )
        for width in widths:
            tab.set_viewport_size({"width": width, "height": 900})
            settle(tab)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, (step, width)
            audit(tab, width, turn, THEMES.index(theme), len(THEMES))
