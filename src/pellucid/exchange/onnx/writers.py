"""The ONNX operators of each layer: the table `WRITERS`, and the writer that collects the nodes.

Only operators of opset 17 are used that runtimes of 2023 have in float32 and float64. Others are
written out: Mish came with opset 18 and Gelu with 20, and ONNX Runtime has no Erf, no Softplus, no
Elu, Selu, PRelu and HardSwish and for a long time had no LeakyRelu in float64.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from pellucid.core import activations, composite, layers, normalization, preparation
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.members import Members
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.extras import library

if TYPE_CHECKING:
    import onnx

_Attribute: TypeAlias = float | str | list[int] | list[str]


class Writer:
    """Collects the nodes and weights of a graph; called, it adds a node and returns its tensor.

    Names begin with the layer's place, as in model files: "3.W", "3.0.b".

    Parameters
    ----------
    dtype
        The floating type of the network.
    every_layer
        Whether layers that pass x on have a node, and so an output, of their own.
    """

    def __init__(self, dtype: np.dtype, every_layer: bool = False) -> None:
        self.dtype, self.every_layer = dtype, every_layer
        self.double = dtype == np.float64
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.place = ""
        self._used: Counter[str] = Counter()
        self._onnx = library("onnx", "onnx")

    def __call__(self, kind: str, *inputs: str, **attributes: _Attribute) -> str:
        """Write a node; return the tensor that it makes."""
        name = self._name(kind)
        node = self._onnx.helper.make_node(kind, list(inputs), [name], name=name, **attributes)
        self.nodes.append(node)
        return name

    def reserve(self, *names: str) -> None:
        """Keep names for inputs: no node or weight gets one of them."""
        self._used.update(names)

    def layers(self, layers: Sequence[Layer], x: str, first: int = 0) -> list[str]:
        """Write layers one after the other; return the tensor of each one's output."""
        outer, outputs = self.place, []
        for index, layer in enumerate(layers, first):
            self.place = f"{outer}{index}."
            x = self._layer(layer, x)
            outputs.append(x)
        self.place = outer
        return outputs

    def _layer(self, layer: Layer, x: str) -> str:
        write = WRITERS.get(type(layer))
        if write is None:
            raise InputError(
                "ONNX export knows pellucid's own layers only; {layer} is not one: build it from "
                "layers in pl.LAYERS, or leave it out",
                layer=type(layer).__name__,
            )
        y = write(self, layer, x)
        if y == x and self.every_layer:
            y = self("Identity", x)
        return y if y == x else self.rename(f"{self.place}y")

    def rename(self, tensor: str) -> str:
        """Rename the tensor that the last node makes; return its name, with a number if taken."""
        tensor = self._free(tensor)
        self.nodes[-1].output[0] = tensor
        return tensor

    def array(self, name: str, value: Array) -> str:
        """Add an array of the layer; return the tensor's name."""
        name = self._name(name)
        self.weights.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, name: str, value: float) -> str:
        """Add a number of the layer in the network's floating type; return the tensor's name."""
        return self.array(name, np.array(value, self.dtype))

    def cast(self, x: str, dtype: type | np.dtype) -> str:
        """Convert a tensor to another type."""
        return self("Cast", x, to=self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def _name(self, name: str) -> str:
        return self._free(self.place + name)

    def _free(self, name: str) -> str:
        """Return the name, with a number if it is taken; from then on it is taken."""
        free = name
        while free in self._used:
            self._used[name] += 1
            free = f"{name}_{self._used[name]}"
        self._used[free] += 1
        return free


def _affine(write: Writer, layer: layers.Affine, x: str) -> str:
    W, b = write.array("W", layer.W), None if layer.b is None else write.array("b", layer.b)
    if not write.double:
        return write("Gemm", x, W) if b is None else write("Gemm", x, W, b)
    # ONNX Runtime 1.16 fuses Gemm with the activation behind it, and the fused operator has no
    # float64. An operator in between prevents that.
    return write("MatMul", x, W) if b is None else write("Add", write("Gemm", x, W), b)


def _operator(kind: str, **attributes: int) -> _Write:
    """Return the writer of a layer that is one operator."""
    return lambda write, layer, x: write(kind, x, **attributes)


def _leaky_relu(write: Writer, layer: layers.LeakyReLU, x: str) -> str:
    if not write.double:
        return write("LeakyRelu", x, alpha=layer.negative_slope)
    return _two_slopes(write, x, write.number("slope", layer.negative_slope))


def _prelu(write: Writer, layer: activations.PReLU, x: str) -> str:
    if not write.double:
        return write("PRelu", x, write.array("slope", layer.slope))
    # As a row: with one axis, one slope would read as the setting of a LeakyReLU.
    return _two_slopes(write, x, write.array("slope", layer.slope[None]))


def _two_slopes(write: Writer, x: str, slope: str) -> str:
    """Write max(x, 0) + slope min(x, 0); `own_forms` recognises exactly this."""
    zero = write.number("zero", 0.0)
    below = write("Mul", write("Min", x, zero), slope)
    return write("Add", write("Max", x, zero), below)


def _elu(write: Writer, layer: activations.ELU, x: str) -> str:
    return (
        _exponential_below(write, x, layer.alpha)
        if write.double
        else write("Elu", x, alpha=layer.alpha)
    )


def _selu(write: Writer, layer: activations.SELU, x: str) -> str:
    if not write.double:
        return write("Selu", x)
    below = activations.SELU_SCALE * activations.SELU_ALPHA
    return _exponential_below(write, x, below, activations.SELU_SCALE)


def _exponential_below(write: Writer, x: str, below: float, above: float = 1.0) -> str:
    """Write above max(x, 0) + below (exp(min(x, 0)) - 1)."""
    zero, one = write.number("zero", 0.0), write.number("one", 1.0)
    right = write("Mul", write("Max", x, zero), write.number("above", above))
    left = write("Sub", write("Exp", write("Min", x, zero)), one)
    return write("Add", right, write("Mul", left, write.number("below", below)))


def _mish(write: Writer, layer: activations.Mish, x: str) -> str:
    return write("Mul", x, write("Tanh", _softplus(write, layers.Softplus(), x)))


def _hardswish(write: Writer, layer: activations.Hardswish, x: str) -> str:
    if not write.double:
        return write("HardSwish", x)
    three, six = write.number("three", 3.0), write.number("six", 6.0)
    above = write("Max", write("Add", x, three), write.number("zero", 0.0))
    return write("Mul", x, write("Div", write("Min", above, six), six))


def _gelu(write: Writer, layer: activations.GELU, x: str) -> str:
    share = _tanh_share(write, x) if layer.approximate == "tanh" else _erf(write, x)
    doubled = write("Mul", x, write("Add", share, write.number("one", 1.0)))
    return write("Mul", doubled, write.number("half", 0.5))


def _erf(write: Writer, x: str) -> str:
    """Write erf(x / sqrt 2); in float64 by way of float32, because runtimes have no other Erf."""
    u = write("Div", x, write.number("sqrt_2", math.sqrt(2)))
    if not write.double:
        return write("Erf", u)
    return write.cast(write("Erf", write.cast(u, np.float32)), np.float64)


def _tanh_share(write: Writer, x: str) -> str:
    """Write tanh(sqrt(2 / pi) (x + 0.044715 x^3))."""
    # x * x * x as in core: Pow may round in another way.
    cube = write("Mul", write("Mul", x, x), x)
    total = write("Add", x, write("Mul", cube, write.number("cubic", 0.044715)))
    factor = write.number("sqrt_2_over_pi", math.sqrt(2 / math.pi))
    return write("Tanh", write("Mul", total, factor))


def _silu(write: Writer, layer: layers.SiLU, x: str) -> str:
    if not write.double:
        return write("Mul", x, write("Sigmoid", x))
    # ONNX Runtime 1.16 fuses x sigmoid(x) to an operator that has no float64; x / (1 + exp(-x)) is
    # the same function and is not fused.
    return write("Div", x, write("Add", write("Exp", write("Neg", x)), write.number("one", 1.0)))


def _softplus(write: Writer, layer: layers.Softplus, x: str) -> str:
    if not write.double:
        return write("Softplus", x)
    # max(x, 0) + log(1 + exp(-|x|)): the exponent is never positive, so exp cannot overflow.
    e = write("Exp", write("Neg", write("Abs", x)))
    tail = write("Log", write("Add", e, write.number("one", 1.0)))
    return write("Add", write("Max", x, write.number("zero", 0.0)), tail)


def _standardize(write: Writer, layer: preparation.Standardize, x: str) -> str:
    centred = write("Sub", x, write.array("mean", layer.mean))
    return write("Div", centred, write.array("std", layer.std))


def _smooth_clip(write: Writer, layer: preparation.SmoothClip, x: str) -> str:
    """Write sign(x) limit / sqrt(1 + (limit / x)^2)."""
    limit = write.number("limit", layer.limit)
    # x / sqrt(1 + (x / limit)^2) would overflow far out. Here limit / x is small there, and at
    # x = 0 it is infinite; ONNX Runtime 1.20 makes NaN of the square root of that in float32.
    u = write("Div", limit, x)
    square = write("Min", write("Mul", u, u), write.number("most", 1e300 if write.double else 1e36))
    root = write("Sqrt", write("Add", square, write.number("one", 1.0)))
    return write("Div", write("Mul", write("Sign", x), limit), root)


def _periodic_embedding(write: Writer, layer: PeriodicEmbedding, x: str) -> str:
    """Write all columns at once, (E, N, F), as core computes them.

    `own_forms` recognises exactly this form.
    """
    columns = write("Gather", x, write.array("columns", np.flatnonzero(layer.embedded)), axis=1)
    columns = write("Transpose", columns, perm=[1, 0])
    each = write("Unsqueeze", columns, write.array("axes", np.array([2])))
    turns = write("Mul", each, write.array("frequency", layer.frequency))
    turns = write("Add", turns, write.array("phase", layer.phase))
    # Whole turns are subtracted, which is exact: sin of a large argument would lose digits.
    turns = write("Sub", turns, write("Round", turns))
    # cos(z) = sin(z + pi / 2): ONNX Runtime 1.16 has Cos in float32 only.
    turns = write("Add", turns, write.number("quarter", 0.25))
    waves = write("Sin", write("Mul", turns, write.number("two_pi", 2 * math.pi)))
    products = write("MatMul", waves, write.array("W", layer.W))
    features = write("Add", products, write.array("b", layer.b))
    row = write("Flatten", write("Transpose", features, perm=[1, 0, 2]), axis=1)
    return write("Concat", x, row, axis=1)


def _category_embedding(write: Writer, layer: CategoryEmbedding, x: str) -> str:
    """Write the row of W of each index, 0 where x holds no index of the column, as core has it.

    `embedding_reader` recognises exactly this form.
    """
    columns, ends = np.flatnonzero(layer.sizes), np.cumsum(layer.sizes, dtype=np.int64)
    sizes = layer.sizes[columns]
    index = write("Gather", x, write.array("columns", columns), axis=1)
    # Compared as numbers: NaN and what int64 cannot hold must not be converted.
    above = write("GreaterOrEqual", index, write.number("zero", 0.0))
    inside = write("And", above, write("Less", index, write.array("sizes", sizes)))
    index = write.cast(write("Where", inside, index, write.number("unseen", 0.0)), np.int64)
    begins = write.array("begins", ends[columns] - sizes.astype(np.int64))
    rows = write("Gather", write.array("W", layer.W), write("Add", index, begins), axis=0)
    numbers = write("Flatten", rows, axis=1)
    kept = write("Gather", x, write.array("kept", np.flatnonzero(layer.sizes == 0)), axis=1)
    return write("Concat", kept, numbers, axis=1)


def _batch_norm(write: Writer, layer: normalization.BatchNorm, x: str) -> str:
    arrays = [write.array(name, array) for name, array in layer.arrays().items()]
    # ONNX's momentum is the share of the old mean that is kept, PyTorch's and ours that of the new.
    settings = {"epsilon": layer.epsilon, "momentum": 1 - layer.momentum}
    return write("BatchNormalization", x, *arrays, **settings)


def _layer_norm(write: Writer, layer: normalization.LayerNorm, x: str) -> str:
    arrays = [write.array(name, array) for name, array in layer.arrays().items()]
    return write("LayerNormalization", x, *arrays, axis=-1, epsilon=layer.epsilon)


def _ways(write: Writer, layer: composite.Skip, x: str) -> tuple[str, str]:
    """Write both ways of a skip; return the tensors of the projection and of the layers."""
    own = write.layers(layer.layers, x)[-1]
    side = write.layers(layer.projection, x, len(layer.layers))
    return [x, *side][-1], own


def _members(write: Writer, layer: Members, x: str) -> str:
    """Write every member, and then all their outputs as (N, M, K); `member_form` reads this."""
    ends, first = [], 0
    for member in layer.members:
        ends.append(write.layers(member, x, first)[-1])
        first += len(member)
    rows = write("Concat", *ends, axis=1)
    z = write("Reshape", rows, write.array("shape", np.array([0, layer.count, -1])))
    if layer.join == "values":
        return write("ReduceMean", z, axes=[1], keepdims=0)
    if layer.join == "probabilities":
        total = _log_sum(write, write("LogSoftmax", z, axis=-1))
        return write("Sub", total, write.number("log_count", math.log(layer.count)))
    # sigmoid(z) = exp(-softplus(-z)), and 1 - sigmoid(z) = exp(-softplus(z)).
    yes, no = (write("Neg", _softplus(write, layers.Softplus(), u)) for u in (write("Neg", z), z))
    return write("Sub", _log_sum(write, yes), _log_sum(write, no))


def _log_sum(write: Writer, logs: str) -> str:
    """Write the logarithm of the sum over the members of what logs, (N, M, K), are."""
    return write("ReduceLogSumExp", logs, axes=[1], keepdims=0)


# The second argument is a layer of the type under which the function is listed.
_Write: TypeAlias = Callable[[Writer, Any, str], str]

WRITERS: dict[type[Layer], _Write] = {
    layers.Affine: _affine,
    layers.Identity: lambda write, layer, x: x,
    layers.Sigmoid: _operator("Sigmoid"),
    layers.Tanh: _operator("Tanh"),
    layers.ReLU: _operator("Relu"),
    layers.LeakyReLU: _leaky_relu,
    activations.GELU: _gelu,
    layers.SiLU: _silu,
    layers.Softplus: _softplus,
    layers.Exponential: _operator("Exp"),
    activations.ELU: _elu,
    activations.SELU: _selu,
    activations.PReLU: _prelu,
    activations.Mish: _mish,
    activations.Hardswish: _hardswish,
    layers.Softmax: _operator("Softmax", axis=-1),
    activations.LogSoftmax: _operator("LogSoftmax", axis=-1),
    preparation.Flatten: _operator("Flatten", axis=1),
    preparation.Scale: lambda write, layer, x: write(
        "Mul", x, write.number("factor", layer.factor)
    ),
    preparation.Standardize: _standardize,
    preparation.SmoothClip: _smooth_clip,
    CategoryEmbedding: _category_embedding,
    PeriodicEmbedding: _periodic_embedding,
    normalization.BatchNorm: _batch_norm,
    normalization.LayerNorm: _layer_norm,
    composite.Dropout: lambda write, layer, x: x,
    composite.Residual: lambda write, layer, x: write("Add", *_ways(write, layer, x)),
    composite.Concatenate: lambda write, layer, x: write("Concat", *_ways(write, layer, x), axis=1),
    Members: _members,
}
"""For each layer a function (writer, layer, x) that writes its nodes and returns its output."""
