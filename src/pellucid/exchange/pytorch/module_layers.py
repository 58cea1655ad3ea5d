"""The layers of modules that PyTorch or `to_torch` made, without running them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from pellucid.core.composite import Skip
from pellucid.core.layer import Layer
from pellucid.core.members import Members
from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.exchange.pytorch.equivalents import EQUIVALENTS, Equivalent, class_of, transposed

if TYPE_CHECKING:
    import torch
    from torch import nn


def entry_of(module: nn.Module) -> tuple[type[Layer], Equivalent] | None:
    """Return the layer's class and the entry of a module, None for a class that has none.

    The exact class: a subclass may compute something else. The classes of `modules` are known by
    their source as well, since the program that `write_torch` writes has copies of them.
    """
    kind: Any = type(module)  # a class is hashable, which the stubs of nn.Module hide
    return _entry(kind)


# Cached by class, since comparing sources reads files.
@cache
def _entry(kind: Any) -> tuple[type[Layer], Equivalent] | None:
    for layer, entry in EQUIVALENTS.items():
        own = class_of(entry)
        if kind is own or (entry.own and kind.__name__ == entry.module and _copies(kind, own)):
            return layer, entry
    return None


def _copies(kind: type[nn.Module], own: type[nn.Module]) -> bool:
    try:
        return inspect.getsource(kind) == inspect.getsource(own)
    except (OSError, TypeError):
        return False


def is_chain(module: nn.Module) -> bool:
    """Return whether the module is an nn.Sequential that computes as PyTorch's own does."""
    from torch import nn

    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def has_hooks(module: nn.Module) -> bool:
    """Return whether something else runs when the module is called."""
    hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
    # A `forward` on the instance hides that of its class.
    return any(hooks) or "forward" in vars(module)


def is_known(module: nn.Module) -> bool:
    """Return whether the module's layers follow from classes and settings alone."""
    return all(
        (is_chain(inner) or entry_of(inner) is not None) and not has_hooks(inner)
        for inner in module.modules()
    )


def is_pytorchs(module: nn.Module) -> bool:
    """Return whether the module is a chain of PyTorch's own modules, known or not, no hooks."""
    return not has_hooks(module) and (
        all(map(is_pytorchs, module.children()))
        if is_chain(module)
        else type(module).__module__.startswith("torch.nn.modules")
    )


def layers_of(module: nn.Module, path: str, dtype: DTypeLike) -> Iterator[tuple[str, Layer]]:
    """Yield paths and layers of a module and its children, in the order of computation.

    `dtype` is the floating type of arrays that the modules do not have. Raises InputError that
    names the module which is not supported, and says why.
    """
    prefix = f"{path}." if path else ""
    if is_chain(module):
        # named_children() skips a module that occurs a second time; `_modules` does not.
        for name, child in module._modules.items():
            assert child is not None
            yield from layers_of(child, f"{prefix}{name}", dtype)
    elif (found := entry_of(module)) is not None and issubclass(found[0], (Skip, Members)):
        within = layers_of(module.get_submodule("layers"), f"{prefix}layers", dtype)
        options = {ours: getattr(module, theirs) for ours, theirs in found[1].options.items()}
        yield path, found[0].around([layer for _, layer in within], options)
    else:
        yield path, _layer(module, path, dtype)


def _layer(module: nn.Module, path: str, dtype: DTypeLike) -> Layer:
    found = entry_of(module)
    if found is None:
        known = ["Sequential", *(entry.module for entry in EQUIVALENTS.values())]
        reason = Message("supported are {known}", known=", ".join(known))
        raise refused_module(path, module, reason)
    kind, entry = found
    if (reason_against := entry.refuses(module)) is not None:
        raise refused_module(path, module, reason_against)
    options = {ours: _plain(getattr(module, theirs)) for ours, theirs in entry.options.items()}
    try:
        layer = kind.build(options, _arrays(entry, module, dtype))
    except InputError as error:
        raise refused_module(path, module, error.message) from error
    trained = {parameter.requires_grad for parameter in module.parameters()}
    if len(trained) > 1:
        reason = Message("requires_grad differs among its parameters: freeze all of them or none")
        raise refused_module(path, module, reason)
    layer.frozen = trained == {False}
    return layer


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value  # Scale's factor is a tensor


def _arrays(entry: Equivalent, module: Any, dtype: DTypeLike) -> dict[str, Array]:
    found = {ours: getattr(module, theirs) for ours, theirs in entry.arrays.items()}
    arrays = {n: transposed(array_of(tensor)) for n, tensor in found.items() if tensor is not None}
    if "gamma" in found and "gamma" not in arrays:  # a normalisation without scale and shift
        batch_norm = hasattr(module, "num_features")
        size = module.num_features if batch_norm else module.normalized_shape[0]
        arrays["gamma"] = np.ones(size, dtype)
    return arrays


def array_of(tensor: torch.Tensor) -> Array:
    """Return a tensor's numbers as float32 or float64; half precision becomes float32.

    Raises InputError for other types, for other layouts, and for NaN and infinity.
    """
    import torch

    kind = tensor.dtype
    if kind in (torch.float16, torch.bfloat16):
        # Exact: float32 holds every number of both types.
        tensor = tensor.float()
    plain = not tensor.is_meta and tensor.layout is torch.strided
    if tensor.dtype not in (torch.float32, torch.float64) or not plain:
        raise InputError("its numbers are {kind}; expected plain floating-point ones", kind=kind)
    array: Array = tensor.detach().cpu().numpy()
    if not np.isfinite(array).all():
        raise InputError("its weights hold NaN or infinity")
    return array


def refused_module(path: str, module: nn.Module, reason: Message) -> InputError:
    """Return the error that names a module."""
    kind = type(module).__name__
    if not path:
        return InputError("this {kind} is not supported: {reason}", kind=kind, reason=reason)
    template = "module {path} ({kind}) is not supported: {reason}"
    return InputError(template, path=path, kind=kind, reason=reason)
