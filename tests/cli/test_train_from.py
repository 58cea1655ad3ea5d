"""`pellucid train --from MODEL`: a network that has begun goes on, from its own weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from tests.cli.conftest import Result


@pytest.fixture
def rows(tmp_path: Path) -> tuple[Array, Array]:
    """Rows of two classes, and some to test on."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3)).astype(np.float32)
    t = (x[:, 0] > 0).astype(np.int64)
    np.savez(tmp_path / "rows.npz", x=x, t=t, x_test=x[:50], t_test=t[:50])
    return x, t


QUICK = ("--epochs", 1, "--batch-size", 50)


def test_it_goes_on_from_the_weights_as_they_are(
    run: Callable[..., Result], rows: tuple[Array, Array]
) -> None:
    net = pl.Network(pl.mlp([3, 4, 2], "gelu", "softmax", seed=5).layers, classes=["0", "1"])
    net.save("begun.safetensors")
    still = ("--learning-rate", 1e-12, "--optimizer", "sgd", "--schedule", "constant")
    result = run(
        "train",
        "--from",
        "begun.safetensors",
        "--data",
        "rows.npz",
        *QUICK,
        *still,
        "-o",
        "on.safetensors",
    )
    assert result.code == 0, result.err
    on = pl.load("on.safetensors")
    assert [type(layer).__name__ for layer in on.layers] == ["Affine", "GELU", "Affine", "Softmax"]
    assert on.classes == ["0", "1"]
    for ours, theirs in zip(on.params, net.params, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert (
        run(
            "train",
            "--from",
            "begun.safetensors",
            "--data",
            "rows.npz",
            *QUICK,
            "-o",
            "on.safetensors",
        ).code
        == 0
    )
    assert pl.load("on.safetensors") != net
    assert pl.load("begun.safetensors") == net


def test_classes_are_found_by_their_names(run: Callable[..., Result], letters: Path) -> None:
    """The folder's classes are 2 and 7 in this order; the network has them the other way round."""
    net = pl.Network(pl.mlp([784, 4, 2], "tanh", "softmax", pixels=True).layers, classes=["7", "2"])
    net.save("begun.safetensors")
    words = (
        "--data",
        "letters",
        "--epochs",
        30,
        "--augment",
        "none",
        "-o",
        "on.safetensors",
        "--json",
    )
    result = run("train", "--from", "begun.safetensors", *words)
    assert result.code == 0, result.err
    on = pl.load("on.safetensors")
    assert on.classes == ["7", "2"]
    pictures = pl.read_image_folder("letters")
    assert on.labels(pictures.images) == [pictures.classes[k] for k in pictures.labels]


def test_tables_keep_their_columns(run: Callable[..., Result]) -> None:
    lines = [
        "age,plan,bought",
        *(f"{20 + i},{'ab'[i % 2]},{('no', 'yes')[i // 20]}" for i in range(40)),
    ]
    Path("people.csv").write_text("\n".join(lines))
    pl.table_mlp(pl.Columns.of("people.csv", target="bought"), hidden=(4,)).save(
        "begun.safetensors"
    )
    more = [
        "extra,plan,age,bought",
        *(f"x,{'ab'[i % 2]},{20 + i},{('no', 'yes')[i // 20]}" for i in range(40)),
    ]
    Path("more.csv").write_text("\n".join(more))
    words = (
        "--from",
        "begun.safetensors",
        "--data",
        "more.csv",
        "--epochs",
        2,
        "-o",
        "on.safetensors",
    )
    found = run("train", *words, "--json").json
    assert (found["rows"], found["target"], found["columns"]) == (40, "bought", ["age", "plan"])
    begun, on = pl.load("begun.safetensors"), pl.load("on.safetensors")
    assert on.inputs == begun.inputs
    assert on != begun
    Path("other.csv").write_text("\n".join(more).replace("bought", "did"))
    assert run("train", *words[:3], "other.csv", *words[4:], "--target", "did").code == 0


def test_used_wrongly(run: Callable[..., Result], rows: tuple[Array, Array]) -> None:
    pl.mlp([4, 3]).save("wide.safetensors")
    pl.mlp([3, 2]).save("begun.safetensors")
    words = ("train", "--data", "rows.npz", *QUICK)
    for option in (
        ("--layers", "3,4,2"),
        ("--hidden", "4"),
        ("--activation", "relu"),
        ("--dropout", 0.1),
    ):
        result = run(*words, "--from", "begun.safetensors", *option)
        assert result.code == 2
        assert f"leave out {option[0]}" in result.err
    result = run(*words, "--from", "wide.safetensors")
    assert result.code == 1
    assert "the network takes 4" in result.err
    result = run(*words, "--from", "begun.safetensors", "-o", "begun.safetensors")
    assert result.code == 1
    assert "is read here, and would be replaced" in result.err
    assert run(*words, "--from", "missing.safetensors").code == 1
