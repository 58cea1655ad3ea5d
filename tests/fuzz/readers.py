"""What is fuzzed: for each kind of file some valid ones as seeds, a reader, and how to change them.

A reader does with a file what users do: it opens it and uses what it holds.
"""
# ruff: noqa: E501

from __future__ import annotations

import gzip
import io
import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import pellucid as pl
from pellucid.data import digit, read_digits, read_idx, read_image, read_image_folder, write_idx
from pellucid.data.numpy_files import read_arrays
from pellucid.data.tables import read_table
from pellucid.data.tables.survey import survey
from pellucid.distributed.blocks import plan, read_block
from pellucid.distributed.trial_folder import PROMISE, kept_in
from pellucid.errors import PellucidError
from pellucid.exchange import from_json, from_onnx, from_state_dict, to_json, to_onnx
from pellucid.exchange.pytorch.deduction import deduced
from pellucid.exchange.pytorch.state_dicts import read_state_dict, write_torch
from pellucid.files import checkpoint
from pellucid.lens.certainty import certainty_of
from tests.fuzz import formats
from tests.fuzz.formats import Change

Make = Callable[[Path], object]  # writes a file


@dataclass(frozen=True)
class Reader:
    """How one kind of file is fuzzed."""

    extension: str
    seeds: Callable[[], list[Make]]
    read: Callable[[Path], object]
    change: Change  # to files that are still of the kind

    def examples(self) -> list[bytes]:
        """Return the valid files that changes begin with."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"seed{self.extension}")
            found = []
            for make in self.seeds():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # NumPy's, of names that are not English
                    made = make(path)
                found.append(made if isinstance(made, bytes) else path.read_bytes())
        return found


def expected(read: Callable[[Path], object], path: Path) -> None:
    """Read a file; pellucid's own errors are what a damaged file should give."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read(path)
        except PellucidError as error:
            str(error)


# Networks

TABLE: dict[str, list[Any]] = {
    "age": [31, 54, None, 18, 40, 22],
    "city": ["Seoul", "Busan", "Seoul", "Busan", "Daegu", None],
    "born": ["2001-02-03", "1999-12-31", "2010-01-01", "2004-02-29", "1980-06-15", "2002-08-20"],
    "y": ["no", "yes", "yes", "no", "yes", "no"],
}


def networks() -> list[pl.Network]:
    columns = pl.Columns.of(TABLE, target="y")
    layers = pl.mlp([columns.width, 3, 2], "relu", output="softmax", seed=0).layers
    image = pl.mlp([16, 3, 10], "sigmoid", pixels=True, seed=0)
    deep = [
        pl.Affine(np.ones((4, 4), np.float32), np.zeros(4, np.float32)),
        pl.BatchNorm(*np.ones((2, 4), np.float32)),
        pl.Residual([pl.Affine(np.eye(4, dtype=np.float32), None), pl.LeakyReLU(0.1)]),
        pl.Dropout(0.5),
        pl.LayerNorm(np.ones(4, np.float32)),
        pl.PReLU(np.full(4, 0.25, np.float32)),
    ]
    return [
        pl.Network(layers, inputs=columns, classes=columns.classes),
        pl.Network(image.layers, inputs=pl.Images((4, 4)), classes=list("0123456789")),
        pl.Network(deep),
    ]


def calibrated() -> list[pl.Network]:
    """Return ensembles that know how sure they may be, of classes and of values."""
    nets, table = [], {**TABLE, "score": [0.5, -1.25, 3e8, 0, 1, 2]}
    for target in ("y", "score"):
        columns = pl.Columns.of(table, target=target)
        net = pl.table_mlp(columns, [3], members=2, seed=0)
        x = np.random.default_rng(0).normal(size=(200, columns.width)).astype(net.dtype)
        t = np.arange(200) % 2 if target == "y" else x[:, :1]
        pl.calibrate(net, x, t, trained_on=x)
        nets.append(net)
    return nets


def use(net: pl.Network) -> None:
    """Do with a network what commands do first: show it, and predict."""
    str(net.summary())
    repr(net)
    if net.uncertainty is not None and net.columns.width <= 1 << 16:
        x = np.zeros((2, net.columns.width), net.dtype)
        certainty = certainty_of(net, x, net.predict(x), 0.9)
        json.dumps([certainty.entry(net, row) for row in range(2)], allow_nan=False)
        [certainty.lines(net, row) for row in range(2)]
    widths = [layer.W.shape[0] for layer in net.layers if isinstance(layer, pl.Affine)]
    D = net.inputs.width if net.inputs is not None else widths[0] if widths else 4
    if D <= 1 << 16:
        net.predict(np.zeros((2, D), net.dtype))


def saving(save: Callable[[pl.Network, Path], object]) -> Callable[[], list[Make]]:
    def makers() -> list[Make]:
        nets = [*networks(), *calibrated()]
        return [lambda path, net=net: save(net, path) for net in nets]  # type: ignore[misc]

    return makers


def state_dicts() -> list[Make]:
    plain = pl.mlp([4, 3, 2], "relu", seed=0)
    return [lambda path: write_torch(plain, path) and None]


