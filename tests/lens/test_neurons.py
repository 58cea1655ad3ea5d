"""Neuron layers and the trace as a table: each number against the formula, by hand."""

import json
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.lens import neurons
from pellucid.lens.neurons import neuron_layer, neuron_layers
from tests.lens.networks import kinds, rows_for
from tests.narrowing import present

NETS = kinds()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sigmoids", [(0, 6, 0, 0), (1, 5, 0, 2), (2, 4, 2, 4), (3, 3, 4, 6)]),
        ("pixels", [(0, 6, 0, 2), (1, 5, 2, 4), (2, 3, 4, 6)]),
        ("standardized", [(0, 6, 0, 1), (1, 5, 1, 3), (2, 1, 3, 5)]),
        ("batch norm", [(0, 6, 0, 0), (1, 5, 0, 4), (2, 3, 4, 6)]),
        ("residual", [(0, 6, 0, 0), (1, 5, 0, 2), (2, 5, 2, 4), (3, 3, 4, 6)]),
        ("values", [(0, 6, 0, 0), (1, 5, 0, 2), (2, 2, 2, 3)]),
    ],
)
def test_where_neuron_layers_stand(name: str, expected: list[tuple[int, ...]]) -> None:
    found = neuron_layers(NETS[name])
    assert [(layer.number, layer.size, layer.first, layer.stop) for layer in found] == expected
    assert [layer.name for layer in found] == [
        "input",
        *(f"hidden layer {k}" for k in range(1, len(found) - 1)),
        "output",
    ]
    assert neuron_layer(NETS[name], -1) == found[-1]


def test_a_residual_and_the_input_have_no_weighted_sum() -> None:
    found = neuron_layers(NETS["residual"])
    assert [layer.affine is None for layer in found] == [True, False, True, False]
    trace = NETS["residual"].forward(rows_for(NETS["residual"], 3))
    assert found[0].weighted_sums(trace) is None
    assert found[2].weighted_sums(trace) is None
    assert found[2].activations(trace) is trace[3] or np.array_equal(
        found[2].activations(trace), trace[3]
    )


@pytest.mark.parametrize("name", NETS)
def test_the_table_holds_the_formula(name: str) -> None:
    """z = x W + b from the layer before, and the last activation is the answer."""
    net = NETS[name]
    row = rows_for(net, 1)
    found = pl.trace_table(net, row)
    places = neuron_layers(net)
    for layer, before, place in zip(found.layers[1:], found.layers, places[1:], strict=False):
        if place.affine is None:
            assert layer.weighted_sums is None
            assert layer.biases is None
            continue
        assert layer.biases is not None
        b = np.zeros(place.size) if place.affine.b is None else place.affine.b
        assert layer.biases.tolist() == b.tolist()
        z = before.activations @ place.affine.W + layer.biases
        np.testing.assert_allclose(
            present(layer.weighted_sums),
            z,
            rtol=1e-6 if net.dtype == np.float32 else 1e-13,
            atol=1e-13,
        )
    np.testing.assert_array_equal(found.layers[-1].activations, net.forward(row).y[0])
    json.dumps(found.to_dict())


def test_the_input_layer_is_what_comes_out_of_the_preparation() -> None:
    net = NETS["pixels"]
    bytes_ = rows_for(net, 1)
    first = pl.trace_table(net, bytes_[0]).layers[0]
    np.testing.assert_allclose(first.activations, bytes_.ravel() / 255, rtol=1e-7)
    assert (first.weighted_sums, first.biases) == (None, None)


