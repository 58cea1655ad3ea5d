"""Calibration, ROC and precision-recall of a classifier, each from one sort of the rows."""

from __future__ import annotations

import numpy as np

from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.language import say
from pellucid.lens.report import Report

BINS = 15
"""Bins of the calibration error, as in Guo et al. 2017."""


class Calibration(Report):
    """The agreement of confidence and accuracy, in bins of equal width from 0 to 1.

    The expected calibration error (ECE) is the sum over the bins of (rows in the bin / all rows)
    |accuracy - mean confidence| (Naeini, Cooper and Hauskrecht 2015; Guo et al., "On calibration of
    modern neural networks", 2017, equation 3, with its 15 bins). A bin excludes its lower edge and
    includes its upper one; 0 is in the first bin.

    Attributes
    ----------
    error
        The expected calibration error, from 0 to 1.
    edges, counts, confidence, accuracy
        (bins + 1,): the edges; (bins,): the number of rows in each bin, their mean confidence and
        their share of correct predictions (both NaN in empty bins).
    probabilities
        Whether the confidence is a probability. For independent sigmoids it is a degree of match,
        and the error only measures how far that is from a probability.
    """

    def __init__(
        self, confidence: Array, right: Array, probabilities: bool = True, bins: int = BINS
    ) -> None:
        self.probabilities = probabilities
        self.edges = np.linspace(0, 1, bins + 1)
        places = np.clip(np.searchsorted(self.edges, confidence, side="left") - 1, 0, bins - 1)
        self.counts = np.bincount(places, minlength=bins)
        # NaN instead of 0 / 0 where a bin is empty
        held = np.where(self.counts == 0, np.nan, self.counts)
        self.confidence = np.bincount(places, np.asarray(confidence, np.float64), bins) / held
        self.accuracy = np.bincount(places, right, bins) / held
        gaps = np.nan_to_num(np.abs(self.accuracy - self.confidence))
        self.error = float((self.counts * gaps).sum() / max(len(places), 1))

    def __str__(self) -> str:
        lines = [[say("confidence"), say("rows"), say("mean confidence"), say("right")]]
        for k in np.flatnonzero(self.counts):
            means = [f"{self.confidence[k]:.3f}", f"{self.accuracy[k]:.3f}"]
            edges = f"{self.edges[k]:.2f}-{self.edges[k + 1]:.2f}"
            lines.append([edges, f"{self.counts[k]:,}", *means])
        template = "expected calibration error {error:.4f}, {bins} bins"
        text = say(template, error=self.error, bins=len(self.counts))
        if not self.probabilities:
            template = (
                "the confidence of independent sigmoids is a degree of match, not a probability"
            )
            text += f"\n{say(template)}"
        return f"{table(lines, total=False)}\n{text}"


class ROC(Report):
    """Hits against false alarms as the threshold falls, for two classes; class 1 is positive.

    Attributes
    ----------
    thresholds, false_positive_rate, true_positive_rate
        Rows are positive at a threshold and above. One point at infinity, where none is, then one
        for each distinct score.
    area
        The area under the curve by trapezoids: the chance that a positive row scores above a
        negative one, ties counting half (Hanley and McNeil 1982).
    """

    def __init__(self, scores: Array, positive: Array) -> None:
        self.thresholds, hits, alarms = _cumulated(scores, positive)
        # The curve starts at (0, 0): a threshold above every score.
        self.thresholds = np.concatenate([[np.inf], self.thresholds])
        self.true_positive_rate = np.concatenate([[0.0], hits / hits[-1]])
        self.false_positive_rate = np.concatenate([[0.0], alarms / alarms[-1]])
        self.area = float(np.trapezoid(self.true_positive_rate, self.false_positive_rate))

    def __str__(self) -> str:
        return say("area under the ROC curve {area:.4f}", area=self.area)


class PrecisionRecall(Report):
    """Precision against recall as the threshold falls, for two classes; class 1 is positive.

    Attributes
    ----------
    thresholds, precision, recall
        One point for each distinct score, the highest threshold first. Precision is the share of
        positive rows among the rows at the threshold or above, recall the share of the positive
        rows that are.
    average_precision
        The sum over the points of (recall - recall before) times precision: no interpolation, as
        in scikit-learn, since linear interpolation is too optimistic here (Davis and Goadrich
        2006).
    """

    def __init__(self, scores: Array, positive: Array) -> None:
        self.thresholds, hits, alarms = _cumulated(scores, positive)
        self.precision, self.recall = hits / (hits + alarms), hits / hits[-1]
        self.average_precision = float(np.diff(self.recall, prepend=0.0) @ self.precision)

    @property
    def best_f1(self) -> tuple[float, float]:
        """The threshold whose F1, the harmonic mean of precision and recall, is highest; the F1.

        Of equal ones the highest threshold. Choose it on other rows than those of the final scores.
        """
        # Every point but those without a hit has both above 0
        f1 = 2 * self.precision * self.recall / np.maximum(self.precision + self.recall, 1e-300)
        best = int(f1.argmax())
        return float(self.thresholds[best]), float(f1[best])

    def __str__(self) -> str:
        return say("average precision {value:.4f}", value=self.average_precision)


def _cumulated(scores: Array, positive: Array) -> tuple[Array, Array, Array]:
    """Return the distinct scores, falling, and the positive and negative rows at each or above."""
    order = np.argsort(-scores, kind="stable")
    scores, positive = np.asarray(scores, np.float64)[order], np.asarray(positive, bool)[order]
    # Ties are one point: the last row of each run of equal scores counts the whole run.
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    hits = np.cumsum(positive)[last]
    return scores[last], hits, last + 1 - hits
