"""A network as one plain JSON document, for programs in any language.

    {"format": "pellucid", "version": 1, "dtype": "float32",
     "layers": [{"type": "Affine", "options": {}, "arrays": {"W": [[0.5, -1.0]], "b": [0.0, 0.25]}},
                {"type": "LeakyReLU", "options": {"slope": 0.01}, "arrays": {}},
                {"type": "Residual", "options": {}, "layers": [...]}],
     "inputs": null, "classes": ["no", "yes"], "record": {}}

Layers are listed in the order in which x passes through them. Types, options and arrays are those
of pellucid's classes of that name; W has shape (inputs, outputs). Numbers are decimals that give
the same value when read as a double, and the same float32 once rounded to float32. A frozen layer
has "frozen": true.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core.layer import Layer
from pellucid.core.types import Array, Options
from pellucid.errors import FileError, InputError, Message
from pellucid.exchange.guards import check_network
from pellucid.files import limits, model, strict_json
from pellucid.files.atomic import write_whole
from pellucid.files.opening import read_bytes
from pellucid.network import Network, restored

FORMAT = "pellucid"

# What Python raises where a document has another structure than its header promises.
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


def to_json(net: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to a JSON file, whole or not at all.

    Raises InputError for layers of the user's own and for numbers that are not finite, as a model
    file does; FileError where the file cannot be written.
    """
    check_network(net)
    header = model.header_of(net.layers, net.header())
    layers = _with_arrays(header["layers"], net.layers)
    document = {"format": FORMAT, **header, "dtype": net.dtype.name, "layers": layers}
    write_whole(path, f"{model.to_text(document)}\n".encode())


def from_json(path: str | os.PathLike[str]) -> Network:
    """Read a network from a JSON file that `to_json` wrote, or that follows its format.

    The file may come from anybody. Raises FileError that names it and what is wrong with it.
    """
    content = read_bytes(
        path, Message("a .json file that `pellucid export` wrote"), limits.JSON_BYTES
    )
    try:
        document = strict_json.loads(content, _refuse)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InputError('it has no "format": "{name}"', name=FORMAT)
        given, dtype = document["layers"], document.get("dtype")
        if dtype not in ("float32", "float64"):
            raise InputError('dtype must be "float32" or "float64", got {got}', got=dtype)
        tensors: dict[str, Array] = {}
        entries = _without_arrays(given, dtype, tensors)
        return restored(*model.parse({**document, "layers": entries}, tensors))
    except _MALFORMED as error:  # InputError and the errors of decoding are ValueErrors
        reason = Message("its description is malformed")
        if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
            reason = Message("not a JSON document")
        elif isinstance(error, InputError):
            reason = error.message
        raise FileError("{path}: no usable network: {reason}", path=path, reason=reason) from error


def _with_arrays(entries: list[Options], layers: Sequence[Layer]) -> list[Options]:
    """Replace the shapes in a model file's description by the arrays themselves."""
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
    entries: list[Options], dtype: str, tensors: dict[str, Array], before: str = "", depth: int = 0
) -> list[Options]:
    """Return these entries as a model file describes them; move their arrays to `tensors`."""
    # `model.parse` checks both too, but only once this recursion has made a list of anything.
    if not isinstance(entries, list) or depth > limits.DEPTH:
        raise InputError("its description is malformed")
    found = []
    for index, entry in enumerate(entries):
        plain = {name: value for name, value in entry.items() if name != "arrays"}
        place = f"{before}{index}."
        if "layers" in entry:
            plain["layers"] = _without_arrays(entry["layers"], dtype, tensors, place, depth + 1)
        else:
            arrays = {name: _array(name, given, dtype) for name, given in entry["arrays"].items()}
            tensors.update({f"{place}{name}": array for name, array in arrays.items()})
            plain["shapes"] = {name: list(array.shape) for name, array in arrays.items()}
        found.append(plain)
    return found


def _array(name: str, values: ArrayLike, dtype: str) -> Array:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        template = "array {name} must hold finite float32 or float64 numbers"
        raise InputError(template, name=repr(name))
    # What float32 cannot hold becomes infinite here, and the layer rejects it.
    with np.errstate(over="ignore"):
        return array.astype(dtype)


def _refuse(constant: str) -> float:
    raise InputError("it contains {constant}, which is not finite", constant=constant)
