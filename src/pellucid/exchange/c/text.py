"""The text of the two files: the header with its documentation, and the source."""

from __future__ import annotations

import re
from string import Template
from typing import NamedTuple
from zlib import crc32

from pellucid import __version__
from pellucid.core.layers import Sigmoid
from pellucid.exchange.c import literals
from pellucid.exchange.c.about import about, wrapped
from pellucid.exchange.c.program import Program
from pellucid.exchange.c.raw_row import RawRow
from pellucid.exchange.c.routines import FUNCTIONS
from pellucid.network import Network

MARK = "/* Made by pellucid "

_OPENING = """\
${mark}${version}: the source of ${header}, which documents it. */

#include "${file}.h"

${include}#include <stddef.h>
#include <stdint.h>
${strings}
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

/* Working memory of a pass, not initialised and reusable: one for each thread or interrupt. */
typedef struct {
${fields}} ${name}_scratch;

${functions}

#ifdef __cplusplus
}
#endif

#endif
"""

_SIZES = (
    "Flash: ${constants} bytes of constants, and the code. RAM: ${scratch} bytes, a "
    "${name}_scratch that the caller provides; the stack holds a few numbers. Nothing is "
    "allocated, nothing global is changed, ${libm}."
)

_EXAMPLE = """\
Example (cc -std=c99 -O2 main.c '${file}.c' -lm):

    #include <stdio.h>
    #include "${file}.h"

    int main(void) {
        static ${name}_scratch scratch;
${given}
        static float y[${NAME}_OUTPUTS];
        ${name}_predict${suffix}(${x}, y, &scratch);
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

_X = "const ${kind} x[${NAME}_INPUTS]"
_Y = "float y[${NAME}_OUTPUTS]"
_PREDICT = f"void ${{name}}_predict${{suffix}}({_X}, {_Y}, ${{name}}_scratch *scratch)"
_REST = "static void ${name}_rest(float *y, ${name}_scratch *scratch)"
_CHOOSE = f"int ${{name}}_choose(const {_Y})"
_CLASSIFY = f"int ${{name}}_classify${{suffix}}({_X}, ${{name}}_scratch *scratch)"

# As Network.choose: of equal outputs the first one wins.
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

# As Network.choose: exactly 0.5 is class 1.
_CHOOSE_OF_ONE = """{
    return y[0] != y[0] ? -1 : ${value} >= 0.5f;
}"""

_CLASSIFY_BODY = """{
    ${name}_predict${suffix}(x, scratch->y, scratch);
    return ${name}_choose(scratch->y);
}"""


class Code(NamedTuple):
    """A network as C, from which header and source are written.

    `byte_front` is the beginning of the program where x holds bytes instead of floats, None where
    the network takes no bytes. `raw` says whether there are functions of a table's raw columns.
    """

    name: str
    net: Network
    inputs: int
    outputs: int
    program: Program
    byte_front: list[str] | None
    raw: bool = False

    @property
    def row(self) -> RawRow | None:
        """The struct of a table's raw columns and its functions, if there are any."""
        if not self.raw:
            return None
        return RawRow(self.name, self.net.columns.columns, self.classifies)

    @property
    def classifies(self) -> bool:
        """Whether outputs have a class: not in a network that predicts values of a table."""
        return not self.net.predicts_values

    @property
    def by_sigmoid(self) -> bool:
        """Whether the class is chosen by the sigmoid of the one output, a logit."""
        logit = self.outputs == 1 and not isinstance(self.net.layers[-1], Sigmoid)
        return self.classifies and logit

    @property
    def entries(self) -> list[dict[str, str]]:
        """The suffix and the type of x of each entry point."""
        entries = [{"suffix": "", "kind": "float"}, {"suffix": "_bytes", "kind": "uint8_t"}]
        return entries[:1] if self.byte_front is None else entries

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, empty unless every class that can be chosen has one."""
        names = self.net.classes or []
        return names if len(names) >= max(self.outputs, 2) and self.classifies else []

    @property
    def scratch(self) -> list[tuple[str, str, int]]:
        """Type, name and length of each array of the working memory."""
        found = [("float", name, size) for name, size in sorted(self.program.buffers.items())]
        found += [("int32_t", "sums", self.program.sums)] if self.program.sums else []
        found += [("float", "y", self.outputs)] if self.classifies else []
        found += [("float", "row", self.inputs)] if self.raw else []
        return found or [("float", "unused", 1)]  # C has no empty struct

    @property
    def characters(self) -> int:
        """About how long the source will be: most of it are the constants."""
        arrays = self.program.arrays.values()
        return sum(array.size * literals.CHARACTERS[literals.kind(array)] for array in arrays)

    def fill(self, text: str, **words: str | int) -> str:
        """Return a template of this module with the network's name and `words` filled in."""
        return Template(text).substitute(name=self.name, NAME=self.name.upper(), **words)


def files(code: Code, stem: str) -> tuple[str, str]:
    """Return the texts of header and source, whose names are `stem` and an extension.

    Both contain a checksum of the source, so that files of two exports do not compile together.
    """
    functions = _functions(code)
    parts = [*_constants(code), *functions]
    checksum = f"{crc32(''.join(parts).encode()):08x}"
    # Functions of libm end in f with the bracket behind; ours have an underscore in front.
    names = r"\b([a-z0-9]+f|sin|cos|floor)\("
    called = sorted({name for text in functions for name in re.findall(names, text)})
    include = "#include <math.h>\n" if called else ""
    strings = "#include <string.h>\n" if any("strlen(" in text for text in functions) else ""
    words = {"version": __version__, "file": stem, "checksum": checksum, "include": include}
    words["strings"] = strings
    opening = code.fill(_OPENING, mark=MARK, header=literals.comment(f"{stem}.h"), **words)
    return _header(code, stem, checksum, called), "\n\n".join([opening, *parts]) + "\n"


