"""`pellucid demo`: the first minute with pellucid."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pellucid.cli import drawing
from pellucid.cli.evaluate_text import confusion_text
from pellucid.cli.help import Command, lang_option, option
from pellucid.cli.output import check_writable, colours, columns, shows_blocks, tell, time_text
from pellucid.cli.threads import use_threads
from pellucid.errors import FileError, reason_of
from pellucid.language import mark, say

if TYPE_CHECKING:
    from PIL import Image

    from pellucid.core.types import Array
    from pellucid.lens.evaluation import Evaluation
    from pellucid.network import Network
    from pellucid.training import History

MISREAD = 32
ROOM = 1 << 20  # bytes: the network and four pictures
WIDE = 24  # columns of a digit in the terminal: three of them fit into 80


@click.command(
    cls=Command,
    short_help=mark("see a network learn to read digits"),
    help=mark(
        "See a network learn to read digits: train it on MNIST, test it on digits that it never "
        "saw, and draw what "
        "it learned. Writes the network and four pictures to a folder."
    ),
    examples=[
        ("pellucid demo", mark("the whole recipe")),
        ("pellucid demo --quick", mark("in seconds")),
    ],
)
@option(
    "--quick",
    is_flag=True,
    help=mark(
        "A quick recipe, a little less accurate: about a second (a few with the reference engine)."
    ),
)
@option(
    "-o",
    "--output",
    "folder",
    default="demo",
    metavar=mark("FOLDER"),
    help=mark("Where to. Default: demo."),
)
@lang_option
def demo(quick: bool, folder: str) -> None:
    """See a network learn to read digits."""
    use_threads(None, 0)
    target = _ready(folder)
    opening = say(
        "A network of 784-16-16-10 sigmoid neurons (13,002 weights and biases) learns from 60,000 "
        "handwritten "
        "digits, then reads 10,000 that it never saw. It and its pictures go to {folder}/.",
        folder=folder,
    )
    tell(opening)
    net, history, report, images, labels = _learn(quick)
    if history.stopped == "interrupted":
        tell(
            say(
                "interrupted: learning ended after {epochs} whole epochs; the network is kept",
                epochs=len(history),
            )
        )
    click.echo()
    assert report.accuracy is not None
    assert report.interval is not None
    click.echo(
        say(
            "test accuracy: {accuracy:.1f} %  (95 % interval {low:.1f} to {high:.1f}), {time} of "
            "learning",
            accuracy=100 * report.accuracy,
            low=100 * report.interval[0],
            high=100 * report.interval[1],
            time=time_text(history.seconds),
        )
    )
    click.echo()
    if (matrix := confusion_text(report, columns())) is not None:
        click.echo(matrix + "\n")
    for line in _some_digits(net, report, images, labels):
        click.echo(line)
    click.echo()
    _write(target, net, history, report, images, labels)
    tell(say("written to {folder}/: {names}", folder=folder, names=", ".join(_NAMES)))
    _say_what_next(target / _NAMES[0])


_NAMES = ("digits.safetensors", "weights.png", "misread.png", "confusion.png", "learning.png")


def _ready(folder: str) -> Path:
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            "{path}: cannot be made ({reason}): choose another folder",
            path=folder,
            reason=reason_of(error),
        ) from error
    for name in _NAMES:
        check_writable(str(target / name), ROOM)
    return target


def _say_what_next(model: Path) -> None:
    click.echo("\n" + say("What to try next:"))
    for command, about in (
        (f"pellucid predict {model} my.png", say("let it read a photo of a digit that you wrote")),
        (f"pellucid inspect {model}", say("what its neurons look for")),
        (f"pellucid explain {model} --digit 0", say("why it answers as it does")),
        (f"pellucid summary {model}", say("its layers, counted")),
        ("pellucid train --layers 784,64,10 --quick", say("another network")),
    ):
        click.echo(f"  {command}\n      {about}")


def _learn(quick: bool) -> tuple[Network, History, Evaluation, Array, Array]:
    from pellucid.building import mlp
    from pellucid.data import mnist
    from pellucid.lens.evaluation import evaluate
    from pellucid.training import recipes, train

    digits = mnist()
    net = mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True)
    net.classes = [str(digit) for digit in range(10)]
    net.inputs = {"kind": "pictures", "shape": [28, 28]}
    recipe = recipes.QUICK if quick else recipes.DIGITS
    history = train(
        net, digits.train.images, digits.train.labels, progress=True, **recipe.settings()
    )
    images, labels = digits.test.images, digits.test.labels
    return net, history, evaluate(net, images, labels), images, labels


def _some_digits(net: Network, report: Evaluation, images: Array, labels: Array) -> list[str]:
    """Set two digits that were read and the one that was most confidently misread side by side."""
    import numpy as np

    from pellucid.lens import pictures

    assert report.misread is not None
    right = np.setdiff1d(np.arange(len(labels)), report.misread)[:2]
    rows = [*right, *report.misread[:1]]
    answers = net.classify(images[rows])
    blocks, heads = [], []
    for row, answer in zip(rows, answers, strict=True):
        blocks.append(pictures.terminal_picture(images[row][2:26, 2:26], colours(), shows_blocks()))
        if answer == labels[row]:
            heads.append(say("read as {answer}: right", answer=answer))
        else:
            heads.append(
                say("read as {answer}, but it is {truth}", answer=answer, truth=labels[row])
            )
    return drawing.sheet(blocks, heads, WIDE, columns())


def _write(
    target: Path, net: Network, history: History, report: Evaluation, images: Array, labels: Array
) -> None:
    from pellucid.files.atomic import write_whole
    from pellucid.lens import pictures

    assert report.misread is not None
    assert report.confusion is not None
    net.save(target / _NAMES[0])
    rows = report.misread[:MISREAD]
    captions = [
        f"{truth} > {answer}"
        for truth, answer in zip(labels[rows], net.classify(images[rows]), strict=True)
    ]
    drawn: dict[str, Image.Image] = {
        "weights.png": pictures.weights_picture(net.params[0]),
        "misread.png": pictures.gallery(list(images[rows]), captions, "true > read as"),
        "confusion.png": pictures.confusion_picture(report.confusion, net.classes or []),
    }
    if history.records:
        drawn["learning.png"] = pictures.curves_picture(history.records)
    for name, picture in drawn.items():
        content = io.BytesIO()
        picture.save(content, "PNG")
        write_whole(target / name, content.getvalue())
