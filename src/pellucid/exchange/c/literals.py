"""Numbers, names and texts as C writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from pellucid.core.types import Array

# Characters that a number takes in the source, with comma and blank: 13 for a float32 on average
# of trained weights, and at most five for an int8.
CHARACTERS = {"float": 13, "int8_t": 5, "int32_t": 8}
_ON_A_LINE = {"float": 8, "int8_t": 20, "int32_t": 12}
_KINDS = {"float32": "float", "int8": "int8_t", "int32": "int32_t"}


def number(value: float) -> str:
    """Write a number as a float32: the shortest decimals that are read as exactly these bits.

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
    """Return the C type of an array's numbers."""
    return _KINDS[array.dtype.name]


def _lines(row: Array, indent: str) -> Iterator[str]:
    in_float, step = kind(row) == "float", _ON_A_LINE[kind(row)]
    texts = [f"{value!s}f" if in_float else str(value) for value in row]
    for start in range(0, len(texts), step):
        yield indent + ", ".join(texts[start : start + step]) + ","


def identifier(stem: str) -> str:
    """Return a C identifier in small letters for the stem of a file's name.

    >>> identifier("My net-2"), identifier("3x"), identifier("숫자"), identifier("__a")
    ('my_net_2', 'net_3x', 'net', 'a')
    """
    name = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")
    if not name:
        return "net"
    return f"net_{name}" if name[0].isdigit() else name


def comment(text: str) -> str:
    """Return the text without what would end a comment, begin another or not be printable.

    >>> comment("a */ b")
    'a * / b'
    """
    printable = "".join(c if c.isprintable() else " " for c in text)
    # ??/ is a backslash to C99: at the end of a line it would continue the comment.
    return printable.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def string(text: str) -> str:
    """Write a text as a C string, in UTF-8 whatever encoding the compiler assumes for the file.

    >>> print(string('"a"'), string("서"))
    "\\"a\\"" "\\354\\204\\234"
    """
    return f'"{"".join(map(_escaped, text.encode("utf-8", "replace")))}"'


def _escaped(byte: int) -> str:
    # ? is escaped because ?? begins a trigraph. Octal, since \x would take in digits that follow.
    if not 32 <= byte < 127:
        return f"\\{byte:03o}"
    return f"\\{chr(byte)}" if chr(byte) in '"\\?' else chr(byte)
