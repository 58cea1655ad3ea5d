"""The application: who may ask, how much, what is counted and logged, and models that change."""

import asyncio
import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.errors import FileError, InputError
from pellucid.serving import Access, Limits, app
from pellucid.serving.http import Refused
from pellucid.serving.limits import local
from pellucid.serving.metrics import Counts, shared
from pellucid.serving.models import Model
from pellucid.web import SHIPPED
from tests.serving.asking import Answer, Asker

Asking = Callable[..., Asker]
ZEROS = [0.0] * 784
TOKEN = "0123456789abcdef"


def test_without_the_token_only_health_is_told(asking: Asking) -> None:
    asker = asking([SHIPPED], access=Access(token=TOKEN))
    for path in ("/ping", "/v2/health/live", "/v2/health/ready"):
        assert asker.get(path).status == 200
    for path in ("/", "/v2", "/metrics", "/openapi.json", "/predict/digits", "/nowhere"):
        for wrong in ({}, {"authorization": "Bearer x"}, {"authorization": TOKEN}):
            answer = asker.get(path, **wrong)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert TOKEN not in answer.error
        right = asker.get(path, authorization=f"Bearer {TOKEN}")
        assert right.status == (404 if path == "/nowhere" else 200)
    assert TOKEN not in repr(asker.app.access)
    assert asker.post("/predict/digits", ZEROS).headers["connection"] == "close"


def test_on_loopback_other_names_are_refused(asking: Asking) -> None:
    asker = asking([SHIPPED], access=local())
    for host in ("localhost", "LocalHost:8000", "127.0.0.1:1", "[::1]:8000", "[::1]"):
        assert asker.get("/", host=host).status == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "", "localhost.", "evil:8000"):
        assert asker.get("/ping", host=host).status == 421


def test_pages_of_other_hosts_are_refused_unless_they_are_allowed(asking: Asking) -> None:
    page = "https://page.example"
    closed, opened = asking([SHIPPED], access=local()), asking([SHIPPED], access=local([page]))
    assert closed.get("/", origin=page).status == 403
    assert closed.get("/", origin="null").status == 403
    own = closed.get("/", origin="http://localhost:8000")
    assert own.status == 200 and "access-control-allow-origin" not in own.headers
    answer = opened.post("/predict/digits", ZEROS, origin=page)
    assert answer.headers["access-control-allow-origin"] == page
    assert opened.get("/", origin="https://other.example").status == 403
    first = opened.ask("OPTIONS", "/predict/digits", b"", origin=page)
    assert (first.status, first.headers["access-control-allow-methods"]) == (204, "GET, POST")


@pytest.mark.parametrize(
    "path", ["/v2/models/../../etc/passwd/infer", "/v2/models/digits%2f", "//", "/v2/models/", "/x"]
)
def test_a_name_is_only_looked_up(asker: Asker, path: str) -> None:
    assert asker.post(path, {}).status in (404, 405)


def test_other_methods_are_refused(asker: Asker) -> None:
    answer = asker.get("/v2/models/digits/infer")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    answer = asker.ask("DELETE", "/predict/digits", b"")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert asker.ask("HEAD", "/v2/health/live", b"").status == 200


def sent(asker: Asker, chunks: list[bytes], stated: bool = True, **headers: str) -> Answer:
    path = "/predict/digits"
    asked = asker.exchange("POST", path, chunks, headers=headers, stated=stated)
    return asker.loop.run_until_complete(asked)


