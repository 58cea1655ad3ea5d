"""The command `pellucid`, and the commands below it, each loaded when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click

from pellucid import __version__
from pellucid.cli.help import Command, Option, language_option
from pellucid.cli.signals import raise_interrupts
from pellucid.cli.threads import choose_threads
from pellucid.language import mark, say

COMMANDS = {
    "train": ("train:train", mark("train a network and write it to a file")),
    "tune": ("tune:tune", mark("search settings for a table, and write the best network")),
    "predict": ("predict:predict", mark("classify images, or predict rows of data")),
    "evaluate": ("evaluate:evaluate", mark("measure how good predictions are")),
    "inspect": ("inspect:inspect", mark("show what neurons respond to, and which are dead")),
    "explain": ("explain:explain", mark("explain a prediction, input by input")),
    "compare": ("compare:compare", mark("compare weights and predictions of two networks")),
    "summary": ("summary:summary", mark("count parameters, multiplications and bytes by layer")),
    "export": ("export:export", mark("write a network for PyTorch, ONNX, C or a browser")),
    "import": ("import_:import_", mark("read a network from ONNX, PyTorch or JSON")),
    "verify": ("verify:verify", mark("check that PyTorch and ONNX Runtime compute the same")),
    "open": ("open_:open_page", mark("open the page of a network in the browser")),
    "serve": ("serve:serve", mark("serve networks over HTTP, for programs")),
    "score": ("score:run", mark("score files of any length, on all cores or a cluster")),
    "data": ("data:data", mark("list and describe data")),
    "doctor": ("doctor:doctor", mark("check this installation")),
    "demo": ("demo:demo", mark("train on handwritten digits, and show what was learned")),
}
"""Module and function of each command, and its line in `pellucid --help`."""

OWN_THREADS = ("doctor", "open")
"""Commands that leave threads alone: one reports them, the page trains as long as it is open."""


class LazyGroup(Command, click.Group):
    """A group whose commands are imported when they are called, so that help stays fast."""

    command_class = Command

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        # The function's name: `import` and `open` are Python's own words
        found = getattr(importlib.import_module(f"pellucid.cli.{module}"), name)
        raise_interrupts()  # from here on files are written
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the words name, with NumPy's threads set before it is imported."""
        # NumPy reads the variables when the command's module imports it
        if args[0] not in OWN_THREADS:
            choose_threads(args[1:])
        return super().resolve_command(ctx, args)

    def sections(self, ctx: click.Context) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Return the sections of help: the commands first."""
        yield say("Commands"), [(name, say(about)) for name, (_, about) in COMMANDS.items()]
        yield from super().sections(ctx)


def _show_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"pellucid {__version__}")
        ctx.exit()


pellucid = LazyGroup(
    "pellucid",
    # Stand-ins: click suggests a name like one that was mistyped from them
    commands={name: click.Command(name) for name in COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"]},
    help=mark(
        "Neural networks you can see through: train one, use it, and look inside.\n\n"
        "Every command explains itself with --help."
    ),
    examples=[
        ("pellucid demo", mark("watch a network learn handwritten digits")),
        ("pellucid train --quick", mark("train one in seconds; writes digits.safetensors")),
        ("pellucid predict digits.safetensors my.png", mark("classify your handwriting")),
        ("pellucid open", mark("draw, and watch every neuron in the browser")),
    ],
    params=[
        Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help=mark("Show the version and exit."),
        ),
        language_option(),
    ],
)
