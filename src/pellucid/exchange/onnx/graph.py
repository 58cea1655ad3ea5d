"""An ONNX file as a list of operators with constant inputs in place; the file is not trusted.

No other file is opened: weights stored elsewhere (external data) are rejected. Bytes, nodes and
computed constants have limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.exchange.onnx.operators import Op, fold
from pellucid.extras import library

if TYPE_CHECKING:
    import onnx

MOST_NODES = 10_000
# Numbers that operators may compute from constants, beyond four times those in the file: a few
# bytes (Gather, broadcasting) can ask for gigabytes.
MOST_COMPUTED = 1 << 24
OLDEST_OPSET = 7  # older ones broadcast and normalise by other rules

ROWS = 1_999_999_973
"""Stands for N, the number of rows, where a graph computes with the shape of its input.

A prime, so that no product or quotient of layer widths equals it.
"""

# By TensorProto.DataType. Weights are FLOAT (1) or DOUBLE (11); the integers, bools and strings are
# shapes, axes and class names.
_KINDS = {1, 2, 3, 5, 6, 7, 8, 9, 11}
_FLOATING = {1, 11}


class Input(NamedTuple):
    """An input of the graph: its name and shape, the rows first, with None for any number."""

    name: str
    shape: tuple[int | None, ...] | None


class Graph(NamedTuple):
    """The operators in order, the inputs and outputs, and what the file records about itself.

    `makers` holds for each tensor the operator that makes it; `outputs` are the graph's own names
    with the tensors that they are.
    """

    ops: list[Op]
    makers: dict[str, Op]
    inputs: list[Input]
    outputs: dict[str, str]
    producer: str
    metadata: dict[str, str]


def graph_of(content: bytes) -> Graph:
    """Read the bytes of an ONNX file.

    Raises InputError for files that are damaged, too large, or refer to other files.
    """
    damaged = library("google.protobuf.message", "onnx").DecodeError
    try:
        model = library("onnx", "onnx").load_model_from_string(content)
    except damaged as error:
        raise InputError("it is no ONNX file, or damaged or cut short") from error
    if not model.graph.node or not model.graph.output:
        raise InputError("it holds no graph")
    reader = _Reader(model)
    for node in model.graph.node:
        reader.read(node)
    makers = {op.output: op for op in reader.ops}
    names = [output.name for output in model.graph.output]
    outputs = {name: reader.alias.get(name, name) for name in names}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return Graph(reader.ops, makers, reader.inputs, outputs, model.producer_name, metadata)


class _Reader:
    """The tensors known so far, while the nodes are read in order."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        if (got := len(graph.node)) > MOST_NODES:
            template = "it has {got:,} nodes; the limit is {most:,}"
            raise InputError(template, got=got, most=MOST_NODES)
        if graph.sparse_initializer:
            raise InputError("it holds sparse weights, which are not supported")
        self.opsets = {entry.domain or "": entry.version for entry in model.opset_import}
        _check_opset(self.opsets.get("", 0))
        self.constants = {tensor.name: array_of(tensor) for tensor in graph.initializer}
        self.room = MOST_COMPUTED + 4 * sum(array.size for array in self.constants.values())
        self.inputs = [_input(value) for value in graph.input if value.name not in self.constants]
        self.alias: dict[str, str] = {}  # tensors that equal another one, by name
        self.live = {found.name for found in self.inputs}
        self.ops: list[Op] = []

    def read(self, node: onnx.NodeProto) -> None:
        """Take in a node: as a constant, as another name for a tensor, or as an operator."""
        op = self._op(node)
        if op.kind == "Constant":
            self._keep(op, _constant(op))
        elif op.kind == "Shape" and op.live:
            self._keep(op, self._shape(op))
        elif op.live and _is_identity(op):
            self.alias[op.output] = op.live[0]
        elif op.live or (value := fold(op, self.room)) is None:
            self.ops.append(op)
            self.live.update(name for name in node.output if name)
        else:
            self._keep(op, value)

    def _op(self, node: onnx.NodeProto) -> Op:
        domain = "" if node.domain == "ai.onnx" else node.domain
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
        # Inner tensors have a known number of rows only, which is all that dense networks ask for.
        shapes = {found.name: found.shape for found in self.inputs}
        known = shapes.get(op.live[0]) or (None,)
        sizes = [ROWS, *(size for size in known[1:] if size is not None)]
        sizes = sizes if len(sizes) == len(known) else [ROWS]
        end = op.attribute("end", len(sizes))
        return np.array(sizes[op.attribute("start", 0) : end], np.int64)


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
        template = "the weights {tensor} have an unsupported type; expected float32 or float64"
        raise InputError(template, tensor=name)
    if any(size < 0 for size in tensor.dims):
        raise InputError("the weights {tensor} have a negative size", tensor=name)
    try:
        return np.asarray(library("onnx", "onnx").numpy_helper.to_array(tensor))
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


def _is_identity(op: Op) -> bool:
    # A Cast between floating types is left out: the network has one floating type throughout.
    return op.kind == "Identity" or (op.kind == "Cast" and op.attribute("to", 0) in _FLOATING)


def _input(value: onnx.ValueInfoProto) -> Input:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return Input(value.name, None)
    sizes = (size.dim_value for size in kind.shape.dim)
    return Input(value.name, tuple(size if size > 0 else None for size in sizes))
