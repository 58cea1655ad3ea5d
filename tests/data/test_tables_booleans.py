"""Truth values in every spelling, and classes in their own types."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import pellucid as pl
from pellucid.data.tables import booleans
from pellucid.data.tables.kinds import target_from

SPELLINGS = [
    ("false", "true"), ("FALSE", "TRUE"), ("no", "yes"), ("No", "Yes"), ("n", "y"), ("F", "T"),
    ("0", "1"), ("off", "on"), ("아니오", "예"), ("거짓", "참"), (False, True), (0, 1),
]  # fmt: skip


@pytest.mark.parametrize("trained", SPELLINGS, ids=str)
@pytest.mark.parametrize("asked", SPELLINGS, ids=str)
def test_another_spelling_means_the_same(
    trained: tuple[object, object], asked: tuple[object, object]
) -> None:
    table = {"a": [trained[0], trained[1]] * 5, "y": np.arange(10.0)}
    columns = pl.Columns.of(table, target="y")
    reading = columns.read({"a": [asked[1], asked[0], asked[1]]})
    x = np.concatenate([x for x, _ in reading])
    assert x.tolist() == columns.x({"a": [trained[1], trained[0], trained[1]]}).tolist()
    assert len(set(x[:, 0])) == 2
    assert reading.report.unseen == {}
    same = [str(each).lower() for each in trained] == [str(each).lower() for each in asked]
    counts = reading.report.to_dict()["respelled"]
    if same:
        assert counts == {}
    else:
        assert sum(counts["a"].values()) == 3


def test_capitals_of_truth_values_are_one_category() -> None:
    columns = pl.Columns.of({"a": ["Yes", "YES", "Yes", "no"], "y": [1.5, 2, 3, 4]}, target="y")
    assert columns.names == ["a=no", "a=Yes"]
    reading = columns.read({"a": ["Yes", "YES", "yes", "NO", "true"]})
    list(reading)
    # "yes" is what training had, capitals aside; "true" means the same in other letters.
    assert reading.report.respelled == {"a": Counter({"true": 1})}


def test_capitals_of_classes_are_no_other_spelling() -> None:
    columns = pl.Columns.of({"a": [1, 2, 3], "t": ["No", "Yes", "yes"]}, target="t")
    reading = columns.read({"a": [1, 2, 3], "t": ["no", "YES", "on"]}, targets=True)
    assert [t.tolist() for _, t in reading if t is not None] == [[0, 1, 1]]
    assert reading.report.respelled == {"t": Counter({"on": 1})}


def test_what_is_ambiguous_stays_text() -> None:
    columns = pl.Columns.of({"a": ["yes", "false"] * 2, "y": [1.5, 2, 3, 4]}, target="y")
    reading = columns.read({"a": ["true"]})
    list(reading)
    assert reading.report.unseen == {"a": Counter({"true": 1})}
    assert booleans.spellings(["yes"]) == {}


@pytest.mark.parametrize(
    "cells",
    [
        [0, 1, 10, 1],
        [False, True, True, False],
        ["0", "1", "1", "0"],
        ["a", "b", "b", "a"],
        ["007", "1", "1", "1"],
    ],
)
def test_labels_have_the_targets_type(cells: list[object], tmp_path: Path) -> None:
    table = {"a": [1.0, 2, 3, 4], "t": cells}
    for frame in (table, pandas.DataFrame(table), polars.DataFrame(table), pyarrow.table(table)):
        net = pl.table_mlp(pl.Columns.of(frame, target="t", task="classify"), hidden=[4])
        net.save(tmp_path / "net.safetensors")
        for each in (net, pl.load(tmp_path / "net.safetensors")):
            labels = each.labels(table)
            assert {type(label) for label in labels} == {type(cells[0])}
            assert set(labels) <= set(cells)


def test_labels_of_a_csv_file_are_what_its_cells_read_as(tmp_path: Path) -> None:
    for cells, kind in ((("0", "1"), int), (("True", "False"), bool), (("x", "1"), str)):
        path = tmp_path / "t.csv"
        path.write_text("a,t\n" + "".join(f"{i},{cells[i % 2]}\n" for i in range(8)))
        net = pl.table_mlp(pl.Columns.of(path, target="t"), hidden=[4])
        assert {type(label) for label in net.labels({"a": [1, 2]})} == {kind}


def test_targets_of_another_spelling_are_read() -> None:
    columns = pl.Columns.of({"a": [1, 2], "t": ["no", "yes"]}, target="t")
    assert columns.t({"a": [1, 2, 3], "t": [True, False, True]}).tolist() == [1, 0, 1]


@pytest.mark.parametrize("labels", ["float", 1, None, ["int"]])
def test_a_file_with_other_labels_is_refused(labels: object) -> None:
    with pytest.raises(pl.InputError, match="malformed"):
        target_from({"name": "t", "kind": "classes", "labels": labels})
