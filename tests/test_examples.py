"""Examples in docstrings do what they show; tests/docs runs those of documents."""

from __future__ import annotations

import doctest
import importlib
import io
from pathlib import Path

import pytest

import pellucid

SRC = Path(pellucid.__file__).parents[1]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def has_examples(path: Path) -> bool:
    return ">>> " in path.read_text(encoding="utf-8")


MODULES = sorted(
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
    for path in SRC.rglob("*.py")
    if has_examples(path)
)


def fails(examples: list[doctest.DocTest]) -> str:
    """Run examples and return what they print instead of what they show."""
    runner, output = doctest.DocTestRunner(optionflags=FLAGS), io.StringIO()
    tried = sum(runner.run(each, out=output.write).attempted for each in examples)
    assert tried, "no example was found"
    return output.getvalue()


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    found = doctest.DocTestFinder().find(importlib.import_module(name))
    assert not fails([each for each in found if each.examples])


def test_a_wrong_example_is_seen() -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", "wrong", 0)
    assert "Expected:\n    3\nGot:\n    2" in fails([wrong])
    assert len(MODULES) > 30
