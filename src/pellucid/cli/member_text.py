"""What commands write of an ensemble: members that disagree, on the answer or on a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pellucid.cli.output import emit
from pellucid.core.types import Array
from pellucid.display.text_table import number_text
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.attribution import integrated_gradients
from pellucid.lens.entries import value_names
from pellucid.lens.input_columns import input_columns
from pellucid.lens.member_spread import MemberSpread
from pellucid.network import Network


def one_member(net: Network, member: int | None) -> Network:
    """Return a member of an ensemble as a network; for None the whole.

    Raises InputError for a member that does not exist.
    """
    if member is None:
        return net
    if not (members := net.members):
        raise InputError("this network has no members: leave out --member")
    if member >= len(members):
        template = "--member takes a number from 0 to {last}, got {got}"
        raise InputError(template, last=len(members) - 1, got=member)
    return members[member]


def show_others(net: Network, spread: MemberSpread) -> None:
    """Write what the members predict that do not agree on the only row, and what that means."""
    if spread.agreeing is None or spread.predicted is None or spread.agreeing[0] == spread.count:
        return
    own = Counter(net.choose(spread.outputs[:, 0]).tolist())
    own.pop(int(spread.predicted[0]), None)
    named = ", ".join(f"{net.label(k)} ({count})" for k, count in own.most_common())
    emit("the other members predict: {named}", named=named)
    emit(
        "members are trained alike from different initial weights: where they disagree, the "
        "training data do not settle the prediction"
    )


def overall(net: Network, spread: MemberSpread) -> str:
    """Return in words how far the members agree on all rows."""
    if spread.unanimous is not None:
        template = "all {count} members agree on {share:.1%} of {rows:,} rows"
        return say(template, count=spread.count, share=spread.unanimous, rows=len(spread.low))
    names = value_names(net, spread.low.shape[1])
    parts = [number_text(each) for each in spread.deviation.tolist()]
    if len(parts) > 1:
        parts = [f"{name} {part}" for name, part in zip(names, parts, strict=True)]
    template = "standard deviation over the {count} members, mean of {rows:,} rows: {parts}"
    return say(template, count=spread.count, rows=len(spread.low), parts=", ".join(parts))


def overall_entry(spread: MemberSpread) -> dict[str, object]:
    """Return for JSON how far the members agree on all rows."""
    found: dict[str, object] = {"count": spread.count, "rows": len(spread.low)}
    if spread.unanimous is not None:
        return {**found, "unanimous": spread.unanimous}
    return {**found, "deviation": spread.deviation.tolist()}


class Directions(NamedTuple):
    """What the columns of one row contribute in each member: `values`, (M, columns)."""

    names: list[str]
    values: Array

    @classmethod
    def of(cls, net: Network, x: Array, neuron: int) -> Directions:
        """Compute the contributions to an output neuron."""
        columns = input_columns(net)
        found = [integrated_gradients(each, x, -1, neuron).values.ravel() for each in net.members]
        sums = np.array([[own[column.inputs].sum() for column in columns] for own in found])
        return cls([column.name for column in columns], sums)

    def show(self, shown: Sequence[str]) -> None:
        """Write for which of the columns shown the members differ in direction."""
        up, down = ((sign * self.values > 0).sum(axis=0).tolist() for sign in (1, -1))
        split = {
            name: n for name, n, other in zip(self.names, up, down, strict=True) if n and other
        }
        count = len(self.values)
        named = [
            say("{name} (up in {up})", name=name, up=split[name]) for name in shown if name in split
        ]
        if named:
            template = "not all {count} members agree on the direction of {names}"
            emit(template, count=count, names=", ".join(named))
        else:
            emit("all {count} members agree on the direction of each column", count=count)

    def entry(self, index: int) -> dict[str, object]:
        """Return a column's contributions for JSON: the range, and in how many it is positive."""
        own = self.values[:, index]
        return {"low": float(own.min()), "high": float(own.max()), "raising": int((own > 0).sum())}
