"""Tensors of the Open Inference Protocol: JSON and binary in, JSON and binary out.

The protocol is at https://github.com/kserve/open-inference-protocol; the binary form is its "binary
tensor data extension", which Triton's client uses unless told otherwise: the body begins with JSON,
whose length is in a header, and the numbers follow as they are in memory.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from pellucid.core.types import Array
from pellucid.serving.http import Refused, Request, Response, json_response
from pellucid.serving.http import parse_json as parse

TYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    **{
        f"{'U' * unsigned}INT{bits}": np.dtype(f"<{'iu'[unsigned]}{bits // 8}")
        for unsigned in (0, 1)
        for bits in (8, 16, 32, 64)
    },
    **{f"FP{bits}": np.dtype(f"<f{bits // 8}") for bits in (16, 32, 64)},
}
"""NumPy's types by the protocol's names; BYTES, texts of any length, are lists of str."""

LENGTH = b"inference-header-content-length"
BINARY = (b"content-type", b"application/octet-stream")


class Tensor(NamedTuple):
    """An input: its name, and its values as an array of the shape that was sent.

    Texts are an array of objects.
    """

    name: str
    array: Array


class Document(NamedTuple):
    """The JSON of a request, and the bytes behind it."""

    entries: dict[str, Any]
    binary: memoryview


def document_of(request: Request) -> Document:
    """Return the JSON object of a request and the binary data behind it."""
    body, stated = memoryview(request.body), request.headers.get(LENGTH)
    length = len(body)
    if stated is not None:
        if not stated.isdigit() or int(stated) > length:
            raise Refused(400, f"Inference-Header-Content-Length must be 0 to {length}")
        length = int(stated)
    entries = parse(body[:length])
    if not isinstance(entries, dict):
        raise Refused(400, "expected a JSON object")
    return Document(entries, body[length:])


def tensors_of(document: Document, most: int) -> list[Tensor]:
    """Return the inputs of a request of at most `most` numbers; raise Refused for what is wrong."""
    inputs = document.entries.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise Refused(400, 'expected "inputs", a list of tensors')
    tensors, rest = [], document.binary
    for entry in inputs:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise Refused(400, 'each input must be an object with a "name"')
        tensor, rest = _tensor(entry, rest, most)
        most -= tensor.array.size
        tensors.append(tensor)
    if len(rest):
        raise Refused(400, f"{len(rest)} bytes behind the last tensor belong to none")
    return tensors


def _tensor(entry: dict[str, Any], rest: memoryview, most: int) -> tuple[Tensor, memoryview]:
    name, kind, shape = entry["name"], entry.get("datatype"), entry.get("shape")
    if not isinstance(kind, str) or (kind != "BYTES" and kind not in TYPES):
        known = ", ".join([*TYPES, "BYTES"])
        raise _wrong(name, f'"datatype" must be one of {known}')
    if not isinstance(shape, list) or len(shape) > 8 or not all(map(_is_size, shape)):
        raise _wrong(name, '"shape" must be a list of at most 8 whole numbers')
    if (count := math.prod(shape)) > most:
        raise Refused(413, f"input {name!r}: more numbers than a request may have")
    size = parameter(entry, "binary_data_size")
    if size is None:
        array = _from_json(name, entry.get("data"), kind, count)
        return Tensor(name, _shaped(name, array, shape)), rest
    if "data" in entry:
        raise _wrong(name, 'has both "data" and "binary_data_size"')
    if not _is_size(size) or size > len(rest):
        raise _wrong(name, f'"binary_data_size" must be 0 to {len(rest)}')
    array = _from_bytes(name, rest[:size], kind, count)
    return Tensor(name, _shaped(name, array, shape)), rest[size:]


def _shaped(name: str, array: Array, shape: list[int]) -> Array:
    try:
        return array.reshape(shape)
    except ValueError as error:  # of no values, and of too many: [0, 2^62]
        raise _wrong(name, '"shape" is too large') from error


def parameter(entry: Mapping[str, Any], name: str) -> Any:
    """Return one of the "parameters" of a request, an input or an output; None without it."""
    parameters = entry.get("parameters")
    return parameters.get(name) if isinstance(parameters, dict) else None


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _wrong(name: str, problem: str) -> Refused:
    return Refused(400, f"input {name!r}: {problem}")


def _from_json(name: str, data: Any, kind: str, count: int) -> Array:
    """Return flat or nested JSON data as a flat array of `count` values."""
    if not isinstance(data, list):
        raise _wrong(name, '"data" must be a list')
    if kind == "BYTES":
        return _texts(name, data, count)
    dtype = TYPES[kind]
    if dtype.char in "fd" and len(data) == count:
        try:  # four times as fast as NumPy; it takes numbers only
            packed = bytearray(dtype.itemsize * count)
            struct.pack_into(f"<{count}{dtype.char}", packed, 0, *data)
            return np.frombuffer(packed, dtype)
        except (struct.error, OverflowError):
            pass  # nested, or with something in it that the next lines name
    return _checked(name, _as_numbers(name, data), dtype, count)


def _as_numbers(name: str, data: list[Any]) -> Array:
    try:
        array = np.array(data)
    except (ValueError, OverflowError) as error:  # lists of different lengths
        raise _wrong(name, '"data" must be numbers, flat or in lists of one length') from error
    # Texts, null and objects have kinds of their own; an empty list counts as floats
    if array.dtype.kind not in "biuf":
        raise _wrong(name, '"data" must be numbers')
    return array.reshape(-1)


def _checked(name: str, array: Array, dtype: np.dtype[Any], count: int) -> Array:
    """Return numbers in the type that was stated; raise Refused where they do not fit it."""
    if array.size != count:
        raise _wrong(name, f'"data" has {array.size} values, "shape" says {count}')
    if dtype.kind == "f":
        with np.errstate(over="ignore"):  # becomes infinite, which is refused by name later
            return array.astype(dtype)
    fits = np.can_cast(array.dtype, dtype) or not array.size
    if not fits and array.dtype.kind in "iu" and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        fits = limits.min <= array.min() and array.max() <= limits.max
    if not fits:
        raise _wrong(name, f"its values are no numbers of its datatype, {dtype.name}")
    return array.astype(dtype)


def _texts(name: str, data: list[Any], count: int) -> Array:
    flat: Sequence[Any] = data
    # Nested as deep as a shape may be
    for _ in range(7):
        if not flat or not all(isinstance(part, list) for part in flat):
            break
        flat = list(chain.from_iterable(flat))
    if not all(part is None or isinstance(part, str) for part in flat):
        raise _wrong(name, '"data" of BYTES must be texts, or null for a missing one')
    return _objects(name, flat, count)


def _from_bytes(name: str, content: memoryview, kind: str, count: int) -> Array:
    if kind == "BYTES":
        return _objects(name, list(_strings(name, content)), count)
    dtype = TYPES[kind]
    if len(content) != count * dtype.itemsize:
        problem = f"{len(content)} bytes, but its shape and datatype need {count * dtype.itemsize}"
        raise _wrong(name, problem)
    if dtype.kind == "b":  # any byte but 0 means true; NumPy knows 0 and 1 only
        return np.frombuffer(content, np.uint8) != 0
    # A copy, which begins at a multiple of its type's size: the engine predicts it in half the time
    return np.frombuffer(content, dtype).copy()


def _strings(name: str, content: memoryview) -> Iterator[str]:
    """Yield texts, each after its length in four bytes."""
    place = 0
    while place < len(content):
        start = place + 4
        place = start + int.from_bytes(content[place:start], "little")
        if start > len(content) or place > len(content):
            raise _wrong(name, "its texts are longer than its bytes")
        try:
            yield str(content[start:place], "utf-8")
        except UnicodeDecodeError as error:
            raise _wrong(name, "its texts are not UTF-8") from error


def _objects(name: str, values: Sequence[Any], count: int) -> Array:
    if len(values) != count:
        raise _wrong(name, f'"data" has {len(values)} values, "shape" says {count}')
    array = np.empty(count, object)
    array[:] = values
    return array


_NAMES = {dtype.char: name for name, dtype in TYPES.items()}  # faster than comparing types


def type_name(dtype: np.dtype[Any]) -> str:
    """Return the protocol's name of a network's type, float32 or float64."""
    return _NAMES[dtype.char]


def written(head: dict[str, Any], outputs: Sequence[tuple[str, Array, bool]]) -> Response:
    """Return the response with these outputs: name, values, and whether in binary form.

    Texts are arrays of objects.
    """
    entries, parts = [], []
    for name, array, binary in outputs:
        texts = array.dtype.kind == "O"
        kind = "BYTES" if texts else type_name(array.dtype)
        entry: dict[str, Any] = {"name": name, "datatype": kind, "shape": list(array.shape)}
        if binary:
            content = _packed(array) if texts else array.tobytes()
            entry["parameters"] = {"binary_data_size": len(content)}
            parts.append(content)
        else:
            flat = array.reshape(-1)
            entry["data"] = flat.tolist() if texts else np.ascontiguousarray(flat)
        entries.append(entry)
    response = json_response({**head, "outputs": entries})
    if not parts:
        return response
    length = (LENGTH, b"%d" % len(response.body))
    return Response(b"".join([response.body, *parts]), (BINARY, length))


def _packed(texts: Array) -> bytes:
    encoded = [text.encode() for text in texts.reshape(-1).tolist()]
    return b"".join(len(text).to_bytes(4, "little") + text for text in encoded)
