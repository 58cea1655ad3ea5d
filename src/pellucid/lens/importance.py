"""What columns matter: permutation importance, and partial dependence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from pellucid.core import splitmix
from pellucid.core.arrays import as_array
from pellucid.core.metrics import HIGHER_IS_BETTER, METRICS, Metric, target_classes
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.columns import (
    InputColumn,
    column_inputs,
    input_columns,
    input_names,
    with_targets,
)
from pellucid.lens.neurons import SHOWN, as_rows, plain
from pellucid.network import Network
from pellucid.training.choices import choose_loss, is_classification
from pellucid.training.samples import check_rows

_ORDER = 1 << 46  # its stream of random numbers is nobody else's
_NUMBERS = 1 << 22  # numbers of a block of changed rows

Columns: TypeAlias = Mapping[str, int | Sequence[int]]


class PermutationImportance:
    """By how much a score falls when a column is shuffled.

    Attributes
    ----------
    metric, score
        The metric's name, and its value on the rows as they are.
    names
        (C,): what the columns are called.
    scores
        (C, repeats): the metric with that column shuffled.
    importances, means, deviations
        (C, repeats), (C,), (C,): how much worse the shuffled scores are, above 0 where the column
        matters, their means and standard deviations over the repeats.
    """

    def __init__(
        self, metric: str, score: float, names: list[str], scores: Array, higher: bool
    ) -> None:
        self.metric, self.score, self.names, self.scores = metric, score, names, scores
        self.importances = score - scores if higher else scores - score
        self.means, self.deviations = self.importances.mean(axis=1), self.importances.std(axis=1)

    def ranked(self) -> Array:
        """Give the numbers of the columns, the most important first."""
        return np.argsort(-self.means, kind="stable")

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return {
            "metric": self.metric,
            "score": self.score,
            "names": self.names,
            "importances": self.importances.tolist(),
            "means": self.means.tolist(),
            "deviations": self.deviations.tolist(),
        }

    def __str__(self) -> str:
        lines = [
            [self.names[c], f"{self.means[c]:.4f}", f"{self.deviations[c]:.4f}"]
            for c in self.ranked()[:SHOWN].tolist()
        ]
        head = say(
            "{metric} {score:.4f}, and by how much it worsens when a column is shuffled:",
            metric=say("accuracy") if self.metric == "accuracy" else self.metric,
            score=self.score,
        )
        heads = [say("column"), say("mean"), say("deviation")]
        return f"{head}\n{table([heads, *lines], total=False)}"

    __repr__ = __str__


def permutation_importance(
    net: Network,
    x: Any,
    t: Any = None,
    *,
    metric: str | Metric | None = None,
    columns: Columns | None = None,
    repeats: int = 5,
    seed: int = 0,
) -> PermutationImportance:
    """Measure by how much a metric worsens when the numbers of a column are shuffled among the
    rows.

    Breiman 2001, section 10, in the form of Fisher, Rudin and Dominici (2019) that scikit-learn
    has: the score on the rows as they are less the score with one column shuffled, `repeats` times.
    A column that says the same as another seems unimportant, as the other is left. Rows must not be
    those that were learned from, or luck counts as skill.

    Parameters
    ----------
    x, t
        Rows (N, D) or (N, ...), and their targets; or a table, which holds its targets itself where
        t is None.
    metric
        A name from `METRICS`, or a function (y, t) -> number of which more is better; None for
        accuracy, or R2 where targets are values.
    columns
        Names, each with the number or numbers of its inputs, which are shuffled together; None for
        the columns of the table that the network learned from, else for each input by itself.
    repeats, seed
        How often each column is shuffled (5), and from what its orders are drawn.

    Raises InputError for rows, targets, metrics and columns that do not fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0], [0.0]])])
    >>> x = np.arange(20.0).reshape(10, 2)
    >>> found = permutation_importance(net, x, x[:, 0])
    >>> found.score, bool(found.means[0] > 1), float(found.means[1])
    (1.0, True, 0.0)
    """
    x, t = with_targets(net, x, t)
    rows = as_rows(net, x)
    t = check_rows(net.layers, rows, t).t
    name, score, higher = _score(net, t, metric)
    flat = rows.reshape(len(rows), -1)
    groups = _groups(net, columns, flat.shape[1])
    repeats, seed = whole("repeats", repeats), whole("seed", seed, 0)
    ask = make_engine(net.layers).predict
    scores = np.empty((len(groups), repeats))
    for c, inputs in enumerate(groups.values()):
        for r in range(repeats):
            order = splitmix.permutation(splitmix.key(seed, r, c, _ORDER), len(flat))
            scores[c, r] = score(_answers_with(ask, rows, inputs, flat[:, inputs][order]), t)
    return PermutationImportance(name, score(ask(rows), t), list(groups), scores, higher)


class PartialDependence:
    """The mean answer by the numbers of a column.

    Attributes
    ----------
    column, inputs
        What the column is called, and the numbers of its inputs.
    grid, labels
        What the column was set to: (G,) in its own units, or (G, inputs) for a column of several;
        and as texts, which are the names of categories.
    categories
        Whether the column is one of categories.
    answers
        (G, K): the mean of the answers over all rows.
    """

    def __init__(self, column: InputColumn, grid: Array, labels: list[str], answers: Array) -> None:
        self.column, self.inputs, self.categories = (
            column.name,
            column.inputs,
            column.categories is not None,
        )
        self.grid, self.labels, self.answers = grid, labels, answers

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists."""
        return plain(vars(self))

    def __str__(self) -> str:
        K = min(self.answers.shape[1], 8)
        heads = [self.column, *(say("output {k}", k=k) for k in range(K))]
        lines = [
            [label, *(f"{y:.4f}" for y in answers[:K])]
            for label, answers in zip(self.labels, self.answers, strict=True)
        ]
        return table([heads, *lines], total=False)

    __repr__ = __str__


