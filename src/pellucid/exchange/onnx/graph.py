"""An ONNX file as a list of operators with their constants in place; nothing in the file is
trusted.

Other files are never opened: weights that lie elsewhere (external data) are refused. Bytes, nodes
and computed constants have limits.
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
MOST_COMPUTED = (
    1 << 24
)  # numbers that operators may make of constants, beyond four times those in the file
OLDEST_OPSET = 7  # older ones broadcast and normalise by other rules

ROWS = 1_999_999_973
"""Stands for N, the number of rows, where a graph computes with the shape of its input.

A prime that no layer has.
"""

# By TensorProto.DataType: weights are FLOAT (1) or DOUBLE (11); the others say shapes, choices and
# class names.
_KINDS = {1, 2, 3, 5, 6, 7, 8, 9, 11}
_FLOATING = {1, 11}


class Input(NamedTuple):
    """An input of the graph: its name, and its shape, the rows first, with None for any number."""

    name: str
    shape: tuple[int | None, ...] | None


class Graph(NamedTuple):
    """The operators in order, what goes in and out, and what the file says of itself.

    `makers` gives for each tensor the operator that makes it; `outputs` are the graph's own names
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

    Raises InputError for what is damaged, too large, or not in this file alone.
    """
    onnx = library("onnx", "onnx")
    message = library("google.protobuf.message", "onnx")
    try:
        model = onnx.load_model_from_string(content)
    except message.DecodeError as error:
        raise InputError("it is no ONNX file, or damaged or cut short") from error
    if not model.graph.node or not model.graph.output:
        raise InputError("it holds no graph")
    reading = _Reading(model)
    for node in model.graph.node:
        reading.take(node)
    outputs = {
        output.name: reading.alias.get(output.name, output.name) for output in model.graph.output
    }
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return Graph(
        reading.ops,
        {op.output: op for op in reading.ops},
        reading.inputs,
        outputs,
        model.producer_name,
        metadata,
    )


class _Reading:
    """What is known of the tensors while the nodes are gone through in order."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        if len(graph.node) > MOST_NODES:
            raise InputError(
                "it has {got:,} nodes; at most {most:,} are read",
                got=len(graph.node),
                most=MOST_NODES,
            )
        if graph.sparse_initializer:
            raise InputError("it holds sparse weights, which are not read")
        self.opsets = {entry.domain or "": entry.version for entry in model.opset_import}
        self._check_opset()
        self.constants = {tensor.name: array_of(tensor) for tensor in graph.initializer}
        self.room = MOST_COMPUTED + 4 * sum(array.size for array in self.constants.values())
        self.inputs = [_input(value) for value in graph.input if value.name not in self.constants]
        self.alias: dict[str, str] = {}  # names of tensors that are another one, passed on
        self.live = {found.name for found in self.inputs}
        self.ops: list[Op] = []

    def take(self, node: onnx.NodeProto) -> None:
        """Work out what a node makes.

        A constant, another name for a tensor, or an operator on the way.
        """
        op = self._op(node)
        if op.kind == "Constant":
            self._keep(op, _constant(op))
        elif op.kind == "Shape" and op.live:
            self._keep(op, self._shape(op))
        elif op.live and _passes_on(op):
            self.alias[op.output] = op.live[0]
        elif op.live or (value := fold(op, self.room)) is None:
            self.ops.append(op)
            self.live.update(name for name in node.output if name)
        else:
            self._keep(op, value)

    def _op(self, node: onnx.NodeProto) -> Op:
        domain = "" if node.domain == "ai.onnx" else node.domain
        kind = f"{domain}.{node.op_type}" if domain else node.op_type
        name = node.name or (node.output[0] if node.output else kind)
        attributes = {attribute.name: _attribute(attribute) for attribute in node.attribute}
        opset = self.opsets.get(domain, 0)
        op = Op(kind, name, (), node.output[0] if node.output else "", attributes, opset)
        if not node.output or any(
            output in self.live or output in self.constants for output in node.output if output
        ):
            raise op.error(Message("it makes no tensor, or one that is there already"))
        return op._replace(inputs=tuple(self._value(op, name) for name in node.input))

    def _value(self, op: Op, name: str) -> Array | str | None:
        if not name:
            return None
        name = self.alias.get(name, name)
        if name in self.constants:
            return self.constants[name]
        if name not in self.live:
            raise op.error(Message("its input {tensor} is made by no node before it", tensor=name))
        return name

    def _keep(self, op: Op, value: Array) -> None:
        self.room -= value.size
        self.constants[op.output] = value

    def _shape(self, op: Op) -> Array:
        # Of tensors further on only the number of rows is known here, and more is not asked for in
        # dense networks.
        shapes = {found.name: found.shape for found in self.inputs}
        known = shapes.get(op.live[0]) or (None,)
        sizes = [ROWS, *(size for size in known[1:] if size is not None)]
        sizes = sizes if len(sizes) == len(known) else [ROWS]
        end = op.attribute("end", len(sizes))
        return np.array(sizes[op.attribute("start", 0) : end], np.int64)

    def _check_opset(self) -> None:
        newest = library("onnx", "onnx").defs.onnx_opset_version()
        opset = self.opsets.get("", 0)
        if not OLDEST_OPSET <= opset <= newest:
            raise InputError(
                "it is of opset {got}; {oldest} to {newest} are known here",
                got=opset,
                oldest=OLDEST_OPSET,
                newest=newest,
            )


