"""The native engine against the reference engine: the contract table.

Chaos proves nothing, so cases stay where rounding is not blown up: gradients that are 0 but for
rounding (a bias below BatchNorm) meet only SGD, as Adam, RMSprop and Adagrad divide them by their
own size; targets of MeanAbsoluteError and Quantile, whose slopes jump, lie too far away to be
crossed; layers that normalise few numbers have a wide epsilon; large networks have no ReLU, of
which among millions one would fall on the other side of 0 (small ones have it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
from numpy.random import Generator

import pellucid as pl
from pellucid.core import LAYERS, checks
from pellucid.core.layer import Layer
from pellucid.core.losses import LOSSES, Loss
from pellucid.core.optimizers import OPTIMIZERS, Optimizer
from pellucid.core.types import Array
from pellucid.engines import NativeEngine, ReferenceEngine
from pellucid.sklearn.solvers import EpsilonHatAdam
from tests.core.tools import classes as classes_in_core
from tests.core.witnesses import COMMON, classes_of, values_of
from tests.core.witnesses import LAYERS as LAYER_WITNESSES
from tests.core.witnesses import LOSSES as LOSS_WITNESSES
from tests.core.witnesses import OPTIMIZERS as OPTIMIZER_WITNESSES
from tests.engines.tools import SETS, affine, apart, arrays, inputs, use

STEPS, FEW = 100, 10  # what the gate takes: all for one shape of a layer, few for the others


class Case(NamedTuple):
    """What is learned: layers in float64 whose numbers float32 can hold, and data likewise."""

    layers: Callable[[Generator], list[Layer]]
    loss: Loss
    optimizer: Optimizer
    N: int
    D: int
    targets: Callable[[Generator, int, int], Array]
    inputs: str = "normal"
    weighted: bool = False
    frozen: int | None = None
    steps: int = FEW

    def net(self, dtype: type) -> pl.Network:
        return pl.Network(self.layers(np.random.default_rng(1))).astype(np.float32).astype(dtype)

    def data(self, dtype: type) -> tuple[Array, Array, Array | None]:
        generator = np.random.default_rng(2)
        x = inputs(generator, self.inputs, self.N, self.D)
        t = self.targets(generator, self.N, checks.widths(self.net(dtype).layers, self.D)[-1])
        t = t if t.ndim == 1 else t.astype(np.float32).astype(dtype)
        weights = generator.uniform(0, 2, self.N).round(1) if self.weighted else None
        return (x if self.inputs in ("bytes", "doubles") else x.astype(dtype)), t, weights


def vectors(generator: Generator, count: int, H: int) -> list[Array]:
    return [generator.uniform(0.5, 1.5, H) for _ in range(count)]


def batch_norm(generator: Generator, H: int) -> Layer:
    gamma, beta, mean, variance = vectors(generator, 4, H)
    return pl.BatchNorm(gamma, beta, mean, variance, epsilon=0.1)


def layer_norm(generator: Generator, H: int) -> Layer:
    gamma, beta = vectors(generator, 2, H)
    return pl.LayerNorm(gamma, beta, epsilon=0.1)


OF_A_WIDTH: dict[str, Callable[[Generator, int], Layer]] = {
    "Affine": lambda generator, H: affine(generator, H, H),
    "Standardize": lambda generator, H: pl.Standardize(*vectors(generator, 2, H)),
    "CategoryEmbedding": lambda generator, H: pl.CategoryEmbedding.draw(
        4.0 * (np.arange(H) % 3 == 0), generator, size=3, dtype=np.float64
    ),
    "PeriodicEmbedding": lambda generator, H: pl.PeriodicEmbedding.draw(
        (np.arange(H) % 3 != 1).astype(float), generator, waves=5, size=2, std=0.3, dtype=np.float64
    ),
    "PReLU": lambda generator, H: pl.PReLU(generator.uniform(-0.5, 0.5, H)),
    "BatchNorm": lambda generator, H: batch_norm(generator, H),
    "LayerNorm": lambda generator, H: layer_norm(generator, H),
    "Residual": lambda generator, H: pl.Residual(
        [
            affine(generator, H, 3),
            pl.Tanh(),
            pl.Residual([pl.Dropout(0.3), affine(generator, 3, 3)]),
            affine(generator, 3, H),
        ]
    ),
    "Concatenate": lambda generator, H: pl.Concatenate(
        [pl.Dropout(0.3), affine(generator, H, 3), pl.Tanh()],
        projection=[
            pl.Dropout(0.3),
            pl.Residual([affine(generator, H, 2)], [affine(generator, H, 2)]),
            batch_norm(generator, 2),
        ],
    ),
    "Members": lambda generator, H: pl.Members(
        [
            [affine(generator, H, 3), pl.Tanh(), pl.Dropout(0.3), affine(generator, 3, H)]
            for _ in range(3)
        ],
        "sigmoids",
    ),
}
"""Layers that own arrays, made for a width.

