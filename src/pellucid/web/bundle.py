"""The page's modules as one script, for a page that is one file.

Browsers load no modules from `file://`, so each module becomes a function that returns its exports,
called after those that it imports. Only the forms that the page uses are understood, imports and
exports by name at the beginning of a line; anything else is an error, never a wrong guess.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

STATIC = Path(__file__).with_name("static")
FIRST = "main.js"
_SHEETS = (
    *("base", "pad", "stage", "detail", "why", "lesson", "learn", "playground", "class"),
    *("layout", "print"),
)
STYLES = tuple(f"styles/{name}.css" for name in _SHEETS)
"""In the order of index.html: at equal specificity a later style wins."""

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*|\bimport\b *[(.]", re.MULTILINE)
_CAST = re.compile(r"/\*.*?\*/")  # JSDoc casts hold import("...") types, which are no imports
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*|//[^\n]*)\n", re.DOTALL | re.MULTILINE)


def bundle(folder: Path = STATIC, first: str = FIRST) -> str:
    """Return the module `first` and all modules that it imports as one script.

    Raises ValueError for imports in a circle and for other forms of imports and exports.
    """
    done: dict[str, str] = {}
    _add(folder, first, done, ())
    return '"use strict";\n' + "".join(done.values())


def modules(folder: Path = STATIC, first: str = FIRST) -> list[str]:
    """Return the names of the module `first` and of all modules that it imports, imported ones
    before those that import them.
    """
    done: dict[str, str] = {}
    _add(folder, first, done, ())
    return list(done)


def _add(folder: Path, name: str, done: dict[str, str], around: tuple[str, ...]) -> None:
    if name in done:
        return
    if name in around:
        raise ValueError(f"modules import each other in a circle: {' -> '.join([*around, name])}")
    text = (folder / name).read_text(encoding="utf-8")
    imports = []
    for names, path in _IMPORT.findall(text):
        other = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        _add(folder, other, done, (*around, name))
        imports.append(f"const {{{_as_pattern(names)}}} = {_variable(other)};\n")
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub("", text))
    body = _without_comments(name, body)
    if wrong := _OTHER.search(_CAST.sub("", body)):
        raise ValueError(f"{name}: not understood: {wrong.group()}")
    exports = ", ".join(found for _, found in _EXPORT.findall(text))
    head = "".join(imports)
    done[name] = (
        f"// {name}\nconst {_variable(name)} = (() => "
        f"{{\n{head}{body}return {{{exports}}};\n}})();\n"
    )


def _as_pattern(names: str) -> str:
    renamed = re.sub(r"(\w+) as (\w+)", r"\1: \2", names)
    return ", ".join(name.strip() for name in renamed.split(",") if name.strip())


def _variable(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name.removesuffix(".js"))


def _without_comments(name: str, text: str) -> str:
    """Remove comments on lines of their own and indentation, as the file is sent around.

    A line of a multi-line string could look like a comment, so such strings are an error.
    """
    bare = _COMMENT.sub("", text)
    if any(line.count("`") % 2 for line in bare.splitlines()):
        raise ValueError(f"{name}: not understood: a string over several lines")
    return _INDENTATION.sub("", bare)
