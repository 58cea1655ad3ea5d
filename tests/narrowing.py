"""Narrow types where a test knows more than its checker."""

from typing import Any, TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """Return a value that must not be None."""
    assert value is not None
    return value


def instance(kind: type[T], value: Any) -> T:
    """Return a value that must be of this class."""
    assert isinstance(value, kind), type(value)
    return value
