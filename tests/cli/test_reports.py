"""`pellucid evaluate`, `summary`, `data` and `doctor`: what they say, to people and to programs."""

import importlib.metadata
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid import extras
from tests.cli.conftest import Result, fits
from tests.narrowing import present


def test_evaluate_on_mnist(run: Callable[..., Result], model: Path) -> None:
    result = run("evaluate", model, "--json")
    figures = [
        "accuracy",
        "interval",
        "loss",
        "classes",
        "confusion",
        "calibration_error",
        "rows",
        "calibration",
        "misclassified",
    ]
    assert list(result.json) == figures
    expected = pl.evaluate(pl.load(model), *vars(pl.mnist().test).values())
    assert result.json["accuracy"] == expected.accuracy
    assert np.array(result.json["confusion"]).sum() == 10_000
    text = run("evaluate", model).out
    assert f"accuracy {100 * present(expected.accuracy):.1f} %" in text
    assert "true \\ predicted" in text
    assert max(map(len, text.splitlines())) <= 80


def test_evaluate_takes_a_folders_classes_by_name(
    run: Callable[..., Result], model: Path, letters: Path
) -> None:
    result = run("evaluate", model, "--data", letters, "--json")
    assert result.json["accuracy"] > 0.6
    confusion = np.array(result.json["confusion"])
    assert confusion.sum() == 8
    assert confusion[2].sum() == confusion[7].sum() == 4


def test_evaluate_with_a_class_that_the_network_has_not(
    run: Callable[..., Result], model: Path, letters: Path
) -> None:
    (letters / "2").rename(letters / "zwei")
    result = run("evaluate", model, "--data", letters)
    assert result.code == 1
    assert "class zwei is not among the network's classes" in result.err


def test_evaluate_values_and_many_classes(
    run: Callable[..., Result], values_npz: Path, tmp_path: Path
) -> None:
    pl.mlp([3, 1]).save(tmp_path / "values.safetensors")
    result = run("evaluate", "values.safetensors", "--data", values_npz)
    assert result.out.startswith("R2 ")
    assert run("evaluate", "values.safetensors", "--data", values_npz, "--json").json.keys() >= {
        "loss",
        "r2",
    }
    net = pl.mlp([3, 40], output="softmax")
    net.save(tmp_path / "many.safetensors")
    np.savez(tmp_path / "many.npz", x=np.zeros((40, 3), np.float32), t=np.arange(40))
    text = run("evaluate", "many.safetensors", "--data", "many.npz", "--misclassified", "0").out
    assert "read as" not in text
    assert "does not fit into 80 columns: see --json" in text


def test_summary_of_layers_and_of_a_file(run: Callable[..., Result], model: Path) -> None:
    result = run("summary", "--layers", "784,16,16,10", "--json")
    assert result.json["parameters"] == 13002
    assert (
        result.json
        == pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid").summary().to_dict()
    )
    assert {"name", "parameters", "multiply_adds", "bytes"} <= set(result.json["layers"][0])
    text = run("summary", model).out
    assert "13,002" in text
    assert "trained for 6 epochs on 12,000 rows" in text
    assert "classes: 0, 1, 2" in text
    assert max(map(len, text.splitlines())) <= 80


def test_summary_wants_exactly_one_of_both(run: Callable[..., Result], model: Path) -> None:
    for words in ((), (model, "--layers", "2,2")):
        result = run("summary", *words)
        assert result.code == 2
        assert "either a MODEL file or --layers" in result.err


def test_data_lists_what_there_is(run: Callable[..., Result]) -> None:
    assert [entry["name"] for entry in run("data", "--json").json] == [
        "mnist",
        "xor",
        "moons",
        "circles",
        "spirals",
    ]
    assert "70,000 handwritten digits" in run("data").out


def test_data_describes_mnist(run: Callable[..., Result]) -> None:
    facts = run("data", "mnist", "--json").json
    assert (facts["rows"], facts["test_rows"], facts["shape"]) == (60000, 10000, [28, 28])
    assert facts["classes"][1] == {"name": "1", "rows": 6742}
    text = run("data", "mnist").out
    assert "60,000 rows to train on, 10,000 to test on" in text
    assert max(map(len, text.splitlines())) <= 86


def test_data_describes_tables_values_and_folders(
    run: Callable[..., Result], table_npz: Path, values_npz: Path, letters: Path, tmp_path: Path
) -> None:
    assert "2 classes:" in run("data", table_npz).out
    assert "targets are values" in run("data", values_npz).out
    assert "each row: 28 x 28 values (uint8)" in run("data", letters).out
    np.savez(tmp_path / "many.npz", x=np.full((30, 2), np.nan), t=np.arange(30))
    text = run("data", "many.npz").out
    assert "and 10 more" in text
    assert "NaN or infinite" in text
    facts = run("data", "many.npz", "--json").json
    assert facts["finite"] is False
    assert facts["range"] == [None, None]


def test_doctor_finds_all_well(run: Callable[..., Result]) -> None:
    result = run("doctor", "--json")
    assert result.code == 0
    assert result.json["broken"] == []
    assert result.json["pellucid"] == pl.__version__
    assert "checksums right" in result.json["mnist"]
    assert {"python", "numpy", "blas", "engine", "threads", "language"} <= set(result.json)
    assert result.json["instruction sets"].split(", ")[-1] == "baseline"
    text = run("doctor").out
    assert "BROKEN" not in text
    assert re.search(r"\[ok\] +extra torch +torch [0-9]", text)


