"""Training by batches, loop for loop as scikit-learn's stochastic solvers do it.

`Run` has another contract: it stops and restores before the first value that is not finite, draws
the order of rows from seed and epoch, and knows no penalty. scikit-learn's solvers draw from a
RandomState, step on from infinite losses, and report losses with a penalty by the sum of each
batch's sample weights. The engine's calls are the same.
"""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from functools import cached_property, lru_cache

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from pellucid.core.types import Array
from pellucid.engines import Ridge, batches_a_call
from pellucid.sklearn.engine_rows import Rows, dense, rows_a_block
from pellucid.sklearn.preset import settings_of
from pellucid.sklearn.resuming import ResumableFit
from pellucid.sklearn.solvers import Steps
from pellucid.sklearn.watching import Watch
from pellucid.training.checkpoints import Checkpoints
from pellucid.training.choices import choose_schedule
from pellucid.training.interrupts import stopping_on_interrupt


class BatchFit:
    """One call of `fit` or `partial_fit` by batches."""

    def __init__(
        self,
        watch: Watch,
        rows: Rows,
        random_state: np.random.RandomState,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self.watch, self.rows, self.random_state = watch, rows, random_state
        self.estimator, self.engine = watch.estimator, watch.engine
        self.settings = settings_of(self.estimator)
        self.steps: Steps = self.estimator._optimizer
        self.engine.state = self.steps.state
        self.N = len(rows.t)
        self.batch_size = self._batch_size()
        self.order = np.arange(self.N)
        self.schedule = choose_schedule(self.settings.schedule)
        self._shares: dict[int, tuple[Array, Array]] = {}
        self.diverged = False
        self.done, self.total = 0, 0.0  # of an epoch under way: rows, and their losses' sum
        watch.batches = -(-self.N // self.batch_size)
        # With warm_start the current weights are the best so far.
        early = self.estimator._stops_early
        self.best = watch.snapshot() if early or self.estimator.restore_best else None
        self.best_score = self.estimator.best_validation_score_ if early else -np.inf
        self.checkpoints = checkpoints
        self._resumable = None if checkpoints is None else ResumableFit(self)

    def run(self, epochs: int, partial: bool) -> None:
        """Train until the epochs are done, or nothing improves, or a callback stops it."""
        estimator, watch = self.estimator, self.watch
        # A schedule goes on from the epochs of earlier calls of partial_fit.
        self._before = len(estimator.loss_curve_) if partial else 0
        watch.begin()
        try:
            estimator.n_iter_ = 0
            with nullcontext() if self.checkpoints is None else stopping_on_interrupt(watch):
                self._epochs(epochs, partial)
            if watch.stopped == "interrupted":
                warnings.warn("Training interrupted by user.", stacklevel=3)
            # The preset's recipe ends by plan: no warning.
            ended = watch.stopped is None and not partial and estimator.n_iter_ == epochs
            if ended and estimator._tabular is None:
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({epochs}) "
                    "reached and the optimization hasn't converged yet.",
                    ConvergenceWarning,
                    stacklevel=3,
                )
        except KeyboardInterrupt:
            watch.stop("interrupted")
            warnings.warn("Training interrupted by user.", stacklevel=3)
        finally:
            if self.best is not None:
                watch.restore(self.best)
            watch.end()

    def _epochs(self, epochs: int, partial: bool) -> None:
        kept, over = self._resumable, False
        if self.checkpoints is not None and kept is not None:
            self.checkpoints.begin(kept)
            over = kept.is_over
        while not over and self.estimator.n_iter_ < epochs:
            self._epoch()
            over = self._gives_up() or partial
            if self.checkpoints is not None and kept is not None:
                self.checkpoints.after_epoch(kept)
        if self.checkpoints is not None and kept is not None:
            self.checkpoints.write(kept)
            if not all(np.isfinite(p).all() for p in self.watch.net.params):
                epoch, _ = self.watch.diverged or (self.watch.epoch, 0)
                self.checkpoints.forget_divergence(kept, epoch)

    def _epoch(self) -> None:
        """Train for an epoch, or for what is left of one that was resumed within."""
        estimator, watch, steps = self.estimator, self.watch, self.steps
        watch.begin_epoch(resumed=self.done > 0)
        rate = steps.learning_rate * self._factors(watch.batches - 1, 1)[0]  # of the last batch
        if estimator.shuffle and not self.done:
            places = np.arange(self.N)  # the draws of sklearn.utils.shuffle
            self.random_state.shuffle(places)
            self.order = self.order[places]
        loss = self._train_rows() / self.N
        self.done, self.total = 0, 0.0
        estimator.n_iter_ += 1
        estimator.loss_ = loss
        estimator.t_ += self.N
        estimator.loss_curve_.append(loss)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")  # noqa: T201
        found = watch.validate()
        estimator._note(found)
        score = found["score"] if found else -loss
        if self.best is not None and score > self.best_score:
            self.best_score, self.best = score, watch.snapshot()
        if steps.policy == "invscaling":
            slower = (estimator.t_ + 1) ** estimator.power_t
            steps.change_rate(float(estimator.learning_rate_init) / slower)
        watch.end_epoch(loss, rate, found)

    def _gives_up(self) -> bool:
        estimator = self.estimator
        if self.watch.stopped is not None:
            return True
        if estimator._no_improvement_count <= self.settings.n_iter_no_change:
            return False
        what = "Validation score did" if estimator._stops_early else "Training loss did"
        verdict = (
            f"{what} not improve more than tol={estimator.tol:f} for "
            f"{estimator.n_iter_no_change:d} consecutive epochs."
        )
        if self.steps.stops(verdict, estimator.verbose):
            self.watch.stop("early")
            return True
        estimator._no_improvement_count = 0
        return False

    def _train_rows(self) -> float:
        """Train on the rows of an epoch that are left.

        Returns the sum over batches of their loss, as scikit-learn defines it, times rows.
        """
        one_by_one = any(each.each_batch for each in self.watch.watching)
        together = self.batch_size * (1 if one_by_one else self._batches_a_call)
        for start in range(self.done, self.N, together):
            if self.diverged:
                return np.nan
            chosen = self.order[start : start + together]
            # One by one: the sum is then the same, however many batches a call trains on.
            for loss in self._train_batches(chosen).tolist():
                self.total += loss
            self.done = start + len(chosen)
            count = -(-len(chosen) // self.batch_size)
            self.watch.batch += count
            self.watch.loss = self.total / self.done
            self.watch.after_batch()
            if self._kept_after(count):
                return self.total * self.N / self.done
        return self.total

    def _kept_after(self, count: int) -> bool:
        """Write a checkpoint if one is due; return whether the epoch ends here."""
        stops = self.watch.stopped is not None and self.done < self.N
        if self.checkpoints is None or self._resumable is None:
            return stops and bool(self.watch.watching)
        if self.watch.stopped is None:
            self.checkpoints.after_batches(self._resumable, count)
        elif stops and self.watch.stopped == "interrupted":
            # From here the fit can go on. What follows rounds the epoch off, as after any stop.
            self.checkpoints.write(self._resumable)
            self.checkpoints = None
        return stops

    @cached_property
    def _batches_a_call(self) -> int:
        some = batches_a_call(self.batch_size, self.watch.net.parameter_count)
        if self.checkpoints is not None and self.checkpoints.batches_at_most is not None:
            some = min(some, self.checkpoints.batches_at_most)
        if self.rows.sparse:  # each call makes its rows dense
            some = min(some, max(1, rows_a_block(self.rows.x) // self.batch_size))
        return some

    def _train_batches(self, chosen: Array) -> Array:
        """Train on the batches that these rows make; return each one's loss times its rows."""
        alpha, size = self.settings.alpha, self.batch_size
        starts, counts = _batches_of(len(chosen), size)
        weights = None if self.rows.sample_weight is None else self.rows.sample_weight[chosen]
        # scikit-learn divides each batch's loss and penalty by this, and not by weights of 0.
        some, l2 = self._usual_shares(len(chosen))
        if weights is not None:
            shares = np.add.reduceat(weights, starts)
            some = np.where(shares, shares, 1)
            l2 = np.where(shares, alpha / self.steps.steepness / some, 0.0)
        ridge = Ridge(l2, np.zeros(len(starts))) if alpha else None
        rate = self.steps.rate()
        rates = [rate * factor for factor in self._factors(self.watch.batch, len(starts))]
        with np.errstate(over="ignore", invalid="ignore"):  # the loss shows it
            losses, y = self._steps(chosen, rates, ridge)
            if self.diverged:
                return np.array([np.nan])
            of_rows = self.watch.objective.row_losses
            if of_rows is not None:
                each = of_rows(y, self.rows.t[chosen]).astype(np.float64, copy=False)
                losses = np.add.reduceat(each if weights is None else each * weights, starts) / some
        penalty = 0.0 if ridge is None else 0.5 * alpha * ridge.squares / some
        return np.asarray(counts * (losses + penalty))

    def _usual_shares(self, rows: int) -> tuple[Array, Array]:
        """Return each batch's rows and L2 strength: without sample weights those of every epoch."""
        if rows not in self._shares:
            counts = _batches_of(rows, self.batch_size)[1]
            l2 = self.settings.alpha / self.steps.steepness / counts
            self._shares[rows] = counts, l2
        return self._shares[rows]

    def _steps(self, chosen: Array, rates: list[float], ridge: Ridge | None) -> tuple[Array, Array]:
        """Take a step for each batch; return the losses of pellucid's own, and the outputs.

        A loss that is not finite ends nothing, as in scikit-learn: a square may be too large where
        its slope is not.
        """
        losses: list[float] = []
        outputs: list[Array] = []
        size = self.batch_size
        while len(losses) < len(rates) and not self.diverged:
            first = len(losses)
            rest, own = chosen[first * size :], ridge
            if first and ridge is not None:
                own = Ridge(ridge.l2[first:], ridge.squares[first:])
            found, y = self.engine.train_steps(*self._at(rest), size, rates[first:], own)
            losses += found
            outputs.append(y[: len(found) * size])
            if not np.isfinite(found[-1]):
                self.engine.learning_rate = rates[len(losses) - 1]
                l2 = 0.0 if ridge is None else float(ridge.l2[len(losses) - 1])
                if not self._step_all_the_same(rest[(len(found) - 1) * size :][:size], l2):
                    self.diverged = True
                    self.watch.diverged = self.watch.epoch, self.watch.batch + len(losses)
        return np.array(losses), outputs[0] if len(outputs) == 1 else np.concatenate(outputs)

    def _at(self, rows: Array) -> tuple[Array, Array, Array | None, Array | None]:
        """Return x, t, sample weights and places of these rows, as the engine takes them."""
        x, t, weights = self.rows
        if not self.rows.sparse:
            return x, t, weights, rows
        return dense(x, rows), t[rows], None if weights is None else weights[rows], None

    def _step_all_the_same(self, rows: Array, l2: float) -> bool:
        """Take the step of a batch; return whether all parameters are finite."""
        _, grads, _ = self.engine.gradients(*self._at(rows))
        params = self.watch.net.params
        pairs = zip(grads, params, strict=True)
        self.engine.update([g + l2 * p if l2 and p.ndim == 2 else g for g, p in pairs])
        return all(np.isfinite(p).all() for p in params)

    @property
    def losses(self) -> list[float]:
        """The loss of each epoch so far, on held-out rows if there are any."""
        found: list[float] = self.estimator.validation_loss_curve_ or self.estimator.loss_curve_
        return found

    def _factors(self, first: int, batches: int) -> list[float]:
        """Return the schedule's factors for batches of this epoch."""
        if self.settings.schedule is None:
            return [1.0] * batches
        watch = self.watch
        done = self._before + watch.epoch - 1
        curve = self.losses
        epochs = max(watch.epochs, done + 1)
        places = (done + index / watch.batches for index in range(first, first + batches))
        return [self.schedule.factor(place, epochs, curve) for place in places]

    def _batch_size(self) -> int:
        batch_size = self.settings.batch_size
        if batch_size == "auto":
            return min(200, self.N)
        if batch_size > self.N and self.estimator.batch_size != "auto":
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=4,
            )
        return int(min(max(batch_size, 1), self.N))


@lru_cache(maxsize=4)
def _batches_of(rows: int, size: int) -> tuple[Array, Array]:
    """Return where each batch of so many rows starts, and its rows: the same in every epoch."""
    starts = np.arange(0, rows, size)
    counts = np.minimum(size, rows - starts)
    starts.flags.writeable = counts.flags.writeable = False
    return starts, counts
