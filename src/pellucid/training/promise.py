"""What must be the same for a resumed run to end with the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from types import FunctionType
from typing import TYPE_CHECKING

import numpy as np

from pellucid import __version__
from pellucid.core.types import Options
from pellucid.engines import fingerprint, instruction_set
from pellucid.engines.scanning import comparable, reads_as_fingerprint
from pellucid.errors import Message
from pellucid.language import mark
from pellucid.training.callbacks import arrays_of

if TYPE_CHECKING:
    from pellucid.training.checkpoints import Resumable
    from pellucid.training.run import Run

POINTS = 1_000  # at which the learning rates of two numbers of epochs are compared


def promise_of(run: Run, data: str | None = None) -> Options:
    """Return everything but the state that decides the bits of a run, by name, as texts.

    `data` is the fingerprint of all rows where `run.rows` are not all.
    """
    x, t, weights, known = run.rows
    held_out = [] if run.held_out is None else [a for a in run.held_out[:3] if a is not None]
    native = run.engine.name == "native"
    return {
        mark("network"): "; ".join(map(repr, run.net.layers)),
        mark("weights at the start"): fingerprint(*arrays_of(run.net)),
        mark("data"): data or known or fingerprint(x, t),
        mark("sample weights"): "none" if weights is None else fingerprint(weights),
        mark("validation data"): fingerprint(*held_out) if held_out else "none",
        mark("loss"): described(run.loss_function),
        mark("optimizer"): repr(run.optimizer),
        mark("schedule"): repr(run.schedule),
        mark("augment"): "none" if run.augment is None else described(run.augment),
        mark("batch size"): str(run.batch_size),
        mark("seed"): str(run.seed),
        mark("metrics"): ", ".join(run.metrics) or "none",
        mark("callbacks"): ", ".join(type(each).__name__ for each in run.own_callbacks) or "none",
        **({} if run.shards is None else {mark("shards"): str(run.shards)}),
        mark("engine"): run.engine.name,
        mark("instruction set"): instruction_set() or "none" if native else "none",
        "pellucid": __version__,
        "NumPy": np.__version__,
    }


def described(chosen: object) -> str:
    """Return the code that makes an object again, or its name.

    The usual repr holds an address, and the same training shall write the same file.
    """
    if type(chosen).__repr__ is not object.__repr__ and not isinstance(chosen, FunctionType):
        return repr(chosen)
    return getattr(chosen, "__name__", type(chosen).__name__)


def differences(then: Options, now: Options) -> list[Message]:
    """Return what differs between the promises of a checkpoint and of a run, one by one.

    Settings come first. Where one differs, fingerprints are not shown: weights and data often
    follow from it, as from a seed.
    """
    settings, hashes = [], []
    for name in {**then, **now}:
        before, after = (str(known.get(name, "?")) for known in (then, now))  # of any file
        if before == after:
            continue
        template = "{name}: {then} then, {now} now"
        if not comparable(before, after):
            template = "{name}: {then} then, {now} now (fingerprints of two versions of pellucid)"
        told = Message(template, name=Message(name), then=before, now=after)
        if reads_as_fingerprint(before) and reads_as_fingerprint(after):
            hashes.append((name, told))
        else:
            settings.append(told)
    if not settings:
        return [told for _, told in hashes]
    return settings + [Message("{name}: others now", name=Message(name)) for name, _ in hashes]


def in_one(found: Sequence[Message]) -> Message:
    """Return several differences as one message."""
    both = "{first}; {second}"  # not in the catalogue: the same in every language
    return reduce(lambda one, other: Message(both, first=one, second=other), found)


def same_rates(run: Resumable, epochs: int) -> bool:
    """Return whether the learning rates so far are those of a run of `epochs` epochs, too."""
    if epochs == run.epochs:
        return True
    done = run.epoch - 1 + run.batch / run.batches if run.batches else run.epoch
    watched = run.watched
    return all(
        run.factor(point, epochs, watched[: int(point)])
        == run.factor(point, run.epochs, watched[: int(point)])
        for point in np.linspace(0, done, POINTS).tolist()
    )
