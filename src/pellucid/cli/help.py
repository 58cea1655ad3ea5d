"""Click's classes in two languages, and commands whose options are a frozen dataclass.

Help texts are English where they are written, before the language is known, and translated when
they are shown. rich lays them out: Hangul takes two columns, and click counts characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, fields
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pellucid.cli import values
from pellucid.cli.output import laid_out, rows_text
from pellucid.language import mark, say

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
R = TypeVar("R")

METAVARS = (
    *(mark("MODEL"), mark("[MODEL]"), mark("MODEL_A"), mark("MODEL_B"), mark("DATA")),
    *(mark("[DATA]"), mark("[INPUT]"), mark("FILE"), mark("FILE..."), mark("FOLDER"), mark("OUT")),
    *(mark("INTERVAL"), mark("[MODEL]..."), mark("ADDRESS"), mark("ORIGIN"), mark("BYTES")),
    *(mark("SECONDS"), mark("TIME"), mark("FORM")),
    *(mark("INPUT..."), mark("NAMES")),
    *(
        mark("N"),
        mark("N,N,..."),
        mark("N|MIN:MAX"),
        mark("NAME"),
        mark("NAME,..."),
        mark("NAME=N,..."),
    ),
    *(mark("SHARE"), mark("SHARE|DATA"), mark("RATE"), mark("COLUMN"), mark("CLASS")),
    mark("LEVEL"),
    *(mark("TASK"), mark("CHANGE"), mark("FORMAT"), mark("ADDRESS")),
)
"""Placeholders in help, marked here for the catalogue."""

TYPES = {
    "N": values.whole_number(0),
    "N,N,...": values.layers(),
    "SHARE": values.share(),
    "RATE": values.finite_number(),
}
"""What placeholders stand for, where an option does not say otherwise."""

OPTIONS = mark("Options")


class Option(click.Option):
    """An option with a translated help text, placeholder and group."""

    def __init__(self, *args: Any, group: str = OPTIONS, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.group = group

    def make_metavar(self, ctx: click.Context) -> str:
        """Return the placeholder in the current language."""
        return say(self.metavar) if self.metavar else super().make_metavar(ctx)


class Argument(click.Argument):
    """An argument with a translated help text and placeholder."""

    def __init__(self, *args: Any, text: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.help = text

    def make_metavar(self, ctx: click.Context) -> str:
        """Return the placeholder in the current language."""
        return shown(self.metavar)


class Command(click.Command):
    """A command with explained arguments, options in groups, and examples."""

    def __init__(
        self, *args: Any, examples: Sequence[tuple[str, str]] = (), **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.examples = examples

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the usage's placeholders in the current language."""
        return [say(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option --help with its text in the current language."""
        found = super().get_help_option(ctx)
        if found is not None:
            # click's own sentence, marked for our catalogue
            found.help = mark("Show this message and exit.")
        return found

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the whole help text."""
        # Usage is one short line, which click may lay out
        self.format_usage(ctx, formatter)
        formatter.write(f"\n{laid_out(shown(self.help))}\n")
        for title, rows in self.sections(ctx):
            formatter.write(f"\n{title}:\n{rows_text(rows, indent=2)}\n")
        if self.examples:
            formatter.write("\n" + say("Examples") + ":\n")
        for code, about in self.examples:
            formatter.write(f"{laid_out(code, indent=2)}\n{laid_out(say(about), indent=4)}\n")

    def sections(self, ctx: click.Context) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Return the sections of help: a title, and rows of a name and a text."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if isinstance(param, Argument):
                row = (param.make_metavar(ctx), shown(param.help))
                groups.setdefault(mark("Arguments"), []).append(row)
            elif (record := param.get_help_record(ctx)) and isinstance(param, click.Option):
                row = (record[0], shown(param.help))
                groups.setdefault(getattr(param, "group", OPTIONS), []).append(row)
        return ((say(title), rows) for title, rows in groups.items())


def shown(text: str | None) -> str:
    """Return a text in the current language; gettext would return its header for an empty one."""
    return say(text) if text else ""


def command(
    name: str, options: type[T], text: str, *examples: tuple[str, str]
) -> Callable[[Callable[[T], R]], Command]:
    """Make a command of a function that takes a frozen dataclass of `option` and `argument`."""

    def decorate(function: Callable[[T], R]) -> Command:
        # Fields are in the order of their declaration, and so is help
        params, group = [], OPTIONS
        for each in fields(options):
            group = each.metadata.get("group") or group
            params.append(each.metadata["param"](each.name, group))
        return Command(
            name,
            callback=lambda **given: function(options(**given)),
            params=[*params, language_option()],
            help=text,
            examples=[(f"pellucid {name} {words}".rstrip(), about) for words, about in examples],
        )

    return decorate


def example(words: str, about: str) -> tuple[str, str]:
    """Return an example of a command: the words behind its name, and what they do."""
    return words, about


def option(
    usage: str, text: str, group: str = "", choices: Iterable[str] | None = None, **settings: Any
) -> Any:
    """Return a field that is an option, given as help shows it: "-o --output-file FILE".

    Without a placeholder it is a flag. `group` begins a group of options in help, to which those
    that follow belong, too. `settings` are those of `click.Option`; without a `type` among them,
    the value is one of the `choices`, or what its placeholder stands for in `TYPES`.
    """
    names = [word for word in usage.split() if word.startswith("-")]
    metavar = "".join(usage.split()[len(names) :])
    known = TYPES.get(metavar) if choices is None else click.Choice(tuple(choices))
    settings = {"type": known, **settings} if known is not None else settings
    settings |= {"metavar": metavar} if metavar else {"is_flag": True}
    # The defaults of click, so that tests can make options without a command line
    usual = () if settings.get("multiple") else None if metavar else False

    def param(name: str, group: str) -> Option:
        return Option([*names, name], help=text, group=group, **settings)

    metadata = {"param": param, "group": group}
    return field(default=settings.get("default", usual), metadata=metadata)


def argument(usage: str, text: str, many: bool = False) -> Any:
    """Return a field that is an argument: "MODEL", "[DATA]" for an optional one, or "FILE..."."""
    optional, many = usage.startswith("["), many or usage.endswith("...")

    def param(name: str, group: str) -> Argument:
        return Argument(
            [name], text=text, metavar=usage, required=not optional, nargs=-1 if many else 1
        )

    return field(metadata={"param": param})


def model_argument(required: bool = True) -> Any:
    """Return MODEL, the file of a network."""
    usage = "MODEL" if required else "[MODEL]"
    return argument(
        usage, "The network's file, as written by `pellucid train`; digits: the one in pellucid."
    )


def json_option() -> Any:
    """Return --json."""
    return option("--json", "Write one JSON document, for programs.", OPTIONS)


def threshold_option() -> Any:
    """Return --threshold for commands that name classes."""
    return option(
        "--threshold SHARE",
        "Of two classes, predict the second from this probability up instead of 0.5. The model "
        "file keeps no threshold.",
        type=values.probability(),
    )


def member_option() -> Any:
    """Return --member for commands that look into one network."""
    return option("--member N", "One member of an ensemble by itself, counted from 0.")


def quick_option() -> Any:
    """Return --quick for commands that train by a recipe."""
    return option(
        "--quick",
        "A quick recipe, a little less accurate: about a second (a few with the reference engine).",
    )


def language_option() -> Option:
    """Return --lang, which `entry` reads before click does."""
    return Option(
        ["--lang"],
        type=click.Choice(["ko", "en"]),
        expose_value=False,
        help=mark("Language: Korean or English. Default: PELLUCID_LANG, else the locale's."),
    )
