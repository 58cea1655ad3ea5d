"""The rooms of docs/architecture.md.

Arrows run downward, files and functions stay small, and importing pellucid loads little.
"""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import pellucid

SRC = Path(pellucid.__file__).parent
FILES = sorted(SRC.rglob("*.py"))

# From the ground up; rooms on one line know nothing of each other.
FLOORS = [
    {"errors"},
    {"language"},
    {"extras"},
    {"display"},
    {"core"},
    {"files"},
    {"data"},
    {"engines"},
    {"network"},
    {"building"},
    {"training"},
    {"lens"},
    {"exchange", "sklearn"},
    {"web"},
    {"cli"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


def module_name(path: Path) -> str:
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Give the room of a module; the package's own face stands above all rooms."""
    return [*module.split("."), ""][1]


def imports(path: Path) -> list[tuple[int, str]]:
    """Give (line, module) of every import of pellucid's own modules, within functions and for
    types, too.
    """
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written in full"
            if node.module == "pellucid":
                found += [(node.lineno, f"pellucid.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, node.module))
    return [(line, module) for line, module in found if module.split(".")[0] == "pellucid"]


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_arrows_run_downward(path):
    room = room_of(module_name(path))
    if room in ("", "__main__"):
        return
    assert room in FLOOR, f"{room} is a new room: give it a floor here and in docs/architecture.md"
    for line, module in imports(path):
        if module == "pellucid.__version__":
            continue  # a constant of the package's face, no room
        other = room_of(module)
        assert other in FLOOR, f"{path}:{line} imports {module}, the face above all rooms"
        assert other == room or FLOOR[other] < FLOOR[room], (
            f"{path}:{line}: {room} imports {other}, which is not below"
        )


def test_the_walk_sees_arrows():
    """The check above can fail.

    It does see imports, within functions and in one room from another.
    """
    network = imports(SRC / "network.py")
    assert {"core", "engines", "files", "errors"} <= {room_of(module) for _, module in network}
    assert (
        FLOOR["core"]
        < FLOOR["engines"]
        < FLOOR["network"]
        < FLOOR["training"]
        < FLOOR["lens"]
        < FLOOR["cli"]
    )


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_files_and_functions_are_small(path):
    """400 lines a file and 40 a function, docstring and signature aside.

    What fits in the head, and on a screen.
    """
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400, f"{path} has {len(text.splitlines())} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            documented = ast.get_docstring(node) is not None
            first = node.body[min(int(documented), len(node.body) - 1)]
            lines = node.end_lineno - first.lineno + 1
            assert lines <= 40, f"{path}:{node.lineno}: {node.name} has {lines} lines"


HEAVY = (
    *(
        "click",
        "rich",
        "PIL",
        "matplotlib",
        "sklearn",
        "torch",
        "scipy",
        "safetensors",
        "numpy.random",
    ),
    *(
        "onnx",
        "starlette",
        "uvicorn",
        "anywidget",
        "pandas",
        "polars",
        "pyarrow",
        "narwhals",
        "gettext",
    ),
)


def test_importing_pellucid_loads_little():
    """Neither the import itself nor the use of core, networks and `train` loads a framework or the
    upper rooms.
    """
    program = "import sys, pellucid as pl; pl.Network; pl.train; print('\\n'.join(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert {"pellucid.network", "pellucid.training.loop", "numpy"} <= loaded
    assert sorted(loaded & set(HEAVY)) == []
    assert not any(
        module.startswith(("pellucid.cli", "pellucid.web", "pellucid.exchange"))
        for module in loaded
    )


def test_a_generator_is_made_only_when_asked_for():
    program = "import sys, pellucid as pl; pl.Affine([[1.0]]); print('numpy.random' in sys.modules); pl.mlp([2, 1]); "
    program += "print('numpy.random' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "True"]


def test_public_names_are_sorted_and_there():
    names = list(pellucid.__all__)
    # constants, then classes, then functions, as linters sort them
    assert names == sorted(
        names, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
    assert len(set(names)) == len(names)
    assert set(names) <= set(dir(pellucid))
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        pellucid.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", pellucid.__all__)
def test_public_names_are_documented(name):
    value = getattr(pellucid, name)
    if name.isupper() and isinstance(value, dict):
        assert value, f"{name} is an empty table"
        return
    own = value.__doc__
    assert own and own.strip(), f"{name} has no docstring"
    base_docs = [base.__doc__ for base in value.__mro__[1:]] if inspect.isclass(value) else []
    assert own not in base_docs, f"{name} inherits its docstring"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_modules_are_documented_and_import_no_stars(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path} says nothing of itself"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names), (
                f"{path}:{node.lineno} imports a star"
            )
