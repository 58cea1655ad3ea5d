"""What a neuron responds to.

Weights, products, gradients, the brightest rows, and inputs that are made.
"""

import json
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.lens.attribution import gradients
from pellucid.lens.input_limits import input_limits, input_scale
from pellucid.lens.neurons import neuron_layers
from tests.lens.networks import affine, kinds, rows_for

NETS = kinds()


def test_the_first_layer_shows_its_very_weights() -> None:
    net = pl.mlp([784, 16, 10], pixels=True, seed=1)
    found = pl.input_weights(net)
    assert (found.method, found.exact, found.layer) == ("weights", True, 1)
    np.testing.assert_array_equal(found.values, net.params[0])
    assert found.images is not None
    assert found.images.shape == (16, 28, 28)
    np.testing.assert_array_equal(found.images[3].ravel(), net.params[0][:, 3])
    assert "weights on the inputs" in str(found)
    json.dumps(found.to_dict())


def test_products_are_those_of_a_network_without_activations() -> None:
    """The product of the weights is the slope of the network whose activations are taken out."""
    for name in ("sigmoids", "pixels", "standardized", "batch norm", "values", "residual"):
        net = NETS[name]
        places = neuron_layers(net)
        for place in places[2:]:
            linear = []
            for layer in net.layers[places[0].stop : place.first + 1]:
                if isinstance(layer, pl.Residual):
                    layer = pl.Residual(
                        [inner for inner in layer.inner if isinstance(inner, pl.Affine)]
                    )
                if isinstance(layer, (pl.Affine, pl.BatchNorm, pl.Residual)):
                    linear.append(layer)
            straight = pl.Network(linear)
            x = np.vstack([np.zeros(6), np.eye(6)])
            slope = straight(x)[1:] - straight(x)[0]
            found = pl.input_weights(net, place.number)
            assert (found.method, found.exact) == ("product", False)
            np.testing.assert_allclose(found.values, slope, atol=1e-12)


def test_a_product_by_hand() -> None:
    net = pl.Network([pl.Affine([[1.0, 2.0]]), pl.ReLU(), pl.Affine([[3.0], [4.0]], [7.0])])
    found = pl.input_weights(net, -1)
    assert found.values.tolist() == [[11.0]]
    assert found.biases.tolist() == [7.0]
    assert "ignoring activation functions" in found.note
    assert found.images is None


@pytest.mark.parametrize("name", NETS)
def test_the_gradient_at_the_mean_by_differences(name: str) -> None:
    net, x = NETS[name].astype("float64"), rows_for(NETS[name], 20)
    start = neuron_layers(net)[0].stop
    u = (
        pl.Network(net.layers[:start])(x.mean(axis=0)[None])
        if start
        else x.mean(axis=0)[None].astype(np.float64)
    )
    for place in neuron_layers(net)[2:]:
        found = pl.input_weights(net, place.number, method="gradient", x=x)
        assert (found.method, found.exact) == ("gradient", False)
        depth = place.stop if place.affine is None else place.first + 1
        rest = pl.Network(net.layers[start:depth])
        for i, unit in enumerate(np.eye(u.size)):
            move = 1e-5 * unit
            slope = (rest(u + move) - rest(u - move))[0] / 2e-5
            np.testing.assert_allclose(found.values[i], slope, rtol=1e-6, atol=1e-8)
        assert "mean input" in found.note


def test_what_has_no_product_or_no_rows() -> None:
    net = pl.Network([affine(6, 5, 0), pl.LayerNorm(np.ones(5)), pl.ReLU(), affine(5, 2, 1)])
    with pytest.raises(pl.InputError, match="LayerNorm has no fixed factor"):
        pl.input_weights(net, 2)
    pl.input_weights(net, 2, method="gradient", x=np.ones((3, 6)))
    with pytest.raises(pl.InputError, match="pass x"):
        pl.input_weights(net, 2, method="gradient")
    with pytest.raises(pl.InputError, match='method is "product"'):
        pl.input_weights(net, 2, method="deep")
    with pytest.raises(pl.InputError, match="from 1 to 2"):
        pl.input_weights(net, 0)


@pytest.mark.parametrize("name", NETS)
def test_the_brightest_rows(name: str) -> None:
    net, x = NETS[name], rows_for(NETS[name], 30)
    for place in neuron_layers(net)[1:]:
        y = net.forward(x)[place.stop - 1]
        found = pl.top_inputs(net, x, place.number, count=4)
        assert found.rows.shape == found.activations.shape == (place.size, 4)
        for j in range(place.size):
            np.testing.assert_array_equal(found.rows[j], np.argsort(-y[:, j], kind="stable")[:4])
        np.testing.assert_allclose(found.activations[:, 0], y.max(axis=0), rtol=1e-5)
        one = pl.top_inputs(net, x, place.number, 0, count=99)
        assert one.rows.shape == (1, 30)
        assert one.neurons.tolist() == [0]
    assert str(found).count("\n") == place.size + 2
    json.dumps(found.to_dict())


