"""The model file: one `.safetensors` file with the arrays, and a JSON header that describes them.

Tensors are named "3.W": the layer's index, then the array's name. The header is the value of the
single metadata key "pellucid", JSON with sorted keys: format version, layers (type, options,
shapes), inputs, class names, training record, and the shapes of further arrays (an optimizer's
state), if any. It contains no time, so the same network gives the same bytes, and other readers of
safetensors find the arrays.

Reading trusts nothing. Layer types come from core's fixed table, every array must be described with
its shape and be there, and sizes have limits. No code and no pickle is ever read.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pellucid.core import LAYERS, checks
from pellucid.core.composite import Skip
from pellucid.core.layer import Layer, walk
from pellucid.core.members import Members
from pellucid.core.types import Array, Options
from pellucid.errors import FileError, InputError, Message, PellucidError
from pellucid.files import strict_json
from pellucid.files.atomic import write_whole
from pellucid.files.limits import DEPTH, MODEL_BYTES, MODEL_TEXT, MOST_LAYERS, NAMES
from pellucid.files.older import rename_arrays
from pellucid.files.opening import open_file

VERSION = 1
KEY = "pellucid"
Arrays: TypeAlias = Mapping[str, Array]  # by name
NO_ARRAYS: Arrays = {}

# What the entries of a record are, as commands read them.
_RECORD = {"epochs": int, "rows": int, "optimizer": str, "metrics": dict, "table": str}


def describe(layers: Sequence[Layer]) -> list[Options]:
    """Return type, options, shapes of arrays and inner layers of each layer, for JSON."""
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


def check_path(path: Any) -> None:
    """Raise InputError unless this is the path of a file."""
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(
            'expected the path of a file, such as "net.safetensors"; got {got}', got=repr(path)
        )


def save(
    path: str | os.PathLike[str],
    layers: Sequence[Layer],
    extra: Options,
    arrays: Arrays = NO_ARRAYS,
) -> None:
    """Write layers and `extra` (JSON) to `path`, whole or not at all.

    `arrays` are further arrays that are kept with the layers, of the layers' floating type; their
    names begin with a letter, and `read` returns them.

    Raises InputError for what a model file cannot hold: weights that are not finite, the user's own
    layers, names or records that are no JSON, and more than the limits of reading; FileError where
    the file cannot be written.
    """
    write_whole(path, to_bytes(layers, extra, arrays))


def to_bytes(layers: Sequence[Layer], extra: Options, arrays: Arrays = NO_ARRAYS) -> bytes:
    """Return the model file's content; raises InputError as `save` does."""
    import safetensors.numpy

    header = header_of(layers, extra, arrays)
    tensors = {k: np.ascontiguousarray(array) for k, array in _named(layers, arrays).items()}
    content = safetensors.numpy.save(tensors, {KEY: to_text(header)})
    if _text_size(content) > MODEL_TEXT:
        raise _too_long()
    return content


def names_size(entries: Options) -> int:
    """Return how many bytes entries of the header take in a file: "inputs", "classes", columns.

    Raises InputError for what JSON cannot hold.
    """
    # Twice: the header is one text of safetensors' own JSON
    return len(json.dumps(to_text(entries), ensure_ascii=False).encode())


def class_names(names: Iterable[object]) -> list[str]:
    """Return names of classes as texts.

    Raises InputError for more than a model file holds: before training, not after.
    """
    texts = [str(name) for name in names]
    if (size := names_size({"classes": texts})) > NAMES:
        template = "class names of {got:,} bytes are more than a model file holds: at most {most:,}"
        raise InputError(template, got=size, most=NAMES)
    return texts


