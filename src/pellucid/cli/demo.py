"""`pellucid demo`: the first minute with pellucid."""

from __future__ import annotations

import importlib.util
import io
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pellucid.building import mlp
from pellucid.cli import drawing, outcome
from pellucid.cli.evaluate_text import confusion_text
from pellucid.cli.help import command, example, option, quick_option
from pellucid.cli.output import columns, echo, echo_lines, emit, program, time_text
from pellucid.core.types import Array
from pellucid.data import mnist
from pellucid.data.inputs import Images
from pellucid.errors import FileError, reason_of
from pellucid.extras import install_command
from pellucid.files.atomic import check_writable, write_whole
from pellucid.language import say
from pellucid.lens import image_sheets
from pellucid.lens.evaluation import Evaluation, evaluate
from pellucid.network import Network
from pellucid.training import History, recipes, train

MISCLASSIFIED = 32
ROOM = 1 << 20  # bytes: the network and four plots
WIDE = 24  # columns of a digit in the terminal: three of them fit into 80

MODEL = "digits.safetensors"
DIGIT = "digit.png"
PLOTS = ("weights.png", "misclassified.png", "confusion.png", "learning.png")


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """The options of `pellucid demo`."""

    quick: bool = quick_option()
    folder: str = option("-o --output FOLDER", "Where to write. Default: demo.", default="demo")


@command(
    "demo",
    DemoOptions,
    "Watch a network learn handwritten digits: train it on MNIST, test it on digits that it never "
    "saw, and draw what it learned. Writes the network and four plots to a folder.",
    example("", "the whole recipe"),
    example("--quick", "in seconds"),
)
def demo(options: DemoOptions) -> None:
    """Train a network on digits, test it, and draw what it learned."""
    target = _ready(options.folder)
    emit(
        "A network of 784-16-16-10 sigmoid neurons (13,002 weights and biases) is trained on "
        "60,000 handwritten digits, then classifies 10,000 that it never saw. It and its plots "
        "are written to {folder}/.",
        folder=options.folder,
    )
    net, history, found, images, labels = _trained(options.quick)
    if history.stopped == "interrupted":
        emit(outcome.interrupted(history))
    assert found.accuracy is not None and found.interval is not None
    echo()
    echo(
        say(
            "test accuracy: {accuracy:.1f} %  (95 % interval {low:.1f} to {high:.1f}), {time} of "
            "training",
            accuracy=100 * found.accuracy,
            low=100 * found.interval[0],
            high=100 * found.interval[1],
            time=time_text(history.seconds),
        )
    )
    echo()
    if (matrix := confusion_text(found, columns())) is not None:
        echo(matrix + "\n")
    echo_lines(_some_digits(net, found, images, labels))
    echo()
    _write(target, net, history, found, images, labels)
    names = ", ".join((MODEL, DIGIT, *PLOTS))
    emit("written to {folder}/: {names}", folder=options.folder, names=names)
    echo("\n" + say("What to try next:"))
    for line, about in _next_steps(target):
        echo(f"  {line}\n      {about}")


def _next_steps(folder: Path) -> Iterator[tuple[str, str]]:
    """Return commands as they are typed here, and what they do."""
    pellucid, model = program(), shlex.quote(str(folder / MODEL))
    if importlib.util.find_spec("starlette") is None:
        yield install_command("web"), say("what the page needs")
    yield f"{pellucid} open {model}", say("draw, and watch every neuron in the browser")
    digit = shlex.quote(str(folder / DIGIT))
    yield f"{pellucid} predict {model} {digit}", say("classify an image; try a photo of your own")
    yield f"{pellucid} inspect {model}", say("what its neurons respond to")
    yield f"{pellucid} explain {model} --digit 0", say("why it predicts what it does")
    yield f"{pellucid} summary {model}", say("its parameters, layer by layer")
    wide = shlex.quote(str(folder / "wide.safetensors"))
    yield f"{pellucid} train --layers 784,64,10 --quick -o {wide}", say("another network")


def _ready(folder: str) -> Path:
    """Make the folder, and check before the training that every file can be written."""
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        template = "{path}: cannot be made ({reason}): choose another folder"
        raise FileError(template, path=folder, reason=reason_of(error)) from error
    for name in (MODEL, DIGIT, *PLOTS):
        check_writable(target / name, ROOM)
    return target


def _trained(quick: bool) -> tuple[Network, History, Evaluation, Array, Array]:
    digits = mnist()
    net = mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True)
    net = Network(net.layers, classes=[str(digit) for digit in range(10)], inputs=Images((28, 28)))
    recipe = recipes.QUICK if quick else recipes.DIGITS
    history = train(net, digits.train.images, digits.train.labels, recipe=recipe, progress=True)
    images, labels = digits.test.images, digits.test.labels
    return net, history, evaluate(net, images, labels), images, labels


def _some_digits(net: Network, found: Evaluation, images: Array, labels: Array) -> list[str]:
    """Return two digits that were classified and the most confident mistake, side by side."""
    assert found.misclassified is not None
    right = np.setdiff1d(np.arange(len(labels)), found.misclassified)[:2]
    rows = [*right, *found.misclassified[:1]]
    blocks, heads = [], []
    for row, label in zip(rows, net.classify(images[rows]), strict=True):
        # The rim of MNIST's digits is empty; without it three fit side by side
        blocks.append(drawing.grey_image(images[row][2:26, 2:26]))
        if label == labels[row]:
            heads.append(say("predicted {label}: right", label=label))
        else:
            truth = labels[row]
            heads.append(say("predicted {label}, but it is {truth}", label=label, truth=truth))
    return drawing.sheet(blocks, heads, WIDE, columns())


def _write(
    target: Path, net: Network, history: History, found: Evaluation, images: Array, labels: Array
) -> None:
    assert found.misclassified is not None and found.confusion is not None
    net.save(target / MODEL)
    rows = found.misclassified[:MISCLASSIFIED]
    pairs = (labels[rows], net.classify(images[rows]))
    right = np.setdiff1d(np.arange(len(labels)), found.misclassified)
    drawn = {
        DIGIT: image_sheets.ink_image(images[right[0]]),
        "weights.png": image_sheets.weights_image(net.params[0]),
        "misclassified.png": image_sheets.misclassified_image(images[rows], *pairs),
        "confusion.png": image_sheets.confusion_image(found.confusion, net.classes or []),
    }
    # Stopped in the first epoch there is nothing to draw
    if history.records:
        drawn["learning.png"] = image_sheets.curves_image(history.records)
    for name, plot in drawn.items():
        content = io.BytesIO()
        plot.save(content, "PNG")
        write_whole(target / name, content.getvalue())
