"""`to_javascript`: the module predicts in Node what `predict` does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.errors import FileError, InputError
from pellucid.web import SHIPPED, to_javascript
from tests.exchange.networks import CASES, network_of, rows_for
from tests.exchange.test_raw import TASKS, questions, trained
from tests.web.conftest import NODE

ASK = """
import { readFileSync } from "node:fs";
const { predict } = await import(process.argv[1]);
const tried = (row) => { try { return predict(row); } catch (error) { return error.message; } };
const rows = JSON.parse(readFileSync(0));
process.stdout.write(JSON.stringify(rows.map(tried)));
"""
DAY = pandas.Timedelta("1D")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def asked(net: pl.Network, rows: list[Any]) -> list[Any]:
    """Write the module, and return what it predicts for each row, or the message of its error."""
    address = to_javascript(net, "net.mjs").resolve().as_uri()
    command = [str(NODE), "--input-type=module", "-e", ASK, address]
    text = json.dumps(rows)
    found = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    answers: list[Any] = json.loads(found.stdout)
    return answers


def outputs(answers: list[Any]) -> Array:
    return np.array([answer["outputs"] for answer in answers])


@pytest.mark.parametrize("name", sorted({name for name, _ in CASES}))
def test_every_layer(name: str) -> None:
    net = network_of(name)
    x = rows_for(net)
    np.testing.assert_allclose(
        outputs(asked(net, x.reshape(len(x), -1).tolist())), net.predict(x), rtol=1e-9, atol=1e-9
    )


def test_digits() -> None:
    net, images = pl.load(SHIPPED), pl.mnist().test.images[:30]
    answers = asked(net, images.reshape(30, -1).tolist())
    y = net.astype("float64").predict(images)
    np.testing.assert_allclose(outputs(answers), y, atol=1e-12)
    assert [answer["prediction"] for answer in answers] == net.labels(images)
    assert [answer["confidence"] for answer in answers] == pytest.approx(net.confidence(y))
    assert Path("net.mjs").stat().st_size < 110_000


@pytest.mark.parametrize("task", TASKS)
def test_rows_of_a_table(task: str) -> None:
    net, table = trained(task), questions()[:200]
    given = table.assign(day=(table["day"] - pandas.Timestamp(0)) / DAY)
    answers = asked(net, json.loads(given.to_json(orient="records", double_precision=15)))
    with pytest.warns(pl.TableWarning):
        y = net.predict(table)
        labels = y[:, 0].tolist() if net.predicts_values else net.labels(table)
    np.testing.assert_allclose(outputs(answers), y, rtol=1e-4, atol=1e-5)
    predictions = [answer["prediction"] for answer in answers]
    if net.predicts_values:
        assert predictions == pytest.approx(labels, rel=1e-4)
    else:
        sure = net.confidence(y) > 0.501
        assert np.array(predictions)[sure].tolist() == np.array(labels)[sure].tolist()


def test_a_row_that_cannot_be_used_is_named() -> None:
    plain = pl.Network([pl.Affine(np.eye(2))])
    short, missing, ok = asked(plain, [[1.0], [1.0, None], [1.0, 2.0]])
    assert short == "expected 2 numbers, got 1"
    assert ok == {"prediction": [1.0, 2.0], "confidence": None, "outputs": [1.0, 2.0]}
    assert missing == "input 1 is missing, NaN or infinite"
    table = trained("values")
    cells = json.loads(questions()[:1].drop(columns="day").to_json(orient="records"))[0]
    absent, text = asked(table, [{}, cells | {"area": "large"}])
    assert absent == 'the row has no column "area"'
    assert text.startswith('column "area" takes a number or a Date, null where missing; got large')


def test_what_cannot_be_written() -> None:
    class Own(pl.Layer):
        def forward(self, x: Any, draws: Any = None) -> Any:
            return x

    with pytest.raises(InputError, match="Own"):
        to_javascript(pl.Network([pl.Affine(np.eye(2)), Own()]), "net.mjs")
    with pytest.raises(InputError, match="fixed number of inputs"):
        to_javascript(pl.Network([pl.Sigmoid()]), "net.mjs")
    with pytest.raises(FileError, match=r"absent/net\.mjs"):
        to_javascript(pl.Network([pl.Affine(np.eye(2))]), "absent/net.mjs")
    assert not Path("net.mjs").exists()
