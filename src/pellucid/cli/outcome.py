"""What `pellucid train` says of a training: at its start, and at its end for data of every kind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from pellucid.cli.output import emit, note, time_text, write_json
from pellucid.core.checks import input_width
from pellucid.core.layers import Affine
from pellucid.core.members import alone, members_of
from pellucid.core.optimizers import Optimizer
from pellucid.errors import PellucidError
from pellucid.language import mark, say
from pellucid.network import Network, load
from pellucid.training import History, Settings

NEAR = 0.05
"""Share of the way from chance to perfect up to which a score counts as no better than chance."""

FREQUENT = 0.75
"""Share of the rows from which the most frequent class makes the others rare: three times as many
rows as all others together, so that accuracy hardly depends on these."""


class Warned(NamedTuple):
    """What is wrong with a trained network, and what to do; None for other settings of training."""

    text: str
    advice: str | None = None


class Outcome(NamedTuple):
    """How good a trained network is: sentences for people, scores for JSON, and a warning."""

    sentences: list[str]
    scores: dict[str, object]
    warning: Warned | None


@dataclass(frozen=True)
class Job:
    """A training that is ready to run on data of any kind; `path` is the default file.

    `by_column` is the share of the rows that groups or times hold out, or None. Which rows these
    are, and so how many, is known only when training has read that column.
    """

    data: str
    rows: int
    net: Network
    path: str
    settings: Settings
    run: Callable[[], History]
    score: Callable[[History], Outcome]
    introduction: Sequence[str] = ()
    by_column: float | None = None


def announce(job: Job, path: str) -> None:
    """Note what is trained on what, and that an earlier file will be replaced."""
    # As --layers takes them
    sizes = [layer.W.shape[1] for layer in alone(job.net.layers) if isinstance(layer, Affine)]
    widths = "-".join(map(str, (input_width(job.net.layers), *sizes)))
    inside = members_of(job.net.layers)
    # Rounded as the split rounds it
    share = job.settings.validation
    kept = round(job.rows * share) if isinstance(share, float) else 0
    template = mark(
        "training on {rows:,} rows of {data}; network {widths}, {parameters:,} parameters"
    )
    rows = job.rows - kept
    if job.by_column is not None:
        template = mark(
            "training on about {rows:,} rows of {data}; network {widths}, {parameters:,} parameters"
        )
        rows = round(job.rows * (1 - job.by_column))
    note(
        template,
        rows=rows,
        data=job.data,
        widths=widths if inside is None else f"{inside.count} x {widths}",
        parameters=job.net.parameter_count,
    )
    if kept:
        note("{rows:,} other rows are held out for validation", rows=kept)
    note_file(path)
    # Nobody can press Ctrl-C in a log file
    if sys.stderr.isatty():
        note(
            "Ctrl-C ends the training and keeps the network; until then, a second one stops "
            "at once, nothing written"
        )


def conclude(job: Job, path: str, history: History, as_json: bool) -> None:
    """Report a finished training: scores, the file, and warnings where it failed."""
    outcome = job.score(history)
    warnings = [each for each in (outcome.warning, rising(history)) if each is not None]
    if as_json:
        write_json(
            {
                "model": path,
                "parameters": job.net.parameter_count,
                "epochs": len(history),
                "seconds": history.seconds,
                "stopped": history.stopped,
                "engine": history.engine,
                **outcome.scores,
                **({"warnings": [each.text for each in warnings]} if warnings else {}),
                **({"hints": history.to_dict()["hints"]} if history.hints else {}),
            }
        )
    else:
        for text in outcome.sentences:
            emit(text)
        emit("written: {path}, {time} of training", path=path, time=time_text(history.seconds))
    # On standard error: the result may be piped to a file
    for text, _ in warnings:
        note("warning: {text}", text=text)
    advice = [each.advice for each in warnings]
    if None not in advice:
        for text in filter(None, advice):
            note(text)
    elif isinstance(job.settings.optimizer, Optimizer):
        note(
            "try a smaller --learning-rate (it was {rate:g}), another --optimizer or more "
            "--epochs; if you used the defaults, check that the features can predict the "
            "target",
            rate=job.settings.optimizer.learning_rate,
        )


def interrupted(history: History) -> str:
    """Return the sentence for a training that Ctrl-C ended, for when its network is written."""
    template = "interrupted: training ended after {epochs} whole epochs; the network is kept"
    return say(template, epochs=len(history))


def note_file(path: str) -> None:
    """Note that a model file will be replaced, and that it has another extension than usual."""
    note_replaced(path)
    if not path.endswith(".safetensors"):
        note("model files should end in .safetensors; {path} is written anyway", path=path)


def note_replaced(path: str) -> None:
    """Note that a file will be replaced, with its network's accuracy where that is known."""
    if not os.path.exists(path):  # noqa: PTH110
        return
    accuracy = None
    # Any file may have that name; only a network has an accuracy
    with suppress(PellucidError, OSError):
        metrics = load(path).record.get("metrics")
        accuracy = metrics.get("accuracy") if isinstance(metrics, dict) else None
    if isinstance(accuracy, float):
        template = "replaces {path} (whose accuracy on training data was {accuracy:.1f} %)"
        note(template, path=path, accuracy=100 * accuracy)
    else:
        note("replaces {path}", path=path)


def no_better_class(
    name: str, chance: float, accuracy: float | None, classes: int
) -> Warned | None:
    """Return the warning that a network is no better than the most frequent class, or None."""
    # A share of the way to 100 %: where 95 % is chance, 96 % says little
    way = NEAR * (1 - chance)
    if accuracy is None or accuracy > chance + way:
        return None
    template = (
        "the network is no better than always predicting {name}: {accuracy:.1f} % right, "
        "{chance:.1f} % are {name}"
    )
    text = say(template, name=name, accuracy=100 * accuracy, chance=100 * chance)
    # Far below chance, something is wrong with the training itself
    rare = chance >= FREQUENT and accuracy > chance - NEAR
    return Warned(text, _rare_advice(name, classes) if rare else None)


def _rare_advice(name: str, classes: int) -> str:
    """Return how to judge and train a network where nearly all rows are of one class."""
    if classes == 2:
        return say(
            "most rows are {name}, so accuracy says little here: `pellucid evaluate` shows the "
            "area under the ROC curve, and precision and recall at a --threshold; in training, "
            "--class-weights balanced makes both classes count the same",
            name=name,
        )
    return say(
        "most rows are {name}, so accuracy says little here: `pellucid evaluate` shows the share "
        "of each class that is right; in training, --class-weights balanced makes all classes "
        "count the same",
        name=name,
    )


def no_better_value(r2: float | None) -> Warned | None:
    """Return the warning that a network is no better than the targets' mean, or None."""
    if r2 is None or r2 > NEAR:
        return None
    text = say("the network is no better than always predicting the mean (R2 {r2:.4f})", r2=r2)
    return Warned(text)


def rising(history: History) -> Warned | None:
    """Return the warning that the loss rose, or None."""
    losses = history["loss"]
    # From epoch to epoch noise may lift it, from the first to the last it must fall
    if len(losses) < 2 or losses[-1] <= losses[0]:
        return None
    template = "the loss rose: {first:.4g} in the first epoch, {last:.4g} in the last"
    return Warned(say(template, first=losses[0], last=losses[-1]))
