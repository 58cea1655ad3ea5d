"""C: the files compile without a warning and predict as `predict` does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import LAYERS
from pellucid.core.types import Array
from pellucid.exchange import to_c
from pellucid.exchange.c.layer_code import CONVERSIONS
from tests.core.witnesses import LAYERS as WITNESSES
from tests.exchange.compiled import (
    COMPILER,
    SANITIZED,
    STRICT,
    Predict,
    about,
    close,
    compiled,
    compiled_together,
    run,
)
from tests.exchange.networks import CASES, affine, drawn, network_of, networks, rows_for
from tests.narrowing import present


@pytest.fixture(scope="module")
def digits() -> tuple[pl.Network, Array]:
    """The network of the seeds, trained in a second, and the test images."""
    data = pl.mnist()
    net = pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True, seed=0)
    settings: dict[str, Any] = {"recipe": pl.recipes.QUICK, "epochs": 2}
    x, t = data.train.images, data.train.labels
    pl.train(net, x, t, loss="binary_cross_entropy", seed=0, progress=False, **settings)
    net.inputs, net.classes = pl.Images((28, 28)), list("0123456789")
    return net, data.test.images


def same_rows(net: pl.Network, predict: Predict, x: Array) -> None:
    y, classes = predict(x)
    close(y, net.predict(x))
    assert (classes == net.choose(y)[:, None]).all()


def same_together(nets: Mapping[str, pl.Network], folder: Path, N: int) -> None:
    """Compile all as one program, and compare each on N rows."""
    headers = [to_c(net, folder / name)[0] for name, net in nets.items()]
    for (name, net), predict in zip(nets.items(), compiled_together(headers), strict=True):
        with about(f"{name}: {net}"):
            same_rows(net, predict, rows_for(net, N))


def test_every_layer_has_a_conversion() -> None:
    assert set(CONVERSIONS) == set(LAYERS.values())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer(dtype: str, tmp_path: Path) -> None:
    nets = {f"{name}_{index}": network_of(name, index, dtype) for name, index in CASES}
    same_together(nets, tmp_path, 40)


def test_random_networks(tmp_path: Path) -> None:
    nets = drawn(networks(np.float32), 40)
    same_together({f"net_{index}": net for index, net in enumerate(nets)}, tmp_path, 30)


def test_no_mistake_that_sanitizers_see(tmp_path: Path, generator: np.random.Generator) -> None:
    """Every function and every kind of buffer in one network, unoptimised.

    Among the rows, far numbers and NaN.
    """
    layers = [
        WITNESSES[name].examples[index](generator) for name, index in CASES if name != "Flatten"
    ]
    between = [
        pair
        for layer in layers
        if layer.output_width(5) == 5
        for pair in (affine(generator, 5, 5), layer)
    ]
    inner = pl.Residual([affine(generator, 5, 7), pl.GELU("tanh"), affine(generator, 7, 5)])
    nested = pl.Residual([inner, pl.Softmax()])
    net = pl.Network([nested, *between, nested, affine(generator, 5, 1)]).astype("float32")
    x = np.r_[
        generator.normal(size=(20, 5)),
        np.full((1, 5), 1e30),
        np.full((1, 5), -1e30),
        np.full((1, 5), np.nan),
    ]
    header, _ = to_c(net, tmp_path / "net")
    y, _ = compiled(header, SANITIZED)(x)
    close(y[:20], net.predict(x[:20].astype("float32")))
    to_c(net, tmp_path / "net", int8=True, calibration=x[:20])
    assert np.isfinite(compiled(header, SANITIZED)(x)[0][:20]).all()


def test_mnist(digits: tuple[pl.Network, Array], tmp_path: Path) -> None:
    """10,000 rows, as numbers and as bytes: the same outputs, bit for bit."""
    net, x = digits
    header, _ = to_c(net, tmp_path / "digits.h")
    y, classes = compiled(header)(x)
    close(y, net.predict(x))
    assert (classes == net.classify(x)[:, None]).mean() > 0.9999
    from_bytes, _ = compiled(header, entry="_bytes")(x)
    assert from_bytes.tobytes() == y.tobytes()


@pytest.mark.parametrize("end", ["sigmoid", "identity"])
def test_one_output_says_yes_or_no(
    end: str, tmp_path: Path, generator: np.random.Generator
) -> None:
    net = pl.mlp([4, 3, 1], activation="tanh", output=end, seed=1)
    x = generator.normal(size=(200, 4)).astype("float32")
    same_rows(net, compiled(to_c(net, tmp_path / "net")[0]), x)
    assert set(net.classify(x)) == {0, 1}


def test_nan_has_no_class(tmp_path: Path) -> None:
    activations = ("relu", "leaky_relu", "sigmoid", "gelu", "softplus")
    nets = [pl.mlp([3, 4, 2], activation=name, output="softmax", seed=0) for name in activations]
    headers = [to_c(net, tmp_path / name)[0] for net, name in zip(nets, activations, strict=True)]
    for name, predict in zip(activations, compiled_together(headers), strict=True):
        with about(name):
            y, classes = predict(np.array([[np.nan, 0, 0], [1, 2, 3]], np.float32))
            assert np.isnan(y[0]).all() and not np.isnan(y[1]).any()
            assert (classes[0] == -1).all() and (classes[1] >= 0).all()


def test_numbers_far_out_do_not_overflow(tmp_path: Path) -> None:
    """Where exp is 0 or infinite: softmax shifts, the others take the side that is safe."""
    x = np.array([[1000, -1000, 999], [-1000, -1000, -1001], [88, -104, 1e30]], np.float32)
    ends = [pl.Softmax(), pl.Sigmoid(), pl.SiLU(), pl.Softplus(), pl.Tanh(), pl.GELU()]
    nets = [pl.Network([pl.Affine(np.eye(3)), end]) for end in [*ends, pl.SmoothClip(0.7)]]
    headers = [to_c(net, tmp_path / f"far_{index}")[0] for index, net in enumerate(nets)]
    for net, predict in zip(nets, compiled_together(headers), strict=True):
        with about(net):
            y, _ = predict(x)
            assert np.isfinite(y).all()
            close(y, net.predict(x))


def test_numbers_are_exact(tmp_path: Path, generator: np.random.Generator) -> None:
    """The text of a number becomes the very same bits.

    Powers of ten, the least and the greatest, and any others.
    """
    awkward = [
        0.1,
        -0.0,
        1e-45,
        1.1754942e-38,
        3.4028235e38,
        16777217,
        1 / 3,
        *10.0 ** np.arange(-44, 39),
    ]
    bits = generator.integers(0, 2**32, 2000, dtype=np.uint32).view(np.float32)
    numbers = np.array([*awkward, *bits[np.isfinite(bits)]], np.float32)
    header, _ = to_c(pl.Network([pl.Affine(numbers[None])]), tmp_path / "exact")
    y, _ = compiled(header)(np.ones((1, 1)))
    assert (y == numbers).all()


# What the header says


def test_the_example_compiles_runs_and_names_the_class(
    digits: tuple[pl.Network, Array], tmp_path: Path
) -> None:
    net, _ = digits
    header, source = to_c(net, tmp_path / "digits")
    printed = example(header, source)
    y = net.predict(np.zeros((1, 784), np.uint8))
    assert printed[10] == f"class {net.label(net.choose(y)[0])}"
    assert np.allclose([float(line) for line in printed[:10]], y[0], rtol=1e-5)


def test_other_examples(tmp_path: Path) -> None:
    """Without names of classes, and for values that have no class."""
    header, source = to_c(pl.mlp([2, 4, 3], seed=0), tmp_path / "my little-net.c")
    assert example(header, source)[-1].startswith("class ")
    assert "my_little_net_predict(" in header.read_text()
    net, _ = table_network("price")
    header, source = to_c(net, tmp_path / "price")
    assert len(example(header, source)) == 1
    assert "price_choose" not in header.read_text() + source.read_text()


def example(header: Path, source: Path) -> list[str]:
    """Compile the example of the header's comment with the command given there, and run it."""
    lines = [line[3:] for line in header.read_text().splitlines()]
    start = next(index for index, line in enumerate(lines) if line.startswith("Example (cc"))
    code = [line[4:] for line in lines[start + 2 : lines.index("    }", start) + 1]]
    header.with_name("main.c").write_text("\n".join(code) + "\n")
    command = present(re.search(r"\(cc (.*)\):", lines[start]))[1]
    run(["sh", "-c", f"{COMPILER} -Wall -Wextra -Werror {command} -o example"], cwd=header.parent)
    return run([header.parent / "example"]).stdout.decode().splitlines()


