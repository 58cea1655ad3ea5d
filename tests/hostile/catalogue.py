"""The hostile files: how each is made, which command gets it, and what the command answers."""
# ruff: noqa: E501

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow

from tests.hostile import bombs as b
from tests.hostile import networks as n

DESCRIBE, PREDICT, PREDICT_TABLE = "data describe", "predict {digits}", "predict {columns}"
TRAIN = "train -o out.safetensors --target t --data"
SUMMARY, IMPORT = "summary", "import -o out.safetensors"
STATE = f"{IMPORT} --activation relu"


FOUND = Path(__file__).parent / "found"
"""Small files of the fuzzer, which no code here could make."""


class Hostile(NamedTuple):
    """A file, the command that gets it as its last word, and a part of the one line of its error."""

    name: str
    command: str
    make: Callable[[], bytes]
    error: str

    @property
    def file(self) -> str:
        return self.name.split(":")[0].replace(" ", "")


def text(content: str) -> Callable[[], bytes]:
    return content.encode


IDX = [
    ("a.idx: claims 16 exabytes", PREDICT, lambda: b.idx(14, *[1 << 31] * 2, values=bytes(8)), "cut short: its header"),
    ("a.idx: 64 dimensions of 2^32", PREDICT, lambda: b.idx(8, *[(1 << 32) - 1] * 64), "cut short: its header"),
    ("a.idx.gz: claims 2 GB, unpacks to more", PREDICT, lambda: b.packed_zeros(b.idx(8, 2_739_138, 28, 28), 2100), "that a packed file of this size may have"),
    ("b.idx.gz: the same as float64", PREDICT, lambda: b.packed_zeros(b.idx(14, 342_392, 28, 28), 2100), "that a packed file of this size may have"),
    ("c.idx.gz: claims 250 MB in 300 kB", PREDICT, lambda: b.packed_zeros(b.idx(8, 334_368, 28, 28), 250), "that a packed file of this size may have"),
    ("d.idx.gz: a thousandfold at the start", PREDICT, lambda: b.packed_zeros(b.idx(8, 60_000, 28, 28), 45) + np.random.default_rng(0).bytes(400_000), "unpacks to more than|damaged"),
    ("e.idx.gz: 200,000 empty members", PREDICT, lambda: b.members(200_000), "gzip members in its first"),
    ("f.idx.gz: 100,000 members of a byte", PREDICT, lambda: b.members(100_000, b"\0"), "gzip members in its first|not an IDX file"),
    ("g.idx.gz: IDX in every member", PREDICT, lambda: b.members(60_000, b.idx(8, 1, 28, 28, values=bytes(784))), "longer than the 800 bytes|gzip members"),
    ("h.idx.gz: cut", PREDICT, lambda: gzip.compress(b.idx(8, 1, 28, 28, values=bytes(784)))[:-9], "gzip data are cut short"),
    ("i.idx.gz: endless zeros behind", PREDICT, lambda: gzip.compress(b.idx(8, 1, 28, 28, values=bytes(783))) + bytes(3 << 20), "cut short: its header"),
    ("j.idx.gz: gzip within gzip", PREDICT, lambda: gzip.compress(gzip.compress(b.idx(8, 1, 28, 28, values=bytes(784)))), "not an IDX file"),
]  # fmt: skip

