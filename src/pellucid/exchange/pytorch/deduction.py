"""The network of a state_dict that nothing describes: what its tensors and their names tell, and no
more.

Tensors tell widths, biases and normalisations. An `nn.Sequential` numbers its modules, and those
without tensors leave gaps: "0", "2", "3" says that something stands between the first two and
nothing between the last. What stands there is told by the user; where it stands must follow from
the numbers, or from the names that the user gives, or is an error.
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
from pellucid.exchange.pytorch.matching import (
    Group,
    grouped,
    listed,
    numbered,
    other_names,
    unclear,
)
from pellucid.network import Network

_MOST_TRIED = 7  # modules whose orders are tried one by one


class Deduced(NamedTuple):
    """A network whose numbers do not matter, and the modules of the state_dict that its layers
    belong to, in order.
    """

    network: Network
    modules: list[str]


def deduced(
    state: Mapping[str, Array],
    activation: str | None,
    output: str | None = None,
    names: Iterable[str] | None = None,
) -> Deduced:
    """Give the network of a state_dict of Linear, BatchNorm1d and LayerNorm modules.

    Parameters
    ----------
    state
        Arrays by PyTorch's names.
    activation
        What stands after each Linear module but the last: at the one place before the next Linear
        where the numbers of an nn.Sequential have a gap, and nowhere where they have none. Right
        behind each, where names are no such numbers, or have no gap at all (nn.ModuleList).
    output
        What stands at the end; None means nothing.
    names
        The modules' names in their order, where names and shapes do not tell it. Activations may
        stand among them ("fc1", "relu", "norm1", "fc2"); then there are no others.

    Raises InputError where that leaves more than one choice.
    """
    groups = grouped(state)
    kinds = {name: _kind(name, group) for name, group in groups.items()}
    if "Linear" not in kinds.values():
        raise _no_chain()
    given = None if names is None else list(names)
    if given is None:
        line = _with_activations(_order(groups, kinds), kinds, activation)
    else:
        line = _told(given, kinds, activation)
    layers: list[Layer] = []
    for name in line:
        layers += (
            _layers(name, groups[name], kinds[name], layers)
            if name in groups
            else _activation(name)
        )
    return Deduced(
        Network(layers + _activation(output or "identity")),
        [name for name in line if name in groups],
    )


def _no_chain() -> InputError:
    return InputError(
        "this is no chain of Linear modules: give the architecture (like=..., --like MODEL)"
    )


def _kind(name: str, group: Group) -> str:
    """Tell of which kind a module is, by its tensors."""
    axes = {last: array.ndim for last, array in group.items()}
    scale: dict[str, int] = {last: 1 for last in ("weight", "bias") if last in axes}
    statistics: dict[str, int] = {"running_mean": 1, "running_var": 1}
    if axes in ({"weight": 2}, {"weight": 2, "bias": 1}):
        return "Linear"
    if axes == statistics | scale:
        return "BatchNorm"
    if axes == {"weight": 1, "bias": 1}:  # with a weight alone it could as well be PReLU or RMSNorm
        return "LayerNorm"
    raise _stranger(name, group)


def _stranger(name: str, group: Group) -> InputError:
    last = "weight" if "weight" in group else min(group)
    return InputError(
        "tensor {name} of shape {shape} belongs to no Linear, BatchNorm1d or LayerNorm module in "
        "a line: give the "
        "architecture (like=..., --like MODEL)",
        name=repr(f"{name}.{last}" if name else last),
        shape=group[last].shape,
    )


def _layers(name: str, group: Group, kind: str, before: Sequence[Layer]) -> list[Layer]:
    """Make the layer of a module; what stands before it must fit."""
    width = next(
        (layer.W.shape[1] for layer in reversed(before) if isinstance(layer, Affine)), None
    )
    if kind == "Linear":
        H, D = group["weight"].shape
        layer: Layer = Affine(np.zeros((D, H)), np.zeros(H) if "bias" in group else None)
    else:
        D = next(iter(group.values())).size
        layer = BatchNorm(np.ones(D)) if kind == "BatchNorm" else LayerNorm(np.ones(D))
    if width not in (None, D):
        raise _stranger(name, group)
    return [layer]


def _activation(name: str) -> list[Layer]:
    if name not in ACTIVATIONS:
        raise InputError(
            "{what} is one of {known}; not {got}",
            what="activation",
            known=", ".join(ACTIVATIONS),
            got=repr(name),
        )
    kind = ACTIVATIONS[name]
    return [] if kind is Identity else [kind()]


def _told(names: list[str], kinds: Mapping[str, str], activation: str | None) -> list[str]:
    """Give the line that the user's names make.

    Modules, and activations where they are among the names.
    """
    order = [name for name in names if name in kinds]
    if sorted(order) != sorted(kinds) or any(
        name not in ACTIVATIONS for name in names if name not in kinds
    ):
        raise other_names(len(kinds), kinds, names)
    if order == names:
        return _with_activations(order, kinds, activation)
    if activation is not None:
        raise InputError("activations stand among the names: leave the one for all layers out")
    return names


def _order(groups: Mapping[str, Group], kinds: Mapping[str, str]) -> list[str]:
    """Give the modules in their order: by their numbers, or by the one chain of widths."""
    if (positions := _positions(groups)) is not None:
        return sorted(groups, key=lambda name: positions[name])
    if set(kinds.values()) != {"Linear"}:
        raise _unclear_place(list(groups), "relu")
    return _chain(groups)


def _chain(linears: Mapping[str, Group]) -> list[str]:
    if (found := numbered(linears)) is not None:
        return found
    if len(linears) > _MOST_TRIED:
        raise unclear(linears)
    chains = [
        order
        for order in permutations(linears)
        if all(
            linears[a]["weight"].shape[0] == linears[b]["weight"].shape[1]
            for a, b in pairwise(order)
        )
    ]
    if len(chains) != 1:
        raise unclear(linears)
    return list(chains[0])


def _positions(names: Iterable[str]) -> dict[str, tuple[int, ...]] | None:
    """Give the numbers by which (nested) nn.Sequential and nn.ModuleList name modules.

    None for other names.
    """
    parts = {name: name.split(".") for name in names}
    while (
        all(len(each) > 1 for each in parts.values())
        and len({each[0] for each in parts.values()}) == 1
    ):
        parts = {name: each[1:] for name, each in parts.items()}
    if not all(part.isdecimal() for each in parts.values() for part in each):
        return None
    return {name: tuple(map(int, each)) for name, each in parts.items()}


def _has_room(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Tell whether modules without tensors stand, or may stand, between two places.

    How many stand at the end of a Sequential within another, no number tells.
    """
    level = next(
        (index for index, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), 0
    )
    return b[level] - a[level] > 1 or len(a) > level + 1 or any(b[level + 1 :])