def read_torch(path: Path) -> None:
    try:
        use(from_state_dict(path))
    except PellucidError:
        use(deduced(read_state_dict(path), "relu", None, None).network)


def estimators() -> list[Make]:
    from pellucid.sklearn import MLPClassifier, MLPRegressor, TableClassifier

    X, y = np.random.default_rng(0).normal(size=(12, 4)), np.arange(12) % 2
    rows = np.array([[k / 3, "ab"[k % 2], None] for k in range(12)], dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of so few epochs
        fitted = [
            MLPClassifier((3,), max_iter=2, random_state=0).fit(X, np.array(["no", "yes"])[y]),
            MLPRegressor(hidden_layer_sizes=(3,), preset="tabular", max_iter=2, random_state=0).fit(
                X, y / 3
            ),
            TableClassifier((3,), max_iter=2, random_state=0).fit(rows, y),
        ]
    return [lambda path, model=model: model.save(path) for model in fitted]  # type: ignore[misc]


def read_estimator(path: Path) -> None:
    from pellucid.sklearn import MLPClassifier, MLPRegressor, TableClassifier, TableRegressor

    for kind in (MLPClassifier, MLPRegressor, TableClassifier, TableRegressor):
        try:
            model = kind.load(path)
        except PellucidError:
            continue
        repr(model)
        if model.n_features_in_ <= 1 << 16:
            model.predict(np.zeros((2, model.n_features_in_)))


def checkpoints() -> list[Make]:
    state = {
        "arrays": [np.arange(6.0).reshape(2, 3), np.ones(3, np.float32)],
        "epoch": 3,
        "history": [{"loss": 0.5, "names": ["a", None]}],
        "done": False,
    }
    return [lambda path: checkpoint.save(path, state)]


# Arrays and tables


def tables() -> dict[str, list[Any]]:
    return {
        **TABLE,
        "score": [0.5, -1.25, 3e8, 0, 1, 2],
        "flag": [True, False, None, True, True, False],
    }


def csv_text(separator: str = ",", encoding: str = "utf-8") -> bytes:
    rows = zip(*tables().values(), strict=True)
    lines = [separator.join(tables())]
    lines += [separator.join("" if cell is None else str(cell) for cell in row) for row in rows]
    return ("\n".join(lines) + '\n1,"a, ""b""",2001-02-03,no,1,\n').encode(encoding)


def records() -> list[dict[str, Any]]:
    return [dict(zip(tables(), row, strict=True)) for row in zip(*tables().values(), strict=True)]


def arrow_table() -> Any:
    import pyarrow

    typed = {**tables(), "many": ["one text"] * 6}
    return pyarrow.table(typed).append_column(
        "category", pyarrow.array(["a", "b", None, "a", "b", "a"]).dictionary_encode()
    )


def parquets() -> list[Make]:
    import pyarrow.parquet

    return [
        lambda path, codec=codec: pyarrow.parquet.write_table(  # type: ignore[misc]
            arrow_table(), path, compression=codec, row_group_size=4
        )
        for codec in ("none", "snappy", "zstd")
    ]


def feathers() -> list[Make]:
    import pyarrow.feather

    return [
        lambda path, codec=codec: pyarrow.feather.write_feather(  # type: ignore[misc]
            arrow_table(), str(path), compression=codec
        )
        for codec in ("uncompressed", "zstd", "lz4")
    ]


def read_columns(path: Path) -> None:
    """Read a table as `pellucid data` and `pellucid predict` do."""
    table = read_table(path)
    survey(table, counted=set())
    for block in table.blocks():
        [len(cells) for cells in block]
    if not table.absent([column.name for column in NET.columns.columns]):
        NET.columns.x(table)


def read_blocks(path: Path) -> None:
    """Read a file as `pellucid score` does, block by block."""
    for block in plan([str(path)]):
        for table in read_block(block):
            table.validate(full=True)


def some_of_each() -> list[Make]:
    """Return files of each kind that is cut into blocks."""
    return [*parquets(), lambda _: csv_text(), *npys()[:1], *idxs()[:1]]


NET = networks()[0]


def packed(content: bytes) -> bytes:
    return gzip.compress(content[:40], mtime=0) + gzip.compress(content[40:], mtime=0)


def npys() -> list[Make]:
    numbers = np.arange(12, dtype=np.float32).reshape(3, 4)
    fields = np.zeros(3, [("나이", "i4"), ("city", "U5")])
    return [
        lambda path: np.save(path, numbers),
        lambda path: np.save(path, np.asfortranarray(numbers)),
        lambda path: np.save(path, fields),
        lambda path: np.save(path, np.array(["a", "bc"])),
    ]


def npzs() -> list[Make]:
    x, t = np.arange(12, dtype=np.float32).reshape(3, 4), np.arange(3)
    return [lambda path: np.savez(path, x=x, t=t), lambda path: np.savez_compressed(path, x=x, t=t)]


def read_numpy(path: Path) -> None:
    try:
        read_arrays(path)
    finally:
        read_columns(path)


def idxs() -> list[Make]:
    arrays = [np.arange(24, dtype=kind).reshape(2, 3, 4) for kind in (np.uint8, np.float64)]
    return [lambda path, array=array: write_idx(path, array) for array in arrays]  # type: ignore[misc]


def read_idx_files(path: Path) -> None:
    read_idx(path)
    # As images of MNIST's form, with their labels
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "train-images-idx3-ubyte").write_bytes(path.read_bytes())
        write_idx(Path(folder, "train-labels-idx1-ubyte"), np.arange(2, dtype=np.uint8))
        read_digits(folder)


