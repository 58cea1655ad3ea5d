"""The model file: one `.safetensors` file with the arrays, and one JSON text that says what they
are.

Tensors are named "3.W": the layer's index, then the array's name. Under the single metadata key
"pellucid" stands a JSON text with sorted keys: format version, layers (type, options, shapes),
inputs, class names and training record, and the shapes of arrays of others (an optimizer's memory),
if there are any. There is no clock in it, so the same network gives the same bytes, and other
readers of safetensors find the arrays.

Reading trusts nothing. Layer types come from core's fixed table, every array must be announced with
its shape and present, and sizes have limits. No code and no pickle is ever read.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.core import LAYERS, chain
from pellucid.core.composite import Residual
from pellucid.core.layer import Layer, every
from pellucid.core.types import Array, Options
from pellucid.errors import FileError, InputError, Message, PellucidError, reason_of
from pellucid.files.atomic import write_whole

VERSION = 1
KEY = "pellucid"
LARGEST_FILE = 8 << 30  # bytes
LARGEST_TEXT = 16 << 20  # bytes of JSON, the list of arrays included
MOST_LAYERS = 10_000
DEEPEST_RESIDUAL = 8


def describe(layers: Sequence[Layer]) -> list[Options]:
    """Give what each layer is, as JSON can hold it.

    Type, options, shapes of its arrays, and inner layers.
    """
    described = []
    for layer in layers:
        entry: Options = {"type": type(layer).__name__, "options": layer.options()}
        if layer.frozen:
            entry["frozen"] = True
        if layer.inner:
            entry["layers"] = describe(layer.inner)
        else:
            entry["shapes"] = {name: list(array.shape) for name, array in layer.arrays().items()}
        described.append(entry)
    return described


def save(
    path: str | os.PathLike[str],
    layers: Sequence[Layer],
    extra: Options,
    arrays: dict[str, Array] | None = None,
) -> None:
    """Write layers and `extra` (JSON) to `path`, whole or not at all.

    `arrays` are those of others that travel with the layers, of the layers' floating type; their
    names begin with a letter. `read` gives them back, and who only wants the network need not know
    them.

    Raises InputError for what a model file cannot hold: weights that are not finite, layers of the
    user's own, names or records that are no JSON, and more than the limits of reading; FileError
    where it cannot be written.
    """
    write_whole(path, to_bytes(layers, extra, arrays))


def to_bytes(
    layers: Sequence[Layer], extra: Options, arrays: dict[str, Array] | None = None
) -> bytes:
    """Give the model file's content."""
    import safetensors.numpy

    header = header_of(layers, extra, arrays)
    tensors = {
        f"{index}.{name}": np.ascontiguousarray(array)
        for index, layer in enumerate(layers)
        for name, array in layer.arrays().items()
    }
    tensors |= {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    content = safetensors.numpy.save(tensors, {KEY: to_text(header)})
    if _text_size(content) > LARGEST_TEXT:
        raise InputError(_too_long())
    return content


def header_of(
    layers: Sequence[Layer], extra: Options, arrays: dict[str, Array] | None = None
) -> Options:
    """Give what a file says beside the numbers.

    Raises InputError for layers that no file can hold, as `save` does.
    """
    for layer in every(layers):
        if LAYERS.get(type(layer).__name__) is not type(layer):
            raise InputError(
                "a model file holds pellucid's own layers only; {layer} is not one",
                layer=type(layer).__name__,
            )
    own = {
        f"{i}.{name}": array
        for i, layer in enumerate(layers)
        for name, array in layer.arrays().items()
    }
    for name, array in {**own, **(arrays or {})}.items():
        if not np.isfinite(array).all():
            raise InputError(
                "{name} holds numbers that are not finite: such a network is not saved", name=name
            )
    header = {"version": VERSION, "layers": describe(layers), **extra}
    if arrays:
        header["arrays"] = {name: list(array.shape) for name, array in arrays.items()}
    _check_extent(header["layers"])
    return header


def to_text(header: Options) -> str:
    """Give a header as JSON with sorted keys, without spaces.

    Raises InputError for what JSON cannot hold.
    """
    try:
        text = json.dumps(
            header, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
        text.encode()  # half a character cannot be written
        return text
    except (TypeError, ValueError) as error:
        raise InputError(
            "inputs, class names and record must be what JSON can hold ({reason})", reason=error
        ) from error


def read(path: str | os.PathLike[str]) -> tuple[list[Layer], Options]:
    """Read a model file: give its layers and the other entries of its header ("inputs", "classes",
    "record").

    Under "arrays" it gives the arrays of others by name.

    Raises FileError with the file's name and what is wrong with it.
    """
    if Path(path).suffix.lower() == ".onnx" and Path(path).is_file():
        raise FileError(
            "{path}: an ONNX file, and no model file: `pellucid import {path} -o MODEL` makes one "
            "of it",
            path=path,
        )
    try:
        with _as_input_errors():
            return parse(*_parts(Path(path)))
    except InputError as error:
        raise FileError(
            "{path}: no usable model file: {reason}; get the file again, or train anew",
            path=path,
            reason=error,
        ) from error


def parse(header: Any, tensors: dict[str, Array]) -> tuple[list[Layer], Options]:
    """Give the layers and the other entries of a header, trusting nothing; the arrays' names are
    those of a model file.

    Raises InputError that says what is wrong.
    """
    with _as_input_errors():
        if not isinstance(header, dict) or header.get("version") != VERSION:
            raise InputError(
                "its format version is not {version}, the one that is known here", version=VERSION
            )
        with np.errstate(
            all="ignore"
        ):  # a number beyond float32 is refused by the layer that is given it
            layers = _layers(header, tensors)
        others = {name: tensors[name] for name in header.get("arrays", {})}
        return layers, {**_extra(header, layers), "arrays": others}


@contextmanager
def _as_input_errors() -> Iterator[None]:
    """Let whatever a malformed description raises be an InputError that says so."""
    try:
        yield
    except PellucidError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError("its description is malformed") from error


def _parts(path: Path) -> tuple[Any, dict[str, Array]]:
    import safetensors

    _check_file(path)
    try:
        with safetensors.safe_open(path, framework="np") as file:
            text = (file.metadata() or {}).get(KEY)
            if text is None:
                raise InputError("it is a safetensors file, but none that pellucid wrote")
            return json.loads(text), {name: _tensor(file, name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, RecursionError, OSError) as error:
        raise InputError(
            "its structure is damaged or cut short ({reason})", reason=error
        ) from error


def _tensor(file: Any, name: str) -> Array:
    """Give an array of a safetensors file.

    (NumPy knows bfloat16 and others only where some library has taught it.)
    """
    if file.get_slice(name).get_dtype() not in ("F32", "F64"):
        raise InputError(_no_numbers(name))
    return file.get_tensor(name)


def _no_numbers(name: str) -> Message:
    return Message("array {name} must hold finite float32 or float64 numbers", name=name)


def _check_file(path: Path) -> None:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):  # to open a pipe would be to wait for its other end
            raise OSError(errno.EINVAL, Message("it is no regular file"))
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise FileError(
            "{path}: cannot be read ({reason}); expected a model file that `pellucid train` or "
            "net.save wrote",
            path=path,
            reason=reason_of(error),
        ) from error
    if not 0 < found.st_size <= LARGEST_FILE:
        raise FileError(
            "{path}: {size} bytes are no model file; expected 1 to {limit} bytes",
            path=path,
            size=found.st_size,
            limit=LARGEST_FILE,
        )
    if LARGEST_TEXT < _text_size(start) <= found.st_size:
        raise InputError(_too_long())


def _text_size(content: bytes) -> int:
    """Give the length of the JSON text at the head of a safetensors file.

    Its first eight bytes say it.
    """
    return int.from_bytes(content[:8], "little")


def _too_long() -> Message:
    return Message("its description is longer than {limit} bytes", limit=LARGEST_TEXT)


def _extra(header: Options, layers: Sequence[Layer]) -> Options:
    inputs, classes, record = (
        header.get("inputs"),
        header.get("classes"),
        header.get("record") or {},
    )
    names_fit = classes is None or (
        isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    )
    if not (
        names_fit and (inputs is None or isinstance(inputs, dict)) and isinstance(record, dict)
    ):
        raise InputError("its inputs, class names or training record are malformed")
    D = chain.input_width(layers)
    K = None if D is None else chain.widths(layers, D)[-1]
    if classes is not None and K not in (None, len(classes), 1):
        raise InputError("{got} class names for {K} outputs", got=len(classes), K=K)
    return {"inputs": inputs, "classes": classes, "record": record}


def _layers(header: Options, tensors: dict[str, Array]) -> list[Layer]:
    left = dict(tensors)
    _check_extent(header["layers"])
    layers = _build(header["layers"], left, "")
    for name, shape in header.get("arrays", {}).items():
        _take(name, shape, left)
    if left:
        raise InputError(
            "it holds the array {name}, which no layer announces", name=repr(min(left))
        )
    if len({array.dtype for array in tensors.values()}) > 1:
        raise InputError("it mixes floating types")
    if describe(layers) != header["layers"]:
        raise InputError("its layers are not what their description says")
    return layers


def _check_extent(entries: Any, depth: int = 0) -> None:
    """Raise InputError for a description with too many layers in a list, or too many layers within
    layers.
    """
    if not isinstance(entries, list) or len(entries) > MOST_LAYERS or depth > DEEPEST_RESIDUAL:
        raise InputError(
            "layers stand in a list of at most {most}, within each other at most {deepest} deep",
            most=MOST_LAYERS,
            deepest=DEEPEST_RESIDUAL,
        )
    for entry in entries:
        if "layers" in entry:
            _check_extent(entry["layers"], depth + 1)


def _build(entries: Any, left: dict[str, Array], prefix: str) -> list[Layer]:
    layers = []
    for index, entry in enumerate(entries):
        kind = LAYERS.get(entry["type"]) if isinstance(entry["type"], str) else None
        if kind is None:
            raise InputError(
                "it names a layer {name}, which is not known here", name=repr(entry["type"])
            )
        layer: Layer
        if issubclass(kind, Residual):
            layer = kind(_build(entry["layers"], left, f"{prefix}{index}."))
        else:
            arrays = _arrays(entry["shapes"], kind, left, f"{prefix}{index}.")
            layer = kind.build(_options(entry["options"], kind), arrays)
        layer.frozen = entry.get("frozen") is True
        layers.append(layer)
    return layers


def _arrays(
    shapes: Options, kind: type[Layer], left: dict[str, Array], prefix: str
) -> dict[str, Array]:
    arrays = {}
    for name, shape in shapes.items():
        if name not in kind.parameter_names + kind.buffer_names:
            raise InputError(
                "{layer} has no array named {name}", layer=kind.__name__, name=repr(name)
            )
        arrays[name] = _take(prefix + name, shape, left)
    return arrays


def _take(name: str, shape: Any, left: dict[str, Array]) -> Array:
    """Take the array of that name and shape out of those that are left."""
    array = left.pop(name, None)
    if array is None or list(array.shape) != shape:
        got = Message("none") if array is None else array.shape
        raise InputError(
            "array {name}: expected shape {expected}, got {got}", name=name, expected=shape, got=got
        )
    if array.dtype not in (np.float32, np.float64) or not np.isfinite(array).all():
        raise InputError(_no_numbers(name))
    return array


def _options(options: Any, kind: type[Layer]) -> Options:
    simple = all(
        isinstance(value, (str, bool, int, type(None)))
        or (isinstance(value, float) and math.isfinite(value))
        for value in options.values()
    )
    # An array's name among the options would let a number stand for an array, and a large number
    # for a large one.
    if not simple or options.keys() & {*kind.parameter_names, *kind.buffer_names}:
        raise InputError("a layer's options are malformed")
    return dict(options)