def test_bodies_have_a_limit(asking: Asking) -> None:
    asker = asking([SHIPPED], Limits(body=100_000, bodies=200_000))
    large = b"[" + b"0," * 100_000
    assert asker.post("/predict/digits", large).status == 413
    answer = sent(asker, [large[:1000]] * 1000, stated=False)
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    bomb = gzip.compress(bytes(10_000_000))
    assert len(bomb) < 100_000
    assert asker.post("/predict/digits", bomb, content_encoding="gzip").status == 413
    for wrong in (bomb[:-9], b"no gzip", bomb + b"more"):
        packed = Limits(body=20_000_000)
        answer = asking([SHIPPED], packed).post("/predict/digits", wrong, content_encoding="gzip")
        assert answer.status == 400
    answer = asker.post("/predict/digits", b"[]", content_encoding="br")
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "gzip, deflate")
    assert sent(asker, [b"[]"], content_length="-1").status == 413
    assert asker.app.bodies.left == 200_000


def test_all_bodies_together_have_a_limit(asking: Asking) -> None:
    asker = asking([SHIPPED], Limits(bodies=1000))
    answer = sent(asker, [b"0" * 600, b"0" * 600, b""])
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert asker.app.bodies.left == 1000


def test_numbers_have_a_limit(asking: Asking, models: dict[str, Path]) -> None:
    asker = asking(models, Limits(numbers=2000))
    entry = {"name": "x", "datatype": "FP32", "shape": [3, 784], "data": ZEROS * 3}
    assert asker.post("/v2/models/digits/infer", {"inputs": [entry]}).status == 413
    assert asker.post("/predict/digits", [ZEROS] * 3).status == 413
    rows = [{"age": 1, "city": "Seoul"}] * 1001
    assert asker.post("/predict/people", rows).status == 413


def test_a_client_that_leaves_is_counted(asking: Asking) -> None:
    asker = asking([SHIPPED])
    asked = asker.exchange("POST", "/predict/digits", [], stated=False)
    assert asker.loop.run_until_complete(asked).status == 0
    assert 'status="499"} 1.0' in asker.get("/metrics").body.decode()


def test_large_requests_are_bounded_and_small_ones_go_on(asking: Asking) -> None:
    """Two large requests are computed in threads; the third is refused, a small one is answered."""
    asker = asking([SHIPPED], Limits(concurrent=2))
    begun, go_on = threading.Semaphore(0), threading.Event()
    model = asker.app.served["digits"].model
    predict = model.predict

    def slow(x: Any) -> Any:
        if len(x) > 1:
            begun.release()
            go_on.wait()
        return predict(x)

    model.predict = slow
    model.work = 4_000_000
    large = [[0.0] * 784] * 2

    async def scene() -> list[int]:
        body = [json.dumps(large).encode()]
        tasks = [
            asker.loop.create_task(asker.exchange("POST", "/predict/digits", body))
            for _ in range(2)
        ]
        for _ in tasks:
            await asker.loop.run_in_executor(None, begun.acquire)
        third = await asker.exchange("POST", "/predict/digits", body)
        assert (third.status, third.headers["retry-after"]) == (429, "1")
        small = await asker.exchange("POST", "/predict/digits", [json.dumps(ZEROS).encode()])
        go_on.set()
        return [small.status, *[(await task).status for task in tasks]]

    assert asker.loop.run_until_complete(scene()) == [200, 200, 200]
    assert asker.app.computing.busy == 0


def test_what_is_refused_is_not_computed(asking: Asking) -> None:
    computing, done = asking([SHIPPED], Limits(concurrent=0)).app.computing, list[int]()
    with pytest.raises(Refused, match="0 requests"):
        asyncio.run(computing.apart(done.append, 1))
    computing._pool.shutdown()  # waits for what was begun
    assert not done


def test_a_prediction_has_a_deadline(asking: Asking) -> None:
    asker = asking([SHIPPED], Limits(seconds=0.01))
    model, go_on = asker.app.served["digits"].model, threading.Event()
    model.work = 1 << 40
    model.predict = lambda x: go_on.wait()  # type: ignore[assignment, return-value]
    answer = asker.post("/predict/digits", ZEROS)
    go_on.set()
    assert (answer.status, "longer than 0.01 s" in answer.error) == (503, True)


