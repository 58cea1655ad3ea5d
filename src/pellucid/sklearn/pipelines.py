"""A fitted pipeline as one Network.

Its steps become functions of the table's cells (`steps`, `encoders`), and these become columns and
layers (`assembly`); the layers of the estimator follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted

from pellucid.core.layer import Layer
from pellucid.core.types import Array, DTypeLike
from pellucid.data.tables import Columns
from pellucid.data.tables.cells import canonical
from pellucid.data.tables.kinds import Target
from pellucid.errors import InputError, Message
from pellucid.network import Network
from pellucid.sklearn.assembly import columns_of, layers_of
from pellucid.sklearn.base import BaseMLP
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.features import Cell, Cells, Feature, Unfit
from pellucid.sklearn.mlp_layers import make_layers
from pellucid.sklearn.steps import STEPS, Features
from pellucid.sklearn.table_base import BaseTableMLP
from pellucid.sklearn.target_scale import transformers_of, undoing


def to_network(model: Estimator, *, target: str | Sequence[str] = "y") -> Network:
    """Convert a fitted pipeline or estimator to one network, to trace, save and export as a whole.

    Parameters
    ----------
    model
        pellucid's MLPClassifier or MLPRegressor, or scikit-learn's own; alone, or at the end of a
        Pipeline; or a search (GridSearchCV) that found one of them. TableClassifier and
        TableRegressor, which need no other steps, are networks of tables as they are.
    target
        What to call the column to predict, which a pipeline does not know: `pl.evaluate` finds it
        by this name. Of several values a list with a name for each; "y" means y0, y1, ...

    The network has copies of the weights, in their floating type. Its outputs are those of
    `predict_proba` (of two classes the probability of the second), or of a regressor's `predict`.

    Of a pipeline that was fitted on a dataframe the network has the columns, and takes dataframes,
    files and dicts as networks of tables do: `net.predict(frame)` is what the pipeline predicts.
    Of one that was fitted on an array, its inputs are the array's columns.

    The steps may be

    - StandardScaler, MinMaxScaler, MaxAbsScaler and RobustScaler, which become a Standardize layer,
      and PowerTransformer where its power is 1; `clip=True` and a QuantileTransformer to
      "uniform" become hinges: Affine and ReLU layers, twice;
    - OneHotEncoder, OrdinalEncoder and TargetEncoder of the table's own columns, with all their
      rules for dropped, rare and unknown categories, which become `CategoryColumn` and weights of
      the first Affine layer;
    - SimpleImputer, with `add_indicator`, and MissingIndicator, which become the `mean` and the
      `missing` of a column;
    - ColumnTransformer, FeatureUnion and Pipeline of these, "passthrough", "drop" and a
      FunctionTransformer without a function;
    - TransformedTargetRegressor around all of it or the regressor, if targets are scaled, or are
      logarithms (`inverse_func` np.exp or np.expm1): a layer at the end undoes it.

    Cells are read as networks of tables read them: texts without blanks around, "NA", "?" and the
    like as missing. Where the pipeline refuses a cell, the network does what networks do: unknown
    categories are 0 for each known one, missing numbers become the middle of their scaler. Truth
    values in a column of numbers are refused: pass `frame["b"].astype(int)`.

    Raises InputError that names step, column and reason for what no layer can do, and
    scikit-learn's NotFittedError before `fit`.

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> from pellucid.sklearn import MLPClassifier
    >>> model = MLPClassifier(solver="lbfgs", random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), model).fit(X, y)
    >>> net = to_network(pipeline)
    >>> bool(abs(net(X) - pipeline.predict_proba(X)).max() < 1e-12)
    True
    >>> [type(layer).__name__ for layer in net.layers]
    ['Standardize', 'Affine', 'ReLU', 'Affine', 'Softmax']
    """
    steps = list(_steps(model))
    if len(steps) == 1 and isinstance(steps[0][1], BaseTableMLP):
        check_is_fitted(steps[0][1])
        return steps[0][1].network_.copy()
    net = _network(*steps[-1])
    cells = _cells([step for _, step in steps])
    found: Features = [Cell(column) for column in range(cells.count)]
    for name, step in steps[:-1]:
        found = _through(name, step, found, cells)
    try:
        features = [cells.numeric(each) for each in found]
        columns = () if cells.names is None else columns_of(features, cells)
        layers = layers_of(features, cells, columns, net.layers, net.dtype)
    except Unfit as error:
        raise _refused("", model, error.reason) from error
    layers += _undoing(model, steps[-1][1], net.dtype)
    if cells.names is None:
        return Network(layers, classes=net.classes)
    # As a table's targets are read: True is "true" there.
    classes = None if net.classes is None else [canonical(name) for name in net.classes]
    targets = _targets(steps[-1][1], target, cells.names)
    first, further = targets[0] if targets else None, tuple(targets[1:])
    inputs = Columns(columns, first, classes, further=further)
    return Network(layers, inputs=inputs, classes=classes)


def _steps(model: Estimator, before: str = "") -> Iterator[tuple[str, Estimator]]:
    """Yield the steps of (nested) pipelines with their names."""
    model = getattr(model, "best_estimator_", model)  # of a search
    if isinstance(model, TransformedTargetRegressor):
        check_is_fitted(model)
        yield from _steps(model.regressor_, _named(before, "regressor"))
        return
    if not isinstance(model, Pipeline):
        yield before, model
        return
    for name, step in model.steps:
        if step is not None and step != "passthrough":
            yield from _steps(step, _named(before, name))


def _named(before: str, name: str) -> str:
    return f"{before}.{name}" if before else name


def _cells(steps: Sequence[Estimator]) -> Cells:
    """Return the columns of the first step, with names if it was fitted on a dataframe."""
    check_is_fitted(steps[0])
    first = next(step for step in steps if hasattr(step, "n_features_in_"))
    names = getattr(first, "feature_names_in_", None)
    return Cells(first.n_features_in_, None if names is None else list(map(str, names)))


def _network(name: str, estimator: Estimator) -> Network:
    """Return the network of the last step, with arrays of its own."""
    if not isinstance(estimator, (BaseMLP, MLPClassifier, MLPRegressor)):
        raise _refused(
            name, estimator, Message("the last step is an MLPClassifier or MLPRegressor")
        )
    if isinstance(estimator, BaseMLP):
        return estimator.network_.copy()
    check_is_fitted(estimator)
    weights, last = (estimator.coefs_, estimator.intercepts_), estimator.out_activation_
    layers = make_layers(*weights, estimator.activation, 0.0, last)
    classes = getattr(estimator, "classes_", None)
    named = None if classes is None else [str(each) for each in classes]
    return Network(layers, classes=named).copy()  # scikit-learn's model keeps its own arrays


def _undoing(model: Estimator, estimator: Estimator, dtype: DTypeLike) -> list[Layer]:
    """Return the layers behind the estimator's, of a TransformedTargetRegressor."""
    layers: list[Layer] = []
    for transformer in transformers_of(model):
        try:
            layers += undoing(transformer, estimator.n_outputs_, dtype)
        except Unfit as error:
            raise _refused("transformer", transformer, error.reason) from error
    return layers


