"""Measure `pellucid serve` beside FastAPI with ONNX Runtime, by wrk on this machine.

    python benchmarks/serving.py                  measure, then write the pages
    python benchmarks/serving.py --seconds 5      a short look, writes nothing
    python benchmarks/serving.py --page           the pages alone, from benchmarks/serving.json

It needs wrk (`apt install wrk`) and an environment with the contenders (`make serving-table` makes
it; without MLServer there, its line is left out). All servers are one process; wrk has one thread
and 64 connections. Rounds go in turns, so that whatever else the machine does meets all of them.
Besides requests a second there is the processor time that a server takes for a request, which
other load hardly changes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pages

import pellucid as pl
from pellucid.exchange import to_onnx
from pellucid.files.atomic import write_whole
from pellucid.web import SHIPPED

PAGE = "measured/serving"
RESULTS = Path(__file__).with_name("serving.json")
SAID = ("seconds", "machine", "start", "start_processor", "memory", "load")
CONNECTIONS = 64
ROUNDS = 5
CONTENDERS = Path(".venv-serving").absolute()
MLSERVER = CONTENDERS / "bin" / "mlserver"
RECIPE = Path(__file__).parents[1] / "examples" / "serving" / "mlserver_model.py"

# wrk reads the request from files, since a line of a shell is too short for 784 numbers
SCRIPT = """
wrk.method = "POST"
local file = io.open(os.getenv("BODY"), "rb")
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
local length = os.getenv("HEAD")
if length ~= "" then wrk.headers["Inference-Header-Content-Length"] = length end
"""


class Case(NamedTuple):
    """A contender and what it is asked."""

    server: str
    ask: str
    path: str
    body: bytes
    head: str = ""


class Figures(NamedTuple):
    """What wrk found: requests a second, latencies in ms, and microseconds of processor time."""

    rate: float
    median: float
    p99: float
    processor: float


def models(folder: Path) -> dict[str, Path]:
    """Write the digit network, a network of ten columns, and both as ONNX files."""
    generator = np.random.default_rng(0)
    table: dict[str, Any] = {f"c{k}": generator.normal(size=500) for k in range(10)}
    table["price"] = sum(table.values()) + generator.normal(size=500)
    net = pl.table_mlp(pl.Columns.of(table, target="price"))
    found = {name: folder / name for name in ("houses.safetensors", "digits.onnx", "houses.onnx")}
    net.save(found["houses.safetensors"])
    to_onnx(net, found["houses.onnx"])
    to_onnx(pl.load(SHIPPED), found["digits.onnx"])
    return found


def cases() -> list[Case]:
    """Return what is measured: every server's form of the same requests."""
    generator = np.random.default_rng(1)
    x = generator.integers(0, 256, 784).astype(np.float32).round(3)
    row = {f"c{k}": round(float(value), 4) for k, value in enumerate(generator.normal(size=10))}
    tensor: dict[str, Any] = {"name": "x", "datatype": "FP32", "shape": [1, 784]}
    as_json = json.dumps({"inputs": [tensor | {"data": x.tolist()}]}).encode()
    size, binary = {"binary_data_size": x.nbytes}, {"binary_data_output": True}
    head = json.dumps({"inputs": [tensor | {"parameters": size}], "parameters": binary}).encode()
    packed = head + struct.pack("<784f", *x.tolist())
    instances, house = json.dumps({"instances": [x.tolist()]}).encode(), json.dumps(row).encode()
    infer = "/v2/models/digits/infer"
    found = [
        Case("pellucid", "digits", infer, as_json),
        Case("mlserver", "digits", infer, as_json),
        Case("usual", "digits", "/digits", instances),
        Case("quick", "digits", "/digits", instances),
        Case("pellucid", "columns", "/predict/houses", house),
        Case("usual", "columns", "/houses", house),
        Case("quick", "columns", "/houses", house),
        Case("pellucid", "binary", infer, packed, str(len(head))),
    ]
    return [case for case in found if case.server != "mlserver" or MLSERVER.exists()]


def commands(found: dict[str, Path], ports: dict[str, int]) -> dict[str, list[str]]:
    """Return how each server is started; all without an access log."""
    here = str(Path(__file__).parent)
    usual = [str(CONTENDERS / "bin" / "python"), "-m", "uvicorn", "--app-dir", here]
    usual += ["--no-access-log", "--log-level", "error"]
    own = [
        sys.executable,
        "-m",
        "pellucid",
        "serve",
        str(SHIPPED),
        str(found["houses.safetensors"]),
    ]
    return {
        "pellucid": [*own, "--log", "off", "--port", str(ports["pellucid"])],
        # What `pip install fastapi uvicorn` gives
        "usual": [
            *(*usual, "fastapi_contender:usual", "--port", str(ports["usual"])),
            *("--http", "h11", "--loop", "asyncio"),
        ],
        "quick": [
            *(*usual, "fastapi_contender:quick", "--port", str(ports["quick"])),
            *("--http", "httptools", "--loop", "uvloop"),
        ],
        "mlserver": [str(MLSERVER), "start", str(mlserver(found, ports))],
    }