def table_network(target: str) -> tuple[pl.Network, dict[str, list[Any]]]:
    cells: dict[str, list[Any]] = {
        "age": [31, 54, None, 18, 40],
        "year": [1990, 1991, 1992, 1993, 1994],
        "city": list("ABABA"),
    }
    table = cells | {"price": [1.5, 2.5, 3.0, 1.0, 2.0], "sold": ["y*/", "n", "y*/", "n", "n"]}
    net = pl.table_mlp(
        pl.Columns.of(table, target=target, ignore=[{"price": "sold", "sold": "price"}[target]]),
        seed=0,
    )
    return net, table


def test_a_table(tmp_path: Path) -> None:
    net, table = table_network("sold")
    header, _ = to_c(net, tmp_path / "sold")
    x = net.columns.x(table)
    y, classes = compiled(header)(x)
    close(y, net.predict(table))
    assert (classes[:, 0] == net.classify(table)).all()
    text = header.read_text()
    assert "x[0]  age; 35.75 where it is missing" in text
    assert "x[1]  whether age is missing" in text
    assert "whether city is A" in text
    assert "the classes of sold are n, y* /" in text


@pytest.mark.parametrize("int8", [False, True])
def test_sizes_are_true(digits: tuple[pl.Network, Array], tmp_path: Path, int8: bool) -> None:
    """Flash is the constants' bytes, RAM is sizeof scratch, and there is no other memory."""
    net, x = digits
    net = net.copy()
    net.classes = None  # their texts are not counted
    header, source = to_c(net, tmp_path / "digits", int8=int8, calibration=x[:500])
    said = re.search(r"Flash: ([\d,]+) bytes .* RAM: ([\d,]+) bytes", header.read_text())
    flash, ram = (int(number.replace(",", "")) for number in present(said).groups())
    object_file = tmp_path / "digits.o"
    run([COMPILER, *STRICT, "-Os", "-fno-pic", "-fno-pie", "-c", source, "-o", object_file])
    sizes = dict(
        re.findall(r"^(\.\S+)\s+(\d+)", run(["size", "-A", object_file]).stdout.decode(), re.M)
    )
    assert abs(int(sizes[".rodata"]) - flash) < 128  # a few constants may be in the code
    assert int(sizes[".data"]) + int(sizes[".bss"]) == 0
    needs = {
        line.split()[-1] for line in run(["nm", "-u", object_file]).stdout.decode().splitlines()
    }
    assert needs <= {"expf", "memset", "memcpy", "memmove"}
    check = (
        f'#include "{header.name}"\ntypedef char same[sizeof(digits_scratch) == {ram} ? 1 : -1];\n'
    )
    (tmp_path / "check.c").write_text(check)
    run([COMPILER, "-std=c99", "-c", tmp_path / "check.c", "-o", tmp_path / "check.o"])
    assert flash == (13_296 if int8 else 4 * 13_002)


