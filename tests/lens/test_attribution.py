"""Contributions add up; integrated gradients are captum's, and complete."""

import json
import math

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

import pellucid as pl
from pellucid.core.types import Array
from pellucid.lens.attribution import gradients, zero_input
from pellucid.lens.neurons import neuron_layers
from tests.core.tools import central_differences
from tests.lens.networks import D, affine, kinds, rows_for, twin

NETS = kinds()
PLACES = [
    (name, layer.number, neuron)
    for name, net in NETS.items()
    for layer in neuron_layers(net)[1:]
    for neuron in range(layer.size)
]


@pytest.mark.parametrize(
    ("name", "layer", "neuron"), [place for place in PLACES if place[:2] != ("residual", 2)]
)
def test_contributions_add_up_to_the_weighted_sum(name: str, layer: int, neuron: int) -> None:
    net = NETS[name]
    row = rows_for(net, 1)
    found = pl.contributions(net, row, layer, neuron)
    table = pl.trace_table(net, row).layers
    size = np.abs(found.values).sum() + abs(found.bias)
    exact = 1e-12 if net.dtype == np.float64 else 1e-6
    assert abs(math.fsum([*found.values, found.bias]) - found.weighted_sum) <= exact * size
    sums = table[layer].weighted_sums
    assert sums is not None
    assert (found.weighted_sum, found.activation) == (
        sums[neuron],
        table[layer].activations[neuron],
    )
    np.testing.assert_array_equal(found.inputs, table[layer - 1].activations)
    assert found.values.dtype == np.float64
    json.dumps(found.to_dict())


