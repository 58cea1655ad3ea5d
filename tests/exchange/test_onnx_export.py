"""Networks as ONNX models.

Clean for the checker, the same outputs in ONNX Runtime, the same bits on their way back.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pellucid as pl
from pellucid.core import LAYERS
from pellucid.core.composite import Skip
from pellucid.core.types import Array
from pellucid.exchange.onnx import from_onnx, onnx_model, to_model, to_onnx
from pellucid.exchange.onnx.writers import WRITERS
from tests.exchange.networks import CASES, affine, network_of, networks, rows_for
from tests.exchange.onnx_tools import difference, kinds, run
from tests.narrowing import instance
from tests.proving import examples


def test_every_layer_has_a_writer() -> None:
    assert set(WRITERS) == set(LAYERS.values())


def fitting(model: onnx.ModelProto, x: Array) -> Array:
    """Bring rows into the shape of the model's input."""
    sizes = [size.dim_value for size in model.graph.input[0].type.tensor_type.shape.dim[1:]]
    return x.reshape(len(x), *(size or -1 for size in sizes))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "index"), CASES)
def test_every_layer_answers_the_same(name: str, index: int, dtype: str, tmp_path: Path) -> None:
    net = network_of(name, index, dtype)
    model = onnx_model(net, every_layer=True)
    onnx.checker.check_model(model, full_check=True)
    x = rows_for(net)
    outputs = run(model, fitting(model, x))
    for y, expected in zip(outputs, net.forward(x), strict=True):
        assert y.dtype == net.dtype
        assert difference(y, expected) <= 1e-5
    came_back(net, tmp_path / "net.onnx")


def came_back(net: pl.Network, path: Path) -> None:
    """Write the network, read it again.

    The same layers but those that pass x on, and the same bits.
    """
    to_onnx(net, path)
    assert from_onnx(path) == bare(net)


def bare(net: pl.Network) -> pl.Network:
    """Return the network without layers that pass x on."""
    return pl.Network(without(net.layers))


def without(layers: Sequence[pl.Layer]) -> list[pl.Layer]:
    found: list[pl.Layer] = []
    for layer in layers:
        if isinstance(layer, Skip):
            found.append(type(layer)(without(layer.layers), without(layer.projection)))
        elif isinstance(layer, pl.Members):
            found.append(pl.Members(map(without, layer.members), layer.join))
        elif not layer.passes_through:
            found.append(layer)
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=examples(100), deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_random_architectures(
    dtype: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    net = data.draw(networks(dtype))
    model = onnx_model(net)
    onnx.checker.check_model(model, full_check=True)
    x = rows_for(net)
    [y] = run(model, fitting(model, x))
    assert difference(y, net.predict(x)) <= 1e-5
    came_back(net, tmp_path_factory.mktemp("random") / "net.onnx")


# What the graph says


def shapes(values: Any) -> list[tuple[str, int, list[Any]]]:
    return [
        (
            value.name,
            value.type.tensor_type.elem_type,
            [size.dim_value or size.dim_param for size in value.type.tensor_type.shape.dim],
        )
        for value in values
    ]


def test_pictures_as_bytes(tmp_path: Path) -> None:
    net = pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True)
    net.inputs = pl.Images((28, 28))
    net.classes = list("0123456789")
    model = onnx_model(net)
    assert [entry.version for entry in model.opset_import] == [17]
    assert model.ir_version == 8
    assert shapes(model.graph.input) == [("x", onnx.TensorProto.UINT8, ["N", 28, 28])]
    assert shapes(model.graph.output) == [("y", onnx.TensorProto.FLOAT, ["N", 10])]
    assert [node.op_type for node in model.graph.node] == [
        "Cast",
        "Flatten",
        "Mul",
        *["Gemm", "Sigmoid"] * 3,
    ]
    assert [node.name for node in model.graph.node][3:5] == ["2.Gemm", "3.Sigmoid"]
    assert [tensor.name for tensor in model.graph.initializer] == [
        "1.factor",
        "2.W",
        "2.b",
        "4.W",
        "4.b",
        "6.W",
        "6.b",
    ]
    assert model.producer_name == "pellucid"
    assert model.producer_version == pl.__version__
    metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert metadata == {
        "parameters": 13002,
        "classes": net.classes,
        "inputs": net.header()["inputs"],
    }
    x = np.random.default_rng(0).integers(0, 256, (50, 28, 28), dtype=np.uint8)
    assert difference(run(model, x)[0], net.predict(x)) <= 1e-5
    assert difference(run(model, x[:0])[0], net.predict(x[:0])) == 0
    to_onnx(net, tmp_path / "digits.onnx")
    again = from_onnx(tmp_path / "digits.onnx")
    assert again == net
    assert (again.inputs, again.classes) == (net.inputs, net.classes)


