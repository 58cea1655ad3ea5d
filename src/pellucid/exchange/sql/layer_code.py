"""The SQL of each layer: one table by type, and the walk through a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pellucid.core import activations, composite, layers, normalization, preparation
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.members import Members
from pellucid.exchange import layer_walk
from pellucid.exchange.layer_walk import Conversions, branches
from pellucid.exchange.sql.query import Query
from pellucid.exchange.sql.words import number, total, weighted

SIGMOID = "CASE WHEN {v} >= 0 THEN 1e0 / (1e0 + exp(-{v})) ELSE exp({v}) / (1e0 + exp({v})) END"
_SOFTPLUS = "CASE WHEN {v} > 0 THEN {v} ELSE 0e0 END + ln(1e0 + exp(-abs({v})))"
_RELU = "CASE WHEN {v} > 0 THEN {v} ELSE 0e0 END"
_LEAKY = "CASE WHEN {v} > 0 THEN {v} ELSE {slope} * {v} END"
_ELU = "CASE WHEN {v} > 0 THEN {scale} * {v} ELSE {alpha} * (exp({v}) - 1e0) END"
_HARDSWISH = (
    "{v} * CASE WHEN {v} <= -3e0 THEN 0e0 WHEN {v} >= 3e0 THEN 1e0 ELSE ({v} + 3e0) / 6e0 END"
)
# tanh(log(u)) = (u^2 - 1) / (u^2 + 1) with u = 1 + exp(v), as in `activations.Mish`.
_MISH = (
    "{v} * CASE WHEN {v} >= 0 THEN (1e0 + 2e0 * exp(-{v})) / (1e0 + 2e0 * exp(-{v}) + "
    "2e0 * exp(-2e0 * {v})) ELSE exp({v}) * (exp({v}) + 2e0) / (exp({v}) * (exp({v}) + 2e0) + 2e0) "
    "END"
)
_GELU_TANH = "5e-1 * {v} * (1e0 + tanh(7.978845608028654e-1 * ({v} + 4.4715e-2 * {v} * {v} * {v})))"
# No database here has erf: Abramowitz and Stegun, 7.1.26, which errs by 1.5e-7 at most.
_T = "(1e0 / (1e0 + 3.275911e-1 * 7.071067811865476e-1 * abs({v})))"
_TAIL = (
    f"({_T} * (2.54829592e-1 + {_T} * (-2.84496736e-1 + {_T} * (1.421413741e0 + "
    f"{_T} * (-1.453152027e0 + {_T} * 1.061405429e0)))) * exp(-5e-1 * {{v}} * {{v}}) / 2e0)"
)
_GELU = f"{{v}} * CASE WHEN {{v}} > 0 THEN 1e0 - {_TAIL} ELSE {_TAIL} END"


def convert(layers_: Sequence[Layer], query: Query) -> None:
    """Add the layers to the query; raises InputError that names a layer without SQL."""
    layer_walk.convert(layers_, query, CONVERSIONS)


def softmax(query: Query) -> None:
    """Replace the row by its softmax."""
    most = query.largest()
    query.each(lambda v: f"exp({v} - {most})")  # at most 1
    whole = query.beside(total(query.columns), "their sum")
    query.each(lambda v: f"{v} / {whole}")


def _each(form: str, **numbers: float) -> Callable[[Any, Query], None]:
    words = {key: number(value) for key, value in numbers.items()}
    return lambda layer, query: query.each(lambda v: form.format(v=v, **words))


def _nothing(layer: Layer, query: Query) -> None:
    """Add nothing: in prediction the layer passes x on."""


def _affine(layer: layers.Affine, query: Query) -> None:
    biases: Sequence[float | None] = [None] * layer.W.shape[1] if layer.b is None else list(layer.b)
    query.add([weighted(W, query.columns, b) for W, b in zip(layer.W.T, biases, strict=True)])


def _by_column(query: Query, form: str, **arrays: Any) -> None:
    """Replace each number v by an expression of this form with the column's own numbers."""
    lists = [[*map(number, np.broadcast_to(each, len(query.columns)))] for each in arrays.values()]
    query.add(
        [
            form.format(v=v, **dict(zip(arrays, own, strict=True)))
            for v, *own in zip(query.columns, *lists, strict=True)
        ]
    )


