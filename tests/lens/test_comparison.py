"""Two networks side by side: each figure by hand or by scipy."""

import json
import math

import numpy as np
import pytest
from scipy import stats

import pellucid as pl
from pellucid.lens.comparison import mcnemar
from tests.lens.networks import D, affine, kinds, rows_for
from tests.narrowing import instance, present

NETS = kinds()


def test_weights_by_hand() -> None:
    a = pl.Network([pl.Affine([[3.0], [4.0]], [0.0])])
    b = pl.Network([pl.Affine([[3.0], [0.0]], [1.0])])
    found = pl.compare(a, b)
    W, bias = found.weights
    assert (W.layer, W.type, W.name, W.shape) == (0, "Affine", "W", (2, 1))
    assert (W.largest, W.relative, W.cosine) == (4.0, 0.8, 0.6)
    assert (bias.largest, bias.relative, bias.cosine) == (1.0, None, None)
    assert found.same_layers
    assert found.unmatched == []
    assert found.rows == 0
    assert (found.agreement, found.test, found.largest) == (None, None, None)
    assert str(found).splitlines()[2].split() == [
        "0",
        "Affine",
        "W",
        "(2,",
        "1)",
        "4",
        "80.00%",
        "0.6000",
    ]
    json.dumps(found.to_dict(), allow_nan=False)


def test_arrays_without_a_match() -> None:
    a, b = (
        pl.Network([affine(D, 5, 0), pl.ReLU(), affine(5, 2, 1)]),
        pl.Network([affine(D, 5, 0), affine(5, 3, 1)]),
    )
    found = pl.compare(a, b)
    assert [(line.layer, line.name) for line in found.weights] == [(0, "W"), (0, "b")]
    assert found.unmatched == ["1 Affine W", "1 Affine b", "2 Affine W", "2 Affine b"]
    assert not found.same_layers
    assert "only in one of them: 1 Affine W" in str(found)
    assert not pl.compare(
        pl.Network([affine(3, 2, 0), pl.ReLU()]), pl.Network([affine(3, 2, 0), pl.Tanh()])
    ).same_layers


def test_inner_layers_are_compared_as_well() -> None:
    net = NETS["residual"]
    other = net.copy()
    instance(pl.Affine, other.layers[2].inner[0]).W[0, 0] += 2
    found = pl.compare(net, other)
    assert {line.name for line in found.weights if line.largest} == {"0.W"}
    assert max(line.largest for line in found.weights) == pytest.approx(2)


@pytest.mark.parametrize("name", [name for name in NETS if name != "values"])
def test_predictions_and_accuracy(name: str) -> None:
    a = NETS[name]
    b = a.copy()
    for array in b.params:
        array += np.random.default_rng(1).normal(size=array.shape) * 0.3
    x = rows_for(a, 300)
    t = a.classify(x).copy()
    t[:60] = (t[:60] + 1) % max(a(x[:1]).shape[1], 2)
    found = pl.compare(a, b, x, t)
    ya, yb = a(x), b(x)
    assert found.largest == pytest.approx(np.abs(ya - yb).max(), rel=1e-6)
    assert found.mean == pytest.approx(np.abs(ya - yb).mean(), rel=1e-6)
    chosen_a, chosen_b = a.classify(x), b.classify(x)
    assert found.agreement == (chosen_a == chosen_b).mean()
    assert found.differing is not None
    assert found.differing.tolist() == np.flatnonzero(chosen_a != chosen_b).tolist()
    assert len(found.differing) > 3
    assert (found.accuracy_a, found.accuracy_b) == (0.8, (chosen_b == t).mean())
    assert found.interval_a == pl.evaluate(a, x, t).interval
    assert found.interval_b == pl.evaluate(b, x, t).interval
    assert found.test is not None
    assert found.test.difference == pytest.approx(present(found.accuracy_b) - 0.8)
    assert "McNemar" in str(found)
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("only_a", "only_b", "N"), [(0, 0, 10), (5, 0, 20), (3, 9, 50), (40, 40, 100), (700, 800, 9000)]
)
def test_mcnemars_test_is_the_binomial_one(only_a: int, only_b: int, N: int) -> None:
    right_a, right_b = np.ones(N, bool), np.ones(N, bool)
    right_b[:only_a] = False
    right_a[only_a : only_a + only_b] = False
    found = mcnemar(right_a, right_b)
    assert (found.only_a, found.only_b) == (only_a, only_b)
    if only_a + only_b:
        assert found.p == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue, rel=1e-9)
    else:
        assert found.p == 1
    assert found.difference == (only_b - only_a) / N
    # Agresti and Min: Wald's interval after half a row is added to each of the four counts.
    b, c, n = only_a + 0.5, only_b + 0.5, N + 2
    half = 1.959963984540054 * math.sqrt((b + c) / n - ((c - b) / n) ** 2) / math.sqrt(n)
    assert found.interval == pytest.approx(((c - b) / n - half, (c - b) / n + half))


def test_a_network_and_itself() -> None:
    net = NETS["sigmoids"]
    x = rows_for(net, 20)
    found = pl.compare(net, net.copy(), x, net.classify(x))
    assert (found.largest, found.agreement, found.accuracy_a) == (0, 1, 1)
    assert found.test is not None
    assert found.test.p == 1
    assert found.test.interval[0] < 0 < found.test.interval[1]
    assert all(line.largest == 0 and line.cosine == pytest.approx(1) for line in found.weights)


def test_values() -> None:
    a, b = NETS["values"], NETS["values"].copy()
    b.params[-1][:] += 1
    x = rows_for(a, 50)
    t = a(x)
    found = pl.compare(a, b, x, t)
    assert (found.r2_a, found.error_a) == (1, 0)
    assert found.error_b == pytest.approx(1)
    assert found.largest == pytest.approx(1)
    assert (found.agreement, found.test) == (None, None)
    assert "R2 1.0000 and" in str(found)
    assert pl.compare(a, b, x).r2_a is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_networks_of_other_kinds() -> None:
    x = rows_for(NETS["sigmoids"], 30)
    two = pl.Network([affine(D, 2, 0), pl.Softmax()])
    found = pl.compare(NETS["sigmoids"], two, x, np.zeros(30, int))
    assert found.largest is None
    assert found.agreement is not None
    assert "different numbers of outputs" in str(found)
    with pytest.raises(pl.InputError, match="predict 2 and 1 values"):
        pl.compare(NETS["values"], pl.Network([affine(D, 1, 0)]), x)
    with pytest.raises(pl.InputError, match="pass x, too"):
        pl.compare(two, two, t=[0])
    with pytest.raises(pl.InputError, match="expected 6 numbers"):
        pl.compare(two, two, np.ones((3, 5)))
    with pytest.raises(pl.InputError, match="expected 5 numbers"):
        pl.compare(two, pl.Network([affine(5, 2, 0)]), x)
    with pytest.raises(pl.InputError, match="each of 30 rows"):
        pl.compare(two, two, x, [1])
