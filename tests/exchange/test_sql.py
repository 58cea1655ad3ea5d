"""SQL: the query predicts in SQLite and DuckDB what `predict` does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas
import pytest

import pellucid as pl
from pellucid.core import LAYERS, checks
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.errors import FileError, InputError
from pellucid.exchange import to_sql
from pellucid.exchange.sql.layer_code import CONVERSIONS
from pellucid.web import SHIPPED
from tests.exchange.networks import CASES, affine, network_of, rows_for
from tests.exchange.test_raw import TASKS, questions, trained

DAY = pandas.Timedelta("1D")


def in_sqlite(query: str, table: pandas.DataFrame) -> pandas.DataFrame:
    connection = sqlite3.connect(":memory:")
    table.to_sql("samples", connection, index=False)
    found = pandas.read_sql_query(query, connection)
    connection.close()
    return found


def in_duckdb(query: str, table: pandas.DataFrame) -> pandas.DataFrame:
    with duckdb.connect() as connection:
        connection.register("samples", table)
        found: pandas.DataFrame = connection.execute(query).fetchdf()
    return found


DATABASES = pytest.mark.parametrize("ask", [in_sqlite, in_duckdb])
Ask = Callable[[str, pandas.DataFrame], pandas.DataFrame]


def answers(ask: Ask, net: pl.Network, table: pandas.DataFrame) -> pandas.DataFrame:
    """Ask the query of a network, and return its answers in the order of the rows."""
    query = to_sql(net, "net.sql").read_text()
    found = ask(query, table.assign(id=np.arange(len(table)) + 7))
    assert sorted(found["id"]) == list(range(7, len(table) + 7))
    return found.sort_values("id", ignore_index=True)


def numbered(x: Array) -> pandas.DataFrame:
    x = x.reshape(len(x), -1)
    return pandas.DataFrame(x, columns=[f"x{index}" for index in range(x.shape[1])])


def classifier(*layers: Layer) -> pl.Network:
    """Return a network with a name for each output."""
    net = pl.Network(layers)
    D = checks.input_width(net.layers)
    assert D is not None
    return pl.Network(
        layers, classes=[f"class {k}" for k in range(max(2, checks.widths(layers, D)[-1]))]
    )


def outputs(found: pandas.DataFrame) -> Array:
    return found[[name for name in found if name.startswith("output")]].to_numpy()


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@DATABASES
@pytest.mark.parametrize(("name", "index"), CASES)
def test_every_layer(name: str, index: int, ask: Ask) -> None:
    net = classifier(*network_of(name, index).layers)
    x = rows_for(net, 20, index)
    found, y = answers(ask, net, numbered(x)), net.predict(x)
    np.testing.assert_allclose(outputs(found), y, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found["confidence"], net.confidence(y), rtol=1e-6, atol=1e-6)
    assert found["prediction"].tolist() == net.labels(x)


def test_every_layer_of_core_has_sql() -> None:
    assert set(CONVERSIONS) == set(LAYERS.values())


@DATABASES
def test_digits(ask: Ask) -> None:
    net, images = pl.load(SHIPPED), pl.mnist().test.images[:50]
    found = answers(ask, net, numbered(images))
    np.testing.assert_allclose(outputs(found), net.predict(images), atol=2e-6)
    assert found["prediction"].tolist() == net.labels(images)
    # One step a layer and few more, and no more than 35 characters for each parameter
    assert Path("net.sql").read_text().count("MATERIALIZED") < 12
    assert Path("net.sql").stat().st_size < 35 * net.parameter_count


@DATABASES
@pytest.mark.parametrize("task", TASKS)
def test_columns_of_a_table(task: str, ask: Ask) -> None:
    net, asked = trained(task), questions()
    given = asked.assign(day=(asked["day"] - pandas.Timestamp(0)) / DAY)
    given["\uc815\uc6d0"] = given["\uc815\uc6d0"].astype(str)
    found = answers(ask, net, given)
    with pytest.warns(pl.TableWarning):
        y = net.predict(asked)
        labels = None if net.predicts_values else net.labels(asked)
    if labels is None:
        np.testing.assert_allclose(found["prediction"], y[:, 0], rtol=1e-4)
    else:
        np.testing.assert_allclose(outputs(found), y, atol=1e-5)
        sure = net.confidence(y) > 0.501
        assert found["prediction"][sure].tolist() == np.array(labels)[sure].tolist()


ODD = ["", " ", None, "abc", "1,234", "$12", "-", "2023-07-10", "10.07.2023", "5-3", "e", "inf"]
FINE = [" 80 ", "80.0", "8e1", "8E+1", "+80", "80."]


@DATABASES
def test_cells_of_text_where_numbers_belong(ask: Ask) -> None:
    net = trained("values")
    row = questions().dropna()[:1]
    row = row.assign(day=(row["day"] - pandas.Timestamp(0)) / DAY)
    row["\uc815\uc6d0"] = "true"
    table = pandas.concat([row] * (len(ODD) + len(FINE) + 2), ignore_index=True)
    # As a table that was imported from a CSV file
    table["area"] = pandas.Series([*ODD, *FINE, "-80e-1", "-8"], dtype=object)
    found = answers(ask, net, table)["prediction"]
    missing, wrong, fine = found[:3], found[3 : len(ODD)], found[len(ODD) : -2]
    assert missing.nunique() == 1
    assert wrong.isna().all()
    assert fine.nunique() == 1
    assert missing[0] != fine[len(ODD)]
    assert found.iloc[-1] == found.iloc[-2]


@DATABASES
def test_wide_and_deep_stays_within_the_limits_of_databases(ask: Ask) -> None:
    generator = np.random.default_rng(0)
    layers: list[Layer] = [affine(generator, 1_500, 4), pl.Sigmoid()]
    for _ in range(20):
        layers += [affine(generator, 4, 4), pl.Sigmoid()]
    net = classifier(*layers)
    x = generator.normal(size=(3, 1_500))
    np.testing.assert_allclose(outputs(answers(ask, net, numbered(x))), net.predict(x), atol=1e-9)


@DATABASES
@pytest.mark.parametrize(
    "layer", [pl.Softmax(), pl.Sigmoid(), pl.LogSoftmax(), pl.Softplus(), pl.SiLU(), pl.Mish()]
)
def test_numbers_far_out_do_not_overflow(layer: Layer, ask: Ask) -> None:
    net = classifier(pl.Affine(np.eye(2)), layer)
    x = np.array([[-1000.0, 1000.0], [300.0, -300.0], [0.0, -0.0]])
    np.testing.assert_allclose(outputs(answers(ask, net, numbered(x))), net.predict(x), atol=1e-12)


@DATABASES
def test_the_first_of_equal_outputs_and_one_half(ask: Ask) -> None:
    ties = classifier(pl.Affine(np.ones((1, 5))))
    assert set(answers(ask, ties, numbered(np.ones((2, 1))))["prediction"]) == {"class 0"}
    for layers in ([], [pl.Sigmoid()]):
        half = classifier(pl.Affine([[1.0]], [0.0]), *layers)
        found = answers(ask, half, numbered(np.array([[0.0], [-2.0]])))
        assert found["prediction"].tolist() == ["class 1", "class 0"]
        assert found["confidence"].tolist() == pytest.approx([0.5, 1 / (1 + np.exp(-2))])


@DATABASES
def test_several_values(ask: Ask) -> None:
    net, x = pl.Network([affine(np.random.default_rng(0), 3, 2)]), np.eye(3)
    found = answers(ask, net, numbered(x))
    assert list(found) == ["id", "prediction 0", "prediction 1"]
    np.testing.assert_allclose(found.iloc[:, 1:], net.predict(x), atol=1e-12)


@DATABASES
def test_names_in_quotation_marks(ask: Ask) -> None:
    net = pl.Network([pl.Affine(np.eye(2))], classes=["it's", 'a "b"\n-- c'])
    found = answers(ask, net, numbered(np.eye(2)))
    assert found["prediction"].tolist() == net.classes
    query = to_sql(net, "net.sql", table='my "rows"', key="row; id").read_text()
    assert 'FROM "my ""rows"""' in query and '"row; id"' in query


