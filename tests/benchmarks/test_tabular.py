"""The benchmark of tables: reading, preparing, scoring, rating and keeping, by small examples."""

import math
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tables
from tabular import contenders, ranking, results, scoring
from tabular.page import KOREAN, Measurements
from tabular.results import Result
from tabular.sources import SOURCES, Task, parsed
from tabular.splits import Split, split_of

KEEL = b"5.1, red, <null>, yes\n4, blue, 2, no\n?, red, 3, yes\n"


def test_a_text_of_keel_has_no_names_and_the_class_last() -> None:
    frame = parsed(SOURCES["iris"], KEEL)
    assert list(frame) == ["a1", "a2", "a3", "class"]
    assert frame["a1"].tolist()[:2] == [5.1, 4.0]
    assert math.isnan(frame["a1"][2]) and math.isnan(frame["a3"][0])
    assert frame["a2"].tolist() == ["red", "blue", "red"]
    assert frame["class"].tolist() == ["yes", "no", "yes"]


def test_a_split_keeps_rows_apart_and_classes_whole() -> None:
    frame = pd.DataFrame(
        {"n": np.arange(80.0), "flag": [True, False] * 40, "t": ["b", "a", "a", "c"] * 20}
    )
    split = split_of(Task(frame, "t", True), 1)
    assert (len(split.train), len(split.test), split.classes) == (60, 20, 3)
    assert not set(split.train["x0"]) & set(split.test["x0"])
    assert np.bincount(split.y).tolist() == [30, 15, 15]
    assert split.train["x1"].dtype == float
    again = split_of(Task(frame, "t", True), 1)
    assert again.train.equals(split.train)


def test_categories_are_those_of_the_training_rows() -> None:
    train = pd.DataFrame({"c": ["b", None, "a"], "n": [1.0, math.nan, 3.0]})
    test = pd.DataFrame({"c": ["z", "a"], "n": [math.nan, 5.0]})
    a, b = contenders.categorical(train, test)
    assert a["c"].cat.codes.tolist() == [1, -1, 0] and b["c"].cat.codes.tolist() == [-1, 0]
    a, b = contenders.filled(train, test)
    assert a["c"].tolist() == ["b", "missing", "a"] and b["c"].tolist() == ["z", "a"]
    assert a["n"].tolist() == [1, 2, 3] and b["n"].tolist() == [2, 5]
    assert a["n?"].tolist() == [0, 1, 0] and b["n?"].tolist() == [1, 0]


def test_scores_by_hand() -> None:
    probabilities = np.array([[0.5, 0.5], [0.2, 0.8], [1, 0], [0.9, 0.1]])
    known, t = np.array([0, 2]), np.array([0, 2, 2, 1])  # class 1 was not among the training rows
    accuracy, loss = scoring.class_scores(probabilities, known, t)
    assert accuracy == 0.5
    assert loss == pytest.approx(-(math.log(0.5) + math.log(0.8) + 2 * math.log(1e-7)) / 4)
    assert scoring.value_scores(np.array([1.0, 4]), np.array([2.0, 4])) == (0.5, 0.5**0.5)


def test_a_measurement_that_fails_says_why_and_one_that_takes_too_long_is_stopped() -> None:
    rows = pd.DataFrame({"a": np.arange(8.0)})
    split = Split(rows, rows, np.arange(8) % 2, np.arange(8) % 2, 2, 0)

    class Model:
        def __init__(self, forever: bool) -> None:
            self.forever = forever

        def fit(self, x: pd.DataFrame, y: np.ndarray) -> None:
            while self.forever:
                pass
            raise ValueError("no\nmore")

    def build(forever: bool, split: Split) -> Model:
        return Model(forever)

    for forever, reason in ((False, "ValueError: no"), (True, "stopped after 1 CPU seconds")):
        contender = contenders.CONTENDERS["MLP"]._replace(build=partial(build, forever))
        assert scoring.measured(contender, split, limit=1) == reason


LOSSES = {
    "t1": {0: {"a": 1.0, "b": 2.0, "c": 3.0}, 1: {"a": 2.0, "b": 1.0}},
    "t2": {0: {"a": 1.0, "b": 1.0}},
    "t3": {0: {"a": 1.0, "b": 4.0}},
}


def test_ranks_are_means_over_complete_splits_and_ties_share() -> None:
    found = ranking.ranks(LOSSES, ["a", "b"])
    assert found == {
        "t1": {"a": 1.5, "b": 1.5},
        "t2": {"a": 1.5, "b": 1.5},
        "t3": {"a": 1.0, "b": 2.0},
    }
    assert ranking.ranks(LOSSES, ["c", "a", "b"]) == {"t1": {"c": 3.0, "a": 1.0, "b": 2.0}}


