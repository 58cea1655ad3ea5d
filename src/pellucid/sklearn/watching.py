"""What happens around an estimator's training: validation, the history, callbacks of both kinds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import get_scorer

from pellucid.core.types import Array, Options
from pellucid.engines import Engine
from pellucid.network import Network
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.engine_rows import Given, Inputs, Rows, predictions
from pellucid.sklearn.objective import Objective
from pellucid.sklearn.preset import settings_of
from pellucid.training.callbacks import RunState
from pellucid.training.choices import choose_callbacks


class HeldOut(NamedTuple):
    """Validation data: as the engine takes them, and as scorers do."""

    rows: Rows
    X: Inputs
    y: Inputs


@dataclass(eq=False, repr=False)
class Watch(RunState):
    """One `fit` under way; pellucid's callbacks see it as a `RunView`, as `train` shows its `Run`.

    For L-BFGS an epoch is an iteration, of one batch. `context` is scikit-learn's task of the whole
    fit, or None where none of its callbacks listens.
    """

    estimator: Estimator
    net: Network
    objective: Objective
    engine: Engine
    held_out: HeldOut | None
    given: Given
    context: Any

    def __post_init__(self) -> None:
        given = self.estimator.callbacks
        callbacks = choose_callbacks(() if given is None else given)
        epochs = int(settings_of(self.estimator).max_iter)
        super().__init__(self.net, self.estimator.history_, callbacks, epochs)
        self.diverged: tuple[int, int] | None = None  # epoch and batch
        self._task: Any = None
        self._marked = 0.0  # the time when the last epoch was over
        self._scoring = scoring = settings_of(self.estimator).scoring
        self._scorer = None if scoring in (None, "loss") else get_scorer(scoring)
        if self.context is not None:
            self.context.call_on_fit_task_begin(estimator=self.estimator, **self._data())

    def __repr__(self) -> str:
        done = f"epoch {self.epoch} of {self.epochs}, loss {self.loss:.4g}"
        return f"<{type(self.estimator).__name__}: {done}>"

    @property
    def columns(self) -> list[str]:
        """The names of what each epoch's record will hold."""
        held_out = [] if self.held_out is None else ["validation_loss"]
        scored = [f"validation_{self.estimator._score_name}"] if self._scores_itself else []
        return ["epoch", "loss", *held_out, *scored, "learning_rate", "seconds"]

    @property
    def _scores_itself(self) -> bool:
        return self.held_out is not None and self._scoring is None

    def begin(self) -> None:
        """Call callbacks at the start of the fit."""
        self._marked = time.perf_counter()
        for callback in self.callbacks:
            callback.on_start(self)

    def begin_epoch(self, resumed: bool = False) -> None:
        """Count the next epoch, unless it is resumed, and open its task for scikit-learn's
        callbacks.
        """
        if not resumed:
            self.epoch, self.batch = self.epoch + 1, 0
        if self.context is not None:
            self._task = self.context.subcontext(task_name="epoch")
            self._task.call_on_fit_task_begin(estimator=self.estimator, **self._data())

    def after_batch(self) -> None:
        """Call callbacks after a batch."""
        for callback in self.watching:
            callback.on_batch(self)

    def validate(self) -> dict[str, float]:
        """Return the validation loss and score of the current weights; nothing without data."""
        if self.held_out is None:
            return {}
        rows = self.held_out.rows
        with np.errstate(all="ignore"):  # the network may have diverged
            y = predictions(self.engine.predict, rows.x)
            loss = self.objective.value(y, rows.t, rows.sample_weight)
            return {"loss": loss, "score": self._score(y, loss, self.held_out)}

    def _score(self, y: Array, loss: float, held_out: HeldOut) -> float:
        if self._scoring == "loss":
            return -loss
        if self._scorer is None:
            return float(self.estimator._score_outputs(y, held_out.y, held_out.rows))
        weights = held_out.rows.sample_weight
        weighted = {} if weights is None else {"sample_weight": weights}
        view = self.estimator._without_names()  # X is a plain array by now
        return float(self._scorer(view, held_out.X, held_out.y, **weighted))

    def end_epoch(self, loss: float, learning_rate: float, found: dict[str, float]) -> None:
        """Record the epoch, with what `validate` found, and call callbacks."""
        self.loss = loss
        # Epochs count on over calls of partial_fit and warm starts.
        record = {"epoch": len(self.history) + 1, "loss": loss}
        if found:
            record["validation_loss"] = found["loss"]
        if self._scores_itself:
            record[f"validation_{self.estimator._score_name}"] = found["score"]
        now = time.perf_counter()  # callbacks count to the next epoch
        record |= {"learning_rate": learning_rate, "seconds": now - self._marked}
        self._marked = now
        self.history.records.append(record)
        for callback in self.callbacks:
            callback.on_epoch(self)
        if self._task is not None and self._task.call_on_fit_task_end(
            estimator=self.estimator, **self._fitted()
        ):
            self.stop("callback")

    def end(self) -> None:
        """Call callbacks at the end of the fit, also after an error."""
        self.history.stopped = self.stopped or "finished"
        for callback in self.callbacks:
            callback.on_end(self)
        if self.context is not None:
            self.context.call_on_fit_task_end(estimator=self.estimator, **self._fitted())

    def where_it_diverged(self) -> str:
        """Return a sentence with epoch, batch and layer, for weights that are not finite."""
        epoch, batch = self.diverged or (self.epoch, self.batch)
        index, layer = next(
            (index, layer)
            for index, layer in enumerate(self.net.layers)
            if not all(np.isfinite(p).all() for p in layer.params)
        )
        name = type(layer).__name__
        return f"It happened in epoch {epoch}, batch {batch}, first in layer {index} ({name})."

    def _data(self) -> Options:
        X, y, weights = self.given
        return {"X": X, "y": y, "metadata": None if weights is None else {"sample_weight": weights}}

    def _fitted(self) -> Options:
        # A function, so that weights are copied only for a callback that asks for them.
        return {**self._data(), "reconstruction_attributes": self.estimator._weights_copied}
