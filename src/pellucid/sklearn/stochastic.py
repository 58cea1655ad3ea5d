"""Learning by batches: "sgd", "adam" and "adamw", step for step as scikit-learn's solvers learn.

Two things are written otherwise there, and carried over here. Its momentum keeps steps, u =
momentum u - rate g, where pellucid's SGD keeps slopes, v = momentum v + g: with u = - rate v they
are the same as long as the rate is, and when the rate changes between two epochs, v is multiplied
by the old rate over the new one. Its Adam adds epsilon before the second moment is corrected:
`epsilon_hat`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from pellucid.core.optimizers import SGD, Adam, AdamW, Optimizer, State
from pellucid.core.types import Array
from pellucid.engines import Engine, Ridge, batches_a_call
from pellucid.sklearn.objective import Objective
from pellucid.sklearn.preset import settings_of
from pellucid.sklearn.rows import Rows, rows_a_block, taken
from pellucid.sklearn.watching import Watch
from pellucid.training.choices import choose_schedule

_SMALLEST_RATE = 1e-6  # at which "adaptive" gives up


class Steps:
    """How a solver steps, and what it remembers from batch to batch and from one `partial_fit` to
    the next.
    """

    def __init__(self, settings: Any, objective: Objective, params: Sequence[Array]) -> None:
        self.learning_rate = float(settings.learning_rate_init)
        self.policy = settings.learning_rate if settings.solver == "sgd" else "constant"
        self.steepness = objective.steepness
        self.optimizer = _optimizer_of(settings, objective.steepness)
        self.state: State = self.optimizer.start(params)

    def rate(self) -> float:
        """Give the rate by which the optimizer follows pellucid's slopes.

        Adam's steps are as long for any slopes.
        """
        return self.learning_rate * (self.steepness if isinstance(self.optimizer, SGD) else 1)

    def change_rate(self, rate: float) -> None:
        """Go on at another rate; momentum keeps its steps as they are."""
        for velocity in self.state.get("velocity", ()):
            velocity *= self.learning_rate / rate
        self.learning_rate = rate

    def stops(self, verdict: str, verbose: Any) -> bool:
        """Tell whether learning that no longer gets on stops.

        "adaptive" first tries smaller steps.
        """
        slower = self.policy == "adaptive" and self.learning_rate > _SMALLEST_RATE
        if slower:
            self.change_rate(self.learning_rate / 5)
            ending = f" Setting learning rate to {self.learning_rate:f}"
        else:
            ending = (
                " Learning rate too small. Stopping." if self.policy == "adaptive" else " Stopping."
            )
        if verbose:
            print(verdict + ending)  # noqa: T201
        return not slower


def _optimizer_of(settings: Any, steepness: float) -> Optimizer:
    if settings.solver == "sgd":
        optimizer = SGD(1.0, 0.5 if settings.momentum else 0.0)
        if settings.momentum:
            optimizer.momentum = float(settings.momentum)  # 1 is allowed here
            optimizer.nesterov = bool(settings.nesterovs_momentum)
        return optimizer
    moments = {
        "beta_1": settings.beta_1,
        "beta_2": settings.beta_2,
        "epsilon": settings.epsilon / steepness,
    }
    if settings.solver == "adamw":
        return AdamW(1.0, **moments, weight_decay=settings.weight_decay)
    return Adam(1.0, **moments, epsilon_hat=True)


class BatchFit:
    """One call of `fit` or `partial_fit` by batches."""

    def __init__(
        self,
        estimator: Any,
        watch: Watch,
        engine: Engine,
        objective: Objective,
        rows: Rows,
        random_state: Any,
    ) -> None:
        self.estimator, self.watch, self.engine, self.objective, self.rows = (
            estimator,
            watch,
            engine,
            objective,
            rows,
        )
        self.settings = settings_of(estimator)
        self.steps: Steps = estimator._optimizer
        self.engine.state = self.steps.state
        self.N = len(rows.t)
        self.batch_size = _batch_size(estimator, self.settings, self.N)
        self.random_state = random_state
        self.order = np.arange(self.N)
        self.schedule = choose_schedule(self.settings.schedule)
        self.diverged = False
        watch.batches = -(-self.N // self.batch_size)
        # With warm_start the weights at hand are the best so far.
        self._best = (
            watch.snapshot() if estimator.early_stopping or estimator.restore_best else None
        )
        self._best_score = estimator.best_validation_score_ if estimator.early_stopping else -np.inf

    def run(self, epochs: int, incremental: bool) -> None:
        """Learn until the epochs are done, or nothing gets better, or somebody stops it."""
        estimator = self.estimator
        self._before = (
            len(estimator.loss_curve_) if incremental else 0
        )  # epochs of earlier calls of partial_fit
        self.watch.begin()
        try:
            estimator.n_iter_ = 0
            while estimator.n_iter_ < epochs:
                self._epoch()
                if self._gives_up() or incremental:
                    break
                if (
                    estimator.n_iter_ == epochs and estimator._tabular is None
                ):  # whose recipe ends there
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({epochs}) "
                        "reached and the optimization hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=4,
                    )
        except KeyboardInterrupt:
            self.watch.stop("interrupted")
            warnings.warn("Training interrupted by user.", stacklevel=4)
        finally:
            if self._best is not None:
                self.watch.restore(self._best)
            self.watch.end()

    def _epoch(self) -> None:
        estimator, watch, steps = self.estimator, self.watch, self.steps
        watch.begin_epoch()
        rate = steps.learning_rate * self._factors(watch.batches - 1, 1)[0]  # of the last batch
        if estimator.shuffle:
            places = np.arange(self.N)  # as sklearn.utils.shuffle draws them
            self.random_state.shuffle(places)
            self.order = self.order[places]
        loss = self._learn_rows() / self.N
        estimator.n_iter_ += 1
        estimator.loss_ = loss
        estimator.t_ += self.N
        estimator.loss_curve_.append(loss)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")  # noqa: T201
        found = watch.validate()
        estimator._note(found)
        self._keep_best(found)
        if steps.policy == "invscaling":
            steps.change_rate(
                float(estimator.learning_rate_init) / (estimator.t_ + 1) ** estimator.power_t
            )
        watch.end_epoch(loss, rate, found)

    def _gives_up(self) -> bool:
        estimator = self.estimator
        if self.watch.stopped is not None:
            return True
        if estimator._no_improvement_count <= self.settings.n_iter_no_change:
            return False
        what = "Validation score did" if estimator.early_stopping else "Training loss did"
        verdict = f"{what} not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change:d} consecutive epochs."
        if self.steps.stops(verdict, estimator.verbose):
            self.watch.stop("early")
            return True
        estimator._no_improvement_count = 0
        return False

    def _keep_best(self, found: dict[str, float]) -> None:
        if self._best is None:
            return
        score = found["score"] if found else -self.estimator.loss_
        if score > self._best_score:
            self._best_score, self._best = score, self.watch.snapshot()

    def _learn_rows(self) -> float:
        """Learn from all rows once.

        Give the sum over batches of their loss, as scikit-learn means it, times rows.
        """
        one_by_one, total = any(each.each_batch for each in self.watch.watching), 0.0
        together = self.batch_size * (1 if one_by_one else self._batches_a_call())
        for start in range(0, self.N, together):
            if self.diverged:
                return np.nan
            chosen = self.order[start : start + together]
            total += self._learn(chosen)
            self.watch.batch += -(-len(chosen) // self.batch_size)
            self.watch.loss = total / min(self.N, start + together)
            self.watch.after_batch()
            if self.watch.watching and self.watch.stopped is not None:
                return total * self.N / min(self.N, start + together)
        return total

    def _batches_a_call(self) -> int:
        some = batches_a_call(self.batch_size, self.watch.net.parameter_count)
        if self.rows.sparse:
            some = min(some, max(1, rows_a_block(self.rows.x) // self.batch_size))
        return some

    def _learn(self, chosen: Array) -> float:
        weights, size, starts = (
            self.rows.weights,
            self.batch_size,
            np.arange(0, len(chosen), self.batch_size),
        )
        counts = np.full(len(starts), size)
        counts[-1] = len(chosen) - starts[-1]
        own = None if weights is None else weights[chosen]
        shares = (
            counts if own is None else np.add.reduceat(own, starts)
        )  # what scikit-learn divides each batch by
        alpha = self.settings.alpha
        l2 = np.divide(
            alpha / self.steps.steepness, shares, out=np.zeros(len(starts)), where=shares != 0
        )
        ridge = Ridge(l2, np.zeros(len(starts))) if alpha else None
        rates = [
            self.steps.rate() * factor for factor in self._factors(self.watch.batch, len(starts))
        ]
        with np.errstate(over="ignore", invalid="ignore"):  # the loss shows it
            losses, y = self._batches(chosen, rates, ridge)
            if self.diverged:
                return np.nan
            data = self._data_losses(losses, y, chosen, own, starts, shares)
        penalty = (
            0.0 if ridge is None else 0.5 * alpha * ridge.squares / np.where(shares, shares, 1)
        )
        return float(counts @ (data + penalty))

    def _batches(
        self, chosen: Array, rates: list[float], ridge: Ridge | None
    ) -> tuple[list[float], Array]:
        """Learn batches; give their losses and answers.

        A loss that is not finite ends nothing, as in scikit-learn.
        """
        losses: list[float] = []
        answers: list[Array] = []
        while len(losses) < len(rates) and not self.diverged:
            first = len(losses)
            rest = chosen[first * self.batch_size :]
            own = None if ridge is None else Ridge(ridge.l2[first:], ridge.squares[first:])
            found, y = self.engine.train_steps(
                *self._at(rest), self.batch_size, rates[first:], own
            )
            losses += found
            answers.append(y[: len(found) * self.batch_size])
            if not np.isfinite(found[-1]):
                last = slice((len(found) - 1) * self.batch_size, len(found) * self.batch_size)
                self._step_all_the_same(
                    rest[last], rates[len(losses) - 1], ridge and float(ridge.l2[len(losses) - 1])
                )
        return losses, answers[0] if len(answers) == 1 else np.concatenate(answers)

    def _at(self, rows: Array) -> tuple[Array, Array, Array | None, Array | None]:
        """Give x, t, weights and rows, as the engine takes them."""
        x, t, weights = self.rows
        if not self.rows.sparse:
            return x, t, weights, rows
        return taken(x, rows), t[rows], None if weights is None else weights[rows], None

    def _step_all_the_same(self, rows: Array, rate: float, l2: float | None) -> None:
        """Step by a batch whose loss is not finite.

        A square may be too large where its slope is not.
        """
        self.engine.learning_rate = rate
        _, grads, _ = self.engine.gradients(*self._at(rows))
        params = self.watch.net.params
        self.engine.update(
            [g + l2 * p if l2 and p.ndim == 2 else g for g, p in zip(grads, params, strict=True)]
        )
        self.diverged = not all(np.isfinite(p).all() for p in params)

    def _data_losses(
        self,
        losses: list[float],
        y: Array,
        chosen: Array,
        weights: Array | None,
        starts: Array,
        shares: Array,
    ) -> Array:
        """Give each batch's loss without the penalty."""
        if self.objective.rows is None:
            return np.array(losses)
        found = self.objective.rows(y, self.rows.t[chosen]).astype(np.float64, copy=False)
        sums = np.add.reduceat(found if weights is None else found * weights, starts)
        return sums / np.where(shares, shares, 1)

    def _factors(self, first: int, batches: int) -> list[float]:
        """Give the schedule's factors for batches of this epoch."""
        if self.settings.schedule is None:
            return [1.0] * batches
        watch = self.watch
        done = self._before + watch.epoch - 1
        curve = self.estimator.validation_loss_curve_ or self.estimator.loss_curve_
        epochs = max(watch.epochs, done + 1)
        return [
            self.schedule.factor(done + index / watch.batches, epochs, curve)
            for index in range(first, first + batches)
        ]


def _batch_size(estimator: Any, settings: Any, N: int) -> int:
    batch_size = settings.batch_size
    if batch_size == "auto":
        return min(200, N)
    if batch_size > N and estimator.batch_size != "auto":
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=5,
        )
    return int(min(max(batch_size, 1), N))
