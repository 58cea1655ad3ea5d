"""The PyTorch module of each layer: one table, read by `to_torch`, `from_torch` and the files.

A new layer needs one entry here, and a small class in `modules` where PyTorch has no equivalent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from pellucid.core import activations, composite, layers, normalization, preparation
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.members import Members
from pellucid.core.types import Array, Options
from pellucid.errors import InputError, Message
from pellucid.extras import library

_NONE: Mapping[str, str] = MappingProxyType({})

# The argument is a layer, or a module, of the type of the entry in which the function stands.
_Sizes: TypeAlias = Callable[[Any], Options]
_Check: TypeAlias = Callable[[Any], Message | None]


class Equivalent(NamedTuple):
    """The module that computes what a layer computes.

    Attributes
    ----------
    module
        The name of its class.
    arrays, options
        PyTorch's name for each of the layer's arrays and options.
    sizes
        A function of the layer that returns the constructor's other arguments.
    refuses
        A function of the module that returns why its settings have no equivalent layer, or None.
    own
        Whether the module is a class of `modules`, not of torch.nn.
    """

    module: str
    arrays: Mapping[str, str] = _NONE
    options: Mapping[str, str] = _NONE
    sizes: _Sizes = lambda layer: {}
    refuses: _Check = lambda module: None
    own: bool = False


def _unless(fits: Callable[[Any], bool], wanted: str) -> _Check:
    refusal = Message("only {wanted} is supported", wanted=wanted)
    return lambda module: None if fits(module) else refusal


def _linear_sizes(layer: layers.Affine) -> Options:
    D, H = layer.W.shape
    return {"in_features": D, "out_features": H, **({"bias": False} if layer.b is None else {})}


def _embedding_sizes(layer: PeriodicEmbedding) -> Options:
    columns, waves, size = layer.W.shape
    return {"width": layer.embedded.size, "columns": columns, "waves": waves, "size": size}


def _table_sizes(layer: CategoryEmbedding) -> Options:
    rows, size = layer.W.shape
    return {"width": layer.sizes.size, "rows": rows, "size": size}


def _batch_norm_refuses(module: Any) -> Message | None:
    if module.running_mean is None or module.running_var is None:
        return Message(
            "without running statistics (track_running_stats=False) its output depends on the "
            "other rows"
        )
    if module.momentum is None:  # PyTorch then takes a mean over all batches
        return Message("momentum=None is not supported: set a number such as 0.1")
    return None


_PROJECTION = {"projection": "projection"}
_AFFINE = {"W": "weight", "b": "bias"}
_WAVES = {"frequency": "frequency", "phase": "phase", "embedded": "embedded"}
_MEAN_AND_STD = {"mean": "mean", "std": "std"}
_SCALE_AND_SHIFT = {"gamma": "weight", "beta": "bias"}
_STATISTICS = {"running_mean": "running_mean", "running_variance": "running_var"}

_PLAIN = _unless(lambda m: m.beta == 1 and m.threshold >= 20, "beta=1, threshold>=20")
_EACH_ROW = _unless(lambda m: m.dim in (1, -1), "dim=1")
_WHOLE_ROWS = _unless(lambda m: (m.start_dim, m.end_dim) == (1, -1), "start_dim=1, end_dim=-1")

EQUIVALENTS: dict[type[Layer], Equivalent] = {
    layers.Affine: Equivalent("Linear", _AFFINE, sizes=_linear_sizes),
    layers.Identity: Equivalent("Identity"),
    layers.Sigmoid: Equivalent("Sigmoid"),
    layers.Tanh: Equivalent("Tanh"),
    layers.ReLU: Equivalent("ReLU"),
    layers.LeakyReLU: Equivalent("LeakyReLU", options={"slope": "negative_slope"}),
    activations.GELU: Equivalent("GELU", options={"approximate": "approximate"}),
    layers.SiLU: Equivalent("SiLU"),
    # Above its threshold PyTorch's Softplus returns x. At the default of 20 that is off by 2e-9, at
    # 40 by nothing in float64.
    layers.Softplus: Equivalent("Softplus", sizes=lambda layer: {"threshold": 40}, refuses=_PLAIN),
    layers.Exponential: Equivalent("Exponential", own=True),
    activations.ELU: Equivalent("ELU", options={"alpha": "alpha"}),
    activations.SELU: Equivalent("SELU"),
    activations.PReLU: Equivalent(
        "PReLU", {"slope": "weight"}, sizes=lambda layer: {"num_parameters": layer.slope.size}
    ),
    activations.Mish: Equivalent("Mish"),
    activations.Hardswish: Equivalent("Hardswish"),
    layers.Softmax: Equivalent("Softmax", sizes=lambda layer: {"dim": 1}, refuses=_EACH_ROW),
    activations.LogSoftmax: Equivalent(
        "LogSoftmax", sizes=lambda layer: {"dim": 1}, refuses=_EACH_ROW
    ),
    preparation.Flatten: Equivalent("Flatten", refuses=_WHOLE_ROWS),
    preparation.Scale: Equivalent("Scale", options={"factor": "factor"}, own=True),
    preparation.Standardize: Equivalent(
        "Standardize", _MEAN_AND_STD, sizes=lambda layer: {"width": layer.mean.size}, own=True
    ),
    preparation.SmoothClip: Equivalent("SmoothClip", options={"limit": "limit"}, own=True),
    CategoryEmbedding: Equivalent(
        "CategoryEmbedding", {"W": "weight", "sizes": "sizes"}, sizes=_table_sizes, own=True
    ),
    PeriodicEmbedding: Equivalent(
        "PeriodicEmbedding", _AFFINE | _WAVES, sizes=_embedding_sizes, own=True
    ),
    normalization.BatchNorm: Equivalent(
        "BatchNorm1d",
        arrays=_SCALE_AND_SHIFT | _STATISTICS,
        options={"epsilon": "eps", "momentum": "momentum"},
        sizes=lambda layer: {"num_features": layer.gamma.size},
        refuses=_batch_norm_refuses,
    ),
    normalization.LayerNorm: Equivalent(
        "LayerNorm",
        arrays=_SCALE_AND_SHIFT,
        options={"epsilon": "eps"},
        sizes=lambda layer: {"normalized_shape": layer.gamma.size},
        refuses=_unless(lambda m: len(m.normalized_shape) == 1, "normalized_shape=(H,)"),
    ),
    composite.Dropout: Equivalent("Dropout", options={"rate": "p"}),
    composite.Residual: Equivalent("Residual", options=_PROJECTION, own=True),
    composite.Concatenate: Equivalent("Concatenate", options=_PROJECTION, own=True),
    Members: Equivalent("Members", options={"count": "count", "join": "join"}, own=True),
}

KEY = "pellucid.torch"
"""The entry of a safetensors file's metadata that describes the network."""

