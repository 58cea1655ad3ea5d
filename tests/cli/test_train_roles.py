"""`pellucid train` with weights of rows and classes, and rows held out by group or time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
import pytest

import pellucid as pl
from pellucid.cli import outcome
from tests.cli.conftest import Result


@pytest.fixture
def visits(generator: np.random.Generator) -> pandas.DataFrame:
    n = 300
    frame = pandas.DataFrame({"patient": generator.integers(0, 40, n), "dose": 0.0})
    frame["dose"] = generator.normal(size=n)
    frame["day"] = np.where(np.arange(n) < 240, "2024-01-01", "2024-03-01")
    frame["weight"] = generator.integers(1, 4, n)
    frame["ill"] = np.where(frame["dose"] > 1.5, "yes", "no")
    frame.to_csv("visits.csv", index=False)
    return frame


def words(*more: object) -> list[object]:
    plain = ["train", "--data", "visits.csv", "--target", "ill", "--hidden", 4, "--epochs", 2]
    return [*plain, *more]


def test_the_command_is_train_table(run: Callable[..., Result], visits: pandas.DataFrame) -> None:
    result = run(
        *words("--group", "patient", "--sample-weight", "weight", "--class-weights", "yes=9,no=2"),
        *("--ignore", "day", "-o", "net.safetensors"),
    )
    assert result.code == 0
    err = " ".join(result.err.split())
    assert "whole groups of patient, about 10 % of the rows" in err
    assert "training on about 270 rows of" in err
    assert "left out: day (as requested), weight (as requested), patient (as requested)" in err
    net = pl.load("net.safetensors")
    columns = pl.Columns.of("visits.csv", target="ill", ignore=["day", "patient", "weight"])
    other = pl.table_mlp(columns, [4])
    history = pl.train_table(
        other, "visits.csv", group="patient", sample_weight="weight",
        class_weight={"no": 2, "yes": 9}, epochs=2,
    )  # fmt: skip
    assert net == other
    assert "validation_loss" in history.records[0]
    assert net.record["rows"] == other.record["rows"] < 300


def test_the_latest_rows(run: Callable[..., Result], visits: pandas.DataFrame) -> None:
    result = run(*words("--time", "day", "--validation", 0.2, "--json", "--ignore", "patient"))
    assert result.code == 0 and result.json["validation"]["loss"] > 0
    assert pl.load("model.safetensors").record["rows"] == 240
    assert "training on about 240 rows of" in " ".join(result.err.split())
    result = run(*words("--time", "day", "--ignore", "patient", "--class-weights", "balanced"))
    assert "the latest rows by day, about 10 % of them" in " ".join(result.err.split())
    result = run(*words("--validation", 0.2))
    assert "training on 240 rows of" in " ".join(result.err.split())


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--class-weights", "yes"], 2, "balanced or NAME=WEIGHT"),
        (["--class-weights", "yes=-1"], 2, "balanced or NAME=WEIGHT"),
        (["--class-weights", "maybe=2"], 1, "names class 'maybe'; the classes are no, yes"),
        (["--group", "patient", "--time", "day"], 1, "by group or by time"),
        (["--group", "ward"], 1, "there is no column 'ward'"),
        (["--group", "patient", "--validation", "none"], 1, "share of them"),
        (["--time", "ill"], 1, "'ill' is the target"),
    ],
)
def test_what_cannot_be_is_refused(
    run: Callable[..., Result],
    visits: pandas.DataFrame,
    more: list[object],
    code: int,
    message: str,
) -> None:
    result = run(*words(*more))
    assert result.code == code
    assert message in " ".join(result.err.split())
    assert not Path("model.safetensors").exists()


def test_classes_of_arrays_have_weights_too(run: Callable[..., Result]) -> None:
    plain = ["train", "--data", "moons", "--epochs", 3, "--json"]
    assert run(*plain, "-o", "a.safetensors").code == 0
    assert run(*plain, "--class-weights", "balanced", "-o", "b.safetensors").code == 0
    name = pl.load("a.safetensors").label(1)
    assert run(*plain, "--class-weights", f"{name}=5", "-o", "c.safetensors").code == 0
    assert pl.load("a.safetensors") != pl.load("c.safetensors")


@pytest.mark.parametrize("kind", ["table", "arrays"])
def test_rare_classes_have_advice_of_their_own(
    run: Callable[..., Result], generator: np.random.Generator, kind: str
) -> None:
    a, t = generator.normal(size=(200, 1)), (np.arange(200) < 20).astype(int)
    # Noise, and a network too small to fit it by heart: it always predicts the frequent class.
    data: list[object] = ["train", "--hidden", 1, "--epochs", 20, "--optimizer", "sgd", "--data"]
    if kind == "table":
        pandas.DataFrame({"a": a[:, 0], "t": np.where(t, "Yes", "No")}).to_csv("t.csv", index=False)
        data += ["t.csv", "--target", "t", "--output", "softmax", "--validation", "none"]
    else:
        np.savez("t.npz", x=a, t=t)
        data += ["t.npz", "--output", "softmax"]
    result = run(*data)
    err = " ".join(result.err.split())
    assert "no better than always predicting" in err and "90.0 % are" in err
    assert "--class-weights balanced makes both classes count the same" in err
    assert "ROC curve, and precision and recall at a --threshold" in err
    assert "try a smaller --learning-rate" not in err
    # Weights were chosen already: accuracy was not what was asked for.
    weighed = run(*data, "--class-weights", "No=2" if kind == "table" else "0=2").err
    assert "accuracy says little" not in " ".join(weighed.split())


def test_advice_fits_what_is_wrong() -> None:
    def advice(chance: float, accuracy: float, classes: int = 2) -> str | None:
        found = outcome.no_better_class("No", chance, accuracy, classes)
        assert found is not None
        return found.advice

    assert "both classes" in (advice(0.9, 0.9) or "")
    assert "each class" in (advice(0.9, 0.9, 3) or "")
    assert advice(0.6, 0.6) is None  # no class is rare
    assert advice(0.9, 0.1) is None  # training itself went wrong
    assert outcome.no_better_class("No", 0.9, 0.95, 2) is None
