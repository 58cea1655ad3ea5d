"""Checkpoints of an estimator's fit by batches, and resuming from one with the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
import sklearn

from pellucid import __version__
from pellucid.core.types import Array, Options
from pellucid.engines import fingerprint, instruction_set
from pellucid.errors import InputError
from pellucid.sklearn.contracts import STOCHASTIC, Estimator
from pellucid.sklearn.engine_rows import Rows
from pellucid.sklearn.preset import settings_of
from pellucid.training.callbacks import arrays_of
from pellucid.training.checkpointing import Checkpointing, checkpointing
from pellucid.training.promise import described
from pellucid.training.restoring import load_callbacks, load_optimizer, write_into

if TYPE_CHECKING:
    from pellucid.sklearn.stochastic import BatchFit

# Parameters that do not decide the bits, or that are compared otherwise.
_ELSEWHERE = (
    *("max_iter", "max_fun", "verbose", "callbacks", "engine", "threads"),
    *("checkpoint", "every", "resume"),
)

# What a fit by batches writes into its estimator, history aside.
_ATTRIBUTES = (
    *("n_iter_", "t_", "loss_", "loss_curve_", "validation_scores_", "validation_loss_curve_"),
    *("best_loss_", "best_validation_score_", "_no_improvement_count"),
)


def checkpointing_of(estimator: Estimator) -> Checkpointing | None:
    """Return what an estimator's parameters ask for, or None; raise InputError for what cannot be
    kept.
    """
    wanted = checkpointing(estimator.checkpoint, estimator.every, estimator.resume)
    if wanted is None:
        return None
    if getattr(estimator, "solver", "adam") not in STOCHASTIC:
        raise InputError(
            'checkpoint needs the solver "sgd", "adam" or "adamw": "lbfgs" cannot be stopped and '
            "resumed"
        )
    if not isinstance(estimator.random_state, Integral):
        raise InputError(
            "checkpoint needs a whole number as random_state: with {got} the same fit would draw "
            "other numbers",
            got=repr(estimator.random_state),
        )
    return wanted


def refuse_checkpoint(estimator: Estimator) -> None:
    """Raise InputError where `partial_fit` is called with a folder for checkpoints."""
    if estimator.checkpoint is not None:
        raise InputError(
            "partial_fit keeps no checkpoints: leave out checkpoint, and save the estimator "
            "between its calls"
        )


class ResumableFit:
    """A fit by batches as checkpoints see it: a `pellucid.training.checkpoints.Resumable`."""

    def __init__(self, fit: BatchFit) -> None:
        self.fit, self.watch = fit, fit.watch
        self.own_callbacks = self.watch.callbacks
        self.promise = _promise_of(fit)

    @property
    def epoch(self) -> int:
        """The epoch under way, from 1."""
        return self.watch.epoch

    @property
    def epochs(self) -> int:
        """How many epochs there will be."""
        return self.watch.epochs

    @property
    def batch(self) -> int:
        """The last batch that was trained, from 1 within the epoch."""
        return self.watch.batch

    @property
    def batches(self) -> int:
        """How many batches an epoch has."""
        return self.watch.batches

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to train."""
        whole = self.fit.done == 0
        return self.watch.stopped is not None or (whole and self.epoch >= self.epochs)

    @property
    def watched(self) -> Sequence[float]:
        """The loss of each epoch, on held-out rows if there are any."""
        return self.fit.losses

    @property
    def arrays(self) -> list[Array]:
        """Weights and buffers."""
        return arrays_of(self.watch.net)

    def factor(self, place: float, epochs: int, losses: Sequence[float]) -> float:
        """Return the schedule's factor after `place` of so many epochs."""
        return self.fit.schedule.factor(place, epochs, losses)

    def state(self) -> Options:
        """Return everything that decides how the fit goes on, as plain values and arrays."""
        fit, watch, estimator = self.fit, self.watch, self.fit.estimator
        return {
            "promise": self.promise,
            "epochs": self.epochs,
            "epoch": self.epoch,
            "batch": self.batch,
            "loss": watch.loss,
            "stopped": None if watch.stopped == "interrupted" else watch.stopped,
            "arrays": self.arrays,
            "optimizer": fit.steps.state,
            "learning_rate": fit.steps.learning_rate,
            "random_state": list(fit.random_state.get_state()),
            "order": fit.order,
            "done": fit.done,
            "total": fit.total,
            "best": fit.best,
            "best_score": fit.best_score,
            "attributes": {n: getattr(estimator, n) for n in _ATTRIBUTES if hasattr(estimator, n)},
            "history": watch.history.state(),
            "callbacks": [each.state() for each in self.own_callbacks],
        }

    def load_state(self, state: Options) -> None:
        """Go to where the fit was whose `state` this is."""
        fit, watch = self.fit, self.watch
        watch.epoch, watch.batch, watch.loss = state["epoch"], state["batch"], state["loss"]
        watch.stopped = state["stopped"]
        write_into(self.arrays, state["arrays"])
        load_optimizer(fit.steps.state, state["optimizer"])
        fit.steps.learning_rate = state["learning_rate"]
        fit.random_state.set_state(tuple(state["random_state"]))
        fit.order, fit.done, fit.total = state["order"], state["done"], state["total"]
        fit.best, fit.best_score = state["best"], state["best_score"]
        for name in _ATTRIBUTES:
            if name in state["attributes"]:
                setattr(fit.estimator, name, state["attributes"][name])
        watch.history.load_state(state["history"])
        load_callbacks(self.own_callbacks, state["callbacks"])


def _promise_of(fit: BatchFit) -> Options:
    """Return everything but the state that decides the bits of a fit, by name, as texts."""
    watch, settings = fit.watch, settings_of(fit.estimator)
    names = [name for name in fit.estimator.get_params(deep=False) if name not in _ELSEWHERE]
    native = fit.engine.name == "native"
    return {
        "network": "; ".join(map(repr, watch.net.layers)),
        "weights at the start": fingerprint(*arrays_of(watch.net)),
        "data": _fingerprint(fit.rows),
        "validation data": "none" if watch.held_out is None else _fingerprint(watch.held_out.rows),
        **{name: described(getattr(settings, name)) for name in names},
        "callbacks": ", ".join(type(each).__name__ for each in watch.callbacks) or "none",
        "engine": fit.engine.name,
        "instruction set": instruction_set() or "none" if native else "none",
        "pellucid": __version__,
        "NumPy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }


def _fingerprint(rows: Rows) -> str:
    x: Any = rows.x
    parts = [x.data, x.indices, x.indptr] if scipy.sparse.issparse(x) else [x]
    weights = [] if rows.sample_weight is None else [rows.sample_weight]
    return fingerprint(*parts, rows.t, *weights)
