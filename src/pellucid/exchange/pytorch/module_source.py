"""The Python program that builds a network's module, importing torch and safetensors only."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pellucid import __version__
from pellucid.core.layer import Layer, walk
from pellucid.core.members import members_of
from pellucid.data.tables.kinds import CategoryColumn, Column, DateColumn, EmbeddedColumn
from pellucid.data.tables.moments import PERIODS
from pellucid.exchange.pytorch.equivalents import KEPT, KEY, equivalent_of, settings
from pellucid.exchange.raw_columns import text_codes
from pellucid.network import Network

MARK = "# Written by pellucid"
_MODULES = Path(__file__).with_name("modules.py")
_ENCODING = Path(__file__).with_name("raw_encoding.py")
_PROGRAM = '''{mark} {version}: the network of {file} as a PyTorch module.
#
#     from {name} import build
#     module = build()  # in evaluation mode; call module.train() before training
#
# It needs `pip install torch safetensors`.

{math}from pathlib import Path

import torch
{opens}from safetensors.torch import load_file
from torch import nn

{classes}
def build(path=Path(__file__).with_name({quoted})):
    """Build the module and load the weights from its file."""
    module = nn.Sequential(
{modules}    )
    module.to(torch.{dtype}).load_state_dict(load_file(path))
{frozen}{kept}    return module.eval()

{encode}
if __name__ == "__main__":
    print(build())
'''
# What `from_torch` finds there: the columns and classes of the network.
_KEPT = """    with safe_open(path, "pt") as file:
        module.{name} = file.metadata()["{key}"]
"""


_ENCODE = '''
def encode(table):
    """Return the rows of a table, (N, D), for the module.

    `table` is a dict of lists or a dataframe with the columns below: numbers, None or NaN where
    missing; dates as days since 1970-01-01; texts, None or "" where missing.
    """
    columns = [
{columns}    ]
    return torch.cat(columns, dim=1).to(torch.{dtype})

'''


def program(net: Network, file: str, name: str, raw: bool = False) -> str:
    """Return the program of the module `name`, for the state_dict in `file` beside it.

    With `raw` it has a function that encodes the columns of a table.
    """
    own = {"mark": MARK, "version": __version__, "name": name, "dtype": net.dtype.name}
    shown = file if file.isprintable() else repr(file)
    frozen = '    module.get_submodule("{}").requires_grad_(False)\n'
    keeps = net.inputs is not None or net.classes is not None
    parts = {
        "classes": "".join(f"\n{source}\n\n" for source in _sources(net.layers)),
        "modules": "".join(f"        {_expression(layer)},\n" for layer in net.layers),
        "opens": "from safetensors import safe_open\n" if keeps else "",
        "kept": _KEPT.format(name=KEPT, key=KEY) if keeps else "",
        "frozen": "".join(map(frozen.format, _frozen(net.layers))),
        "math": "import math\n" if raw or members_of(net.layers) else "",
        "encode": _encode(net) if raw else "",
    }
    return _PROGRAM.format(file=shown, quoted=json.dumps(file), **own, **parts)


def _expression(layer: Layer, frozen: bool = False) -> str:
    frozen = frozen or layer.frozen
    entry = equivalent_of(layer)
    arguments = [_expression(each, frozen) for each in layer.inner]
    arguments += [f"{name}={value!r}" for name, value in settings(layer, frozen).items()]
    return f"{'' if entry.own else 'nn.'}{entry.module}({', '.join(arguments)})"


def _frozen(layers: Sequence[Layer], before: str = "") -> Iterator[str]:
    """Yield the places of frozen layers, without the layers inside a frozen one."""
    for index, layer in enumerate(layers):
        if layer.frozen and layer.params:
            yield f"{before}{index}"
        elif layer.inner:
            yield from _frozen(layer.inner, f"{before}{index}.layers.")


def _sources(layers: Sequence[Layer]) -> list[str]:
    """Return the source of the needed classes of `modules`, in the order of that file."""
    needed = {entry.module for layer in walk(layers) if (entry := equivalent_of(layer)).own}
    text = _MODULES.read_text(encoding="utf-8")
    nodes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    return [ast.get_source_segment(text, node) or "" for node in nodes if node.name in needed]


def _encode(net: Network) -> str:
    """Return the functions that turn a table into rows."""
    text = _ENCODING.read_text(encoding="utf-8")
    nodes = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    for node in nodes:  # the types of arguments would need imports
        for argument in node.args.args:
            argument.annotation = None
        node.returns = None
    sources = "".join(f"\n{ast.unparse(node)}\n\n" for node in nodes)
    columns = "".join(f"        {_column(column)},\n" for column in net.columns.columns)
    return sources + _ENCODE.format(columns=columns, dtype=net.dtype.name)


def _column(column: Column) -> str:
    cells = f"table[{column.name!r}]"
    if isinstance(column, EmbeddedColumn):
        return f"indices({cells}, {text_codes(column)!r})"
    if isinstance(column, CategoryColumn):
        return f"categories({cells}, {text_codes(column)!r}, {column.width})"
    settings = f"{float(column.mean)!r}, {float(column.offset)!r}, {column.missing}"
    cycles = column.cycles if isinstance(column, DateColumn) else ()
    periods = f", {[PERIODS[cycle] for cycle in cycles]}" if cycles else ""
    return f"numbers({cells}, {settings}{periods})"