def test_elo_of_two_by_hand() -> None:
    """Half a win on t1, half on t2, one on t3; a tenth of a tie beforehand: 2.05 to 1.05 wins."""
    found = ranking.elo(LOSSES, ["a", "b"], "b")
    assert found["b"] == pytest.approx((1000, 1000, 1000))
    assert found["a"].elo == pytest.approx(1000 + 400 * math.log10(2.05 / 1.05))
    assert found["a"].low <= found["a"].elo <= found["a"].high


def test_elo_of_three_agrees_with_its_likelihood() -> None:
    """At the maximum, expected wins equal wins. c was measured on one table of four."""
    names = ["a", "b", "c"]
    losses = {f"t{i}": {0: {"a": 1.0, "b": 2.0}} for i in range(3)}
    losses["t3"] = {0: {"a": 3.0, "b": 2.0, "c": 2.5}}
    elo = {name: each.elo for name, each in ranking.elo(losses, names, "b").items()}
    wins = {("a", "b"): 3, ("b", "a"): 1, ("c", "a"): 1, ("b", "c"): 1}
    for name in names:
        games = {
            o: wins.get((name, o), 0) + wins.get((o, name), 0) + 0.1 for o in names if o != name
        }
        expected = sum(n / (1 + 10 ** ((elo[o] - elo[name]) / 400)) for o, n in games.items())
        won = sum(wins.get((name, o), 0) + 0.05 for o in games)
        assert expected == pytest.approx(won)


def test_a_duel_compares_common_splits() -> None:
    assert ranking.ratios_of(LOSSES, "a", "b") == {"t1": 1.0, "t2": 1.0, "t3": 0.25}
    assert ranking.duel(LOSSES, "a", "b") == (["t3"], [], 1.0)
    assert ranking.duel(LOSSES, "a", "nobody") is None


def test_results_are_kept_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "tables.csv"
    assert results.read(path) == []
    done = [
        Result("wine", "MLP", 1, 0.9, 0.25, 1.5),
        Result("iris", "XGBoost", 0, None, None, None, "stopped, late"),
    ]
    for each in done:
        results.append(each, path)
    assert results.read(path) == done
    results.rewrite(done, path)
    assert results.read(path) == done[::-1]


def test_the_page_names_where_others_are_ahead() -> None:
    document = {
        "date": "d",
        "machine": "m",
        "versions": {},
        "tables": {
            n: {"rows": 9, "columns": 2, "classes": c} for n, c in (("iris", 3), ("mpg", 0))
        },
    }
    measured = [
        Result("iris", "tabular", 0, 0.9, 0.2, 1.0),
        Result("iris", "MLP", 0, 0.8, 0.4, 2.0),
        Result("iris", "XGBoost", 0, 0.8, 0.1, 0.5),
        Result("mpg", "tabular", 0, 0.9, 2.0, 1.0),
        Result("mpg", "MLP", 0, 0.8, 4.0, 4.0),
        Result("gone", "MLP", 0, 0.8, 4.0, 4.0),
    ]
    found = Measurements.of(document, measured).figures("en")
    assert [found[name] for name in ("tables", "classes", "fits", "splits")] == ["2", "1", "5", "1"]
    assert found["short"] == "XGBoost 0 : 1, MLP 2 : 0"
    assert found["usual_ranks"].splitlines() == [
        "| **tabular** | 1.00 | 1.00 | 1 |",
        "| MLP | 2.00 | 2.00 | 3 |",
    ]
    assert found["behind_trees"] == "iris (2×, XGBoost)" and found["behind_networks"] == "none"
    assert "| tabular | MLP | 2 | 0 | -50.0 % | 3 |" in found["duels"]
    assert "| iris | 9 x 2 | 3 | **0.1** | 0.2 | 0.4 |" in found["every_table"]
    assert Measurements.of(document, measured).figures("ko")["behind_networks"] == KOREAN["none"]


def test_a_short_run_is_compared_with_what_is_kept() -> None:
    kept = [Result(t, "MLP", 0, 0.9, 0.2, 1.0) for t in ("iris", "wine")]
    found = [
        Result("iris", "MLP", 0, 0.9, 0.2001, 1.5),
        Result("wine", "MLP", 0, 0.9, 0.3, 1.5),
        Result("tae", "MLP", 0, 0.9, 0.3, 1.5),
    ]
    assert tables.agreement(found, kept) == "MLP: 1 of 2 losses within 1 % of those kept\n"


def test_cheap_measurements_come_first_and_later_splits_last() -> None:
    about = {"big": {"rows": 9_000, "classes": 0}, "small": {"rows": 100, "classes": 2}}
    todo = tables.jobs(about, ["LightGBM", "RealMLP-TD (log-loss)"], 2)
    assert ("big", "RealMLP-TD (log-loss)", 0) not in todo  # the same as RealMLP-TD
    order = [
        *(("small", "LightGBM", 0), ("small", "LightGBM", 1), ("big", "LightGBM", 0)),
        *(("small", "RealMLP-TD (log-loss)", 0), ("big", "LightGBM", 1)),
        ("small", "RealMLP-TD (log-loss)", 1),
    ]
    assert todo == order
