"""Optimizers: how gradients change parameters.

An optimizer is its settings and nothing else. What it remembers (moments, a step count) is a
`state` that `start` makes and `update` changes in place, so one optimizer serves several networks
and a state can be written to a file.

An update does, in this order: clip the gradients by value, then by their joint norm; add L1 and L2;
apply decoupled weight decay; take the optimizer's own step; apply max-norm; update the average of
the weights. L1, L2, decay and max-norm act on weight matrices (two axes) only: not on biases, the
scale and shift of a normalization, or the arrays of a PeriodicEmbedding (three axes).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from pellucid.core.arrays import own_array, zeros_like_each
from pellucid.core.ranges import at_least, below_one
from pellucid.core.types import Array, Matrix, Options
from pellucid.errors import InputError

State: TypeAlias = dict[str, Any]  # "step": int, and a list of arrays for each slot

_COMMON: Options = {
    "weight_decay": 0.0,
    "l1": 0.0,
    "l2": 0.0,
    **dict.fromkeys(("clip_norm", "clip_value", "max_norm", "ema")),
}


class Optimizer:
    """The settings that all optimizers share.

    Parameters
    ----------
    learning_rate
        The factor of a step; a schedule multiplies it.
    weight_decay
        Decoupled: before each step W is multiplied by 1 - learning_rate * weight_decay (Loshchilov
        and Hutter 2019).
    l1, l2
        Add l1 sign(W) and l2 W to the gradient: the slopes of l1 |W| and l2 |W|^2 / 2. The loss
        that is reported is the data's alone.
    clip_norm, clip_value
        Bounds of the joint norm of all gradients (Pascanu, Mikolov and Bengio 2013), and of each
        of their numbers.
    max_norm
        Bound of the norm of each neuron's incoming weights, a column of W (Srivastava et al. 2014).
    ema
        Decay, such as 0.999, of a moving average of the parameters, which `train` evaluates and
        leaves in the network at the end.

    Raises InputError for a setting out of its range, TypeError for an unknown one.
    """

    slots: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: float,
        *,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        max_norm: float | None = None,
        ema: float | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            own = [name for name in inspect.signature(type(self)).parameters if name != "common"]
            known = ", ".join(dict.fromkeys([*own, "learning_rate", *_COMMON]))
            name = type(self).__name__
            raise TypeError(f"{name} has no setting {', '.join(unknown)}; its settings are {known}")
        self.learning_rate = at_least(0, learning_rate=learning_rate)
        self.weight_decay = at_least(0, weight_decay=weight_decay)
        self.l1 = at_least(0, l1=l1)
        self.l2 = at_least(0, l2=l2)
        self.clip_norm = None if clip_norm is None else at_least(0, clip_norm=clip_norm)
        self.clip_value = None if clip_value is None else at_least(0, clip_value=clip_value)
        self.max_norm = None if max_norm is None else at_least(0, max_norm=max_norm)
        self.ema = None if ema is None else below_one(ema=ema)

    def start(self, params: Sequence[Array]) -> State:
        """Return the state with which the training of these parameters begins."""
        state: State = {"step": 0}
        for slot in self.slots:
            state[slot] = zeros_like_each(params)
        if self.ema is not None:
            state["average"] = [own_array(p) for p in params]
        return state

    def update(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        state: State,
        learning_rate: float | None = None,
    ) -> None:
        """Move the parameters by one step, in place; `grads` fits them and is not changed.

        `learning_rate` replaces the optimizer's own.
        """
        rate = self.learning_rate if learning_rate is None else learning_rate
        state["step"] += 1
        for index, (p, g) in enumerate(zip(params, self._clipped(grads), strict=True)):
            memory = [state[slot][index] for slot in self.slots]
            if p.ndim == 2:
                self._update_weights(p, g, memory, state["step"], rate)
            else:
                self.step(p, g, memory, state["step"], rate)
            if self.ema is not None:
                average = state["average"][index]
                average += (1 - self.ema) * (p - average)

    def step(self, p: Array, g: Array, memory: list[Array], step: int, rate: float) -> None:
        """Move one parameter p with gradient g in place; `step` counts from 1."""
        raise NotImplementedError

    def options(self) -> Options:
        """Return settings that make the same optimizer again; many defaults are left out."""
        common = {name: getattr(self, name) for name in _COMMON}
        changed = {name: value for name, value in common.items() if value != _COMMON[name]}
        return {"learning_rate": self.learning_rate, **changed}

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.options().items())
        return f"{type(self).__name__}({settings})"

    def _clipped(self, grads: Sequence[Array]) -> Sequence[Array]:
        if self.clip_value is not None:
            grads = [np.clip(g, -self.clip_value, self.clip_value) for g in grads]
        if self.clip_norm is not None:
            norm = math.sqrt(sum(float(np.vdot(g, g)) for g in grads))
            share = self.clip_norm / (norm + 1e-6)  # PyTorch's guard against a norm of 0
            if share < 1:
                grads = [g * share for g in grads]
        return grads

    def _update_weights(
        self, W: Matrix, g: Array, memory: list[Array], step: int, rate: float
    ) -> None:
        if self.l1:
            g = g + self.l1 * np.sign(W)
        if self.l2:
            g = g + self.l2 * W
        if self.weight_decay:
            W *= 1 - rate * self.weight_decay
        self.step(W, g, memory, step, rate)
        if self.max_norm is not None:
            norms = np.sqrt((W * W).sum(axis=0))
            # The factor is exactly 1 within the bound. With max_norm 0, `tiny` avoids 0 / 0.
            W *= self.max_norm / np.maximum(norms, self.max_norm or np.finfo(W.dtype).tiny)


class SGD(Optimizer):
    """Stochastic gradient descent: p -= rate g; with momentum, v = momentum v + g and p -= rate v.

    Nesterov's form steps by g + momentum v (Sutskever et al. 2013, as PyTorch writes it). Defaults:
    rate 0.1, momentum 0. For `common`, such as clip_norm, see `Optimizer`.
    """

    slots: tuple[str, ...] = ("velocity",)

    def __init__(
        self,
        learning_rate: float = 0.1,
        momentum: float = 0.0,
        nesterov: bool = False,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.momentum = below_one(momentum=momentum)
        self.nesterov = bool(nesterov)
        if self.nesterov and not self.momentum:
            raise InputError("SGD: nesterov needs a momentum above 0, such as 0.9")
        if not self.momentum:
            self.slots = ()  # of this instance: without momentum there is no velocity

    def step(self, p: Array, g: Array, memory: list[Array], step: int, rate: float) -> None:
        if self.momentum:
            v = memory[0]
            v *= self.momentum
            v += g
            g = g + self.momentum * v if self.nesterov else v
        p -= rate * g

    def options(self) -> Options:
        own: Options = {"momentum": self.momentum} if self.momentum else {}
        return {**super().options(), **own, **({"nesterov": True} if self.nesterov else {})}


class Adam(Optimizer):
    """Steps of similar size for every parameter, from running means of g and g^2.

    Kingma and Ba 2015, algorithm 1: m = beta_1 m + (1 - beta_1) g, v = beta_2 v + (1 - beta_2) g^2,
    p -= rate m_hat / (sqrt(v_hat) + epsilon), m_hat = m / (1 - beta_1^step), v_hat = v / (1 -
    beta_2^step). Defaults: rate 0.001, beta_1 0.9, beta_2 0.999, epsilon 1e-8. For `common`, see
    `Optimizer`.
    """

    slots = ("m", "v")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = below_one(beta_1=beta_1)
        self.beta_2 = below_one(beta_2=beta_2)
        self.epsilon = at_least(0, epsilon=epsilon)

    def step(self, p: Array, g: Array, memory: list[Array], step: int, rate: float) -> None:
        m, v = memory
        m += (1 - self.beta_1) * (g - m)
        v *= self.beta_2
        v += (1 - self.beta_2) * g * g
        # m and v start at 0 and are too small at first: 1 - beta^step corrects the bias.
        root = math.sqrt(1 - self.beta_2**step)
        p -= (rate / (1 - self.beta_1**step)) * m / (np.sqrt(v) / root + self.epsilon)

    def options(self) -> Options:
        defaults = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
        own = {name: getattr(self, name) for name in defaults}
        changed = {name: value for name, value in own.items() if value != defaults[name]}
        return {**super().options(), **changed}


class AdamW(Adam):
    """Adam with decoupled weight decay, 0.01 by default (Loshchilov and Hutter 2019)."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        weight_decay: float = 0.01,
        **common: Any,
    ) -> None:
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay, **common
        )

    def options(self) -> Options:
        return {**super().options(), "weight_decay": self.weight_decay}


