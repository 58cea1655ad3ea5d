"""Reading an ONNX file as a network."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from pellucid.core import checks
from pellucid.core.composite import Residual
from pellucid.core.layers import Identity
from pellucid.core.preparation import Flatten
from pellucid.errors import FileError, InputError, Message, PellucidError
from pellucid.exchange.onnx.embedding import read_embedding
from pellucid.exchange.onnx.endings import answers_of
from pellucid.exchange.onnx.graph import Graph, Input, graph_of
from pellucid.exchange.onnx.operators import Op, is_row_function
from pellucid.exchange.onnx.readers import READERS, Line
from pellucid.exchange.onnx.recognition import LONGEST, recognised
from pellucid.exchange.onnx.segments import Segment, segments, sources
from pellucid.exchange.reading import read_bytes
from pellucid.extras import library
from pellucid.files.model import DEEPEST_RESIDUAL
from pellucid.network import Network

# What reading may stumble over in a file that is not what its structure says; RecursionError comes
# from its JSON.
_MALFORMED = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)
LARGEST_FILE = 1 << 31  # bytes, where Protocol Buffers end


def from_onnx(path: str | os.PathLike[str]) -> Network:
    """Read a dense network from an .onnx file of anybody's; it answers as the file does, and learns
    on.

    Read are one line of Gemm, MatMul and Add (in any order, weights transposed or not),
    normalisations, activations (written out, too: they are told by what they compute), Dropout,
    skips (Add) around such lines, reshaping of each row by itself, and arithmetic with constants,
    which becomes Scale and Standardize; the labels and dictionaries that scikit-learn's converter
    puts behind classifiers give the class names. Weights keep their bits: see `readers` for the few
    that are computed.

    What differs: casts are left out, the network takes and gives its own floating type; binary
    classifiers that answer (1 - p, p) answer p, (N, 1); answers of shape (N,) are (N, 1), and those
    that scikit-learn's converter strings into one column (regressors of several outputs) are (N,
    K); pictures are taken flat, too. The width of an input that the file leaves open comes from the
    first weights.

    Raises FileError that names the file and, where there is one, the node: for anything else in a
    graph, weights in other files (never opened), weights that are not finite, damaged files, more
    than 2 GiB or 10,000 nodes; InputError where onnx is not installed.
    """
    library("onnx", "onnx")
    content = read_bytes(path, Message("an ONNX file"), LARGEST_FILE)
    try:
        with np.errstate(all="ignore"):  # what overflows is refused as not finite
            net = _network(graph_of(content))
            _check_inputs(path, net)
    except FileError:
        raise
    except (PellucidError, *_MALFORMED) as error:
        reason = (
            str(error)
            if isinstance(error, PellucidError)
            else Message("its structure is malformed")
        )
        raise FileError(
            "{path}: no dense network can be read from it: {reason}", path=path, reason=reason
        ) from error
    return net


def _network(graph: Graph) -> Network:
    tensor, classes, halved = answers_of(graph)
    given = _input(graph, tensor)
    line = _start(given)
    _read(graph.ops, given.name, tensor, line)
    if line.turned:
        raise InputError("its answers are of shape (K, N); expected (N, K)")
    if halved and line.D != 1:
        raise InputError("its answers are (1 - p, p) of several p: export p alone")
    inputs = _pictures(given)
    if graph.producer == "pellucid":
        classes = json.loads(graph.metadata.get("classes", "null"))
        inputs = json.loads(graph.metadata.get("inputs", "null"))
    net = Network(line.layers, inputs=inputs, classes=classes)
    checks.check_weights(net.layers)
    return net


def _input(graph: Graph, tensor: str) -> Input:
    """Give the one input that the answers are made of."""
    names = sources(graph.ops, tensor)
    if len(names) != 1:
        raise InputError(
            "its answers are made of the inputs {names}; expected one, rows of numbers",
            names=", ".join(names),
        )
    found = {given.name: given for given in graph.inputs}.get(names[0])
    if found is None:
        raise InputError(
            "its answers come from {tensor}: a constant, or a by-product of a node, and no input",
            tensor=names[0],
        )
    return found


def _start(given: Input) -> Line:
    if given.shape is None:
        return Line((None,))
    if len(given.shape) < 2:
        raise InputError(
            "its input {name} has the shape {shape}; expected (N, D), or pictures",
            name=given.name,
            shape=given.shape,
        )
    batch, *row = given.shape
    return Line(tuple(row), batch, layers=[Flatten()] if len(row) > 1 else [])


def _read(ops: Sequence[Op], start: str, end: str, line: Line, depth: int = 0) -> None:
    """Add the layers that lead from one tensor to another."""
    way = segments(ops, start, end)
    place = 0
    while place < len(way):
        rest = way[place : place + LONGEST]
        # Of an activation that is written out, at least one segment is nothing by itself.
        strange = next(
            (index for index, segment in enumerate(rest) if not _readable(segment)), None
        )
        found = None if strange is None else recognised(rest, strange + 1, line.D)
        if found is not None:
            line.make(rest[0].last, sum(array.size for array in found[0].params))
            line.add(found[0])
            place += found[1]
            continue
        branch = _branch(rest[0])
        if strange == 0:
            if not read_embedding(rest[0], line):
                raise _refusal(rest[0])
        elif branch is None:
            READERS[rest[0].last.kind](rest[0].last, line)
        else:
            _residual(rest[0], branch, line, depth)
        place += 1


def _readable(segment: Segment) -> bool:
    """Tell whether the segment is a skip, or one operator on one tensor that has a reader."""
    op = segment.last
    reciprocal = op.kind == "Div" and not isinstance(op.input(0), str)
    single = len(segment.ops) == 1 and len(op.live) == 1 and op.kind in READERS and not reciprocal
    return single or _branch(segment) is not None


def _branch(segment: Segment) -> str | None:
    """Give the tensor that is added to the segment's start, where the segment is a skip."""
    a, b = (
        segment.last.live
        if segment.last.kind in ("Add", "Sum") and len(segment.last.live) == 2
        else ("", "")
    )
    return b if a == segment.start else a if b == segment.start else None


