"""Dead and saturated neurons: each activation's own borders, and shares over blocks."""

import json

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.flatness import STEEPEST, activations_of
from pellucid.core.layers import Activation
from pellucid.lens import neurons
from pellucid.lens.activity import LayerActivity
from tests.lens.networks import D, affine, kinds, rows_for


def of(activation: pl.Layer, z: list[list[float]], **options: float) -> LayerActivity:
    """The activity of neurons that hold these weighted sums."""
    x = np.array(z)
    return pl.neuron_activity(
        pl.Network([pl.Affine(np.eye(x.shape[1])), activation]), x, **options
    ).layers[0]


def test_a_relu_is_dead_where_it_is_0_in_every_row() -> None:
    found = of(pl.ReLU(), [[-1.0, -1, 1], [0, 2, 3], [-5, -1, 9]])
    assert found.dead.tolist() == [True, False, False]
    assert found.flat.tolist() == [1, pytest.approx(2 / 3), 0]
    assert not found.saturated.any()
    assert (found.low.tolist(), found.high.tolist()) == ([0, 0, 1], [0, 2, 9])


@pytest.mark.parametrize(
    ("activation", "flat", "lively"),
    [
        (pl.Sigmoid(), [-4.4, 4.4, 30], [-4.3, 0, 4.3]),  # 0.0127 and 0.9873
        (pl.Tanh(), [-2.2, 2.2], [-2.15, 2.15]),  # 0.9747
        (pl.Softplus(), [-3.0, -90], [-2.9, 40]),
        (pl.Exponential(), [-3.0], [-2.9, 5]),
        (pl.GELU(), [-3.0, -40], [-1.5, 0, 3]),
        (pl.SiLU(), [-6.0, -40], [-2.5, 0, 3]),
        (pl.LeakyReLU(), [], [-50.0, 0, 50]),
        (pl.PReLU([0.25]), [], [-50.0, 0, 50]),
        (pl.ELU(), [-3.0, -40], [-2.9, 0, 5]),
        (pl.SELU(), [-3.6, -40], [-3.5, 0, 5]),  # 1.758 exp(-3.5) = 0.0531, 0.0480 at -3.6
        (pl.Mish(), [-6.0, -40], [-2.5, 0, 3]),
        (pl.Hardswish(), [-3.0, -40], [-2.5, 0, 3]),
    ],
)
def test_where_activations_are_flat(
    activation: pl.Layer, flat: list[float], lively: list[float]
) -> None:
    found = of(activation, [flat + lively])
    assert found.flat.tolist() == [1] * len(flat) + [0] * len(lively)
    assert found.dead.tolist() == [True] * len(flat) + [False] * len(lively)
    assert found.saturated.any() == isinstance(activation, (pl.Sigmoid, pl.Tanh))


@pytest.mark.parametrize("kind", STEEPEST)
def test_the_steepest_slope(kind: type[Activation]) -> None:
    z = np.linspace(-30, 30, 60001)
    slope = kind().derivative(z, kind().forward(z))
    if kind in (pl.Sigmoid, pl.Tanh, pl.ReLU, pl.Softplus, pl.ELU):
        assert slope.max() == pytest.approx(STEEPEST[kind], abs=1e-9)
    else:
        assert slope.max() > STEEPEST[kind]


def test_saturated_is_flat_nearly_always() -> None:
    z = np.full((100, 3), 20.0)
    z[:50, 1] = -20  # a switch: saturated, and yet it tells rows apart
    z[:6, 2] = 0
    found = of(pl.Sigmoid(), z.tolist())
    assert found.saturated.tolist() == [True, True, False]
    assert found.dead.tolist() == [True, True, False]
    assert of(pl.Sigmoid(), z.tolist(), share=0.94).saturated.tolist() == [True, True, True]
    assert of(pl.Sigmoid(), z.tolist(), flat=1e-12).saturated.tolist() == [False] * 3


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    net = kinds()["residual"]
    x = 3 * rows_for(net, 50)
    whole = pl.neuron_activity(net, x)
    monkeypatch.setattr(neurons, "BLOCK", 7)
    parts = pl.neuron_activity(net, x)
    assert whole.to_dict() == parts.to_dict()
    assert whole.rows == 50
    json.dumps(whole.to_dict())


def test_neurons_within_a_residual_are_seen() -> None:
    net = kinds()["residual"]
    x = rows_for(net, 20)
    found = pl.neuron_activity(net, x)
    assert [(layer.layer, layer.activation) for layer in found.layers] == [
        ("1", "Tanh"),
        ("2.1", "Tanh"),
        ("3", "Sigmoid"),
    ]
    inner = net.layers[2].inner
    np.testing.assert_allclose(
        found.layers[1].high, pl.Network(list(inner[:2]))(net.forward(x)[1]).max(axis=0), rtol=1e-9
    )
    assert "2.1 Tanh" in str(found)
    names = [name for name, *_ in activations_of(net.layers, net.forward(x))]
    assert names == ["1", "2.1", "3"]


def test_counts_of_the_whole_network() -> None:
    net = pl.Network(
        [pl.Affine([[1.0, -1.0]]), pl.ReLU(), pl.Affine([[50.0], [0.0]]), pl.Sigmoid()]
    )
    found = pl.neuron_activity(net, [[1.0], [2.0]])
    assert (found.dead, found.saturated) == (2, 1)
    assert [line.split()[2:5] for line in str(found).splitlines()[2:4]] == [
        ["2", "1", "0"],
        ["1", "1", "1"],
    ]


def test_what_does_not_fit() -> None:
    with pytest.raises(pl.InputError, match="no activation functions"):
        pl.neuron_activity(pl.Network([affine(D, 2, 0), pl.Softmax()]), np.zeros((2, D)))
    net = kinds()["sigmoids"]
    for bad in ({"flat": 0}, {"share": 1.5}, {"flat": -1}):
        with pytest.raises(pl.InputError, match="must be in"):
            pl.neuron_activity(net, np.zeros((2, D)), **bad)
