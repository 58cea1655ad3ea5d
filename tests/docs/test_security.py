"""SECURITY.md: every promise names the tests that hold it, and these tests are there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
NAMES = {"en": "SECURITY.md", "ko": "SECURITY.ko.md"}
TEST = re.compile(r"`(tests/[\w/.-]+\.py)::(test_\w+)`")
LEAST = 20  # promises: a table that is read wrongly would be empty, and prove nothing


class Promise(NamedTuple):
    text: str
    tests: list[tuple[str, str]]


def promises(language: str) -> list[Promise]:
    """Return the lines of all tables, without their heads."""
    found: list[Promise] = []
    head = True
    for line in (ROOT / NAMES[language]).read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            head = True
            continue
        if set(line) <= set("| -"):
            head = False
        elif not head:
            text, named = line.strip("|").split("|")
            found.append(Promise(text.strip(), TEST.findall(named)))
            assert TEST.sub("", named).strip(" ,") == "", line
    assert len(found) >= LEAST
    return found


@cache
def functions(path: str) -> dict[str, list[str]]:
    """Return the decorators of each test that pytest would collect of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    made = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name: [ast.unparse(each) for each in node.decorator_list] for node in made}


@pytest.mark.parametrize("language", NAMES)
def test_every_promise_names_a_test_that_is_there(language: str) -> None:
    for text, tests in promises(language):
        assert tests, f"{text!r} names no test"
        for path, name in tests:
            assert re.fullmatch(r"test_\w+\.py", Path(path).name), path
            assert (ROOT / path).is_file(), f"{text!r} names {path}, which is not there"
            assert name in functions(path), f"{text!r} names {path}::{name}, which is not there"
            left_out = [each for each in functions(path)[name] if "mark.skip(" in each]
            assert not left_out, f"{path}::{name} is never run"


def test_both_languages_promise_the_same() -> None:
    english, korean = promises("en"), promises("ko")
    assert [each.tests for each in english] == [each.tests for each in korean]


@pytest.mark.integration
def test_every_named_test_is_collected() -> None:
    named = {f"{path}::{name}" for _, tests in promises("en") for path, name in tests}
    files = sorted({each.partition("::")[0] for each in named})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", ""]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", *files], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    collected = {line.partition("[")[0] for line in done.stdout.splitlines()}
    assert named <= collected, named - collected


@pytest.mark.parametrize("language", NAMES)
def test_links_lead_somewhere(language: str) -> None:
    text = (ROOT / NAMES[language]).read_text(encoding="utf-8")
    for to in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / to).exists(), to
    assert "@" not in text  # no address that nobody reads


@pytest.mark.parametrize("reader", ["README.md", "README.ko.md", "CONTRIBUTING.md"])
def test_it_is_found(reader: str) -> None:
    assert "(SECURITY" in (ROOT / reader).read_text(encoding="utf-8")