def _header(code: Code, stem: str, checksum: str, called: list[str]) -> str:
    libm = "nothing is linked" + (f" but libm ({', '.join(called)})" if called else "")
    constants = f"{sum(array.nbytes for array in code.program.arrays.values()):,}"
    scratch = f"{sum(4 * size for _, _, size in code.scratch):,}"
    sizes = code.fill(_SIZES, constants=constants, scratch=scratch, libm=libm)
    show = (_SHOW_NAME if code.class_names else _SHOW_CLASS) if code.classifies else ""
    words = {"file": literals.comment(stem), "show": code.fill(show), **_given(code)}
    takes_bytes = code.byte_front is not None
    lines = about(code.net, code.inputs, code.outputs, code.program.in_int8, takes_bytes)
    lines += [*wrapped(sizes), "", *code.fill(_EXAMPLE, **words).splitlines()]
    comment = "\n".join(f" * {line}".rstrip() for line in lines)
    fields = "".join(f"    {kind} {name}[{size}];\n" for kind, name, size in code.scratch)
    texts = {"checksum": checksum, "fields": fields, "functions": "\n".join(_declared(code))}
    declarations = code.fill(_DECLARATIONS, D=code.inputs, K=code.outputs, **texts)
    return f"{MARK}{__version__}: a neural network in C99.\n *\n{comment}\n */\n{declarations}"


def _given(code: Code) -> dict[str, str]:
    """Return what an example gives the network: inputs x, or a row of a table."""
    if code.row is not None:
        given = "\n".join(map(literals.comment, code.row.example()))
        return {"given": given, "x": "&row", "suffix": "_row"}
    entry = code.entries[-1]
    given = code.fill("        static ${kind} x[${NAME}_INPUTS]; // the inputs", **entry)
    return {"given": given, "x": "x", "suffix": entry["suffix"]}


def _constants(code: Code) -> list[str]:
    found = [literals.declaration(name, array) for name, array in code.program.arrays.items()]
    if names := code.class_names:
        texts = (f"    {literals.string(name)}, /* {literals.comment(name)} */" for name in names)
        head = f"const char *const {code.name}_classes[{len(names)}] = {{"
        found.append("\n".join([head, *texts, "};"]))
    return found


def _functions(code: Code) -> list[str]:
    """Return the functions: those that layers call, the passes, and the choice of a class."""
    called = code.program.functions | ({"sigmoid"} if code.by_sigmoid else set())
    texts = [code.fill(text) for name, text in FUNCTIONS.items() if name in called]
    texts += _passes(code)
    if code.classifies:
        body = _CHOOSE_OF_MANY if code.outputs > 1 else _CHOOSE_OF_ONE
        value = f"{code.name}_sigmoid(y[0])" if code.by_sigmoid else "y[0]"
        texts.append(code.fill(f"{_CHOOSE} {body}", value=value))
        texts += [code.fill(f"{_CLASSIFY} {_CLASSIFY_BODY}", **entry) for entry in code.entries]
    return texts if code.row is None else [*texts, *code.row.functions()]


def _passes(code: Code) -> list[str]:
    """Return the passes; where x may be floats or bytes, both share the lines behind the first."""
    lines, front = code.program.lines, code.program.front
    if code.byte_front is None:
        return [_function(code, _PREDICT, lines)]
    rest = [_function(code, _REST, lines[front:])] if lines[front:] else []
    call = [f"{code.name}_rest(y, scratch);"] if rest else []
    fronts = zip((lines[:front], code.byte_front), code.entries, strict=True)
    return [*rest, *(_function(code, _PREDICT, own + call, entry) for own, entry in fronts)]


def _function(code: Code, head: str, lines: list[str], entry: dict[str, str] | None = None) -> str:
    # Without it, compilers warn of a parameter that is not used.
    unused = [] if any("scratch" in line for line in lines) else ["(void)scratch;"]
    body = "".join(f"    {line}\n" for line in [*unused, *lines])
    return f"{code.fill(head, **(entry or code.entries[0]))} {{\n{body}}}"


def _declared(code: Code) -> list[str]:
    """Return the declarations of the public functions, each with a comment."""
    predict, classify = (
        [f"{code.fill(text, **entry)};" for entry in code.entries] for text in (_PREDICT, _CLASSIFY)
    )
    lines = ["/* Computes the outputs y from the inputs x. */", *predict]
    if code.classifies:
        which = "the greatest output" if code.outputs > 1 else "1 or 0, whether it means yes"
        rounded = " int8 weights turn NaN into a number." if code.program.in_int8 else ""
        lines += [
            f"\n/* Returns the class of the outputs y: {which}; -1 if one is NaN. */",
            f"{code.fill(_CHOOSE)};",
            f"\n/* Returns the class for the inputs x.{rounded} */",
            *classify,
        ]
    if code.class_names:
        names = f"extern const char *const {code.name}_classes[{len(code.class_names)}];"
        lines.append(f"\n/* The names of the classes, in UTF-8. */\n{names}")
    return lines if code.row is None else [*lines, "", code.row.declaration()]