def test_equally_bright_rows_stand_in_order() -> None:
    net = pl.Network([pl.Affine([[1.0]]), pl.ReLU()])
    assert pl.top_inputs(net, [[-1.0], [2.0], [0.0], [2.0]], 1).rows.tolist() == [[1, 3, 0, 2]]
    with pytest.raises(pl.InputError, match="count must be"):
        pl.top_inputs(net, [[1.0]], 1, count=0)


def test_the_input_that_lights_a_neuron_most_by_hand() -> None:
    """A linear neuron is most active where each input is at the end its weight points to."""
    net = pl.Network([pl.Affine([[2.0, 0.0], [-1.0, 1.0], [0.5, 0.0]], [1.0, 0.0]), pl.Sigmoid()])
    found = pl.maximize_activation(net, 1, 0, limits=(0, [1.0, 2.0, 3.0]))
    assert found.x.tolist() == [1.0, 0.0, 3.0]
    assert found.value == 2 + 1.5 + 1
    assert found.activation == pytest.approx(1 / (1 + np.exp(-4.5)))
    assert found.values[-1] == found.value > found.values[0]
    assert str(found).startswith("output, neuron 0: from ")
    json.dumps(found.to_dict())


def test_decay_finds_the_weights_themselves() -> None:
    """z - decay |u|^2 / 2 is greatest at u = w / decay."""
    w = np.array([2.0, -1.0, 0.5])
    net = pl.Network([pl.Affine(w[:, None])])
    found = pl.maximize_activation(net, 1, 0, limits=(-5, 5), decay=2.0, steps=2000)
    np.testing.assert_allclose(found.x, w / 2, atol=2e-3)


@pytest.mark.parametrize("name", NETS)
def test_every_network_is_climbed_within_its_limits(name: str) -> None:
    net = NETS[name]
    limits = None if name == "pixels" else (-2, 2)
    for place in neuron_layers(net)[1:]:
        found = pl.maximize_activation(net, place.number, 0, limits=limits, steps=60)
        low, high = input_limits(net, limits)
        assert ((found.x >= low) & (found.x <= high)).all()
        assert found.x.dtype == net.dtype
        assert found.value > found.values[0]
        assert found.value == found.values.max()
        table = pl.trace_table(net, found.x).layers[place.number]
        np.testing.assert_allclose(found.activation, table.activations[0], rtol=1e-6)
        x = np.random.default_rng(3).uniform(low, high, (500, 6)).astype(net.dtype)
        depth = place.stop if place.affine is None else place.first + 1
        assert (
            found.value > net.forward(x)[depth - 1][:, 0].max() - 1e-3
        )  # no row of 500 is brighter


def test_seeds_and_starts() -> None:
    net = NETS["sigmoids"]
    a, b = (pl.maximize_activation(net, 3, 0, limits=(0, 1), seed=seed, steps=5) for seed in (0, 1))
    again = pl.maximize_activation(net, 3, 0, limits=(0, 1), seed=0, steps=5)
    np.testing.assert_array_equal(a.x, again.x)
    assert (a.values[0] != b.values[0]) and a.values[0] == again.values[0]
    given = pl.maximize_activation(net, 3, 0, limits=(0, 1), start=np.full(6, 9.0), steps=5)
    assert given.values[0] == pytest.approx(net.forward(np.ones((1, 6)))[4][0, 0], rel=1e-12)
    flat = pl.Network([pl.Affine(np.zeros((2, 1)))])
    assert len(pl.maximize_activation(flat, 1, 0, limits=(0, 1)).values) == 1
    for bad in ({"rate": 0}, {"steps": 0}, {"decay": -1}, {"seed": -1}):
        with pytest.raises(pl.InputError):
            pl.maximize_activation(net, 3, 0, limits=(0, 1), **bad)


def test_limits_are_known_or_asked_for() -> None:
    assert input_limits(NETS["pixels"])[1].tolist() == [255] * 6
    pictures = pl.Network([affine(6, 2, 0)], inputs=pl.Images((2, 3)))
    assert input_limits(pictures)[1].tolist() == [1] * 6
    with pytest.raises(pl.InputError, match="the range of the inputs"):
        input_limits(NETS["values"])
    mistakes: list[Any] = [(1, 0), (0, np.inf), (0, [1, 2]), 3, (0, 1, 2), ("a", "b")]
    for bad in mistakes:
        with pytest.raises(pl.InputError, match="limits"):
            input_limits(NETS["values"], bad)


def test_the_unit_of_a_move() -> None:
    np.testing.assert_allclose(input_scale(NETS["pixels"]), 255, rtol=1e-6)
    np.testing.assert_array_equal(input_scale(NETS["standardized"]), np.arange(6) + 0.5)
    assert input_scale(NETS["sigmoids"]).tolist() == [1] * 6
    # The unit comes from the preparation: a move of one unit moves the input neuron by 1.
    net = NETS["standardized"]
    x = rows_for(net, 1)
    moved = gradients(net.layers[:1], x, np.array([2]))[0, 2] * input_scale(net)[2]
    assert moved == pytest.approx(1)
