"""Set up .venv for `make demo` (base) or `make test` (test), showing what takes how long.

python tools/set_up.py base|test

Written for any Python 3, so that an old one gets a sentence and no traceback.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE = VENV / "node"
# The build for the processor alone; any other request takes several gigabytes.
TORCH = os.environ.get("TORCH", "torch==2.13.0")
COMPILED = re.compile(rb"\[(\d+)/(\d+)\]")  # ninja's count
BROWSERS = "chromium-headless-shell", "chromium", "google-chrome"

ENGLISH = {
    "base": "Setting up pellucid in .venv: two minutes or so, most of them to compile the engine.",
    "test": "Setting up the tools of the tests in .venv: four to seven minutes.",
    "venv": "environment",
    "engine": "libraries and engine",
    "torch": "PyTorch",
    "tools": "libraries of the tests",
    "node": "checks of the page's code",
    "browser": "browser",
    "compiled": "compiled {done} of {all}",
    "failed": "this failed: {command}",
    "old": "pellucid needs Python 3.11 or later, and {python} is older: say "
    "make PYTHON=/path/to/python3.11",
    "no venv": "pellucid needs Python's venv module: on Debian and Ubuntu, "
    "apt-get install python3-venv",
    "no engine": "The native engine could not be compiled, so networks train several times slower; "
    "what to do: .venv/bin/pellucid doctor",
    "no browser": "the tests of the page need a browser: install Chromium (on Debian: "
    "apt-get install chromium-headless-shell)",
}
KOREAN = {
    "base": "pellucid를 .venv에 설치합니다. 2분쯤 걸리며, 대부분 엔진을 컴파일하는 시간입니다.",
    "test": "테스트에 필요한 도구를 .venv에 설치합니다. 4~7분쯤 걸립니다.",
    "venv": "가상 환경",
    "engine": "라이브러리와 엔진",
    "torch": "PyTorch",
    "tools": "테스트 라이브러리",
    "node": "페이지 코드 검사 도구",
    "browser": "브라우저",
    "compiled": "{all}개 가운데 {done}개 컴파일",
    "failed": "실패한 명령: {command}",
    "old": "pellucid에는 Python 3.11 이상이 필요합니다. {python} 대신 쓸 Python을 지정하세요: "
    "make PYTHON=/path/to/python3.11",
    "no venv": "Python의 venv 모듈이 필요합니다. Debian과 Ubuntu에서는 "
    "apt-get install python3-venv",
    "no engine": "네이티브 엔진을 컴파일하지 못해 학습이 몇 배 느립니다. 해결 방법: "
    ".venv/bin/pellucid doctor",
    "no browser": "페이지 테스트에는 브라우저가 필요합니다. Chromium을 설치하세요(Debian에서는 "
    "apt-get install chromium-headless-shell)",
}


class Step(NamedTuple):
    """A part of the set-up: the key of its name, and its command."""

    name: str
    command: list[str]


def texts() -> dict[str, str]:
    """Return the sentences of the user's language, found as pellucid finds it."""
    for variable in ("PELLUCID_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return KOREAN if value.lower().startswith("ko") else ENGLISH
    return ENGLISH


def pip(*words: str) -> list[str]:
    """Return the command that installs packages into .venv."""
    return [str(PYTHON), "-m", "pip", "install", "-v", "--disable-pip-version-check", *words]


def requirements(*extras: str) -> list[str]:
    """Return what extras of pyproject.toml install; asking pip for them would compile again."""
    import tomllib  # not in the old versions that main refuses

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known: dict[str, list[str]] = project["optional-dependencies"]
    return [requirement for extra in extras for requirement in known[extra]]


def steps(kind: str) -> list[Step]:
    """Return the steps of a set-up, those left out that are done already."""
    if kind == "base":
        found = [Step("engine", pip("--editable", ".[web]"))]
        if not PYTHON.exists():
            found.insert(0, Step("venv", [sys.executable, "-m", "venv", str(VENV)]))
        return found
    npm = [str(VENV / "bin" / "npm"), "install", "--silent", "--no-fund", "--no-audit"]
    npm += ["--no-package-lock", "--prefix", str(NODE), "typescript@7", "prettier@3"]
    return [
        Step("torch", pip(TORCH)),
        Step("tools", pip(*requirements("test", "check", "docs"))),
        Step("node", npm),
    ]


def run(step: Step, say: dict[str, str]) -> None:
    """Run a step and show its seconds; exit with its output if it fails."""
    start, terminal = time.monotonic(), sys.stdout.isatty()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(step.command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
        try:
            while process.poll() is None:
                if terminal:
                    show(step, say, time.monotonic() - start, progress(output.fileno()))
                time.sleep(0.2)
        except KeyboardInterrupt:
            process.wait()  # Ctrl-C reached it as well
            raise SystemExit(130) from None
        if process.returncode:
            output.seek(0)
            sys.stdout.buffer.write(b"\n" + output.read())
            print(say["failed"].format(command=shlex.join(step.command)))
            raise SystemExit(1)
    show(step, say, time.monotonic() - start)
    print(flush=True)


def progress(file: int) -> tuple[int, int] | None:
    """Return how many of how many files the compiler has done, by the end of its output."""
    size = os.fstat(file).st_size
    found = COMPILED.findall(os.pread(file, 4096, max(0, size - 4096)))
    return (int(found[-1][0]), int(found[-1][1])) if found else None


def show(
    step: Step, say: dict[str, str], seconds: float, compiled: tuple[int, int] | None = None
) -> None:
    """Write the line of a step over the one before."""
    line = f"  {say[step.name]}: {seconds:.0f} s"
    if compiled is not None:
        line += "  " + say["compiled"].format(done=compiled[0], all=compiled[1])
    erase = "\r\x1b[K" if sys.stdout.isatty() else ""
    print(erase + line, end="", flush=True)


def succeeds(command: list[str]) -> bool:
    """Return whether a command succeeds; its output is not shown."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def install_browser(say: dict[str, str]) -> None:
    """Install a browser for the tests: Debian's as root, else Playwright's own.

    A headless shell takes a third less time than a whole Chromium.
    """
    if any(map(shutil.which, BROWSERS)):
        return
    apt = "apt-get update -qq && "
    apt += "apt-get install -qq -y chromium-headless-shell fonts-liberation fonts-nanum"
    if os.geteuid() == 0 and succeeds(["sh", "-c", apt]):
        return
    playwright = [str(VENV / "bin" / "playwright"), "install", "--only-shell", "chromium"]
    if not succeeds(playwright):
        raise SystemExit(say["no browser"])


def main() -> None:
    """Set up .venv."""
    parser = argparse.ArgumentParser(description="Set up .venv.")
    parser.add_argument("kind", choices=("base", "test"))
    kind, say = parser.parse_args().kind, texts()
    if sys.version_info < (3, 11):
        raise SystemExit(say["old"].format(python=sys.executable))
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        raise SystemExit(say["no venv"])
    print(say[kind], flush=True)
    for step in steps(kind):
        run(step, say)
    if not succeeds([str(PYTHON), "-c", "import pellucid.engines._native_baseline"]):
        print(say["no engine"])
    if kind == "test":
        install_browser(say)


if __name__ == "__main__":
    main()
