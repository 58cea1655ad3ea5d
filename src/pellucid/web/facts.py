"""Facts about a network that its model file does not hold: names, shapes, accuracy, test digits."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from pellucid import __version__
from pellucid.core.checks import input_width
from pellucid.core.members import alone
from pellucid.core.preparation import Standardize
from pellucid.data import mnist
from pellucid.data.tables.cells import LARGEST
from pellucid.data.tables.kinds import CategoryColumn
from pellucid.data.tables.moments import PERIODS
from pellucid.data.tables.numeric import numeric
from pellucid.errors import InputError, Message
from pellucid.exchange.guards import check_network
from pellucid.language import LANGUAGES, speaking, translate
from pellucid.lens import neurons
from pellucid.lens.directions import directions
from pellucid.lens.evaluation import evaluate
from pellucid.lens.input_columns import input_columns, input_names, input_offsets, knows_columns
from pellucid.lens.input_limits import input_limits
from pellucid.training.hints import LINE, TEXTS

if TYPE_CHECKING:
    from pellucid.network import Network

LEVEL = 0.9  # of the intervals and sets of classes that the page shows

EVERY = 20
"""One of so many of MNIST's 10,000 test digits is in the page.

These 500 are from the easy first half and the hard second half alike.
"""


class Field(TypedDict, total=False):
    """A table's column as the page shows it; the keys from `offset` on are those of numbers."""

    name: str
    inputs: list[int]  # the value, the missing mark, sine and cosine of cycles; or each category
    categories: list[str] | None
    indexed: bool  # whether categories are values of one input, not inputs
    offset: float
    low: float
    high: float
    ends: list[float]  # least and greatest of training, where they are known
    limits: list[float]  # beyond which a row is unlike those of training
    fill: float  # replaces a missing value
    flagged: bool  # whether the second input marks missing cells
    dates: bool  # whether values are days since 1970
    cycles: list[float]  # of dates, in days: each has two inputs, sine and cosine
    direction: int  # 1 if the prediction only rises with the column, -1 if it only falls


class Certainty(TypedDict):
    """What held-out rows tell of the errors: `Certainty` in resources.js."""

    intervals: list[dict[str, Any]]
    least: float | None
    novelty: dict[str, Any] | None


class Facts(TypedDict):
    """Facts about a network, as JSON holds them; `Facts` in resources.js."""

    name: str
    shape: list[int] | None
    columns: list[str]
    prepared: list[str]  # what preparation makes of them: the names of the first neurons
    fields: list[Field]
    start: list[float]
    target: str
    accuracy: float | None
    rows: int
    digits: bool
    server: bool
    class_address: str
    sends: bool
    certainty: Certainty
    hints: dict[str, dict[str, str]]  # by language and kind; `line` has kind's text and epoch
    version: str


def facts(
    net: Network, name: str, *, server: bool = False, class_address: str = "", sends: bool = False
) -> Facts:
    """Return the facts about a network.

    `server` says whether pellucid serves its page, `class_address` is where a class sends drawings
    to that page, and `sends` says whether the page sends them.

    Raises InputError for anything but a network, and for one without weights, which has no neurons
    to show.
    """
    check_network(net)
    layers = neurons.neuron_layers(net) if input_width(net.layers) else []
    if len(layers) < 2:
        raise InputError(
            "this network has no weights, so there is nothing to see: give it an Affine layer"
        )
    shape = neurons.image_shape(net)
    digits = neurons.reads_digits(net)
    test = mnist().test if digits else None
    return {
        "name": name,
        "shape": None if shape is None else list(shape),
        "columns": [] if shape else input_names(net),
        "prepared": [] if shape else _prepared(net),
        "fields": _fields(net) if knows_columns(net) else [],
        "start": [] if shape else _start(net),
        "target": ", ".join(each.name for each in net.columns.targets)
        if knows_columns(net)
        else "",
        "accuracy": None if test is None else evaluate(net, test.images, test.labels).accuracy,
        "rows": 0 if test is None else len(test.labels),
        "digits": digits,
        "server": server,
        "class_address": class_address,
        "sends": sends,
        "certainty": _certainty(net),
        "hints": _hints(),
        "version": __version__,
    }


