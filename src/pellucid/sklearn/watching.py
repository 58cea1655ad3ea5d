"""Who looks on while an estimator learns.

Validation, the history, pellucid's callbacks and scikit-learn's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import get_scorer

from pellucid.core.types import Array
from pellucid.engines import Engine
from pellucid.network import Network
from pellucid.sklearn.objective import Objective
from pellucid.sklearn.preset import settings_of
from pellucid.sklearn.rows import Rows, answers
from pellucid.training.callbacks import Callback
from pellucid.training.choices import choose_callbacks
from pellucid.training.history import History


class Held(NamedTuple):
    """Data that are only looked at: as the engine takes them, and as scorers do."""

    rows: Rows
    X: Any
    y: Any


class Watch:
    """One fit as it goes on; pellucid's callbacks are given it, as `train` gives them its `Run`.

    It has what `pellucid.Callback` tells of a run: `net`, `history`, `epoch`, `epochs`, `batch`,
    `batches`, `loss` and `stop`. For L-BFGS an epoch is an iteration, of one batch.
    """

    def __init__(
        self,
        estimator: Any,
        net: Network,
        objective: Objective,
        engine: Engine,
        held: Held | None,
        given: tuple[Any, Any, Any],
        context: Any,
    ) -> None:
        self.estimator, self.net, self.objective, self.engine, self.held = (
            estimator,
            net,
            objective,
            engine,
            held,
        )
        self.epochs, self.batches, self.epoch, self.batch = settings_of(estimator).max_iter, 1, 0, 0
        self.loss = math.nan
        self.history: History = estimator.history_
        self.callbacks = (
            [] if estimator.callbacks is None else choose_callbacks(estimator.callbacks)
        )
        self.watching = [
            each for each in self.callbacks if type(each).on_batch is not Callback.on_batch
        ]
        self.stopped: str | None = None
        self._context = context
        self._given = given
        self._task: Any = None
        self._marked = 0.0  # when the last epoch was over
        scoring = estimator.scoring
        self._scorer = get_scorer(scoring) if scoring is not None and scoring != "loss" else None
        if context is not None:
            context.call_on_fit_task_begin(estimator=estimator, **self._shown())

    def __repr__(self) -> str:
        return f"<{self.estimator.__class__.__name__}: epoch {self.epoch} of {self.epochs}, loss {self.loss:.4g}>"

    @property
    def shown(self) -> bool:
        """Whether a callback of scikit-learn's looks on."""
        return self._context is not None

    @property
    def columns(self) -> list[str]:
        """The names of what each epoch's record will hold."""
        held = [] if self.held is None else ["validation_loss"]
        scored = [f"validation_{self.estimator._score_name}"] if self._scores_itself else []
        return ["epoch", "loss", *held, *scored, "learning_rate", "seconds"]

    @property
    def _scores_itself(self) -> bool:
        return self.held is not None and self.estimator.scoring is None

    def stop(self, reason: str) -> None:
        """End learning after this batch; `reason` becomes `history_.stopped`."""
        self.stopped = reason

    def snapshot(self) -> list[Array]:
        """Give copies of all weights and biases."""
        return [array.copy() for array in self.net.params]

    def restore(self, snapshot: list[Array]) -> None:
        """Write a snapshot's numbers back into the network."""
        for array, saved in zip(self.net.params, snapshot, strict=True):
            array[...] = saved

    def begin(self) -> None:
        """Tell that the fit begins."""
        self._marked = time.perf_counter()
        for callback in self.callbacks:
            callback.on_start(self)  # type: ignore[arg-type]

    def begin_epoch(self) -> None:
        """Tell that the next epoch begins."""
        self.epoch, self.batch = self.epoch + 1, 0
        if self._context is not None:
            self._task = self._context.subcontext(task_name="epoch")
            self._task.call_on_fit_task_begin(estimator=self.estimator, **self._shown())

    def after_batch(self) -> None:
        """Tell that a batch was learned."""
        for callback in self.watching:
            callback.on_batch(self)  # type: ignore[arg-type]

    def validate(self) -> dict[str, float]:
        """Give the validation loss and score of the weights as they are."""
        if self.held is None:
            return {}
        rows = self.held.rows
        with np.errstate(all="ignore"):  # of a network that diverged
            y = answers(self.engine, rows.x)
            loss = self.objective.value(y, rows.t, rows.weights)
            return {"loss": loss, "score": self._score(y, loss, self.held)}

    def _score(self, y: Array, loss: float, held: Held) -> float:
        if self.estimator.scoring == "loss":
            return -loss
        if self._scorer is None:
            return float(self.estimator._score_answers(y, held.y, held.rows))
        weights = {} if held.rows.weights is None else {"sample_weight": held.rows.weights}
        return float(self._scorer(self.estimator._without_names(), held.X, held.y, **weights))

    def end_epoch(self, loss: float, learning_rate: float, found: dict[str, float]) -> None:
        """Write the epoch down and tell that it is over."""
        self.loss = loss
        record = {"epoch": len(self.history) + 1, "loss": loss}
        if found:
            record["validation_loss"] = found["loss"]
        if self._scores_itself:
            record[f"validation_{self.estimator._score_name}"] = found["score"]
        now = time.perf_counter()
        record |= {"learning_rate": learning_rate, "seconds": now - self._marked}
        self._marked = now
        self.history.records.append(record)
        for callback in self.callbacks:
            callback.on_epoch(self)  # type: ignore[arg-type]
        if self._task is not None and self._task.call_on_fit_task_end(
            estimator=self.estimator, **self._fitted()
        ):
            self.stop("callback")

    def end(self) -> None:
        """Tell that the fit has ended, however it ended."""
        self.history.stopped = self.stopped or "finished"
        for callback in self.callbacks:
            callback.on_end(self)  # type: ignore[arg-type]
        if self._context is not None:
            self._context.call_on_fit_task_end(estimator=self.estimator, **self._fitted())

    def _shown(self) -> dict[str, Any]:
        X, y, weights = self._given
        return {"X": X, "y": y, "metadata": None if weights is None else {"sample_weight": weights}}

    def _fitted(self) -> dict[str, Any]:
        """Give what a scikit-learn callback may ask for; the weights are copied when one does."""
        attributes: Callable[[], dict[str, Any]] = self.estimator._weights_copied
        return {**self._shown(), "reconstruction_attributes": attributes}
