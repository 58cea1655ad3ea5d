"""The compiled module of the native engine for an instruction set, chosen at run time."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from types import ModuleType

from pellucid.errors import InputError, Message

INSTRUCTION_SETS = ("avx512", "avx2", "baseline")  # the best first
_BASELINE = "pellucid.engines._native_baseline"

_forced: ContextVar[str | None] = ContextVar("instruction set", default=None)


def native_module() -> ModuleType | None:
    """Return the compiled module for this processor, or None if this installation has none.

    In a subinterpreter there is none either. `using_instructions` forces a set, else
    PELLUCID_INSTRUCTIONS ("avx512", "avx2" or "baseline") does; raises InputError if that cannot
    run here.
    """
    forced = _forced.get()
    return _usual_module() if forced is None else _module_of(forced)


def runnable_sets() -> tuple[str, ...]:
    """Return the instruction sets that this processor and this installation have, best first."""
    try:
        baseline = importlib.import_module(_BASELINE)
    except ImportError:
        return ()
    return tuple(name for name in INSTRUCTION_SETS if baseline.supported(name))


def why_no_module() -> Message:
    """Return why `native_module` is None here."""
    try:
        importlib.import_module(_BASELINE)
    except ModuleNotFoundError:
        pass
    except ImportError as error:  # such as in a subinterpreter
        return Message(
            "the native engine cannot be loaded here ({reason})", reason=error.__cause__ or error
        )
    return Message("the native engine is not in this installation")


@contextmanager
def using_instructions(name: str) -> Iterator[None]:
    """Make engines of this thread compute with an instruction set of `runnable_sets`."""
    token = _forced.set(name)
    try:
        yield
    finally:
        _forced.reset(token)


def _module_of(name: str) -> ModuleType:
    return importlib.import_module(f"pellucid.engines._native_{name}")


@cache
def _usual_module() -> ModuleType | None:
    runnable = runnable_sets()
    if not runnable:
        return None
    wanted = os.environ.get("PELLUCID_INSTRUCTIONS", "").strip().lower()
    if wanted and wanted not in runnable:
        raise InputError(
            "PELLUCID_INSTRUCTIONS must be one of {known} on this processor, got {got}",
            known=", ".join(runnable),
            got=repr(os.environ["PELLUCID_INSTRUCTIONS"]),
        )
    return _module_of(wanted or runnable[0])


def instruction_set() -> str | None:
    """Return the name of the instruction set in use, or None without a native engine."""
    module = native_module()
    return None if module is None else module.__name__.rpartition("_")[2]
