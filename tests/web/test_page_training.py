"""The page's own trainer against Python's: random numbers, data sets, initial weights, and whole
trainings in float64 by the reference engine, from the same seeds.
"""

import base64
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.draws import epoch_order, split_order
from pellucid.training.sample_checks import Samples, split
from pellucid.web.parts import model_bytes
from tests.web.gaussians import gaussians
from tests.web.kinds import Node

CLOSE = 1e-6  # what the page promises; most numbers below agree to 1e-12
DATA_SETS = {
    "moons": pl.moons,
    "circles": pl.circles,
    "spirals": pl.spirals,
    "xor": pl.xor,
    "gaussians": gaussians,
}
NOISE = {"moons": 0.1, "circles": 0.05, "spirals": 0.02, "xor": 0.1, "gaussians": 0.5}
HIDDEN = (
    *("sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu", "softplus", "elu", "selu"),
    *("prelu", "mish", "hardswish", "identity"),
)

DRAW = """
import { Generator, epochOrder, splitOrder } from "./network/random.js";

const generator = new Generator(data.seed);
const draw = (name, n) => Array.from({ length: n }, () => generator[name]());
return [generator.permutation(51), draw("random", 9), generator.permutation(2),
  draw("standardNormal", 4000), generator.uniform(-2, 3), epochOrder(data.seed, 4, 1000),
  splitOrder(data.seed, 77)];
"""
POINTS = """
import { drawPoints, split } from "./network/datasets.js";

const { x, t } = drawPoints(data.name, data.n, data.noise, data.seed);
return { x, t, ...split(t, data.share, data.seed) };
"""
TRAIN = """
import { drawPoints, pick, split } from "./network/datasets.js";
import { mlp } from "./network/build.js";
import { Network } from "./network/network.js";
import { Run } from "./network/train.js";

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
const network = data.model ? Network.read(bytes(data.model))
  : mlp([2, ...data.hidden, 1], data.activation, "sigmoid", data.seed);
const all = data.x ? { x: Float64Array.from(data.x.flat()), t: Int32Array.from(data.t) }
  : drawPoints(data.name, 200, data.noise, data.seed);
const { kept, held } = split(all.t, data.share, data.seed);
const run = new Run(network, pick(all, kept), held.length ? pick(all, held) : null,
  data.optimizer, data);
for (let epoch = 0; epoch < data.epochs; epoch++) run.trainEpoch();
const arrays = run.parameters.map(({ data }) => data);
return { arrays, records: run.records, diverged: run.diverged };
"""


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_random_numbers_are_those_of_numpy_and_pellucid(node: Node, seed: int) -> None:
    generator = np.random.default_rng(seed)
    expected: list[Any] = [
        generator.permutation(51),
        generator.random(9),
        generator.permutation(2),
        generator.standard_normal(4000),  # about one comes from the tail
        generator.uniform(-2, 3),
        epoch_order(seed, 4, 1000),
        split_order(seed, 77),
    ]
    found = node(DRAW, {"seed": seed})
    for ours, numpy in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, numpy, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("n", "share", "seed"), [(200, 0.3, 0), (21, 0.5, 3), (50, 0.25, 9)])
@pytest.mark.parametrize("name", DATA_SETS)
def test_points_are_those_of_python(node: Node, name: str, n: int, share: float, seed: int) -> None:
    x, t = DATA_SETS[name](n, NOISE[name], seed)
    found = node(POINTS, {"name": name, "n": n, "noise": NOISE[name], "seed": seed, "share": share})
    np.testing.assert_allclose(np.reshape(found["x"], (n, 2)), x, rtol=0, atol=1e-7)
    assert found["t"] == t.tolist()
    numbered = Samples(np.arange(n), t, None)
    kept, held = split(numbered, share, seed, stratified=True)
    assert (found["kept"], found["held"]) == (kept.x.tolist(), held.x.tolist())


def trained(
    name: str, hidden: list[int], activation: str, optimizer: pl.Optimizer, **settings: Any
) -> tuple[pl.Network, pl.History]:
    """Train as the playground says that Python does."""
    seed = settings["seed"]
    x, t = DATA_SETS[name](200, NOISE[name], seed)
    net = pl.mlp([2, *hidden, 1], activation, "sigmoid", seed=seed, dtype="float64")
    history = pl.train(
        net, x, t, optimizer=optimizer, engine="reference", progress=False, **settings
    )
    return net, history


def compare(found: Any, net: pl.Network, history: pl.History) -> None:
    """Hold weights and every epoch's record against Python's."""
    for ours, python in zip(found["arrays"], net.params, strict=True):
        np.testing.assert_allclose(ours, python.ravel(), rtol=CLOSE, atol=CLOSE)
    for ours, record in zip(found["records"], history.records, strict=True):
        for column, value in ours.items():
            if value is not None:  # NaN, where nothing is held out
                np.testing.assert_allclose(value, record[column], rtol=CLOSE, atol=CLOSE)


OPTIMIZERS = {
    "sgd": (pl.SGD(0.3), {"name": "sgd", "learningRate": 0.3}),
    "momentum": (
        pl.SGD(0.1, momentum=0.9, l1=0.001),
        {"name": "sgd", "learningRate": 0.1, "momentum": 0.9, "l1": 0.001},
    ),
    "adam": (
        pl.Adam(0.02, l2=0.001, weight_decay=0.1),
        {"name": "adam", "learningRate": 0.02, "l2": 0.001, "decay": 0.1},
    ),
    "rmsprop": (pl.RMSprop(0.01), {"name": "rmsprop", "learningRate": 0.01}),
    "adagrad": (pl.Adagrad(0.1), {"name": "adagrad", "learningRate": 0.1}),
}


