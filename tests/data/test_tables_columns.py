"""What columns become, held against scikit-learn's own preparation, and by hand."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import pellucid as pl
from pellucid.data.tables import survey
from pellucid.data.tables.kinds import NumberColumn
from tests.narrowing import instance, present

NUMBERS = ["age", "income", "year", "tiny", "constant", "visits"]
CATEGORIES = ["city", "plan", "colour", "zone"]


def mixed(generator: np.random.Generator, n: int, *, unseen: bool = False) -> pandas.DataFrame:
    """A table of ten columns and two targets, with missing cells.

    With `unseen`, categories that are not in others.
    """
    frame = pandas.DataFrame(
        {
            "age": generator.integers(18, 90, n).astype(float),
            "income": generator.lognormal(10, 1, n),
            "year": generator.integers(1990, 2024, n),
            "tiny": generator.normal(0, 1e-9, n),
            "constant": 0.1,
            "visits": generator.poisson(3, n).astype(float),
            "city": generator.choice(["Seoul", "Busan", "Jeju", "Daegu"], n),
            "plan": generator.choice(["a", "b"], n),
            "colour": generator.choice(["red", "green", "blue", "red "], n),
            "zone": generator.choice(["z1", "z2", "z3"], n),
        }
    )
    frame["bought"] = np.where(frame["age"] + 20 * (frame["city"] == "Seoul") > 55, "yes", "no")
    frame["spent"] = (
        1000 + 50 * frame["visits"] + 100 * (frame["plan"] == "a") + generator.normal(0, 5, n)
    )
    frame["colour"] = frame["colour"].str.strip()
    if unseen:
        frame.loc[frame.index[::7], "city"] = "Incheon"
        frame.loc[frame.index[::5], "zone"] = "z9"
    for name in ("age", "visits", "city", "zone"):
        frame.loc[generator.random(n) < 0.1, name] = np.nan
    return frame


@pytest.fixture
def tables(generator: np.random.Generator) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    return mixed(generator, 400), mixed(generator, 150, unseen=True)


def by_scikit_learn(learned: pandas.DataFrame, asked: pandas.DataFrame) -> dict[str, np.ndarray]:
    """Prepare the same columns by scikit-learn, and give each number by the name that pellucid has
    for it.
    """
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    numbers[-1].set_params(with_mean=True)
    fill = SimpleImputer(strategy="constant", fill_value="missing")
    categories = make_pipeline(fill, OneHotEncoder(handle_unknown="ignore", sparse_output=False))
    both = ColumnTransformer([("n", numbers, NUMBERS), ("c", categories, CATEGORIES)])
    both.set_output(transform="pandas").fit(learned)
    found = {}
    for name, column in both.transform(asked).items():
        short = name.split("__")[1]
        if short.startswith("missingindicator_"):
            continue  # scaled there; 0 and 1 here
        parts = short.rpartition("_")
        own = (
            short
            if short in NUMBERS
            else f"{parts[0]} missing"
            if parts[2] == "missing"
            else "=".join(parts[::2])
        )
        found[own] = column.to_numpy()
    for name in ("age", "visits"):
        found[f"{name} missing"] = asked[name].isna().to_numpy(float)
    return found


def test_a_mixed_table_is_prepared_as_scikit_learn_does(
    tables: tuple[pandas.DataFrame, pandas.DataFrame],
    tmp_path: Path,
    generator: np.random.Generator,
) -> None:
    learned, asked = tables
    learned.to_csv(tmp_path / "learned.csv", index=False)
    shuffled = asked[generator.permutation(asked.columns)].assign(extra=1)
    shuffled.to_csv(tmp_path / "asked.csv", index=False)
    columns = pl.Columns.of(tmp_path / "learned.csv", target="bought", ignore=["spent"])
    expected = by_scikit_learn(learned, asked)
    assert set(columns.names) == set(expected)
    for dtype, tolerance in (("float64", 1e-12), ("float32", 1e-6)):
        with pytest.warns(pl.TableWarning, match="unseen in training"):
            numbers = columns.x(tmp_path / "asked.csv", dtype)
        x = columns.standardize(dtype).forward(numbers)
        for index, name in enumerate(columns.names):
            np.testing.assert_allclose(x[:, index], expected[name], atol=tolerance, err_msg=name)
    reading = columns.read(tmp_path / "asked.csv")
    list(reading)
    report = reading.report.to_dict()
    assert report["ignored"] == [name for name in shuffled.columns if name in ("extra", "spent")]
    assert report["reordered"] is True
    assert report["imputed"] == {
        name: int(asked[name].isna().sum()) for name in ("age", "visits", "city", "zone")
    }
    assert report["unseen"] == {
        "city": {"Incheon": int((asked["city"] == "Incheon").sum())},
        "zone": {"z9": int((asked["zone"] == "z9").sum())},
    }


def test_the_report_says_what_was_done(tables: tuple[pandas.DataFrame, pandas.DataFrame]) -> None:
    learned, asked = tables
    columns = pl.Columns.of(learned, target="bought", ignore=["spent"])
    reading = columns.read(asked[asked.columns[::-1]])
    list(reading)
    text = "\n".join(reading.report.lines())
    assert "another order" in text
    assert "ignored columns: spent" in text
    assert "imputed missing cells: " in text
    assert "(city: 'Incheon' " in text
    same = columns.read(learned.drop(columns="spent").dropna())
    list(same)
    assert same.report.lines() == []


def test_a_number_that_was_never_missing_is_filled_all_the_same() -> None:
    columns = pl.Columns.of({"a": [1.0, 2, 6], "c": ["p", "q", "p"], "t": [0, 1, 0]}, target="t")
    reading = columns.read({"a": [None, 4], "c": [None, "q"]})
    [(x, t)] = list(reading)
    assert x.tolist() == [[3, 0, 0], [4, 0, 1]]
    assert t is None
    assert reading.report.imputed == {"a": 1, "c": 1}


def test_numbers_too_large_beside_their_spread_keep_their_differences() -> None:
    times = 1.7e9 + np.arange(50)
    columns = pl.Columns.of({"time": times, "t": [0, 1] * 25}, target="t")
    z = columns.standardize().forward(columns.x({"time": times}))
    np.testing.assert_allclose(z[:, 0], (times - times.mean()) / times.std(), atol=1e-6)
    assert (columns.x({"time": times})[:, 0] + columns.offsets[0]).tolist() == times.tolist()


@pytest.mark.parametrize(
    ("low", "offset"), [(2000, 2020), (100, 120), (20, 0), (-5000, -4980), (123456, 123480)]
)
def test_offsets_are_round(low: int, offset: int) -> None:
    columns = pl.Columns.of({"a": low + np.arange(40), "t": [0, 1] * 20}, target="t")
    assert columns.offsets == [offset]


def test_a_constant_column_has_no_spread_whatever_the_rounding() -> None:
    columns = pl.Columns.of({"a": [0.1] * 1000, "t": [0, 1] * 500}, target="t")
    constant = instance(NumberColumn, columns.columns[0])
    assert (constant.std, constant.mean) == (0, 0.1)
    assert not columns.standardize().forward(columns.x({"a": [0.1]})).any()


@pytest.mark.parametrize(
    ("cells", "task", "why"),
    [
        (["p", "q"] * 4, "classify", "texts"),
        ([0, 1] * 4, "classify", "2 different whole"),
        ([7.0, 3.0] * 4, "classify", "2 different whole"),
        ([True, False] * 4, "classify", "texts"),
        ([0.5, 1] * 4, "regress", "not whole"),
        ([1, 2, 3, 4] * 5, "classify", "4 different whole"),
        ([1, 2, 3, 4] * 4, "regress", "many different"),
        (list(range(21)) * 10, "regress", "many different"),
        (list(range(20)) * 5, "classify", "20 different whole"),
    ],
)
def test_the_task_is_told_from_the_target(cells: Sequence[Any], task: str, why: str) -> None:
    table = {"a": list(range(len(cells))), "t": cells}
    columns = pl.Columns.of(table, target="t")
    assert ("classify" if columns.classes else "regress") == task
    assert why in str(columns.why)
    assert present(columns.target).kind == {"classify": "classes", "regress": "values"}[task]


def test_the_task_may_be_said() -> None:
    table = {"a": [1, 2, 3, 4], "t": [1, 2, 1, 2]}
    columns = pl.Columns.of(table, target="t", task="regress")
    assert columns.classes is None
    assert columns.t(table).tolist() == [[1], [2], [1], [2]]
    assert (present(columns.target).mean, present(columns.target).std) == (1.5, 0.5)
    assert pl.Columns.of({"a": [1, 2], "t": [0.5, 1.5]}, target="t", task="classify").classes == [
        "0.5",
        "1.5",
    ]


def test_classes_stand_in_order_numbers_by_their_size() -> None:
    columns = pl.Columns.of({"a": range(40), "t": [10, 9, -1, 2] * 10}, target="t")
    assert columns.classes == ["-1", "2", "9", "10"]
    assert columns.counts == {"10": 10, "9": 10, "-1": 10, "2": 10}


def test_numbers_and_categories_may_be_declared() -> None:
    table = {"zip": [101, 202, 101], "code": ["1", "2", "3"], "t": [0, 1, 0]}
    columns = pl.Columns.of(table, target="t", categories=["zip", "code"])
    assert columns.names == ["zip=101", "zip=202", "code=1", "code=2", "code=3"]
    assert pl.Columns.of(table, target="t", numbers=["code"]).names == ["zip", "code"]
    # a number as text and one of a file of numbers are the same category
    assert columns.x({"zip": ["101.0"], "code": [2]}).tolist() == [[1, 0, 0, 1, 0]]


def test_what_is_left_out_and_why() -> None:
    n = 60
    table = {
        "": range(n),
        "empty": [None] * n,
        "name": [f"Kim {index}" for index in range(n)],
        "words": [["a"]] * n,
        "a": range(n),
        "id": range(n),
        "t": [0, 1] * (n // 2),
    }
    columns = pl.Columns.of(table, target="t", ignore=["id"])
    assert columns.names == ["a"]
    assert {name: str(why) for name, why in columns.left_out.items()} == {
        "id": "as requested",
        "": "it has no name",
        "empty": "it is empty",
        "name": "text that differs in most rows",
        "words": "its cells are neither numbers nor texts",
    }


def test_texts_beyond_counting_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST_COUNTED", 30)
    table = {
        "name": [str(index) + "x" for index in range(40)] * 3,
        "a": range(120),
        "t": [0, 1] * 60,
    }
    assert "different values" in str(pl.Columns.of(table, target="t").left_out["name"])
    # Nor as numbers that are declared categories; as numbers they are used.
    table["zip"] = [index % 40 for index in range(120)]
    columns = pl.Columns.of(table, target="t", categories=["zip"])
    assert "more than" in str(columns.left_out["zip"])
    assert "zip" in pl.Columns.of(table, target="t", numbers=["zip"]).names


@pytest.mark.filterwarnings("ignore::pellucid.TableWarning")
def test_columns_survive_json_to_the_bit(tables: tuple[pandas.DataFrame, pandas.DataFrame]) -> None:
    for target, names in (("bought", ["no", "yes"]), ("spent", None)):
        columns = pl.Columns.of(tables[0], target=target)
        again = pl.Columns.from_dict(json.loads(json.dumps(columns.to_dict())), columns.classes)
        assert again.columns == columns.columns
        assert again.target == columns.target
        assert again.classes == names
        assert again.x(tables[1]).tobytes() == columns.x(tables[1]).tobytes()


def test_a_robust_layer_has_medians_and_quartiles(
    tables: tuple[pandas.DataFrame, pandas.DataFrame],
) -> None:
    learned = tables[0]
    columns = pl.Columns.of(learned, target="bought")
    layer, names = columns.standardize(np.float64, robust=True), columns.names
    for name in ("age", "income", "year", "tiny", "visits"):
        low, median, high = learned[name].quantile([0.25, 0.5, 0.75])
        place = names.index(name)
        assert layer.mean[place] + columns.offsets[place] == pytest.approx(median, rel=1e-12)
        assert layer.std[place] == pytest.approx(high - low, rel=1e-9)
    assert layer.mean[names.index("constant")] + columns.offsets[names.index("constant")] == 0.1
    rest = [i for i, name in enumerate(names) if "=" in name or name.endswith("missing")]
    assert (layer.mean[rest] == 0).all() and (layer.std[rest] == 1).all()


def test_rare_ones_among_zeros_are_measured_by_their_ends() -> None:
    columns = pl.Columns.of({"rare": [0] * 9 + [4], "t": [0.5 * i for i in range(10)]}, target="t")
    layer = columns.standardize(robust=True)
    assert (layer.mean[0], layer.std[0]) == (0.0, 2.0)


def test_what_varies(tables: tuple[pandas.DataFrame, pandas.DataFrame]) -> None:
    frame = tables[0].assign(flag=np.arange(400) % 2, half=np.arange(400) % 2 / 2)
    columns = pl.Columns.of(frame, target="bought")
    varied = {name for name, varies in zip(columns.names, columns.varied, strict=True) if varies}
    assert varied == {"age", "income", "year", "tiny", "visits", "spent", "half"}


def test_quartiles_of_many_rows_are_those_of_a_sample_whatever_the_blocks(
    generator: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "MOST_SAMPLED", 2_000)
    x = generator.lognormal(size=20_000)
    found = []
    for size in (20_000, 777):
        one = survey.Sample()
        for start in range(0, len(x), size):
            rows = np.arange(start, min(start + size, len(x)))
            one.add(x[rows], rows)
        assert 1_000 <= len(one._values) <= 2_000
        found.append(one.quartiles())
    assert found[0] == found[1]
    ranks = [(x < value).mean() for value in found[0]]
    np.testing.assert_allclose(ranks, [0.25, 0.5, 0.75], atol=0.08)


def test_columns_from_a_file_know_no_quartiles(
    tables: tuple[pandas.DataFrame, pandas.DataFrame],
) -> None:
    columns = pl.Columns.of(tables[0], target="bought")
    again = pl.Columns.from_dict(columns.to_dict(), columns.classes)
    for call in (
        lambda: again.standardize(robust=True),
        lambda: again.varied,
        lambda: pl.table_mlp(again),
    ):
        with pytest.raises(pl.InputError, match="quartiles of column 'age' are not known"):
            call()
    first = instance(pl.Standardize, pl.table_mlp(again, preset="plain").layers[0])
    assert first.mean.size == again.width


def test_columns_without_a_target_give_no_targets(
    tables: tuple[pandas.DataFrame, pandas.DataFrame],
) -> None:
    columns = pl.Columns(pl.Columns.of(tables[0], target="bought").columns)
    assert columns.x(tables[0]).shape == (400, columns.width)
    assert columns.to_dict()["target"] is None
    with pytest.raises(pl.InputError, match="no target"):
        columns.t(tables[0])
    with pytest.raises(pl.InputError, match="no target"):
        pl.table_mlp(columns)


def test_a_table_without_rows_gives_none(tables: tuple[pandas.DataFrame, pandas.DataFrame]) -> None:
    columns = pl.Columns.of(tables[0], target="bought")
    assert columns.x(tables[0][:0]).shape == (0, columns.width)
    assert columns.t(tables[0][:0]).shape == (0,)
    assert pl.Columns.of(tables[0], target="spent").t(tables[0][:0]).shape == (0, 1)
