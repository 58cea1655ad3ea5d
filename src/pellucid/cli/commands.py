"""The command `pellucid` and the list of what is below it."""

from __future__ import annotations

import click

from pellucid import __version__
from pellucid.cli.compare import compare
from pellucid.cli.data import data
from pellucid.cli.demo import demo
from pellucid.cli.doctor import doctor
from pellucid.cli.evaluate import evaluate
from pellucid.cli.explain import explain
from pellucid.cli.export import export
from pellucid.cli.help import Group, Option, lang_option
from pellucid.cli.importing import import_
from pellucid.cli.inspect import inspect
from pellucid.cli.predict import predict
from pellucid.cli.serve import open_page, serve
from pellucid.cli.summary import summary
from pellucid.cli.train import train
from pellucid.cli.verify import verify
from pellucid.language import mark


def _show_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"pellucid {__version__}")
        ctx.exit()


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=mark(
        "Neural networks you can see through: train one, ask it, look at how well it answers.\n\n"
        "Every command explains itself with --help."
    ),
    examples=[
        ("pellucid demo", mark("see a network learn to read digits")),
        ("pellucid train --quick", mark("train one in seconds; writes digits.safetensors")),
        ("pellucid predict digits.safetensors my.png", mark("let it read your handwriting")),
    ],
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help=mark("Show the version and exit."),
    cls=Option,
)
@lang_option
def pellucid() -> None:
    """Do nothing: the commands do it."""


for command in (
    *(train, predict, evaluate, inspect, explain, compare, summary),
    *(export, import_, verify, open_page, serve),
    *(data, doctor, demo),
):
    pellucid.add_command(command)
