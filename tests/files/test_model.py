"""The model file: what is written comes back, bit for bit.

What is hostile is one FileError, soon and small.
"""

import io
import json
import os
import pickle
import struct
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import pellucid as pl
from pellucid.core.types import Array
from pellucid.files import limits, model
from tests.narrowing import instance
from tests.proving import examples

Json = dict[str, Any]


def samples(dtype: type, generator: np.random.Generator) -> dict[str, list[pl.Layer]]:
    """For each layer's name, layers of three inputs with every option moved from its default."""

    def draw(*shape: int) -> Array:
        return generator.normal(size=shape).astype(dtype)

    def positive(*shape: int) -> Array:
        return generator.uniform(0.5, 2, shape).astype(dtype)

    return {
        "Affine": [
            pl.Affine(draw(3, 3), draw(3)),
            pl.Affine(draw(3, 3)),
            pl.Affine(draw(3, 1), draw(1)),
        ],
        "Identity": [pl.Identity()],
        "Sigmoid": [pl.Sigmoid()],
        "Tanh": [pl.Tanh()],
        "ReLU": [pl.ReLU()],
        "LeakyReLU": [pl.LeakyReLU(0.1)],
        "GELU": [pl.GELU(), pl.GELU("tanh")],
        "SiLU": [pl.SiLU()],
        "Softplus": [pl.Softplus()],
        "Exponential": [pl.Exponential()],
        "ELU": [pl.ELU(0.5)],
        "SELU": [pl.SELU()],
        "PReLU": [pl.PReLU(draw(1)), pl.PReLU(draw(3))],
        "Mish": [pl.Mish()],
        "Hardswish": [pl.Hardswish()],
        "Softmax": [pl.Softmax()],
        "LogSoftmax": [pl.LogSoftmax()],
        "Flatten": [pl.Flatten()],
        "Scale": [pl.Scale(1 / 255)],
        "Standardize": [pl.Standardize(draw(3), positive(3))],
        "SmoothClip": [pl.SmoothClip(2.5)],
        "CategoryEmbedding": [pl.CategoryEmbedding(draw(5, 2), np.array([2, 0, 3], dtype))],
        "PeriodicEmbedding": [
            pl.PeriodicEmbedding(
                draw(2, 1, 4),
                draw(2, 1, 4),
                draw(2, 4, 5),
                draw(2, 1, 5),
                np.array([0, 1, 1], dtype),
            )
        ],
        "BatchNorm": [
            pl.BatchNorm(draw(3), draw(3), draw(3), positive(3), momentum=0.2, epsilon=1e-3)
        ],
        "LayerNorm": [pl.LayerNorm(draw(3), draw(3), epsilon=1e-4)],
        "Dropout": [pl.Dropout(0.25)],
        "Residual": [
            pl.Residual([pl.Affine(draw(3, 2), draw(2)), pl.Tanh(), pl.Affine(draw(2, 3))]),
            pl.Residual([pl.Residual([pl.BatchNorm(draw(3)), pl.Residual([pl.LeakyReLU(0.3)])])]),
            pl.Residual([pl.Affine(draw(3, 2)), pl.Tanh()], [pl.Affine(draw(3, 2), draw(2))]),
        ],
        "Concatenate": [
            pl.Concatenate([pl.Affine(draw(3, 2)), pl.Tanh()]),
            pl.Concatenate([pl.Affine(draw(3, 2))], [pl.Affine(draw(3, 1)), pl.ReLU()]),
        ],
        "Members": [
            pl.Members([[pl.Affine(draw(3, 2)), pl.Tanh()] for _ in range(3)]),
            pl.Members([[pl.Affine(draw(3, 2), draw(2))] for _ in range(2)], "probabilities"),
            pl.Members([[pl.Residual([pl.BatchNorm(draw(3))])] for _ in range(2)], "sigmoids"),
        ],
    }


def walk(layers: Sequence[pl.Layer]) -> list[pl.Layer]:
    return [each for layer in layers for each in (layer, *walk(list(layer.inner)))]


def same(one: Sequence[pl.Layer], other: Sequence[pl.Layer]) -> None:
    assert len(walk(one)) == len(walk(other))
    for a, b in zip(walk(one), walk(other), strict=True):
        assert type(a) is type(b)
        assert a.options() == b.options()
        assert a.frozen == b.frozen
        assert a.arrays().keys() == b.arrays().keys()
        for name, array in a.arrays().items():
            assert array.dtype == b.arrays()[name].dtype
            assert array.shape == b.arrays()[name].shape
            assert array.tobytes() == b.arrays()[name].tobytes()


