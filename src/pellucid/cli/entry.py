"""From the command line to an exit code.

Language, errors and closed pipes are dealt with here and nowhere else.
"""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

import click

from pellucid import language
from pellucid.cli.commands import pellucid
from pellucid.errors import PellucidError, reason_of
from pellucid.language import say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give 0, 1 (it failed.

    One line on standard error says why) or 2 (it was used wrongly).
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            # A terminal that knows no Hangul
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    with speaking(_language_in(given)):
        try:
            # Click's own `main` would answer Ctrl-C and closed pipes in its way, and in English.
            with pellucid.make_context("pellucid", given) as context:
                code = pellucid.invoke(context)
            sys.stdout.flush()
        except click.exceptions.Exit as done:  # --help and --version
            return done.exit_code
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (PellucidError, OSError, MemoryError, KeyboardInterrupt) as error:
            return _failed(error)
    return code if isinstance(code, int) else 0


@contextmanager
def speaking(chosen: str | None) -> Iterator[None]:
    """Let pellucid, and click below it, speak this language (None.

    The environment's) for as long as this lasts.
    """
    before = language.chosen_language(), os.environ.get("LANGUAGE"), gettext.textdomain()
    language.set_language(chosen if chosen is not None else before[0])
    # Click's own sentences go through gettext's process-wide domain, which takes its language from
    # LANGUAGE.
    gettext.bindtextdomain("pellucid", language.LOCALE_FOLDER)
    gettext.textdomain("pellucid")
    os.environ["LANGUAGE"] = language.current_language()
    try:
        yield
    finally:
        language.set_language(before[0])
        gettext.textdomain(before[2])
        if before[1] is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before[1]


def _language_in(arguments: Sequence[str]) -> str | None:
    """Find `--lang` anywhere, before click reads a word, so that its complaints are in that
    language already.
    """
    for index, word in enumerate(arguments):
        if word == "--":
            break
        value = word.removeprefix("--lang=") if word.startswith("--lang=") else None
        if word == "--lang" and index + 1 < len(arguments):
            value = arguments[index + 1]
        if value in language.LANGUAGES:
            return value
    return None


def _failed(error: BaseException) -> int:
    _leave_open_ends(sys.stdout)
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
        _leave_open_ends(sys.stderr)
        return 1
    if isinstance(error, KeyboardInterrupt):
        text = say("interrupted")
    elif isinstance(error, MemoryError):
        text = say("there is not enough memory for this: use smaller data, layers or batches")
    elif isinstance(error, PellucidError):
        text = language.translate(error)
    else:
        name = getattr(error, "filename", None)
        reason = language.translate(reason_of(error))
        text = f"{name}: {reason}" if name else reason
    with suppress(OSError):
        click.echo("pellucid: " + " ".join(text.split()), err=True)
    return 1


def _leave_open_ends(stream: TextIO) -> None:
    """Let nothing be written at exit that cannot be written.

    Python would complain of it with a traceback.
    """
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
