"""What holds the languages together: the same pages with the same parts, in the same order.

Code is equal but for its comments, for what it prints besides values, and for texts that are Korean
in the Korean page; printed output may be in the page's language. Both pages run, the Korean ones in
`make integration` (tests/docs/test_snippets.py).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from tools.docs.pages import Page, Part

HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
PRINTED = ("text", "console", "json")
"""Languages of blocks that hold output."""

_COMMENTS = {
    "sh": r"(?:^|\s)#[^\n]*",
    "toml": r"(?:^|\s)#[^\n]*",
    "yaml": r"(?:^|\s)#[^\n]*",
    "c": r"//[^\n]*|/\*.*?\*/",
    "javascript": r"//[^\n]*|/\*.*?\*/",
    "html": r"<!--.*?-->",
}


def disagreements(one: Mapping[str, Page], other: Mapping[str, Page]) -> Iterator[str]:
    """Yield what differs between the pages of two languages, with its place."""
    for path in sorted(one.keys() ^ other.keys()):
        language = next(iter((other if path in one else one).values())).language
        yield f"docs/{language}/{path}: missing"
    for path in sorted(one.keys() & other.keys()):
        yield from differences(one[path], other[path])


def differences(one: Page, other: Page) -> Iterator[str]:
    """Yield the first part in which two pages differ: those behind it only follow from it."""
    for a, b in zip_longest(one.parts, other.parts):
        if a is None or b is None:
            page, part = (one, a) if a else (other, b)
            yield f"{page.place(part)}: only in one language: {part.kind} {part.key}"
            return
        if not same(a, b):
            told = f"{a.kind} {a.key}", f"{b.kind} {b.key}"
            also = ", the code differs" if told[0] == told[1] else f": {told[0]} and {told[1]}"
            yield f"{one.place(a)} and {other.place(b)} differ{also}"
            return


def same(a: Part, b: Part) -> bool:
    """Return whether two parts differ in nothing but their language."""
    if a.kind != b.kind:
        return False
    if a.kind in ("link", "image"):
        return _unlanguaged(a.key) == _unlanguaged(b.key)
    if a.key != b.key or a.kind != "code" or a.key in PRINTED:
        return a.key == b.key
    if a.key == "python":
        return _same_code(_bare_python(a.text), _bare_python(b.text))
    return _bare(a.key, a.text) == _bare(b.key, b.text)


def _unlanguaged(address: str) -> str:
    return re.sub(r"-?\b(en|ko)\b", "", address)  # "chart.svg" may be "chart-ko.svg" in Korean


def _bare(language: str, code: str) -> str:
    """Return code without comments and layout."""
    if pattern := _COMMENTS.get(language):
        code = re.sub(pattern, "", code, flags=re.DOTALL | re.MULTILINE)
    return "\n".join(line.rstrip() for line in code.splitlines() if line.strip())


def _bare_python(code: str) -> ast.AST:
    tree: ast.AST = _Untold().visit(ast.parse(code))
    return tree


def _same_code(a: object, b: object) -> bool:
    """Return whether two trees are equal but for texts that are Korean in one of them."""
    if type(a) is not type(b):
        return False
    if isinstance(a, ast.AST) and isinstance(b, ast.AST):
        return all(_same_code(getattr(a, name, None), getattr(b, name, None)) for name in a._fields)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same_code, a, b))
    if isinstance(a, str) and isinstance(b, str):
        return a == b or bool(HANGUL.search(a + b))
    return a == b


class _Untold(ast.NodeTransformer):
    """Leaves out what only people read: docstrings, texts that print gets, texts around values."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "print":
            node.args = [value for value in node.args if not _is_text(value)]
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        node.values = [value for value in node.values if not _is_text(value)]
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_text(node.value) else self.generic_visit(node)


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
