"""Whatever a step of the lesson speaks of is in sight, at five sizes; and it waits for answers."""

import re

import pytest

import pellucid as pl
from pellucid.web import SHIPPED
from tests.web.kinds import Audit, Node, Tab, Visit, attribute
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
