"""Files of PyTorch (both exporters) and of scikit-learn (its converter).

They predict as in their libraries, and can be trained further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import skl2onnx
import torch
import torch.nn.functional as F
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from torch import nn

import pellucid as pl
from pellucid.core.types import Array
from pellucid.exchange.onnx import from_onnx
from pellucid.exchange.onnx.graph import half_precision
from tests.exchange.exporters import export_legacy, export_new, quietly
from tests.exchange.onnx_tools import difference, kinds, trains_on
from tests.narrowing import instance, present

# PyTorch


class Skip(nn.Module):
    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Any) -> Any:
        return x + self.inner(x)


class Ways(nn.Module):
    def __init__(self, projection: nn.Module, inner: nn.Module) -> None:
        super().__init__()
        self.projection, self.inner = projection, inner

    def forward(self, x: Any) -> Any:
        return self.projection(x) + self.inner(x)


class Dense(Skip):
    def forward(self, x: Any) -> Any:
        return torch.cat([x, self.inner(x)], 1)


class Written(nn.Module):
    """Arithmetic as people write it."""

    def __init__(self, function: Callable[[Any, Any, Any], Any], D: int = 4, H: int = 4) -> None:
        super().__init__()
        self.W, self.b = nn.Parameter(torch.randn(D, H)), nn.Parameter(torch.randn(H))
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x, self.W, self.b)


def written_out(x: Any) -> Any:
    """ELU with alpha 1 and 0.3, SELU (a scaled ELU), Mish, Hardswish and LogSoftmax by formulas."""
    x = torch.where(x > 0, x, torch.exp(x) - 1)
    x = torch.relu(x) + 0.3 * (torch.exp(-torch.relu(-x)) - 1)
    x = 1.0507009873554805 * (torch.relu(x) + 1.6732632423543772 * (torch.exp(-torch.relu(-x)) - 1))
    x = x * torch.tanh(F.softplus(x))
    x = x * torch.clamp(x + 3, 0, 6) / 6
    shifted = x - x.max(-1, keepdim=True)[0]
    return shifted - torch.log(torch.exp(shifted).sum(-1, keepdim=True))


class Case(NamedTuple):
    """A module, the shape of a row, and the layers that its file becomes, as the first letters of
    their names.
    """

    make: Callable[[], nn.Module]
    kinds: str
    row: tuple[int, ...] = (4,)
    double: bool = False


def line(*modules: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*modules)


MODULES = {
    "plain": Case(
        lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), "Affine ReLU Affine"
    ),
    "double": Case(
        lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2), nn.Sigmoid()),
        "Affine Tanh Affine Sigmoid",
        double=True,
    ),
    "without biases": Case(
        lambda: nn.Sequential(
            nn.Linear(4, 6, bias=False), nn.SiLU(), nn.Linear(6, 3, bias=False), nn.Softmax(1)
        ),
        "Affine SiLU Affine Softmax",
    ),
    "activations": Case(
        lambda: nn.Sequential(
            *(
                nn.Linear(4, 5),
                nn.GELU(),
                nn.Linear(5, 5),
                nn.GELU("tanh"),
                nn.Linear(5, 5),
                nn.Softplus(),
            ),
            *(nn.Linear(5, 5), nn.LeakyReLU(0.2), nn.Linear(5, 5), nn.PReLU(), nn.Linear(5, 2)),
        ),
        "Affine GELU Affine GELU Affine Softplus Affine LeakyReLU Affine PReLU Affine",
    ),
    "more activations": Case(
        lambda: nn.Sequential(
            *(nn.Linear(4, 5), nn.ELU(), nn.Linear(5, 5), nn.ELU(0.5), nn.SELU(), nn.Linear(5, 5)),
            *(nn.Mish(), nn.Linear(5, 5), nn.Hardswish(), nn.PReLU(5), nn.Linear(5, 3)),
            nn.LogSoftmax(1),
        ),
        "Affine ELU Affine ELU SELU Affine Mish Affine Hardswish PReLU Affine LogSoftmax",
    ),
    "more activations written out": Case(
        lambda: Written(lambda x, W, b: written_out(x @ W) @ W + b),
        "Affine ELU ELU ELU Scale Mish Hardswish LogSoftmax Affine",
    ),
    "layer norm": Case(
        lambda: nn.Sequential(
            nn.Linear(4, 6), nn.LayerNorm(6), nn.ReLU(), nn.Linear(6, 2), nn.LayerNorm(2, eps=1e-3)
        ),
        "Affine LayerNorm ReLU Affine LayerNorm",
    ),
    "layer norm without numbers of its own": Case(
        lambda: nn.Sequential(
            nn.LayerNorm(4, elementwise_affine=False), nn.Linear(4, 3), nn.LayerNorm(3, bias=False)
        ),
        "LayerNorm Affine LayerNorm",
    ),
    "batch norm first": Case(
        lambda: nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3), nn.Dropout(0.4), nn.Sigmoid()),
        "BatchNorm Affine Sigmoid",
    ),
    "batch norm without numbers of its own": Case(
        lambda: nn.Sequential(
            nn.BatchNorm1d(4, affine=False, momentum=0.2), nn.Tanh(), nn.Linear(4, 2)
        ),
        "BatchNorm Tanh Affine",
    ),
    "images": Case(
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.ReLU(), nn.Linear(5, 2)),
        "Flatten Affine ReLU Affine",
        row=(1, 4, 4),
    ),
    "images by reshape": Case(
        lambda: Written(lambda x, W, b: x.view(x.size(0), -1) @ W + b, 12, 2),
        "Flatten Affine",
        row=(3, 4),
    ),
    "images scaled": Case(
        lambda: Written(lambda x, W, b: ((x / 255.0 - 0.13) / 0.3).flatten(1) @ W + b, 12, 2),
        "Flatten Scale Standardize Affine",
        row=(3, 4),
    ),
    "skips": Case(
        lambda: nn.Sequential(
            nn.Linear(4, 5),
            Skip(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 5)),
            Skip(nn.LayerNorm(5), Skip(nn.Linear(5, 5), nn.GELU()), nn.Linear(5, 5)),
            nn.Linear(5, 2),
        ),
        "Affine Residual Residual Affine",
    ),
    "skips with a projection": Case(
        lambda: nn.Sequential(
            Ways(nn.Linear(4, 6), nn.Sequential(nn.Linear(4, 7), nn.ReLU(), nn.Linear(7, 6))),
            Ways(nn.Sequential(nn.Linear(6, 3), nn.Tanh()), nn.Linear(6, 3, bias=False)),
        ),
        "Residual Residual",
    ),
    "dense skips": Case(
        lambda: nn.Sequential(
            Dense(nn.Linear(4, 2), nn.ReLU()),
            Dense(nn.LayerNorm(6), nn.Linear(6, 3), nn.GELU()),
            nn.Linear(9, 2),
        ),
        "Concatenate Concatenate Affine",
    ),
    "bias before": Case(
        lambda: Written(lambda x, W, b: torch.softmax(b + torch.tanh(x) @ W, dim=-1)),
        "Tanh Affine Softmax",
    ),
    "columns": Case(lambda: Written(lambda x, W, b: (W.T @ x.T).T + b), "Affine"),
    "standardized": Case(
        lambda: Written(lambda x, W, b: (x - b) / torch.exp(b) @ W), "Standardize Affine"
    ),
    "sigmoid and softplus written out": Case(
        lambda: Written(
            lambda x, W, b: torch.log(1 + torch.exp((1 / (1 + torch.exp(-(x @ W)))) @ W + b))
        ),
        "Affine Sigmoid Affine Softplus",
    ),
    "softmax written out": Case(
        lambda: Written(
            lambda x, W, b: torch.exp(x @ W + b) / torch.exp(x @ W + b).sum(1, keepdim=True)
        ),
        "Affine Softmax",
    ),
    "one number a row": Case(
        lambda: Written(lambda x, W, b: (torch.exp(x @ W[:, :1] / 4)).squeeze(-1)),
        "Affine Scale Exponential",
    ),
}


EXPORTERS = {"legacy": (export_legacy, (13, 17, 20)), "new": (export_new, (18, 20))}
# The newer exporter takes two seconds a file, the older one none. In the gate it writes every
# operator that the older one writes otherwise or not at all: Gemm without a bias, Greater and Where
# for Softplus, GELU's tanh, LayerNorm with other attributes and inputs, BatchNorm with another
# momentum, Reshape, ReduceSum with attributes.
WRITTEN_OTHERWISE = {
    *("without biases", "activations", "layer norm", "layer norm without numbers of its own"),
    *("batch norm without numbers of its own", "images", "softmax written out"),
}
FILES = [
    pytest.param(
        *(name, exporter, opsets[index % len(opsets)]),
        marks=() if exporter == "legacy" or name in WRITTEN_OTHERWISE else pytest.mark.soak,
    )
    for exporter, (_, opsets) in EXPORTERS.items()
    for index, name in enumerate(MODULES)
]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with quietly():
        yield


@pytest.mark.parametrize(("name", "exporter", "opset"), FILES)
def test_files_of_pytorch(name: str, exporter: str, opset: int, tmp_path: Path) -> None:
    torch.manual_seed(3)
    case = MODULES[name]
    module = case.make().double() if case.double else case.make()
    with torch.no_grad():
        for norm in module.modules():  # as after some training
            if isinstance(norm, nn.BatchNorm1d):
                present(norm.running_mean).normal_()
                present(norm.running_var).uniform_(0.5, 2)
    module.eval()
    x = torch.randn(40, *case.row, dtype=torch.float64 if case.double else torch.float32)
    EXPORTERS[exporter][0](module, x[:2], tmp_path / "model.onnx", opset)
    net = from_onnx(tmp_path / "model.onnx")
    expected = module(x).detach().numpy()
    assert difference(net(x.numpy()).reshape(expected.shape), expected) <= 1e-5
    # PyTorch's newer exporter folds BatchNorm into the layer before; none of these has one before.
    assert " ".join(kinds(net)) == case.kinds
    assert net.dtype == expected.dtype
    trains_on(net, x.numpy())


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
    assert len(FILES) + 2 * len(CONVERTED) >= 30
    assert set(MODULES) > WRITTEN_OTHERWISE