def array_of(tensor: onnx.TensorProto) -> Array:
    """Give a tensor as an array.

    Raises InputError for what lies in another file or is of a kind that is not read.
    """
    if tensor.data_location != tensor.DEFAULT or tensor.external_data:
        raise InputError(
            "the weights {tensor} lie in another file (external data), which is never opened: "
            "export with "
            "torch.onnx.export(..., external_data=False), or make one file of both with "
            "onnx.save(onnx.load(path), other_path)",
            tensor=tensor.name,
        )
    if tensor.data_type not in _KINDS:
        raise InputError(
            "the weights {tensor} are of a type that is not read; float32 and float64 are",
            tensor=tensor.name,
        )
    if any(size < 0 for size in tensor.dims):
        raise InputError("the weights {tensor} have no such shape", tensor=tensor.name)
    try:
        array = library("onnx", "onnx").numpy_helper.to_array(tensor)
    except Exception as error:  # the library raises what NumPy and Protocol Buffers happen to raise
        raise InputError(
            "the weights {tensor} are damaged or cut short", tensor=tensor.name
        ) from error
    return np.asarray(array)


def _attribute(attribute: onnx.AttributeProto) -> Any:
    """Give an attribute's value.

    None for kinds that no dense network has (graphs within graphs).
    """
    if attribute.type == attribute.TENSOR:
        return array_of(attribute.t)
    known = (
        attribute.FLOAT,
        attribute.INT,
        attribute.STRING,
        attribute.FLOATS,
        attribute.INTS,
        attribute.STRINGS,
    )
    return (
        library("onnx", "onnx").helper.get_attribute_value(attribute)
        if attribute.type in known
        else None
    )


def _constant(op: Op) -> Array:
    if "value" in op.attributes:
        return np.asarray(op.attribute("value", np.empty(0)))
    given = [
        (name, value)
        for name, value in op.attributes.items()
        if name.startswith("value_") and value is not None
    ]
    if len(given) != 1:
        raise op.error(Message("it holds no constant that is known here"))
    name, value = given[0]
    kind = (
        np.float32
        if name.startswith("value_float")
        else np.int64
        if name.startswith("value_int")
        else np.object_
    )
    return np.array(value, kind)


def _passes_on(op: Op) -> bool:
    """Tell whether an operator gives its input on as it is.

    In the network's own floating type, whatever it is.
    """
    return op.kind == "Identity" or (op.kind == "Cast" and op.attribute("to", 0) in _FLOATING)


def _input(value: onnx.ValueInfoProto) -> Input:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return Input(value.name, None)
    return Input(
        value.name, tuple(size.dim_value if size.dim_value > 0 else None for size in kind.shape.dim)
    )
