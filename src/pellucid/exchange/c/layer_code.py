"""The C code of each layer: one table by type, and the walk through a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.core import activations, composite, layers, normalization, preparation
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.members import Members
from pellucid.exchange import layer_walk
from pellucid.exchange.c.program import Program
from pellucid.exchange.layer_walk import Conversions, branches


def convert(layers: Sequence[Layer], program: Program) -> None:
    """Add the layers to the program; raises InputError that names a layer without C code."""
    layer_walk.convert(layers, program, CONVERSIONS)


def _nothing(layer: Layer, program: Program) -> None:
    """Add nothing: in prediction the layer passes x on."""


def _standardize(layer: preparation.Standardize, program: Program) -> None:
    mean, std = program.array("mean", layer.mean), program.array("std", layer.std)
    program.each(f"(v - {mean}[i]) / {std}[i]")


def _batch_norm(layer: normalization.BatchNorm, program: Program) -> None:
    variance = layer.running_variance.astype(np.float64)
    # A variance and an epsilon of 0 give infinity, which `array` rejects.
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = layer.gamma.astype(np.float64) / np.sqrt(variance + layer.epsilon)
    # The mean is not folded into beta: where it is large beside the standard deviation, the
    # difference v - mean would lose digits.
    mean, factor = program.array("mean", layer.running_mean), program.array("factor", scale)
    program.each(f"(v - {mean}[i]) * {factor}[i] + {program.array('beta', layer.beta)}[i]")


def _layer_norm(layer: normalization.LayerNorm, program: Program) -> None:
    gamma, beta = program.array("gamma", layer.gamma), program.array("beta", layer.beta)
    program.call_whole("layer_norm", gamma, beta, program.number(layer.epsilon))


def _skip(layer: composite.Skip, program: Program) -> None:
    ways = branches(layer, (layer.layers, layer.projection), program, CONVERSIONS)
    own, side = ways
    if isinstance(layer, composite.Concatenate):
        program.side_by_side([side, own])
    else:
        program.back_to(side)
        program.add(own)
    for way in ways:
        program.release(way)


def _members(layer: Members, program: Program) -> None:
    ends = branches(layer, layer.members, program, CONVERSIONS)
    program.side_by_side(ends)
    for end in ends:
        program.release(end)
    program.join(layer.join, layer.count)


def _prelu(layer: activations.PReLU, program: Program) -> None:
    if layer.slope.size == 1:
        program.call("leaky_relu", float(layer.slope[0]))
    else:
        program.each(f"v > 0.0f ? v : {program.array('slope', layer.slope)}[i] * v")


def _gelu(layer: activations.GELU, program: Program) -> None:
    program.call("gelu" if layer.approximate == "none" else "gelu_tanh")


CONVERSIONS: Conversions[Program] = {
    layers.Affine: lambda layer, program: program.affine(layer.W, layer.b),
    layers.Identity: _nothing,
    layers.Sigmoid: lambda layer, program: program.call("sigmoid"),
    layers.Tanh: lambda layer, program: program.each("tanhf(v)"),
    layers.ReLU: lambda layer, program: program.call("relu"),
    layers.LeakyReLU: lambda layer, program: program.call("leaky_relu", layer.negative_slope),
    activations.GELU: _gelu,
    layers.SiLU: lambda layer, program: program.call("silu"),
    layers.Softplus: lambda layer, program: program.call("softplus"),
    layers.Exponential: lambda layer, program: program.each("expf(v)"),
    activations.ELU: lambda layer, program: program.call("elu", layer.alpha),
    activations.SELU: lambda layer, program: program.call("selu"),
    activations.PReLU: _prelu,
    activations.Mish: lambda layer, program: program.call("mish"),
    activations.Hardswish: lambda layer, program: program.call("hardswish"),
    layers.Softmax: lambda layer, program: program.call_whole("softmax"),
    activations.LogSoftmax: lambda layer, program: program.call_whole("log_softmax"),
    preparation.Flatten: _nothing,
    preparation.Scale: lambda layer, program: program.each(f"v * {program.number(layer.factor)}"),
    preparation.Standardize: _standardize,
    preparation.SmoothClip: lambda layer, program: program.call("smooth_clip", layer.limit),
    CategoryEmbedding: lambda layer, program: program.look_up(layer),
    PeriodicEmbedding: lambda layer, program: program.embed(layer),
    normalization.BatchNorm: _batch_norm,
    normalization.LayerNorm: _layer_norm,
    composite.Dropout: _nothing,
    composite.Residual: _skip,
    composite.Concatenate: _skip,
    Members: _members,
}
"""By type, the function that adds a layer to a program. A layer of your own needs a line here."""
