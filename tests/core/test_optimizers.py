"""Optimizers against PyTorch's over 100 steps, each with every setting that they share.

Order, state and options.
"""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import pellucid as pl
from pellucid.core.optimizers import Optimizer
from pellucid.core.types import Array
from pellucid.engines import ReferenceEngine
from tests.core.tools import close
from tests.core.witnesses import COMMON, OPTIMIZERS
from tests.narrowing import present

STEPS = 100
CLOSE = 1e-9  # each of 100 steps rounds at 1e-16 and divides by roots of small numbers
SHAPES = [(3, 4), (4,), (4, 2), (2,)]

CASES = [
    pytest.param(name, ours | common, theirs, id=f"{getattr(pl, name)(**(ours | common))!r}")
    for name, witness in OPTIMIZERS.items()
    for ours, theirs in witness.examples
    for common in COMMON
]


def start(generator: np.random.Generator) -> list[Array]:
    return [generator.normal(size=shape) for shape in SHAPES]


def gradient_stream(generator: np.random.Generator) -> list[list[Array]]:
    return [[generator.normal(size=shape) for shape in SHAPES] for _ in range(STEPS)]


class Twin:
    """PyTorch's optimizer, weights and biases apart.

    What PyTorch has no setting for is written out around it.
    """

    def __init__(
        self, name: str, ours: pl.Optimizer, theirs: dict[str, Any], params: Sequence[Array]
    ) -> None:
        self.ours = ours
        self.all = torch.nn.ParameterList([torch.nn.Parameter(torch.tensor(p)) for p in params])
        self.weights = [p for p in self.all if p.ndim == 2]
        biases = [p for p in self.all if p.ndim == 1]
        witness = OPTIMIZERS[name]
        # With l2 and decay at once the order counts: then only AdamW's decay, which comes first
        # anyway, is PyTorch's.
        both = bool(ours.l2 and ours.weight_decay) and witness.native_decay == "l2"
        self.native = None if both else witness.native_decay
        decay = getattr(ours, self.native) if self.native else 0.0
        groups = [
            {"params": self.weights, "weight_decay": decay},
            {"params": biases, "weight_decay": 0.0},
        ]
        self.optimizer = witness.twin(groups, **theirs)
        self.average = None
        if ours.ema is not None:
            self.average = AveragedModel(self.all, multi_avg_fn=get_ema_multi_avg_fn(ours.ema))
            self.average.update_parameters(
                self.all
            )  # the first one copies: the average begins at the start

    @torch.no_grad()
    def step(self, grads: Sequence[Array]) -> None:
        ours = self.ours
        for p, g in zip(self.all, grads, strict=True):
            p.grad = torch.tensor(g)
        if ours.clip_value is not None:
            torch.nn.utils.clip_grad_value_(self.all, ours.clip_value)
        if ours.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.all, ours.clip_norm)
        for W in self.weights:
            before = W.detach().clone()
            W.grad += ours.l1 * torch.sign(before)
            if self.native != "l2":
                W.grad += ours.l2 * before
            if self.native != "weight_decay":
                W *= 1 - self.optimizer.param_groups[0]["lr"] * ours.weight_decay
        self.optimizer.step()
        if ours.max_norm is not None:
            for W in self.weights:
                norms = W.norm(dim=0)
                W *= torch.where(norms > ours.max_norm, ours.max_norm / norms, 1.0)
        if self.average is not None:
            self.average.update_parameters(self.all)


