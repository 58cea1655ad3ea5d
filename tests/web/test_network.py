"""The page's arithmetic against Python's, in float64 on the same weights.

Every layer, every gradient.
"""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import LAYERS
from pellucid.core.chain import backward, loss_depth
from pellucid.core.erf import erfc
from pellucid.core.layer import walk
from pellucid.core.losses import LOSSES
from pellucid.core.types import Array
from pellucid.lens.neurons import neuron_layers
from pellucid.web import SHIPPED
from pellucid.web.parts import model_bytes
from tests.web.kinds import Node, bias

ANSWER = """
import { Network } from "./network/network.js";

const network = Network.read(Uint8Array.from(atob(data.model), (c) => c.charCodeAt(0)).buffer);
return data.x.map((x, i) => {
  const pass = network.forward(x);
  const { loss, dx, grads } = network.backward(pass, data.t[i], data.loss);
  return { trace: pass.trace, loss, dx, grads: grads.flatMap((own) => Object.values(own)),
    answer: network.choose(pass.y), confidence: network.confidence(pass.y),
    parameters: network.parameterCount, places: network.neuronLayers };
});
"""


def compare(node: Node, net: pl.Network, x: Array, t: Any, loss: str) -> None:
    """Hold traces, loss and all gradients of every row against the float64 reference."""
    exact = net.astype("float64")
    model = base64.b64encode(model_bytes(net)).decode()
    found = node(
        ANSWER, {"model": model, "x": x.tolist(), "t": np.asarray(t).tolist(), "loss": loss}
    )
    function = LOSSES[loss]()
    for row, target, got in zip(x, t, found, strict=True):
        trace = exact.forward(row[None].astype(np.float64))
        depth = loss_depth(exact.layers, function)
        z, targets = trace.input_of(depth), np.asarray(target)[None]
        dx, grads = backward(exact.layers[:depth], trace, function.gradient(z, targets))
        for layer, ours in zip(trace, got["trace"], strict=True):
            np.testing.assert_allclose(ours, layer.ravel(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(got["loss"], function.value(z, targets), rtol=1e-10)
        assert dx is not None
        np.testing.assert_allclose(got["dx"], dx.ravel(), rtol=1e-9, atol=1e-12)
        for grad, ours in zip(grads, got["grads"], strict=True):
            np.testing.assert_allclose(ours, grad.ravel(), rtol=1e-9, atol=1e-12)
        assert got["answer"] == exact.choose(trace.y)[0]
        np.testing.assert_allclose(got["confidence"], exact.confidence(trace.y)[0], rtol=1e-10)
        assert got["parameters"] == net.parameter_count
        places = [
            (place["number"], place["size"], place["first"], place["stop"])
            for place in got["places"]
        ]
        assert places == [
            (place.number, place.size, place.first, place.stop) for place in neuron_layers(net)
        ]


def test_digits(node: Node) -> None:
    """Ten digits through the network that comes with pellucid."""
    test = pl.mnist().test
    compare(
        node,
        pl.load(SHIPPED),
        test.images[:10].reshape(10, 784),
        test.labels[:10].astype(int),
        "binary_cross_entropy",
    )


@pytest.mark.parametrize("activation", sorted({*pl.ACTIVATIONS} - {"softmax", "log_softmax"}))
def test_activations(node: Node, activation: str, generator: np.random.Generator) -> None:
    net = pl.mlp([5, 7, 6, 3], activation=activation, output="softmax", seed=1)
    compare(node, net, generator.normal(0, 2, (4, 5)), [0, 1, 2, 1], "cross_entropy")


def test_every_layer(node: Node, generator: np.random.Generator) -> None:
    """One network with every layer there is; a new one is an error here until the page knows it."""
    D = 6
    norm = pl.BatchNorm(generator.uniform(0.5, 2, D), generator.normal(size=D))
    norm.running_mean, norm.running_variance = (
        generator.normal(size=D),
        generator.uniform(0.5, 2, D),
    )
    embedding = pl.PeriodicEmbedding.draw(
        [0, 1, 0, 1, 1, 0], generator, waves=4, size=2, dtype=np.float64
    )
    categories = pl.CategoryEmbedding.draw(
        [0, 3, 0, 0, 2, *[0] * 7], generator, size=2, std=1.0, dtype=np.float64
    )
    layers = [
        *(
            pl.Flatten(),
            pl.Scale(0.3),
            pl.Standardize(generator.normal(size=D), generator.uniform(0.5, 2, D)),
        ),
        *(pl.SmoothClip(2.0), embedding, categories, pl.Affine(generator.normal(size=(14, D)))),
        *(
            pl.Affine(generator.normal(size=(D, D)), generator.normal(size=D)),
            norm,
            pl.SiLU(),
            pl.Dropout(0.5),
        ),
        *(
            pl.Residual([pl.Affine(generator.normal(size=(D, D))), pl.Tanh()]),
            pl.Concatenate([pl.Affine(generator.normal(size=(D, 2))), pl.Tanh()]),
            pl.Concatenate(
                [pl.Affine(generator.normal(size=(D + 2, 3)))],
                [pl.Tanh(), pl.Affine(generator.normal(size=(D + 2, 4)))],
            ),
            pl.Residual(
                [pl.Affine(generator.normal(size=(7, D)))],
                [pl.Affine(generator.normal(size=(7, D)), generator.normal(size=D))],
            ),
            pl.LayerNorm(generator.uniform(1, 2, D)),
        ),
        *(
            pl.LeakyReLU(0.2),
            pl.GELU(),
            pl.GELU("tanh"),
            pl.Softplus(),
            pl.Identity(),
            pl.ReLU(),
            pl.Exponential(),
            *(pl.ELU(0.7), pl.SELU(), pl.Mish(), pl.Hardswish(), pl.LogSoftmax()),
            *(pl.PReLU(np.array([0.3])), pl.PReLU(generator.normal(size=D))),
        ),
        *(
            pl.Sigmoid(),
            pl.Affine(generator.normal(size=(D, 4)), generator.normal(size=4)),
            pl.Softmax(),
        ),
    ]
    net = pl.Network(layers)
    assert {type(layer).__name__ for layer in walk(layers)} == set(LAYERS) - {
        "Members"
    }  # test_members.py
    compare(node, net, generator.normal(size=(3, D)), [0, 3, 1], "cross_entropy")


def test_log_probabilities(node: Node, generator: np.random.Generator) -> None:
    """Cross-entropy replaces LogSoftmax, and a confidence is a probability."""
    net = pl.mlp([5, 7, 3], activation="prelu", output="log_softmax", seed=1)
    compare(node, net, generator.normal(0, 2, (4, 5)), [0, 1, 2, 1], "cross_entropy")


def test_values(node: Node, generator: np.random.Generator) -> None:
    net = pl.mlp([3, 8, 2], activation="tanh", output="identity", seed=2)
    compare(
        node,
        net,
        generator.normal(size=(3, 3)),
        generator.normal(size=(3, 2)),
        "mean_squared_error",
    )


def test_error_function(node: Node) -> None:
    x = np.concatenate([np.linspace(-6, 6, 401), [-30, 30, 0.46875, 4.0]])
    code = 'import { erfc } from "./network/functions.js";\n\nreturn data.map(erfc);'
    np.testing.assert_allclose(node(code, x.tolist()), erfc(x), rtol=1e-13, atol=1e-300)


def test_the_file_is_written_as_it_was_read(node: Node, tmp_path: Path) -> None:
    """Changed in the page and saved, a network is one that Python loads, with the change and
    nothing else.
    """
    code = """
    import { Network } from "./network/network.js";

    const network = Network.read(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer).copy();
    network.layers[2].arrays.b.data[5] = -10;
    return network.toBytes();"""
    net = pl.load(SHIPPED)
    path = tmp_path / "changed.safetensors"
    path.write_bytes(bytes(node(code, base64.b64encode(SHIPPED.read_bytes()).decode())))
    changed = pl.load(path)
    assert changed != net
    bias(net, 2)[5] = -10
    assert changed == net
    assert (
        changed.record == net.record
        and changed.classes == net.classes
        and changed.inputs == net.inputs
    )


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 64, SHIPPED.read_bytes()[:30_000]])
def test_damaged_files_are_refused(node: Node, content: bytes) -> None:
    code = """
    import { Network } from "./network/network.js";

    try {
      Network.read(Uint8Array.from(data).buffer);
      return "read";
    } catch (error) {
      return error.name;
    }"""
    assert node(code, list(content)) in ("Error", "SyntaxError", "RangeError")


@pytest.mark.soak  # a busy machine decides no gate
def test_speed(node: Node) -> None:
    """One pass of 784-16-16-10 takes far less than a millisecond: a frame has room for the rest."""
    code = """
    import { Network } from "./network/network.js";

    const network = Network.read(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
    const x = new Float64Array(784).fill(200);
    const times = [];
    for (let i = 0; i < 300; i++) {
      const start = performance.now();
      network.forward(x);
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[150];"""
    assert node(code, base64.b64encode(SHIPPED.read_bytes()).decode()) < 1
