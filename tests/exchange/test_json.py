"""JSON.

Every layer comes back with the same bits, plain readers find the numbers, and nothing in it is
trusted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.exchange import from_json, to_json
from tests.exchange.networks import CASES, network_of
from tests.narrowing import instance


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.json"


@pytest.mark.parametrize(("name", "index"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_layer_comes_back(path: Path, name: str, index: int, dtype: type[Any]) -> None:
    net = network_of(name, index, dtype)
    to_json(net, path)
    assert from_json(path) == net


def test_everything_else_comes_back(path: Path) -> None:
    net = pl.Network(pl.mlp([4, 3, 2]).layers, inputs=pl.Images((2, 2)), classes=["아니요", "예"])
    net.record = {"rows": 3, "metrics": {"loss": 0.1}}
    net.freeze(0)
    to_json(net, path)
    back = from_json(path)
    assert (back.inputs, back.classes, back.record) == (net.inputs, net.classes, net.record)
    assert back == net
    content = path.read_bytes()
    to_json(back, path)
    assert path.read_bytes() == content


def test_it_reads_as_documented(path: Path) -> None:
    to_json(pl.Network([pl.Affine([[0.5, -1.0]], [0.0, 0.25]), pl.LeakyReLU()]), path)
    assert json.loads(path.read_text()) == {
        "format": "pellucid",
        "version": 1,
        "dtype": "float64",
        "layers": [
            {"type": "Affine", "options": {}, "arrays": {"W": [[0.5, -1.0]], "b": [0.0, 0.25]}},
            {"type": "LeakyReLU", "options": {"slope": 0.01}, "arrays": {}},
        ],
        "inputs": None,
        "classes": None,
        "record": {},
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_of_every_size_come_back(path: Path, dtype: type[Any]) -> None:
    limits = np.finfo(dtype)
    bits = (
        np.random.default_rng(0)
        .integers(0, 2**63, 4000, np.uint64)
        .view(np.float64)
        .astype(np.float64)
    )
    with np.errstate(over="ignore", invalid="ignore"):
        drawn = bits.astype(dtype)
    edges = np.array(
        [0.0, -0.0, limits.max, limits.min, limits.tiny, limits.smallest_subnormal, 1 / 3], dtype
    )
    W = np.concatenate([edges, drawn[np.isfinite(drawn)]])[None]
    to_json(pl.Network([pl.Affine(W)]), path)
    assert instance(pl.Affine, from_json(path).layers[0]).W.tobytes() == W.tobytes()


def test_what_is_not_written(path: Path) -> None:
    with pytest.raises(pl.InputError, match=r"0\.W has values that are not finite"):
        to_json(pl.Network([pl.Affine([[np.inf]])]), path)

    class Mine(pl.Sigmoid):
        pass

    with pytest.raises(pl.InputError, match="own layers only, got Mine"):
        to_json(pl.Network([Mine()]), path)
    assert not path.exists()


def changed(**changes: object) -> str:
    document = {
        "format": "pellucid",
        "version": 1,
        "dtype": "float32",
        "layers": [{"type": "Affine", "options": {}, "arrays": {"W": [[1.0, 2.0]], "b": [0, 0]}}],
    }
    return json.dumps({**document, **changes})


def layer(**changes: object) -> str:
    return changed(layers=[{"type": "Affine", "options": {}, "arrays": {"W": [[1.0]]}, **changes}])


HOSTILE = {
    "cut": changed()[:-5],
    "no object": "[]",
    "no format": "{}",
    "another version": changed(version=2),
    "another type": changed(dtype="float16"),
    "no list of layers": changed(layers=3),
    "no layers": changed(layers=None),
    "an object for layers": changed(layers={}),
    "a text for layers": changed(layers=""),
    "an object within": changed(layers=[{"type": "Residual", "options": {}, "layers": {}}]),
    "a layer that is none": changed(layers=[3]),
    "unknown layer": layer(type="System"),
    "ragged": layer(arrays={"W": [[1.0], [1.0, 2.0]]}),
    "words": layer(arrays={"W": [["1"]]}),
    "truths": layer(arrays={"W": [[True]]}),
    "too large": layer(arrays={"W": [[1e39]]}),
    "huge": layer(arrays={"W": [[10**400]]}),
    "infinite": layer(arrays={"W": [[float("inf")]]}),
    "not a number": layer(arrays={"W": [[float("nan")]]}),
    "unknown array": layer(arrays={"W": [[1.0]], "Z": [1.0]}),
    "unknown option": layer(options={"slope": 1}),
    "deep": "[" * 100_000,
    "many digits": '{"format": ' + "9" * 5000 + "}",
    "within itself": changed(layers=[{"type": "Residual", "options": {}, "layers": []}]),
    "no text": "\x00",
    "classes": changed(classes=["a"]),
}


def test_a_document_by_hand_is_read(path: Path) -> None:
    path.write_text(changed())
    assert np.array_equal(from_json(path)(np.ones((1, 1), np.float32)), [[1.0, 2.0]])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_one_error(path: Path, name: str) -> None:
    path.write_text(HOSTILE[name])
    with pytest.raises(pl.FileError, match=r"net\.json: no usable network: ") as raised:
        from_json(path)
    assert "\n" not in str(raised.value)


def test_no_file(path: Path) -> None:
    with pytest.raises(pl.FileError, match="cannot be read"):
        from_json(path)
    path.write_text("")
    with pytest.raises(pl.FileError, match="it has 0 bytes"):
        from_json(path)