KEPT = "pellucid"
"""The attribute in which a module that pellucid made keeps inputs and classes, as JSON."""

COUNTER = "num_batches_tracked"
"""The counter of batches in PyTorch's BatchNorm; with a momentum it has no effect."""


def equivalent_of(layer: Layer) -> Equivalent:
    """Return the layer's entry; raises InputError for a layer of the user's own."""
    found = EQUIVALENTS.get(type(layer))
    if found is None:
        raise InputError("PyTorch has no module for the layer {layer}", layer=type(layer).__name__)
    return found


def class_of(entry: Equivalent) -> Any:
    """Return the module's class; imports PyTorch, which `modules` needs, too."""
    place = "pellucid.exchange.pytorch.modules" if entry.own else "torch.nn"
    return getattr(library(place, "torch"), entry.module)


def settings(layer: Layer, frozen: bool = False) -> Options:
    """Return the arguments of the module's constructor."""
    entry, options = equivalent_of(layer), layer.options()
    # A frozen BatchNorm keeps its running statistics. PyTorch has no such mode but momentum 0.
    if frozen and "momentum" in options:
        options["momentum"] = 0.0
    names = entry.options.items()
    named = {theirs: options[ours] for ours, theirs in names if ours in options}
    return {**entry.sizes(layer), **named}


def tensors(layer: Layer) -> dict[str, Array]:
    """Return copies of the module's state by PyTorch's names, weights transposed to (out, in)."""
    if layer.inner:
        inner = enumerate(map(tensors, layer.inner))
        return {f"layers.{i}.{name}": array for i, each in inner for name, array in each.items()}
    arrays, names = layer.arrays(), equivalent_of(layer).arrays.items()
    # C-contiguous: as a view of the transposed array, torch.from_numpy would keep its strides.
    found = {b: np.array(transposed(arrays[a]), order="C") for a, b in names if a in arrays}
    return {**found, COUNTER: np.array(0)} if isinstance(layer, normalization.BatchNorm) else found


def transposed(array: Array) -> Array:
    """Transpose a matrix of weights from (in, out) to PyTorch's (out, in), or back.

    Arrays of other dimensions are the same in both.
    """
    return array.T if array.ndim == 2 else array
