"""A network as a state_dict in a safetensors file, with the Python that builds its module; and the
way back.

The file's metadata says what the layers are, under a key of its own, so that such a file comes back
without being told its architecture. A state_dict that PyTorch saved has no such entry, and `like`
says what it belongs to.
"""

from __future__ import annotations

import json
import keyword
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.core import LAYERS
from pellucid.core.composite import Residual
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.errors import FileError, InputError, Message, reason_of
from pellucid.exchange.given import check_network
from pellucid.exchange.pytorch import code
from pellucid.exchange.pytorch.matching import Group, matched
from pellucid.exchange.pytorch.twins import COUNTER, TWINS, tensors, turned
from pellucid.exchange.reading import read_bytes
from pellucid.exchange.writing import check_replaceable
from pellucid.files import model
from pellucid.files.atomic import write_whole
from pellucid.network import Network

KEY = "pellucid.torch"
_FLOATING = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")


def state_dict(net: Network) -> dict[str, Array]:
    """Give the state_dict of `to_torch(net)` as NumPy arrays, without PyTorch: copies, W transposed
    to (out, in).

    Raises InputError for a layer that PyTorch has no module for.

    >>> import pellucid as pl
    >>> {name: array.shape for name, array in state_dict(pl.mlp([2, 4, 3], "sigmoid")).items()}
    {'0.weight': (4, 2), '0.bias': (4,), '2.weight': (3, 4), '2.bias': (3,)}
    """
    check_network(net)
    return {
        f"{index}.{name}": array
        for index, layer in enumerate(net.layers)
        for name, array in tensors(layer).items()
    }


