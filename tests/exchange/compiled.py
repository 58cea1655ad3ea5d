"""What `to_c` wrote, compiled by the machine's C compiler and run on rows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.core.types import Array
from tests.narrowing import present

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

_MAIN = """\
#include <stdio.h>
#include "%(file)s"
int main(void) {
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


def run(command: Sequence[Any], **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command; a failure shows its error output."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, timeout=300, **options
    )
    assert done.returncode == 0, done.stderr.decode()
    return done


def compiled(
    header: Path, flags: Sequence[str] = ("-O2",), entry: str = ""
) -> Callable[[Array], tuple[Array, Array]]:
    """Compile header and source, every warning an error; return a function of rows.

    It returns outputs and classes. `entry` is "" or "_bytes". Classes are those of `choose`, and of
    `classify`, (N, 2); (N, 0) where there are none.
    """
    declared = re.search(r"(\w+)_predict\(", header.read_text())
    assert declared
    name, outputs = (
        declared[1],
        int(
            present(
                re.search(
                    r"_OUTPUTS "
                    r"(\d+)",
                    header.read_text(),
                )
            )[1]
        ),
    )
    words = {"file": header.name, "name": name, "NAME": name.upper(), "bytes": entry}
    words |= {"kind": "uint8_t" if entry else "float"}
    classifies = f"{name}_choose(" in header.read_text()
    main = header.with_name(f"main_{name}{entry}.c")
    main.write_text(_MAIN % (words | {"classify": _CLASSIFY % words if classifies else ""}))
    program = main.with_suffix(".run")
    run([COMPILER, *STRICT, *flags, main, header.with_suffix(".c"), "-o", program, "-lm"])

    def predict(x: Array) -> tuple[Array, Array]:
        rows = np.ascontiguousarray(x, np.uint8 if entry else np.float32).reshape(len(x), -1)
        found = np.frombuffer(run([program], input=rows.tobytes()).stdout, np.float32)
        found = found.reshape(len(x), outputs + 2 * classifies)
        return found[:, :outputs], found[:, outputs:].astype(int)

    return predict


def close(y: Array, expected: Array) -> None:
    """Compare outputs with those of `predict`: 1e-5 x max(1, |y|), and NaN where those are NaN."""
    assert y.shape == expected.shape
    expected = expected.astype(np.float64)
    with np.errstate(invalid="ignore"):
        error = np.abs(y - expected) / np.maximum(1, np.abs(expected))
    assert (np.isnan(y) == np.isnan(expected)).all()
    assert np.nanmax(error, initial=0) <= 1e-5
