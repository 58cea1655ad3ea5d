"""`verify`: the same numbers from everybody, to within rounding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.arrays import as_array
from pellucid.core.composite import Dropout
from pellucid.core.layer import Layer, walk
from pellucid.core.layers import GELU
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.optimizers import SGD, Adam, Optimizer
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.exchange.given import check_network
from pellucid.exchange.verification.gaps import gap, nudged, unrest
from pellucid.exchange.verification.programs import (
    PROGRAMS,
    Batches,
    EngineProgram,
    Program,
    arrays,
)
from pellucid.exchange.verification.rows import drawn_rows, drawn_targets, usual_loss
from pellucid.language import translate
from pellucid.network import Network

ROWS, BATCH = 256, 32
_MOST_HALVINGS = 20

# float64: sums of some thousand products round at 1e-13, normalisation can blow that up some
# hundred times; learning adds such differences up, step after step. float32: rounds at 6e-8, some
# hundred times of which are 1e-5; that is what a well-conditioned network needs. Another one
# enlarges every rounding (exponentials of exponentials a thousand times), and two programs that add
# in another order are then as far apart as that, both right. So how far rounding takes this very
# network is measured (`unrest`; for weights after learning by beginning one rounding beside them),
# and ENLARGED times that is allowed where it is more: programs differ by up to 1.5 times what is
# measured there, and what is really wrong would have to hide below ten roundings. Outputs and
# gradients in float64 are not widened, so a network that computes something else is seen there in
# any case.
TOLERANCES = {
    "float64": {
        "output": 1e-10,
        "loss": 1e-10,
        "gradient": 1e-10,
        "weights": 1e-9,
        "statistics": 1e-9,
    },
    "float32": {"output": 1e-5, "loss": 1e-5, "gradient": 1e-5},
}
ENLARGED = 10


class Line(NamedTuple):
    """One thing that everybody computed: what, its name, how far each is off, and how far it may
    be.

    `gaps` is the largest difference from the reference engine, in units of the largest number of
    the same array (at least 1); infinite where one has NaN and the other has not; None for who does
    not compute it.
    """

    what: str
    name: str
    gaps: dict[str, float | None]
    allowed: dict[str, float]

    @property
    def same(self) -> bool:
        """Whether everybody is within what is allowed."""
        return all(gap is None or gap <= self.allowed[who] for who, gap in self.gaps.items())


class Check(NamedTuple):
    """All lines in one floating type, and why who is missing in it is missing."""

    dtype: str
    lines: list[Line]
    absent: dict[str, str]


class Verification(NamedTuple):
    """What `verify` found."""

    checks: list[Check]
    rows: int
    batch: int
    steps: int
    loss: str
    dropout: bool

    @property
    def same(self) -> bool:
        """Whether every difference is within what is allowed."""
        return all(line.same for check in self.checks for line in check.lines)

    def to_dict(self) -> dict[str, Any]:
        """Give all of it as JSON can hold it; an infinite difference is a string."""
        return {
            "same": self.same,
            "rows": self.rows,
            "batch_size": self.batch,
            "steps": self.steps,
            "loss": self.loss,
            "dropout_off": self.dropout,
            "checks": [
                {
                    "dtype": check.dtype,
                    "absent": check.absent,
                    "lines": [
                        {
                            "what": line.what,
                            "name": line.name,
                            "same": line.same,
                            "gaps": {
                                who: "inf" if gap == np.inf else gap
                                for who, gap in line.gaps.items()
                            },
                            "allowed": line.allowed,
                        }
                        for line in check.lines
                    ],
                }
                for check in self.checks
            ],
        }


def verify(
    net: Network, x: Any = None, t: Any = None, *, steps: int = 100, seed: int = 0
) -> Verification:
    """Let the reference engine, the native one, PyTorch and ONNX Runtime compute the same, and
    compare.

    In float64, and without training in float32 where that is the network's type: every layer's
    output, loss and gradients of one batch of learning, and the weights (with BatchNorm's running
    statistics) after `steps` steps with SGD (rate 0.01, momentum 0.9, gradients clipped to norm 1,
    so that no network diverges) and with Adam (0.001). ONNX Runtime computes outputs only. Dropout
    is off throughout: every program would draw masks of its own. Who is not installed, or cannot
    take the network, is told in `absent`. The network itself is left as it is.

    Parameters
    ----------
    net
        The network.
    x
        Rows; None draws 256: MNIST's digits for 784 inputs, else random ones, so small that the
        loss is finite.
    t
        Targets that the usual loss of such a network takes; None draws them.
    steps
        Training steps, of batches of 32 rows in turn; 0 leaves training out.
    seed
        From which rows and targets are drawn.

    Raises InputError for rows and targets that do not fit, where the loss of the rows is not
    finite, and where nobody else can take the network.

    >>> import pellucid as pl
    >>> verify(pl.mlp([2, 4, 3], "sigmoid", seed=0), steps=5).same
    True
    """
    check_network(net)
    if not net.layers:
        raise InputError("a network without layers computes nothing: there is nothing to compare")
    net = net.copy()
    dropout = [layer for layer in walk(net.layers) if isinstance(layer, Dropout)]
    for layer in dropout:
        layer.rate = 0.0
    double, loss = net.astype("float64"), usual_loss(net)
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # what is not finite is compared, too, or refused
        x, t = _rows_and_targets(net, double, loss, x, t, seed)
        return _compared(net, double, loss, x, t, steps, bool(dropout))


def _compared(
    net: Network, double: Network, loss: Any, x: Array, t: Array, steps: int, dropout: bool
) -> Verification:
    checks = [_check(double, loss, x, t, steps)]
    if net.dtype == np.float32:
        checks.append(_check(net, loss, x, t, 0))
    return Verification(checks, len(x), min(BATCH, len(x)), steps, type(loss).__name__, dropout)


def _rows_and_targets(
    net: Network, double: Network, loss: Any, x: Any, t: Any, seed: int
) -> tuple[Array, Array]:
    """Give rows and targets as programs take them, drawn where they are None; raises InputError for
    an infinite loss.

    Rows that are drawn are smaller and smaller ones, until the loss is finite in the network's own
    type.
    """
    for halvings in range(1 if x is not None else _MOST_HALVINGS):
        generator, labels = np.random.default_rng(seed), None
        if x is None:
            rows, labels = drawn_rows(net, ROWS, generator, 0.5**halvings)
            rows = _rows(double, rows)
        else:
            rows = _rows(double, x)
        sums = _sums(double, loss, rows)
        targets = loss.targets(
            drawn_targets(loss, sums, labels, generator) if t is None else t, sums
        )
        own = [sums, _sums(net, loss, rows if rows.dtype == np.uint8 else rows.astype(net.dtype))]
        if all(
            np.isfinite(loss.value(y, targets.astype(y.dtype)))
            for y in own[: 2 if x is None else 1]
        ):
            return rows, targets
    raise InputError("the loss of these rows is not finite: there is nothing to compare")


def _sums(net: Network, loss: Any, x: Array) -> Array:
    trace = chain.forward(net.layers, checks.as_input(net.layers, x))
    return trace.input_of(chain.loss_depth(net.layers, loss))


def _rows(net: Network, x: Any) -> Array:
    """Give rows as all programs take them.

    Bytes where the network scales bytes, else of its floating type.
    """
    x = as_array(x)
    given = checks.as_input(net.layers, x)
    if len(given) == 0:
        raise InputError("there are no rows to compare by")
    given = given.reshape(len(given), -1)
    if checks.byte_factor(net.layers) is None:
        return given
    checks.check_scaled(net.layers, x)
    if (given.astype(np.uint8) != given).any():
        raise InputError("this network scales bytes: give whole numbers from 0 to 255")
    return given.astype(np.uint8)


def _check(net: Network, loss: Any, x: Array, t: Array, steps: int) -> Check:
    """Compare everybody in the network's floating type."""
    x = x if x.dtype == np.uint8 else x.astype(net.dtype)
    t = t.astype(net.dtype)
    others: dict[str, Program] = {}
    absent: dict[str, str] = {}
    for name, make in PROGRAMS.items():
        try:
            others[name] = make(net, loss)
        except InputError as error:
            absent[name] = translate(error)
    if not others:
        raise InputError(
            "there is nobody to compare with: {reasons}", reasons="; ".join(absent.values())
        )
    reference = EngineProgram(net, loss, "reference")
    lines = [
        *_passes(net, reference, others, x, t),
        *_learning(net, reference, others, _batches(x, t, steps)),
    ]
    return Check(net.dtype.name, lines, absent)


