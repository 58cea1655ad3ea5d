"""The proof that all programs compute the same.

It holds for every layer, and sees every difference.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings

import pellucid as pl
from pellucid.engines.native import NativeEngine
from pellucid.exchange import verify
from pellucid.exchange.pytorch import to_module
from pellucid.exchange.verification import programs
from pellucid.exchange.verification.agreement import Verification
from pellucid.exchange.verification.samples import drawn_rows
from tests.exchange.networks import CASES, network_of, networks, rows_for


def lines(found: Verification, dtype: str = "float64") -> Any:
    check = next(check for check in found.checks if check.dtype == dtype)
    return {(line.what, line.name): line for line in check.lines}


# The other examples of a layer differ from its first in shapes and options.
EXAMPLES = [
    pytest.param(name, index, marks=[pytest.mark.integration] if index else [])
    for name, index in CASES
]


@pytest.mark.parametrize(("name", "index"), EXAMPLES)
def test_every_layer_is_the_same_everywhere(name: str, index: int) -> None:
    net = network_of(name, index, np.float32)
    before = net.copy()
    found = verify(net, rows_for(net, 40), steps=20)
    assert found.same
    assert [check.dtype for check in found.checks] == ["float64", "float32"]
    assert all(check.absent == {} for check in found.checks)
    assert net == before
    expected = {"output", "loss", "gradient", "weights"} | (
        {"statistics"} if name == "BatchNorm" else set()
    )
    assert {what for what, _ in lines(found)} == expected
    for check in found.checks:
        for line in check.lines:
            assert (line.gaps["PyTorch"] is None, line.gaps["ONNX Runtime"] is None) == (
                False,
                line.what != "output",
            )


@settings(max_examples=8, derandomize=True, deadline=None)
@given(networks(np.float64))
def test_random_architectures_are_the_same_everywhere(net: Any) -> None:
    assert verify(net, steps=30).same


def test_drawn_rows_hold_indices_of_categories(generator: np.random.Generator) -> None:
    table = {
        "shop": [f"shop {k % 200}" for k in range(400)],
        "price": generator.normal(5000, 100, 400).tolist(),
        "t": generator.normal(size=400).tolist(),
    }
    net = pl.table_mlp(pl.Columns.of(table, target="t"), [4], seed=0)
    assert isinstance(net.layers[0], pl.CategoryEmbedding)
    rows, _ = drawn_rows(net, 1_000, generator)
    # 200 shops and index 0 for others; numbers are about the mean of training.
    assert set(rows[:, 0]) <= set(range(201)) and len(set(rows[:, 0])) > 150
    assert abs(net.forward(rows)[1][:, 0].mean()) < 0.2
    assert verify(net, steps=5).same


def test_the_seeds_networks_after_a_hundred_steps() -> None:
    for net in (pl.mlp([2, 4, 3], "sigmoid"), pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid")):
        found = verify(net)
        assert found.same
        for optimizer in ("SGD", "Adam"):
            assert lines(found)["weights", optimizer].gaps["PyTorch"] < 1e-9


def test_the_report() -> None:
    found = verify(pl.mlp([4, 3, 2], "relu", "softmax", dropout=0.5, seed=1), steps=3)
    assert (found.rows, found.batch, found.steps, found.loss, found.dropout) == (
        256,
        32,
        3,
        "CrossEntropy",
        True,
    )
    report = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert report["same"] is True
    names = [(line["what"], line["name"]) for line in report["checks"][0]["lines"]]
    assert names == [
        *(
            ("output", name)
            for name in ("0 Affine", "1 ReLU", "2 Dropout", "3 Affine", "4 Softmax")
        ),
        ("loss", ""),
        *(("gradient", name) for name in ("0.W", "0.b", "3.W", "3.b")),
        *(("weights", name) for name in ("SGD", "Adam")),
    ]


@pytest.mark.parametrize("end", ["softmax", "sigmoid", "exponential", "identity", "tanh"])
@pytest.mark.parametrize("K", [1, 3])
def test_every_end_has_its_loss(end: str, K: int) -> None:
    layers = pl.mlp([4, 3, K], "tanh").layers
    found = verify(pl.Network([*layers, pl.ACTIVATIONS[end]()]), steps=5)
    assert found.same
    losses = {"softmax": "CrossEntropy", "sigmoid": "BinaryCrossEntropy", "exponential": "Poisson"}
    assert found.loss == losses.get(end, "MeanSquaredError")


def test_rows_and_targets_of_ones_own(generator: np.random.Generator) -> None:
    net = pl.mlp([4, 5, 3], "tanh", "softmax")
    x = generator.normal(size=(20, 4))
    assert verify(net, x, generator.integers(0, 3, 20), steps=5).same
    assert verify(net, x.astype(np.float32).tolist(), steps=5).rows == 20
    read_only = x.copy()
    read_only.flags.writeable = False
    assert verify(net, read_only, steps=0).same
    images = pl.mlp([784, 5, 3], "tanh", pixels=True)
    assert verify(images, pl.mnist().test.images[:10], steps=2).same
    assert verify(images, pl.mnist().test.images[:10].astype(float), steps=2).same


def test_answers_in_large_units_do_not_diverge(generator: np.random.Generator) -> None:
    table = {"a": generator.normal(size=50), "price": 1e6 + 1e5 * generator.normal(size=50)}
    net = pl.table_mlp(pl.Columns.of(table, target="price"), hidden=[8])
    assert verify(net).same


def test_mistakes(generator: np.random.Generator) -> None:
    net = pl.mlp([4, 3], "tanh")
    with pytest.raises(pl.InputError, match="nothing can be compared"):
        verify(pl.Network([]))
    with pytest.raises(pl.InputError, match="how many inputs"):
        verify(pl.Network([pl.Sigmoid()]))
    with pytest.raises(pl.InputError, match="expected 4 numbers"):
        verify(net, np.ones((3, 5)))
    with pytest.raises(pl.InputError, match="no rows"):
        verify(net, np.ones((0, 4)))
    with pytest.raises(pl.InputError, match="loss of these rows is not finite"):
        verify(pl.Network([*net.layers, pl.Exponential()]), np.full((3, 4), 1e6))
    images = pl.mlp([4, 3], pixels=True)
    with pytest.raises(pl.InputError, match="whole numbers from 0 to 255"):
        verify(images, np.full((3, 4), 300))
    with pytest.raises(pl.InputError, match="pass bytes"):
        verify(images, np.full((3, 4), 0.5))


def test_nothing_is_compared_where_results_are_not_finite() -> None:
    """Infinity equals infinity everywhere: such an agreement proves nothing."""
    net = pl.mlp([4, 3, 2], "sigmoid", "softmax", seed=0)
    for array in net.params:
        array[...] = 3e38
    with pytest.raises(pl.InputError, match=r"layer 0 \(Affine\) holds NaN or infinity in float32"):
        verify(net, np.ones((5, 4)), steps=3)
    with pytest.raises(pl.InputError, match="no drawn rows give finite outputs"):
        verify(net, steps=3)
    double = pl.mlp([4, 3, 2], "sigmoid", "softmax", dtype="float64", seed=0)
    double.params[0][...] = 1e308
    with pytest.raises(pl.InputError, match=r"layer 0 \(Affine\) holds NaN or infinity in float64"):
        verify(double, np.ones((5, 4)), steps=3)


@pytest.mark.parametrize("deep", [20, 60])
def test_nesting_too_deep_is_an_error(deep: int) -> None:
    layer: pl.Layer = pl.Affine(np.eye(2) / 4)
    for _ in range(deep):
        layer = pl.Residual([layer])
    try:
        assert verify(pl.Network([layer]), steps=0).same
    except pl.InputError as error:
        assert "nested too deep" in str(error)


# It sees every difference


def far(found: Verification) -> set[tuple[str, str]]:
    return {
        (line.what, line.name) for check in found.checks for line in check.lines if not line.same
    }


def test_a_wrong_weight_in_pytorch_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = to_module.to_torch

    def wrong(net: Any) -> Any:
        module: Any = right(net)
        with torch.no_grad():
            module[2].weight[0, 1] += 1e-6
        return module

    monkeypatch.setattr(to_module, "to_torch", wrong)
    found = verify(pl.mlp([4, 3, 2], "tanh", dtype="float64", seed=1), steps=10)
    assert not found.same
    assert {("output", "2 Affine"), ("loss", ""), ("weights", "SGD"), ("weights", "Adam")} <= far(
        found
    )
    assert ("output", "1 Tanh") not in far(found)


def test_a_wrong_optimizer_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = programs._torch_optimizer

    def wrong(optimizer: Any, params: Any) -> Any:
        made = right(optimizer, params)
        made.param_groups[0]["lr"] *= 1 + 1e-6
        return made

    monkeypatch.setattr(programs, "_torch_optimizer", wrong)
    assert far(verify(pl.mlp([4, 3, 2], "tanh", seed=1))) == {
        ("weights", "SGD"),
        ("weights", "Adam"),
    }


def test_wrong_statistics_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = to_module.to_torch

    def wrong(net: Any) -> Any:
        module: Any = right(net)
        module[1].momentum = 0.11
        return module

    monkeypatch.setattr(to_module, "to_torch", wrong)
    found = verify(pl.mlp([4, 3, 2], "tanh", normalization="batch", dtype="float64"), steps=5)
    assert far(found) == {("statistics", "SGD"), ("statistics", "Adam")}


def test_a_wrong_engine_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = NativeEngine.gradients

    def wrong(self: Any, x: Any, t: Any, weights: Any = None, rows: Any = None) -> Any:
        loss, grads, y = right(self, x, t, weights, rows)
        return loss, [-grad if grad.ndim == 1 else grad for grad in grads], y

    monkeypatch.setattr(NativeEngine, "gradients", wrong)
    assert far(verify(pl.mlp([4, 3], dtype="float64"), steps=0)) == {("gradient", "0.b")}


def test_nan_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NativeEngine, "predict", lambda self, x: np.full((len(x), 3), np.nan))
    found = verify(pl.mlp([4, 3], dtype="float64"), steps=0)
    assert lines(found)["output", "0 Affine"].gaps["native"] == np.inf
    assert not found.same
    assert '"inf"' in json.dumps(found.to_dict(), allow_nan=False)


# Who is missing


@pytest.mark.parametrize(
    ("library", "who", "remedy"),
    [
        ("torch", "PyTorch", "pip install torch"),
        ("onnx", "ONNX Runtime", "pip install onnx onnxruntime"),
        ("onnxruntime", "ONNX Runtime", "pip install onnx onnxruntime"),
    ],
)
def test_programs_that_are_not_installed_are_listed(
    monkeypatch: pytest.MonkeyPatch, library: str, who: str, remedy: str
) -> None:
    import importlib

    right = importlib.import_module

    def missing(name: Any, package: Any = None) -> Any:
        if name.split(".")[0] == library:
            raise ImportError(name)
        return right(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    found = verify(pl.mlp([2, 3], dtype="float64"), steps=2)
    assert found.same
    assert list(found.checks[0].absent) == [who]
    assert found.checks[0].absent[who].endswith(remedy)
    assert who not in found.checks[0].lines[0].gaps


def test_layers_of_ones_own_are_reported() -> None:
    class Mine(pl.Sigmoid):
        pass

    with pytest.raises(
        pl.InputError, match=r"compare with: Mine is a layer of your own; PyTorch has no module"
    ):
        verify(pl.Network([*pl.mlp([3, 2]).layers, Mine()]))


# Rounding that the network itself enlarges is no difference; a difference is none the less seen


@pytest.mark.parametrize("seed", [0, 1, 4, 5])
def test_exponentials_of_exponentials_are_the_same(seed: int) -> None:
    found = verify(pl.mlp([6, 8, 8, 3], "exponential", seed=seed), steps=20)
    assert found.same
    plain = verify(pl.mlp([6, 8, 8, 3], "tanh", seed=seed), steps=0)
    assert {value for line in plain.checks[1].lines for value in line.allowed.values()} == {1e-5}


@pytest.mark.parametrize("seed", [0, 3])
def test_rows_are_drawn_so_small_that_the_loss_is_finite(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verify(pl.mlp([10, 32, 32, 32, 3], "exponential", seed=seed), steps=100).same


def test_a_wrong_gradient_in_float32_is_seen_where_rounding_is_enlarged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = programs.TorchProgram.gradients

    def wrong(self: Any, x: Any, t: Any) -> Any:
        loss, grads = right(self, x, t)
        return loss, [grad * (1.02 if grad.dtype == np.float32 else 1) for grad in grads]

    monkeypatch.setattr(programs.TorchProgram, "gradients", wrong)
    found = verify(pl.mlp([6, 8, 8, 3], "exponential", seed=0), steps=0)
    assert {what for what, _ in far(found)} == {"gradient"}
    assert all(line.same for line in found.checks[0].lines)