def _hints() -> dict[str, dict[str, str]]:
    """Return the texts of hints, with their {places}, for trainings in the page."""
    # The page's own trainings have as many outputs as classes
    texts: dict[str, str] = {kind: text for kind, text in TEXTS.items() if kind != "labels"}
    texts["line"] = LINE
    found = {}
    for language in LANGUAGES:
        with speaking(language):
            found[language] = {name: translate(Message(text)) for name, text in texts.items()}
    return found


def sample_digits() -> bytes:
    """Return 500 of MNIST's test digits: numbers (two bytes each), labels and pixels, in gzip."""
    test = mnist().test
    chosen = np.arange(0, len(test.labels), EVERY, dtype="<u2")
    content = chosen.tobytes() + test.labels[chosen].tobytes() + test.images[chosen].tobytes()
    return gzip.compress(content, mtime=0)  # without a time, the bytes are always the same


def _fields(net: Network) -> list[Field]:
    """Return a table's columns: numbers within three standard deviations, categories by name."""
    low, high = (ends + input_offsets(net) for ends in input_limits(net))
    proved = directions(net)
    fields: list[Field] = []
    for column in input_columns(net):
        first, categories = column.inputs[0], column.categories
        field: Field = {"name": column.name, "inputs": column.inputs, "categories": categories}
        if column.indexed:
            field["indexed"] = True
        if categories is None:
            field["offset"] = column.offset
            field["low"], field["high"] = float(low[first]), float(high[first])
            known = net.columns.columns[len(fields)]
            assert not isinstance(known, CategoryColumn)
            if abs(known.low) < LARGEST:  # older files do not tell
                field["ends"], field["limits"] = [known.low, known.high], [*known.limits]
            field["fill"] = float(net.columns.standardize().mean[first])
            field["flagged"] = column.flagged
            field["dates"] = column.dates
            field["cycles"] = [PERIODS[cycle] for cycle in column.cycles]
            if column.name in proved:
                field["direction"] = proved[column.name]
        fields.append(field)
    return fields


def _certainty(net: Network) -> Certainty:
    """Return what the page needs for intervals and sets of `LEVEL`, and for rows unlike others."""
    known = net.uncertainty
    if known is None:
        return {"intervals": [], "least": None, "novelty": None}
    novelty: dict[str, Any] | None = None
    if known.novelty is not None and knows_columns(net):
        found = numeric(net.columns)
        novelty = known.novelty.to_dict()
        novelty["inputs"] = [place for place, _ in found]
        novelty["mean"] = [column.mean - column.offset for _, column in found]
        novelty["std"] = [column.std for _, column in found]
    intervals, least, side = [], None, (1 + LEVEL) / 2
    for each in known.residuals:
        if each.scores.allows(LEVEL, ends=2):
            ends = {"low": each.scores.lower(side), "high": each.scores.upper(side)}
            spreads = {"at": [*each.at], "spreads": [*each.spreads]}
            intervals.append({**spreads, **ends, "nonnegative": each.nonnegative})
    if known.scores is not None and known.scores.allows(LEVEL, ends=1):
        least = 1 - known.scores.upper(LEVEL)
    return {"intervals": intervals, "least": least, "novelty": novelty}


def _prepared(net: Network) -> list[str]:
    """Return the labels of the first neurons, of an ensemble those of a member by itself."""
    shown = net.members[0] if net.members else net
    return neurons.neuron_labels(shown, neurons.neuron_layers(shown)[0])


def _start(net: Network) -> list[float]:
    """Return the first row to show: the mean or first category of each column, else 0."""
    first, D = alone(net.layers)[0], neurons.input_count(net)
    row = first.mean.astype(float) if isinstance(first, Standardize) else np.zeros(D)
    if knows_columns(net):
        row[:] = 0  # the means of category inputs are no category
        means = net.columns.standardize(np.float64).mean
        for column in input_columns(net):
            at = column.inputs[0]
            if column.categories is not None:
                row[at] = 1
            else:
                row[column.inputs] = column.settings(means[[at]] + column.offset)[0]
    return row.tolist()