def _standardize(layer: preparation.Standardize, query: Query) -> None:
    _by_column(query, "({v} - {mean}) / {std}", mean=layer.mean, std=layer.std)


def _batch_norm(layer: normalization.BatchNorm, query: Query) -> None:
    variance = layer.running_variance.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # `number` refuses what is not finite
        factor = layer.gamma.astype(np.float64) / np.sqrt(variance + layer.epsilon)
    form = "({v} - {mean}) * {factor} + {beta}"
    _by_column(query, form, mean=layer.running_mean, factor=factor, beta=layer.beta)


def _layer_norm(layer: normalization.LayerNorm, query: Query) -> None:
    D = number(float(len(query.columns)))
    mean = query.beside(f"({total(query.columns)}) / {D}", "their mean")
    query.each(lambda v: f"{v} - {mean}")
    squares = total([f"{column} * {column}" for column in query.columns])
    spread = f"sqrt(({squares}) / {D} + {number(layer.epsilon)})"
    std = query.beside(spread, "their standard deviation")
    form = "{v} / " + std + " * {gamma} + {beta}"
    _by_column(query, form, gamma=layer.gamma, beta=layer.beta)


def _log_softmax(layer: Layer, query: Query) -> None:
    most = query.largest()
    query.each(lambda v: f"{v} - {most}")
    terms = [f"exp({column})" for column in query.columns]
    whole = query.beside(f"ln({total(terms)})", "the logarithm of the sum of their exponentials")
    query.each(lambda v: f"{v} - {whole}")


def _skip(layer: composite.Skip, query: Query) -> None:
    ways = branches(layer, (layer.layers, layer.projection), query, CONVERSIONS)
    own, side = ways
    for way in ways:
        query.release(way)
    if isinstance(layer, composite.Concatenate):
        query.add([*side, *own])
    else:
        query.add([f"{a} + {b}" for a, b in zip(side, own, strict=True)])


def _members(layer: Members, query: Query) -> None:
    ends = branches(layer, layer.members, query, CONVERSIONS)
    if layer.join == "values":
        for end in ends:
            query.release(end)
        M = number(float(layer.count))
        query.add([f"({total(own)}) / {M}" for own in zip(*ends, strict=True)])
        return
    logs = []
    for end in ends:
        query.back_to(end)
        _LOGS[layer.join](layer, query)
        logs.append(query.hold())
        query.release(end)
    query.back_to(logs[0])
    for row in logs[1:]:
        pairs = zip(query.columns, row, strict=True)
        query.add([_LOG_ADD.format(a=a, b=b) for a, b in pairs], "the members so far, added up")
    for row in logs:
        query.release(row)
    if layer.join == "probabilities":
        query.each(lambda v: f"{v} - {number(math.log(layer.count))}")
    else:
        K = len(query.columns) // 2
        yes, no = query.columns[:K], query.columns[K:]
        query.add([f"{a} - {b}" for a, b in zip(yes, no, strict=True)])


def _log_sigmoids(layer: Layer, query: Query) -> None:
    """Replace the row by the logarithms of sigmoid(v), followed by those of 1 - sigmoid(v)."""
    signs = [f"{sign}{column}" for sign in ("-", "") for column in query.columns]
    query.add([f"-({_SOFTPLUS.format(v=f'({v})')})" for v in signs])


# The logarithms that the members' shares are added up by.
_LOGS: Mapping[str, Callable[[Layer, Query], None]]
_LOGS = {"probabilities": _log_softmax, "sigmoids": _log_sigmoids}
# log(exp(a) + exp(b))
_LOG_ADD = (
    "CASE WHEN {a} >= {b} THEN {a} + ln(1e0 + exp({b} - {a})) "
    "ELSE {b} + ln(1e0 + exp({a} - {b})) END"
)


