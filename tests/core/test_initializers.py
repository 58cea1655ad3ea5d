"""Initializers: big draws against the papers' formulas and against PyTorch's own fillings."""

import math

import numpy as np
import pytest
import torch

import pellucid as pl
from pellucid.core.types import Array
from tests.core.tools import close
from tests.core.witnesses import INITIALIZERS, InitializerWitness

D, H = (400, 150)

CASES = [pytest.param(name, witness, id=name) for name, witness in INITIALIZERS.items()]


def draw(name: str, seed: int = 11, inputs: int = D, outputs: int = H) -> tuple[Array, Array]:
    return pl.INITIALIZERS[name](inputs, outputs, np.random.default_rng(seed))


@pytest.mark.parametrize(("name", "witness"), CASES)
def test_spread_equals_the_formula_and_pytorchs(name: str, witness: InitializerWitness) -> None:
    W, _ = draw(name)
    torch.manual_seed(5)
    twin = torch.empty(H, D, dtype=torch.float64)
    witness.fill(twin)
    deviation = witness.deviation(D, H)
    assert W.std() == pytest.approx(deviation, rel=0.015)
    assert twin.std().item() == pytest.approx(deviation, rel=0.015)
    assert abs(W.mean()) < 0.02 * deviation
    if witness.uniform:
        bound = math.sqrt(3) * deviation
        assert 0.999 * bound < np.abs(W).max() <= bound
        assert 0.999 * bound < twin.abs().max().item() <= bound * (1 + 1e-12)
        assert np.mean(np.abs(W) < bound / 2) == pytest.approx(0.5, abs=0.01)
    else:
        # Within one deviation lie 68.3 % of a normal's numbers (of a uniform's 57.7 %).
        assert np.mean(np.abs(W) < deviation) == pytest.approx(0.683, abs=0.01)


@pytest.mark.parametrize(("name", "witness"), CASES)
def test_biases(name: str, witness: InitializerWitness) -> None:
    if not witness.draws_biases:
        assert not draw(name)[1].any()
        return
    deviation = witness.deviation(D, 10_000)
    W, b = pl.INITIALIZERS[name](D, 10_000, np.random.default_rng(4))
    assert b.std() == pytest.approx(deviation, rel=0.03)
    assert abs(b.mean()) < 0.05 * deviation
    if witness.uniform:
        bound = math.sqrt(3) * deviation
        assert 0.99 * bound < np.abs(b).max() <= bound
    assert abs(np.corrcoef(W[0], b)[0, 1]) < 0.05  # they are draws of their own


@pytest.mark.parametrize(("name", "witness"), CASES)
def test_shapes_and_types(name: str, witness: InitializerWitness) -> None:
    for inputs, outputs in ((3, 5), (5, 3), (1, 1), (4, 4)):
        W, b = draw(name, 0, inputs, outputs)
        assert W.shape == (inputs, outputs) and b.shape == (outputs,)
        assert W.dtype == b.dtype == np.float64
        assert W.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize(("name", "witness"), CASES)
def test_the_same_generator_gives_the_same_numbers(name: str, witness: InitializerWitness) -> None:
    for ours, again, other in zip(draw(name, 3), draw(name, 3), draw(name, 4), strict=True):
        assert np.array_equal(ours, again)
        assert not ours.any() or not np.array_equal(ours, other)


@pytest.mark.parametrize(("inputs", "outputs"), [(6, 6), (9, 4), (4, 9), (1, 3)])
def test_orthogonal_rows_or_columns_have_length_1(inputs: int, outputs: int) -> None:
    W, _ = draw("orthogonal", 1, inputs, outputs)
    few = W.T @ W if inputs >= outputs else W @ W.T
    close(few, np.eye(min(inputs, outputs)), 1e-14)


def test_orthogonal_matrices_are_evenly_spread() -> None:
    """The first number of a random rotation of 2 axes is the cosine of an even angle.

    As often above 0 as below.
    """
    generator = np.random.default_rng(2)
    drawn = np.array([pl.INITIALIZERS["orthogonal"](2, 2, generator)[0] for _ in range(4000)])
    for place in np.ndindex(2, 2):
        numbers = drawn[(slice(None), *place)]
        assert abs(np.mean(numbers > 0) - 0.5) < 0.04
        assert np.mean(numbers**2) == pytest.approx(0.5, abs=0.03)
    # half of them are turns (determinant 1), half are reflections
    assert abs(np.mean(np.linalg.det(drawn) > 0) - 0.5) < 0.04


def test_orthogonal_by_hand() -> None:
    """The QR factors of the generator's own numbers, with the signs that make R's diagonal
    positive.
    """
    drawn = np.random.default_rng(8).standard_normal((5, 3))
    W, _ = draw("orthogonal", 8, 5, 3)
    R = W.T @ drawn
    close(np.tril(R, -1), np.zeros((3, 3)), 1e-14)
    assert (np.diag(R) > 0).all()
    close(W @ R, drawn, 1e-14)


def test_standard_normal_is_the_seeds_order() -> None:
    """W first, then b, each neuron layer after the other.

    The numbers that the seeds' program would draw.
    """
    generator = np.random.default_rng(0)
    W, b = generator.standard_normal((2, 4)), generator.standard_normal(4)
    ours = draw("standard_normal", 0, 2, 4)
    assert np.array_equal(ours[0], W) and np.array_equal(ours[1], b)
