"""`pellucid serve`: what it prints works as typed, and signals end it."""

import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from pellucid.cli import main
from pellucid.web import SHIPPED
from tests.serving.running import PATIENCE, Running, running

CURL = shutil.which("curl")
TOKEN = {"Authorization": "Bearer 0123456789abcdef"}


def trial(server: Running) -> str:
    """Run the line that the server suggests."""
    line = server.printed[-1].strip()
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return done.stdout


@pytest.mark.skipif(CURL is None, reason="no curl here")
def test_what_it_suggests_works_and_sigterm_ends_it(tmp_path: Path) -> None:
    token = tmp_path / "a token.txt"
    token.write_text("0123456789abcdef\n")
    model = tmp_path / "$x 20%2f.safetensors"  # signs of a shell and of an address
    model.symlink_to(SHIPPED)
    with running(model, "--token-file", token) as server:
        assert server.printed[0].startswith(f"serving $x 20%2f at {server.address};")
        assert '"label":"7"' in trial(server)
        assert f"/predict/{quote(model.stem)}" in server.get("/openapi.json", **TOKEN)["paths"]
        assert server.stop() == 0
        asked = [line.split(" ", 2)[2].rsplit(" ", 2)[0] for line in server.log]
        assert asked[:2] == ["GET /predict/$x 20%2f 200", "POST /predict/$x 20%2f 200"]


def test_ctrl_c_ends_it_cleanly(models: dict[str, Path]) -> None:
    with running(models["people"], models["houses"], "--log", "off") as server:
        assert server.get("/predict/people", {"age": 31, "city": "Seoul"})["model"] == "people"
        assert server.stop(signal.SIGINT) == 0
        assert not server.log


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "give --token-file"),
        (["--token-file", "short"], "16 or more"),
        (["--token-file", "missing"], "missing: cannot be read"),
        (["nothing.safetensors"], "nothing.safetensors"),
        ([str(SHIPPED), "digits"], "both be called digits"),
    ],
)
def test_what_cannot_be_served_is_said(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short").write_text("0123456789\n")
    assert main(["serve", *arguments, "--port", "0", "--lang", "en"]) == 1
    assert said in " ".join(capfd.readouterr().err.split())


def test_a_taken_port_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert main(["serve", "--port", str(other.getsockname()[1]), "--lang", "en"]) == 1
    assert "choose another port" in " ".join(capfd.readouterr().err.split())


def test_without_the_extra_it_says_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "orjson", None)
    assert main(["serve", "--lang", "en"]) == 1
    assert "uvicorn httptools" in " ".join(capfd.readouterr().err.split())


AT_ONCE = """
import signal
from pellucid.cli.models import DIGITS, model_path
from pellucid.serving.limits import Limits, local
from pellucid.serving.models import by_name
from pellucid.serving.server import Service, serve

models = by_name([model_path(DIGITS)])
service = Service(models=models, limits=Limits(), access=local((), ""), log="off")
serve(service, "127.0.0.1", 0, 1, lambda address: signal.raise_signal(signal.SIGTERM))
"""


def test_a_sigterm_as_soon_as_the_address_is_told_ends_the_server() -> None:
    """Before uvicorn listens to signals: it was lost, and the server stayed."""
    command = [sys.executable, "-c", AT_ONCE]
    assert subprocess.run(command, timeout=PATIENCE).returncode == 0
