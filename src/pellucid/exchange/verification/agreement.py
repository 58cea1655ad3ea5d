"""`verify`: the same results from every program, up to rounding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.activations import GELU
from pellucid.core.arrays import as_array
from pellucid.core.composite import Dropout, Skip
from pellucid.core.layer import Layer, flat, walk
from pellucid.core.losses import RowLoss
from pellucid.core.members import Members
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.optimizers import SGD, Adam
from pellucid.core.types import Array, ArrayLike, Batch, Options
from pellucid.errors import InputError, Message
from pellucid.exchange.guards import check_network
from pellucid.exchange.verification.gaps import gap, perturbed, rounding_effects
from pellucid.exchange.verification.programs import PROGRAMS, Batches, EngineProgram, Program
from pellucid.exchange.verification.samples import drawn_rows, drawn_targets, usual_loss
from pellucid.language import translate
from pellucid.network import Network

ROWS, BATCH = 256, 32
_MOST_HALVINGS = 20  # of the rows' size: together a factor of a million

# float64: sums of some thousand products round at 1e-13, which normalisation can amplify some
# hundred times; training accumulates such differences step by step.
# float32: rounds at 6e-8, some hundred times of which are 1e-5; a well-conditioned network needs no
# more. Another one amplifies every rounding (exponentials of exponentials a thousand times), and
# two programs that sum in another order then differ as much, both right. So the effect of rounding
# on this very network is measured (`rounding_effects`; for trained weights by starting one rounding
# beside them), and ENLARGED times that is allowed where it is more: programs differ by up to 1.5
# times that measure, and an error would have to hide below ten roundings. Outputs and gradients in
# float64 are not widened, so a network that computes something else is noticed there in any case.
_PASS, _TRAINING = ("output", "loss", "gradient"), ("weights", "statistics")
TOLERANCES = {
    "float64": dict.fromkeys(_PASS, 1e-10) | dict.fromkeys(_TRAINING, 1e-9),
    "float32": dict.fromkeys(_PASS, 1e-5),
}
ENLARGED = 10


class Line(NamedTuple):
    """One result that every program computed, its differences and the allowed ones.

    `gaps` is the largest difference from the reference engine, in units of the largest number of
    the same array (at least 1); infinite where one has NaN and the other does not; None for a
    program that does not compute it.
    """

    what: str
    name: str
    gaps: dict[str, float | None]
    allowed: dict[str, float]

    @property
    def same(self) -> bool:
        """Whether every program is within its allowed difference."""
        return all(gap is None or gap <= self.allowed[who] for who, gap in self.gaps.items())

    def to_dict(self) -> Options:
        """Return the line as JSON can hold it; an infinite difference is a string."""
        gaps = {who: "inf" if gap == np.inf else gap for who, gap in self.gaps.items()}
        found = {"what": self.what, "name": self.name, "same": self.same}
        return {**found, "gaps": gaps, "allowed": self.allowed}


class Check(NamedTuple):
    """All lines in one floating type, and the reason for each program that is absent."""

    dtype: str
    lines: list[Line]
    absent: dict[str, str]


class Verification(NamedTuple):
    """The result of `verify`."""

    checks: list[Check]
    rows: int
    batch: int
    steps: int
    loss: str
    dropout: bool

    @property
    def same(self) -> bool:
        """Whether every difference is within the allowed one."""
        return all(line.same for check in self.checks for line in check.lines)

    def to_dict(self) -> Options:
        """Return all of it as JSON can hold it."""
        settings = {"rows": self.rows, "batch_size": self.batch, "steps": self.steps}
        checks = [
            {**check._asdict(), "lines": [line.to_dict() for line in check.lines]}
            for check in self.checks
        ]
        found: Options = {"same": self.same, **settings, "loss": self.loss}
        return {**found, "dropout_off": self.dropout, "checks": checks}


def verify(
    net: Network,
    x: ArrayLike | None = None,
    t: ArrayLike | None = None,
    *,
    steps: int = 100,
    seed: int = 0,
) -> Verification:
    """Compute the same with both engines, PyTorch and ONNX Runtime, and compare.

    In float64, and without training in float32 where that is the network's type: every layer's
    output, loss and gradients of one training batch, and the weights (with BatchNorm's running
    statistics) after `steps` steps with SGD (learning rate 0.01, momentum 0.9, gradients clipped to
    norm 1, so that no network diverges) and with Adam (0.001). ONNX Runtime computes outputs only.
    Dropout is off throughout: every program would draw its own masks. Programs that are not
    installed, or do not support the network, are listed in `absent`. The network is not changed.

    Parameters
    ----------
    net
        The network.
    x
        Rows; None draws 256: MNIST's digits for 784 inputs, else random ones, so small that every
        output and the loss are finite.
    t
        Targets that the usual loss of such a network takes; None draws them.
    steps
        Training steps, of batches of 32 rows in turn; 0 leaves training out.
    seed
        The seed of drawn rows and targets.

    Raises InputError for rows and targets that do not fit, where a result is not finite (nothing
    can be compared then), for layers nested too deep, and where no program supports the network.

    >>> import pellucid as pl
    >>> verify(pl.mlp([2, 4, 3], "sigmoid", seed=0), steps=5).same
    True
    """
    check_network(net)
    if not net.layers:
        raise InputError("a network without layers computes nothing: nothing can be compared")
    try:
        dropout = any(isinstance(layer, Dropout) for layer in walk(net.layers))
        layers = _without_dropout(net.copy().layers)
        net = Network(layers, inputs=net.inputs, classes=net.classes)
        loss = usual_loss(net)
        with np.errstate(over="ignore", invalid="ignore"):  # infinity is an error below
            rows, targets = _rows_and_targets(net, loss, x, t, seed)
            found = [_check(net.astype("float64"), loss, rows, targets, steps)]
            if net.dtype == np.float32:
                found.append(_check(net, loss, rows, targets, 0))
    except RecursionError as error:
        raise InputError("its Residual layers are nested too deep to be compared") from error
    batch = min(BATCH, len(rows))
    return Verification(found, len(rows), batch, steps, type(loss).__name__, dropout)


def _without_dropout(layers: Iterable[Layer]) -> list[Layer]:
    """Return the layers with rate 0 in each Dropout, whose place and name stay."""
    found = list(layers)
    for place, layer in enumerate(found):
        if isinstance(layer, Dropout):
            found[place] = Dropout(0.0)
        elif isinstance(layer, (Skip, Members)):
            found[place] = layer.around(_without_dropout(layer.inner), layer.options())
            found[place].frozen = layer.frozen
    return found


def _rows_and_targets(
    net: Network, loss: RowLoss, x: ArrayLike | None, t: ArrayLike | None, seed: int
) -> tuple[Batch, Array]:
    """Return rows and targets as programs take them, drawn where they are None.

    Drawn rows shrink until outputs and loss are finite in float64 and in the network's own type.
    Raises InputError where that fails, or where the loss of the user's rows is not finite.
    """
    double, depth = net.astype("float64"), chain.loss_depth(net.layers, loss)
    for halvings in range(1 if x is not None else _MOST_HALVINGS):
        generator = np.random.default_rng(seed)
        given, labels = x, None
        if given is None:
            given, labels = drawn_rows(net, ROWS, generator, 0.5**halvings)
        rows = _as_rows(double, given)
        traces = [double.forward(rows)]
        z = traces[0].input_of(depth)
        targets = loss.targets(drawn_targets(loss, z, labels, generator) if t is None else t, z)
        if x is None:
            traces.append(net.forward(rows if rows.dtype == np.uint8 else rows.astype(net.dtype)))
        ends = [each.input_of(depth) for each in traces]
        losses = [loss.value(end, targets.astype(end.dtype)) for end in ends]
        finite = x is not None or all(np.isfinite(y).all() for each in traces for y in each)
        if np.isfinite(losses).all() and finite:
            return rows, targets
    if x is not None:
        raise InputError("the loss of these rows is not finite: nothing can be compared")
    raise InputError(
        "no drawn rows give finite outputs and a finite loss: pass rows x, or look for weights "
        "that are too large"
    )


def _as_rows(net: Network, x: ArrayLike) -> Batch:
    """Return rows as all programs take them: bytes where the network scales bytes, else floats."""
    x = as_array(x)
    given = checks.as_input(net.layers, x)
    if len(given) == 0:
        raise InputError("there are no rows to compare with")
    given = given.reshape(len(given), -1)
    if checks.byte_factor(net.layers) is None:
        return given
    checks.check_scaled(net.layers, x)
    if (given.astype(np.uint8) != given).any():
        raise InputError("this network scales bytes: pass whole numbers from 0 to 255")
    return given.astype(np.uint8)


def _check(net: Network, loss: RowLoss, x: Batch, t: Array, steps: int) -> Check:
    """Compare all programs in the network's floating type."""
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
        reasons = "; ".join(absent.values())
        raise InputError("there is no program to compare with: {reasons}", reasons=reasons)
    reference = EngineProgram(net, loss, "reference")
    passes = _passes(reference, others, x, t)
    training = _training(reference, others, _batches(x, t, steps))
    return Check(net.dtype.name, [*passes, *training], absent)


