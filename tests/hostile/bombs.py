"""Files of arrays, tables and images whose few bytes claim, or unpack to, far too much."""
# ruff: noqa: E501

from __future__ import annotations

import gzip
import io
import json
import struct
import warnings
import zipfile
import zlib
from typing import Any

import numpy as np

ZEROS = 1 << 20


def idx(code: int, *shape: int, values: bytes = b"") -> bytes:
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + values


def packed_zeros(start: bytes, megabytes: int, fill: bytes = b"\0") -> bytes:
    """Return gzip of `start` and so many megabytes of `fill`: about a thousandth of them."""
    body = deflated(start, megabytes, fill)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + bytes(8)  # with a wrong check sum


def deflated(start: bytes, megabytes: int, fill: bytes = b"\0") -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    # What follows a full flush refers to nothing before it, and can be repeated as it is.
    block = packer.compress(fill * (ZEROS // len(fill))) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * megabytes + packer.flush()


def members(count: int, content: bytes = b"") -> bytes:
    return gzip.compress(content, 1, mtime=0) * count


# NumPy


def npy(
    descr: str = "<f4", shape: str = "(3, 4)", values: bytes = bytes(48), order: str = "False"
) -> bytes:
    text = f"{{'descr': {descr if descr[0] in '[(' else repr(descr)}, 'fortran_order': {order}, 'shape': {shape}}}"
    return npy_text(text.encode(), values)


def npy_text(text: bytes, values: bytes = b"", version: int = 1) -> bytes:
    length = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + values


def npz(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npz_bomb(megabytes: int) -> bytes:
    """Return an archive whose array x unpacks to so many megabytes of zeros."""
    head = npy("<f4", f"({megabytes << 10}, 256)", b"")
    size = len(head) + megabytes * ZEROS
    return zip_of([("x.npy", deflated(head, megabytes), 0, size, 8)])


def zip_of(entries: list[tuple[str, bytes, int, int, int]], overlap: bool = False) -> bytes:
    """Return an archive of entries (name, packed bytes, check sum, size, method), raw.

    With `overlap`, every entry of the directory is the first one's bytes.
    """
    content, directory, places = b"", b"", []
    for name, body, total, size, method in entries:
        places.append(0 if overlap else len(content))
        if content and overlap:
            continue
        head = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0, total, len(body), size, len(name), 0)
        content += b"PK\x03\x04" + head + name.encode() + body
    for (name, body, total, size, method), place in zip(entries, places, strict=True):
        head = struct.pack(
            "<HHHHHHIIIHHHHHII", 20, 20, 0, method, 0, 0, total, len(body), size,
            len(name), 0, 0, 0, 0, 0, place,
        )  # fmt: skip
        directory += b"PK\x01\x02" + head + name.encode()
    count = len(entries)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(content), 0)
    return content + directory + b"PK\x05\x06" + end


def zip_overlapping(count: int) -> bytes:
    body = npy("<f4", "(1024, 256)", bytes(ZEROS))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(body) + packer.flush()
    names = [f"{n:06d}.npy" for n in range(count)]
    return zip_of([(name, packed, zlib.crc32(body), len(body), 8) for name in names], overlap=True)


# Arrow


def parquet(table: Any, **options: Any) -> bytes:
    import pyarrow.parquet

    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, **options)
    return buffer.getvalue()


def feather(table: Any, codec: str = "zstd") -> bytes:
    import pyarrow.feather

    buffer = io.BytesIO()
    pyarrow.feather.write_feather(table, buffer, compression=codec, chunksize=1 << 30)
    return buffer.getvalue()


def repeated_text(rows: int, length: int) -> Any:
    """Return a table of one long text in every row, kept once."""
    import pyarrow

    codes = pyarrow.array(np.zeros(rows, np.int32))
    texts = pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(["x" * length]))
    return pyarrow.table({"s": texts})


def parquet_of_repeated_text(rows: int, length: int) -> bytes:
    return parquet(repeated_text(rows, length), compression="zstd", store_schema=False)


def parquet_of_rows(rows: int) -> bytes:
    """Return a table of so many rows of nothing."""
    import pyarrow

    buffer = io.BytesIO()
    schema = pyarrow.schema([("a", pyarrow.int64())])
    with pyarrow.parquet.ParquetWriter(buffer, schema, write_statistics=False) as writer:
        for _ in range(rows // 100_000_000 or 1):
            writer.write_table(
                pyarrow.table([pyarrow.nulls(min(rows, 100_000_000), "int64")], schema)
            )
    return buffer.getvalue()


def parquet_pages(megabytes: int) -> bytes:
    """Return a table whose only page unpacks to so many megabytes of zeros."""
    import pyarrow

    table = pyarrow.table({"a": np.zeros(megabytes << 17)})
    return parquet(
        table, compression="zstd", use_dictionary=False, data_page_size=1 << 30,
        write_batch_size=1 << 30, max_rows_per_page=1 << 30,
    )  # fmt: skip


def arrow_rows(rows: int) -> bytes:
    """Return a table of one column of nothing, which takes no bytes at all."""
    import pyarrow

    return feather(pyarrow.table({"a": pyarrow.nulls(rows)}), "uncompressed")


def arrow_claim(claim: int) -> bytes:
    """Return a table one of whose buffers claims to unpack to so many bytes."""
    import pyarrow

    content = feather(pyarrow.table({"a": np.zeros(4096)}))
    packed = (4096 * 8).to_bytes(8, "little")
    return content.replace(packed, claim.to_bytes(8, "little"), 1)


# Images


def png(
    width: int, height: int, body: bytes, bits: int = 8, colour: int = 0, more: bytes = b""
) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    end = chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + end


def chunk(kind: bytes, content: bytes) -> bytes:
    total = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + total


def zeros(count: int) -> bytes:
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(min(ZEROS, count - n))) for n in range(0, count, ZEROS)]
    return b"".join([*parts, packer.flush()])


def webp(width: int, height: int) -> bytes:
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0"
    extended += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(extended)) + b"WEBP" + extended + b"\0" * 8


def webp_lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    body = b"VP8L" + struct.pack("<I", 5) + b"\x2f" + struct.pack("<I", bits)
    return b"RIFF" + struct.pack("<I", 4 + len(body) + 20) + b"WEBP" + body + b"\0" * 21


def encoded(kind: str, side: int = 64, mode: str = "L", **options: Any) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.effect_noise((side, side), 90).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg_of_scans(side: int, scans: int) -> bytes:
    """Return a progressive JPEG file of a large image, with many empty scans in it."""
    from PIL import Image

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.new("L", (side, side), 128).save(buffer, "JPEG", progressive=True, quality=30)
    content = buffer.getvalue()
    place = content.rindex(b"\xff\xda")
    length = content.index(b"\xff\xd9", place)
    return content[:length] + content[place:length] * scans + content[length:]


def tiff(width: int, height: int, count: int = 1) -> bytes:
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
    ]
    entries += [
        (273, 4, count, 8),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, width * height % (1 << 32)),
    ]
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + body + bytes(4)


def gif(width: int, height: int) -> bytes:
    return (
        b"GIF89a"
        + struct.pack("<HH", width, height)
        + b"\x80\0\0"
        + bytes(6)
        + (b"," + struct.pack("<HHHH", 0, 0, width, height) + b"\0\x02\x02\x44\x01\0;")
    )


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 0, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1024, 0, 0, 54 + 1024) + head + bytes(1024)


# Tables of text


def records_of_one_name_each(count: int) -> bytes:
    return "\n".join(json.dumps({f"k{n}": 1}) for n in range(count)).encode()
