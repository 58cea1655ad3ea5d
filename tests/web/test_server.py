"""The server: what it gives, to whom, and how it stops."""

import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from served_page import COMMAND, SETTINGS, address_in

import pellucid as pl
from pellucid.cli import main
from pellucid.web import SHIPPED
from pellucid.web.bundle import STATIC, STYLES, modules
from pellucid.web.guard import LARGEST_BODY
from tests.web.kinds import PATIENCE


def with_key(address: str) -> dict[str, str]:
    """Return the cookie into which a browser turns the key of the page's address."""
    place = urlsplit(address)
    key = parse_qs(place.query).get("key")
    return {} if key is None else {"Cookie": f"pellucid-{place.port}={key[0]}"}


def ask(
    address: str, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    place = urlsplit(address)
    assert place.hostname is not None
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = with_key(address) | named
    with closing(
        http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
    ) as connection:
        connection.request(method, path, body, named)
        with connection.getresponse() as answer:
            return answer, answer.read()


def test_it_gives_the_page(server: str) -> None:
    answer, html = ask(server)
    assert answer.status == 200
    policy = answer.getheader("content-security-policy")
    assert policy is not None and "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.getheader("x-content-type-options") == "nosniff"
    for name in (*modules(), *STYLES, "icon.svg"):
        assert f'href="{name}"'.encode() in html
        answer, content = ask(server, f"/{name}")
        assert (answer.status, content) == (200, (STATIC / name).read_bytes())
    assert json.loads(ask(server, "/page.json")[1])["server"] is True
    assert ask(server, "/model.bin")[1] == SHIPPED.read_bytes()
    assert ask(server, "/../server.py")[0].status == 404
    assert ask(server, "/main.js", "POST")[0].status == 405


def test_texts_are_sent_packed(server: str) -> None:
    answer, content = ask(server, "/main.js", Accept_Encoding="gzip, br")
    assert answer.getheader("content-encoding") == "gzip"
    assert gzip.decompress(content) == (STATIC / "main.js").read_bytes()
    answer, content = ask(server, "/model.bin", Accept_Encoding="gzip")
    assert answer.getheader("content-encoding") is None and content == SHIPPED.read_bytes()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1]"]
)
def test_other_names_are_refused(server: str, host: str) -> None:
    assert ask(server, Host=host)[0].status == 400


def test_other_origins_are_refused(server: str) -> None:
    assert ask(server, "/page.json", Origin="http://evil.example")[0].status == 403
    assert ask(server, "/page.json", Origin="null")[0].status == 403
    assert ask(server, "/page.json", Origin="http://127.0.0.1:1")[0].status == 403
    assert ask(server, "/page.json", Origin=f"http://{urlsplit(server).netloc}")[0].status == 200
    local = f"localhost:{urlsplit(server).port}"
    assert ask(server, "/page.json", Host=local, Origin=f"http://{local}")[0].status == 200


def test_large_bodies_are_refused(server: str) -> None:
    assert ask(server, "/", "POST", b"", Content_Length=str(LARGEST_BODY + 1))[0].status == 413


def test_it_listens_on_this_computer_only(server: str) -> None:
    port = urlsplit(server).port
    with socket.socket() as other, pytest.raises(OSError):
        other.settimeout(2)
        other.connect((socket.gethostbyname(socket.gethostname()), port))
        if other.getpeername()[0].startswith("127."):
            raise OSError("this machine's own name is 127.0.0.1, too")


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start pellucid in a process of its own.

    A test that fails within does not wait for its end.
    """
    command = [*COMMAND, *arguments, *SETTINGS]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["open", "--no-browser"], "the network that comes with pellucid"),
        (["open", "--no-browser", str(SHIPPED)], SHIPPED.name),
    ],
)
def test_ctrl_c_stops_it_cleanly(arguments: list[str], shown: str) -> None:
    with started(*arguments) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said.endswith("stops\n"):  # one line, or two of a terminal's width
            said += process.stdout.readline()
        address = address_in(said)
        connections = [
            socket.create_connection(("127.0.0.1", urlsplit(address).port)) for _ in range(3)
        ]
        assert ask(address)[0].status == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        for connection in connections:
            connection.close()
    assert (process.returncode, out, err) == (0, "", "")
    assert said.split() == f"open {address} in a browser ({shown}); Ctrl-C stops".split()


def test_a_taken_port_is_an_error_only_where_it_was_asked_for(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["open", "--no-browser", "--port", str(port), "--lang", "en"]) == 1
    assert f"port {port} cannot be used" in capfd.readouterr().err


def test_open_opens_the_browser(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("uvicorn.Server.run", lambda self, sockets: None)
    assert main(["open", "--port", "0"]) == 0
    assert address_in(capfd.readouterr().out) == opened[0]
    assert main(["open", "--port", "0", "--no-browser"]) == 0
    assert len(opened) == 1
    assert main(["open", "--port", "0", "--playground"]) == 0
    assert opened[1].endswith("#play=")


def test_without_the_extra_it_says_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["open", "--no-browser", "--lang", "en"]) == 1
    assert "pip install starlette uvicorn" in capfd.readouterr().err


def test_rows_are_served_too(tmp_path: Path) -> None:
    from pellucid.web.facts import facts

    table = {
        "age": [31, 54, 20, 18] * 5,
        "city": ["Seoul", "Busan", "Seoul", "Jeju"] * 5,
        "t": [0, 1, 1, 0] * 5,
    }
    net = pl.table_mlp(pl.Columns.of(table, target="t"))
    known = facts(net, "people")
    assert known["shape"] is None and known["digits"] is False and known["accuracy"] is None
    assert known["columns"][0] == "age" and len(known["columns"]) == len(known["start"])
    json.dumps(known)
