"""The text of the two files: the header, which says all there is to know, and the source."""

from __future__ import annotations

import re
from string import Template
from typing import NamedTuple
from zlib import crc32

from pellucid import __version__
from pellucid.core.layers import Sigmoid
from pellucid.exchange.c import literals
from pellucid.exchange.c.about import about, wrapped
from pellucid.exchange.c.functions import FUNCTIONS
from pellucid.exchange.c.program import Program
from pellucid.network import Network

MARK = "/* Made by pellucid "

_OPENING = """\
${mark}${version}: the source of ${header}, which says what it is. */

#include "${file}.h"

${include}#include <stddef.h>
#include <stdint.h>

#if ${NAME}_EXPORT != 0x${checksum}
#error "header and source are not of one export"
#endif"""

_DECLARATIONS = """\
#ifndef ${NAME}_H
#define ${NAME}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ${NAME}_EXPORT 0x${checksum} /* the same in the source */
#define ${NAME}_INPUTS ${D}
#define ${NAME}_OUTPUTS ${K}

/* What a pass works in. It needs no beginning and keeps nothing: one for each thread or interrupt. */
typedef struct {
${fields}} ${name}_scratch;

${functions}

#ifdef __cplusplus
}
#endif

#endif
"""

_SIZES = """\
Flash: ${constants} bytes of constants, and the code. RAM: ${scratch} bytes, a ${name}_scratch that the caller lends; \
the stack holds a few numbers. Nothing is allocated, nothing global is changed, ${libm}."""

_EXAMPLE = """\
Example (cc -std=c99 -O2 main.c '${file}.c' -lm):

    #include <stdio.h>
    #include "${file}.h"

    int main(void) {
        static ${name}_scratch scratch;
        static ${kind} x[${NAME}_INPUTS]; // the numbers to ask about
        static float y[${NAME}_OUTPUTS];
        ${name}_predict${ending}(x, y, &scratch);
        for (int k = 0; k < ${NAME}_OUTPUTS; k++) {
            printf("%g\\n", (double)y[k]);
        }${show}
        return 0;
    }"""

_SHOW_CLASS = """
        printf("class %d\\n", ${name}_choose(y));"""

_SHOW_NAME = """
        int k = ${name}_choose(y);
        printf("class %s\\n", k < 0 ? "?" : ${name}_classes[k]);"""

_PREDICT = "void ${name}_predict${ending}(const ${kind} x[${NAME}_INPUTS], float y[${NAME}_OUTPUTS], ${name}_scratch *scratch)"

_REST = "static void ${name}_rest(float *y, ${name}_scratch *scratch)"

_CHOOSE = "int ${name}_choose(const float y[${NAME}_OUTPUTS])"

_CHOOSE_OF_MANY = """{
    int best = 0;
    for (int k = 0; k < ${NAME}_OUTPUTS; k++) {
        if (y[k] != y[k]) {
            return -1;
        }
        best = y[k] > y[best] ? k : best;
    }
    return best;
}"""

_CHOOSE_OF_ONE = """{
    return y[0] != y[0] ? -1 : ${value} >= 0.5f;
}"""

_CLASSIFY = (
    "int ${name}_classify${ending}(const ${kind} x[${NAME}_INPUTS], ${name}_scratch *scratch)"
)

_CLASSIFY_BODY = """{
    ${name}_predict${ending}(x, scratch->y, scratch);
    return ${name}_choose(scratch->y);
}"""


class Code(NamedTuple):
    """A network as C: what header and source are written from.

    `byte_front` is what the program begins with where x holds bytes instead of floats, or None
    where bytes do not come.
    """

    name: str
    net: Network
    inputs: int
    outputs: int
    program: Program
    byte_front: list[str] | None

    @property
    def classifies(self) -> bool:
        """Whether answers have a class.

        Those of networks that learned values from a table have none.
        """
        target = (self.net.inputs or {}).get("target") or {}
        return target.get("kind") != "values"

    @property
    def entries(self) -> list[tuple[str, str]]:
        """What the entries' names end in, and the type of x."""
        return [("", "float"), *([] if self.byte_front is None else [("_bytes", "uint8_t")])]

    @property
    def class_names(self) -> list[str]:
        """The classes' names, if there is one for every class that can be chosen."""
        names = self.net.classes or []
        return names if len(names) >= max(self.outputs, 2) and self.classifies else []

    @property
    def scratch(self) -> list[tuple[str, str, int]]:
        """Type, name and length of each array that a pass works in."""
        program = self.program
        found = [("float", name, size) for name, size in sorted(program.buffers.items())]
        found += [("int32_t", "sums", program.sums)] if program.sums else []
        found += [("float", "y", self.outputs)] if self.classifies else []
        return found or [("float", "unused", 1)]

    @property
    def constants(self) -> int:
        """How many bytes the constants take."""
        return sum(array.nbytes for array in self.program.arrays.values())

    @property
    def characters(self) -> int:
        """How long the source will be, about: the constants are most of it."""
        return sum(
            array.size * literals.CHARACTERS[literals.kind(array)]
            for array in self.program.arrays.values()
        )


def files(code: Code, stem: str) -> tuple[str, str]:
    """Write the texts of header and source, whose files' names are `stem` and an ending.

    Both bear a checksum of the source, so that a header and a source of two exports do not compile.
    """
    functions = _functions(code)
    parts = [*_constants(code), *functions]
    checksum = f"{crc32(''.join(parts).encode()):08x}"
    called = _mathematics(functions)
    return _header(code, stem, checksum, called), _source(code, stem, checksum, called, parts)


