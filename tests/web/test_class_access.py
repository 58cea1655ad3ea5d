"""The class's two pages by keyboard and for axe: the teacher's panel, a pupil's device."""

from collections.abc import Iterator

import pytest

import pellucid as pl
from tests.web.kinds import AUDITED, Audit, Tab, Visit
from tests.web.test_class import Class, running
from tests.web.test_page import by_mouse, path_of, settle

LANGUAGES = ("en", "ko")
FOCUS = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"


@pytest.fixture
def lesson() -> Iterator[Class]:
    """A class whose two devices have sent six digits, one of them with a wrong label."""
    test = pl.mnist().test
    with running() as found:
        for row in range(6):
            label = int(test.labels[row]) if row else 1
            found.room.add(f"device {row % 2}", bytes([label]) + test.images[row].tobytes())
        yield found


def teachers(lesson: Class, visit: Visit, language: str, width: int = 1440) -> Tab:
    tab = visit(f"{lesson.teacher}#p=class&lang={language}", width)
    tab.locator(".collected .saved li").nth(5).wait_for()
    return tab


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(lesson: Class, visit: Visit, audit: Audit, language: str) -> None:
    for turn, pupil in enumerate((False, True)):
        if pupil:
            tab = visit(f"{lesson.link}#p=digits&lang={language}")
            by_mouse(tab, path_of(7))
            tab.get_by_test_id("save-7").click()
        else:
            tab = teachers(lesson, visit, language)
        for width in AUDITED:
            tab.set_viewport_size({"width": width, "height": 900})
            settle(tab)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            audit(tab, width, turn, int(language == "ko"), 2)


def test_the_class_by_keyboard(lesson: Class, visit: Visit) -> None:
    """Tab comes to all there is to do; what is deleted or arrives takes no focus away."""
    tab = teachers(lesson, visit, "en")
    tab.get_by_test_id("class-train").focus()
    reached = []
    for _ in range(30):
        reached.append(tab.evaluate(FOCUS))
        tab.keyboard.press("Tab")
    for one in ("Train the network on these drawings", "Show this", "Delete this", "Delete all"):
        assert any(name.startswith(one) for name in reached), (one, reached)
    first = tab.locator(".saved li").first.get_by_role("button", name="Delete this")
    first.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelectorAll('.saved li').length === 5")
    assert tab.evaluate(FOCUS).startswith("Delete this")
    tab.locator(".saved li").nth(2).get_by_role("button", name="Delete all").focus()
    before = tab.evaluate(FOCUS)
    lesson.room.add("device 2", bytes([3]) + pl.mnist().test.images[18].tobytes())
    tab.wait_for_function("() => document.querySelectorAll('.saved li').length === 6")
    assert tab.evaluate(FOCUS) == before
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelectorAll('.saved li').length < 6")
    assert tab.evaluate("document.activeElement.closest('.saved') !== null")
