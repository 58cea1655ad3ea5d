"""How well a network answers, on rows that it did not learn from."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.core.losses import Loss
from pellucid.core.metrics import confusion, mean_absolute_error, r2, target_classes, wilson
from pellucid.core.table import table
from pellucid.core.types import Array
from pellucid.engines import answer_and_loss
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.network import Network
from pellucid.training.choices import check_network, choose_loss, is_classification
from pellucid.training.data import check_rows


class Evaluation:
    """What `evaluate` found.

    Attributes
    ----------
    rows, loss
        How many rows were looked at, and the loss on them.
    accuracy, interval, confusion, misread
        For classes: the share of right answers, its 95 % interval (Wilson), the (K, K) counts of class i answered as
        j, and the numbers of the rows that were misread, the most confident first. None for values.
    r2, mean_absolute_error
        For values: the share of the spread that is explained, and the mean distance. None for classes.
    """

    def __init__(self, net: Network, y: Array, t: Array, loss: float, classes: bool) -> None:
        self.rows, self.loss = len(y), loss
        self.accuracy: float | None = None
        self.interval: tuple[float, float] | None = None
        self.confusion: Array | None = None
        self.misread: Array | None = None
        self.r2: float | None = None
        self.mean_absolute_error: float | None = None
        self.names = net.classes
        if classes:
            self._count(net, y, target_classes(t))
        else:
            self.r2, self.mean_absolute_error = r2(y, t), mean_absolute_error(y, t)

    def _count(self, net: Network, y: Array, t: Array) -> None:
        chosen = net.choose(y)
        K = max(y.shape[1], 2)
        if t.min() < 0 or t.max() >= K:
            raise InputError(
                say(
                    "targets of {K} classes go from 0 to {last}, got {low} to {high}",
                    K=K,
                    last=K - 1,
                    low=t.min(),
                    high=t.max(),
                )
            )
        wrong = np.flatnonzero(chosen != t)
        self.accuracy = (len(t) - len(wrong)) / len(t)
        self.interval = wilson(len(t) - len(wrong), len(t))
        self.confusion = confusion(chosen, t, K)
        self.misread = wrong[np.argsort(-net.confidence(y)[wrong], kind="stable")]

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as plain lists and numbers (without the list of misread rows)."""
        if self.confusion is None:
            return {"loss": self.loss, "r2": self.r2, "mean_absolute_error": self.mean_absolute_error}
        return {
            "accuracy": self.accuracy,
            "interval": self.interval,
            "loss": self.loss,
            "confusion": self.confusion.tolist(),
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
            "accuracy {accuracy:.1f} % (95 % interval {low:.1f} to {high:.1f}), loss {loss:.4f} on {rows:,} rows",
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
            "confusion_table() shows what was read as what; misread holds the {count:,} misread rows",
            count=len(self.misread),
        )
        return f"{self}\n{more}"

    def confusion_table(self) -> str:
        """Set the confusion matrix as text: what the rows are, what they were answered as."""
        if self.confusion is None:
            raise InputError(say("a confusion matrix needs classes; these answers are values"))
        K = len(self.confusion)
        names = self.names if self.names and len(self.names) == K else [str(k) for k in range(K)]
        lines = [
            [name, *(str(count) if count else "." for count in counts), f"{share:.1%}"]
            for name, counts, share in zip(names, self.confusion.tolist(), self._shares(), strict=True)
        ]
        totals = [say("total"), *(str(count) for count in self.confusion.sum(axis=0)), f"{self.accuracy:.1%}"]
        return table([[say("is \\ read as"), *names, say("right")], *lines, totals])

    def _shares(self) -> Array:
        assert self.confusion is not None
        return np.diag(self.confusion) / np.maximum(self.confusion.sum(axis=1), 1)


def evaluate(net: Network, x: Any, t: Any, loss: str | Loss | None = None) -> Evaluation:
    """Answer rows x, (N, ...), and hold the answers against targets t, (N,) or (N, K).

    `loss` is a name or an object; None takes the one that goes with the network's end. Raises InputError for rows or
    targets that do not fit.
    """
    check_network(net)
    rows = check_rows(net.layers, x, t)
    chosen = choose_loss(loss, net, rows.t)
    y, value = answer_and_loss(net.layers, chosen, rows.x, rows.t)
    return Evaluation(net, y, rows.t, value, is_classification(net, chosen, rows.t))
