"""Click's classes taught two languages: marked texts are translated when shown, and wide characters
are counted as two.

Help texts are written with `mark(...)` where an option is declared, before the language is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pellucid.language import cell_width, mark, say

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType  # older versions of click cannot be subscripted


class Formatter(click.HelpFormatter):
    """Lays help out by the columns that text takes in a terminal.

    Click counts characters, and Hangul takes two.
    """

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        head = f"{say('Usage:') if prefix is None else prefix} {prog} "
        self._write_block(args, head)

    def write_text(self, text: str) -> None:
        for index, paragraph in enumerate(text.split("\n\n")):
            if index:
                self.write("\n")
            self._write_block(" ".join(paragraph.split()), " " * self.current_indent)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = list(rows)
        fitting = [cell_width(first) for first, _ in rows if cell_width(first) <= col_max]
        start = self.current_indent + max(fitting, default=col_max) + col_spacing
        for first, second in rows:
            head = " " * self.current_indent + first
            if cell_width(head) + col_spacing > start:
                self.write(head + "\n")
                head = ""
            self._write_block(second, head + " " * (start - cell_width(head)))

    def _write_block(self, text: str, head: str) -> None:
        indent = cell_width(head)
        lines = wrap(text, max(self.width - indent, 10))
        for index, line in enumerate(lines or [""]):
            self.write(((head if index == 0 else " " * indent) + line).rstrip() + "\n")


class Context(click.Context):
    """A context whose help is laid out by `Formatter`."""

    formatter_class = Formatter


class Option(click.Option):
    """An option whose help, metavar and group are marked texts."""

    def __init__(self, *args: Any, group: str | None = None, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.group = group

    def make_metavar(self, ctx: click.Context) -> str:
        return say(self.metavar) if self.metavar else super().make_metavar(ctx)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (record[0], shown(self.help))


class Argument(click.Argument):
    """An argument with a marked help text and metavar."""

    def __init__(self, *args: Any, about: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.about = about

    def make_metavar(self, ctx: click.Context) -> str:
        return shown(self.metavar)


class Command(click.Command):
    """A command with arguments explained, options in groups, and examples."""

    context_class = Context

    def __init__(
        self, *args: Any, examples: Sequence[tuple[str, str]] = (), **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.examples = examples

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [say(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_short_help_str(self, limit: int = 45) -> str:
        return shown(self.short_help)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = say("Show this message and exit.")
        return found

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_usage(ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text(shown(self.help))
        self._format_arguments(ctx, formatter)
        self.format_commands(ctx, formatter)
        self._format_groups(ctx, formatter)
        if self.examples:
            with formatter.section(say("Examples")):
                for code, text in self.examples:
                    formatter.write_text(code)
                    with formatter.indentation():
                        formatter.write_text(say(text))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands below this one; there are some in a `Group` only."""

    def _format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (p.make_metavar(ctx), say(p.about))
            for p in self.get_params(ctx)
            if isinstance(p, Argument)
        ]
        if rows:
            with formatter.section(say("Arguments")):
                formatter.write_dl(rows)

    def _format_groups(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record:
                groups.setdefault(getattr(param, "group", None) or mark("Options"), []).append(
                    record
                )
        for name, rows in groups.items():
            with formatter.section(say(name)):
                formatter.write_dl(rows, col_max=26)


class Group(Command, click.Group):
    """A command with commands below it."""

    command_class = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(say("Commands")):
            formatter.write_dl(
                [(name, command.get_short_help_str()) for name, command in self.commands.items()]
            )


class Whole(ParamType):
    """A whole number of at least `least`."""

    name = "whole"

    def __init__(self, least: int) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            number = self.least - 1
        if number < self.least:
            self.fail(
                say(
                    "expected a whole number of {least} or more, got {got}",
                    least=self.least,
                    got=value,
                )
            )
        return number


class LayerNumber(ParamType):
    """The number of a neuron layer; negative ones count from the output."""

    name = "neuron layer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return int(value)
        except ValueError:
            self.fail(
                say(
                    "expected the number of a neuron layer, 1, 2, ... or -1 for the output; got "
                    "{got}",
                    got=value,
                )
            )


class Number(ParamType):
    """A finite number of `low` or more."""

    name = "number"

    def __init__(self, low: float = 0.0) -> None:
        self.low = low

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not self.low <= number < float("inf"):
            self.fail(
                say("expected a number of {low:g} or more, got {got}", low=self.low, got=value)
            )
        return number


class Share(ParamType):
    """A number from 0 up to, but not, 1."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            share = float(value)
        except ValueError:
            share = float("nan")
        if not 0 <= share < 1:
            self.fail(say("expected a number from 0 up to, but not, 1; got {got}", got=value))
        return share


class ShareOrData(ParamType):
    """A share of the rows, above 0 and below 1, as a number; or the name of data, as it is.

    Or none.
    """

    name = "validation"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        try:
            share = float(value)
        except ValueError:
            return str(value)
        if not 0 < share < 1:
            self.fail(say("expected a share above 0 and below 1, or data; got {got}", got=value))
        return share


# Older versions cannot be subscripted
class OutputActivation(click.Choice):  # type: ignore[type-arg,unused-ignore]
    """The name of an activation; whoever gives the name of a file meant another option."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if any(sign in str(value) for sign in "./\\"):
            self.fail(
                say("--output is the last layer's activation; for the file use -o {got}", got=value)
            )
        return super().convert(value, param, ctx)


class Layers(ParamType):
    """Neurons in each neuron layer.

    784,16,16,10 from inputs to outputs, or those of the hidden layers alone.
    """

    name = "layers"

    def __init__(self, least: int = 2) -> None:
        self.least = least

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        words = str(value).replace("-", ",").split(",")
        if len(words) < self.least or not all(
            word.strip().isdecimal() and int(word) for word in words
        ):
            example = "784,16,16,10" if self.least > 1 else "16,16"
            self.fail(
                say(
                    "expected numbers of neurons such as {example}, got {got}",
                    example=example,
                    got=value,
                )
            )
        return tuple(int(word) for word in words)


def shown(marked: str | None) -> str:
    """Give a marked text in the language in force.

    Nothing for nothing, where gettext would give its header.
    """
    return say(marked) if marked else ""


def wrap(text: str, width: int, *, breaks_words: bool = True) -> list[str]:
    """Break text into lines of at most `width` columns, at spaces; a longer word is broken, or
    stays whole.

    >>> wrap("신경망이 답합니다", 9)
    ['신경망이', '답합니다']
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        wider = f"{line} {word}" if line else word
        if cell_width(wider) <= width:
            line = wider
            continue
        lines += [line] if line else []
        line = ""
        if not breaks_words:
            line = word
            continue
        for character in word:
            if cell_width(line + character) > width:
                lines.append(line)
                line = ""
            line += character
    return [*lines, line] if line else lines


def _about(*args: Any, **settings: Any) -> Callable[[Any], Any]:
    return click.argument(*args, cls=Argument, **settings)


argument = _about
option = partial(click.option, cls=Option)
lang_option = option(
    "--lang",
    type=click.Choice(["ko", "en"]),
    expose_value=False,
    help=mark("Language: Korean or English. Otherwise PELLUCID_LANG or the locale decides."),
)
json_option = option(
    "--json", "as_json", is_flag=True, help=mark("Write one JSON document, for programs.")
)
