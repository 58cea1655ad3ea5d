"""Predictions as programs read them: class, label, confidence and outputs of each row."""

from __future__ import annotations

from typing import Any

from pellucid.core.types import Array
from pellucid.lens.thresholds import verdicts
from pellucid.network import Network


def predicts_classes(net: Network) -> bool:
    """Return whether the network's outputs are classes, not values."""
    ends = ("Sigmoid", "Softmax", "LogSoftmax")
    return net.classes is not None or any(type(last).__name__ in ends for last in net.layers[-1:])


def value_names(net: Network, K: int) -> list[str]:
    """Return the name of each of K values that a network predicts: its target, else its number."""
    names = [target.name for target in net.columns.targets] if net.predicts_values else []
    return names if len(names) == K else [str(k) for k in range(K)]


def entries_of(net: Network, y: Array, threshold: float | None = None) -> list[dict[str, Any]]:
    """Return an entry for each row of outputs y, (N, K).

    "prediction" is the class index, with its "label" and "confidence", or what is predicted: a
    value, several by name or in a list, with None for the confidence. "outputs" are the row of y.
    """
    classes = predicts_classes(net) or threshold is not None  # of values it is an error
    chosen, confidence = verdicts(net, y, threshold) if classes else (None, None)
    entries = []
    for row, outputs in enumerate(y.tolist()):
        entry: dict[str, Any] = {}
        if chosen is None or confidence is None:
            named = net.predicts_values and len(outputs) > 1
            several = dict(zip(value_names(net, len(outputs)), outputs, strict=True))
            entry["prediction"] = outputs[0] if len(outputs) == 1 else several if named else outputs
            entry["confidence"] = None
        else:
            entry["prediction"] = int(chosen[row])
            if net.classes is not None:
                entry["label"] = net.label(int(chosen[row]))
            entry["confidence"] = float(confidence[row])
        entries.append(entry | {"outputs": outputs})
    return entries
