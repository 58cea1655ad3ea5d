"""The architecture of a state_dict that nothing describes, from its tensors and their names.

Tensors determine widths, biases and normalisations. An `nn.Sequential` numbers its modules, and
those without tensors leave gaps: "0", "2", "3" means a module between the first two and none
between the last. The user names the activation; its place must follow from the numbers, or from
names that the user passes, or is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, permutations
from typing import NamedTuple

import numpy as np

from pellucid.core import ACTIVATIONS
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine, Identity
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.exchange.pytorch import tensor_matching as matching
from pellucid.exchange.pytorch.tensor_matching import Group
from pellucid.network import Network

_MOST_TRIED = 7  # modules whose orders are tried one by one: 5,040 permutations


class Deduced(NamedTuple):
    """A network of the right architecture, and the state_dict's modules in the layers' order.

    The weights of the network are zeros.
    """

    network: Network
    modules: list[str]


def deduced(
    state: Mapping[str, Array],
    activation: str | None,
    output: str | None = None,
    names: Iterable[str] | None = None,
) -> Deduced:
    """Return the network of a state_dict of Linear, BatchNorm1d and LayerNorm modules.

    Parameters
    ----------
    state
        Arrays by PyTorch's names.
    activation
        The activation after each Linear module but the last: in the one gap that the numbers of an
        nn.Sequential leave before the next Linear, and nowhere where they leave none. Directly
        behind each Linear where names are no such numbers, or have no gap at all (nn.ModuleList).
    output
        The activation at the end; None means none.
    names
        The modules' names in their order, where names and shapes do not determine it. They may
        include activations ("fc1", "relu", "norm1", "fc2"); then there are no others.

    Raises InputError where that leaves more than one choice.
    """
    groups = matching.grouped(state)
    kinds = {name: _kind(name, group) for name, group in groups.items()}
    if "Linear" not in kinds.values():
        template = "not a chain of Linear modules: pass the architecture (like=..., --like MODEL)"
        raise InputError(template)
    if names is None:
        sequence = _with_activations(_order(groups, kinds), kinds, activation)
    else:
        sequence = _named(list(names), kinds, activation)
    layers: list[Layer] = []
    for name in sequence:
        if name in groups:
            layers.append(_layer(name, groups[name], kinds[name], layers))
        else:
            layers += _activation(name)
    net = Network(layers + _activation(output or "identity"))
    return Deduced(net, [name for name in sequence if name in groups])


def _kind(name: str, group: Group) -> str:
    """Return the kind of a module, from its tensors."""
    axes = {last: array.ndim for last, array in group.items()}
    statistics: dict[str, int] = {"running_mean": 1, "running_var": 1}
    if axes in ({"weight": 2}, {"weight": 2, "bias": 1}):
        return "Linear"
    if axes == statistics | dict.fromkeys(axes.keys() & {"weight", "bias"}, 1):
        return "BatchNorm"
    if axes == {"weight": 1, "bias": 1}:  # with a weight alone it could as well be PReLU or RMSNorm
        return "LayerNorm"
    raise _unknown(name, group)


def _unknown(name: str, group: Group) -> InputError:
    last = "weight" if "weight" in group else min(group)
    return InputError(
        "tensor {name} of shape {shape} belongs to no Linear, BatchNorm1d or LayerNorm module in a "
        "chain: pass the architecture (like=..., --like MODEL)",
        name=repr(f"{name}.{last}" if name else last),
        shape=group[last].shape,
    )


def _layer(name: str, group: Group, kind: str, before: Sequence[Layer]) -> Layer:
    """Return the layer of a module; raises InputError where it does not fit those before."""
    widths = [layer.W.shape[1] for layer in before if isinstance(layer, Affine)]
    if kind == "Linear":
        H, D = group["weight"].shape
        layer: Layer = Affine(np.zeros((D, H)), np.zeros(H) if "bias" in group else None)
    else:
        D = next(iter(group.values())).size
        layer = BatchNorm(np.ones(D)) if kind == "BatchNorm" else LayerNorm(np.ones(D))
    if widths and widths[-1] != D:
        raise _unknown(name, group)
    return layer


def _activation(name: str) -> list[Layer]:
    if name not in ACTIVATIONS:
        template = "{what} is one of {known}; not {got}"
        known = ", ".join(ACTIVATIONS)
        raise InputError(template, what="activation", known=known, got=repr(name))
    kind = ACTIVATIONS[name]
    if kind.parameter_names:
        raise InputError(
            "{name} is trained, and no name tells which tensors are its own: pass the architecture "
            "(like=..., --like MODEL)",
            name=name,
        )
    return [] if kind is Identity else [kind()]


def _named(names: list[str], kinds: Mapping[str, str], activation: str | None) -> list[str]:
    """Return modules and activations in the order of the user's names."""
    order = [name for name in names if name in kinds]
    known = all(name in kinds or name in ACTIVATIONS for name in names)
    if sorted(order) != sorted(kinds) or not known:
        raise matching.other_names(len(kinds), kinds, names)
    if order == names:
        return _with_activations(order, kinds, activation)
    if activation is not None:
        raise InputError("the names already include activations: do not pass another one")
    return names


