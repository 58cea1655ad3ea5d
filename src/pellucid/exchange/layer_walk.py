"""The walk of an export through a network: each layer is written by the function for its type."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from pellucid.core.layer import Layer
from pellucid.errors import InputError

Row = TypeVar("Row")


class Source(ABC, Generic[Row]):
    """The source text of a network in another language; layers, one by one, change the row.

    Attributes
    ----------
    language
        The name of the language.
    place
        Where the current layer is: "3", or "3_0" for layer 0 within it.
    kind
        The current layer's type.
    """

    language: ClassVar[str]
    place: str = ""
    kind: str = ""

    def begin(self, place: str, layer: Layer) -> None:
        """Begin the source of a layer."""
        self.place, self.kind = place, type(layer).__name__

    @property
    def current(self) -> dict[str, str]:
        """The place and the type of the current layer, as errors name them."""
        return {"index": self.place.replace("_", "."), "layer": self.kind}

    @abstractmethod
    def hold(self) -> Row:
        """Keep the current row beside those to come, and return it."""

    @abstractmethod
    def back_to(self, row: Row) -> None:
        """Make a row that is held the current one; it stays held."""

    @abstractmethod
    def release(self, row: Row) -> None:
        """Hold a row no longer; whatever is computed next is the last that can read it."""


Code = TypeVar("Code", bound=Source[Any])

# The first argument of a conversion is a layer of the type under which it is listed.
Conversions: TypeAlias = Mapping[type[Layer], Callable[[Any, Code], None]]


def convert(
    layers: Sequence[Layer],
    code: Code,
    conversions: Conversions[Code],
    within: str = "",
    first: int = 0,
) -> None:
    """Add layers to the source; raises InputError that names a layer without a conversion."""
    for index, layer in enumerate(layers, first):
        code.begin(f"{within}{index}", layer)
        if (conversion := conversions.get(type(layer))) is None:
            template = (
                "layer {index} ({layer}) cannot be written in {language}, which knows {known}: "
                "remove it or replace it"
            )
            known = ", ".join(kind.__name__ for kind in conversions)
            raise InputError(template, language=code.language, known=known, **code.current)
        conversion(layer, code)


def branches(
    layer: Layer, chains: Sequence[Sequence[Layer]], code: Code, conversions: Conversions[Code]
) -> list[Any]:
    """Add the chains within a layer, which all begin at the current row.

    Returns the row at the end of each, all of them held.
    """
    place, start = code.place, code.hold()
    ends, first = [], 0
    for chain in chains:
        code.back_to(start)
        convert(chain, code, conversions, f"{place}_", first)
        ends.append(code.hold())
        first += len(chain)
    code.release(start)
    code.begin(place, layer)
    return ends