Those that own none fit any, and come from core's table.
"""

SHAPES = [(1, 3, 1), (2, 1, 7), (37, 70, 33), (200, 19, 50)]  # rows, inputs, hidden
LONG = SHAPES[2]
GENTLE = pl.SGD(0.01, momentum=0.9)


def about(layer: Callable[[Generator], Layer], D: int, H: int, generator: Generator) -> list[Layer]:
    """Put a layer between two Affine layers."""
    middle = layer(generator)
    if isinstance(middle, pl.Members):  # which nothing with weights may follow
        return [affine(generator, D, H), middle]
    return [affine(generator, D, H), middle, affine(generator, middle.output_width(H), 3)]


def far_values(generator: Generator, N: int, K: int) -> Array:
    t = generator.normal(size=(N, K))
    return t + np.where(t > 0, 9, -9)


def layer_cases() -> Iterator[tuple[str, Case]]:
    for name, witness in LAYER_WITNESSES.items():
        # Log-probabilities of 50 columns are far from 0, and steps on them that much longer.
        gentle = pl.SGD(0.0005, momentum=0.9) if name == "LogSoftmax" else GENTLE
        for index, example in enumerate(witness.examples):
            for N, D, H in [(13, 4, 5)] if name in OF_A_WIDTH else SHAPES:
                layers = partial(about, example, D, H)
                steps = STEPS if (N, D, H) == LONG else FEW
                case = Case(layers, pl.MeanSquaredError(), gentle, N, D, values_of, steps=steps)
                yield f"{name}-{index}-{N}x{D}x{H}", case
        for N, D, H in SHAPES if name in OF_A_WIDTH else []:
            steps = STEPS if (N, D, H) == LONG else FEW
            # Of one row the slopes of BatchNorm are 0 but for rounding.
            N = max(N, 20) if name == "BatchNorm" else N

            def make(generator: Generator, name: str = name, H: int = H) -> Layer:
                return OF_A_WIDTH[name](generator, H)

            layers = partial(about, make, D, H)
            case = Case(layers, pl.MeanSquaredError(), GENTLE, N, D, values_of, steps=steps)
            yield f"{name}-{N}x{D}x{H}", case
            yield f"{name}-{N}x{D}x{H}-frozen", case._replace(frozen=1, steps=FEW)


def loss_cases() -> Iterator[tuple[str, Case]]:
    for name, witness in LOSS_WITNESSES.items():
        for index, loss in enumerate(witness.examples):
            for targets in witness.targets:
                wanted = (
                    far_values
                    if name in ("MeanAbsoluteError", "Quantile") and targets is values_of
                    else targets
                )
                for N, K in [(1, 2), (33, 1), (60, 19)]:
                    for end in (None, getattr(loss, "activation", None)):
                        if targets is classes_of and K == 1:
                            # One output has no classes to choose from; test_targets has what there
                            # is
                            continue
                        layers = partial(ending, end, K)
                        case = Case(
                            layers,
                            loss,
                            GENTLE,
                            N,
                            6,
                            wanted,
                            weighted=index % 2 == 1 or end is not None,
                        )
                        yield (
                            f"{name}-{index}-{targets.__name__}-{N}x{K}-{end and end.__name__}",
                            case,
                        )


def ending(end: type[Layer] | None, K: int, generator: Generator) -> list[Layer]:
    return [affine(generator, 6, 9), pl.Tanh(), affine(generator, 9, K), *([end()] if end else [])]


def optimizer_cases() -> Iterator[tuple[str, Case]]:
    def layers(generator: Generator) -> list[Layer]:
        return [
            affine(generator, 7, 18),
            pl.Tanh(),
            OF_A_WIDTH["LayerNorm"](generator, 18),
            affine(generator, 18, 2),
        ]

    for name, witness in OPTIMIZER_WITNESSES.items():
        made = classes_in_core(Optimizer, "step")[name]
        for index, (own, _) in enumerate(witness.examples):
            for number, common in enumerate(COMMON):
                optimizer = made(**own, **common)
                # The table's rates are for a few steps. In a hundred, rounding grows exponentially
                # wherever a step passes over its minimum: rate / (sqrt(v) + epsilon) must stay
                # below 2 / curvature.
                optimizer.learning_rate /= 10 if name == "SGD" else 100
                case = Case(layers, pl.MeanSquaredError(), optimizer, 40, 7, values_of)
                steps = STEPS if number == 0 else FEW
                yield f"{name}-{index}-{number}", case._replace(steps=steps)
    hat = EpsilonHatAdam(0.9, 0.999, epsilon=1e-3)
    hat.learning_rate = 0.0002
    yield "Adam-epsilon_hat", Case(layers, pl.MeanSquaredError(), hat, 40, 7, values_of)


def mixed_cases() -> Iterator[tuple[str, Case]]:
    """Networks of the usual kinds on the inputs whose zeros are skipped."""

    def dense(D: int, H: int, generator: Generator) -> list[Layer]:
        return [
            affine(generator, D, H),
            pl.Tanh(),
            pl.Dropout(0.2),
            affine(generator, H, 5),
            pl.Softmax(),
        ]

    def pictures(D: int, H: int, generator: Generator) -> list[Layer]:
        middle = [
            affine(generator, D, H, bias=False),
            OF_A_WIDTH["BatchNorm"](generator, H),
            pl.Sigmoid(),
        ]
        return [pl.Flatten(), pl.Scale(1 / 255), *middle, affine(generator, H, 5), pl.Softmax()]

    def measured(D: int, H: int, generator: Generator) -> list[Layer]:
        return [
            pl.Standardize(np.full(D, 25.0), generator.uniform(60, 70, D)),
            *dense(D, H, generator),
        ]

    for N, D, H in [(1, 100, 70), (3, 90, 9), (64, 131, 70), (64, 131, 9), (150, 300, 130)]:
        for kind, layers in [
            ("sparse", dense),
            ("columns", dense),
            ("doubles", dense),
            ("bytes", pictures),
            ("bytes", measured),
        ]:
            N = max(N, 20) if layers is pictures else N
            for optimizer in (GENTLE, pl.AdamW(0.003, ema=0.9)):
                case = Case(
                    partial(layers, D, H),
                    pl.CrossEntropy(),
                    optimizer,
                    N,
                    D,
                    classes_of,
                    kind,
                    weighted=N % 2 == 0,
                )
                yield f"{layers.__name__}-{kind}-{N}x{D}x{H}-{type(optimizer).__name__}", case


CASES = dict([*layer_cases(), *loss_cases(), *optimizer_cases(), *mixed_cases()])


def test_nothing_is_left_out() -> None:
    """What core has and this table lacks would be found here."""
    assert set(LAYER_WITNESSES) == set(LAYERS)
    assert {type(loss) for witness in LOSS_WITNESSES.values() for loss in witness.examples} == set(
        LOSSES.values()
    )
    made = {type(case.optimizer) for case in CASES.values()}
    assert made == {*OPTIMIZERS.values(), EpsilonHatAdam}
    assert set(OPTIMIZERS.values()) == set(classes_in_core(Optimizer, "step").values())
    owning = {
        name
        for name, witness in LAYER_WITNESSES.items()
        if any(example(np.random.default_rng(0)).arrays() for example in witness.examples)
    }
    assert owning == set(OF_A_WIDTH)
    settings = set().union(*COMMON)
    signature = set(pl.SGD(0.1).__dict__) - {"learning_rate", "momentum", "nesterov", "slots"}
    assert settings == signature


def learned(
    case: Case, engine: type, dtype: type, steps: int
) -> tuple[Array, list[Array], list[Array]]:
    """Give all arrays after some steps, and the first step's gradients and the last one's answers
    and loss.
    """
    net = case.net(dtype)
    if case.frozen is not None:
        net.freeze(case.frozen)
    x, t, weights = case.data(dtype)
    worker = engine(net.layers, case.loss, case.optimizer, 7)
    _, grads, _ = engine(net.copy().layers, case.loss, None, 7).gradients(x, t, weights)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            loss, y = worker.train_step(x, t, weights)
    memory = [
        a.ravel().astype(np.float64)
        for name, found in worker.state.items()
        if name != "step"
        for a in found
    ]
    return np.concatenate([arrays(net), *memory]), grads, [y, np.array(loss)]


def check(name: str, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare what the engines have learned in so many steps, in both types."""
    case = CASES[name]
    exact, _, ends = learned(case, ReferenceEngine, np.float64, steps)
    rough, rough_grads, _ = learned(case, ReferenceEngine, np.float32, steps)
    assert np.isfinite(exact).all(), f"{name}: a case that proves nothing"
    for instructions in SETS:
        use(monkeypatch, instructions)
        about = f"{name}, {instructions}"
        ours, _, our_ends = learned(case, NativeEngine, np.float64, steps)
        assert apart(ours, exact) <= 1e-10, about
        for a, b in zip(our_ends, ends, strict=True):
            assert apart(a, b) <= 1e-9, about
        narrow, narrow_grads, _ = learned(case, NativeEngine, np.float32, steps)
        largest = max((float(np.abs(g).max()) for g in rough_grads if g.size), default=0.0)
        for a, b in zip(narrow_grads, rough_grads, strict=True):
            assert np.abs(a - b).max(initial=0) <= 1e-5 * largest, about
        assert apart(narrow, exact) <= 4 * apart(rough, exact) + 1e-6, about


@pytest.mark.parametrize("name", CASES)
def test_the_contract(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check(name, CASES[name].steps, monkeypatch)


@pytest.mark.integration
def test_the_contract_at_length(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CASES:
        check(name, STEPS, monkeypatch)
