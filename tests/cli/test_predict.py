"""`pellucid predict`: pictures and rows in, answers out; a bad file does not spoil the others."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pellucid as pl
from pellucid.cli import output
from tests.cli.conftest import Result, fits


def test_json_for_a_picture(run: Callable[..., Result], model: Path, picture: Path) -> None:
    result = run("predict", model, picture, "--json")
    assert result.code == 0
    [entry] = result.json
    assert list(entry) == ["file", "prediction", "label", "confidence", "outputs"]
    assert (entry["file"], entry["prediction"], entry["label"]) == (str(picture), 7, "7")
    assert len(entry["outputs"]) == 10
    assert entry["confidence"] == max(entry["outputs"])


def test_rows_of_every_kind_are_answered_alike(
    run: Callable[..., Result], model: Path, tmp_path: Path
) -> None:
    images = pl.mnist().test.images[:4]
    np.save(tmp_path / "rows.npy", images)
    np.savez(tmp_path / "rows.npz", x=images.reshape(4, 784) / 255.0)
    pl.write_idx(tmp_path / "rows.idx", images)
    pl.write_idx(tmp_path / "rows.gz", images)
    expected = pl.load(model)(images)
    for name in ("rows.npy", "rows.npz", "rows.idx", "rows.gz"):
        entries = run("predict", model, name, "--json").json
        assert [entry["row"] for entry in entries] == [0, 1, 2, 3]
        assert np.allclose([entry["outputs"] for entry in entries], expected, atol=1e-5), name


def test_a_single_row_is_one(
    run: Callable[..., Result], model: Path, table_model: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "picture.npy", pl.mnist().test.images[0])
    np.save(tmp_path / "row.npy", np.ones(4, np.float32))
    assert run("predict", model, "picture.npy", "--json").json[0]["prediction"] == 7
    [entry] = run("predict", table_model, "row.npy", "--json").json
    assert entry["label"] in ("low", "middle", "high")


def test_text_shows_the_picture_the_answer_and_the_others(
    run: Callable[..., Result], model: Path, picture: Path
) -> None:
    result = run("predict", model, picture)
    assert f"{picture}: 7" in result.out
    assert "no probability" in result.out
    assert result.out.count("█") > 30
    assert "\x1b" not in result.out
    assert len(result.out.splitlines()) == 16


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("columns", [80, 60, 40])
def test_answers_fit_the_terminal(
    run: Callable[..., Result],
    model: Path,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    columns: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    picture.rename("three.png")
    assert fits(run("predict", model, "three.png", "--lang", lang).out, columns)


def test_a_dark_answer_says_so_and_draws_no_bars(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    net = pl.Network([pl.Affine(np.zeros((2, 3)), np.array([-9.0, -8.0, -7.0])), pl.Sigmoid()])
    net.save(tmp_path / "dark.safetensors")
    np.save(tmp_path / "row.npy", np.zeros((1, 2)))
    text = run("predict", "dark.safetensors", "row.npy").out
    assert text.startswith("row.npy:0: 2\nno output neuron is active (the highest output: 0.00)")
    assert "█" not in text


def test_swapped_arguments_are_told(run: Callable[..., Result], model: Path, picture: Path) -> None:
    result = run("predict", picture, picture)
    assert result.code == 1
    assert "an image or a table; the order is: pellucid predict MODEL FILE..." in result.err


def test_many_answers_become_one_line_each(
    run: Callable[..., Result], model: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "rows.npy", pl.mnist().test.images[:6])
    lines = run("predict", model, "rows.npy").out.splitlines()
    assert [line.split()[:2] for line in lines[-3:]] == [
        ["rows.npy:3", "0"],
        ["rows.npy:4", "4"],
        ["rows.npy:5", "1"],
    ]


def test_softmax_says_probability(
    run: Callable[..., Result], table_model: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "row.npy", np.ones((1, 4), np.float32))
    result = run("predict", table_model, "row.npy")
    assert "probability" in result.out
    assert "no probability" not in result.out


def test_values_are_given_as_they_are(run: Callable[..., Result], tmp_path: Path) -> None:
    pl.mlp([4, 2]).save(tmp_path / "values.safetensors")
    np.save(tmp_path / "rows.npy", np.ones((2, 4), np.float32))
    [first, _] = run("predict", "values.safetensors", "rows.npy", "--json").json
    assert first["prediction"] == first["outputs"]
    assert first["confidence"] is None
    assert run("predict", "values.safetensors", "rows.npy").out.startswith("rows.npy:0  ")


def test_one_output_neuron_has_no_bars(run: Callable[..., Result], tmp_path: Path) -> None:
    pl.mlp([2, 1], output="sigmoid").save(tmp_path / "one.safetensors")
    np.save(tmp_path / "row.npy", np.zeros((1, 2), np.float32))
    result = run("predict", "one.safetensors", "row.npy")
    assert "probability 50.0%" in result.out


def test_a_network_without_scaling_takes_pictures_too(
    run: Callable[..., Result], picture: Path, tmp_path: Path
) -> None:
    pl.mlp([784, 10], output="sigmoid").save(tmp_path / "plain.safetensors")
    assert run("predict", "plain.safetensors", picture, "--json").code == 0


def test_bad_files_are_told_and_the_others_answered(
    run: Callable[..., Result], model: Path, picture: Path, blank: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.png").touch()
    files = [blank, picture, "missing.png", "empty.png", tmp_path]
    result = run("predict", model, *files, "--json")
    assert result.code == 1
    assert result.err == ""
    assert ["error" in entry for entry in result.json] == [True, False, True, True, True]
    result = run("predict", model, *files)
    assert result.code == 1
    assert f"{picture}: 7" in result.out
    lines = result.err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("pellucid: ") for line in lines)
    assert "shows no digit" in lines[0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite(
    run: Callable[..., Result], model: Path, tmp_path: Path, value: float
) -> None:
    np.save(tmp_path / "rows.npy", np.full((2, 784), value))
    result = run("predict", model, "rows.npy")
    assert result.code == 1
    assert "row 0 holds NaN or infinity" in result.err


def test_arrays_that_do_not_fit(
    run: Callable[..., Result], model: Path, table_model: Path, picture: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "short.npy", np.zeros((2, 5), np.float32))
    np.savez(tmp_path / "other.npz", y=np.zeros((2, 784)))
    np.save(tmp_path / "objects.npy", np.array([{}, None]), allow_pickle=True)
    np.save(tmp_path / "scalar.npy", np.float32(3))
    np.save(tmp_path / "none.npy", np.zeros((0, 784), np.float32))
    for name in ("short.npy", "other.npz", "objects.npy", "scalar.npy"):
        result = run("predict", model, name)
        assert result.code == 1, name
        assert len(result.err.splitlines()) == 1
    assert run("predict", model, "none.npy", "--json").json == []
    result = run("predict", table_model, picture)
    assert result.code == 1
    assert "takes rows of 4 values, not images" in result.err


class Screen:
    """A standard output that is a terminal."""

    def __init__(self, encoding: str | None = "utf-8") -> None:
        self.encoding = encoding

    def isatty(self) -> bool:
        return True


def test_colours_follow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", Screen())
    monkeypatch.setenv("TERM", "xterm")
    assert output.colours() == 256
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert output.colours() == 1 << 24
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.colours() == 0
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert output.colours() == 0


@pytest.mark.parametrize(
    ("encoding", "able"), [("utf-8", True), ("ascii", False), (None, False), ("strange", False)]
)
def test_blocks_need_an_encoding_that_has_them(
    monkeypatch: pytest.MonkeyPatch, encoding: str | None, able: bool
) -> None:
    monkeypatch.setattr("sys.stdout", Screen(encoding))
    assert output.shows_blocks() is able


def test_json_has_no_numbers_that_json_cannot_say(capfd: pytest.CaptureFixture[str]) -> None:
    output.write_json({"a": [float("nan"), (1.5, float("inf"))], "b": "한글"})
    assert capfd.readouterr().out == '{"a": [null, [1.5, null]], "b": "한글"}\n'


def test_answers_are_written_as_a_table(
    run: Callable[..., Result], table_model: Path, model: Path
) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    np.save("rows.npy", x)
    assert (
        "written: answers.csv, predictions for 3 rows"
        in run("predict", table_model, "rows.npy", "-o", "answers.csv").out
    )
    net, lines = (
        pl.load(table_model),
        list(csv.DictReader(Path("answers.csv").read_text().splitlines())),
    )
    y = net.predict(x)
    assert [line["prediction"] for line in lines] == net.labels(x)
    assert [line["row"] for line in lines] == ["0", "1", "2"]
    written = [[line[net.label(k)] for k in range(y.shape[1])] for line in lines]
    np.testing.assert_array_equal(np.array(written, np.float32), y)  # every bit of it
    before = Path("answers.csv").read_bytes()
    result = run("predict", table_model, "nowhere.npy", "-o", "answers.csv")
    assert result.code == 1
    assert "not written, since no row was predicted" in result.err
    assert Path("answers.csv").read_bytes() == before
    assert run("predict", table_model, "rows.npy", "rows.npy", "-o", "two.csv").code == 0
    assert Path("two.csv").read_text().splitlines()[4].startswith("rows.npy,0,")
    assert run("predict", table_model, "rows.npy", "-o", "answers.csv", "--json").code == 2
    assert (
        "cannot be written"
        in run("predict", table_model, "rows.npy", "-o", "nowhere/answers.csv").err
    )


def test_answers_never_replace_what_they_are_made_of(
    run: Callable[..., Result], table_model: Path
) -> None:
    np.save("rows.npy", np.zeros((2, 4), np.float32))
    before = Path("rows.npy").read_bytes()
    result = run("predict", table_model, "rows.npy", "-o", "rows.npy")
    assert result.code == 1
    assert "is read here, and would be replaced" in result.err
    assert Path("rows.npy").read_bytes() == before


def test_names_of_classes_do_not_command_the_terminal(run: Callable[..., Result]) -> None:
    names = ["\x1b[2Jlow", "mid\x9bdle", "\x1b]0;high\x07"]
    net = pl.mlp([4, 3], output="softmax")
    pl.Network(net.layers, classes=names).save("hostile.safetensors")
    np.save("rows.npy", np.eye(4, dtype=np.float32))
    for words in (
        ("predict", "hostile.safetensors", "rows.npy"),
        ("summary", "hostile.safetensors"),
    ):
        shown = run(*words).out
        assert not set("\x1b\x9b\x07") & set(shown)
        assert "?" in shown


def test_only_our_own_colours_pass(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    output.echo("\x1b[38;5;208ma\x1b[0m \x1b[2J \x1b[38;5;1;8m \x1b]0;title\x07")
    assert capfd.readouterr().out == "\x1b[38;5;208ma\x1b[0m ?[2J ?[38;5;1;8m ?]0;title?\n"


FORMULAS = [
    "=1+1",
    "+cmd|'/c calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\uff1d1",
    "a;=1+1",
    "-1.5",
]


def test_no_cell_is_a_formula(run: Callable[..., Result], tmp_path: Path) -> None:
    """Names of classes, targets and files come from strangers, spreadsheets run what begins so."""
    net = pl.Network([pl.Affine(np.eye(9)), pl.Softmax()], classes=FORMULAS)
    net.save("net.safetensors")
    np.save("=rows.npy", np.eye(9) * 9)
    files = ["=rows.npy", "=rows.npy"]
    assert run("predict", "net.safetensors", *files, "-o", "answers.csv").code == 0
    with Path("answers.csv").open(newline="") as file:
        head, *lines = csv.reader(file)
    as_text = [f"'{name}" for name in FORMULAS[:7]] + FORMULAS[7:]
    assert head == ["file", "row", "prediction", "confidence", *as_text]
    assert [line[2] for line in lines] == as_text * 2
    assert {line[0] for line in lines} == {"'=rows.npy"}
    for line in lines:
        assert sum(map(float, line[4:])) == pytest.approx(1)
    # Where commas are decimal signs, semicolons separate cells: such a text is quoted.
    assert '"a;=1+1"' in Path("answers.csv").read_text()
    # What pellucid reads again is what it wrote: numbers are numbers, texts are categories.
    report = run("data", "describe", "answers.csv", "--json").json
    kinds = {each["name"]: each["kind"] for each in report["columns"]}
    assert kinds["confidence"] == "number" and kinds["prediction"] == "category"


def test_predicted_values_stay_numbers(run: Callable[..., Result], tmp_path: Path) -> None:
    net = pl.Network([pl.Affine([[-1.5], [2.0]])])
    net.save("net.safetensors")
    np.save("rows.npy", [[1.0, 0.0], [2.0**-30, 0.0], [0.0, 1.0]])
    assert run("predict", "net.safetensors", "rows.npy", "-o", "answers.csv").code == 0
    with Path("answers.csv").open(newline="") as file:
        values = [line["prediction"] for line in csv.DictReader(file)]
    assert values == ["-1.5", str(-1.5 * 2.0**-30), "2.0"]


def test_a_number_of_several_digits_is_noted(
    run: Callable[..., Result], model: Path, tmp_path: Path
) -> None:
    digits = pl.mnist().test.images[:2]
    for count in (1, 2):
        image = np.kron(np.pad(np.hstack(list(digits[:count])), 8), np.ones((3, 3), np.uint8))
        Image.fromarray(255 - image).save(tmp_path / f"{count}.png")
    found = run("predict", model, "1.png")
    assert (found.code, found.err) == (0, "")
    found = run("predict", model, "2.png", "--json")
    assert found.code == 0 and found.err.startswith("2.png: 2 shapes side by side are read as one")
    letters = pl.Network(
        pl.load(model).layers, inputs=pl.Images((28, 28)), classes=list("abcdefghij")
    )
    letters.save(tmp_path / "letters.safetensors")
    assert run("predict", "letters.safetensors", "2.png").err == ""
