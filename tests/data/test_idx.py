import gzip
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pellucid.core.types import Array
from pellucid.data.idx import read_idx, write_idx
from pellucid.errors import FileError, InputError
from pellucid.files import unpacking

KINDS = [">u1", "i1", "<i2", ">i2", "<i4", ">i4", "<f4", ">f4", "<f8", ">f8"]
arrays = st.sampled_from(KINDS).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5))
)
SMALL = b"\0\0\x08\x02" + struct.pack(">II", 2, 3) + bytes([1, 2, 3, 4, 5, 6])


@given(array=arrays, packed=st.booleans())
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, array: Array, packed: bool
) -> None:
    path = tmp_path_factory.mktemp("idx") / ("a.idx.gz" if packed else "a.idx")
    write_idx(path, array)
    back = read_idx(path)
    assert back.dtype == array.dtype.newbyteorder("=")
    assert back.dtype.isnative
    np.testing.assert_array_equal(back, array)
    assert path.read_bytes().startswith(b"\x1f\x8b") == packed


def test_bytes_are_those_of_the_format(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_idx(path, np.array([[1, 2, 3], [4, 5, 6]], np.uint8))
    assert path.read_bytes() == SMALL
    write_idx(path, np.array([-2], np.int16))
    assert path.read_bytes() == b"\0\0\x0b\x01\0\0\0\x01\xff\xfe"
    write_idx(path, np.array([1.5], np.float64))
    assert path.read_bytes() == b"\0\0\x0e\x01\0\0\0\x01" + struct.pack(">d", 1.5)


def test_what_is_read_may_be_changed_and_packing_is_told_by_content(tmp_path: Path) -> None:
    path = tmp_path / "named-wrongly.idx"
    path.write_bytes(gzip.compress(SMALL))
    array = read_idx(path)
    array += 1
    assert array.tolist() == [[2, 3, 4], [5, 6, 7]]


def test_packed_files_have_no_time_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "a.gz", tmp_path / "b.gz"
    write_idx(first, [1.0, 2.0])
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    write_idx(second, [1.0, 2.0])
    assert first.read_bytes() == second.read_bytes()


def test_gzip_files_in_a_row_and_zeros_after_them_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(SMALL[:7]) + gzip.compress(SMALL[7:]) + bytes(20))
    assert read_idx(path).tolist() == [[1, 2, 3], [4, 5, 6]]


def damaged(packed: bytes) -> bytes:
    return packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]  # the check sum


HOSTILE = {
    "wrong magic": (b"\x89PNG\r\n\x1a\n", "not an IDX file.*89504e47"),
    "three bytes": (b"\0\0\x08", "not an IDX file"),
    "unknown type": (b"\0\0\x0a\x01\0\0\0\x01\0", "not an IDX file"),
    "header cut": (SMALL[:9], "within its header of 2 dimensions"),
    "no dimensions": (b"\0\0\x08\0", "expected 1 to 64 dimensions"),
    "too many dimensions": (
        b"\0\0\x08\x41" + b"\0\0\0\x01" * 65 + b"\0",
        "expected 1 to 64 dimensions.*65",
    ),
    "dimension of 0": (b"\0\0\x08\x02" + bytes(4) + b"\0\0\0\x01", r"each at least 1.*\(0, 1\)"),
    "values cut": (SMALL[:-1], "says 18 bytes, it has 17"),
    "huge header": (b"\0\0\x0e\x04" + b"\xff" * 16 + bytes(8), "cut short"),
    "trailing byte": (SMALL + b"\0", "longer than the 18 bytes"),
    "much trailing": (SMALL + bytes(5000), "longer than the 18 bytes"),
    "packed: trailing byte": (gzip.compress(SMALL + b"\0"), "longer than the 18 bytes"),
    "packed: values cut": (gzip.compress(SMALL[:-1]), "it has 17"),
    "packed: file cut": (gzip.compress(SMALL)[:-9], "gzip data are cut short"),
    "packed: wrong sum": (damaged(gzip.compress(SMALL)), "gzip data are damaged"),
    "packed: rubbish after": (gzip.compress(SMALL) + b"rubbish", "gzip data are damaged"),
    "packed: nothing in it": (gzip.compress(b""), "not an IDX file"),
    "packed: huge header": (gzip.compress(b"\0\0\x0e\x04" + b"\xff" * 16), "unpack it with gunzip"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_one_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "hostile.idx"
    path.write_bytes(content)
    with pytest.raises(FileError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bomb_is_not_unpacked_beyond_what_its_header_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(SMALL + bytes(50_000_000)))
    unpacked: list[int] = []
    part = unpacking._Unpacking._part

    def counted(file: Any, most: int) -> bytes:
        found = part(file, most)
        unpacked.append(len(found))
        return found

    monkeypatch.setattr(unpacking._Unpacking, "_part", counted)
    with pytest.raises(FileError, match="longer than"):
        read_idx(path)
    assert 0 < sum(unpacked) <= 1 << 16  # a buffer


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "no such file"),
        (".", "is a folder"),
        ("empty", r"is empty \(0 bytes\)"),
        ("a\0b", "cannot be read"),
    ],
)
def test_what_cannot_be_opened(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(FileError, match=message):
        read_idx(f"{tmp_path}/{name}")


def test_a_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="not a regular file"):
        read_idx(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3, np.int64), "got int64"),
        (np.zeros(3, np.uint16), "got uint16"),
        (np.array(["a"]), "IDX holds uint8"),
        (np.float32(1), r"got shape \(\)"),
        (np.zeros((3, 0), np.uint8), r"got shape \(3, 0\)"),
    ],
)
def test_what_idx_cannot_hold(tmp_path: Path, array: Array | np.float32, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_idx(tmp_path / "a", array)
    assert not (tmp_path / "a").exists()


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        write_idx(tmp_path / "no" / "such" / "folder", np.zeros(1, np.uint8))


@given(content=st.binary(max_size=60))
def test_any_bytes_give_an_array_or_a_file_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "a"
    for variant in (
        b"\0\0\x08" + content,
        gzip.compress(b"\0\0\x08" + content),
        b"\x1f\x8b" + content,
    ):
        path.write_bytes(variant)
        try:
            array = read_idx(path)
        except FileError:
            continue
        assert array.nbytes + 4 + 4 * array.ndim == 3 + len(content)


def test_zlib_reads_what_is_written(tmp_path: Path) -> None:
    write_idx(tmp_path / "a.gz", np.array([[1, 2, 3], [4, 5, 6]], np.uint8))
    assert zlib.decompress((tmp_path / "a.gz").read_bytes(), 31) == SMALL