def test_rows_of_bytes_without_a_shape() -> None:
    model = onnx_model(pl.mlp([12, 2], pixels=True))
    assert shapes(model.graph.input) == [("x", onnx.TensorProto.UINT8, ["N", 12])]


def test_a_table_names_its_columns(tmp_path: Path) -> None:
    table = {
        "age": [31, 54, 18, 40],
        "year": [2001, 2002, 2003, 2005],
        "city": ["Seoul", "Busan", "Seoul", "Jeju"],
        "rich": ["no", "yes", "no", "yes"],
    }
    columns = pl.Columns.of(table, target="rich")
    net = pl.table_mlp(columns, hidden=[4])
    model = onnx_model(net)
    metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert metadata["columns"] == columns.names
    assert metadata["offsets"] == columns.offsets.tolist()
    x = columns.x(table)
    assert difference(run(model, x)[0], net.predict(table)) <= 1e-5
    to_onnx(net, tmp_path / "table.onnx")
    assert (from_onnx(tmp_path / "table.onnx").predict(table) == net.predict(table)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_outlier_passes_a_smooth_clip(dtype: str) -> None:
    net = pl.Network([pl.SmoothClip(0.7), pl.Affine(np.eye(3))]).astype(dtype)
    x = np.array([[0, 1e30, -1e30], [1e-30, np.inf, -np.inf]], dtype)
    [y] = run(onnx_model(net), x)
    assert difference(y, np.array([[0, 0.7, -0.7]] * 2)) < 1e-6


@pytest.mark.parametrize(
    ("place", "change"), [("two_pi", 1.001), ("quarter", 0.5), ("columns", 0), ("axes", 0.5)]
)
def test_waves_written_otherwise_are_no_periodic_embedding(
    place: str, change: float, tmp_path: Path
) -> None:
    model = onnx_model(network_of("PeriodicEmbedding"))
    [tensor] = [tensor for tensor in model.graph.initializer if tensor.name == f"1.{place}"]
    array = onnx.numpy_helper.to_array(tensor)
    tensor.CopyFrom(onnx.numpy_helper.from_array((array * change).astype(array.dtype), tensor.name))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(pl.FileError, match=r"node 1\.\w+ \((Round|Unsqueeze)\)"):
        from_onnx(tmp_path / "net.onnx")


def test_every_layer_gives_an_output_of_its_own() -> None:
    generator = np.random.default_rng(0)
    net = pl.Network(
        [pl.Dropout(), affine(generator, 3, 4), pl.Identity(), pl.ReLU(), pl.Dropout()]
    )
    model = onnx_model(net, every_layer=True)
    onnx.checker.check_model(model, full_check=True)
    assert [output.name for output in model.graph.output] == ["0.y", "1.y", "2.y", "3.y", "y"]
    x = rows_for(net)
    for y, expected in zip(run(model, x), net.forward(x), strict=True):
        assert difference(y, expected) <= 1e-12
    assert [node.op_type for node in onnx_model(net.astype("float32")).graph.node] == [
        "Gemm",
        "Relu",
    ]


@pytest.mark.parametrize("every_layer", [False, True])
@pytest.mark.parametrize("layers", [[], [pl.Dropout()], [pl.ReLU()]])
def test_networks_of_any_width(layers: list[pl.Layer], every_layer: bool, tmp_path: Path) -> None:
    net = pl.Network(layers)
    model = onnx_model(net, every_layer=every_layer)
    onnx.checker.check_model(model, full_check=True)
    x = np.array([[-1.0, 2.0, 3.0]], np.float32)
    assert (run(model, x)[-1] == net.predict(x)).all()
    came_back(net, tmp_path / "net.onnx")


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.onnx", tmp_path / "second.onnx"
    to_onnx(pl.mlp([5, 4, 3], seed=1), first)
    to_onnx(pl.mlp([5, 4, 3], seed=1), second)
    assert first.read_bytes() == second.read_bytes()


def test_weights_of_layers_within_layers_have_their_places() -> None:
    generator = np.random.default_rng(0)
    net = pl.Network(
        [pl.Residual([pl.SiLU(), pl.Residual([affine(generator, 3, 3), pl.SiLU(), pl.SiLU()])])]
    )
    model = onnx_model(net.astype("float32"))
    assert [tensor.name for tensor in model.graph.initializer] == ["0.1.0.W", "0.1.0.b"]
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)


