"""`pellucid bench`: how fast pellucid is on this machine, beside whatever else is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pellucid.cli.help import Command, Whole, json_option, lang_option, option
from pellucid.cli.output import note, paragraph, write_json
from pellucid.cli.threads import use_threads
from pellucid.language import cell_width, mark, say

if TYPE_CHECKING:
    from pellucid.bench.contest import Contest, Result

ROWS, QUICK_ROWS = 60_000, 6_000
"""Digits in an epoch."""

REPEATS, QUICK_REPEATS = {"answer": 9, "epoch": 5}, {"answer": 3, "epoch": 2}

ONE_ROW = mark("one row through 784-16-16-10")
ONE_EPOCH = mark("one epoch of MNIST, 784-16-16-10, batches of 32")
TENTH_OF_EPOCH = mark("a tenth of an epoch of MNIST, 784-16-16-10, batches of 32")


@click.command(
    cls=Command,
    short_help=mark("how fast it is on this machine, beside other libraries"),
    help=mark(
        "Measure one answer and one epoch of the digit network on this machine: pellucid, NumPy "
        "by hand, and each of "
        "the other libraries that is installed, with the same rows, weights and batches, in "
        "turns. Takes less than a "
        "minute."
    ),
    examples=[
        ("pellucid bench", mark("one thread each")),
        ("pellucid bench --quick", mark("fewer rows and repetitions: ten seconds or so")),
    ],
)
@option("--quick", is_flag=True, help=mark("Fewer rows and repetitions."))
@option(
    "--threads",
    type=Whole(1),
    default=1,
    metavar=mark("N"),
    help=mark("Threads of every contender. Default: 1."),
)
@json_option
@lang_option
def bench(quick: bool, threads: int, as_json: bool) -> None:
    """Measure the main cases."""
    use_threads(threads, 0)
    from pellucid.bench.contest import contest, installed
    from pellucid.engines import instruction_set

    instructions = (
        instruction_set() or "-"
    )  # a wrong PELLUCID_INSTRUCTIONS is an error, no table without pellucid
    with contest(installed(), threads) as held:
        about = held.about()
        results = measure(held, quick, quiet=as_json)
        errors = held.errors
    versions = {name: told["version"] for name, told in about.items() if "version" in told}
    if as_json:
        found = [result.to_dict() for result in results]
        write_json(
            {
                "threads": threads,
                "instructions": instructions,
                "versions": versions,
                "results": found,
                "errors": errors,
            }
        )
        return
    for case in dict.fromkeys(result.case for result in results):
        click.echo("\n" + say(case))
        click.echo(table([result for result in results if result.case == case], versions))
    foot = say(
        "Medians of repetitions in turns, with the fastest and the slowest; threads: {n}; "
        "instructions: {instructions}.",
        n=threads,
        instructions=instructions,
    )
    click.echo("\n" + paragraph(foot))
    for name, told in errors.items():
        note(say("{name} was left out: {reason}", name=name, reason=told[0]))


def measure(held: Contest, quick: bool, quiet: bool) -> list[Result]:
    """Measure both cases."""
    from pellucid.bench.tasks import Task

    repeats, rows, epoch = (
        (QUICK_REPEATS, QUICK_ROWS, TENTH_OF_EPOCH) if quick else (REPEATS, ROWS, ONE_EPOCH)
    )
    if not quiet:
        note(say("measuring: {case}", case=say(ONE_ROW)))
    task = Task((784, 16, 16, 10), output="sigmoid")
    found = held.answer(ONE_ROW, task, "digits", 1, repeats["answer"], 0.02)
    if not quiet:
        note(say("measuring: {case}", case=say(epoch)))
    return found + held.epoch(epoch, Task((784, 16, 16, 10)), rows, repeats["epoch"])


def table(results: list[Result], versions: dict[str, Any]) -> str:
    """Give the results, the fastest first, in columns."""
    from pellucid.bench.contenders import contenders

    titles = {
        name: f"{say(kind.title)} {versions.get(name, '')}" for name, kind in contenders().items()
    }
    ours = min(
        (result.median for result in results if result.contender == "pellucid"), default=None
    )
    lines = [["", say("median"), say("fastest"), say("slowest"), say("ratio")]]
    for result in sorted(results, key=lambda result: result.median):
        title = ", ".join([titles[result.contender], *([say(result.way)] if result.way else [])])
        times = (result.median, min(result.seconds), max(result.seconds))
        lines.append([title, *map(duration, times), f"{result.median / ours:.1f}" if ours else ""])
    widths = [max(map(cell_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        first
        + " " * (widths[0] - cell_width(first))
        + "".join(
            " " * (2 + width - cell_width(cell)) + cell
            for cell, width in zip(rest, widths[1:], strict=True)
        )
        for first, *rest in lines
    )


def duration(seconds: float) -> str:
    """Give seconds in a unit that fits."""
    if seconds < 1e-3:
        return say("{n:.2f} us", n=seconds * 1e6)
    return say("{n:.1f} ms", n=seconds * 1e3) if seconds < 1 else say("{n:.2f} s", n=seconds)
