"""Two networks side by side: their weights, their predictions, and which is right more often."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core import checks
from pellucid.core.metrics import mean_absolute_error, r2, target_classes, wilson
from pellucid.core.targets import target_values
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import make_engine
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.input_columns import RowsLike
from pellucid.lens.neurons import SHOWN, as_rows
from pellucid.lens.report import Report
from pellucid.network import Network
from pellucid.training.choices import check_network, choose_loss, is_classification
from pellucid.training.sample_checks import check_rows


class ArrayDifference(NamedTuple):
    """The difference b - a of one array of both networks, by layer index, layer type and name.

    `largest` is the largest absolute difference, `relative` the norm of the difference divided by
    the norm of a (None where that is 0), `cosine` the cosine of the angle between the two (None
    where one is 0).
    """

    layer: int
    type: str
    name: str
    shape: tuple[int, ...]
    largest: float
    relative: float | None
    cosine: float | None


class McNemar(NamedTuple):
    """McNemar's test: do two accuracies on the same rows differ by more than chance?

    `only_a` and `only_b` count the rows that only one network got right; `p` is the exact two-sided
    p-value (McNemar 1947): the chance that a fair coin falls at least that unevenly. `difference`
    is b's accuracy minus a's, and `interval` its 95 % interval (Agresti and Min 2005, section 2.4:
    Wald's after half a row is added to each count).
    """

    only_a: int
    only_b: int
    p: float
    difference: float
    interval: tuple[float, float]


@dataclass(eq=False, repr=False)
class Comparison(Report):
    """The result of `compare` for networks a and b. Attributes that do not apply are None.

    Attributes
    ----------
    weights
        An `ArrayDifference` for each array with the same place and shape in both.
    unmatched
        Names ("2 Affine W") of the arrays of either without a match.
    same_layers
        Whether both have the same types of layers with arrays of the same shapes.
    rows, largest, mean
        With rows: their number, and the largest and mean absolute difference between the outputs
        (of networks with the same number of outputs).
    predictions_a, predictions_b
        With rows: the predicted classes of each (N,), or for values the outputs (N, K).
    agreement, agreement_interval, differing
        For classes: the share of rows with the same prediction, its 95 % interval (Wilson 1927),
        and the indices of the other rows.
    accuracy_a, accuracy_b, interval_a, interval_b, test
        With targets that are classes: the accuracy of each with its 95 % interval, and a `McNemar`
        test.
    r2_a, r2_b, error_a, error_b
        With targets that are values: R2 and mean absolute error of each.
    """

    # `to_dict` has the metrics; of the rows, only `differing`.
    LEFT_OUT = ("predictions_a", "predictions_b")

    weights: list[ArrayDifference]
    unmatched: list[str]
    same_layers: bool
    rows: int = 0
    largest: float | None = None
    mean: float | None = None
    predictions_a: Array | None = None
    predictions_b: Array | None = None
    agreement: float | None = None
    agreement_interval: tuple[float, float] | None = None
    differing: Array | None = None
    accuracy_a: float | None = None
    accuracy_b: float | None = None
    interval_a: tuple[float, float] | None = None
    interval_b: tuple[float, float] | None = None
    test: McNemar | None = None
    r2_a: float | None = None
    r2_b: float | None = None
    error_a: float | None = None
    error_b: float | None = None

    def __str__(self) -> str:
        parts = (self._weights_text(), self._predictions_text(), self._targets_text())
        return "\n\n".join(part for part in parts if part)

    def weight_lines(self, most: int) -> list[list[str]]:
        """Return the cells of at most `most` arrays.

        Each line has name, shape, largest difference, relative difference and cosine.
        """
        lines = []
        for line in self.weights[:most]:
            relative = "-" if line.relative is None else f"{line.relative:.2%}"
            cosine = "-" if line.cosine is None else f"{line.cosine:.4f}"
            name = f"{line.layer} {line.type} {line.name}"
            lines.append([name, str(line.shape), f"{line.largest:.4g}", relative, cosine])
        return lines

    def _weights_text(self) -> str:
        heads = [say("array"), say("shape"), say("largest difference"), say("relative")]
        lines = self.weight_lines(SHOWN)
        parts = [table([[*heads, say("cosine")], *lines], total=False)] if lines else []
        if self.unmatched:
            names = ", ".join(self.unmatched)
            parts.append(say("only in one of them: {names}", names=names))
        return "\n".join(parts)

    def _predictions_text(self) -> str:
        if not self.rows:
            return ""
        if self.largest is None or self.mean is None:
            text = say("{rows:,} rows, but different numbers of outputs", rows=self.rows)
        else:
            template = (
                "outputs for {rows:,} rows: largest difference {largest:.4g}, mean {mean:.4g}"
            )
            text = say(template, **vars(self))
        if self.agreement is None or self.agreement_interval is None or self.differing is None:
            return text
        template = (
            "same class in {share:.2%} (95 % interval {low:.2%} to {high:.2%}); {count:,} rows "
            "differ"
        )
        (low, high), count = self.agreement_interval, len(self.differing)
        return f"{text}\n{say(template, share=self.agreement, low=low, high=high, count=count)}"

    def _targets_text(self) -> str:
        if self.r2_a is not None:
            template = "R2 {a:.4f} and {b:.4f}, mean absolute error {error_a:.4g} and {error_b:.4g}"
            return say(template, a=self.r2_a, b=self.r2_b, **vars(self))
        if self.test is None:
            return ""
        template = (
            "accuracy {a:.2%} and {b:.2%}; difference {difference:+.2%} (95 % interval {low:+.2%} "
            "to {high:+.2%}); only the first is right in {only_a:,} rows, only the second in "
            "{only_b:,}: p = {p:.3g} (McNemar, exact)"
        )
        (low, high), test = self.test.interval, self.test._asdict()
        return say(template, a=self.accuracy_a, b=self.accuracy_b, low=low, high=high, **test)


def compare(
    a: Network, b: Network, x: RowsLike | None = None, t: ArrayLike | None = None
) -> Comparison:
    """Compare two networks: their weights; with rows x their predictions; with targets t both.

    Rows, (N, ...), must fit both networks; each row passes through each network once. Targets are
    classes (N,) or (N, K), or values. A table is turned into numbers by the first network's
    columns. Raises InputError for rows or targets that do not fit.

    >>> import pellucid as pl
    >>> a = pl.Network([pl.Affine([[1.0]]), pl.Sigmoid()])
    >>> b = pl.Network([pl.Affine([[2.0]]), pl.Sigmoid()])
    >>> found = compare(a, b, [[-1.0], [0.0], [1.0]], [0, 0, 1])
    >>> found.weights[0].largest, found.agreement, round(found.accuracy_b, 3), found.test.p
    (1.0, 1.0, 0.667, 1.0)
    """
    check_network(a)
    check_network(b)
    weights, unmatched = _compare_arrays(a, b)
    kinds = [[type(layer) for layer in net.layers] for net in (a, b)]
    found = Comparison(weights, unmatched, not unmatched and kinds[0] == kinds[1])
    if x is None:
        if t is not None:
            raise InputError("targets t need their rows: pass x, too")
        return found
    # Both networks are given the same numbers, prepared by the first one's columns.
    rows = as_rows(a, x)
    checks.check_input(b.layers, rows)
    checks.check_scaled(b.layers, rows)
    y_a, y_b = make_engine(a.layers).predict(rows), make_engine(b.layers).predict(rows)
    found.rows = len(rows)
    if y_a.shape == y_b.shape:
        # float64, so that the difference of close float32 outputs is exact.
        gaps = np.abs(y_b.astype(np.float64) - y_a)
        found.largest, found.mean = float(gaps.max()), float(gaps.mean())
    targets = None if t is None else check_rows(a.layers, rows, t).t
    if all(_predicts_classes(net, targets) for net in (a, b)):
        classes = None if targets is None else target_classes(targets)
        _compare_classes(found, a.choose(y_a), b.choose(y_b), classes)
    else:
        _compare_values(found, y_a, y_b, targets)
    return found


def mcnemar(right_a: Array, right_b: Array) -> McNemar:
    """Test whether two accuracies on the same rows, (N,) booleans each, differ by chance."""
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    N, n = len(right_a), only_a + only_b
    # Twice P(X <= k) for n throws of a fair coin, through logarithms of factorials, which do not
    # overflow for any n.
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    k = np.arange(min(only_a, only_b) + 1)
    logs = factorials[n] - factorials[k] - factorials[n - k] - n * math.log(2)
    p = min(1.0, 2 * float(np.exp(logs).sum()))
    # Agresti and Min's interval: z is the normal distribution's 97.5 % quantile, and half a row in
    # each of the four cells of the table makes N + 2.
    z, plus_a, plus_b, plus_N = 1.959963984540054, only_a + 0.5, only_b + 0.5, N + 2
    middle = (plus_b - plus_a) / plus_N
    half = z * math.sqrt(plus_a + plus_b - (plus_b - plus_a) ** 2 / plus_N) / plus_N
    interval = max(-1.0, middle - half), min(1.0, middle + half)
    return McNemar(only_a, only_b, p, (only_b - only_a) / N, interval)


def _compare_classes(found: Comparison, chosen_a: Array, chosen_b: Array, t: Array | None) -> None:
    found.predictions_a, found.predictions_b = chosen_a, chosen_b
    N, same = len(chosen_a), int((chosen_a == chosen_b).sum())
    found.agreement, found.agreement_interval = same / N, wilson(same, N)
    found.differing = np.flatnonzero(chosen_a != chosen_b)
    if t is not None:
        right_a, right_b = chosen_a == t, chosen_b == t
        hits_a, hits_b = int(right_a.sum()), int(right_b.sum())
        found.accuracy_a, found.accuracy_b = hits_a / N, hits_b / N
        found.interval_a, found.interval_b = wilson(hits_a, N), wilson(hits_b, N)
        found.test = mcnemar(right_a, right_b)


def _compare_values(found: Comparison, y_a: Array, y_b: Array, t: Array | None) -> None:
    if y_a.shape != y_b.shape:
        template = "the networks predict {a} and {b} values for a row: these cannot be compared"
        raise InputError(template, a=y_a.shape[1], b=y_b.shape[1])
    found.predictions_a, found.predictions_b = y_a, y_b
    if t is not None:
        t = target_values(t, y_a)
        found.r2_a, found.r2_b = r2(y_a, t), r2(y_b, t)
        found.error_a, found.error_b = mean_absolute_error(y_a, t), mean_absolute_error(y_b, t)


def _predicts_classes(net: Network, t: Array | None) -> bool:
    """Return whether outputs are classes: by the targets if any, else by the last layer."""
    # Names of classes settle it, whatever the last layer is.
    if net.classes is not None:
        return True
    targets = np.zeros(1) if t is None else t
    return is_classification(net, choose_loss(None, net, targets), targets)


def _compare_arrays(a: Network, b: Network) -> tuple[list[ArrayDifference], list[str]]:
    held_a, held_b = _arrays(a), _arrays(b)
    found, unmatched = [], []
    # Arrays match by place and name: another order of layers is another network.
    for key in sorted({*held_a, *held_b}):
        index, kind, name = key
        one, other = held_a.get(key), held_b.get(key)
        if one is None or other is None or one.shape != other.shape:
            unmatched.append(f"{index} {kind} {name}")
            continue
        found.append(ArrayDifference(index, kind, name, one.shape, *_difference(one, other)))
    return found, unmatched


def _difference(a: Array, b: Array) -> tuple[float, float | None, float | None]:
    # float64: the difference of two float32 weights that agree is all rounding otherwise.
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    norm_a, norm_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    relative = float(np.linalg.norm(b - a)) / norm_a if norm_a else None
    cosine = float(a @ b) / (norm_a * norm_b) if norm_a and norm_b else None
    return float(np.abs(b - a).max(initial=0.0)), relative, cosine


def _arrays(net: Network) -> dict[tuple[int, str, str], Array]:
    return {
        (index, type(layer).__name__, name): array
        for index, layer in enumerate(net.layers)
        for name, array in layer.arrays().items()
    }
