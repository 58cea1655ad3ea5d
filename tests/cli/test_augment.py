"""`pellucid train --augment`: pictures changed while learning."""

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.cli import augment_option as option
from tests.cli.conftest import Result


def augment_of(path: Path) -> str:
    return pl.load(path / "digits.safetensors").record["augment"]


def test_names_are_those_of_distortion() -> None:
    settings = set(inspect.signature(pl.Distortion).parameters) - {"shape"}
    assert set(option.DISTORTIONS) == settings


@pytest.mark.parametrize(
    ("word", "made"),
    [
        ("none", None),
        ("shift=1", pl.Distortion(shift=1)),
        (" rotation = 10 , scale=.1", pl.Distortion(rotation=10, scale=0.1)),
        ("brightness=0.4", pl.Brightness(0.4)),
        ("noise=8,brightness=0.5", pl.Compose(pl.Brightness(0.5), pl.Distortion(noise=8))),
        (
            "shift=1,rotation=10,scale=0.1,elastic=34,smoothness=5,noise=8,brightness=0.5",
            pl.Compose(pl.Brightness(0.5), pl.Distortion(1, 10, 0.1, 34, 5, 8)),
        ),
    ],
)
def test_any_part_may_be_asked_for(
    run: Callable[..., Result],
    digits_npz: Path,
    tmp_path: Path,
    word: str,
    made: pl.Brightness | pl.Compose | pl.Distortion | None,
) -> None:
    result = run("train", "--data", digits_npz, "--epochs", 1, "--augment", word)
    assert result.code == 0, result.err
    assert augment_of(tmp_path) == (None if made is None else repr(made))


def test_augment_goes_with_the_quick_recipe_and_other_sizes(
    run: Callable[..., Result], tmp_path: Path, generator: np.random.Generator
) -> None:
    x = generator.integers(0, 256, (60, 6, 9)).astype(np.uint8)
    np.savez(tmp_path / "small.npz", x=x, t=np.arange(60) % 2)
    words = ("--data", "small.npz", "--layers", "54,4,2", "--quick", "--epochs", 1)
    assert run("train", *words, "--augment", "shift=1").code == 0
    assert augment_of(tmp_path) == repr(pl.Distortion(shift=1, shape=(6, 9)))


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("", "expected none, or name=number for any of shift, rotation, scale, elastic"),
        ("blur=1", "got 'blur=1'"),
        ("shift=1,none", "got 'none'"),
        ("shift=1,", "got ''"),
        ("shift", "shift must be a number of 0 or more, got ''"),
        ("shift=", "shift must be a number of 0 or more, got ''"),
        ("shift=one", "got 'one'"),
        ("shift=-1", "got '-1'"),
        ("noise=nan", "got 'nan'"),
        ("noise=inf", "got 'inf'"),
        ("shift=1=2", "got '1=2'"),
        ("shift=1,shift=2", "shift is given twice"),
        ("brightness=0", "brightness is the darkest, in (0, 1]; got 0"),
        ("brightness=2", "brightness is the darkest, in (0, 1]; got 2"),
        ("smoothness=4", "smoothness needs elastic"),
    ],
)
def test_wrong_words_are_wrong_use(run: Callable[..., Result], word: str, told: str) -> None:
    result = run("train", "--augment", word)
    assert result.code == 2
    assert told in " ".join(result.err.split())
    assert result.out == ""


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("scale=2", "scale must be in [0, 0.95], got 2"),
        ("elastic=34,smoothness=0", "smoothness must be in [0.1, 100], got 0"),
    ],
)
def test_numbers_out_of_range_are_wrong_use_before_learning(
    run: Callable[..., Result], digits_npz: Path, tmp_path: Path, word: str, told: str
) -> None:
    result = run("train", "--data", digits_npz, "--augment", word)
    assert result.code == 2
    assert "'--augment'" in result.err
    assert told in " ".join(result.err.split())
    assert "epoch" not in result.err
    assert not (tmp_path / "digits.safetensors").exists()


def test_rows_that_are_no_pictures_cannot_be_distorted(
    run: Callable[..., Result], table_npz: Path
) -> None:
    result = run("train", "--data", table_npz, "--epochs", 1, "--augment", "shift=1")
    assert result.code == 1
    assert "--augment changes images" in result.err
    assert run("train", "--data", table_npz, "--epochs", 1, "--augment", "none").code == 0


def test_help_names_every_part_in_both_languages(run: Callable[..., Result]) -> None:
    for language in ("en", "ko"):
        shown = run("train", "--help", "--lang", language).out
        assert "--augment" in shown
        assert all(name in shown for name in option.NAMES)
