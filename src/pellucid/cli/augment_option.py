"""`--augment`: how images are changed in training, as one word of names and numbers."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import click

from pellucid.cli.values import ParamType
from pellucid.errors import InputError
from pellucid.language import say, translate
from pellucid.training import Brightness, Compose, Distortion
from pellucid.training.augmentation import Augmentation

DISTORTIONS = tuple(name for name in inspect.signature(Distortion).parameters if name != "shape")
NAMES = (*DISTORTIONS, "brightness")


class Augment(ParamType):
    """Names and numbers such as shift=1,rotation=10, or none: a dict, empty for none."""

    name = "augment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        """Return the numbers by name."""
        found: dict[str, float] = {}
        for part in [] if value == "none" else str(value).split(","):
            name, _, text = (word.strip() for word in part.partition("="))
            if name not in NAMES:
                known = ", ".join(NAMES)
                template = "expected none, or name=number for any of {known}; got {got}"
                self.fail(say(template, known=known, got=repr(part)))
            if name in found:
                self.fail(say("{name} is given twice", name=name))
            try:
                found[name] = float(text)
            except ValueError:
                found[name] = math.nan
            # Ranges of each name are checked by Distortion, when the images are known
            if not 0 <= found[name] < math.inf:
                template = "{name} must be a number of 0 or more, got {got}"
                self.fail(say(template, name=name, got=repr(text)))
        if not 0 < found.get("brightness", 1) <= 1:
            template = "brightness is the darkest, in (0, 1]; got {got}"
            self.fail(say(template, got=f"{found['brightness']:g}"))
        if "smoothness" in found and not found.get("elastic"):
            self.fail(say("smoothness needs elastic: elastic=34,smoothness=4"))
        return found


def augmentation(
    wanted: Mapping[str, float] | None, usual: Augmentation | None, shape: Sequence[int] | None
) -> Augmentation | None:
    """Make the augmentation that `--augment` asks for, for images of that shape.

    None for `wanted` is the usual one; None for `shape` are data without images, which have none.
    """
    if wanted is None:
        return None if shape is None else usual
    if not wanted:
        return None
    if shape is None:
        raise InputError("--augment changes images, and the data are not images: leave it out")
    moves = {name: number for name, number in wanted.items() if name in DISTORTIONS}
    steps: list[Augmentation] = []
    if "brightness" in wanted:  # before the noise, which is then as strong on dark images
        steps.append(Brightness(wanted["brightness"]))
    if moves:
        try:
            steps.append(Distortion(**moves, shape=(shape[0], shape[1])))
        except InputError as error:  # a number out of its range: used wrongly
            raise click.BadParameter(translate(error), param_hint="'--augment'") from error
    return steps[0] if len(steps) == 1 else Compose(*steps)
