"""`pellucid doctor`: what is installed, what works, and what to do about what does not."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any, NamedTuple

import click

from pellucid import __version__
from pellucid.cli.help import Command, json_option, lang_option
from pellucid.cli.output import paragraph, tell, write_json
from pellucid.errors import InputError
from pellucid.extras import EXTRAS
from pellucid.language import cell_width, current_language, mark, say

NEEDED = ("numpy", "click", "rich", "safetensors", "pillow")


class Finding(NamedTuple):
    """One line of the report.

    What was looked at, what was found, and whether it is as it must be (None: optional).
    """

    name: str
    about: str
    found: str
    good: bool | None = True
    reinstall: bool = False  # whether that would mend it


@click.command(
    cls=Command,
    short_help=mark("check this installation"),
    help=mark(
        "Check this installation: versions, NumPy's linear algebra, engine, threads, language, "
        "MNIST's files and "
        "the extras (libraries that only some of it needs). "
        "Exit code 1 when something is broken."
    ),
    examples=[("pellucid doctor", mark("look at everything"))],
)
@json_option
@lang_option
def doctor(as_json: bool) -> int:
    """Check this installation."""
    findings = examine()
    broken = [finding for finding in findings if finding.good is False]
    if as_json:
        report: dict[str, Any] = {finding.name: finding.found for finding in findings}
        write_json(report | {"broken": [finding.name for finding in broken]})
        return 1 if broken else 0
    words = {True: say("ok"), False: say("BROKEN"), None: say("optional")}
    signs = {good: f"[{word}]" for good, word in words.items()}
    sizes = (
        max(map(cell_width, signs.values())),
        max(cell_width(finding.about) for finding in findings),
    )
    for finding in findings:
        cells = zip((signs[finding.good], finding.about), sizes, strict=True)
        head = "".join(cell + " " * (size + 2 - cell_width(cell)) for cell, size in cells)
        click.echo(paragraph(finding.found, head))
    if any(finding.reinstall for finding in broken):
        click.echo()
        tell(say("Something is broken: python -m pip install --force-reinstall pellucid"))
    return 1 if broken else 0


def examine() -> list[Finding]:
    """Look at everything; nothing that is broken here raises."""
    return [
        Finding("python", "Python", f"{platform.python_version()} ({platform.machine()})"),
        Finding("pellucid", "pellucid", __version__),
        *(_package(name) for name in NEEDED),
        _linear_algebra(),
        _engine(),
        _threads(),
        Finding("language", say("language"), current_language()),
        _mnist(),
        *(_extra(name, packages) for name, packages in EXTRAS.items()),
    ]


def _package(name: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
        importlib.import_module("PIL" if name == "pillow" else name)
    except (
        Exception
    ) as error:  # whatever a broken package raises when it is imported is what is to be told
        return Finding(
            name, name, say("cannot be imported ({reason})", reason=error), False, reinstall=True
        )
    return Finding(name, name, version)


def _broken(name: str, about: str, error: Exception) -> Finding:
    """Tell of an error.

    An InputError is of a variable of the environment, and says itself what to do.
    """
    return Finding(name, about, str(error), False, reinstall=not isinstance(error, InputError))


def _extra(name: str, packages: tuple[str, ...]) -> Finding:
    """Look whether an extra's packages are installed.

    They are not imported, as some take seconds.
    """
    found, missing = [], []
    for package in packages:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    told = ", ".join(found)
    if missing:
        away = say(
            'not installed: {missing}; pip install "pellucid[{extra}]"',
            missing=", ".join(missing),
            extra=name,
        )
        told = f"{told}; {away}" if told else away
    return Finding(f"extra {name}", say("extra {name}", name=name), told, None if missing else True)


def _linear_algebra() -> Finding:
    about = say("linear algebra")
    try:
        import numpy as np

        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        found = f"{blas['name']} {blas['version']}"
        right = float((np.full((8, 8), 2.0) @ np.full((8, 8), 0.5)).sum()) == 512
    except Exception as error:
        return Finding(
            "blas", about, say("cannot be used ({reason})", reason=error), False, reinstall=True
        )
    return Finding("blas", about, found, right, reinstall=not right)


def _engine() -> Finding:
    about = say("engine")
    try:
        from pellucid.engines import instruction_set

        instructions = instruction_set()
    except Exception as error:
        return _broken("engine", about, error)
    if instructions is None:
        return Finding(
            "engine",
            about,
            say("reference (NumPy); native: not in this installation, install a C++ compiler"),
            None,
        )
    return Finding(
        "engine", about, say("native, {instructions} instructions", instructions=instructions)
    )


def _threads() -> Finding:
    about = say("threads")
    try:
        from pellucid.engines import thread_count

        count, cores = thread_count(), os.cpu_count() or 1
        enough = mark("{count} of {cores} cores")
        too_many = mark("{count}, but only {cores} cores: as many threads as cores are faster")
        found = say(too_many if count > cores else enough, count=count, cores=cores)
    except Exception as error:
        return _broken("threads", about, error)
    return Finding("threads", about, found)


def _mnist() -> Finding:
    try:
        from pellucid.data import mnist

        digits = mnist()
    except Exception as error:
        return _broken("mnist", "MNIST", error)
    train, test = len(digits.train.labels), len(digits.test.labels)
    return Finding(
        "mnist",
        "MNIST",
        say("{train:,} + {test:,} digits, checksums right", train=train, test=test),
    )
