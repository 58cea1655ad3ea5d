"""TableClassifier and TableRegressor: estimators for tables as they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import column_or_1d, validation
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from pellucid.core.losses import Loss
from pellucid.core.schedules import Schedule
from pellucid.core.types import Array
from pellucid.core.uncertainty import known
from pellucid.data.tables import Columns
from pellucid.errors import InputError
from pellucid.sklearn.engine_rows import Inputs
from pellucid.sklearn.table_base import TABLE_PARAMETERS, BaseTableMLP, plain_targets
from pellucid.training.checkpointing import USUAL_INTERVAL
from pellucid.training.settings import Callbacks, ClassWeight


class TableClassifier(ClassifierMixin, BaseTableMLP):
    """A network for the classes of a table's rows: numbers, texts, dates, missing cells and all.

    It is `pl.train_table` with scikit-learn's contract: `Columns.of` decides what each column is,
    `table_mlp` builds the network, `recipes.tables` suggests the training, and with the same seed
    the weights are those of `pellucid train` and `train_table`. Names of parameters are
    scikit-learn's where it has them.

    Parameters
    ----------
    hidden_layer_sizes, activation
        Neurons of each hidden layer, and their activation: scikit-learn's names and those of
        `pl.ACTIVATIONS`.
    preset, dropout
        As for `pl.table_mlp`.
    n_members
        How many networks to train at once, each with weights and an order of rows of its own; their
        predictions are averaged. The default is 1.
    monotonic_cst
        As in HistGradientBoosting: 1, 0 or -1 for each column, or a dict of them by name: with
        columns of 1 the predicted value, or the probability of the second of two classes, may only
        rise, with those of -1 only fall. It holds whatever the weights are.
    loss
        A name from `pl.LOSSES` or an object such as pl.CrossEntropy(label_smoothing=0.1). Default:
        "cross_entropy" of a classifier, "mean_squared_error" of a regressor.
    learning_rate_init, weight_decay, schedule, batch_size, max_iter
        In place of what `recipes.tables` suggests; max_iter is the number of epochs. "auto" and
        None leave it to the recipe.
    class_weight
        A weight for each class: a dict, or "balanced" for equal totals. It also acts on the loss on
        held-out rows, by which the best epoch is chosen.
    validation_fraction
        The share of rows to hold out; the weights of the epoch with the lowest loss on them are
        kept. "auto" (default) is 0.1 from 1,000 rows on and none below; None holds no rows out.
    categories, numbers, dates, ignore
        Names of columns to take for categories, numbers or dates, and to leave out, as in
        `Columns.of`; an array's columns are named x0, x1, ...
    sample_weight, group, time
        Names of columns of X, as in `pl.train_table`: what each row weighs, and which rows are held
        out together or as the latest. The first two are no inputs. (`fit` takes no sample_weight:
        there it would have to equal repeated rows, which no training by batches does.)
    random_state
        A whole number is the seed of weights, split, order and dropout.
    callbacks
        pellucid's callbacks: objects such as pl.EarlyStopping(), or functions of the run.
    engine, threads
        The engine that does the arithmetic, as in `pl.train`.
    verbose
        Whether to show progress on standard error.
    checkpoint, every, resume
        A folder to keep checkpoints in, how often to write one, and whether to resume, as in
        `pl.train_table`: the same `fit` again goes on where it was stopped and ends with the same
        bits; after a finished one it returns at once. It needs a whole number as `random_state`.
        One fit at a time holds the folder, so searches and cross-validation need it left out.

    Attributes
    ----------
    network_
        The `pl.Network`, which takes tables: trace it, save it, export it.
    history_, n_iter_
        The `pl.History`, and how many epochs it has.
    classes_, n_features_in_, feature_names_in_
        As in all of scikit-learn.

    Rows of `predict` must have the columns of `fit` in the same order, as everywhere in
    scikit-learn; `network_.predict` finds them by name.

    >>> import pandas
    >>> X = pandas.DataFrame({"age": [31, 54, None, 18] * 9, "city": ["Seoul", "Busan"] * 18})
    >>> y = [True, False, False, True] * 9
    >>> model = TableClassifier(random_state=0).fit(X, y)
    >>> model.predict(X[:3])
    array([ True, False, False])
    """

    _parameter_constraints = {  # noqa: RUF012
        **TABLE_PARAMETERS,
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }
    _task = "classify"
    classes_: Array

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        activation: str = "relu",
        *,
        preset: str = "tabular",
        dropout: float = 0.1,
        n_members: int = 1,
        monotonic_cst: Sequence[int] | Array | dict[str, int] | None = None,
        loss: str | Loss | None = None,
        learning_rate_init: float | None = None,
        weight_decay: float | None = None,
        schedule: str | Schedule | None = None,
        batch_size: int | str = "auto",
        max_iter: int | None = None,
        class_weight: str | dict[Any, float] | None = None,
        validation_fraction: float | str | None = "auto",
        categories: Sequence[str] = (),
        numbers: Sequence[str] = (),
        dates: Sequence[str] = (),
        ignore: Sequence[str] = (),
        sample_weight: str | None = None,
        group: str | None = None,
        time: str | None = None,
        random_state: int | np.random.RandomState | None = None,
        callbacks: Callbacks | None = None,
        engine: str = "auto",
        threads: int | None = None,
        verbose: bool | int = False,
        checkpoint: str | os.PathLike[str] | None = None,
        every: str = USUAL_INTERVAL,
        resume: bool | str = "auto",
    ) -> None:
        self._keep(locals())

    def predict(self, X: Inputs) -> Array:
        """Return the class of each row, (N,)."""
        y = self._outputs(X)
        return self.classes_[np.argsort(self._places)[self.network_.choose(y)]]

    def predict_proba(self, X: Inputs) -> Array:
        """Return the probability of each class, (N, K) float64, in the order of `classes_`."""
        y = self._outputs(X)[:, self._places].astype(np.float64)
        y /= y.sum(axis=1, keepdims=True)  # in float32 the sum is 1 to 1e-7 only
        return y

    def predict_log_proba(self, X: Inputs) -> Array:
        """Return the logarithms of `predict_proba`."""
        return np.log(self.predict_proba(X))

    def predict_sets(self, X: Inputs, level: float = 0.9) -> Array:
        """Return which classes belong to each row's set, (N, K) bool, in the order of `classes_`.

        The sets hold the right class in a share `level` of the rows at least, by the rows that
        `fit` held out; raises InputError, a ValueError, where it held none out.
        """
        y = self._outputs(X)
        return known(self.network_.uncertainty).chosen(self.network_.layers, y, level)[
            :, self._places
        ]

    def _checked(self, y: Inputs) -> Array:
        y = plain_targets(y)
        check_classification_targets(y)
        y = validation._check_y(y, estimator=self)
        self.classes_ = np.unique(y)
        return y

    def _know(self, columns: Columns) -> None:
        """Find the output of each of `classes_`: as numbers, a table sorts 9 before 10."""
        assert columns.target is not None
        alone = replace(columns, columns=())
        self._places = alone.t({columns.target.name: self.classes_})
        if sorted(self._places) != list(range(columns.outputs)):
            raise InputError(
                "classes {classes} are not all different as cells of a table: give them other "
                "names",
                classes=", ".join(map(repr, self.classes_.tolist())),
            )

    def _class_weight(self) -> ClassWeight | None:
        if self.class_weight is None or isinstance(self.class_weight, str):
            return self.class_weight
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_)
        return [float(each) for each in weights[np.argsort(self._places)]]


class TableRegressor(RegressorMixin, BaseTableMLP):
    """A network for the values of a table's rows: numbers, texts, dates, missing cells and all.

    Parameters and attributes are those of `TableClassifier`, classes aside. Values, one or several
    of a row, are standardized for the training, and losses are in those units; predictions and
    scores are in the target's own.

    >>> import pandas
    >>> X = pandas.DataFrame({"age": [20, 30, 40, 50] * 9, "city": ["Seoul", "Busan"] * 18})
    >>> model = TableRegressor(random_state=0).fit(X, [5, 3, 7, 4] * 9)
    >>> model.predict(X[:3]).round().tolist()
    [5.0, 3.0, 7.0]
    """

    _task = "regress"

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        activation: str = "relu",
        *,
        preset: str = "tabular",
        dropout: float = 0.1,
        n_members: int = 1,
        monotonic_cst: Sequence[int] | Array | dict[str, int] | None = None,
        loss: str | Loss | None = None,
        learning_rate_init: float | None = None,
        weight_decay: float | None = None,
        schedule: str | Schedule | None = None,
        batch_size: int | str = "auto",
        max_iter: int | None = None,
        validation_fraction: float | str | None = "auto",
        categories: Sequence[str] = (),
        numbers: Sequence[str] = (),
        dates: Sequence[str] = (),
        ignore: Sequence[str] = (),
        sample_weight: str | None = None,
        group: str | None = None,
        time: str | None = None,
        random_state: int | np.random.RandomState | None = None,
        callbacks: Callbacks | None = None,
        engine: str = "auto",
        threads: int | None = None,
        verbose: bool | int = False,
        checkpoint: str | os.PathLike[str] | None = None,
        every: str = USUAL_INTERVAL,
        resume: bool | str = "auto",
    ) -> None:
        self._keep(locals())

    def predict(self, X: Inputs) -> Array:
        """Return the value of each row, (N,) float64, or its K values, (N, K)."""
        y = self._outputs(X).astype(np.float64)
        return y[:, 0] if y.shape[1] == 1 else y

    def predict_interval(self, X: Inputs, level: float = 0.9) -> tuple[Array, Array]:
        """Return the lowest and highest value of each row, of the shape of `predict`.

        Between them is the target of a share `level` of the rows, by the rows that `fit` held out;
        raises InputError, a ValueError, where it held none out.
        """
        y = self._outputs(X)
        low, high = known(self.network_.uncertainty).interval(y, level)
        return (low[:, 0], high[:, 0]) if low.shape[1] == 1 else (low, high)

    def _checked(self, y: Inputs) -> Array:
        y = plain_targets(y)
        y = validation._check_y(y, multi_output=True, y_numeric=True, estimator=self)
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        return y.astype(np.float64) if y.dtype == bool else y

    def _know(self, columns: Columns) -> None:
        """Keep nothing: outputs are the predictions."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
