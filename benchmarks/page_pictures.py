"""Take screenshots of the page for docs/ and the README, in both languages, light and dark.

    python benchmarks/page_pictures.py                  all of them (two minutes): docs/page/
    python benchmarks/page_pictures.py --only lesson    these alone

They show the page in Chromium, served by `pellucid open` with the network that comes with pellucid.
One of them is animated.
"""

from __future__ import annotations

import argparse
import io
import math
from pathlib import Path
from typing import Literal, NamedTuple

import chromium
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from served_page import served

from pellucid.files.atomic import write_whole

PICTURES = Path(__file__).parent.parent / "docs" / "page"
DESK, PHONE = (1440, 900), (390, 844)
LOOKS = (("en", "light"), ("ko", "dark"))
QUALITY = 72
SIGNAL_FRAMES, SIGNAL_STEP = 14, 75  # of the animation: frames of running signals, milliseconds


class State(NamedTuple):
    """A state of the page: its address, how much of it is shown, and whether on a phone too."""

    name: str
    address: str
    whole: bool = False
    phone: bool = False


STATES = (
    State("neuron", "t=500&n=1.3", phone=True),
    State("lesson", "step=7", phone=True),
    State("why", "t=740&p=why", whole=True, phone=True),
    State("change", "t=740&n=2.5&p=change", whole=True),
    State("learn", "t=740&p=learn", whole=True),
    State("backprop", "t=740&p=backprop", whole=True),
    State("evaluate", "t=740&p=evaluate", whole=True),
    State("share", "step=3&p=share", whole=True),
)


def main() -> None:
    """Take the screenshots named on the command line."""
    names = [state.name for state in STATES] + ["drawing"]
    parser = argparse.ArgumentParser(description="Take pictures of the page.")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    only = parser.parse_args().only
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, served() as address:
        browser = playwright.chromium.launch(executable_path=chromium.path(), args=["--no-sandbox"])
        for state in STATES:
            if state.name in only:
                take(browser, address, state)
        if "drawing" in only:
            draw(browser, address)
        browser.close()
    size = sum(path.stat().st_size for path in PICTURES.iterdir())
    print(f"{PICTURES}: {size:,} bytes")  # noqa: T201


def take(browser: Browser, address: str, state: State) -> None:
    """Take a state's screenshots.

    On the desktop light in English and dark in Korean, on the phone the other way round.
    """
    for device, size, looks in (
        ("desk", DESK, LOOKS),
        ("phone", PHONE, [("en", "dark"), ("ko", "light")]),
    ):
        if device == "phone" and not state.phone:
            continue
        for language, theme in looks:
            tab = visit(browser, f"{address}#{state.address}&lang={language}&theme={theme}", size)
            if state.name == "learn":
                learn(tab)
            tab.wait_for_timeout(
                2500 if state.whole else 600
            )  # what is reckoned after the first sight
            below = (
                state.whole and device == "phone"
            )  # the panel, under the answer that stays in sight
            top = (
                "document.querySelector('.panels').getBoundingClientRect().top - 90"
                if below
                else "0"
            )
            tab.evaluate(f"scrollTo(0, {top})")
            tab.wait_for_timeout(200)
            shot = tab.screenshot(full_page=state.whole and device == "desk")
            save(
                Image.open(io.BytesIO(shot)),
                PICTURES / f"{state.name}-{language}-{theme}-{device}.webp",
            )
            tab.context.close()


def learn(tab: Page) -> None:
    """Train a new network for a few seconds."""
    tab.locator(".anew summary").click()
    tab.get_by_test_id("train-start").click()
    tab.get_by_test_id("train-play").click()
    tab.wait_for_timeout(6000)
    pause = tab.get_by_test_id("train-pause")
    if pause.is_enabled():
        pause.click()


def draw(browser: Browser, address: str) -> None:
    """Record the animation: a 3 is drawn, every neuron follows, and the signals run."""
    tab = visit(browser, f"{address}#lang=en&theme=light", (1440, 860), "no-preference")
    tab.wait_for_timeout(1500)  # the signals of the beginning
    area = tab.get_by_test_id("drawing").bounding_box()
    assert area is not None
    place = [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in three()]
    frames: list[Image.Image] = []
    tab.mouse.move(*place[0])
    tab.mouse.down()
    for number, point in enumerate(place):
        tab.mouse.move(*point)
        if number % 3 == 0:
            tab.wait_for_timeout(60)
            frames.append(small(tab))
    drawn = len(frames)
    tab.clock.pause_at(tab.evaluate("Date.now() + 50"))  # time passes as the frames ask for it
    tab.mouse.up()
    for _ in range(SIGNAL_FRAMES):
        tab.clock.run_for(SIGNAL_STEP)
        frames.append(small(tab))
    tab.context.close()
    buffer = io.BytesIO()
    times = [150] * drawn + [SIGNAL_STEP] * (SIGNAL_FRAMES - 1) + [2200]
    frames[0].save(
        buffer,
        "webp",
        save_all=True,
        append_images=frames[1:],
        duration=times,
        loop=0,
        quality=42,
        method=6,
    )
    write_whole(PICTURES / "drawing.webp", buffer.getvalue())


def small(tab: Page) -> Image.Image:
    """Return a screenshot as a frame of the animation: drawing and network."""
    shot = tab.screenshot(clip={"x": 0, "y": 0, "width": 960, "height": 860})
    return Image.open(io.BytesIO(shot)).convert("RGB").resize((720, 645))


def three() -> list[tuple[float, float]]:
    """Return a 3 as points from 0 to 1: two arcs."""
    upper = [(0.48 + 0.17 * math.sin(a), 0.33 - 0.15 * math.cos(a)) for a in _turn(-0.9, 3.0)]
    lower = [(0.47 + 0.2 * math.sin(a), 0.66 - 0.18 * math.cos(a)) for a in _turn(0.1, 4.1)]
    return upper + lower


def _turn(start: float, stop: float, steps: int = 22) -> list[float]:
    return [start + (stop - start) * step / steps for step in range(steps + 1)]


def visit(
    browser: Browser,
    address: str,
    size: tuple[int, int],
    motion: Literal["reduce", "no-preference"] = "reduce",
) -> Page:
    """Open the page and wait until it is ready."""
    width, height = size
    tab = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion=motion
    ).new_page()
    tab.clock.install()
    tab.goto(address)
    tab.wait_for_selector("html[data-ready]")
    return tab


def save(picture: Image.Image, path: Path) -> None:
    """Save an image, at most 1000 pixels wide."""
    width = min(picture.width, 1000)
    picture = picture.convert("RGB").resize(
        (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
    )
    buffer = io.BytesIO()
    picture.save(buffer, "webp", quality=QUALITY, method=6)
    write_whole(path, buffer.getvalue())


if __name__ == "__main__":
    main()
