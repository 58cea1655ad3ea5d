"""What a row of a network's inputs means: the pixels of an image, or the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pellucid.core.types import Options
from pellucid.data.tables.columns import Columns
from pellucid.errors import InputError
from pellucid.files import limits


@dataclass(frozen=True)
class Images:
    """Images of one size, as grey levels: `shape` is (height, width) in pixels.

    Raises InputError for sides below 1 and for more than 64 million pixels.
    """

    shape: tuple[int, int]

    def __post_init__(self) -> None:
        sides = tuple(self.shape) if isinstance(self.shape, (tuple, list)) else ()
        if (
            len(sides) != 2
            or not all(type(side) is int and side > 0 for side in sides)
            or sides[0] * sides[1] > limits.PIXELS
        ):
            template = (
                "the shape of images must be (height, width) of 1 to {most:,} pixels, got {got}"
            )
            raise InputError(template, most=limits.PIXELS, got=repr(self.shape))
        object.__setattr__(self, "shape", sides)  # a list, as JSON has it, becomes a tuple

    @property
    def width(self) -> int:
        """D, the pixels of an image: how many numbers a row has."""
        return self.shape[0] * self.shape[1]

    def to_dict(self) -> Options:
        """Return the form that a model file keeps."""
        return {"kind": "images", "shape": list(self.shape)}


Inputs: TypeAlias = Images | Columns | None


def inputs_from(entry: Any, classes: Sequence[str] | None, D: int | None) -> Inputs:
    """Return the inputs that a file describes, trusting nothing.

    `entry` is the result of `to_dict`, or None; `classes` are the network's class names, `D` is how
    many inputs its layers take, None for any number.

    Raises InputError for what does not fit.
    """
    if entry is None:
        return None
    inputs: Images | Columns
    if isinstance(entry, dict) and entry.get("kind") == "images" and "shape" in entry:
        inputs = Images(entry["shape"])
    elif isinstance(entry, dict) and entry.get("kind") == "table":
        inputs = Columns.from_dict(entry, classes)
    else:
        raise InputError("its description of the inputs is malformed")
    if D not in (None, inputs.width):
        template = "its inputs are {width} numbers a row, but its layers take {D}"
        raise InputError(template, width=inputs.width, D=D)
    return inputs
