"""A fitted pipeline as one Network.

Scalers become Standardize layers; the layers of the estimator follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted

from pellucid.core.layer import Layer
from pellucid.core.preparation import Standardize
from pellucid.core.types import Array, DTypeLike
from pellucid.errors import InputError, Message
from pellucid.network import Network
from pellucid.sklearn.base import BaseMLP
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.mlp_layers import make_layers


def to_network(model: Estimator) -> Network:
    """Convert a fitted pipeline or estimator to one network, to trace, save and export as a whole.

    Parameters
    ----------
    model
        pellucid's MLPClassifier or MLPRegressor, or scikit-learn's own; alone, or at the end of a
        Pipeline whose other steps are StandardScaler, MinMaxScaler, RobustScaler, MaxAbsScaler or
        "passthrough"; or a search (GridSearchCV) that found one of them.

    The network has copies of the weights, in their floating type. Its inputs are the columns of the
    pipeline, its outputs those of `predict_proba` (of two classes the probability of the second),
    or of a regressor's `predict`.

    Raises InputError for a step that no layer can do, and scikit-learn's NotFittedError before
    `fit`.

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
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
    model = getattr(model, "best_estimator_", model)  # of a search
    steps = list(_steps(model))
    net = _network(*steps[-1])
    front = [layer for name, step in steps[:-1] for layer in _scaler(name, step, net.dtype)]
    return Network([*front, *net.layers], classes=net.classes)


def _steps(model: Estimator, before: str = "") -> Iterator[tuple[str, Estimator]]:
    """Yield the steps of (nested) pipelines with their names."""
    if not isinstance(model, Pipeline):
        yield before, model
        return
    for name, step in model.steps:
        if step is not None and step != "passthrough":
            yield from _steps(step, f"{before}.{name}" if before else name)


def _network(name: str, estimator: Estimator) -> Network:
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


def _scaler(name: str, scaler: Estimator, dtype: DTypeLike) -> list[Layer]:
    """Return the layer (x - mean) / std of a fitted scaler."""
    read = next((found for kind, found in _SCALERS.items() if type(scaler) is kind), None)
    if read is None:
        known = ", ".join(kind.__name__ for kind in _SCALERS)
        raise _refused(
            name, scaler, Message("a step before the last is one of {known}", known=known)
        )
    check_is_fitted(scaler)
    if getattr(scaler, "clip", False):
        raise _refused(name, scaler, Message("no layer clips: create it with clip=False"))
    D = scaler.n_features_in_
    mean, std = read(scaler)
    mean, std = np.zeros(D) if mean is None else mean, np.ones(D) if std is None else std
    return [Standardize(np.asarray(mean, dtype), np.asarray(std, dtype))]


def _of_range(scaler: Estimator) -> tuple[Array, Array]:
    # x scale + minimum, that is (x + minimum / scale) / (1 / scale)
    return -scaler.min_ / scaler.scale_, 1 / scaler.scale_


_SCALERS: dict[type, Callable[[Estimator], tuple[Array | None, Array | None]]] = {
    StandardScaler: lambda scaler: (scaler.mean_ if scaler.with_mean else None, scaler.scale_),
    MinMaxScaler: _of_range,
    RobustScaler: lambda scaler: (scaler.center_, scaler.scale_),
    MaxAbsScaler: lambda scaler: (None, scaler.scale_),
}


def _refused(name: str, step: Estimator, reason: Message) -> InputError:
    kind = type(step).__name__
    named = f"{name} ({kind})" if name else kind
    return InputError("{step} has no place in a network: {reason}", step=named, reason=reason)
