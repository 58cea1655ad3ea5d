"""How sure a network is of its predictions: intervals, sets of classes, rows unlike training's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pellucid.core.members import members_of
from pellucid.core.types import Array, Batch, Options
from pellucid.core.uncertainty import known
from pellucid.data.tables import Label
from pellucid.display.text_table import interval_text, number_text
from pellucid.errors import Message
from pellucid.language import say, translate
from pellucid.lens.entries import predicts_classes, value_names
from pellucid.lens.input_columns import knows_columns
from pellucid.lens.member_spread import MemberSpread, member_spread
from pellucid.lens.unlike import unlike_training
from pellucid.network import Network


class Certainty(NamedTuple):
    """How sure a network is of the predictions for N rows.

    With a `level`, `low` and `high`, (N, K) each, are the ends of the values' intervals, or `sets`
    the classes of each row, the most likely first; None where they do not apply. `unlike` says in
    what each row is unlike those of training, `members` how far those of an ensemble agree.
    """

    level: float | None
    low: Batch | None
    high: Batch | None
    sets: list[list[Label]] | None
    unlike: list[list[Message]]
    members: MemberSpread | None = None

    def entry(self, net: Network, row: int) -> Options:
        """Return what programs are to know of a row, as JSON can hold it."""
        found: Options = {}
        if self.low is not None and self.high is not None:
            pairs = np.stack([self.low[row], self.high[row]], axis=1).tolist()
            names = value_names(net, len(pairs))
            one = len(pairs) == 1
            found["interval"] = pairs[0] if one else dict(zip(names, pairs, strict=True))
        if self.sets is not None:
            found["set"] = self.sets[row]
        if self.members is not None:
            found["members"] = self.members.entry(row)
        if knows_columns(net):
            found["unlike_training"] = [translate(each) for each in self.unlike[row]]
        return found

    def lines(self, net: Network, row: int) -> list[str]:
        """Return what people are to know of a row, a sentence each."""
        found = []
        if self.level is not None and (self.sets is not None or self.low is not None):
            often = how_often(self.level)
            found.append(f"{often}: {self.range_text(net, row)}")
        if self.members is not None:
            found.append(self.members.words(net, row))
        if self.unlike[row]:
            found.append(self.unlike_text(row))
        return found

    def range_text(self, net: Network, row: int) -> str:
        """Return a row's interval, or its set of classes; those of several targets by name."""
        if self.sets is not None:
            return say(" or ").join(str(label) for label in self.sets[row])
        assert self.low is not None and self.high is not None
        texts = []
        for low, high in zip(self.low[row].tolist(), self.high[row].tolist(), strict=True):
            texts.append(interval_text(low, high))
        if len(texts) == 1:
            return texts[0]
        names = value_names(net, len(texts))
        return ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))

    def unlike_text(self, row: int) -> str:
        """Return in what a row is unlike those of training, in a sentence."""
        reasons = ", ".join(translate(each) for each in self.unlike[row])
        return say("unlike the training rows: {reasons}", reasons=reasons)


class Coverage(NamedTuple):
    """How often intervals or sets of classes of a `level` held the target on N rows.

    `share` is the share of the rows, of several targets the mean of theirs; `size` the mean width
    of the intervals, None for several targets, or the mean number of classes in a set.
    """

    level: float
    share: float
    size: float | None

    def line(self, classes: bool) -> str:
        """Return it as a sentence."""
        values = {"level": 100 * self.level, "share": f"{100 * self.share:.1f}"}
        if self.size is None:
            return say("{level:g} % intervals: {share} % of the targets within", **values)
        values["size"] = number_text(self.size, digits=3)
        if classes:
            template = "{level:g} % sets: {share} % hold the right class, mean size {size}"
        else:
            template = "{level:g} % intervals: {share} % of the targets within, mean width {size}"
        return say(template, **values)


def coverage(net: Network, y: Array, t: Array, level: float = 0.9) -> Coverage:
    """Return how often intervals or sets for outputs y, (N, K), held the targets t.

    t is (N,) class indices, or (N, K) values. Raises InputError as `certainty_of` does.
    """
    found = known(net.uncertainty)
    if found.scores is not None:
        chosen = found.chosen(net.layers, y, level)
        right = chosen[np.arange(len(t)), t]
        return Coverage(level, float(right.mean()), float(chosen.sum(axis=1).mean()))
    low, high = found.interval(y, level)
    t = np.asarray(t).reshape(y.shape)
    size = float((high - low).mean()) if y.shape[1] == 1 else None
    return Coverage(level, float(((low <= t) & (t <= high)).mean()), size)


def certainty_of(
    net: Network, x: Any, y: Array, level: float | None = None, threshold: float | None = None
) -> Certainty:
    """Return how sure a network is of its outputs y, (N, K), for rows x, (N, ...).

    With a `level`, intervals or sets of classes are among it. `threshold` is the one by which
    members predict classes. Raises InputError where the network has no held-out rows, or too few
    for the level.
    """
    together = members_of(net.layers) is not None
    members = member_spread(net, x, threshold) if together else None
    rest = unlike_training(net, x), members
    if level is None:
        return Certainty(None, None, None, None, *rest)
    found = known(net.uncertainty)
    if predicts_classes(net):
        return Certainty(level, None, None, net.sets_of(y, level), *rest)
    return Certainty(level, *found.interval(y, level), None, *rest)


def how_often(level: float) -> str:
    """Return a level in words: "9 times out of 10"."""
    for base in (10, 20, 100, 1000):
        times = round(level * base)
        if abs(level * base - times) < 1e-9:
            return say("{times} times out of {base}", times=times, base=f"{base:,}")
    return say("{level:g} of the rows", level=level)