def _passes(
    net: Network, reference: EngineProgram, others: dict[str, Program], x: Array, t: Array
) -> Iterator[Line]:
    moved = unrest(net, reference.loss, x, t) if net.dtype == np.float32 else None
    ours = reference.outputs(x)
    theirs = {who: program.outputs(x) for who, program in others.items()}
    for index, layer in enumerate(net.layers):
        gaps = {who: gap(ours[index], outputs[index]) for who, outputs in theirs.items()}
        yield _line(
            net,
            "output",
            f"{index} {type(layer).__name__}",
            gaps,
            moved.outputs[index] if moved else 0,
        )
    own = reference.gradients(x, t)
    found = {who: program.gradients(x, t) for who, program in others.items()}
    losses = {
        who: None if got is None else gap(np.array(own[0]), np.array(got[0]))
        for who, got in found.items()
    }
    yield _line(net, "loss", "", losses, moved.loss if moved else 0)
    names = [name for name, _, learned in arrays(net) if learned]
    for index, name in enumerate(names):
        gaps = {
            who: None if got is None else gap(own[1][index], got[1][index])
            for who, got in found.items()
        }
        yield _line(net, "gradient", name, gaps, moved.gradients[index] if moved else 0)


def _learning(
    net: Network, reference: EngineProgram, others: dict[str, Program], batches: Batches
) -> Iterator[Line]:
    if not batches or not any(chain.trainable(net.layers)):
        return
    optimizers: list[Optimizer] = [SGD(0.01, momentum=0.9, clip_norm=1.0), Adam(0.001)]
    for optimizer in optimizers:
        ours = reference.learned(optimizer, batches)
        theirs = {who: program.learned(optimizer, batches) for who, program in others.items()}
        moved = EngineProgram(next(nudged(net, net.dtype, 1)), reference.loss, "reference").learned(
            optimizer, batches
        )
        for what, learned in (("weights", True), ("statistics", False)):
            if learned or any(isinstance(layer, BatchNorm) for layer in walk(net.layers)):
                gaps = {
                    who: None if got is None else _widest(ours, got, learned)
                    for who, got in theirs.items()
                }
                yield _line(
                    net, what, type(optimizer).__name__, gaps, _widest(ours, moved, learned)
                )


