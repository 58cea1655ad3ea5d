"""A layer of one's own: fifteen lines, used and trained like pellucid's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import pellucid as pl
from pellucid.core.types import Array, Batch, Gradients
from tests.core.tools import central_differences, close


class PReLU(pl.Layer):
    """y = x where x > 0, else slope x; the slope is trained (He et al. 2015)."""

    slope = pl.Parameter[Array]()

    def __init__(self, slope: float = 0.25) -> None:
        self.slope = np.float32(slope)

    def forward(self, x: Batch, draws: pl.Draws | None = None) -> Batch:
        return np.where(x > 0, x, self.slope * x)

    def backward(self, p: pl.Pass, dy: Batch) -> Gradients:
        dslope = np.sum(dy * np.minimum(p.x, 0))
        return dy * np.where(p.x > 0, 1, self.slope), [dslope]


class Shift(pl.Layer):
    """y = x + a row of numbers: a parameter of shape (1, n), whose first axis is no width."""

    row = pl.Parameter[Array]()

    def __init__(self, row: Array) -> None:
        self.row = row

    def forward(self, x: Batch, draws: pl.Draws | None = None) -> Batch:
        return x + self.row

    def backward(self, p: pl.Pass, dy: Batch) -> Gradients:
        return dy, [dy.sum(axis=0, keepdims=True)]


def test_it_has_the_gradient_of_pytorch_and_of_differences(generator: np.random.Generator) -> None:
    [layer] = pl.Network([PReLU(0.3)]).astype("float64").layers
    assert isinstance(layer, PReLU)
    x, dy = generator.normal(size=(5, 3)), generator.normal(size=(5, 3))
    y = layer.forward(x)
    dx, grads = layer.backward(pl.Pass(x, y), dy)
    theirs, slope = (
        torch.tensor(x, requires_grad=True),
        torch.tensor([float(layer.slope)], dtype=torch.float64, requires_grad=True),
    )
    output = torch.nn.functional.prelu(theirs, slope)
    output.backward(torch.tensor(dy))
    close(y, output.detach().numpy(), 1e-12)
    assert dx is not None and theirs.grad is not None and slope.grad is not None
    close(dx, theirs.grad.numpy(), 1e-12)
    close(grads[0], slope.grad.numpy()[0], 1e-12)
    numeric = central_differences(lambda: float((layer.forward(x) * dy).sum()), layer.slope)
    close(grads[0], numeric, 1e-8)


@pytest.mark.parametrize("first", ["scalar", "row"])
def test_it_is_trained_wherever_it_is(first: str) -> None:
    x, t = pl.xor(n=200, seed=0)
    own = PReLU() if first == "scalar" else Shift(np.zeros((1, 2), np.float32))
    inner = pl.mlp([2, 8, 2], activation="tanh", output="softmax", seed=1)
    net = pl.Network([own, *inner.layers[:1], PReLU(), *inner.layers[2:]])
    before = [array.copy() for array in own.params]
    history = pl.train(net, x, t, epochs=40, optimizer=pl.Adam(0.02), progress=False)
    assert history["accuracy"][-1] > 0.9
    assert not np.array_equal(own.params[0], before[0])
    assert net.parameter_count == inner.parameter_count + own.params[0].size + 1
    assert net.copy().predict(x).tolist() == net.predict(x).tolist()
