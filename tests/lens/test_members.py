"""Looking into ensembles: how far members agree, and attributions through all of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator

import pellucid as pl
from pellucid.lens.input_limits import input_scale
from pellucid.lens.neurons import neuron_layers


def biased(*biases: float) -> pl.Affine:
    """Return a layer of one input whose outputs are these, whatever x is."""
    return pl.Affine(np.zeros((1, len(biases))), biases)


def embedded(generator: Generator, join: str) -> pl.Network:
    """Return an ensemble whose members embed categories and numbers by themselves."""

    def member() -> list[pl.Layer]:
        sizes = [0, 3, 0, 2]
        categories = pl.CategoryEmbedding.draw(sizes, generator, size=2, std=1, dtype=np.float64)
        front = [categories, pl.Standardize([1.0, 2, 0, 0, 0, 0], [2.0, 4, 1, 1, 1, 1])]
        W = [generator.normal(size=shape) for shape in ((6, 5), (5, 3))]
        return [*front, pl.Affine(W[0]), pl.Tanh(), pl.Affine(W[1])]

    members = pl.Members([member() for _ in range(3)], join)
    return pl.Network([members] if join == "values" else [members, pl.Softmax()])


def some_rows(generator: Generator) -> np.ndarray:
    numbers = generator.normal(size=(6, 2))
    indices = generator.integers(0, 2, (6, 2)).astype(float)
    return np.stack([numbers[:, 0], indices[:, 0], numbers[:, 1], indices[:, 1]], axis=1)


def test_members_of_classes_by_hand() -> None:
    log = np.log
    rows = [biased(*log(p)) for p in ([0.9, 0.1], [0.8, 0.2], [0.3, 0.7])]
    net = pl.Network([pl.Members([[row] for row in rows], "probabilities"), pl.Softmax()])
    spread = pl.member_spread(net, [[0.0], [1.0]])
    assert spread.count == 3 and spread.outputs.shape == (3, 2, 2)
    assert spread.predicted is not None and spread.predicted.tolist() == [0, 0]
    assert spread.agreeing is not None and spread.agreeing.tolist() == [2, 2]
    np.testing.assert_allclose(spread.low, [[0.3], [0.3]], rtol=1e-6)
    np.testing.assert_allclose(spread.high, [[0.9], [0.9]], rtol=1e-6)
    assert spread.unanimous == 0 and "2 / 3" in str(spread)
    # From another threshold on, class 1 is what all of them say
    assert pl.member_spread(net, [[0.0]], threshold=0.05).unanimous == 1


def test_members_of_one_sigmoid_by_hand() -> None:
    net = pl.Network([pl.Members([[biased(0.0)], [biased(-np.log(3))]], "sigmoids"), pl.Sigmoid()])
    assert net.predict([[1.0]])[0, 0] == pytest.approx((0.5 + 0.25) / 2)
    spread = pl.member_spread(net, [[1.0]])  # class 0, which the second gives 3 / 4
    assert spread.agreeing is not None and spread.agreeing.tolist() == [1]
    np.testing.assert_allclose([spread.low[0, 0], spread.high[0, 0]], [0.5, 0.75], rtol=1e-6)


def test_members_of_values_by_hand() -> None:
    members = pl.Members([[biased(1.0, 5)], [biased(3.0, 5)]])
    net = pl.Network([members, pl.Standardize.undoing([10.0, 0], [2.0, 1], np.dtype(np.float64))])
    spread = pl.member_spread(net, [[7.0]])
    assert spread.low.tolist() == [[12, 5]] and spread.high.tolist() == [[16, 5]]
    assert spread.agreeing is None and spread.unanimous is None
    assert spread.deviation.tolist() == [2, 0]
    with pytest.raises(pl.InputError, match="has no members"):
        pl.member_spread(net.members[0], [[7.0]])


@pytest.mark.parametrize("join", ["values", "probabilities"])
def test_attributions_add_up_through_embeddings_of_each_member(
    generator: Generator, join: str
) -> None:
    net = embedded(generator, join)
    x = some_rows(generator)
    why = pl.integrated_gradients(net, x, neuron=1)
    np.testing.assert_allclose(why.values.sum(axis=1), why.at_input - why.at_baseline, rtol=5e-3)
    assert why.baseline.tolist() == [1, 0, 2, 0]
    assert abs(why.values[:, 1]).max() > 0.01  # an index counts
    if join == "values":  # the mean is linear
        each = [pl.integrated_gradients(own, x, neuron=1, steps=50).values for own in net.members]
        np.testing.assert_allclose(why.values, np.mean(each, axis=0), rtol=1e-6, atol=1e-9)


def test_neurons_and_inputs_of_an_ensemble(generator: Generator) -> None:
    net = embedded(generator, "values")
    assert [layer.size for layer in neuron_layers(net)] == [4, 3]
    assert [layer.size for layer in neuron_layers(net.members[2])] == [6, 5, 3]
    assert input_scale(net).tolist() == [2, 1, 4, 1] == input_scale(net.members[0]).tolist()
    assert pl.trace_table(net, some_rows(generator)[:1]).layers[1].weighted_sums is None
    # W1 W2, and the mean of the members
    plain = pl.Network([pl.Members([[pl.Affine([[2.0]])], [pl.Affine([[4.0]])]])])
    assert pl.input_weights(plain).values == [[3.0]]
    with pytest.raises(pl.InputError, match="use integrated_gradients"):
        pl.contributions(net, some_rows(generator)[:1])


def test_the_nearest_other_class(generator: Generator) -> None:
    net = embedded(generator, "probabilities")
    x = some_rows(generator)[0]
    found = pl.counterfactual(net, x, limits=(-9, 9), fixed=[1, 3])
    assert found.found and found.x is not None
    assert net.choose(net.predict([found.x]))[0] == found.after != net.choose(net.predict([x]))[0]
