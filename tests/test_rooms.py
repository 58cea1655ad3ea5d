"""The rooms of docs/architecture.md: arrows run downward, without circles; files and functions stay
small; importing pellucid loads little.
"""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import pellucid

SRC = Path(pellucid.__file__).parent
FILES = sorted(SRC.rglob("*.py"))

# From the ground up; rooms on one line know nothing of each other.
FLOORS = [
    {"errors"},
    {"core"},
    {"language"},
    {"extras"},
    {"display"},
    {"files"},
    {"data"},
    {"engines"},
    {"network"},
    {"building"},
    {"training"},
    {"lens"},
    {"exchange"},
    {"sklearn"},
    {"distributed"},
    {"web", "serving"},
    {"cli"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


class Import(NamedTuple):
    """An import of one of pellucid's own modules: `kind` is "load", "run" or "types"."""

    line: int
    module: str
    kind: str


def module_name(path: Path) -> str:
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def room_of(module: str) -> str:
    """Return the room of a module; the package's own face is above all rooms and has none."""
    return [*module.split("."), ""][1]


def targets(node: ast.AST, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{path}:{node.lineno}: imports are written in full"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def imports(path: Path) -> list[Import]:
    """Return every import of pellucid's own modules, within functions and for types too."""

    def walk(node: ast.AST, kind: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inner = kind
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                inner = "types"
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                inner = "run"
            for target in targets(child, path):
                # "pellucid.core.layer.Layer" is a name in the module "pellucid.core.layer".
                module = target if target in MODULES else target.rpartition(".")[0]
                if target.split(".")[0] == "pellucid":
                    yield Import(child.lineno, module, inner)  # type: ignore[attr-defined]
            yield from walk(child, inner)

    return list(walk(ast.parse(path.read_text(encoding="utf-8")), "load"))


def test_arrows_run_downward() -> None:
    wrong = []
    for path in FILES:
        room = room_of(module_name(path))
        if room in ("", "__main__"):
            continue
        assert room in FLOOR, f"{room} is a new room: give it a floor here and in architecture.md"
        for line, module, _ in imports(path):
            other = room_of(module)
            if not other:
                continue  # `__version__`, a constant of the face
            if other not in FLOOR:
                wrong.append(f"{path}:{line} imports {module}, which is in no room")
            elif other != room and FLOOR[other] >= FLOOR[room]:
                wrong.append(f"{path}:{line}: {room} imports {other}, which is not below")
    assert not wrong, "\n".join(wrong)


def test_the_walk_sees_arrows() -> None:
    """The check above can fail: it sees imports, within functions and for types too."""
    network = imports(SRC / "network.py")
    assert {"core", "engines", "files", "errors"} <= {room_of(found.module) for found in network}
    assert FLOOR["core"] < FLOOR["engines"] < FLOOR["network"] < FLOOR["training"] < FLOOR["lens"]
    kinds = {found.kind for path in FILES for found in imports(path)}
    assert kinds == {"load", "run", "types"}


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return the modules that import each other in a circle: those that reach themselves."""
    reached = {module: set(others) for module, others in edges.items()}
    growing = True
    while growing:
        growing = False
        for others in reached.values():
            more = set().union(*(reached.get(other, set()) for other in others)) - others
            growing = growing or bool(more)
            others |= more
    found = {module: others for module, others in reached.items() if module in others}
    return [sorted({module, *(o for o in found if module in found[o])}) for module in found]


def test_no_circles_at_load_or_at_run_time() -> None:
    edges = {
        name: {found.module for found in imports(path) if found.kind != "types"} - {name}
        for name, path in MODULES.items()
        if room_of(name)
    }
    for others in edges.values():
        others -= {"pellucid"}  # the face loads a name's module when the name is first used
    assert circles(edges) == []
    edges["pellucid.core.layer"].add("pellucid.core.chain")
    assert ["pellucid.core.chain", "pellucid.core.layer"] in [
        [module for module in circle if module.endswith((".chain", ".layer"))]
        for circle in circles(edges)
    ]


def test_core_knows_no_language() -> None:
    for path in (SRC / "core").glob("*.py"):
        assert {room_of(found.module) for found in imports(path)} <= {"core", "errors"}, path


def test_files_and_functions_are_small() -> None:
    """400 lines a file and 40 a function, docstring and signature aside: a screen each."""
    large = []
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > 400:
            large.append(f"{path} has {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                documented = ast.get_docstring(node) is not None
                first = node.body[min(int(documented), len(node.body) - 1)]
                if (lines := (node.end_lineno or 0) - first.lineno + 1) > 40:
                    large.append(f"{path}:{node.lineno}: {node.name} has {lines} lines")
    assert not large, "\n".join(large)


def test_the_spine_is_read_in_an_evening() -> None:
    spine = ("functions", "layer", "layers", "losses", "chain", "optimizers", "descent")
    lines = [len((SRC / "core" / f"{name}.py").read_text().splitlines()) for name in spine]
    found = dict(zip(spine, lines, strict=True))
    assert sum(lines) <= 1300, (
        f"the spine has {sum(lines)} lines: move something beside it; {found}"
    )


HEAVY = (
    *("click", "rich", "PIL", "matplotlib", "sklearn", "torch", "scipy", "safetensors"),
    *(
        "numpy.random",
        "onnx",
        "starlette",
        "uvicorn",
        "orjson",
        "segno",
        "anywidget",
        "ray",
        "pandas",
        "polars",
    ),
    *("pyarrow", "narwhals", "gettext"),
)


def test_importing_pellucid_loads_little() -> None:
    """Neither the import nor the use of core, networks and `train` loads a framework."""
    program = "import sys, pellucid as pl; pl.Network; pl.train; print('\\n'.join(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert {"pellucid.network", "pellucid.training.loop", "numpy"} <= loaded
    assert sorted(loaded & set(HEAVY)) == []
    upper = ("pellucid.cli", "pellucid.web", "pellucid.exchange")
    assert not any(module.startswith(upper) for module in loaded)


def test_a_generator_is_made_only_when_asked_for() -> None:
    program = (
        "import sys, pellucid as pl; pl.Affine([[1.0]]); print('numpy.random' in sys.modules); "
        "pl.mlp([2, 1]); print('numpy.random' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "True"]


def test_public_names_are_sorted_and_there() -> None:
    names = list(pellucid.__all__)
    # constants, then classes, then functions, as linters sort them
    assert names == sorted(
        names, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
    assert len(set(names)) == len(names) > 100
    assert set(names) <= set(dir(pellucid))
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        pellucid.no_such_name  # type: ignore[attr-defined]  # noqa: B018


def undocumented(name: str) -> str:
    """Return what a public name's documentation lacks, or "" for nothing."""
    value = getattr(pellucid, name)
    if name.isupper() and isinstance(value, dict):
        return "" if value else f"{name} is an empty table"
    own = value.__doc__
    if not own or not own.strip():
        return f"{name} has no docstring"
    bases = [base.__doc__ for base in value.__mro__[1:]] if inspect.isclass(value) else []
    return f"{name} inherits its docstring" if own in bases else ""


def test_public_names_are_documented() -> None:
    lacking = list(filter(None, map(undocumented, pellucid.__all__)))
    assert not lacking, "\n".join(lacking)


def test_modules_are_documented_and_import_no_stars() -> None:
    wrong = []
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            wrong.append(f"{path} has no docstring")
        wrong += [
            f"{path}:{node.lineno} imports a star"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names)
        ]
    assert not wrong, "\n".join(wrong)