def test_float64_is_said(tmp_path: Path) -> None:
    assert (
        "float64" in to_c(pl.mlp([2, 2], seed=0).astype("float64"), tmp_path / "a")[0].read_text()
    )
    assert "float64" not in to_c(pl.mlp([2, 2], seed=0), tmp_path / "a")[0].read_text()


def test_any_name_compiles(tmp_path: Path) -> None:
    """Names of classes and files that would end a comment, a string or an identifier."""
    names = ['"', "\\", "*/", "/*", "??/", "고양이", "a\nb", "%s", "\u202e", ""]
    net = pl.mlp([2, 4, 10], seed=0)
    net.classes = names
    for stem in ("3 %s", "int", "$name", "고양이", "*", "__a__"):
        _, source = to_c(net, tmp_path / stem)
        run([COMPILER, *STRICT, "-c", source, "-o", tmp_path / "any.o"])
    program = '#include <stdio.h>\n#include "int.h"\nint main(void) { for (int k = 0; k < 10; k++) '
    program += (
        "fwrite(int_classes[k], 1, __builtin_strlen(int_classes[k]) + 1, stdout); return 0; }\n"
    )
    (tmp_path / "show.c").write_text(program)
    run([COMPILER, tmp_path / "show.c", tmp_path / "int.c", "-lm", "-o", tmp_path / "show"])
    assert run([tmp_path / "show"]).stdout.decode().split("\0")[:-1] == names


def test_two_networks_together_and_from_cpp(
    digits: tuple[pl.Network, Array], tmp_path: Path
) -> None:
    """No names collide, even in one file; C++ accepts the headers."""
    to_c(digits[0], tmp_path / "one")
    to_c(pl.mlp([3, 4, 2], activation="sigmoid", output="softmax", seed=0), tmp_path / "two")
    (tmp_path / "both.c").write_text('#include "one.c"\n#include "two.c"\n')
    run([COMPILER, *STRICT, "-c", tmp_path / "both.c", "-o", tmp_path / "both.o"])
    main = '#include "one.h"\n#include "two.h"\n'
    main += "int main() { static two_scratch s; float x[3] = {0, 0, 0}, y[2];\n"
    (tmp_path / "main.cpp").write_text(
        main + "two_predict(x, y, &s); return y[0] + y[1] < 0.999f; }\n"
    )
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    run(
        [
            COMPILER,
            *flags,
            tmp_path / "main.cpp",
            tmp_path / "both.o",
            "-lm",
            "-o",
            tmp_path / "main",
        ]
    )
    run([tmp_path / "main"])