NUMPY = [
    ("a.npy: claims 2^63 values", DESCRIBE, lambda: b.npy(shape=f"({1 << 63},)"), "damaged"),
    ("b.npy: claims 2^63 values", PREDICT, lambda: b.npy(shape=f"({1 << 63},)"), "damaged"),
    ("c.npy: claims terabytes", DESCRIBE, lambda: b.npy(shape="(1099511627776, 8)"), "damaged"),
    ("d.npy: sizes that overflow", PREDICT, lambda: b.npy(shape=f"({1 << 32}, {1 << 32})"), "damaged"),
    ("e.npy: a negative size", PREDICT, lambda: b.npy(shape="(-1, 4)"), "damaged"),
    ("f.npy: a pickle", PREDICT, lambda: b.npy("|O", "(1,)", b"cos\nsystem\n(S'touch HACKED'\ntR."), "damaged"),
    ("g.npy: values of no bytes", DESCRIBE, lambda: b.npy("|V0", f"({1 << 60},)"), "damaged"),
    ("h.npy: texts of no letters", DESCRIBE, lambda: b.npy("<U0", f"({1 << 60},)"), "damaged"),
    ("i.npy: a row of 3,000,000 columns", DESCRIBE, lambda: b.npy("|u1", "(1, 3000000)", bytes(3_000_000)), "expected 1 to 100,000 columns"),
    ("j.npy: a header of 4 GB", DESCRIBE, lambda: b"\x93NUMPY\x02\x00" + b"\xff" * 4 + b"{" * 100, "damaged"),
    ("k.npy: a header of brackets", DESCRIBE, lambda: b.npy_text(b"{'descr': " + b"(" * 9000, version=2), "damaged"),
    ("l.npy: a header that is a program", DESCRIBE, lambda: b.npy_text(b"__import__('os').system('touch HACKED')"), "damaged"),
    ("m.npy: a header with a line that is not closed", DESCRIBE, lambda: b.npy_text(b"{'descr': '''\n"), "damaged"),
    ("n.npy: a type within types", DESCRIBE, lambda: b.npy("[('a', " + "[('a', " * 60 + "'<f4'" + ")]" * 60 + ")]", "(3,)"), "damaged|expected arrays"),
    ("o.npy: letters that are none", DESCRIBE, lambda: b.npy("<U1", "(3,)", b"\xff" * 12), "damaged"),
    ("a.npz: 4 GB of zeros", DESCRIBE, lambda: b.npz_bomb(4095), "unpacks to more than"),
    ("b.npz: 4 GB of zeros", PREDICT, lambda: b.npz_bomb(4095), "unpacks to more than"),
    ("c.npz: 30,000 arrays", DESCRIBE, lambda: b.npz(**{f"a{k}": b"" for k in range(30_000)}), "the limit is 10,000"),
    ("d.npz: overlapping arrays", DESCRIBE, lambda: b.zip_overlapping(5000), "unpacks to more than"),
    ("e.npz: an array claims terabytes", PREDICT, lambda: b.npz(x=b.npy(shape="(1099511627776, 8)")), "damaged"),
    ("f.npz: an array out of the folder", DESCRIBE, lambda: b.npz(**{"../../x": b.npy_text(b"no")}), "damaged"),
    ("g.npz: a name twice", DESCRIBE, lambda: b.zip_of([("x.npy", b"a", 0, 1, 0)] * 2), "damaged"),
    ("h.npz: packed by LZMA", DESCRIBE, lambda: b.zip_of([("x.npy", b"\x09\x04\x05\0\x5d\xff\xff\xff\xff" + bytes(40), 0, 1 << 20, 14)]), "damaged"),
    ("i.npz: an empty archive", PREDICT, lambda: b"PK\x03\x04" + bytes(30), "damaged"),
]  # fmt: skip

