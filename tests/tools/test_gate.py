"""`make test` fails where its checks or its tests do, and shows what the checks said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GATE = Path(__file__).parents[2] / "tools" / "gate.py"


@pytest.mark.parametrize(
    ("checks", "tests", "code", "last"),
    [
        (0, 0, 0, "tests passed, checks passed: "),
        (2, 0, 2, "tests passed, checks failed: "),
        (0, 3, 3, "tests failed, checks passed: "),
        (2, 3, 3, "tests failed, checks failed: "),
    ],
)
def test_either_failure_is_one(checks: int, tests: int, code: int, last: str) -> None:
    commands = [f"echo line 7: wrong; exit {checks}", "--", f"echo 3 dots; exit {tests}"]
    words = [word for each in commands for word in ([each] if each == "--" else ["sh", "-c", each])]
    found = subprocess.run([sys.executable, GATE, *words], capture_output=True, text=True)
    assert found.returncode == code
    assert "3 dots\n" in found.stdout
    assert "checks: line 7: wrong\n" in found.stdout
    assert found.stdout.splitlines()[-1].startswith(last)
    assert found.stdout.endswith(" s of processors\n")
