"""The scorer: one function for batches of every kind, with bad rows put aside."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest

import pellucid as pl
from pellucid.distributed import Scorer
from pellucid.errors import FileError, InputError
from tests.distributed.conftest import table
from tests.houses import flats, trained

KINDS: dict[str, Callable[[Any], Any]] = {
    "table": lambda rows: rows,
    "batch": lambda rows: rows.combine_chunks().to_batches()[0],
    "pandas": lambda rows: rows.to_pandas(),
    "polars": polars.from_arrow,
    "dict": lambda rows: {name: rows[name].to_pylist() for name in rows.column_names},
}


def column(scored: Any, name: str) -> list[Any]:
    """Return a column of any kind of result as a list, with None for what is missing."""
    cells = scored[name]
    values = cells.to_pylist() if hasattr(cells, "to_pylist") else list(cells)
    return [None if value is None or value != value else value for value in values]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_batch_gets_the_predictions_of_the_network(
    kind: str, net: pl.Network
) -> None:
    rows = table(200)
    batch = KINDS[kind](rows)
    scored = Scorer(net, outputs=True)(batch)
    assert type(scored) is type(batch)
    y = net.predict(rows)
    assert column(scored, "prediction") == net.labels(rows)
    assert column(scored, "confidence") == pytest.approx(net.confidence(y).tolist())
    assert column(scored, "output 1") == pytest.approx(y[:, 1].tolist())
    assert column(scored, "rejected") == [None] * 200
    assert column(scored, "id") == list(range(200))


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_cannot_be_used_keep_their_place_and_say_why(kind: str, net: pl.Network) -> None:
    rows = table(5)
    sizes = pa.array(["12", "wide", None, "inf", "50"])
    batch = KINDS[kind](rows.set_column(1, "size", sizes))
    scorer = Scorer(net, keep=["id"])
    scored = scorer(batch)
    predictions, reasons = column(scored, "prediction"), column(scored, "rejected")
    assert [each is None for each in predictions] == [False, True, False, True, False]
    assert reasons[1].startswith("column size: 'wide' is not a number")
    assert reasons[3].startswith("column size: 'inf' is infinite")
    assert [reasons[0], reasons[2], reasons[4]] == [None] * 3
    assert (scorer.rows, scorer.rejected) == (3, 2)


def test_a_frame_of_pandas_keeps_its_index(net: pl.Network) -> None:
    frame = table(4).to_pandas().set_index(pd.Index([9, 7, 5, 3]))
    scored = Scorer(net)(frame)
    assert scored.index.tolist() == [9, 7, 5, 3]
    assert scored["prediction"].tolist() == net.labels(table(4))


def test_rows_and_rejected_rows_are_split(net: pl.Network) -> None:
    rows = table(3).set_column(1, "size", pa.array(["1", "?!", "2"]))
    scored = Scorer(net, keep=["id"]).split(rows)
    assert scored.rows.column_names == ["id", "prediction", "confidence"]
    assert scored.rows["id"].to_pylist() == [0, 2]
    assert scored.rejected.column_names == [*rows.column_names, "rejected"]
    assert scored.rejected["id"].to_pylist() == [1]


def test_arrays_are_a_column_of_lists_or_a_column_each() -> None:
    net = pl.mlp([3, 4, 2], output="softmax", seed=0)
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    expected = net.confidence(net.predict(x)).tolist()
    lists = pa.table({"x": x.tolist()})
    single = pa.table({f"x{d}": x[:, d] for d in range(3)})
    for batch in ({"x": x}, lists, single):
        scored = Scorer(net)(batch)
        assert column(scored, "confidence") == pytest.approx(expected)
    assert column(Scorer(net)({"x": x}), "prediction") == net.labels(x)


def test_a_missing_list_is_rejected_and_bytes_stay_bytes() -> None:
    net = pl.load(Path(pl.__file__).parent / "web" / "digits.safetensors")
    images = pl.mnist().test.images[:4].reshape(4, 784)
    x = pa.array([None, *images[1:].tolist()], pa.list_(pa.uint8(), 784))
    scored = Scorer(net)(pa.table({"x": x}))
    assert scored["prediction"].to_pylist()[0] is None
    assert scored["prediction"].to_pylist()[1:] == net.labels(images[1:])


def test_values_are_in_the_unit_of_the_target_and_several_have_names() -> None:
    rows = {"a": [1.0, 2.0, 3.0, 4.0], "p": [10.0, 20.0, 30.0, 40.0], "q": [1.0, 0.0, 1.0, 0.5]}
    columns = pl.Columns.of(rows, target=["p", "q"], task="regress")
    net = pl.table_mlp(columns, seed=0)
    scored = Scorer(net, keep=[])(rows)
    assert list(scored) == ["prediction p", "prediction q", "rejected"]
    np.testing.assert_allclose(scored["prediction q"], net.predict(rows)[:, 1])


def test_it_travels_as_a_path_and_counts_anew(model: str, net: pl.Network) -> None:
    scorer = Scorer(model)
    scorer(table(10))
    content = pickle.dumps(scorer)
    assert len(content) < 500
    other = pickle.loads(content)  # noqa: S301 (made here)
    assert other.rows == 0
    assert other(table(10))["prediction"].to_pylist() == net.labels(table(10))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ([1, 2], "expected a table of pyarrow, pandas or Polars, or a dict of columns, got list"),
        ({"size": [1.0]}, "there is no column 'city'"),
        ({"size": [1.0], "city": ["Seoul", "Busan"]}, "all of one length"),
        ({"size": [1.0], "city": ["Seoul"], "rejected": [0]}, "already has a column 'rejected'"),
    ],
)
def test_what_is_no_batch_of_this_network_is_refused(
    batch: Any, message: str, net: pl.Network
) -> None:
    with pytest.raises(InputError, match=message):
        Scorer(net)(batch)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"x": np.zeros((2, 4))}, 'the lists of "x" must have 3 numbers, got 4'),
        ({"x": ["a", "b"]}, 'the column "x" must have lists of 3 numbers, got string'),
        ({"y": [1.0]}, 'expected a column "x" of lists of 3 numbers, or columns x0 to x2'),
        ({"x0": ["a"], "x1": [1], "x2": [2]}, 'the column "x0" must have numbers, got string'),
    ],
)
def test_arrays_of_another_form_are_refused(batch: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Scorer(pl.mlp([3, 2], seed=0))(batch)


def test_a_model_that_is_missing_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        Scorer(tmp_path / "none.safetensors")({"x": [[1.0]]})
    with pytest.raises(InputError, match="expected the path of a model file or a Network, got int"):
        Scorer(3)  # type: ignore[arg-type]


def test_the_import_of_pellucid_stays_light() -> None:
    code = "import pellucid, sys; assert not {'pyarrow', 'ray', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("target", ["rent", "kind"])
def test_intervals_and_sets_are_those_of_the_network(target: str) -> None:
    net, rows = trained(target), flats(40, seed=5)
    rows["area"][3] = 900
    scored = Scorer(net, keep=[], interval=0.9)(pa.table(rows))
    x, _ = net.columns.read_rows(rows)
    if target == "rent":
        low, high = net.interval(x, 0.9)
        assert column(scored, "low") == low[:, 0].tolist()
        assert column(scored, "high") == high[:, 0].tolist()
    else:
        assert column(scored, "set") == [
            "; ".join(map(str, each)) for each in net.class_sets(x, 0.9)
        ]
    strange = [", ".join(map(str, each)) or None for each in pl.unlike_training(net, x)]
    assert strange[3] == "area 900 is above 119.95"
    assert column(scored, "unlike training") == strange
    assert scored.column_names[-1] == "rejected"


def test_rows_unlike_the_training_rows_are_rejected_with_the_reason() -> None:
    net, rows = trained("rent"), flats(6, seed=5)
    rows["area"] = ["wide", 900, *rows["area"][2:].tolist()]
    scorer = Scorer(net, keep=[], interval=0.9, reject=True)
    scored = scorer(pa.table({**rows, "area": [str(cell) for cell in rows["area"]]}))
    wide, unlike, *rest = column(scored, "rejected")
    assert "'wide'" in wide
    assert unlike == "unlike the training rows: area 900 is above 119.95"
    assert rest == [None] * 4
    assert column(scored, "prediction")[:2] == column(scored, "low")[:2] == [None, None]
    assert (scorer.rows, scorer.rejected) == (4, 2)


def test_intervals_that_a_network_does_not_know_are_refused(net: pl.Network) -> None:
    with pytest.raises(InputError, match="no rows were held out"):
        Scorer(net, interval=0.9)(table(3))
    with pytest.raises(InputError, match=r"a level of 0\.999 needs more held-out rows"):
        Scorer(trained("rent"), interval=0.999)(flats(3))
    with pytest.raises(InputError, match="needs the columns of a table"):
        Scorer(pl.mlp([3, 2], seed=0), reject=True)({"x": [[1.0, 2.0, 3.0]]})
