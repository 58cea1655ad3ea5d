"""What `pellucid evaluate` says: figures, tables and bars for people, one document for programs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pellucid.cli import drawing
from pellucid.cli.output import columns, tell
from pellucid.language import cell_width, say

if TYPE_CHECKING:
    from pellucid.core.types import Array
    from pellucid.lens.evaluation import Evaluation
    from pellucid.lens.importance import PartialDependence, PermutationImportance
    from pellucid.lens.robustness import RobustnessCurve

BINS = 11  # bars of the distribution of residuals
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
COLUMNS = 20  # shown of the importances
NAME = 16  # columns of a class's name


class Found(NamedTuple):
    """What lens found: the evaluation, robustness by change, importance or None, partial dependence
    by column.

    `first` is the number of the first row.
    """

    whole: Evaluation
    curves: dict[str, RobustnessCurve]
    importance: PermutationImportance | None
    dependence: list[PartialDependence]
    first: int


def to_dict(found: Found, curves: bool) -> dict[str, Any]:
    """Give everything as JSON can hold it.

    The curves for two classes only when asked, they have a point a row.
    """
    whole = found.whole
    document = whole.to_dict() | {"rows": whole.rows}
    if whole.calibration is not None:
        document |= {
            "calibration": whole.calibration.to_dict(),
            "misread": _misread(whole, found.first),
        }
    if whole.residuals is not None:
        document |= {"residuals": _quantiles(whole.residuals)}
    if curves and whole.roc is not None and whole.precision_recall is not None:
        document |= {
            "roc": whole.roc.to_dict(),
            "precision_recall": whole.precision_recall.to_dict(),
        }
    if found.curves:
        document["robustness"] = {change: curve.to_dict() for change, curve in found.curves.items()}
    if found.importance is not None:
        document["importance"] = found.importance.to_dict()
    if found.dependence:
        document["dependence"] = {each.column: each.to_dict() for each in found.dependence}
    return document


def show(found: Found, misread: int) -> None:
    """Write everything for people."""
    whole = found.whole
    tell(str(whole))
    if whole.confusion is None:
        _show_residuals(whole)
    else:
        _show_classes(found, misread)
    for curve in found.curves.values():
        click.echo()
        drawing.show(str(curve))
    if found.importance is not None:
        _show_importance(found.importance)
    for each in found.dependence:
        click.echo()
        _show_dependence(each, whole.names)


def confusion_text(whole: Evaluation, room: int) -> str | None:
    """Set the confusion matrix in so many columns, more tightly where need be.

    None where it does not fit at all.
    """
    text = whole.confusion_table()
    if _width(text) <= room:
        return text
    cells = whole.confusion_lines()
    head = say("downward: what it is; across: what it was read as")
    cells[0][0] = ""
    sizes = [max(cell_width(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = [
        " ".join(
            " " * (size - cell_width(cell)) + cell for cell, size in zip(line, sizes, strict=True)
        ).rstrip()
        for line in cells
    ]
    rule = "-" * (sum(sizes) + len(sizes) - 1)
    return (
        "\n".join([head, lines[0], rule, *lines[1:-1], rule, lines[-1]])
        if len(rule) <= room
        else None
    )


def _show_classes(found: Found, misread: int) -> None:
    from pellucid.core.table import table

    whole = found.whole
    click.echo()
    text = confusion_text(whole, columns())
    if text is None:
        tell(
            say(
                "which class is taken for which does not fit into {columns} columns: see --json",
                columns=columns(),
            )
        )
    else:
        drawing.show(text)
    if whole.roc is not None and whole.precision_recall is not None:
        click.echo()
        tell(f"{whole.roc}, {whole.precision_recall}")
    click.echo()
    drawing.show(str(whole.calibration))
    assert whole.misread is not None
    if misread and len(whole.misread):
        click.echo()
        tell(
            say(
                "misread rows, the most confident first ({count:,} in all):",
                count=len(whole.misread),
            )
        )
        head, *lines = whole.misread_lines(misread)
        named = [
            [str(found.first + int(row)), *(drawing.cut(name, NAME) for name in rest)]
            for row, *rest in lines
        ]
        click.echo(table([head, *named], total=False))


def _show_residuals(whole: Evaluation) -> None:
    import numpy as np

    assert whole.residuals is not None
    residuals = np.asarray(whole.residuals, np.float64).ravel()
    click.echo()
    tell(
        say(
            "target less answer: half of them from {low:.4g} to {high:.4g}, nine in ten from "
            "{least:.4g} to "
            "{greatest:.4g}",
            **dict(
                zip(
                    ("least", "low", "high", "greatest"),
                    np.quantile(residuals, (0.05, 0.25, 0.75, 0.95)),
                    strict=True,
                )
            ),
        )
    )
    counts, edges = np.histogram(residuals, BINS)
    names = [f"{low:.4g} .. {high:.4g}" for low, high in pairwise(edges)]
    for line in drawing.bars(names, counts.tolist(), columns(), ","):
        click.echo(line)


def _show_importance(found: PermutationImportance) -> None:
    click.echo()
    tell(
        say(
            "{metric} {score:.4f}, and by how much it worsens when a column is shuffled:",
            metric=found.metric,
            score=found.score,
        )
    )
    order = found.ranked()[:COLUMNS].tolist()
    for line in drawing.signed_bars(
        [found.names[c] for c in order], found.means[order].tolist(), columns()
    ):
        click.echo(line)
    if len(found.names) > COLUMNS:
        tell(say("and {count:,} more", count=len(found.names) - COLUMNS))


def _show_dependence(found: PartialDependence, classes: list[str] | None) -> None:
    from pellucid.core.table import table

    K = found.answers.shape[1]
    names = classes if classes and len(classes) == K else [say("output {k}", k=k) for k in range(K)]
    tell(
        say(
            "mean answer over all rows, {column} set to one value after the other:",
            column=found.column,
        )
    )
    if K == 1:
        for line in drawing.signed_bars(found.labels, found.answers[:, 0].tolist(), columns()):
            click.echo(line)
        return
    heads = [drawing.cut(name, NAME) for name in ["", *names]]
    lines = [
        [drawing.cut(label, NAME), *(f"{y:.4f}" for y in answers)]
        for label, answers in zip(found.labels, found.answers.tolist(), strict=True)
    ]
    shown = K
    while (
        shown > 1
        and _width(table([line[: shown + 1] for line in [heads, *lines]], total=False)) > columns()
    ):
        shown -= 1
    click.echo(table([line[: shown + 1] for line in [heads, *lines]], total=False))
    if shown < K:
        tell(say("and {count:,} more", count=K - shown))


def _misread(whole: Evaluation, first: int) -> list[dict[str, Any]]:
    assert whole.misread is not None
    assert whole.targets is not None
    assert whole.chosen is not None
    assert whole.confidence is not None
    return [
        {
            "row": first + row,
            "is": int(whole.targets[row]),
            "read_as": int(whole.chosen[row]),
            "confidence": float(whole.confidence[row]),
        }
        for row in whole.misread.tolist()
    ]


def _quantiles(residuals: Array) -> dict[str, list[float]]:
    """Give quantiles of the residuals of each output."""
    import numpy as np

    return {"shares": list(SHARES), "quantiles": np.quantile(residuals, SHARES, axis=0).T.tolist()}


def _width(text: str) -> int:
    return max(map(cell_width, text.splitlines()))
