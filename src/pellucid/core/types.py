"""The two types that every room shares."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy import dtype, ndarray

Array: TypeAlias = ndarray[Any, dtype[Any]]
Options: TypeAlias = dict[str, Any]
