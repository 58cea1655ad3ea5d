"""The path from one tensor to another, cut into segments at the tensors that every path crosses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pellucid.errors import Message
from pellucid.exchange.onnx.operators import Op


class Segment(NamedTuple):
    """The operators between two cuts: one, or several where paths part and meet again."""

    start: str
    ops: list[Op]
    end: str

    @property
    def last(self) -> Op:
        """The operator that makes the end."""
        return self.ops[-1]


def segments(ops: Sequence[Op], start: str, end: str) -> list[Segment]:
    """Cut the operators (in order; those that do not lead to `end` are left out) into segments.

    An operator's output is a cut when nothing after it uses anything made before it. (Whatever
    comes later and does not depend on that output would have to use something earlier, so no cut is
    missed.)
    """
    path = operators_between(ops, start, end)
    last_use = {name: index for index, op in enumerate(path) for name in op.live}
    found: list[Segment] = []
    current: list[Op] = []
    reach = last_use.get(start, 0)  # the last operator that uses anything made so far
    for index, op in enumerate(path):
        current.append(op)
        if reach <= index:
            found.append(Segment(found[-1].end if found else start, current, op.output))
            current = []
        reach = max(reach, last_use.get(op.output, 0))
    return found


def operators_between(ops: Sequence[Op], start: str, end: str) -> list[Op]:
    """Return the operators that lead from one tensor to another, in order."""
    wanted, path = {end}, []
    for op in reversed(ops):
        if op.output in wanted and op.output != start:
            path.append(op)
            wanted.update(op.live)
    return path[::-1]


def sources(ops: Sequence[Op], end: str) -> list[str]:
    """Return the tensors that `end` is made from and that no operator makes, sorted."""
    wanted = {end}
    for op in reversed(ops):
        if further := wanted.intersection(op.more):
            template = "it is read for its first output only, not for {tensor}"
            raise op.error(Message(template, tensor=min(further)))
        if op.output in wanted:
            if not op.live:
                raise op.error(Message("this operator on constants is not supported"))
            wanted.update(op.live)
    return sorted(wanted - {op.output for op in ops})
