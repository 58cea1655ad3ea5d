"""`pellucid train`: what it builds, writes and reports."""

import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

import pellucid as pl
from pellucid.building import PRESETS
from pellucid.cli import outcome, train_arrays
from pellucid.cli.datasets import load_dataset
from pellucid.cli.train import TrainOptions, train
from pellucid.core import ACTIVATIONS
from pellucid.core.losses import LOSSES
from pellucid.core.optimizers import OPTIMIZERS
from pellucid.core.schedules import SCHEDULES
from pellucid.engines import ENGINES, instructions
from pellucid.training.callbacks import RunView
from pellucid.training.loop import train_rows
from tests.cli.conftest import Result, fits

KEYS = [
    "model",
    "parameters",
    "epochs",
    "seconds",
    "stopped",
    "engine",
    "train",
    "validation",
    "test",
]


def test_choices_are_the_names_of_core() -> None:
    choices = {
        param.name: param.type.choices
        for param in train.params
        if isinstance(param.type, click.Choice)
    }
    assert set(choices["activation"]) == set(choices["output"]) == set(ACTIVATIONS)
    assert set(choices["loss"]) == set(LOSSES)
    assert set(choices["optimizer"]) == set(OPTIMIZERS)
    assert set(choices["schedule"]) == set(SCHEDULES)
    assert set(choices["engine"]) == set(ENGINES)
    assert choices["preset"] == PRESETS