TEXT_TABLES = [
    ("a.csv: 200,000 commas", DESCRIBE, text("," * 200_000 + "\n"), "expected 1 to 100,000 columns"),
    ("b.csv: 900 kB of commas", DESCRIBE, text("," * 900_000), "expected 1 to 100,000 columns"),
    ("c.csv: 90,000 columns of one name", DESCRIBE, text("a" + ",a" * 90_000 + "\n"), "more than one column is named"),
    ("d.csv: a name of 200,000 letters", DESCRIBE, text("a" * 200_000 + ",b\n1,2\n"), "not a CSV file"),
    ("e.csv: a quote that never ends", DESCRIBE, text('a,b\n"' + "x" * 6_000_000), "has 1 cells, expected 2"),
    ("f.csv: zeros within", DESCRIBE, lambda: b"a\0b,c\n1,2\n", "not a|expected"),
    ("g.csv: one byte more in each row", DESCRIBE, text("a,b\n" + "1,2,3\n" * 100_000), "has 3 cells, expected 2"),
    ("h.csv: Latin letters in no encoding", DESCRIBE, lambda: b"a,b\n\xff\xff\xff,2\n", "not UTF-8"),
    ("i.csv: endless line ends", DESCRIBE, lambda: b"\n" * 4_000_000, "first line must name|not a"),
    ("j.csv: five class names of 3 MB", TRAIN, text("a,t\n" + "".join(f"{k},{c * 3_000_000}\n" for k, c in enumerate("abcde"))), "ignore column 't', which has most of them"),
    ("k.csv: categories of 10 MB", TRAIN, text("a,b,t\n" + "".join(f"{k},{'xyz'[k % 3] * 3_500_000},{k % 2}\n" for k in range(12))), "ignore column 'b', which has most of them"),
    ("a.csv.gz: one row of 4 GB", DESCRIBE, lambda: b.packed_zeros(b"a,b\n1,", 4000, fill=b"1"), "longer than|unpacks to"),
    ("b.csv.gz: 4 GB of rows", DESCRIBE, lambda: b.packed_zeros(b"a,b\n", 4000, fill=b"1,2\n"), "unpacks to more than"),
    ("c.csv.gz: 200,000 empty members", DESCRIBE, lambda: b.members(200_000), "gzip members in its first"),
    ("d.csv.gz: damaged", DESCRIBE, lambda: gzip.compress(b"a,b\n1,2\n")[:-3] + b"xxx", "damaged"),
    ("a.jsonl: 20,000 names, one in each record", DESCRIBE, lambda: b.records_of_one_name_each(20_000), "too many cells"),
    ("b.jsonl: lists within lists", DESCRIBE, text('{"a": ' + "[" * 100_000), "cannot be read"),
    ("c.jsonl: a record of 5 MB", DESCRIBE, text('{"a": "' + "x" * 5_000_000), "cannot be read"),
    ("d.jsonl: 150,000 names", DESCRIBE, lambda: json.dumps({f"k{k}": 1 for k in range(150_000)}).encode(), "expected 1 to 100,000 columns"),
    ("e.json: numbers, no records", DESCRIBE, text("[1, 2, 3]"), "not an object"),
    ("a.json.gz: 1 GB of blanks", DESCRIBE, lambda: b.packed_zeros(b"[{\"a\": 1}", 1000, fill=b" "), "unpacks to more than"),
]  # fmt: skip

ARROW = [
    ("a.parquet: a page of 1 GB in 100 kB", DESCRIBE, lambda: b.parquet_pages(400), "unpack to more than|too many cells"),
    ("b.parquet: one text of 80 kB in 40,000 rows", DESCRIBE, lambda: b.parquet_of_repeated_text(40_000, 80_000), "take more than 134,217,728 bytes"),
    ("c.parquet: a billion rows of nothing", DESCRIBE, lambda: b.parquet_of_rows(1_000_000_000), "too many cells"),
    ("d.parquet: a footer of 4 GB", DESCRIBE, lambda: b"PAR1" + bytes(20) + b"\xff\xff\xff\x7fPAR1", "damaged"),
    ("e.parquet: a footer of zeros", DESCRIBE, lambda: b"PAR1" + bytes(100) + b"\x40\0\0\0PAR1", "damaged"),
    ("f.parquet: cut", DESCRIBE, lambda: b.parquet_of_repeated_text(10, 10)[:-20], "damaged"),
    ("g.parquet: texts that are no UTF-8", DESCRIBE, lambda: b.parquet(pyarrow.table({"s": ["abcd", "efgh"]}), compression="none").replace(b"abcd", b"ab\xff\xff"), "damaged"),
    ("h.parquet: statistics that end pyarrow's process", DESCRIBE, (FOUND / "size-statistics.parquet").read_bytes, "damaged"),
    ("i.parquet: a name that is no UTF-8", DESCRIBE, lambda: b.parquet(pyarrow.table({"name": ["a", "b"]}), store_schema=False).replace(b"name", b"n\xff\xfee"), "damaged"),
    ("a.feather: a billion rows of nothing", DESCRIBE, lambda: b.arrow_rows(1_000_000_000), "too many cells"),
    ("b.feather: a buffer claims terabytes", DESCRIBE, lambda: b.arrow_claim(1 << 42), "unpacks to more than"),
    ("c.feather: a buffer claims 1 GB", DESCRIBE, lambda: b.arrow_claim(1 << 30), "unpacks to more than"),
    ("d.feather: one text of 80 kB in 40,000 rows", DESCRIBE, lambda: b.feather(b.repeated_text(40_000, 80_000)), "take more than 134,217,728 bytes"),
    ("e.feather: a footer of 2 GB", DESCRIBE, lambda: b"ARROW1\0\0" + bytes(50) + b"\xff\xff\xff\x7fARROW1", "damaged"),
    ("f.feather: offsets that lead nowhere", DESCRIBE, lambda: b"ARROW1\0\0" + b"\xff" * 64 + b"\x40\0\0\0ARROW1", "damaged"),
]  # fmt: skip