# The folder of a search

SEARCH = {"data": "v2:0", "columns": "age, born", "seed": "0", "folds": "3", "pellucid": "0.1"}
TRIAL = {"settings": {}, "loss": 0.5, "score": 0.75, "epochs": 3, "seconds": 1.5}


def read_search(path: Path) -> None:
    """Read a file as that of a trial, and as the one that says what is searched."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        Path(folder, "trial-000001-quick.json").write_bytes(path.read_bytes())
        with kept_in(folder, SEARCH) as kept:
            numbers = [number for fit in kept.found.values() for number in fit]
            assert all(number == number for number in numbers)  # none is NaN
        Path(folder, PROMISE).write_bytes(path.read_bytes())
        with kept_in(folder, SEARCH):
            pass


# Images


def images() -> list[Make]:
    x = np.pad(np.kron(np.eye(8, dtype=np.uint8) * 255, np.ones((3, 3), np.uint8)), 8)
    grey = Image.fromarray(255 - x)
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = Image.fromarray(x.astype(np.uint16) * 257)
    clear = grey.convert("RGBA")
    clear.putalpha(grey)
    variants: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (grey, "PNG", {}), (deep, "PNG", {}), (clear, "PNG", {}), (grey.convert("P"), "PNG", {}),
        (grey, "JPEG", {"exif": exif}), (grey.convert("RGB"), "JPEG", {"progressive": True}),
        (grey, "GIF", {}), (clear, "WEBP", {}), (clear, "WEBP", {"lossless": True}),
        (grey, "BMP", {}), (grey, "TIFF", {}), (deep, "TIFF", {"compression": "tiff_lzw"}),
        (grey, "TIFF", {"compression": "jpeg"}), (clear, "TIFF", {"compression": "tiff_deflate"}),
    ]  # fmt: skip

    def encoded(image: Image.Image, kind: str, options: dict[str, Any]) -> Make:
        def make(path: Path) -> bytes:
            buffer = io.BytesIO()
            image.save(buffer, kind, **options)
            return buffer.getvalue()

        return make

    return [encoded(*variant) for variant in variants]


def read_one_image(path: Path) -> None:
    digit(read_image(path))


def read_folder(path: Path) -> None:
    """Read an image as one of a folder of two classes."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("1", "2"):
            Path(folder, name).mkdir()
            Path(folder, name, "a.png").write_bytes(path.read_bytes())
        read_image_folder(folder)


def onnxs() -> list[Make]:
    return [lambda path, net=net: to_onnx(net, path) for net in networks()]  # type: ignore[misc]


READERS: dict[str, Reader] = {
    "model": Reader(".safetensors", saving(pl.Network.save), lambda path: use(pl.load(path)), formats.safetensors),
    "estimator": Reader(".safetensors", estimators, read_estimator, formats.safetensors),
    "checkpoint": Reader(".safetensors", checkpoints, checkpoint.read, formats.checkpoint),
    "torch": Reader(".safetensors", state_dicts, read_torch, formats.safetensors),
    "json": Reader(".json", saving(to_json), lambda path: use(from_json(path)), formats.json_text),
    "onnx": Reader(".onnx", onnxs, lambda path: use(from_onnx(path)), formats.protobuf),
    "idx": Reader(".idx", idxs, read_idx_files, formats.plain),
    "idx.gz": Reader(".idx.gz", idxs, read_idx_files, formats.gzipped),
    "csv": Reader(".csv", lambda: [lambda _: csv_text(), lambda _: csv_text(";"), lambda _: csv_text("\t", "cp949")], read_columns, formats.csv_text),
    "csv.gz": Reader(".csv.gz", lambda: [lambda _: packed(csv_text())], read_columns, formats.gzipped),
    "records": Reader(".jsonl", lambda: [
        lambda _: "\n".join(map(json.dumps, records())).encode(), lambda _: json.dumps(records()).encode(),
    ], read_columns, formats.json_text),
    "parquet": Reader(".parquet", parquets, read_columns, formats.plain),
    "feather": Reader(".feather", feathers, read_columns, formats.plain),
    "npy": Reader(".npy", npys, read_numpy, formats.npy),
    "npz": Reader(".npz", npzs, read_numpy, formats.zipped),
    "image": Reader(".png", images, read_one_image, formats.image),
    "folder": Reader(".png", images, read_folder, formats.image),
    "blocks": Reader(".rows", some_of_each, read_blocks, formats.rows),
    "search": Reader(".json", lambda: [
        lambda _: json.dumps(SEARCH).encode(), lambda _: json.dumps(TRIAL).encode(),
    ], read_search, formats.json_text),
}  # fmt: skip