def small_net() -> pl.Network:
    net = pl.mlp([2, 3, 2], "tanh", "softmax", seed=1)
    net.classes = ["아니요", "예"]
    return net


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", pl.LAYERS)
def test_every_layer_comes_back(
    tmp_path: Path, generator: np.random.Generator, name: str, dtype: type
) -> None:
    for layer in samples(dtype, generator)[name]:
        net = pl.Network([layer])
        net.save(tmp_path / "a.safetensors")
        back = pl.load(tmp_path / "a.safetensors")
        same(net.layers, back.layers)
        assert back == net
        x = generator.normal(size=(5, 3)).astype(net.dtype)
        if name == "CategoryEmbedding":
            x = (x > 0).astype(net.dtype)
        assert back(x).tobytes() == net(x).tobytes()


def test_everything_else_comes_back(tmp_path: Path, generator: np.random.Generator) -> None:
    layers = [
        layer
        for some in samples(np.float32, generator).values()
        for layer in some
        if layer.output_width(3) == 3
    ]
    net = pl.Network(layers, inputs=pl.Images((1, 3)), classes=["하나", "둘", '"셋"\n'])
    net.freeze(0, 3, -1)
    net.layers[-2].inner[0].frozen = True
    net.record = {"data": "abc", "metrics": {"loss": 0.1, "기타": None}, "rows": 3}
    net.save(tmp_path / "a.safetensors")
    back = pl.load(tmp_path / "a.safetensors")
    same(net.layers, back.layers)
    assert [layer.frozen for layer in walk(back.layers)].count(True) == 4
    assert (back.inputs, back.classes, back.record) == (net.inputs, net.classes, net.record)


def test_a_network_of_no_layers(tmp_path: Path) -> None:
    pl.Network([]).save(tmp_path / "a.safetensors")
    assert pl.load(tmp_path / "a.safetensors").layers == ()


