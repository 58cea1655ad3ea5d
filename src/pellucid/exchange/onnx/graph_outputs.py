"""The tensor that holds a graph's predictions, before the labels that converters add.

scikit-learn's converter gives classifiers two outputs, the chosen labels and the probabilities,
with class names in both; binary classifiers give (1 - p, p). The network's output is the
probabilities, or p alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.exchange.onnx.graph import Graph
from pellucid.exchange.onnx.operators import Op
from pellucid.exchange.onnx.readers import is_known

# Operators that choose a class, and those that follow before the label leaves the graph.
_CHOICES = ("ArgMax", "ai.onnx.ml.Binarizer")
_NAMING = "ai.onnx.ml.ArrayFeatureExtractor"
_BEHIND_CHOICES = (_NAMING, "Cast", "Reshape", "Squeeze")
_DICTIONARY = "ai.onnx.ml.ZipMap"


class GraphOutput(NamedTuple):
    """The tensor that holds the predictions, and the class names if the graph has any.

    `halved` says that the graph's own output is (1 - p, p) and the tensor p.
    """

    tensor: str
    classes: list[str] | None
    halved: bool


def output_of(graph: Graph) -> GraphOutput:
    """Return the tensor with the predictions; raises InputError where it could be several."""
    found: dict[str, str] = {}  # tensors that may hold the predictions, with their output's name
    classes: list[str] | None = None
    for name, tensor in graph.outputs.items():
        op = graph.makers.get(tensor)
        if op is not None and op.kind == _DICTIONARY:
            classes = _names(_dictionary_keys(op))
            found.setdefault(op.live[0], name)
        elif (choice := _choice(graph, op)) is not None:
            classes = classes if choice.size == 0 else _names(choice)
        else:
            found.setdefault(tensor, name)
    if not found:
        raise InputError("its outputs are class labels only: export the probabilities as well")
    if len(found) > 1:
        _check_known(graph, found)
        template = "it has the outputs {names}; expected one, besides the labels of a classifier"
        raise InputError(template, names=", ".join(found.values()))
    tensor = _without_column(graph, next(iter(found)))
    p = _without_complement(graph, tensor)
    return GraphOutput(p, classes, p != tensor)


def _check_known(graph: Graph, tensors: Iterable[str]) -> None:
    """Raise InputError for an operator that is not known: it is why there are several outputs."""
    for tensor in tensors:
        op = graph.makers.get(tensor)
        while op is not None and op.kind in _BEHIND_CHOICES and op.live:
            op = graph.makers.get(op.live[0])
        if op is not None and not is_known(op.kind):
            raise op.error(Message("this operator is not supported in dense networks"))


def _choice(graph: Graph, op: Op | None) -> Array | None:
    """Return the class names of an output that is a label (empty without names), else None."""
    names = np.empty(0)
    while op is not None and op.kind in _BEHIND_CHOICES and op.live:
        if op.kind == _NAMING and isinstance(op.input(0), np.ndarray):
            names = np.asarray(op.input(0))
        op = graph.makers.get(op.live[0])
    return names if op is not None and op.kind in _CHOICES else None


def _dictionary_keys(op: Op) -> list[str]:
    names = op.attributes.get("classlabels_strings") or op.attributes.get("classlabels_int64s")
    if not isinstance(names, list) or len(op.live) != 1:
        raise op.error(Message("it names no classes"))
    return names


def _names(values: ArrayLike) -> list[str]:
    values = np.asarray(values).ravel().tolist()
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _without_column(graph: Graph, tensor: str) -> str:
    """Return the tensor before a Reshape of all its numbers to one column, if there is one.

    scikit-learn's converter adds it to regressors, and mixes the rows of those with several
    outputs.
    """
    op = graph.makers.get(tensor)
    if graph.producer != "skl2onnx" or op is None or op.kind != "Reshape" or not op.constants:
        return tensor
    return op.live[0] if op.live and op.constants[0].tolist() in ([-1], [-1, 1]) else tensor


def _without_complement(graph: Graph, tensor: str) -> str:
    """Return p where the tensor is (1 - p, p), else the tensor itself."""
    op = graph.makers.get(tensor)
    if op is None or op.kind != "Concat" or len(op.live) != 2:
        return tensor
    complement, p = op.live
    first = graph.makers.get(complement)
    if first is None or first.kind != "Sub" or first.live != [p]:
        return tensor
    one, axis = first.input(0), op.attribute("axis", 0)
    return p if isinstance(one, np.ndarray) and (one == 1).all() and axis in (1, -1) else tensor
