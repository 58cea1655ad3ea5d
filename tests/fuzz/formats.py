"""Changes that keep a file of its kind: lengths, check sums and compression are made right again.

Changes of bytes alone end at the first check sum; these get behind it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

Bytes = Callable[[bytes], bytes]  # changes some bytes
Change = Callable[[bytes, Bytes, random.Random], bytes]

NUMBERS = [0, 1, -1, 2, 8, 255, 65_535, 1 << 20, 1 << 31, (1 << 63) - 1, -(1 << 63), 10**40]
FLOATS = [0.5, -0.0, 1e-320, 1e38, 1e39, 1e308, float("nan"), float("inf")]
TEXTS = ["", "a" * 5000, "\x1b[2J", "\x9b31m", "=1+1", "\u202e", "table", "images", "Affine", "\0"]
LONGEST = 65_536  # bytes of what is fuzzed
DEEP = "deep"  # replaced by lists within lists
SPECIAL: list[Any] = [*NUMBERS, *FLOATS, *TEXTS, None, True, [], {}, [[]], {"kind": "table"}, DEEP]


def plain(data: bytes, change: Bytes, random: random.Random) -> bytes:
    return change(data)


def byte_changes(random: random.Random) -> Bytes:
    """Return a changer of bytes for where atheris is not: flips, numbers, cuts, copies."""

    def change(data: bytes) -> bytes:
        found = bytearray(data)
        for _ in range(random.choice([1, 1, 2, 4, 8])):
            place = random.randrange(len(found) + 1)
            kind = random.randrange(7)
            if kind <= 1 and place < len(found):
                found[place] ^= 1 << random.randrange(8)
            elif kind == 2 and place < len(found):
                found[place] = random.choice([0, 1, 0x7F, 0x80, 0xFF])
            elif kind == 3:
                size = random.choice([2, 4, 8])
                number = random.choice(NUMBERS) % (1 << 8 * size)
                order = "big" if random.random() < 0.5 else "little"
                found[place : place + size] = number.to_bytes(size, order)  # type: ignore[arg-type]
            elif kind == 4:
                del found[place : place + random.choice([1, 2, 8, 100])]
            elif kind == 5:
                part = found[place : place + random.choice([1, 4, 30, 300])]
                found[place:place] = part * random.choice([1, 2, 50])
            else:
                found[place:place] = random.randbytes(random.choice([1, 3, 9]))
        return bytes(found)

    return change


def json_text(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change a value in JSON, or in a line of it."""
    if random.random() < 0.3:
        return change(data)
    lines = data.splitlines()
    try:
        place = random.randrange(len(lines))
        lines[place] = changed_json(lines[place], random)
        return b"\n".join(lines)
    except (ValueError, RecursionError):  # no JSON any more
        return change(data)


def changed_json(text: bytes, random: random.Random) -> bytes:
    document = json.loads(text)
    for _ in range(random.choice([1, 1, 2, 3])):
        document = _changed(document, random)
    made = json.dumps(document).replace(json.dumps(DEEP), "[" * 5000 + "]" * 5000)
    if random.random() < 0.05:  # a name twice
        made = made.replace("{", '{"kind":"table",', 1)
    return made.encode("utf-8", "surrogatepass")


def _changed(value: Any, random: random.Random) -> Any:
    if isinstance(value, dict) and value and random.random() < 0.9:
        name = random.choice(list(value))
        kind = random.randrange(12)
        if kind == 0:
            return {key: each for key, each in value.items() if key != name}
        if kind == 1:
            return {**value, random.choice(TEXTS): random.choice(SPECIAL)}
        if kind == 2:
            other = random.choice(list(value))
            return {**value, name: value[other]}
        inner = _changed(value[name], random)
        if isinstance(value[name], str) and value[name][:1] in ("{", "["):
            # JSON within JSON: a model's description
            with contextlib.suppress(ValueError, RecursionError):
                inner = changed_json(value[name].encode(), random).decode()
        return {**value, name: inner}
    if isinstance(value, list) and value and random.random() < 0.9:
        place, kind = random.randrange(len(value)), random.randrange(10)
        if kind == 0:
            return value[:place] + value[place + 1 :]
        if kind == 1:
            # Of long ones few: three such changes would else make gigabytes of 64 kB
            most = LONGEST // len(json.dumps(value[place]))
            times = min(random.choice([1, 2, 300]), most)
            return value[:place] + [value[place]] * times + value[place:]
        return [*value[:place], _changed(value[place], random), *value[place + 1 :]]
    if random.random() < 0.1:
        for _ in range(random.choice([3, 12])):
            value = [value] if random.random() < 0.5 else {"layers": [value]}
        return value
    return random.choice(SPECIAL)


