"""`--threshold` of `pellucid predict` and `evaluate`."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from tests.cli.conftest import Result


@pytest.fixture
def model() -> Path:
    """A network whose probability of "yes" is the number itself."""
    table = {"odds": [0.0, 1.0, 2.0, 3.0], "answer": ["no", "yes", "no", "yes"]}
    columns = pl.Columns.of(table, target="answer")
    net = pl.Network([pl.Affine([[0.0, 1.0]]), pl.Softmax()], inputs=columns, classes=["no", "yes"])
    net.save("model.safetensors")
    shares = [0.1, 0.25, 0.4, 0.6]
    cells = [f"{np.log(p / (1 - p)):.9f},{truth}" for p, truth in zip(shares, "nyny", strict=True)]
    text = "odds,answer\n" + "\n".join(cells).replace("n", "no").replace("y", "yes") + "\n"
    Path("asked.csv").write_text(text)
    return Path("model.safetensors")


def test_predictions(run: Callable[..., Result], model: Path) -> None:
    def labels(*words: object) -> list[str]:
        document = run("predict", model, "asked.csv", "--json", *words).json
        return [entry["label"] for entry in document]

    assert labels() == ["no", "no", "no", "yes"]
    assert labels("--threshold", 0.2) == ["no", "yes", "yes", "yes"]
    assert labels("--threshold", 0.7) == ["no"] * 4
    entry = run("predict", model, "asked.csv", "--json", "--threshold", 0.2).json[1]
    assert entry["confidence"] == pytest.approx(0.25, abs=1e-6)
    text = run("predict", model, "asked.csv", "--threshold", 0.2).out
    assert "asked.csv:2: yes\nprobability 25.0%" in text
    assert "asked.csv:4  yes  0.60" in text
    assert run("predict", model, "asked.csv", "-o", "found.csv", "--threshold", 0.2).code == 0
    with Path("found.csv").open(newline="") as file:
        assert [line[1] for line in csv.reader(file)] == ["prediction", "no", "yes", "yes", "yes"]


def test_scores(run: Callable[..., Result], model: Path) -> None:
    plain = run("evaluate", model, "asked.csv", "--json").json
    low = run("evaluate", model, "asked.csv", "--json", "--threshold", 0.2).json
    assert plain["confusion"] == [[2, 0], [1, 1]] and low["confusion"] == [[1, 1], [0, 2]]
    assert plain["loss"] == low["loss"]
    assert plain["best_f1"]["threshold"] == pytest.approx(0.25, abs=1e-6)
    assert low["classes"] == plain["classes"] == ["no", "yes"]
    scores = {"class": "yes", "threshold": 0.2, "precision": 2 / 3, "recall": 1.0, "f1": 0.8}
    assert low["at_threshold"] == pytest.approx(scores) and "at_threshold" not in plain
    text = " ".join(run("evaluate", model, "asked.csv", "--threshold", 0.2).out.split())
    assert "at threshold 0.2: precision 0.6667, recall 1.0000 and F1 0.8000 of yes" in text
    text = " ".join(run("evaluate", model, "asked.csv").out.split())
    assert "at threshold" not in text
    f1, shown = re.findall(r"F1 of yes would be highest, (.*), with --threshold (\S+)", text)[0]
    # As it is shown, it includes the row whose probability it is.
    again = run("evaluate", model, "asked.csv", "--json", "--threshold", shown).json["confusion"]
    assert again == [[1, 1], [0, 2]] and float(f1) == 0.8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--threshold", 1], "above 0 and below 1"),
        (["--threshold", "many"], "above 0 and below 1"),
        (["--threshold", 0.2, "--importance"], "leave out --importance"),
    ],
)
def test_wrong_use(
    run: Callable[..., Result], model: Path, words: list[object], message: str
) -> None:
    result = run("evaluate", model, "asked.csv", *words)
    assert result.code == 2 and message in " ".join(result.err.split())


def test_values_have_no_threshold(run: Callable[..., Result]) -> None:
    table = {"a": [1.0, 2.0, 3.0], "b": [1.5, 2.5, 4.0]}
    pl.table_mlp(pl.Columns.of(table, target="b"), [2]).save("values.safetensors")
    Path("rows.csv").write_text("a,b\n1,2\n")
    for command in ("predict", "evaluate"):
        result = run(command, "values.safetensors", "rows.csv", "--threshold", 0.3)
        assert result.code == 1 and result.err
