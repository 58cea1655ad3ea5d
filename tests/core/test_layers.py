"""The contract of every layer, walked over the table.

PyTorch, central differences, shapes, types, purity.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import pellucid as pl
from pellucid.core.layer import Layer, Pass
from pellucid.display.summary import Summary
from tests.core.tools import (
    LEARNING,
    NUMERIC,
    central_differences,
    close,
    gradients,
    rebuilt,
    tensor,
)
from tests.core.witnesses import LAYERS

CASES = [
    pytest.param(name, example, id=f"{name}-{index}")
    for name, witness in LAYERS.items()
    for index, example in enumerate(witness.examples)
]
PASSES = pytest.mark.parametrize("draws", [None, LEARNING], ids=["answering", "draws"])


def make(
    name: str, example: Callable[..., Any], generator: np.random.Generator, N: int = 7
) -> tuple[Any, Any, Any]:
    """Give (layer, x, dy) in float64; x and dy cannot be written to."""
    layer = example(generator)
    x = generator.normal(scale=2.0, size=(N, *LAYERS[name].row))
    dy = generator.normal(size=layer.forward(x).shape)
    x.setflags(write=False)
    dy.setflags(write=False)
    return layer, x, dy


def as_float32(layer: Layer) -> Layer:
    return pl.Network([layer]).astype("float32").layers[0]


@PASSES
@pytest.mark.parametrize("N", [1, 2, 7, 40])
@pytest.mark.parametrize(("name", "example"), CASES)
def test_equals_pytorch(
    name: str,
    example: Callable[..., Any],
    N: int,
    draws: pl.Draws | None,
    generator: np.random.Generator,
) -> None:
    layer, x, dy = make(name, example, generator, N)
    given, params = tensor(x), [tensor(p) for p in layer.params]
    expected = LAYERS[name].twin(layer, given, params, draws)
    y = layer.forward(x, draws)
    close(y, expected.detach().numpy())
    dx, grads = layer.backward(Pass(x, y, draws), dy)
    for ours, witness in zip((dx, *grads), gradients(expected, dy, [given, *params]), strict=True):
        close(ours, witness)


@pytest.mark.parametrize(("name", "example"), CASES)
def test_equals_pytorch_at_corners(
    name: str, example: Callable[..., Any], generator: np.random.Generator
) -> None:
    """At 0 a slope may be a matter of choice: PyTorch's is taken."""
    layer, x, dy = make(name, example, generator)
    corner = np.copysign(np.zeros_like(x), x)
    given = tensor(corner)
    expected = LAYERS[name].twin(layer, given, [tensor(p) for p in layer.params], None)
    y = layer.forward(corner)
    close(y, expected.detach().numpy())
    close(layer.backward(Pass(corner, y), dy)[0], gradients(expected, dy, [given])[0])


@PASSES
@pytest.mark.parametrize(("name", "example"), CASES)
def test_equals_central_differences(
    name: str, example: Callable[..., Any], draws: pl.Draws | None, generator: np.random.Generator
) -> None:
    layer, x, dy = make(name, example, generator, N=4)
    x = x.copy()

    def loss() -> float:
        return float((layer.forward(x, draws) * dy).sum())

    dx, grads = layer.backward(Pass(x, layer.forward(x, draws), draws), dy)
    close(dx, central_differences(loss, x), NUMERIC)
    for p, grad in zip(layer.params, grads, strict=True):
        close(grad, central_differences(loss, p), NUMERIC)


@PASSES
@pytest.mark.parametrize(("name", "example"), CASES)
def test_no_rows_are_rows_too(
    name: str, example: Callable[..., Any], draws: pl.Draws | None, generator: np.random.Generator
) -> None:
    layer, _, _ = make(name, example, generator)
    x = np.empty((0, *LAYERS[name].row))
    y = layer.forward(x, draws)
    assert y.shape == (0, layer.output_width(int(np.prod(x.shape[1:]))))
    dx, grads = layer.backward(Pass(x, y, draws), np.empty_like(y))
    assert dx.shape == x.shape
    for p, grad in zip(layer.params, grads, strict=True):
        close(grad, np.zeros_like(p), 0)
    before = copy.deepcopy(layer.arrays())
    layer.observe(x, LEARNING)
    for name_, array in layer.arrays().items():
        close(array, before[name_], 0)


