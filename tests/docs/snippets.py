"""Runs the code of a page as a reader would: from top to bottom, in one folder.

Python blocks are one program. Shell blocks run as they are typed; lines that only call `pellucid`
call it in this process, which saves half a second each. A ```text block behind code is its output,
compared as doctest compares, with "..." for what may vary.

Comments on the line before a block: `<!-- not run: why -->`, `<!-- not checked: why -->` (its
output). A page with `<!-- integration: why -->` anywhere is run by `make integration` only.
"""

import contextlib
import doctest
import io
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pellucid.cli import main
from tools.docs.pages import DOCS, Page, Part

RUN = ("python", "sh")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class SnippetError(AssertionError):
    """Code of a page that failed, or printed something else than the page says."""


class Utf8(io.StringIO):
    """Standard output as terminals have it: it takes the blocks of which images are drawn."""

    encoding = "utf-8"


def noted(page: Page) -> Iterator[tuple[Part, str]]:
    """Yield the blocks of a page, each with the mark on the line before it, or ""."""
    last = None
    for part in page.parts:
        if part.kind == "code":
            beside = last is not None and last.line + last.text.count("\n") + 1 == part.line
            yield part, last.key if last is not None and beside else ""
        last = part if part.kind == "note" else None


def run(page: Page) -> None:
    """Run the code of a page in the current folder."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    output: str | None = None
    for part, mark in noted(page):
        if part.key in RUN:
            output = None
            if mark != "not run":
                output = (
                    _python(page, part, namespace) if part.key == "python" else _shell(page, part)
                )
        elif part.key == "text":
            if output is not None and mark != "not checked":
                check(page, part, output)
            output = None


def check(page: Page, part: Part, output: str) -> None:
    """Raise SnippetError where a block of output is not what was printed."""
    checker, example = doctest.OutputChecker(), doctest.Example("", part.text)
    if not checker.check_output(example.want, output, FLAGS):
        told = checker.output_difference(example, output, FLAGS)
        raise SnippetError(f"{page.place(part)}: another output\n{told}")


def _python(page: Page, part: Part, namespace: dict[str, Any]) -> str:
    # Lines of the page, so that a traceback shows where it is
    text = "\n" * part.line + part.text
    code = compile(text, str(DOCS / page.language / page.path), "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, namespace)  # noqa: S102
    return printed.getvalue()


def _shell(page: Page, part: Part) -> str:
    commands = own_commands(part.text)
    if commands is None:
        return _bash(page, part)
    with contextlib.redirect_stdout(Utf8()) as printed:
        for words in commands:
            if code := main(words):
                raise SnippetError(
                    f"{page.place(part)}: pellucid {shlex.join(words)}: exit code {code}"
                )
    return printed.getvalue()


def own_commands(text: str) -> list[list[str]] | None:
    """Return the arguments of each command, if all are plain calls of `pellucid`; else None."""
    commands = []
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        if words and (words[0] != "pellucid" or set("$`*?[") & set(line) or _operates(words)):
            return None
        if words:
            commands.append(words[1:])
    return commands


def _operates(words: list[str]) -> bool:
    return any(set(word) <= set("|&;<>()") for word in words if word)


def _bash(page: Page, part: Part) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.NamedTemporaryFile("r") as folder:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{part.text}\npwd > {folder.name}"],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path},
        )
        if done.returncode:
            raise SnippetError(f"{page.place(part)}: exit code {done.returncode}\n{done.stderr}")
        os.chdir(folder.read().strip())  # the next block begins where this one ended
    return done.stdout
