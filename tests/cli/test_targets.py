"""Several targets in `pellucid train`, `predict` and `evaluate`."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
import pytest

import pellucid as pl
from tests.cli.conftest import Result


@pytest.fixture
def model(run: Callable[..., Result], generator: np.random.Generator) -> Path:
    frame = pandas.DataFrame({"size": generator.uniform(20, 200, 300)})
    frame["price"], frame["rooms"] = 1e6 + 5e3 * frame["size"], frame["size"] / 25
    frame.to_csv("houses.csv", index=False)
    result = run("train", "--data", "houses.csv", "--target", "price", "--target", "rooms",
                 "--hidden", 16, "--epochs", 60)  # fmt: skip
    assert result.code == 0
    assert "targets price, rooms: numbers" in result.err
    return Path("model.safetensors")


def test_predictions_are_named(run: Callable[..., Result], model: Path) -> None:
    y = pl.load(model).predict("houses.csv")
    first = run("predict", model, "houses.csv").out.splitlines()[0]
    assert first == f"houses.csv:1  price {y[0, 0]:,.0f}, rooms {y[0, 1]:.6g}"
    entry = run("predict", model, "houses.csv", "--json").json[0]
    assert entry["prediction"] == {"price": float(y[0, 0]), "rooms": float(y[0, 1])}
    assert entry["outputs"] == y[0].tolist()
    assert run("predict", model, "houses.csv", "-o", "found.csv").code == 0
    with Path("found.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["row", "prediction price", "prediction rooms", "unlike training"]
    assert lines[1] == ["1", *map(str, y[0]), ""]


def test_each_is_evaluated(run: Callable[..., Result], model: Path) -> None:
    text = run("evaluate", model, "houses.csv").out
    assert "the mean of 2 targets" in text and "residuals" not in text
    document = run("evaluate", model, "houses.csv", "--json").json
    assert list(document["targets"]) == ["price", "rooms"]
    assert "mean_absolute_error" not in document
    assert "mean_absolute_error" in document["targets"]["rooms"]
    assert document["targets"]["rooms"]["r2"] > 0.5
    assert f"rooms: R2 {document['targets']['rooms']['r2']:.4f}" in text
    refused = run("evaluate", model, "houses.csv", "--target", "price")
    assert refused.code == 1 and "2 targets, price, rooms" in " ".join(refused.err.split())


def test_looking_inside_names_them(run: Callable[..., Result], model: Path) -> None:
    text = run("explain", model, "houses.csv", "--row", 3).out
    assert "contribution of each column to output price" in text
    assert re.search(r"price \S+, rooms \S+", text)
    assert "output rooms" in run("explain", model, "houses.csv", "--row", 3, "--neuron", 1).out
    text = run("evaluate", model, "houses.csv", "--dependence", "size").out
    assert re.search(r"^ +price +rooms$", text, re.MULTILINE)


def test_training_goes_on(run: Callable[..., Result], model: Path) -> None:
    pandas.read_csv("houses.csv").rename(columns={"price": "cost"}).to_csv("more.csv", index=False)
    result = run("train", "--from", model, "--data", "more.csv", "--target", "cost", "--target",
                 "rooms", "--epochs", 1, "--json", "-o", "more.safetensors")  # fmt: skip
    assert result.code == 0, result.err
    assert result.json["target"] == ["price", "rooms"]
    assert [target.name for target in pl.load("more.safetensors").columns.targets] == [
        "price",
        "rooms",
    ]
