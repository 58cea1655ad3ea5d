"""Training by L-BFGS: SciPy's, on the engine's gradients, as scikit-learn does it."""

from __future__ import annotations

import numpy as np
import scipy
import scipy.optimize
from sklearn.utils.optimize import _check_optimize_result

from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.sklearn.engine_rows import Rows, dense, rows_a_block
from pellucid.sklearn.watching import Watch

# Later versions of SciPy print nothing.
_PRINTS = tuple(int(part) for part in scipy.__version__.split(".")[:2]) < (1, 15)


class WholeFit:
    """One call of `fit` by L-BFGS: all rows at each step, in float64."""

    def __init__(self, watch: Watch, rows: Rows) -> None:
        self.watch, self.rows, self.estimator = watch, rows, watch.estimator
        weights = rows.sample_weight
        self.total = float(len(rows.t) if weights is None else weights.sum())
        if any(each_rate for each_rate in np.atleast_1d(self.estimator.dropout)):
            raise InputError(
                'dropout needs the solver "sgd", "adam" or "adamw": "lbfgs" follows one fixed loss'
            )
        if self.estimator.schedule is not None:
            raise InputError(
                'schedule needs the solver "sgd", "adam" or "adamw": "lbfgs" has no learning rate'
            )

    def run(self) -> None:
        """Minimise until it converges, or iterations run out, or a callback stops it."""
        estimator, watch = self.estimator, self.watch
        watch.begin()
        # scikit-learn's names: tol bounds the gradient here, not the gain of an epoch.
        options = {"maxfun": estimator.max_fun, "maxiter": estimator.max_iter}
        options["gtol"] = estimator.tol
        if _PRINTS:
            options["iprint"] = 1 if estimator.verbose >= 1 else -1
        # Without an observer an iteration costs no call back into Python.
        watched = bool(watch.callbacks or watch.held_out is not None or watch.context is not None)
        try:
            found = scipy.optimize.minimize(
                self.loss_and_slopes,
                packed(estimator.coefs_, estimator.intercepts_),
                method="L-BFGS-B",
                jac=True,
                callback=self._iteration if watched else None,
                options=options,
            )
            self.unpack(found.x)  # the last point that it tried may not be the best
            estimator.loss_ = found.fun
            if watch.stopped is None:
                estimator.n_iter_ = _check_optimize_result("lbfgs", found, estimator.max_iter)
            else:
                estimator.n_iter_ = int(found.nit)
        finally:
            watch.end()

    def loss_and_slopes(self, x: Array) -> tuple[float, Array]:
        """Return scikit-learn's loss and its gradient, for weights and biases in one vector."""
        self.unpack(x)
        coefs, alpha = self.estimator.coefs_, self.estimator.alpha / self.total
        loss, grads = self._data_loss_and_grads()
        loss += 0.5 * alpha * sum(float(np.vdot(W, W)) for W in coefs)
        slopes = [dW + alpha * W for dW, W in zip(grads[::2], coefs, strict=True)]
        return loss, packed(slopes, grads[1::2])

    def _data_loss_and_grads(self) -> tuple[float, list[Array]]:
        x, t, weights = self.rows
        steep, engine = self.watch.objective.steepness, self.watch.engine
        if not self.rows.sparse:
            loss, grads, y = engine.gradients(x, t, weights)
            return self._value(loss, y, t, weights), [steep * g for g in grads]
        total, sums = 0.0, [np.zeros_like(p) for p in self.watch.net.params]
        step = rows_a_block(x)  # each block is made dense anew: all of them would not fit
        for start in range(0, x.shape[0], step):
            part = slice(start, start + step)
            own = None if weights is None else weights[part]
            loss, grads, y = engine.gradients(dense(x, part), t[part], own)
            share = float(len(y) if own is None else own.sum()) / self.total
            total += share * self._value(loss, y, t[part], own)
            for found, g in zip(sums, grads, strict=True):
                found += steep * share * g
        return total, sums

    def _value(self, loss: float, y: Array, t: Array, weights: Array | None) -> float:
        objective = self.watch.objective
        return loss if objective.row_losses is None else objective.value(y, t, weights)

    def unpack(self, x: Array) -> None:
        """Write a vector's numbers into weights, then biases."""
        arrays = [*self.estimator.coefs_, *self.estimator.intercepts_]
        ends = np.cumsum([array.size for array in arrays])
        for array, part in zip(arrays, np.split(x, ends[:-1]), strict=True):
            array[...] = part.reshape(array.shape)

    def _iteration(self, intermediate_result: scipy.optimize.OptimizeResult) -> None:
        self.unpack(intermediate_result.x)
        watch = self.watch
        watch.begin_epoch()
        watch.batch = 1
        watch.loss = float(intermediate_result.fun)
        watch.after_batch()
        found = watch.validate()
        self.estimator._note_validation(found)
        watch.end_epoch(watch.loss, np.nan, found)  # a line search has no learning rate
        if watch.stopped is not None:
            raise StopIteration  # SciPy's way for a callback to stop it


def packed(coefs: list[Array], intercepts: list[Array]) -> Array:
    """Return weights, then biases, as one vector."""
    return np.concatenate([array.ravel() for array in [*coefs, *intercepts]])
