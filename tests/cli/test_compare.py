"""`pellucid compare`: weights, answers and accuracies of two networks, as lens gives them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from tests.cli.conftest import Result, fits
from tests.narrowing import instance, present


@pytest.fixture(scope="module")
def changed(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model with a few weights changed, so that some answers are others."""
    net = pl.load(model)
    net.layers[4].W = instance(pl.Affine, net.layers[4]).W * np.linspace(
        0.5, 1.5, 16, dtype=np.float32
    )
    path = tmp_path_factory.mktemp("changed") / "changed.safetensors"
    net.save(path)
    return path


def test_json_is_what_lens_gives(run: Callable[..., Result], model: Path, changed: Path) -> None:
    test = pl.mnist().test
    found = run("compare", model, changed, "--json").json
    expected = pl.compare(pl.load(model), pl.load(changed), test.images, test.labels)
    assert found == json.loads(
        json.dumps({"a": str(model), "b": str(changed), **expected.to_dict()})
    )
    assert found["test"]["p"] == present(expected.test).p
    assert 0 < len(found["differing"]) < 10_000


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("columns", [60, 80])
def test_people_see_where_they_differ(
    run: Callable[..., Result],
    model: Path,
    changed: Path,
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    columns: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.chdir(Path(model).parent)
    Path("b.safetensors").write_bytes(changed.read_bytes())
    text = run("compare", Path(model).name, "b.safetensors", "--lang", lang).out
    assert fits(text, columns)
    expected = pl.compare(pl.load(model), pl.load(changed), *vars(pl.mnist().test).values())
    row = present(expected.differing)[0]
    line = next(line.split() for line in text.splitlines() if line.startswith(f"{row} "))
    answers = (
        present(expected.predictions_a)[row],
        present(expected.predictions_b)[row],
        pl.mnist().test.labels[row],
    )
    assert line == [str(row), *map(str, answers)]
    assert f"{expected.agreement:.2%}" in text
    assert ("파라미터 13,002개" in text) is (lang == "ko")


def test_a_network_is_like_itself(run: Callable[..., Result], model: Path) -> None:
    result = run("compare", model, model)
    assert "same class in 100.00%" in result.out
    assert "different predictions" not in result.out


def test_rows_without_targets_and_without_data(
    run: Callable[..., Result], table_model: Path, tmp_path: Path
) -> None:
    other = pl.mlp([4, 3], output="softmax", seed=5)
    pl.Network(other.layers, classes=["low", "middle", "high"]).save("other.safetensors")
    np.savez("rows.npz", x=np.random.default_rng(0).normal(size=(50, 4)))
    found = run("compare", table_model, "other.safetensors", "rows.npz", "--json").json
    assert (found["rows"], found["accuracy_a"]) == (50, None)
    text = run("compare", table_model, "other.safetensors", "rows.npz").out
    assert "row  " in text
    assert "  is" not in text
    assert (
        "name DATA to compare their predictions, too"
        in run("compare", table_model, "other.safetensors").out
    )


def test_tables_count_their_rows_from_one(run: Callable[..., Result], tmp_path: Path) -> None:
    lines = [
        "age,plan,bought",
        *(f"{20 + i},{'ab'[i % 2]},{('no', 'yes')[i // 10]}" for i in range(20)),
    ]
    Path("people.csv").write_text("\n".join(lines))
    Path("asked.csv").write_text("\n".join(line.rpartition(",")[0] for line in lines))
    columns = pl.Columns.of("people.csv", target="bought")
    nets = [pl.table_mlp(columns, hidden=(4,), seed=seed) for seed in (0, 3)]
    for name, net in zip("ab", nets, strict=True):
        net.save(f"{name}.safetensors")
    differing = pl.compare(nets[0], nets[1], pl.read_table("people.csv")).differing
    assert len(present(differing))
    text = run("compare", "a.safetensors", "b.safetensors", "people.csv").out
    assert f"\n{present(differing)[0] + 1:<3}" in text
    assert "accuracy" in text
    assert "accuracy" not in run("compare", "a.safetensors", "b.safetensors", "asked.csv").out


def test_values_are_compared(run: Callable[..., Result], values_npz: Path) -> None:
    for seed in (0, 1):
        pl.mlp([3, 1], seed=seed).save(f"{seed}.safetensors")
    text = run("compare", "0.safetensors", "1.safetensors", values_npz).out
    assert "mean absolute error" in text


def test_what_is_wrong_is_one_line(
    run: Callable[..., Result], model: Path, table_model: Path
) -> None:
    for words in (
        (model, "nowhere.safetensors"),
        (table_model, table_model, "nowhere.csv"),
        (model, model, "nowhere"),
    ):
        result = run("compare", *words)
        assert result.code == 1
        assert "nowhere" in result.err
        assert result.err.count("\n") == 1
    assert run("compare", model).code == 2
    assert (
        "A takes 784 inputs and B takes 4: no data fit both"
        in run("compare", model, table_model, "mnist").err
    )
    assert "A takes 784 inputs and B takes 4" in run("compare", model, table_model).out


def test_plot_draws_both(run: Callable[..., Result], model: Path, changed: Path) -> None:
    pytest.importorskip("matplotlib")
    assert run("compare", model, changed, "--plot", "both.png").code == 0
    assert Path("both.png").read_bytes().startswith(b"\x89PNG")
