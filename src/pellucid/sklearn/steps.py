"""The steps of a fitted pipeline as functions of features: `STEPS` has one for each type."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from pellucid.core.types import Array
from pellucid.data.tables.cells import MISSING
from pellucid.errors import Message
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.encoders import encoded
from pellucid.sklearn.features import NOT_FILLED, Bent, Cell, Cells, Feature, Lookup, Number, Unfit

Features: TypeAlias = Sequence[Cell | Feature]
Step: TypeAlias = Callable[[Estimator, Features, Cells], Features]


def _scaler(read: Callable[[Estimator], tuple[Array | None, Array | None]]) -> Step:
    """Return the step (x - mean) / std, whose mean and std `read` finds in a scaler."""

    def scaled(scaler: Estimator, inputs: Features, cells: Cells) -> Features:
        mean, std = read(scaler)
        mean = np.zeros(len(inputs)) if mean is None else mean
        std = np.ones(len(inputs)) if std is None else std
        rows = zip(inputs, mean.tolist(), std.tolist(), strict=True)
        return [cells.numeric(each).scaled(*measures) for each, *measures in rows]

    return scaled


_standard = _scaler(lambda scaler: (scaler.mean_ if scaler.with_mean else None, scaler.scale_))
_robust = _scaler(lambda scaler: (scaler.center_, scaler.scale_))
_largest = _scaler(lambda scaler: (None, scaler.scale_))
# x scale + minimum, that is (x + minimum / scale) / (1 / scale)
_range = _scaler(lambda scaler: (-scaler.min_ / scaler.scale_, 1 / scaler.scale_))


def _ranging(scaler: Estimator, inputs: Features, cells: Cells) -> Features:
    """Scale by the range of training, which the columns get to know."""
    ends = scaler.data_min_.tolist(), scaler.data_max_.tolist()
    for each, *range_ in zip(map(cells.numeric, inputs), *ends, strict=True):
        if isinstance(each, Number):
            low, high = (end * each.std + each.mean for end in range_)
            cells.ranges[each.column] = low, high
    return _range(scaler, inputs, cells)


def _clipped(low: float, high: float, feature: Feature, cells: Cells) -> Feature:
    """Return a feature that stays within two bounds."""
    if isinstance(feature, Lookup):
        return feature.mapped(lambda values: np.clip(values, low, high))
    if isinstance(feature, Bent):
        raise cells.unfit(feature.column, Message("it is clipped or ranked twice"))
    bounds = np.array([low, high])
    return Bent(feature.column, bounds * feature.std + feature.mean, bounds, feature.fill)


def _clipping(scaler: Step, bounds: Callable[[Estimator], tuple[float, float]]) -> Step:
    """Return a scaler that also clips if its `clip` is set."""

    def step(fitted: Estimator, inputs: Features, cells: Cells) -> Features:
        found = scaler(fitted, inputs, cells)
        if not getattr(fitted, "clip", False):
            return found
        return [_clipped(*bounds(fitted), cells.numeric(each), cells) for each in found]

    return step


def _imputer(imputer: Estimator, inputs: Features, cells: Cells) -> Features:
    """Fill missing cells; columns that were empty in training are left out, as there."""
    _check_missing(imputer)
    outputs: list[Cell | Feature] = []
    for each, value in zip(inputs, imputer.statistics_.tolist(), strict=True):
        if _is_missing(value) and not imputer.keep_empty_features:
            continue
        cells.expect_missing(each.column)
        if not isinstance(each, Cell):
            outputs.append(each.filled(float(value)))
        else:
            outputs.append(Cell(each.column, value) if each.fill is NOT_FILLED else each)
    if imputer.indicator_ is None:
        return outputs
    return [*outputs, *_indicator(imputer.indicator_, inputs, cells)]


def _indicator(indicator: Estimator, inputs: Features, cells: Cells) -> Features:
    """Return for each of the indicator's columns whether its cell is missing."""
    _check_missing(indicator)
    chosen = [inputs[place] for place in indicator.features_.tolist()]
    for each in chosen:
        cells.expect_missing(each.column)
    return [Lookup(each.column, missing=float(_may_be_missing(each))) for each in chosen]


