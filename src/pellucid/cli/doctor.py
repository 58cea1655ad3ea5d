"""`pellucid doctor`: what is installed, what works, and what to do where something does not."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
from dataclasses import dataclass
from typing import NamedTuple

from pellucid import __version__
from pellucid.cli.help import command, example, json_option
from pellucid.cli.output import echo, emit, rows_text, write_json
from pellucid.errors import InputError
from pellucid.extras import EXTRAS, install_command
from pellucid.language import current_language, say

NEEDED = ("numpy", "click", "rich", "safetensors", "pillow")


class Finding(NamedTuple):
    """One line of the report.

    `good` is None for what is optional, `reinstall` whether installing again would mend it.
    """

    name: str
    about: str
    found: str
    good: bool | None = True
    reinstall: bool = False


@dataclass(frozen=True, kw_only=True)
class DoctorOptions:
    """The options of `pellucid doctor`."""

    as_json: bool = json_option()


@command(
    "doctor",
    DoctorOptions,
    "Check this installation: versions, NumPy's linear algebra, engine, threads, language, MNIST's "
    "files and the extras (libraries for some features only). Exit code 1 when something is "
    "broken.",
    example("", "check everything"),
)
def doctor(options: DoctorOptions) -> int:
    """Check this installation."""
    # Whatever is broken here must not break the report, so imports are within
    findings = examine()
    broken = [finding for finding in findings if finding.good is False]
    if options.as_json:
        found: dict[str, object] = {finding.name: finding.found for finding in findings}
        write_json(found | {"broken": [finding.name for finding in broken]})
        return 1 if broken else 0
    signs = {True: say("ok"), False: say("BROKEN"), None: say("optional")}
    echo(rows_text((f"[{signs[each.good]}]", each.about, each.found) for each in findings))
    if any(finding.reinstall for finding in broken):
        echo()
        emit("Something is broken: python -m pip install --force-reinstall pellucid")
    return 1 if broken else 0


def examine() -> list[Finding]:
    """Check everything; nothing that is broken raises."""
    return [
        Finding("python", "Python", f"{platform.python_version()} ({platform.machine()})"),
        Finding("pellucid", "pellucid", __version__),
        *(_package(name) for name in NEEDED),
        _linear_algebra(),
        _engine(),
        *_instruction_sets(),
        _threads(),
        Finding("language", say("language"), current_language()),
        _mnist(),
        *(_extra(name, packages) for name, packages in EXTRAS.items()),
    ]


def _package(name: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
        importlib.import_module("PIL" if name == "pillow" else name)
    except Exception as error:  # a broken package may raise anything when it is imported
        text = say("cannot be imported ({reason})", reason=error)
        return Finding(name, name, text, good=False, reinstall=True)
    return Finding(name, name, version)


def _broken(name: str, about: str, error: Exception) -> Finding:
    """Return an error as a finding; an InputError is about a variable, which no install mends."""
    reinstall = not isinstance(error, InputError)
    return Finding(name, about, str(error), good=False, reinstall=reinstall)


def _extra(name: str, packages: tuple[str, ...]) -> Finding:
    """Check that an extra's packages are installed, without the seconds that imports take."""
    found, missing = [], []
    for package in packages:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    text = [", ".join(found)] if found else []
    if missing:
        template = "not installed: {missing}; {command}"
        text.append(say(template, missing=", ".join(missing), command=install_command(name)))
    good = None if missing else True
    return Finding(f"extra {name}", say("extra {name}", name=name), "; ".join(text), good)


def _linear_algebra() -> Finding:
    about = say("linear algebra")
    try:
        import numpy as np

        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        found = f"{blas['name']} {blas['version']}"
        # A product that is known: 8 x 8 sums of eight ones are 512
        right = float((np.full((8, 8), 2.0) @ np.full((8, 8), 0.5)).sum()) == 512
    except Exception as error:
        text = say("cannot be used ({reason})", reason=error)
        return Finding("blas", about, text, good=False, reinstall=True)
    return Finding("blas", about, found, right, reinstall=not right)


def _engine() -> Finding:
    about = say("engine")
    try:
        from pellucid.engines import instruction_set

        instructions = instruction_set()
    except Exception as error:
        return _broken("engine", about, error)
    if instructions is None and _fell_back():
        found = say(
            "reference (NumPy); the native engine could not be compiled when pellucid was "
            "installed. Install a C++ compiler, set PELLUCID_REQUIRE_ENGINE=1 and install pellucid "
            "again: if compiling fails, pip shows why"
        )
        return Finding("engine", about, found, None)
    if instructions is None:
        found = say("reference (NumPy); native: not in this installation, install a C++ compiler")
        return Finding("engine", about, found, None)
    found = say("native, {instructions} instructions", instructions=instructions)
    return Finding("engine", about, found)


def _fell_back() -> bool:
    """Return whether the build went on without the engine: pyproject.toml tags such a wheel."""
    try:
        wheel = importlib.metadata.distribution("pellucid").read_text("WHEEL")
    except importlib.metadata.PackageNotFoundError:
        return False
    return "\nBuild: 0_without_native_engine" in (wheel or "")


def _instruction_sets() -> list[Finding]:
    """Return the instruction sets that the engine was compiled for, if there is one."""
    try:
        from pellucid.engines.instructions import INSTRUCTION_SETS
    except Exception:  # which `_engine` reports
        return []
    module = "pellucid.engines._native_{}"
    found = [name for name in INSTRUCTION_SETS if importlib.util.find_spec(module.format(name))]
    about = say("instruction sets")
    return [Finding("instruction sets", about, ", ".join(found))] if found else []


def _threads() -> Finding:
    about = say("threads")
    try:
        from pellucid.engines import thread_count

        count, cores = thread_count(), os.cpu_count() or 1
    except Exception as error:
        return _broken("threads", about, error)
    found = say("{count} of {cores} cores", count=count, cores=cores)
    if count > cores:
        template = "{count}, but only {cores} cores: as many threads as cores are faster"
        found = say(template, count=count, cores=cores)
    return Finding("threads", about, found)


def _mnist() -> Finding:
    try:
        from pellucid.data import mnist

        digits = mnist()
    except Exception as error:
        return _broken("mnist", "MNIST", error)
    train, test = len(digits.train.labels), len(digits.test.labels)
    found = say("{train:,} + {test:,} digits, checksums right", train=train, test=test)
    return Finding("mnist", "MNIST", found)
