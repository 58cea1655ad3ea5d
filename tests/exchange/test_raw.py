"""Raw columns: ONNX and C take a table's cells and predict as `predict` does."""

from __future__ import annotations

import ctypes
import runpy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas
import pytest
import torch

import pellucid as pl
from pellucid.core.types import Array
from pellucid.data.tables.cells import canonical
from pellucid.data.tables.kinds import CategoryColumn
from pellucid.errors import FileError, InputError
from pellucid.exchange import from_onnx, to_c, to_onnx, write_torch
from pellucid.exchange.raw_columns import text_codes
from tests.exchange.compiled import COMPILER, SANITIZED, STRICT, close, run

DAY = pandas.Timedelta("1D")


def homes(rows: int, seed: int) -> pandas.DataFrame:
    """Return a table with every kind of column, and missing cells in most of them."""
    draws = np.random.default_rng(seed)
    days = pandas.to_timedelta(draws.integers(-400, 900, rows) + draws.random(rows), unit="D")
    homes = pandas.DataFrame(
        {
            "area": draws.normal(80, 20, rows),
            "built year": draws.integers(1950, 2020, rows).astype(float),
            "double": draws.choice(["Seoul", "Busan", "3", "true", 'a, "b" ?? \\'], rows),
            "\uc815\uc6d0": draws.choice([True, False], rows),
            "day": pandas.Timestamp("1970-12-01") + days,
            "y": draws.normal(size=rows),
        }
    )
    for name in ("area", "double", "day"):
        homes.loc[draws.random(rows) < 0.1, name] = None
    # So many categories that they are embedded
    homes["block"] = [f"block {number}" for number in draws.integers(0, 150, rows)]
    homes.loc[draws.random(rows) < 0.1, "block"] = None
    return homes


TASKS = ["texts", "whole", "truth", "values", "members texts", "members values"]
"""Networks for classes of each type and for values, and ensembles for two of them."""


