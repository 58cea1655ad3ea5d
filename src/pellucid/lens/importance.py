"""The columns that matter: permutation importance and partial dependence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core import splitmix
from pellucid.core.arrays import as_array
from pellucid.core.metrics import HIGHER_IS_BETTER, METRICS, Metric, target_classes
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens import input_columns
from pellucid.lens.input_columns import InputColumn, RowsLike
from pellucid.lens.neurons import SHOWN, as_rows
from pellucid.lens.report import Report
from pellucid.network import Network
from pellucid.training.choices import choose_loss, is_classification
from pellucid.training.sample_checks import check_rows

_ORDER = 1 << 46  # the stream of random numbers of shuffles; every use has its own
_NUMBERS = 1 << 22  # numbers in a block of changed rows: 32 MB of float64

Predict = Callable[[Array], Array]


@dataclass(eq=False, repr=False)
class PermutationImportance(Report):
    """How much a score worsens when a column is shuffled.

    Attributes
    ----------
    metric, score
        The metric's name, and its value on the rows as they are.
    names
        (C,): the names of the columns.
    scores
        (C, repeats): the metric with that column shuffled.
    importances, means, stds
        (C, repeats), (C,), (C,): how much worse the shuffled scores are, above 0 where the column
        matters, their means and standard deviations over the repeats.
    """

    metric: str
    score: float
    names: list[str]
    scores: Array
    higher: InitVar[bool]
    importances: Array = field(init=False)
    means: Array = field(init=False)
    stds: Array = field(init=False)

    def __post_init__(self, higher: bool) -> None:
        self.importances = self.score - self.scores if higher else self.scores - self.score
        self.means, self.stds = self.importances.mean(axis=1), self.importances.std(axis=1)

    def ranked(self) -> Array:
        """Return the indices of the columns, the most important first."""
        return np.argsort(-self.means, kind="stable")

    def __str__(self) -> str:
        lines = [[say("column"), say("mean"), say("standard deviation")]]
        top, columns = self.ranked()[:SHOWN], (self.means, self.stds)
        lines += [[self.names[c], *(f"{column[c]:.4f}" for column in columns)] for c in top]
        metric = say("accuracy") if self.metric == "accuracy" else self.metric
        template = "{metric} {score:.4f}, and how much it worsens when a column is shuffled:"
        head = say(template, metric=metric, score=self.score)
        return f"{head}\n{table(lines, total=False)}"


def permutation_importance(
    net: Network,
    x: RowsLike,
    t: ArrayLike | None = None,
    *,
    metric: str | Metric | None = None,
    columns: Mapping[str, int | Sequence[int]] | None = None,
    repeats: int = 5,
    seed: int = 0,
) -> PermutationImportance:
    """Measure how much a metric worsens when the values of a column are shuffled among the rows.

    Breiman, "Random forests", 2001, section 10, in the form of Fisher, Rudin and Dominici (2019)
    that scikit-learn implements: the score on the rows as they are minus the score with one column
    shuffled, `repeats` times. A column seems unimportant if another holds the same information.
    Use held-out rows: on training rows, overfitting counts as importance.

    Parameters
    ----------
    x, t
        Rows (N, D) or (N, ...), and their targets; or a table, which holds its own targets where t
        is None.
    metric
        A name from `METRICS`, or a function (y, t) -> number, higher is better; None for accuracy,
        or R2 where targets are values.
    columns
        Names, each with the index or indices of its inputs, which are shuffled together; None for
        the columns of the training table, else for each input by itself.
    repeats, seed
        The number of shuffles of each column (5), and the seed of their orders.

    Raises InputError for rows, targets, metrics and columns that do not fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0], [0.0]])])
    >>> x = np.arange(20.0).reshape(10, 2)
    >>> found = permutation_importance(net, x, x[:, 0])
    >>> found.score, bool(found.means[0] > 1), float(found.means[1])
    (1.0, True, 0.0)
    """
    numbers, targets = input_columns.with_targets(net, x, t)
    rows = as_rows(net, numbers)
    t = check_rows(net.layers, rows, targets).t
    name, score, higher = _score(net, t, metric)
    flat = rows.reshape(len(rows), -1)
    groups = _groups(net, columns, flat.shape[1])
    repeats, seed = whole("repeats", repeats), whole("seed", seed, 0)
    predict = make_engine(net.layers).predict
    scores = np.empty((len(groups), repeats))
    for c, inputs in enumerate(groups.values()):
        for r in range(repeats):
            # An order depends on seed, repeat and column: more repeats keep the first ones.
            order = splitmix.permutation(splitmix.key(seed, r, c, _ORDER), len(flat))
            y = _predict_with(predict, rows, inputs, flat[:, inputs][order])
            scores[c, r] = score(y, t)
    return PermutationImportance(name, score(predict(rows), t), list(groups), scores, higher)


@dataclass(eq=False, repr=False)
class PartialDependence(Report):
    """The mean output by the value of a column.

    Attributes
    ----------
    column, inputs, categories
        The name of the column, the indices of its inputs, and whether it is categorical.
    grid, labels
        The values that the column was set to: (G,) in its own units, or (G, inputs) for a column
        of several inputs; and as texts, which are names for categories.
    outputs
        (G, K): the mean of the outputs over all rows.
    """

    column: str
    inputs: list[int]
    categories: bool
    grid: Array
    labels: list[str]
    outputs: Array

    def __str__(self) -> str:
        K = min(self.outputs.shape[1], 8)  # eight outputs fit a line of 100 characters
        lines = [[self.column, *(say("output {k}", k=k) for k in range(K))]]
        for label, y in zip(self.labels, self.outputs[:, :K].tolist(), strict=True):
            lines.append([label, *(f"{value:.4f}" for value in y)])
        return table(lines, total=False)


def partial_dependence(
    net: Network,
    x: RowsLike,
    column: int | str | Sequence[int],
    grid: int | ArrayLike | None = None,
) -> PartialDependence:
    """Compute the mean output over rows x as one column is set to each value of a grid.

    Friedman, "Greedy function approximation", 2001, section 8.2. Where columns depend on each
    other, some rows may be impossible; the curve describes the network, not causes.

    Parameters
    ----------
    x
        Rows, (N, D), or a table where the network was trained on one.
    column
        The index of an input, the name of a table's column, or the indices of several inputs that
        belong together.
    grid
        The values, (G,) in the column's own units, or (G, inputs) for several inputs. An integer:
        that many, evenly from the 5th to the 95th percentile of the rows, or all distinct values if
        there are no more. None: 20, or all categories of a categorical column. Missing cells of the
        column are replaced like all others.

    Raises InputError for columns and grids that do not fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[2.0], [1.0]])])
    >>> partial_dependence(net, [[0.0, 1.0], [5.0, 3.0]], 0, [0.0, 10.0]).outputs
    array([[ 2.],
           [22.]])
    """
    rows = as_rows(net, x)
    flat = rows.reshape(len(rows), -1)
    chosen = _column(net, column, flat.shape[1])
    settings, shown, labels = _grid(flat[:, chosen.inputs], grid, chosen)
    predict = make_engine(net.layers).predict
    means = []
    for setting in settings:
        y = _predict_with(predict, rows, chosen.inputs, setting)
        means.append(y.mean(axis=0, dtype=np.float64))
    categories = chosen.categories is not None
    return PartialDependence(chosen.name, chosen.inputs, categories, shown, labels, np.array(means))


def _predict_with(predict: Predict, rows: Array, inputs: list[int], values: Array) -> Array:
    """Predict the rows, (N, ...), with these inputs set to values, one row or N, in blocks."""
    values = np.broadcast_to(values, (len(rows), len(inputs)))
    block = max(1, _NUMBERS // max(rows[0].size, 1))
    # Bytes cannot hold a grid's values between whole numbers.
    keep = rows.dtype == values.dtype or rows.dtype.kind == "f"
    dtype = rows.dtype if keep else np.dtype(np.float64)
    outputs = []
    for start in range(0, len(rows), block):
        part = rows[start : start + block].astype(dtype)
        part.reshape(len(part), -1)[:, inputs] = values[start : start + block]
        outputs.append(predict(part))
    return np.concatenate(outputs)


def _score(net: Network, t: Array, metric: str | Metric | None) -> tuple[str, Metric, bool]:
    """Return the metric's name, the metric, and whether higher is better."""
    if metric is None:
        metric = "accuracy" if is_classification(net, choose_loss(None, net, t), t) else "r2"
    if callable(metric):
        return getattr(metric, "__name__", "score"), metric, True
    if metric not in METRICS:
        template = "metric is one of {known}, or a function; got {got}"
        raise InputError(template, known=", ".join(METRICS), got=repr(metric))
    if metric == "accuracy":
        # The network chooses: a logit's threshold is 0, a sigmoid's 0.5.
        return metric, lambda y, t: float(np.mean(net.choose(y) == target_classes(t))), True
    return metric, METRICS[metric], metric in HIGHER_IS_BETTER


