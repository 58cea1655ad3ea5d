"""`pellucid evaluate`, beyond its first figures.

Calibration, misread rows, curves, residuals, robustness and more.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.cli.evaluate import evaluate
from pellucid.lens.robustness import CHANGES
from tests.cli.conftest import Result, fits
from tests.narrowing import present


@pytest.fixture
def two_classes(tmp_path: Path) -> Path:
    x, t = pl.moons(300)
    net = pl.mlp([2, 8, 2], output="softmax")
    pl.train(net, x, t, epochs=20)
    pl.Network(net.layers, classes=["0", "1"]).save("moons.safetensors")
    return Path("moons.safetensors")


@pytest.fixture
def houses(tmp_path: Path, generator: np.random.Generator) -> Path:
    rooms, noise = generator.integers(1, 8, 200), generator.normal(size=200)
    lines = [
        "rooms,luck,price",
        *(f"{r},{n:.4f},{100 * r}" for r, n in zip(rooms, noise, strict=True)),
    ]
    Path("houses.csv").write_text("\n".join(lines))
    net = pl.table_mlp(pl.Columns.of("houses.csv", target="price", task="regress"), hidden=(8,))
    pl.train_table(net, "houses.csv", epochs=30)
    net.save("houses.safetensors")
    return Path("houses.safetensors")


def test_the_changes_are_those_of_lens() -> None:
    [option] = [param for param in evaluate.params if param.name == "robustness"]
    kind: Any = option.type
    assert tuple(kind.choices) == (*CHANGES, "all")


def test_calibration_and_misread_rows(run: Callable[..., Result], model: Path) -> None:
    expected = pl.evaluate(pl.load(model), *vars(pl.mnist().test).values())
    found = run("evaluate", model, "--json").json
    assert found["calibration"] == json.loads(json.dumps(present(expected.calibration).to_dict()))
    assert [entry["row"] for entry in found["misclassified"]] == present(
        expected.misclassified
    ).tolist()
    first = found["misclassified"][0]
    assert first["is"] == present(expected.targets)[first["row"]] != first["predicted"]
    text = run("evaluate", model, "--misclassified", 3).out
    assert f"expected calibration error {present(expected.calibration).error:.4f}" in text
    lines = text.splitlines()
    shown = lines[
        lines.index(next(line for line in lines if line.startswith("misclassified rows"))) + 3 :
    ][:3]
    assert [int(line.split()[0]) for line in shown] == present(expected.misclassified)[:3].tolist()
    assert f"--digit {present(expected.misclassified)[0]}" in text.replace("\n", " ")
    assert "misclassified rows" not in run("evaluate", model, "--misclassified", 0).out


def test_two_classes_have_curves(run: Callable[..., Result], two_classes: Path) -> None:
    dataset = pl.moons(1000, seed=1)
    expected = pl.evaluate(pl.load(two_classes), *dataset)
    found = run("evaluate", two_classes, "moons", "--json", "--curves").json
    assert found["roc_area"] == found["roc"]["area"] == present(expected.roc).area
    assert found["precision_recall"]["recall"] == present(expected.precision_recall).recall.tolist()
    assert "roc" not in run("evaluate", two_classes, "moons", "--json").json
    text = run("evaluate", two_classes, "moons").out
    assert f"area under the ROC curve {present(expected.roc).area:.4f}" in text
    assert f"average precision {present(expected.precision_recall).average_precision:.4f}" in text


def test_values_have_residuals(run: Callable[..., Result], houses: Path) -> None:
    expected = pl.evaluate(pl.load(houses), pl.read_table("houses.csv"))
    found = run("evaluate", houses, "houses.csv", "--json").json
    assert found["residuals"]["quantiles"] == [
        np.quantile(present(expected.residuals)[:, 0], [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
    ]
    text = run("evaluate", houses, "houses.csv").out
    counts = [int(line.split()[3].replace(",", "")) for line in text.splitlines() if " .. " in line]
    assert counts == np.histogram(present(expected.residuals).ravel().astype(float), 11)[0].tolist()


def test_importance_is_lenses(run: Callable[..., Result], houses: Path) -> None:
    net = pl.load(houses)
    expected = pl.permutation_importance(net, pl.read_table("houses.csv"))
    found = run("evaluate", houses, "houses.csv", "--importance", "--json").json["importance"]
    assert found == json.loads(json.dumps(expected.to_dict()))
    lines = run("evaluate", houses, "houses.csv", "--importance").out.splitlines()
    names = [line.split()[0] for line in lines if "|" in line]
    assert names == ["rooms", "luck"]


def test_dependence_is_lenses(run: Callable[..., Result], houses: Path, tmp_path: Path) -> None:
    net, table = pl.load(houses), pl.read_table("houses.csv")
    expected = pl.partial_dependence(net, table, "rooms")
    words = ("evaluate", houses, "houses.csv", "--dependence", "rooms")
    assert run(*words, "--json").json["dependence"] == {
        "rooms": json.loads(json.dumps(expected.to_dict()))
    }
    lines = [line.split()[:2] for line in run(*words).out.splitlines() if "|" in line]
    wanted = zip(expected.labels, expected.outputs[:, 0], strict=True)
    assert lines == [[label, f"{y:+.4g}"] for label, y in wanted]
    assert (
        "there is no column 'floors'"
        in run("evaluate", houses, "houses.csv", "--dependence", "floors").err
    )
    names = [f"class{k}" for k in range(12)]
    pl.Network(pl.mlp([2, 12], output="softmax").layers, classes=names).save("many.safetensors")
    np.savez("many.npz", x=np.eye(2)[[0, 1, 0]], t=np.eye(12)[:3])
    result = run("evaluate", "many.safetensors", "many.npz", "--dependence", "1")
    assert "class0  class1" in result.out
    assert fits(result.out, 80)


def test_robustness_curves(run: Callable[..., Result], model: Path, digits_npz: Path) -> None:
    test = pl.mnist().test
    expected = pl.robustness(pl.load(model), test.images[:100], test.labels[:100], "shift")
    words = ("evaluate", model, "--data", digits_npz, "--robustness")
    assert run(*words, "shift", "--json").json["robustness"] == {"shift": expected.to_dict()}
    assert set(run(*words, "all", "--json").json["robustness"]) == set(CHANGES)
    assert f"{expected.accuracy[2]:.1%}" in run(*words, "shift").out


def test_robustness_needs_pictures(run: Callable[..., Result], two_classes: Path) -> None:
    result = run("evaluate", two_classes, "moons", "--robustness", "noise")
    assert result.code == 1
    assert "--robustness changes images" in result.err


def test_rows_of_tables_count_from_one(run: Callable[..., Result], tmp_path: Path) -> None:
    lines = ["age,bought", *(f"{20 + i},{'no' if i < 10 else 'yes'}" for i in range(20))]
    Path("people.csv").write_text("\n".join(lines))
    pl.table_mlp(pl.Columns.of("people.csv", target="bought"), hidden=(4,)).save(
        "people.safetensors"
    )
    rows = pl.evaluate(pl.load("people.safetensors"), pl.read_table("people.csv")).misclassified
    found = run("evaluate", "people.safetensors", "people.csv", "--json").json["misclassified"]
    assert [entry["row"] for entry in found] == [row + 1 for row in present(rows)]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_sixty_columns_are_enough(
    run: Callable[..., Result],
    model: Path,
    houses: Path,
    two_classes: Path,
    digits_npz: Path,
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    digits = run("evaluate", model, "--lang", lang).out
    assert fits(digits, 60)
    expected = pl.evaluate(pl.load(model), *vars(pl.mnist().test).values())
    line = next(line for line in digits.splitlines() if line.split()[:1] == ["7"])
    assert [0 if cell == "." else int(cell) for cell in line.split()[1:-1]] == present(
        expected.confusion
    )[7].tolist()
    asked = (
        (houses, "houses.csv", "--importance"),
        (two_classes, "moons"),
        (model, digits_npz, "--robustness", "all"),
    )
    for words in asked:
        assert fits(run("evaluate", *words, "--lang", lang).out, 60), words


def test_plots(
    run: Callable[..., Result], model: Path, houses: Path, two_classes: Path, digits_npz: Path
) -> None:
    pytest.importorskip("matplotlib")
    for number, words in enumerate(
        (
            (model, digits_npz, "--robustness", "noise"),
            (two_classes, "moons"),
            (houses, "houses.csv", "--importance", "--dependence", "rooms"),
        )
    ):
        assert run("evaluate", *words, "--plot", f"{number}.svg").code == 0
        assert b"<svg" in Path(f"{number}.svg").read_bytes()


def test_train_plots_its_learning_curves(
    run: Callable[..., Result], table_npz: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    result = run("train", "--data", table_npz, "--epochs", 2, "--plot", "curves.png")
    assert "plot written: curves.png" in result.err
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
    result = run(
        "train",
        "--data",
        table_npz,
        "--epochs",
        2,
        "--plot",
        "curves.txt",
        "-o",
        "other.safetensors",
    )
    assert result.code == 1
    assert not Path("other.safetensors").exists()  # known before any learning
    Path("people.csv").write_text(
        "age,bought\n" + "\n".join(f"{20 + i},{'no' if i < 10 else 'yes'}" for i in range(20))
    )
    assert (
        run(
            "train",
            "--data",
            "people.csv",
            "--target",
            "bought",
            "--epochs",
            2,
            "--plot",
            "table.svg",
        ).code
        == 0
    )
    assert b"<svg" in Path("table.svg").read_bytes()
