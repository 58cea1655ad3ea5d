"""An installed wheel: its engine is there, trains, and gives the same bits twice.

It needs nothing but the package and pytest, so that cibuildwheel and `make wheels` run it in an
environment without a compiler and without this repository.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl

pytestmark = pytest.mark.integration

SETS = ["avx512", "avx2", "baseline"]
X86_64 = platform.machine().lower() in ("x86_64", "amd64")


def command(folder: Path, *words: str) -> dict[str, Any]:
    """Run a command in a folder of its own; return what it says as JSON."""
    words = (sys.executable, "-m", "pellucid", *words, "--json")
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_doctor_names_the_native_engine_and_its_sets(tmp_path: Path) -> None:
    said = command(tmp_path, "doctor", "--lang", "en")
    assert said["broken"] == []
    assert said["engine"].startswith("native, ")
    assert said["instruction sets"] == ", ".join(SETS if X86_64 else SETS[-1:])


def test_training_twice_makes_the_same_bits_and_reads_94_percent(tmp_path: Path) -> None:
    for name in ("first", "second"):
        said = command(tmp_path, "train", "--quick", "-o", f"{name}.safetensors")
        assert said["engine"] == "native"
        assert said["test"]["accuracy"] >= 0.94
    first, second = (tmp_path / f"{name}.safetensors" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_a_predictor_agrees_with_predict() -> None:
    net = pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid", seed=0)
    x = np.random.default_rng(0).random((3, 784), np.float32)
    predict = net.predictor()
    assert type(predict).__name__ == "Predictor"
    assert np.array_equal(predict(x), net.predict(x))
    assert np.array_equal(predict(x[:1]), net.predict(x)[:1])
    with pytest.raises(ValueError, match="784"):
        predict(x[:, :5])
