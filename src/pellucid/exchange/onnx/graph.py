"""An ONNX file as a list of operators with constant inputs in place; the file is not trusted.

No other file is opened: weights stored elsewhere (external data) are rejected. Bytes, nodes and
computed constants have limits.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.exchange.onnx.operators import MALFORMED, Op, fold
from pellucid.exchange.onnx.shapes import OPEN, ROWS, Shape, shape_after
from pellucid.exchange.onnx.wire import check_fields, damaged
from pellucid.extras import library
from pellucid.files.limits import COMPUTED, NODES

if TYPE_CHECKING:
    import onnx

OLDEST_OPSET = 7  # older ones broadcast and normalise by other rules

# By TensorProto.DataType. Weights are FLOAT (1), DOUBLE (11) or half precision, which becomes
# float32; the integers, bools and strings are shapes, axes and class names.
_HALVES = {10: "float16", 16: "bfloat16"}
_KINDS = {1, 2, 3, 5, 6, 7, 8, 9, 11, *_HALVES}
_FLOATING = {1, 11, *_HALVES}
# What a network takes as rows: floating numbers (float16 as well), whole ones and bools.
_FLOATS = _FLOATING
_NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16}
_COMPARING = (
    "And",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "IsInf",
    "IsNaN",
    "Less",
    "LessOrEqual",
    "Not",
    "Or",
    "Xor",
)
# Operators that move whole numbers, which a Cast may turn into floating ones afterwards.
_MOVING = ("Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")


class Input(NamedTuple):
    """An input of the graph: its name and shape, the rows first, with None for any number.

    `kind` is its type by TensorProto.DataType, 0 for what is no tensor of numbers.
    """

    name: str
    shape: tuple[int | None, ...] | None
    kind: int


class Graph(NamedTuple):
    """The operators in order, the inputs and outputs, and what the file records about itself.

    `makers` holds for each tensor the operator that makes it; `outputs` are the graph's own names
    with the tensors that they are. `whole` are the tensors that are computed from an input's whole
    numbers before any Cast.
    """

    ops: list[Op]
    makers: dict[str, Op]
    inputs: list[Input]
    outputs: dict[str, str]
    producer: str
    metadata: dict[str, str]
    whole: set[str]


def graph_of(content: bytes) -> Graph:
    """Read the bytes of an ONNX file.

    Raises InputError for files that are damaged, too large, or refer to other files.
    """
    check_fields(content)
    try:
        model = library("onnx", "onnx").load_model_from_string(content)
    except library("google.protobuf.message", "onnx").DecodeError as error:
        raise damaged() from error
    if not model.graph.node or not model.graph.output:
        raise InputError("it holds no graph")
    reader = _Reader(model)
    for node in model.graph.node:
        reader.read(node)
    makers = {name: op for op in reader.ops for name in (op.output, *op.more)}
    names = [output.name for output in model.graph.output]
    outputs = {name: reader.alias.get(name, name) for name in names}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    found = (reader.ops, makers, reader.inputs, outputs, model.producer_name, metadata)
    return Graph(*found, reader.types.computed)


def half_precision(path: str | os.PathLike[str]) -> list[str]:
    """Return the half-precision types of the weights of an ONNX file that `from_onnx` has read."""
    model = library("onnx", "onnx").load_model(path, load_external_data=False)
    tensors = [*model.graph.initializer]
    tensors += [value.t for node in model.graph.node for value in node.attribute if value.t.dims]
    kinds = {tensor.data_type for tensor in tensors}
    return [name for kind, name in _HALVES.items() if kind in kinds]


class _Reader:
    """The tensors known so far, while the nodes are read in order."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        if (got := len(graph.node)) > NODES:
            template = "it has {got:,} nodes; the limit is {most:,}"
            raise InputError(template, got=got, most=NODES)
        if graph.sparse_initializer:
            raise InputError("it holds sparse weights, which are not supported")
        self.opsets = {_domain(entry.domain): entry.version for entry in model.opset_import}
        if any(_domain(node.domain) == "" for node in graph.node):
            _check_opset(self.opsets.get("", 0))
        self.constants = {tensor.name: array_of(tensor) for tensor in graph.initializer}
        self.room = COMPUTED + 4 * sum(array.size for array in self.constants.values())
        self.inputs = [_input(value) for value in graph.input if value.name not in self.constants]
        self.alias: dict[str, str] = {}  # tensors that equal another one, by name
        self.live = {found.name for found in self.inputs}
        self.shapes: dict[str, Shape] = {found.name: _sizes(found) for found in self.inputs}
        self.types = _Types({found.name for found in self.inputs if found.kind not in _FLOATS})
        self.ops: list[Op] = []

    def read(self, node: onnx.NodeProto) -> None:
        """Take in a node: as a constant, as another name for a tensor, or as an operator."""
        op = self._op(node)
        with op.fitting():
            self._take(op, node)

    def _take(self, op: Op, node: onnx.NodeProto) -> None:
        if op.kind == "Constant":
            self._keep(op, _constant(op))
        elif op.kind == "Shape" and op.live and op.live[0] in self.shapes:
            self._keep(op, self._shape(op))
        elif op.live and self.types.passes(op, node.input):
            self.alias[op.output] = op.live[0]
        elif op.live or _counts_rows(op) or (value := fold(op, self.room)) is None:
            self.live.update((op.output, *op.more))
            for each in _parts(op):
                self._append(each)
        else:
            self._keep(op, value)

    def _append(self, op: Op) -> None:
        self.ops.append(op)
        with contextlib.suppress(*MALFORMED):  # an unknown shape is no error unless it is used
            if (shape := shape_after(op, self.shapes)) is not None:
                self.shapes[op.output] = shape

    def _op(self, node: onnx.NodeProto) -> Op:
        domain = _domain(node.domain)
        kind = f"{domain}.{node.op_type}" if domain else node.op_type
        output = node.output[0] if node.output else ""
        attributes = {attribute.name: _attribute(attribute) for attribute in node.attribute}
        opset = self.opsets.get(domain, 0)
        more = tuple(name for name in node.output[1:] if name)
        op = Op(kind, node.name or output or kind, (), output, attributes, opset, more)
        known = (name in self.live or name in self.constants for name in node.output if name)
        if not node.output or any(known):
            raise op.error(Message("it has no output, or one that another node has made"))
        return op._replace(inputs=tuple(self._value(op, name) for name in node.input))

    def _value(self, op: Op, name: str) -> Array | str | None:
        if not name:  # ONNX's way to leave out an optional input
            return None
        name = self.alias.get(name, name)
        if name in self.constants:
            return self.constants[name]
        if name not in self.live:
            raise op.error(Message("no earlier node makes its input {tensor}", tensor=name))
        return name

    def _keep(self, op: Op, value: Array) -> None:
        self.room -= value.size
        self.constants[op.output] = value

    def _shape(self, op: Op) -> Array:
        sizes = self.shapes[op.live[0]]
        end = op.attribute("end", len(sizes))
        return np.array(sizes[op.attribute("start", 0) : end], np.int64)


