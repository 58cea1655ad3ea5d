"""Which tensors of a state_dict belong to which layer.

By PyTorch's names, by numbers in names, or by shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pellucid.core.composite import Residual
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.exchange.pytorch.twins import COUNTER, tensors

Group = dict[str, Array]  # the tensors of one module, by the last part of their names

_SHOWN = 6


def grouped(state: Mapping[str, Array]) -> dict[str, Group]:
    """Give a state_dict module by module; BatchNorm's counters, which change nothing, are left out.

    In the order of names and the numbers in them: readers of files give tensors in any order.
    """
    groups: dict[str, Group] = {}
    for name, array in sorted(state.items(), key=lambda item: _parts(item[0])):
        module, _, last = name.rpartition(".")
        if last != COUNTER:
            groups.setdefault(module, {})[last] = array
    return groups


def matched(
    layers: Sequence[Layer], state: Mapping[str, Array], names: Iterable[str] | None = None
) -> dict[str, Group]:
    """Give for the place of each layer that has arrays ("0", "3.layers.1") the tensors that belong
    to it.

    With `names`, the modules' names in the layers' order. Otherwise the names are those of
    `to_torch`, behind whatever they all begin with; or the modules of each kind are in the order of
    the numbers in their names ("fc1", "fc2"), or shapes leave one choice. Raises InputError for
    anything else, for tensors that are missing or left over, and for shapes that do not fit.
    """
    wanted = {place: _expected(layer) for place, layer in leaves(layers)}
    groups = grouped(state)
    if names is not None:
        found = _named(wanted, groups, list(names))
    elif (found := _without_beginning(groups, wanted)).keys() != wanted.keys():
        found = _by_kind(wanted, groups)
    for place, module in found.items():
        _check(module, wanted[place], groups[module])
    return {place: groups[module] for place, module in found.items()}


def leaves(layers: Sequence[Layer], before: str = "") -> Iterator[tuple[str, Layer]]:
    """Walk through the layers that have arrays of their own, with their place in PyTorch's naming."""
    for index, layer in enumerate(layers):
        if isinstance(layer, Residual):
            yield from leaves(layer.inner, f"{before}{index}.layers.")
        elif layer.arrays():
            yield f"{before}{index}", layer


def _expected(layer: Layer) -> Group:
    return {name: array for name, array in tensors(layer).items() if name != COUNTER}


def _named(
    wanted: Mapping[str, Group], groups: Mapping[str, Group], names: list[str]
) -> dict[str, str]:
    if len(names) != len(wanted) or set(names) != set(groups):
        raise other_names(len(wanted), groups, names)
    return dict(zip(wanted, names, strict=True))


def other_names(count: int, known: Iterable[str], got: Iterable[str]) -> InputError:
    """Give the error for names that are not those of the layers with weights."""
    return InputError(
        "expected {count} names, one for each layer with weights, out of {known}; got {got}",
        count=count,
        known=listed(known),
        got=listed(got),
    )


def _without_beginning(groups: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """Give the modules by their names without what all begin with ("module.net."), until these are
    those wanted.
    """
    found, places = {name: name for name in groups}, set(wanted)
    while not set(found) <= places and len({short.partition(".")[0] for short in found}) == 1:
        found = {short.partition(".")[2]: name for short, name in found.items()}
    return found


def _by_kind(wanted: Mapping[str, Group], groups: Mapping[str, Group]) -> dict[str, str]:
    """Match modules that hold tensors of the same names and numbers of axes among themselves."""
    found: dict[str, str] = {}
    for kind in dict.fromkeys(_kind(group) for group in (*wanted.values(), *groups.values())):
        places = [place for place, group in wanted.items() if _kind(group) == kind]
        modules = [module for module, group in groups.items() if _kind(group) == kind]
        if len(places) != len(modules):
            raise InputError(
                "expected tensors for {wanted}; got {got}", wanted=_told(wanted), got=_told(groups)
            )
        found.update(
            zip(places, _ordered([wanted[place] for place in places], modules, groups), strict=True)
        )
    return found


def _ordered(places: list[Group], modules: list[str], groups: Mapping[str, Group]) -> list[str]:
    """Give the modules in the order of the places that they belong to."""
    if (found := numbered(modules)) is not None:
        return found
    shapes = [_shapes(group) for group in places]
    if len(set(shapes)) == len(shapes) and sorted(shapes) == sorted(
        _shapes(groups[module]) for module in modules
    ):
        by_shape = {_shapes(groups[module]): module for module in modules}
        return [by_shape[shape] for shape in shapes]
    raise unclear(modules)


def numbered(modules: Iterable[str]) -> list[str] | None:
    """Sort names that differ in numbers only by these ("net.9" before "net.10").

    None for other names.
    """
    names = list(modules)
    if len({re.sub(r"[0-9]+", "#", name) for name in names}) > 1:
        return None
    return sorted(names, key=lambda name: [int(number) for number in re.findall(r"[0-9]+", name)])


def unclear(modules: Iterable[str]) -> InputError:
    """Give the error for modules whose order nothing tells."""
    return InputError(
        "names and shapes do not tell the order of {modules}: give names=[...] (--names), the "
        "first layer first",
        modules=listed(sorted(modules)),
    )


def _parts(name: str) -> list[tuple[int, str]]:
    """Give what names are sorted by: "net.9" comes before "net.10"."""
    return [
        (int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"([0-9]+)", name)
    ]


def _check(module: str, wanted: Group, got: Group) -> None:
    for name in {**wanted, **got}:
        expected, found = (
            str(group[name].shape) if name in group else Message("none") for group in (wanted, got)
        )
        if expected != found:
            raise InputError(
                "tensor {name}: expected shape {expected}, got {got}",
                name=repr(f"{module}.{name}"),
                expected=expected,
                got=found,
            )


def _kind(group: Group) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, array.ndim) for name, array in group.items()))


def _shapes(group: Group) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple(sorted((name, array.shape) for name, array in group.items()))


def _told(groups: Mapping[str, Group]) -> str:
    return listed(
        f"{module} ({', '.join(f'{n} {a.shape}' for n, a in group.items())})"
        for module, group in groups.items()
    )


def listed(names: Iterable[str]) -> str:
    """Give the first of these names, as a message shows them."""
    shown = [repr(name) if not name or not name.isprintable() else name for name in names]
    return ", ".join(shown[:_SHOWN]) + (", ..." if len(shown) > _SHOWN else "")