def partial_dependence(
    net: Network, x: Any, column: int | str | Sequence[int], grid: Any = None
) -> PartialDependence:
    """Give the mean answer over rows x as one column is set to each of a grid of numbers (Friedman
    2001, section 8.2).

    Rows are answered that may never occur, where columns belong together; the curve says what the
    network does with them, not what causes what.

    Parameters
    ----------
    x
        Rows, (N, D), or a table where the network learned from one.
    column
        The number of an input, the name of a table's column, or the numbers of several inputs that
        belong together.
    grid
        The numbers to set it to, (G,) in the column's own units, or (G, inputs) for several inputs.
        A whole number: so many, evenly from the 5th to the 95th percentile of the rows, or all that
        occur, where these are no more. None: 20, or all categories of a column of categories. A
        column of a table that can be missing is set to be there.

    Raises InputError for columns and grids that do not fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[2.0], [1.0]])])
    >>> partial_dependence(net, [[0.0, 1.0], [5.0, 3.0]], 0, [0.0, 10.0]).answers
    array([[ 2.],
           [22.]])
    """
    rows = as_rows(net, x)
    flat = rows.reshape(len(rows), -1)
    chosen = _column(net, column, flat.shape[1])
    settings, shown, labels = _grid(flat[:, chosen.inputs], grid, chosen)
    ask = make_engine(net.layers).predict
    answers = []
    for setting in settings:
        y = _answers_with(
            ask, rows, chosen.inputs, np.broadcast_to(setting, (len(rows), len(setting)))
        )
        answers.append(y.mean(axis=0, dtype=np.float64))
    return PartialDependence(chosen, shown, labels, np.array(answers))


def _answers_with(
    ask: Callable[[Array], Array], rows: Array, inputs: list[int], values: Array
) -> Array:
    """Answer the rows, (N, ...), with these inputs set to values (N, inputs), block by block."""
    block = max(1, _NUMBERS // max(rows[0].size, 1))
    dtype = (
        rows.dtype if rows.dtype == values.dtype or rows.dtype.kind == "f" else np.dtype(np.float64)
    )
    answers = []
    for start in range(0, len(rows), block):
        part = rows[start : start + block].astype(dtype)
        part.reshape(len(part), -1)[:, inputs] = values[start : start + block]
        answers.append(ask(part))
    return np.concatenate(answers)


def _score(net: Network, t: Array, metric: str | Metric | None) -> tuple[str, Metric, bool]:
    """Give the metric's name, the metric, and whether more of it is better."""
    if metric is None:
        metric = "accuracy" if is_classification(net, choose_loss(None, net, t), t) else "r2"
    if callable(metric):
        return getattr(metric, "__name__", "score"), metric, True
    if metric not in METRICS:
        raise InputError(
            "a metric is one of {known}, or a function; not {got}",
            known=", ".join(METRICS),
            got=repr(metric),
        )
    if metric == "accuracy":
        return metric, lambda y, t: float(np.mean(net.choose(y) == target_classes(t))), True
    return metric, METRICS[metric], metric in HIGHER_IS_BETTER


def _groups(net: Network, columns: Columns | None, D: int) -> dict[str, list[int]]:
    if columns is None:
        return {column.name: column.inputs for column in input_columns(net)}
    return {str(name): column_inputs(column, D) for name, column in columns.items()}


def _column(net: Network, column: int | str | Sequence[int], D: int) -> InputColumn:
    """Give the column that is meant."""
    known = input_columns(net)
    if isinstance(column, str):
        named = next((found for found in known if found.name == column), None)
        if named is None:
            raise InputError(
                "there is no column {got}; the columns are {known}",
                got=repr(column),
                known=", ".join(found.name for found in known),
            )
        return named
    inputs = column_inputs(column, D)
    names = input_names(net)
    return InputColumn(", ".join(names[i] for i in inputs), inputs)


def _grid(values: Array, grid: Any, column: InputColumn) -> tuple[Array, Array, list[str]]:
    """Give what to set the column's inputs to, (G, inputs), the same in its own units, and as
    texts.
    """
    if grid is None and column.categories is not None:
        settings = np.eye(len(column.inputs))
        return settings, settings, column.categories
    number = column.categories is None and len(column.inputs) == 1 + column.flagged
    offset = column.offset if number else 0.0
    settings = _points(values[:, :1] if number else values, 20 if grid is None else grid, offset)
    labels = [" ".join(f"{value:.4g}" for value in point + offset) for point in settings]
    shown = settings[:, 0] + offset if number else settings
    if number and column.flagged:  # a cell that holds a number is not missing
        settings = np.hstack([settings, np.zeros_like(settings)])
    return settings, shown, labels


def _points(values: Array, grid: Any, offset: float) -> Array:
    """Give the grid as (G, inputs), less the offset: as given, or so many points of the values."""
    if isinstance(grid, (int, np.integer)):
        count = whole("grid", grid)
        known = np.unique(values, axis=0)
        if len(known) <= count:
            return known
        if values.shape[1] > 1:
            raise InputError(
                "a column of several inputs with many values needs a grid: give the values to set"
            )
        low, high = (float(end) for end in np.quantile(values, [0.05, 0.95]))
        return np.linspace(low, high, count)[:, None]
    given = as_array(grid) - offset
    given = given[:, None] if given.ndim == 1 and values.shape[1] == 1 else given
    if (
        given.ndim != 2
        or given.shape[1] != values.shape[1]
        or not len(given)
        or not np.isfinite(given).all()
    ):
        raise InputError(
            "a grid holds finite numbers, {count} for each point; got shape {got}",
            count=values.shape[1],
            got=given.shape,
        )
    return given