def _passes(
    reference: EngineProgram, others: dict[str, Program], x: Batch, t: Array
) -> Iterator[Line]:
    net = reference.net
    moved = rounding_effects(net, reference.loss, x, t) if net.dtype == np.float32 else None
    theirs = {who: program.outputs(x) for who, program in others.items()}
    for index, (layer, y) in enumerate(zip(net.layers, net.forward(x), strict=True)):
        kind = type(layer).__name__
        what = Message("the output of layer {index} ({layer})", index=index, layer=kind)
        _check_finite(what, [y])
        gaps = {who: gap(y, outputs[index]) for who, outputs in theirs.items()}
        yield _line(net, "output", f"{index} {kind}", gaps, moved.outputs[index] if moved else 0)
    value, grads = reference.gradients(x, t)
    _check_finite(Message("the gradient"), grads)
    found = {who: program.gradients(x, t) for who, program in others.items()}
    gaps = {who: gap(np.array(value), got and np.array(got[0])) for who, got in found.items()}
    yield _line(net, "loss", "", gaps, moved.loss if moved else 0)
    for index, name in enumerate(name for name, _, trained in _arrays(net) if trained):
        gaps = {who: gap(grads[index], got and got[1][index]) for who, got in found.items()}
        yield _line(net, "gradient", name, gaps, moved.gradients[index] if moved else 0)