def _groups(
    net: Network, columns: Mapping[str, int | Sequence[int]] | None, D: int
) -> dict[str, list[int]]:
    if columns is None:
        return {column.name: column.inputs for column in input_columns.input_columns(net)}
    return {str(name): input_columns.column_inputs(column, D) for name, column in columns.items()}


def _column(net: Network, column: int | str | Sequence[int], D: int) -> InputColumn:
    """Return the column of that name or of those inputs."""
    if isinstance(column, str):
        known = {found.name: found for found in input_columns.input_columns(net)}
        if column not in known:
            template = "there is no column {got}; the columns are {known}"
            raise InputError(template, got=repr(column), known=", ".join(known))
        return known[column]
    inputs, names = input_columns.column_inputs(column, D), input_columns.input_names(net)
    return InputColumn(", ".join(names[i] for i in inputs), inputs)


def _grid(
    values: Array, grid: int | ArrayLike | None, column: InputColumn
) -> tuple[Array, Array, list[str]]:
    """Return the column's inputs, (G, inputs), the same in the column's own units, and as texts."""
    if grid is None and column.categories is not None:
        if column.indexed:
            settings = np.arange(len(column.categories), dtype=float)[:, None]
            return settings, settings[:, 0], column.categories
        settings = np.eye(len(column.inputs))  # one category at a time, one-hot
        return settings, settings, column.categories
    count = 20 if grid is None else grid
    if column.numeric:
        shown = _points(values[:, :1], count, column.offset)[:, 0] + column.offset
        texts = [column.text(v) if column.dates else f"{v:.4g}" for v in shown.tolist()]
        return column.settings(shown), shown, texts
    settings = _points(values, count, 0.0)
    labels = [" ".join(f"{value:.4g}" for value in point) for point in settings]
    return settings, settings, labels


def _points(values: Array, grid: int | ArrayLike, offset: float) -> Array:
    """Return the grid as (G, inputs) minus the offset: as given, or that many points of values."""
    if isinstance(grid, (int, np.integer)):
        count = whole("grid", grid)
        known = np.unique(values, axis=0)
        if len(known) <= count:
            return known
        if values.shape[1] > 1:
            raise InputError("a column of several inputs with many values needs a grid: pass one")
        # Without the outer 10 % of the rows: few rows support the curve there.
        low, high = (float(end) for end in np.quantile(values, [0.05, 0.95]))
        return np.linspace(low, high, count)[:, None]
    given, count = as_array(grid) - offset, values.shape[1]
    given = given[:, None] if given.ndim == 1 and count == 1 else given
    fits = given.ndim == 2 and given.shape[1] == count and len(given) > 0
    if not fits or not np.isfinite(given).all():
        template = "a grid holds finite numbers, {count} for each point; got shape {got}"
        raise InputError(template, count=count, got=given.shape)
    return given
