"""Curves of a classification's answers.

Calibration, ROC and precision-recall, each from one sort of the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.language import say

BINS = 15
"""Bins of the calibration error, as in Guo et al. 2017."""


class Calibration:
    """How confidence and accuracy agree, in bins of equal width from 0 to 1.

    The expected calibration error is the sum over the bins of (rows in it / all rows) |accuracy -
    mean confidence| (Naeini, Cooper and Hauskrecht 2015; Guo et al., "On calibration of modern
    neural networks", 2017, equation 3, with its 15 bins). A bin holds what is above its lower edge
    and up to its upper one; 0 is in the first.

    Attributes
    ----------
    error
        The expected calibration error, from 0 to 1.
    edges, counts, confidence, accuracy
        (bins + 1,): the edges; (bins,): how many rows are in each bin, their mean confidence and
        their share of right answers (both NaN where there are none).
    probabilities
        Whether the confidence is a probability at all. For independent sigmoids it is a degree of
        match, and the error tells only how far that is from one.
    """

    def __init__(
        self, confidence: Array, right: Array, probabilities: bool = True, bins: int = BINS
    ) -> None:
        self.probabilities = probabilities
        self.edges = np.linspace(0, 1, bins + 1)
        places = np.clip(np.searchsorted(self.edges, confidence, side="left") - 1, 0, bins - 1)
        self.counts = np.bincount(places, minlength=bins)
        held = np.where(self.counts == 0, np.nan, self.counts)
        self.confidence = np.bincount(places, np.asarray(confidence, np.float64), bins) / held
        self.accuracy = np.bincount(places, right, bins) / held
        gaps = np.nan_to_num(np.abs(self.accuracy - self.confidence))
        self.error = float((self.counts * gaps).sum() / max(len(places), 1))

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers as plain lists; None for the mean of no rows."""
        return {
            "error": self.error,
            "probabilities": self.probabilities,
            "edges": self.edges.tolist(),
            "counts": self.counts.tolist(),
            "confidence": _or_none(self.confidence),
            "accuracy": _or_none(self.accuracy),
        }

    def __str__(self) -> str:
        heads = [say("confidence"), say("rows"), say("mean confidence"), say("right")]
        lines = [
            [
                f"{self.edges[k]:.2f}-{self.edges[k + 1]:.2f}",
                f"{self.counts[k]:,}",
                f"{self.confidence[k]:.3f}",
                f"{self.accuracy[k]:.3f}",
            ]
            for k in np.flatnonzero(self.counts)
        ]
        error = say(
            "expected calibration error {error:.4f}, {bins} bins",
            error=self.error,
            bins=len(self.counts),
        )
        if not self.probabilities:
            error += "\n" + say(
                "the confidence of independent sigmoids is a degree of match, and no probability"
            )
        return f"{table([heads, *lines], total=False)}\n{error}"

    __repr__ = __str__


class ROC:
    """Hits against false alarms as the threshold falls, for two classes; class 1 is the positive
    one.

    Attributes
    ----------
    thresholds, false_positive_rate, true_positive_rate
        Rows score positive at a threshold and above. From infinity, where none does, one point for
        each score that occurs.
    area
        Under the curve, by trapezoids: the chance that a positive row scores above a negative one,
        ties counting half (Hanley and McNeil 1982).
    """

    def __init__(self, scores: Array, positive: Array) -> None:
        self.thresholds, hits, alarms = _cumulated(scores, positive)
        self.thresholds = np.concatenate([[np.inf], self.thresholds])
        self.true_positive_rate = np.concatenate([[0.0], hits / hits[-1]])
        self.false_positive_rate = np.concatenate([[0.0], alarms / alarms[-1]])
        self.area = float(np.trapezoid(self.true_positive_rate, self.false_positive_rate))

    def to_dict(self) -> dict[str, Any]:
        """Give the area and the curve as plain lists; the first threshold, infinity, as None."""
        return {
            "area": self.area,
            "thresholds": [None, *self.thresholds[1:].tolist()],
            "false_positive_rate": self.false_positive_rate.tolist(),
            "true_positive_rate": self.true_positive_rate.tolist(),
        }

    def __str__(self) -> str:
        return say("area under the ROC curve {area:.4f}", area=self.area)

    __repr__ = __str__


class PrecisionRecall:
    """Precision against recall as the threshold falls, for two classes; class 1 is the positive
    one.

    Attributes
    ----------
    thresholds, precision, recall
        One point for each score that occurs, the highest threshold first. Precision is the share of
        positive rows among those that score at the threshold or above, recall the share of the
        positive rows that do.
    average_precision
        Sum over the points of (recall - recall before) times precision: no interpolation, as
        scikit-learn has it.
    """

    def __init__(self, scores: Array, positive: Array) -> None:
        self.thresholds, hits, alarms = _cumulated(scores, positive)
        self.precision, self.recall = hits / (hits + alarms), hits / hits[-1]
        self.average_precision = float(np.diff(self.recall, prepend=0.0) @ self.precision)

    def to_dict(self) -> dict[str, Any]:
        """Give the average precision and the curve as plain lists."""
        return {
            "average_precision": self.average_precision,
            "thresholds": self.thresholds.tolist(),
            "precision": self.precision.tolist(),
            "recall": self.recall.tolist(),
        }

    def __str__(self) -> str:
        return say("average precision {value:.4f}", value=self.average_precision)

    __repr__ = __str__


def _cumulated(scores: Array, positive: Array) -> tuple[Array, Array, Array]:
    """Give the scores that occur, falling, and how many positive and negative rows score that or
    more.
    """
    order = np.argsort(-scores, kind="stable")
    scores, positive = np.asarray(scores, np.float64)[order], np.asarray(positive, bool)[order]
    last = np.append(
        np.flatnonzero(np.diff(scores)), len(scores) - 1
    )  # of each run of equal scores
    hits = np.cumsum(positive)[last]
    return scores[last], hits, last + 1 - hits


def _or_none(values: Array) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]
