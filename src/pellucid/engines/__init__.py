"""Who does the arithmetic: one protocol, and the engines that implement it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pellucid.core import chain
from pellucid.core.layer import Layer
from pellucid.core.losses import Loss
from pellucid.core.optimizers import Optimizer
from pellucid.core.types import Array, ArrayLike, Batch, Vector
from pellucid.engines.instructions import instruction_set, runnable_sets, using_instructions
from pellucid.engines.native import NativeEngine, why_not
from pellucid.engines.order import epoch_order
from pellucid.engines.protocol import Engine, Ridge, Trainer, batches_a_call
from pellucid.engines.reference import ReferenceEngine
from pellucid.engines.scanning import fingerprint, is_fingerprint, scan
from pellucid.engines.sharded import Plan, ShardedEngine
from pellucid.errors import InputError

ENGINES = ("auto", "native", "reference")


def make_engine(
    layers: Sequence[Layer],
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    seed: int = 0,
    engine: str = "auto",
    threads: int | None = None,
) -> Engine:
    """Return an engine for the layers: "native", "reference", or "auto" for the faster one.

    `threads` is a number of threads, or None for the usual one (see `thread_count`); the reference
    engine leaves threads to NumPy. Raises InputError for an engine that does not exist, or that
    cannot take these layers here.
    """
    threads = thread_count(threads)
    if engine not in ENGINES:
        raise InputError(
            "engine must be one of {known}, got {got}", known=", ".join(ENGINES), got=repr(engine)
        )
    reason = None if engine == "reference" else why_not(layers, optimizer)
    if engine == "native" and reason is not None:
        raise InputError('{reason}: choose engine="auto" or "reference"', reason=reason)
    if engine == "reference" or reason is not None:
        return ReferenceEngine(layers, loss, optimizer, seed)
    return NativeEngine(layers, loss, optimizer, seed, threads)


def thread_count(threads: int | None = None) -> int:
    """Return the number of threads: the argument, else PELLUCID_THREADS, else OMP_NUM_THREADS, else
    all cores that this process may run on, as a container or `taskset` leaves them.

    Raises InputError for anything but a whole number of 1 or more.
    """
    if type(threads) is int and threads > 0:
        return threads
    for source, value in (
        ("threads", threads),
        ("PELLUCID_THREADS", os.environ.get("PELLUCID_THREADS")),
        ("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "").split(",")[0]),
    ):
        text = "" if value is None else str(value).strip()
        if not text:
            continue
        if not text.isdecimal() or int(text) < 1:
            raise InputError(
                "{name} must be a whole number of 1 or more, got {got}",
                name=source,
                got=repr(value),
            )
        return int(text)
    return core_count()


def core_count() -> int:
    """Return how many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def predict_and_loss(
    layers: Sequence[Layer],
    loss: Loss,
    x: ArrayLike,
    t: Array,
    sample_weight: Vector | None = None,
    engine: str = "auto",
) -> tuple[Batch, float]:
    """Return the outputs for x, (N, K), of a prediction pass, and their loss against t."""
    depth = chain.loss_depth(layers, loss)
    z = make_engine(layers[:depth], engine=engine).predict(x)
    return chain.predict(layers[depth:], z), loss.value(z, t, sample_weight)


__all__ = [
    "ENGINES",
    "Engine",
    "NativeEngine",
    "Plan",
    "ReferenceEngine",
    "Ridge",
    "ShardedEngine",
    "Trainer",
    "batches_a_call",
    "epoch_order",
    "fingerprint",
    "instruction_set",
    "is_fingerprint",
    "make_engine",
    "predict_and_loss",
    "runnable_sets",
    "scan",
    "thread_count",
    "using_instructions",
    "why_not",
]
