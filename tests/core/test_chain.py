"""The passes through a list of layers.

Traces, whole-network gradients of random stacks, and what input is taken.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pellucid as pl
from pellucid.core import chain, checks
from pellucid.core.draws import Draws
from pellucid.core.types import Array, Gradients
from tests.core.tools import NUMERIC, central_differences, close, gradients, tensor
from tests.core.witnesses import LAYERS, forward_twin
from tests.narrowing import instance, present
from tests.proving import examples

LEARN = Draws(seed=4, step=2)


def small_network(generator: np.random.Generator) -> list[pl.Layer]:
    return [
        pl.Affine(generator.normal(size=(3, 4)), generator.normal(size=4)),
        pl.Tanh(),
        pl.Affine(generator.normal(size=(4, 2))),
    ]


def test_a_trace_holds_every_layers_output(generator: np.random.Generator) -> None:
    layers, x = small_network(generator), generator.normal(size=(5, 3))
    trace = chain.forward(layers, x)
    assert isinstance(trace, list) and len(trace) == 3
    assert trace.x is x and trace.draws is None
    first = instance(pl.Affine, layers[0])
    assert first.b is not None
    z = x @ first.W + first.b
    for ours, expected in zip(
        trace, (z, np.tanh(z), np.tanh(z) @ instance(pl.Affine, layers[2]).W), strict=True
    ):
        close(ours, expected, 1e-14)
    assert trace.y is trace[-1]
    assert (
        trace.input_of(0) is x and trace.input_of(1) is trace[0] and trace.input_of(3) is trace[2]
    )
    assert np.array_equal(chain.predict(layers, x), trace.y)
    assert chain.forward(layers, x, LEARN).draws is LEARN


def test_no_layers_pass_everything_on(generator: np.random.Generator) -> None:
    x = generator.normal(size=(2, 3))
    trace = chain.forward([], x)
    assert trace.y is x and len(trace) == 0
    dx, grads = chain.backward([], trace, x)
    assert dx is x and grads == []
    assert chain.backward([], trace, x, needs_dx=False) == (None, [])


def test_every_layer_learns_in_its_own_place(generator: np.random.Generator) -> None:
    """Two dropouts in a network draw masks of their own, and backward sees the same."""
    layers, x = [pl.Dropout(0.5), pl.Dropout(0.5)], np.ones((6, 50))
    trace = chain.forward(layers, x, LEARN)
    first = pl.Dropout(0.5).forward(x, LEARN.at(0))
    second = pl.Dropout(0.5).forward(x, LEARN.at(1))
    assert not np.array_equal(first, second)
    assert np.array_equal(trace[0], first) and np.array_equal(trace.y, first * second)
    assert np.array_equal(present(chain.backward(layers, trace, x)[0]), first * second)


# Random stacks: layers that take five columns, with an Affine wherever there are others.

KEEPING = sorted(
    set(LAYERS) - {"Affine", "Flatten", "CategoryEmbedding", "PeriodicEmbedding", "Exponential"}
)  # exp of exp leaves float64 for the stars


@st.composite
def stacks(draw: Callable[..., Any]) -> tuple[Any, Any, Any, Any]:
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    layers, D = [], 5
    for name in draw(st.lists(st.sampled_from([*KEEPING, "Affine"]), min_size=1, max_size=5)):
        if name == "Affine" or D != 5:
            H = draw(st.integers(1, 6))
            layers.append(
                pl.Affine(
                    generator.normal(size=(D, H)), generator.normal(size=H) if H % 2 else None
                )
            )
            D = H
        if name != "Affine" and D == 5:
            examples = LAYERS[name].examples
            layers.append(examples[draw(st.integers(0, len(examples) - 1))](generator))
            D = layers[-1].output_width(D)
    return (
        layers,
        generator.normal(size=(4, 5)),
        generator.normal(size=(4, D)),
        draw(st.sampled_from([None, LEARN])),
    )


@settings(max_examples=examples(200), deadline=None, derandomize=True)
@given(stacks())
def test_random_stacks_equal_pytorch(stack: tuple[Any, Any, Any, Any]) -> None:
    layers, x, dy, draws = stack
    inputs, params = tensor(x), [tensor(p) for layer in layers for p in layer.params]
    expected = forward_twin(layers, inputs, params, draws)
    trace = chain.forward(layers, x, draws)
    # A normalisation of nearly equal numbers multiplies what rounding left by 1 / deviation, 300 at
    # most, each time.
    close(trace.y, expected.detach().numpy(), 1e-9)
    dx, grads = chain.backward(layers, trace, dy)
    witnesses = gradients(expected, dy, [inputs, *params])
    scale = max(1.0, *(float(np.abs(w).max()) for w in witnesses))
    for ours, witness in zip((present(dx), *grads), witnesses, strict=True):
        close(ours / scale, witness / scale, 1e-9)
    none, same = chain.backward(layers, trace, dy, needs_dx=False)
    assert none is None
    for ours, again in zip(grads, same, strict=True):
        assert np.array_equal(ours, again)


@settings(max_examples=examples(60), deadline=None, derandomize=True)
@given(stacks())
def test_random_stacks_equal_central_differences(stack: tuple[Any, Any, Any, Any]) -> None:
    layers, x, dy, draws = stack
    corners = (pl.ReLU, pl.LeakyReLU, pl.PReLU, pl.ELU, pl.SELU)  # h may cross their corner
    smooth = [layer for layer in layers if not isinstance(layer, corners)]

    def loss() -> float:
        return float(
            (
                chain.predict(smooth, x) if draws is None else chain.forward(smooth, x, draws).y
            ).ravel()
            @ dy.ravel()
        )

    dx, grads = chain.backward(smooth, chain.forward(smooth, x, draws), dy)
    numeric = [
        central_differences(loss, array)
        for array in [x, *(p for layer in smooth for p in layer.params)]
    ]
    scale = max(1.0, *(float(np.abs(n).max()) for n in numeric))
    for ours, expected in zip((present(dx), *grads), numeric, strict=True):
        close(
            ours / scale, expected / scale, 100 * NUMERIC
        )  # five steep layers in a row multiply f'''


def test_without_dx_the_walk_ends_at_the_first_layer_that_learns(
    generator: np.random.Generator,
) -> None:
    class Wall(pl.Layer):
        def forward(self, x: Array, draws: Any = None) -> Array:
            return x

        def backward(self, p: Any, dy: Array) -> Gradients:
            raise AssertionError("nothing below learns")

    class Asked(pl.Affine):
        def backward(self, p: Any, dy: Array) -> tuple[Any, Any]:
            asked.append(p.needs_dx)
            return super().backward(p, dy)

    asked: list[bool] = []
    layers = [Wall(), pl.Tanh(), Asked(np.ones((3, 2))), pl.Sigmoid(), Asked(np.ones((2, 2)))]
    trace = chain.forward(layers, generator.normal(size=(4, 3)))
    dx, grads = chain.backward(layers, trace, np.ones((4, 2)), needs_dx=False)
    assert dx is None and [g.shape for g in grads] == [(3, 2), (2, 2)]
    assert asked == [True, False]
    assert chain.backward(layers[:2], trace, np.ones((4, 3)), needs_dx=False) == (None, [])
    with pytest.raises(AssertionError, match="nothing below"):
        chain.backward(layers, trace, np.ones((4, 2)))


def test_backward_may_begin_below_the_last_layers(generator: np.random.Generator) -> None:
    """A loss that takes weighted sums hands its gradient to the layers below its activation."""
    layers = [*small_network(generator), pl.Softmax()]
    x, t = generator.normal(size=(6, 3)), generator.integers(0, 2, 6)
    loss = pl.CrossEntropy()
    depth = chain.loss_depth(layers, loss)
    trace = chain.forward(layers, x)
    _, grads = chain.backward(layers[:depth], trace, loss.gradient(trace.input_of(depth), t))
    y = trace.y
    dy = -np.eye(2)[t] / y / len(y)  # the slope of -mean(log y), through the softmax
    _, whole = chain.backward(layers, trace, dy)
    for ours, expected in zip(grads, whole, strict=True):
        close(ours, expected, 1e-13)


def test_observe_tells_every_layer_of_its_own_input(generator: np.random.Generator) -> None:
    layers: list[Any] = [
        pl.Scale(3.0),
        pl.BatchNorm(np.ones(2)),
        pl.Tanh(),
        pl.BatchNorm(np.ones(2)),
    ]
    x = generator.normal(size=(9, 2))
    trace = chain.forward(layers, x, LEARN)
    chain.observe(layers, trace)
    close(layers[1].running_mean, 0.1 * trace[0].mean(axis=0), 1e-15)
    close(layers[3].running_mean, 0.1 * trace[2].mean(axis=0), 1e-15)
    with pytest.raises(AssertionError):
        chain.observe(layers, chain.forward(layers, x))


def test_what_is_frozen_neither_learns_nor_remembers(generator: np.random.Generator) -> None:
    inner: list[Any] = [pl.Affine(np.eye(2)), pl.BatchNorm(np.ones(2))]
    layers: list[Any] = [
        pl.BatchNorm(np.ones(2)),
        pl.Residual([*inner, pl.Residual([pl.BatchNorm(np.ones(2))])]),
        pl.Tanh(),
    ]
    assert chain.trainable(layers) == [True] * 7
    trace = chain.forward(layers, generator.normal(size=(5, 2)), LEARN)
    layers[0].frozen = inner[1].frozen = True
    assert chain.trainable(layers) == [False, False, True, False, False, True, True]
    chain.observe(layers, trace)
    moved = [
        layer.running_mean.any() for layer in (layers[0], inner[1], layers[1].inner[2].inner[0])
    ]
    assert moved == [False, False, True]
    layers[1].frozen = True  # and with it everything inside
    assert chain.trainable(layers) == [False] * 7
    before = layers[1].inner[2].inner[0].running_mean.copy()
    chain.observe(layers, trace)
    assert np.array_equal(layers[1].inner[2].inner[0].running_mean, before)
    assert chain.trainable([pl.Affine([[1.0]]), pl.Tanh(), pl.Affine([[1.0]], [1.0])]) == [
        True,
        True,
        True,
    ]


# Widths and types


def test_widths_and_input_width() -> None:
    layers = [pl.ReLU(), pl.Affine(np.zeros((3, 4))), pl.Tanh(), pl.Affine(np.zeros((4, 2)))]
    assert checks.widths(layers, 3) == [3, 4, 4, 2]
    assert checks.input_width(layers) == 3
    assert checks.input_width([pl.ReLU()]) is None
    assert checks.input_width([pl.Residual([pl.Tanh(), pl.Affine(np.zeros((7, 7)))])]) == 7
    assert checks.input_width([pl.Standardize(np.zeros(6), np.ones(6))]) == 6
    with pytest.raises(pl.InputError, match="Affine expects 4 inputs in each row, got 3"):
        checks.widths([layers[3]], 3)


def test_dtype_of() -> None:
    wide, narrow = pl.Affine(np.zeros((2, 2))), pl.Affine(np.zeros((2, 2), np.float32))
    assert checks.dtype_of([wide, pl.Tanh()]) == np.float64
    assert checks.dtype_of([narrow]) == np.float32
    assert checks.dtype_of([pl.Tanh()]) == np.float32
    with pytest.raises(pl.InputError, match=r"mix float32 and float64.*astype"):
        checks.dtype_of([wide, narrow])


# What a user may give

AFFINE = [pl.Affine(np.zeros((784, 2), np.float32))]
PICTURES = [pl.Flatten(), pl.Scale(1 / 255), *AFFINE]
TAKEN = {
    "rows": (AFFINE, np.zeros((3, 784))),
    "no rows": (AFFINE, np.zeros((0, 784))),
    "lists": (AFFINE, [[0.5] * 784]),
    "float16": (AFFINE, np.zeros((3, 784), np.float16)),
    "booleans": (AFFINE, np.zeros((3, 784), bool)),
    "pictures": (PICTURES, np.zeros((3, 28, 28), np.uint8)),
    "coloured pictures": (PICTURES, np.zeros((3, 28, 7, 4), np.uint8)),
    "flat bytes": (PICTURES, np.zeros((3, 784), np.uint8)),
    "whole numbers, scaled": (PICTURES[1:], np.zeros((3, 784), np.int64)),
    "whole numbers, standardized": (
        [pl.Standardize(np.zeros(4), np.ones(4))],
        np.zeros((3, 4), np.int32),
    ),
    "whole numbers, to be flattened only": ([pl.Flatten()], np.zeros((3, 4), int)),
    "anything, no layers": ([], np.zeros((3, 4))),
    "any width": ([pl.Tanh()], np.zeros((3, 9))),
    "pictures of any size": ([pl.Flatten(), pl.Tanh()], np.zeros((3, 5, 5))),
    "not contiguous": (AFFINE, np.zeros((784, 3)).T),
}


@pytest.mark.parametrize(("layers", "x"), TAKEN.values(), ids=TAKEN)
def test_takes(layers: Sequence[Any], x: Array | Sequence[Sequence[float]]) -> None:
    array = checks.as_input(layers, x)
    assert array.shape == np.shape(x)
    assert array.dtype == checks.dtype_of(layers)
    assert array.flags["C_CONTIGUOUS"]
    pl.Network(layers)(x)


ONE_ROW = r"pass a single row as np\.reshape\(x, \(1, -1\)\)$"
REFUSED = {
    "wrong width": (
        AFFINE,
        np.zeros((3, 5)),
        r"expected 784 numbers in each row, got 5 \(shape \(3, 5\)\)",
    ),
    "wrong pictures": (
        PICTURES,
        np.zeros((3, 27, 28), np.uint8),
        "expected 784 numbers in each row, got 756",
    ),
    "one row": (
        AFFINE,
        np.zeros(784),
        r"rows of shape \(N, 784\), got .* shape \(784,\): " + ONE_ROW,
    ),
    "one row of any width": (
        [pl.Tanh()],
        np.zeros(4),
        r"rows of shape \(N, D\), got .* shape \(4,\): " + ONE_ROW,
    ),
    "one row, too short": (AFFINE, np.zeros(5), r"got an array of shape \(5,\)$"),
    "one row upright": (AFFINE, np.zeros((784, 1)), r"got 1 \(shape \(784, 1\)\): " + ONE_ROW),
    "one picture": (AFFINE, np.zeros((28, 28)), r"got 28 \(shape \(28, 28\)\): " + ONE_ROW),
    "one picture to Flatten": (
        PICTURES,
        np.zeros((28, 28)),
        r"got 28 \(shape \(28, 28\)\): " + ONE_ROW,
    ),
    "one picture in colour": (
        PICTURES,
        np.zeros((28, 7, 4)),
        r"got 28 \(shape \(28, 7, 4\)\): " + ONE_ROW,
    ),
    "one number": (AFFINE, 3.0, r"got an array of shape \(\)$"),
    "pictures without Flatten": (
        AFFINE,
        np.zeros((3, 28, 28)),
        r"shape \(3, 28, 28\).*pl\.Flatten",
    ),
    "one number to Flatten": ([pl.Flatten()], np.zeros(3), r"rows of shape \(N, D\)"),
    "bytes without Scale": (
        AFFINE,
        np.zeros((3, 784), np.uint8),
        r"whole numbers \(uint8\).*x / 255.*pl\.Scale",
    ),
    "bytes, flattened": (
        [pl.Flatten(), *AFFINE],
        np.zeros((3, 28, 28), np.int64),
        r"whole numbers \(int64\)",
    ),
    "objects": (
        AFFINE,
        np.array([[None] * 784]),
        r"array of numbers, got array.*None.* \(object\)",
    ),
    "nothing": (AFFINE, None, r"array of numbers, got None \(object\)"),
    "text": (AFFINE, [["a"]], r"got \[\['a'\]\] \(<U1\)"),
    "complex": (AFFINE, np.zeros((3, 784), complex), "complex128"),
    "dates": (AFFINE, np.zeros((3, 784), "datetime64[s]"), "datetime64"),
    "ragged": (AFFINE, [[1.0, 2.0], [3.0]], "rows of different lengths"),
}


@pytest.mark.parametrize(("layers", "x", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(
    layers: Sequence[Any], x: Array | float | Sequence[Any] | None, message: str
) -> None:
    for call in (pl.Network(layers).forward, pl.Network(layers).predict):
        with pytest.raises(pl.InputError, match=message):
            call(x)
