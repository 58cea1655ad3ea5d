"""Writing a network as an ONNX model."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np

from pellucid import __version__
from pellucid.core import checks
from pellucid.core.members import alone
from pellucid.core.preparation import Flatten
from pellucid.core.types import Options
from pellucid.data.inputs import Images
from pellucid.data.tables import Columns
from pellucid.errors import InputError
from pellucid.exchange.guards import check_network
from pellucid.exchange.onnx import raw_inputs
from pellucid.exchange.onnx.writers import Writer
from pellucid.exchange.raw_columns import check_raw
from pellucid.extras import library
from pellucid.files.atomic import write_whole
from pellucid.network import Network

if TYPE_CHECKING:
    import onnx

OPSET = 17  # of December 2022: ONNX Runtime 1.14 and later read it
IR_VERSION = 8  # the one that belongs to opset 17
# In bytes. Protocol Buffers end at 2 GiB; 1 MiB of that is left for names and metadata.
LARGEST_MODEL = (1 << 31) - (1 << 20)


def to_onnx(net: Network, path: str | os.PathLike[str], *, raw: bool = False) -> None:
    """Write the network to an .onnx file, whole or not at all; equal networks give equal bytes.

    See `onnx_model` for the model, `raw` and the errors; FileError where the file cannot be
    written.
    """
    write_whole(path, onnx_model(net, raw=raw).SerializeToString(deterministic=True))


def onnx_model(net: Network, *, every_layer: bool = False, raw: bool = False) -> onnx.ModelProto:
    """Return the network as an ONNX model of opset 17, which runtimes since the end of 2022 read.

    The input is "x", with any number of rows N, and the output "y", (N, K). Preparation is part of
    the graph: a network that begins by scaling bytes (Flatten, Scale(1 / 255)) takes uint8, any
    other its own floating type. x is (N, 28, 28) where `net.inputs` describes images of that shape,
    and (N, D) elsewhere. A network of a table takes the values of `net.columns.x(table)`, D for
    each row; the metadata names them.

    Weights keep their bits and the names that model files use ("3.W"). Dropout is left out, as in
    prediction. GELU in float64 passes through a float32 Erf, because ONNX Runtime has no other:
    the result differs by up to 1e-7 of x.

    The metadata holds the number of parameters, the class names, `net.inputs` and
    `net.uncertainty` (all as JSON), and for tables "columns", the meaning of each of the D values,
    and "offsets", which were subtracted from them. Probabilities are calibrated by the weights; the
    graph computes no intervals and flags no rows.

    Parameters
    ----------
    net
        The network.
    every_layer
        Whether every layer has an output, in order, the last of which is "y"; by default only the
        last layer has one.
    raw
        For a network of a table: whether the inputs are its columns, (N, 1) each, by name: texts
        for categories, "" where missing; float64 for numbers and for dates, which are days since
        1970-01-01, NaN where missing. What `net.columns.x` does is then part of the graph, with the
        operator LabelEncoder of the domain ai.onnx.ml. A network of classes has a second output,
        "label", (N,): their names, or the whole numbers or truth values that they are in the table.
        Blanks around texts must be removed before, and numbers be numbers, not texts such as
        "1,200". An output gets another name where a column has its own: "y_2".

    Raises InputError for layers of the user's own, weights that are not finite, more than 2 GiB of
    weights, with `raw` for a network without columns, and where onnx is not installed.

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
    write = Writer(net.dtype, every_layer)
    graph = _raw_graph(write, net) if raw else _graph(write, net)
    helper = library("onnx", "onnx").helper
    opsets = [helper.make_opsetid("", OPSET)]
    opsets += [helper.make_opsetid("ai.onnx.ml", raw_inputs.ML_OPSET)] if raw else []
    versions = {"ir_version": IR_VERSION, "opset_imports": opsets}
    maker = {"producer_name": "pellucid", "producer_version": __version__}
    model = helper.make_model(graph, **maker, **versions)
    helper.set_model_props(model, _metadata(net))
    return model


def _graph(write: Writer, net: Network) -> onnx.GraphProto:
    kind, shape = input_of(net)
    x = "x" if kind == net.dtype else write.cast("x", net.dtype)
    tensors = _write(write, net, x)
    widths = zip(tensors, _widths(net), strict=True)
    outputs = [_value_info(tensor, net.dtype, [H]) for tensor, H in widths]
    outputs = outputs if write.every_layer else outputs[-1:]
    inputs = [_value_info("x", kind, shape)]
    return library("onnx", "onnx").helper.make_graph(
        write.nodes, "pellucid", inputs, outputs, write.weights
    )


def _raw_graph(write: Writer, net: Network) -> onnx.GraphProto:
    """Return the graph whose inputs are the columns of a table."""
    check_raw(net)
    found = [raw_inputs.raw_input(column) for column in net.columns.columns]
    write.reserve(*(each.name for each in found))
    x = raw_inputs.encode(write, net)
    y = _write(write, net, x)[-1]
    H = _widths(net)[-1]
    outputs = [_value_info(y, net.dtype, [H])]
    if net.classes is not None and H is not None:
        kind = raw_inputs.label(write, net, y, H)
        outputs.append(_value_info(write.rename("label"), kind, []))
    inputs = [_value_info(each.name, each.dtype, [1], each.about) for each in found]
    return library("onnx", "onnx").helper.make_graph(
        write.nodes, "pellucid", inputs, outputs, write.weights
    )


def _value_info(
    name: str, dtype: np.dtype, sizes: list[int | None], about: str = ""
) -> onnx.ValueInfoProto:
    helper = library("onnx", "onnx").helper
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    return helper.make_tensor_value_info(name, kind, ["N", *sizes], about)


def input_of(net: Network) -> tuple[np.dtype, list[int | None]]:
    """Return the type of x in ONNX, and the shape of one of its rows (None: any number)."""
    D = checks.input_width(net.layers)
    kind = net.dtype if checks.byte_factor(net.layers) is None else np.dtype(np.uint8)
    flattens = isinstance(next(iter(alone(net.layers)), None), Flatten)
    if flattens and isinstance(net.inputs, Images) and net.inputs.width == D:
        return kind, [*net.inputs.shape]
    return kind, [D]


def _write(write: Writer, net: Network, x: str) -> list[str]:
    """Write the layers' nodes; return every layer's tensor, the last of which is "y"."""
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
    if net.uncertainty is not None:
        found["uncertainty"] = net.uncertainty.to_dict()
    if isinstance(net.inputs, Columns):
        found |= {"columns": net.inputs.names, "offsets": net.inputs.offsets.tolist()}
    # Sorted at both levels, so that equal networks give equal bytes.
    as_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
    return {name: as_json(value) for name, value in sorted(found.items())}
