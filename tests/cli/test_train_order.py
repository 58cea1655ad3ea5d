"""`--increasing` and `--decreasing`: trained, inspected, explained, and what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
import pytest

import pellucid as pl
from tests.cli.conftest import Result


@pytest.fixture
def flats(generator: np.random.Generator) -> pandas.DataFrame:
    area, age = generator.uniform(20, 150, 200).round(), generator.integers(0, 50, 200)
    city = generator.choice(["Seoul", "Busan"], 200)
    price = area * np.where(city == "Seoul", 9, 5) - age
    frame = pandas.DataFrame({"area": area, "age": age, "city": city, "price": price})
    frame["sold"] = np.where(price > 500, "yes", "no")
    frame.to_csv("flats.csv", index=False)
    return frame


TRAIN = ("train", "--data", "flats.csv", "--hidden", "8", "--epochs", 2)
ORDER = ("--increasing", "area", "--decreasing", "age")


def test_an_order_by_command(run: Callable[..., Result], flats: pandas.DataFrame) -> None:
    done = run(*TRAIN, "--target", "price", "--ignore", "sold", *ORDER)
    assert done.code == 0, done.err
    assert "the prediction only rises with: area" in done.err
    assert "the prediction only falls with: age" in done.err
    assert pl.directions(pl.load("model.safetensors")) == {"area": 1, "age": -1}
    rises = "proved from the weights: higher area can only raise the prediction"
    falls = "proved from the weights: higher age can only lower the prediction"
    for words in (("inspect",), ("explain", "flats.csv", "--row", 3)):
        shown = run(words[0], "model.safetensors", *words[1:])
        assert rises in shown.out and falls in shown.out
        document = run(words[0], "model.safetensors", *words[1:], "--json").json
        assert document["directions"] == {"area": 1, "age": -1}
    again = run("train", "--from", "model.safetensors", *TRAIN[1:3], "--epochs", 1, "-o", "b.st")
    assert again.code == 0 and pl.directions(pl.load("b.st")) == {"area": 1, "age": -1}


def test_of_two_classes_the_second_is_meant(
    run: Callable[..., Result], flats: pandas.DataFrame
) -> None:
    done = run(*TRAIN, "--target", "sold", "--ignore", "price", "--increasing", "area")
    assert done.code == 0, done.err
    shown = run("explain", "model.safetensors", "flats.csv", "--row", 3)
    assert "higher area can only raise the probability of yes" in shown.out
    net = pl.load("model.safetensors")
    areas = {"area": np.arange(20, 150), "age": [9] * 130, "city": ["Seoul"] * 130}
    assert (np.diff(net.predict(areas)[:, 1]) > -1e-6).all()


def test_a_network_without_an_order_says_nothing(
    run: Callable[..., Result], flats: pandas.DataFrame
) -> None:
    assert run(*TRAIN, "--target", "price").code == 0
    assert "proved" not in run("inspect", "model.safetensors").out
    assert run("inspect", "digits", "--json").json["directions"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--increasing", "city"), "'city' holds categories, which have no order"),
        (("--increasing", "floor"), "'floor' is no input of the network"),
        (("--increasing", "area", "--decreasing", "area"), "both increasing and decreasing"),
        (("--increasing", "area", "--activation", "gelu"), "never fall"),
    ],
)
def test_mistakes_are_one_line(
    words: tuple[str, ...], message: str, run: Callable[..., Result], flats: pandas.DataFrame
) -> None:
    done = run(*TRAIN, "--target", "price", *words)
    assert done.code == 1 and message in " ".join(done.err.split())
    assert not Path("model.safetensors").exists()
    kept = run("train", "--from", "digits", "--data", "flats.csv", *words[:2])
    assert kept.code == 2 and "--increasing" in kept.err