def _residual(segment: Segment, branch: str, line: Line, depth: int) -> None:
    if depth >= DEEPEST_RESIDUAL:
        raise segment.last.error(
            Message("skips stand within each other more than {most} deep", most=DEEPEST_RESIDUAL)
        )
    inner = Line(line.row, line.batch, line.turned, line.room)
    _read(segment.ops, segment.start, branch, inner, depth + 1)
    line.room = inner.room
    if (inner.row, inner.turned) != (line.row, line.turned):
        raise segment.last.error(
            Message("it adds rows of different shapes: {a} and {b}", a=line.row, b=inner.row)
        )
    line.add(Residual(inner.layers or [Identity()]))


def _refusal(segment: Segment) -> InputError:
    for op in segment.ops:
        if op.kind not in READERS and not is_row_function(op):
            return op.error(Message("it is no operator of dense networks that is known here"))
    return segment.last.error(
        Message("what it ends, from {start} on, is none of pellucid's layers", start=segment.start)
    )


def _pictures(given: Input) -> dict[str, Any] | None:
    """Give `inputs` of a network whose rows have two axes, or one channel of two: grey pictures."""
    row = list(given.shape or ())[1:]
    row = row[1:] if len(row) == 3 and row[0] == 1 else row
    return {"kind": "pictures", "shape": row} if len(row) == 2 and None not in row else None


def _check_inputs(path: Any, net: Network) -> None:
    """Raise InputError or FileError for `inputs` from the metadata that do not fit the layers."""
    if net.inputs is None:
        return
    D = checks.input_width(net.layers)
    if net.inputs.get("kind") == "pictures":
        shape = net.inputs.get("shape")
        if (
            not isinstance(shape, list)
            or not all(type(size) is int for size in shape)
            or D not in (None, prod(shape))
        ):
            raise InputError(
                "its pictures are of shape {shape}, and its layers take {D} numbers",
                shape=shape,
                D=D,
            )
    else:
        from pellucid.data.tables.columns import check_inputs

        check_inputs(path, net.inputs, net.classes, D)
