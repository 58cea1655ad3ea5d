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
from pellucid.cli.signals import terminated_as_interrupted
from pellucid.cli.threads import word_after
from pellucid.errors import PellucidError, printable, reason_of
from pellucid.language import say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return 0, 1 (failed: one line on standard error says why) or 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            # A terminal without Hangul shows "?" instead of ending with an error
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    chosen = word_after("--lang", given)
    with terminated_as_interrupted(), speaking(chosen if chosen in language.LANGUAGES else None):
        try:
            # Click's own `main` would answer Ctrl-C and closed pipes in its way, and in English
            with pellucid.make_context("pellucid", given) as context:
                code = pellucid.invoke(context)
            sys.stdout.flush()
        except click.exceptions.Exit as done:  # --help and --version
            return done.exit_code
        except click.ClickException as error:
            _complaint(error).show()
            return error.exit_code
        except (PellucidError, OSError, MemoryError, KeyboardInterrupt) as error:
            return _failed(error)
    return code if isinstance(code, int) else 0


@contextmanager
def speaking(chosen: str | None) -> Iterator[None]:
    """Set the language of pellucid, and of click below it; None is the environment's."""
    before = language.chosen_language(), os.environ.get("LANGUAGE"), gettext.textdomain()
    language.set_language(chosen if chosen is not None else before[0])
    # Click's own sentences go through gettext's process-wide domain, which takes its language
    # from LANGUAGE
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


def _complaint(error: click.ClickException) -> click.ClickException:
    """Return the error with a sentence for a missing parameter that Korean can order its way."""
    if not isinstance(error, click.MissingParameter) or error.param is None:
        return error
    name = error.param.get_error_hint(error.ctx)
    if isinstance(error.param, click.Argument):
        return click.UsageError(say("Missing argument {name}.", name=name), error.ctx)
    return click.UsageError(say("Missing option {name}.", name=name), error.ctx)


def _failed(error: BaseException) -> int:
    """Write why a command failed, in one line, and return its exit code."""
    _discard_unwritten(sys.stdout)
    if isinstance(error, BrokenPipeError):  # the reader of our output has seen enough
        _discard_unwritten(sys.stderr)
        return 1
    if isinstance(error, KeyboardInterrupt):
        text = say("interrupted")
    elif isinstance(error, MemoryError):
        text = say("not enough memory: use smaller data, layers or batches")
    elif isinstance(error, PellucidError):
        text = language.translate(error)
    else:
        name = getattr(error, "filename", None)
        reason = language.translate(reason_of(error))
        text = f"{name}: {reason}" if name else reason
    with suppress(OSError):
        click.echo("pellucid: " + printable(" ".join(text.split())), err=True)
    return 1


def _discard_unwritten(stream: TextIO) -> None:
    """Discard what cannot be written, which Python would complain of at exit with a traceback."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
