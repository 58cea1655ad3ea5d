"""Which module of PyTorch is which layer: one table, read by `to_torch`, `from_torch` and the
files.

A new layer is one entry here, and a small class in `modules` where PyTorch has none that does the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from pellucid.core.composite import Dropout, Residual
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.layers import (
    GELU,
    Affine,
    Exponential,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.preparation import Flatten, Scale, SmoothClip, Standardize
from pellucid.core.types import Array, Options
from pellucid.errors import InputError, Message

_NONE: Mapping[str, str] = MappingProxyType({})


def _no_sizes(layer: Any) -> Options:
    return {}


def _anything(module: Any) -> Message | None:
    return None


class Twin(NamedTuple):
    """The module that does what a layer does.

    `own` says that the module is a class of `modules`, not of torch.nn. `arrays` and `options` give
    PyTorch's name for each of the layer's; `sizes` the constructor's other arguments; `refuses` why
    a module in other settings does something else, or None.
    """

    module: str
    arrays: Mapping[str, str] = _NONE
    options: Mapping[str, str] = _NONE
    sizes: Callable[[Any], Options] = _no_sizes
    refuses: Callable[[Any], Message | None] = _anything
    own: bool = False


def _unless(fits: Callable[[Any], bool], wanted: str) -> Callable[[Any], Message | None]:
    return lambda module: (
        None if fits(module) else Message("only {wanted} can be taken", wanted=wanted)
    )


def _batch_norm_refuses(module: Any) -> Message | None:
    if module.running_mean is None or module.running_var is None:
        return Message(
            "without running statistics (track_running_stats=False) its answers depend on the "
            "other rows"
        )
    if module.momentum is None:
        return Message(
            "momentum=None, a mean over all batches, is not known here: give it a momentum such "
            "as 0.1"
        )
    return None


_SCALE_AND_SHIFT = {"gamma": "weight", "beta": "bias"}

TWINS: dict[type[Layer], Twin] = {
    Affine: Twin(
        "Linear",
        arrays={"W": "weight", "b": "bias"},
        sizes=lambda layer: {
            "in_features": layer.W.shape[0],
            "out_features": layer.W.shape[1],
            **_biased(layer),
        },
    ),
    Identity: Twin("Identity"),
    Sigmoid: Twin("Sigmoid"),
    Tanh: Twin("Tanh"),
    ReLU: Twin("ReLU"),
    LeakyReLU: Twin("LeakyReLU", options={"slope": "negative_slope"}),
    GELU: Twin("GELU", options={"approximate": "approximate"}),
    SiLU: Twin("SiLU"),
    # Above its threshold PyTorch's is x itself. At the default of 20 that is off by 2e-9; at 40 by
    # nothing in float64.
    Softplus: Twin(
        "Softplus",
        sizes=lambda layer: {"threshold": 40},
        refuses=_unless(
            lambda module: module.beta == 1 and module.threshold >= 20, "beta=1, threshold>=20"
        ),
    ),
    Exponential: Twin("Exponential", own=True),
    Softmax: Twin(
        "Softmax",
        sizes=lambda layer: {"dim": 1},
        refuses=_unless(lambda module: module.dim in (1, -1), "dim=1"),
    ),
    Flatten: Twin(
        "Flatten",
        refuses=_unless(
            lambda module: (module.start_dim, module.end_dim) == (1, -1), "start_dim=1, end_dim=-1"
        ),
    ),
    Scale: Twin("Scale", options={"factor": "factor"}, own=True),
    Standardize: Twin(
        "Standardize",
        arrays={"mean": "mean", "std": "std"},
        sizes=lambda layer: {"width": layer.mean.size},
        own=True,
    ),
    SmoothClip: Twin("SmoothClip", options={"limit": "limit"}, own=True),
    PeriodicEmbedding: Twin(
        "PeriodicEmbedding",
        arrays={
            "frequency": "frequency",
            "phase": "phase",
            "W": "weight",
            "b": "bias",
            "embedded": "embedded",
        },
        sizes=lambda layer: {
            "width": layer.embedded.size,
            **dict(zip(("columns", "waves", "size"), layer.W.shape, strict=True)),
        },
        own=True,
    ),
    BatchNorm: Twin(
        "BatchNorm1d",
        arrays={
            **_SCALE_AND_SHIFT,
            "running_mean": "running_mean",
            "running_variance": "running_var",
        },
        options={"epsilon": "eps", "momentum": "momentum"},
        sizes=lambda layer: {"num_features": layer.gamma.size},
        refuses=_batch_norm_refuses,
    ),
    LayerNorm: Twin(
        "LayerNorm",
        arrays=_SCALE_AND_SHIFT,
        options={"epsilon": "eps"},
        sizes=lambda layer: {"normalized_shape": layer.gamma.size},
        refuses=_unless(lambda module: len(module.normalized_shape) == 1, "normalized_shape=(H,)"),
    ),
    Dropout: Twin("Dropout", options={"rate": "p"}),
    Residual: Twin("Residual", own=True),
}

COUNTER = "num_batches_tracked"
"""What PyTorch's BatchNorm counts beside its statistics; with a momentum it changes nothing."""


def _biased(layer: Affine) -> Options:
    return {} if layer.b is not None else {"bias": False}


def twin_of(layer: Layer) -> Twin:
    """Give the layer's entry.

    Raises InputError for a layer that has none, such as one of the user's own.
    """
    found = TWINS.get(type(layer))
    if found is None:
        raise InputError(
            "PyTorch has no module that is known to do what {layer} does",
            layer=type(layer).__name__,
        )
    return found


def settings(layer: Layer, frozen: bool = False) -> Options:
    """Give the arguments with which the module is made.

    A frozen BatchNorm keeps its running statistics, and so does PyTorch's with momentum 0.
    """
    twin, options = twin_of(layer), layer.options()
    if frozen and "momentum" in options:
        options["momentum"] = 0.0
    return {**twin.sizes(layer), **{theirs: options[ours] for ours, theirs in twin.options.items()}}


def tensors(layer: Layer) -> dict[str, Array]:
    """Give the module's state by PyTorch's names, weights turned to (out, in).

    Copies, C-contiguous.
    """
    if isinstance(layer, Residual):
        return {
            f"layers.{index}.{name}": array
            for index, inner in enumerate(layer.inner)
            for name, array in tensors(inner).items()
        }
    arrays = layer.arrays()
    found = {
        theirs: np.array(turned(arrays[ours]), order="C")
        for ours, theirs in twin_of(layer).arrays.items()
        if ours in arrays
    }
    return {**found, COUNTER: np.array(0)} if isinstance(layer, BatchNorm) else found


def turned(array: Array) -> Array:
    """Turn a matrix of weights from (in, out) to PyTorch's (out, in), or back.

    Others are the same in both.
    """
    return array.T if array.ndim == 2 else array
