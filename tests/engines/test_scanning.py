"""Fingerprints of data and the range of floats: the same for every instruction set and in NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from pellucid.core.types import Array
from pellucid.engines import (
    fingerprint,
    is_fingerprint,
    runnable_sets,
    scan,
    scanning,
    using_instructions,
)
from pellucid.engines.scanning import Scan

WAYS = ("numpy", *runnable_sets())


def scanned(way: str, array: Array, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Return the scan by NumPy or by an instruction set."""
    if way != "numpy":
        with using_instructions(way):
            return scan(array)
    with monkeypatch.context() as patched:
        patched.setattr(scanning, "native_module", lambda: None)
        return scan(array)


def arrays() -> Iterator[Array]:
    """Yield arrays of every kind and of lengths around those of lines, blocks and chunks."""
    numbers = np.random.default_rng(0)
    for count in (0, 1, 7, 8, 16, 1023, 1024, 1025, 2048, 4099, 300_000):
        yield numbers.normal(size=count).astype(np.float32)
    yield numbers.normal(size=(70, 33))
    yield numbers.integers(0, 256, (5, 28, 28), np.uint8)
    yield numbers.integers(0, 9, 999)
    yield numbers.normal(size=(700, 333)).astype(np.float32)[::-1, ::2]
    yield np.asfortranarray(numbers.normal(size=(500, 77)))
    yield np.full(5000, -1.5)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_finds_the_same(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for array in arrays():
        expected = scanned("numpy", array, monkeypatch)
        assert scanned(way, array, monkeypatch) == expected, (way, array.shape)
        if array.dtype.kind == "f" and array.size:
            assert (expected.low, expected.high) == (array.min(), array.max())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_value_that_is_not_finite_is_seen_wherever_it_is(
    way: str, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    array: Array = np.linspace(-1, 1, 3001, dtype=dtype)
    assert scanned(way, array, monkeypatch).finite
    for place in (0, 1, 17, 1023, 1024, 2995, 2999, 3000):
        for value in (math.nan, math.inf, -math.inf):
            wrong = array.copy()
            wrong[place] = value
            assert not scanned(way, wrong, monkeypatch).finite


def test_a_number_may_be_too_large_for_the_network() -> None:
    assert scan(np.array([1e38, -1e38])).fits(np.float32)
    assert not scan(np.array([0, -1e39])).fits(np.float32)
    assert not scan(np.array([1.0], np.float16)).finite  # nobody looked


def test_the_fingerprint_is_of_types_shapes_and_bytes() -> None:
    x, t = np.arange(12, dtype=np.float32).reshape(4, 3), np.arange(4)
    names = {
        fingerprint(*each)
        for each in (
            (x, t),
            (x.astype(np.float64), t),
            (x.reshape(2, 6), t),
            (x + 1, t),
            (x, t + 1),
            (x, t.astype(np.int32)),
            (x.T.copy().T[::-1], t),
        )
    }
    assert len(names) == 7
    assert fingerprint(np.asfortranarray(x), t) == fingerprint(x, t)
    assert fingerprint(scan(x), t) == fingerprint(x, t)
    # Files hold it: another value needs another version
    assert fingerprint(x, t) == "v2:157f3aab7d1f35f39fd22a2fc757a171"


def test_any_change_is_another_fingerprint() -> None:
    numbers = np.random.default_rng(1)
    x = numbers.integers(0, 256, 20_000, np.uint8)
    found = {fingerprint(x)}
    for bit in range(0, x.size * 8, 97):
        changed = x.copy()
        changed[bit // 8] ^= 1 << bit % 8
        found.add(fingerprint(changed))
    assert len(found) == 1 + len(range(0, x.size * 8, 97))


def test_equal_parts_in_another_order_are_another_fingerprint() -> None:
    rows = np.random.default_rng(2).normal(size=(8, 1024)).astype(np.float32)  # a block each
    zeros = np.zeros((8, 1024), np.float32)
    orders = [rows[np.roll(np.arange(8), k)] for k in range(8)]
    moved = [np.concatenate([zeros[:k], rows[:1], zeros[k + 1 :]]) for k in range(8)]
    swapped = [rows.reshape(-1, width)[:, ::-1].reshape(8, 1024) for width in (2, 4, 16, 512)]
    every = [*orders, *moved, *swapped, zeros]
    assert len({fingerprint(each) for each in every}) == len(every)


def test_fingerprints_of_older_versions_are_compared_as_they_were_made() -> None:
    x, t = np.arange(12, dtype=np.float32).reshape(4, 3), np.arange(4)
    old = "9b12e6ea2891f49ea6f7311f06aa09ca"
    assert is_fingerprint(old, x, t)
    assert not is_fingerprint(old, x + 1, t)
    assert is_fingerprint(fingerprint(x, t), x, t)
    assert not is_fingerprint(fingerprint(x, t), x, t + 1)
    assert not is_fingerprint(None, x, t)
