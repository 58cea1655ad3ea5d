"""The optimizers of "sgd", "adam" and "adamw", step for step as scikit-learn's solvers do them.

Two things are written otherwise there. Its momentum keeps steps, u = momentum u - rate g, where
pellucid's SGD keeps slopes, v = momentum v + g: with u = - rate v they are the same as long as the
rate is, and when the rate changes between two epochs, v is multiplied by the old rate over the new
one. Its Adam adds epsilon before the second moment is corrected: `EpsilonHatAdam`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.core.optimizers import SGD, Adam, AdamW, Optimizer, State
from pellucid.core.types import Array
from pellucid.engines.native import NATIVE_OPTIMIZERS
from pellucid.sklearn.objective import Objective

_SMALLEST_RATE = 1e-6  # at which "adaptive" stops


class EpsilonHatAdam(Adam):
    """Adam with epsilon added to sqrt(v) before the correction, as scikit-learn and TensorFlow do.

    p -= rate m_hat sqrt(1 - beta_2^step) / (sqrt(v) + epsilon): the faster order of Kingma and Ba
    2015, end of section 2.
    """

    def __init__(self, beta_1: float, beta_2: float, epsilon: float) -> None:
        super().__init__(1.0, beta_1, beta_2, epsilon)
        self.epsilon_hat = True  # C++ reads the settings of its Adam, and this one among them

    def step(self, p: Array, g: Array, memory: list[Array], step: int, rate: float) -> None:
        m, v = memory
        m += (1 - self.beta_1) * (g - m)
        v *= self.beta_2
        v += (1 - self.beta_2) * g * g
        root = math.sqrt(1 - self.beta_2**step)
        spread = np.sqrt(v) / root + self.epsilon / root
        p -= (rate / (1 - self.beta_1**step)) * m / spread


NATIVE_OPTIMIZERS[EpsilonHatAdam] = "Adam"


class Steps:
    """How a solver steps, and what it keeps from batch to batch and between calls of `fit`."""

    def __init__(self, settings: Any, objective: Objective, params: Sequence[Array]) -> None:
        self.learning_rate = float(settings.learning_rate_init)
        self.policy = settings.learning_rate if settings.solver == "sgd" else "constant"
        self.steepness = objective.steepness
        self.optimizer = _optimizer_of(settings, objective.steepness)
        self.state: State = self.optimizer.start(params)

    def rate(self) -> float:
        """Return the rate by which the optimizer follows pellucid's slopes.

        Adam's steps have the same length for slopes of any size.
        """
        return self.learning_rate * (self.steepness if isinstance(self.optimizer, SGD) else 1)

    def change_rate(self, rate: float) -> None:
        """Continue at another rate; steps that momentum keeps stay as long as they are."""
        for velocity in self.state.get("velocity", ()):
            velocity *= self.learning_rate / rate
        self.learning_rate = rate

    def stops(self, verdict: str, verbose: object) -> bool:
        """Return whether a training without progress stops; "adaptive" tries smaller steps first.

        Prints the verdict in scikit-learn's words.
        """
        slower = self.policy == "adaptive" and self.learning_rate > _SMALLEST_RATE
        ending = " Learning rate too small." if self.policy == "adaptive" else ""
        ending += " Stopping."
        if slower:
            self.change_rate(self.learning_rate / 5)
            ending = f" Setting learning rate to {self.learning_rate:f}"
        if verbose:
            print(verdict + ending)  # noqa: T201
        return not slower


def _optimizer_of(settings: Any, steepness: float) -> Optimizer:
    if settings.solver == "sgd":
        optimizer = SGD(1.0, 0.5 if settings.momentum else 0.0)
        if settings.momentum:
            optimizer.momentum = float(settings.momentum)  # scikit-learn allows 1, SGD does not
            optimizer.nesterov = bool(settings.nesterovs_momentum)
        return optimizer
    # Slopes are 1 / steepness of scikit-learn's, so epsilon beside their root is, too.
    moments = settings.beta_1, settings.beta_2, settings.epsilon / steepness
    if settings.solver == "adamw":
        return AdamW(1.0, *moments, weight_decay=settings.weight_decay)
    return EpsilonHatAdam(*moments)
