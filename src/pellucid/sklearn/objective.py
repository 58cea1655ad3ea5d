"""What is minimised: scikit-learn's losses in terms of pellucid's.

scikit-learn's "log_loss", "squared_error" and "poisson" have the slopes of pellucid's CrossEntropy
(BinaryCrossEntropy for yes or no), MeanSquaredError and Poisson, up to a factor: it sums over the
outputs where pellucid takes the mean, and halves the square. It adds alpha W to the gradient, a sum
over the batch's rows, and divides all by the sum n of the sample weights. So with `steepness` s,
its gradient is s (g + (alpha / (s n)) W) where pellucid's own is g.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import xlogy

from pellucid.core import losses
from pellucid.core.layer import Layer
from pellucid.core.layers import Exponential, Sigmoid, Softmax
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training.choices import choose_loss

OUTPUTS: dict[str, type[Layer] | None]
OUTPUTS = {"identity": None, "logistic": Sigmoid, "softmax": Softmax, "exp": Exponential}


class Objective(NamedTuple):
    """A loss, the factor of its slopes, and scikit-learn's value of each row (y, t) -> (N,).

    `row_losses` is None for losses that scikit-learn does not have: their own value counts.
    """

    loss: losses.Loss
    steepness: float
    row_losses: Callable[[Array, Array], Array] | None

    def value(self, y: Array, t: Array, sample_weight: Array | None) -> float:
        """Return the loss of outputs y, (N, K), without the penalty."""
        if self.row_losses is None:
            return self.loss.value(y, t, sample_weight)
        return float(np.average(self.row_losses(y, t), weights=sample_weight))


def objective_of(loss: str | losses.Loss, out_activation: str, K: int, net: Network) -> Objective:
    """Return scikit-learn's loss of that name, or else pellucid's, or the loss itself.

    Raises InputError for a loss that expects another last activation than the estimator's.
    """
    if loss == "squared_error":
        return Objective(losses.MeanSquaredError(), K / 2, _squared_error)
    if loss == "poisson":
        return Objective(losses.Poisson(), K, _poisson)
    if loss == "log_loss":
        if out_activation == "softmax":
            return Objective(losses.CrossEntropy(), 1, _log_loss)
        return Objective(losses.BinaryCrossEntropy(), K, _binary_log_loss)
    # Targets of no rows: the loss is chosen by its name, never by the targets.
    chosen = choose_loss(loss, net, np.zeros((0, K)))
    if isinstance(chosen, losses.CrossEntropy) and out_activation == "logistic":
        # The same loss, where one sigmoid stands for two classes.
        chosen = losses.BinaryCrossEntropy(chosen.label_smoothing)
    own = OUTPUTS[out_activation]
    taken = getattr(chosen, "activation", None)
    if taken is not None and own is not None and taken is not own:
        raise InputError(
            "the loss {loss} expects outputs of {activation}, but this estimator ends in {own}: "
            "choose another loss, such as {other}",
            loss=type(chosen).__name__,
            activation=taken.__name__,
            own=own.__name__,
            other="log_loss" if own in (Softmax, Sigmoid) else "squared_error",
        )
    return Objective(chosen, 1, None)


def takes_values(loss: str | losses.Loss) -> bool:
    """Return whether a loss is one of pellucid's that takes values only, not class indices."""
    kind = losses.LOSSES.get(loss) if isinstance(loss, str) else type(loss)
    return kind in (losses.Huber, losses.Quantile)


def output_for(loss: str | losses.Loss) -> str:
    """Return scikit-learn's name of the last activation of a regressor with that loss."""
    chosen = losses.LOSSES.get(loss) if isinstance(loss, str) else loss
    activation = getattr(chosen, "activation", None)
    return next(name for name, layer in OUTPUTS.items() if layer is activation)


def _log_loss(y: Array, t: Array) -> Array:
    return -np.log(_clipped(y[np.arange(len(t)), t]))


def _binary_log_loss(y: Array, t: Array) -> Array:
    p = _clipped(y)
    return -np.log(np.where(t > 0.5, p, 1 - p)).sum(axis=1)


def _squared_error(y: Array, t: Array) -> Array:
    return 0.5 * ((t - y) ** 2).mean(axis=1)


def _poisson(y: Array, t: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):  # outputs of 0
        return (xlogy(t, t / y) - t + y).sum(axis=1)


def _clipped(p: Array) -> Array:
    epsilon = np.finfo(p.dtype).eps  # as scikit-learn clips, so that no logarithm is infinite
    # np.clip takes twice as long for few rows
    clipped: Array = np.minimum(np.maximum(p, epsilon), 1 - epsilon)
    return clipped
