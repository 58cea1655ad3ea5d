"""`pellucid explain`: digits, rows of tables and arrays.

Its figures are lens's, its sentences in both languages.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.cli import drawing
from tests.cli.conftest import Result, fits
from tests.narrowing import present


@pytest.fixture
def people(generator: np.random.Generator, tmp_path: Path) -> Path:
    """A table of 300 people with missing cells, and the same people later.

    Shuffled columns, an unseen city.
    """
    lines, later = ["age,city,plan,bought,spent"], ["spent,extra,plan,city,age,bought"]
    for i in range(300):
        age, city = (
            int(generator.integers(18, 90)),
            ("서울", "부산", "제주")[int(generator.integers(3))],
        )
        plan, bought = (
            "ab"[int(generator.integers(2))],
            ("no", "yes")[(age > 50) ^ (city == "서울")],
        )
        shown = "" if i % 10 == 7 else str(age)
        lines.append(f"{shown},{city},{plan},{bought},{1000 + 5 * age}")
        later.append(f"{1000 + 5 * age},1,{plan},{'대전' if i == 2 else city},{shown},{bought}")
    (tmp_path / "later.csv").write_text("\n".join(later), encoding="utf-8")
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return Path("people.csv")


@pytest.fixture(scope="module")
def kept() -> dict[str, bytes]:
    """Files of what was trained: the people are the same in every test."""
    return {}


@pytest.fixture
def trained(
    run: Callable[..., Result], people: Path, kept: dict[str, bytes]
) -> Callable[[str], Path]:
    def train(target: str) -> Path:
        path, other = Path(f"{target}.safetensors"), {"bought": "spent", "spent": "bought"}[target]
        if target not in kept:
            words = ("--data", people, "--target", target, "--ignore", other, "--quick", "-o", path)
            assert run("train", *words).code == 0
            kept[target] = path.read_bytes()
        path.write_bytes(kept[target])
        return path

    return train


def test_a_digit_explained(run: Callable[..., Result], model: Path) -> None:
    net, images = pl.load(model), pl.mnist().test.images
    found = run("explain", model, "--digit", 3, "--json").json
    y = net.predict(images[3:4])
    why = pl.integrated_gradients(net, images[3])
    assert found["prediction"] == int(net.choose(y)[0])
    assert found["truth"] == str(pl.mnist().test.labels[3])
    assert found["runner_up"]["class"] == int(np.argsort(-y[0])[1])
    assert np.array_equal(np.ravel(found["integrated_gradients"]["values"]), why.values.ravel())
    sums = pl.contributions(net, images[3])
    assert found["contributions"] == json.loads(json.dumps(sums.to_dict()))
    assert sum(found["contributions"]["values"]) + found["contributions"]["bias"] == pytest.approx(
        sums.weighted_sum
    )
    other = pl.counterfactual(net, images[3])
    assert found["counterfactual"]["distance"] == other.distance
    assert np.array_equal(found["counterfactual"]["x"], present(other.x))
    assert "trace" not in found
    traced = run("explain", model, "--digit", 3, "--trace", "--json").json["trace"]
    assert traced["layers"][3]["activations"] == pytest.approx(
        y[0].tolist(), rel=2e-6
    )  # float32: both engines may round the last bit otherwise


def test_the_pictures_show_the_gradients_on_the_digit(
    run: Callable[..., Result], model: Path
) -> None:
    net, image = pl.load(model), pl.mnist().test.images[3]
    values = pl.integrated_gradients(net, image).values.reshape(28, 28)
    text = run("explain", model, "--digit", 3).out
    start = next(i for i, line in enumerate(text.splitlines()) if line.startswith("the input"))
    lines = text.splitlines()[start + 1 : start + 15]
    wanted = drawing.signed_image(values, drawing.scale_end(values), 0)
    assert [line[30:58].rstrip() for line in lines] == [line.rstrip() for line in wanted]
    for words in (
        "second: ",
        "smallest change found that changes the prediction from ",
        "the label is ",
        "weighted sum",
    ):
        assert words in text


def test_another_class_and_another_neuron(run: Callable[..., Result], model: Path) -> None:
    net, image = pl.load(model), pl.mnist().test.images[0]
    wanted = {name: pl.counterfactual(net, image, name) for name in ("0", "2", "3", "9")}
    for name, other in wanted.items():
        found = run("explain", model, "--digit", 0, "--against", name, "--json").json[
            "counterfactual"
        ]
        assert found["label_after"] == name
        assert found["distance"] == other.distance
    assert "smallest change found" in run("explain", model, "--digit", 0, "--against", "3").out
    one = run("explain", model, "--digit", 0, "--layer", 1, "--neuron", 4, "--json").json
    assert one["contributions"]["values"] == pl.contributions(net, image, 1, 4).values.tolist()
    assert one["counterfactual"] is None
    assert (
        "hidden layer 1, neuron 4"
        in run("explain", model, "--digit", 0, "--layer", 1, "--neuron", 4).out
    )


def test_a_class_that_is_never_answered(run: Callable[..., Result], model: Path) -> None:
    net = pl.load(model)
    last = next(layer for layer in reversed(net.layers) if isinstance(layer, pl.Affine))
    last.W[:, 3], present(last.b)[3] = 0, -100
    net.save("never.safetensors")
    found = run("explain", "never.safetensors", "--digit", 0, "--against", "3", "--json").json[
        "counterfactual"
    ]
    assert (found["found"], found["label_after"]) == (False, None)
    text = run("explain", "never.safetensors", "--digit", 0, "--against", "3").out
    assert "no change was found that changes the prediction from 7 to 3" in text


def test_a_picture_file(run: Callable[..., Result], model: Path, picture: Path) -> None:
    result = run("explain", model, picture)
    assert result.code == 0
    # A long path moves the rest of the sentence to the next line.
    assert " ".join(result.out.split()).startswith(f"{picture} -> prediction 7")
    assert "the label" not in result.out
    assert "leave --row out" in run("explain", model, picture, "--row", 1).err


@pytest.mark.filterwarnings("ignore::pellucid.TableWarning")
def test_a_row_of_a_table_by_command(
    run: Callable[..., Result], people: Path, trained: Callable[[str], Path]
) -> None:
    model = trained("bought")
    net = pl.load(model)
    result = run("explain", model, "later.csv", "--row", 3, "--json")
    found, x = result.json, net.columns.x(pl.read_table("later.csv"))[2:3]
    assert found["prediction"] == int(net.classify(x)[0])
    assert found["label"] == run("predict", model, "later.csv", "--json").json[2]["label"]
    why = pl.integrated_gradients(net, x)
    assert np.array_equal(np.ravel(found["integrated_gradients"]["values"]), why.values.ravel())
    parts = {part["name"]: part for part in found["columns"]}
    assert [part["name"] for part in found["columns"]] == ["age", "city", "plan"]
    assert sum(part["contribution"] for part in parts.values()) == pytest.approx(why.values.sum())
    assert parts["city"]["value"] == "an unknown category"
    assert found["truth"] in ("no", "yes")
    assert "in another order than in training" in result.err
    assert (
        "ignored columns: extra, spent" in result.err
        or "ignored columns: spent, extra" in result.err
    )
    assert "cells of categories unseen in training: 1 (city: '대전' 1)" in result.err


def test_a_missing_cell_of_that_row_alone_is_told_of(
    run: Callable[..., Result], people: Path, trained: Callable[[str], Path]
) -> None:
    model = trained("bought")
    result = run("explain", model, people, "--row", 8)
    assert "age = missing" in result.out
    assert "imputed missing cells: 1 (age 1)" in result.err
    assert "imputed" not in run("explain", model, people, "--row", 1).err
    assert (
        "smallest change found that changes the prediction"
        in run("explain", model, people, "--row", 1).out
    )


def test_values_of_a_table(
    run: Callable[..., Result], people: Path, trained: Callable[[str], Path]
) -> None:
    model = trained("spent")
    found = run("explain", model, people, "--row", 1, "--json").json
    assert found["prediction"] == pytest.approx(
        float(pl.load(model).predict(pl.read_table(people))[0, 0])
    )
    assert found["runner_up"] is None
    assert found["counterfactual"] is None
    text = run("explain", model, people, "--row", 1, "--trace").out
    assert re.search(r"^age = \d+ +[+-]", text, re.MULTILINE)
    assert "the value of every neuron:" in text


def test_errors_name_the_row_of_the_file(
    run: Callable[..., Result], people: Path, trained: Callable[[str], Path]
) -> None:
    model = trained("bought")
    lines = people.read_text(encoding="utf-8").splitlines()
    lines[200] = "old,서울,a,yes,1"
    Path("bad.csv").write_text("\n".join(lines), encoding="utf-8")
    result = run("explain", model, "bad.csv", "--row", 200)
    assert result.code == 1
    assert "row 200" in result.err
    assert run("explain", model, "bad.csv", "--row", 199).code == 0
    assert (
        "rows are numbered from 1 to 300; there is no row 301"
        in run("explain", model, people, "--row", 301).err
    )
    assert (
        "rows are numbered from 1 to 300; there is no row 0"
        in run("explain", model, people, "--row", 0).err
    )
    assert (
        "there are 300 rows: say which by --row, counted from 1"
        in run("explain", model, people).err
    )
    Path("one.csv").write_text("\n".join(lines[:2]), encoding="utf-8")
    assert run("explain", model, "one.csv").out.startswith("one.csv:1 -> prediction ")


def test_rows_of_arrays(run: Callable[..., Result], table_model: Path) -> None:
    x = np.array([[1.0, 2, 3, 4], [0, 0, 0, 1]])
    np.savez("rows.npz", x=x)
    found = run("explain", table_model, "rows.npz", "--row", 1, "--json").json
    assert found["label"] == pl.load(table_model).labels(x)[1]
    assert found["counterfactual"] is None  # nobody knows within what limits these numbers may move
    assert found["input"] == "rows.npz:1"
    assert "1 = " in run("explain", table_model, "rows.npz", "--row", 0).out
    assert "there are 2 rows: say which by --row" in run("explain", table_model, "rows.npz").err
    assert (
        "rows are numbered from 0 to 1" in run("explain", table_model, "rows.npz", "--row", 2).err
    )


def test_two_classes_by_one_output_and_several_values(run: Callable[..., Result]) -> None:
    pl.Network(pl.mlp([4, 1], output="sigmoid").layers, classes=["no", "yes"]).save(
        "one.safetensors"
    )
    np.savez("row.npz", x=np.ones((1, 4)))
    found = run("explain", "one.safetensors", "row.npz", "--json").json
    assert {found["label"], found["runner_up"]["label"]} == {"no", "yes"}
    assert found["runner_up"]["output"] == pytest.approx(1 - found["confidence"])
    assert "class yes" in run("explain", "one.safetensors", "row.npz").out
    pl.mlp([4, 3]).save("values.safetensors")
    assert "output 0" in run("explain", "values.safetensors", "row.npz").out
    assert "output 2" in run("explain", "values.safetensors", "row.npz", "--neuron", 2).out


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("columns", [60, 80])
def test_everything_fits_in_both_languages(
    run: Callable[..., Result],
    model: Path,
    people: Path,
    trained: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    columns: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    table = trained("bought")
    for words in ((model, "--digit", 5, "--trace"), (table, people, "--row", 2, "--trace")):
        result = run("explain", *words, "--lang", lang)
        assert result.code == 0
        assert fits(result.out, columns), words
        assert ("바꾸는 가장 작은 변화" in result.out.replace("\n", " ")) is (lang == "ko")


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        ((), "name one input", 2),
        (("a.png", "--digit", 1), "name one input", 2),
        (("nowhere.png",), "nowhere.png", 1),
        (("--digit", 10_000), "--digit takes a number from 0 to 9999", 1),
        (("--digit", 0, "--row", 1), "--row goes with a file", 1),
        (
            ("--digit", 0, "--against", "11"),
            "--against takes a class other than the prediction (7)",
            1,
        ),
        (("--digit", 0, "--neuron", 99), "has neurons 0 to 9", 1),
        (("--digit", 0, "--layer", 1), "say which by --neuron", 1),
        (("--digit", 0, "--plot", "a.jpg"), "ends in .png, .svg or .pdf", 1),
    ],
)
def test_what_is_wrong_is_said(
    run: Callable[..., Result], model: Path, words: tuple[Any, ...], told: str, code: int
) -> None:
    result = run("explain", model, *words)
    assert result.code == code
    assert told in result.err
    assert result.out == ""


def test_names_from_anywhere_do_not_command_the_terminal(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    names = ["a\x1b[2Jb", "x" * 90]
    cells = [
        f"{i},{'p' if i % 3 else 'q' * 70},{'no' if i < 10 else chr(27) + '[31myes'}"
        for i in range(30)
    ]
    Path("hostile.csv").write_text("\n".join([",".join([*names, "t"]), *cells]))
    pl.table_mlp(pl.Columns.of("hostile.csv", target="t"), hidden=(4,)).save("hostile.safetensors")
    for words in (
        ("explain", "hostile.safetensors", "hostile.csv", "--row", 2, "--trace"),
        ("inspect", "hostile.safetensors", "hostile.csv"),
        ("inspect", "hostile.safetensors", "--neuron", 1),
        ("evaluate", "hostile.safetensors", "hostile.csv", "--importance"),
        ("compare", "hostile.safetensors", "hostile.safetensors", "hostile.csv"),
    ):
        result = run(*words)
        assert result.code == 0
        assert fits(result.out, 60), words
        assert "\x1b" not in result.out + result.err
    assert "a?[2Jb = 1" in run("explain", "hostile.safetensors", "hostile.csv", "--row", 2).out


def test_wide_pictures_are_shrunk_and_other_layers_explained(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, generator: np.random.Generator
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    wide = pl.Network(
        pl.mlp([50 * 130, 4, 2], output="softmax").layers,
        classes=["0", "1"],
        inputs=pl.Images((50, 130)),
    )
    wide.save("wide.safetensors")
    np.savez("wide.npz", x=generator.random((3, 50, 130), np.float32), t=np.array([0, 1, 0]))
    for words in (
        ("explain", "--row", 1),
        ("inspect",),
        ("inspect", "--neuron", 2),
        ("compare", "wide.safetensors"),
    ):
        files = () if words[0] == "compare" else ("wide.npz",)
        result = run(
            words[0], "wide.safetensors", *words[1:], *files, *(("wide.npz",) if not files else ())
        )
        assert result.code == 0, result.err
        assert fits(result.out, 60), words
    layers = [
        pl.mlp([4, 5]).layers[0],
        pl.BatchNorm(5),
        pl.ReLU(),
        pl.Residual([pl.mlp([5, 5]).layers[0], pl.Tanh()]),
    ]
    pl.Network([*layers, *pl.mlp([5, 2], output="softmax").layers]).save("deep.safetensors")
    np.savez("rows.npz", x=generator.normal(size=(4, 4)))
    assert (
        run("explain", "deep.safetensors", "rows.npz", "--row", 0, "--layer", 2, "--neuron", 1).code
        == 0
    )
    assert run("inspect", "deep.safetensors", "rows.npz", "--layer", 2).code == 0
    pl.mlp([784, 10]).save("plain.safetensors")
    assert run("explain", "plain.safetensors", "--digit", 3).code == 0


def test_plots(
    run: Callable[..., Result], model: Path, people: Path, trained: Callable[[str], Path]
) -> None:
    pytest.importorskip("matplotlib")
    assert run("explain", model, "--digit", 0, "--plot", "why.svg", "--lang", "ko").code == 0
    assert b"<svg" in Path("why.svg").read_bytes()
    table = trained("bought")
    assert (
        "plot written: bars.png"
        in run("explain", table, people, "--row", 1, "--plot", "bars.png").err
    )
