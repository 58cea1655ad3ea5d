"""The rooms that mutants are drawn from, and the draw."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tools.mutants import python, tokens
from tools.mutants.change import Change


class Room(NamedTuple):
    """Files, a pattern for each kind, and the folder of their tests."""

    sources: tuple[str, ...]
    tests: str

    def files(self, root: Path) -> list[Path]:
        """Return the room's source files, sorted."""
        return sorted(path for pattern in self.sources for path in root.glob(pattern))


ROOMS = {
    **{
        name: Room((f"src/pellucid/{name}/**/*.py",), f"tests/{name}")
        for name in ("core", "training", "lens", "exchange", "sklearn", "data", "web")
    },
    # The texts of the page are no code.
    "page": Room(
        ("src/pellucid/web/static/*.js", "src/pellucid/web/static/[!t]*/**/*.js"), "tests/web"
    ),
    "cpp": Room(("cpp/include/pellucid/*.h", "cpp/src/*"), "tests/engines"),
}


class Mutant(NamedTuple):
    """One change of one file of a room."""

    room: str
    path: str
    change: Change

    def place(self, root: Path) -> str:
        """Return the file and the line, as `path:line`."""
        return f"{self.path}:{self.change.line(self.text(root))}"

    def text(self, root: Path) -> str:
        """Return the file's text without the change."""
        return (root / self.path).read_text(encoding="utf-8")


@cache
def changes_of(path: Path) -> list[Change]:
    """Return every change of a file, by its extension."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return python.changes(text)
    return tokens.changes(text, "js" if path.suffix == ".js" else "cpp")


def draw(root: Path, number: int, seed: int, rooms: Iterable[str] = ROOMS) -> list[Mutant]:
    """Return as many mutants of each room as of the others, the same for the same seed."""
    names = list(rooms)
    drawn = []
    for index, name in enumerate(names):
        share = number // len(names) + (index < number % len(names))
        every = [
            Mutant(name, path.relative_to(root).as_posix(), change)
            for path in ROOMS[name].files(root)
            for change in changes_of(path)
        ]
        # Each kind of change is as likely as any other, however many places it has.
        choice = random.Random(f"{seed} {name}")
        by_kind: dict[str, list[Mutant]] = {}
        for mutant in every:
            by_kind.setdefault(mutant.change.kind, []).append(mutant)
        for _ in range(min(share, len(every))):
            kind = choice.choice(sorted(by_kind))
            drawn.append(by_kind[kind].pop(choice.randrange(len(by_kind[kind]))))
            if not by_kind[kind]:
                del by_kind[kind]
    return drawn
