"""Mutants: what is changed, what is left alone, and that the tree itself stays as it is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from tools.mutants import python, tokens
from tools.mutants.change import Change
from tools.mutants.rooms import ROOMS, Mutant, draw
from tools.mutants.workshop import HOUR, Workshop

ROOT = Path(__file__).parents[2]

PYTHON = '''
"""What it does: 1 + 1 == 2."""
if TYPE_CHECKING:
    from a import b


def f(x: Array[3], n: int = 4) -> Array[5]:
    """Return nothing of 7."""
    if n <= 0 and x is not None:
        raise ValueError(f"한글 {n + 1}")
    x.y = "1 < 2"; print(x * 0.5)
    return not x.y
'''
JS = """
import { a } from "./1.js"; // 1 < 2
const b = `${a + `${1 < 2}`}`, pattern = /[/]1 < 2/g;
export function f(x) {
  if (x.every((y) => y <= -3)) { x.push(-1.5); }
  while (x && !b) x.pop();
  return x > 2 ? true : x / 2;
}
"""
CPP = """
#define ONE 1 < \\
  2
template <typename T, int N = 3>
inline T f(const std::vector<T>& x, int n) {
  T* y = x.data();
  if constexpr (N >= 4) y[0] += 2.5f;
  n -= 0x10 + 'a';
  g(n);
  return *y * n;
}
"""


def described(text: str, changes: list[Change]) -> set[str]:
    return {change.described(text) for change in changes}


def test_changes_of_python() -> None:
    changes = python.changes(PYTHON)
    assert described(PYTHON, changes) == {
        *("<= -> <", "and -> or", "is not -> is", "* -> /", "4 -> 5", "0 -> 1", "0.5 -> 1.0"),
        "n <= 0 and x is not None -> not (n <= 0 and x is not None)",
        'raise ValueError(f"한글 {n + 1}") -> pass',
        *('x.y = "1 < 2" -> pass', "print(x * 0.5) -> pass"),
        "not x.y -> not (not x.y)",
    }
    for change in changes:
        ast.parse(change.applied(PYTHON))


def test_a_change_is_shown_in_its_line() -> None:
    change = next(each for each in python.changes(PYTHON) if each.kind == "comparison")
    assert change.line(PYTHON) == 9
    assert change.shown(PYTHON) == "if n [<= -> <] 0 and x is not None:"


def test_changes_of_javascript() -> None:
    assert described(JS, tokens.changes(JS, "js")) == {
        *("<= -> <", "> -> >=", "&& -> ||", "/ -> *", "true -> false"),
        *("3 -> 4", "1.5 -> 3.0", "2 -> 3"),
        "x.every((y) => y <= -3) -> !(x.every((y) => y <= -3))",
        *("x && !b -> !(x && !b)", "x.push(-1.5); -> ;"),
        "x > 2 ? true : x / 2 -> undefined",
    }


def test_changes_of_cpp() -> None:
    assert described(CPP, tokens.changes(CPP, "cpp")) == {
        *(">= -> >", "+= -> -=", "-= -> +=", "+ -> -", "* -> /"),
        *("3 -> 4", "4 -> 5", "0 -> 1", "2.5f -> 5.0f"),
        *("N >= 4 -> !(N >= 4)", "n -= 0x10 + 'a'; -> ;", "g(n); -> ;", "*y * n -> {}"),
    }


def test_the_draw_goes_by_the_seed_and_over_all_rooms() -> None:
    drawn = draw(ROOT, 27, 1)
    assert drawn == draw(ROOT, 27, 1)
    assert drawn != draw(ROOT, 27, 2)
    assert len(set(drawn)) == 27
    assert [sum(mutant.room == room for mutant in drawn) for room in ROOMS] == [3] * 9
    assert not any("/texts/" in mutant.path for mutant in draw(ROOT, 200, 1, ["page"]))
    assert len({mutant.change.kind for mutant in draw(ROOT, 60, 1, ["core"])}) == 7


def test_mutants_live_in_a_copy(tmp_path: Path) -> None:
    """A test of the copy notices a mutant of the copy, and nothing else changes."""
    workshop = Workshop(ROOT, tmp_path)
    name = "src/pellucid/core/functions.py"
    text = (ROOT / name).read_text(encoding="utf-8")
    change = next(change for change in python.changes(text) if change.kind == "return value")
    mutant = Mutant("core", name, change)
    where = ("-c", "import pellucid, sys; sys.exit(pellucid.__file__)")
    assert workshop.run(workshop.python, *where, limit=HOUR).caught.startswith(str(tmp_path))
    assert workshop.write(mutant)
    assert (tmp_path / name).read_text(encoding="utf-8") == change.applied(text) != text
    workshop.restore(mutant)
    assert (tmp_path / name).read_text(encoding="utf-8") == text
    assert (ROOT / name).read_text(encoding="utf-8") == text


def test_what_notices_is_named(tmp_path: Path) -> None:
    workshop = Workshop(ROOT, tmp_path)
    (tmp_path / "tests/test_new.py").write_text("def test_red() -> None:\n    assert 0\n")
    found = workshop.pytest("tests/test_new.py", limit=HOUR)
    assert found.caught == "tests/test_new.py::test_red"
    assert workshop.run(sys.executable, "-c", "while True: pass", limit=0.1).caught == (
        "the time limit of 0 s"
    )


def test_the_list_is_a_table() -> None:
    words = [sys.executable, "-m", "tools.mutants", "--list", "--number", "3", "--room", "cpp"]
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = found.stdout.splitlines()
    assert len(rows) == 3
    assert all(re.match(r"\| cpp \| cpp/\S+:\d+ \| ", row) for row in rows)
