"""The page in a notebook: the widget's data, and its script in Chromium."""

import sys
from pathlib import Path

import anywidget
import pytest
from playwright.sync_api import Browser, Request

import pellucid as pl
from pellucid.errors import InputError
from pellucid.web import SHIPPED
from tests.web.kinds import PATIENCE, area_of
from tests.web.test_page import by_mouse, path_of, settle


def test_what_a_notebook_is_given() -> None:
    """The widget for where scripts run.

    The network's picture, without a script, for where they do not.
    """
    net = pl.load(SHIPPED)
    view = pl.view(net, height=500)
    assert isinstance(view, anywidget.AnyWidget)
    bundle = view._repr_mimebundle_()
    assert bundle is not None
    content, _ = bundle
    assert content["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
    assert content["text/html"] == net._repr_html_() and "<script" not in content["text/html"]
    assert view.height == 500 and len(view.page.encode()) < 450_000
    state = view.get_state()
    assert {"page", "height", "label", "_esm"} <= state.keys()


def test_what_cannot_be_viewed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="height must be positive, got 0"):
        pl.view(pl.load(SHIPPED), height=0)
    with pytest.raises(InputError, match="no weights"):
        pl.view(pl.Network([pl.Sigmoid()]))
    with pytest.raises(InputError, match=r"expected a Network, .* got str"):
        pl.view("digits.safetensors")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(InputError, match="pip install anywidget"):
        pl.view(pl.load(SHIPPED))


NOTEBOOK = """async ({ script, page }) => {
  document.body.replaceChildren();
  const traits = { page, height: 700, label: "network" };
  const listeners = new Map();
  const [on, off] = [(name, f) => listeners.set(name, f), (name) => listeners.delete(name)];
  const model = { get: (name) => traits[name], on, off };
  const blob = new Blob([script], { type: "text/javascript" });
  const widget = (await import(URL.createObjectURL(blob))).default;
  const el = document.body.appendChild(document.createElement("div"));
  window.end = widget.render({ model, el });
  window.grow = (height) => { traits.height = height; listeners.get("change:height")(); };
}"""


def test_the_widget_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    """The script as anywidget calls it, with what the widget sends.

    One draws, and the page answers.
    """
    view = pl.view(pl.load(SHIPPED), height=700)
    (tmp_path / "notebook.html").write_text(
        "<!doctype html><title>notebook</title>", encoding="utf-8"
    )
    context = browser.new_context(viewport={"width": 1000, "height": 800}, locale="ko-KR")
    tab = context.new_page()
    tab.set_default_timeout(1000 * PATIENCE)
    trouble = list[str]()
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))

    def requested(request: Request) -> None:
        if request.url.startswith("http"):
            trouble.append(request.url)

    tab.on("request", requested)
    tab.goto((tmp_path / "notebook.html").as_uri())
    tab.evaluate(NOTEBOOK, {"script": view.get_state()["_esm"], "page": view.page})
    frame = tab.frame_locator("iframe")
    frame.get_by_test_id("drawing").wait_for()
    assert area_of(tab.locator("iframe"))["height"] == 700
    by_mouse(frame, path_of(7), mouse=tab.mouse)
    settle(tab)
    frame.get_by_test_id("neuron-1-3").click()
    inner = next(one for one in tab.frames if one != tab.main_frame)
    # The address, written in the frame, is the frame's own.
    inner.wait_for_function("() => location.href.startsWith('about:srcdoc#d=')")
    assert frame.get_by_test_id("prediction").inner_text() == "7"
    assert "은닉층 1, 뉴런 3" in frame.get_by_test_id("neuron-detail").inner_text()
    tab.evaluate("window.grow(500)")
    assert area_of(tab.locator("iframe"))["height"] == 500
    tab.evaluate("window.end()")
    context.close()
    assert trouble == []
