"""A network as a state_dict in a safetensors file with the Python that builds its module, and back.

Files that pellucid writes describe the layers in their metadata, so they can be read without an
architecture. A state_dict that PyTorch saved has no such entry, and needs `like`.
"""

from __future__ import annotations

import keyword
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core import LAYERS
from pellucid.core.composite import Skip
from pellucid.core.layer import Layer
from pellucid.core.members import Members
from pellucid.core.types import Array, Options
from pellucid.errors import FileError, InputError, Message, reason_of
from pellucid.exchange.guards import check_network, check_replaceable
from pellucid.exchange.pytorch import module_source
from pellucid.exchange.pytorch.equivalents import COUNTER, EQUIVALENTS, KEY, tensors, transposed
from pellucid.exchange.pytorch.tensor_matching import Group, matched
from pellucid.exchange.raw_columns import check_raw
from pellucid.files import limits, model, strict_json
from pellucid.files.atomic import write_together
from pellucid.files.opening import read_bytes
from pellucid.network import Network, restored

if TYPE_CHECKING:
    import torch

_FLOATING = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
# What zip files (PyTorch's format) and pickles of protocol 2 and later begin with.
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80")
# Names that the exported program imports and that its own file must not hide.
_TAKEN = frozenset(sys.stdlib_module_names) | {"torch", "safetensors", "numpy"}


def state_dict(net: Network) -> dict[str, Array]:
    """Return the state_dict of `to_torch(net)` as NumPy arrays, without PyTorch.

    Arrays are copies, with W transposed to (out, in). Raises InputError for a layer without a
    PyTorch module.

    >>> import pellucid as pl
    >>> {name: array.shape for name, array in state_dict(pl.mlp([2, 4, 3], "sigmoid")).items()}
    {'0.weight': (4, 2), '0.bias': (4,), '2.weight': (3, 4), '2.bias': (3,)}
    """
    check_network(net)
    found = enumerate(map(tensors, net.layers))
    return {f"{index}.{name}": array for index, each in found for name, array in each.items()}


def write_torch(
    net: Network, path: str | os.PathLike[str], *, raw: bool = False
) -> tuple[Path, Path]:
    """Write a state_dict ("digits.safetensors") and the Python that builds it ("digits.py").

    The Python file needs torch and safetensors, and no pellucid; its `build()` returns the module.
    With `raw`, for a network of a table, its `encode(table)` returns the rows that the module takes
    of a dict of lists or a dataframe: texts, numbers, missing cells. PyTorch is not needed to write
    them. If one cannot be written, neither is changed. Returns both paths.

    Raises InputError for layers without a PyTorch module, numbers that are not finite and, with
    `raw`, a network without columns; FileError where a file cannot be written, and where the Python
    file exists and is not pellucid's.
    """
    import safetensors.numpy

    check_network(net)
    if raw:
        check_raw(net)
    file = Path(path)
    if file.suffix.lower() != ".safetensors":
        raise InputError("{path}: the extension of a state_dict must be .safetensors", path=path)
    script = file.with_name(_module_name(file.stem) + ".py")
    header = model.to_text(model.header_of(net.layers, net.header()))
    # Some loaders (transformers') reject a file without the entry "format".
    content = safetensors.numpy.save(state_dict(net), {"format": "pt", KEY: header})
    text = module_source.program(net, file.name, script.stem, raw)
    check_replaceable(script, module_source.MARK)
    write_together({file: content, script: text.encode()})
    return file, script


