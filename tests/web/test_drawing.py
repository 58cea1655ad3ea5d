"""Every digit by touch and by keyboard, a pen that does not scroll and whose other end erases.

And on a wall.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import pellucid as pl
from pellucid.web import page
from tests.web.kinds import Stroke, Tab, Visit, area_of
from tests.web.test_page import (
    MEASURE,
    by_keyboard,
    by_mouse,
    by_touch,
    path_of,
    prediction,
    settle,
)


@pytest.mark.parametrize(
    ("way", "digits"),
    [
        (by_touch, range(10)),
        (by_keyboard, (1, 4, 7)),  # a key for each pixel takes long
        pytest.param(by_keyboard, range(10), marks=pytest.mark.soak),
    ],
)
def test_every_digit(
    file: str, visit: Visit, way: Callable[[Tab, list[Stroke]], None], digits: Sequence[int]
) -> None:
    tab = visit(file, 360, 640, has_touch=True, is_mobile=True) if way is by_touch else visit(file)
    read = []
    for digit in digits:
        way(tab, path_of(digit))
        read.append(prediction(tab))
        tab.get_by_test_id("clear").click()
        assert prediction(tab) == "–"
    right = sum(answer == str(digit) for digit, answer in zip(digits, read, strict=True))
    # Lines by keyboard are steps; by mouse it is nine or ten.
    assert right >= 0.8 * len(digits), read
    assert tab.evaluate("scrollY") == 0


INK = "() => Array.from(pellucid.look.state.input.values).reduce((a, b) => a + b, 0)"


def by_pen(tab: Tab, points: Stroke, buttons: int) -> None:
    area = area_of(tab.get_by_test_id("drawing"))
    session = tab.context.new_cdp_session(tab)
    kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 2), "mouseReleased"]
    for kind, (x, y) in zip(kinds, points, strict=True):
        event = {
            "x": area["x"] + x * area["width"],
            "y": area["y"] + y * area["height"],
            "pointerType": "pen",
        }
        held = 0 if kind == "mouseReleased" else buttons
        button = {1: "left", 2: "right"}[buttons] if kind != "mouseMoved" else "none"
        session.send(
            "Input.dispatchMouseEvent",
            {**event, "type": kind, "buttons": held, "button": button, "clickCount": 1},
        )
    session.detach()
    settle(tab)


def test_a_pen_draws_erases_and_does_not_scroll(file: str, visit: Visit) -> None:
    tab = visit(file, 360, 640)
    line = [(0.5, 0.1 + 0.1 * i) for i in range(9)]
    by_pen(tab, line, 1)
    whole = tab.evaluate(INK)
    assert prediction(tab) == "1" and whole > 0
    assert tab.evaluate("scrollY") == 0
    by_pen(tab, line[:5], 2)  # the button at its side
    assert 0 < tab.evaluate(INK) < whole
    assert (
        tab.get_by_test_id("drawing").evaluate("(e) => getComputedStyle(e).touchAction") == "none"
    )


@pytest.mark.parametrize(("width", "height"), [(2560, 1440), (3840, 2160)])
def test_on_a_wall_everything_is_larger(file: str, visit: Visit, width: int, height: int) -> None:
    """The page fills the wall, nothing scrolls sideways, and the pointer still hits what it points
    at.
    """
    tab = visit(file, width, height)
    by_mouse(tab, path_of(7))
    assert prediction(tab) == "7"
    main = area_of(tab.locator("main"))
    assert main["width"] > 0.9 * width
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert area_of(tab.locator(".stage"))["height"] > 0.6 * height
    tab.get_by_test_id("neuron-1-5").click()
    settle(tab)
    assert tab.evaluate("pellucid.look.state.neuron") == {"layer": 1, "index": 5}


@pytest.mark.soak  # a busy machine decides no gate
def test_a_stroke_of_a_larger_network_is_drawn_within_a_frame(visit: Visit, tmp_path: Path) -> None:
    net = pl.mlp([784, 128, 64, 10], activation="relu", output="softmax", pixels=True, seed=0)
    page(net, tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#n=1.5")
    by_mouse(tab, path_of(8))
    settle(tab)
    assert tab.evaluate(MEASURE) < 16