def mlserver(found: dict[str, Path], ports: dict[str, int]) -> Path:
    """Return the folder of settings by which MLServer serves the digits, in one process."""
    folder = found["digits.onnx"].with_name("mlserver")
    folder.mkdir()
    shutil.copy(RECIPE, folder)
    implementation = {"implementation": "mlserver_model.PellucidModel"}
    model = {"name": "digits", **implementation, "parameters": {"uri": str(SHIPPED)}}
    port = ports["mlserver"]
    settings = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    settings |= {"parallel_workers": 0, "debug": 0}
    (folder / "model-settings.json").write_text(json.dumps(model))
    (folder / "settings.json").write_text(json.dumps(settings))
    return folder


@contextmanager
def running(command: list[str], port: int, found: dict[str, Path]) -> Iterator[int]:
    """Start a server, wait until it answers, yield its process."""
    files = {"DIGITS": str(found["digits.onnx"]), "HOUSES": str(found["houses.onnx"])}
    # Standard error, too: MLServer logs there whatever it is told
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | files
    ) as process:
        try:
            wait_for(port)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def wait_for(port: int) -> None:
    """Wait until something listens; raise where nothing does within a minute."""
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def processor_time(pid: int) -> float:
    """Return the seconds that a process has computed."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def measure(case: Case, pid: int, port: int, seconds: float, folder: Path) -> Figures:
    """Ask by wrk for some seconds; raise where anything but 200 comes back."""
    body, script = folder / "body", folder / "ask.lua"
    body.write_bytes(case.body)
    script.write_text(SCRIPT)
    begun = processor_time(pid)
    done = subprocess.run(
        [
            *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "--latency", "-s", str(script)),
            f"http://127.0.0.1:{port}{case.path}",
        ],
        env=os.environ | {"BODY": str(body), "HEAD": case.head},
        capture_output=True,
        text=True,
        check=True,
    )
    used, text = processor_time(pid) - begun, done.stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{case.server} {case.ask}: {text}")
    asked = re.search(r"(\d+) requests in", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert asked is not None and rate is not None
    return Figures(
        float(rate[1]), latency(text, "50%"), latency(text, "99%"), 1e6 * used / int(asked[1])
    )


def latency(text: str, share: str) -> float:
    """Return a latency that wrk prints, in milliseconds."""
    found = re.search(rf"{share}\s+([\d.]+)(us|ms|s)\b", text)
    assert found is not None
    return float(found[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[found[2]]


def run(seconds: float) -> dict[str, list[Figures]]:
    """Measure all cases in turns; return the figures of each round, by server and question."""
    found: dict[str, list[Figures]] = {}
    ports = {"pellucid": 8531, "usual": 8532, "quick": 8533, "mlserver": 8541}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = models(folder)
        asked = {case.server for case in cases()}
        processes = {
            name: stack.enter_context(running(command, ports[name], files))
            for name, command in commands(files, ports).items()
            if name in asked
        }
        for _ in range(ROUNDS):
            for case in cases():
                name = case.server
                figures = measure(case, processes[name], ports[name], seconds / ROUNDS, folder)
                found.setdefault(f"{name} {case.ask}", []).append(figures)
                numbers = "  ".join(f"{each:9.2f}" for each in figures)
                sys.stdout.write(f"{name:9} {case.ask:8} {numbers}\n")
    return found


def started_and_memory() -> tuple[float, float, float]:
    """Return the seconds from the command to the first answer, by the clock and of the processor,
    the best of five, and the megabytes of the process.
    """
    times, used = [], []
    for _ in range(5):
        begun = time.perf_counter()
        command = [sys.executable, "-m", "pellucid", "serve", "--port", "8534", "--log", "off"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            wait_for(8534)
            times.append(time.perf_counter() - begun)
            used.append(processor_time(process.pid))
            status = Path(f"/proc/{process.pid}/status").read_text()
            process.send_signal(signal.SIGTERM)
    memory = re.search(r"VmRSS:\s+(\d+)", status)
    assert memory is not None
    return min(times), min(used), int(memory[1]) / 1024


def machine() -> str:
    """Return the processor and how many of its cores there are here."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{found[1] if found else 'unknown processor'}, {os.cpu_count()} cores"


