"""How well a network answers, on rows that it did not learn from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.losses import Loss
from pellucid.core.metrics import (
    confusion,
    mean_absolute_error,
    mean_squared_error,
    r2,
    target_classes,
    wilson,
)
from pellucid.core.types import Array
from pellucid.display.text_table import table
from pellucid.engines import predict_and_loss
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.columns import with_targets
from pellucid.lens.curves import ROC, Calibration, PrecisionRecall
from pellucid.network import Network
from pellucid.training.choices import check_network, choose_loss, is_classification
from pellucid.training.samples import check_rows


class Evaluation:
    """What `evaluate` found.

    Attributes
    ----------
    rows, loss
        How many rows were looked at, and the loss on them.
    accuracy, interval, confusion
        For classes: the share of right answers, its 95 % interval (Wilson), and the (K, K) counts
        of class i answered as j. None for values.
    targets, chosen, confidence
        For classes, (N,) each: the class it is, the class that was answered, and how sure the
        answer is.
    misread
        The numbers of the rows that were misread, the most confident first.
    calibration
        How confidence and accuracy agree (`Calibration`; its `error` is the expected calibration
        error).
    roc, precision_recall
        For two classes that both occur: the curves, with `area` and `average_precision`. Else None.
    r2, mean_absolute_error, root_mean_squared_error
        For values: the share of the spread that is explained, the mean distance, and the root of
        the mean squared distance. None for classes.
    residuals
        For values, (N, K): targets less answers.
    names
        The names of the classes, or None.
    """

    def __init__(self, net: Network, y: Array, t: Array, loss: float, classes: bool) -> None:
        self.rows, self.loss = len(y), loss
        self.accuracy: float | None = None
        self.interval: tuple[float, float] | None = None
        self.confusion: Array | None = None
        self.targets: Array | None = None
        self.chosen: Array | None = None
        self.confidence: Array | None = None
        self.misread: Array | None = None
        self.calibration: Calibration | None = None
        self.roc: ROC | None = None
        self.precision_recall: PrecisionRecall | None = None
        self.r2: float | None = None
        self.mean_absolute_error: float | None = None
        self.root_mean_squared_error: float | None = None
        self.residuals: Array | None = None
        self.names = net.classes
        if classes:
            self._count(net, y, target_classes(t))
        else:
            self.r2, self.mean_absolute_error = r2(y, t), mean_absolute_error(y, t)
            self.root_mean_squared_error = math.sqrt(mean_squared_error(y, t))
            self.residuals = np.asarray(t).reshape(y.shape) - y

    def _count(self, net: Network, y: Array, t: Array) -> None:
        chosen = net.choose(y)
        K = max(y.shape[1], 2)
        if t.min() < 0 or t.max() >= K:
            raise InputError(
                "targets of {K} classes go from 0 to {last}, got {low} to {high}",
                K=K,
                last=K - 1,
                low=t.min(),
                high=t.max(),
            )
        right = chosen == t
        hits = int(right.sum())
        self.accuracy, self.interval = hits / len(t), wilson(hits, len(t))
        self.confusion = confusion(chosen, t, K)
        self.targets, self.chosen, self.confidence = t, chosen, net.confidence(y)
        wrong = np.flatnonzero(~right)
        self.misread = wrong[np.argsort(-self.confidence[wrong], kind="stable")]
        match = y.shape[1] > 1 and isinstance(net.layers[-1], Sigmoid)
        self.calibration = Calibration(self.confidence, right, probabilities=not match)
        if K == 2 and 0 < t.sum() < len(t):
            # Weighted sums and independent sigmoids choose by their difference; a softmax's second
            # output says it all.
            alone = y.shape[1] == 1 or isinstance(net.layers[-1], Softmax)
            scores = y[:, -1] if alone else y[:, 1] - y[:, 0]
            self.roc, self.precision_recall = ROC(scores, t == 1), PrecisionRecall(scores, t == 1)

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as plain lists and numbers (without what there is for each row, and
        without curves).
        """
        if self.confusion is None or self.calibration is None:
            return {
                "loss": self.loss,
                "r2": self.r2,
                "mean_absolute_error": self.mean_absolute_error,
                "root_mean_squared_error": self.root_mean_squared_error,
            }
        two = {}
        if self.roc is not None and self.precision_recall is not None:
            two = {
                "roc_area": self.roc.area,
                "average_precision": self.precision_recall.average_precision,
            }
        return {
            "accuracy": self.accuracy,
            "interval": self.interval,
            "loss": self.loss,
            "confusion": self.confusion.tolist(),
            "calibration_error": self.calibration.error,
            **two,
        }

    def __str__(self) -> str:
        if self.accuracy is None or self.interval is None:
            return say(
                "R2 {r2:.4f}, mean absolute error {error:.4g}, loss {loss:.4f} on {rows:,} rows",
                r2=self.r2,
                error=self.mean_absolute_error,
                loss=self.loss,
                rows=self.rows,
            )
        low, high = self.interval
        return say(
            "accuracy {accuracy:.1f} % (95 % interval {low:.1f} to {high:.1f}), loss {loss:.4f} "
            "on {rows:,} rows",
            accuracy=100 * self.accuracy,
            low=100 * low,
            high=100 * high,
            loss=self.loss,
            rows=self.rows,
        )

    def __repr__(self) -> str:
        if self.misread is None:
            return str(self)
        more = say(
            "confusion_table() shows what was read as what; misread holds the {count:,} misread "
            "rows",
            count=len(self.misread),
        )
        return f"{self}\n{more}"

    def _repr_html_(self) -> str:
        from pellucid.lens import notebook

        return notebook.of_evaluation(self)

    def confusion_table(self) -> str:
        """Set the confusion matrix as text: what the rows are, what they were answered as."""
        return table(self.confusion_lines())

    def confusion_lines(self) -> list[list[str]]:
        """Give the confusion matrix as cells: the head, a line for each class, the totals."""
        if self.confusion is None:
            raise InputError("a confusion matrix needs classes; these answers are values")
        names = [self._name(k) for k in range(len(self.confusion))]
        lines = [
            [name, *(str(count) if count else "." for count in counts), f"{share:.1%}"]
            for name, counts, share in zip(
                names, self.confusion.tolist(), self._shares(), strict=True
            )
        ]
        totals = [
            say("total"),
            *(str(count) for count in self.confusion.sum(axis=0)),
            f"{self.accuracy:.1%}",
        ]
        return [[say("is \\ read as"), *names, say("right")], *lines, totals]

    def misread_table(self, count: int = 10) -> str:
        """Set the first `count` misread rows as text, the most confident first.

        What they are, what was answered.
        """
        return table(self.misread_lines(count), total=False)

    def misread_lines(self, count: int = 10) -> list[list[str]]:
        """Give the first `count` misread rows as cells, the head first."""
        if (
            self.misread is None
            or self.targets is None
            or self.chosen is None
            or self.confidence is None
        ):
            raise InputError("misread rows need classes; these answers are values")
        lines = [
            [
                str(i),
                self._name(self.targets[i]),
                self._name(self.chosen[i]),
                f"{self.confidence[i]:.3f}",
            ]
            for i in self.misread[:count].tolist()
        ]
        return [[say("row"), say("is"), say("read as"), say("confidence")], *lines]

    def _name(self, k: int) -> str:
        assert self.confusion is not None
        return self.names[k] if self.names and len(self.names) == len(self.confusion) else str(k)

    def _shares(self) -> Array:
        assert self.confusion is not None
        return np.diag(self.confusion) / np.maximum(self.confusion.sum(axis=1), 1)


def evaluate(net: Network, x: Any, t: Any = None, loss: str | Loss | None = None) -> Evaluation:
    """Answer rows x, (N, ...), and hold the answers against targets t, (N,) or (N, K).

    A network that learned from a table takes tables, which hold their targets themselves where t is
    None. `loss` is a name or an object; None takes the one that goes with the network's end. The
    rows pass through the network once. Raises InputError for rows or targets that do not fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0]]), pl.Sigmoid()])
    >>> found = evaluate(net, [[-2.0], [-1.0], [1.0], [3.0]], [0, 1, 0, 1])
    >>> found.accuracy, found.roc.area, found.misread.tolist()
    (0.5, 0.75, [1, 2])
    """
    check_network(net)
    rows = check_rows(net.layers, *with_targets(net, x, t))
    chosen = choose_loss(loss, net, rows.t)
    y, value = predict_and_loss(net.layers, chosen, rows.x, rows.t)
    return Evaluation(net, y, rows.t, value, is_classification(net, chosen, rows.t))