def test_one_number_through_a_network_by_hand() -> None:
    net = pl.Network(
        [
            pl.Affine([[1.0, -2.0]], [0.5, 0.0]),
            pl.ReLU(),
            pl.Affine([[3.0], [4.0]], [-1.0]),
            pl.Sigmoid(),
        ]
    )
    found = pl.trace_table(net, [2.0])
    hidden, output = found.layers[1:]
    assert hidden.weighted_sums is not None
    assert output.weighted_sums is not None
    assert hidden.weighted_sums.tolist() == [2.5, -4.0]
    assert hidden.activations.tolist() == [2.5, 0.0]
    assert output.weighted_sums.tolist() == [6.5]
    assert output.activations[0] == pytest.approx(1 / (1 + np.exp(-6.5)), rel=1e-15)
    assert found.table(2).splitlines()[2].split() == ["0", "6.5000", "-1.0000", "0.9985"]


def test_as_text_names_classes_and_leaves_out_what_is_long() -> None:
    net = pl.Network(
        [pl.Affine(np.ones((2, 40))), pl.ReLU(), pl.Affine(np.ones((40, 2))), pl.Softmax()],
        classes=["a", "나"],
    )
    text = str(pl.trace_table(net, [1.0, 0.0]))
    assert "1 of 2 neurons are not 0" in text
    assert "and 8 more" in text
    assert "나" in text
    assert pl.trace_table(net, [1.0, 0.0]).table(1).count("\n") == 41


def test_a_network_without_weights() -> None:
    net = pl.Network([pl.Sigmoid()])
    found = pl.trace_table(net, [[0.0, 0.0, 2.0]])
    assert [layer.name for layer in found.layers] == ["input"]
    assert found.layers[0].activations[:2].tolist() == [0.5, 0.5]
    with pytest.raises(pl.InputError, match="takes any number of inputs"):
        neuron_layers(net)


@pytest.mark.parametrize("number", [4, -5, 1.5, "1", None, True])
def test_layers_and_neurons_that_do_not_exist(number: Any) -> None:
    with pytest.raises(pl.InputError, match="neuron layers go from 0 to 3"):
        neuron_layer(NETS["sigmoids"], number)
    with pytest.raises(pl.InputError, match="output has neurons 0 to 2"):
        neurons.check_neuron(neuron_layer(NETS["sigmoids"], 3), number)


def test_rows_alone_and_together() -> None:
    net = NETS["pixels"]
    x = rows_for(net, 4)
    for one in (x[0], x[:1], x[0].ravel(), x[0].reshape(1, 6)):
        assert neurons.one_row(net, one).size == 6
    with pytest.raises(pl.InputError, match="expected one row, got 4"):
        neurons.one_row(net, x)
    with pytest.raises(pl.InputError, match="at least one row"):
        neurons.as_rows(net, x[:0])
    with pytest.raises(pl.InputError, match="pass bytes"):
        neurons.as_rows(net, np.full((2, 6), 0.5))
    with pytest.raises(pl.InputError, match="row 1 holds NaN"):
        neurons.as_rows(NETS["values"], [[0.0] * 6, [np.nan] * 6])
    stranger: Any = "net"
    with pytest.raises(pl.InputError, match="expected a network"):
        neurons.as_rows(stranger, x)


@pytest.mark.parametrize("block", [1, 3, 100])
def test_traces_block_by_block(block: int) -> None:
    net = NETS["sigmoids"]
    x = rows_for(net, 7)
    starts, parts = zip(
        *((start, trace.y) for start, trace in neurons.traces(net.layers, x, block)), strict=True
    )
    assert list(starts) == list(range(0, 7, block))
    np.testing.assert_allclose(np.concatenate(parts), net(x), rtol=1e-12)


def test_the_shape_of_images() -> None:
    def shape(net: pl.Network, given: Any = None) -> Array | tuple[int, int] | None:
        return neurons.image_shape(net, given)

    digits = pl.mlp([784, 2])
    assert shape(digits) == (28, 28)
    assert shape(digits, (14, 56)) == (14, 56)
    small = pl.mlp([6, 2])
    assert shape(small) is None
    small.inputs = pl.Images((2, 3))
    assert shape(small) == (2, 3)
    for bad in ((2, 2), (6,), "6x1", (-2, -3), 6):
        with pytest.raises(pl.InputError, match="of 6 pixels"):
            shape(small, bad)