class _Types:
    """The tensors that are not floating, by name, and those computed from whole inputs.

    Names are those of the file, where a Cast has a name of its own.
    """

    def __init__(self, given: set[str]) -> None:
        self.given = given  # whole inputs, also reshaped
        self.other: set[str] = set()  # bools and whole numbers that operators make
        self.computed: set[str] = set()

    def passes(self, op: Op, names: Sequence[str]) -> bool:
        """Take note of the types; return whether the output is its input, as floating numbers.

        A Cast between floating types is left out: the network has one floating type throughout.
        """
        taken = set(names[1:] if op.kind == "Where" else names)
        casts = _casts_to_floating(op)
        if casts and not taken & self.other:
            return True
        if op.kind in ("Cast", "CastLike") or op.kind in _COMPARING:
            self.other |= set() if casts else {op.output}
        elif taken & self.other:
            self.other.add(op.output)
        if taken & self.given:
            (self.given if op.kind in _MOVING else self.computed).add(op.output)
        return op.kind == "Identity"


def _casts_to_floating(op: Op) -> bool:
    like = op.input(1)
    if op.kind == "CastLike" and isinstance(like, np.ndarray):
        return like.dtype in (np.float32, np.float64)
    return op.kind == "Cast" and op.attribute("to", 0) in _FLOATING


