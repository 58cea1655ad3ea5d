"""`--augment`: how pictures are changed while learning, as one word of names and numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli.help import ParamType
from pellucid.errors import InputError
from pellucid.language import say, translate

if TYPE_CHECKING:
    from pellucid.training.augment import Augmentation

DISTORTIONS = (
    "shift",
    "rotation",
    "scale",
    "elastic",
    "smoothness",
    "noise",
)  # Distortion's, held together by a test
NAMES = (*DISTORTIONS, "brightness")


class Augment(ParamType):
    """Names and numbers such as shift=1,rotation=10, or none: a dict, empty for none."""

    name = "augment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        found: dict[str, float] = {}
        for part in [] if value == "none" else str(value).split(","):
            name, _, text = (word.strip() for word in part.partition("="))
            if name not in NAMES:
                known = ", ".join(NAMES)
                self.fail(
                    say(
                        "expected none, or name=number for any of {known}; got {got}",
                        known=known,
                        got=repr(part),
                    )
                )
            if name in found:
                self.fail(say("{name} is given twice", name=name))
            try:
                found[name] = float(text)
            except ValueError:
                found[name] = math.nan
            if not (math.isfinite(found[name]) and found[name] >= 0):
                self.fail(
                    say(
                        "{name} expects a number of 0 or more, got {got}", name=name, got=repr(text)
                    )
                )
        if not 0 < found.get("brightness", 1) <= 1:
            self.fail(
                say(
                    "brightness is the darkest, above 0 and up to 1; got {got}",
                    got=f"{found['brightness']:g}",
                )
            )
        if "smoothness" in found and not found.get("elastic"):
            self.fail(
                say("smoothness is that of elastic, which is not given: elastic=34,smoothness=4")
            )
        return found


def augmentation(
    wanted: dict[str, float] | None, usual: Augmentation | None, shape: Sequence[int] | None
) -> Augmentation | None:
    """Make what `--augment` asks for (None: the usual), for pictures of that shape.

    Without pictures, nothing.
    """
    if wanted is None:
        return None if shape is None else usual
    if not wanted:
        return None
    if shape is None:
        raise InputError("--augment changes pictures, and these data are none: leave it out")
    from pellucid.training import Brightness, Distortion, InTurn

    moves = {name: number for name, number in wanted.items() if name in DISTORTIONS}
    steps: list[Augmentation] = []
    if "brightness" in wanted:  # before the noise, which is then the same on dark pictures
        steps.append(Brightness(wanted["brightness"]))
    if moves:
        try:
            steps.append(Distortion(**moves, shape=(shape[0], shape[1])))
        except InputError as error:  # a number out of its range: used wrongly
            raise click.BadParameter(translate(error), param_hint="'--augment'") from error
    return steps[0] if len(steps) == 1 else InTurn(*steps)
