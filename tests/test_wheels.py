"""`make wheels`, for the Python of these tests alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.integration


def test_make_wheels_builds_repairs_checks_and_tests() -> None:
    words = ["make", "--silent", "wheels", f"WHEEL_PYTHONS={sys.executable}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the same bytes twice" in done.stdout
    names = sorted(path.name for path in (ROOT / "dist").iterdir())
    assert len(names) == 2
    assert re.fullmatch(r"pellucid-[\d.]+-cp311-cp311-manylinux_\S+\.whl", names[0])
    assert re.fullmatch(r"pellucid-[\d.]+\.tar\.gz", names[1])
    assert "the first prediction ['7']" in done.stdout
    assert re.search(r"\b3 passed", done.stdout)
