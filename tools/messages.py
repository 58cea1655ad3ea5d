"""Bring the Korean catalogue up to date with the code: extract, update, compile.

`make messages` runs this script.

The same code gives the same files: no dates, line numbers or folders of this machine are in them.
New texts are added with an empty translation, which a test then asks for; texts that are gone from
the code are dropped.

    python tools/messages.py            bring locale/ko/LC_MESSAGES/pellucid.po and .mo up to date
    python tools/messages.py --missing  list what has no translation yet
"""

from __future__ import annotations

import ast
import contextlib
import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).parents[1] / "src" / "pellucid"
PO = SOURCE / "locale" / "ko" / "LC_MESSAGES" / "pellucid.po"
MO = PO.with_suffix(".mo")
KEYWORDS = {
    **dict.fromkeys(("say", "mark", "Message", "emit", "note", "wrong_use")),
    **dict.fromkeys(
        ("InputError", "FileError", "MissingLibraryError", "DivergenceError", "StructureError")
    ),
    "mark_plural": (1, 2),
    # Help texts of commands: names and code come before them.
    **dict.fromkeys(("option", "argument", "example"), (2,)),
    "command": (3,),
}


class TimelessCatalog(Catalog):
    """A catalogue whose header has what readers need and nothing that changes from run to run."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Return the header's lines."""
        return [
            ("Project-Id-Version", "pellucid"),
            ("Language", "ko"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", "nplurals=1; plural=0;"),
        ]

    @mime_headers.setter
    def mime_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Ignore the headers of a file: ours are fixed."""


def extracted() -> dict[str | tuple[str, ...], set[str]]:
    """Return every text of the source with the files that use it, relative to the package."""
    found: dict[str | tuple[str, ...], set[str]] = {}
    # Babel warns of every f-string, and those are values of texts here.
    with contextlib.redirect_stderr(io.StringIO()):
        everything = list(extract_from_dir(SOURCE, [("**.py", "python")], keywords=KEYWORDS))
    for name, _, text, _, _ in everything:
        found.setdefault(text, set()).add(Path(name).as_posix())
    for path in SOURCE.rglob("*.py"):
        for text in templates(path):
            found.setdefault(text, set()).add(path.relative_to(SOURCE).as_posix())
    return found


def templates(path: Path) -> Iterator[str]:
    """Yield the texts of `template = "..."`: long ones get a line before they are raised."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Assign) or ast.unparse(node.targets[0]) != "template":
            continue
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def current() -> TimelessCatalog:
    """Return the code's texts with the translations of the .po file."""
    known = {}
    if PO.exists():
        with PO.open("rb") as file:
            known = {
                message.id: message.string for message in read_po(file, locale="ko") if message.id
            }
    catalog = TimelessCatalog(
        locale="ko",
        fuzzy=False,
        header_comment="# Korean texts of pellucid. BSD-3-Clause, as pellucid itself.",
    )
    texts = extracted()
    for text in sorted(texts, key=lambda text: (min(texts[text]), str(text))):
        catalog.add(
            text, known.get(text, ""), locations=[(name, 0) for name in sorted(texts[text])]
        )
    return catalog


def as_po(catalog: Catalog) -> bytes:
    """Return the bytes of the .po file."""
    content = io.BytesIO()
    write_po(content, catalog, width=110, include_lineno=False)
    return content.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    """Return the bytes of the .mo file."""
    content = io.BytesIO()
    write_mo(content, catalog)
    return content.getvalue()


def missing(catalog: Catalog) -> list[str | tuple[str, ...] | list[str]]:
    """Return the texts without a translation."""
    return [message.id for message in catalog if message.id and not any(message.string or ())]


def main() -> None:
    """Update the catalogue, and list the texts without a translation."""
    catalog = current()
    if "--missing" not in sys.argv:
        PO.parent.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(as_po(catalog))
        MO.write_bytes(as_mo(catalog))
    untranslated = missing(catalog)
    for text in untranslated:
        sys.stdout.write(f"{text!r}\n")
    sys.stdout.write(f"{len(catalog)} texts, {len(untranslated)} without a translation\n")


if __name__ == "__main__":
    main()
