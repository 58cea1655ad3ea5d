"""Real clients against a real server, each in an environment of its own: net.predict's numbers."""

import json
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.data import mnist
from tests.serving.running import PATIENCE, Running, running

CLIENTS = Path(__file__).with_name("clients")
ROOT = Path(__file__).parents[2]
PACKAGES = {
    "triton": ["tritonclient[http]==2.73.0"],
    # KServe's client without the server half of the package
    "kserve_client": [
        *("--no-deps", "kserve==0.21.0"),
        *("-", "grpcio", "protobuf<7", "httpx", "orjson", "fastapi", "pandas<3", "psutil<6"),
        "cloudevents<2",
        "pyyaml",
    ],
    "openapi_client": ["open-inference-openapi==2.0.0.1"],
    "schemathesis": ["schemathesis==4.32.5"],
    "fastapi": ["fastapi", "httpx"],
    "mlflow": ["mlflow-skinny", "pandas<3", "numpy<3", "scipy"],
    "bentoml": ["bentoml==1.4.40"],
    "ray_serve": ["ray[serve]==2.60.0"],
}

pytestmark = pytest.mark.integration


def environment(name: str) -> Path:
    """Return the Python of a client's environment, which is made once and kept in the clone."""
    folder = ROOT / ".venv-clients" / name
    python = folder / "bin" / "python"
    done = folder / "done"
    wanted = json.dumps(PACKAGES[name])
    if not done.exists() or done.read_text() != wanted:
        venv.create(folder, clear=True, with_pip=True)
        packages = PACKAGES[name]
        for part in " ".join(packages).split(" - ") if "-" in packages else [" ".join(packages)]:
            command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            subprocess.run([*command, *part.split()], check=True)
        done.write_text(wanted)
    return python


@pytest.fixture(scope="module")
def server(models: dict[str, Path]) -> Iterator[Running]:
    with running(*models.values(), "--log", "off") as server:
        yield server


def rows() -> np.ndarray[Any, Any]:
    return mnist().test.images[:3].reshape(3, 784)


def ask(name: str, server: Running) -> dict[str, Any]:
    script = [str(environment(name)), str(CLIENTS / f"{name}.py"), server.address]
    done = subprocess.run(
        script, input=json.dumps(rows().tolist()), capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def same(found: Any, net: pl.Network) -> bool:
    return np.array_equal(np.array(found, np.float32), net.predict(rows()))


def test_tritons_client(server: Running, nets: dict[str, pl.Network]) -> None:
    found = ask("triton", server)
    for form in ("default", "json", "gzip", "deflate"):
        assert same(found[form], nets["digits"]), form
    for binary in (True, False):
        assert found[f"classes {binary}"] == nets["digits"].labels(rows())
    people = nets["people"].predict({"age": [31, 54], "city": ["Seoul", "Busan"]})
    assert np.array_equal(np.array(found["columns"], np.float32), people)
    assert "784 numbers" in found["error"]


def test_kserves_client(server: Running, nets: dict[str, pl.Network]) -> None:
    found = ask("kserve_client", server)
    for form in ("v1", "v2 False", "v2 True"):
        assert same(found[form], nets["digits"]), form
    assert "784 numbers" in found["error"]


def test_the_protocols_own_client(server: Running, nets: dict[str, pl.Network]) -> None:
    found = ask("openapi_client", server)
    assert same(found["json"], nets["digits"])
    assert found["missing"] == 404 and "784 numbers" in found["error"]


def test_curl(server: Running, nets: dict[str, pl.Network], tmp_path: Path) -> None:
    """By curl's defaults it is a form; --compressed and -T ask in other ways."""
    example = tmp_path / "digit.png"
    url = f"{server.address}/predict/digits"
    subprocess.run(["curl", "-sS", "-o", str(example), url], check=True)
    digit = pl.digit(pl.read_image(example))
    expected = nets["digits"].predict(digit[None])[0]
    for how in (["--data-binary", f"@{example}"], ["-X", "POST", "-T", str(example)]):
        done = subprocess.run(
            ["curl", "-sS", "--compressed", *how, url], capture_output=True, check=True
        )
        (entry,) = json.loads(done.stdout)["predictions"]
        assert np.array_equal(np.array(entry["outputs"], np.float32), expected)
    row = '{"age": 31, "city": "Seoul"}'
    done = subprocess.run(
        ["curl", "-sS", "-d", row, f"{server.address}/predict/people"],
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["model"] == "people"