def write_torch(net: Network, path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write a state_dict ("digits.safetensors") and beside it the Python that builds its module
    ("digits.py").

    The Python file needs torch and safetensors, and no pellucid; `build()` in it gives the module.
    PyTorch is not needed to write them. Each file is written whole or not at all. Gives both paths.

    Raises InputError for layers that PyTorch has no module for and numbers that are not finite;
    FileError where a file cannot be written, and where a Python file stands in the way that was not
    written by pellucid.
    """
    import safetensors.numpy

    check_network(net)
    file = Path(path)
    if file.suffix.lower() != ".safetensors":
        raise InputError(
            "{path}: a state_dict is written to a file that ends in .safetensors", path=path
        )
    script = file.with_name(_module_name(file.stem) + ".py")
    header = model.header_of(
        net.layers, {"inputs": net.inputs, "classes": net.classes, "record": net.record}
    )
    content = safetensors.numpy.save(state_dict(net), {"format": "pt", KEY: model.to_text(header)})
    text = code.program(net, file.name, script.stem)
    check_replaceable(script, code.MARK)
    write_whole(file, content)
    write_whole(script, text.encode())
    return file, script


def read_state_dict(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read the tensors of a safetensors file as float32 or float64; half precision becomes float32,
    which is exact.

    BatchNorm's counters are left out. Nothing is ever unpickled. Raises FileError that names the
    file, for tensors of other types and numbers that are not finite, too.
    """
    return _read(path)[0]


def half_precision(path: str | os.PathLike[str]) -> list[str]:
    """Give the names of the half-precision types in a safetensors file, which `from_state_dict` has
    just read.
    """
    import safetensors

    with safetensors.safe_open(path, framework="np") as file:
        kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    return [name for kind, name in (("F16", "float16"), ("BF16", "bfloat16")) if kind in kinds]


def from_state_dict(
    state: str | os.PathLike[str] | Mapping[str, Any],
    like: Network | None = None,
    *,
    names: Iterable[str] | None = None,
) -> Network:
    """Give a network of the numbers in a PyTorch state_dict.

    Parameters
    ----------
    state
        The path of a safetensors file, or tensors (PyTorch's or NumPy's) by name.
    like
        A network of the same architecture, such as `pl.mlp([784, 16, 10], "relu")`; its numbers do
        not matter, its settings (slopes, epsilons) and input names are kept. None for a file that
        `pellucid export` wrote.
    names
        The modules' names ("fc1", "out") in the order of the layers with weights; None where the
        names are those of `to_torch`, or their numbers or shapes tell the order.

    Raises InputError (FileError for a file) that names the tensor which is missing, left over or of
    another shape.
    """
    if isinstance(state, Mapping):
        given = {str(name): tensor for name, tensor in state.items() if not _counts(str(name))}
        return _network(
            {name: _numbers(name, tensor) for name, tensor in given.items()}, None, like, names
        )
    found, header = _read(state)
    try:
        return _network(found, header, like, names)
    except InputError as error:
        raise FileError("{path}: {reason}", path=os.fspath(state), reason=error) from error


def _module_name(stem: str) -> str:
    """Give a name that Python can import, and that hides none of the modules which the program
    itself imports.
    """
    name = re.sub(r"\W", "_", stem)
    if not name.isidentifier() or keyword.iskeyword(name):
        name = f"_{name}"
    return (
        f"{name}_network"
        if name in {*sys.stdlib_module_names, "torch", "safetensors", "numpy"}
        else name
    )


def _network(
    state: dict[str, Array], header: Any, like: Network | None, names: Iterable[str] | None
) -> Network:
    if len({array.dtype for array in state.values()}) > 1:
        raise InputError("it mixes floating types")
    if like is not None:
        groups = matched(like.layers, state, names)
        layers = [_filled(layer, str(index), groups) for index, layer in enumerate(like.layers)]
        return Network(layers, inputs=like.inputs, classes=like.classes)
    if header is None:
        raise InputError(
            "a state_dict does not say what its network is: give a network of the same "
            "architecture (like=..., "
            "--like MODEL), or at the command line name the activation (--activation relu)"
        )
    layers, extra = model.parse(header, _renamed(header, state))
    net = Network(layers, inputs=extra["inputs"], classes=extra["classes"])
    net.record = extra["record"]
    return net


def _filled(layer: Layer, place: str, groups: Mapping[str, Group]) -> Layer:
    """Make the layer again with the arrays that were found for it."""
    if isinstance(layer, Residual):
        inner = [
            _filled(each, f"{place}.layers.{index}", groups)
            for index, each in enumerate(layer.inner)
        ]
        filled: Layer = Residual(inner)
    else:
        group = groups.get(place, {})
        names = TWINS[type(layer)].arrays if group else {}
        arrays = {ours: turned(group[theirs]) for ours, theirs in names.items() if theirs in group}
        filled = type(layer).build(layer.options(), arrays)
    filled.frozen = layer.frozen
    return filled


def _renamed(header: Any, state: Mapping[str, Array]) -> dict[str, Array]:
    """Give the tensors by the names of a model file, as the file's own description says which are
    whose.
    """
    places: dict[str, str] = {}

    def walk(entries: Any, ours: str, theirs: str, depth: int = 0) -> None:
        if depth > model.DEEPEST_RESIDUAL:
            return
        for index, entry in enumerate(entries):
            if "layers" in entry:
                walk(entry["layers"], f"{ours}{index}.", f"{theirs}{index}.layers.", depth + 1)
            elif (twin := TWINS.get(LAYERS.get(entry["type"], Layer))) is not None:
                places.update(
                    {f"{theirs}{index}.{b}": f"{ours}{index}.{a}" for a, b in twin.arrays.items()}
                )

    try:
        walk(header["layers"], "", "")
    except (LookupError, TypeError) as error:
        raise InputError("its description is malformed") from error
    return {places.get(name, name): turned(array) for name, array in state.items()}


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], Any]:
    """Give a file's tensors, and what it says of the layers (None: nothing)."""
    import safetensors

    content = read_bytes(
        path, Message("a .safetensors file with a state_dict of PyTorch"), model.LARGEST_FILE
    )
    pickled = Path(path).suffix.lower() in PICKLES or content.startswith((b"PK\x03\x04", b"\x80"))
    if pickled and content[8:9] != b"{":  # a safetensors file may begin with any length of its text
        raise FileError(
            "{path}: a pickle can run any program, so none is opened here: in PyTorch write "
            'safetensors.torch.save_file(module.state_dict(), "model.safetensors")',
            path=path,
        )
    try:
        length = int.from_bytes(content[:8], "little")
        if length > model.LARGEST_TEXT:
            raise InputError(
                "its description is longer than {limit} bytes", limit=model.LARGEST_TEXT
            )
        found = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
        header = json.loads(metadata[KEY]) if KEY in metadata else None
        if header is None and model.KEY in metadata:
            raise InputError(
                "it is a network that pellucid wrote, and no state_dict: it needs no import"
            )
        state = {name: _decoded(name, tensor) for name, tensor in found if not _counts(name)}
    except (InputError, safetensors.SafetensorError, RecursionError, ValueError) as error:
        reason = reason_of(error)
        if not isinstance(error, InputError):
            reason = Message("its structure is damaged or cut short ({reason})", reason=error)
        raise FileError(
            "{path}: no usable state_dict: {reason}", path=path, reason=reason
        ) from error
    return state, header


def _counts(name: str) -> bool:
    return name.rpartition(".")[2] == COUNTER


def _decoded(name: str, tensor: Mapping[str, Any]) -> Array:
    kind = _FLOATING.get(tensor["dtype"])
    if kind is None:
        raise _no_floating(name, tensor["dtype"])
    array = np.frombuffer(tensor["data"], np.dtype(kind).newbyteorder("<")).reshape(tensor["shape"])
    if tensor["dtype"] == "BF16":  # the upper half of a float32
        array = (array.astype(np.uint32) << 16).view(np.float32)
    if not np.isfinite(array).all():
        raise InputError("tensor {name} holds numbers that are not finite", name=repr(name))
    return _numbers(name, array)


def _numbers(name: str, tensor: Any) -> Array:
    """Give a tensor of PyTorch or NumPy as float32 or float64; half precision becomes float32."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu()
        tensor = (tensor.float() if tensor.dtype.itemsize == 2 else tensor).numpy()
    array = np.asarray(tensor)
    if array.dtype.kind != "f":
        raise _no_floating(name, array.dtype)
    return array.astype(np.float64 if array.dtype.itemsize == 8 else np.float32)


def _no_floating(name: str, kind: Any) -> InputError:
    return InputError(
        "tensor {name} is of type {got}; expected float16, bfloat16, float32 or float64",
        name=repr(name),
        got=kind,
    )
