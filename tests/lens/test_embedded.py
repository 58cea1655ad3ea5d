"""Looking into a network that embeds its numbers.

What is added stands behind the inputs, and has names of its own.
"""

from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.lens.neurons import neuron_labels, neuron_layers
from tests.lens.networks import kinds, rows_for
from tests.narrowing import instance

NET = kinds()["embedded"]


def test_neurons_of_the_input_are_named_by_their_columns() -> None:
    first = neuron_layers(NET)[0]
    assert (first.size, first.stop) == (12, 3)
    names = [*"012345", "0: cos 1", "0: cos 2", "2: cos 1", "2: cos 2", "3: cos 1", "3: cos 2"]
    assert neuron_labels(NET, first) == names
    assert pl.input_weights(NET).inputs == names
    assert pl.input_weights(NET).values.shape == (12, 5)
    why = pl.contributions(NET, rows_for(NET, 1), layer=1, neuron=2)
    assert why.names == names
    assert why.values.sum() + why.bias == pytest.approx(why.weighted_sum, abs=1e-12)


def test_columns_of_a_table_lend_their_names(generator: np.random.Generator) -> None:
    table: dict[str, Any] = {
        "age": generator.uniform(20, 60, 1_000),
        "city": ["Seoul", "Busan"] * 500,
    }
    table["t"] = np.where(table["age"] > 40, 1, 0)
    net = pl.table_mlp(pl.Columns.of(table, target="t"), hidden=[4])
    names = ["age", "city=Busan", "city=Seoul", "age: cos 1", "age: cos 2", "age: cos 3"]
    assert pl.trace_table(net, {"age": [30], "city": ["Busan"]}).layers[0].labels == names


def test_attributions_are_those_of_the_columns() -> None:
    rows = rows_for(NET, 3)
    why = pl.integrated_gradients(NET, rows)
    assert why.values.shape == (3, 6) and why.names == list("012345")
    assert (why.baseline == instance(pl.Standardize, NET.layers[0]).mean).all()
    assert (abs(why.relative_gap) < 0.005).all()


def test_an_input_is_made_by_moving_columns() -> None:
    limits = (-3.0, 5.0)
    found = pl.maximize_activation(NET, 1, 0, limits=limits, decay=0.01, steps=30)
    assert found.x.shape == (6,) and found.values[-1] > found.values[0]


def test_images_with_an_embedding_are_drawn_as_numbers() -> None:
    net = pl.Network(NET.layers, inputs=pl.Images((2, 3)))
    assert pl.input_weights(net).images is None
    assert pl.plots.network(net, rows_for(NET, 1)) is not None
