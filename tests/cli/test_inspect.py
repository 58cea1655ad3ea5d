"""`pellucid inspect`.

Pictures whose cells are the weights, figures that are lens's, and what is wrong.
"""

import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.cli import drawing
from pellucid.cli.drawing import NEGATIVE, NEGATIVES, NEUTRAL, POSITIVE, POSITIVES, SIGNS
from tests.cli.conftest import Result, fits
from tests.narrowing import instance, present

CELL = re.compile(r"\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m▀")


def decoded(lines: list[str]) -> np.ndarray:
    """Give the numbers, from -1 to 1, that the colours of a picture stand for."""
    rows = []
    for line in lines:
        pairs = np.array([list(map(int, cell)) for cell in CELL.findall(line)]).reshape(-1, 2, 3)
        rows += [pairs[:, 0], pairs[:, 1]]
    colours = np.array(rows, float) - NEUTRAL
    blue, red = (colours @ (np.array(end) - NEUTRAL) for end in (POSITIVE, NEGATIVE))
    ends = np.where(blue >= red, 1, -1)
    lengths = np.where(
        ends > 0, np.subtract(POSITIVE, NEUTRAL)[2], np.subtract(NEGATIVE, NEUTRAL)[0]
    )
    return ends * np.where(ends > 0, colours[..., 2], colours[..., 0]) / lengths


@pytest.fixture
def people_model(people_csv: Path) -> Path:
    net = pl.table_mlp(pl.Columns.of(people_csv, target="bought"), hidden=(5, 4))
    net.save("people.safetensors")
    return Path("people.safetensors")


@pytest.fixture
def people_csv(tmp_path: Path) -> Path:
    lines = [
        "age,city,bought",
        *(f"{20 + i},{('서울', '부산')[i % 2]},{('no', 'yes')[i // 10]}" for i in range(20)),
    ]
    (tmp_path / "people.csv").write_text("\n".join(lines), encoding="utf-8")
    return Path("people.csv")


def test_cells_of_a_picture_are_the_numbers(generator: np.random.Generator) -> None:
    values = generator.normal(size=(28, 28))
    end = drawing.scale_end(values)
    wanted = np.clip(values / end, -1, 1)
    assert np.abs(decoded(drawing.signed_image(values, end, 1 << 24)) - wanted).max() < 0.01
    signs = drawing.signed_image(values, end, 0)
    means = (wanted[::2] + wanted[1::2]) / 2
    for line, row in zip(signs, means, strict=True):
        for sign, value in zip(line, row, strict=True):
            assert np.sign(SIGNS.index(sign) - 2) in (0, np.sign(value))
            assert (sign in "#=") == (abs(value) >= drawing.STRONG)
    codes = re.findall(r"38;5;(\d+);48", "".join(drawing.signed_image(values, end, 256)))
    for code, value in zip(map(int, codes), wanted[::2].ravel(), strict=True):
        ramp = NEGATIVES if value < 0 else POSITIVES
        assert ramp.index(code) == min(int(8 * abs(value)), 7)


def test_odd_and_empty_pictures() -> None:
    assert drawing.signed_image(0.6 * np.ones((3, 2)), 1, 0) == ["##", "++"]
    assert drawing.signed_image(np.zeros((2, 3)), drawing.scale_end(np.zeros(6)), 0) == ["   "]
    assert drawing.signed_bars([], [], 60) == []
    assert drawing.cut("가나다라마", 8) == "가나..."


def test_json_is_what_lens_gives(run: Callable[..., Result], model: Path) -> None:
    net, images = pl.load(model), pl.mnist().test.images
    found = run("inspect", model, "--json").json
    assert np.array_equal(found["values"], pl.input_weights(net).values)
    assert found["biases"] == present(instance(pl.Affine, net.layers[2]).b).tolist()
    assert found["activity"] == pl.neuron_activity(net, images).to_dict()
    assert [layer["neurons"] for layer in found["layers"]] == [784, 16, 16, 10]
    one = run("inspect", model, "--layer", 2, "--neuron", 3, "--json").json
    assert np.array_equal(np.ravel(one["values"]), pl.input_weights(net, 2).values[:, 3])
    assert (one["method"], one["exact"], one["neuron"]) == ("product", False, 3)
    top = pl.top_inputs(net, images, 2, 3)
    assert [row["row"] for row in one["strongest"]] == top.rows[0].tolist()
    assert one["made"]["activation"] == pl.maximize_activation(net, 2, 3).activation
    assert one["flat"] == pl.neuron_activity(net, images).layers[1].flat[3]


