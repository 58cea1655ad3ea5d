"""A network as one plain JSON document, for programs in any language.

    {"format": "pellucid", "version": 1, "dtype": "float32",
     "layers": [{"type": "Affine", "options": {}, "arrays": {"W": [[0.5, -1.0]], "b": [0.0, 0.25]}},
                {"type": "LeakyReLU", "options": {"slope": 0.01}, "arrays": {}},
                {"type": "Residual", "options": {}, "layers": [...]}],
     "inputs": null, "classes": ["no", "yes"], "record": {}}

Layers stand in the order in which x passes them; their types, options and arrays are those of the
classes of that name, W of shape (inputs, outputs). Every number is written so that reading it as a
double gives the very number again, and a float32 one once it is rounded to float32. A frozen layer
says "frozen": true.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.core.layer import Layer
from pellucid.core.types import Array, Options
from pellucid.errors import FileError, InputError, Message
from pellucid.exchange.given import check_network
from pellucid.exchange.reading import read_bytes
from pellucid.files import model
from pellucid.files.atomic import write_whole
from pellucid.network import Network

FORMAT = "pellucid"
LARGEST = 1 << 30  # bytes: read, a number takes ten times its four bytes


def to_json(net: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to a JSON file, whole or not at all.

    Raises InputError for what a model file could not hold either: layers of the user's own, numbers
    that are not finite; FileError where it cannot be written.
    """
    check_network(net)
    extra = {"inputs": net.inputs, "classes": net.classes, "record": net.record}
    header = model.header_of(net.layers, extra)
    document = {
        "format": FORMAT,
        **header,
        "dtype": net.dtype.name,
        "layers": _with_arrays(header["layers"], net.layers),
    }
    write_whole(path, f"{model.to_text(document)}\n".encode())


def from_json(path: str | os.PathLike[str]) -> Network:
    """Read a network from a JSON file that `to_json` wrote, or that keeps to its format; nothing in
    it is trusted.

    Raises FileError that names the file and what is wrong.
    """
    content = read_bytes(path, Message("a .json file that `pellucid export` wrote"), LARGEST)
    try:
        document = json.loads(content, parse_constant=_refuse)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InputError('it has no "format": "{name}"', name=FORMAT)
        tensors: dict[str, Array] = {}
        header = {
            **document,
            "layers": _without_arrays(document["layers"], _dtype(document), tensors, ""),
        }
        layers, extra = model.parse(header, tensors)
        net = Network(layers, inputs=extra["inputs"], classes=extra["classes"])
        net.record = extra["record"]
        return net
    except InputError as error:
        raise FileError("{path}: no usable network: {reason}", path=path, reason=error) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        reason = Message("it is no JSON")
        raise FileError("{path}: no usable network: {reason}", path=path, reason=reason) from error
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        reason = Message("its description is malformed")
        raise FileError("{path}: no usable network: {reason}", path=path, reason=reason) from error


def _with_arrays(entries: list[Options], layers: Sequence[Layer]) -> list[Options]:
    """Put the numbers where a model file's description has shapes."""
    found = []
    for entry, layer in zip(entries, layers, strict=True):
        plain = {name: value for name, value in entry.items() if name != "shapes"}
        if layer.inner:
            plain["layers"] = _with_arrays(entry["layers"], layer.inner)
        else:
            plain["arrays"] = {name: array.tolist() for name, array in layer.arrays().items()}
        found.append(plain)
    return found


def _without_arrays(
    entries: Any, dtype: Any, tensors: dict[str, Array], before: str, depth: int = 0
) -> list[Options]:
    """Give a model file's description of these entries, and put their numbers into `tensors`, by
    its names.
    """
    found = []
    if depth > model.DEEPEST_RESIDUAL:
        raise InputError("its description is malformed")
    for index, entry in enumerate(entries):
        plain = {name: value for name, value in entry.items() if name != "arrays"}
        if "layers" in entry:
            plain["layers"] = _without_arrays(
                entry["layers"], dtype, tensors, f"{before}{index}.", depth + 1
            )
        else:
            arrays = {
                name: _array(name, numbers, dtype) for name, numbers in entry["arrays"].items()
            }
            tensors.update({f"{before}{index}.{name}": array for name, array in arrays.items()})
            plain["shapes"] = {name: list(array.shape) for name, array in arrays.items()}
        found.append(plain)
    return found


def _array(name: str, numbers: Any, dtype: Any) -> Array:
    array = np.asarray(numbers)
    if array.dtype.kind not in "iuf":
        raise InputError(
            "array {name} must hold finite float32 or float64 numbers", name=repr(name)
        )
    with np.errstate(over="ignore"):  # too large for float32: infinite, and refused as that
        return array.astype(dtype)


def _dtype(document: Options) -> Any:
    name = document.get("dtype")
    if name not in ("float32", "float64"):
        raise InputError('dtype is "float32" or "float64", not {got}', got=name)
    return np.dtype(name)


def _refuse(constant: str) -> float:
    raise InputError("it holds {constant}, which is no finite number", constant=constant)