def test_what_is_loaded_is_its_own_and_can_learn(tmp_path: Path) -> None:
    net = small_net()
    net.save(tmp_path / "a.safetensors")
    back = pl.load(tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").unlink()
    instance(pl.Affine, back.layers[0]).W += 1.0
    assert back != net
    assert all(array.flags.c_contiguous and array.flags.writeable for array in back.params)


def test_same_network_same_bytes(tmp_path: Path, generator: np.random.Generator) -> None:
    net = small_net()
    net.record = {"b": 1, "a": {"z": 1, "y": 2}}
    copy = pl.Network(
        [
            pl.Affine(
                np.asfortranarray(instance(pl.Affine, net.layers[0]).W),
                instance(pl.Affine, net.layers[0]).b,
            ),
            *net.copy().layers[1:],
        ]
    )
    copy.classes, copy.record = net.classes, {"a": {"y": 2, "z": 1}, "b": 1}
    contents = []
    for each in (net, copy, net):
        each.save(tmp_path / "a.safetensors")
        contents.append((tmp_path / "a.safetensors").read_bytes())
    pl.load(tmp_path / "a.safetensors").save(tmp_path / "b.safetensors")
    contents.append((tmp_path / "b.safetensors").read_bytes())
    assert len(set(contents)) == 1
    net.layers[0].W[0, 0] += 1  # type: ignore[attr-defined]
    net.save(tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() != contents[0]


def test_other_readers_find_the_arrays(tmp_path: Path) -> None:
    net = pl.Network([pl.Residual([pl.Affine(np.eye(2), [1.0, 2.0])]), pl.Affine(np.ones((2, 3)))])
    net.save(tmp_path / "a.safetensors")
    found = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert found.keys() == {"0.0.W", "0.0.b", "1.W"}
    assert np.array_equal(found["0.0.W"], np.eye(2))
    assert found["1.W"].shape == (2, 3)
    with safetensors.safe_open(tmp_path / "a.safetensors", "np") as file:
        assert list(file.metadata()) == ["pellucid"]
        header = json.loads(file.metadata()["pellucid"])
    assert header["version"] == 1
    assert [entry["type"] for entry in header["layers"]] == ["Residual", "Affine"]
    assert header["layers"][1]["shapes"] == {"W": [2, 3]}


# What is not saved


class Own(pl.Sigmoid):
    """A layer of a user's own, under a name of its own."""


@pytest.mark.parametrize("layer", [Own(), pl.Residual([Own()])])
def test_layers_of_ones_own_are_not_saved(tmp_path: Path, layer: pl.Layer) -> None:
    with pytest.raises(pl.InputError, match="Own"):
        pl.Network([layer]).save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_not_saved(tmp_path: Path, number: float) -> None:
    net = small_net()
    net.save(tmp_path / "a.safetensors")
    before = (tmp_path / "a.safetensors").read_bytes()
    net.layers[2].W[1, 1] = number  # type: ignore[attr-defined]
    with pytest.raises(pl.InputError, match=r"2\.W"):
        net.save(tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == before


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, np.float32(1), b"bytes", "\ud800"])
def test_what_json_cannot_hold_is_not_saved(tmp_path: Path, value: object) -> None:
    net = small_net()
    net.record = {"a": value}
    with pytest.raises(pl.InputError, match="JSON"):
        net.save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_what_could_not_be_read_again_is_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer: pl.Layer = pl.Tanh()
    for _ in range(limits.DEPTH):
        layer = pl.Residual([layer])
    pl.Network([layer]).save(tmp_path / "deep.safetensors")
    assert pl.load(tmp_path / "deep.safetensors") == pl.Network([layer])
    with pytest.raises(pl.InputError, match="nested at most 8 deep"):
        pl.Network([pl.Residual([layer])]).save(tmp_path / "a.safetensors")
    with pytest.raises(pl.InputError, match="at most 10000"):
        pl.Network([pl.Identity()] * (limits.MOST_LAYERS + 1)).save(tmp_path / "a.safetensors")
    monkeypatch.setattr(model, "MODEL_TEXT", 1000)
    with pytest.raises(pl.InputError, match="longer than 1000 bytes"):
        pl.Network([pl.Identity()] * 100).save(tmp_path / "a.safetensors")
    assert not (tmp_path / "a.safetensors").exists()


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(pl.FileError, match="none"):
        small_net().save(tmp_path / "none" / "a.safetensors")


# What is hostile


def images(*shape: object) -> dict[str, Any]:
    return {"kind": "images", "shape": list(shape)}


def refused(path: Path, reason: str = "") -> None:
    """Loading raises one FileError, which names the path and a reason, and needs little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(pl.FileError) as caught:
            pl.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.count(str(path)) >= 1
    assert reason in message
    assert len(message) > len(str(path)) + 30
    assert "\n" not in message.replace(str(path), "")
    assert peak < 30_000_000


def small_bytes() -> bytes:
    net = small_net()
    return model.to_bytes(net.layers, {"inputs": None, "classes": net.classes, "record": {}})


def parts() -> tuple[Json, dict[str, Array]]:
    content = small_bytes()
    size = int.from_bytes(content[:8], "little")
    text = json.loads(content[8 : 8 + size])["__metadata__"]["pellucid"]
    return json.loads(text), safetensors.numpy.load(content)


def test_the_small_file_is_sound(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(small_bytes())
    assert pl.load(tmp_path / "a") == small_net()
    header, tensors = parts()
    (tmp_path / "b").write_bytes(safetensors.numpy.save(tensors, {"pellucid": json.dumps(header)}))
    assert pl.load(tmp_path / "b") == small_net()


def test_cut_short_at_every_byte(tmp_path: Path) -> None:
    content = small_bytes()
    for length in range(len(content)):
        path = tmp_path / "cut.safetensors"
        path.write_bytes(content[:length])
        with pytest.raises(pl.FileError, match=r"cut\.safetensors"):
            pl.load(path)


def test_one_byte_too_many(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(small_bytes() + b"\0")
    refused(tmp_path / "a", "damaged")


def loads_or_refuses(path: Path) -> None:
    """Whatever the bytes are, there is a network that works, or one FileError."""
    try:
        net = pl.load(path)
    except pl.FileError as error:
        assert str(path) in str(error)
        return
    D = net.summary().rows[0].inputs if net.layers else 1
    with np.errstate(all="ignore"):
        net.predict(np.zeros((1, D or 1), net.dtype))
    net.save(path)


@settings(
    max_examples=examples(400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=4)
)
def test_flipped_bits(tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    flip(tmp_path / "a", flips)


@pytest.mark.soak
@settings(
    max_examples=60_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=12)
)
def test_flipped_bits_for_long(tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    flip(tmp_path / "a", flips)


def flip(path: Path, flips: list[tuple[int, int]]) -> None:
    content = bytearray(small_bytes())
    for place, bits in flips:
        content[place % len(content)] ^= bits
    path.write_bytes(content)
    loads_or_refuses(path)


def test_every_single_byte_of_the_text_changed(tmp_path: Path) -> None:
    content = small_bytes()
    for place in range(8 + int.from_bytes(content[:8], "little")):
        changed = bytearray(content)
        changed[place] ^= 1 + place % 7
        (tmp_path / "a").write_bytes(changed)
        loads_or_refuses(tmp_path / "a")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([*pl.LAYERS, "W", "b", "gamma", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "options", "shapes", "layers", "W", "gamma", "rate"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def any_description(path: Path, layers: object, extra: Json) -> None:
    text = json.dumps({"version": 1, "layers": layers, **extra})
    path.write_bytes(safetensors.numpy.save({"0.W": np.eye(2)}, {"pellucid": text}))
    loads_or_refuses(path)


entries = st.fixed_dictionaries(
    {"type": st.sampled_from(list(pl.LAYERS)), "options": JSON, "shapes": JSON},
    optional={"frozen": JSON, "layers": JSON},
)


@settings(
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    layers=JSON | st.lists(entries | JSON, max_size=3),
    extra=st.dictionaries(st.sampled_from(["inputs", "classes", "record", "version"]), JSON),
)
def test_any_json(tmp_path: Path, layers: object, extra: Json) -> None:
    any_description(tmp_path / "a", layers, extra)


@pytest.mark.soak
@settings(
    max_examples=40_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    layers=JSON | st.lists(entries | JSON, max_size=3),
    extra=st.dictionaries(st.sampled_from(["inputs", "classes", "record", "version"]), JSON),
)
def test_any_json_for_long(tmp_path: Path, layers: object, extra: Json) -> None:
    any_description(tmp_path / "a", layers, extra)


def embedded(header: Json, tensors: dict[str, Array], chosen: list[float]) -> None:
    """Put a PeriodicEmbedding of one column behind the last layer, which says that these are
    embedded.
    """
    arrays = {
        "frequency": np.zeros((1, 1, 2)),
        "phase": np.zeros((1, 1, 2)),
        "W": np.zeros((1, 2, 3)),
    }
    arrays |= {"b": np.zeros((1, 1, 3)), "embedded": np.array(chosen)}
    place = len(header["layers"])
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    header["layers"].append({"type": "PeriodicEmbedding", "options": {}, "shapes": shapes})
    tensors.update({f"{place}.{name}": array.astype(np.float32) for name, array in arrays.items()})


TANH: Json = {"type": "Tanh", "options": {}, "shapes": {}}
HOSTILE: dict[str, tuple[Callable[[Json, dict[str, Array]], object], str]] = {
    "version 2": (lambda h, t: h.update(version=2), "version"),
    "no version": (lambda h, t: h.pop("version"), "version"),
    "no layers": (lambda h, t: h.pop("layers"), "malformed"),
    "layers a dict": (lambda h, t: h.update(layers={}), "list"),
    "layers a number": (lambda h, t: h.update(layers=3), "list"),
    "a layer a number": (lambda h, t: h.update(layers=[3]), "malformed"),
    "a layer a text": (lambda h, t: h.update(layers=["layers"]), "malformed"),
    "unknown layer": (lambda h, t: h["layers"][0].update(type="Attention"), "'Attention'"),
    "a class of Python": (lambda h, t: h["layers"][0].update(type="os.system"), "'os.system'"),
    "type a list": (lambda h, t: h["layers"][0].update(type=["Affine"]), "['Affine']"),
    "no type": (lambda h, t: h["layers"][0].pop("type"), "malformed"),
    "no options": (lambda h, t: h["layers"][0].pop("options"), "malformed"),
    "options a list": (lambda h, t: h["layers"][0].update(options=[]), "malformed"),
    "no shapes": (lambda h, t: h["layers"][0].pop("shapes"), "malformed"),
    "unknown option": (lambda h, t: h["layers"][0]["options"].update(x=1), "malformed"),
    "option of a wrong type": (
        lambda h, t: h["layers"][1].update(type="Dropout", options={"rate": []}),
        "options",
    ),
    "option a text": (
        lambda h, t: h["layers"][1].update(type="Dropout", options={"rate": "0.5"}),
        "description",
    ),
    "option a word": (
        lambda h, t: h["layers"][1].update(type="Dropout", options={"rate": "half"}),
        "rate",
    ),
    "option null": (
        lambda h, t: h["layers"][1].update(type="Dropout", options={"rate": None}),
        "rate",
    ),
    "option out of range": (
        lambda h, t: h["layers"][1].update(type="Dropout", options={"rate": -1}),
        "rate",
    ),
    "option NaN": (
        lambda h, t: h["layers"][1].update(type="LeakyReLU", options={"slope": float("nan")}),
        "options",
    ),
    "option beyond floats": (
        lambda h, t: h["layers"][1].update(type="LeakyReLU", options={"slope": 10**400}),
        "slope",
    ),
    "option beyond float32": (
        lambda h, t: h["layers"][1].update(type="Scale", options={"factor": 1e300}),
        "factor",
    ),
    "a width for an array": (
        lambda h, t: h["layers"][1].update(type="BatchNorm", options={"gamma": 10**10}, shapes={}),
        "options",
    ),
    "frozen a text": (lambda h, t: h["layers"][0].update(frozen="yes"), "description"),
    "unknown array": (lambda h, t: h["layers"][0]["shapes"].update(V=[2, 3]), "'V'"),
    "array of another layer": (lambda h, t: h["layers"][0]["shapes"].update(gamma=[3]), "'gamma'"),
    "missing array": (lambda h, t: t.pop("0.W"), "0.W"),
    "missing bias": (lambda h, t: t.pop("2.b"), "2.b"),
    "array announced by none": (lambda h, t: t.update(x=np.zeros(1, np.float32)), "'x'"),
    "bias not announced": (lambda h, t: h["layers"][0]["shapes"].pop("b"), "'0.b'"),
    "weights not announced": (lambda h, t: h["layers"][0]["shapes"].pop("W"), "malformed"),
    "wrong shape": (lambda h, t: t.update({"0.W": np.zeros((3, 2), np.float32)}), "0.W"),
    "wrong announcement": (lambda h, t: h["layers"][0]["shapes"].update(W=[6]), "0.W"),
    "negative size": (lambda h, t: h["layers"][0]["shapes"].update(W=[-2, -3]), "0.W"),
    "shape a number": (lambda h, t: h["layers"][0]["shapes"].update(W=6), "0.W"),
    "shapes that do not fit": (
        lambda h, t: (
            h["layers"][0]["shapes"].update(b=[2]),
            t.update({"0.b": np.zeros(2, np.float32)}),
        ),
        "expects biases of shape (3,)",
    ),
    "layers that do not fit": (
        lambda h, t: (
            h["layers"][2]["shapes"].update(W=[5, 2]),
            t.update({"2.W": np.zeros((5, 2), np.float32)}),
        ),
        "expects 5 inputs",
    ),
    "no inputs at all": (
        lambda h, t: (
            h["layers"][0]["shapes"].update(W=[0, 3]),
            t.update({"0.W": np.zeros((0, 3), np.float32)}),
        ),
        "(0, 3)",
    ),
    "int": (lambda h, t: t.update({"0.W": t["0.W"].astype(np.int32)}), "float32 or float64"),
    "float16": (
        lambda h, t: t.update({k: v.astype(np.float16) for k, v in t.items()}),
        "float32 or float64",
    ),
    "mixed floats": (lambda h, t: t.update({"0.W": t["0.W"].astype(np.float64)}), "mixes"),
    "NaN": (lambda h, t: t.update({"0.b": np.full(3, np.nan, np.float32)}), "0.b"),
    "infinity": (lambda h, t: t.update({"0.b": np.full(3, -np.inf, np.float32)}), "0.b"),
    "classes a text": (lambda h, t: h.update(classes="ab"), "class names"),
    "classes numbers": (lambda h, t: h.update(classes=[1, 2]), "class names"),
    "too many classes": (
        lambda h, t: h.update(classes=["a", "b", "c"]),
        "3 class names for 2 outputs",
    ),
    "inputs a list": (lambda h, t: h.update(inputs=[1]), "inputs"),
    "inputs of no kind": (lambda h, t: h.update(inputs={"target": "abc"}), "inputs"),
    "inputs of another kind": (lambda h, t: h.update(inputs={"kind": "sound"}), "inputs"),
    "a table without columns": (lambda h, t: h.update(inputs={"kind": "table"}), "columns"),
    "images without a shape": (lambda h, t: h.update(inputs={"kind": "images"}), "inputs"),
    "images of three sides": (lambda h, t: h.update(inputs=images(1, 2, 2)), "shape of images"),
    "images of a negative side": (lambda h, t: h.update(inputs=images(-2, -2)), "shape of images"),
    "huge images": (lambda h, t: h.update(inputs=images(10**9, 10**9)), "shape of images"),
    "images of a true side": (lambda h, t: h.update(inputs=images(True, 4)), "shape of images"),
    "images of other sizes": (lambda h, t: h.update(inputs=images(3, 3)), "9 numbers a row"),
    "a shape of texts": (lambda h, t: h.update(inputs=images("2", "2")), "shape of images"),
    "a record of other types": (lambda h, t: h.update(record={"epochs": "three"}), "record"),
    "record a list": (lambda h, t: h.update(record=[1]), "record"),
    "Residual without layers": (
        lambda h, t: h["layers"].append({"type": "Residual", "options": {}, "layers": []}),
        "Residual",
    ),
    "a projection of all layers": (
        lambda h, t: h["layers"].append(
            {"type": "Residual", "options": {"projection": 1}, "layers": [TANH]}
        ),
        "options are malformed",
    ),
    "a projection that is no number": (
        lambda h, t: h["layers"].append(
            {"type": "Concatenate", "options": {"projection": True}, "layers": [TANH, TANH]}
        ),
        "options are malformed",
    ),
    "another option of a skip": (
        lambda h, t: h["layers"].append(
            {"type": "Concatenate", "options": {"axis": 1}, "layers": [TANH]}
        ),
        "not what their description says",
    ),
    "Residual of nothing": (
        lambda h, t: h["layers"].append({"type": "Residual", "options": {}}),
        "malformed",
    ),
    "a limit of 0": (
        lambda h, t: h["layers"].append(
            {"type": "SmoothClip", "options": {"limit": 0}, "shapes": {}}
        ),
        "limit",
    ),
    "embedded by half": (lambda h, t: embedded(h, t, [1.0, 0.5]), "E ones among zeros"),
    "more embedded than waves": (lambda h, t: embedded(h, t, [1.0, 1.0]), "E ones among zeros"),
    "embedded of another width": (
        lambda h, t: embedded(h, t, [1.0, 0.0, 0.0]),
        "expects 3 inputs in each row, got 2",
    ),
    "too many layers": (lambda h, t: h.update(layers=[h["layers"][1]] * 10_001), "at most 10000"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_descriptions(tmp_path: Path, case: str) -> None:
    change, reason = HOSTILE[case]
    header, tensors = parts()
    change(header, tensors)
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(safetensors.numpy.save(tensors, {"pellucid": json.dumps(header)}))
    refused(path, reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("{", "malformed"),
        ("null", "version"),
        ("[]", "version"),
        ("[" * 200_000, "damaged"),
        ('{"version":' + "9" * 5000 + "}", "malformed"),
    ],
)
def test_hostile_json(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a").write_bytes(safetensors.numpy.save({}, {"pellucid": text}))
    refused(tmp_path / "a", reason)


def test_residuals_without_end(tmp_path: Path) -> None:
    layer: Json = {"type": "Tanh", "options": {}, "shapes": {}}
    for _ in range(300):
        layer = {"type": "Residual", "options": {}, "layers": [layer]}
    text = json.dumps({"version": 1, "layers": [layer]})
    (tmp_path / "a").write_bytes(safetensors.numpy.save({}, {"pellucid": text}))
    refused(tmp_path / "a", "8 deep")


def test_a_description_that_is_too_long(tmp_path: Path) -> None:
    text = json.dumps({"version": 1, "layers": [], "record": {"a": "x" * limits.MODEL_TEXT}})
    (tmp_path / "a").write_bytes(safetensors.numpy.save({}, {"pellucid": text}))
    refused(tmp_path / "a", "longer than")


def raw(header: object, buffer: bytes = b"", size: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + buffer


def tensor(kind: str, shape: list[int], end: int) -> Json:
    layer = {"type": "Affine", "options": {}, "shapes": {"W": shape}}
    return {
        "0.W": {"dtype": kind, "shape": shape, "data_offsets": [0, end]},
        "__metadata__": {"pellucid": json.dumps({"version": 1, "layers": [layer]})},
    }


# Complex numbers are a type of their own to safetensors from 0.7 on
OTHER = "damaged" if safetensors.__version__.startswith("0.6") else "float32 or float64"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\0", "damaged"),
        (bytes(8), "damaged"),
        (bytes(100), "damaged"),
        (b"\xff" * 8, "damaged"),
        (raw({}), "not one of pellucid"),
        (raw({"__metadata__": {"format": "pt"}}), "not one of pellucid"),
        (raw([1]), "damaged"),
        (raw({}, size=10**18), "damaged"),
        (raw(tensor("F32", [1000000, 1000000], 16), bytes(16)), "damaged"),
        (raw(tensor("F32", [2, 2], 10**12), bytes(16)), "damaged"),
        (raw(tensor("F32", [-2, -2], 16), bytes(16)), "damaged"),
        (raw(tensor("F32", [2**62, 4], 16), bytes(16)), "damaged"),
        (raw(tensor("BF16", [2, 4], 16), bytes(16)), "float32 or float64"),
        (raw(tensor("F8_E4M3", [4, 4], 16), bytes(16)), "float32 or float64"),
        (raw(tensor("C64", [2, 1], 16), bytes(16)), OTHER),
        (raw(tensor("Python", [2, 2], 16), bytes(16)), "damaged"),
    ],
)
def test_hostile_bytes(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a").write_bytes(content)
    refused(tmp_path / "a", reason)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def other_files() -> dict[str, bytes]:
    made: dict[str, io.BytesIO] = {name: io.BytesIO() for name in ("pt", "zip", "png", "npz")}
    torch.save({"W": torch.ones(2)}, made["pt"])
    with zipfile.ZipFile(made["zip"], "w") as archive:
        archive.writestr("a", "b")
    Image.new("L", (28, 28)).save(made["png"], "png")
    np.savez(made["npz"], W=np.ones(2))
    return {
        "pickle": pickle.dumps(Bomb()),
        "old pickle": pickle.dumps(Bomb(), protocol=0),
        "txt": b"not a model\n" * 10,
        "json": b'{"version": 1, "layers": []}',
        "empty": b"",
        **{name: stream.getvalue() for name, stream in made.items()},
    }


@pytest.mark.parametrize("name", other_files())
def test_other_files(tmp_path: Path, name: str) -> None:
    (tmp_path / f"model.{name}").write_bytes(other_files()[name])
    refused(tmp_path / f"model.{name}", "of 1 to" if name == "empty" else "")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    refused(tmp_path / "none.safetensors", "no such file")
    refused(tmp_path, "it is a folder")
    refused(tmp_path / ("a" * 300), "too long")


def test_a_name_with_a_zero_byte() -> None:
    with pytest.raises(pl.FileError):
        pl.load("a\0b")


@pytest.mark.usefixtures("as_nobody")
def test_no_permission(open_folder: Path) -> None:
    small_net().save(open_folder / "a.safetensors")
    (open_folder / "a.safetensors").chmod(0)
    refused(open_folder / "a.safetensors", "Permission denied")


def test_a_pipe_and_a_device_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        waiting = threading.Thread(
            target=refused, args=(tmp_path / name, "regular file"), daemon=True
        )
        waiting.start()
        waiting.join(10)
        assert not waiting.is_alive()


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(limits.MODEL_BYTES + 1)  # takes no room on the disk
    refused(tmp_path / "a", "of 1 to")


def test_names_that_no_file_can_hold_are_refused_before_training() -> None:
    layers = pl.mlp([3, 2], seed=0).layers
    with pytest.raises(pl.InputError, match="class names of 8,500,028 bytes are more than"):
        pl.Network(layers, classes=["a" * 8_500_000, "b"])
    table = {"a": [1.0, 2.0, 3.0, 4.0], "b": ["x" * 9_000_000, "y"] * 2, "t": [0, 1, 1, 0]}
    with pytest.raises(pl.InputError, match="ignore column 'b', which has most of them"):
        pl.Columns.of(table, target="t")
    assert pl.Columns.of(table, target="t", ignore=["b"]).names == ["a"]
