"""How sure a network is of its predictions, as columns beside them, as `predict -o` writes them."""

from __future__ import annotations

import numpy as np

from pellucid.core.types import Array, Batch, Options
from pellucid.core.uncertainty import known
from pellucid.errors import InputError, Message
from pellucid.extras import library
from pellucid.language import translate
from pellucid.lens.entries import predicts_classes, value_names
from pellucid.lens.input_columns import knows_columns
from pellucid.lens.unlike import unlike_training
from pellucid.network import Network


def check_sure(net: Network, level: float | None, reject: bool) -> None:
    """Raise InputError where a network has no intervals of a level, or no rows to reject."""
    if level is not None:
        found = known(net.uncertainty)
        if found.scores is not None:
            found.scores.check(level, ends=1)
        for each in found.residuals:
            each.scores.check(level, ends=2)
    if reject and not knows_columns(net):
        raise InputError(
            "reject (--reject) needs the columns of a table, which this network does not know"
        )


def sure_columns(net: Network, x: Batch, y: Array, level: float, bad: Array) -> Options:
    """Return the columns for a level: the ends of intervals or sets of classes, and what is unlike.

    x are the rows, (N, D), y their outputs, (N, K); rows that are `bad`, (N,) bool, have nulls.
    "unlike training" is there where the network knows its columns, null for most rows.
    """
    arrow, K = library("pyarrow", "tables"), y.shape[1]
    found: Options = {}
    if predicts_classes(net):
        # A text as in predict's file, not a list: CSV has no lists
        sets = ["; ".join(map(str, labels)) for labels in net.sets_of(y, level)]
        found["set"] = arrow.array(sets, arrow.string(), mask=bad)
    else:
        heads = [f" {name}" for name in value_names(net, K)] if K > 1 else [""]
        ends = zip(
            heads, *(end.T for end in known(net.uncertainty).interval(y, level)), strict=True
        )
        for head, low, high in ends:
            found[f"low{head}"] = arrow.array(low, mask=bad)
            found[f"high{head}"] = arrow.array(high, mask=bad)
    if knows_columns(net):
        strange = unlike_texts(net, x)
        texts = [None if bad[i] else strange.get(i) for i in range(len(x))]
        found["unlike training"] = arrow.array(texts, arrow.string())
    return found


def unlike_reasons(net: Network, x: Batch) -> dict[int, Message]:
    """Return why rows of x, (N, D), are rejected: the places of those unlike the training rows."""
    template = "unlike the training rows: {reasons}"
    found = unlike_texts(net, x).items()
    return {place: Message(template, reasons=reasons) for place, reasons in found}


def unlike_texts(net: Network, x: Batch) -> dict[int, str]:
    """Return in what rows of x, (N, D), are unlike the training rows, by their places."""
    found = enumerate(unlike_training(net, np.asarray(x)))
    return {place: ", ".join(map(translate, reasons)) for place, reasons in found if reasons}