@PASSES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "example"), CASES)
def test_keeps_the_floating_type(
    name: str,
    example: Callable[..., Any],
    dtype: str,
    draws: pl.Draws | None,
    generator: np.random.Generator,
) -> None:
    layer, x, dy = make(name, example, generator)
    exact = layer.forward(x, draws)
    exact_dx, exact_grads = layer.backward(Pass(x, exact, draws), dy)
    if dtype == "float32":
        layer, x, dy = as_float32(layer), x.astype(dtype), dy.astype(dtype)
    y = layer.forward(x, draws)
    dx, grads = layer.backward(Pass(x, y, draws), dy)
    layer.observe(x, LEARNING)
    assert {array.dtype for array in (y, dx, *grads, *layer.arrays().values())} == {np.dtype(dtype)}
    # float32 has 7 digits; sums of 40 products and a division by a small deviation leave 5.
    for ours, witness in zip((y, dx, *grads), (exact, exact_dx, *exact_grads), strict=True):
        close(ours, witness, 3e-5)


ALONE = [
    case for case in CASES if LAYERS[str(case.values[0])].alone
]  # whose rows are each by themselves while draws


@pytest.mark.parametrize(
    ("name", "example", "draws"),
    [pytest.param(*case.values, None, id=f"{case.id}-answering") for case in CASES]
    + [pytest.param(*case.values, LEARNING, id=f"{case.id}-draws") for case in ALONE],
)
def test_a_batch_is_its_rows_one_by_one(
    name: str, example: Callable[..., Any], draws: pl.Draws | None, generator: np.random.Generator
) -> None:
    layer, x, dy = make(name, example, generator)
    y = layer.forward(x, draws)
    dx, grads = layer.backward(Pass(x, y, draws), dy)
    total = [np.zeros_like(p) for p in layer.params]
    for i in range(len(x)):
        place = draws and draws._replace(row=i)
        row, dy_row = x[i : i + 1], dy[i : i + 1]
        y_row = layer.forward(row, place)
        close(y_row, y[i : i + 1], 1e-13)
        dx_row, grads_row = layer.backward(Pass(row, y_row, place), dy_row)
        close(dx_row, dx[i : i + 1], 1e-13)
        for sum_, grad in zip(total, grads_row, strict=True):
            sum_ += grad
    for grad, sum_ in zip(grads, total, strict=True):
        close(grad, sum_, 1e-13)


@PASSES
@pytest.mark.parametrize(("name", "example"), CASES)
def test_backward_depends_on_its_arguments_only(
    name: str, example: Callable[..., Any], draws: pl.Draws | None, generator: np.random.Generator
) -> None:
    layer, x, dy = make(name, example, generator)
    arrays = copy.deepcopy(layer.arrays())
    y = layer.forward(x, draws)
    y.setflags(write=False)
    dx, grads = layer.backward(Pass(x, y, draws), dy)
    layer.forward(generator.normal(size=x.shape), draws)  # another pass in between changes nothing
    # Nor does the order in which the numbers lie in memory.
    again, grads_again = layer.backward(
        Pass(np.asfortranarray(x), np.asfortranarray(y), draws), np.asfortranarray(dy)
    )
    close(again, dx, 1e-14)
    without, grads_without = layer.backward(Pass(x, y, draws, needs_dx=False), dy)
    assert without is None or np.array_equal(without, dx)
    for grad, second, third in zip(grads, grads_again, grads_without, strict=True):
        close(second, grad, 1e-14)
        assert np.array_equal(third, grad)
    for key, array in layer.arrays().items():
        assert np.array_equal(array, arrays[key])


@pytest.mark.parametrize(("name", "example"), CASES)
def test_can_be_made_again_from_what_it_tells(
    name: str, example: Callable[..., Any], generator: np.random.Generator
) -> None:
    layer, x, _ = make(name, example, generator)
    assert json.loads(json.dumps(layer.options())) == layer.options()
    again = rebuilt(layer)
    assert type(again) is type(layer)
    assert again.options() == layer.options()
    assert repr(again) == repr(layer)
    for draws in (None, LEARNING):
        assert np.array_equal(again.forward(x, draws), layer.forward(x, draws))
    assert list(again.arrays()) == list(layer.arrays())
    for ours, theirs in zip(again.arrays().values(), layer.arrays().values(), strict=True):
        assert not np.shares_memory(ours, theirs)


