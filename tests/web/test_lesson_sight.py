"""Whatever a step of the lesson speaks of is in sight, at five sizes; and it waits for answers."""

import pytest

import pellucid as pl
from pellucid.web import SHIPPED
from tests.web.kinds import AUDITED, Audit, Node, Visit, affine
from tests.web.test_page import by_mouse, path_of, settle

SIZES = ((390, 844), (1024, 768), (1280, 720), (1440, 900), (1920, 1080))
LANGUAGES = ("en", "ko")

# What is not wholly in the window, or covered: at its middle and near its corners nothing may lie
# over it. An element that holds it or is held by it does not cover it, nor do the layers of the
# network's picture, which are clear.
UNSEEN = """(selectors) => {
  const found = [];
  for (const selector of selectors) {
    const elements = Array.from(document.querySelectorAll(selector))
      .filter((e) => e.checkVisibility());
    if (!elements.length) found.push(`${selector}: absent`);
    for (const element of elements) {
      const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
      if (left < -0.5 || top < -0.5 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5)
        found.push(`${selector}: ${[left, top, right, bottom].map(Math.round)}`);
      for (const [x, y] of [[0.5, 0.5], [0.04, 0.1], [0.96, 0.1], [0.04, 0.9], [0.96, 0.9]]) {
        const over = document.elementFromPoint(left + x * width, top + y * height);
        const layer = over?.closest(".stage-frame")?.contains(element);
        if (!over || !(layer || over.contains(element) || element.contains(over)))
          found.push(`${selector}: under ${over?.outerHTML.slice(0, 80)}`);
      }
    }
  }
  return found;
}"""


def steps_of(node: Node) -> list[dict[str, object]]:
    found: list[dict[str, object]] = node('import { STEPS } from "./lesson.js";\n\nreturn STEPS;')
    return found