def _parts(op: Op) -> list[Op]:
    """Return Split as one operator for each of its outputs, and any other operator as it is."""
    if op.kind != "Split":
        return [op]
    outputs = (op.output, *op.more)
    parts = {"parts": len(outputs)}
    return [
        op._replace(output=output, more=(), attributes={**op.attributes, **parts, "part": part})
        for part, output in enumerate(outputs)
    ]


def _counts_rows(op: Op) -> bool:
    """Return whether an operator makes a constant for each row of the input: none can be kept."""
    makes = op.kind in ("ConstantOfShape", "Expand")
    return makes and any((value == ROWS).any() for value in op.constants if value.dtype.kind == "i")


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _check_opset(opset: int) -> None:
    newest = library("onnx", "onnx").defs.onnx_opset_version()
    if not OLDEST_OPSET <= opset <= newest:
        template = "it has opset {got}; supported are {oldest} to {newest}"
        raise InputError(template, got=opset, oldest=OLDEST_OPSET, newest=newest)


def array_of(tensor: onnx.TensorProto) -> Array:
    """Return a tensor as an array; raises InputError for external data and unsupported types."""
    name = tensor.name
    if tensor.data_location != tensor.DEFAULT or tensor.external_data:
        raise InputError(
            "the weights {tensor} are in another file (external data), which is never opened: "
            "export with torch.onnx.export(..., external_data=False), or make one file of both "
            "with onnx.save(onnx.load(path), other_path)",
            tensor=name,
        )
    if tensor.data_type not in _KINDS:
        template = "the weights {tensor} have an unsupported type; expected floating-point numbers"
        raise InputError(template, tensor=name)
    if any(size < 0 for size in tensor.dims):
        raise InputError("the weights {tensor} have a negative size", tensor=name)
    try:
        array = np.asarray(library("onnx", "onnx").numpy_helper.to_array(tensor))
        return array.astype(np.float32) if tensor.data_type in _HALVES else array
    # The library raises whatever NumPy and Protocol Buffers raise on damaged bytes.
    except Exception as error:
        raise InputError("the weights {tensor} are damaged or cut short", tensor=name) from error


def _attribute(attribute: onnx.AttributeProto) -> Any:
    """Return an attribute's value; None for kinds that no dense network has, such as graphs."""
    if attribute.type == attribute.TENSOR:
        return array_of(attribute.t)
    numbers = (attribute.FLOAT, attribute.INT, attribute.FLOATS, attribute.INTS)
    if attribute.type not in (*numbers, attribute.STRING, attribute.STRINGS):
        return None
    return library("onnx", "onnx").helper.get_attribute_value(attribute)


def _constant(op: Op) -> Array:
    if "value" in op.attributes:
        return np.asarray(op.attribute("value", np.empty(0)))
    kept = {name: value for name, value in op.attributes.items() if value is not None}
    given = [(name, value) for name, value in kept.items() if name.startswith("value_")]
    if len(given) != 1:
        raise op.error(Message("it holds no supported constant"))
    name, value = given[0]
    kinds = {"value_float": np.float32, "value_int": np.int64}  # and both with an s behind
    return np.array(value, kinds.get(name.removesuffix("s"), np.object_))


def _input(value: onnx.ValueInfoProto) -> Input:
    tensor = value.type.tensor_type
    kind = tensor.elem_type if tensor.elem_type in _NUMBERS else 0
    if not tensor.HasField("shape"):
        return Input(value.name, None, kind)
    sizes = (size.dim_value for size in tensor.shape.dim)
    return Input(value.name, tuple(size if size > 0 else None for size in sizes), kind)


def _sizes(given: Input) -> Shape:
    """Return an input's shape as the graph computes with it; without one it is (N, D)."""
    sizes = (None, None) if given.shape is None else given.shape
    return tuple(ROWS if axis == 0 else size or OPEN for axis, size in enumerate(sizes))