def summary(found: Mapping[str, Sequence[Sequence[float]]]) -> dict[str, Figures]:
    """Return the median of the rounds."""
    return {
        name: Figures(*(statistics.median(column) for column in zip(*rounds, strict=True)))
        for name, rounds in found.items()
    }


NAMES = {
    "en": {
        "pellucid": "`pellucid serve`",
        "usual": "FastAPI, ONNX Runtime",
        "quick": "the same with orjson, httptools, uvloop",
        "mlserver": "MLServer, pellucid",
        "digits": "JSON of 784 numbers",
        "columns": "JSON of 10 columns",
        "binary": "784 numbers, binary",
    },
    "ko": {
        "pellucid": "`pellucid serve`",
        "usual": "FastAPI, ONNX Runtime",
        "quick": "위와 같고 orjson, httptools, uvloop 사용",
        "mlserver": "MLServer, pellucid",
        "digits": "숫자 784개의 JSON",
        "columns": "열 10개의 JSON",
        "binary": "숫자 784개, 바이너리",
    },
}
HEADS = {
    "en": ["request", "server", "requests/s", "p50, ms", "p99, ms", "p99/p50", "CPU a request, µs"],
    "ko": ["요청", "서버", "초당 요청", "p50, ms", "p99, ms", "p99/p50", "요청당 CPU, µs"],
}
MLSERVERS = {"en": ", MLServer {times:.0f} times", "ko": ", MLServer의 {times:.0f}배"}


def figures_of(kept: dict[str, Any]) -> Any:
    """Return what fills the page's template in a language."""
    found = summary(kept["rounds"])

    def figures(language: str) -> dict[str, str]:
        names, rows = NAMES[language], []
        # By request, 784 numbers first; servers in the order of the contenders
        for name, each in sorted(found.items(), key=lambda item: item[0].split()[1], reverse=True):
            server, ask = name.split()
            numbers = [f"{each.rate:,.0f}", f"{each.median:.1f}", f"{each.p99:.1f}"]
            numbers += [f"{each.p99 / each.median:.1f}", f"{each.processor:.0f}"]
            rows.append([names[ask], names[server], *numbers])
        ratios = {
            f"{other}_{ask}": f"{found[f'{other} {ask}'].processor / own.processor:.1f}"
            for ask in ("digits", "columns")
            for other in ("usual", "quick")
            for own in [found[f"pellucid {ask}"]]
        }
        ratios["mlserver"] = ""
        if (other := found.get("mlserver digits")) is not None:
            times = other.processor / found["pellucid digits"].processor
            ratios["mlserver"] = MLSERVERS[language].format(times=times)
        rates = {
            f"rate_{other}_{ask}": f"{own.rate / found[f'{other} {ask}'].rate:.1f}"
            for ask in ("digits", "columns")
            for other in ("usual", "quick")
            for own in [found[f"pellucid {ask}"]]
        }
        table = pages.table(HEADS[language], rows)
        said = {name: str(kept[name]) for name in SAID}
        fixed = {
            "connections": str(CONNECTIONS),
            "rounds": str(len(kept["rounds"]["pellucid digits"])),
        }
        return {**ratios, **rates, **said, **fixed, "table": table}

    return figures


def main() -> None:
    """Measure, or write the pages from what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60, help="for each server and request")
    parser.add_argument("--page", action="store_true", help="write the pages alone")
    options = parser.parse_args()
    if not options.page:
        if shutil.which("wrk") is None:
            sys.exit("serving.py needs wrk: apt install wrk")
        load = os.getloadavg()[0]
        start, used, memory = started_and_memory()
        sys.stdout.write(f"first answer after {start:.2f} s ({used:.2f} s), {memory:.1f} MB\n")
        rounds = run(options.seconds)
        for name, figures in summary(rounds).items():
            ratio = figures.p99 / figures.median
            sys.stdout.write(f"{name:19} {figures.rate:9.0f}/s  p99 = {ratio:.1f} p50\n")
        if options.seconds < 60:
            return
        kept = {
            "seconds": f"{options.seconds:g}",
            "machine": machine(),
            "load": f"{load:.1f}",
            "start": f"{start:.2f}",
            "start_processor": f"{used:.2f}",
            "memory": f"{memory:.0f}",
            "rounds": rounds,
        }
        write_whole(RESULTS, (json.dumps(kept, indent=1) + "\n").encode())
    pages.write(PAGE, figures_of(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()
