"""Encoders of categories as features: each is asked for its output of every category.

So the rules for dropped, rare, unknown and missing categories stay scikit-learn's, whatever its
version.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import scipy.sparse
import sklearn

from pellucid.core.types import Array
from pellucid.data.tables import read_table
from pellucid.data.tables.cells import Cells as TableCells
from pellucid.errors import Message
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.features import NOT_FILLED, Cell, Cells, Feature, Lookup, Unfit

_UNKNOWN = "\0unknown"  # equal to no category
_SPECIAL = (None, _UNKNOWN)


_Changes: TypeAlias = dict[int, float]  # the value of one output by row of the probes


class _Probe(NamedTuple):
    """A row that is asked: `value` in one column, which stands for `text` (None: missing)."""

    column: int
    value: Any
    text: str | None


def encoded(encoder: Estimator, inputs: Sequence[Cell | Feature], cells: Cells) -> list[Feature]:
    """Return the outputs of a fitted OneHotEncoder, OrdinalEncoder or TargetEncoder."""
    raw = [each for each in inputs if isinstance(each, (Cell, Lookup))]
    if len(raw) < len(inputs):
        raise Unfit(Message("a step before it changes the numbers that it takes for categories"))
    by_column = [_probes(encoder, column, cell, cells) for column, cell in enumerate(raw)]
    probes = [probe for own in by_column for probe in own]
    base, found = _outputs(encoder, probes)
    _check(raw, probes, found, cells)
    starts = list(accumulate(map(len, by_column), initial=0))
    groups = [
        _Group(cell.column, start, [probe.text for probe in own])
        for cell, start, own in zip(raw, starts, by_column, strict=False)
    ]
    # A feature that no probe changes is constant, and may be of any column.
    owners = (next((probes[row].column for row in changes), 0) for changes in found)
    return [
        _lookup(groups[owner], usual, changes, cells)
        for owner, usual, changes in zip(owners, base, found, strict=True)
    ]


class _Group:
    """The probes of one column: what each row stands for, and the rows of unknown and missing."""

    def __init__(self, column: int, start: int, texts: Sequence[str | None]) -> None:
        self.column, self.texts = column, dict(enumerate(texts, start))
        self.special = {text: row for row, text in self.texts.items() if text in _SPECIAL}


def _lookup(group: _Group, usual: float, changes: _Changes, cells: Cells) -> Lookup:
    """Return one output as a function of its column."""

    def value(text: str | None, otherwise: float) -> float:
        row = group.special.get(text)
        return otherwise if row is None else changes.get(row, usual)

    otherwise = value(_UNKNOWN, 0.0)
    if math.isnan(otherwise):
        raise cells.unfit(group.column, Message("unknown categories become NaN"))
    # Where an unknown cell is as usual, only changes count: of thousands of categories a few.
    values = {}
    for row in changes if otherwise == usual else group.texts:
        text, each = group.texts[row], changes.get(row, usual)
        if text is not None and text not in _SPECIAL and each != otherwise:
            values[text] = each
    return Lookup(group.column, values, otherwise, value(None, math.nan))


def _probes(encoder: Estimator, column: int, cell: Cell | Lookup, cells: Cells) -> list[_Probe]:
    """Return the rows to ask about one column: each category, an unknown one, a missing cell."""
    categories = list(encoder.categories_[column])
    if isinstance(cell, Lookup):  # of a step before
        made = [_Probe(column, value, text) for text, value in cell.values.items()]
        made.append(_Probe(column, cell.otherwise, _UNKNOWN))
        made += [] if math.isnan(cell.missing) else [_Probe(column, cell.missing, None)]
        return [each for each in made if _takes_unknown(encoder) or each.value in categories]
    texts = _texts(encoder.categories_[column])
    cells.categorical(cell, [text for text in texts if text is not None])
    if None in texts:
        cells.expect_missing(cell.column)
    found = [_Probe(column, value, text) for value, text in zip(categories, texts, strict=True)]
    if _takes_unknown(encoder):
        found.append(_Probe(column, _UNKNOWN, _UNKNOWN))
    if cell.fill is not NOT_FILLED:
        known = cell.fill in categories
        if known or _takes_unknown(encoder):
            found.append(_Probe(column, cell.fill if known else _UNKNOWN, None))
    elif None not in texts and _takes_unknown(encoder):
        found.append(_Probe(column, _UNKNOWN, None))
    return found


def _takes_unknown(encoder: Estimator) -> bool:
    return getattr(encoder, "handle_unknown", "ignore") != "error"


def _texts(categories: Array) -> list[str | None]:
    """Return the texts by which a network reads categories, None for a missing cell."""
    found: list[str | None] = []
    for (array,) in read_table({"categories": categories}).blocks():
        codes, names = TableCells(array).texts
        found += [None if code < 0 else names[code] for code in codes]
    return found


def _outputs(encoder: Estimator, probes: Sequence[_Probe]) -> tuple[list[float], list[_Changes]]:
    """Return each output where every column has its first category, and where probes change it."""
    first = [categories[0] for categories in encoder.categories_]
    asked = np.array([first] * (1 + len(probes)), object)
    for row, probe in enumerate(probes, start=1):
        asked[row, probe.column] = probe.value
    own = copy.copy(encoder)
    vars(own).pop("_sklearn_output_config", None)  # arrays, not dataframes
    if hasattr(own, "sparse_output"):
        own.sparse_output = True  # of thousands of categories, too
    with warnings.catch_warnings(), sklearn.config_context(transform_output="default"):
        warnings.simplefilter("ignore")  # of unknown categories, and of rows without names
        y = scipy.sparse.csr_matrix(own.transform(asked), dtype=np.float64)
    base = y[0].toarray().ravel().tolist()
    changed = (y[1:] - scipy.sparse.csr_matrix(np.ones((len(probes), 1))) @ y[0]).tocoo()
    found: list[_Changes] = [{} for _ in base]
    # Read again: base + change is rounded, and of NaN no number.
    values = np.asarray(y[changed.row + 1, changed.col]).ravel().tolist()
    for row, output, value in zip(changed.row.tolist(), changed.col.tolist(), values, strict=True):
        if value != base[output]:
            found[output][row] = value
    return base, found


def _check(
    raw: Sequence[Cell | Lookup], probes: Sequence[_Probe], found: Sequence[_Changes], cells: Cells
) -> None:
    """Check that cells which are one to a network are one to the encoder."""
    rows: dict[tuple[int, str | None], dict[int, float]] = {}
    changes: list[dict[int, float]] = [{} for _ in probes]
    for output, own in enumerate(found):
        for row, value in own.items():
            changes[row][output] = value
    for probe, change in zip(probes, changes, strict=True):
        before = rows.setdefault((probe.column, probe.text), change)
        if repr(before) != repr(change):  # NaN is NaN here
            what = Message("missing cells") if probe.text is None else repr(probe.text)
            template = "its step tells cells apart that are one to a network: {text}"
            raise cells.unfit(raw[probe.column].column, Message(template, text=what))
