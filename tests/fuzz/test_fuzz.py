"""Two seconds of changed files for every reader; `make fuzz` goes on for long."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path

import pytest

from pellucid.errors import PellucidError
from tests.fuzz.__main__ import NAMES, fuzz
from tests.fuzz.readers import READERS


def test_every_reader_is_named() -> None:
    assert list(READERS) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_is_read(name: str, tmp_path: Path) -> None:
    """Changes begin with files that the reader takes: else they would end at its first check."""
    reader, taken = READERS[name], 0
    for example in reader.examples():
        path = tmp_path / f"seed{reader.extension}"
        path.write_bytes(example)
        with contextlib.suppress(PellucidError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(path)
            taken += 1
    assert taken


@pytest.mark.integration
@pytest.mark.parametrize("name", NAMES)
def test_two_seconds(name: str, tmp_path: Path) -> None:
    done = fuzz(name, 2.0, "--by-chance", "--found", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert done.stdout.splitlines()[-1].endswith("0 faults")
