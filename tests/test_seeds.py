"""The two programs that pellucid grew from, as they stand in the seeds, and the numbers that they
state.
"""

from typing import Any

import numpy as np
import pytest

import pellucid as pl
from tests.narrowing import instance


def seeds_program(x: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """The second seed's NN_numpy.predict, transcribed: Affine, Sigmoid, Affine."""
    z = np.matmul(x, W1) + b1
    y = 1 / (1 + np.exp(-z))
    return np.matmul(y, W2) + b2


def test_the_2_4_3_network_answers_as_the_seeds_program(generator: np.random.Generator) -> None:
    W1, b1 = generator.standard_normal((2, 4)), generator.standard_normal(4)
    W2, b2 = generator.standard_normal((4, 3)), generator.standard_normal(3)
    x = generator.standard_normal((10, 2))
    net = pl.Network([pl.Affine(W1, b1), pl.Sigmoid(), pl.Affine(W2, b2)])
    out = net.predict(x)
    assert out.shape == (10, 3)
    np.testing.assert_allclose(out, seeds_program(x, W1, b1, W2, b2), rtol=0, atol=1e-12)
    assert [param.shape for param in net.params] == [(2, 4), (4,), (4, 3), (3,)]
    assert [len(layer.params) for layer in net.layers] == [2, 0, 2]
    assert net.layers[0].forward(x).shape == (10, 4)  # a mini-batch is (N x 2)(2 x 4)


def test_the_same_network_in_pytorch_keeps_w_transposed(generator: np.random.Generator) -> None:
    import torch

    net = pl.mlp([2, 4, 3], activation="sigmoid", seed=1, dtype="float64")
    first, second = (
        torch.nn.Linear(2, 4, dtype=torch.float64),
        torch.nn.Linear(4, 3, dtype=torch.float64),
    )
    assert first.weight.shape == (4, 2)
    with torch.no_grad():
        for linear, affine in ((first, net.layers[0]), (second, net.layers[2])):
            linear.weight.copy_(torch.tensor(instance(pl.Affine, affine).W.T))
            linear.bias.copy_(torch.tensor(instance(pl.Affine, affine).b))
        x = generator.standard_normal((10, 2))
        twin = torch.nn.Sequential(first, torch.nn.Sigmoid(), second)(torch.tensor(x))
    np.testing.assert_allclose(net(x), twin.numpy(), rtol=0, atol=1e-12)


def test_a_bias_of_minus_10_is_a_threshold_of_10() -> None:
    """The neuron passes 0.5 exactly where its weighted inputs pass 10."""
    weights = np.array([[1.0], [2.0], [0.5]])
    neuron = pl.Network([pl.Affine(weights, [-10.0]), pl.Sigmoid()])
    x = np.random.default_rng(0).uniform(0, 8, (2000, 3))
    sums = (x @ weights)[:, 0]
    lit = neuron(x)[:, 0] > 0.5
    assert 0.2 < lit.mean() < 0.8
    assert np.array_equal(lit, sums > 10)
    below, at, above = neuron(
        np.array([[4.0 - 4e-15, 3.0, 0.0], [4.0, 3.0, 0.0], [4.0 + 4e-15, 3.0, 0.0]])
    )[:, 0]
    assert below < 0.5 == at < above


@pytest.fixture
def digits_network() -> Any:
    return pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", seed=0)


def test_13002_parameters(digits_network: Any) -> None:
    assert digits_network.parameter_count == 13002
    summary = digits_network.summary()
    assert [row.parameters for row in summary.rows if row.parameters] == [12560, 272, 170]
    assert 784 * 16 + 16 == 12560 and 16 * 16 + 16 == 272 and 16 * 10 + 10 == 170
    assert summary.parameters == 13002
    for count in ("12,560", "272", "170", "13,002"):
        assert count in str(summary)


def test_ten_answers_between_0_and_1_and_the_brightest_is_chosen(digits_network: Any) -> None:
    pictures = np.random.default_rng(3).uniform(0, 1, (50, 784))
    y = digits_network(pictures)
    assert y.shape == (50, 10)
    assert (y > 0).all() and (y < 1).all()
    assert np.array_equal(digits_network.classify(pictures), y.argmax(axis=1))


def test_affine_layers_in_a_row_are_one() -> None:
    """The reason for activations: 3 (4x + 1) + 2 = 12x + 5, one line again.

    With a sigmoid between, no line.
    """
    f, g = pl.Affine([[3.0]], [2.0]), pl.Affine([[4.0]], [1.0])
    x = np.linspace(-3, 3, 13)[:, None]
    np.testing.assert_allclose(pl.Network([g, f])(x), 12 * x + 5, rtol=1e-6)
    np.testing.assert_allclose(pl.Network([f, g])(x), 12 * x + 9, rtol=1e-6)
    assert len(pl.Network([g, f]).collapse().layers) == 1
    assert len(pl.Network([g, pl.Sigmoid(), f]).collapse().layers) == 3
    bent = pl.Network([g, pl.Sigmoid(), f])(x)[:, 0]
    assert np.abs(np.diff(bent, 2)).max() > 0.1
