"""One rule at a tie, wherever a network runs: exactly 0.5 is class 1, and of equal outputs the
first is the class.
"""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.metrics import chosen_classes
from pellucid.exchange import to_c
from pellucid.exchange.onnx import onnx_model
from pellucid.web.parts import model_bytes
from tests.exchange.compiled import compiled
from tests.exchange.onnx_tools import run

CHOOSE = """
import { Network } from "./network/network.js";

const network = Network.read(Uint8Array.from(atob(data.model), (c) => c.charCodeAt(0)).buffer);
return data.x.map((x) => network.classify(x));
"""
OUTPUTS = {
    "sigmoid at 0.5": ([0], [pl.Sigmoid()], 1),
    "weighted sum of 0": ([0], [], 1),
    "just below 0.5": ([-0.001], [pl.Sigmoid()], 0),
    "equal sigmoids": ([0, 0, 0], [pl.Sigmoid()], 0),
    "equal probabilities": ([-1, 2, 2], [pl.Softmax()], 1),
    "equal weighted sums": ([1, 3, 3], [], 1),
}


@pytest.mark.parametrize(("b", "end", "expected"), OUTPUTS.values(), ids=OUTPUTS)
def test_a_tie_is_decided_in_one_way(
    node: Callable[..., Any], tmp_path: Path, b: list[float], end: list[pl.Layer], expected: int
) -> None:
    W = np.zeros((2, len(b)), np.float32)
    net = pl.Network([pl.Affine(W, np.array(b, np.float32)), *end])
    x = np.array([[1, 2], [-3, 0.5]], np.float32)
    classes = [expected] * len(x)
    assert net.classify(x).tolist() == classes  # C++ engine
    assert net.choose(net.forward(x).y).tolist() == classes  # NumPy engine
    if end or len(b) > 1:
        assert chosen_classes(net.predict(x)).tolist() == classes  # accuracy
    header, _ = to_c(net, tmp_path / "net")
    assert compiled(header)(x)[1].tolist() == [[k, k] for k in classes]
    assert net.choose(run(onnx_model(net), x)[0]).tolist() == classes
    model = base64.b64encode(model_bytes(net)).decode()
    assert node(CHOOSE, {"model": model, "x": x.tolist()}) == classes
