"""Members in the form that `writers` writes: chains from one tensor, their outputs side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TypeAlias

from pellucid.core.members import Members
from pellucid.errors import InputError
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.operators import Op
from pellucid.exchange.onnx.segments import Segment, operators_between

_Read: TypeAlias = Callable[[Sequence[Op], str, str, Builder], None]

# How the outputs (N, M, K) are joined, by the last operators of the segments behind the Reshape.
_JOINS = {
    "values": ["ReduceMean"],
    "probabilities": ["LogSoftmax", "ReduceLogSumExp", "Sub"],
    "sigmoids": ["Sub"],
}


def read_members(path: Sequence[Segment], built: Builder, read: _Read) -> int:
    """Add Members if the first segments are such; return the number of these segments, else 0.

    `read` adds the layers between two tensors to a builder. What the operators compute is not
    looked at here: `proof` compares the whole network with the graph.
    """
    front, ends = path[0], path[0].last.live
    kinds = [segment.last.kind for segment in path]
    joins = [name for name, tail in _JOINS.items() if _begins(kinds, ["Concat", "Reshape", *tail])]
    chains = [set(map(id, operators_between(front.ops, front.start, end))) for end in ends]
    # Of an operator that two members share, the weights would become two copies.
    shared = any(a & b for a, b in combinations(chains, 2))
    if not joins or len(ends) < 2 or shared or built.transposed:
        return 0
    found = []
    for end in ends:
        member = Builder(built.row, built.batch, room=built.room, dtype=built.dtype)
        read(front.ops, front.start, end, member)
        built.room = member.room
        found.append(member)
    try:
        layer = Members([member.layers for member in found], joins[0])
    except InputError:  # chains that are not alike
        return 0
    built.add(layer)
    built.row = found[0].row
    return 2 + len(_JOINS[joins[0]])


def _begins(kinds: Sequence[str], wanted: Sequence[str]) -> bool:
    return kinds[: len(wanted)] == wanted
