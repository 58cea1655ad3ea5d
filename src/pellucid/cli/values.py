"""The types of options' values.

A value that cannot be used is wrong use (exit code 2), found before anything is loaded or read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from pellucid.errors import Message
from pellucid.language import say, translate

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType  # older versions of click cannot be subscripted


class Value(ParamType):
    """A type made of a function that reads a word, and of the sentence for a wrong word.

    `read` raises ValueError for a word that it cannot read.
    """

    name = "value"

    def __init__(self, read: Callable[[str], object], wrong: Message) -> None:
        self.read, self.wrong = read, wrong

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Return what `read` makes of a word; fail with `wrong` where it raises ValueError."""
        if not isinstance(value, str):  # a default: read already
            return value
        try:
            return self.read(value)
        except ValueError:
            self.fail(translate(Message(self.wrong, got=value)))


class OutputActivation(click.Choice):  # type: ignore[type-arg,unused-ignore]
    """The name of an activation; a file's name is refused with a hint to -o."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Return the name of an activation."""
        # -o is --output-file here and --output in `demo`: an easy slip
        if any(sign in str(value) for sign in "./\\"):
            self.fail(
                say("--output is the last layer's activation; for the file use -o {got}", got=value)
            )
        return super().convert(value, param, ctx)


def wrong_use(text: str, /, **values: Any) -> click.UsageError:
    """Return the error for options that do not go together: exit code 2."""
    return click.UsageError(say(text, **values), click.get_current_context())


def whole_number(least: int) -> Value:
    """Return the type of whole numbers of at least `least`."""
    wrong = Message("expected a whole number of {least} or more, got {got}", least=least)
    return Value(lambda word: int(_checked(int(word) >= least, int(word))), wrong)


def workers() -> Value:
    """Return the type of --workers: a number, or the least and the most."""

    def read(word: str) -> int | tuple[int, int]:
        numbers = tuple(map(int, word.split(":")))
        _checked(numbers == tuple(sorted(numbers)) and numbers[0] >= 1 and len(numbers) <= 2)
        return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])

    return Value(read, Message("expected a number of workers such as 2 or 2:8, got {got}"))


def layer_number() -> Value:
    """Return the type of the number of a neuron layer; negative ones count from the output."""
    return Value(
        int,
        Message("expected the number of a neuron layer, 1, 2, ... or -1 for the output; got {got}"),
    )


def finite_number() -> Value:
    """Return the type of finite numbers of 0 or more."""
    wrong = Message("expected a number of {low:g} or more, got {got}", low=0.0)
    return Value(lambda word: _checked(0 <= float(word) < math.inf, float(word)), wrong)


def share() -> Value:
    """Return the type of numbers in [0, 1)."""
    wrong = Message("expected a number in [0, 1), got {got}")
    return Value(lambda word: _checked(0 <= float(word) < 1, float(word)), wrong)


def probability() -> Value:
    """Return the type of numbers between 0 and 1."""
    wrong = Message("expected a number above 0 and below 1, got {got}")
    return Value(lambda word: _checked(0 < float(word) < 1, float(word)), wrong)


def duration() -> Value:
    """Return the type of times such as 90s, 10m or 2h, in seconds; a number alone is seconds."""
    sizes = {"s": 1.0, "m": 60.0, "h": 3600.0}

    def read(word: str) -> float:
        word = word.strip()
        size = sizes.get(word[-1:], 0.0)
        seconds = float(word[:-1]) * size if size else float(word)
        return _checked(0 < seconds < math.inf, seconds)

    return Value(read, Message("expected a time such as 90s, 10m or 2h, got {got}"))


def share_or_data() -> Value:
    """Return the type of --validation: a number in (0, 1), or the name of data, or "none"."""

    def read(word: str) -> float | str:
        try:
            value = float(word)
        except ValueError:
            return word
        return _checked(0 < value < 1, value)

    return Value(read, Message("expected a share above 0 and below 1, or data; got {got}"))


def class_weights() -> Value:
    """Return the type of --class-weights: "balanced", or weights such as yes=5,no=1."""

    def read(word: str) -> str | dict[str, float]:
        if word == "balanced":
            return word
        pairs = [each.rpartition("=") for each in word.split(",")]
        weights = {name.strip(): float(weight) for name, _, weight in pairs}
        _checked("" not in weights and all(0 <= each < math.inf for each in weights.values()))
        return weights

    return Value(read, Message("expected balanced or NAME=WEIGHT,... such as yes=5, got {got}"))


def layers(least: int = 2) -> Value:
    """Return the type of numbers of neurons, such as 784,16,16,10, at least `least` of them."""

    def read(word: str) -> tuple[int, ...]:
        words = [each.strip() for each in word.replace("-", ",").split(",")]
        _checked(len(words) >= least and all(each.isdecimal() and int(each) for each in words))
        return tuple(map(int, words))

    usual = "784,16,16,10" if least > 1 else "16,16"
    return Value(
        read, Message("expected numbers of neurons such as {example}, got {got}", example=usual)
    )


def _checked(good: bool, value: float = 0) -> float:
    """Return the value; raise ValueError where it is not good."""
    if not good:
        raise ValueError
    return value
