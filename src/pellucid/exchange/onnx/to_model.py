"""Writing a network as an ONNX model."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np

from pellucid import __version__
from pellucid.core import checks
from pellucid.core.preparation import Flatten
from pellucid.core.types import Options
from pellucid.data.inputs import Images
from pellucid.data.tables import Columns
from pellucid.errors import InputError
from pellucid.exchange.guards import check_network
from pellucid.exchange.onnx.writers import Writer
from pellucid.extras import library
from pellucid.files.atomic import write_whole
from pellucid.network import Network

if TYPE_CHECKING:
    import onnx

OPSET = 17  # of December 2022: ONNX Runtime 1.14 and later read it
IR_VERSION = 8  # the one that belongs to opset 17
# In bytes. Protocol Buffers end at 2 GiB; 1 MiB of that is left for names and metadata.
LARGEST_MODEL = (1 << 31) - (1 << 20)


def to_onnx(net: Network, path: str | os.PathLike[str]) -> None:
    """Write the network to an .onnx file, whole or not at all; equal networks give equal bytes.

    See `onnx_model` for the model and the errors; FileError where the file cannot be written.
    """
    write_whole(path, onnx_model(net).SerializeToString(deterministic=True))


def onnx_model(net: Network, *, every_layer: bool = False) -> onnx.ModelProto:
    """Return the network as an ONNX model of opset 17, which runtimes since the end of 2022 read.

    The input is "x", with any number of rows N, and the output "y", (N, K). Preparation is part of
    the graph: a network that begins by scaling bytes (Flatten, Scale(1 / 255)) takes uint8, any
    other its own floating type. x is (N, 28, 28) where `net.inputs` describes images of that shape,
    and (N, D) elsewhere. A network of a table takes the values of `net.columns.x(table)`, D for
    each row; the metadata names them.

    Weights keep their bits and the names that model files use ("3.W"). Dropout is left out, as in
    prediction. GELU in float64 passes through a float32 Erf, because ONNX Runtime has no other:
    the result differs by up to 1e-7 of x.

    The metadata holds the number of parameters, the class names, `net.inputs` (all as JSON), and
    for tables "columns", the meaning of each of the D values, and "offsets", which were subtracted
    from them.

    Parameters
    ----------
    net
        The network.
    every_layer
        Whether every layer has an output, in order, the last of which is "y"; by default only the
        last layer has one.

    Raises InputError for layers of the user's own, weights that are not finite, more than 2 GiB of
    weights, and where onnx is not installed.

    >>> import pellucid as pl
    >>> [node.name for node in onnx_model(pl.mlp([2, 4, 3], activation="sigmoid")).graph.node]
    ['0.Gemm', '1.Sigmoid', '2.Gemm']
    """
    check_network(net)
    checks.check_weights(net.layers)
    size = sum(array.nbytes for layer in net.layers for array in layer.arrays().values())
    if size > LARGEST_MODEL:
        raise InputError(
            "an ONNX file holds at most {limit:,} bytes of weights, and this network has {size:,}: "
            "use a .safetensors file",
            limit=LARGEST_MODEL,
            size=size,
        )
    helper = library("onnx", "onnx").helper
    write = Writer(net.dtype, every_layer)
    tensors = _write(write, net)
    kind, shape = input_of(net)

    def value_info(name: str, dtype: np.dtype, sizes: list[int | None]) -> onnx.ValueInfoProto:
        kind = helper.np_dtype_to_tensor_dtype(dtype)
        return helper.make_tensor_value_info(name, kind, ["N", *sizes])

    widths = zip(tensors, _widths(net), strict=True)
    outputs = [value_info(tensor, net.dtype, [H]) for tensor, H in widths]
    outputs = outputs if every_layer else outputs[-1:]
    inputs = [value_info("x", kind, shape)]
    graph = helper.make_graph(write.nodes, "pellucid", inputs, outputs, write.weights)
    versions = {"ir_version": IR_VERSION, "opset_imports": [helper.make_opsetid("", OPSET)]}
    maker = {"producer_name": "pellucid", "producer_version": __version__}
    model = helper.make_model(graph, **maker, **versions)
    helper.set_model_props(model, _metadata(net))
    return model


def input_of(net: Network) -> tuple[np.dtype, list[int | None]]:
    """Return the type of x in ONNX, and the shape of one of its rows (None: any number)."""
    D = checks.input_width(net.layers)
    kind = net.dtype if checks.byte_factor(net.layers) is None else np.dtype(np.uint8)
    flattens = bool(net.layers) and isinstance(net.layers[0], Flatten)
    if flattens and isinstance(net.inputs, Images) and net.inputs.width == D:
        return kind, [*net.inputs.shape]
    return kind, [D]


def _write(write: Writer, net: Network) -> list[str]:
    """Write all nodes; return every layer's tensor, the last of which is "y"."""
    x = "x" if input_of(net)[0] == net.dtype else write.cast("x", net.dtype)
    outputs = write.layers(net.layers, x)
    if not outputs or outputs[-1] == x:  # ONNX allows no graph whose input is its output
        write("Identity", x)
    return [*outputs[:-1], write.rename("y")]


def _widths(net: Network) -> list[int | None]:
    """Return the width of every layer's output (of x without layers), None where any fits."""
    D = checks.input_width(net.layers)
    return [None] * max(1, len(net.layers)) if D is None else [*checks.widths(net.layers, D)]


def _metadata(net: Network) -> dict[str, str]:
    found: Options = {"parameters": net.parameter_count}
    if net.classes is not None:
        found["classes"] = net.classes
    if net.inputs is not None:
        found["inputs"] = net.inputs.to_dict()
    if isinstance(net.inputs, Columns):
        found |= {"columns": net.inputs.names, "offsets": net.inputs.offsets.tolist()}
    # Sorted at both levels, so that equal networks give equal bytes.
    as_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
    return {name: as_json(value) for name, value in sorted(found.items())}