def _with_activations(
    order: list[str], kinds: Mapping[str, str], activation: str | None
) -> list[str]:
    """Give modules in their order with the activation where it stands.

    Raises InputError where that is not certain.
    """
    positions = _positions(order) or {}
    in_order = bool(positions) and all(positions[a] < positions[b] for a, b in pairwise(order))
    rooms = {b for a, b in pairwise(order) if in_order and _has_room(positions[a], positions[b])}
    linears = [index for index, name in enumerate(order) if kinds[name] == "Linear"]
    before: set[str] = set()
    for first, last in pairwise([*linears, len(order)]):
        stretch = order[first + 1 : last + 1]  # up to the next Linear, where there is one
        places = [name for name in stretch if name in rooms or not rooms]
        if activation != "identity" and (len(places) > 1 or (places and last == len(order))):
            raise _unclear_place(order, activation or "relu")
        before.update(places)
    if before and activation is None:
        raise InputError(
            "a state_dict does not say what stands between its Linear modules: name the "
            "activation, such as relu"
        )
    return [
        each for name in order for each in ([str(activation), name] if name in before else [name])
    ]


def _unclear_place(modules: Sequence[str], activation: str) -> InputError:
    return InputError(
        "names and numbers do not tell where the activations of {modules} stand: give all in "
        "their order, such as "
        "--names {example}, or a network of the same architecture (--like MODEL, like=...)",
        modules=listed(modules),
        example=",".join([modules[0], activation, *modules[1:3], "..."]),
    )
