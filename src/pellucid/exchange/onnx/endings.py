"""Where the answers leave a graph: past the labels, dictionaries and second columns that converters
of classifiers add.

scikit-learn's converter gives two outputs, the chosen labels and the probabilities, with class
names in both; binary classifiers answer (1 - p, p). The probabilities, or p alone, are the
network's answers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pellucid.errors import InputError, Message
from pellucid.exchange.onnx.graph import Graph
from pellucid.exchange.onnx.operators import Op

# Operators that stand between a decision and the label that leaves the graph.
_CHOICES = ("ArgMax", "ai.onnx.ml.Binarizer")
_NAMING = "ai.onnx.ml.ArrayFeatureExtractor"
_BEHIND_CHOICES = (_NAMING, "Cast", "Reshape", "Squeeze")
_DICTIONARY = "ai.onnx.ml.ZipMap"


class Answers(NamedTuple):
    """The tensor that holds the answers, the class names if there are any, and whether p stands for
    (1 - p, p).
    """

    tensor: str
    classes: list[str] | None
    halved: bool


def answers_of(graph: Graph) -> Answers:
    """Find the answers.

    Raises InputError where several outputs might be the answers.
    """
    found: dict[str, str] = {}  # tensors that may be the answers, by their output's name
    classes: list[str] | None = None
    for name, tensor in graph.outputs.items():
        op = graph.makers.get(tensor)
        if op is not None and op.kind == _DICTIONARY:
            classes = _names(_of_dictionary(op))
            found.setdefault(op.live[0], name)
        elif (choice := _choice(graph, op)) is not None:
            classes = classes if choice.size == 0 else _names(choice)
        else:
            found.setdefault(tensor, name)
    if len(found) != 1:
        raise InputError(
            Message(
                "it has the outputs {names}; expected one, beside the labels of a classifier",
                names=", ".join(found.values()),
            )
            if found
            else Message("its outputs are chosen labels only: export the probabilities as well")
        )
    tensor = _without_column(graph, next(iter(found)))
    p = _without_complement(graph, tensor)
    return Answers(p, classes, p != tensor)


def _choice(graph: Graph, op: Op | None) -> Any:
    """Give the class names, perhaps none, where an output is a chosen label.

    None where it is none.
    """
    names = np.empty(0)
    while op is not None and op.kind in _BEHIND_CHOICES and op.live:
        if op.kind == _NAMING and isinstance(op.input(0), np.ndarray):
            names = np.asarray(op.input(0))
        op = graph.makers.get(op.live[0])
    return names if op is not None and op.kind in _CHOICES else None


def _of_dictionary(op: Op) -> list[Any]:
    names = op.attributes.get("classlabels_strings") or op.attributes.get("classlabels_int64s")
    if not isinstance(names, list) or len(op.live) != 1:
        raise op.error(Message("it names no classes"))
    return names


def _names(values: Any) -> list[str]:
    return [
        value.decode() if isinstance(value, bytes) else str(value)
        for value in np.asarray(values).ravel().tolist()
    ]


def _without_column(graph: Graph, tensor: str) -> str:
    """Give what a tensor is before all of its numbers are put into one column.

    scikit-learn's converter does so behind regressors, those of several outputs included, whose
    rows it mixes.
    """
    op = graph.makers.get(tensor)
    if op is None or op.kind != "Reshape" or len(op.live) != 1 or not op.constants:
        return tensor
    return op.live[0] if op.constants[0].tolist() in ([-1], [-1, 1]) else tensor


def _without_complement(graph: Graph, tensor: str) -> str:
    """Give p where the tensor is (1 - p, p), and else the tensor itself."""
    op = graph.makers.get(tensor)
    if (
        op is None
        or op.kind != "Concat"
        or len(op.live) != 2
        or op.attribute("axis", 0) not in (1, -1)
    ):
        return tensor
    complement, p = op.live
    first = graph.makers.get(complement)
    if first is None or first.kind != "Sub" or first.input(1) != p:
        return tensor
    one = first.input(0)
    return p if isinstance(one, np.ndarray) and (one == 1).all() else tensor
