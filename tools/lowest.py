"""Run the tests with the lowest version of every library that pyproject.toml allows.

python tools/lowest.py [arguments of pytest]

They are installed into .venv-lowest, with pellucid itself. What tests need besides (pytest,
PyTorch, a browser's driver) is borrowed from .venv, where the highest versions are: PyTorch's
lowest is not tried here. Versions differ in what they warn of, so warnings are no errors.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-lowest"
PYTHON = VENV / "bin" / "python"

EXTRAS = ("tables", "plot", "sklearn", "onnx", "web", "serve", "notebook")

# Where each of these libraries is used; the arithmetic of the engines depends on NumPy alone.
TESTS = (
    "tests/core",
    "tests/files",
    "tests/data",
    "tests/cli",
    "tests/sklearn",
    "tests/lens/test_plots.py",
    "tests/engines/test_native_data.py",
    "tests/exchange/test_onnx_export.py",
    "tests/exchange/test_onnx_graphs.py",
    "tests/web/test_server.py",
    "tests/web/test_limits.py",
    "tests/web/test_notebook.py",
    "tests/serving",
)


def lowest() -> list[str]:
    """Return the requirements of pellucid and its extras, each at its lowest version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    stated = [*project["dependencies"], *(each for name in EXTRAS for each in extras[name])]
    # The newest pandas refuses the lowest NumPy.
    stated += [each for each in extras["test"] if each.startswith("pandas")]
    return sorted({lowest_of(requirement) for requirement in stated})


def lowest_of(requirement: str) -> str:
    """Return name==version for name>=version; raises ValueError for a requirement without one.

    >>> lowest_of("numpy>=2.0")
    'numpy==2.0'
    """
    found = re.fullmatch(r"([\w.-]+)>=([\w.]+)(;.*)?", requirement.replace(" ", ""))
    if found is None:
        raise ValueError(f"expected name>=version, got {requirement!r}")
    return f"{found[1]}=={found[2]}{found[3] or ''}"


def set_up() -> None:
    """Make the environment: the lowest versions, pellucid, and what is borrowed."""
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *lowest()], check=True)
    subprocess.run([*pip, "--no-deps", "--force-reinstall", str(ROOT)], check=True)
    own = next(VENV.glob("lib/python*/site-packages"))
    borrowed = next((ROOT / ".venv").glob("lib/python*/site-packages"))
    # After the environment's own packages: only what it lacks comes from there.
    (own / "zz-borrowed.pth").write_text(f"{borrowed}\n")


def main() -> int:
    """Set up, print the versions, and run the tests."""
    set_up()
    print(subprocess.check_output([str(PYTHON), "--version"], text=True), end="")
    print(*lowest(), sep="\n", flush=True)
    tests = sys.argv[1:] or [test for test in TESTS if (ROOT / test).exists()]
    command = [str(PYTHON), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "filterwarnings="]
    # skl2onnx is borrowed, and writes operators that the lowest ONNX Runtime does not know.
    command.append("--ignore=tests/sklearn/test_skl2onnx.py")
    return subprocess.run([*command, *tests], cwd=ROOT, env=os.environ).returncode


if __name__ == "__main__":
    sys.exit(main())