def trained(task: str) -> pl.Network:
    """Return a network for one of `TASKS`, trained a little."""
    table, members = homes(1_100, 0), 3 if task.startswith("members") else 1
    task = task.removeprefix("members ")
    area = table["area"].fillna(0)
    table["y"] = {
        "texts": np.where(area > 80, "large", "small"),
        "whole": (area // 40).clip(0, 3).astype(int),
        "truth": area > 80,
        "values": area * 3 + table["built year"],
    }[task]
    net = pl.table_mlp(pl.Columns.of(table, target="y"), hidden=[16], members=members)
    pl.train_table(net, table, epochs=1)
    return net


def questions() -> pandas.DataFrame:
    """Return 1,000 rows with missing cells and categories that training had not."""
    asked = homes(1_000, 1).drop(columns="y")
    unseen = np.random.default_rng(2).random(len(asked)) < 0.1
    asked.loc[unseen, "double"] = asked.loc[unseen, "block"] = "Jeju"
    return asked


def texts(cells: Any) -> list[str]:
    return ["" if pandas.isna(cell) else str(cell) for cell in cells]


def numbers(cells: Any) -> Array:
    if cells.dtype.kind == "M":
        return ((cells - pandas.Timestamp(0)) / DAY).to_numpy(float)
    return cells.to_numpy(float)


@pytest.fixture(params=TASKS)
def net(request: pytest.FixtureRequest) -> pl.Network:
    return trained(request.param)


@pytest.mark.filterwarnings("ignore::pellucid.errors.TableWarning")
def test_onnx_takes_raw_cells(net: pl.Network, tmp_path: Path) -> None:
    to_onnx(net, tmp_path / "raw.onnx", raw=True)
    session = onnxruntime.InferenceSession(tmp_path / "raw.onnx")
    asked, feed = questions(), {}
    for given in session.get_inputs():
        column = asked[given.name]
        if given.type == "tensor(string)":
            feed[given.name] = np.array(texts(column), object)[:, None]
        else:
            feed[given.name] = numbers(column)[:, None]
    y, *labels = session.run(None, feed)
    close(y, net.predict(asked))
    assert [found.tolist() for found in labels] == ([net.labels(asked)] if net.classes else [])


def row_type(net: pl.Network) -> type[ctypes.Structure]:
    """Return the struct of a row, whose members are in the order of the columns."""
    kinds = {True: ctypes.c_char_p, False: ctypes.c_double}
    fields = [
        (f"m{index}", kinds[isinstance(column, CategoryColumn)])
        for index, column in enumerate(net.columns.columns)
    ]
    return type("Row", (ctypes.Structure,), {"_fields_": fields})


def library(source: Path, flags: Sequence[str] = ("-O2",)) -> ctypes.CDLL:
    built = source.with_suffix(".so")
    run([COMPILER, *STRICT, *flags, "-shared", "-fPIC", source, "-o", built, "-lm"])
    return ctypes.CDLL(str(built))


@pytest.mark.filterwarnings("ignore::pellucid.errors.TableWarning")
def test_c_takes_raw_cells(net: pl.Network, tmp_path: Path) -> None:
    _, source = to_c(net, tmp_path / "homes.c", raw=True)
    asked, code = questions(), library(source)
    cells = [
        [text.encode() or None for text in texts(asked[column.name])]
        if isinstance(column, CategoryColumn)
        else numbers(asked[column.name]).tolist()
        for column in net.columns.columns
    ]
    found, expected, Row = [], net.predict(asked), row_type(net)
    y, scratch = (ctypes.c_float * expected.shape[1])(), ctypes.create_string_buffer(1 << 20)
    for row in zip(*cells, strict=True):
        given = Row(*row)
        code.homes_predict_row(ctypes.byref(given), y, scratch)
        found.append([*y])
        if net.classes:
            chosen = code.homes_classify_row(ctypes.byref(given), scratch)
            assert chosen == code.homes_choose(y)
    close(np.array(found), expected)


@pytest.mark.filterwarnings("ignore::pellucid.errors.TableWarning")
def test_pytorch_encodes_raw_cells(net: pl.Network, tmp_path: Path) -> None:
    _, program = write_torch(net, tmp_path / "homes.safetensors", raw=True)
    asked, found = questions(), runpy.run_path(str(program))
    table = {name: asked[name] for name in asked}
    table["day"] = numbers(asked["day"])
    with torch.no_grad():
        close(found["build"]()(found["encode"](table)).numpy(), net.predict(asked))


def test_the_example_in_the_header_runs(tmp_path: Path) -> None:
    header, source = to_c(trained("texts"), tmp_path / "homes.h", raw=True)
    lines = [line[3:] for line in header.read_text().split("*/")[0].splitlines()]
    example = lines[lines.index("    #include <stdio.h>") :]
    (tmp_path / "main.c").write_text("\n".join(example) + "\n")
    main = [tmp_path / "main.c", source, "-o", tmp_path / "main", "-lm"]
    run([COMPILER, *STRICT, *SANITIZED, *main])
    assert b"class " in run([tmp_path / "main"]).stdout


def test_texts_mean_what_the_reader_takes_them_for() -> None:
    columns = pl.Columns.of(homes(200, 0), target="y", task="regress")
    for column in columns.columns:
        if not isinstance(column, CategoryColumn):
            continue
        alone = pl.Columns((column,))
        for text, code in text_codes(column).items():
            row = alone.x({column.name: [text]})[0]
            assert row.tolist() == [float(place == code) for place in range(column.width)], text
        assert {canonical(text) for text in column.categories} == set(column.categories)


def test_names_of_columns_that_collide(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    names = ["y", "label", "a b", "a_b", "0.W", "\uc9d1", "3d", "y_2"]
    table: dict[str, Any] = {name: draws.normal(size=60).tolist() for name in names}
    table["goal"] = ["no", "yes"] * 30
    net = pl.table_mlp(pl.Columns.of(table, target="goal"), hidden=[4])
    to_onnx(net, tmp_path / "raw.onnx", raw=True)
    session = onnxruntime.InferenceSession(tmp_path / "raw.onnx")
    assert [given.name for given in session.get_inputs()] == names
    feed = {name: np.array(table[name])[:, None] for name in names}
    close(session.run(None, feed)[0], net.predict(table))
    _, source = to_c(net, tmp_path / "homes.c", raw=True)
    library(source)


def test_it_needs_a_table(tmp_path: Path) -> None:
    net = pl.mlp([2, 3], seed=0)
    with pytest.raises(InputError, match="no columns"):
        to_onnx(net, tmp_path / "raw.onnx", raw=True)
    with pytest.raises(InputError, match="no columns"):
        to_c(net, tmp_path / "raw.c", raw=True)
    with pytest.raises(InputError, match="no columns"):
        write_torch(net, tmp_path / "raw.safetensors", raw=True)
    assert not list(tmp_path.iterdir())


def test_import_says_what_it_is(tmp_path: Path) -> None:
    to_onnx(trained("values"), tmp_path / "raw.onnx", raw=True)
    with pytest.raises(FileError, match="raw columns"):
        from_onnx(tmp_path / "raw.onnx")
