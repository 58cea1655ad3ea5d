"""PyTorch's modules as a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from pellucid.core import checks
from pellucid.core.composite import Residual
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.data.inputs import Inputs
from pellucid.errors import InputError, Message
from pellucid.exchange.pytorch.equivalents import EQUIVALENTS, Equivalent, class_of, transposed
from pellucid.extras import library
from pellucid.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn


def from_torch(
    module: nn.Module, *, inputs: Inputs = None, classes: Sequence[str] | None = None
) -> Network:
    """Return a network that predicts as the module does in evaluation mode.

    Supported are modules from `to_torch`, and any (nested) nn.Sequential of Linear, BatchNorm1d,
    LayerNorm, Dropout, Flatten, Identity, Softmax and the activations that pellucid has; on any
    device. Half precision becomes float32, which is exact. A normalisation without scale or shift
    gets ones and zeros, which are trained from then on. A module whose parameters all have
    `requires_grad` False becomes a frozen layer. Numbers that are not finite are copied unchanged.

    Parameters
    ----------
    module
        The module; it is not changed, and shares no memory with the network.
    inputs, classes
        The parts of a network that PyTorch does not have: see `Network`.

    Raises InputError that names the module which is not supported, and says why.
    """
    torch = library("torch", "torch")
    if not isinstance(module, torch.nn.Module):
        raise InputError("expected a PyTorch module, got {kind}", kind=type(module).__name__)
    _check_ties(module)
    double = any(tensor.dtype is torch.float64 for tensor in module.state_dict().values())
    layers: list[Layer] = []
    for path, layer in _layers(module, "", np.float64 if double else np.float32):
        layers.append(layer)
        # After each layer, so that the error names the first module that does not fit.
        try:
            checks.as_layers(layers)
        except InputError as error:
            raise InputError("module {path}: {reason}", path=path, reason=error) from error
    return Network(layers, inputs=inputs, classes=classes)


def _layers(module: nn.Module, path: str, dtype: DTypeLike) -> Iterator[tuple[str, Layer]]:
    """Yield paths and layers of a module and its children, in the order of computation."""
    from torch import nn

    if module._forward_hooks or module._forward_pre_hooks or module._backward_hooks:
        raise _refused(path, module, Message("it has hooks, which may change results: remove them"))
    prefix = f"{path}." if path else ""
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        # named_children() skips a module that occurs a second time; indexing does not.
        for index, name in enumerate(module._modules):
            yield from _layers(module[index], f"{prefix}{name}", dtype)
    elif type(module) is class_of(EQUIVALENTS[Residual]):
        within = _layers(module.get_submodule("layers"), f"{prefix}layers", dtype)
        yield path, Residual([layer for _, layer in within])
    else:
        yield path, _layer(module, path, dtype)


def _layer(module: nn.Module, path: str, dtype: DTypeLike) -> Layer:
    # The exact class: a subclass may compute something else.
    found = {class_of(entry): (kind, entry) for kind, entry in EQUIVALENTS.items()}
    if type(module) not in found:
        raise _refused(path, module, _way_out(module))
    kind, entry = found[type(module)]
    if (reason := entry.refuses(module)) is not None:
        raise _refused(path, module, reason)
    options = {ours: _plain(getattr(module, theirs)) for ours, theirs in entry.options.items()}
    try:
        layer = kind.build(options, _arrays(entry, module, dtype))
    except InputError as error:
        raise _refused(path, module, error.message) from error
    trained = {parameter.requires_grad for parameter in module.parameters()}
    if len(trained) > 1:
        reason = Message("requires_grad differs among its parameters: freeze all of them or none")
        raise _refused(path, module, reason)
    layer.frozen = trained == {False}
    return layer


def _way_out(module: nn.Module) -> Message:
    from torch import nn

    if isinstance(module, nn.LogSoftmax):
        return Message("replace it by Softmax, or leave both out: cross-entropy takes logits")
    if any(True for _ in module.children()):  # the user's own class
        return Message(
            "its forward method cannot be read: pass an nn.Sequential of its modules, "
            "from_state_dict(module.state_dict(), like=net) with a network of the same "
            "architecture, or an ONNX file"
        )
    known = ["Sequential", *(entry.module for entry in EQUIVALENTS.values())]
    return Message("supported are {known}", known=", ".join(known))


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value  # Scale's factor is a tensor


def _arrays(entry: Equivalent, module: Any, dtype: DTypeLike) -> dict[str, Array]:
    found = {ours: getattr(module, theirs) for ours, theirs in entry.arrays.items()}
    arrays = {name: _array(tensor) for name, tensor in found.items() if tensor is not None}
    if "gamma" in found and "gamma" not in arrays:  # a normalisation without scale and shift
        batch_norm = hasattr(module, "num_features")
        size = module.num_features if batch_norm else module.normalized_shape[0]
        arrays["gamma"] = np.ones(size, dtype)
    return arrays


def _array(tensor: torch.Tensor) -> Array:
    import torch

    kind = tensor.dtype
    if kind in (torch.float16, torch.bfloat16):
        tensor = tensor.float()
    plain = not tensor.is_meta and tensor.layout is torch.strided
    if tensor.dtype not in (torch.float32, torch.float64) or not plain:
        raise InputError("its numbers are {kind}; expected plain floating-point ones", kind=kind)
    return transposed(tensor.detach().cpu().numpy())


def _check_ties(module: nn.Module) -> None:
    """Raise InputError where two modules share a parameter: layers would train two copies."""
    owners: dict[int, str] = {}
    for path, inner in module.named_modules(remove_duplicate=False):
        for name, parameter in inner.named_parameters(recurse=False):
            if (first := owners.setdefault(id(parameter), path)) != path:
                shared = Message("it shares {name} with {other}: copy it", name=name, other=first)
                raise _refused(path, inner, shared)


def _refused(path: str, module: nn.Module, reason: Message) -> InputError:
    kind = type(module).__name__
    if not path:
        return InputError("this {kind} is not supported: {reason}", kind=kind, reason=reason)
    template = "module {path} ({kind}) is not supported: {reason}"
    return InputError(template, path=path, kind=kind, reason=reason)
