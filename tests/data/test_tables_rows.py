"""One row: fast, and to the bit what the block reader makes of it."""

import copy
import pickle
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pellucid as pl
from pellucid.core.types import Array
from pellucid.data.tables import rows
from pellucid.data.tables.cells import MISSING
from tests.proving import examples

N = 330
TABLE: dict[str, list[Any]] = {
    "age": [20.0 + i for i in range(N)],
    "year": [1990 + i for i in range(N)],
    "height": [1.5 + i / 100 if i % 7 else None for i in range(N)],
    "city": [["Seoul", "Busan", "3", None][i % 4] for i in range(N)],
    "grade": [i % 3 for i in range(N)],
    "member": [i % 2 == 0 for i in range(N)],
    "price": [f"{i}.5" for i in range(N)],
    "won": [f"₩{i * 350:,}" for i in range(N)],
    "share": [f"{i}.5 %" if i % 9 else "-" for i in range(N)],
    "day": [f"2023-{1 + i // 28:02}-{1 + i % 28:02}" for i in range(N)],
    "shop": ["ja" if i == 5 else f"{i * 3 % 7}" for i in range(N)],
    "comma": [f"{i},25" for i in range(N)],
    "zip": [f"z{i % 110}" if (i + 1) % 41 else f"rare {i}" for i in range(N)],
    "paid": ["yes" if i % 3 else "no" for i in range(N)],
    "y": [float(i % 5) for i in range(N)],
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a shop is "ja"
    COLUMNS = pl.Columns.of(TABLE, "y", task="regress", categories=["grade"])
ROW = {name: cells[0] for name, cells in TABLE.items()}
INPUTS = [name for name in TABLE if name != "y"]

numbers = st.one_of(
    st.floats(),
    st.integers(-(2**70), 2**70),
    st.floats(10, 60),
    st.integers(0, 2100),
    st.sampled_from([0, -0.0, 1, True, False, 3.0, 2**53, 2**53 + 1]),
)
texts = st.one_of(
    st.text(max_size=6),
    st.sampled_from(sorted(MISSING)),
    st.sampled_from(["Seoul", " Seoul ", "seoul", "3", "3.0", "03", "2", "True", "true", "TRUE"]),
    st.sampled_from(["1.5", " 20 ", "1e3", "1e400", "inf", "-Infinity", "1,5", "nan", "7.50"]),
    st.floats(10, 60).map(str),
    st.just("7" + " " * 200),
    st.sampled_from(["z3", "z149", " z3", "rare 40", "z999"]),
    st.sampled_from(
        ["₩1,000", "1.234,5", "12,5 %", "3,5", "$5", "-", "yes", "N", "예", "참", "ja"]
    ),
    st.sampled_from(
        ["2023-01-20", "20.01.2023", "2023-01-20 10:30", "2030-01-01", "2023년 1월 3일"]
    ),
)
others = st.one_of(
    st.none(),
    st.dates(),
    st.datetimes(),
    st.decimals(),
    st.binary(max_size=3),
    st.sampled_from([np.datetime64(20, "ns"), np.timedelta64(20, "ns"), np.longdouble(20)]),
    st.sampled_from([[], {"a": 1}, (1, 2), 1j, pandas.NA, pandas.Timestamp(0)]),
)
typed = st.builds(
    lambda kind, number: kind(number),
    st.sampled_from([np.float32, np.float64, np.int8, np.uint64, np.bool_, np.str_]),
    st.integers(0, 100),
)
CELLS = st.one_of(numbers, texts, others, typed)
ROWS = st.fixed_dictionaries(dict.fromkeys(INPUTS, CELLS))
framed = st.one_of(numbers, texts, st.none(), st.dates(), st.datetimes())  # Polars dies of others

Outcome = tuple[bytes | str, list[str]]


def outcome(read: Callable[[], Array]) -> Outcome:
    """Return the bits of an array, or the text of an error, and the texts of warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            x = read()
            found: bytes | str = str((x.shape, x.dtype)).encode() + x.tobytes()
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
    return found, [str(each.message) for each in caught]


def by_block(table: Any, dtype: str) -> Array:
    """Return what the block reader makes of a table, and let it warn."""
    reading = COLUMNS.read(table, dtype=dtype)
    blocks = [x for x, _ in reading]
    reading.report.warn()
    return np.concatenate(blocks)


@settings(max_examples=examples(150), deadline=None)
@given(ROWS, st.sampled_from(["float32", "float64"]))
def test_a_row_is_what_the_block_reader_makes_of_it(row: dict[str, Any], dtype: str) -> None:
    lists = {name: [cell] for name, cell in row.items()}
    expected = outcome(partial(by_block, lists, dtype))
    for _ in range(2):  # the second is the remembered one
        assert outcome(partial(COLUMNS.x, lists, dtype)) == expected
        if not any(isinstance(cell, (list, tuple, dict)) for cell in row.values()):
            assert outcome(partial(COLUMNS.x, row, dtype)) == expected


@settings(max_examples=examples(60), deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(INPUTS, framed)))
def test_a_row_of_a_dataframe_is_what_the_block_reader_makes_of_it(row: dict[str, Any]) -> None:
    frames: list[Any] = []
    for make in (pandas.DataFrame, polars.DataFrame):
        try:
            frames.append(make({name: [cell] for name, cell in row.items()}))
        except Exception:
            continue
    for frame in frames:
        expected = outcome(partial(by_block, frame, "float32"))
        for _ in range(2):
            assert outcome(partial(COLUMNS.x, frame, "float32")) == expected


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        {**ROW, "more": 1},
        dict(reversed(ROW.items())),
        {name: [cell] for name, cell in ROW.items()},
        {name: np.array([cell]) for name, cell in ROW.items()},
        pandas.DataFrame([ROW]),
        pandas.DataFrame([ROW]).astype({"age": "float32", "city": "category", "grade": "int8"}),
        pandas.DataFrame([ROW]).convert_dtypes(),
        polars.DataFrame([ROW]),
        polars.DataFrame([ROW]).cast({"city": polars.Categorical, "age": polars.Float32}),
    ],
)
def test_ordinary_rows_are_read_without_the_block_reader(
    row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = copy.deepcopy(COLUMNS)
    first = columns.x(row)
    monkeypatch.setattr(type(columns), "read", None)
    assert columns.x(row).tobytes() == first.tobytes()
    assert columns.x(row, "float64").dtype == np.float64
    with pytest.raises(TypeError):  # the block reader is missed, so the test can fail
        columns.x({**ROW, "city": "Jeju"})


def test_networks_take_a_row() -> None:
    net = pl.table_mlp(COLUMNS, [8])
    expected = net.predict({name: cells[:1] for name, cells in TABLE.items()})
    predictor = net.predictor()
    for _ in range(2):
        assert net.predict(ROW).tobytes() == expected.tobytes()
        assert predictor(ROW).tobytes() == expected.tobytes()
        assert np.allclose(net.forward(ROW).y, expected, rtol=1e-6)
    back = pickle.loads(pickle.dumps(net))  # noqa: S301
    assert back.predict(ROW).tobytes() == expected.tobytes()
    for _ in range(2):
        with pytest.warns(pl.TableWarning, match="age 1: 1000..1000"):
            net.predict({**ROW, "age": 1000})
    with pytest.raises(pl.InputError, match="there is no column 'city'"):
        net.predict({name: cell for name, cell in ROW.items() if name != "city"})
    with pytest.raises(pl.InputError, match="column age: 'old' is not a number"):
        net.predict({**ROW, "age": "old"})
    with pytest.raises(pl.InputError, match="a dict of columns must have lists or arrays"):
        net.predict({**ROW, "age": [1, 2]})


def test_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_REMEMBERED", 10_000)
    columns = copy.deepcopy(COLUMNS)
    expected = columns.x(
        {"price": [f"{i / 7}" for i in range(100)]}
        | {name: [cell] * 100 for name, cell in ROW.items() if name != "price"}
    )
    for i in range(100):
        assert columns.x({**ROW, "price": f"{i / 7}"}).tobytes() == expected[i].tobytes()
    assert sum(map(len, columns._memory._cells)) <= 10_000 / 400
