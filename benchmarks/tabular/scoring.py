"""One measurement: fit a contender on one split of one table, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import warnings
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tabular.contenders import Contender
from tabular.splits import Split

LIMIT = 900
"""CPU seconds after which a measurement is stopped."""

LEAST = 1e-7
"""The probability that counts where a smaller one was given to the true class, for everybody."""


class Score(NamedTuple):
    """Accuracy or R2, log-loss or root mean squared error (test rows), CPU seconds to fit."""

    score: float
    loss: float
    seconds: float


def measured(contender: Contender, split: Split, limit: int = LIMIT) -> Score | str:
    """Return the scores, or why there are none."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_measure, args=(contender, split, limit, there)
    )
    process.start()
    there.close()
    try:
        found: Score | str = here.recv()
    except EOFError:  # it died: by the limit, if it is no fault of the library
        found = f"stopped after {limit} CPU seconds"
    process.join()
    return found


def _measure(contender: Contender, split: Split, limit: int, reply: Connection) -> None:
    used = int(_cpu_seconds()) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + limit, used + limit))
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    warnings.simplefilter("ignore")
    try:
        reply.send(_scored(contender, split))
    except Exception as fault:
        reply.send(f"{type(fault).__name__}: {str(fault).splitlines()[0][:200]}")


def _scored(contender: Contender, split: Split) -> Score:
    known, places = np.unique(split.y, return_inverse=True)
    started = _cpu_seconds()
    train, test = contender.prepare(split.train, split.test)
    model = contender.build(split._replace(train=train, test=test))
    model.fit(train, places if split.classes else split.y)
    seconds = _cpu_seconds() - started
    if split.classes:
        score, loss = class_scores(np.asarray(model.predict_proba(test)), known, split.t)
    else:
        score, loss = value_scores(np.asarray(model.predict(test)).reshape(-1), split.t)
    return Score(score, loss, seconds)


def class_scores(
    probabilities: npt.NDArray[Any], known: npt.NDArray[Any], t: npt.NDArray[Any]
) -> tuple[float, float]:
    """Return accuracy and log-loss of (N, K) probabilities of the classes `known`, (K,).

    A true class that is not among them counts as an error with the least probability.
    """
    place = np.searchsorted(known, t).clip(max=len(known) - 1)
    true = np.where(known[place] == t, probabilities[np.arange(len(t)), place], 0)
    correct = known[probabilities.argmax(1)] == t
    return float(correct.mean()), float(-np.log(true.astype(float).clip(LEAST, 1)).mean())


def value_scores(predicted: npt.NDArray[Any], t: npt.NDArray[Any]) -> tuple[float, float]:
    """Return R2 and root mean squared error."""
    squared = float(np.mean((predicted.astype(float) - t) ** 2))
    return 1 - squared / float(np.var(t)), squared**0.5


def _cpu_seconds() -> float:
    own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
