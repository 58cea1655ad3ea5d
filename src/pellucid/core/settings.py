"""What settings may be.

Every check gives the setting back as a plain number, or raises InputError that names it.
"""

from __future__ import annotations

import math
import reprlib
from typing import Any

import numpy as np

from pellucid.errors import InputError


def number(value: Any) -> float:
    """Give a setting as a float.

    NaN, which lies in no range, for anything but a number (text included).
    """
    if isinstance(value, (str, bytes)):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def finite(**setting: Any) -> float:
    """Give the one named setting, which may be any finite number."""
    [(name, value)] = setting.items()
    if not math.isfinite(number(value)):
        raise InputError(
            "{name} must be a finite number, got {got}", name=name, got=reprlib.repr(value)
        )
    return number(value)


def at_least(low: float, **setting: Any) -> float:
    """Give the one named setting, which is finite and `low` or more."""
    [(name, value)] = setting.items()
    if not low <= number(value) < math.inf:
        raise InputError(
            "{name} must be a finite number of {low} or more, got {got}",
            name=name,
            low=low,
            got=reprlib.repr(value),
        )
    return number(value)


def above_zero(**setting: Any) -> float:
    """Give the one named setting, which is finite and above 0."""
    [(name, value)] = setting.items()
    if not 0 < number(value) < math.inf:
        raise InputError(
            "{name} must be a finite number above 0, got {got}", name=name, got=reprlib.repr(value)
        )
    return number(value)


def below_one(**setting: Any) -> float:
    """Give the one named setting, which goes from 0 up to, but not, 1."""
    [(name, value)] = setting.items()
    if not 0 <= number(value) < 1:
        raise InputError(
            "{name} goes from 0 up to, but not, 1; got {got}", name=name, got=reprlib.repr(value)
        )
    return number(value)


def whole(name: str, value: Any, least: int = 1) -> int:
    """Give a whole number as an int; raises InputError for anything else, or one below `least`."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise InputError(
            "{name} must be a whole number of {least} or more, got {got}",
            name=name,
            least=least,
            got=repr(value),
        )
    return int(value)
