"""Changes of Python, found by its syntax tree; the text around them stays as it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import accumulate

from tools.mutants.change import Change, negated

OPERATORS: dict[type[ast.AST], tuple[str, str, str]] = {
    ast.Lt: ("<", "<=", "comparison"),
    ast.LtE: ("<=", "<", "comparison"),
    ast.Gt: (">", ">=", "comparison"),
    ast.GtE: (">=", ">", "comparison"),
    ast.Eq: ("==", "!=", "comparison"),
    ast.NotEq: ("!=", "==", "comparison"),
    ast.Is: ("is", "is not", "comparison"),
    ast.IsNot: ("is not", "is", "comparison"),
    ast.In: ("in", "not in", "comparison"),
    ast.NotIn: ("not in", "in", "comparison"),
    ast.Add: ("+", "-", "arithmetic"),
    ast.Sub: ("-", "+", "arithmetic"),
    ast.Mult: ("*", "/", "arithmetic"),
    ast.Div: ("/", "*", "arithmetic"),
    ast.And: ("and", "or", "and, or"),
    ast.Or: ("or", "and", "and, or"),
}
TYPES = ("annotation", "returns")  # what annotations say is for mypy
DROPPED = (ast.AugAssign, ast.Raise, ast.Delete, ast.Continue, ast.Break)


def changes(text: str) -> list[Change]:
    """Return every change of a module's text, in its order."""
    return sorted(_Finder(text).under(ast.parse(text)))


class _Finder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines(keepends=True)
        self.starts = [0, *accumulate(map(len, self.lines))]

    def under(self, node: ast.AST) -> Iterator[Change]:
        if isinstance(node, ast.JoinedStr):
            return  # its parts have no places of their own in Python 3.11
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        yield from self.of(node)
        for name, value in ast.iter_fields(node):
            if name not in TYPES:
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        yield from self.under(child)

    def of(self, node: ast.AST) -> Iterator[Change]:
        match node:
            case ast.Compare(ops=[operator]):
                yield from self.between(node.left, operator, node.comparators[0])
            case ast.BinOp():
                yield from self.between(node.left, node.op, node.right)
            case ast.AugAssign():
                yield from self.between(node.target, node.op, node.value)
            case ast.BoolOp():
                yield from self.between(node.values[0], node.op, node.values[1])
            case ast.Constant(value=bool() | int() | float()):
                yield from self.constant(node)
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                yield negated(*self.span(test), self.text, "not (", ")")
            case ast.Return(value=ast.expr() as value):
                yield from self.returned(value)
        if self.can_go(node):
            yield Change(*self.span(node), "pass", "statement dropped")

    @staticmethod
    def can_go(node: ast.AST) -> bool:
        """Return whether a statement is one that the module still compiles without."""
        if isinstance(node, ast.Expr):
            return isinstance(node.value, (ast.Call, ast.Await, ast.Yield, ast.YieldFrom))
        if isinstance(node, ast.Assign):
            return all(isinstance(each, (ast.Attribute, ast.Subscript)) for each in node.targets)
        return isinstance(node, DROPPED)

    def span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, (ast.expr, ast.stmt))
        assert node.end_lineno is not None and node.end_col_offset is not None
        return (
            self.place(node.lineno, node.col_offset),
            self.place(node.end_lineno, node.end_col_offset),
        )

    def place(self, line: int, column: int) -> int:
        """Return the character of a line and a column, which Python counts in bytes."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def between(self, left: ast.expr, operator: ast.AST, right: ast.expr) -> Iterator[Change]:
        if type(operator) not in OPERATORS:
            return
        before, after, kind = OPERATORS[type(operator)]
        start, end = self.span(left)[1], self.span(right)[0]
        found = self.text.find(before, start, end)
        if found >= 0 and "#" not in self.text[start:end]:
            yield Change(found, found + len(before), after, kind)

    def constant(self, node: ast.Constant) -> Iterator[Change]:
        value = node.value
        assert isinstance(value, (bool, int, float))
        if isinstance(value, bool):
            after = str(not value)
        elif isinstance(value, int):
            after = str(value + 1)
        else:
            after = repr(2 * value or 1.0)
        yield Change(*self.span(node), after, "constant")

    def returned(self, value: ast.expr) -> Iterator[Change]:
        if isinstance(value, ast.Constant) and value.value is None:
            return
        start, end = self.span(value)
        truth = isinstance(value, (ast.Compare, ast.BoolOp)) or (
            isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
        )
        after = f"not ({self.text[start:end]})" if truth else "None"
        yield Change(start, end, after, "return value")