def _order(groups: Mapping[str, Group], kinds: Mapping[str, str]) -> list[str]:
    """Return the modules in their order: by their numbers, or by the only chain of widths."""
    if (positions := _positions(groups)) is not None:
        return sorted(groups, key=lambda name: positions[name])
    if set(kinds.values()) != {"Linear"}:
        raise _unclear_place(list(groups), "relu")
    if (found := matching.numbered(groups)) is not None:
        return found
    shapes = {name: group["weight"].shape for name, group in groups.items()}
    orders = permutations(groups) if len(groups) <= _MOST_TRIED else ()
    chains = [o for o in orders if all(shapes[a][0] == shapes[b][1] for a, b in pairwise(o))]
    if len(chains) != 1:
        raise matching.unclear(groups)
    return list(chains[0])


def _positions(names: Iterable[str]) -> dict[str, tuple[int, ...]] | None:
    """Return the numbers in names of nested nn.Sequential and nn.ModuleList, else None."""
    parts = {name: name.split(".") for name in names}
    # A common prefix, such as "net.", is the attribute of the user's own class.
    while all(len(p) > 1 for p in parts.values()) and len({p[0] for p in parts.values()}) == 1:
        parts = {name: each[1:] for name, each in parts.items()}
    if not all(part.isdecimal() for each in parts.values() for part in each):
        return None
    return {name: tuple(map(int, each)) for name, each in parts.items()}


def _has_room(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Return whether modules without tensors are, or may be, between two places."""
    pairs = zip(a, b, strict=False)
    level = next((index for index, (one, other) in enumerate(pairs) if one != other), 0)
    # No number shows how many modules follow at the end of a Sequential within another.
    return b[level] - a[level] > 1 or len(a) > level + 1 or any(b[level + 1 :])


def _with_activations(
    order: list[str], kinds: Mapping[str, str], activation: str | None
) -> list[str]:
    """Insert the activation at its places; raises InputError where these are ambiguous."""
    positions = _positions(order) or {}
    in_order = bool(positions) and all(positions[a] < positions[b] for a, b in pairwise(order))
    rooms = {b for a, b in pairwise(order) if in_order and _has_room(positions[a], positions[b])}
    linears = [index for index, name in enumerate(order) if kinds[name] == "Linear"]
    before: set[str] = set()
    for first, last in pairwise([*linears, len(order)]):
        stretch = order[first + 1 : last + 1]  # up to and including the next Linear
        places = [name for name in stretch if name in rooms or not rooms]
        # Identity may be inserted anywhere.
        if activation != "identity" and (len(places) > 1 or (places and last == len(order))):
            raise _unclear_place(order, activation or "relu")
        before.update(places)
    if before and activation is None:
        raise InputError("a state_dict does not record activations: name one, such as relu")
    pairs = ([str(activation), name] if name in before else [name] for name in order)
    return [each for pair in pairs for each in pair]


def _unclear_place(modules: Sequence[str], activation: str) -> InputError:
    return InputError(
        "names and numbers do not determine where the activations of {modules} are: pass all names "
        "in order, such as --names {example}, or a network of the same architecture (--like MODEL, "
        "like=...)",
        modules=matching.listed(modules),
        example=",".join([modules[0], activation, *modules[1:3], "..."]),
    )
