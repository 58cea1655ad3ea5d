"""Errors of pyarrow's readers of files as errors that name the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.errors import FileError
from pellucid.extras import library


@contextmanager
def as_file_errors(path: str, template: str) -> Iterator[None]:
    """Raise FileError of a template with {path} and {reason} for what pyarrow raises within."""
    try:
        yield
    except FileError:
        raise
    # UnicodeError: the name of a column is not UTF-8
    except (library("pyarrow", "tables").ArrowException, OSError, UnicodeError) as error:
        raise FileError(template, path=path, reason=error) from error