def csv_text(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change a cell of a table of text."""
    if random.random() < 0.5:
        return change(data)
    separator = random.choice([b",", b";", b"\n", b"\t", b'"'])
    cells = data.split(separator)
    text = random.choice(
        [*TEXTS, *map(str, NUMBERS), *map(str, FLOATS), "2020-13-01", "1.2.3", '"']
    )
    cells[random.randrange(len(cells))] = text.encode() * random.choice([1, 1, 1, 40])
    if random.random() < 0.2:
        place = random.randrange(len(cells))
        cells[place:place] = [b"1"] * random.choice([1, 5, 200])
    return separator.join(cells)


def safetensors(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change the header of a safetensors file, or its numbers, and make the length right."""
    size = int.from_bytes(data[:8], "little")
    if size > len(data) or random.random() < 0.2:
        return change(data)
    head, numbers = data[8 : 8 + size], data[8 + size :]
    if random.random() < 0.2:
        numbers = change(numbers)
    else:
        head = json_text(head.rstrip(), change, random)
    return len(head).to_bytes(8, "little") + head + numbers


def checkpoint(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change a checkpoint, and make its digest right."""
    made = safetensors(data, change, random)
    if random.random() < 0.2:
        return made
    mark = b'"sha256":"'
    start = made.find(mark) + len(mark)
    if start < len(mark) or start + 64 > len(made):
        return made
    unknown = made[:start] + b"0" * 64 + made[start + 64 :]
    return made[:start] + hashlib.sha256(unknown).hexdigest().encode() + made[start + 64 :]


def gzipped(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change what is packed, and pack it again, now and then in several members."""
    if random.random() < 0.3:
        return change(data)
    try:
        unpacker = zlib.decompressobj(31)
        inner = unpacker.decompress(data, 1 << 20)
        while unpacker.eof and unpacker.unused_data and len(inner) < 1 << 20:
            rest, unpacker = unpacker.unused_data, zlib.decompressobj(31)
            inner += unpacker.decompress(rest, 1 << 20)
    except zlib.error:
        return change(data)
    inner = change(inner)
    if random.random() < 0.05:
        inner += bytes(random.choice([1 << 10, 1 << 22]))
    place = random.randrange(len(inner) + 1)
    parts = [inner[:place], inner[place:]] if random.random() < 0.3 else [inner]
    return b"".join(_gzip(part) for part in parts) + bytes(random.choice([0, 0, 3]))


def _gzip(content: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()


def npy(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change the header of an .npy file, and make its length right."""
    wide = data[6:7] != b"\x01"
    start = 12 if wide else 10
    length = int.from_bytes(data[8:start], "little")
    if random.random() < 0.2 or length > len(data):
        return change(data)
    head, rest = data[start : start + length], data[start + length :]
    if random.random() < 0.5:
        old, new = random.choice(
            [
                (b"(3, 4)", b"(3,)"), (b"(3, 4)", b"(9223372036854775807, 4)"), (b"<f4", b"|O"),
                (b"(3, 4)", b"(0, 4)"), (b"(3, 4)", b"(-1, 4)"), (b"<f4", b"|V0"), (b"<f4", b"<c8"),
                (b"(3, 4)", b"()"), (b"(3, 4)", b"(1,) * 3"), (b"<f4", b"<M8[ns]"),
                (b"<f4", b"<U1"),
                (b"False", b"True"), (b"(3, 4)", b"((((3))), 4)"), (b"<f4", b"<f2"),
                (b"<f4", b">f8"),
                (b"(3, 4)", b"(3, 4, 1)"), (b"{", b"{" * 300), (b"(3, 4)", b"(4, 3)"),
            ]
        )  # fmt: skip
        head = head.replace(old, new)
    else:
        head = change(head)
    return data[:8] + (len(head) % 65_536).to_bytes(start - 8, "little") + head + rest


def zipped(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change an array in an archive, and make the archive's sums right."""
    if random.random() < 0.3:
        return change(data)
    buffer = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
            entries = old.infolist()[:20]
            for entry in entries:
                content = old.open(entry).read(1 << 20)
                if random.random() < 0.7:
                    content = npy(content, change, random)
                method = random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
                new.writestr(entry.filename, content, method, 1)
    except Exception:  # no archive any more
        return change(data)
    return buffer.getvalue()


def rows(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change a file of any kind that is cut into blocks."""
    binary = data.startswith((b"PAR1", b"\0\0"))
    kind = npy if data.startswith(b"\x93NUMPY") else plain if binary else csv_text
    return kind(data, change, random)


def image(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change a chunk of a PNG file, and make its check sum right; other images byte by byte."""
    mark = b"\x89PNG\r\n\x1a\n"
    if not data.startswith(mark) or random.random() < 0.2:
        return change(data)
    place, chunks = len(mark), list[tuple[bytes, bytes]]()
    while place + 8 <= len(data) and len(chunks) < 50:
        size = int.from_bytes(data[place : place + 4], "big")
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + size]))
        place += size + 12
    if not chunks:
        return change(data)
    at = random.randrange(len(chunks))
    kind, content = chunks[at]
    if kind == b"IDAT" and random.random() < 0.7:
        try:
            content = zlib.compress(change(zlib.decompressobj().decompress(content, 1 << 20)), 1)
        except zlib.error:
            content = change(content)
    else:
        content = change(content)
    kinds = [
        b"IHDR",
        b"PLTE",
        b"tRNS",
        b"zTXt",
        b"iCCP",
        b"eXIf",
        b"acTL",
        b"fcTL",
        b"fdAT",
        b"gAMA",
    ]
    if random.random() < 0.2:
        kind = random.choice(kinds)
    chunks[at] = (kind, content)
    if random.random() < 0.1:
        chunks.insert(at, random.choice(chunks))
    return mark + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def protobuf(data: bytes, change: Bytes, random: random.Random) -> bytes:
    """Change a field of a model in ONNX, and make the lengths of messages right."""
    try:
        return _changed_model(data, change, random)
    except Exception:  # texts that are no UTF-8 any more, for example
        return change(data)


def _changed_model(data: bytes, change: Bytes, random: random.Random) -> bytes:
    import onnx

    if random.random() < 0.4:
        return change(data)
    model = onnx.load_model_from_string(data)
    nodes, weights = model.graph.node, model.graph.initializer
    kind = random.randrange(9)
    if kind == 0 and nodes:
        names = [
            "Gemm",
            "MatMul",
            "Add",
            "Relu",
            "Softmax",
            "Gather",
            "Expand",
            "Loop",
            "If",
            "Shape",
        ]
        names += [
            "Reshape",
            "ConstantOfShape",
            "Concat",
            "Split",
            "Tile",
            "Cast",
            "Range",
            "Einsum",
        ]
        random.choice(nodes).op_type = random.choice(names)
    elif kind == 1 and nodes:
        node = random.choice(nodes)
        if node.input:
            names = [
                *node.input,
                *(each.name for each in weights),
                *(n.output[0] for n in nodes if n.output),
            ]
            node.input[random.randrange(len(node.input))] = random.choice(names)
    elif kind == 2 and weights:
        tensor = random.choice(weights)
        if tensor.dims:
            tensor.dims[random.randrange(len(tensor.dims))] = random.choice(NUMBERS[:-1])
    elif kind == 3 and weights:
        random.choice(weights).data_type = random.randrange(24)
    elif kind == 4 and weights:
        tensor = random.choice(weights)
        tensor.raw_data = change(tensor.raw_data)
    elif kind <= 7 and nodes:
        _change_nodes(nodes, kind, random)
    elif model.metadata_props:
        entry = random.choice(model.metadata_props)
        value: str | bytes = entry.value  # bytes, where they are no UTF-8
        raw = value.encode() if isinstance(value, str) else value
        entry.value = change(raw).decode("latin1")
    return model.SerializeToString()


def _change_nodes(nodes: Any, kind: int, random: random.Random) -> None:
    import onnx

    if kind == 5:
        node = random.choice(nodes)
        name = random.choice(
            ["axis", "alpha", "perm", "to", "transB", "keepdims", "shape", "value"]
        )
        value = random.choice([0, 1, -1, 7, 1 << 40, 1.5, [0, 1], [1, 0], b"x"])
        del node.attribute[:]
        node.attribute.append(onnx.helper.make_attribute(name, value))
    elif kind == 6:
        nodes.append(random.choice(nodes))
    else:
        del nodes[random.randrange(len(nodes))]
