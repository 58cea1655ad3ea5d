"""How far the members of an ensemble agree on rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.core import functions
from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.types import Array, Options, Vector
from pellucid.display.text_table import interval_text, number_text, table
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens import neurons
from pellucid.lens.entries import predicts_classes, value_names
from pellucid.lens.input_columns import RowsLike
from pellucid.lens.report import Report
from pellucid.lens.thresholds import verdicts
from pellucid.network import Network


@dataclass(eq=False, repr=False)
class MemberSpread(Report):
    """What the members of an ensemble predict by themselves, and how far they agree.

    Members are trained alike from different initial weights and in different orders of rows, so
    they differ where the training data do not settle the prediction.

    Attributes
    ----------
    outputs
        (M, N, K): what each member predicts.
    predicted, agreeing
        For classes, (N,) each: the class that all members predict together, and how many of them
        predict it by themselves. None for values.
    low, high
        The least and the greatest that a member predicts, (N, K); for classes the probability of
        the predicted class, (N, 1).
    """

    outputs: Array
    predicted: Vector | None
    agreeing: Vector | None
    low: Array
    high: Array

    @property
    def count(self) -> int:
        """The number of members, M."""
        return len(self.outputs)

    @property
    def unanimous(self) -> float | None:
        """The share of rows for which all members predict the same class; None for values."""
        return None if self.agreeing is None else float((self.agreeing == self.count).mean())

    @property
    def deviation(self) -> Vector:
        """The standard deviation over the members of each output, its mean over the rows, (K,)."""
        found: Vector = self.outputs.astype(np.float64).std(axis=0).mean(axis=0)
        return found

    def words(self, net: Network, row: int) -> str:
        """Return how far the members agree on a row, in a sentence."""
        low, high = self.low[row].tolist(), self.high[row].tolist()
        if self.agreeing is not None:
            known = {"agreeing": int(self.agreeing[row]), "count": self.count}
            known |= {"low": low[0], "high": high[0]}
            if isinstance(net.layers[-1], Sigmoid) and self.outputs.shape[2] > 1:
                template = "{agreeing} of {count} members agree: match {low:.2f} to {high:.2f}"
            else:
                template = (
                    "{agreeing} of {count} members agree: probability {low:.1%} to {high:.1%}"
                )
            return say(template, **known)
        ranges = [interval_text(*ends) for ends in zip(low, high, strict=True)]
        if len(ranges) > 1:
            pairs = zip(value_names(net, len(ranges)), ranges, strict=True)
            ranges = [f"{name} {ends}" for name, ends in pairs]
        return say("its {count} members: {ranges}", count=self.count, ranges=", ".join(ranges))

    def entry(self, row: int) -> Options:
        """Return a row's agreement as JSON can hold it; ends of several values are lists."""
        ends = {"low": self.low[row].tolist(), "high": self.high[row].tolist()}
        found: Options = {"count": self.count}
        if self.agreeing is not None:
            found["agreeing"] = int(self.agreeing[row])
        return found | {name: end[0] if len(end) == 1 else end for name, end in ends.items()}

    def __str__(self) -> str:
        heads = [say("row"), say("lowest"), say("highest")]
        heads += [] if self.agreeing is None else [say("members that agree")]
        lines = [heads]
        for row in range(min(len(self.low), neurons.SHOWN)):
            ends = [" ".join(map(number_text, end[row].tolist())) for end in (self.low, self.high)]
            agreeing = [] if self.agreeing is None else [f"{self.agreeing[row]} / {self.count}"]
            lines.append([str(row), *ends, *agreeing])
        return table(lines, total=False)


def member_spread(net: Network, x: RowsLike, threshold: float | None = None) -> MemberSpread:
    """Return what each member of an ensemble predicts for rows x, and how far they agree.

    Parameters
    ----------
    net
        A network with `Members`, such as `table_mlp(columns, members=8)` or `ensemble(nets)`.
    x
        Rows (N, ...) as the network takes them, or a table.
    threshold
        For two classes: the probability from which up class 1 is predicted.

    Raises InputError for a network without members, for rows that do not fit, and as `evaluate`
    does for a threshold.

    >>> import pellucid as pl
    >>> members = [[pl.Affine([[1.0]])], [pl.Affine([[3.0]])]]
    >>> spread = member_spread(pl.Network([pl.Members(members)]), [[10.0]])
    >>> spread.low, spread.high
    (array([[10.]]), array([[30.]]))
    """
    rows = neurons.as_rows(net, x)
    members = net.members
    if not members:
        raise InputError("this network has no members: build it with members=8, or by pl.ensemble")
    outputs = np.stack([member.predict(rows) for member in members])
    if not predicts_classes(net) and threshold is None:
        return MemberSpread(outputs, None, None, outputs.min(axis=0), outputs.max(axis=0))
    predicted = verdicts(net, net.predict(rows), threshold)[0]
    own = np.stack([verdicts(net, y, threshold)[0] for y in outputs])
    shares = np.stack([_shares(net, y, predicted) for y in outputs])
    agreeing = (own == predicted).sum(axis=0)
    low, high = shares.min(axis=0)[:, None], shares.max(axis=0)[:, None]
    return MemberSpread(outputs, predicted, agreeing, low, high)


def _shares(net: Network, y: Array, classes: Vector) -> Vector:
    """Return what outputs y, (N, K), give to the class of each row: its probability, or match."""
    if not isinstance(net.layers[-1], (Sigmoid, Softmax)):
        y = functions.softmax(y) if y.shape[1] > 1 else functions.sigmoid(y)
    if y.shape[1] == 1:
        return np.where(classes == 1, y[:, 0], 1 - y[:, 0])
    return np.asarray(y[np.arange(len(y)), classes])