@pytest.mark.parametrize(
    "size", [SIZES[0], *(pytest.param(s, marks=pytest.mark.integration) for s in SIZES[1:])]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_a_step_names_is_in_sight(
    file: str, visit: Visit, node: Node, language: str, size: tuple[int, int]
) -> None:
    tab = visit(f"{file}#step=1&lang={language}", *size)
    trouble = []
    for number, step in enumerate(steps_of(node), 1):
        settle(tab)
        always = ["#lesson-title", '[data-testid="lesson-text"]', ".lesson .walk > *"]
        asked = [".question", ".question button"] if "ask" in step else []
        names = [*always, *asked, *step["names"]]  # type: ignore[misc]
        marks = [step["marks"]] if "marks" in step and size[0] > 640 else []
        trouble += [f"{number} {one}" for one in tab.evaluate(UNSEEN, [*names, *marks])]
        if number < len(steps_of(node)):
            tab.get_by_test_id("lesson-next").click()
    assert not trouble, "\n".join(trouble)


def test_the_end_of_the_lesson_after_training(file: str, visit: Visit) -> None:
    """A network that was trained for a moment reads badly: the end says so, and brings the first
    one back. What an answer brings is in sight, too.
    """
    tab = visit(f"{file}#step=11&lang=en", 1280, 720)
    tab.get_by_test_id("question-show").click()
    settle(tab)
    assert tab.evaluate(UNSEEN, [".lesson table", ".lesson .question"]) == []
    assert tab.evaluate(
        "(e) => e.scrollWidth <= e.clientWidth", tab.query_selector(".lesson .scroll")
    )
    tab.get_by_test_id("lesson-steps").select_option(index=13)
    settle(tab)  # or the click meets the question of the step before
    tab.get_by_test_id("question-show").click()
    settle(tab)
    assert "more than 70 %" in tab.inner_text(".question")
    tab.get_by_test_id("train-step").click()
    tab.wait_for_function("() => pellucid.page.base !== pellucid.page.opened")
    tab.get_by_test_id("lesson-steps").select_option(index=15)
    settle(tab)
    assert "trained here, not the one that was opened" in tab.inner_text(".finish")
    tab.get_by_test_id("finish-opened").click()
    tab.wait_for_function("() => pellucid.page.base === pellucid.page.opened")
    settle(tab)
    assert not tab.get_by_test_id("finish-opened").is_visible()


def test_questions_wait_for_an_answer(file: str, visit: Visit) -> None:
    """272 is nowhere before it was answered or asked for; a wrong answer gets a hint."""
    tab = visit(f"{file}#step=11&lang=en")
    said = tab.get_by_test_id("question-said")
    assert "272" not in tab.inner_text("body") and tab.locator(".lesson table").count() == 0
    field = tab.get_by_test_id("question-field")
    field.fill("256")
    field.press("Enter")
    assert said.inner_text().startswith("Not quite. Each of its 16 neurons")
    assert "272" not in tab.inner_text("body")
    field.fill("272")
    field.press("Enter")
    settle(tab)
    assert said.inner_text() == "Right! 16 × 16 + 16 = 272"
    assert tab.locator(".lesson [data-testid=parameter-count]").inner_text() == "13,002"
    assert tab.evaluate("document.activeElement.dataset.testid") == "lesson-next"


def test_every_question_has_its_answer(file: str, visit: Visit, node: Node) -> None:
    """Each right answer is accepted, and the first wrong one is not; the last step counts them."""
    net = pl.load(SHIPPED)
    numbers = {
        "sum": "0.5",
        "bias": f"{-float(affine(net, 2).b[8]):.2f}",  # type: ignore[index]
        "layer": "12,544",
        "network": "16",
        "count": "272",
        "activations": "5",
    }
    tab = visit(f"{file}#step=1&lang=ko")
    asked = 0
    for step in steps_of(node):
        settle(tab)
        if ask := step.get("ask"):
            asked += 1
            assert isinstance(ask, dict)
            if "right" in ask:
                wrong, right = (f"question-choice-{k}" for k in (2 - ask["right"], ask["right"]))
                if wrong != right and tab.get_by_test_id(wrong).count():
                    tab.get_by_test_id(wrong).click()
                    assert tab.get_by_test_id("question-said").inner_text()
                tab.get_by_test_id(right).click()
            else:
                for text in ("-7", numbers[str(step["id"])]):
                    tab.get_by_test_id("question-field").fill(text)
                    tab.get_by_test_id("question-check").click()
            settle(tab)
            answers = tab.evaluate("pellucid.page.store.state.answers")
            assert answers[step["id"]] == "right" and len(answers) == asked
            assert tab.get_by_test_id("question-said").inner_text().startswith("맞았습니다!")
        if step["id"] != "own":
            tab.get_by_test_id("lesson-next").click()
    assert f"질문 {asked}개 중 {asked}개" in tab.inner_text(".finish")
    assert asked == 14
    by_mouse(tab, path_of(7))
    settle(tab)
    assert "신경망의 답은 7" in tab.inner_text(".finish")
    tab.get_by_test_id("finish-share").click()
    settle(tab)
    assert "#d=" in tab.get_by_test_id("share-link").input_value()


def test_the_worksheet_has_the_lessons_questions(
    file: str, visit: Visit, node: Node, audit: Audit
) -> None:
    tab = visit(f"{file}#p=worksheet&lang=en")
    sheet = tab.get_by_test_id("worksheet")
    without = sheet.inner_text()
    asked = [step for step in steps_of(node) if "ask" in step]
    assert sheet.locator("section").count() == len(asked) + 3
    assert "How many parameters has hidden layer 2" in without and "272" not in without
    assert "{" not in without and sheet.locator(".rule").count() == 6 + 3 * 3
    for width in AUDITED:
        tab.set_viewport_size({"width": width, "height": 900})
        settle(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        audit(tab, width, 0, 0, 1)
    tab.get_by_label("with answers").check()
    solved = sheet.inner_text()
    assert "16 × 16 + 16 = 272" in solved and sheet.locator(".rule").count() == 0
    assert solved.count("☑") == sum("right" in step["ask"] for step in asked)  # type: ignore[operator]
    tab.emulate_media(media="print")
    shown = tab.evaluate(
        "Array.from(document.querySelectorAll('header, .stage, .toolbar, button, .sheet'))"
        ".filter((e) => e.checkVisibility()).map((e) => e.className)"
    )
    assert "sheet" in shown and len([name for name in shown if name != "sheet"]) == 16
    tab.emulate_media(media="screen")
    again = visit(f"{file}#p=worksheet&lang=en&v=answers:yes")
    assert "272" in again.get_by_test_id("worksheet").inner_text()