def _may_be_missing(each: Cell | Feature) -> bool:
    if isinstance(each, Cell):
        return each.fill is NOT_FILLED
    return math.isnan(each.missing) if isinstance(each, Lookup) else each.fill is None


def _check_missing(step: Estimator) -> None:
    marked = step.missing_values
    if not _is_missing(marked) and str(marked) not in MISSING:
        template = "missing are empty cells and NaN alone, not missing_values={got}"
        raise Unfit(Message(template, got=repr(marked)))


def _is_missing(value: Any) -> bool:
    """Return whether this is None, NaN or pandas' NA, which is equal to nothing."""
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def _bending(read: Callable[[Estimator, int, Number, Cells], Feature]) -> Step:
    """Return a step that bends each number by itself, as `read` finds in it.

    What it makes of the few values of categories and flags, it is asked.
    """

    def step(fitted: Estimator, inputs: Features, cells: Cells) -> Features:
        outputs = []
        for place, each in enumerate(map(cells.numeric, inputs)):
            if isinstance(each, Bent):
                raise cells.unfit(each.column, Message("it is clipped or ranked twice"))
            if isinstance(each, Number):
                outputs.append(read(fitted, place, each, cells))
            else:
                outputs.append(each.mapped(partial(_asked, fitted, place, len(inputs))))
        return outputs

    return step


def _asked(fitted: Estimator, place: int, width: int, values: Array) -> Array:
    """Return what a step makes of values (n,) in one of its columns."""
    own = copy.copy(fitted)
    vars(own).pop("_sklearn_output_config", None)
    x = np.full((len(values), width), np.nan)  # which these steps leave alone
    x[:, place] = values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows without names
        return np.asarray(own.transform(x))[:, place]


def _powered(transformer: Estimator, place: int, number: Number, cells: Cells) -> Feature:
    power = float(transformer.lambdas_[place])
    if power != 1:
        reason = Message(
            "it is raised to the power {power:.3g}, and no layer does that", power=power
        )
        raise cells.unfit(number.column, reason)
    # Power 1 is a straight line, which two points fix, whether it is standardized or not.
    at_0, at_1 = _asked(transformer, place, len(transformer.lambdas_), np.array([0.0, 1.0]))
    std = 1 / (at_1 - at_0)
    return number.scaled(-at_0 * std, std)


def _ranked(transformer: Estimator, place: int, number: Number, cells: Cells) -> Feature:
    """Return the shares of training rows below a number: straight lines between its quantiles."""
    if transformer.output_distribution != "uniform":
        reason = Message('no layer computes the normal distribution: use "uniform"')
        raise cells.unfit(number.column, reason)
    knots = transformer.quantiles_[:, place]
    if not (np.diff(knots) > 0).all():
        reason = Message(
            "some of its quantiles are equal, where its ranks jump, and no layer jumps"
        )
        raise cells.unfit(number.column, reason)
    knots = knots * number.std + number.mean
    return Bent(number.column, knots, transformer.references_.copy(), number.fill)


def _function(transformer: Estimator, inputs: Features, cells: Cells) -> Features:
    if transformer.func is not None:
        raise Unfit(Message("no layer computes a function of your own"))
    return inputs


STEPS: dict[type, Step] = {
    StandardScaler: _standard,
    MinMaxScaler: _clipping(_ranging, lambda scaler: scaler.feature_range),
    MaxAbsScaler: _clipping(_largest, lambda scaler: (-1.0, 1.0)),
    RobustScaler: _robust,
    SimpleImputer: _imputer,
    MissingIndicator: _indicator,
    OneHotEncoder: encoded,
    OrdinalEncoder: encoded,
    TargetEncoder: encoded,
    PowerTransformer: _bending(_powered),
    QuantileTransformer: _bending(_ranked),
    FunctionTransformer: _function,
}
"""For each type of step a function (step, features, cells) that returns its features."""
