"""The targets that a pipeline transforms, and the layers that return to their units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from pellucid.core.layer import Layer
from pellucid.core.layers import Exponential
from pellucid.core.preparation import Standardize
from pellucid.core.types import DTypeLike
from pellucid.errors import Message
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.features import Cell, Cells, Number, Unfit
from pellucid.sklearn.steps import STEPS


def transformers_of(model: Estimator) -> Iterator[Estimator]:
    """Yield the transformers of a model's targets, the last one to be undone last."""
    model = getattr(model, "best_estimator_", model)  # of a search
    if isinstance(model, Pipeline):
        yield from transformers_of(model.steps[-1][1])
    elif isinstance(model, TransformedTargetRegressor) and hasattr(model, "transformer_"):
        yield from transformers_of(model.regressor_)
        yield model.transformer_


def undoing(transformer: Estimator, outputs: int, dtype: DTypeLike) -> list[Layer]:
    """Return the layers that undo a transformer of (N, outputs) targets.

    These may be scaled, or be logarithms: `func=np.log` with `inverse_func=np.exp`, or `np.log1p`
    with `np.expm1`. Raises Unfit for others.
    """
    inverse = getattr(transformer, "inverse_func", None)
    if inverse in (np.exp, np.expm1):
        ones = np.ones(outputs, dtype)
        # expm1(y) = (exp(y) - 1) / 1: mean and standard deviation are both 1.
        return [Exponential(), *([Standardize(ones, ones)] if inverse is np.expm1 else [])]
    step = STEPS.get(type(transformer))
    cells = Cells(outputs, None)
    inputs = [Cell(column) for column in range(outputs)]
    found = [] if step is None else step(transformer, inputs, cells)
    numbers = [each for each in map(cells.numeric, found) if isinstance(each, Number)]
    if len(numbers) < outputs:
        raise Unfit(Message("no layer undoes what it does to the target"))
    mean, std = [each.mean for each in numbers], [each.std for each in numbers]
    return [Standardize.undoing(mean, std, dtype)]
