"""`pellucid train`: build a network, train it, write it, and score it on rows that it never saw."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from pellucid.building import PRESETS
from pellucid.cli import outcome, train_arrays, train_table, values
from pellucid.cli.augment_option import Augment
from pellucid.cli.column_options import (
    category_option,
    date_option,
    decreasing_option,
    ignore_option,
    increasing_option,
    number_option,
)
from pellucid.cli.help import command, example, json_option, option, quick_option
from pellucid.cli.models import read_model
from pellucid.cli.output import check_not_read, note
from pellucid.cli.plot_file import check_plot, plot_history
from pellucid.cli.table_rows import is_named_as_table
from pellucid.cli.values import wrong_use
from pellucid.core import ACTIVATIONS
from pellucid.core.losses import LOSSES
from pellucid.core.optimizers import OPTIMIZERS
from pellucid.core.schedules import SCHEDULES
from pellucid.distributed.training import SHARDS, team
from pellucid.engines import ENGINES, instruction_set, thread_count
from pellucid.errors import FileError
from pellucid.files.atomic import check_writable
from pellucid.language import mark
from pellucid.lens.input_columns import knows_columns
from pellucid.network import Network

ROOM = 64 << 10  # bytes that a model file holds beside its weights

NETWORK, TRAINING, RUNNING = mark("Network"), mark("Training"), mark("Running and result")
TABLES = mark("Tables")


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """The options of `pellucid train`; None stands for the default that suits data and network."""

    data: str = option(
        "--data DATA",
        "mnist (default), a toy problem (xor, moons, circles, spirals), a folder with a sub-folder "
        "of images for each class, a folder of IDX files, an .npz file with arrays x and t (and "
        "x_test, t_test), or with --target a table: CSV, JSON records, Parquet, Feather, .npy, "
        ".npz, or - for standard input.",
        NETWORK,
        default="mnist",
    )
    pretrained: str | None = option(
        "--from MODEL",
        "Fine-tune this model instead of training from scratch. Its layers and class names are "
        "kept.",
    )
    layers: tuple[int, ...] | None = option(
        "--layers N,N,...",
        "Neurons in each layer, inputs first. Default: 784,16,16,10 for MNIST; two hidden layers "
        "of 128 for tables, else of 16.",
    )
    hidden: tuple[int, ...] | None = option(
        "--hidden N,N,...",
        "Neurons in the hidden layers alone, instead of --layers; inputs and outputs follow from "
        "the data.",
        type=values.layers(1),
    )
    activation: str | None = option(
        "--activation NAME",
        "Activation of the hidden layers: sigmoid (default), relu (default for tables), tanh, "
        "leaky_relu, gelu, silu, softplus, ...",
        choices=ACTIVATIONS,
    )
    output: str | None = option(
        "--output NAME",
        "Activation of the last layer: sigmoid (default for classes), softmax (for classes of "
        "tables), identity (for values), ...",
        type=values.OutputActivation(tuple(ACTIVATIONS)),
    )
    dropout: float | None = option(
        "--dropout SHARE",
        "Share of hidden neurons dropped in training. Default: 0; for tables 0.1.",
    )
    members: int | None = option(
        "--members N",
        "Train so many networks at once, each with weights of its own; their predictions are "
        "averaged. Default: 1.",
        type=values.whole_number(1),
    )
    target: tuple[str, ...] = option(
        "--target COLUMN",
        "The column of the table to predict; may be repeated for several columns of numbers.",
        TABLES,
        multiple=True,
    )
    task: str | None = option(
        "--task TASK",
        "classify: the target's cells are classes; regress: they are numbers. Default: decided by "
        "the cells.",
        choices=("classify", "regress"),
    )
    preset: str | None = option(
        "--preset NAME",
        "tabular (default): columns are scaled by their quartiles, smoothly clipped and, from "
        "1,000 rows on, periodically embedded; plain: scaled to mean 0 and standard deviation 1.",
        choices=PRESETS,
    )
    ignore: tuple[str, ...] = ignore_option()
    category: tuple[str, ...] = category_option()
    number: tuple[str, ...] = number_option()
    date: tuple[str, ...] = date_option()
    increasing: tuple[str, ...] = increasing_option()
    decreasing: tuple[str, ...] = decreasing_option()
    sample_weight: str | None = option(
        "--sample-weight COLUMN",
        "A column with the weight of each row, a number of 0 or more; no input then.",
    )
    group: str | None = option(
        "--group COLUMN",
        "Hold out whole groups (patients, shops, ...), none on both sides; no input then.",
    )
    time: str | None = option(
        "--time COLUMN", "Hold out the latest rows by this column of numbers or dates."
    )
    loss: str | None = option(
        "--loss NAME",
        "cross_entropy, binary_cross_entropy, mean_squared_error, ... Default: the one that suits "
        "the output.",
        TRAINING,
        choices=LOSSES,
    )
    optimizer: str | None = option(
        "--optimizer NAME",
        "adamw, adam, sgd, rmsprop, adagrad. Default: the recipe's.",
        choices=OPTIMIZERS,
    )
    learning_rate: float | None = option(
        "--learning-rate RATE",
        "Size of a step. Default: the recipe's; for another optimizer one that suits it.",
    )
    schedule: str | None = option(
        "--schedule NAME",
        "How the learning rate changes: one_cycle, constant, cosine, step, exponential, ... "
        "Default: the recipe's.",
        choices=SCHEDULES,
    )
    weight_decay: float | None = option(
        "--weight-decay RATE",
        "How much weights shrink at each step, times the learning rate. Default: the recipe's.",
    )
    label_smoothing: float | None = option(
        "--label-smoothing SHARE",
        "Share of each target spread over all classes, for cross-entropies. Default: 0.",
    )
    class_weights: str | Mapping[str, float] | None = option(
        "--class-weights NAME=N,...",
        "Weight of each class in training by name (others 1), or balanced for equal totals.",
        type=values.class_weights(),
    )
    augment: Mapping[str, float] | None = option(
        "--augment NAME=N,...",
        "Change images in training, each by at most: shift=PIXELS, rotation=DEGREES, scale=SHARE, "
        "elastic=STRENGTH (34, with smoothness=4), noise=STD, brightness=DARKEST (0.5); or none. "
        "Default: the recipe's.",
        type=Augment(),
    )
    epochs: int | None = option(
        "--epochs N", "Passes over all rows. Default: the recipe's.", type=values.whole_number(1)
    )
    batch_size: int | None = option(
        "--batch-size N", "Rows in a step. Default: the recipe's.", type=values.whole_number(1)
    )
    validation: float | str | None = option(
        "--validation SHARE|DATA",
        "Share of the rows (0.1) that is held out, or other data, for scores in training; or none. "
        "Default: none; for tables of 1,000 rows or more 0.1.",
        type=values.share_or_data(),
    )
    quick: bool = quick_option()
    seed: int = option(
        "--seed N", "The same seed gives the same network. Default: 0.", RUNNING, default=0
    )
    checkpoint: str | None = option(
        "--checkpoint FOLDER",
        "Keep checkpoints in this folder; the same command again goes on where the newest is, and "
        "ends with the same bits. More --epochs are allowed.",
    )
    every: str | None = option(
        "--every INTERVAL",
        'How often to write a checkpoint: "60 s" (default), "1000 batches", "1 epoch".',
    )
    resume: bool = option("--resume", "Go on; an error where the folder has no run.")
    fresh: bool = option(
        "--fresh", "Start anew; the old checkpoints go into a folder of their own."
    )
    force_resume: bool = option(
        "--force-resume",
        "Go on although data, settings or build differ, without the promise of the same bits.",
    )
    engine: str = option(
        "--engine NAME",
        "What computes: auto (default: the fastest available), native, reference (NumPy).",
        choices=ENGINES,
        default="auto",
    )
    threads: int | None = option(
        "--threads N",
        "Threads. Default: 1 for small networks, where that is fastest; else all cores.",
        type=values.whole_number(1),
    )
    workers: int | tuple[int, int] | None = option(
        "--workers N|MIN:MAX",
        "Train by so many processes, or workers of a Ray cluster (more may join, up to MAX). The "
        "weights are the same for any number; it pays for large networks.",
        type=values.workers(),
    )
    ray: str | None = option(
        "--ray ADDRESS",
        "Train on a Ray cluster: the address of its head node (10.0.0.1:6379), auto, or local.",
    )
    shards: int | None = option(
        "--shards N",
        "Into how many shards each batch is cut; a worker takes one or more. Default: 8 with "
        "--workers or --ray.",
        type=values.whole_number(1),
    )
    path: str | None = option(
        "-o --output-file FILE",
        "Where to write the network. Default: digits.safetensors; model.safetensors for toys and "
        "tables.",
    )
    plot: str | None = option(
        "--plot FILE", "Draw the learning curves into a PNG, SVG or PDF file; needs matplotlib."
    )
    as_json: bool = json_option()

    def mean_a_table(self, pretrained: Network | None) -> bool:
        """Return whether the data are a table; a network to fine-tune decides it alone."""
        if pretrained is not None:
            return knows_columns(pretrained)
        named = (self.target, self.task, self.preset, self.ignore, self.category, self.number)
        roles = (self.date, self.sample_weight, self.group, self.time)
        order = (self.increasing, self.decreasing)
        return any(named) or any(roles) or any(order) or is_named_as_table(self.data)


BUILDING = (
    *("layers", "hidden", "activation", "output", "dropout", "members"),
    *("task", "preset", "ignore", "category", "number", "date"),
    *("increasing", "decreasing"),
)
"""Options that build a network, and so do not go with --from."""


@command(
    "train",
    TrainOptions,
    "Train a network and write it to a file.\n\n"
    "Without options: the network 784-16-16-10 of sigmoids is trained on the handwritten digits of "
    "MNIST, which come with this package, by a recipe that was measured to work well. Each option "
    "changes one part of it; other networks and data have a recipe of their own. Ctrl-C ends the "
    "training after the batch and the network is written; until then, a second Ctrl-C stops at "
    "once and writes nothing.",
    example("--quick", "few epochs, a few seconds"),
    example("--layers 784,32,10 --epochs 20", "another network"),
    example("--data letters/ -o letters.safetensors", "own images, a sub-folder for each class"),
    example("--data houses.csv --target price --ignore id", "a table: predict one of its columns"),
    example("--data houses.csv --target price --members 8", "the mean of eight networks"),
    example("--data houses.csv --target price --increasing area", "more area, never cheaper"),
    example("--data visits.csv --target ill --group patient", "no patient on both sides"),
    example(
        "--data visits.csv --target ill --class-weights balanced",
        "rare classes weigh as much as frequent ones",
    ),
    example("--data sales.csv --target sold --time day", "score on the latest rows"),
    example("--activation relu --output softmax", "another activation and output"),
    example('--checkpoint run/ --every "10 min"', "survives a crash: run it again to go on"),
    example("--data x.npz --hidden 800,800 --batch-size 4096 --workers 2", "by two processes"),
    example("--from digits.safetensors --data own/ -o mine.safetensors", "fine-tune on own data"),
    example(
        "--augment shift=1,rotation=10,elastic=34", "images shifted, rotated and distorted a little"
    ),
)
def train(options: TrainOptions) -> None:
    """Train a network, write it to a file, and report its scores."""
    pretrained = _pretrained(options)
    # Errors that cost nothing to find come before data are read
    if options.path is not None:
        check_not_read(options.path, [options.data, str(options.validation), options.pretrained])
        check_writable(options.path)
    check_plot(options.plot)
    # Wrong variables of the environment are errors now, not after the data were read
    instruction_set()
    thread_count(options.threads)
    kind = train_table if options.mean_a_table(pretrained) else train_arrays
    job = kind.prepare(options, pretrained)
    # The default name depends on the data, which are read now
    path = options.path or job.path
    check_not_read(path, [options.pretrained])
    check_writable(path, sum(array.nbytes for array in job.net.params) + ROOM)
    # A program finds the same in the document
    for text in [] if options.as_json else job.introduction:
        note(text)
    outcome.announce(job, path)
    with _workers(options):
        history = job.run()
    # Before the plot: one that fails loses no network
    _save(job.net, path)
    if history.stopped == "interrupted":
        note(outcome.interrupted(history))
    plot_history(options.plot, history)
    outcome.conclude(job, path, history, options.as_json)


def _workers(options: TrainOptions) -> AbstractContextManager[None]:
    """Return what holds the workers that the options ask for, if any."""
    if options.workers is None and options.ray is None:
        return nullcontext()
    return team(options.workers or (1, options.shards or SHARDS), options.ray, note)


def _save(net: Network, path: str) -> None:
    """Write the network, or if that fails write it elsewhere, and raise FileError.

    Training may have taken hours in which the disk became full.
    """
    try:
        net.save(path)
    except FileError as problem:
        try:
            other = Path(tempfile.mkdtemp(prefix="pellucid-"), Path(path).name)
            net.save(other)
        except OSError:  # a FileError, too
            raise problem from None
        template = "{problem}. The trained network is in {other}"
        raise FileError(template, problem=problem.message, other=other) from problem


def _pretrained(options: TrainOptions) -> Network | None:
    """Return the network to fine-tune, or None; raise UsageError for options that do not fit."""
    # Two ways to give the widths could contradict each other
    if options.layers and options.hidden:
        raise wrong_use("name the layers once: by --layers or by --hidden")
    if options.pretrained is None:
        return None
    # They would be ignored without a word
    others = [name for name in BUILDING if getattr(options, name) not in (None, ())]
    if others:
        words = ", ".join(f"--{name}" for name in others)
        raise wrong_use("--from keeps the network as it is: leave out {options}", options=words)
    return read_model(options.pretrained)