def _training(
    reference: EngineProgram, others: dict[str, Program], batches: Batches
) -> Iterator[Line]:
    net = reference.net
    if not batches or not any(chain.trainable(net.layers)):
        return
    kinds = [("weights", True)]
    if any(isinstance(layer, BatchNorm) for layer in walk(net.layers)):
        kinds.append(("statistics", False))
    nearby = EngineProgram(next(perturbed(net, net.dtype, 1)), reference.loss, "reference")
    for optimizer in (SGD(0.01, momentum=0.9, clip_norm=1.0), Adam(0.001)):
        ours, moved = (each.trained(optimizer, batches) for each in (reference, nearby))
        _check_finite(Message("the network after training"), [a for _, a, _ in _arrays(ours)])
        theirs = {who: program.trained(optimizer, batches) for who, program in others.items()}
        for what, trained in kinds:
            gaps = {
                who: None if got is None else _widest(ours, got, trained)
                for who, got in theirs.items()
            }
            allowed = _widest(ours, moved, trained)
            yield _line(net, what, type(optimizer).__name__, gaps, allowed)


def _check_finite(what: Message, values: Iterable[Array]) -> None:
    """Raise InputError for NaN and infinity: programs that agree on these prove nothing."""
    template = (
        "{what} holds NaN or infinity in {dtype}: nothing can be compared; pass smaller "
        "rows, or look for weights that are too large"
    )
    for value in values:
        if not np.isfinite(value).all():
            raise InputError(template, what=what, dtype=value.dtype)


def _batches(x: Batch, t: Array, steps: int) -> Batches:
    """Return as many batches as there are steps, the rows in turn."""
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
    # ONNX keeps an epsilon in float32, and ONNX Runtime computes erf in float32 only.
    erf = isinstance(layer, GELU) and layer.approximate == "none"
    return erf or isinstance(layer, (BatchNorm, LayerNorm))


def _widest(ours: Network, theirs: Network, trained: bool) -> float:
    """Return the largest gap among the arrays that are trained, or among the others."""
    pairs = zip(_arrays(ours), _arrays(theirs), strict=True)
    found = [gap(a, b) or 0.0 for (_, a, wanted), (_, b, _) in pairs if wanted is trained]
    return max(found, default=0.0)


def _arrays(net: Network) -> Iterator[tuple[str, Array, bool]]:
    """Yield (name as in model files, array, whether it is trained) of a network's arrays."""
    trained = {id(array) for array in flat(layer.params for layer in net.layers)}
    for index, layer in enumerate(net.layers):
        for name, array in layer.arrays().items():
            yield f"{index}.{name}", array, id(array) in trained
