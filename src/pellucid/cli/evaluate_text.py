"""What `pellucid evaluate` writes: scores, tables and bars, or one document for programs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pellucid.cli import drawing
from pellucid.cli.output import columns, echo, echo_lines, emit, emit_more
from pellucid.core.types import Array
from pellucid.display.text_table import number_text, table
from pellucid.language import cell_width, say
from pellucid.lens.evaluation import Evaluation
from pellucid.lens.importance import PartialDependence, PermutationImportance
from pellucid.lens.robustness import RobustnessCurve

BINS = 11  # bars of the distribution of residuals
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
COLUMNS = 20  # shown of the importances
NAME = 16  # columns of a class's name


class Found(NamedTuple):
    """What was computed: the evaluation, and what was asked for beside it.

    Robustness by change, importance or None, partial dependence by column, the number of the first
    row, and the evaluation of each member of an ensemble by itself.
    """

    whole: Evaluation
    curves: dict[str, RobustnessCurve]
    importance: PermutationImportance | None
    dependence: list[PartialDependence]
    first: int
    alone: Sequence[Evaluation] = ()


def to_dict(found: Found, curves: bool) -> dict[str, object]:
    """Return everything for JSON; the curves of two classes only if asked: a point for each row."""
    whole = found.whole
    document: dict[str, object] = {**whole.to_dict(), "rows": whole.rows}
    if whole.calibration is not None:
        document["calibration"] = whole.calibration.to_dict()
        document["misclassified"] = _misclassified(whole, found.first)
    if whole.residuals is not None and not whole.by_target:
        document["residuals"] = _quantiles(whole.residuals)
    # A point for each row: too much for a document that nobody asked for
    if curves and whole.roc is not None and whole.precision_recall is not None:
        document["roc"] = whole.roc.to_dict()
        document["precision_recall"] = whole.precision_recall.to_dict()
    if found.curves:
        document["robustness"] = {change: curve.to_dict() for change, curve in found.curves.items()}
    if found.importance is not None:
        document["importance"] = found.importance.to_dict()
    if found.alone:
        names = ("loss", "accuracy", "r2", "root_mean_squared_error")
        document["members"] = [
            {name: getattr(each, name) for name in names} for each in found.alone
        ]
    if found.dependence:
        document["dependence"] = {each.column: each.to_dict() for each in found.dependence}
    return document


def show(found: Found, misclassified: int) -> None:
    """Write everything as text, with so many misclassified rows."""
    whole = found.whole
    emit(str(whole))
    for line in (*whole.target_lines(), *whole.certainty_lines()):
        emit(line)
    if found.alone:
        _show_alone(found.alone)
    if whole.confusion is not None:
        _show_classes(found, misclassified)
    elif not whole.by_target:  # residuals of several targets have several units
        _show_residuals(whole)
    for curve in found.curves.values():
        echo()
        drawing.show(str(curve))
    if found.importance is not None:
        _show_importance(found.importance)
    for each in found.dependence:
        echo()
        _show_dependence(each, whole.names or list(whole.by_target))


def _show_alone(members: Sequence[Evaluation]) -> None:
    """Write how good each member is by itself, so that what joining them gains can be seen."""
    accuracies = [each.accuracy for each in members if each.accuracy is not None]
    errors = [each.root_mean_squared_error for each in members]
    known = [each for each in errors if each is not None]
    if accuracies:
        low, high = (f"{end:.1%}" for end in (min(accuracies), max(accuracies)))
        template = "its {count} members by themselves: accuracy {low} to {high}"
    elif known:
        low, high = map(number_text, (min(known), max(known)))
        template = "its {count} members by themselves: root mean squared error {low} to {high}"
    else:  # of several targets
        scores = [each.r2 for each in members if each.r2 is not None]
        low, high = (f"{end:.4f}" for end in (min(scores), max(scores)))
        template = "its {count} members by themselves: R2 {low} to {high}"
    emit(template, count=len(members), low=low, high=high)


def confusion_text(whole: Evaluation, room: int) -> str | None:
    """Return the confusion matrix in so many columns, more tightly set if need be.

    None where it does not fit at all.
    """
    text = whole.confusion_table()
    if _width(text) <= room:
        return text
    cells = whole.confusion_lines()
    cells[0][0] = ""
    # One space between columns instead of two saves ten columns for ten digits
    sizes = [max(map(cell_width, column)) for column in zip(*cells, strict=True)]
    lines = [
        " ".join(
            " " * (size - cell_width(cell)) + cell for cell, size in zip(line, sizes, strict=True)
        ).rstrip()
        for line in cells
    ]
    rule = "-" * (sum(sizes) + len(sizes) - 1)
    if len(rule) > room:
        return None
    head = say("down: the true class; across: the prediction")
    return "\n".join([head, lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _show_classes(found: Found, misclassified: int) -> None:
    whole = found.whole
    echo()
    text = confusion_text(whole, columns())
    if text is None:
        template = "the confusion matrix does not fit into {columns} columns: see --json"
        emit(template, columns=columns())
    else:
        drawing.show(text)
    if (line := whole.threshold_line()) is not None:
        echo()
        emit(line)
    if whole.roc is not None and whole.precision_recall is not None:
        echo()
        emit(f"{whole.roc}, {whole.precision_recall}")
    if whole.best_f1 is not None:
        threshold, f1 = whole.best_f1
        template = "F1 of {name} would be highest, {f1:.4f}, with --threshold {threshold:.3g}"
        emit(template, name=whole.class_name(1), f1=f1, threshold=_rounded_down(threshold))
    echo()
    drawing.show(str(whole.calibration))
    assert whole.misclassified is not None
    if misclassified and len(whole.misclassified):
        echo()
        count = len(whole.misclassified)
        emit("misclassified rows, the most confident first ({count:,} in all):", count=count)
        head, *lines = whole.misclassified_lines(misclassified)
        named = [
            [str(found.first + int(row)), *(drawing.cut(name, NAME) for name in rest)]
            for row, *rest in lines
        ]
        echo(table([head, *named], total=False))


def _rounded_down(threshold: float) -> float:
    """Return three digits of a threshold that are not above it: its own row is to be a yes."""
    unit = 10.0 ** (math.floor(math.log10(max(threshold, 1e-30))) - 2)
    return min(math.floor(threshold / unit) * unit, 0.999)


def _show_residuals(whole: Evaluation) -> None:
    assert whole.residuals is not None
    residuals = np.asarray(whole.residuals, np.float64).ravel()
    # Quantiles, not the extremes: one outlier would say nothing of the others
    ends = np.quantile(residuals, (0.05, 0.25, 0.75, 0.95))
    least, low, high, greatest = map(number_text, ends.tolist())
    echo()
    template = (
        "residuals (target - prediction): half are from {low} to {high}, 90 % from "
        "{least} to {greatest}"
    )
    emit(template, least=least, low=low, high=high, greatest=greatest)
    counts, edges = np.histogram(residuals, BINS)
    names = [f"{low} .. {high}" for low, high in pairwise(map(number_text, edges.tolist()))]
    echo_lines(drawing.bars(names, counts.tolist(), columns(), ","))


def _show_importance(found: PermutationImportance) -> None:
    echo()
    template = "{metric} {score:.4f}, and how much worse it gets when a column is shuffled:"
    emit(template, metric=found.metric, score=found.score)
    order = found.ranked()[:COLUMNS].tolist()
    names = [found.names[column] for column in order]
    echo_lines(drawing.signed_bars(names, found.means[order].tolist(), columns()))
    emit_more(len(found.names) - COLUMNS)


def _show_dependence(found: PartialDependence, classes: list[str] | None) -> None:
    K = found.outputs.shape[1]
    names = classes if classes and len(classes) == K else [say("output {k}", k=k) for k in range(K)]
    template = "mean prediction over all rows, {column} set to one value after another:"
    emit(template, column=found.column)
    if K == 1:
        echo_lines(drawing.signed_bars(found.labels, found.outputs[:, 0].tolist(), columns()))
        return
    lines = [[drawing.cut(name, NAME) for name in ["", *names]]]
    for label, values in zip(found.labels, found.outputs.tolist(), strict=True):
        lines.append([drawing.cut(label, NAME), *(f"{y:.4f}" for y in values)])
    shown = K
    # Classes are left out at the right until the table fits
    while shown > 1 and _width(_first_columns(lines, shown)) > columns():
        shown -= 1
    echo(_first_columns(lines, shown))
    emit_more(K - shown)


def _first_columns(lines: Iterable[Sequence[str]], count: int) -> str:
    return table([line[: count + 1] for line in lines], total=False)


def _misclassified(whole: Evaluation, first: int) -> list[dict[str, object]]:
    assert whole.misclassified is not None
    names = ("is", "predicted", "confidence")
    return [
        {"row": first + row, **dict(zip(names, whole.verdict(row), strict=True))}
        for row in whole.misclassified.tolist()
    ]


def _quantiles(residuals: Array) -> dict[str, list[float]]:
    """Return quantiles of the residuals of each output."""
    return {"shares": list(SHARES), "quantiles": np.quantile(residuals, SHARES, axis=0).T.tolist()}


def _width(text: str) -> int:
    return max(map(cell_width, text.splitlines()))
