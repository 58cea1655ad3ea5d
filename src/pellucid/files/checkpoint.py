"""The checkpoint file: nested values and arrays in a `.safetensors` file that proves itself whole.

The arrays are tensors "0", "1", ...; the metadata has the values as JSON, in which `{"array": "0"}`
stands for an array, and the SHA-256 of the whole file, computed with its own 64 digits set to 0.
Reading trusts nothing: a file that is cut short, or has one byte changed, is an error.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.core.types import Array, Options
from pellucid.errors import FileError, InputError, Message
from pellucid.files.atomic import whole_file
from pellucid.files.opening import open_file

VERSION = 1
KEY, DIGEST = "pellucid.checkpoint", "sha256"
LARGEST_FILE = 64 << 30  # bytes
LARGEST_TEXT = 64 << 20  # bytes of the JSON at the head of the file
_UNKNOWN = "0" * 64  # in place of the digest while it is computed
_KINDS = "biuf"  # of arrays: truth values, whole numbers and floats


class DamagedError(FileError):
    """A file that is no checkpoint, or one of which not every byte is as it was written."""


def save(path: str | os.PathLike[str], state: Options) -> None:
    """Write a state to `path`, whole or not at all, and force it to disk.

    A state consists of dicts with texts as keys, lists, tuples (read again as lists), texts,
    numbers, truth values, None and arrays of numbers. Raises InputError for anything else,
    FileError where the file cannot be written.
    """
    import safetensors.numpy

    arrays: list[Array] = []
    values = {"version": VERSION, "state": _plain(state, arrays, "state")}
    tensors = {str(index): np.ascontiguousarray(array) for index, array in enumerate(arrays)}
    text = json.dumps(values, separators=(",", ":"))
    content = safetensors.numpy.save(tensors, {KEY: text, DIGEST: _UNKNOWN})
    start = _digits(content)
    digest = hashlib.sha256(content).hexdigest().encode()
    with whole_file(path) as file:
        file.write(content[:start] + digest)
        file.write(memoryview(content)[start + len(digest) :])  # no copy: it may be large


def read(path: str | os.PathLike[str]) -> Options:
    """Return the state in a checkpoint file.

    Raises DamagedError for anything but a whole one, FileError for a file that cannot be opened and
    for one that a later pellucid wrote.
    """
    import safetensors
    import safetensors.numpy

    if Path(path).is_file() and not Path(path).stat().st_size:
        raise _damaged(path)
    with open_file(path, Message("a checkpoint"), LARGEST_FILE) as file:
        try:
            content = file.read()
        except OSError as error:  # the disk is damaged
            raise _damaged(path) from error
    try:
        values = json.loads(_verified(content)[KEY])
        if values["version"] != VERSION:
            template = "{path}: a checkpoint of format {got}, which this pellucid cannot read"
            raise FileError(template, path=path, got=values["version"])
        tensors = safetensors.numpy.load(content)
        state = _restored(values["state"], tensors)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _damaged(path) from error
    except safetensors.SafetensorError as error:
        raise _damaged(path) from error
    if not isinstance(state, dict):
        raise _damaged(path)
    return state


def _damaged(path: str | os.PathLike[str]) -> DamagedError:
    return DamagedError("{path}: not a checkpoint, or damaged", path=path)


def _verified(content: bytes) -> Mapping[str, str]:
    """Return the metadata of a file whose digest is right; raises ValueError otherwise."""
    size = int.from_bytes(content[:8], "little")
    if not 2 <= size <= min(LARGEST_TEXT, len(content) - 8):
        raise ValueError("the head is longer than the file")
    metadata: Mapping[str, str] = json.loads(content[8 : 8 + size])["__metadata__"]
    digest = metadata[DIGEST].encode()
    start = content.index(digest, 8, 8 + size)
    unknown = content[:start] + _UNKNOWN.encode() + content[start + len(digest) :]
    if hashlib.sha256(unknown).hexdigest().encode() != digest:
        raise ValueError("the digest is another one")
    return metadata


def _digits(content: bytes) -> int:
    """Return where the digest's 64 digits are, in a file that does not have them yet."""
    size = int.from_bytes(content[:8], "little")
    return content.index(_UNKNOWN.encode(), 8, 8 + size)


def _plain(value: Any, arrays: list[Array], name: str) -> Any:
    """Return a value for JSON; arrays go to the end of `arrays`."""
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
        arrays.append(value)
        return {"array": str(len(arrays) - 1)}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(each, arrays, f"{name}[{i}]") for i, each in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        inner = {key: _plain(each, arrays, f"{name}.{key}") for key, each in value.items()}
        return {"dict": inner}
    raise InputError(
        "{name} cannot be kept in a checkpoint: expected numbers, texts, lists, dicts with texts "
        "as keys and arrays, got {got}",
        name=name,
        got=type(value).__name__,
    )


def _restored(value: Any, tensors: Mapping[str, Array]) -> Any:
    if isinstance(value, list):
        return [_restored(each, tensors) for each in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return tensors[value["array"]]
    return {key: _restored(each, tensors) for key, each in value["dict"].items()}
