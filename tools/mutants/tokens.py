"""Changes of JavaScript and C++, found by their tokens.

Their formatters set spaces on both sides of an operator with two operands and of no other `<`,
`-` or `*`, which tells a comparison from a template and a difference from a sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

from tools.mutants.change import Change, negated

PAIRS = ("< <=", "> >=", "== !=", "=== !==", "+ -", "* /", "&& ||", "+= -=", "*= /=")
SWAPPED = {one: other for pair in PAIRS for one, other in permutations(pair.split())}
TRUTHS = {"true": "false", "false": "true"}
NOTHING = {"js": "undefined", "cpp": "{}"}
OPENING, CLOSING = "([{", ")]}"
# What may come second in a statement that does something and declares nothing.
DOING = {"(", ".", "->", "[", "=", "+=", "-=", "*=", "/=", "++", "--", "|=", "&=", "^="}
KEYWORDS = {
    *("return", "if", "for", "while", "switch", "case", "do", "else", "function", "catch"),
    *("using", "template", "typename", "static_assert", "sizeof", "operator", "decltype"),
    *("const", "let", "var", "class", "import", "export", "new", "typeof"),
}

TOKEN = re.compile(
    r"""
      (?P<comment> //[^\n]* | /\*.*?\*/ )
    | (?P<string> "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
    | (?P<number> 0[xX][\da-fA-F']+\w* | (?:\d[\d'_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\w* )
    | (?P<name> [A-Za-z_$\#][\w$]* )
    | (?P<operator> >>>= | \.\.\. | [=!]== | <=> | <<= | >>= | \*\*= | \?\?= | &&= | \|\|= | \*\*
        | -> | \+\+ | -- | [-+*/%&|^<>=!]= | && | \|\| | \?\? | \?\. | => | :: | << | >> | \S )
    """,
    re.VERBOSE | re.DOTALL,
)
DIRECTIVE = re.compile(r"[ \t]*#(?:[^\n\\]|\\.)*", re.DOTALL)
EXPRESSION = re.compile(r"/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/\w*")


class Token(NamedTuple):
    """A token of a program: its place, its text, and the group of TOKEN that found it."""

    start: int
    text: str
    kind: str

    @property
    def end(self) -> int:
        """Return the place behind the token."""
        return self.start + len(self.text)


def tokens(text: str, language: str) -> list[Token]:
    """Return a program's tokens without comments and directives; language is "js" or "cpp"."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        token = _next(text, place, language, found[-1] if found else None)
        place = token.end
        if token.kind != "comment":
            found.append(token)
    return found


def _next(text: str, place: int, language: str, last: Token | None) -> Token:
    line = text.rfind("\n", 0, place) + 1
    if language == "cpp" and (directive := DIRECTIVE.match(text, line)) and text[place] == "#":
        return Token(place, text[place : directive.end()], "comment")
    if language == "js" and text[place] == "`":
        return Token(place, text[place : _template_end(text, place + 1)], "string")
    # After a value a slash divides; after anything else it begins a regular expression.
    value = last is not None and (
        last.text in (")", "]", "}")
        or (last.kind != "operator" and last.text not in ("return", "typeof", "case"))
    )
    if language == "js" and not value and (expression := EXPRESSION.match(text, place)):
        return Token(place, expression.group(), "string")
    found = TOKEN.match(text, place)
    assert found is not None and found.lastgroup is not None
    return Token(place, found.group(), found.lastgroup)


def _template_end(text: str, place: int) -> int:
    """Return the place behind a JavaScript template that begins before `place`."""
    while text[place] != "`":
        if text.startswith("${", place):
            depth, place = 1, place + 2
            while depth:
                if text[place] == "`":
                    place = _template_end(text, place + 1)
                    continue
                depth += (text[place] == "{") - (text[place] == "}")
                place += 1
        else:
            place += 2 if text[place] == "\\" else 1
    return place + 1


def changes(text: str, language: str) -> list[Change]:
    """Return every change of a program's text, in its order."""
    found = tokens(text, language)
    closed = _closed(found)
    return sorted(
        [
            *_of_single_tokens(text, found),
            *_of_conditions(text, found, closed),
            *_of_statements(text, found, language),
        ]
    )


def _of_single_tokens(text: str, found: list[Token]) -> Iterator[Change]:
    for token in found:
        around = text[token.start - 1 : token.start] + text[token.end : token.end + 1]
        if token.text in SWAPPED and len(around) == 2 and around.isspace():
            kind = "comparison" if token.text[0] in "<>=!" else "arithmetic"
            kind = "and, or" if token.text in ("&&", "||") else kind
            yield Change(token.start, token.end, SWAPPED[token.text], kind)
        elif token.text in TRUTHS:
            yield Change(token.start, token.end, TRUTHS[token.text], "constant")
        elif token.kind == "number" and (after := _another_number(token.text)):
            yield Change(token.start, token.end, after, "constant")


def _another_number(text: str) -> str | None:
    if whole := re.fullmatch(r"(\d+)([uUlLnz]*)", text):
        return f"{int(whole[1]) + 1}{whole[2]}"
    if fraction := re.fullmatch(r"(\d*\.\d*)([fFlL]?)", text):
        return f"{2 * float(fraction[1]) or 1.0}{fraction[2]}"
    return None


def _closed(found: list[Token]) -> dict[int, int]:
    """Return, for the index of each opening bracket, that of the one that closes it."""
    closed, open_ = {}, []
    for index, token in enumerate(found):
        if token.kind == "operator" and token.text in OPENING:
            open_.append(index)
        elif token.kind == "operator" and token.text in CLOSING and open_:
            closed[open_.pop()] = index
    return closed


def _of_conditions(text: str, found: list[Token], closed: dict[int, int]) -> Iterator[Change]:
    for index, token in enumerate(found[:-2]):
        if token.kind == "name" and token.text in ("if", "while"):
            first = index + 1 + (found[index + 1].text == "constexpr")
            if first in closed:
                start, end = found[first].end, found[closed[first]].start
                if ";" not in text[start:end]:
                    yield negated(start, end, text, "!(", ")")


def _of_statements(text: str, found: list[Token], language: str) -> Iterator[Change]:
    for index, token in enumerate(found[1:-1], 1):
        end = _statement_end(found, index)
        if token.kind != "name" or end is None:
            continue
        if token.text == "return" and found[index + 1].text != ";":
            yield Change(found[index + 1].start, end - 1, NOTHING[language], "return value")
        elif (
            token.text not in KEYWORDS
            and found[index - 1].text in (";", "{", "}")
            and found[index + 1].text in DOING
        ):
            yield Change(token.start, end, ";", "statement dropped")


def _statement_end(found: list[Token], index: int) -> int | None:
    """Return the place behind the semicolon of the statement that begins here, if it has one."""
    depth = 0
    for place in range(index, len(found)):
        token = found[place]
        if token.kind != "operator":
            continue
        if token.text in OPENING:
            if token.text == "{" and not depth and found[place - 1].text == ")":
                return None  # the body of a function
            depth += 1
        elif token.text in CLOSING:
            depth -= 1
            if depth < 0:
                return None
        elif token.text == ";" and not depth:
            return token.end
    return None
