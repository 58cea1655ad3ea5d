"""PyTorch's functions that are layers by themselves: weighted sums, activations, normalizations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import nn

from pellucid.core.composite import Dropout
from pellucid.core.layers import Affine
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.errors import Message
from pellucid.exchange.pytorch.module_layers import array_of, layers_of
from pellucid.exchange.pytorch.recording import Call, Live, flat
from pellucid.exchange.pytorch.translation import MIXES_ROWS, UNKNOWN, Translation

NOT_WHOLE_ROWS = Message("it works on parts of a row; expected rows of shape (N, D) and dim=1")

Reader: TypeAlias = Callable[[Translation, Call], None]


def only_input(call: Call, index: int = 0, name: str = "input") -> Live:
    """Return an argument that must be the only live tensor."""
    x = call.given(index, name)
    if not isinstance(x, Live) or len(call.live()) != 1:
        raise call.refused(Message("its weights must be constants"))
    return x


class Activation(NamedTuple):
    """The module of a function, and the names of its arguments behind the first."""

    module: str
    arguments: tuple[str, ...] = ()


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "celu": Activation("CELU", ("alpha",)),
        "elu": Activation("ELU", ("alpha",)),
        "gelu": Activation("GELU", ("approximate",)),
        "hardshrink": Activation("Hardshrink", ("lambd",)),
        "hardsigmoid": Activation("Hardsigmoid"),
        "hardswish": Activation("Hardswish"),
        "hardtanh": Activation("Hardtanh", ("min_val", "max_val")),
        "leaky_relu": Activation("LeakyReLU", ("negative_slope",)),
        "logsigmoid": Activation("LogSigmoid"),
        "mish": Activation("Mish"),
        "relu": Activation("ReLU"),
        "relu6": Activation("ReLU6"),
        "selu": Activation("SELU"),
        "sigmoid": Activation("Sigmoid"),
        "silu": Activation("SiLU"),
        "softplus": Activation("Softplus", ("beta", "threshold")),
        "softshrink": Activation("Softshrink", ("lambd",)),
        "softsign": Activation("Softsign"),
        "tanh": Activation("Tanh"),
        "tanhshrink": Activation("Tanhshrink"),
    }
)
"""The functions of single numbers: read through the module that computes the same."""


def _activation(to: Translation, call: Call) -> None:
    entry = ACTIVATIONS[call.kind]
    given = {name: call.given(i, name) for i, name in enumerate(entry.arguments, 1)}
    settings = {name: value for name, value in given.items() if value is not None}
    _from_module(to, call, getattr(nn, entry.module)(**settings))


def _from_module(to: Translation, call: Call, module: nn.Module) -> None:
    to.layer(call, only_input(call), next(iter(layers_of(module, "", to.dtype)))[1])


def _along_rows(module: str) -> Reader:
    """Return the reader of softmax and log_softmax."""

    def read(to: Translation, call: Call) -> None:
        x, dim = only_input(call), call.given(1, "dim")
        rank = len(x.shape)
        # PyTorch's deprecated default: axis 1 of two axes, axis 0 of one or three.
        dim = (1 if rank == 2 else 0) if dim is None else dim % rank
        if dim == 0:
            raise call.refused(MIXES_ROWS)
        if rank != 2 or call.kwargs.get("dtype") is not None:
            raise call.refused(NOT_WHOLE_ROWS)
        _from_module(to, call, getattr(nn, module)(dim=1))

    return read


def _prelu(to: Translation, call: Call) -> None:
    weight = call.given(1, "weight")
    module = nn.PReLU(weight.numel())
    module.weight = nn.Parameter(weight.detach(), weight.requires_grad)
    _from_module(to, call, module)


def _affine(to: Translation, call: Call, x: Live, W: Any, b: Any = None) -> None:
    """Read weighted sums with W of shape (in, out)."""
    if len(x.shape) != 2:
        raise call.refused(NOT_WHOLE_ROWS)
    layer = Affine(array_of(W).astype(to.dtype), None if b is None else array_of(b))
    layer.frozen = not any(t.requires_grad for t in (W, b) if t is not None)
    to.layer(call, x, layer)


def _linear(to: Translation, call: Call) -> None:
    # F.linear takes W as (out, in).
    W, b = call.given(1, "weight"), call.given(2, "bias")
    _affine(to, call, only_input(call), W.T, b)


def _matmul(to: Translation, call: Call) -> None:
    first, other = call.given(0, "input"), call.given(1, "other")
    other = call.kwargs.get("mat2", call.kwargs.get("vec", other))
    reverse = call.kind == "__rmatmul__"
    a, b = (other, first) if reverse else (first, other)
    if isinstance(a, Live) and isinstance(b, torch.Tensor) and a.shape[0] == to.N and b.ndim == 2:
        _affine(to, call, a, b)
    else:
        to.append(call, "MatMul", a, b)


def _addmm(to: Translation, call: Call) -> None:
    b, x, W = (call.given(i, n) for i, n in enumerate(("input", "mat1", "mat2")))
    alpha, beta = float(call.kwargs.get("alpha", 1)), float(call.kwargs.get("beta", 1))
    to.append(call, "Gemm", x, W, b, alpha=alpha, beta=beta)


# Letters of x, of the weights, and of the output.
_EINSUM = re.compile(r"(\w)(\w),(\w)(\w)->(\w)(\w)")


def _einsum(to: Translation, call: Call) -> None:
    """Read einsum of rows and a matrix, in any order of letters."""
    equation, *rest = call.args
    operands = list(flat(rest))
    match = _EINSUM.fullmatch(str(equation).replace(" ", ""))
    if match is None or len(operands) != 2:
        raise call.refused(UNKNOWN)
    a, b, out = match[1] + match[2], match[3] + match[4], match[5] + match[6]
    x, W = operands
    if isinstance(W, Live):
        x, W, a, b = W, x, b, a
    rows, summed, kept = out[0], a[1], out[1]
    if not isinstance(x, Live) or isinstance(W, Live) or a[0] != rows or summed == kept:
        raise call.refused(UNKNOWN)
    if sorted(b) != sorted((summed, kept)):
        raise call.refused(UNKNOWN)
    _affine(to, call, x, W if b == summed + kept else W.T)


def _layer_norm(to: Translation, call: Call) -> None:
    x, shape = only_input(call), call.given(1, "normalized_shape")
    if len(shape) != 1 or len(x.shape) != 2:
        raise call.refused(NOT_WHOLE_ROWS)
    gamma, beta = call.given(2, "weight"), call.given(3, "bias")
    ones = np.ones(shape[0], to.dtype)
    to.layer(
        call,
        x,
        LayerNorm(
            ones if gamma is None else array_of(gamma),
            None if beta is None else array_of(beta),
            call.given(4, "eps", 1e-5),
        ),
    )


def _batch_norm(to: Translation, call: Call) -> None:
    x = only_input(call)
    mean, variance = call.given(1, "running_mean"), call.given(2, "running_var")
    # In training, or without running statistics, it takes those of the batch.
    if call.given(5, "training", False) or mean is None:
        raise call.refused(MIXES_ROWS)
    gamma, beta = call.given(3, "weight"), call.given(4, "bias")
    scale = np.ones(x.shape[1], to.dtype) if gamma is None else array_of(gamma)
    shift = None if beta is None else array_of(beta)
    momentum, epsilon = call.given(6, "momentum", 0.1), call.given(7, "eps", 1e-5)
    statistics = array_of(mean), array_of(variance)
    to.layer(call, x, BatchNorm(scale, shift, *statistics, momentum, epsilon))


def _dropout(to: Translation, call: Call) -> None:
    x = only_input(call)
    # F.dropout drops by default, whatever mode the module is in; torch.dropout has `train`.
    training = call.given(2, "training", call.kwargs.get("train", True))
    if training:
        reason = Message("it drops in evaluation, too: pass training=self.training")
        raise call.refused(reason)
    if call.kind == "dropout":
        to.layer(call, x, Dropout(call.given(1, "p", 0.5)))
    else:
        to.alias(call, x.name)


LAYER_FUNCTIONS: Mapping[str, Reader] = MappingProxyType(
    {
        **dict.fromkeys(ACTIVATIONS, _activation),
        **dict.fromkeys(("matmul", "mm", "mv", "__matmul__", "__rmatmul__"), _matmul),
        **dict.fromkeys(
            (
                *("dropout", "dropout1d", "dropout2d", "dropout3d"),
                *("alpha_dropout", "feature_alpha_dropout", "feature_dropout"),
            ),
            _dropout,
        ),
        "addmm": _addmm,
        "batch_norm": _batch_norm,
        "einsum": _einsum,
        "layer_norm": _layer_norm,
        "linear": _linear,
        "log_softmax": _along_rows("LogSoftmax"),
        "prelu": _prelu,
        "softmax": _along_rows("Softmax"),
    }
)
"""For each function that is a layer by itself, by its name, what appends its operator."""