def test_doctor_lists_the_extras(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    brought = project["optional-dependencies"]
    known = {
        name: tuple(re.split("[<>=]", each)[0] for each in needed)
        for name, needed in brought.items()
        if name not in ("test", "check", "bench", "docs")
    }
    assert known == extras.EXTRAS
    right = importlib.metadata.version

    def version(name: str) -> str:
        if name == "onnxruntime":
            raise importlib.metadata.PackageNotFoundError(name)
        return right(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    result = run("doctor", "--json")
    assert result.code == 0
    found = result.json["extra onnx"]
    assert found.startswith("onnx 1.")
    assert "not installed: onnxruntime; " in found
    assert found.endswith("pip install onnx onnxruntime")


def test_doctor_calls_a_missing_native_engine_optional(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.engines.instruction_set", lambda: None)
    assert re.search(r"\[optional\] +engine +reference", run("doctor").out)
    assert re.search(r"\[선택\] +엔진 +기준 엔진", run("doctor", "--lang", "ko").out)


class WithoutEngine:
    """A distribution whose wheel was built without the engine."""

    def read_text(self, name: str) -> str:
        return "Wheel-Version: 1.0\nBuild: 0_without_native_engine\n" if name == "WHEEL" else ""


@pytest.mark.parametrize(
    ("lang", "told"), [("en", "could not be compiled when"), ("ko", "컴파일하지 못했습니다")]
)
def test_doctor_tells_that_the_engine_could_not_be_compiled(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, lang: str, told: str
) -> None:
    monkeypatch.setattr("pellucid.engines.instruction_set", lambda: None)
    right: Callable[[str], Any] = importlib.metadata.distribution

    def distribution(name: str) -> Any:
        return WithoutEngine() if name == "pellucid" else right(name)

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    said = run("doctor", "--lang", lang, "--json").json
    assert told in said["engine"]
    assert "PELLUCID_REQUIRE_ENGINE=1" in said["engine"]
    assert said["broken"] == []


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("columns", [80, 60])
def test_reports_fit_the_terminal(
    run: Callable[..., Result],
    model: Path,
    letters: Path,
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    columns: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("pellucid.engines.instruction_set", lambda: None)
    for words in (
        ("data",),
        ("data", "mnist"),
        ("data", "letters"),
        ("data", "xor"),
        ("doctor",),
        ("evaluate", model),
    ):
        assert fits(run(*words, "--lang", lang).out, columns), words
    if columns == 80:
        assert fits(run("summary", model, "--lang", lang).out, columns)
        assert fits(run("summary", "--layers", "784,1000,1000,10", "--lang", lang).out, columns)


def test_evaluate_without_data_says_that_the_network_did_not_learn_digits(
    run: Callable[..., Result], letters: Path, tmp_path: Path
) -> None:
    pl.Network(pl.mlp([2, 2]).layers, classes=["0", "1"]).save(tmp_path / "points.safetensors")
    pl.Network(pl.mlp([784, 2]).layers, classes=["a", "b"]).save(tmp_path / "letters.safetensors")
    pl.mlp([784, 3]).save(tmp_path / "three.safetensors")
    told = {"points": "takes 2 inputs", "letters": "classes (a, b)", "three": "has 3 outputs"}
    for name, words in told.items():
        result = run("evaluate", f"{name}.safetensors")
        assert result.code == 1
        assert words in result.err
        assert "give --data" in result.err
    result = run("evaluate", "points.safetensors", "--data", letters)
    assert "its rows have 784 values, and the network takes 2" in result.err
    assert "None" not in result.err


def test_evaluate_gives_a_network_without_scaling_what_it_takes(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    pl.mlp([784, 10], output="sigmoid").save(tmp_path / "plain.safetensors")
    assert run("evaluate", "plain.safetensors", "--json").code == 0


def test_doctor_tells_what_is_broken(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    def damaged() -> None:
        raise pl.FileError("damaged")

    monkeypatch.setattr(importlib.metadata, "version", missing)
    monkeypatch.setattr("numpy.show_config", lambda mode: {})
    monkeypatch.setattr("pellucid.data.mnist", damaged)
    monkeypatch.setenv("PELLUCID_THREADS", "many")
    result = run("doctor")
    assert result.code == 1
    assert result.out.count("BROKEN") == 8
    assert "--force-reinstall" in result.err + result.out
    assert set(run("doctor", "--json").json["broken"]) >= {"numpy", "mnist", "blas", "threads"}


def test_doctor_says_that_more_threads_than_cores_are_slower(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELLUCID_THREADS", "99999")
    assert "99999, but only" in run("doctor").out


def test_doctor_does_not_ask_to_reinstall_for_a_variable_of_the_environment(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELLUCID_THREADS", "many")
    result = run("doctor")
    assert result.code == 1
    assert result.out.count("BROKEN") == 1
    assert "PELLUCID_THREADS must be a whole number of 1 or more, got 'many'" in " ".join(
        result.out.split()
    )
    assert "reinstall" not in result.err + result.out


@pytest.mark.parametrize("command", ["data", "doctor"])
def test_json_is_one_document(run: Callable[..., Result], command: str) -> None:
    assert json.loads(run(command, "--json").out)
