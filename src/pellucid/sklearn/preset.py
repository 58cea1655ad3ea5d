"""preset="tabular": pellucid's network and recipe for tables, behind scikit-learn's parameters."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from pellucid.building import tabular_mlp
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.optimizers import AdamW
from pellucid.core.preparation import SmoothClip, Standardize
from pellucid.core.types import Array, Options
from pellucid.data.tables.cells import LARGEST
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.engine_rows import Given, Inputs
from pellucid.sklearn.mlp_layers import NAMES, Around, each_layer
from pellucid.training import recipes
from pellucid.training.table_loop import ENOUGH

_NETWORK: Options = {"hidden_layer_sizes": (128, 128), "dropout": 0.1}  # those of `tabular_mlp`
_LOST = 1e-4  # share of a column's spread that float32 may round
_FRONTS = ([Standardize, SmoothClip], [Standardize, SmoothClip, PeriodicEmbedding])


class Tabular(NamedTuple):
    """What the preset measured when the training began.

    `front` are the layers before the first Affine one, and `rows` their number for the recipe.
    `end` is the layer that returns from standardized targets to their units, or empty where targets
    are used as they are.
    """

    front: Sequence[Layer]
    rows: int
    end: Sequence[Standardize]

    @classmethod
    def read(cls, described: Options, layers: Sequence[Layer], values: bool) -> Tabular:
        """Check and return what `described` wrote, and the front and the end of a network's layers.

        `values` says whether its outputs are values without an activation.
        """
        front, rows, last = front_of(layers), described["rows"], layers[-1]
        fits = [type(layer) for layer in front] in _FRONTS and type(rows) is int and rows > 0
        if not fits or isinstance(last, Standardize) != values:
            raise InputError("its attribute {name} is malformed", name=repr("tabular"))
        return cls(front, rows, [last] if isinstance(last, Standardize) else [])

    def within(self, layers: Sequence[Layer]) -> Tabular:
        """Return the same measures with the front and the end of these layers, which are copies."""
        ends = layers[len(layers) - len(self.end) :]
        end = [layer for layer in ends if isinstance(layer, Standardize)]
        return self._replace(front=layers[: len(self.front)], end=end)

    def described(self) -> Options:
        """Return, for JSON, what the layers do not hold."""
        return {"rows": self.rows}


def front_of(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers before the first Affine one."""
    return list(takewhile(lambda layer: not isinstance(layer, Affine), layers))


def preset_network(
    estimator: Estimator, X: Inputs, y: Array, units: list[int], draws: np.random.RandomState
) -> tuple[Tabular, list[Array], list[Array]]:
    """Measure rows and targets, and draw the first weights as `tabular_mlp` does.

    Where the output is the identity, targets are standardized for the training, each column by
    itself, and a layer at the end returns to their units. Returns (measures, coefs, intercepts).
    """
    x = X.toarray() if scipy.sparse.issparse(X) else X
    named = each_layer("activation", estimator.activation, len(units) - 2) or ["relu"]
    activation, seed = NAMES.get(named[0], named[0]), int(draws.randint(2**31))
    net = tabular_mlp(x, units[-1], units[1:-1], activation, dropout=0.0, seed=seed, dtype=X.dtype)
    net = net.astype(np.float32) if _fits_float32(x, net) else net
    end: list[Standardize] = []
    if estimator.out_activation_ == "identity":
        std = y.std(axis=0, dtype=np.float64)
        mean, std = y.mean(axis=0, dtype=np.float64), np.where(std == 0, 1, std)
        end = [Standardize.undoing(mean, std, net.dtype)]
    affine = [layer for layer in net.layers if isinstance(layer, Affine)]
    tabular = Tabular(front_of(net.layers), len(x), end)
    return tabular, [layer.W for layer in affine], [layer.params[1] for layer in affine]


def _fits_float32(x: Array, net: Network) -> bool:
    """Return whether float32, in which training is several times as fast, keeps the digits of x.

    It loses 2^-24 of a number: too much of columns that are very large beside their spread.
    """
    first = net.layers[0]
    assert isinstance(first, Standardize)
    varies = (x != x[0]).any(axis=0)
    lost = np.abs(first.mean) * 2.0**-24 / first.std
    return bool((lost[varies] < _LOST).all() and np.abs(x).max() < LARGEST)


def stops_early(estimator: Estimator, X: Inputs, held_out: Given) -> bool:
    """Return whether the best epoch on held-out rows is kept.

    As the parameter says; a preset does so by default, like `train_table`, where there are
    validation data or enough rows to hold `validation_fraction` out, which 0 switches off.
    """
    if estimator.early_stopping or estimator._tabular is None:
        return bool(estimator.early_stopping)
    given = any(part is not None for part in held_out)
    return estimator.validation_fraction > 0 and (given or X.shape[0] >= ENOUGH)


def hidden_layer_sizes(estimator: Estimator) -> int | Sequence[int]:
    """Return the sizes of a network drawn now: the preset's where the parameter is a default."""
    if estimator.preset is not None and _is_default(estimator, "hidden_layer_sizes"):
        return _NETWORK["hidden_layer_sizes"]
    return estimator.hidden_layer_sizes


def around_and_dropout(estimator: Estimator) -> tuple[Around, float | Sequence[float]]:
    """Return the layers before and after those with weights, and the dropout."""
    if estimator._tabular is None:
        return ([], []), estimator.dropout
    dropout = _NETWORK["dropout"] if _is_default(estimator, "dropout") else estimator.dropout
    return (estimator._tabular.front, estimator._tabular.end), dropout


def end_of(estimator: Estimator) -> Sequence[Standardize]:
    """Return the layer, if any, that returns from standardized targets to their units."""
    return () if estimator._tabular is None else estimator._tabular.end


def settings_of(estimator: Estimator) -> Any:
    """Return the parameters in effect: the estimator's, or with a preset its own for defaults.

    With "sgd" the rate and alpha stay scikit-learn's: the recipe's are AdamW's.
    """
    if estimator._tabular is None:
        return estimator
    recipe = recipes.tables(Network(estimator._tabular.front), estimator._tabular.rows)
    decided: Options = {**_NETWORK, "max_iter": recipe.epochs, "batch_size": recipe.batch_size}
    decided |= {"schedule": recipe.schedule, "n_iter_no_change": np.inf, "scoring": "loss"}
    if estimator.solver != "sgd":
        adamw = recipe.optimizer
        assert isinstance(adamw, AdamW)
        decided |= {"solver": "adamw", "alpha": 0.0, "learning_rate_init": adamw.learning_rate}
        decided |= {"beta_2": adamw.beta_2, "weight_decay": adamw.weight_decay}
    in_effect = {name: value for name, value in decided.items() if _is_default(estimator, name)}
    return SimpleNamespace(**{**estimator.get_params(deep=False), **in_effect})


def _is_default(estimator: Estimator, name: str) -> bool:
    kind: Any = type(estimator)
    given, default = np.asarray(getattr(estimator, name)), np.asarray(_defaults(kind)[name])
    # Not np.array_equal: NumPy 2.0's fails for a text beside a number.
    return given.shape == default.shape and bool(np.all(given == default))


@cache
def _defaults(kind: type) -> Options:
    parameters = inspect.signature(kind).parameters
    return {name: parameter.default for name, parameter in parameters.items()}
