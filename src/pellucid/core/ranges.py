"""Checks of settings: each returns the setting as a plain number, or raises InputError."""

from __future__ import annotations

import math
import reprlib
from typing import Any

import numpy as np

from pellucid.errors import InputError


def number(value: Any) -> float:
    """Return a setting as a float; NaN, which is in no range, for text and what is no number."""
    if isinstance(value, (str, bytes)):  # float("1") would accept text
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def finite(**setting: Any) -> float:
    """Return the one named setting; raises InputError unless it is a finite number."""
    [(name, value)] = setting.items()
    if not math.isfinite(number(value)):
        got = reprlib.repr(value)
        raise InputError("{name} must be a finite number, got {got}", name=name, got=got)
    return number(value)


def at_least(low: float, **setting: Any) -> float:
    """Return the one named setting; raises InputError unless it is finite and `low` or more."""
    [(name, value)] = setting.items()
    if not low <= number(value) < math.inf:
        template = "{name} must be a finite number of {low} or more, got {got}"
        raise InputError(template, name=name, low=low, got=reprlib.repr(value))
    return number(value)


def above_zero(**setting: Any) -> float:
    """Return the one named setting; raises InputError unless it is finite and above 0."""
    [(name, value)] = setting.items()
    if not 0 < number(value) < math.inf:
        got = reprlib.repr(value)
        raise InputError("{name} must be a finite number above 0, got {got}", name=name, got=got)
    return number(value)


def below_one(**setting: Any) -> float:
    """Return the one named setting; raises InputError unless it is in [0, 1)."""
    [(name, value)] = setting.items()
    if not 0 <= number(value) < 1:
        raise InputError("{name} must be in [0, 1), got {got}", name=name, got=reprlib.repr(value))
    return number(value)


def whole(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number as an int; raises InputError for anything else or below `least`."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        template = "{name} must be a whole number of {least} or more, got {got}"
        raise InputError(template, name=name, least=least, got=repr(value))
    return int(value)
