"""Measure the page's network while signals run, and while a digit is drawn.

    python benchmarks/stage_frames.py          a minute; prints a table

For a frame of running signals: milliseconds of script, style and layout on the main thread, from a
trace of Chromium. For a stroke: milliseconds of script from a pointer's move to updated neurons,
with signals allowed. Both on the page that `pellucid open` serves, with the network that comes with
pellucid (784-16-16-10).
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from typing import Any

import chromium
from playwright.sync_api import CDPSession, Page, sync_playwright
from served_page import served

RUNS = 12  # of the signals
TIMED = ("FireAnimationFrame", "FunctionCall", "EventDispatch", "UpdateLayoutTree", "Layout")
SIZES = ((1440, 900), (1920, 1080), (390, 844))

STROKES = """async () => {
  const { store } = pellucid.page;
  const surface = document.querySelector('[data-testid="drawing"]');
  const area = surface.getBoundingClientRect();
  surface.setPointerCapture = () => {};
  const times = [];
  for (let stroke = 0; stroke < 5; stroke++) {
    const at = (i) => ({
      bubbles: true, pointerId: 1, buttons: 1,
      clientX: area.left + area.width * (0.25 + 0.1 * stroke + 0.002 * i),
      clientY: area.top + area.height * (0.5 + 0.25 * Math.sin(i / 9)),
    });
    surface.dispatchEvent(new PointerEvent("pointerdown", at(0)));
    for (let i = 1; i <= 60; i++) {
      const start = performance.now();
      surface.dispatchEvent(new PointerEvent("pointermove", at(i)));
      store.show();
      times.push(performance.now() - start);
      await new Promise(requestAnimationFrame);
    }
    surface.dispatchEvent(new PointerEvent("pointerup", at(60)));
    await new Promise((done) => setTimeout(done, 200)); // signals are on their way
  }
  return times;
}"""


def main() -> None:
    """Print a row for each size of the window."""
    print("window      frame of signals: median, p95   move of a stroke: median, p95")  # noqa: T201
    with sync_playwright() as playwright, served() as address:
        browser = playwright.chromium.launch(executable_path=chromium.path(), args=["--no-sandbox"])
        for width, height in SIZES:
            tab = browser.new_context(
                viewport={"width": width, "height": height}, reduced_motion="no-preference"
            ).new_page()
            tab.goto(f"{address}#t=500")
            tab.wait_for_selector("html[data-ready]")
            frames, moves = signal_frames(tab), tab.evaluate(STROKES)
            cells = [f"{part:5.2f} ms" for times in (frames, moves) for part in middle(times)]
            print(  # noqa: T201
                f"{width}x{height:<6} {cells[0]}, {cells[1]}  ({len(frames)} frames)"
                f"    {cells[2]}, {cells[3]}"
            )
            tab.context.close()
        browser.close()


def middle(times: list[float]) -> tuple[float, float]:
    """Return the median and the 95 % quantile."""
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def signal_frames(tab: Page) -> list[float]:
    """Run the signals several times; return milliseconds of work in each of their frames."""
    session = tab.context.new_cdp_session(tab)
    events: list[dict[str, Any]] = []
    session.on("Tracing.dataCollected", lambda found: events.extend(found["value"]))
    categories = "devtools.timeline,blink.user_timing"
    session.send("Tracing.start", {"transferMode": "ReportEvents", "categories": categories})
    for _ in range(RUNS):
        tab.evaluate("performance.mark('run')")
        tab.get_by_test_id("signals-play").dispatch_event("click")
        tab.wait_for_timeout(950)
    finish(tab, session)
    return frames(events)


def finish(tab: Page, session: CDPSession) -> None:
    """End the trace, and wait until all of it has come."""
    done: list[bool] = []
    session.on("Tracing.tracingComplete", lambda _: done.append(True))
    session.send("Tracing.end")
    while not done:
        tab.wait_for_timeout(50)


def frames(events: Iterable[dict[str, Any]]) -> list[float]:
    """Return the milliseconds of script, style and layout in each frame that has a callback."""
    found = sorted((one for one in events if one.get("ph") == "X"), key=lambda one: one["ts"])
    callbacks = [one for one in found if one["name"] == "FireAnimationFrame"]
    if not callbacks:
        raise SystemExit(
            f"no frames in the trace: {json.dumps(sorted({e['name'] for e in found}))}"
        )
    thread = callbacks[0]["tid"]
    times: list[float] = []
    last, end = -1e9, 0.0
    for one in found:
        if one["tid"] != thread or one["name"] not in TIMED or one["ts"] < end:
            continue  # within another, which counts it already
        if one["name"] == "FireAnimationFrame" and one["ts"] - last > 4000:  # microseconds
            times.append(0.0)
            last = one["ts"]
        if times and one["ts"] - last < 8000:
            times[-1] += one.get("dur", 0) / 1000
        end = one["ts"] + one.get("dur", 0)
    return times


if __name__ == "__main__":
    main()