def test_an_unexpected_error_is_logged_and_not_told(asking: Asking) -> None:
    asker = asking([SHIPPED])
    lines: list[str] = []
    asker.app.log._write = lines.append

    def broken(x: Any) -> Any:
        raise RuntimeError("a secret")

    asker.app.served["digits"].model.predict = broken
    answer = asker.post("/predict/digits", ZEROS)
    assert (answer.status, "secret" in answer.error) == (500, False)
    asker.app.log.flush()
    assert "a secret" in lines[0]


def test_a_changed_file_is_exchanged_and_a_damaged_one_refused(
    asking: Asking, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    nets = [pl.mlp([2, 3, 1], seed=seed) for seed in range(2)]
    nets[0].save(path)
    asker = asking([path])
    lines: list[str] = []
    asker.app.log._write = lines.append

    def value() -> float:
        asker.loop.run_until_complete(asker.app.reload_changed())
        found: float = asker.post("/predict/model", [1.0, 2.0]).json["predictions"][0]["outputs"][0]
        return found

    x = np.array([[1.0, 2.0]], np.float32)
    first, second = (pytest.approx(net.predict(x)[0, 0]) for net in nets)
    assert value() == first
    path.unlink()  # it goes on from memory
    assert value() == first
    nets[1].save(path)
    assert value() == second
    for damaged in (b"", b"no model", path.read_bytes()[:-1]):
        path.write_bytes(damaged)
        assert value() == second
    path.unlink()
    assert value() == second
    nets[0].save(path)
    assert value() == first
    asker.app.log.flush()
    text = asker.get("/metrics").body.decode()
    assert 'pellucid_reloads_total{model="model",result="loaded"} 2.0' in text
    assert 'pellucid_reloads_total{model="model",result="refused"} 3.0' in text
    assert "".join(lines).count("old model stays") == 3


def test_a_request_keeps_the_model_with_which_it_began(asking: Asking, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    nets = [pl.mlp([2, 3, 1], seed=seed) for seed in range(2)]
    nets[0].save(path)
    asker = asking([path])
    served = asker.app.served["model"]
    before = served.model
    nets[1].save(path)
    served.reload()
    x = np.array([[1.0, 2.0]], np.float32)
    assert np.array_equal(before.predict(x), nets[0].predict(x))
    assert np.array_equal(served.model.predict(x), nets[1].predict(x))


def test_the_document_is_that_of_the_model_that_is_served(asking: Asking, tmp_path: Path) -> None:
    """Also where the changed file has other inputs."""
    path = tmp_path / "m.safetensors"
    pl.mlp([2, 1]).save(path)
    asker = asking([path])
    for width in (2, 5):
        pl.mlp([width, 1]).save(path)
        asker.loop.run_until_complete(asker.app.reload_changed())
        assert asker.get("/v2/models/m").json["inputs"][0]["shape"] == [-1, width]
        body = asker.get("/openapi.json").json["paths"]["/predict/m"]["post"]["requestBody"]
        row = body["content"]["application/json"]["schema"]["anyOf"][0]
        assert (row["minItems"], row["maxItems"]) == (width, width)


def test_names_are_unique_and_files_are_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="both be called digits"):
        app([SHIPPED, tmp_path / "digits.safetensors"])
    with pytest.raises(InputError, match="no model to serve"):
        app([])
    for name in ("", "a/infer", "a:predict"):
        with pytest.raises(InputError, match="hold / or :"):
            app({name: SHIPPED})
    with pytest.raises(FileError):
        app([tmp_path / "nothing.safetensors"])


def test_it_is_mounted_in_another_application(models: dict[str, Path]) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    served = app({"digits": pl.load(SHIPPED)})
    asker = Asker(Starlette(routes=[Mount("/ml", served)]))  # type: ignore[arg-type]
    try:
        found = asker.post("/ml/predict/digits", ZEROS).json
        assert found["model"] == "digits"
        assert asker.get("/ml/v2/health/ready").status == 200
    finally:
        asker.app = served
        asker.close()


def test_tables_are_read_once_beside_the_first_requests(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    began, read = threading.Event(), Model.read

    def reading(model: Model, cells: Any) -> Any:
        began.set()
        return read(model, cells)

    monkeypatch.setattr(Model, "read", reading)
    asker = Asker(app({"people": models["people"]}))
    try:
        assert asker.get("/ping").status == 200
        assert asker.loop.run_until_complete(asyncio.to_thread(began.wait, 60))
    finally:
        asker.close()
    for path in models.values():
        Model("any", pl.load(path)).warm_up()


def test_it_lives_as_long_as_its_server(models: dict[str, Path]) -> None:
    served, asker = app(models), Asker(app([SHIPPED]))
    messages, sent = ["lifespan.startup", "lifespan.shutdown"], []

    async def receive() -> dict[str, Any]:
        return {"type": messages.pop(0)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asker.loop.run_until_complete(served({"type": "lifespan"}, receive, send))
    asker.loop.run_until_complete(served({"type": "websocket"}, receive, send))
    expected = ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]
    assert sent == expected
    asker.close()


def test_metrics_count(asker: Asker) -> None:
    for rows in (1, 2):
        asker.post("/predict/digits", [ZEROS] * rows)
    asker.post("/predict/digits", b"")
    asker.get("/nowhere")
    answer = asker.get("/metrics")
    text = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'pellucid_requests_total{endpoint="predict",model="digits",status="200"} 2.0',
        'pellucid_requests_total{endpoint="predict",model="digits",status="400"} 1.0',
        'pellucid_requests_total{endpoint="other",model="",status="404"} 1.0',
        'pellucid_rows_total{model="digits"} 3.0',
        'pellucid_request_seconds_count{model="digits"} 3.0',
        "pellucid_requests_in_flight 1.0",
    ):
        assert line in text.splitlines(), text


COUNTING = """
import sys
from pellucid.serving.metrics import Counts
counts = Counts(["m"], sys.argv[1])
counts.begin()
counts.end("m", "infer", 200, 0.002, 4)
"""


def test_metrics_of_several_workers_add_up(tmp_path: Path) -> None:
    path = str(tmp_path / "counts")
    shared(["m"], 2, path)
    own = Counts(["m"], path)
    own.begin()
    own.end("m", "infer", 200, 0.002, 3)
    subprocess.run([sys.executable, "-c", COUNTING, path], check=True)
    text = own.text().decode()
    assert 'pellucid_rows_total{model="m"} 7.0' in text
    assert 'pellucid_request_seconds_bucket{le="0.0025",model="m"} 2.0' in text
    assert "pellucid_requests_in_flight 0.0" in text


@pytest.mark.parametrize("form", ["text", "json", "off"])
def test_the_access_log_has_no_bodies_and_no_queries(asking: Asking, form: str) -> None:
    asker = asking([SHIPPED], log=form)
    lines: list[str] = []
    asker.app.log._write = lines.append
    asker.post("/predict/digits", ZEROS, authorization="Bearer secret")
    asker.get("/a\nb\x1b[31m" + "c" * 1000)
    asker.app.log.flush()
    text = "".join(lines)
    assert "secret" not in text and "\x1b" not in text and len(text) < 1000
    if form == "json":
        first, second = map(json.loads, text.splitlines())
        assert (first["path"], first["status"], first["rows"]) == ("/predict/digits", 200, 1)
        assert second["status"] == 404
    elif form == "text":
        assert "POST /predict/digits 200" in text.splitlines()[0]
        assert len(text.splitlines()) == 2
    else:
        assert not text


def test_the_openapi_document_names_every_address(asker: Asker) -> None:
    document = asker.get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    versions = {path for path in asker.app.routes if "/versions/" in path}
    assert set(document["paths"]) == set(asker.app.routes) - versions
    for path, operations in document["paths"].items():
        methods = asker.app.routes[path].methods.lower().replace(", head", "")
        assert set(operations) == set(methods.split(", ")), path
