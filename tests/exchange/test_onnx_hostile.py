"""ONNX files that are damaged or mean harm.

One FileError that names the file, soon, and no other file opened.
"""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import pellucid as pl
from pellucid.exchange.onnx import from_model, from_onnx, onnx_model, wire
from pellucid.exchange.onnx import graph as reading
from tests.exchange.onnx_tools import graph, node
from tests.proving import examples

WEIGHTS = np.arange(12.0).reshape(3, 4)


def plain() -> onnx.ModelProto:
    return graph([node("MatMul", "x W")], {"W": WEIGHTS})


def refused(content: bytes | onnx.ModelProto, folder: Path, message: str) -> None:
    path = folder / "model.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    with pytest.raises(pl.FileError, match=message) as caught:
        from_onnx(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(pl.FileError, match="cannot be read"):
        from_onnx(tmp_path / "missing.onnx")
    with pytest.raises(pl.FileError, match="expected an ONNX file"):
        from_onnx(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(pl.FileError, match="not a regular file"):
        from_onnx(tmp_path / "pipe")
    refused(b"", tmp_path, "expected an ONNX file of 1 to")
    refused(
        b"a,b\n1,2\n",
        tmp_path,
        "no dense network can be read from it: it is no ONNX file, or damaged or cut short",
    )
    refused(b"\x08\x08", tmp_path, "it holds no graph")


def test_too_many_bytes_are_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_model, "ONNX_BYTES", 100)
    refused(plain(), tmp_path, "expected an ONNX file of 1 to 100 bytes")


def test_too_many_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "NODES", 1)
    refused(
        graph([node("Relu", "x", "u"), node("Relu", "u")]),
        tmp_path,
        "it has 2 nodes; the limit is 1",
    )


def test_too_many_fields_are_counted_before_parsing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = plain().SerializeToString()
    fields = 36  # of this one
    monkeypatch.setattr(wire, "FIELDS", fields)
    wire.check_fields(content)  # as many are allowed
    monkeypatch.setattr(wire, "FIELDS", fields - 1)
    monkeypatch.setattr(onnx, "load_model_from_string", None)
    refused(content, tmp_path, f"it has more than {fields - 1} fields")


@pytest.mark.parametrize(
    "content", [b"\x0b\x0c", b"\x80", b"\xff" * 12, b"\x3a\x02\x0a\x05", b"\x09\x00"]
)
def test_what_protocol_buffers_are_not(content: bytes) -> None:
    """A group, a number that does not end, one that is too long, a part longer than its whole, a
    cut number.
    """
    with pytest.raises(pl.InputError, match="no ONNX file"):
        wire.check_fields(content)


@pytest.mark.parametrize("place", ["../secret", "/etc/passwd", "secret"])
@pytest.mark.parametrize("marked", [True, False])
def test_weights_in_other_files_are_never_opened(place: str, marked: bool, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(WEIGHTS.astype(np.float32).tobytes())
    model = plain()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.external_data.add(key="location", value=place)
    if marked:
        tensor.data_location = TensorProto.EXTERNAL
    refused(
        model,
        tmp_path,
        r"the weights W are in another file \(external data\), .*external_data=False",
    )


def test_weights_that_lie_nowhere(tmp_path: Path) -> None:
    refused(
        changed(data_location=TensorProto.EXTERNAL), tmp_path, "the weights W are in another file"
    )


def test_a_constant_in_another_file_is_never_opened(tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(WEIGHTS.astype(np.float32), "k")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    constant = helper.make_node("Constant", [], ["W"], value=tensor)
    refused(graph([constant, node("MatMul", "x W")]), tmp_path, "the weights k are in another file")


def changed(**fields: Any) -> onnx.ModelProto:
    model = plain()
    tensor = model.graph.initializer[0]
    for name, value in fields.items():
        if name == "dims":
            tensor.ClearField("dims")
            tensor.dims.extend(value)
        else:
            setattr(tensor, name, value)
    return model


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (changed(raw_data=b"1234"), "the weights W are damaged or cut short"),
        (changed(dims=[1 << 40, 1 << 40]), "the weights W are damaged or cut short"),
        (changed(dims=[-1, 4]), "the weights W have a negative size"),
        (changed(raw_data=b"", dims=[1 << 40]), "the weights W are damaged or cut short"),
        (
            changed(data_type=TensorProto.COMPLEX64),
            "the weights W have an unsupported type; expected floating-point numbers",
        ),
        (changed(data_type=99), "the weights W have an unsupported type"),
        (changed(data_type=TensorProto.STRING), "the weights W are damaged"),
    ],
    ids=range(7),
)
def test_weights_that_are_not_what_they_say(
    model: onnx.ModelProto, message: str, tmp_path: Path
) -> None:
    refused(model, tmp_path, message)


