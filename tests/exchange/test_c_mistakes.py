"""C: what is refused, and what happens to the files."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.exchange import to_c
from pellucid.exchange.c import to_files
from tests.exchange.compiled import COMPILER

NET = pl.mlp([2, 3, 2], activation="tanh", seed=0)


class Own(pl.Sigmoid):
    pass


def refused(net: Any, words: Any, path: Any, **options: Any) -> None:
    with pytest.raises(pl.InputError, match=words):
        to_c(net, path, **options)


def test_networks_that_c_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net"
    W = np.ones((2, 2))
    refused(
        pl.Network([pl.Affine(W), Own()]),
        r"layer 1 \(Own\) cannot be written in C, which knows Affine",
        path,
    )
    refused(pl.Network([pl.Residual([pl.Affine(W), Own()])]), r"layer 0\.1 \(Own\)", path)
    refused(pl.Network([pl.Softmax()]), "fixed number of inputs", path)
    refused(pl.Network([]), "fixed number of inputs", path)
    refused(
        pl.Network([pl.Affine(W * np.nan)]), r"layer 0 \(Affine\) holds NaN or infinity in W", path
    )
    refused(
        pl.Network([pl.Affine(W), pl.Affine(W * 1e39)]),
        r"layer 1 \(Affine\) needs a number beyond float32",
        path,
    )
    refused(
        pl.Network([pl.Affine(W), pl.LeakyReLU(1e39)]),
        r"layer 1 \(LeakyReLU\) needs a number",
        path,
    )
    norm = pl.BatchNorm(np.ones(2), running_variance=np.zeros(2), epsilon=0)
    refused(pl.Network([norm]), r"layer 0 \(BatchNorm\) needs a number", path)
    monkeypatch.setattr(to_files, "LARGEST", 10 * 17)
    refused(NET, "17 parameters would be about 0 MB of C", path)
    assert list(tmp_path.iterdir()) == []


def test_the_largest_is_measured_well(tmp_path: Path) -> None:
    """What a number takes in the source is known well enough for the limit."""
    net = pl.mlp([300, 300], seed=0)
    for int8 in (False, True):
        _, source = to_c(
            net, tmp_path / "net", int8=int8, calibration=np.eye(300, dtype=np.float32)
        )
        estimate = 300 * 300 * (5 if int8 else 13)
        assert 0.8 < source.stat().st_size / estimate < 1.25


@pytest.mark.parametrize("stem", ["math", "STDIO", 'a"b', "a\\b", "a\nb", "it's", "a??!", "..", ""])
def test_names_that_cannot_be_included(stem: str, tmp_path: Path) -> None:
    refused(NET, "choose another, such as digits.h", f"{tmp_path}/{stem}" if stem else "")
    assert list(tmp_path.iterdir()) == []


def test_no_path(tmp_path: Path) -> None:
    refused(NET, "expected a path", 3)


def test_either_file_names_both(tmp_path: Path) -> None:
    both = (tmp_path / "a.h", tmp_path / "a.c")
    assert (
        to_c(NET, tmp_path / "a")
        == to_c(NET, str(tmp_path / "a.c"))
        == to_c(NET, tmp_path / "a.h")
        == both
    )
    assert to_c(NET, tmp_path / "a.v2") == (tmp_path / "a.v2.h", tmp_path / "a.v2.c")


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    first = [file.read_bytes() for file in to_c(NET, tmp_path / "a")]
    assert [file.read_bytes() for file in to_c(NET.copy(), tmp_path / "a")] == first


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text("int main(void) { return 0; }")
    with pytest.raises(pl.FileError, match=r"main\.c exists and was not written by pellucid"):
        to_c(NET, tmp_path / "main")
    assert [file.name for file in tmp_path.iterdir()] == ["main.c"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder.h").mkdir()
    for path in (tmp_path / "folder", tmp_path / "missing" / "a", f"{tmp_path}/a\0"):
        with pytest.raises((pl.FileError, pl.InputError)):
            to_c(NET, path)
    assert [file.name for file in tmp_path.iterdir()] == ["folder.h"]


def test_a_header_and_a_source_of_two_exports_do_not_compile(tmp_path: Path) -> None:
    """As after a copy of one of the two files."""
    header, _ = to_c(NET, tmp_path / "net")
    old = header.read_bytes()
    to_c(pl.mlp([2, 3, 2], activation="tanh", seed=1), tmp_path / "net")
    header.write_bytes(old)
    command: list[Any] = [COMPILER, "-std=c99", "-c", tmp_path / "net.c", "-o", tmp_path / "net.o"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode and "header and source are not of one export" in done.stderr
