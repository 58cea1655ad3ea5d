"""What the classifier and the regressor for tables share: rows as a table, the fit, the network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state, validation
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from pellucid.building import PRESETS, table_mlp
from pellucid.core import ACTIVATIONS
from pellucid.core.arrays import check_unmasked
from pellucid.core.losses import LOSSES
from pellucid.core.optimizers import Optimizer
from pellucid.core.types import Array, Options
from pellucid.data.tables import Columns, TableSource, read_table
from pellucid.data.tables.dataframes import is_frame
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.sklearn.contracts import PARAMETERS
from pellucid.sklearn.engine_rows import Inputs
from pellucid.sklearn.mlp_layers import NAMES, hidden_sizes
from pellucid.sklearn.resuming import checkpointing_of
from pellucid.sklearn.table_files import SavingTables, feature_names
from pellucid.training import History, Settings, recipes
from pellucid.training.settings import ClassWeight
from pellucid.training.table_loop import train_on_table
from pellucid.training.table_roles import Roles

_COUNT = Interval(Integral, 1, None, closed="left")
_AS_THERE = (
    *("hidden_layer_sizes", "schedule", "random_state", "callbacks", "engine", "threads"),
    *("checkpoint", "every", "resume"),
)
_LISTS = "categories", "numbers", "dates", "ignore"
_ROLES = "sample_weight", "group", "time"

TABLE_PARAMETERS: Options = {
    **{name: PARAMETERS[name] for name in _AS_THERE},
    "activation": [StrOptions({*NAMES, *ACTIVATIONS})],
    "preset": [StrOptions(set(PRESETS))],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "n_members": [_COUNT],
    "loss": [StrOptions(set(LOSSES)), HasMethods(["value", "gradient"]), None],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither"), None],
    "weight_decay": [Interval(Real, 0, None, closed="left"), None],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "max_iter": [_COUNT, None],
    "validation_fraction": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="neither"), None],
    "verbose": ["verbose"],
    "monotonic_cst": ["array-like", dict, None],
    **{name: ["array-like"] for name in _LISTS},
    **{name: [str, None] for name in _ROLES},
}


class BaseTableMLP(SavingTables, ABC, BaseEstimator):
    """A network for tables with scikit-learn's contract; see `TableClassifier`."""

    _parameter_constraints: Options = TABLE_PARAMETERS
    _task: str
    network_: Network
    history_: History
    n_features_in_: int

    def _keep(self, given: Options) -> None:
        """Keep the constructor's arguments as they are; `fit` checks them."""
        own = {name: value for name, value in given.items() if name not in ("self", "__class__")}
        self.__dict__.update(own)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Inputs, y: Inputs) -> Self:
        """Train on the rows of a table X and their targets y, (N,), of a regressor also (N, K).

        X is a dataframe of pandas, Polars or PyArrow, an array (N, D), or a list of rows; cells may
        be numbers, texts, truth values, dates, or missing. `pl.Columns.of` has the rules by which
        columns become numbers. Raises InputError, a ValueError, that names row and column of a cell
        that cannot be used.
        """
        sizes = hidden_sizes(self.hidden_layer_sizes)
        check_unmasked(y)
        if y is None:  # scikit-learn's error
            validation.validate_data(self, X, y, skip_check_array=True)
        table = read_table(self._source(X, reset=True))
        given, y = y, self._checked(y)
        validation.check_consistent_length(X, y)
        cells = y.reshape(len(y), -1).T
        targets = _target_names(given, len(cells), table.columns)
        for name, values in zip(targets, cells, strict=True):
            table = table.joined(name, values)
        lists = {name: [str(each) for each in getattr(self, name)] for name in _LISTS}
        roles = Roles(self.sample_weight, self.group, self.time)
        lists["ignore"] += filter(None, (roles.sample_weight, roles.group))  # as the command does
        columns = Columns.of(table, targets, task=self._task, **lists)
        self._know(columns)
        seed = _seed(self.random_state)
        activation = str(NAMES.get(self.activation, self.activation))
        options: Options = {"preset": self.preset, "dropout": self.dropout, "seed": seed}
        options["members"] = int(self.n_members)
        net = table_mlp(columns, sizes, activation, **options, **self._order())
        settings = self._settings(net, columns.rows, seed)
        share = self.validation_fraction
        self.history_ = train_on_table(net, table, settings, share, roles=roles)
        self.network_, self.n_iter_ = net, len(self.history_)
        return self

    def _order(self) -> Options:
        """Return the columns of `monotonic_cst` by the names that `table_mlp` has for them."""
        given, names = self.monotonic_cst, feature_names(self)
        if given is None:
            return {}
        if not isinstance(given, dict) and len(given) != len(names):
            raise InputError(
                "monotonic_cst must have a number for each of the {count} columns, got {got}",
                count=len(names),
                got=len(given),
            )
        order = given if isinstance(given, dict) else dict(zip(names, given, strict=True))
        if wrong := [value for value in order.values() if value not in (-1, 0, 1)]:
            template = "monotonic_cst must be made of 1, 0 and -1, got {got}"
            raise InputError(template, got=repr(wrong[0]))
        # The second of `classes_` may be the first of the table's, which sorts 9 before 10
        turned = -1 if list(getattr(self, "_places", ())) == [1, 0] else 1
        return {
            name: [str(column) for column, value in order.items() if value == sign * turned]
            for name, sign in (("increasing", 1), ("decreasing", -1))
        }

    def _settings(self, net: Network, rows: int, seed: int) -> Settings:
        recipe = recipes.tables(net, rows)
        return Settings(
            loss=self.loss,
            optimizer=self._optimizer(recipe.optimizer),
            schedule=self.schedule,
            epochs=self.max_iter,
            batch_size=None if self.batch_size == "auto" else self.batch_size,
            class_weight=self._class_weight(),
            callbacks=() if self.callbacks is None else self.callbacks,
            seed=seed,
            engine=self.engine,
            threads=self.threads,
            progress=bool(self.verbose),
            checkpoint=checkpointing_of(self),
        )

    def _optimizer(self, usual: Optimizer) -> Optimizer:
        """Return the recipe's optimizer with the rate and decay that were passed, if any."""
        own = {"learning_rate": self.learning_rate_init, "weight_decay": self.weight_decay}
        given = {name: value for name, value in own.items() if value is not None}
        return type(usual)(**{**usual.options(), **given})

    def _outputs(self, X: Inputs) -> Array:
        """Return the network's outputs for the rows of X, (N, K)."""
        validation.check_is_fitted(self, "network_")
        return self.network_.predict(self._source(X))

    def _source(self, X: Inputs, reset: bool = False) -> TableSource:
        """Return X as `read_table` takes it, its columns with the names of `feature_names`.

        With `reset`, scikit-learn's facts about X (names and number of columns) are set, else they
        are checked.
        """
        least = 2 if reset else 1  # rows
        if not is_frame(X):
            checks: Options = {"ensure_all_finite": "allow-nan", "ensure_min_samples": least}
            X = _without_mask(X)
            X = validation.validate_data(self, X, dtype=None, reset=reset, **checks)
            return {name: X[:, place] for place, name in enumerate(feature_names(self))}
        if not hasattr(X, "__len__"):
            read_table(X)  # raises the error of a lazy frame
        validation.validate_data(self, X, reset=reset, skip_check_array=True)
        if len(X) < least:
            raise ValueError(  # scikit-learn's words
                f"Found array with {len(X)} sample(s) (shape={X.shape}) while a minimum of {least} "
                f"is required by {type(self).__name__}."
            )
        names = feature_names(self)
        if hasattr(X, "set_axis") and not all(isinstance(name, str) for name in X.columns):
            X = X.set_axis(names, axis=1)  # pandas' columns without names: 0, 1, ...
        # Those of X itself have been checked, and `predict` is fast for one row of a dataframe.
        return X if hasattr(self, "feature_names_in_") else read_table(X).named(names)

    @abstractmethod
    def _checked(self, y: Inputs) -> Array:
        """Return validated targets, (N,) or (N, K)."""

    @abstractmethod
    def _know(self, columns: Columns) -> None:
        """Keep how outputs become predictions; raise InputError where the columns do not fit."""

    def _class_weight(self) -> ClassWeight | None:
        return None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def _html_repr(self) -> str:
        own = str(super()._html_repr())
        return own + (self.network_._repr_html_() or "") if hasattr(self, "network_") else own