def test_sparse_weights(tmp_path: Path) -> None:
    model = plain()
    values, places = (
        helper.make_tensor("V", TensorProto.FLOAT, [1], [1.0]),
        helper.make_tensor("i", 7, [1], [0]),
    )
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [3, 4]))
    refused(model, tmp_path, "it holds sparse weights")


@pytest.mark.parametrize("opset", [1, 6, 99])
def test_opsets_that_are_not_known(opset: int, tmp_path: Path) -> None:
    refused(graph([node("Relu", "x")], opset=opset), tmp_path, f"it has opset {opset}; supported")


def test_constants_that_double(tmp_path: Path) -> None:
    nodes = [node("Concat", f"k{depth} k{depth}", f"k{depth + 1}", axis=0) for depth in range(60)]
    model = graph([*nodes, node("Add", "x k60")], {"k0": np.ones(1000)})
    refused(model, tmp_path, "constants, too many for its file")


def test_constants_that_add_up(tmp_path: Path) -> None:
    nodes = [node("Add", "long tall", "k"), node("Add", "tall long", "k2"), node("Add", "x k2")]
    model = graph(nodes, {"long": np.ones((1, 3000)), "tall": np.ones((3000, 1))})
    refused(model, tmp_path, r"node the Add 2 \(Add\): it computes 9,000,000 constants")


def test_many_rows_gathered(tmp_path: Path) -> None:
    model = graph(
        [node("Gather", "k i", "j"), node("Add", "x j")],
        {"k": np.ones((1, 9000)), "i": np.zeros(9000, int)},
    )
    refused(model, tmp_path, "it computes 81,000,000 constants")


@pytest.mark.parametrize(
    ("count", "seconds"), [(500, 12), pytest.param(2500, 60, marks=pytest.mark.soak)]
)
def test_a_long_graph_is_over_soon(count: int, seconds: float, tmp_path: Path) -> None:
    """A SiLU and what follows it, again and again, in up to 10,000 nodes.

    Each is computed and compared.
    """
    nodes, x = [], "x"
    for index in range(count):
        nodes += [node("Sigmoid", x, f"s{index}"), node("Mul", f"{x} s{index}", f"y{index}")]
        nodes += [
            node("Mul", f"y{index} half", f"z{index}"),
            node("Sub", f"z{index} half", f"u{index}"),
        ]
        x = f"u{index}"
    model = graph(nodes, {"half": np.float64(0.5)}, row=(1000,), outputs=[x])
    (tmp_path / "long.onnx").write_bytes(model.SerializeToString())
    start = time.process_time()
    from_onnx(tmp_path / "long.onnx")
    assert time.process_time() - start < seconds


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Sub", "x half", "u"), node("Mul", "u half")],
        [node("Neg", "x", "u"), node("ai.onnx.ml.Scaler", "u", offset=[1.0], scale=[0.5])],
    ],
    ids=["Sub", "Scaler"],
)
def test_one_number_for_a_billion_columns(nodes: list[onnx.NodeProto], tmp_path: Path) -> None:
    model = graph(nodes, {"half": np.float64(0.5)}, row=(1_000_000_000,))
    refused(model, tmp_path, "it needs more numbers than a network of this size has")


