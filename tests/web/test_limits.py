"""The page's server under requests that the page never sends: slow, many, large, from others."""

from __future__ import annotations

import asyncio
import http.client
import json
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from threading import Thread
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser
from served_page import address_in

import pellucid as pl
from pellucid.web import SHIPPED, connections
from pellucid.web.digits import MOST_VALUES, RefusedError, network_of
from pellucid.web.guard import LARGEST_BODY
from pellucid.web.parts import model_bytes
from pellucid.web.routes import MOST_BATCH
from pellucid.web.server import application, listening, settings
from tests.web.kinds import PATIENCE
from tests.web.test_learn import news_of
from tests.web.test_server import ask, started, with_key


def connect(address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(address).port), PATIENCE)


@contextmanager
def within() -> Iterator[str]:
    """Serve the page from a thread of this process; yield its address."""
    with listening(0) as listener:
        running = uvicorn.Server(settings(application(pl.load(SHIPPED), "digits")))
        thread = Thread(target=running.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            running.should_exit = True
            thread.join()


def test_responses_do_not_wait_for_acknowledgements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TCP_NODELAY each request of a connection that is kept waits 40 ms for the last."""
    found: list[int] = []

    class Watched(connections.LimitedConnection):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            own = transport.get_extra_info("socket")
            found.append(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            super().connection_made(transport)

    monkeypatch.setattr(connections, "LimitedConnection", Watched)
    with within() as address:
        assert ask(address, "/digit/3")[0].status == 200
    assert found == [1]


def test_without_the_key_nothing_is_given(server: str) -> None:
    place = urlsplit(server)
    bare = f"http://{place.netloc}/"
    for path in ("/", "/?key=", "/?key=wrong", "/model.bin", "/page.json", "/learn", "/digit/0"):
        assert ask(bare, path)[0].status == 403, path
    assert ask(bare, "/evaluate", "POST", SHIPPED.read_bytes())[0].status == 403
    for cookie in ("pellucid-1=x", f"pellucid-{place.port}=wrong", '"', "a=b; c"):
        assert ask(bare, "/", Cookie=cookie)[0].status == 403, cookie
    response, content = ask(bare, f"/?{place.query}")
    assert (response.status, response.getheader("location"), content) == (303, "/", b"")
    cookie = str(response.getheader("set-cookie"))
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")
    assert ask(bare, "/page.json", Cookie=cookie.partition(";")[0])[0].status == 200


def test_a_browser_without_the_key_is_told_what_to_open(server: str, browser: Browser) -> None:
    """One that has the key follows a link on another site to the page."""
    bare = f"http://{urlsplit(server).netloc}/"
    response, content = ask(bare, "/", Accept_Language="ko-KR,ko")
    assert response.status == 403 and "주소를 여세요" in content.decode()
    assert str(response.getheader("content-type")).startswith("text/html")
    assert b"Open the address that pellucid has printed" in ask(bare, "/")[1]
    link = f"{bare}#n=1.5&lang=en"
    with closing(browser.new_context(locale="en-US")) as context:
        tab = context.new_page()
        for address, expected in ((bare, "h1"), (server, "html[data-ready]")):
            tab.goto(address)
            tab.wait_for_selector(expected)
        tab.goto("data:text/html,<p>another site")
        tab.evaluate(
            "(link) => { document.body.innerHTML = `<a href='${link}'>neurons</a>`; }", link
        )
        tab.get_by_role("link").click()
        tab.wait_for_selector("html[data-ready]")
        assert tab.evaluate("pellucid.look.state.neuron") == {"layer": 1, "index": 5}


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_are_refused(server: str, site: str) -> None:
    """They send no Origin with a plain GET, but browsers say where it comes from."""
    for path in ("/learn", "/model.bin", "/digit/0"):
        assert ask(server, path, Sec_Fetch_Site=site)[0].status == 403
    assert ask(server, "/", Sec_Fetch_Site=site)[0].status == 200  # a link to the page
    assert ask(server, "/digit/0", Sec_Fetch_Site="same-origin")[0].status == 200


def test_a_body_of_unstated_length_is_limited_too(server: str) -> None:
    place = urlsplit(server)
    assert place.hostname is not None
    piece = b"%x\r\n%s\r\n" % (1 << 20, bytes(1 << 20))
    with connect(server) as connection:
        head = f"POST /evaluate HTTP/1.1\r\nHost: {place.netloc}\r\nTransfer-Encoding: chunked\r\n"
        cookie = f"Cookie: {with_key(server)['Cookie']}\r\n\r\n"
        connection.sendall((head + cookie).encode())
        for _ in range((LARGEST_BODY >> 20) + 1):
            connection.sendall(piece)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def deep(layers: int) -> pl.Network:
    shipped = pl.load(SHIPPED)
    return pl.Network([*shipped.layers[:2], *[pl.Tanh()] * layers, *shipped.layers[2:]])


def test_networks_that_would_take_gigabytes_are_refused(server: str) -> None:
    """A file of 36 kB once took 7.5 GB in a batch of 50,000, one of 672 kB minutes to evaluate."""
    for net in (deep(MOST_VALUES // 784), deep(600)):
        with pytest.raises(RefusedError, match="at most"):
            network_of(model_bytes(net))
        response, reason = ask(server, "/evaluate", "POST", model_bytes(net))
        assert response.status == 400 and b"multiply-adds" in reason
    assert network_of(model_bytes(deep(3))) == deep(3)
    with news_of(server) as stream:
        name = json.loads(stream.readline().removeprefix(b"data: "))["name"]
        start = f"/learn/{name}/start?batch="
        assert ask(server, f"{start}{MOST_BATCH + 1}", "POST", b"")[0].status == 400
        assert ask(server, f"{start}{MOST_BATCH}", "POST", b"")[0].status == 200


FEW_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
from pellucid.cli import main
sys.exit(main(["open", "--no-browser", "--port", "0", "--lang", "en"]))
"""


@pytest.mark.integration
def test_idle_connections_leave_room_for_the_page() -> None:
    """Three hundred, where a process may open 128 files: the page is there, nothing is printed."""
    command = [sys.executable, "-c", FEW_FILES]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        address = address_in(process.stdout.readline())
        try:
            first = [connect(address) for _ in range(20)]
            idle = [connect(address) for _ in range(280)]
            refused = select.select(idle, [], [], PATIENCE)[0]  # long before the others' time is up
            assert refused[0].recv(100).startswith(b"HTTP/1.1 503 ")
            for each in idle[:40] + first:
                each.close()
            while ask_or_none(address) != 200:
                time.sleep(0.05)
            for each in idle:
                each.close()
            process.send_signal(signal.SIGINT)
        except BaseException:
            process.kill()  # or the end of the block would wait for it
            raise
        assert process.communicate(timeout=PATIENCE)[1] == ""


def ask_or_none(address: str) -> int | None:
    try:
        return ask(address)[0].status
    except (OSError, http.client.HTTPException):
        return None


def test_a_request_must_arrive_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte a moment keeps no connection."""
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    with within() as address, connect(address) as slow, connect(address) as idle:
        slow.sendall(b"GET / HT")
        assert idle.recv(100) == slow.recv(100) == b""
        assert ask(address)[0].status == 200


@pytest.mark.integration
def test_ctrl_c_ends_the_server_while_it_computes() -> None:
    with started("open", "--no-browser") as process:
        assert process.stdout is not None
        address = address_in(process.stdout.readline())
        body = SHIPPED.read_bytes()

        def robust() -> None:
            with suppress(OSError, http.client.HTTPException):
                ask(address, "/robustness/rotation", "POST", body)

        askers = [Thread(target=robust) for _ in range(12)]
        for asker in askers:
            asker.start()
        assert ask(address, "/digit/0")[0].status == 200  # computing keeps nobody else waiting
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        for asker in askers:
            asker.join(PATIENCE)
    assert (process.returncode, out, err) == (0, "", "")
