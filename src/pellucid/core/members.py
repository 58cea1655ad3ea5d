"""Members: networks side by side whose predictions are averaged, an ensemble as one layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Self

import numpy as np

from pellucid.core import chain, functions
from pellucid.core.chain import Trace
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer, Pass, walk
from pellucid.core.nested import Nested
from pellucid.core.types import Array, Batch, Gradients, Options
from pellucid.errors import InputError

JOINS = ("values", "probabilities", "sigmoids")


class Members(Nested):
    """Networks side by side, the members of an ensemble, joined to the mean of their predictions.

    Every member gets the same x and has layers of its own; z_m is what member m makes of x, (N, K):

    - join "values": y = mean over m of z_m.
    - join "probabilities": y = log(mean over m of softmax(z_m)), so that softmax(y) is the mean of
      the members' probabilities: a `Softmax` follows.
    - join "sigmoids": y = logit(mean over m of sigmoid(z_m)), so that sigmoid(y) is the mean of the
      members' probabilities: a `Sigmoid` follows.

    `train` trains each member by its own loss, in its own order of rows and with its own dropout,
    as networks that are trained one by one (Lakshminarayanan et al. 2017, deep ensembles). In a
    network nothing but an activation or a `Standardize` may follow; what is in front is shared and
    not trained. `pl.ensemble` makes such a network of several, `table_mlp(columns, members=8)` a
    new one, and `net.members` are the members as networks.

    `inner` holds the layers of member 0, then those of member 1, ...; names of arrays count through
    all of them ("0.W", "1.W").

    Parameters
    ----------
    members
        For each member a list of layers. Members are alike: the same layers, with arrays of the
        same shapes.
    join
        "values" (default), "probabilities" or "sigmoids".

    Attributes
    ----------
    members
        The layers of each member, a tuple of tuples.

    Raises InputError for no members, members that differ or share a layer, members that end in the
    activation that belongs behind, and members within members.

    >>> from pellucid.core.layers import Affine
    >>> Members([[Affine([[1.0]])], [Affine([[3.0]])]]).forward(np.array([[10.0]]))
    array([[20.]])
    """

    def __init__(self, members: Iterable[Iterable[Layer]], join: str = "values") -> None:
        self.join = join
        if join not in JOINS:
            template = "Members: join is one of {known}, not {got}"
            raise InputError(template, known=", ".join(JOINS), got=repr(join))
        self.members = _checked(members)
        self.inner = tuple(layer for member in self.members for layer in member)
        D = self.input_width()
        if D is not None:
            self.output_width(D)

    @classmethod
    def around(cls, inner: Sequence[Layer], options: Options) -> Self:
        """Make a layer from what `inner` and `options()` returned; raises InputError otherwise."""
        count, join = options.get("count"), options.get("join")
        # Options come from files, and by isinstance True would be an int.
        if type(count) is not int or type(join) is not str or set(options) != {"count", "join"}:
            raise InputError("a layer's options are malformed")
        if not 1 <= count <= len(inner) or len(inner) % count:
            template = "Members: {count} members cannot have {layers} layers in all"
            raise InputError(template, count=count, layers=len(inner))
        size = len(inner) // count
        return cls([inner[start : start + size] for start in range(0, len(inner), size)], join)

    @property
    def count(self) -> int:
        """The number of members."""
        return len(self.members)

    def outputs(self, x: Batch) -> list[Batch]:
        """Return what each member makes of x in prediction: z_m, (N, K)."""
        return [chain.predict(member, x) for member in self.members]

    def traces(self, x: Batch, draws: Draws | None = None) -> list[Trace]:
        """Return each member's trace of x."""
        places = [None if draws is None else draws.at(m) for m in range(self.count)]
        pairs = zip(self.members, places, strict=True)
        return [chain.forward(member, x, place) for member, place in pairs]

    def joined(self, outputs: Sequence[Batch]) -> Batch:
        """Return y, (N, K), for what each member made of x."""
        z = np.stack(outputs)
        if self.join == "values":
            return np.asarray(z.mean(axis=0))
        if self.join == "probabilities":
            return _log_mean(functions.log_softmax(z))
        # log p - log(1 - p) of the mean p: neither is 0 before it is too small for the type.
        return _log_mean(-functions.softplus(-z)) - _log_mean(-functions.softplus(z))

    def forward(self, x: Batch, draws: Draws | None = None) -> Batch:
        if draws is None:
            return self.joined(self.outputs(x))
        return self.joined([trace.y for trace in self.traces(x, draws)])

    def parts(self, outputs: Sequence[Batch], dy: Batch) -> Batch:
        """Return the gradient with respect to each member's output, (M, N, K)."""
        z = np.stack(outputs)
        if self.join == "values":
            return np.broadcast_to(dy / z.dtype.type(self.count), z.shape)
        if self.join == "probabilities":
            own = dy * _shares(functions.log_softmax(z))
            return own - functions.softmax(z) * own.sum(axis=-1, keepdims=True)
        p = functions.sigmoid(z)
        yes, no = _shares(-functions.softplus(-z)), _shares(-functions.softplus(z))
        return dy * (yes * (1 - p) + no * p)

    def backward(self, p: Pass, dy: Batch) -> Gradients:
        traces = self.traces(p.x, p.draws)
        dz = self.parts([trace.y for trace in traces], dy)
        dx: Batch | None = None
        grads: list[Array] = []
        for member, trace, part in zip(self.members, traces, dz, strict=True):
            own, found = chain.backward(member, trace, np.ascontiguousarray(part), p.needs_dx)
            dx = own if dx is None or own is None else dx + own
            grads += found
        return dx, grads

    def observe(self, x: Batch, draws: Draws) -> None:
        # Only where there are statistics to update: the members' outputs are computed once more.
        if self.buffers:
            for member, trace in zip(self.members, self.traces(x, draws), strict=True):
                chain.observe(member, trace)

    def project(self) -> None:
        chain.project(self.inner)

    def input_width(self) -> int | None:
        return next((D for each in self.members[0] if (D := each.input_width()) is not None), None)

    def output_width(self, D: int) -> int:
        # Members are alike, so the first stands for all of them.
        return reduce(lambda width, layer: layer.output_width(width), self.members[0], D)

    def options(self) -> Options:
        return {"count": self.count, "join": self.join}

    def __repr__(self) -> str:
        one = ", ".join(map(repr, self.members[0]))
        return f"Members({self.count} * [[{one}]], join={self.join!r})"


