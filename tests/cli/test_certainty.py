"""How sure a prediction is, by command: --interval, --reject, coverage, and rows unlike others."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pandas
import pytest

import pellucid as pl
from tests.cli.conftest import Result, fits
from tests.houses import flats, trained

STRANGE = "unlike the training rows: area 900 is above 119.95"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    frame = pandas.DataFrame(flats(6, seed=5))
    frame.loc[3, "area"] = 900
    frame.to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "new.csv"


@pytest.fixture
def rent(tmp_path: Path) -> Path:
    trained("rent").save(tmp_path / "rent.safetensors")
    return tmp_path / "rent.safetensors"


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    trained("kind").save(tmp_path / "kind.safetensors")
    return tmp_path / "kind.safetensors"


def test_intervals_of_values(run: Callable[..., Result], rent: Path, new: Path) -> None:
    lines = run("predict", rent, "new.csv", "--interval", "0.9").out.splitlines()
    assert all("; 9 times out of 10: " in line for line in lines if line.startswith("new.csv"))
    text = " ".join(run("predict", rent, "new.csv").out.split())
    assert text.count(STRANGE) == 1
    entries = run("predict", rent, "new.csv", "--interval", "0.8", "--json").json
    net = pl.load(rent)
    low, high = net.interval(net.columns.read_rows(pandas.read_csv(new))[0], 0.8)
    assert [entry["interval"] for entry in entries] == [
        pytest.approx([a, b]) for a, b in zip(low[:, 0], high[:, 0], strict=True)
    ]
    assert [entry["unlike_training"] for entry in entries] == [
        [], [], [], ["area 900 is above 119.95"], [], [],
    ]  # fmt: skip


def test_classes_are_doubted_where_they_look_certain(
    run: Callable[..., Result], kind: Path, new: Path
) -> None:
    result = run("predict", kind, "new.csv", "--interval", "0.9")
    assert "9 times out of 10: " in result.out
    assert STRANGE in " ".join(result.out.split())
    alone = run("predict", kind, "new.csv").out
    assert "9 times out of 10" not in alone
    assert STRANGE in " ".join(alone.split())
    [first, *_] = run("predict", kind, "new.csv", "--interval", "0.9", "--json").json
    assert first["label"] in first["set"]


def test_a_bad_cell_leaves_the_file_of_predictions_as_it_was(
    run: Callable[..., Result], rent: Path, new: Path
) -> None:
    frame = pandas.DataFrame(flats(6_000)).assign(note="n" * 400)  # two blocks of a reader
    frame["area"] = frame["area"].astype(object)
    frame.loc[5_990, "area"] = "wide"
    frame.to_csv("bad.csv", index=False)
    Path("out.csv").write_text("earlier")
    result = run("predict", rent, "bad.csv", "-o", "out.csv")
    assert result.code == 1 and "not written, since no row was predicted" in result.err
    assert Path("out.csv").read_text() == "earlier"
    assert run("predict", rent, "bad.csv", "new.csv", "bad.csv", "-o", "out.csv").code == 1
    lines = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert [(line["file"], line["row"]) for line in lines] == [
        ("new.csv", str(row)) for row in range(1, 7)
    ]


def test_predictions_go_into_pipes_and_standard_output(
    run: Callable[..., Result], rent: Path, new: Path, tmp_path: Path
) -> None:
    assert run("predict", rent, "new.csv", "-o", "out.csv").code == 0
    whole = Path("out.csv").read_text()
    result = run("predict", rent, "new.csv", "-o", "/dev/stdout")
    assert (result.code, result.out.splitlines()) == (0, whole.splitlines())
    assert "predictions for 6 rows" in result.err
    os.mkfifo(tmp_path / "pipe")
    # Open for reading first, or writing would wait; what is written fits into the pipe
    with os.fdopen(os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)) as pipe:
        assert run("predict", rent, "new.csv", "-o", "pipe").code == 0
        assert pipe.read() == whole
    assert (tmp_path / "pipe").is_fifo()


def test_rejected_rows_have_no_prediction(
    run: Callable[..., Result], kind: Path, rent: Path, new: Path, model: Path
) -> None:
    for network in (kind, rent):
        text = " ".join(run("predict", network, "new.csv", "--reject").out.split())
        assert f"new.csv:4 no prediction: {STRANGE}" in text
        entry = run("predict", network, "new.csv", "--reject", "--json").json[3]
        assert (entry["prediction"], entry["confidence"]) == (None, None)
        assert "outputs" not in entry
    result = run("predict", model, "new.csv", "--reject")
    assert "--reject needs the columns of a table" in result.err


@pytest.mark.parametrize("reject", [[], ["--reject"]])
def test_the_table_of_predictions(
    run: Callable[..., Result], kind: Path, rent: Path, new: Path, reject: list[str]
) -> None:
    words = ["--interval", "0.9", *reject, "-o", "out.csv"]
    run("predict", rent, "new.csv", *words)
    with Path("out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["row", "prediction", "low", "high", "unlike training"]
    assert float(rows[0]["low"]) < float(rows[0]["prediction"]) < float(rows[0]["high"])
    assert [row["unlike training"] for row in rows[2:5]] == ["", "area 900 is above 119.95", ""]
    assert {rows[3][name] == "" for name in ("prediction", "low", "high")} == {bool(reject)}
    run("predict", kind, "new.csv", *words)
    with Path("out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    head = ["row", "prediction", "confidence", "cheap", "dear", "set", "unlike training"]
    assert list(rows[0]) == head
    assert rows[0]["prediction"] in rows[0]["set"].split("; ")
    assert {rows[3][name] == "" for name in head[1:-1]} == {bool(reject)}


def test_networks_that_do_not_know_say_what_to_do(
    run: Callable[..., Result], new: Path, tmp_path: Path
) -> None:
    trained("rent", 500).save(tmp_path / "few.safetensors")
    result = run("predict", "few.safetensors", "new.csv", "--interval", "0.9")
    assert (result.code, result.out) == (1, "")
    assert "train with validation=0.2 (--validation 0.2)" in " ".join(result.err.split())
    trained("rent").save(tmp_path / "rent.safetensors")
    result = run("predict", "rent.safetensors", "new.csv", "--interval", "0.999")
    assert "more held-out rows than 200: at most 0.99" in " ".join(result.err.split())
    assert run("predict", "rent.safetensors", "new.csv", "--interval", "9").code == 2


def test_evaluate_measures_coverage(
    run: Callable[..., Result], rent: Path, kind: Path, tmp_path: Path
) -> None:
    pandas.DataFrame(flats(2_000, seed=9)).to_csv("test.csv", index=False)
    text = " ".join(run("evaluate", rent, "test.csv").out.split())
    assert "90 % intervals: " in text
    assert "rows unlike the training rows: " in text
    found = run("evaluate", rent, "test.csv", "--interval", "0.5", "--json").json
    assert found["coverage"]["level"] == 0.5
    assert 0.4 < found["coverage"]["share"] < 0.6
    assert 0 < found["unlike_training"] < 60
    text = " ".join(run("evaluate", kind, "test.csv", "--interval", "0.9").out.split())
    assert "90 % sets: " in text
    assert "hold the right class" in text


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("columns", [80, 40])
def test_explain_says_it_in_words(
    run: Callable[..., Result],
    rent: Path,
    new: Path,
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    columns: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = run("explain", rent, "new.csv", "--row", "4", "--lang", lang)
    text = " ".join(result.out.split())
    assert ("9 times out of 10: " if lang == "en" else "10번 중 9번: ") in text
    assert (STRANGE if lang == "en" else "area 900, 최댓값 119.95 초과") in text
    assert fits(run("predict", rent, "new.csv", "--lang", lang).out, columns)
    document = run("explain", rent, "new.csv", "--row", "4", "--json").json
    assert document["unlike_training"] == ["area 900 is above 119.95"]
    assert document["interval"][0] < document["prediction"] < document["interval"][1]
