import gzip
import hashlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pellucid.core.types import Array
from pellucid.data import mnist as mnist_function
from pellucid.data import read_digits, write_idx
from pellucid.errors import FileError
from pellucid.language import speaking

module = sys.modules["pellucid.data.mnist"]


def test_mnist_is_mnist() -> None:
    data = mnist_function()
    assert data.train.images.shape == (60000, 28, 28)
    assert data.test.images.shape == (10000, 28, 28)
    assert data.train.images.dtype == data.train.labels.dtype == np.uint8
    assert np.bincount(data.train.labels).tolist() == [
        5923,
        6742,
        5958,
        6131,
        5842,
        5421,
        5918,
        6265,
        5851,
        5949,
    ]
    assert np.bincount(data.test.labels).tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]
    assert (
        round(float(data.train.images.mean()) / 255, 4) == 0.1307
    )  # the mean that everybody quotes
    assert repr(data) == "Digits(60,000 train, 10,000 test, images of 28 x 28)"
    assert repr(data.test) == "Part(10,000 images of 28 x 28)"


def test_mnist_is_read_once_and_cannot_be_changed() -> None:
    assert mnist_function() is mnist_function()
    with pytest.raises(ValueError, match="read-only"):
        mnist_function().train.images[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        mnist_function().test.labels[0] = 1


def test_it_speaks_korean() -> None:
    with speaking("ko"):
        assert repr(mnist_function()) == "Digits(학습 60,000개, 테스트 10,000개, 28 x 28 이미지)"


@pytest.fixture
def tampered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(module, "MNIST_FOLDER", tmp_path)
    module.mnist.cache_clear()
    yield tmp_path
    module.mnist.cache_clear()


def test_another_file_is_not_taken_for_mnist(tampered: Path) -> None:
    for name in module._SUMS:
        write_idx(tampered / name, np.zeros((2, 2), np.uint8))
    with pytest.raises(FileError, match=r"train-images-idx3-ubyte\.gz: not MNIST's original file"):
        mnist_function()


def test_a_missing_file_is_named(tampered: Path) -> None:
    with pytest.raises(
        FileError, match=r"train-images-idx3-ubyte\.gz: cannot be read \(no such file"
    ):
        mnist_function()


def test_sums_are_those_of_the_notice() -> None:
    notice = (module.MNIST_FOLDER / "NOTICE.md").read_text(encoding="utf-8")
    for name, total in module._SUMS.items():
        assert f"{name} | {total}" in notice
    labels = gzip.decompress((module.MNIST_FOLDER / "t10k-labels-idx1-ubyte.gz").read_bytes())
    assert hashlib.sha256(labels).hexdigest() == module._SUMS["t10k-labels-idx1-ubyte.gz"]


NAMINGS = {
    "mnist": "{part}-{kind}-idx{n}-ubyte.gz",
    "dots": "{part}-{kind}.idx{n}-ubyte",
    "emnist": "emnist-letters-{part}-{kind}-idx{n}-ubyte.gz",
    "capitals": "{part}-{kind}-IDX{n}-UBYTE",
}


def write_pair(
    folder: Path, part: str, images: Array, labels: Sequence[Any], naming: str = "mnist"
) -> None:
    write_idx(folder / NAMINGS[naming].format(part=part, kind="images", n=3), images)
    write_idx(
        folder / NAMINGS[naming].format(part=part, kind="labels", n=1), np.asarray(labels, np.uint8)
    )


def some_images(n: Any, height: Any = 5, width: Any = 4) -> Any:
    return np.random.default_rng(0).integers(0, 256, (n, height, width)).astype(np.uint8)


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("test_name", ["t10k", "test"])
def test_own_digits_by_any_usual_name(tmp_path: Path, naming: str, test_name: str) -> None:
    write_pair(tmp_path, "train", some_images(3), [0, 1, 2], naming)
    write_pair(tmp_path, test_name, some_images(2), [2, 0], naming)
    (tmp_path / "readme.txt").write_text("not a part of it")
    data = read_digits(tmp_path)
    np.testing.assert_array_equal(data.train.images, some_images(3))
    assert data.train.labels.tolist() == [0, 1, 2]
    assert data.test.labels.tolist() == [2, 0]
    assert repr(data) == "Digits(3 train, 2 test, images of 5 x 4)"
    assert not data.train.images.flags.writeable


def test_the_test_part_may_be_absent(tmp_path: Path) -> None:
    write_pair(tmp_path, "train", some_images(3), [0, 1, 2])
    data = read_digits(tmp_path)
    assert data.test.images.shape == (0, 5, 4)
    assert data.test.labels.shape == (0,)


def test_absent_files_are_said_with_the_name_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=r"train-images-idx3-ubyte\.gz \(with or without \.gz\), found none"
    ):
        read_digits(tmp_path)
    write_pair(tmp_path, "train", some_images(3), [0, 1, 2])
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", np.zeros(3, np.uint8))
    with pytest.raises(FileError, match="t10k-images-idx3-ubyte"):
        read_digits(tmp_path)


def test_two_files_of_a_kind_are_an_error(tmp_path: Path) -> None:
    write_pair(tmp_path, "train", some_images(3), [0, 1, 2])
    write_pair(tmp_path, "train", some_images(3), [0, 1, 2], "emnist")
    with pytest.raises(FileError, match=r"found emnist-letters-train-images.*, train-images"):
        read_digits(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (some_images(3), [0, 1], ": 2 labels, but 3 images in"),
        (some_images(3).astype(np.float32), [0, 1, 2], "expected 3 dimensions of uint8.*float32"),
        (some_images(3)[0], [0, 1, 2], r"expected 3 dimensions of uint8, got shape \(5, 4\)"),
        (
            some_images(3),
            [[0], [1], [2]],
            r"labels.*expected 1 dimensions of uint8, got shape \(3, 1\)",
        ),
    ],
)
def test_parts_that_do_not_fit(
    tmp_path: Path, images: Array, labels: Sequence[Any], message: str
) -> None:
    write_pair(tmp_path, "train", images, labels)
    with pytest.raises(FileError, match=message):
        read_digits(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (some_images(2, 6, 4), [0, 1], "training images are 5 x 4 pixels, test images 6 x 4"),
        (some_images(2), [0, 3], "test labels go up to 3, training labels only to 2"),
    ],
)
def test_test_parts_that_do_not_fit(
    tmp_path: Path, images: Array, labels: Sequence[int], message: str
) -> None:
    write_pair(tmp_path, "train", some_images(3), [0, 1, 2])
    write_pair(tmp_path, "test", images, labels)
    with pytest.raises(FileError, match=message):
        read_digits(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match=r"it is a file\); expected a folder"):
        read_digits(tmp_path / "file")
    with pytest.raises(FileError, match="no such file or folder"):
        read_digits(tmp_path / "missing")


def test_importing_data_imports_nothing_that_waits_for_its_use() -> None:
    which = "{'PIL', 'gzip', 'hashlib', 'numpy.random'} & set(sys.modules)"
    code = f"import sys, pellucid.data; print(sorted({which}))"
    before = f"import sys, numpy; print(sorted({which}))"
    loaded, by_numpy = (
        subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=True
        ).stdout
        for text in (code, before)
    )
    assert loaded == by_numpy
