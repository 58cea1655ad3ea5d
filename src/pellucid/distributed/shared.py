"""Arrays that processes of one machine share."""

from __future__ import annotations

import math
from contextlib import suppress
from multiprocessing.shared_memory import SharedMemory
from typing import Any, NamedTuple

import numpy as np

from pellucid.core.types import Array


class Handle(NamedTuple):
    """An array in shared memory, as other processes find it."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class SharedArrays:
    """Arrays in shared memory, kept until `close`."""

    def __init__(self) -> None:
        self._blocks: list[tuple[SharedMemory, bool]] = []

    def make(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[Array, Handle]:
        """Return a new array and its handle."""
        block = SharedMemory(create=True, size=max(1, math.prod(shape) * dtype.itemsize))
        self._blocks.append((block, True))
        return np.ndarray(shape, dtype, block.buf), Handle(block.name, shape, dtype.str)

    def copy(self, array: Array) -> Handle:
        """Return the handle of a copy."""
        made, handle = self.make(array.shape, array.dtype)
        made[...] = array
        return handle

    def find(self, handle: Handle) -> Array:
        """Return the array of a handle."""
        block = SharedMemory(handle.name)
        self._blocks.append((block, False))
        return np.ndarray(handle.shape, np.dtype(handle.dtype), block.buf)

    def close(self) -> None:
        """Give the memory back; no array of it may be used any more."""
        for block, own in self._blocks:
            if own:
                block.unlink()
            with suppress(BufferError):  # an array that is still held goes with the process
                block.close()
        self._blocks.clear()
