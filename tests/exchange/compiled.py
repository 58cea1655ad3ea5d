"""What `to_c` wrote, compiled by the machine's C compiler and run on rows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.core.types import Array
from tests.narrowing import present
from tests.proving import PATIENCE

COMPILER = os.environ.get("CC") or shutil.which("cc") or "gcc"  # missing is a failure, never a skip
STRICT = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Werror",
    "-Wconversion",
    "-Wshadow",
    "-Wdouble-promotion",
]
STRICT += ["-Wstrict-prototypes", "-Wmissing-prototypes"]
SANITIZED = ["-O0", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

_ROWS = """\
static int %(name)s_rows(void) {
    static %(name)s_scratch scratch;
    static %(kind)s x[%(NAME)s_INPUTS];
    static float y[%(NAME)s_OUTPUTS];
    while (fread(x, sizeof x, 1, stdin) == 1) {
        %(name)s_predict%(bytes)s(x, y, &scratch);
        fwrite(y, sizeof y, 1, stdout);
    %(classify)s
    }
    return 0;
}
"""
_CLASSIFY = """\
    const float k[2] = {(float)%(name)s_choose(y), (float)%(name)s_classify%(bytes)s(x, &scratch)};
        fwrite(k, sizeof k, 1, stdout);"""
_MAIN = """\
int main(int count, char **words) {
    static int (*const networks[])(void) = {%s};
    return count == 2 ? networks[atoi(words[1])]() : 1;
}
"""

Predict = Callable[[Array], tuple[Array, Array]]
"""Return outputs of rows, and their classes: those of `choose` and of `classify`, (N, 2), or (N, 0)
where there are none."""


def run(command: Sequence[Any], **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command; a failure shows its error output."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, timeout=PATIENCE, **options
    )
    assert done.returncode == 0, done.stderr.decode()
    return done


def compiled(header: Path, flags: Sequence[str] = ("-O2",), entry: str = "") -> Predict:
    """Compile header and source, every warning an error; `entry` is "" or "_bytes"."""
    return _program([header], [header], [header.with_suffix(".c")], flags, entry)[0]


def compiled_together(headers: Sequence[Path], flags: Sequence[str] = ("-O2",)) -> list[Predict]:
    """Compile networks of different names as one file, which takes a fraction of the time."""
    return _program(headers, [header.with_suffix(".c") for header in headers], [], flags)


def _program(
    headers: Sequence[Path],
    included: Sequence[Path],
    sources: Sequence[Path],
    flags: Sequence[str],
    entry: str = "",
) -> list[Predict]:
    """Compile a program that predicts by the network whose number it is given."""
    texts = [header.read_text() for header in headers]
    names = [present(re.search(r"(\w+)_predict\(", text))[1] for text in texts]
    assert len(set(names)) == len(names)
    main = headers[0].with_name(f"main_{names[0]}{entry}.c")
    lines = [f'#include "{file}"' for file in ("stdio.h", "stdlib.h", *(i.name for i in included))]
    classes = [f"{name}_choose(" in text for name, text in zip(names, texts, strict=True)]
    for name, classifies in zip(names, classes, strict=True):
        words = {"name": name, "NAME": name.upper(), "bytes": entry}
        words |= {"kind": "uint8_t" if entry else "float"}
        lines += [_ROWS % (words | {"classify": _CLASSIFY % words if classifies else ""})]
    lines += [_MAIN % ", ".join(f"{name}_rows" for name in names)]
    main.write_text("\n".join(lines))
    program = main.with_suffix(".run")
    run([COMPILER, *STRICT, *flags, main, *sources, "-o", program, "-lm"])
    outputs = [int(present(re.search(r"_OUTPUTS (\d+)", text))[1]) for text in texts]
    kind = np.uint8 if entry else np.float32
    return [
        partial(_predict, [program, index], kind, outputs[index], 2 * classes[index])
        for index in range(len(names))
    ]


def _predict(
    command: Sequence[Any], kind: type, outputs: int, classes: int, x: Array
) -> tuple[Array, Array]:
    rows: Array = np.ascontiguousarray(x, kind).reshape(len(x), -1)
    found = np.frombuffer(run(command, input=rows.tobytes()).stdout, np.float32)
    found = found.reshape(len(x), outputs + classes)
    return found[:, :outputs], found[:, outputs:].astype(int)


def close(y: Array, expected: Array) -> None:
    """Compare outputs with those of `predict`: 1e-5 x max(1, |y|), and NaN where those are NaN."""
    assert y.shape == expected.shape
    expected = expected.astype(np.float64)
    with np.errstate(invalid="ignore"):
        error = np.abs(y - expected) / np.maximum(1, np.abs(expected))
    assert (np.isnan(y) == np.isnan(expected)).all()
    assert np.nanmax(error, initial=0) <= 1e-5


@contextmanager
def about(case: object) -> Iterator[None]:
    """Name the case in the failure of a test that walks many."""
    try:
        yield
    except AssertionError as error:
        error.add_note(f"in the case {case}")
        raise
