"""PyTorch's modules as a network."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core import checks
from pellucid.core.layer import Layer
from pellucid.data.inputs import Inputs, inputs_from
from pellucid.errors import InputError, Message
from pellucid.exchange.pytorch.equivalents import KEPT
from pellucid.exchange.pytorch.module_layers import is_known, is_pytorchs, layers_of, refused_module
from pellucid.exchange.pytorch.tensor_matching import listed
from pellucid.extras import library
from pellucid.network import Network

if TYPE_CHECKING:
    from torch import nn

    from pellucid.exchange.pytorch import tracing

_ANY_WIDTH = 5  # of rows for modules that take any


def from_torch(
    module: nn.Module, *, inputs: Inputs = None, classes: Sequence[str] | None = None
) -> Network:
    """Return a network that predicts as the module does in evaluation mode.

    Any module whose `forward` computes each row by itself with the layers that pellucid has: an
    nn.Sequential, or a class of your own with torch.nn modules, functions (`F.relu`,
    `torch.sigmoid`, `x.view(-1, 784)`), lists and dicts of layers, skips (`x + f(x)`) and
    arithmetic with constants; on any device. Control flow may depend on shapes, not on the numbers.
    `forward` runs on rows that are made up, on a copy of the module, and is recorded; the network
    is compared with it on other rows, small and large, of several counts, before it is returned.

    Half precision becomes float32, which is exact. A normalisation without scale or shift gets ones
    and zeros, which are trained from then on. A module whose parameters all have `requires_grad`
    False becomes a frozen layer, and so does a choice of columns (`x[:, :4]`), which is a matrix of
    zeros and ones. Weights that several layers share become copies, with a warning: training
    changes each by itself. Outputs of shape (N,) become (N, 1), others (N, K).

    Parameters
    ----------
    module
        The module; it is not changed, and shares no memory with the network.
    inputs, classes
        The parts of a network that PyTorch does not have: see `Network`. None: those of the network
        from which `to_torch` made the module, if it did. Images also tell `forward` their shape.

    Raises InputError that names the module, or the line of `forward`, which is not supported, and
    says why: what depends on other rows, on the numbers (`if x.sum() > 0`) or on chance; tensors of
    the module that `forward` changes; weights that are not finite.

    >>> from torch import nn
    >>> class Small(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.fc = nn.Linear(2, 3)
    ...
    ...     def forward(self, x):
    ...         return self.fc(x).relu()
    >>> [type(layer).__name__ for layer in from_torch(Small()).layers]
    ['Affine', 'ReLU']
    """
    torch = library("torch", "torch")
    if not isinstance(module, torch.nn.Module):
        raise InputError("expected a PyTorch module, got {kind}", kind=type(module).__name__)
    from pellucid.exchange.pytorch import probes

    module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
    if (kept := getattr(module, KEPT, None)) is not None:
        inputs, classes = _kept(kept, inputs, classes)
    if is_known(module):
        layers = _chain(module)
        row: tuple[int, ...] = (checks.input_width(layers) or _ANY_WIDTH,)
        ties = _shared(module)
    else:
        layers, row, ties = _traced(module, inputs)
    net = Network(layers, inputs=inputs, classes=classes)
    try:
        probes.check_agreement(module, net, row, not is_known(module))
    except InputError as error:
        raise refused_module("", module, error.message) from error
    if ties:
        template = (
            "{names} of this {kind} are used by several layers, which become copies: training "
            "changes each by itself"
        )
        text = Message(template, names=listed(ties), kind=type(module).__name__)
        warnings.warn(str(text), UserWarning, stacklevel=2)
    return net


def _chain(module: nn.Module) -> list[Layer]:
    """Return the layers of modules in a row."""
    import torch

    double = any(tensor.dtype is torch.float64 for tensor in module.state_dict().values())
    layers: list[Layer] = []
    for path, layer in layers_of(module, "", np.float64 if double else np.float32):
        layers.append(layer)
        # After each layer, so that the error names the first module that does not fit.
        try:
            checks.as_layers(layers)
        except InputError as error:
            raise InputError("module {path}: {reason}", path=path, reason=error) from error
    return layers


def _traced(module: nn.Module, inputs: Inputs) -> tracing.Traced:
    from pellucid.exchange.pytorch import tracing

    try:
        return tracing.traced(module, inputs)
    except InputError:
        if is_pytorchs(module):  # an error that names a module is plainer than a line in PyTorch
            _chain(module)
        raise


def _shared(module: nn.Module) -> list[str]:
    """Return the names of parameters that occur more than once."""
    seen: set[int] = set()
    found = []
    for name, parameter in module.named_parameters(remove_duplicate=False):
        if id(parameter) in seen:
            found.append(name)
        seen.add(id(parameter))
    return found


def _kept(
    text: Any, inputs: Inputs, classes: Sequence[str] | None
) -> tuple[Inputs, Sequence[str] | None]:
    """Return inputs and classes: those that were passed, else those that the module keeps."""
    try:
        found = json.loads(text)
        classes = found["classes"] if classes is None else classes
        inputs = inputs_from(found["inputs"], classes, None) if inputs is None else inputs
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        template = "what its attribute {name} keeps is malformed: delete it"
        raise InputError(template, name=KEPT) from error
    return inputs, classes
