"""The tensors of a state_dict that belong to each layer.

They are found by PyTorch's names, by numbers in names, or by shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.exchange.pytorch.equivalents import COUNTER, tensors

Group = dict[str, Array]  # the tensors of one module, by the last part of their names

_SHOWN = 6  # names in an error


def grouped(state: Mapping[str, Array]) -> dict[str, Group]:
    """Return a state_dict module by module, without BatchNorm's counters, which have no effect.

    Modules are in the order of their names and the numbers in them: the order in which files are
    read differs from process to process.
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
    """Return the tensors of each layer that has arrays, by the layer's place ("0", "3.layers.1").

    `names` are the modules' names in the layers' order. Without them the names are those of
    `to_torch`, behind any common prefix; or the modules of each kind are in the order of the
    numbers in their names ("fc1", "fc2"), or shapes leave one choice. Raises InputError for
    anything else, for tensors that are missing or left over, and for shapes that do not fit.
    """
    wanted = {place: _expected(layer) for place, layer in leaves(layers)}
    groups = grouped(state)
    if names is not None:
        given = list(names)
        if len(given) != len(wanted) or set(given) != set(groups):
            raise other_names(len(wanted), groups, given)
        found = dict(zip(wanted, given, strict=True))
    elif (found := _without_prefix(groups, wanted)).keys() != wanted.keys():
        found = _by_kind(wanted, groups)
    for place, module in found.items():
        _check(module, wanted[place], groups[module])
    return {place: groups[module] for place, module in found.items()}


def leaves(layers: Sequence[Layer], before: str = "") -> Iterator[tuple[str, Layer]]:
    """Yield the layers that have arrays of their own, with their place in PyTorch's names."""
    for index, layer in enumerate(layers):
        if layer.inner:
            yield from leaves(layer.inner, f"{before}{index}.layers.")
        elif layer.arrays():
            yield f"{before}{index}", layer


def _expected(layer: Layer) -> Group:
    return {name: array for name, array in tensors(layer).items() if name != COUNTER}


def other_names(count: int, known: Iterable[str], got: Iterable[str]) -> InputError:
    """Return the error for names that are not those of the layers with weights."""
    template = "expected {count} names, one for each layer with weights, out of {known}; got {got}"
    return InputError(template, count=count, known=listed(known), got=listed(got))


def _without_prefix(groups: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """Return the modules by their names without the prefix ("module.net.") of all of them."""
    found, places = {name: name for name in groups}, set(wanted)
    while not set(found) <= places and len({short.partition(".")[0] for short in found}) == 1:
        found = {short.partition(".")[2]: name for short, name in found.items()}
    return found


def _by_kind(wanted: Mapping[str, Group], groups: Mapping[str, Group]) -> dict[str, str]:
    """Match modules with places whose tensors have the same names and dimensions."""
    found: dict[str, str] = {}
    for kind in dict.fromkeys(_kind(group) for group in (*wanted.values(), *groups.values())):
        places = [place for place, group in wanted.items() if _kind(group) == kind]
        modules = [module for module, group in groups.items() if _kind(group) == kind]
        if len(places) != len(modules):
            sides = {"wanted": _described(wanted), "got": _described(groups)}
            raise InputError("expected tensors for {wanted}; got {got}", **sides)
        shapes = [_shapes(wanted[place]) for place in places]
        found.update(zip(places, _ordered(shapes, modules, groups), strict=True))
    return found


def _ordered(shapes: list[_Shapes], modules: list[str], groups: Mapping[str, Group]) -> list[str]:
    """Return the modules in the order of the places, whose tensors have these shapes."""
    if (found := numbered(modules)) is not None:
        return found
    by_shape = {_shapes(groups[module]): module for module in modules}
    # Shapes decide only if no two places, and so no two modules, have the same ones.
    if len(set(shapes)) == len(modules) and set(shapes) == set(by_shape):
        return [by_shape[shape] for shape in shapes]
    raise unclear(modules)


def numbered(modules: Iterable[str]) -> list[str] | None:
    """Sort names that differ in numbers only by these ("net.9" before "net.10"), else None."""
    names = list(modules)
    if len({re.sub(r"[0-9]+", "#", name) for name in names}) > 1:
        return None
    return sorted(names, key=lambda name: [int(number) for number in re.findall(r"[0-9]+", name)])


def unclear(modules: Iterable[str]) -> InputError:
    """Return the error for modules whose order is ambiguous."""
    return InputError(
        "names and shapes do not determine the order of {modules}: pass names=[...] (--names), the "
        "first layer first",
        modules=listed(sorted(modules)),
    )


def _parts(name: str) -> list[tuple[int, str]]:
    """Return a key for sorting: "net.9" comes before "net.10"."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _check(module: str, wanted: Group, got: Group) -> None:
    for name in {**wanted, **got}:
        sides = (wanted, got)
        a, b = (str(each[name].shape) if name in each else Message("none") for each in sides)
        if a != b:
            template = "tensor {name}: expected shape {expected}, got {got}"
            raise InputError(template, name=repr(f"{module}.{name}"), expected=a, got=b)


def _kind(group: Group) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, array.ndim) for name, array in group.items()))


_Shapes = tuple[tuple[str, tuple[int, ...]], ...]


def _shapes(group: Group) -> _Shapes:
    return tuple(sorted((name, array.shape) for name, array in group.items()))


def _described(groups: Mapping[str, Group]) -> str:
    shapes = [
        [f"{name} {array.shape}" for name, array in group.items()] for group in groups.values()
    ]
    return listed(
        f"{module} ({', '.join(own)})" for module, own in zip(groups, shapes, strict=True)
    )


def listed(names: Iterable[str]) -> str:
    """Return the first of these names, as an error shows them."""
    shown = [repr(name) if not name or not name.isprintable() else name for name in names]
    return ", ".join(shown[:_SHOWN]) + (", ..." if len(shown) > _SHOWN else "")
