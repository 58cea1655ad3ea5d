"""Why and what if.

The page's reasons and edits against Python's, in float64 on the same weights.
"""

import base64

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.lens.attribution import integrated_gradients
from pellucid.lens.counterfactual import counterfactual
from pellucid.web import SHIPPED
from pellucid.web.parts import model_bytes
from tests.lens.networks import some_rows, with_categories
from tests.web.kinds import Node, affine, bias

READ = """
import { Network } from "./network/network.js";
import { integrated, counterfactual, legendre } from "./network/reasons.js";
import { edited, collapsed, withEdit } from "./network/edits.js";
import { editWords, readEdits } from "./address.js";

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const network = data.model && Network.read(bytes(data.model).buffer);
"""
NETS = {
    "shipped": lambda: pl.load(SHIPPED),
    "relu": lambda: pl.mlp(
        [784, 24, 12, 10], activation="relu", output="softmax", pixels=True, seed=3
    ),
    "linear": lambda: pl.mlp([784, 10], output="softmax", pixels=True, seed=3),
}


def packed(net: pl.Network) -> str:
    return base64.b64encode(model_bytes(net)).decode()


def digits(*numbers: int) -> Array:
    return pl.mnist().test.images[list(numbers)].reshape(-1, 784).astype(float)


@pytest.mark.parametrize("name", NETS)
def test_integrated_gradients(node: Node, name: str) -> None:
    net = NETS[name]()
    exact, x = net.astype("float64"), digits(0, 40, 340)
    places = [(-1, int(exact.choose(exact(x[:1]))[0])), (1, 5)]
    for layer, neuron in places:
        why = integrated_gradients(exact, x, layer, neuron)
        number = why.layer
        code = """const { layer, neuron } = data;
        return data.x.map((x) => integrated(network, Float64Array.from(x), layer, neuron));"""
        found = node(
            READ + code, {"model": packed(net), "x": x.tolist(), "layer": number, "neuron": neuron}
        )
        for row, ours in enumerate(found):
            np.testing.assert_allclose(ours["values"], why.values[row], atol=1e-9)
            np.testing.assert_allclose(ours["atInput"], why.at_input[row], atol=1e-12)
            np.testing.assert_allclose(ours["atBaseline"], why.at_baseline[row], atol=1e-12)
            np.testing.assert_allclose(ours["gap"], why.relative_gap[row], atol=1e-9)
            assert ours["steps"] == why.steps[row] and ours["gap"] < 0.01


def test_integrated_gradients_of_categories(node: Node) -> None:
    net, x = with_categories(), some_rows(5)
    code = "return data.x.map((x) => integrated(network, Float64Array.from(x), data.layer, 2));"
    for layer in (0, 1, 2):
        why = integrated_gradients(net, x, layer, 2)
        found = node(READ + code, {"model": packed(net), "x": x.tolist(), "layer": layer})
        for row, ours in enumerate(found):
            np.testing.assert_allclose(ours["values"], why.values[row], atol=1e-12)
            assert ours["steps"] == why.steps[row] == 50


def test_the_rule_of_integration(node: Node) -> None:
    for n in (50, 800):
        rule = node(READ + "return legendre(data.n);", {"n": n})
        nodes, weights = np.polynomial.legendre.leggauss(n)
        np.testing.assert_allclose([one["node"] for one in rule], (1 + nodes) / 2, atol=1e-14)
        np.testing.assert_allclose([one["weight"] for one in rule], weights / 2, atol=1e-14)


@pytest.mark.parametrize("name", NETS)
def test_counterfactuals(node: Node, name: str) -> None:
    net = NETS[name]()
    exact = net.astype("float64")
    numbers = (0, 340) if name == "shipped" else (340,)
    for number, x in zip(numbers, digits(*numbers), strict=True):
        before = int(exact.choose(exact(x[None]))[0])
        for target in (None, (before + 4) % 10):
            other = counterfactual(exact, x, target)
            wanted = [k for k in range(10) if k != before] if target is None else [target]
            code = "return counterfactual(network, Float64Array.from(data.x), data.wanted);"
            found = node(READ + code, {"model": packed(net), "x": x.tolist(), "wanted": wanted})
            assert (found is not None) == other.found, (name, number, target)
            if not other.found:
                continue
            assert other.distance is not None and other.largest is not None and other.x is not None
            assert other.confidence_after is not None
            assert found["after"] == other.after
            np.testing.assert_allclose(found["distance"], other.distance, rtol=1e-6)
            np.testing.assert_allclose(found["largest"], other.largest, rtol=1e-5)
            np.testing.assert_allclose(found["confidence"], other.confidence_after, atol=1e-6)
            np.testing.assert_allclose(found["x"], other.x, atol=2e-4)


def test_every_other_class_is_reached(node: Node) -> None:
    """The page and Python find the same nine changes, one for each other class, however far.

    Where the way forks on the last bit of a sum, some hundred steps later another point, as near,
    may be the best.
    """
    exact, x = pl.load(SHIPPED).astype("float64"), digits(2500)[0]
    before = int(exact.choose(exact(x[None]))[0])
    wanted = [k for k in range(10) if k != before]
    code = """const found = [];
    const x = Float64Array.from(data.x);
    for (const k of data.wanted) found.push(await counterfactual(network, x, [k]));
    return found.map(({ after, distance }) => [after, distance]);"""
    found = node(READ + code, {"model": packed(exact), "x": x.tolist(), "wanted": wanted})
    assert [after for after, _ in found] == wanted
    expected = [counterfactual(exact, x, target).distance for target in wanted]
    apart = np.abs(np.array([distance for _, distance in found]) / expected - 1)
    assert np.median(apart) < 1e-9 and apart.max() < 0.01


