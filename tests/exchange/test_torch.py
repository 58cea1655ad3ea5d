"""PyTorch.

Every layer there and back with the same bits, the same outputs, and the same training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import nn

import pellucid as pl
from pellucid.core import LAYERS
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.engines import make_engine
from pellucid.exchange import from_torch, to_torch
from pellucid.exchange.pytorch.equivalents import EQUIVALENTS
from tests.exchange.networks import CASES, affine, network_of, networks, rows_for
from tests.narrowing import instance
from tests.proving import examples

every_case = pytest.mark.parametrize(("name", "index"), CASES)


def outputs(module: nn.Module, x: Array) -> Array:
    with torch.no_grad():
        return module(torch.from_numpy(x)).numpy()


def close(ours: Array, theirs: Array, tolerance: float) -> None:
    assert (np.abs(ours - theirs) <= tolerance * np.maximum(1, np.abs(ours))).all()


def bits(net: pl.Network) -> list[bytes]:
    return [array.tobytes() for layer in net.layers for array in layer.arrays().values()]


def test_every_layer_of_core_has_its_module() -> None:
    assert set(EQUIVALENTS) == set(LAYERS.values()) == {LAYERS[name] for name, _ in CASES}


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_layer_there_and_back(name: str, index: int, dtype: type[Any]) -> None:
    net = network_of(name, index, dtype)
    module: Any = to_torch(net)
    assert not module.training
    x = rows_for(net)
    y = outputs(module, x)
    assert y.dtype == dtype
    close(net(x), y, 1e-5 if dtype is np.float32 else 1e-12)
    assert from_torch(module) == net


@settings(max_examples=examples(60), derandomize=True, deadline=None)
@given(networks(np.float32))
def test_random_architectures_there_and_back(net: Any) -> None:
    module: Any = to_torch(net)
    x = rows_for(net)
    close(net(x), outputs(module, x), 1e-5)
    back = from_torch(module)
    assert back == net
    assert bits(back) == bits(net)
    assert np.array_equal(back(x), net(x))


def without_dropout(layers: Iterable[Layer]) -> list[Layer]:
    """Return the layers with Dropout of rate 0: PyTorch draws masks of its own."""
    return [
        pl.Dropout(0.0)
        if isinstance(layer, pl.Dropout)
        else pl.Residual(without_dropout(layer.inner))
        if layer.inner
        else layer
        for layer in layers
    ]


@settings(max_examples=12, derandomize=True, deadline=None)
@given(
    networks(np.float64, tables=False)
)  # fewer draws, all of which train: some with a dead ReLU do not
def test_a_hundred_steps_together(net: Any) -> None:
    """Each program by itself, from the same weights over the same batches.

    SGD with momentum, and Adam.
    """
    layers = without_dropout(net.layers)
    if isinstance(layers[-1], (pl.Softmax, pl.Exponential)):
        # To the mean squared error of logits: the losses' pairs are compared elsewhere
        layers.pop()
    net = pl.Network(layers)
    x = rows_for(net, 48)
    t = np.random.default_rng(1).normal(size=net(x).shape)
    for optimizer, theirs_of in (
        (
            pl.SGD(0.02, momentum=0.9, clip_norm=1.0),
            lambda params: torch.optim.SGD(params, 0.02, momentum=0.9),
        ),
        (pl.Adam(0.002), lambda params: torch.optim.Adam(params, 0.002)),
    ):
        ours, module = net.copy(), to_torch(net).train()
        stepper = theirs_of(module.parameters())
        engine = make_engine(ours.layers, pl.MeanSquaredError(), optimizer)
        for step in range(100):
            rows = np.arange(step * 16, step * 16 + 16) % 48
            engine.train_step(x, t, rows=rows)
            stepper.zero_grad()
            nn.functional.mse_loss(
                module(torch.from_numpy(x[rows])), torch.from_numpy(t[rows])
            ).backward()
            if optimizer.clip_norm:
                nn.utils.clip_grad_norm_(module.parameters(), optimizer.clip_norm)
            stepper.step()
        theirs = from_torch(module)
        assert not np.array_equal(ours.params[0], net.params[0])
        for a, b in zip(ours.layers, theirs.layers, strict=True):
            for array, other in zip(a.arrays().values(), b.arrays().values(), strict=True):
                close(array, other, 1e-9)


@pytest.mark.parametrize("engine", ["reference", "native"])
@pytest.mark.parametrize(
    ("optimizer", "theirs_of"),
    [
        (pl.SGD(0.5, momentum=0.9), lambda params: torch.optim.SGD(params, 0.5, momentum=0.9)),
        (pl.Adam(0.01), lambda params: torch.optim.Adam(params, 0.01)),
    ],
    ids=["SGD", "Adam"],
)
def test_the_seeds_network_trains_alike_on_digits(
    engine: str, optimizer: pl.Optimizer, theirs_of: Callable[..., Any]
) -> None:
    net = pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid", pixels=True, seed=1, dtype="float64")
    module: Any = to_torch(net).train()
    part = pl.mnist().train
    x, t = part.images[:3200].copy(), np.eye(10)[part.labels[:3200]]
    stepper = theirs_of(module.parameters())
    trainer = make_engine(net.layers, pl.BinaryCrossEntropy(), optimizer, engine=engine)
    for step in range(100):
        rows = slice(step * 32, step * 32 + 32)
        loss, _ = trainer.train_step(x[rows], t[rows])
        stepper.zero_grad()
        sums = module[:-1](torch.from_numpy(x[rows]))
        theirs = nn.functional.binary_cross_entropy_with_logits(sums, torch.from_numpy(t[rows]))
        theirs.backward()
        stepper.step()
    assert abs(loss - theirs.item()) < 1e-9
    for a, b in zip(net.params, from_torch(module).params, strict=True):
        close(a, b, 1e-9)


def test_modules_are_ordinary_and_weights_transposed() -> None:
    net = pl.mlp([5, 4, 3], "gelu", "softmax", normalization="batch", dropout=0.25)
    module: Any = to_torch(net)
    assert [type(each) for each in module] == [
        nn.Linear,
        nn.BatchNorm1d,
        nn.GELU,
        nn.Dropout,
        nn.Linear,
        nn.Softmax,
    ]
    assert module[0].weight.shape == (4, 5)
    assert module[0].weight.is_contiguous()
    assert module[0].bias is None  # a bias below BatchNorm would drift
    assert (module[3].p, module[5].dim) == (0.25, 1)
    assert np.array_equal(module[4].weight.detach(), instance(pl.Affine, net.layers[4]).W.T)


def test_nothing_is_shared() -> None:
    net = pl.mlp([3, 2], "relu")
    module: Any = to_torch(net)
    back = from_torch(module)
    with torch.no_grad():
        module[0].weight.fill_(7)
    assert not (instance(pl.Affine, net.layers[0]).W == 7).any()
    assert not (instance(pl.Affine, back.layers[0]).W == 7).any()
    instance(pl.Affine, net.layers[0]).W[...] = 5
    assert (module[0].weight == 7).all()


def test_pytorchs_generator_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    to_torch(pl.mlp([30, 20, 10]))
    assert torch.equal(torch.rand(4), expected)


def test_names_of_the_state_dict() -> None:
    net = pl.mlp([2, 4, 3], "sigmoid")
    module: Any = to_torch(net, names=["hidden", "act", "out"])
    assert list(module.state_dict()) == ["hidden.weight", "hidden.bias", "out.weight", "out.bias"]
    assert from_torch(module) == net
    mistakes: tuple[Any, ...] = (
        ["a", "b"],
        ["a", "b", "a"],
        ["a.b", "c", "d"],
        ["", "b", "c"],
        [1, 2, 3],
        "abcd",
    )
    for names in mistakes:
        with pytest.raises(pl.InputError, match="names must be 3 different ones"):
            to_torch(net, names=names)


def test_what_is_frozen_stays_so(generator: np.random.Generator) -> None:
    net = pl.Network(
        [
            affine(generator, 4, 5, False),
            pl.BatchNorm(np.ones(5)),
            pl.ReLU(),
            affine(generator, 5, 2),
        ]
    )
    net.freeze(0, 1)
    module: Any = to_torch(net).train()
    assert [parameter.requires_grad for parameter in module.parameters()] == [False] * 3 + [
        True
    ] * 2
    statistics = module[1].running_mean.clone()
    module(torch.randn(20, 4, dtype=torch.float64))
    assert torch.equal(module[1].running_mean, statistics)
    back = from_torch(module)
    assert [layer.frozen for layer in back.layers] == [True, True, False, False]
    outer = pl.Network([pl.Residual([affine(generator, 3, 3)])])
    outer.freeze(0)
    assert not any(parameter.requires_grad for parameter in to_torch(outer).parameters())


def test_training_there_comes_back(generator: np.random.Generator) -> None:
    net = pl.mlp([3, 4, 2], "tanh", normalization="batch", dtype="float64")
    module: Any = to_torch(net).train()
    x = generator.normal(size=(20, 3))
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    nn.functional.cross_entropy(
        module(torch.from_numpy(x)), torch.zeros(20, dtype=torch.long)
    ).backward()
    optimizer.step()
    back = from_torch(module)
    assert back != net
    ours, theirs = (instance(pl.BatchNorm, each.layers[1]) for each in (net, back))
    assert not np.array_equal(theirs.running_mean, ours.running_mean)
    close(back(x), outputs(module.eval(), x), 1e-12)


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(
            nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(4, 2, bias=False)))
        ),
        nn.Sequential(nn.BatchNorm1d(3, affine=False), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4, elementwise_affine=False), nn.Tanh()),
        nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4, bias=False), nn.Softmax(dim=-1)),
        nn.Sequential(nn.LayerNorm(3, elementwise_affine=False), nn.Linear(3, 2)).double(),
        nn.Sequential(
            nn.Linear(3, 2), nn.Softplus(), nn.LeakyReLU(0.2), nn.GELU("tanh"), nn.Dropout(0.1)
        ),
        nn.Linear(3, 2),
        nn.Sequential(nn.Flatten(), nn.Identity(), nn.Linear(3, 1), nn.SiLU()),
        nn.Sequential(nn.Linear(3, 3), activation := nn.ReLU(), nn.Linear(3, 2), activation),
    ],
    ids=str,
)
def test_modules_that_others_made(module: Any) -> None:
    x = torch.randn(12, 3, dtype=next(module.parameters()).dtype)
    module.train()(x)
    net = from_torch(module, classes=None)
    close(net(x.numpy()), outputs(module.eval(), x.numpy()), 1e-6)
    assert [type(layer).__name__ for layer in net.layers].count("ReLU") == str(module).count(
        "ReLU()"
    )


def test_half_precision_becomes_float32() -> None:
    module: Any = nn.Sequential(nn.Linear(3, 2)).to(torch.bfloat16)
    net = from_torch(module)
    assert net.dtype == np.float32
    assert np.array_equal(
        instance(pl.Affine, net.layers[0]).W, module[0].weight.detach().float().numpy().T
    )


def test_numbers_that_are_not_finite() -> None:
    net = pl.Network([pl.Affine([[np.nan, np.inf]])])
    module: Any = to_torch(net)
    assert np.array_equal(
        module[0].weight.detach().numpy().T, instance(pl.Affine, net.layers[0]).W, equal_nan=True
    )
    with pytest.raises(pl.InputError, match=r"module 0 \(Linear\).* hold NaN or infinity"):
        from_torch(module)


def half_frozen() -> nn.Module:
    module = nn.Linear(2, 2)
    module.bias.requires_grad_(False)
    return module


MISTAKES: dict[str, Any] = {
    r"module 1 \(Conv1d\) is not supported: supported are Sequential, Linear": nn.Sequential(
        nn.Flatten(), nn.Conv1d(1, 1, 1)
    ),
    r"module 0.1 \(Softmax\).*only dim=1": nn.Sequential(
        nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=0))
    ),
    r"\(LogSoftmax\).*only dim=1": nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(0)),
    r"\(Flatten\).*start_dim=1": nn.Sequential(nn.Flatten(0)),
    r"\(Softplus\).*only beta=1": nn.Sequential(nn.Softplus(beta=2)),
    r"\(BatchNorm1d\).*track_running_stats=False": nn.Sequential(
        nn.BatchNorm1d(2, track_running_stats=False)
    ),
    r"\(BatchNorm1d\).*momentum=None": nn.Sequential(nn.BatchNorm1d(2, momentum=None)),
    r"\(LayerNorm\).*normalized_shape=\(H,\)": nn.Sequential(nn.LayerNorm((2, 2))),
    r"\(Dropout\).*rate must be in \[0, 1\)": nn.Sequential(nn.Dropout(1.0)),
    r"\(LazyLinear\)": nn.Sequential(nn.LazyLinear(2)),
    r"\(Linear\).*complex64": nn.Sequential(nn.Linear(2, 2, dtype=torch.complex64)),
    r"this Linear .*expected plain": nn.Linear(2, 2, device="meta"),
    r"freeze all of them or none": nn.Sequential(half_frozen()),
    r"expected a PyTorch module, got str": "model.pt",
    r"float32 and float64": nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double()),
    r"module 1: Affine expects 3 inputs": nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 2)),
}


@pytest.mark.parametrize("message", MISTAKES)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_modules_without_a_layer_are_named(message: str) -> None:
    with pytest.raises(pl.InputError, match=message):
        from_torch(MISTAKES[message])


def test_layers_of_ones_own_have_no_module() -> None:
    class Mine(pl.Sigmoid):
        pass

    class Doubling(pl.Layer):
        def forward(self, x: Array, learning: Draws | None = None) -> Array:
            return 2 * x

    for layer in (Mine(), Doubling()):
        with pytest.raises(pl.InputError, match=f"no module for the layer {type(layer).__name__}"):
            to_torch(pl.Network([layer]))


def test_bytes_go_in_as_they_are() -> None:
    net = pl.mlp([784, 8, 3], pixels=True, dtype="float64")
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    close(net(images), outputs(to_torch(net), images), 1e-12)
