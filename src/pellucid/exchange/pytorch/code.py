"""The Python that builds a network's module.

Written out, with nothing but torch and safetensors to import.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pellucid import __version__
from pellucid.core.composite import Residual
from pellucid.core.layer import Layer, walk
from pellucid.exchange.pytorch.twins import settings, twin_of
from pellucid.network import Network

MARK = "# Written by pellucid"
_MODULES = Path(__file__).with_name("modules.py")
_PROGRAM = '''{mark} {version}: the network of {file} as a PyTorch module.
#
#     from {name} import build
#     module = build()  # answers; call module.train() before it learns
#
# It needs `pip install torch safetensors`.

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

{classes}
def build(path=Path(__file__).with_name({quoted})):
    """Build the module and fill in the numbers from its file."""
    module = nn.Sequential(
{modules}    )
    module.to(torch.{dtype}).load_state_dict(load_file(path))
{frozen}    return module.eval()


if __name__ == "__main__":
    print(build())
'''


def program(net: Network, file: str, name: str) -> str:
    """Give the program, to be imported by this name, for the state_dict in `file`, which lies
    beside it.
    """
    lines = "".join(f"        {_expression(layer)},\n" for layer in net.layers)
    frozen = list(_frozen(net.layers))
    return _PROGRAM.format(
        mark=MARK,
        version=__version__,
        file=file if file.isprintable() else repr(file),
        quoted=json.dumps(file),
        name=name,
        classes="".join(f"\n{source}\n\n" for source in _sources(net.layers)),
        modules=lines,
        dtype=net.dtype.name,
        frozen="".join(
            f'    module.get_submodule("{place}").requires_grad_(False)\n' for place in frozen
        ),
    )


def _expression(layer: Layer, frozen: bool = False) -> str:
    frozen = frozen or layer.frozen
    twin = twin_of(layer)
    if isinstance(layer, Residual):
        arguments = [_expression(inner, frozen) for inner in layer.inner]
    else:
        arguments = [f"{name}={value!r}" for name, value in settings(layer, frozen).items()]
    return f"{'' if twin.own else 'nn.'}{twin.module}({', '.join(arguments)})"


def _frozen(layers: Sequence[Layer], before: str = "") -> Iterator[str]:
    """Give the places of frozen layers; those within a frozen one are frozen with it."""
    for index, layer in enumerate(layers):
        if layer.frozen and layer.params:
            yield f"{before}{index}"
        elif layer.inner:
            yield from _frozen(layer.inner, f"{before}{index}.layers.")


def _sources(layers: Sequence[Layer]) -> list[str]:
    """Give the source of the modules that PyTorch does not have, in the order in which `modules`
    has them.
    """
    needed = {twin.module for layer in walk(layers) if (twin := twin_of(layer)).own}
    text = _MODULES.read_text(encoding="utf-8")
    classes = [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef) and node.name in needed
    ]
    return [
        source for node in classes if (source := ast.get_source_segment(text, node)) is not None
    ]
