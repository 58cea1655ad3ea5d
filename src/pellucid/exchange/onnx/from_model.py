"""Reading an ONNX file as a network."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import partial

import numpy as np

from pellucid.core import checks
from pellucid.core.composite import Concatenate, Residual, Skip
from pellucid.core.layer import Layer
from pellucid.core.layers import Identity
from pellucid.core.preparation import Flatten
from pellucid.core.types import Options
from pellucid.errors import FileError, InputError, Message, PellucidError
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.graph import Graph, Input, graph_of
from pellucid.exchange.onnx.graph_outputs import output_of
from pellucid.exchange.onnx.member_form import read_members
from pellucid.exchange.onnx.operands import check_flat
from pellucid.exchange.onnx.operators import MALFORMED, Op
from pellucid.exchange.onnx.own_forms import read_embedding, read_slopes
from pellucid.exchange.onnx.proof import prove
from pellucid.exchange.onnx.readers import READERS, is_known
from pellucid.exchange.onnx.recognition import LONGEST, recognised
from pellucid.exchange.onnx.segments import Segment, operators_between, segments, sources
from pellucid.extras import library
from pellucid.files.limits import DEPTH, ONNX_BYTES
from pellucid.files.opening import read_bytes
from pellucid.network import Network, restored

_DOUBLE = 11  # float64 by TensorProto.DataType


def from_onnx(path: str | os.PathLike[str]) -> Network:
    """Read a dense network from any .onnx file; it predicts as the file does, and can be trained.

    Supported is one chain of Gemm, MatMul and Add (in any order, weights transposed or not),
    normalisations, activations (also written out: they are recognised by what they compute),
    Dropout, skips around such chains (Add, also of two chains, and Concat), reshaping of each row
    by itself, and arithmetic with constants, which becomes Scale and Standardize. Operators that
    choose, order, repeat or add up the numbers of a row (Slice, Gather, Transpose, ReduceMean and
    others) become Affine layers of fixed weights. The labels and dictionaries that scikit-learn's
    converter appends to classifiers become the class names. Weights keep their bits, with the
    exceptions that `readers` lists.

    The network is compared with the graph on probe rows before it is returned: a graph that it does
    not compute, such as one that mixes rows or takes a row in groups, is refused.

    Differences: casts are left out, and the network has one floating type for inputs and outputs;
    half precision (float16, bfloat16) becomes float32, which is exact for weights, while a runtime
    in half precision rounds after every operator;
    binary classifiers that return (1 - p, p) return p, (N, 1); outputs of shape (N,) become (N, 1),
    and those that scikit-learn's converter puts into one column (regressors of several outputs)
    become (N, K); images may also be passed flat. Where the file leaves the width of an input open,
    the first weights decide.

    Raises FileError that names the file and, where there is one, the node: for anything else in a
    graph, weights in other files (never opened), weights that are not finite, damaged files, more
    than 2 GiB or 10,000 nodes; InputError where onnx is not installed.
    """
    library("onnx", "onnx")
    content = read_bytes(path, Message("an ONNX file"), ONNX_BYTES)
    try:
        with np.errstate(all="ignore"):  # an overflow becomes infinite weights, which are rejected
            return _network(graph_of(content))
    except FileError:
        raise
    except (PellucidError, RecursionError, *MALFORMED) as error:
        # Its metadata is JSON, which can nest beyond Python's recursion limit.
        malformed = Message("its structure is malformed")
        reason = error.message if isinstance(error, PellucidError) else malformed
        template = "{path}: no dense network can be read from it: {reason}"
        raise FileError(template, path=path, reason=reason) from error


def _network(graph: Graph) -> Network:
    tensor, classes, halved = output_of(graph)
    given = _input(graph, tensor)
    built = _start(given)
    path = operators_between(graph.ops, given.name, tensor)
    _check_types(graph, path)
    read_layers(path, given.name, tensor, built)
    if built.transposed:
        raise InputError("its output has shape (K, N); expected (N, K)")
    if halved and built.D != 1:
        raise InputError("its output is (1 - p, p) of several p: export p alone")
    prove(path, given, built.layers)
    header: Options = {"inputs": _images(given), "classes": classes, "record": {}}
    if graph.producer == "pellucid":
        for name in ("inputs", "classes", "uncertainty"):
            header[name] = json.loads(graph.metadata.get(name, "null"))
    net = restored(built.layers, header)
    checks.check_weights(net.layers)
    return net


def _input(graph: Graph, tensor: str) -> Input:
    """Return the one input that the output depends on."""
    names = sources(graph.ops, tensor)
    if len(names) != 1 and graph.producer == "pellucid":
        raise InputError(
            "it takes the raw columns of a table, which is for prediction alone: read the model "
            "file, or an export without raw columns"
        )
    if len(names) != 1:
        template = "its output depends on the inputs {names}; expected one, rows of numbers"
        raise InputError(template, names=", ".join(names))
    found = {given.name: given for given in graph.inputs}.get(names[0])
    if found is None:
        raise InputError(
            "its output depends on {tensor}, a constant, and on no input", tensor=names[0]
        )
    return found


def _check_types(graph: Graph, path: Sequence[Op]) -> None:
    for op in path:
        if op.output in graph.whole:
            template = "it computes with whole numbers: cast them to float32 or float64 before"
            raise op.error(Message(template))


def _start(given: Input) -> Builder:
    if given.kind == 0:
        template = "its input {name} holds no floats, whole numbers or bools; expected rows of them"
        raise InputError(template, name=given.name)
    dtype = np.dtype(np.float64 if given.kind == _DOUBLE else np.float32)
    if given.shape is None:
        return Builder((None,), dtype=dtype)
    if len(given.shape) < 2:
        template = "its input {name} has shape {shape}; expected (N, D), or images"
        raise InputError(template, name=given.name, shape=given.shape)
    batch, *row = given.shape
    layers: list[Layer] = [Flatten()] if len(row) > 1 else []
    return Builder(tuple(row), batch, dtype=dtype, layers=layers)


def read_layers(ops: Sequence[Op], start: str, end: str, built: Builder, depth: int = 0) -> None:
    """Add the layers on the path from one tensor to another."""
    path = segments(ops, start, end)
    place = 0
    while place < len(path):
        rest = path[place : place + LONGEST]
        if read_slopes(rest[0], built):
            place += 1
            continue
        if count := read_members(rest, built, partial(_deeper, depth)):
            place += count
            continue
        # An activation that is written out has at least one segment that is no layer by itself.
        # Where each segment is a layer by itself, `READERS` keep the weights' bits.
        unknown = next((i for i, segment in enumerate(rest) if not _readable(segment)), None)
        found = None if unknown is None else recognised(rest, unknown + 1, built)
        if found is not None:
            layer, count = found
            built.reserve(rest[0].last, sum(array.size for array in layer.params))
            built.add(layer)
            place += count
            continue
        branch = _branch(rest[0])
        if unknown == 0:
            if not read_embedding(rest[0], built):
                _skip(rest[0], built, depth)
        elif branch is None:
            with rest[0].last.fitting():
                READERS[rest[0].last.kind](rest[0].last, built)
        else:
            _skip(rest[0], built, depth)
        place += 1


def _readable(segment: Segment) -> bool:
    """Return whether the segment is a skip, or one operator on one tensor that has a reader."""
    op = segment.last
    reciprocal = op.kind == "Div" and not isinstance(op.input(0), str)
    single = len(segment.ops) == 1 and len(op.live) == 1 and op.kind in READERS and not reciprocal
    return single or _branch(segment) is not None


def _branch(segment: Segment) -> str | None:
    """Return the tensor that a skip adds to the segment's start, None where it is no skip."""
    if segment.last.kind not in ("Add", "Sum") or len(segment.last.live) != 2:
        return None
    a, b = segment.last.live
    return b if a == segment.start else a if b == segment.start else None