@DATABASES
def test_the_query_is_a_query_within_another(ask: Ask) -> None:
    query = to_sql(pl.Network([pl.Affine(np.eye(2)[:, :1])]), "net.sql").read_text()
    outer = f"SELECT count(*) AS rows FROM ({query}) AS predicted WHERE prediction > 0"
    assert (
        ask(outer, numbered(np.array([[1.0, 0.0], [-1.0, 0.0]])).assign(id=[1, 2]))["rows"][0] == 1
    )


def test_what_cannot_be_written() -> None:
    class Own(pl.Layer):
        def forward(self, x: Any, draws: Any = None) -> Any:
            return x

    with pytest.raises(InputError, match=r"layer 1 \(Own\) cannot be written in SQL"):
        to_sql(pl.Network([pl.Affine(np.eye(2)), Own()]), "net.sql")
    with pytest.raises(InputError, match="fixed number of inputs"):
        to_sql(pl.Network([pl.Sigmoid()]), "net.sql")
    broken = pl.Network([pl.Affine(np.eye(2))])
    broken.layers[0].W[0, 0] = np.nan  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="no NaN and no infinity"):
        to_sql(broken, "net.sql")
    with pytest.raises(InputError, match="cannot be a name in SQL"):
        to_sql(pl.Network([pl.Affine(np.eye(2))]), "net.sql", table="")
    with pytest.raises(InputError, match="are too many for a query"):
        to_sql(pl.mlp([1_000, 100, 1]), "net.sql")
    with pytest.raises(FileError, match=r"absent/net\.sql"):
        to_sql(pl.Network([pl.Affine(np.eye(2))]), "absent/net.sql")
    assert not Path("net.sql").exists()
