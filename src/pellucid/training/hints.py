"""Hints while a network trains: what looks wrong, in plain words, with what to try.

A `Watch` looks at a run after some of its epochs: a forward pass over a sample of rows, the losses
so far, how far the weights have moved. It changes nothing, so the bits of training are the same
with and without it. `found` is a pure function of what was seen. Each kind of hint comes at most
once a run, and none while all is well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.chain import Trace
from pellucid.core.flatness import SHARE, activations_of, flat_rows
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine, Sigmoid, Tanh
from pellucid.core.members import alone
from pellucid.core.types import Array, Options
from pellucid.errors import Message
from pellucid.language import mark, say, translate

if TYPE_CHECKING:
    from pellucid.training.run import Run

Kind: TypeAlias = Literal[
    "unscaled", "labels", "dead", "saturated", "rate-high", "rate-low", "flat"
]

_PROBED = 100  # rows of a look, which takes 0.5 ms and more
_BETWEEN = 100_000  # rows that are trained on between two looks: less than 1 % of the time
_STEPS = 100  # fewer steps can look like anything
_EPOCHS = 3

# "A tanh or sigmoid network wants inputs of mean 0 and variance 1" (LeCun, Bottou, Orr and Müller,
# Efficient BackProp, 1998, section 4.3); ten times as much saturates, a hundredth hardly moves.
_LARGE, _TINY = 10.0, 0.01

# "As much as 40 % of your network can be dead if the learning rate is set too high" (Stanford
# CS231n, Neural Networks 1). Small networks that predict well have as many: there is no
# hint while the loss is this small a share of that of a constant prediction.
_DEAD, _HARMLESS = 0.4, 0.1

# Glorot and Bengio 2010, section 3: a whole layer saturates, and the loss stays high. Sigmoids that
# tell classes apart well are at their ends, too.
_SATURATED, _BAD = 0.5, 0.5

_RISEN = 1.3  # times the least loss of an epoch ...
_NOTICED = 0.1  # ... and by this share of the loss of a constant prediction
_THROWN = 2.0  # times the loss of a constant prediction

_MOVED = 0.05  # relative change of all weights; networks that train move by a third and more
_POOR = 0.8  # of the loss of a constant prediction
_FLAT = 0.98

_ROWS_AN_OUTPUT = 10  # from here on a class that no row has is no accident

TEXTS: dict[Kind, str] = {
    "unscaled": mark(
        "the inputs are not scaled: their root mean square is {size:.3g}. Networks train best on "
        "values of about -1 to 1: scale them, as the layer pl.Standardize.of(x) does in front"
    ),
    "labels": mark(
        "the network has {outputs} outputs, but the targets are only classes 0 to {last}: end it "
        "in {classes} outputs, or name the class of each output, net.classes = [...]"
    ),
    "dead": mark(
        "{count} of {size} neurons of layer {layer} ({activation}) are dead: no row activates "
        "them, so they do not train any more. Try a smaller learning rate (it is {rate:.3g}), or "
        "leaky_relu"
    ),
    "saturated": mark(
        "{count} of {size} neurons of layer {layer} ({activation}) are saturated: at an end of the "
        "curve for nearly every row, where hardly any gradient passes. Try a smaller learning rate "
        "(it is {rate:.3g}), smaller inputs, or relu"
    ),
    "rate-high": mark(
        "the loss does not settle: {least:.4g} in its best epoch, {last:.4g} now. The learning "
        "rate ({rate:.3g}) is probably too high: divide it by 3 or 10"
    ),
    "rate-low": mark(
        "in {epochs} epochs the weights have moved by {moved:.2%} only, and the loss hardly falls. "
        "The learning rate ({rate:.3g}) is probably too low: multiply it by 10"
    ),
    "flat": mark(
        "the loss is flat: after {epochs} epochs the predictions are no better than one constant "
        "for all rows. Check that rows and targets are in the same order; try another learning "
        "rate (it is {rate:.3g}), and in deep networks of sigmoids tanh or relu"
    ),
}

LINE = mark("hint after epoch {epoch}: {hint}")


@dataclass(frozen=True)
class Hint:
    """What looks wrong in a training, and what to try.

    Attributes
    ----------
    kind
        "unscaled" (inputs), "labels" (fewer classes than outputs), "dead" or "saturated" (neurons),
        "rate-high" or "rate-low" (learning rate), "flat" (loss).
    epoch
        After which epoch it was seen.
    values
        The numbers in the text, by name.

    `str(hint)` is the text in the current language.
    """

    kind: Kind
    epoch: int
    values: dict[str, float | str] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        """The text as a message, which can be translated later."""
        return Message(TEXTS[self.kind], **self.values)

    @property
    def line(self) -> str:
        """The text with its epoch, in the current language."""
        if not self.epoch:
            return say("hint: {hint}", hint=self.message)
        return say(LINE, epoch=self.epoch, hint=self.message)

    def __str__(self) -> str:
        return translate(self.message)


class Neurons(NamedTuple):
    """One hidden layer of activations: its index, its type, and how many of its neurons are dead
    and saturated, as `neuron_activity` counts them.
    """

    layer: str
    activation: str
    size: int
    dead: int
    saturated: int


class Seen(NamedTuple):
    """What a look at a run saw.

    `warms` is whether the learning rate begins low; `losses` are those of the epochs so far, `loss`
    is that of the sample of rows, `constant` the loss if each of them got the mean output. `moved`
    is the relative change of the trained weights since the start, `size` the root mean square of
    the first weights' inputs, or None.
    """

    epoch: int
    epochs: int
    warms: bool
    steps: int
    rate: float
    losses: list[float]
    loss: float
    constant: float
    moved: float
    size: float | None
    layers: list[Neurons]


def found(seen: Seen) -> Iterator[Hint]:
    """Yield the hints of a look, causes before what they cause."""

    def hint(kind: Kind, **values: float | str) -> Hint:
        return Hint(kind, seen.epoch, values)

    yield from _unscaled(seen.epoch, seen.size)
    if seen.steps < _STEPS:
        return
    share = seen.loss / seen.constant if seen.constant else 0.0
    for layer, activation, size, dead, saturated in seen.layers:
        where: dict[str, float | str]
        where = {"size": size, "layer": layer, "activation": activation, "rate": seen.rate}
        if size > 1 and dead >= _DEAD * size and share > _HARMLESS:
            yield hint("dead", count=dead, **where)
        elif size > 1 and saturated >= _SATURATED * size and share > _BAD:
            yield hint("saturated", count=saturated, **where)
    if unsettled(seen.losses, seen.constant) or share > _THROWN:
        yield hint("rate-high", least=min(seen.losses), last=seen.losses[-1], rate=seen.rate)
    if seen.epoch < max(min(_EPOCHS, seen.epochs), seen.epochs / 4 if seen.warms else 0):
        return
    if seen.moved < _MOVED and share > _POOR:
        yield hint("rate-low", epochs=seen.epoch, moved=seen.moved, rate=seen.rate)
    elif share > _FLAT:
        yield hint("flat", epochs=seen.epoch, rate=seen.rate)


def unsettled(losses: Sequence[float], constant: float) -> bool:
    """Return whether the loss is far above its least, in the last two epochs."""
    least = min(losses)
    return len(losses) > 2 and all(
        loss > _RISEN * least and loss - least > _NOTICED * constant for loss in losses[-2:]
    )


class Watch:
    """Looks at a run after epochs, at rows far enough apart, and at its end."""

    def __init__(self, run: Run) -> None:
        # Of a resumed run the first weights are not known, in a short one nobody asks for them
        known = not run.epoch and run.epochs * run.batches >= _STEPS
        self._begun = [W.copy() for W in _weights(run)] if known else []
        self._rows = self._last = 0  # rows since the last look, and its epoch
        self._known = {hint.kind for hint in run.history.hints}
        self._add(run, labels(run))

    def after_epoch(self, run: Run) -> None:
        """Look at the run where that is due, and add what is found to its history."""
        N = len(run.rows.x)
        self._rows += N
        ends = run.epoch >= run.epochs or run.stopped is not None
        if ends or self._rows >= max(_BETWEEN, _growing(run.epoch) * N):
            self._rows = 0
            few = run.epoch * run.batches < _STEPS
            self._add(run, unscaled(run) if few else found(look(run, self._begun)))

    def _add(self, run: Run, hints: Iterator[Hint]) -> None:
        for hint in hints:
            # A flat loss is only news where nothing explains it
            if hint.kind in self._known or (hint.kind == "flat" and self._known):
                continue
            self._known.add(hint.kind)
            run.history.hints += (hint,)


def _growing(epoch: int) -> int:
    """Return how many epochs pass between two looks: 1, 2, 4 at first, 8 later."""
    return min(8, max(1, epoch // 2))


def labels(run: Run) -> Iterator[Hint]:
    """Yield the hint that the last outputs have no class, where rows are too few for an error."""
    t, K = run.rows.t, checks.widths(run.trained.layers, math.prod(run.rows.x.shape[1:]))[-1]
    if t.ndim != 1 or t.dtype.kind not in "iu" or run.net.classes is not None or K < 2:
        return
    if len(t) >= _ROWS_AN_OUTPUT * K and (classes := 1 + int(t.max())) < K:
        yield Hint("labels", 0, {"outputs": K, "last": classes - 1, "classes": classes})


def unscaled(run: Run) -> Iterator[Hint]:
    """Yield the hint that inputs are not scaled: all that can be said after a few steps."""
    with np.errstate(all="ignore"):
        yield from _unscaled(run.epoch, _size(run.trained.layers, run.rows.x[_probed(run)]))


def _unscaled(epoch: int, size: float | None) -> Iterator[Hint]:
    if size and not _TINY <= size <= _LARGE:
        yield Hint("unscaled", epoch, {"size": size})


def _probed(run: Run) -> slice | Array:
    """Return which rows a look passes through the network."""
    N = len(run.rows.x)
    return slice(N) if N <= _PROBED else np.linspace(0, N - 1, _PROBED).astype(np.int64)


def look(run: Run, begun: list[Array]) -> Seen:
    """Pass a sample of the rows through the network, and return what is to be seen."""
    # The first member stands for the others.
    layers, loss, chosen = alone(run.trained.layers), run.loss_function, _probed(run)
    layers = layers[: chain.loss_depth(layers, loss)]
    x, t, weights = (None if each is None else each[chosen] for each in run.rows[:3])
    assert x is not None and t is not None
    with np.errstate(all="ignore"):
        trace = chain.forward(layers, np.ascontiguousarray(x, run.trained.dtype))
        z = trace.y
        same = np.broadcast_to(z.mean(axis=0), z.shape).astype(z.dtype)
        return Seen(
            epoch=run.epoch,
            epochs=run.epochs,
            warms=_warms(run),
            steps=run.epoch * run.batches,
            rate=run.engine.learning_rate,
            losses=run.history["loss"],
            loss=loss.value(z, t, weights),
            constant=loss.value(same, t, weights),
            moved=_moved(begun, run),
            size=_size(layers, x),
            layers=_hidden(trace, layers),
        )


def _warms(run: Run) -> bool:
    """Return whether the learning rate rises in the first quarter of the epochs."""
    first, *later = (run.schedule.factor(run.epochs * k / 16, run.epochs) for k in range(5))
    return first < 0.9 * max(later)


def _weights(run: Run) -> list[Array]:
    """Return the trained weights; biases begin at 0, and say little."""
    trained = chain.trainable(run.net.layers)
    return [W for W, own in zip(run.net.params, trained, strict=True) if own and W.ndim > 1]


def _moved(begun: list[Array], run: Run) -> float:
    """Return the relative change of the trained weights."""
    pairs = list(zip(_weights(run), begun, strict=False))
    change = sum(float(np.square(now - then).sum()) for now, then in pairs)
    start = sum(float(np.square(then).sum()) for _, then in pairs)
    return math.sqrt(change / start) if start else math.inf


def _size(layers: Sequence[Layer], x: Array) -> float | None:
    """Return the root mean square of what the first layer with weights is given, if an Affine."""
    x = np.ascontiguousarray(x, checks.dtype_of(layers))
    for layer in layers:
        if layer.params:
            if not isinstance(layer, Affine) or not x.size:
                return None
            values = x.ravel().astype(np.float64)
            size = math.sqrt(float(values @ values) / values.size)
            # Few ones among many zeros (categories) are no small inputs
            return size if size >= _TINY or np.abs(x).max() >= _TINY else float(np.abs(x).max())
        x = layer.forward(x)
    return None


def _hidden(trace: Trace, layers: Sequence[Layer]) -> list[Neurons]:
    """Count dead and saturated neurons of the hidden layers; outputs may well be at an end."""
    seen = []
    for name, layer, z, y in activations_of(layers, trace):
        index = int(name.partition(".")[0])
        if not any(below.params for below in layers[index + 1 :]):
            continue
        flat = flat_rows(layer, z, y)
        shares = flat.reshape(len(flat), -1).mean(axis=0)
        # A sigmoid that is flat in every row is at an end, and not at 0
        counts = int((shares == 1).sum()), 0
        if isinstance(layer, (Sigmoid, Tanh)):
            counts = 0, int((shares >= SHARE).sum())
        seen.append(Neurons(name, type(layer).__name__, len(shares), *counts))
    return seen


def as_state(hints: Sequence[Hint]) -> list[Options]:
    """Return hints as plain values, for a checkpoint."""
    return [{"kind": hint.kind, "epoch": hint.epoch, "values": hint.values} for hint in hints]


def of_state(state: Sequence[Options]) -> tuple[Hint, ...]:
    """Return the hints that `as_state` returned."""
    return tuple(Hint(**each) for each in state)
