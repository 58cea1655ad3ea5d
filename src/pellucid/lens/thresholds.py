"""Thresholds: from which probability on a network of two classes says yes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.core import functions
from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.types import Array, Vector
from pellucid.errors import InputError
from pellucid.network import Network


class ThresholdScores(NamedTuple):
    """The scores of class 1 of two where it is predicted from a threshold up.

    Precision is the share of class 1 among the rows predicted as such, recall the share of its rows
    that are, and F1 = 2 hits / (rows predicted as class 1 + rows of class 1) the harmonic mean of
    both. A share of no rows is None.
    """

    threshold: float
    precision: float | None
    recall: float | None
    f1: float | None

    @classmethod
    def of(cls, threshold: float, confusion: Array) -> ThresholdScores:
        """Return the scores of a confusion matrix, (2, 2) counts of class i predicted as j."""
        hits, found, positive = confusion[1, 1], confusion[:, 1].sum(), confusion[1].sum()
        pairs = (hits, found), (hits, positive), (2 * hits, found + positive)
        return cls(threshold, *(float(part / whole) if whole else None for part, whole in pairs))


def verdicts(net: Network, y: Array, threshold: float | None = None) -> tuple[Array, Vector]:
    """Return the class of each row of outputs y, (N, K), and the confidence in it, (N,) each.

    They are those of `net.choose` and `net.confidence`. With a threshold, a network of two classes
    chooses class 1 from that probability up, and the confidence is the chosen class's probability,
    which may be below 0.5. The threshold is no part of the network: a file keeps none. Raises
    InputError for a threshold that is not between 0 and 1, and for other networks.
    """
    chosen = net.choose(y)
    if threshold is None:
        return chosen, net.confidence(y)
    if not 0 < threshold < 1:
        raise InputError("threshold must be between 0 and 1, got {got:g}", got=threshold)
    p = yes(net, y)
    chosen = (p >= threshold).astype(np.int64)
    return chosen, np.where(chosen == 1, p, 1 - p)


def yes(net: Network, y: Array) -> Vector:
    """Return the probability of class 1 for each row of outputs y, (N, K), of two classes.

    Raises InputError for a network without such a probability.
    """
    last = net.layers[-1] if net.layers else None
    K = y.shape[1]
    if net.predicts_values or K > 2 or (K == 2 and isinstance(last, Sigmoid)):
        raise InputError(
            "a threshold needs the probability of one of two classes: a network that ends in one "
            "sigmoid, or in a softmax of two outputs"
        )
    if K == 1:
        return np.asarray(y if isinstance(last, Sigmoid) else functions.sigmoid(y))[:, 0]
    return np.asarray(y if isinstance(last, Softmax) else functions.softmax(y))[:, 1]
