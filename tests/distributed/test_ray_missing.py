"""Ray that is not installed, and addresses without a cluster: one line says so, by every way in."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

import pellucid as pl
from pellucid.cli import main
from pellucid.distributed import RayTasks, score, train
from pellucid.errors import InputError, MissingLibraryError
from tests.distributed.conftest import table

NOWHERE = "127.0.0.1:1"
PROMISED = 30.0  # seconds after which an address without a cluster is an error
COMMANDS = {
    "score": ("score", "model.safetensors", "a.csv", "-o", "out"),
    "tune": ("tune", "--data", "a.csv", "--target", "bought"),
    "train": ("train", "--data", "moons", "--epochs", "1", "-o", "moons.safetensors"),
}


def scored(address: str) -> None:
    score("model.safetensors", ["a.csv"], "out", workers=RayTasks(address))


def searched(address: str) -> None:
    pl.search(table(60), "bought", trials=1, workers=RayTasks(address))


def trained(address: str) -> None:
    x, t = pl.moons(20)
    train(pl.mlp([2, 2], seed=0), x, t, ray=address)


@pytest.fixture(autouse=True)
def files(model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A model and a table in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert Path(model) == Path("model.safetensors").absolute()
    sizes = np.random.default_rng(0).uniform(0, 100, 60)
    lines = [f"{size},Seoul,{int(size > 50)}" for size in sizes]
    Path("a.csv").write_text("\n".join(["size,city,bought", *lines]))


@pytest.fixture
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)


@pytest.mark.usefixtures("no_ray")
@pytest.mark.parametrize("way", [scored, searched, trained])
def test_without_ray_the_library_names_the_install(way: Callable[[str], None]) -> None:
    with pytest.raises(MissingLibraryError, match=r"needs ray, which is not installed: .*ray$"):
        way("local")


@pytest.mark.usefixtures("no_ray")
@pytest.mark.parametrize("name", COMMANDS)
def test_without_ray_a_command_names_the_install_in_one_line(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*COMMANDS[name], "--ray", "local"]) == 1
    out, err = capfd.readouterr()
    complaint = err.strip().splitlines()[-1]
    assert not out and complaint.startswith("pellucid: this needs ray, which is not installed: ")
    assert complaint.endswith("install ray")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("10.0.0.1", "expected the address of a Ray cluster, 10.0.0.1:6379"),
        ("somewhere:port", "expected the address of a Ray cluster, 10.0.0.1:6379"),
        (NOWHERE, "no Ray cluster answers at 127.0.0.1:1"),
        (f"ray://{NOWHERE}", "no Ray cluster answers at ray://127.0.0.1:1"),
    ],
)
def test_an_address_without_a_cluster_is_refused(address: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        RayTasks(address)


def test_the_address_of_the_environment_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", NOWHERE)
    with pytest.raises(InputError, match=r"no Ray cluster answers at 127\.0\.0\.1:1"):
        RayTasks("auto")


def test_a_cluster_that_has_ended_is_no_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray/ray_current_cluster").write_text(NOWHERE)  # as `ray start --head` wrote it
    with pytest.raises(InputError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 "):
        RayTasks("auto")


@contextmanager
def silent() -> Iterator[str]:
    """Yield the address of a server that accepts and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def web() -> Iterator[str]:
    """Yield the address of a web server, as Ray's dashboard is one."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.integration
@pytest.mark.parametrize("place", [silent, web])
def test_a_server_that_is_not_rays_is_refused_within_thirty_seconds(
    place: Callable[[], AbstractContextManager[str]],
) -> None:
    with place() as address:
        began = time.monotonic()
        with pytest.raises(InputError, match=f"no Ray cluster answers at {address}"):
            RayTasks(address)
        assert time.monotonic() - began < PROMISED


@pytest.mark.integration
@pytest.mark.parametrize("way", [scored, searched, trained])
def test_every_function_refuses_a_wrong_address(way: Callable[[str], None]) -> None:
    began = time.monotonic()
    with pytest.raises(InputError, match=r"no Ray cluster answers at 127\.0\.0\.1:1"):
        way(NOWHERE)
    assert time.monotonic() - began < PROMISED


@pytest.mark.integration
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_a_wrong_address(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    assert main([*COMMANDS[name], "--ray", NOWHERE]) == 1
    assert "pellucid: no Ray cluster answers at 127.0.0.1:1" in capfd.readouterr().err
    assert time.monotonic() - began < PROMISED
