import gzip
import hashlib
import subprocess
import sys

import numpy as np
import pytest

from pellucid.data import mnist as mnist_function
from pellucid.data import read_digits, write_idx
from pellucid.errors import FileError

module = sys.modules["pellucid.data.mnist"]


def test_mnist_is_mnist():
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


def test_mnist_is_read_once_and_cannot_be_changed():
    assert mnist_function() is mnist_function()
    with pytest.raises(ValueError, match="read-only"):
        mnist_function().train.images[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        mnist_function().test.labels[0] = 1


@pytest.fixture
def tampered(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MNIST_FOLDER", tmp_path)
    module.mnist.cache_clear()
    yield tmp_path
    module.mnist.cache_clear()


def test_another_file_is_not_taken_for_mnist(tampered):
    for name in module._SUMS:
        write_idx(tampered / name, np.zeros((2, 2), np.uint8))
    with pytest.raises(FileError, match=r"train-images-idx3-ubyte\.gz: is not the original file"):
        mnist_function()


def test_a_missing_file_is_named(tampered):
    with pytest.raises(FileError, match=r"train-images-idx3-ubyte\.gz: there is no such file"):
        mnist_function()


def test_sums_are_those_of_the_notice():
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


def write_pair(folder, part, images, labels, naming="mnist"):
    write_idx(folder / NAMINGS[naming].format(part=part, kind="images", n=3), images)
    write_idx(
        folder / NAMINGS[naming].format(part=part, kind="labels", n=1), np.asarray(labels, np.uint8)
    )


def pictures(n, height=5, width=4):
    return np.random.default_rng(0).integers(0, 256, (n, height, width)).astype(np.uint8)


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("test_name", ["t10k", "test"])
def test_own_digits_by_any_usual_name(tmp_path, naming, test_name):
    write_pair(tmp_path, "train", pictures(3), [0, 1, 2], naming)
    write_pair(tmp_path, test_name, pictures(2), [2, 0], naming)
    (tmp_path / "readme.txt").write_text("not a part of it")
    data = read_digits(tmp_path)
    np.testing.assert_array_equal(data.train.images, pictures(3))
    assert data.train.labels.tolist() == [0, 1, 2]
    assert data.test.labels.tolist() == [2, 0]
    assert repr(data) == "Digits(3 train, 2 test, images of 5 x 4)"
    assert not data.train.images.flags.writeable


def test_the_test_part_may_be_absent(tmp_path):
    write_pair(tmp_path, "train", pictures(3), [0, 1, 2])
    data = read_digits(tmp_path)
    assert data.test.images.shape == (0, 5, 4)
    assert data.test.labels.shape == (0,)


def test_absent_files_are_said_with_the_name_looked_for(tmp_path):
    with pytest.raises(
        FileError, match=r"train-images-idx3-ubyte\.gz \(with or without \.gz\), found none"
    ):
        read_digits(tmp_path)
    write_pair(tmp_path, "train", pictures(3), [0, 1, 2])
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", np.zeros(3, np.uint8))
    with pytest.raises(FileError, match="t10k-images-idx3-ubyte"):
        read_digits(tmp_path)


def test_two_files_of_a_kind_are_an_error(tmp_path):
    write_pair(tmp_path, "train", pictures(3), [0, 1, 2])
    write_pair(tmp_path, "train", pictures(3), [0, 1, 2], "emnist")
    with pytest.raises(FileError, match=r"found emnist-letters-train-images.*, train-images"):
        read_digits(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (pictures(3), [0, 1], "has 2 labels, but there are 3 images"),
        (pictures(3).astype(np.float32), [0, 1, 2], "expected 3 dimensions of uint8.*float32"),
        (pictures(3)[0], [0, 1, 2], r"expected 3 dimensions of uint8, got shape \(5, 4\)"),
        (
            pictures(3),
            [[0], [1], [2]],
            r"labels.*expected 1 dimensions of uint8, got shape \(3, 1\)",
        ),
    ],
)
def test_parts_that_do_not_fit(tmp_path, images, labels, message):
    write_pair(tmp_path, "train", images, labels)
    with pytest.raises(FileError, match=message):
        read_digits(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (pictures(2, 6, 4), [0, 1], "training pictures are 5 x 4 pixels, test pictures 6 x 4"),
        (pictures(2), [0, 3], "test labels go up to 3, training labels only to 2"),
    ],
)
def test_test_parts_that_do_not_fit(tmp_path, images, labels, message):
    write_pair(tmp_path, "train", pictures(3), [0, 1, 2])
    write_pair(tmp_path, "test", images, labels)
    with pytest.raises(FileError, match=message):
        read_digits(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match="is a file, expected a folder"):
        read_digits(tmp_path / "file")
    with pytest.raises(FileError, match="no such file or folder"):
        read_digits(tmp_path / "missing")


def test_importing_data_imports_nothing_that_waits_for_its_use():
    code = "import sys, pellucid.data; print(sorted({'PIL', 'gzip', 'hashlib', 'numpy.random'} & set(sys.modules)))"
    before = "import sys, numpy; print(sorted({'PIL', 'gzip', 'hashlib', 'numpy.random'} & set(sys.modules)))"
    loaded, by_numpy = (
        subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=True
        ).stdout
        for text in (code, before)
    )
    assert loaded == by_numpy