def _deeper(depth: int, ops: Sequence[Op], start: str, end: str, built: Builder) -> None:
    """Add the layers on a path within a layer that is nested so deep."""
    if depth >= DEPTH:
        raise ops[-1].error(Message("layers are nested more than {most} deep", most=DEPTH))
    read_layers(ops, start, end, built, depth + 1)


def _skip(segment: Segment, built: Builder, depth: int) -> None:
    """Add the skip whose two ways meet in the segment's last operator."""
    op = segment.last
    if (found := _ways(segment)) is None:
        raise _unsupported(segment)
    kind, side, own = found
    ends = []
    for end in (side, own):
        inner = Builder(built.row, built.batch, built.transposed, built.room, built.dtype)
        _deeper(depth, segment.ops, segment.start, end, inner)
        built.room = inner.room
        ends.append(inner)
    shapes = [(inner.row, inner.transposed) for inner in ends]
    if kind is Residual and shapes[0] != shapes[1]:
        (a, _), (b, _) = shapes
        raise op.error(Message("it adds rows of different shapes: {a} and {b}", a=a, b=b))
    if kind is Concatenate:
        for inner in ends:
            check_flat(op, inner)
    built.add(kind(ends[1].layers or [Identity()], ends[0].layers))
    built.row = ends[1].row
    if kind is Concatenate and built.row != (None,) and ends[0].D is not None:
        built.row = (ends[0].D + (ends[1].D or 0),)


def _ways(segment: Segment) -> tuple[type[Skip], str, str] | None:
    """Return the kind of skip and the tensors that meet, of the projection and of the layers.

    None where the segment is no skip, or where the two ways share an operator, whose weights would
    become two copies.
    """
    op = segment.last
    if len(op.live) != 2 or op.constants:
        return None
    a, b = op.live
    first, second = (set(map(id, operators_between(segment.ops, segment.start, t))) for t in (a, b))
    if first & second:
        return None
    if op.kind == "Concat" and op.attribute("axis", 0) in (1, -1):
        return Concatenate, a, b
    if op.kind not in ("Add", "Sum"):
        return None
    # The way of fewer operators is the projection.
    return (Residual, a, b) if len(first) <= len(second) else (Residual, b, a)


def _unsupported(segment: Segment) -> InputError:
    for op in segment.ops:
        if not is_known(op.kind):
            return op.error(Message("this operator is not supported in dense networks"))
    reason = Message("the operators from {start} to it form no layer", start=segment.start)
    return segment.last.error(reason)


def _images(given: Input) -> Options | None:
    """Return `inputs` for grey images: rows of two axes, or of one channel and two axes."""
    row = list(given.shape or ())[1:]
    row = row[1:] if len(row) == 3 and row[0] == 1 else row
    return {"kind": "images", "shape": row} if len(row) == 2 and None not in row else None
