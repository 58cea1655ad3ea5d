"""A copy of the tree with an environment of its own, in which mutants are made and tested."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

from tools.mutants.rooms import Mutant

HOUR = 3600.0


class Verdict(NamedTuple):
    """What noticed a mutant ("" for nothing), and after how many seconds."""

    caught: str
    seconds: float


class Workshop:
    """A copy of `root` in `folder`: what git knows there, with the compiled engine.

    Its environment borrows the packages of the one that runs now, but for pellucid, which it
    takes from the copy.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (root / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)
        self.engines = folder / "src" / "pellucid" / "engines"
        self.compiled = _compiled_engines()
        self._place_engines()
        self._make_environment()

    def _place_engines(self) -> None:
        self._remove_engines()
        for path in self.compiled:
            shutil.copy2(path, self.engines)

    def _remove_engines(self) -> None:
        # Python would import an old module that is left with another ending of its name.
        for path in self.engines.glob("_native_*.so"):
            path.unlink()

    def _make_environment(self) -> None:
        environment, own = self.folder / ".venv", Path(sys.prefix)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = environment / "lib" / version / "site-packages"
        borrowed = [self.folder / "src", own / "lib" / version / "site-packages"]
        (packages / "borrowed.pth").write_text("".join(f"{path}\n" for path in borrowed))
        for tool in [*(own / "bin").iterdir(), own / "node"]:
            link = environment / tool.relative_to(own)
            if tool.exists() and not link.exists() and tool.name != "pellucid":
                link.symlink_to(tool)
        command = environment / "bin" / "pellucid"
        command.write_text(
            f"#!{self.python}\nfrom pellucid.cli import main\nraise SystemExit(main())\n"
        )
        command.chmod(0o755)

    @property
    def python(self) -> Path:
        """Return the copy's own Python."""
        return self.folder / ".venv" / "bin" / "python"

    def pytest(self, *words: str, limit: float) -> Verdict:
        """Run tests until the first failure and return which it was."""
        options = ("-q", "-x", "-p", "no:cacheprovider", "--no-header", "--tb=no")
        return self.run(self.python, "-m", "pytest", *options, *words, limit=limit)

    def run(self, *command: str | Path, limit: float) -> Verdict:
        """Run a command in the copy; what fails or takes longer than the limit has noticed."""
        started = time.monotonic()
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=limit)
            caught = _first_failure(output) if process.returncode else ""
        except subprocess.TimeoutExpired:
            caught = f"the time limit of {limit:.0f} s"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and all that it started
            process.communicate()
        return Verdict(caught, time.monotonic() - started)

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
        }
        path = f"{self.python.parent}{os.pathsep}{kept.get('PATH', '')}"
        return {**kept, "PATH": path, "OMP_NUM_THREADS": "1"}

    def write(self, mutant: Mutant) -> bool:
        """Write a mutant into the copy; return whether it still compiles."""
        self._replace(mutant.path, mutant.change.applied(mutant.text(self.root)))
        return mutant.room != "cpp" or self._compile()

    def restore(self, mutant: Mutant) -> None:
        """Put the file back as it was, and the engine too."""
        self._replace(mutant.path, mutant.text(self.root))
        if mutant.room == "cpp":
            self._place_engines()

    def _replace(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        # Python compares whole seconds and sizes, and both may be the same.
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            stale.unlink()

    def _compile(self) -> bool:
        wheels = self.folder / "build" / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        words = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, ".")
        if self.run(*words, limit=HOUR).caught:
            return False
        [wheel] = wheels.glob("*.whl")
        self._remove_engines()
        with zipfile.ZipFile(wheel) as content:
            modules = [name for name in content.namelist() if name.endswith(".so")]
            for name in modules:
                (self.engines / Path(name).name).write_bytes(content.read(name))
        return bool(modules)


def _compiled_engines() -> list[Path]:
    from pellucid.engines import _native_baseline

    return sorted(Path(_native_baseline.__file__).parent.glob("_native_*.so"))


def _first_failure(output: str) -> str:
    found = re.search(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", output, re.MULTILINE)
    return found[1] if found else (output.strip().splitlines() or ["failed without a word"])[-1]