def _prelu(layer: activations.PReLU, query: Query) -> None:
    _by_column(query, _LEAKY, slope=layer.slope)


def _embed(layer: PeriodicEmbedding, query: Query) -> None:
    """Append the periodic features of the embedded columns."""
    chosen = [c for c, e in zip(query.columns, layer.embedded, strict=True) if e]
    F, kept = layer.W.shape[1], query.hold()
    query.add(
        [
            f"{number(f)} * {column} + {number(p)}"
            for column, fs, ps in zip(chosen, layer.frequency[:, 0], layer.phase[:, 0], strict=True)
            for f, p in zip(fs, ps, strict=True)
        ],
        "phases in turns",
    )
    turn = number(2 * math.pi)
    query.each(lambda v: f"cos({turn} * ({v} - floor({v})))")
    query.release(kept)
    features = [
        weighted(w, query.columns[e * F : (e + 1) * F], b)
        for e, (W, biases) in enumerate(zip(layer.W, layer.b[:, 0], strict=True))
        for w, b in zip(W.T, biases, strict=True)
    ]
    query.add([*kept, *features])


def _look_up(layer: CategoryEmbedding, query: Query) -> None:
    """Replace the columns of indices by the numbers of their categories, behind the others."""
    sizes = layer.sizes.astype(int)
    kept = [column for column, size in zip(query.columns, sizes, strict=True) if size == 0]
    found, begin = [], 0
    for column, size in zip(query.columns, sizes, strict=True):
        for weights in layer.W[begin : begin + size].T if size else ():
            cases = " ".join(f"WHEN {i} THEN {number(w)}" for i, w in enumerate(weights[1:], 1))
            found.append(f"CASE floor({column}) {cases} ELSE {number(weights[0])} END")
        begin += size
    query.add([*kept, *found])


CONVERSIONS: Conversions[Query] = {
    layers.Affine: _affine,
    layers.Identity: _nothing,
    layers.Sigmoid: _each(SIGMOID),
    layers.Tanh: _each("tanh({v})"),
    layers.ReLU: _each(_RELU),
    layers.LeakyReLU: lambda layer, query: _each(_LEAKY, slope=layer.negative_slope)(layer, query),
    activations.GELU: lambda layer, query: _each(
        _GELU if layer.approximate == "none" else _GELU_TANH
    )(layer, query),
    layers.SiLU: _each("{v} * " + SIGMOID),
    layers.Softplus: _each(_SOFTPLUS),
    layers.Exponential: _each("exp({v})"),
    activations.ELU: lambda layer, query: _each(_ELU, scale=1.0, alpha=layer.alpha)(layer, query),
    activations.SELU: _each(
        _ELU, scale=activations.SELU_SCALE, alpha=activations.SELU_SCALE * activations.SELU_ALPHA
    ),
    activations.PReLU: _prelu,
    activations.Mish: _each(_MISH),
    activations.Hardswish: _each(_HARDSWISH),
    layers.Softmax: lambda layer, query: softmax(query),
    activations.LogSoftmax: _log_softmax,
    preparation.Flatten: _nothing,
    preparation.Scale: lambda layer, query: _each("{v} * {by}", by=layer.factor)(layer, query),
    preparation.Standardize: _standardize,
    preparation.SmoothClip: lambda layer, query: _each(
        "{v} / sqrt(1e0 + ({v} / {limit}) * ({v} / {limit}))", limit=layer.limit
    )(layer, query),
    CategoryEmbedding: _look_up,
    PeriodicEmbedding: _embed,
    normalization.BatchNorm: _batch_norm,
    normalization.LayerNorm: _layer_norm,
    composite.Dropout: _nothing,
    composite.Residual: _skip,
    composite.Concatenate: _skip,
    Members: _members,
}
"""By type, the function that adds a layer to a query. A layer of your own needs a line here."""