def _without_mask(X: Inputs) -> Inputs:
    """Return an array whose masked cells are missing: scikit-learn would only take off the mask."""
    if not isinstance(X, np.ma.MaskedArray):
        return X
    missing: Any = {"f": np.nan, "M": np.datetime64("NaT")}.get(X.dtype.kind)
    return np.where(np.ma.getmaskarray(X), missing, X.data)


def _target_names(y: Inputs, count: int, columns: Sequence[str]) -> list[str]:
    """Return names for columns of targets: those that a dataframe or series has, if it has any."""
    own = list(getattr(y, "columns", [getattr(y, "name", None)]))
    if len(set(own)) != count or not all(isinstance(name, str) and name for name in own):
        own = ["target"] if count == 1 else [f"target{k}" for k in range(count)]
    return [_unused(name, columns) for name in own]


def _unused(name: str, columns: Sequence[str]) -> str:
    """Return a name for the target that no column has."""
    return name if name not in columns else _unused(name + "_", columns)


def plain_targets(y: Inputs) -> Inputs:
    """Return a nullable column of pandas without missing cells as an array of its type."""
    kind = getattr(getattr(y, "dtype", None), "numpy_dtype", None)
    return y if kind is None or y.isna().any() else y.to_numpy(kind)


def _seed(random_state: Any) -> int:
    """Return a whole number itself, so that `pl.train_table(seed=...)` draws the same."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))
