"""Files of PyTorch (both exporters) and of scikit-learn (its converter).

They predict as in their libraries, and can be trained further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skl2onnx
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from torch import nn

import pellucid as pl
from pellucid.core.types import Array
from pellucid.exchange.onnx import from_onnx
from pellucid.exchange.onnx.graph import half_precision
from tests.exchange.exporters import export_legacy, quietly
from tests.exchange.onnx_tools import difference, kinds, trains_on
from tests.exchange.pytorch_makers import (
    FOLDER,
    MODULES,
    Dense,
    Skip,
    example,
    file_of,
    rows_of,
    write,
)
from tests.narrowing import instance

LEGACY_OPSETS = (13, 17, 20)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with quietly():
        yield


def predicts(path: Path, name: str, x: Array, expected: Array) -> None:
    net = from_onnx(path)
    assert difference(net(x).reshape(expected.shape), expected) <= 1e-5
    # PyTorch's newer exporter folds BatchNorm into the layer before; none of these has one before.
    assert " ".join(kinds(net)) == MODULES[name].kinds
    assert net.dtype == expected.dtype
    trains_on(net, x)


@pytest.mark.parametrize("name", MODULES)
def test_files_of_pytorchs_older_exporter(name: str, tmp_path: Path) -> None:
    module, x = example(name)
    opset = LEGACY_OPSETS[list(MODULES).index(name) % 3]
    export_legacy(module, x[:2], tmp_path / "model.onnx", opset)
    predicts(tmp_path / "model.onnx", name, x.numpy(), module(x).detach().numpy())


@pytest.mark.parametrize("name", MODULES)
def test_files_of_pytorchs_newer_exporter(name: str) -> None:
    predicts(file_of(name), name, *rows_of(file_of(name)))


@pytest.mark.integration
@pytest.mark.parametrize("name", MODULES)
def test_files_that_the_newer_exporter_writes_now(name: str, tmp_path: Path) -> None:
    """What is committed is what the installed PyTorch writes: the same network."""
    write(name, tmp_path)
    path = file_of(name, tmp_path)
    predicts(path, name, *rows_of(path))
    assert from_onnx(path) == from_onnx(file_of(name)), "say `make fixtures`, and look at the files"


def test_weights_of_pytorch_keep_their_bits(tmp_path: Path) -> None:
    module = nn.Sequential(
        nn.Linear(4, 3), nn.LayerNorm(3), nn.BatchNorm1d(3), nn.Linear(3, 2)
    ).eval()
    export_legacy(module, torch.randn(2, 4), tmp_path / "model.onnx", 17)
    net = from_onnx(tmp_path / "model.onnx")
    expected = [value.detach().numpy() for value in module.parameters()]
    expected = [value.T if value.ndim == 2 else value for value in expected]
    assert all((a == b).all() for a, b in zip(net.params, expected, strict=True))
    assert (
        instance(pl.LayerNorm, net.layers[1]).epsilon,
        instance(pl.BatchNorm, net.layers[2]).epsilon,
        instance(pl.BatchNorm, net.layers[2]).momentum,
    ) == (1e-5, 1e-5, 0.1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_widened(dtype: Any, tmp_path: Path) -> None:
    """Weights exactly, whose float32 network is that of the module in float32."""
    torch.manual_seed(3)
    module = nn.Sequential(
        *(nn.Linear(4, 5), nn.ELU(0.5), nn.LayerNorm(5), Dense(nn.Linear(5, 3), nn.ReLU())),
        *(nn.Linear(8, 6), nn.PReLU(6), nn.Linear(6, 2)),
    )
    module.eval().to(dtype)
    export_legacy(module, torch.randn(2, 4).to(dtype), tmp_path / "model.onnx", 17)
    net = from_onnx(tmp_path / "model.onnx")
    assert net.dtype == np.float32
    assert half_precision(tmp_path / "model.onnx") == [str(dtype).removeprefix("torch.")]
    wide = module.float()
    expected = [value.detach().numpy() for value in wide.parameters()]
    expected = [value.T if value.ndim == 2 else value for value in expected]
    assert all((a == b).all() for a, b in zip(net.params, expected, strict=True))
    x = torch.randn(40, 4)
    assert difference(net(x.numpy()), wide(x).detach().numpy()) <= 1e-5
    trains_on(net, x.numpy())


def test_half_precision_between_casts(tmp_path: Path) -> None:
    """As converters write it that keep float32 inputs and outputs."""

    class Between(Skip):
        def forward(self, x: Any) -> Any:
            return self.inner(x.half()).float()

    between = Between(nn.Linear(4, 3), nn.Tanh()).half().eval()
    module = between.inner
    export_legacy(between, torch.randn(2, 4), tmp_path / "model.onnx", 17)
    net = from_onnx(tmp_path / "model.onnx")
    x = torch.randn(40, 4)
    assert kinds(net) == ["Affine", "Tanh"]
    assert difference(net(x.numpy()), module.float()(x).detach().numpy()) <= 1e-5


def test_dropout_of_a_module_that_is_training(tmp_path: Path) -> None:
    """It drops numbers in prediction as well, which no layer of ours does."""
    module = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.3), nn.Linear(3, 2))
    training = torch.onnx.TrainingMode.TRAINING
    torch.onnx.export(
        module,
        (torch.randn(2, 4),),
        tmp_path / "a.onnx",
        dynamo=False,
        training=training,
        do_constant_folding=False,
    )
    with pytest.raises(pl.FileError, match=r"\(Dropout\): it is in training mode"):
        from_onnx(tmp_path / "a.onnx")


# scikit-learn


def rows(dtype: Any = np.float32) -> Array:
    return np.random.default_rng(0).normal(size=(60, 4)).astype(dtype) * np.array(
        [1, 3, 0.2, 5], dtype
    )


ROWS = rows()
TWO = (ROWS[:, 0] > 0).astype(int)
THREE = TWO + (ROWS[:, 1] > 0)
NAMES = np.array(["ant", "bee", "꿀벌"])[THREE]
MANY = np.stack([ROWS[:, column] > 0 for column in range(3)], 1).astype(int)
VALUES = ROWS @ np.array([1, -0.5, 2, 0.1])
PLAIN = {"zipmap": False}


def classifier(**settings: Any) -> MLPClassifier:
    return MLPClassifier(
        **{"hidden_layer_sizes": (5,), "max_iter": 30, "random_state": 0, **settings}
    )


def regressor(**settings: Any) -> MLPRegressor:
    return MLPRegressor(
        **{"hidden_layer_sizes": (5, 3), "max_iter": 30, "random_state": 0, **settings}
    )


CONVERTED: dict[str, tuple[Callable[[], Any], Any, dict[str, Any] | None, list[str] | None]] = {
    "two classes": (classifier, TWO, None, ["0", "1"]),
    "two classes, no dictionary": (lambda: classifier(activation="tanh"), TWO, PLAIN, ["0", "1"]),
    "two names": (
        lambda: classifier(hidden_layer_sizes=()),
        NAMES[:, None][THREE < 2],
        None,
        ["ant", "bee"],
    ),
    "three classes": (lambda: classifier(activation="logistic"), THREE, None, ["0", "1", "2"]),
    "three names": (
        lambda: classifier(hidden_layer_sizes=(4, 4)),
        NAMES,
        PLAIN,
        ["ant", "bee", "꿀벌"],
    ),
    "three names in dictionaries": (
        lambda: classifier(activation="identity"),
        NAMES,
        None,
        ["ant", "bee", "꿀벌"],
    ),
    "several labels": (classifier, MANY, PLAIN, None),
    "several labels in dictionaries": (classifier, MANY, None, ["0", "1", "2"]),
    "scaled, three classes": (
        lambda: make_pipeline(StandardScaler(), classifier()),
        THREE,
        None,
        ["0", "1", "2"],
    ),
    "scaled, two classes": (
        lambda: make_pipeline(MaxAbsScaler(), classifier()),
        TWO,
        PLAIN,
        ["0", "1"],
    ),
    "values": (regressor, VALUES, None, None),
    "values, logistic": (lambda: regressor(activation="logistic"), VALUES, None, None),
    "two values": (
        lambda: regressor(activation="identity"),
        np.stack([VALUES, -VALUES], 1),
        None,
        None,
    ),
    "standard": (lambda: make_pipeline(StandardScaler(), regressor()), VALUES, None, None),
    "only centred": (
        lambda: make_pipeline(StandardScaler(with_std=False), regressor()),
        VALUES,
        None,
        None,
    ),
    "only scaled": (
        lambda: make_pipeline(StandardScaler(with_mean=False), regressor()),
        VALUES,
        None,
        None,
    ),
    "robust": (
        lambda: make_pipeline(RobustScaler(), regressor(activation="tanh")),
        VALUES,
        None,
        None,
    ),
    "from 0 to 1": (lambda: make_pipeline(MinMaxScaler(), regressor()), VALUES, None, None),
    "scaled twice": (
        lambda: make_pipeline(MaxAbsScaler(), StandardScaler(), regressor()),
        VALUES,
        None,
        None,
    ),
}


def converted(name: str, x: Array, path: Path) -> tuple[pl.Network, Any, Array]:
    make, t, options, _ = CONVERTED[name]
    x = x[THREE < 2] if name == "two names" else x
    model = make().fit(x, np.ravel(t) if np.shape(t)[1:] == (1,) else t)
    path.write_bytes(skl2onnx.to_onnx(model, x[:1], options=options).SerializeToString())
    return from_onnx(path), model, x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CONVERTED)
def test_files_of_scikit_learn(name: str, dtype: str, tmp_path: Path) -> None:
    net, model, x = converted(name, ROWS.astype(dtype), tmp_path / "model.onnx")
    if hasattr(model, "predict_proba"):
        expected = model.predict_proba(x)
        expected = expected[:, 1:] if expected.shape[1] == 2 else expected  # p of (1 - p, p)
    else:
        expected = model.predict(x).reshape(len(x), -1)
    assert difference(net(x), expected) <= 1e-5
    assert net.dtype == np.dtype(dtype)
    assert net.classes == CONVERTED[name][3]
    if net.classes is not None and "labels" not in name:
        assert net.labels(x) == [str(label) for label in model.predict(x)]
    trains_on(net, x)


@pytest.mark.parametrize(
    ("name", "first"), [("standard", StandardScaler), ("from 0 to 1", MinMaxScaler)]
)
def test_scalers_become_one_standardize(name: str, first: type, tmp_path: Path) -> None:
    net, _, _ = converted(name, ROWS, tmp_path / "model.onnx")
    assert kinds(net) == ["Standardize", "Affine", "ReLU", "Affine", "ReLU", "Affine"]


def test_linear_models(tmp_path: Path) -> None:
    """Regression is an Affine layer; a classifier's operator has two outputs and is refused."""
    path = tmp_path / "model.onnx"
    for t in (VALUES, np.stack([VALUES, -VALUES], 1)):
        model = LinearRegression().fit(ROWS, t)
        path.write_bytes(skl2onnx.to_onnx(model, ROWS[:1]).SerializeToString())
        net = from_onnx(path)
        assert kinds(net) == ["Affine"]
        assert difference(net(ROWS), model.predict(ROWS).reshape(len(ROWS), -1)) <= 1e-5
    for classes in (TWO, THREE):
        model = LogisticRegression().fit(ROWS, classes)
        path.write_bytes(skl2onnx.to_onnx(model, ROWS[:1]).SerializeToString())
        with pytest.raises(pl.FileError, match=r"\(ai.onnx.ml.LinearClassifier\): this operator"):
            from_onnx(path)


def test_rows_of_whole_numbers(tmp_path: Path) -> None:
    """The file casts them; a network that scales nothing is given floating numbers."""
    x = (ROWS * 10).astype(np.int64)
    model = regressor().fit(x, VALUES)
    (tmp_path / "a.onnx").write_bytes(skl2onnx.to_onnx(model, x[:1]).SerializeToString())
    y = from_onnx(tmp_path / "a.onnx")(x.astype(np.float32))
    assert difference(y[:, 0], model.predict(x)) <= 1e-5


def test_there_are_enough_files() -> None:
    assert 2 * len(MODULES) + 2 * len(CONVERTED) >= 30
    assert {path.suffix for path in FOLDER.iterdir()} == {".onnx", ".npz"}
    assert len(list(FOLDER.iterdir())) == 2 * len(MODULES)
