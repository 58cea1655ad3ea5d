"""A network as PyTorch's modules."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pellucid.core.layer import Layer
from pellucid.errors import InputError
from pellucid.exchange.guards import check_network
from pellucid.exchange.pytorch.equivalents import KEPT, class_of, equivalent_of, settings, tensors
from pellucid.extras import library
from pellucid.network import Network

if TYPE_CHECKING:
    from torch import nn


def to_torch(net: Network, names: Iterable[str] | None = None) -> nn.Sequential:
    """Return the network as an `nn.Sequential` with its own copy of the weights.

    The module is in evaluation mode: call `.train()` before training. Modules are PyTorch's own
    where it has an equivalent. Scale, Standardize, SmoothClip, PeriodicEmbedding, Exponential,
    Residual and Members are small modules of `pellucid.exchange.pytorch.modules`. Weights are
    (out, in), contiguous, of the network's floating type; numbers that are not finite are copied
    unchanged. Training the module of an ensemble trains the mean of its members' predictions, where
    `pl.train` trains each member by itself. Frozen layers have `requires_grad` False, and a frozen
    BatchNorm has momentum 0, which keeps its statistics. PyTorch's global random generator is not
    changed.

    The module keeps `net.inputs` and `net.classes` as text in its attribute `pellucid`, where
    `from_torch` finds them: also after `copy.deepcopy`, `.to(...)`, and `torch.save` of the module.
    A state_dict does not hold them, nor does a module that is made of this one's (`module[:-1]`, an
    nn.Sequential around it): load the state_dict into `to_torch(net)`, or pass them to
    `from_torch`.

    Parameters
    ----------
    net
        The network.
    names
        A name for each layer, the prefix of its entries in the state_dict ("hidden.weight"); None
        means "0", "1", ...

    Raises InputError for a layer without a PyTorch module, and for names that do not fit.

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
    # nn.Linear draws weights, which are overwritten below: the user's generator must not notice.
    with torch.random.fork_rng(devices=[]):
        made = [_module(layer) for layer in net.layers]
    named = OrderedDict(zip(_names(names, len(made)), made, strict=True))
    module: nn.Sequential = torch.nn.Sequential(named).to(getattr(torch, net.dtype.name))
    for layer, own in zip(net.layers, made, strict=True):
        state = {name: torch.from_numpy(array) for name, array in tensors(layer).items()}
        own.load_state_dict(state)
    if net.inputs is not None or net.classes is not None:
        setattr(module, KEPT, json.dumps({**net.header(), "record": {}}))
    return module.eval()


def _module(layer: Layer, frozen: bool = False) -> nn.Module:
    """Return the module of a layer without its weights, frozen if an outer layer is."""
    frozen, make = frozen or layer.frozen, class_of(equivalent_of(layer))
    if layer.inner:
        around: nn.Module = make(
            *(_module(each, frozen) for each in layer.inner), **settings(layer)
        )
        return around
    module: nn.Module = make(**settings(layer, frozen))
    return module.requires_grad_(not frozen)


def _names(names: Iterable[str] | None, count: int) -> list[str]:
    if names is None:
        return [str(index) for index in range(count)]
    given = [names] if isinstance(names, str) else list(names)
    fits = len(given) == len(set(given)) == count and all(isinstance(name, str) for name in given)
    # A dot would nest modules, and other characters cannot be attributes.
    if not fits or not all(name.isidentifier() or name.isdecimal() for name in given):
        template = (
            "names must be {count} different ones, of letters, digits and _, one for each layer; "
            "got {got}"
        )
        raise InputError(template, count=count, got=given)
    return given
