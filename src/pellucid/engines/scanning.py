"""One pass over an array before a training: a fingerprint of its bytes, the range of its floats.

The hash is cpp/include/pellucid/scan.h's, at the speed of memory, or the same in NumPy. It tells
data apart; it is no protection against data that somebody made to look the same.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from pellucid.core import splitmix
from pellucid.core.types import Array, DTypeLike
from pellucid.engines.instructions import native_module

_VERSION = "v2:"  # what fingerprints begin with; those of the first version begin with nothing
_FINGERPRINT = re.compile(r"(v2:)?[0-9a-f]{32}")
_BLOCK, _LANES, _FACTOR = 4096, 8, 0x9FB21C651E98DF25
_AT_ONCE = 1 << 26  # bytes: Ctrl-C is answered in between
_COPIED = 1 << 20  # bytes of an array whose rows do not lie one after the other in memory
_CHUNK = 64  # blocks that NumPy hashes at once


class Scan(NamedTuple):
    """What one pass over an array found.

    Attributes
    ----------
    kind
        Type and shape, as text.
    lanes
        The hash of the bytes in C order, 64 bytes.
    finite
        Whether all values are known to be finite; False for floats that are not float32 or
        float64, which nobody looked at.
    low, high
        The range of floats, NaN left out; infinity and -infinity where there are none.
    """

    kind: str
    lanes: bytes
    finite: bool
    low: float
    high: float

    def fits(self, dtype: DTypeLike) -> bool:
        """Return whether all values are known to be finite, in that floating type, too."""
        most = float(np.finfo(dtype).max)
        return self.finite and self.low >= -most and self.high <= most


def scan(array: Array) -> Scan:
    """Return hash and range of an array, by one pass over its memory."""
    dtype = array.dtype
    size = dtype.itemsize if dtype in (np.float32, np.float64) and dtype.isnative else 0
    # Without `scan`, the native engine is older than this code: NumPy finds the same.
    append = getattr(native_module(), "scan", _append)
    lanes = np.zeros(_LANES, np.uint64)
    finite, low, high = dtype.kind != "f" or size > 0, math.inf, -math.inf
    for part in _parts(array):
        found, least, most = append(part, size, lanes)
        finite, low, high = finite and found, min(low, least), max(high, most)
    return Scan(f"{dtype.str}{array.shape}", lanes.tobytes(), finite, low, high)


def fingerprint(*arrays: Array | Scan) -> str:
    """Return a short name of exactly these arrays: a hash over types, shapes and bytes.

    A `Scan` stands for the array that it is of.
    """
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found = array if isinstance(array, Scan) else scan(array)
        digest.update(found.kind.encode())
        digest.update(found.lanes)
    return _VERSION + digest.hexdigest()


def is_fingerprint(known: object, *arrays: Array) -> bool:
    """Return whether `known` is the fingerprint of these arrays, also as older versions made it."""
    if not isinstance(known, str):
        return False
    if known.startswith(_VERSION):
        return known == fingerprint(*arrays)
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return known == digest.hexdigest()


def reads_as_fingerprint(text: str) -> bool:
    """Return whether a text has the form of a fingerprint, of this version or an earlier one."""
    return _FINGERPRINT.fullmatch(text) is not None


def comparable(one: str, other: str) -> bool:
    """Return whether two texts are not fingerprints that two versions made."""
    kinds = {text.startswith(_VERSION) for text in (one, other) if reads_as_fingerprint(text)}
    return len(kinds) < 2


def _parts(array: Array) -> Iterator[Array]:
    """Yield an array's bytes in C order: whole blocks, then the rest."""
    if array.flags.c_contiguous:
        flat = array.reshape(-1).view(np.uint8)
        for start in range(0, len(flat), _AT_ONCE):
            yield flat[start : start + _AT_ONCE]
        return
    rest = np.empty(0, np.uint8)
    rows = max(1, _COPIED * len(array) // array.nbytes)
    for start in range(0, len(array), rows):
        copy = np.ascontiguousarray(array[start : start + rows])
        part = np.concatenate([rest, copy.reshape(-1).view(np.uint8)])
        whole = len(part) // _BLOCK * _BLOCK
        yield part[:whole]
        rest = part[whole:]
    yield rest


def _append(part: Array, size: int, lanes: Array) -> tuple[bool, float, float]:
    """Do in NumPy what scan.h does."""
    for start in range(0, len(part), _CHUNK * _BLOCK):
        _hash(part[start : start + _CHUNK * _BLOCK], lanes)
    if not size or not len(part):
        return True, math.inf, -math.inf
    values = part.view(f"f{size}")
    numbers = values[~np.isnan(values)]
    low, high = numbers.min(initial=math.inf), numbers.max(initial=-math.inf)
    return bool(np.isfinite(values).all()), float(low), float(high)


def _hash(part: Array, lanes: Array) -> None:
    """Append bytes, filled up to whole blocks with zeros, to the lanes."""
    filled = np.zeros(-(-len(part) // _BLOCK) * _BLOCK, np.uint8)
    filled[: len(part)] = part
    numbers = filled.view("<u8").astype(np.uint64).reshape(-1, _BLOCK // 64, _LANES)
    keys, powers = _keys()
    v = numbers ^ keys
    products = (v & np.uint64(0xFFFFFFFF)) * (v >> np.uint64(32))
    sums = products.sum(axis=1) + numbers.sum(axis=1)[:, np.arange(_LANES) ^ 1]
    sums ^= sums >> np.uint64(32)
    last = powers[-len(sums) - 1 :]  # from the power of the lanes to 1
    lanes *= last[0]
    lanes += (sums * last[1:, None]).sum(axis=0)


@cache
def _keys() -> tuple[Array, Array]:
    """Return the key of each place in a block, (64, 8), and the factor's powers, 1 at the end."""
    keys = splitmix.bits(0, np.arange(_BLOCK // 8, dtype=np.uint64)).reshape(-1, _LANES)
    powers = [pow(_FACTOR, k, 1 << 64) for k in reversed(range(_CHUNK + 1))]
    return keys, np.array(powers, np.uint64)
