"""What each layer is in ONNX: the table `WRITERS`, and the writer that collects nodes and weights.

Operators are those of opset 17 that runtimes of 2023 have for float32 and float64; what they lack
(Gelu came with opset 20, ONNX Runtime has no Erf, Softplus and, for long, no LeakyRelu in float64)
is written out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core import composite, layers, normalization, preparation
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.extras import library

if TYPE_CHECKING:
    import onnx


class Writer:
    """Collects the nodes and weights of a graph.

    Names them by the layer's place, as model files do: "3.W", "3.0.b".
    """

    def __init__(self, dtype: np.dtype[Any], every_layer: bool = False) -> None:
        self.dtype = dtype
        # Whether layers that pass x on have a node, and an output of their own, too
        self.every_layer = every_layer
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.place = ""
        self._used: Counter[str] = Counter()
        self._onnx = library("onnx", "onnx")

    @property
    def double(self) -> bool:
        """Whether the network computes in float64."""
        return self.dtype == np.float64

    def layers(self, layers: Sequence[Layer], x: str) -> list[str]:
        """Write layers one after the other; give the tensor of each one's output."""
        outer, outputs = self.place, []
        for index, layer in enumerate(layers):
            self.place = f"{outer}{index}."
            x = self._layer(layer, x)
            outputs.append(x)
        self.place = outer
        return outputs

    def _layer(self, layer: Layer, x: str) -> str:
        write = WRITERS.get(type(layer))
        if write is None:
            raise InputError(
                "ONNX export knows pellucid's own layers only; {layer} is not one: write it with "
                "layers from "
                "pl.LAYERS, or leave it out",
                layer=type(layer).__name__,
            )
        y = write(self, layer, x)
        if y == x and self.every_layer:
            y = self.node("Identity", x)
        return y if y == x else self.rename(f"{self.place}y")

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Write a node; give the tensor that it makes."""
        name = self._name(kind)
        self.nodes.append(
            self._onnx.helper.make_node(kind, list(inputs), [name], name=name, **attributes)
        )
        return name

    def rename(self, tensor: str) -> str:
        """Give the tensor that the last node makes another name."""
        self.nodes[-1].output[0] = tensor
        return tensor

    def array(self, name: str, value: Array) -> str:
        """Keep an array of the layer; give the tensor's name."""
        name = self._name(name)
        self.weights.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, name: str, value: float) -> str:
        """Keep a number of the layer in the network's floating type."""
        return self.array(name, np.array(value, self.dtype))

    def cast(self, x: str, dtype: Any) -> str:
        """Turn numbers into another type."""
        return self.node("Cast", x, to=self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def _name(self, name: str) -> str:
        name = self.place + name
        self._used[name] += 1
        return name if self._used[name] == 1 else f"{name}_{self._used[name]}"


def _affine(write: Writer, layer: layers.Affine, x: str) -> str:
    W, b = write.array("W", layer.W), None if layer.b is None else write.array("b", layer.b)
    if not write.double:
        return write.node("Gemm", x, W) if b is None else write.node("Gemm", x, W, b)
    # ONNX Runtime 1.16 merges Gemm and the activation behind it, and then has no float64 for what
    # it made of them.
    return (
        write.node("MatMul", x, W) if b is None else write.node("Add", write.node("Gemm", x, W), b)
    )


def _passed_on(write: Writer, layer: Layer, x: str) -> str:
    return x


def _operator(kind: str, **attributes: Any) -> Callable[[Writer, Any, str], str]:
    """Give the writer of a layer that is one operator."""
    return lambda write, layer, x: write.node(kind, x, **attributes)


def _leaky_relu(write: Writer, layer: layers.LeakyReLU, x: str) -> str:
    if not write.double:
        return write.node("LeakyRelu", x, alpha=layer.negative_slope)
    zero, slope = write.number("zero", 0.0), write.number("slope", layer.negative_slope)
    below = write.node("Mul", write.node("Min", x, zero), slope)
    return write.node("Add", write.node("Max", x, zero), below)


def _gelu(write: Writer, layer: layers.GELU, x: str) -> str:
    share = _tanh_share(write, x) if layer.approximate == "tanh" else _erf(write, x)
    doubled = write.node("Mul", x, write.node("Add", share, write.number("one", 1.0)))
    return write.node("Mul", doubled, write.number("half", 0.5))


def _erf(write: Writer, x: str) -> str:
    """Write erf(x / sqrt 2); in float64 by way of float32, as runtimes have no other Erf."""
    u = write.node("Div", x, write.number("sqrt_2", math.sqrt(2)))
    if not write.double:
        return write.node("Erf", u)
    return write.cast(write.node("Erf", write.cast(u, np.float32)), np.float64)


def _tanh_share(write: Writer, x: str) -> str:
    """Write tanh(sqrt(2 / pi) (x + 0.044715 x^3))."""
    cube = write.node("Mul", write.node("Mul", x, x), x)
    sum_ = write.node("Add", x, write.node("Mul", cube, write.number("cubic", 0.044715)))
    return write.node(
        "Tanh", write.node("Mul", sum_, write.number("sqrt_2_over_pi", math.sqrt(2 / math.pi)))
    )


def _silu(write: Writer, layer: layers.SiLU, x: str) -> str:
    if not write.double:
        return write.node("Mul", x, write.node("Sigmoid", x))
    # The same runtime takes x sigmoid(x) for one operator that it has in float32 only.
    return write.node(
        "Div",
        x,
        write.node("Add", write.node("Exp", write.node("Neg", x)), write.number("one", 1.0)),
    )


def _softplus(write: Writer, layer: layers.Softplus, x: str) -> str:
    if not write.double:
        return write.node("Softplus", x)
    e = write.node("Exp", write.node("Neg", write.node("Abs", x)))  # never overflows
    tail = write.node("Log", write.node("Add", e, write.number("one", 1.0)))
    return write.node("Add", write.node("Max", x, write.number("zero", 0.0)), tail)


def _scale(write: Writer, layer: preparation.Scale, x: str) -> str:
    return write.node("Mul", x, write.number("factor", layer.factor))


def _standardize(write: Writer, layer: preparation.Standardize, x: str) -> str:
    centred = write.node("Sub", x, write.array("mean", layer.mean))
    return write.node("Div", centred, write.array("std", layer.std))


def _smooth_clip(write: Writer, layer: preparation.SmoothClip, x: str) -> str:
    """Write sign(x) limit / sqrt(1 + (limit / x)^2), which overflows nowhere.

    0 at 0, and the limit far out.
    """
    limit = write.number("limit", layer.limit)
    u = write.node("Div", limit, x)
    root = write.node("Sqrt", write.node("Add", write.node("Mul", u, u), write.number("one", 1.0)))
    return write.node("Div", write.node("Mul", write.node("Sign", x), limit), root)


def _periodic_embedding(write: Writer, layer: PeriodicEmbedding, x: str) -> str:
    """Write all columns at once, (E, N, F), as core computes them.

    `embedding` reads this form back.
    """
    columns = write.node(
        "Gather", x, write.array("columns", np.flatnonzero(layer.embedded)), axis=1
    )
    each = write.node(
        "Unsqueeze",
        write.node("Transpose", columns, perm=[1, 0]),
        write.array("axes", np.array([2])),
    )
    turns = write.node("Mul", each, write.array("frequency", layer.frequency))
    turns = write.node("Add", turns, write.array("phase", layer.phase))
    turns = write.node("Sub", turns, write.node("Round", turns))
    # cos(z) = sin(z + pi / 2): ONNX Runtime 1.16 has Cos in float32 only.
    turns = write.node("Add", turns, write.number("quarter", 0.25))
    waves = write.node("Sin", write.node("Mul", turns, write.number("two_pi", 2 * math.pi)))
    numbers = write.node(
        "Add", write.node("MatMul", waves, write.array("W", layer.W)), write.array("b", layer.b)
    )
    row = write.node("Flatten", write.node("Transpose", numbers, perm=[1, 0, 2]), axis=1)
    return write.node("Concat", x, row, axis=1)


def _batch_norm(write: Writer, layer: normalization.BatchNorm, x: str) -> str:
    arrays = [write.array(name, array) for name, array in layer.arrays().items()]
    # ONNX counts how much of the old mean is kept, PyTorch and core how much of the new one comes
    # in.
    settings = {"epsilon": layer.epsilon, "momentum": 1 - layer.momentum}
    return write.node("BatchNormalization", x, *arrays, **settings)


def _layer_norm(write: Writer, layer: normalization.LayerNorm, x: str) -> str:
    arrays = [write.array(name, array) for name, array in layer.arrays().items()]
    return write.node("LayerNormalization", x, *arrays, axis=-1, epsilon=layer.epsilon)


def _residual(write: Writer, layer: composite.Residual, x: str) -> str:
    return write.node("Add", x, write.layers(layer.inner, x)[-1])


WRITERS: dict[type[Layer], Callable[[Writer, Any, str], str]] = {
    layers.Affine: _affine,
    layers.Identity: _passed_on,
    layers.Sigmoid: _operator("Sigmoid"),
    layers.Tanh: _operator("Tanh"),
    layers.ReLU: _operator("Relu"),
    layers.LeakyReLU: _leaky_relu,
    layers.GELU: _gelu,
    layers.SiLU: _silu,
    layers.Softplus: _softplus,
    layers.Exponential: _operator("Exp"),
    layers.Softmax: _operator("Softmax", axis=-1),
    preparation.Flatten: _operator("Flatten", axis=1),
    preparation.Scale: _scale,
    preparation.Standardize: _standardize,
    preparation.SmoothClip: _smooth_clip,
    PeriodicEmbedding: _periodic_embedding,
    normalization.BatchNorm: _batch_norm,
    normalization.LayerNorm: _layer_norm,
    composite.Dropout: _passed_on,
    composite.Residual: _residual,
}
"""For each layer a function (writer, layer, x) that writes its nodes and gives the tensor that they
end in.
"""
