"""The files of examples/serving: what can be run or read here is."""

import importlib.util
import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml

import pellucid as pl
from pellucid.cli.serve import ServeOptions
from pellucid.cli.serve import serve as command
from pellucid.web import SHIPPED
from tests.serving.test_clients import environment

RECIPES = Path(__file__).parents[2] / "examples" / "serving"
ZEROS = np.zeros((2, 784), np.uint8)


def words_of(text: str) -> list[str]:
    """Return the options of the `pellucid serve` in a line of a shell."""
    return [word for word in text.partition("pellucid serve ")[2].split() if word.startswith("--")]


def check_options(text: str) -> None:
    known = {name for param in command.params for name in param.opts}
    words = words_of(text)
    assert words and set(words) <= known, words
    assert ServeOptions.__dataclass_fields__


def test_the_container_serves_as_the_command_can() -> None:
    text = (RECIPES / "Dockerfile").read_text()
    check_options(text)
    lines = text.splitlines()
    assert lines.index("USER serve") < next(n for n, line in enumerate(lines) if "CMD" in line)


def test_the_runtime_of_kserve_serves_as_the_command_can() -> None:
    runtime, service = yaml.safe_load_all((RECIPES / "kserve.yaml").read_text())
    (container,) = runtime["spec"]["containers"]
    check_options(container["args"][0])
    port = container["ports"][0]["containerPort"]
    assert f"--port {port} " in container["args"][0]
    for probe in ("livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["port"] == port and asked["path"].startswith("/v2/health/")
    assert service["spec"]["predictor"]["model"]["runtime"] == runtime["metadata"]["name"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = (RECIPES / "pellucid-serve.service").read_text()
    check_options(text)
    # The program is not installed on this machine, and a service needs one that is
    unit = tmp_path / "pellucid-serve.service"
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    problems = [line for line in done.stderr.splitlines() if "pellucid-serve" in line]
    assert not problems, done.stderr


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, RECIPES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MLFLOW = """
import json, sys
import mlflow, numpy as np
mlflow.pyfunc.save_model("saved", python_model=sys.argv[1], artifacts={"network": sys.argv[2]},
                         pip_requirements=[])
model = mlflow.pyfunc.load_model("saved")
print(json.dumps(model.predict(np.zeros((2, 784), np.uint8)).tolist()))
"""
FASTAPI = """
import json, sys
from fastapi.testclient import TestClient
sys.path.insert(0, sys.argv[1])
from fastapi_app import app
client = TestClient(app)
assert client.get("/").json() == {"models": "/models"}
answer = client.post("/models/v1/models/digits:predict", json={"instances": [[0] * 784] * 2})
print(json.dumps(answer.json()["predictions"]))
"""


ASKING = """
import json, os, socket, subprocess, sys, time
from urllib.request import Request, urlopen

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
url = f"http://127.0.0.1:{port}"


def ask(path, value):
    json_type = {"content-type": "application/json"}
    return json.load(urlopen(Request(url + path, json.dumps(value).encode(), json_type)))
"""
BENTOML = """
command = [sys.executable, "-m", "bentoml", "serve", "bentoml_service:Digits"]
command += ["--host", "127.0.0.1", "--port", str(port)]
with subprocess.Popen(command, cwd=sys.argv[1], stdout=2) as done:
    try:
        while done.poll() is None:
            try:
                urlopen(url + "/readyz").close()
                print(json.dumps(ask("/predict", {"x": [[0] * 784] * 2})))
                break
            except OSError:
                time.sleep(0.05)
    finally:
        done.terminate()
"""
RAY_SERVE = """
import ray
from ray import serve

ray.init(num_cpus=2, include_dashboard=False)
serve.start(http_options={"host": "127.0.0.1", "port": port})
from ray_serve import digits

serve.run(digits)
print(json.dumps(ask("/v1/models/digits:predict", {"instances": [[0] * 784] * 2})["predictions"]))
ray.shutdown()
"""
RAY_PATIENCE = ("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S")
LIGHT = ("mlflow", "fastapi", "bentoml")
PROGRAMS = {
    "mlflow": MLFLOW,
    "fastapi": FASTAPI,
    "bentoml": ASKING + BENTOML,
    "ray_serve": ASKING + RAY_SERVE,
}


@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(name, marks=pytest.mark.integration) for name in LIGHT),
        # Starts five processes and waits for each: half a minute, or more beside others
        pytest.param("ray_serve", marks=pytest.mark.soak),
    ],
)
def test_recipes_predict(name: str, tmp_path: Path) -> None:
    """In an environment of their own, which borrows this one's pellucid and NumPy."""
    recipe = RECIPES / ("mlflow_model.py" if name == "mlflow" else "")
    python = environment(name)
    borrow(python)
    settings = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(tmp_path)}
    settings |= {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(RECIPES), "MODEL": str(SHIPPED)}
    # Ray gives up on what a busy machine does slowly
    settings |= dict.fromkeys(RAY_PATIENCE, "120")
    done = subprocess.run(
        [python, "-c", PROGRAMS[name], recipe, SHIPPED],
        env=os.environ | settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answer = next(line for line in done.stdout.splitlines() if line.startswith("[["))
    found = np.array(json.loads(answer), np.float32)
    assert np.array_equal(found, pl.load(SHIPPED).predict(ZEROS))


def borrow(python: Path) -> None:
    """Let an environment find this one's packages behind its own: pellucid and NumPy."""
    (own,) = (python.parents[1] / "lib").glob("python*/site-packages")
    # Not the folder alone: an editable install is found by what its own .pth file does
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"
    (own / "borrowed.pth").write_text(line)