@pytest.mark.parametrize(("name", "settings", "theirs"), CASES)
def test_equals_pytorch_over_100_steps(
    name: str, settings: dict[str, Any], theirs: dict[str, Any], generator: np.random.Generator
) -> None:
    ours = getattr(pl, name)(**settings)
    params = start(generator)
    state, twin = ours.start(params), Twin(name, ours, theirs, params)
    for grads in gradient_stream(generator):
        ours.update(params, grads, state)
        twin.step(grads)
        if state["step"] in (1, 2, 10, STEPS):
            for p, witness in zip(params, twin.all, strict=True):
                close(p, witness.detach().numpy(), CLOSE)
    assert state["step"] == STEPS
    if ours.ema is not None:
        averaged: Any = present(twin.average).module
        for average, witness in zip(state["average"], averaged, strict=True):
            close(average, witness.detach().numpy(), CLOSE)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_given_rate_stands_in_for_its_own(name: str, generator: np.random.Generator) -> None:
    fast, slow = getattr(pl, name)(0.5, weight_decay=0.2), getattr(pl, name)(0.01, weight_decay=0.2)
    params, grads = start(generator), start(generator)
    others = copy.deepcopy(params)
    fast.update(params, grads, fast.start(params), learning_rate=0.01)
    slow.update(others, grads, slow.start(others))
    for p, other in zip(params, others, strict=True):
        assert np.array_equal(p, other)
    before = copy.deepcopy(params)
    fast.update(params, grads, fast.start(params), learning_rate=0.0)
    for p, kept in zip(params, before, strict=True):
        assert np.array_equal(p, kept)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_biases_are_not_decayed_nor_bounded(name: str, generator: np.random.Generator) -> None:
    plain = getattr(pl, name)(0.1)
    heavy = getattr(pl, name)(0.1, weight_decay=0.5, l1=0.5, l2=0.5, max_norm=0.01)
    params, grads = start(generator), start(generator)
    others = copy.deepcopy(params)
    plain.update(params, grads, plain.start(params))
    heavy.update(others, grads, heavy.start(others))
    for p, other in zip(params, others, strict=True):
        assert np.array_equal(p, other) == (p.ndim == 1)


def test_everything_in_order_by_hand() -> None:
    """One number of one weight and one bias through all that an update does, in the order that the
    module states.
    """
    optimizer = pl.SGD(
        0.5,
        weight_decay=0.2,
        l1=0.1,
        l2=0.25,
        clip_value=3.0,
        clip_norm=2.5,
        max_norm=0.5,
        ema=0.75,
    )
    W, b = np.array([[2.0]]), np.array([1.0])
    state = optimizer.start([W, b])
    optimizer.update([W, b], [np.array([[30.0]]), np.array([-4.0])], state)
    # By value: 30 -> 3 and -4 -> -3. By norm: sqrt(18) is above 2.5, so both are multiplied by 2.5
    # / sqrt(18).
    g = 3 * 2.5 / (math.sqrt(18) + 1e-6)
    # L1 and L2 of W = 2: g + 0.1 * 1 + 0.25 * 2. Decay: 2 * (1 - 0.5 * 0.2) = 1.8. Step: 1.8 - 0.5
    # (g + 0.6).
    stepped = 1.8 - 0.5 * (g + 0.6)
    assert stepped > 0.5  # max-norm bounds it to 0.5
    close(W, [[0.5]], 1e-15)
    close(b, [1.0 + 0.5 * g], 1e-15)
    # The averages began at 2 and 1 and go a quarter of the way to the bounded weight and the bias.
    close(state["average"][0], [[2.0 + 0.25 * (0.5 - 2.0)]], 1e-15)
    close(state["average"][1], [1.0 + 0.25 * 0.5 * g], 1e-15)


def test_adam_by_hand() -> None:
    """The first step of Adam is the rate itself, towards where the gradient falls.

    M_hat = g, v_hat = g^2.
    """
    p = np.array([1.0, 1.0, 1.0])
    optimizer = pl.Adam(0.1, epsilon=0.0)
    optimizer.update([p], [np.array([5.0, -0.01, 2.0])], optimizer.start([p]))
    close(p, [0.9, 1.1, 0.9], 1e-15)


def test_l2_that_is_given_is_added_to_the_optimizers_own() -> None:
    layer = pl.Affine(np.array([[2.0]]), np.array([2.0]))
    engine = ReferenceEngine([layer], optimizer=pl.SGD(0.1, l2=0.5))
    engine.update([np.zeros((1, 1)), np.zeros(1)], l2=0.25)
    close(layer.W, [[2 - 0.1 * 0.75 * 2]], 1e-15)
    close(layer.b, [2.0], 0)