def _targets(
    estimator: Estimator, target: str | Sequence[str], columns: Sequence[str]
) -> list[Target]:
    """Return the targets of a network with columns; none where a row has several classes."""
    K, names = estimator.n_outputs_, [target] if isinstance(target, str) else [*target]
    classes = getattr(estimator, "classes_", None)
    if classes is not None and K > 1 and estimator.out_activation_ != "softmax":
        return []
    K = 1 if classes is not None else K
    if isinstance(target, str) and K > 1:
        names = [f"{target}{index}" for index in range(K)]
    if len(names) != K or len({*names, *columns}) < K + len(columns):
        template = (
            "pass target=..., names that no column has (as many as values: {count}); got {got}"
        )
        raise InputError(template, count=K, got=", ".join(map(repr, names)))
    if classes is not None:
        return [Target(names[0], "classes", labels=_labels(classes))]
    return [Target(name, "values") for name in names]


def _labels(classes: Array) -> str:
    """Return what kind of labels a network returns for classes: that of the pipeline's."""
    if classes.dtype.kind in "fiu" and np.array_equal(classes, np.round(classes)):
        return "int"
    return "bool" if classes.dtype.kind == "b" else "text"


def _through(name: str, step: Estimator, inputs: Features, cells: Cells) -> Features:
    """Return the features that a fitted step makes of others."""
    if isinstance(step, str) or step is None:  # "passthrough"
        return inputs
    if isinstance(step, Pipeline):
        for own, each in step.steps:
            inputs = _through(_named(name, own), each, inputs, cells)
        return inputs
    if type(step) in (ColumnTransformer, FeatureUnion):
        return _joined(name, step, inputs, cells)
    found = next((steps for kind, steps in STEPS.items() if type(step) is kind), None)
    if found is None:
        known = ", ".join(kind.__name__ for kind in STEPS)
        reason = Message("a step before the last is one of {known}", known=known)
        raise _refused(name, step, reason)
    check_is_fitted(step)
    try:
        return found(step, inputs, cells)
    except Unfit as error:
        raise _refused(name, step, error.reason) from error


def _joined(name: str, step: Estimator, inputs: Features, cells: Cells) -> Features:
    """Return the features of a ColumnTransformer or FeatureUnion, one branch after the other."""
    check_is_fitted(step)
    if isinstance(step, FeatureUnion):
        branches = [(own, each, inputs) for own, each in step.transformer_list]
    else:
        branches = [
            (own, each, [inputs[place] for place in _chosen(columns, step)])
            for own, each, columns in step.transformers_
        ]
    found: list[Cell | Feature] = []
    for own, each, given in branches:
        if (isinstance(each, str) and each == "drop") or not given:
            continue
        outputs = _through(_named(name, own), each, given, cells)
        weight = (step.transformer_weights or {}).get(own, 1)
        if weight != 1:
            outputs = [cells.numeric(one).scaled(0.0, 1 / weight) for one in outputs]
        found += outputs
    return found


def _chosen(columns: Any, step: ColumnTransformer) -> list[int]:
    """Return the places of a ColumnTransformer's columns: names, numbers, a slice or a mask."""
    names = list(map(str, getattr(step, "feature_names_in_", ())))
    if isinstance(columns, slice):
        # A slice of names has both of its ends, as in pandas.
        start, stop = (
            names.index(end) if isinstance(end, str) else end
            for end in (columns.start, columns.stop)
        )
        stop = stop + 1 if isinstance(columns.stop, str) else stop
        return list(range(step.n_features_in_))[slice(start, stop, columns.step)]
    given = np.atleast_1d(np.asarray(columns))
    if given.dtype == bool:
        return np.flatnonzero(given).tolist()
    if given.dtype.kind in "iu":
        return np.arange(step.n_features_in_)[given].tolist()
    return [names.index(str(each)) for each in given.tolist()]


def _refused(name: str, step: Estimator, reason: Message) -> InputError:
    kind = type(step).__name__
    named = f"{name} ({kind})" if name else kind
    return InputError("{step} has no place in a network: {reason}", step=named, reason=reason)