IMAGES = [
    ("a.png: 1 x 64,000,000", PREDICT, lambda: b.png(1, 64_000_000, b.zeros(128_000_000)), "a side of more than 65,535 pixels"),
    ("b.png: 20,000 x 20,000", PREDICT, lambda: b.png(20_000, 20_000, b""), "more than 64,000,000 pixels"),
    ("c.png: 2^31 x 2^31", PREDICT, lambda: b.png((1 << 31) - 1, (1 << 31) - 1, b""), "more than 64,000,000 pixels"),
    ("d.png: pixels with a wrong check sum", PREDICT, lambda: b.encoded("PNG").replace(b"IDAT", b"IDAT\1", 1), "damaged"),
    ("e.png: a text of 1 GB", PREDICT, lambda: b.png(8, 8, b"", more=b.chunk(b"zTXt", b"a\0\0" + b.zeros(100 << 20))), "damaged"),
    ("f.png: a colour profile of 100 MB", PREDICT, lambda: b.png(8, 8, b"", more=b.chunk(b"iCCP", b"a\0\0" + b.zeros(100 << 20))), "damaged"),
    ("g.png: another format's name", PREDICT, lambda: b"%!PS-Adobe-3.0\n(touch HACKED) (w) file\n", "not an image"),
    ("h.png: SVG", PREDICT, text('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'), "not an image"),
    ("a.webp: 16,383 x 16,383 in 38 bytes", PREDICT, lambda: b.webp(16_383, 16_383), "more than 24,000,000 pixels"),
    ("b.webp: the same without loss", PREDICT, lambda: b.webp_lossless(16_383, 16_383), "more than 24,000,000 pixels"),
    ("c.webp: 2^24 x 1", PREDICT, lambda: b.webp(1 << 24, 1), "a side of more than|pixels"),
    ("a.jpg: 300 scans of 6,000 x 6,000", PREDICT, lambda: b.jpeg_of_scans(6000, 300), "more than 100 scans"),
    ("b.jpg: cut", PREDICT, lambda: b.encoded("JPEG")[:700], "damaged"),
    ("a.tiff: 4 GB by its header", PREDICT, lambda: b.tiff(65_000, 65_000), "more than 64,000,000 pixels"),
    ("b.tiff: a billion strips", PREDICT, lambda: b.tiff(100, 100, 1_000_000_000), "not an image"),
    ("c.tiff: damaged LZW", PREDICT, lambda: b.encoded("TIFF", compression="tiff_lzw").replace(b"\x80", b"\xff", 9), "damaged"),
    ("a.gif: 65,535 x 65,535", PREDICT, lambda: b.gif(65_535, 65_535), "more than 64,000,000 pixels"),
    ("a.bmp: 8,001 x 8,001 in 1 kB", PREDICT, lambda: b.bmp(8001, 8001), "more than 64,000,000 pixels"),
    ("b.bmp: 8,000 x -8,000 in 1 kB", PREDICT, lambda: b.bmp(8000, -8000), "damaged"),
]  # fmt: skip

