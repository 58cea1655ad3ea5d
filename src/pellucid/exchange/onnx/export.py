"""Writing a network as an ONNX model."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid import __version__
from pellucid.core import checks
from pellucid.core.preparation import Flatten
from pellucid.errors import InputError
from pellucid.exchange.given import check_network
from pellucid.exchange.onnx.writers import Writer
from pellucid.extras import library
from pellucid.files.atomic import write_whole
from pellucid.network import Network

if TYPE_CHECKING:
    import onnx

OPSET = 17  # of December 2022: ONNX Runtime 1.14 and later read it
IR_VERSION = 8
LARGEST_MODEL = (1 << 31) - (
    1 << 20
)  # bytes: Protocol Buffers end at 2 GiB; the rest is room for names


def to_onnx(net: Network, path: str | os.PathLike[str]) -> None:
    """Write the network to an .onnx file, whole or not at all; the same network gives the same
    bytes.

    What stands in it is told by `onnx_model`, and what is raised; FileError where the file cannot
    be written.
    """
    write_whole(path, onnx_model(net).SerializeToString(deterministic=True))


def onnx_model(net: Network, *, every_layer: bool = False) -> onnx.ModelProto:
    """Give the network as an ONNX model of opset 17, which runtimes since the end of 2022 read.

    The input is "x", with any number of rows N, and the output "y", (N, K). Preparation is part of
    the graph: a network that begins by scaling bytes (Flatten, Scale(1 / 255)) takes uint8, any
    other its own floating type. x is (N, 28, 28) where `net.inputs` says that rows are pictures of
    that shape, and (N, D) elsewhere. A network of a table takes the numbers that
    `net.columns.x(table)` gives, D for each row; the metadata names them.

    Weights keep their bits and are named as in model files ("3.W"). Dropout is left out, as when
    answering. GELU in float64 passes through a float32 Erf, as ONNX Runtime has no other: there it
    differs by up to 1e-7 of x.

    The metadata holds the number of parameters, the class names, `net.inputs` (all as JSON), and
    for tables "columns", what each of the D numbers is, and "offsets", what has been taken away
    from each.

    Parameters
    ----------
    net
        The network.
    every_layer
        Give every layer's output, in order, the last of which is "y", and not only the last.

    Raises InputError for layers of the user's own, weights that are not finite, more than 2 GiB of
    them, and where onnx is not installed.

    >>> import pellucid as pl
    >>> [node.name for node in onnx_model(pl.mlp([2, 4, 3], activation="sigmoid")).graph.node]
    ['0.Gemm', '1.Sigmoid', '2.Gemm']
    """
    check_network(net)
    checks.check_weights(net.layers)
    _check_size(net)
    helper = library("onnx", "onnx").helper
    write = Writer(net.dtype, every_layer)
    tensors = _write(write, net)
    kind, shape = input_of(net)
    floating = helper.np_dtype_to_tensor_dtype(net.dtype)
    outputs = [
        helper.make_tensor_value_info(tensor, floating, ["N", H])
        for tensor, H in zip(tensors, _widths(net), strict=True)
    ]
    graph = helper.make_graph(
        write.nodes,
        "pellucid",
        [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(kind), ["N", *shape])],
        outputs if every_layer else outputs[-1:],
        write.weights,
    )
    model = helper.make_model(
        graph,
        producer_name="pellucid",
        producer_version=__version__,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(model, _metadata(net))
    return model


def input_of(net: Network) -> tuple[np.dtype[Any], list[int | None]]:
    """Give the type of x in ONNX, and the shape of one of its rows (None: any number)."""
    D = checks.input_width(net.layers)
    kind = net.dtype if checks.byte_factor(net.layers) is None else np.dtype(np.uint8)
    inputs = net.inputs or {}
    shape = inputs.get("shape") if inputs.get("kind") == "pictures" else None
    flattens = bool(net.layers) and isinstance(net.layers[0], Flatten)
    if flattens and isinstance(shape, (list, tuple)) and math.prod(shape) == D:
        return kind, [int(size) for size in shape]
    return kind, [D]


def _write(write: Writer, net: Network) -> list[str]:
    """Write all nodes; give every layer's tensor, the last of which is "y"."""
    x = "x" if input_of(net)[0] == net.dtype else write.cast("x", net.dtype)
    outputs = write.layers(net.layers, x)
    if not outputs or outputs[-1] == x:  # nothing is done to x, and an output is no input
        write.node("Identity", x)
    return [*outputs[:-1], write.rename("y")]


def _widths(net: Network) -> list[int | None]:
    """Give the width of every layer's output, or of x where there are no layers.

    None where any fits.
    """
    D = checks.input_width(net.layers)
    if D is None:
        return [None] * max(1, len(net.layers))
    return [*checks.widths(net.layers, D)]


def _check_size(net: Network) -> None:
    size = sum(array.nbytes for layer in net.layers for array in layer.arrays().values())
    if size > LARGEST_MODEL:
        raise InputError(
            "an ONNX file holds at most {limit:,} bytes of weights; this network has {size:,}: "
            "use a .safetensors "
            "file",
            limit=LARGEST_MODEL,
            size=size,
        )


def _metadata(net: Network) -> dict[str, str]:
    found: dict[str, Any] = {"parameters": net.parameter_count}
    if net.classes is not None:
        found["classes"] = net.classes
    if net.inputs is not None:
        found["inputs"] = net.inputs
        if net.inputs.get("kind") == "table":
            found |= {"columns": net.columns.names, "offsets": net.columns.offsets.tolist()}
    try:
        texts = {
            name: json.dumps(value, ensure_ascii=False, sort_keys=True)
            for name, value in found.items()
        }
    except (TypeError, ValueError) as error:
        raise InputError(
            "inputs and class names must be what JSON can hold ({reason})", reason=error
        ) from error
    return dict(sorted(texts.items()))
