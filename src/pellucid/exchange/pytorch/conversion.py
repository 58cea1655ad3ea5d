"""A network as PyTorch's modules, and modules as a network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from pellucid.core import checks
from pellucid.core.composite import Residual
from pellucid.core.layer import Layer
from pellucid.errors import InputError, Message
from pellucid.exchange.given import check_network
from pellucid.exchange.pytorch.twins import TWINS, Twin, settings, tensors, turned, twin_of
from pellucid.extras import library
from pellucid.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

    from pellucid.core.types import Array


def to_torch(net: Network, names: Iterable[str] | None = None) -> nn.Sequential:
    """Give the network as an `nn.Sequential` of its own arrays, in evaluation mode: call `.train()`
    before learning.

    Modules are PyTorch's own where it has one that does the same. Scale, Standardize, SmoothClip,
    PeriodicEmbedding, Exponential and Residual are small modules of
    `pellucid.exchange.pytorch.modules`. Weights are (out, in), contiguous, of the network's
    floating type; numbers that are not finite are copied as they are. Frozen layers have
    `requires_grad` False, and a frozen BatchNorm has momentum 0, which keeps its statistics as they
    are. Input names and classes stay behind. PyTorch's global random generator is left as it is.

    Parameters
    ----------
    net
        The network.
    names
        A name for each layer, with which the state_dict's names begin ("hidden.weight"); None means
        "0", "1", ...

    Raises InputError for a layer that PyTorch has no module for, and for names that do not fit.

    >>> import pellucid as pl
    >>> to_torch(pl.mlp([2, 4, 3], "sigmoid"), names=["hidden", "sigmoid", "output"])
    Sequential(
      (hidden): Linear(in_features=2, out_features=4, bias=True)
      (sigmoid): Sigmoid()
      (output): Linear(in_features=4, out_features=3, bias=True)
    )
    """
    check_network(net)
    torch = library("torch", "torch")
    with torch.random.fork_rng(devices=[]):  # nn.Linear draws weights, which are then overwritten
        modules = [_module(layer) for layer in net.layers]
    kind = getattr(torch, net.dtype.name)
    names = _names(names, len(modules))
    module: nn.Sequential = torch.nn.Sequential(OrderedDict(zip(names, modules, strict=True))).to(
        kind
    )
    for layer, own in zip(net.layers, modules, strict=True):
        own.load_state_dict(
            {name: torch.from_numpy(array) for name, array in tensors(layer).items()}
        )
    return module.eval()


def from_torch(
    module: nn.Module, *, inputs: dict[str, Any] | None = None, classes: Sequence[str] | None = None
) -> Network:
    """Give a network of its own arrays that answers as the module does in evaluation mode.

    It takes what `to_torch` gives, and any (nested) nn.Sequential of Linear, BatchNorm1d,
    LayerNorm, Dropout, Flatten, Identity, Softmax and the activations that pellucid has; on any
    device. Half precision becomes float32, which is exact. Where normalisation has no scale or
    shift, ones and zeros come in, which learn from then on. A module whose parameters all have
    `requires_grad` False becomes a frozen layer. Numbers that are not finite are copied as they
    are.

    Parameters
    ----------
    module
        What is taken in; it is left as it is, and shares no memory with the network.
    inputs, classes
        What PyTorch does not know of a network: see `Network`.

    Raises InputError that names the module which cannot be taken, and says why.
    """
    torch = library("torch", "torch")
    if not isinstance(module, torch.nn.Module):
        raise InputError("expected a module of PyTorch, got {kind}", kind=type(module).__name__)
    _check_ties(module)
    double = any(tensor.dtype is torch.float64 for tensor in module.state_dict().values())
    layers: list[Layer] = []
    for path, layer in _layers(module, "", np.dtype(np.float64 if double else np.float32)):
        layers.append(layer)
        try:
            checks.as_layers(layers)
        except InputError as error:
            raise InputError("module {path}: {reason}", path=path, reason=error) from error
    return Network(layers, inputs=inputs, classes=classes)


def _module(layer: Layer, frozen: bool = False) -> nn.Module:
    """Make the module of a layer, its weights yet to be filled in.

    `frozen` says that a layer around it is.
    """
    from torch import nn

    from pellucid.exchange.pytorch import modules

    frozen = frozen or layer.frozen
    if isinstance(layer, Residual):
        return modules.Residual(*(_module(inner, frozen) for inner in layer.inner))
    twin = twin_of(layer)
    module: nn.Module = getattr(modules if twin.own else nn, twin.module)(**settings(layer, frozen))
    return module.requires_grad_(not frozen)


def _names(names: Iterable[str] | None, count: int) -> list[str]:
    if names is None:
        return [str(index) for index in range(count)]
    given = [names] if isinstance(names, str) else list(names)
    fits = len(given) == len(set(given)) == count and all(isinstance(name, str) for name in given)
    if not fits or not all(name.isidentifier() or name.isdecimal() for name in given):
        raise InputError(
            "names are one for each of {count} layers, different, and of letters, digits and _; "
            "got {got}",
            count=count,
            got=given,
        )
    return given


def _layers(module: nn.Module, path: str, dtype: Any) -> Iterator[tuple[str, Layer]]:
    """Walk through a module and what is in it.

    Give paths and layers in the order of computation.
    """
    from torch import nn

    from pellucid.exchange.pytorch import modules

    if module._forward_hooks or module._forward_pre_hooks or module._backward_hooks:
        raise _refused(
            path, module, Message("it has hooks, which may change what it does: remove them")
        )
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        for (
            name,
            inner,
        ) in module._modules.items():  # named_children gives a module that stands there twice once
            yield from _layers(cast(Any, inner), f"{path}.{name}" if path else name, dtype)
    elif type(module) is modules.Residual:
        within = _layers(module.layers, f"{path}.layers" if path else "layers", dtype)
        yield path, Residual([layer for _, layer in within])
    else:
        yield path, _layer(module, path, dtype)


def _layer(module: nn.Module, path: str, dtype: Any) -> Layer:
    from torch import nn

    from pellucid.exchange.pytorch import modules

    found = [
        (kind, twin)
        for kind, twin in TWINS.items()
        if type(module) is getattr(modules if twin.own else nn, twin.module)
    ]
    if not found:
        raise _refused(path, module, _way_out(module))
    kind, twin = found[0]
    if (reason := twin.refuses(module)) is not None:
        raise _refused(path, module, reason)
    options = {ours: _plain(getattr(module, theirs)) for ours, theirs in twin.options.items()}
    try:
        layer = kind.build(options, _arrays(twin, module, dtype))
    except InputError as error:
        raise _refused(path, module, error.message) from error
    learns = {parameter.requires_grad for parameter in module.parameters()}
    if len(learns) > 1:
        raise _refused(
            path,
            module,
            Message("some of its parameters learn and others do not: a layer is frozen as a whole"),
        )
    layer.frozen = learns == {False}
    return layer


def _way_out(module: nn.Module) -> Message:
    from torch import nn

    if isinstance(module, nn.LogSoftmax):
        return Message(
            "export with Softmax in its place, or with neither, as cross-entropy takes weighted "
            "sums"
        )
    known = ", ".join(["Sequential", *(twin.module for twin in TWINS.values())])
    if any(True for _ in module.children()):  # somebody's own class, whose forward no one can read
        return Message(
            "what it does with its modules is in its code: give an nn.Sequential of them, or "
            "from_state_dict(module.state_dict(), like=net) with a network of the same "
            "architecture, or an ONNX file"
        )
    return Message("what can be taken is {known}", known=known)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _arrays(twin: Twin, module: Any, dtype: Any) -> dict[str, Array]:
    found = {ours: getattr(module, theirs) for ours, theirs in twin.arrays.items()}
    arrays = {name: _array(tensor) for name, tensor in found.items() if tensor is not None}
    if "gamma" in found and "gamma" not in arrays:  # a normalisation without scale and shift
        size = (
            module.num_features if hasattr(module, "num_features") else module.normalized_shape[0]
        )
        arrays["gamma"] = np.ones(size, dtype)
    return arrays


def _array(tensor: torch.Tensor) -> Array:
    import torch

    if tensor.dtype in (torch.float16, torch.bfloat16):
        tensor = tensor.float()
    if (
        tensor.dtype not in (torch.float32, torch.float64)
        or tensor.is_meta
        or tensor.layout is not torch.strided
    ):
        raise InputError(
            "its numbers are {kind}, and not plain floating-point ones", kind=tensor.dtype
        )
    return turned(tensor.detach().cpu().numpy())


def _check_ties(module: nn.Module) -> None:
    """Raise InputError where two modules share a parameter: as layers they would learn apart."""
    owners: dict[int, str] = {}
    for path, inner in module.named_modules(remove_duplicate=False):
        for name, parameter in inner.named_parameters(recurse=False):
            if (first := owners.setdefault(id(parameter), path)) != path:
                raise _refused(
                    path,
                    inner,
                    Message("it shares {name} with {other}: copy it first", name=name, other=first),
                )


def _refused(path: str, module: nn.Module, reason: Message) -> InputError:
    if not path:
        return InputError(
            "this {kind} cannot be taken: {reason}", kind=type(module).__name__, reason=reason
        )
    return InputError(
        "module {path} ({kind}) cannot be taken: {reason}",
        path=path,
        kind=type(module).__name__,
        reason=reason,
    )