def test_max_norm_of_columns() -> None:
    W = np.array([[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]])
    optimizer = pl.SGD(0.1, max_norm=4.5)
    optimizer.update([W], [np.zeros((2, 3))], optimizer.start([W]))
    # The first neuron's weights are 5 long and become 4.5 long; the others are within the bound,
    # dead ones too.
    close(W, [[2.7, 0.3, 0.0], [3.6, 0.4, 0.0]], 1e-15)
    none = pl.SGD(0.1, max_norm=0.0)
    none.update([W], [np.zeros((2, 3))], none.start([W]))
    assert not W.any()


def test_l1_leaves_weights_that_are_0() -> None:
    W = np.array([[0.0, 2.0, -2.0]])
    optimizer = pl.SGD(0.5, l1=0.1)
    optimizer.update([W], [np.zeros((1, 3))], optimizer.start([W]))
    close(W, [[0.0, 1.95, -1.95]], 1e-15)


def test_clip_norm_leaves_small_gradients() -> None:
    p, g = np.zeros(2), np.array([0.3, 0.4])
    for bound, share in ((0.6, 1.0), (0.25, 0.25 / (0.5 + 1e-6))):
        p[:] = 0.0
        optimizer = pl.SGD(1.0, clip_norm=bound)
        optimizer.update([p], [g], optimizer.start([p]))
        close(p, -share * g, 1e-15)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_gradients_are_left_as_they_are(name: str, generator: np.random.Generator) -> None:
    optimizer = getattr(pl, name)(0.1, **COMMON[-1])
    params, grads = start(generator), start(generator)
    kept = copy.deepcopy(grads)
    state = optimizer.start(params)
    for _ in range(3):
        optimizer.update(params, grads, state)
    for g, before in zip(grads, kept, strict=True):
        assert np.array_equal(g, before)


@pytest.mark.parametrize(("name", "settings", "theirs"), CASES)
def test_the_state_is_all_there_is(
    name: str, settings: dict[str, Any], theirs: dict[str, Any], generator: np.random.Generator
) -> None:
    """A copy of parameters and state midway goes on to the same bits, with another optimizer of the
    same options.
    """
    optimizer = getattr(pl, name)(**settings)
    params, stream = start(generator), gradient_stream(generator)[:8]
    state = optimizer.start(params)
    for grads in stream[:4]:
        optimizer.update(params, grads, state)
    others, other_state = copy.deepcopy((params, state))
    again = type(optimizer)(**optimizer.options())
    for grads in stream[4:]:
        optimizer.update(params, grads, state)
        again.update(others, grads, other_state)
    for p, other in zip(params, others, strict=True):
        assert np.array_equal(p, other)
    assert set(state) == {"step", *optimizer.slots} | (
        {"average"} if optimizer.ema is not None else set()
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_stays_float32(name: str, generator: np.random.Generator) -> None:
    optimizer = getattr(pl, name)(0.01, **COMMON[-1])
    params = [p.astype(np.float32) for p in start(generator)]
    grads = [g.astype(np.float32) for g in start(generator)]
    state = optimizer.start(params)
    optimizer.update(params, grads, state)
    arrays = params + [array for slot in (*optimizer.slots, "average") for array in state[slot]]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("name", "settings", "theirs"), CASES)
def test_can_be_made_again_from_options_and_repr(
    name: str, settings: dict[str, Any], theirs: dict[str, Any]
) -> None:
    optimizer = getattr(pl, name)(**settings)
    again = type(optimizer)(**optimizer.options())
    assert vars(again) == vars(optimizer)
    # A repr is code that makes it again
    written = eval(repr(optimizer), {name: getattr(pl, name)})  # noqa: S307
    assert vars(written) == vars(optimizer)