def _batches(x: Array, t: Array, steps: int) -> Batches:
    """Give as many batches as there are steps, the rows in turn."""
    size = min(BATCH, len(x))
    places = np.arange(steps * size).reshape(steps, size) % len(x)
    return [(x[rows], t[rows]) for rows in places]


def _line(
    net: Network, what: str, name: str, gaps: dict[str, float | None], moved: float = 0
) -> Line:
    allowed = dict.fromkeys(gaps, max(TOLERANCES[net.dtype.name][what], ENLARGED * moved))
    if "ONNX Runtime" in allowed and any(_rounded_in_onnx(layer) for layer in walk(net.layers)):
        allowed["ONNX Runtime"] = max(allowed["ONNX Runtime"], TOLERANCES["float32"]["output"])
    return Line(what, name, gaps, allowed)


def _rounded_in_onnx(layer: Layer) -> bool:
    """Tell whether ONNX holds or computes a part of the layer in float32.

    An epsilon, or erf in ONNX Runtime.
    """
    return isinstance(layer, (BatchNorm, LayerNorm)) or (
        isinstance(layer, GELU) and layer.approximate == "none"
    )


def _widest(ours: Network, theirs: Network, learned: bool) -> float:
    pairs = zip(arrays(ours), arrays(theirs), strict=True)
    found = [gap(a, b) or 0.0 for (_, a, wanted), (_, b, _) in pairs if wanted is learned]
    return max(found, default=0.0)