@pytest.mark.parametrize(("name", "example"), CASES)
def test_owns_unpadded_arrays_and_lists_params_then_buffers(
    name: str, example: Callable[..., Any], generator: np.random.Generator
) -> None:
    layer, _, _ = make(name, example, generator)
    owned = list(layer.arrays().values())
    assert sorted(map(id, owned)) == sorted(map(id, layer.params + layer.buffers))
    for array in owned:
        assert (
            array.flags["C_CONTIGUOUS"] and array.flags["WRITEABLE"] and array.ctypes.data % 64 == 0
        )
    assert not layer.frozen


def embedding(generator: np.random.Generator) -> pl.PeriodicEmbedding:
    return pl.PeriodicEmbedding.draw([1, 0, 1], generator, waves=4)


REPRS = {
    "Affine(W, b)": lambda: pl.Affine([[1.0]], [0.0]),
    "Affine(W)": lambda: pl.Affine([[1.0]]),
    "Sigmoid()": pl.Sigmoid,
    "LeakyReLU(slope=0.01)": pl.LeakyReLU,
    "GELU(approximate='tanh')": lambda: pl.GELU("tanh"),
    "Standardize(mean, std)": lambda: pl.Standardize([0.0], [1.0]),
    "BatchNorm(gamma, beta, running_mean, running_variance, momentum=0.1, epsilon=1e-05)": lambda: (
        pl.BatchNorm(3)
    ),
    "LayerNorm(gamma, beta, epsilon=1e-05)": lambda: pl.LayerNorm(3),
    "SmoothClip(limit=3.0)": pl.SmoothClip,
    "CategoryEmbedding(W, sizes)": lambda: pl.CategoryEmbedding([[1.0]], [1.0]),
    "PeriodicEmbedding(frequency, phase, W, b, embedded)": lambda: embedding(
        np.random.default_rng(0)
    ),
    "Dropout(rate=0.5)": pl.Dropout,
    "Residual([Tanh(), Dropout(rate=0.5)])": lambda: pl.Residual([pl.Tanh(), pl.Dropout()]),
}


@pytest.mark.parametrize(("text", "make_layer"), REPRS.items(), ids=REPRS)
def test_repr(text: str, make_layer: Any) -> None:
    assert repr(make_layer()) == text


WIDTHS = {
    "Affine": (lambda: pl.Affine(np.zeros((3, 2))), 3, 2, 6),
    "BatchNorm": (lambda: pl.BatchNorm(3), 3, 3, 0),
    "LayerNorm": (lambda: pl.LayerNorm(3), 3, 3, 0),
    "Standardize": (lambda: pl.Standardize(np.zeros(3), np.ones(3)), 3, 3, 0),
    "CategoryEmbedding": (lambda: pl.CategoryEmbedding(np.zeros((5, 4)), [2, 0, 3]), 3, 9, 0),
    "PeriodicEmbedding": (lambda: embedding(np.random.default_rng(0)), 3, 9, 2 * 4 + 2 * 4 * 3),
    "Residual": (
        lambda: pl.Residual([pl.Affine(np.zeros((3, 5))), pl.Affine(np.zeros((5, 3)))]),
        3,
        3,
        30,
    ),
}


@pytest.mark.parametrize(("make_layer", "D", "H", "products"), WIDTHS.values(), ids=WIDTHS)
def test_width_and_multiply_adds(
    make_layer: Callable[..., Any], D: int, H: int, products: int
) -> None:
    layer = make_layer()
    assert layer.output_width(D) == H
    assert Summary([layer]).multiply_adds == products
    with pytest.raises(pl.InputError, match=f"expects {D} inputs in each row, got {D + 1}"):
        layer.output_width(D + 1)


def test_layers_without_arrays_take_any_width() -> None:
    for layer in (pl.ReLU(), pl.Dropout(), pl.Flatten(), pl.Scale(2.0), pl.Residual([pl.Tanh()])):
        assert layer.output_width(17) == 17
        assert Summary([pl.LayerNorm(17), layer]).multiply_adds == 0


def test_a_twin_that_differs_is_noticed(generator: np.random.Generator) -> None:
    """The comparison itself can fail: a gradient that is off by 1e-8 does."""
    layer, x, _ = make("Sigmoid", LAYERS["Sigmoid"].examples[0], generator)
    expected = torch.sigmoid(tensor(x)).detach().numpy()
    with pytest.raises(AssertionError):
        close(layer.forward(x) + 1e-8, expected)
    with pytest.raises(AssertionError):
        close(layer.forward(x)[:-1], expected)
