"""What each layer becomes in C: one table by type, and the walk through a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
from pellucid.errors import InputError
from pellucid.exchange.c.program import Program


def convert(layers: Sequence[Layer], program: Program, within: str = "") -> None:
    """Add the layers to the program; raises InputError that names a layer which C does not know."""
    for index, layer in enumerate(layers):
        place = f"{within}{index}"
        conversion = CONVERSIONS.get(type(layer))
        if conversion is None:
            raise InputError(
                "layer {index} ({layer}) cannot be written in C, which knows {known}: take it "
                "out, or replace it",
                index=place.replace("_", "."),
                layer=type(layer).__name__,
                known=", ".join(kind.__name__ for kind in CONVERSIONS),
            )
        program.begin(place, layer)
        conversion(layer, program)


def _nothing(layer: Layer, program: Program) -> None:
    """Answering passes x on."""


def _standardize(layer: Standardize, program: Program) -> None:
    mean, deviation = program.array("mean", layer.mean), program.array("std", layer.std)
    program.each(f"(v - {mean}[i]) / {deviation}[i]")


def _batch_norm(layer: BatchNorm, program: Program) -> None:
    # The mean is not folded into beta: where it is large beside the deviation, digits would be
    # lost.
    with np.errstate(divide="ignore", invalid="ignore"):  # what is not finite then is an error
        factor = layer.gamma.astype(np.float64) / np.sqrt(
            layer.running_variance.astype(np.float64) + layer.epsilon
        )
    mean, factors, beta = (
        program.array(kind, array)
        for kind, array in (("mean", layer.running_mean), ("factor", factor), ("beta", layer.beta))
    )
    program.each(f"(v - {mean}[i]) * {factors}[i] + {beta}[i]")


def _layer_norm(layer: LayerNorm, program: Program) -> None:
    gamma, beta = program.array("gamma", layer.gamma), program.array("beta", layer.beta)
    program.call_whole("layer_norm", gamma, beta, program.number(layer.epsilon))


def _residual(layer: Residual, program: Program) -> None:
    place = program.place
    held = program.hold()
    convert(layer.inner, program, f"{place}_")
    program.begin(place, layer)
    program.add_held(held)


CONVERSIONS: dict[type[Layer], Callable[[Any, Program], None]] = {
    Affine: lambda layer, program: program.affine(layer.W, layer.b),
    Identity: _nothing,
    Sigmoid: lambda layer, program: program.call("sigmoid"),
    Tanh: lambda layer, program: program.each("tanhf(v)"),
    ReLU: lambda layer, program: program.call("relu"),
    LeakyReLU: lambda layer, program: program.call("leaky_relu", layer.negative_slope),
    GELU: lambda layer, program: program.call(
        "gelu" if layer.approximate == "none" else "gelu_tanh"
    ),
    SiLU: lambda layer, program: program.call("silu"),
    Softplus: lambda layer, program: program.call("softplus"),
    Exponential: lambda layer, program: program.each("expf(v)"),
    Softmax: lambda layer, program: program.call_whole("softmax"),
    Flatten: _nothing,
    Scale: lambda layer, program: program.each(f"v * {program.number(layer.factor)}"),
    Standardize: _standardize,
    SmoothClip: lambda layer, program: program.call("smooth_clip", layer.limit),
    PeriodicEmbedding: lambda layer, program: program.embed(layer),
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: _nothing,
    Residual: _residual,
}
"""By type, what adds a layer to a program. A layer of your own needs a line here."""