@pytest.mark.parametrize("name", DATA_SETS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_training_gives_the_numbers_of_python(node: Node, name: str, optimizer: str) -> None:
    python, ours = OPTIMIZERS[optimizer]
    settings = {"epochs": 40, "seed": 3}
    net, history = trained(name, [6, 4], "tanh", python, batch_size=12, validation=0.3, **settings)
    data = {"name": name, "noise": NOISE[name], "hidden": [6, 4], "activation": "tanh"}
    found = node(TRAIN, {**data, "optimizer": ours, "batchSize": 12, "share": 0.3, **settings})
    compare(found, net, history)


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_activation_trains_as_in_python(node: Node, activation: str) -> None:
    settings = {"epochs": 20, "seed": 1}
    net, history = trained("moons", [5, 5], activation, pl.SGD(0.1), batch_size=10, **settings)
    data = {"name": "moons", "noise": 0.1, "hidden": [5, 5], "activation": activation}
    ours = OPTIMIZERS["sgd"][1] | {"learningRate": 0.1}
    found = node(TRAIN, {**data, "optimizer": ours, "batchSize": 10, "share": 0, **settings})
    compare(found, net, history)


@pytest.mark.parametrize("hidden", [[], [8] * 6], ids=["no hidden layer", "six hidden layers"])
def test_every_depth_trains_as_in_python(node: Node, hidden: list[int]) -> None:
    settings = {"epochs": 20, "seed": 2}
    net, history = trained("circles", hidden, "tanh", pl.Adam(0.01), batch_size=32, **settings)
    data = {"name": "circles", "noise": 0.05, "hidden": hidden, "activation": "tanh"}
    ours = {"name": "adam", "learningRate": 0.01}
    found = node(TRAIN, {**data, "optimizer": ours, "batchSize": 32, "share": 0, **settings})
    compare(found, net, history)


def test_digits_train_as_in_python(node: Node) -> None:
    generator = np.random.default_rng(4)
    x = generator.integers(0, 256, (60, 784), np.uint8)
    t = generator.integers(0, 10, 60)
    net = pl.mlp([784, 6, 10], "sigmoid", "sigmoid", pixels=True, seed=5, dtype="float64")
    model = base64.b64encode(model_bytes(net)).decode()
    optimizer = pl.SGD(0.5, momentum=0.9)
    settings: dict[str, Any] = {"epochs": 3, "seed": 8}
    history = pl.train(
        net, x, t, optimizer=optimizer, batch_size=16, validation=0.2, engine="reference",
        progress=False, **settings,
    )  # fmt: skip
    ours = {"name": "sgd", "learningRate": 0.5, "momentum": 0.9}
    data = {"model": model, "x": x.tolist(), "t": t.tolist(), "share": 0.2}
    compare(node(TRAIN, {**data, "optimizer": ours, "batchSize": 16, **settings}), net, history)


def test_a_training_that_diverges_returns_to_the_last_good_epoch(node: Node) -> None:
    data = {"name": "moons", "noise": 0.1, "hidden": [4], "activation": "relu", "share": 0}
    ours = {"name": "sgd", "learningRate": 1e150}
    settings = {"batchSize": 50, "epochs": 30, "seed": 0}
    found = node(TRAIN, {**data, "optimizer": ours, **settings})
    assert found["diverged"] and len(found["records"]) < 30
    assert np.isfinite(np.concatenate(found["arrays"])).all()


CONTINUE = """
import { drawPoints } from "./network/datasets.js";
import { mlp } from "./network/build.js";
import { Run } from "./network/train.js";

const made = () => new Run(mlp([2, 4, 1], "tanh", "sigmoid", 0), drawPoints("xor", 50, 0.1, 0),
  null, { name: "adam", learningRate: 0.05 }, { batchSize: 8, seed: 0 });
const [whole, other] = [made(), made()];
for (let batch = 0; batch < 31; batch++) whole.trainBatch();
const there = whole.snapshot();
for (let batch = 0; batch < 40; batch++) whole.trainBatch();
other.restore(there);
for (let batch = 0; batch < 40; batch++) other.trainBatch();
return [whole, other].map((run) => [run.parameters.map(({ data }) => data), run.records]);
"""


def test_a_training_goes_on_from_a_snapshot_with_the_same_bits(node: Node) -> None:
    whole, other = node(CONTINUE)
    assert whole == other


def test_a_layer_that_acts_otherwise_in_training_is_named(node: Node) -> None:
    code = (
        'import { obstacle } from "./network/batches.js";\n'
        'import { Network } from "./network/network.js";\n\n'
        "return data.map((text) => obstacle(Network.read(Uint8Array.from(atob(text), "
        "(letter) => letter.charCodeAt(0)).buffer).layers));"
    )
    nets = [
        pl.mlp([2, 3, 1], output="sigmoid"),
        pl.mlp([2, 3, 1], dropout=0.5),
        pl.Network([pl.Residual([pl.BatchNorm(np.ones(2, np.float32))])]),
    ]
    models = [base64.b64encode(model_bytes(net)).decode() for net in nets]
    assert node(code, models) == [None, "Dropout", "BatchNorm"]