def test_the_pictures_are_the_first_layers_weights(
    run: Callable[..., Result], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.cli.output.colours", lambda: 1 << 24)
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    W = instance(pl.Affine, pl.load(model).layers[2]).W.astype(float)
    text = run("inspect", model).out
    end = drawing.scale_end(W)
    lines = [line for line in text.splitlines() if "▀" in line]
    assert len(lines) == 8 * 14
    cells = decoded(lines[:14])
    for neuron, part in ((0, cells[:, :28]), (1, cells[:, 28:])):
        assert np.abs(part - np.clip(W[:, neuron].reshape(28, 28) / end, -1, 1)).max() < 0.01
    assert "blue: activates it, orange: inhibits it" in text


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("columns", [60, 80])
def test_everything_fits_the_terminal(
    run: Callable[..., Result],
    model: Path,
    people_model: Path,
    people_csv: Path,
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    columns: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for words in (
        (model,),
        (model, "--layer", -1),
        (model, "--neuron", 3),
        (people_model, people_csv),
        (people_model, "--neuron", 1),
    ):
        result = run("inspect", *words, "--lang", lang)
        assert result.code == 0
        assert fits(result.out, columns), words
        assert ("편향" in result.out) is (lang == "ko")
        assert "\x1b" not in result.out


def test_deeper_layers_are_named_an_approximation(run: Callable[..., Result], model: Path) -> None:
    assert "weights on the inputs" in run("inspect", model).out
    assert "approximation: product of the weights" in run(
        "inspect", model, "--layer", 2
    ).out.replace("\n", " ")
    told = run("inspect", model, "--layer", "-1", "--method", "gradient").out
    assert "approximation: gradient at the mean input" in told.replace("\n", " ")


def test_tables_show_bars_of_input_weights(
    run: Callable[..., Result], people_model: Path, people_csv: Path
) -> None:
    net = pl.load(people_model)
    values = pl.input_weights(net).values
    text = run("inspect", people_model, people_csv, "--neuron", 1).out
    for name, value in zip(net.columns.names, values[:, 1], strict=True):
        line = next(line for line in text.splitlines() if line.startswith(f"{name} "))
        assert f"{value:+.4g}" in line
        left, _, right = line.partition("|")
        assert ("█" in right, "█" in left) in ((value > 0, value < 0), (False, False))
    first = pl.top_inputs(net, pl.read_table(people_csv), 1, 1).rows[0, 0]
    assert (
        f"rows that activate it most (activation): {first + 1} (" in text
    )  # rows of tables count from 1, as predict's do
    assert "name DATA to see" in run("inspect", people_model).out
    assert "root mean square" in run("inspect", people_model).out


def test_dead_and_saturated_neurons_are_named(run: Callable[..., Result], tmp_path: Path) -> None:
    pl.Network([pl.Affine([[1.0, 0.0]], [0.0, -9.0]), pl.ReLU(), pl.Affine([[1.0], [1.0]])]).save(
        "dead.safetensors"
    )
    np.savez("rows.npz", x=np.array([[1.0], [2.0]]))
    text = run("inspect", "dead.safetensors", "rows.npz").out
    assert re.search(r"^1 .*100% +dead$", text, re.MULTILINE)
    assert "1 are dead" in text
    assert "so it is dead" in run(
        "inspect", "dead.safetensors", "rows.npz", "--neuron", 1
    ).out.replace("\n", " ")
    pl.Network([pl.Affine([[1.0]])]).save("plain.safetensors")
    assert run("inspect", "plain.safetensors", "rows.npz", "--json").json["activity"] is None
    assert "bias" in run("inspect", "plain.safetensors", "rows.npz").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--layer", 9), "neuron layers go from 1 to 3"),
        (("--layer", 0), "neuron layers go from 1 to 3"),
        (("--neuron", 16), "has neurons 0 to 15"),
        (("nowhere.csv",), "nowhere.csv"),
        (("--plot", "picture.txt"), "ends in .png, .svg or .pdf"),
        (("--plot", "nowhere/picture.png"), "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line(
    run: Callable[..., Result], model: Path, words: tuple[Any, ...], told: str
) -> None:
    result = run("inspect", model, *words)
    assert result.code == 1
    assert told in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""


def test_a_layer_is_a_number(run: Callable[..., Result], model: Path) -> None:
    result = run("inspect", model, "--layer", "abc", "--lang", "ko")
    assert result.code == 2
    assert "뉴런 층의 번호여야 합니다" in result.err
    assert (
        "expected the number of a neuron layer"
        in run("explain", model, "--digit", 0, "--layer", "1.5").err
    )


def test_gradient_needs_rows(run: Callable[..., Result], table_model: Path) -> None:
    assert "name DATA" in run("inspect", table_model, "--layer", 1, "--method", "gradient").out
    pl.mlp([3, 2, 2]).save("deep.safetensors")
    assert (
        "name DATA" in run("inspect", "deep.safetensors", "--layer", 2, "--method", "gradient").err
    )


def test_plots_are_files(run: Callable[..., Result], model: Path, people_model: Path) -> None:
    pytest.importorskip("matplotlib")
    assert "plot written: w.png" in run("inspect", model, "--plot", "w.png").err
    assert Path("w.png").read_bytes().startswith(b"\x89PNG")
    assert (
        run("inspect", people_model, "--neuron", 2, "--plot", "w.svg", "--json").json["neuron"] == 2
    )
    assert b"<svg" in Path("w.svg").read_bytes()


def test_without_matplotlib_one_line_says_what_to_install(
    spawn: Callable[..., subprocess.Popen[str]], model: Path, tmp_path: Path
) -> None:
    missing = "raise ModuleNotFoundError(\"No module named 'matplotlib'\", name='matplotlib')"
    (tmp_path / "matplotlib.py").write_text(missing)
    path = os.pathsep.join([str(tmp_path), str(Path(pl.__file__).parents[1])])
    process = spawn("inspect", model, "--plot", "w.png", env={"PYTHONPATH": path})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "pip install matplotlib" in err
    assert err.count("\n") == 1
    assert not Path("w.png").exists()


def test_a_terminal_gets_colours_and_a_pipe_does_not(
    spawn: Callable[..., subprocess.Popen[str]], model: Path
) -> None:
    outer, inner = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "120"}
    process = spawn("inspect", model, stdout=inner, stderr=subprocess.DEVNULL, env=settings)
    os.close(inner)
    shown = b""
    while True:
        try:
            part = os.read(outer, 1 << 16)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(outer)
    assert process.wait(timeout=60) == 0
    assert shown.count("▀".encode()) == 16 * 28 * 14
    lines = [line for line in shown.decode().splitlines() if "▀" in line]
    assert len(lines) == 4 * 14  # four pictures side by side in 120 columns
    piped, _ = spawn("inspect", model, env=settings).communicate(timeout=60)
    assert "\x1b" not in piped
    assert "# and +: activates it" in piped