def read_state_dict(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read the tensors of a safetensors file as float32 or float64.

    Half precision becomes float32, which is exact. BatchNorm's counters are left out. Nothing is
    ever unpickled. Raises FileError that names the file, also for tensors of other types and
    numbers that are not finite.
    """
    return _read(path)[0]


def half_precision(path: str | os.PathLike[str]) -> list[str]:
    """Return the half-precision types of a safetensors file that `from_state_dict` has read."""
    import safetensors

    with safetensors.safe_open(path, framework="np") as file:
        kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    return [name for kind, name in (("F16", "float16"), ("BF16", "bfloat16")) if kind in kinds]


def from_state_dict(
    state: str | os.PathLike[str] | Mapping[str, Array | torch.Tensor],
    like: Network | None = None,
    *,
    names: Iterable[str] | None = None,
) -> Network:
    """Return a network with the weights of a PyTorch state_dict.

    Parameters
    ----------
    state
        The path of a safetensors file, or tensors (PyTorch's or NumPy's) by name.
    like
        A network of the same architecture, such as `pl.mlp([784, 16, 10], "relu")`; its weights do
        not matter, its settings (slopes, epsilons) and input names are kept. None for a file that
        `pellucid export` wrote.
    names
        The modules' names ("fc1", "out") in the order of the layers with weights; None where the
        names are those of `to_torch`, or where their numbers or shapes determine the order.

    Raises InputError (FileError for a file) that names the tensor which is missing, left over or of
    another shape.
    """
    if isinstance(state, Mapping):
        given = {str(name): tensor for name, tensor in state.items() if not _counts(str(name))}
        arrays = {name: _plain(name, tensor) for name, tensor in given.items()}
        return _network(arrays, None, like, names)
    found, header = _read(state)
    try:
        return _network(found, header, like, names)
    except InputError as error:
        raise FileError("{path}: {reason}", path=os.fspath(state), reason=error) from error


def _module_name(stem: str) -> str:
    """Return a name that Python can import, and that hides no module which the program imports."""
    name = re.sub(r"\W", "_", stem)
    if not name.isidentifier() or keyword.iskeyword(name):
        name = f"_{name}"
    return f"{name}_network" if name in _TAKEN else name


def _network(
    state: dict[str, Array],
    header: Options | None,
    like: Network | None,
    names: Iterable[str] | None,
) -> Network:
    if len({array.dtype for array in state.values()}) > 1:
        raise InputError("it mixes floating types")
    if like is not None:
        groups = matched(like.layers, state, names)
        layers = [_rebuilt(layer, str(index), groups) for index, layer in enumerate(like.layers)]
        return Network(layers, inputs=like.inputs, classes=like.classes)
    if header is None:
        raise InputError(
            "a state_dict does not record the architecture: pass a network of the same one "
            "(like=..., --like MODEL), or on the command line the activation (--activation relu)"
        )
    return restored(*model.parse(header, _renamed(header, state)))


def _rebuilt(layer: Layer, place: str, groups: Mapping[str, Group]) -> Layer:
    """Return a layer with the settings of this one and the arrays that were found for it."""
    if isinstance(layer, (Skip, Members)):
        inner = enumerate(layer.inner)
        inside = [_rebuilt(each, f"{place}.layers.{index}", groups) for index, each in inner]
        rebuilt: Layer = layer.around(inside, layer.options())
    else:
        group = groups.get(place, {})
        names = EQUIVALENTS[type(layer)].arrays.items() if group else ()
        arrays = {ours: transposed(group[theirs]) for ours, theirs in names if theirs in group}
        rebuilt = type(layer).build(layer.options(), arrays)
    rebuilt.frozen = layer.frozen
    return rebuilt


def _renamed(header: Options, state: Mapping[str, Array]) -> dict[str, Array]:
    """Return the tensors by the names of a model file, which the file's description determines."""
    places: dict[str, str] = {}

    def walk(entries: Iterable[Options], ours: str, theirs: str, depth: int = 0) -> None:
        if depth > limits.DEPTH:  # `model.parse` then raises the error
            return
        for index, entry in enumerate(entries):
            if "layers" in entry:
                walk(entry["layers"], f"{ours}{index}.", f"{theirs}{index}.layers.", depth + 1)
            elif (known := EQUIVALENTS.get(LAYERS.get(entry["type"], Layer))) is not None:
                names = known.arrays.items()
                places.update({f"{theirs}{index}.{b}": f"{ours}{index}.{a}" for a, b in names})

    try:
        walk(header["layers"], "", "")
    except (LookupError, TypeError) as error:
        raise InputError("its description is malformed") from error
    return {places.get(name, name): transposed(array) for name, array in state.items()}


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], Options | None]:
    """Return a file's tensors, and its description of the layers (None: there is none)."""
    import safetensors

    expected = Message("a .safetensors file with a state_dict of PyTorch")
    content = read_bytes(path, expected, limits.MODEL_BYTES)
    pickled = Path(path).suffix.lower() in PICKLES or content.startswith(_PICKLE_STARTS)
    # The first eight bytes of a safetensors file are a length, which may look like a pickle.
    if pickled and content[8:9] != b"{":
        raise FileError(
            "{path}: a pickle can run any program, so none is opened: in PyTorch write "
            'safetensors.torch.save_file(module.state_dict(), "model.safetensors")',
            path=path,
        )
    try:
        length = int.from_bytes(content[:8], "little")
        if length > limits.MODEL_TEXT:
            limit = limits.MODEL_TEXT
            raise InputError("its description is longer than {limit} bytes", limit=limit)
        found = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
        metadata = strict_json.loads(content[8 : 8 + length]).get("__metadata__") or {}
        header = strict_json.loads(metadata[KEY]) if KEY in metadata else None
        if header is None and model.KEY in metadata:
            raise InputError("it is a pellucid model file, no state_dict, and needs no import")
        state = {name: _decoded(name, tensor) for name, tensor in found if not _counts(name)}
    except (InputError, safetensors.SafetensorError, RecursionError, ValueError) as error:
        reason = reason_of(error)
        if not isinstance(error, InputError):
            reason = Message("its structure is damaged or cut short ({reason})", reason=error)
        template = "{path}: no usable state_dict: {reason}"
        raise FileError(template, path=path, reason=reason) from error
    return state, header


def _counts(name: str) -> bool:
    return name.rpartition(".")[2] == COUNTER


def _decoded(name: str, tensor: Options) -> Array:
    kind = _FLOATING.get(tensor["dtype"])
    if kind is None:
        raise _wrong_type(name, tensor["dtype"])
    array = np.frombuffer(tensor["data"], np.dtype(kind).newbyteorder("<")).reshape(tensor["shape"])
    if tensor["dtype"] == "BF16":  # the upper half of a float32
        array = (array.astype(np.uint32) << 16).view(np.float32)
    if not np.isfinite(array).all():
        raise InputError("tensor {name} holds numbers that are not finite", name=repr(name))
    return _plain(name, array)


def _plain(name: str, tensor: Any) -> Array:
    """Return a tensor of PyTorch or NumPy as float32 or float64; half precision becomes float32."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu()
        tensor = (tensor.float() if tensor.dtype.itemsize == 2 else tensor).numpy()
    array = np.asarray(tensor)
    if array.dtype.kind != "f":
        raise _wrong_type(name, str(array.dtype))
    return array.astype(np.float64 if array.dtype.itemsize == 8 else np.float32)


def _wrong_type(name: str, kind: str) -> InputError:
    template = "tensor {name} has type {got}; expected float16, bfloat16, float32 or float64"
    return InputError(template, name=repr(name), got=kind)
