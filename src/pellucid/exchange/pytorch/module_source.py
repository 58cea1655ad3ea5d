"""The Python program that builds a network's module, importing torch and safetensors only."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pellucid import __version__
from pellucid.core.composite import Skip
from pellucid.core.layer import Layer, walk
from pellucid.exchange.pytorch.equivalents import KEPT, KEY, equivalent_of, settings
from pellucid.network import Network

MARK = "# Written by pellucid"
_MODULES = Path(__file__).with_name("modules.py")
_PROGRAM = '''{mark} {version}: the network of {file} as a PyTorch module.
#
#     from {name} import build
#     module = build()  # in evaluation mode; call module.train() before training
#
# It needs `pip install torch safetensors`.

from pathlib import Path

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


if __name__ == "__main__":
    print(build())
'''
# What `from_torch` finds there: the columns and classes of the network.
_KEPT = """    with safe_open(path, "pt") as file:
        module.{name} = file.metadata()["{key}"]
"""


def program(net: Network, file: str, name: str) -> str:
    """Return the program of the module `name`, for the state_dict in `file` beside it."""
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
    }
    return _PROGRAM.format(file=shown, quoted=json.dumps(file), **own, **parts)


def _expression(layer: Layer, frozen: bool = False) -> str:
    frozen = frozen or layer.frozen
    entry = equivalent_of(layer)
    inner = layer.inner if isinstance(layer, Skip) else ()
    arguments = [_expression(each, frozen) for each in inner]
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
