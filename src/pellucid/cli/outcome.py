"""What came of learning.

The result as JSON, and warnings where the network learned nothing or got worse.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pellucid.cli.output import note
from pellucid.errors import PellucidError
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.cli.datasets import Dataset
    from pellucid.lens.evaluation import Evaluation
    from pellucid.network import Network
    from pellucid.training import History

NEAR = 0.05
"""How much of the way from chance to all right counts as no better than chance."""


def to_dict(
    path: str, net: Network, history: History, report: Evaluation | None, warnings: list[str]
) -> dict[str, Any]:
    """Give the result as JSON can hold it; warnings only where there are any."""
    last = history.records[-1] if history.records else {}
    validation = {"loss": last.get("validation_loss"), "accuracy": last.get("validation_accuracy")}
    found = None if report is None else report.to_dict()
    if found is not None and "accuracy" in found:
        found = {name: found[name] for name in ("accuracy", "interval")}
    return {
        "model": path,
        "parameters": net.parameter_count,
        "epochs": len(history),
        "seconds": history.seconds,
        "stopped": history.stopped,
        "engine": history.engine,
        "train": {"loss": last.get("loss"), "accuracy": last.get("accuracy")},
        "validation": None if validation["loss"] is None else validation,
        "test": found,
        **({"warnings": warnings} if warnings else {}),
    }


def warnings_of(dataset: Dataset, history: History, report: Evaluation | None) -> list[str]:
    """Say what is wrong with the result: no better than chance, or a loss that rose."""
    return [
        text for text in (_no_better(dataset, history, report), rising(history)) if text is not None
    ]


def advice(rate: float) -> str:
    """Say what to try when learning failed."""
    return say(
        "try a smaller --learning-rate (it was {rate:g}), another --optimizer or more --epochs; "
        "where these were "
        "left to the recipe, look whether the data tell of the answer at all",
        rate=rate,
    )


def note_ending(path: str) -> None:
    """Say on standard error that a model file has another ending than these have."""
    if not path.endswith(".safetensors"):
        note(
            say(
                "the name of a model file should end in .safetensors; {path} is written all the "
                "same",
                path=path,
            )
        )


def replaced(path: str) -> str | None:
    """Say that a file is there already and will be replaced, and how well its network answered, if
    that is known.
    """
    if not os.path.exists(path):  # noqa: PTH110
        return None
    from pellucid.network import load

    metrics: Any = {}
    with suppress(PellucidError, OSError):
        metrics = load(path).record.get("metrics", {})
    accuracy = metrics.get("accuracy") if isinstance(metrics, dict) else None
    if not isinstance(accuracy, float):
        return say("{path} is there already and will be replaced", path=path)
    return say(
        "{path} is there already and will be replaced (its accuracy on training data was "
        "{accuracy:.1f} %)",
        path=path,
        accuracy=100 * accuracy,
    )


def _no_better(dataset: Dataset, history: History, report: Evaluation | None) -> str | None:
    if dataset.classes is None:
        if report is None or report.r2 is None or report.r2 > NEAR:
            return None
        return say(
            "this network answers no better than always giving the mean (R2 {r2:.4f})", r2=report.r2
        )
    import numpy as np

    from pellucid.core.metrics import target_classes

    last = history.records[-1] if history.records else {}
    accuracy = last.get("accuracy") if report is None else report.accuracy
    counts = np.bincount(target_classes(dataset.t if dataset.test is None else dataset.test[1]))
    return no_better_than(
        dataset.classes[int(counts.argmax())], float(counts.max() / counts.sum()), accuracy
    )


def no_better_than(name: str, chance: float, accuracy: float | None) -> str | None:
    """Say that an accuracy is none, where always answering the most frequent class is right as
    often.
    """
    if accuracy is None or accuracy > chance + NEAR * (1 - chance):
        return None
    return say(
        "this network answers no better than always saying {name}: {accuracy:.1f} % right, "
        "{chance:.1f} % are {name}",
        name=name,
        accuracy=100 * accuracy,
        chance=100 * chance,
    )


def rising(history: History) -> str | None:
    """Say that the loss rose, if it did."""
    losses = history["loss"]
    if len(losses) < 2 or losses[-1] <= losses[0]:
        return None
    return say(
        "the loss rose: {first:.4g} in the first epoch, {last:.4g} in the last",
        first=losses[0],
        last=losses[-1],
    )