def test_nothing_in_float64_that_older_runtimes_merge_into_what_they_lack() -> None:
    """ONNX Runtime 1.16 makes one operator of Gemm and an activation, and one of x sigmoid(x).

    In float32 only.
    """
    generator = np.random.default_rng(0)
    for biased in (True, False):
        layers = [
            affine(generator, 3, 3, biased),
            pl.SiLU(),
            affine(generator, 3, 3, biased),
            pl.Tanh(),
        ]
        nodes = onnx_model(pl.Network(layers)).graph.node
        merged = {"Gemm": {"Tanh", "Neg", "Div"}, "Sigmoid": {"Mul"}}
        behind = [(a.op_type, b.op_type) for a in nodes for b in nodes if a.output[0] in b.input]
        assert not [pair for pair in behind if pair[1] in merged.get(pair[0], ())]


# What cannot be written


class Own(pl.Layer):
    def forward(self, x: Array, learning: Any = None) -> Array:
        return x


@pytest.mark.parametrize("layers", [[Own()], [pl.Residual([Own()])]])
def test_layers_of_the_users_own_are_refused(layers: list[pl.Layer]) -> None:
    with pytest.raises(pl.InputError, match="knows pellucid's own layers only; Own is not one"):
        onnx_model(pl.Network(layers))


def test_weights_that_are_not_finite_are_refused() -> None:
    net = pl.mlp([2, 2])
    instance(pl.Affine, net.layers[0]).W[0, 0] = np.nan
    with pytest.raises(pl.InputError, match=r"layer 0 \(Affine\) holds NaN or infinity in W"):
        onnx_model(net)


def test_too_many_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(to_model, "LARGEST_MODEL", 100)
    with pytest.raises(
        pl.InputError, match="at most 100 bytes of weights, and this network has 108: use"
    ):
        onnx_model(pl.mlp([8, 3]))


def test_inputs_that_json_cannot_hold_are_refused() -> None:
    wrong: Any = {"kind": object()}
    with pytest.raises(pl.InputError, match="inputs must be Images, Columns or None"):
        pl.Network([pl.ReLU()], inputs=wrong)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(pl.FileError, match="cannot be written"):
        to_onnx(pl.mlp([2, 2]), tmp_path / "none" / "net.onnx")


def test_without_onnx_one_line_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['onnx'] = None\n"
        "import pellucid as pl\n"
        "from pellucid.exchange.onnx import from_onnx, to_onnx\n"
        "for attempt in (lambda: to_onnx(pl.mlp([2, 2]), 'a'), lambda: from_onnx('a')):\n"
        "    try:\n        attempt()\n"
        "    except pl.InputError as error:\n        print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    first, second = run.stdout.splitlines()
    assert first == second
    assert first.startswith("this needs onnx, which is not installed: ")
    assert first.endswith("pip install onnx onnxruntime")


def test_kinds_of_layers_come_back_in_order(tmp_path: Path) -> None:
    net = pl.mlp([4, 5, 3], activation="gelu", output="softmax", normalization="layer", dropout=0.2)
    to_onnx(net, tmp_path / "net.onnx")
    assert kinds(from_onnx(tmp_path / "net.onnx")) == [
        "Affine",
        "LayerNorm",
        "GELU",
        "Affine",
        "Softmax",
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_square_root_of_infinity(dtype: str) -> None:
    """ONNX Runtime 1.20 makes NaN of it in float32, in vectors of four and more."""
    layers = [pl.SmoothClip(10.0), pl.Affine(np.eye(8, dtype=dtype))]
    model = onnx_model(pl.Network(layers))
    root = next(node.input[0] for node in model.graph.node if node.op_type == "Sqrt")
    model.graph.output.append(onnx.ValueInfoProto(name=root))
    x = np.array([[0.0, -0.0, 1e-30, -1e-30, 1e30, -1e30, 3.0, 10.0]], dtype)
    y, squares = run(model, x)
    assert np.isfinite(squares).all()
    np.testing.assert_allclose(y, x / np.hypot(1, x / 10), 1e-6, 1e-17)