def _header(code: Code, stem: str, checksum: str, mathematics: list[str]) -> str:
    sizes = _filled(
        code,
        _SIZES,
        constants=f"{code.constants:,}",
        scratch=f"{sum(4 * size for _, _, size in code.scratch):,}",
        libm=f"nothing is linked but libm ({', '.join(mathematics)})"
        if mathematics
        else "nothing is linked",
    )
    show = (_SHOW_NAME if code.class_names else _SHOW_CLASS) if code.classifies else ""
    ending, kind = code.entries[-1]
    words = {
        "file": literals.comment(stem),
        "ending": ending,
        "kind": kind,
        "show": _filled(code, show),
    }
    lines = about(
        code.net, code.inputs, code.outputs, code.program.in_int8, code.byte_front is not None
    )
    lines += [*wrapped(sizes), "", *_filled(code, _EXAMPLE, **words).splitlines()]
    comment = [
        f"{MARK}{__version__}: a neural network in C99.",
        " *",
        *(f" * {line}".rstrip() for line in lines),
        " */",
    ]
    declarations = _filled(
        code,
        _DECLARATIONS,
        checksum=checksum,
        D=code.inputs,
        K=code.outputs,
        fields="".join(f"    {kind} {name}[{size}];\n" for kind, name, size in code.scratch),
        functions="\n".join(_declared(code)),
    )
    return "\n".join(comment) + "\n" + declarations


def _source(code: Code, stem: str, checksum: str, mathematics: list[str], parts: list[str]) -> str:
    opening = _filled(
        code,
        _OPENING,
        mark=MARK,
        version=__version__,
        header=literals.comment(f"{stem}.h"),
        include="#include <math.h>\n" if mathematics else "",
        file=stem,
        checksum=checksum,
    )
    return "\n\n".join([opening, *parts]) + "\n"


def _constants(code: Code) -> list[str]:
    arrays = [literals.declaration(name, array) for name, array in code.program.arrays.items()]
    if not code.class_names:
        return arrays
    names = "".join(
        f"    {literals.string(name)}, /* {literals.comment(name)} */\n"
        for name in code.class_names
    )
    return [
        *arrays,
        f"const char *const {code.name}_classes[{len(code.class_names)}] = {{\n{names}}};",
    ]


def _functions(code: Code) -> list[str]:
    """Write the functions: those that layers call, the passes, and the choice of a class."""
    by_sigmoid = (
        code.classifies and code.outputs == 1 and not isinstance(code.net.layers[-1], Sigmoid)
    )
    called = code.program.functions | ({"sigmoid"} if by_sigmoid else set())
    texts = [_filled(code, text) for name, text in FUNCTIONS.items() if name in called]
    texts += _passes(code)
    if code.classifies:
        body = _CHOOSE_OF_MANY if code.outputs > 1 else _CHOOSE_OF_ONE
        value = f"{code.name}_sigmoid(y[0])" if by_sigmoid else "y[0]"
        texts.append(_filled(code, f"{_CHOOSE} {body}", value=value))
        classify = f"{_CLASSIFY} {_CLASSIFY_BODY}"
        texts += [
            _filled(code, classify, ending=ending, kind=kind) for ending, kind in code.entries
        ]
    return texts


def _passes(code: Code) -> list[str]:
    """Write the passes.

    Where x may also be bytes, what comes after its first layer stands by itself.
    """
    lines, front = code.program.lines, code.program.front
    if code.byte_front is None:
        return [_function(code, _PREDICT, lines)]
    rest = [_function(code, _REST, lines[front:])] if lines[front:] else []
    call = [f"{code.name}_rest(y, scratch);"] if rest else []
    return [
        *rest,
        _function(code, _PREDICT, lines[:front] + call),
        _function(code, _PREDICT, code.byte_front + call, 1),
    ]


def _function(code: Code, head: str, lines: list[str], entry: int = 0) -> str:
    ending, kind = code.entries[entry]
    unused = [] if any("scratch" in line for line in lines) else ["(void)scratch;"]
    body = "".join(f"    {line}\n" for line in [*unused, *lines])
    return f"{_filled(code, head, ending=ending, kind=kind)} {{\n{body}}}"


def _declared(code: Code) -> list[str]:
    """Write the declarations of what can be called, each with what it does."""

    def of_entries(text: str) -> list[str]:
        return [
            f"{_filled(code, text, ending=ending, kind=kind)};" for ending, kind in code.entries
        ]

    lines = ["/* From the numbers x, the answers y. */", *of_entries(_PREDICT)]
    if code.classifies:
        in_int8 = bool(code.program.in_int8)
        rounded = (
            " With int8 weights a NaN there becomes a number, and has a class." if in_int8 else ""
        )
        which = (
            "the greatest of the answers"
            if code.outputs > 1
            else "1 or 0, whether the one answer says yes"
        )
        lines += ["", f"/* The class of answers y: {which}; -1 where NaN is among them. */"]
        lines += [
            f"{_filled(code, _CHOOSE)};",
            "",
            f"/* The same from the numbers x.{rounded} */",
            *of_entries(_CLASSIFY),
        ]
    if code.class_names:
        lines += ["", "/* The classes' names, in UTF-8. */"]
        lines += [f"extern const char *const {code.name}_classes[{len(code.class_names)}];"]
    return lines


def _mathematics(functions: list[str]) -> list[str]:
    """Name the functions of the mathematical library that are called.

    They end in f, and ours hold a line below.
    """
    return sorted({name for text in functions for name in re.findall(r"\b([a-z0-9]+f)\(", text)})


def _filled(code: Code, text: str, **words: object) -> str:
    return Template(text).substitute(name=code.name, NAME=code.name.upper(), **words)
