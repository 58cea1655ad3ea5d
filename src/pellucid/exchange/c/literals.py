"""Numbers, names and texts as C writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from pellucid.core.types import Array

# A float32 takes 13 characters at most on the average of trained weights, an int8 five, commas and
# blanks included.
CHARACTERS = {"float": 13, "int8_t": 5, "int32_t": 8}
_ON_A_LINE = {"float": 8, "int8_t": 20, "int32_t": 12}
_KINDS = {"float32": "float", "int8": "int8_t", "int32": "int32_t"}


def number(value: float) -> str:
    """Write a number as a float32: the shortest decimals from which exactly these bits are read
    again.

    Hexadecimal digits (0x1.8p0f) are exact, too, but some compilers of small machines do not know
    them, and nobody can read them.

    >>> number(1 / 255), number(-2), number(1e-5)
    ('0.003921569f', '-2.0f', '1e-05f')
    """
    return f"{np.float32(value)!s}f"


def declaration(name: str, array: Array) -> str:
    """Write an array of float32, int8 or int32 as a constant of one or two dimensions."""
    shape = "".join(f"[{size}]" for size in array.shape)
    if array.ndim == 1:
        lines = list(_lines(array, "    "))
    else:
        lines = [line for row in array for line in ("    {", *_lines(row, "        "), "    },")]
    return "\n".join([f"static const {kind(array)} {name}{shape} = {{", *lines, "};"])


def kind(array: Array) -> str:
    """Give the type of an array's numbers in C."""
    return _KINDS[array.dtype.name]


def _lines(row: Array, indent: str) -> Iterator[str]:
    texts = (
        [f"{value!s}f" for value in row] if kind(row) == "float" else list(map(str, row.tolist()))
    )
    step = _ON_A_LINE[kind(row)]
    for start in range(0, len(texts), step):
        yield indent + ", ".join(texts[start : start + step]) + ","


def identifier(stem: str) -> str:
    """Make a name that C takes, in small letters, out of a file's.

    >>> identifier("My net-2"), identifier("3x"), identifier("숫자"), identifier("__a")
    ('my_net_2', 'net_3x', 'net', 'a')
    """
    name = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")
    if not name:
        return "net"
    return f"net_{name}" if name[0].isdigit() else name


def comment(text: str) -> str:
    """Make a text that can stand in a comment: printable, and neither the end of one nor the
    beginning of another.

    >>> comment("a */ b")
    'a * / b'
    """
    printable = "".join(c if c.isprintable() else " " for c in text)
    return (
        printable.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")
    )  # ??/ is a backslash to C99


def string(text: str) -> str:
    """Write a text as a string of C, in UTF-8 whatever the compiler takes the file for.

    >>> print(string('"a"'), string("서"))
    "\\"a\\"" "\\354\\204\\234"
    """
    plain = {ord(c) for c in map(chr, range(32, 127)) if c not in '"\\?'}  # ?? begins a trigraph
    return (
        '"'
        + "".join(chr(b) if b in plain else _escaped(b) for b in text.encode("utf-8", "replace"))
        + '"'
    )


def _escaped(byte: int) -> str:
    return f"\\{chr(byte)}" if chr(byte) in '"\\?' else f"\\{byte:03o}"