def members_of(layers: Sequence[Layer]) -> Members | None:
    """Return the layer that holds the members of a network's layers; None if it has none."""
    return next((layer for layer in layers if isinstance(layer, Members)), None)


def alone(layers: Sequence[Layer], member: int = 0) -> tuple[Layer, ...]:
    """Return the layers of the network that one member is by itself; all, if there are none."""
    own: list[Layer] = []
    for layer in layers:
        own += layer.members[member] if isinstance(layer, Members) else [layer]
    return tuple(own)


def _checked(members: Iterable[Iterable[Layer]]) -> tuple[tuple[Layer, ...], ...]:
    """Return the members' layers; raise InputError where they are no members of one layer."""
    given = list(members) if isinstance(members, Iterable) else []
    found = tuple(tuple(each) if isinstance(each, Iterable) else () for each in given)
    if not found or not all(found) or not all(isinstance(a, Layer) for m in found for a in m):
        raise InputError("Members expects a list of at least one layer for each member")
    inside = list(walk(layer for member in found for layer in member))
    if any(isinstance(layer, Members) for layer in inside):
        raise InputError("Members cannot hold other Members")
    if len({id(layer) for layer in inside}) < len(inside):
        raise InputError("Members: each member needs layers of its own; make copies of shared ones")
    first = _structure(found[0])
    for index, member in enumerate(found):
        if _structure(member) != first:
            raise InputError(
                "Members: the members must have the same layers and shapes, but member {index} "
                "differs from member 0",
                index=index,
            )
    if type(found[0][-1]) in chain.LOSS_OF:
        raise InputError(
            'Members: put {layer} behind Members, not into each member: join="probabilities" '
            'belongs to Softmax, join="sigmoids" to Sigmoid',
            layer=type(found[0][-1]).__name__,
        )
    return found


def _structure(layers: Sequence[Layer]) -> list[object]:
    """Return what must be the same in all members: types, settings, and shapes of arrays."""
    return [
        (
            type(layer),
            layer.options(),
            {name: array.shape for name, array in layer.arrays().items()},
            _structure(layer.inner),
        )
        for layer in layers
    ]


def _log_mean(logs: Batch) -> Batch:
    """Return the logarithm of the mean over the members, (N, K), of what logs, (M, N, K), are."""
    most = logs.max(axis=0)
    return np.asarray(most + np.log(np.exp(logs - most).mean(axis=0)))


def _shares(logs: Batch) -> Batch:
    """Return each member's share, (M, N, K), in the sum over all of what logs are."""
    e = np.exp(logs - logs.max(axis=0))
    return np.asarray(e / e.sum(axis=0))