def test_contributions_of_the_digits_to_1e_12() -> None:
    """784 inputs, bytes: the products of a wide layer add up as well."""
    net = pl.mlp(
        [784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True, dtype="float64"
    )
    picture = pl.mnist().test.images[0]
    for layer in (1, 2, 3):
        for neuron in range(neuron_layers(net)[layer].size):
            found = pl.contributions(net, picture, layer, neuron)
            size = np.abs(found.values).sum() + abs(found.bias)
            assert abs(found.values.sum() + found.bias - found.weighted_sum) <= 1e-12 * size


def test_contributions_by_hand() -> None:
    net = pl.Network(
        [pl.Affine([[1.0, -2.0]], [0.5, 0.0]), pl.ReLU(), pl.Affine([[3.0], [4.0]], [-1.0])]
    )
    found = pl.contributions(net, [2.0])
    assert (found.layer, found.neuron, found.bias, found.weighted_sum) == (2, 0, -1.0, 6.5)
    assert found.inputs.tolist() == [2.5, 0.0]
    assert found.weights.tolist() == [3.0, 4.0]
    assert found.values.tolist() == [7.5, 0.0]
    assert [line.split() for line in str(found).splitlines()[-4:]] == [
        ["1", "0.0000", "4.0000", "0.0000"],
        ["bias", "-1.0000"],
        ["-" * len(str(found).splitlines()[-2])],
        ["weighted", "sum", "6.5000"],
    ]


def test_the_strongest_and_the_others() -> None:
    net = pl.Network([pl.Affine(np.arange(-6.0, 7)[:, None])])
    found = pl.contributions(net, np.ones(13))
    assert found.strongest(3).tolist() == [0, 12, 1]
    assert "3 others" in str(found)
    assert str(found).splitlines()[-4].split() == ["3", "others", "0.0000"]


def test_the_predicted_class_is_explained_unless_another_is_named() -> None:
    net = NETS["sigmoids"]
    x = rows_for(net, 5)
    assert [pl.contributions(net, row).neuron for row in x] == net.classify(x).tolist()
    assert pl.integrated_gradients(net, x).neurons.tolist() == net.classify(x).tolist()
    assert pl.contributions(NETS["standardized"], x[0]).neuron == 0
    assert pl.integrated_gradients(net, x, 1, -1).neurons.tolist() == [4] * 5
    net.classes = ["a", "b", "c"]
    assert pl.contributions(net, x[0]).label == "abc"[net.classify(x)[0]]
    net.classes = None


def test_what_cannot_be_explained() -> None:
    x = rows_for(NETS["residual"], 2)
    with pytest.raises(pl.InputError, match="no weighted sum of their own"):
        pl.contributions(NETS["residual"], x[0], 2, 0)
    with pytest.raises(pl.InputError, match='use of="activation"'):
        pl.integrated_gradients(NETS["residual"], x, 2, 0, of="weighted_sum")
    with pytest.raises(pl.InputError, match="from 1 to 3"):
        pl.contributions(NETS["residual"], x[0], 0, 0)
    with pytest.raises(pl.InputError, match="hidden layer 1 has 5 neurons: select one"):
        pl.contributions(NETS["residual"], x[0], 1)
    with pytest.raises(pl.InputError, match="hidden layer 1 has neurons 0 to 4"):
        pl.integrated_gradients(NETS["residual"], x, 1, 5)
    with pytest.raises(pl.InputError, match='of is "activation" or'):
        pl.integrated_gradients(NETS["residual"], x, of="sum")
    with pytest.raises(pl.InputError, match="steps must be a whole number"):
        pl.integrated_gradients(NETS["residual"], x, steps=0)
    with pytest.raises(pl.InputError, match="a baseline like one row"):
        pl.integrated_gradients(NETS["residual"], x, baseline=x)


CAPTUM = 1e-6
"""captum rounds the weights of its rule to float32 (`step_sizes ...

.float()`), whatever the network's type.
"""


def captums(
    net: pl.Network, x: Array, start: Array, depth: int, neurons: Array, steps: int
) -> Array:
    model = twin(net.layers[:depth])
    rows = torch.from_numpy(x.astype(net.dtype))
    explain = IntegratedGradients(model)
    start_ = torch.from_numpy(np.broadcast_to(start, x.shape).astype(net.dtype))
    found = explain.attribute(rows, start_, target=torch.from_numpy(neurons), n_steps=steps)
    return found.detach().numpy()


def by_the_rule(
    net: pl.Network, x: Array, start: Array, depth: int, neuron: int, steps: int = 50
) -> Array:
    """(x - x') times the integral of PyTorch's gradient, by NumPy's nodes and weights, in float64
    throughout.
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    model, total = twin(net.layers[:depth]), np.zeros(x.shape)
    for node, weight in zip(nodes, weights, strict=True):
        point = torch.from_numpy(start + (1 + node) / 2 * (x - start)).requires_grad_()
        total += weight / 2 * torch.autograd.grad(model(point)[:, neuron].sum(), point)[0].numpy()
    return total * (x - start)


@pytest.mark.parametrize("of", ["activation", "weighted_sum"])
@pytest.mark.parametrize(("name", "layer", "neuron"), PLACES)
def test_integrated_gradients_are_captums(name: str, layer: int, neuron: int, of: str) -> None:
    net = NETS[name]
    place = neuron_layers(net)[layer]
    if place.affine is None and of == "weighted_sum":
        return
    x = rows_for(net, 5)
    found = pl.integrated_gradients(net, x, layer, neuron, of=of)
    depth = place.stop if of == "activation" else place.first + 1
    witness = captums(net, x, found.baseline, depth, found.neurons, 50)
    assert found.steps.tolist() == [50] * 5
    np.testing.assert_allclose(found.values, witness, rtol=CAPTUM, atol=CAPTUM)
    if net.dtype == np.float64:
        np.testing.assert_allclose(
            found.values, by_the_rule(net, x, found.baseline, depth, neuron), atol=1e-12
        )
    assert (found.relative_gap < 0.01).all()
    total = found.values.reshape(5, -1).sum(axis=1)
    np.testing.assert_allclose(total, found.at_input - found.at_baseline + found.gap, rtol=1e-12)
    np.testing.assert_array_equal(
        found.at_input.astype(np.float32), net.forward(x)[depth - 1][:, neuron].astype(np.float32)
    )


@pytest.mark.parametrize("steps", [1, 7, 300])
def test_steps_and_baseline_are_captums(steps: int) -> None:
    """Blocks do not show: with 300 steps a block holds 13 rows."""
    net = NETS["sigmoids"]
    x, start = rows_for(net, 40), rows_for(net, 1, seed=9)
    found = pl.integrated_gradients(net, x, 3, 1, baseline=start, steps=steps)
    witness = captums(net, x, start, 6, found.neurons, steps)
    np.testing.assert_allclose(found.values, witness, rtol=CAPTUM, atol=CAPTUM)
    assert found.baseline.shape == (6,)
    assert "40" not in str(found).splitlines()[-1]


def test_more_steps_close_the_gap() -> None:
    net = pl.Network([pl.Affine(30 * np.ones((1, 1)), [-12.0]), pl.Sigmoid()])
    gaps = [
        float(pl.integrated_gradients(net, [1.0], steps=n).relative_gap[0]) for n in (2, 8, 32, 128)
    ]
    assert gaps[0] > 0.5 > gaps[1] > 0.01 > 10 * gaps[2] > 1e6 * gaps[3]


def test_corners_are_given_the_steps_that_they_need() -> None:
    """ReLU's corners leave gaps at 50 steps.

    By default there are as many as close them, row by row.
    """
    net = pl.Network(
        [affine(D, 40, 0), pl.ReLU(), affine(40, 40, 1), pl.ReLU(), affine(40, 3, 2), pl.Sigmoid()]
    )
    x = 3 * rows_for(net, 20)
    few = pl.integrated_gradients(net, x, steps=50)
    assert (few.relative_gap > 0.01).sum() > 1
    found = pl.integrated_gradients(net, x)
    assert (found.relative_gap < 0.01).all()
    assert set(found.steps.tolist()) >= {50, 200}
    assert (found.steps[few.relative_gap <= 0.005] == 50).all()
    same = found.steps == 50
    np.testing.assert_array_equal(found.values[same], few.values[same])
    for row in np.flatnonzero(found.steps == 200)[:3]:
        witness = captums(net, x[[row]], found.baseline, 6, found.neurons[[row]], 200)
        np.testing.assert_allclose(found.values[[row]], witness, rtol=CAPTUM, atol=CAPTUM)


def test_a_gap_that_cannot_be_closed_is_reported() -> None:
    """The change is tiny compared with the rises and falls on the path.

    The search for a small share ends.
    """
    net = pl.Network(
        [pl.Affine([[1.0, 1.0]], [-0.5, -0.75]), pl.ReLU(), pl.Affine([[1.0], [-2.0]], [1e-9])]
    )
    found = pl.integrated_gradients(net, [1.0 + 1e-9])
    assert found.steps.tolist() == [3200]
    assert found.relative_gap[0] > 0.01


def test_integrated_gradients_by_hand() -> None:
    """F = x0 x1 as ((x0 + x1)^2 - (x0 - x1)^2) / 4 is not to be had here; a sum of ReLUs is.

    F = max(x0 - x1, 0).
    """
    net = pl.Network([pl.Affine([[1.0], [-1.0]]), pl.ReLU()])
    found = pl.integrated_gradients(net, [[3.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(found.values, [[3, -1], [0, 0]], atol=1e-12)
    assert found.gap == pytest.approx([0, 0], abs=1e-12)
    assert found.relative_gap.tolist()[1] == 0


def test_the_way_begins_where_the_input_neurons_are_0() -> None:
    standardized = NETS["standardized"]
    start = zero_input(standardized, (6,))
    np.testing.assert_array_equal(
        pl.trace_table(standardized, start).layers[0].activations, np.zeros(6)
    )
    assert not zero_input(NETS["pixels"], (2, 3)).any()
    x = rows_for(NETS["pixels"], 3)
    assert pl.integrated_gradients(NETS["pixels"], x).values.shape == x.shape


@pytest.mark.parametrize(("name", "layer", "neuron"), PLACES[::3])
def test_gradients_by_central_differences(name: str, layer: int, neuron: int) -> None:
    if NETS[name].dtype == np.float32:
        return
    net, x = NETS[name], rows_for(NETS[name], 2).astype(np.float64).reshape(2, -1)
    place = neuron_layers(net)[layer]
    h = 1e-3 if name == "pixels" else 6e-6
    witness = central_differences(
        lambda: float(net.forward(x)[place.stop - 1][:, neuron].sum()), x, h
    )
    found = gradients(net.layers[: place.stop], x, np.full(2, neuron))
    np.testing.assert_allclose(found, witness, rtol=2e-7, atol=2e-9)


def test_looking_changes_nothing() -> None:
    for net in NETS.values():
        before = net.copy()
        pl.integrated_gradients(net, rows_for(net, 3))
        pl.contributions(net, rows_for(net, 1))
        assert net == before
