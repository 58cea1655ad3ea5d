"""Models of Keras (PyTorch's backend) by way of ONNX: equal to ONNX Runtime, or refused.

A soak test, and only where Keras is installed: `pip install keras`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pellucid as pl
from pellucid.exchange.onnx import from_onnx
from tests.exchange.exporters import quietly
from tests.exchange.test_onnx_modules import same

pytestmark = pytest.mark.soak

os.environ.setdefault("KERAS_BACKEND", "torch")
keras: Any = pytest.importorskip("keras")
L: Any = keras.layers


def line(*layers: Any, row: tuple[int, ...] = (8,)) -> Any:
    return keras.Sequential([keras.Input(row), *layers])


def graph(function: Callable[[Any], Any], row: tuple[int, ...] = (8,)) -> Any:
    x = keras.Input(row)
    return keras.Model(x, function(x))


MODELS: dict[str, Callable[[], Any]] = {
    "plain": lambda: line(L.Dense(16, "relu"), L.Dense(3, "softmax")),
    "regression": lambda: line(L.Dense(16, "tanh"), L.Dense(1)),
    "binary": lambda: line(L.Dense(16, "sigmoid"), L.Dense(1, "sigmoid")),
    "no bias": lambda: line(L.Dense(16, "relu", use_bias=False), L.Dense(3, use_bias=False)),
    "hard sigmoid": lambda: line(L.Dense(8, "hard_sigmoid"), L.Dense(3)),
    "relu6": lambda: line(L.Dense(8, "relu6"), L.Dense(3)),
    "leaky relu": lambda: line(L.Dense(8), L.LeakyReLU(0.1), L.Dense(3)),
    "prelu": lambda: line(L.Dense(8), L.PReLU(), L.Dense(3)),
    "batch norm": lambda: line(L.Dense(8), L.BatchNormalization(), L.ReLU(), L.Dense(3)),
    "layer norm": lambda: line(L.Dense(8), L.LayerNormalization(), L.Dense(3)),
    "group norm": lambda: line(L.Dense(8), L.GroupNormalization(2), L.Dense(3)),
    "unit norm": lambda: line(L.Dense(8), L.UnitNormalization(), L.Dense(3)),
    "dropout": lambda: line(L.Dense(8, "relu"), L.Dropout(0.3), L.Dense(3)),
    "noise": lambda: line(L.GaussianNoise(0.3), L.Dense(3)),
    "images": lambda: line(L.Rescaling(2.0), L.Flatten(), L.Dense(3), row=(4, 4, 1)),
    "permuted": lambda: line(L.Permute((2, 1)), L.Flatten(), L.Dense(3), row=(4, 3)),
    "reshaped": lambda: line(L.Reshape((2, 4)), L.Reshape((8,)), L.Dense(3)),
    "softmax of groups": lambda: line(L.Reshape((2, 4)), L.Softmax(), L.Flatten(), L.Dense(3)),
    "dense on sequences": lambda: line(L.Dense(5, "relu"), L.Flatten(), L.Dense(3), row=(3, 4)),
    "mean of a sequence": lambda: line(L.GlobalAveragePooling1D(), L.Dense(3), row=(3, 4)),
    "convolution": lambda: line(L.Conv1D(2, 2), L.Flatten(), L.Dense(3), row=(3, 4)),
    "recurrent": lambda: line(L.LSTM(3), L.Dense(3), row=(3, 4)),
    "skip": lambda: graph(lambda x: L.Dense(3)(L.Add()([x, L.Dense(8, "relu")(x)]))),
    "two branches": lambda: graph(lambda x: L.Add()([L.Dense(8)(x), L.Dense(8, "relu")(x)])),
    "concatenated": lambda: graph(lambda x: L.Concatenate()([x, L.Dense(8, "relu")(x)])),
    "gate": lambda: graph(lambda x: L.Multiply()([x, L.Dense(8, "sigmoid")(x)])),
}


for activation in ("elu", "selu", "gelu", "silu", "mish", "softplus", "softsign", "exponential"):
    MODELS[f"activation {activation}"] = partial(
        lambda name: line(L.Dense(8, name), L.Dense(3)), activation
    )


@pytest.mark.parametrize("name", MODELS)
def test_models_of_keras(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    model = MODELS[name]()
    path = tmp_path / "model.onnx"
    with quietly():
        model(np.zeros((2, *model.input_shape[1:]), np.float32))
        try:
            model.export(path, format="onnx", verbose=False)
        except torch.onnx.errors.OnnxExporterError:
            pytest.skip("Keras does not export it")
    try:
        net = from_onnx(path)
    except pl.FileError as error:
        assert "malformed" not in str(error)
        assert str(error).partition("read from it: ")[2].startswith(("node ", "its ", "it has"))
        print(f"\n{name}: {str(error).partition('read from it: ')[2]}")
        return
    print(f"\n{name}: read")
    assert same(net, path, model.input_shape[1:])
