"""A table's raw columns as a struct of C, encoded as `data.tables.reading` does it."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Sequence
from string import Template

from pellucid.data.tables.kinds import CategoryColumn, Column, DateColumn, EmbeddedColumn, Numeric
from pellucid.data.tables.moments import PERIODS
from pellucid.exchange.c import literals
from pellucid.exchange.raw_columns import text_codes

# Words that cannot be members: of C, of C++ (many of them Python's, too), and usual macros.
_WORDS = frozenset(
    """auto bool break case catch char class const delete do double else enum errno explicit export
    extern false float for friend goto i386 if inline int linux long mutable namespace new nan
    operator private protected public register restrict return short signed sizeof static stderr
    stdin stdout struct switch template this throw true try typedef typename union unix unsigned
    using virtual void volatile while xor""".split()  # noqa: SIM905
) | {word.lower() for word in keyword.kwlist}

_ROW = """\
/* A row of the table. */
typedef struct {
${members}} ${name}_row;

/* Computes the inputs x from a row of the table. */
void ${name}_encode(const ${name}_row *row, float x[${NAME}_INPUTS]);

/* Computes the outputs y from a row of the table. */
${predict};"""

_PREDICT_ROW = (
    "void ${name}_predict_row(const ${name}_row *row, float y[${NAME}_OUTPUTS], "
    "${name}_scratch *scratch)"
)

_CLASSIFY = """

/* Returns the class for a row of the table. */
int ${name}_classify_row(const ${name}_row *row, ${name}_scratch *scratch);"""

_FIND = """\
typedef struct {
    const char *text;
    int code;
} ${name}_text;

static int ${name}_blank(char c) {
    return c == ' ' || (c >= '\\t' && c <= '\\r');
}

