"""The HTML of an evaluation in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid.display import blocks
from pellucid.language import say
from pellucid.lens.evaluation import confusion_strengths

if TYPE_CHECKING:
    from pellucid.lens.evaluation import Evaluation

_CLASSES = 40  # more classes make a table wider than a notebook
_MISCLASSIFIED = 10


def evaluation_html(evaluation: Evaluation) -> str:
    """Return the metrics and, for classes, the confusion matrix and the most confident mistakes."""
    parts = [blocks.paragraph(str(evaluation))]
    counts, calibration = evaluation.confusion, evaluation.calibration
    if counts is None or calibration is None or evaluation.misclassified is None:
        return blocks.frame(*parts)
    more = [say("expected calibration error {error:.4f}", error=calibration.error)]
    if evaluation.roc is not None and evaluation.precision_recall is not None:
        more += [str(evaluation.roc), str(evaluation.precision_recall)]
    parts.append(blocks.paragraph(", ".join(more)))
    if len(counts) <= _CLASSES:
        # The last line of the table, the totals, has no colours.
        shades = [*confusion_strengths(counts).tolist(), []]
        parts.append(blocks.table(evaluation.confusion_lines(), total=True, shades=shades))
    if count := len(evaluation.misclassified):
        title = say("{count:,} misclassified rows, the most confident first", count=count)
        mistakes = blocks.table(evaluation.misclassified_lines(_MISCLASSIFIED))
        parts.append(blocks.details(title, mistakes))
    return blocks.frame(*parts)