MODELS = [
    ("a.safetensors: a header of 16 exabytes", SUMMARY, lambda: struct.pack("<Q", 1 << 63) + b"{}", "not a usable model file"),
    ("b.safetensors: a header of 20 MB", SUMMARY, lambda: n.raw_safetensors(b"{" + b" " * (20 << 20) + b"}"), "longer than 16777216 bytes"),
    ("c.safetensors: a tensor twice", SUMMARY, n.twice, "it has '0.b' twice"),
    ("d.safetensors: a tensor beyond the file", SUMMARY, lambda: n.changed(lambda _, t: t["0.W"].update(data_offsets=[0, 1 << 40])), "damaged or cut short"),
    ("e.safetensors: a shape of terabytes", SUMMARY, lambda: n.changed(lambda _, t: t["0.W"].update(shape=[1 << 40, 1 << 40])), "damaged or cut short"),
    ("f.safetensors: overlapping tensors", SUMMARY, lambda: n.changed(lambda _, t: t["2.W"].update(t["0.W"])), "damaged or cut short"),
    ("g.safetensors: lists within lists", SUMMARY, lambda: n.with_text("[" * 200_000), "damaged|malformed"),
    ("h.safetensors: 20,000 layers", SUMMARY, lambda: n.changed(lambda h, _: h.update(layers=[h["layers"][0]] * 20_000)), "at most 10000 layers"),
    ("i.safetensors: layers within layers", SUMMARY, lambda: n.with_text('{"layers":[' + '{"type":"Residual","options":{},"layers":[' * 100 + "]}" * 100 + '],"version":1}'), "nested at most 8 deep"),
    ("j.safetensors: a layer that is a module of Python's", SUMMARY, lambda: n.changed(lambda h, _: h["layers"][0].update(type="os.system")), "unknown type"),
    ("k.safetensors: an option that is a width of 10^9", SUMMARY, lambda: n.changed(lambda h, _: h["layers"][0].update(options={"W": 10**9})), "malformed"),
    ("l.safetensors: images of a huge shape", SUMMARY, lambda: n.inputs({"kind": "images", "shape": [1 << 40, 1 << 40]}), "shape of images"),
    ("m.safetensors: images of a negative shape", SUMMARY, lambda: n.inputs({"kind": "images", "shape": [-2, -2]}), "shape of images"),
    ("n.safetensors: images without a shape", SUMMARY, lambda: n.inputs({"kind": "images"}), "malformed"),
    ("o.safetensors: a table that is only a target", PREDICT_TABLE.replace("{columns}", "{file} {table}"), lambda: n.inputs({"target": "abc"}), "malformed"),
    ("p.safetensors: a table without columns", SUMMARY, lambda: n.inputs({"kind": "table"}), "malformed"),
    ("q.safetensors: a million categories", SUMMARY, lambda: n.table({"name": "a", "kind": "category", "categories": [str(k) for k in range(1_100_000)], "missing": False}), "malformed"),
    ("r.safetensors: a record of another type", SUMMARY, lambda: n.changed(lambda h, _: h.update(record={"epochs": "three"})), "record is malformed"),
    ("s.safetensors: classes that are numbers", SUMMARY, lambda: n.changed(lambda h, _: h.update(classes=[1, 2])), "class names are malformed"),
    ("t.safetensors: a number of 5,000 digits", SUMMARY, lambda: n.with_text('{"version":1,"layers":' + "9" * 5000 + "}"), "malformed|not a usable"),
    ("w.safetensors: an ensemble of a billion members", SUMMARY, lambda: n.ensemble(10**9), "members cannot have"),
    ("x.safetensors: an ensemble of members that differ", SUMMARY, lambda: n.ensemble(3), "member 1 differs from member 0"),
    ("y.safetensors: an ensemble within an ensemble", SUMMARY, lambda: n.ensemble(1, deep=2), "cannot hold other Members"),
    ("z.safetensors: an ensemble of no layers", SUMMARY, lambda: n.ensemble(0), "members cannot have"),
    ("aa.safetensors: held-out rows that are no rows", SUMMARY, lambda: n.changed(lambda h, _: h.update(uncertainty=[1])), "held-out rows is malformed"),
    ("ab.safetensors: held-out rows without end", SUMMARY, lambda: n.uncertainty(scores=[float("inf")] * 20), "held-out rows is malformed|not a usable"),
    ("ac.safetensors: a million scores", SUMMARY, lambda: n.uncertainty(scores=[0.5] * 1_000_000), "held-out rows is malformed"),
    ("ad.safetensors: a temperature of 0", SUMMARY, lambda: n.uncertainty(temperature=0), "held-out rows is malformed"),
    ("a.json: lists within lists", IMPORT, text("[" * 100_000), "not a JSON document|malformed|usable"),
    ("b.json: an array within arrays", IMPORT, lambda: n.json_model().replace(b"[[0.5, -1.0]]", b"[" * 90 + b"1" + b"]" * 90), "no usable network"),
    ("c.json: weights that are not finite", IMPORT, lambda: n.json_model().replace(b"0.5", b"1e999"), "finite"),
    ("d.json: NaN", IMPORT, lambda: n.json_model().replace(b"0.5", b"NaN"), "not finite"),
    ("e.json: a table without columns", IMPORT, lambda: n.json_model(inputs={"kind": "table"}), "malformed"),
    ("f.json: layers twice", IMPORT, lambda: n.json_model().replace(b'{"format"', b'{"layers": [], "format"'), "it has 'layers' twice"),
    ("a.onnx: weights in /etc/passwd", IMPORT, lambda: n.external("/etc/passwd"), "are in another file"),
    ("b.onnx: weights in the folder above", IMPORT, lambda: n.external("../secret"), "are in another file"),
    ("c.onnx: weights of terabytes", IMPORT, lambda: n.onnx_model(lambda m: m.graph.initializer[0].dims.append(1 << 40)), "damaged or cut short"),
    ("d.onnx: 2,000,000 empty nodes", IMPORT, lambda: n.empty_nodes(2_000_000), "more than 1,000,000 fields"),
    ("g.onnx: 7 MB of empty nodes", IMPORT, lambda: n.empty_nodes(3_500_000), "more than 1,000,000 fields"),
    ("h.onnx: 2 MB of empty nodes", IMPORT, lambda: n.empty_nodes(900_000), "the limit is 10,000"),
    ("i.onnx: a node of 3,000,000 empty attributes", IMPORT, lambda: n.empty_attributes(3_000_000), "more than 1,000,000 fields"),
    ("e.onnx: graphs within graphs", IMPORT, lambda: n.nested_graphs(400), "no ONNX file|holds no graph|no dense network"),
    ("f.onnx: a part of a billion numbers", IMPORT, lambda: n.split(1_000_000_000), "do not fit each other"),
    ("a.pt: a pickle", STATE, lambda: b"\x80\x02cposix\nsystem\nX\x0c\0\0\0touch HACKED\x85R.", "none is opened"),
    ("u.safetensors: half a number", STATE, lambda: n.safetensors({"0.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 3]}}, None, b"abc"), "damaged or cut short"),
    ("v.safetensors: a state_dict with a tensor twice", STATE, lambda: n.raw_safetensors(b'{"a.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"a.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}', bytes(4)), "twice"),
]  # fmt: skip

CATALOGUE = [Hostile(*entry) for entry in (*IDX, *NUMPY, *TEXT_TABLES, *ARROW, *IMAGES, *MODELS)]