def test_thousands_of_wide_tensors_are_neither_kept_nor_computed(tmp_path: Path) -> None:
    """Eight kilobytes of nodes would ask for a terabyte: 5,000 tensors of 2,000,000 columns."""
    nodes = [node("Relu", "x" if k == 0 else f"t{k - 1}", f"t{k}") for k in range(5000)]
    model = graph(nodes, row=(2_000_000,), outputs=["t4999"])
    refused(model, tmp_path, "its network has 2,000,000 numbers in a row, too many to compare")
    model = graph(nodes[:60], row=(200_000,), outputs=["t59"])
    (tmp_path / "wide.onnx").write_bytes(model.SerializeToString())
    tracemalloc.start()
    from_onnx(tmp_path / "wide.onnx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 7 * 200_000 * 8  # 20 of the tensors of 7 rows, and not 60


# What the metadata says


def described(**metadata: str) -> onnx.ModelProto:
    model = onnx_model(pl.mlp([4, 2], pixels=True))
    model.metadata_props.clear()
    helper.set_model_props(model, metadata)
    return model


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"classes": "{"}, "its structure is malformed"),
        ({"classes": "[" * 100_000}, "its structure is malformed"),
        ({"classes": '["a", "b", "c"]'}, "3 class names for 2 outputs"),
        ({"classes": "7"}, "classes is a list of names"),
        ({"inputs": "[]"}, "its description of the inputs is malformed"),
        (
            {"inputs": '{"kind": "images", "shape": [3, 3]}'},
            "its inputs are 9 numbers a row, but its layers take 4",
        ),
        ({"inputs": '{"kind": "images", "shape": "2"}'}, "the shape of images must be"),
        ({"inputs": '{"kind": "table"}'}, "its description of the table's columns is malformed"),
        ({"inputs": '{"kind": "sound"}'}, "its description of the inputs is malformed"),
    ],
)
def test_metadata_is_not_trusted(metadata: dict[str, str], message: str, tmp_path: Path) -> None:
    refused(described(**metadata), tmp_path, message)


def test_metadata_of_others_is_left_alone(tmp_path: Path) -> None:
    model = described(classes="{", inputs=json.dumps(5))
    model.producer_name = "another"
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    assert from_onnx(tmp_path / "a.onnx").classes is None


# Damage


def samples() -> list[bytes]:
    net = pl.mlp([3, 4, 2], activation="gelu", output="softmax", normalization="layer", dropout=0.1)
    tails = [
        node("Softmax", "z", "p"),
        node("ArgMax", "p", "i", axis=1),
        node("ai.onnx.ml.ArrayFeatureExtractor", "names i", "label"),
        node("ai.onnx.ml.ZipMap", "p", "y", classlabels_strings=["a", "b", "c", "d"]),
    ]
    constant = helper.make_node("Constant", [], ["shape"], value_ints=[4, 3])
    made = [
        constant,
        node("Reshape", "Wt shape", "U"),
        node("Transpose", "U", "W"),
        node("Gemm", "x W", "z", transB=1),
    ]
    converted = graph(
        [*made[:3], node("MatMul", "x V", "z"), *tails],
        {"Wt": WEIGHTS, "V": WEIGHTS, "names": np.arange(4)},
        outputs=["label", "y"],
    )
    skip = graph([node("Tanh", "x", "u"), node("Add", "x u", "v"), node("Softplus", "v")])
    return [
        onnx_model(net).SerializeToString(),
        converted.SerializeToString(),
        skip.SerializeToString(),
    ]


SAMPLES = samples()


def read_whatever_it_is(content: bytes, path: Path) -> None:
    """A file is read as a network, or refused as a file: there is no third way."""
    path.write_bytes(content)
    try:
        net = from_onnx(path)
    except pl.FileError as error:
        assert str(path) in str(error)
    else:
        assert isinstance(net, pl.Network)


@pytest.mark.parametrize("sample", range(len(SAMPLES)))
def test_files_cut_short(sample: int, tmp_path: Path) -> None:
    content = SAMPLES[sample]
    for length in range(0, len(content), 5):
        read_whatever_it_is(content[:length], tmp_path / "cut.onnx")


def flipped(sample: int, flips: list[tuple[int, int]], folder: Path) -> None:
    content = bytearray(SAMPLES[sample])
    for place, bits in flips:
        content[place % len(content)] ^= bits
    read_whatever_it_is(bytes(content), folder / "flipped.onnx")


FLIPS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=6)


@settings(
    max_examples=examples(600),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sample=st.sampled_from(range(len(SAMPLES))), flips=FLIPS)
def test_flipped_bits(sample: int, flips: list[tuple[int, int]], tmp_path: Path) -> None:
    flipped(sample, flips, tmp_path)


@pytest.mark.soak
@settings(
    max_examples=60_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sample=st.sampled_from(range(len(SAMPLES))), flips=FLIPS)
def test_flipped_bits_for_long(sample: int, flips: list[tuple[int, int]], tmp_path: Path) -> None:
    flipped(sample, flips, tmp_path)