EDITS = [
    {"kind": "bias", "layer": 1, "neuron": 5, "value": 10},
    {"kind": "weight", "layer": 2, "from": 5, "neuron": 3, "value": -4.5},
    {
        "kind": "paint",
        "layer": 1,
        "neuron": 2,
        "levels": [0] * 300 + [8, -16, 127, -127] + [0] * 480,
    },
    {"kind": "off", "layer": 2, "neuron": 7},
    {"kind": "activation", "layer": 1, "type": "ReLU"},
]


def changed_net() -> pl.Network:
    """The shipped network in float64 with EDITS, made by Python."""
    net = pl.load(SHIPPED).astype("float64")
    bias(net, 2)[5] = 10
    affine(net, 4).W[5, 3] = -4.5
    affine(net, 2).W[300:304, 2] += np.array([8, -16, 127, -127]) / 16
    affine(net, 6).W[7] = 0  # what a neuron that is off gives to the answer
    return pl.Network([*net.layers[:3], pl.ReLU(), *net.layers[4:]])


def test_edits_are_pythons(node: Node) -> None:
    x = digits(0, 40, 340)
    code = """const changed = edited(network, data.edits);
    return data.x.map((x) => changed.forward(x).trace);"""
    found = node(READ + code, {"model": packed(pl.load(SHIPPED)), "x": x.tolist(), "edits": EDITS})
    for row, ours in zip(x, found, strict=True):
        trace = changed_net().forward(row[None])
        np.testing.assert_allclose(ours[3], trace[3][0], atol=1e-9)
        np.testing.assert_allclose(ours[-1], trace.y[0], atol=1e-9)
        assert ours[5][7] == 0


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "softplus", "gelu"])
def test_a_neuron_that_is_off_holds_nothing(node: Node, activation: str) -> None:
    net = pl.mlp([784, 6, 5, 10], activation=activation, output="softmax", pixels=True, seed=2)
    edits = [{"kind": "off", "layer": L, "neuron": n} for L, n in ((1, 2), (2, 3), (3, 4))]
    code = """const changed = edited(network, data.edits), pass = changed.forward(data.x);
    return [1, 2, 3].map((L) => changed.activations(pass, L));"""
    found = node(READ + code, {"model": packed(net), "x": digits(0)[0].tolist(), "edits": edits})
    assert [found[0][2], found[1][3], found[2][4]] == [0, 0, 0]
    np.testing.assert_allclose(sum(found[2]), 1, atol=1e-12)


def test_without_activations_one_affine_is_enough(node: Node) -> None:
    x = digits(0, 40)
    code = """const changed = edited(network, [{ kind: "linear" }]);
    const { W, b, shapes } = collapsed(changed);
    const z = data.x.map((x) => changed.forward(x).trace[6]);
    return { W, b, shapes, curved: collapsed(network), z };"""
    found = node(READ + code, {"model": packed(pl.load(SHIPPED)), "x": x.tolist()})
    net = pl.load(SHIPPED).astype("float64")
    W = affine(net, 2).W @ affine(net, 4).W @ affine(net, 6).W
    b = (bias(net, 2) @ affine(net, 4).W + bias(net, 4)) @ affine(net, 6).W + bias(net, 6)
    scale = net.layers[1]
    assert isinstance(scale, pl.Scale)
    np.testing.assert_allclose(np.reshape(found["W"], W.shape), W, atol=1e-10)
    np.testing.assert_allclose(found["b"], b, atol=1e-10)
    np.testing.assert_allclose(found["z"], x * scale.factor @ W + b, atol=1e-9)
    assert found["shapes"] == [[784, 16], [16, 16], [16, 10]] and found["curved"] is None


def test_the_seeds_two_lines_are_one(node: Node) -> None:
    """3 (4 x + 1) + 2 = 12 x + 5."""
    net = pl.Network([pl.Affine([[4.0]], [1.0]), pl.Affine([[3.0]], [2.0])])
    found = node(READ + "return collapsed(network);", {"model": packed(net)})
    assert (found["W"], found["b"]) == ([12], [5])


def test_edits_have_addresses(node: Node) -> None:
    edits = [
        *EDITS,
        {"kind": "linear"},
        {"kind": "bias", "layer": 3, "neuron": 0, "value": -1.5e-21},
    ]
    code = "const words = editWords(data.edits); return [words, readEdits(words, 784)];"
    words, found = node(READ + code, {"edits": edits})
    assert found == edits
    assert words.startswith("b1.5:10;w2.5.3:-4.5;p1.2:") and words.endswith(
        ";o2.7;a1:ReLU;l;b3.0:-1.5e-21"
    )


@pytest.mark.parametrize(
    "words", ["b1.5", "b1.5:x", "w1.2:3", "b9.0:1", "o1.99", "a1:Softmax", "p1.2:!", "x1", ";;"]
)
def test_malformed_edits_change_nothing(node: Node, words: str) -> None:
    code = """const { layers } = edited(network, readEdits(data.words, 784));
    return layers.map((one) => JSON.stringify(one)).join();"""
    model = packed(pl.load(SHIPPED))
    assert node(READ + code, {"model": model, "words": words}) == node(
        READ + code, {"model": model, "words": "?"}
    )
