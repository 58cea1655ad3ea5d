"""Files of networks that lie: about shapes, names, inputs, nesting, and files elsewhere."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import pellucid as pl
from pellucid.files import checkpoint, model


@cache
def parts() -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return a model file's tensors and its description, and its numbers."""
    net = pl.mlp([4, 3, 2], "relu", output="softmax", seed=0)
    net = pl.Network(net.layers, classes=["no", "yes"])
    content = model.to_bytes(net.layers, net.header())
    size = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + size])
    return head, json.loads(head.pop("__metadata__")["pellucid"]), content[8 + size :]


def safetensors(tensors: Any, header: Any = None, numbers: bytes = b"") -> bytes:
    text = json.dumps({**tensors, **({} if header is None else {"__metadata__": header})})
    return raw_safetensors(text.encode(), numbers)


def raw_safetensors(text: bytes, numbers: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text + numbers


def changed(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> bytes:
    """Return a model file whose tensors or description have been changed."""
    tensors, header, numbers = copy.deepcopy(parts())
    change(header, tensors)
    return safetensors(tensors, {"pellucid": json.dumps(header)}, numbers)


def with_text(text: str) -> bytes:
    """Return a model file with another description."""
    tensors, _, numbers = parts()
    return safetensors(tensors, {"pellucid": text}, numbers)


def twice() -> bytes:
    """Return a model file that has two tensors of one name, at two places."""
    tensors, header, numbers = copy.deepcopy(parts())
    text = json.dumps({"__metadata__": {"pellucid": json.dumps(header)}, **tensors})
    again = json.dumps(tensors["0.b"])
    text = text[:-1] + f', "0.b": {again}}}'
    return raw_safetensors(text.encode(), numbers)


def ensemble(count: int, deep: int = 1) -> bytes:
    """Return a model whose layers are said to be those of so many members."""

    def change(header: Any, tensors: Any) -> None:
        names, [*layers, end] = sorted(tensors), header["layers"]
        for _ in range(deep):
            options = {"count": count, "join": "probabilities"}
            layers = [{"type": "Members", "options": options, "layers": layers}]
        header["layers"] = [*layers, end]
        for name in names:
            tensors["0." * deep + name] = tensors.pop(name)

    return changed(change)


def uncertainty(**entries: Any) -> bytes:
    """Return a model of classes that says what its held-out rows were."""
    known = {"rows": 20, "residuals": [], "scores": [0.5] * 20, "temperature": 1.0, "novelty": None}
    return changed(lambda header, _: header.update(uncertainty={**known, **entries}))


def inputs(entry: Any) -> bytes:
    return changed(lambda header, _: header.update(inputs=entry))


def table(column: Any, target: Any = None) -> bytes:
    columns = column if isinstance(column, list) else [column]
    return inputs({"kind": "table", "columns": columns, "target": target})


def json_model(**changes: Any) -> bytes:
    layer = {"type": "Affine", "options": {}, "arrays": {"W": [[0.5, -1.0]], "b": [0.0, 0.25]}}
    document = {"format": "pellucid", "version": 1, "dtype": "float32", "layers": [layer]}
    return json.dumps(
        {**document, "inputs": None, "classes": None, "record": {}, **changes}
    ).encode()


def onnx_model(change: Callable[[Any], object] = lambda _: None) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((4, 3), np.float32), "W")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "W"], ["y"], "first")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
        [weights],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    change(made)
    return made.SerializeToString()


def split(size: int) -> bytes:
    """Return a model that cuts a row into parts of so many numbers."""

    def change(made: Any) -> None:
        from onnx import helper, numpy_helper

        sizes = numpy_helper.from_array(np.array([size, 1], np.int64), "sizes")
        made.graph.initializer.append(sizes)
        cut = helper.make_node("Split", ["x", "sizes"], ["s", "rest"], "cut", axis=1)
        made.graph.node.insert(0, cut)
        made.graph.node[1].input[0] = "s"

    return onnx_model(change)


def external(location: str) -> bytes:
    def change(made: Any) -> None:
        tensor = made.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = 1
        tensor.external_data.add(key="location", value=location)

    return onnx_model(change)


def empty_nodes(count: int) -> bytes:
    """Return a model of empty nodes of two bytes each, all within one graph."""
    graph = b"\x0a\x00" * count + b"\x62\x00"
    return b"\x08\x08" + b"\x3a" + _varint(len(graph)) + graph


def empty_attributes(count: int) -> bytes:
    """Return a model of one node with empty attributes of two bytes each."""
    node = b"\x2a\x00" * count
    graph = b"\x0a" + _varint(len(node)) + node
    return b"\x3a" + _varint(len(graph)) + graph


def nested_graphs(depth: int) -> bytes:
    """Return a model whose attributes hold graphs within graphs."""
    graph = b""
    for _ in range(depth):
        attribute = b"\x32" + _varint(len(graph)) + graph  # AttributeProto.g
        node = b"\x2a" + _varint(len(attribute)) + attribute
        graph = b"\x0a" + _varint(len(node)) + node
    return b"\x3a" + _varint(len(graph)) + graph


def _varint(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found, value = found + bytes([value & 0x7F | 0x80]), value >> 7
    return found + bytes([value])


def checkpoint_of(change: Callable[[bytes], bytes], folder: Path) -> bytes:
    path = folder / "seed.safetensors"
    checkpoint.save(path, {"a": np.arange(4.0), "epoch": 1})
    return change(path.read_bytes())