def header_of(layers: Sequence[Layer], extra: Options, arrays: Arrays = NO_ARRAYS) -> Options:
    """Return the header: everything in a file except the numbers.

    Raises InputError for layers that no file can hold, as `save` does.
    """
    for layer in walk(layers):
        if LAYERS.get(type(layer).__name__) is not type(layer):
            template = "a model file holds pellucid's own layers only, got {layer}"
            raise InputError(template, layer=type(layer).__name__)
    for name, array in _named(layers, arrays).items():
        if not np.isfinite(array).all():
            raise InputError("{name} has values that are not finite: it cannot be saved", name=name)
    header = {"version": VERSION, "layers": describe(layers), **extra}
    if arrays:
        header["arrays"] = {name: list(array.shape) for name, array in arrays.items()}
    _check_extent(header["layers"])  # what could not be read again is not written
    return header


def to_text(header: Options) -> str:
    """Return a header as JSON with sorted keys, without spaces.

    Raises InputError for what JSON cannot hold.
    """
    try:
        text = json.dumps(
            header, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
        text.encode()  # half a surrogate pair has no UTF-8
        return text
    except (TypeError, ValueError) as error:
        raise InputError(
            "inputs, class names and record must be JSON ({reason})", reason=error
        ) from error


def read(path: str | os.PathLike[str]) -> tuple[list[Layer], Options]:
    """Read a model file; return its layers and the entries "inputs", "classes", "record" and
    "uncertainty" of its header, and under "arrays" further arrays by name.

    Raises FileError with the file's name and the reason.
    """
    if Path(path).suffix.lower() == ".onnx" and Path(path).is_file():
        raise FileError(
            "{path}: an ONNX file, not a model file: convert it with `pellucid import {path} -o "
            "MODEL`",
            path=path,
        )
    try:
        with _as_input_errors():
            return parse(*_parts(Path(path)))
    except InputError as error:
        raise unusable(path, error) from error


def unusable(path: str | os.PathLike[str], reason: InputError) -> FileError:
    """Return the error of a file that was read and holds no usable network."""
    template = "{path}: not a usable model file: {reason}; get the file again, or train again"
    return FileError(template, path=path, reason=reason)


def parse(header: Any, tensors: dict[str, Array]) -> tuple[list[Layer], Options]:
    """Return the layers and the other entries of a header, trusting nothing; the arrays' names are
    those of a model file.

    Raises InputError with the reason.
    """
    with _as_input_errors():
        if not isinstance(header, dict) or header.get("version") != VERSION:
            raise InputError("its format version is not {version}", version=VERSION)
        with np.errstate(all="ignore"):  # a layer refuses a number beyond float32 by itself
            layers = _layers(header, tensors)
        others = {name: tensors[name] for name in header.get("arrays", {})}
        return layers, {**_extra(header, layers), "arrays": others}


@contextmanager
def _as_input_errors() -> Iterator[None]:
    """Turn whatever a malformed description raises into an InputError."""
    try:
        yield
    except PellucidError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError("its description is malformed") from error


def _named(layers: Sequence[Layer], others: Arrays) -> dict[str, Array]:
    own = {f"{i}.{k}": a for i, layer in enumerate(layers) for k, a in layer.arrays().items()}
    return {**own, **others}


def _parts(path: Path) -> tuple[Any, dict[str, Array]]:
    import safetensors

    expected = Message("a model file from `pellucid train` or net.save")
    with open_file(path, expected, MODEL_BYTES) as opened:
        # The length is checked before safetensors reads so much text.
        size = _text_size(opened.read(8))
        if MODEL_TEXT < size <= os.fstat(opened.fileno()).st_size:
            raise _too_long()
        head = opened.read(size) if size <= MODEL_TEXT else b""
    try:
        with safetensors.safe_open(path, framework="np") as file:
            text = (file.metadata() or {}).get(KEY)
            if text is None:
                raise InputError("it is a safetensors file, but not one of pellucid")
            kinds = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
            for name, kind in kinds.items():
                # NumPy has no bfloat16 unless some library has added it.
                if kind not in ("F32", "F64"):
                    raise _no_numbers(name)
            strict_json.loads(head)  # safetensors takes the last of two tensors of one name
            return strict_json.loads(text), {name: file.get_tensor(name) for name in kinds}
    except (safetensors.SafetensorError, RecursionError, OSError) as error:
        raise InputError(
            "its structure is damaged or cut short ({reason})", reason=error
        ) from error


def _no_numbers(name: str) -> InputError:
    return InputError("array {name} must hold finite float32 or float64 numbers", name=name)


def _text_size(content: bytes) -> int:
    """Return the length of the JSON at the head of a safetensors file, from its first 8 bytes."""
    return int.from_bytes(content[:8], "little")


def _too_long() -> InputError:
    return InputError("its description is longer than {limit} bytes", limit=MODEL_TEXT)


def _extra(header: Options, layers: Sequence[Layer]) -> Options:
    classes, record = header.get("classes"), header.get("record") or {}
    if classes is not None and not (
        isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    ):
        raise InputError("its class names are malformed")
    if not isinstance(record, dict) or any(
        not isinstance(record[name], kind) for name, kind in _RECORD.items() if name in record
    ):
        raise InputError("its training record is malformed")
    K = checks.output_count(layers)
    if classes is not None and K not in (None, len(classes), 1):
        raise InputError("{got} class names for {K} outputs", got=len(classes), K=K)
    found = {"inputs": header.get("inputs"), "classes": classes, "record": record}
    return {**found, "uncertainty": header.get("uncertainty")}


def _layers(header: Options, tensors: dict[str, Array]) -> list[Layer]:
    left = dict(tensors)
    _check_extent(header["layers"])
    rename_arrays(header["layers"], left)
    layers = _build(header["layers"], left, "")
    for name, shape in header.get("arrays", {}).items():
        _take(name, shape, left)
    if left:
        raise InputError("it has an array {name}, which belongs to no layer", name=repr(min(left)))
    if len({array.dtype for array in tensors.values()}) > 1:
        raise InputError("it mixes floating types")
    if describe(layers) != header["layers"]:
        raise InputError("its layers are not what their description says")
    return layers


def _check_extent(entries: Any, depth: int = 0) -> None:
    """Raise InputError for too many layers in a list, or layers nested too deeply."""
    if not isinstance(entries, list) or len(entries) > MOST_LAYERS or depth > DEPTH:
        template = "expected a list of at most {most} layers, nested at most {deepest} deep"
        raise InputError(template, most=MOST_LAYERS, deepest=DEPTH)
    for entry in entries:
        if "layers" in entry:
            _check_extent(entry["layers"], depth + 1)


def _build(entries: Any, left: dict[str, Array], prefix: str) -> list[Layer]:
    layers = []
    for index, entry in enumerate(entries):
        kind = LAYERS.get(entry["type"]) if isinstance(entry["type"], str) else None
        if kind is None:
            raise InputError("it has a layer of the unknown type {name}", name=repr(entry["type"]))
        layer: Layer
        if issubclass(kind, (Skip, Members)):
            inner = _build(entry["layers"], left, f"{prefix}{index}.")
            layer = kind.around(inner, entry["options"])
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
            template = "{layer} has no array named {name}"
            raise InputError(template, layer=kind.__name__, name=repr(name))
        arrays[name] = _take(prefix + name, shape, left)
    return arrays


def _take(name: str, shape: Any, left: dict[str, Array]) -> Array:
    """Remove and return the array of that name and shape among those that are left."""
    array = left.pop(name, None)
    if array is None or list(array.shape) != shape:
        got = Message("none") if array is None else array.shape
        template = "array {name}: expected shape {expected}, got {got}"
        raise InputError(template, name=name, expected=shape, got=got)
    if array.dtype not in (np.float32, np.float64) or not np.isfinite(array).all():
        raise _no_numbers(name)
    return array


def _options(options: Any, kind: type[Layer]) -> Options:
    simple = all(
        isinstance(value, (str, bool, int, type(None)))
        or (isinstance(value, float) and math.isfinite(value))
        for value in options.values()
    )
    # An array's name among the options would put a number in place of an array: 1e9 as a width
    # would reserve gigabytes.
    if not simple or options.keys() & {*kind.parameter_names, *kind.buffer_names}:
        raise InputError("a layer's options are malformed")
    return dict(options)