def test_quick_makes_the_seeds_network_in_the_documented_json(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    result = run("train", "--quick", "--epochs", 1, "--json")
    assert result.code == 0
    assert list(result.json) == KEYS
    assert result.json["model"] == "digits.safetensors"
    assert result.json["parameters"] == 13002
    assert result.json["epochs"] == 1
    assert result.json["seconds"] > 0
    assert (result.json["stopped"], result.json["engine"]) == ("finished", "native")
    assert set(result.json["train"]) == {"loss", "accuracy"}
    assert result.json["validation"] is None
    low, high = result.json["test"]["interval"]
    assert set(result.json["test"]) == {"accuracy", "interval"}
    assert 0.2 < low < result.json["test"]["accuracy"] < high < 1
    net = pl.load(tmp_path / "digits.safetensors")
    assert [type(layer).__name__ for layer in net.layers] == [
        "Flatten",
        "Scale",
        *["Affine", "Sigmoid"] * 3,
    ]
    assert net.classes == list("0123456789")
    assert net.inputs == pl.Images((28, 28))


def test_progress_goes_to_standard_error_and_result_to_standard_output(
    run: Callable[..., Result], digits_npz: Path
) -> None:
    result = run("train", "--data", digits_npz, "--epochs", 2, "-o", "net.safetensors")
    assert "epoch 2/2" in result.err
    assert "784-16-16-10" in result.err
    assert "epoch" not in result.out
    assert "written: net.safetensors" in result.out
    assert "95 % interval" in result.out


def test_hints_come_with_the_progress_and_in_the_document(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    x = np.random.default_rng(0).normal(0, 500, (300, 2))
    np.savez(tmp_path / "large.npz", x=x, t=(x[:, 0] > 0).astype(np.int64))
    words = ("--data", "large.npz", "--epochs", 2, "-o", "net.safetensors")
    assert "hint after epoch 2: the inputs are not scaled" in run("train", *words).err
    [hint, *_] = run("train", *words, "--json").json["hints"]
    assert (hint["kind"], hint["epoch"]) == ("unscaled", 2)


def test_without_options_the_recipe_is_used(run: Callable[..., Result], tmp_path: Path) -> None:
    run("train", "--epochs", 1)
    record = pl.load(tmp_path / "digits.safetensors").record
    assert record["optimizer"] == repr(pl.recipes.DIGITS.optimizer)
    assert record["schedule"] == repr(pl.recipes.DIGITS.schedule)
    assert record["augment"] == repr(pl.recipes.DIGITS.augment)
    assert record["batch_size"] == pl.recipes.DIGITS.batch_size
    assert record["loss"].startswith("BinaryCrossEntropy")


def test_each_option_changes_its_part(
    run: Callable[..., Result], digits_npz: Path, tmp_path: Path
) -> None:
    words = [
        *(
            "--layers",
            "784,12,10",
            "--activation",
            "relu",
            "--output",
            "softmax",
            "--loss",
            "cross_entropy",
        ),
        *(
            "--optimizer",
            "sgd",
            "--learning-rate",
            "0.05",
            "--schedule",
            "cosine",
            "--weight-decay",
            "0.01",
        ),
        *("--dropout", "0.1", "--label-smoothing", "0.2", "--epochs", "2", "--batch-size", "50"),
        *("--validation", "0.2", "--seed", "7", "--engine", "reference", "--threads", "1"),
    ]
    result = run("train", "--data", digits_npz, *words, "-o", "net.safetensors", "--json")
    assert result.code == 0, result.err
    assert result.json["parameters"] == 784 * 12 + 12 + 12 * 10 + 10
    assert set(result.json["validation"]) == {"loss", "accuracy"}
    net = pl.load(tmp_path / "net.safetensors")
    assert [type(layer).__name__ for layer in net.layers][2:] == [
        "Affine",
        "ReLU",
        "Dropout",
        "Affine",
        "Softmax",
    ]
    assert net.record["optimizer"] == repr(pl.SGD(0.05, weight_decay=0.01))
    assert net.record["schedule"] == repr(pl.Cosine())
    assert net.record["loss"] == repr(pl.CrossEntropy(0.2))
    assert (net.record["batch_size"], net.record["seed"], net.record["epochs"]) == (50, 7, 2)


def test_parts_of_the_recipe_stay_beside_a_single_option(
    run: Callable[..., Result], digits_npz: Path, tmp_path: Path
) -> None:
    run("train", "--data", digits_npz, "--epochs", 1, "--learning-rate", 0.001)
    usual = pl.recipes.general(pl.mlp([784, 16, 16, 10]), 300).optimizer
    assert pl.load(tmp_path / "digits.safetensors").record["optimizer"] == repr(
        type(usual)(0.001, weight_decay=usual.weight_decay)
    )


def test_same_seed_same_bytes(run: Callable[..., Result], digits_npz: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("train", "--data", digits_npz, "--epochs", 1, "--seed", 3, "-o", name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_toys_and_tables_have_their_own_widths_and_file_name(
    run: Callable[..., Result], table_npz: Path, tmp_path: Path
) -> None:
    for data in ("moons", table_npz):
        result = run("train", "--data", data, "--epochs", 1, "--json")
        assert result.json["model"] == "model.safetensors"
        net = pl.load(tmp_path / "model.safetensors")
        assert net.params[0].shape == (2, 16)
        assert net.classes == ["0", "1"]
        assert net.inputs is None
        assert (result.json["test"] is None) == (data == table_npz)


def test_a_folder_of_pictures_and_validation_from_a_path(
    run: Callable[..., Result], letters: Path, tmp_path: Path
) -> None:
    result = run("train", "--data", letters, "--validation", letters, "--epochs", 2, "--json")
    assert result.code == 0, result.err
    assert result.json["validation"]["accuracy"] is not None
    assert result.json["test"] is None
    assert pl.load(tmp_path / "digits.safetensors").classes == ["2", "7"]


def test_a_folder_of_idx_files(run: Callable[..., Result], tmp_path: Path) -> None:
    part = pl.mnist().train
    folder = tmp_path / "own"
    folder.mkdir()
    pl.write_idx(folder / "train-images-idx3-ubyte", part.images[:200])
    pl.write_idx(folder / "train-labels-idx1-ubyte", part.labels[:200])
    result = run("train", "--data", folder, "--epochs", 1)
    assert result.code == 0, result.err
    assert "written: digits.safetensors" in result.out


def test_values_are_learned_with_a_linear_output(
    run: Callable[..., Result], values_npz: Path, tmp_path: Path
) -> None:
    result = run("train", "--data", values_npz, "--epochs", 2, "--json")
    assert result.json["train"]["accuracy"] is None
    assert set(result.json["test"]) == {
        "loss",
        "r2",
        "mean_absolute_error",
        "root_mean_squared_error",
    }
    assert type(pl.load(tmp_path / "model.safetensors").layers[-1]) is pl.Affine


def test_float_images_and_as_many_outputs_as_classes(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    x = pl.mnist().train.images[:50] / np.float32(255)
    np.savez(tmp_path / "float.npz", x=x, t=pl.mnist().train.labels[:50] % 3)
    result = run("train", "--data", "float.npz", "--layers", "784-8-3", "--epochs", 1)
    assert result.code == 0, result.err
    net = pl.load(tmp_path / "digits.safetensors")
    assert [type(layer).__name__ for layer in net.layers][:2] == ["Flatten", "Affine"]
    assert net.classes == ["0", "1", "2"]
    for layers, asked in (("784-8-5", "784,8,3"), ("784,16", "784,16,3")):
        result = run("train", "--data", "float.npz", "--layers", layers, "--epochs", 1)
        assert result.code == 1
        told = f"the data have 3 classes and the last layer {layers.split(layers[3])[-1]} outputs"
        assert f"{told}: use --layers {asked}" in result.err


def test_label_smoothing_needs_a_cross_entropy(
    run: Callable[..., Result], digits_npz: Path
) -> None:
    result = run(
        "train", "--data", digits_npz, "--loss", "mean_squared_error", "--label-smoothing", 0.1
    )
    assert result.code == 1
    assert "label smoothing goes with" in result.err


def test_divergence_writes_nothing(
    run: Callable[..., Result], table_npz: Path, tmp_path: Path
) -> None:
    words = (
        "--activation",
        "relu",
        "--output",
        "identity",
        "--loss",
        "mean_squared_error",
        "--layers",
        "2,8,2",
    )
    result = run(
        "train",
        "--data",
        table_npz,
        *words,
        "--optimizer",
        "sgd",
        "--learning-rate",
        1e30,
        "--epochs",
        3,
    )
    assert result.code == 1
    assert "diverged" in result.err
    assert not (tmp_path / "model.safetensors").exists()


def test_an_impossible_output_file_is_told_before_learning(
    run: Callable[..., Result], digits_npz: Path
) -> None:
    result = run("train", "--data", digits_npz, "-o", "nowhere/net.safetensors")
    assert result.code == 1
    assert result.err.startswith("pellucid: nowhere/net.safetensors: cannot be written")
    assert len(result.err.splitlines()) == 1


def test_interrupt_keeps_the_network(
    spawn: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = spawn("train", "--epochs", 500, "-o", "net.safetensors", "--json", cwd=tmp_path)
    assert process.stderr is not None
    while "epoch 1/" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "interrupted: training ended after" in err
    assert '"test": {"accuracy"' in out
    assert '"stopped": "interrupted"' in out
    assert pl.load(tmp_path / "net.safetensors").record["stopped"] == "interrupted"


def test_the_network_is_said_to_be_kept_when_its_file_is_there(
    run: Callable[..., Result], digits_npz: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Interrupted(pl.Callback):
        def on_batch(self, run: RunView) -> None:
            run.stop("interrupted")

    def interrupt(net: pl.Network, path: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "pellucid.cli.train_arrays.train_rows",
        lambda net, x, t, settings: train_rows(
            net, x, t, replace(settings, callbacks=Interrupted())
        ),
    )
    words = ("train", "--data", digits_npz, "--batch-size", 10, "--json", "-o", "net.safetensors")
    kept = "interrupted: training ended after 0 whole epochs; the network is kept"
    result = run(*words)
    assert kept in " ".join(result.err.split())
    assert result.json["seconds"] > 0
    before = (tmp_path / "net.safetensors").read_bytes()
    monkeypatch.setattr(
        pl.Network, "save", interrupt
    )  # the second Ctrl-C comes before the file is written
    result = run(*words)
    assert (result.code, result.out) == (1, "")
    assert "the network is kept" not in " ".join(result.err.split())
    assert (tmp_path / "net.safetensors").read_bytes() == before


def test_wrong_instructions_are_told_before_anything_is_learned(
    run: Callable[..., Result], digits_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELLUCID_INSTRUCTIONS", "sse9")
    instructions._usual_module.cache_clear()
    try:
        result = run(
            "train", "--data", digits_npz, "--engine", "reference", "-o", "net.safetensors"
        )
    finally:
        instructions._usual_module.cache_clear()
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("pellucid: PELLUCID_INSTRUCTIONS must be one of")
    assert len(result.err.splitlines()) <= 2
    assert not (tmp_path / "net.safetensors").exists()


def test_a_wrong_number_of_threads_is_told_before_anything_else(
    run: Callable[..., Result], digits_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELLUCID_THREADS", "abc")
    result = run("train", "--data", digits_npz, "-o", "net.safetensors")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("pellucid: PELLUCID_THREADS")
    assert len(result.err.splitlines()) <= 2
    assert not (tmp_path / "net.safetensors").exists()


def test_quick_learns_in_a_sixth_of_the_passes(run: Callable[..., Result]) -> None:
    result = run("train", "--quick", "--json")
    assert result.json["epochs"] == 10 == pl.recipes.DIGITS.epochs / 6
    assert result.json["test"]["accuracy"] > 0.94


@pytest.mark.parametrize("word", ["0", "-1", "1.5", "many", ""])
def test_whole_numbers_are_checked(run: Callable[..., Result], word: str) -> None:
    result = run("train", "--epochs", word)
    assert result.code == 2
    assert "expected a whole number of 1 or more" in result.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--learning-rate", "-1"), "expected a number of 0 or more"),
        (("--learning-rate", "inf"), "expected a number of 0 or more"),
        (("--weight-decay", "nan"), "expected a number of 0 or more"),
        (("--dropout", "1"), "expected a number in [0, 1)"),
        (("--dropout", "2"), "expected a number in [0, 1)"),
        (("--validation", "5"), "expected a share above 0 and below 1, or data"),
        (("--output", "k.safetensors"), "for the file use -o k.safetensors"),
        (("--layers", "784"), "expected numbers of neurons"),
        (("--layers", "784,0,10"), "expected numbers of neurons"),
        (("--activation", "swish"), "'swish' is not one of"),
    ],
)
def test_options_are_checked(run: Callable[..., Result], words: tuple[str, str], told: str) -> None:
    result = run("train", *words)
    assert result.code == 2
    assert told in result.err
    assert result.out == ""
    assert "training on" not in result.err


def test_layers_that_do_not_fit_are_told_before_learning(
    run: Callable[..., Result], digits_npz: Path, values_npz: Path
) -> None:
    for data, layers, told in (
        (digits_npz, "100,10", "begins with 100 inputs"),
        (digits_npz, "784,10,7", "the last layer 7 outputs: use --layers 784,10,10"),
        (values_npz, "3,2", "1 values to predict"),
    ):
        result = run("train", "--data", data, "--epochs", 1, "--layers", layers)
        assert result.code == 1
        assert told in result.err
        assert len(result.err.splitlines()) == 1
    assert run("train", "--data", "xor", "--epochs", 1, "--layers", "2,4,1").code == 0


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ({}, True),
        ({"quick": False}, True),
        ({"learning_rate": 0.1}, True),
        ({"layers": (784, 16, 16, 10), "output": "sigmoid"}, True),
        ({"activation": "relu", "output": "softmax"}, False),
        ({"optimizer": "adam"}, False),
        ({"layers": (784, 128, 64, 10)}, False),
        ({"loss": "mean_squared_error"}, False),
        ({"dropout": 0.1}, False),
    ],
)
def test_the_digit_recipes_are_for_the_digit_network_only(given: dict[str, Any], own: bool) -> None:
    options, mnist = TrainOptions(**{"quick": True, **given}), load_dataset("mnist")
    recipe = train_arrays.choose_recipe(options, train_arrays.build(options, mnist), mnist)
    assert (recipe in (pl.recipes.DIGITS, pl.recipes.QUICK)) is own


@pytest.mark.parametrize(
    ("name", "rate"), [("adam", 0.05), ("rmsprop", 0.05), ("adagrad", 0.2), ("sgd", 5.0)]
)
def test_another_optimizer_has_a_rate_that_learns(
    run: Callable[..., Result], tmp_path: Path, name: str, rate: float
) -> None:
    result = run("train", "--data", "circles", "--quick", "--optimizer", name, "--json")
    assert result.json["test"]["accuracy"] > 0.9
    assert f"learning_rate={rate}" in pl.load(tmp_path / "model.safetensors").record["optimizer"]


def test_small_data_are_learned_quickly(run: Callable[..., Result]) -> None:
    for words in ((), ("--activation", "relu", "--output", "softmax"), ("--activation", "tanh")):
        result = run("train", "--data", "xor", "--quick", "--json", *words)
        assert result.json["test"]["accuracy"] > 0.98, words
        assert "warnings" not in result.json
        assert "warning" not in result.err


def test_a_network_that_learned_nothing_is_warned_of(
    run: Callable[..., Result], digits_npz: Path
) -> None:
    words = (
        "train",
        "--data",
        digits_npz,
        "--epochs",
        3,
        "--optimizer",
        "sgd",
        "--learning-rate",
        1e9,
    )
    result = run(*words)
    assert result.code == 0
    assert "warning: the network is no better than always predicting" in result.err
    assert "try a smaller --learning-rate (it was 1e+09)" in " ".join(result.err.split())
    assert any("is no better" in text for text in run(*words, "--json").json["warnings"])


def test_values_no_better_than_their_mean_are_warned_of(
    run: Callable[..., Result], values_npz: Path
) -> None:
    result = run("train", "--data", values_npz, "--epochs", 1, "--learning-rate", 1e-9, "--json")
    assert result.json["test"]["r2"] < 0
    assert "always predicting the mean" in result.json["warnings"][0]


def test_a_rising_loss_is_warned_of() -> None:
    history = pl.training.History("reference")
    history.records += [{"loss": 1.0}, {"loss": 2.0}]
    found = outcome.rising(history)
    assert found == ("the loss rose: 1 in the first epoch, 2 in the last", None)


def test_an_earlier_file_is_told_of_and_the_files_name(
    run: Callable[..., Result], digits_npz: Path
) -> None:
    words = ("train", "--data", digits_npz, "--epochs", 1)
    first, second = run(*words), run(*words)
    assert "replaces" not in first.err
    assert "replaces digits.safetensors (whose accuracy on training data was" in second.err
    Path("foo.txt").write_text("something else")
    third = " ".join(run(*words, "-o", "foo.txt").err.split())
    assert (
        "replaces foo.txt model files should end in .safetensors; foo.txt is written anyway"
        in third
    )
    assert pl.load("foo.txt").classes == list("0123456789")


@pytest.mark.parametrize(
    ("lang", "told"), [("en", "under 0.1 s of training"), ("ko", "학습 시간 0.1초 미만")]
)
def test_the_last_lines_fit_and_short_times_are_told(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, lang: str, told: str
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    result = run("train", "--data", "xor", "--epochs", 1, "--lang", lang)
    assert told in result.out
    assert fits(result.out, 60)


def test_a_terminal_is_told_of_the_second_interrupt(
    run: Callable[..., Result], digits_npz: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Ctrl-C" not in run("train", "--data", digits_npz, "--epochs", 1).err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    told = " ".join(run("train", "--data", digits_npz, "--epochs", 1).err.split())
    assert "until then, a second one stops at once, nothing written" in told


def test_help_tells_of_the_second_interrupt(run: Callable[..., Result]) -> None:
    assert "a second Ctrl-C stops at once" in " ".join(run("train", "--help").out.split())


def test_validation_of_other_classes_is_an_error(
    run: Callable[..., Result], digits_npz: Path, letters: Path
) -> None:
    result = run("train", "--data", letters, "--validation", digits_npz, "--epochs", 1)
    assert result.code == 1
    assert "is not among the network's classes" in result.err


def test_workers_train_the_file_of_one_process(run: Callable[..., Result], tmp_path: Path) -> None:
    common = ("train", "--data", "moons", "--epochs", 2, "-o", "a.safetensors")
    by_two = run(*common, "--workers", 2)
    assert by_two.code == 0
    assert "several workers do not pay here" in " ".join(by_two.err.split())
    written = Path("a.safetensors").read_bytes()
    assert run(*common, "--shards", 8).code == 0
    assert Path("a.safetensors").read_bytes() == written


@pytest.mark.parametrize("workers", ["0", "3:2", "1:2:3", "many"])
def test_wrong_workers_are_wrong_use(run: Callable[..., Result], workers: str) -> None:
    result = run("train", "--workers", workers)
    assert result.code == 2
    assert "expected a number of workers such as 2 or 2:8" in result.err


def test_members_are_trained_as_one_network(run: Callable[..., Result]) -> None:
    result = run(
        "train", "--data", "moons", "--members", 3, "--epochs", 2, "--hidden", "5", "--seed", 3
    )
    assert result.code == 0
    assert "network 3 x 2-5-2, 81 parameters" in result.err
    net = pl.load("model.safetensors")
    assert len(net.members) == 3
    one = ("--epochs", 2, "--hidden", "5", "--seed", 3, "-o", "one.safetensors")
    assert run("train", "--data", "moons", *one).code == 0
    assert pl.load("one.safetensors") == net.members[0]
    shared = run("train", "--data", "moons", "--members", 2, "--shards", 2)
    assert shared.code != 0
    assert "leave out shards" in shared.err
    again = run("train", "--from", "model.safetensors", "--data", "moons", "--members", 2)
    assert "leave out --members" in again.err
