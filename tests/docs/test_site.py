"""The built site in a browser: it asks no other host, axe finds nothing, languages switch."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response

from tools.docs.site import build

pytestmark = pytest.mark.integration

SHOWN = (
    *("", "learn/neurons-and-layers/", "how-to/tables/", "measured/benchmarks/"),
    *("reference/commands/", "reference/python/network/", "page/"),
)
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
LOOKS = [("en", "light", "desktop"), ("ko", "dark", "phone"), ("en", "dark", "phone")]

Visit = Callable[..., Page]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the site, and serve it below a folder, as it may be on its host."""
    folder = tmp_path_factory.mktemp("docs")
    build(folder / "host" / "site", folder / "stage")
    handler = functools.partial(Quiet, directory=str(folder / "host"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/site/"
        server.shutdown()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Open a page of the site; requests to other hosts and errors fail the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def requested(request: Request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            wrong.append(request.url)

    def answered(response: Response) -> None:
        if response.status >= 400:
            wrong.append(f"{response.status} {response.url}")

    def open_page(
        path: str, language: str = "en", scheme: str = "light", size: str = "desktop"
    ) -> Page:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            locale={"en": "en-US", "ko": "ko-KR"}[language],
        )
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", requested)
        tab.on("response", answered)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(address + path, wait_until="networkidle")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
@pytest.mark.parametrize("path", SHOWN)
def test_a_page_is_whole(visit: Visit, path: str, language: str, scheme: str, size: str) -> None:
    tab = visit(f"{language}/{path}", language, scheme, size)
    assert tab.get_attribute("html", "lang") == language
    assert tab.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    results = Axe().run(tab)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize(("language", "title"), [("en", "Commands"), ("ko", "명령")])
def test_the_first_page_leads_to_the_readers_language(
    visit: Visit, address: str, language: str, title: str
) -> None:
    tab = visit("", language)
    tab.wait_for_url(f"{address}{language}/")
    tab.goto(f"{address}{language}/reference/commands/")
    assert tab.inner_text("h1").startswith(title)


def test_languages_switch_to_the_same_page(visit: Visit, address: str) -> None:
    tab = visit("en/reference/python/layers/")
    tab.click("header .md-select button")
    tab.click('header a[hreflang="ko"]')
    tab.wait_for_url(f"{address}ko/reference/python/layers/")
    assert tab.get_attribute("html", "lang") == "ko"


@pytest.mark.parametrize(
    ("language", "words", "path"),
    [("en", "early stopping", "python/training/"), ("ko", "학습률 스케줄", "python/optimizers/")],
)
def test_search_finds_a_page(visit: Visit, language: str, words: str, path: str) -> None:
    tab = visit(f"{language}/", language)
    tab.keyboard.press("Control+k")
    tab.keyboard.type(words)
    tab.locator(f"a[href*='{path}']:visible").first.wait_for()  # in the navigation it is folded


def test_pictures_and_the_live_page_follow_the_switch(visit: Visit) -> None:
    tab = visit("en/page/")
    frame = tab.locator("iframe.live")
    assert "theme=light" in str(frame.get_attribute("src"))
    for _ in range(2):  # the system's setting, light, dark
        tab.click("form.md-header__option label:not([hidden])")
    tab.wait_for_selector("iframe.live[src*='theme=dark']")
    assert "lang=en" in str(frame.get_attribute("src"))
    tab.frame_locator("iframe.live").locator("canvas, svg").first.wait_for()
