"""`to_c`: check the request, and write the two files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pellucid.core import checks
from pellucid.data.inputs import Images
from pellucid.errors import InputError
from pellucid.exchange.c import literals
from pellucid.exchange.c.layer_code import convert
from pellucid.exchange.c.program import Program
from pellucid.exchange.c.quantization import Levels, calibrated
from pellucid.exchange.c.text import MARK, Code, files
from pellucid.exchange.guards import check_network, check_replaceable
from pellucid.exchange.raw_columns import check_raw
from pellucid.files.atomic import write_together
from pellucid.network import Network

LARGEST = 100_000_000  # bytes of source: compilers take minutes and gigabytes for more

# A header of one of these names would be included in place of the compiler's own.
_HEADERS = (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdarg "
    "stdbool stddef stdint stdio stdlib string tgmath time wchar wctype"
)
_RESERVED = frozenset(_HEADERS.split()) | {"", ".."}


def to_c(
    net: Network,
    path: str | os.PathLike[str],
    *,
    int8: bool = False,
    calibration: Any = None,
    raw: bool = False,
) -> tuple[Path, Path]:
    """Write a network as C99, `digits.h` and `digits.c` for the path "digits" or for either file.

    Returns the paths of header and source. The code allocates nothing, changes nothing global, and
    needs at most the mathematical functions of the standard library; the header documents its use
    and its flash and RAM. Names begin with the file's name. Networks of float64 are written in
    float32.

    Parameters
    ----------
    net
        The network; every layer must be one of pellucid's own.
    path
        The file or its stem. Files that pellucid wrote are replaced, others are not.
    int8
        Write the weights of Affine layers as whole numbers of 8 bits, a quarter of the size;
        biases, activations and all other layers stay float32.
    calibration
        For int8: typical rows, as `predict` takes them. They set the range of each of these layers'
        inputs; 10,000 at most are used.
    raw
        For a network of a table: also write a struct of its columns, `digits_row`, and the
        functions `digits_encode`, `digits_predict_row` and, for classes, `digits_classify_row`,
        which do what `net.columns.x` does. Categories are texts, NULL where missing; numbers and
        dates, as days since 1970-01-01, are of type double, NAN where missing.

    Raises InputError for a layer of your own, for numbers that are not finite or too large for
    float32, for a network of more than 100 MB of source, and for calibration that is missing or
    does not fit; FileError where the files cannot be written, and then neither is changed. A header
    and a source of different exports do not compile.

    >>> import pellucid as pl, tempfile
    >>> net = pl.mlp([2, 4, 3], activation="sigmoid", seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     header, source = to_c(net, f"{folder}/little")
    ...     "void little_predict(" in header.read_text()
    True
    """
    check_network(net)
    if raw:
        check_raw(net)
    stem = _stem(path)
    levels = calibrated(net, calibration) if int8 else []
    code = _code(net, literals.identifier(stem.name), levels, raw)
    paths = stem.with_name(f"{stem.name}.h"), stem.with_name(f"{stem.name}.c")
    for file in paths:
        check_replaceable(file, MARK)
    header, source = files(code, stem.name)
    write_together({paths[1]: source.encode(), paths[0]: header.encode()})
    return paths


def _stem(path: str | os.PathLike[str]) -> Path:
    """Return the path without an extension .h or .c."""
    if not isinstance(path, (str, os.PathLike)):
        raise InputError('expected a path, such as "digits.c", got {got}', got=repr(path))
    file = Path(os.fsdecode(path))
    stem = file.with_suffix("") if file.suffix in (".h", ".c") else file
    # Quotes, backslashes and trigraphs would end or change the name within #include "...".
    breaks_include = any(part in stem.name for part in ('"', "'", "\\", "??"))
    if breaks_include or not stem.name.isprintable() or stem.name.lower() in _RESERVED:
        template = (
            "{path}: C cannot include a header of this name: choose another, such as digits.h"
        )
        raise InputError(template, path=repr(os.fspath(path)))
    return stem


def _code(net: Network, name: str, levels: list[Levels], raw: bool) -> Code:
    D = checks.input_width(net.layers)
    if D is None:
        raise InputError("C needs a fixed number of inputs: add a layer with weights")
    checks.check_weights(net.layers)
    program = _program(net, Program(name, D, levels))
    front = None
    if _takes_bytes(net):
        from_bytes = _program(net, Program(name, D, levels, from_bytes=True))
        front = from_bytes.lines[: from_bytes.front]
    code = Code(name, net, D, program.width, program, front, raw)
    if code.characters > LARGEST:
        size, limit = code.characters // 1_000_000, LARGEST // 1_000_000
        template = (
            "{parameters:,} parameters would be about {size} MB of C, and compilers handle {limit} "
            "MB well: save a model file, or export to ONNX"
        )
        raise InputError(template, parameters=net.parameter_count, size=size, limit=limit)
    return code


def _program(net: Network, program: Program) -> Program:
    convert(net.layers, program)
    program.finish()
    return program


def _takes_bytes(net: Network) -> bool:
    """Return whether rows may be bytes: the network scales them, or takes images that it scales."""
    images = isinstance(net.inputs, Images)
    return checks.byte_factor(net.layers) is not None or (images and checks.scales(net.layers))
