"""Errors of pyarrow's readers of files as errors that name the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.errors import FileError, PellucidError, reason_of


@contextmanager
def as_file_errors(path: str, template: str) -> Iterator[None]:
    """Raise FileError of a template with {path} and {reason} for what pyarrow raises within."""
    try:
        yield
    except PellucidError:
        raise
    except Exception as error:  # readers of damaged files raise nearly anything
        raise FileError(template, path=path, reason=reason_of(error)) from error