/* Returns the code of a text, blanks around it aside, by bisection; -1 for any other text. */
static int ${name}_find(const char *text, const ${name}_text *known, size_t high) {
    size_t length, low = 0;
    if (text == NULL) {
        text = "";
    }
    while (${name}_blank(*text)) {
        text++;
    }
    for (length = strlen(text); length > 0 && ${name}_blank(text[length - 1]); length--) {
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strncmp(text, known[middle].text, length);
        if (order == 0 && known[middle].text[length] == '\\0') {
            return known[middle].code;
        }
        if (order <= 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return -1;
}"""

_PREDICT = f"""{_PREDICT_ROW} {{
    ${{name}}_encode(row, scratch->row);
    ${{name}}_predict(scratch->row, y, scratch);
}}"""

_CLASSIFY_ROW = """\
int ${name}_classify_row(const ${name}_row *row, ${name}_scratch *scratch) {
    ${name}_encode(row, scratch->row);
    return ${name}_classify(scratch->row, scratch);
}"""


class RawRow:
    """The struct of a row of a table, and the functions that take it.

    Parameters
    ----------
    name
        The prefix of the network's names.
    columns
        The columns of the table.
    classifies
        Whether the outputs have a class.
    """

    def __init__(self, name: str, columns: Sequence[Column], classifies: bool) -> None:
        self.name, self.columns, self.classifies = name, columns, classifies
        self.members = _members([column.name for column in columns])

    def declaration(self) -> str:
        """Return the struct and the declarations of the functions."""
        lines = [
            f"    {_type(column)}{member}; /* {literals.comment(_about(column))} */\n"
            for column, member in zip(self.columns, self.members, strict=True)
        ]
        text = _ROW + (_CLASSIFY if self.classifies else "")
        return self._fill(text, members="".join(lines), predict=self._fill(_PREDICT_ROW))

    def functions(self) -> list[str]:
        """Return the functions, and the texts of categories that they look up."""
        tables = {
            place: _texts(self.name, place, column)
            for place, column in enumerate(self.columns)
            if isinstance(column, CategoryColumn)
        }
        found = [self._fill(_FIND), *tables.values()] if tables else []
        found += [self._encode(), self._fill(_PREDICT)]
        return [*found, self._fill(_CLASSIFY_ROW)] if self.classifies else found

    def example(self) -> list[str]:
        """Return the lines of C that make a row."""
        lines = [
            f"            .{member} = {_usual(column)},"
            for column, member in zip(self.columns, self.members, strict=True)
        ]
        return [f"        static const {self.name}_row row = {{", *lines, "        };"]

    def _encode(self) -> str:
        lines, start = [], 0
        for place, (column, member) in enumerate(zip(self.columns, self.members, strict=True)):
            cell = f"row->{member}"
            if isinstance(column, CategoryColumn):
                embedded = isinstance(column, EmbeddedColumn)
                lines += _put_category(self.name, place, start, cell, embedded)
            else:
                lines += _put_number(column, start, cell)
            start += column.width
        head = f"void {self.name}_encode(const {self.name}_row *row, "
        head += f"float x[{self.name.upper()}_INPUTS]) {{"
        # Of a category only one place is written below: all others must be 0.
        clear = ["for (int i = 0; i < ${NAME}_INPUTS; i++) {", "    x[i] = 0.0f;", "}"]
        body = [f"    {line}" for line in [*map(self._fill, clear), *lines]]
        return "\n".join([head, *body, "}"])

    def _fill(self, text: str, **words: str) -> str:
        return Template(text).substitute(name=self.name, NAME=self.name.upper(), **words)


def _members(names: Sequence[str]) -> list[str]:
    """Return an identifier for each column, all different."""
    found: list[str] = []
    for index, name in enumerate(names):
        # ASCII alone is portable in C: a column with a Korean name is column_0, column_1, ...
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        member = plain if plain and not plain[0].isdigit() else f"column_{plain or index}"
        member = f"{member}_" if member in _WORDS else member
        while member in found:
            member = f"{member}_{index}"
        found.append(member)
    return found


def _type(column: Column) -> str:
    return "const char *" if isinstance(column, CategoryColumn) else "double "


def _about(column: Column) -> str:
    if isinstance(column, CategoryColumn):
        return f'{column.name}: a text in UTF-8, NULL or "" where missing'
    if isinstance(column, DateColumn):
        return f"{column.name}: days since 1970-01-01, NAN where missing"
    return f"{column.name}: a number, NAN where missing"


def _usual(column: Column) -> str:
    if isinstance(column, CategoryColumn):
        return literals.string(column.categories[0]) if column.categories else "NULL"
    return repr(float(f"{column.mean:.6g}"))


def _texts(name: str, place: int, column: CategoryColumn) -> str:
    # C ends a text at a zero byte: no text of a caller can contain one.
    codes = {text: code for text, code in text_codes(column).items() if "\0" not in text}
    # Bytes sort as strncmp compares them, which the bisection in C relies on.
    ordered = sorted((text.encode("utf-8", "replace"), code) for text, code in codes.items())
    lines = [f"    {{{literals.string(text.decode())}, {code}}}," for text, code in ordered]
    head = f"static const {name}_text {name}_texts{place}[{len(lines)}] = {{"
    return "\n".join([head, *lines, "};"])


def _put_category(name: str, place: int, start: int, cell: str, embedded: bool) -> list[str]:
    texts = f"{name}_texts{place}"
    found = f"{name}_find({cell}, {texts}, sizeof {texts} / sizeof {texts}[0])"
    if embedded:  # an index; of an unseen category it is 0
        return [f"x[{start}] = (float)({found} + 1);"]
    return [
        "{",
        f"    const int code = {found};",
        "    if (code >= 0) {",
        f"        x[{start} + code] = 1.0f;",
        "    }",
        "}",
    ]


def _put_number(column: Numeric, start: int, cell: str) -> list[str]:
    """Return the lines for a number: all is computed in double, as in Python, and then rounded."""
    lines = [
        f"const int missing = {cell} != {cell};",
        # repr is the shortest decimal that C reads back as the same double.
        f"const double v = missing ? {float(column.mean)!r} : {cell};",
        f"x[{start}] = (float)(v - {float(column.offset)!r});",
    ]
    if column.missing:
        lines.append(f"x[{start + 1}] = (float)missing;")
    first = start + 1 + column.missing
    for index, cycle in enumerate(column.cycles if isinstance(column, DateColumn) else ()):
        period, turn = PERIODS[cycle], 2 * math.pi / PERIODS[cycle]
        angle = f"(v - floor(v / {period!r}) * {period!r}) * {turn!r}"
        for place, wave in enumerate(("sin", "cos")):
            number = f"missing ? 0.0 : {wave}({angle})"
            lines.append(f"x[{first + 2 * index + place}] = (float)({number});")
    return ["{", *(f"    {line}" for line in lines), "}"]