class RMSprop(Optimizer):
    """g divided by the root of its running square (Tieleman and Hinton 2012, lecture 6e).

    v = decay v + (1 - decay) g^2, p -= rate g / (sqrt(v) + epsilon). Defaults: rate 0.01, decay
    0.99, epsilon 1e-8, as PyTorch's. For `common`, see `Optimizer`.
    """

    slots = ("v",)

    def __init__(
        self, learning_rate: float = 0.01, decay: float = 0.99, epsilon: float = 1e-8, **common: Any
    ) -> None:
        super().__init__(learning_rate, **common)
        self.decay = below_one(decay=decay)
        self.epsilon = at_least(0, epsilon=epsilon)

    def step(self, p: Array, g: Array, memory: list[Array], step: int, rate: float) -> None:
        v = memory[0]
        v *= self.decay
        v += (1 - self.decay) * g * g
        p -= rate * g / (np.sqrt(v) + self.epsilon)

    def options(self) -> Options:
        return {**super().options(), "decay": self.decay, "epsilon": self.epsilon}


class Adagrad(Optimizer):
    """g divided by the root of the sum of all its squares (Duchi, Hazan and Singer 2011).

    s += g^2, p -= rate g / (sqrt(s) + epsilon). Defaults: rate 0.01, epsilon 1e-10, as PyTorch's.
    For `common`, see `Optimizer`.
    """

    slots = ("squares",)

    def __init__(self, learning_rate: float = 0.01, epsilon: float = 1e-10, **common: Any) -> None:
        super().__init__(learning_rate, **common)
        self.epsilon = at_least(0, epsilon=epsilon)

    def step(self, p: Array, g: Array, memory: list[Array], step: int, rate: float) -> None:
        s = memory[0]
        s += g * g
        p -= rate * g / (np.sqrt(s) + self.epsilon)

    def options(self) -> Options:
        return {**super().options(), "epsilon": self.epsilon}


OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__.lower(): kind for kind in (SGD, Adam, AdamW, RMSprop, Adagrad)
}
