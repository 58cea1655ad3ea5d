"""What an evaluation shows of itself in a notebook; loaded when a notebook asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pellucid.core.types import Array
from pellucid.display import blocks
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.lens.evaluation import Evaluation

_CLASSES = 40  # whose confusion matrix is shown as a table
_MISREAD = 10


def of_evaluation(evaluation: Evaluation) -> str:
    """Show the figures, and for classes what was read as what and the most confident mistakes."""
    parts = [blocks.paragraph(str(evaluation))]
    if evaluation.confusion is None or evaluation.calibration is None or evaluation.misread is None:
        return blocks.frame(*parts)
    more = [say("expected calibration error {error:.4f}", error=evaluation.calibration.error)]
    if evaluation.roc is not None and evaluation.precision_recall is not None:
        more += [str(evaluation.roc), str(evaluation.precision_recall)]
    parts.append(blocks.paragraph(", ".join(more)))
    if len(evaluation.confusion) <= _CLASSES:
        parts.append(
            blocks.table(
                evaluation.confusion_lines(), total=True, shades=_shades(evaluation.confusion)
            )
        )
    if len(evaluation.misread):
        title = say(
            "{count:,} misread rows, the most confident first", count=len(evaluation.misread)
        )
        parts.append(blocks.details(title, blocks.table(evaluation.misread_lines(_MISREAD))))
    return blocks.frame(*parts)


def _shades(counts: Array) -> list[list[float | None]]:
    """Give each count's colour.

    Right answers by their share of the row, wrong ones by twice the root of theirs.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    strengths = np.where(
        np.eye(len(counts), dtype=bool), shares, -np.minimum(2 * np.sqrt(shares), 1)
    )
    return [*strengths.tolist(), []]