def test_defaults() -> None:
    assert repr(pl.SGD()) == "SGD(learning_rate=0.1)"
    assert (
        repr(pl.SGD(0.1, 0.9, nesterov=True))
        == "SGD(learning_rate=0.1, momentum=0.9, nesterov=True)"
    )
    assert repr(pl.Adam()) == "Adam(learning_rate=0.001)"
    assert repr(pl.Adam(beta_1=0.8)) == "Adam(learning_rate=0.001, beta_1=0.8)"
    assert repr(pl.AdamW()) == "AdamW(learning_rate=0.001, weight_decay=0.01)"
    assert repr(pl.RMSprop()) == "RMSprop(learning_rate=0.01, decay=0.99, epsilon=1e-08)"
    assert repr(pl.Adagrad()) == "Adagrad(learning_rate=0.01, epsilon=1e-10)"
    assert vars(pl.SGD()) == {
        "learning_rate": 0.1,
        "weight_decay": 0.0,
        "l1": 0.0,
        "l2": 0.0,
        "clip_norm": None,
        "clip_value": None,
        "max_norm": None,
        "ema": None,
        "momentum": 0.0,
        "nesterov": False,
        "slots": (),
    }


REFUSED = {
    "rate": (lambda: pl.SGD(-0.1), "learning_rate must be a finite number of 0 or more, got -0.1"),
    "rate nan": (lambda: pl.Adam(float("nan")), "got nan"),
    "rate inf": (lambda: pl.Adam(float("inf")), "got inf"),
    "decay": (lambda: pl.SGD(0.1, weight_decay=-1), "weight_decay"),
    "l1": (lambda: pl.SGD(0.1, l1=-1), "l1"),
    "l2": (lambda: pl.SGD(0.1, l2=-1), "l2"),
    "clip_norm": (lambda: pl.SGD(0.1, clip_norm=-1), "clip_norm"),
    "clip_value": (lambda: pl.SGD(0.1, clip_value=-1), "clip_value"),
    "max_norm": (lambda: pl.SGD(0.1, max_norm=-1), "max_norm"),
    "ema": (lambda: pl.SGD(0.1, ema=1.0), "ema must be in \\[0, 1\\), got 1.0"),
    "momentum": (lambda: pl.SGD(0.1, momentum=1.0), "momentum"),
    "momentum below": (lambda: pl.SGD(0.1, momentum=-0.1), "momentum"),
    "nesterov": (lambda: pl.SGD(0.1, nesterov=True), "needs a momentum above 0"),
    "beta_1": (lambda: pl.Adam(beta_1=1.0), "beta_1"),
    "beta_2": (lambda: pl.AdamW(beta_2=1.0), "beta_2"),
    "epsilon": (lambda: pl.Adam(epsilon=-1e-8), "epsilon"),
    "rmsprop decay": (lambda: pl.RMSprop(decay=1.0), "decay"),
    "rmsprop epsilon": (lambda: pl.RMSprop(epsilon=-1.0), "epsilon"),
    "adagrad epsilon": (lambda: pl.Adagrad(epsilon=-1.0), "epsilon"),
}


@pytest.mark.parametrize(("build", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(build: Callable[..., Any], message: str) -> None:
    with pytest.raises(pl.InputError, match=message):
        build()


def test_zero_is_within_every_range() -> None:
    optimizer = pl.SGD(0.0, momentum=0.0, ema=0.0, clip_norm=0.0, clip_value=0.0, max_norm=0.0)
    assert (optimizer.ema, optimizer.clip_norm, optimizer.clip_value, optimizer.max_norm) == (
        0.0,
        0.0,
        0.0,
        0.0,
    )
    assert pl.Adam(epsilon=0, beta_1=0, beta_2=0).options() == {
        "learning_rate": 0.001,
        "beta_1": 0.0,
        "beta_2": 0.0,
        "epsilon": 0.0,
    }


def test_a_base_optimizer_takes_no_step() -> None:
    with pytest.raises(NotImplementedError):
        Optimizer(0.1).update([np.zeros(1)], [np.zeros(1)], {"step": 0})
    with pytest.raises(ValueError, match="zip"):
        pl.SGD().update([np.zeros(1), np.zeros(1)], [np.zeros(1)], {"step": 0})
