"""preset="tabular": pellucid's network and recipe for tables, behind scikit-learn's parameters."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import takewhile
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from pellucid.building import rescale, tabular_mlp
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.optimizers import AdamW
from pellucid.core.preparation import SmoothClip, Standardize
from pellucid.core.types import Array, Options
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.engine_rows import Inputs
from pellucid.sklearn.mlp_layers import NAMES, each_layer
from pellucid.training import recipes

_NETWORK: Options = {"hidden_layer_sizes": (128, 128), "dropout": 0.1}  # those of `tabular_mlp`
_FRONTS = ([Standardize, SmoothClip], [Standardize, SmoothClip, PeriodicEmbedding])


class Tabular(NamedTuple):
    """What the preset measured when the training began.

    `front` are the layers before the first Affine one, and `rows` their number for the recipe.
    `scale` is the mean and standard deviation of each target, (2, K), or None where targets are
    used as they are.
    """

    front: Sequence[Layer]
    rows: int
    scale: Array | None

    @classmethod
    def read(cls, described: Options, layers: Sequence[Layer], K: int) -> Tabular:
        """Check and return what `described` wrote, and the front of a network's layers."""
        front, rows, scale = front_of(layers), described["rows"], described["scale"]
        fits = [type(layer) for layer in front] in _FRONTS and type(rows) is int and rows > 0
        if fits and scale is not None:
            scale = np.array(scale, np.float64)
            fits = scale.shape == (2, K) and bool(np.isfinite(scale).all() and (scale[1] > 0).all())
            fits = fits and isinstance(layers[-1], Affine)
        if not fits:
            raise InputError("its attribute {name} is malformed", name=repr("tabular"))
        return cls(front, rows, scale)

    def described(self) -> Options:
        """Return, for JSON, what the layers do not hold."""
        return {"rows": self.rows, "scale": None if self.scale is None else self.scale.tolist()}


def front_of(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers before the first Affine one."""
    return list(takewhile(lambda layer: not isinstance(layer, Affine), layers))


def preset_network(
    estimator: Estimator, X: Inputs, y: Array, units: list[int], draws: np.random.RandomState
) -> tuple[Tabular, list[Array], list[Array]]:
    """Measure rows and targets, and draw the first weights as `tabular_mlp` does.

    Where the output is the identity, targets are standardized for the training, each column by
    itself, and the last Affine layer returns to their units. Returns (measures, coefs, intercepts).
    """
    x = X.toarray() if scipy.sparse.issparse(X) else X
    named = each_layer("activation", estimator.activation, len(units) - 2) or ["relu"]
    activation, seed = NAMES.get(named[0], named[0]), int(draws.randint(2**31))
    net = tabular_mlp(x, units[-1], units[1:-1], activation, dropout=0.0, seed=seed, dtype=X.dtype)
    scale: Array | None = None
    if estimator.out_activation_ == "identity":
        std = y.std(axis=0, dtype=np.float64)
        scale = np.stack([y.mean(axis=0, dtype=np.float64), np.where(std == 0, 1, std)])
        rescale(net, scale[1], scale[0])
    affine = [layer for layer in net.layers if isinstance(layer, Affine)]
    tabular = Tabular(front_of(net.layers), len(x), scale)
    return tabular, [layer.W for layer in affine], [layer.params[1] for layer in affine]


def hidden_layer_sizes(estimator: Estimator) -> int | Sequence[int]:
    """Return the sizes of a network drawn now: the preset's where the parameter is a default."""
    if estimator.preset is not None and _is_default(estimator, "hidden_layer_sizes"):
        return _NETWORK["hidden_layer_sizes"]
    return estimator.hidden_layer_sizes


def front_and_dropout(estimator: Estimator) -> tuple[Sequence[Layer], float | Sequence[float]]:
    """Return the layers in front of the first weights, and the dropout."""
    if estimator._tabular is None:
        return [], estimator.dropout
    default = _is_default(estimator, "dropout")
    return estimator._tabular.front, _NETWORK["dropout"] if default else estimator.dropout


def settings_of(estimator: Estimator) -> Any:
    """Return the parameters in effect: the estimator's, or with a preset its own for defaults.

    With "sgd" the rate and alpha stay scikit-learn's: the recipe's are AdamW's.
    """
    if estimator._tabular is None:
        return estimator
    recipe = recipes.tables(Network(estimator._tabular.front), estimator._tabular.rows)
    decided: Options = {**_NETWORK, "max_iter": recipe.epochs, "batch_size": recipe.batch_size}
    decided |= {"schedule": recipe.schedule, "n_iter_no_change": np.inf}
    if estimator.solver != "sgd":
        adamw = recipe.optimizer
        assert isinstance(adamw, AdamW)
        decided |= {"solver": "adamw", "alpha": 0.0, "learning_rate_init": adamw.learning_rate}
        decided |= {"beta_2": adamw.beta_2, "weight_decay": adamw.weight_decay}
    in_effect = {name: value for name, value in decided.items() if _is_default(estimator, name)}
    return SimpleNamespace(**{**estimator.get_params(deep=False), **in_effect})


@contextmanager
def standard_scale(estimator: Estimator, net: Network) -> Iterator[None]:
    """Scale a network's outputs to standardized targets within, where the preset measured them."""
    scale = None if estimator._tabular is None else estimator._tabular.scale
    if scale is None:
        yield
        return
    mean, std = scale
    rescale(net, 1 / std, -mean / std)
    estimator._scale = scale  # scorers see units even now: `MLPRegressor._in_units` looks here
    try:
        yield
    finally:
        del estimator._scale
        rescale(net, std, mean)


def _is_default(estimator: Estimator, name: str) -> bool:
    kind: Any = type(estimator)
    return np.array_equal(getattr(estimator, name), _defaults(kind)[name])


@cache
def _defaults(kind: type) -> Options:
    parameters = inspect.signature(kind).parameters
    return {name: parameter.default for name, parameter in parameters.items()}
