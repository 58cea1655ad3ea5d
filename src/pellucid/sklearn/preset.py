"""preset="tabular".

The network and the recipe that pellucid has for tables, behind scikit-learn's parameters.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
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
from pellucid.core.preparation import SmoothClip, Standardize
from pellucid.core.types import Array, Options
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.sklearn.building import NAMES, each_layer
from pellucid.training import recipes

_NETWORK = {"hidden_layer_sizes": (128, 128), "dropout": 0.1}  # as `tabular_mlp` has them
_FRONTS = ([Standardize, SmoothClip], [Standardize, SmoothClip, PeriodicEmbedding])


class Tabular(NamedTuple):
    """What the preset measured when learning began.

    `front` are the layers before the first Affine one, and `rows` is what the recipe goes by.
    `scale` is mean and deviation of each target, (2, K), or None where targets are learned as they
    are.
    """

    front: list[Layer]
    rows: int
    scale: Any

    @classmethod
    def read(cls, described: Options, layers: list[Layer], K: int) -> Tabular:
        """Give it from what `described` wrote and a network's layers, trusting nothing."""
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
        """Give, as JSON can hold it, what the layers do not tell."""
        return {"rows": self.rows, "scale": None if self.scale is None else self.scale.tolist()}


def front_of(layers: list[Layer]) -> list[Layer]:
    """Give the layers before the first Affine one."""
    return list(takewhile(lambda layer: not isinstance(layer, Affine), layers))


def preset_network(
    estimator: Any, X: Any, y: Array, units: list[int], random_state: np.random.RandomState
) -> tuple[Tabular, list[Array], list[Array]]:
    """Measure rows and targets, and draw the first weights as `tabular_mlp` does, for the first
    hidden activation.

    Where the output is the identity, targets are learned as deviations from their mean, each column
    by itself, and the last Affine layer brings the answers back.
    """
    x = X.toarray() if scipy.sparse.issparse(X) else X
    named = each_layer("activation", estimator.activation, len(units) - 2) or ["relu"]
    seed = int(random_state.randint(2**31))
    net = tabular_mlp(
        x,
        units[-1],
        units[1:-1],
        NAMES.get(named[0], named[0]),
        dropout=0.0,
        seed=seed,
        dtype=X.dtype,
    )
    scale: Any = None
    if estimator.out_activation_ == "identity":
        deviation = y.std(axis=0, dtype=np.float64)
        scale = np.stack([y.mean(axis=0, dtype=np.float64), np.where(deviation == 0, 1, deviation)])
        rescale(net, scale[1], scale[0])
    affine = [layer for layer in net.layers if isinstance(layer, Affine)]
    tabular = Tabular(front_of(net.layers), len(x), scale)
    return tabular, [layer.W for layer in affine], [layer.params[1] for layer in affine]


def hidden_layer_sizes(estimator: Any) -> Any:
    """Give the sizes that a network drawn now has.

    The parameter, or the preset's where that is at its default.
    """
    name = "hidden_layer_sizes"
    return (
        _NETWORK[name]
        if estimator.preset is not None and _is_default(estimator, name)
        else getattr(estimator, name)
    )


def front_and_dropout(estimator: Any) -> tuple[list[Layer], Any]:
    """Give what the network has beside weights, biases and activations.

    The layers in front, and the dropout.
    """
    tabular = estimator._tabular
    if tabular is None:
        return [], estimator.dropout
    return tabular.front, _NETWORK["dropout"] if _is_default(
        estimator, "dropout"
    ) else estimator.dropout


def settings_of(estimator: Any) -> Any:
    """Give the parameters as they hold: the estimator's own; with a preset, its values where those
    are defaults.

    With "sgd" the rate and alpha stay scikit-learn's: the recipe's are AdamW's.
    """
    tabular = estimator._tabular
    if tabular is None:
        return estimator
    recipe = recipes.tables(Network(tabular.front), tabular.rows)
    decided: Options = {**_NETWORK, "max_iter": recipe.epochs, "batch_size": recipe.batch_size}
    decided |= {"schedule": recipe.schedule, "n_iter_no_change": np.inf}
    if estimator.solver != "sgd":
        adamw: Any = recipe.optimizer
        decided |= {"solver": "adamw", "alpha": 0.0, "learning_rate_init": adamw.learning_rate}
        decided |= {"beta_2": adamw.beta_2, "weight_decay": adamw.weight_decay}
    held = {name: value for name, value in decided.items() if _is_default(estimator, name)}
    return SimpleNamespace(**{**estimator.get_params(deep=False), **held})


@contextmanager
def standard_scale(estimator: Any, net: Network) -> Iterator[None]:
    """Let the network answer in deviations from the targets' mean for a while, where the preset
    measured them.
    """
    scale = None if estimator._tabular is None else estimator._tabular.scale
    if scale is None:
        yield
        return
    mean, deviation = scale
    rescale(net, 1 / deviation, -mean / deviation)
    estimator._scale = scale
    try:
        yield
    finally:
        del estimator._scale
        rescale(net, deviation, mean)


def _is_default(estimator: Any, name: str) -> bool:
    kind: Any = type(estimator)
    return np.array_equal(getattr(estimator, name), _defaults(kind)[name])


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    return {
        name: parameter.default for name, parameter in inspect.signature(kind).parameters.items()
    }
