"""The page as a folder of files, served by a plain web server under a path of its own."""

import functools
import http.server
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

import pellucid as pl
from pellucid.errors import FileError, InputError
from pellucid.web import SHIPPED, site
from pellucid.web.bundle import STATIC, modules
from tests.web.kinds import Visit
from tests.web.test_page import by_mouse, path_of, prediction, settle

School: TypeAlias = Callable[..., str]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


class AsPacked(Quiet):
    """A server that takes everything packed for a text sent packed, as some are set up."""

    def end_headers(self) -> None:
        if self.path.endswith("digits.bin"):
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A web site with the page under /class/3/neurons/.

    A function that serves it gives the page's address.
    """
    root = tmp_path_factory.mktemp("school")
    (root / "class" / "3").mkdir(parents=True)
    site(pl.load(SHIPPED), root / "class" / "3" / "neurons")
    servers = []

    def serve(handler: type[Quiet] = Quiet) -> str:
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(handler, directory=root)
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/class/3/neurons/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_digits_that_come_unpacked_are_read(school: School, visit: Visit) -> None:
    tab = visit(school(AsPacked) + "#t=740")
    assert prediction(tab) == "9"


def test_a_plain_server_shows_it(school: School, visit: Visit) -> None:
    """Drawn, watched, asked, evaluated.

    `visit` sees to it that nothing outside the folder is asked for.
    """
    tab = visit(school() + "#lang=ko")
    for digit in (3, 7):
        by_mouse(tab, path_of(digit))
        assert prediction(tab) == str(digit)
        tab.get_by_test_id("clear").click()
    tab.get_by_test_id("load-next").click()
    assert prediction(tab) == "7"
    tab.get_by_test_id("neuron-1-3").click()
    tab.get_by_test_id("panel-evaluate").click()
    tab.get_by_test_id("cell-4-9").click()
    tab.get_by_test_id("digit-740").click()
    assert prediction(tab) == "9"
    tab.get_by_test_id("panel-learn").click()
    settle(tab)
    assert "pellucid open" in tab.inner_text(".panel")
    tab.wait_for_function("() => location.hash.includes('p=learn')")
    again = visit(tab.url)
    assert prediction(again) == "9"
    assert "은닉층 1, 뉴런 3" in again.get_by_test_id("neuron-detail").inner_text()


def test_what_the_folder_holds(school: School, tmp_path: Path) -> None:
    net = pl.load(SHIPPED)
    paths = site(net, tmp_path / "page")
    assert paths[0].name == "index.html" and all(path.is_file() for path in paths)
    html = paths[0].read_text(encoding="utf-8")
    stated = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert stated is not None
    policy = stated[1]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "CC BY-SA 3.0" in html
    assert not re.search(
        r'(?:src|href)="(?:/|[a-z]+:)', html
    )  # nothing names a host, or the root of one
    for name in modules():
        assert (tmp_path / "page" / name).read_bytes() == (STATIC / name).read_bytes()
    assert pl.load(tmp_path / "page" / "model.bin") == net
    facts = json.loads((tmp_path / "page" / "page.json").read_text(encoding="utf-8"))
    assert facts["server"] is False and facts["name"] == "page"
    found = {
        path.relative_to(tmp_path / "page").as_posix()
        for path in (tmp_path / "page").rglob("*")
        if path.is_file()
    }
    assert found == set(facts["files"])


def test_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, folder = pl.mlp([3, 4, 2], seed=0), tmp_path / "page"
    site(pl.load(SHIPPED), folder)
    site(net, folder)  # what it wrote itself it replaces, and leaves nothing of it
    assert not (folder / "digits.bin").exists() and pl.load(folder / "model.bin") == net
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    writes = []

    def full(handle: int) -> None:
        writes.append(handle)
        if len(writes) == 20:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(FileError, match="page: cannot be written"):
            site(pl.load(SHIPPED), folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert list(tmp_path.iterdir()) == [folder]
    (folder / "views" / "mine.txt").write_text("a teacher's own")
    with pytest.raises(
        FileError, match=re.escape("it contains views/mine.txt, which would be lost")
    ):
        site(net, folder)
    assert (folder / "views" / "mine.txt").exists()


def test_what_cannot_be_written(tmp_path: Path) -> None:
    net = pl.mlp([3, 2], seed=0)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    for bad in (tmp_path / "file", tmp_path / "none" / "page"):
        with pytest.raises(FileError):
            site(net, bad)
    with pytest.raises(InputError, match="no weights"):
        site(pl.Network([pl.Sigmoid()]), tmp_path / "page")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "empty"}
    site(net, tmp_path / "empty")
    assert (tmp_path / "empty" / "index.html").exists()
