"""A change of a source file: what a careless programmer might have written instead."""

from __future__ import annotations

from typing import NamedTuple


class Change(NamedTuple):
    """The characters from `start` to `end` of a text become `after`."""

    start: int
    end: int
    after: str
    kind: str

    def applied(self, text: str) -> str:
        """Return the text with this change."""
        return text[: self.start] + self.after + text[self.end :]

    def line(self, text: str) -> int:
        """Return the number of the line where the change begins, from 1."""
        return text.count("\n", 0, self.start) + 1

    def described(self, text: str) -> str:
        """Return the change on one line, before -> after."""
        return f"{_short(text[self.start : self.end])} -> {_short(self.after)}"

    def shown(self, text: str) -> str:
        """Return the line where the change begins with the change in it, as [before -> after]."""
        left = text.rfind("\n", 0, self.start) + 1
        right = text.find("\n", self.end)
        before, after = text[left : self.start].lstrip(), text[self.end : right]
        return f"{before[-30:]}[{self.described(text)}]{after[:30]}"


def negated(start: int, end: int, text: str, before: str, after: str) -> Change:
    """Return the change of a condition to its opposite, written as `before` + it + `after`."""
    return Change(start, end, before + text[start:end] + after, "condition negated")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 48 else text[:30] + " ... " + text[-13:]
