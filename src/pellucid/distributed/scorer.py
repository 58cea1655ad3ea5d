"""A network as a function of batches of rows, for every engine that maps functions over tables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from pellucid.core.checks import input_width
from pellucid.core.types import Array, Options
from pellucid.data.tables import read_table
from pellucid.data.tables.cell_counts import Counts, add_counts, counts_of
from pellucid.data.tables.sifting import Sifting
from pellucid.distributed.batches import ArrowTable, as_arrow, like, matrix
from pellucid.distributed.sure_columns import check_sure, sure_columns, unlike_reasons
from pellucid.errors import InputError, Message
from pellucid.extras import library
from pellucid.language import translate
from pellucid.lens.entries import predicts_classes, value_names
from pellucid.lens.input_columns import knows_columns
from pellucid.network import Network, load

Batch: TypeAlias = Any  # a table of Arrow, pandas, Polars, or a dict of arrays: no common type

NOT_FINITE = Message("a value is missing, NaN or infinite")


class Scored(NamedTuple):
    """A batch's rows with their predictions; its rejected rows with reasons, and their places."""

    rows: ArrowTable
    rejected: ArrowTable
    places: Array


class Scorer:
    """A function that adds predictions to batches of rows: `scorer(batch)`.

    It is small and picklable, so that Ray Data, Dask, DuckDB, Polars, Daft or Spark can send it to
    their workers; the engine is made where it runs.

    Parameters
    ----------
    model
        The path of a model file, which every worker must be able to read, or a `Network`, whose
        weights then travel along.
    keep
        The columns of the batch that the result has, too, such as ["id"]; None keeps all.
    outputs
        Whether to add every output, in the columns "output NAME" (of a class, else its number).
    interval
        A level such as 0.9: adds how sure the predictions are, as `Network.interval` and
        `Network.class_sets` compute it from held-out rows.
    reject
        Whether rows of a table that are unlike the training rows are rejected, too.

    Attributes
    ----------
    rows, rejected
        How many rows this object has scored and rejected, in this process.
    cells
        How many cells were unusual, in this process: {"unseen": {"city": 3}}. "unseen" are
        categories that training had not, "outside" numbers far outside its range, "imputed" missing
        cells, "unreadable" texts for numbers where training had some, too.

    A batch is a table or record batch of pyarrow, a dataframe of pandas, Polars or any other
    library that narwhals supports, or a dict of columns; the result is of the same kind, has the
    same rows in the same order, and these columns more:

    - "prediction": the class by its name (as the whole number or truth value that it was in the
      training table, else as text), or the value in the target's unit; for several targets
      "prediction NAME" each.
    - "confidence": of classes, as `Network.confidence`.
    - with `interval`, "low" and "high" of a value (of several targets "low NAME" each), or "set",
      the classes of which one is right ("a; b"); of a table also "unlike training", in what a row
      is unlike the training rows, null for most.
    - "rejected": why a row has no prediction (a cell that is no number, infinity), else null.

    A network of a table finds its columns by name. Other networks take a column "x" of lists of D
    numbers (of a dict, an array (N, D)) or the columns "x0" to "x{D-1}".

    Raises InputError for batches of other kinds, for columns that are missing and for intervals of
    a network that knows none or too few held-out rows, FileError for a model that cannot be read,
    MissingLibraryError where pyarrow and narwhals, the extra `tables`, are not installed.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0], [1.0]], [0.5])])
    >>> scored = Scorer(net)({"id": [7, 8], "x": [[1.0, 2.0], [3.0, float("nan")]]})
    >>> scored["prediction"].tolist(), scored["rejected"].tolist()
    ([3.5, nan], [None, 'a value is missing, NaN or infinite'])
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Network,
        *,
        keep: Sequence[str] | None = None,
        outputs: bool = False,
        interval: float | None = None,
        reject: bool = False,
    ) -> None:
        if isinstance(keep, str):
            raise InputError('{what} must be a list of column names such as ["id"]', what="keep")
        try:
            self.model = model if isinstance(model, Network) else os.fspath(model)
        except TypeError as error:
            template = "expected the path of a model file or a Network, got {got}"
            raise InputError(template, got=type(model).__name__) from error
        self.keep = None if keep is None else list(keep)
        self.outputs = outputs
        self.interval, self.reject = interval, reject
        self.rows = self.rejected = 0
        self.cells: Counts = {}

    @cached_property
    def network(self) -> Network:
        """The network, read from its file when it is first needed."""
        net = self.model if isinstance(self.model, Network) else load(self.model)
        check_sure(net, self.interval, self.reject)
        return net

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with its predictions, a result of the batch's own kind."""
        table = as_arrow(batch)
        return like(batch, self.kept(table), self._predictions(table, {}))

    def split(
        self,
        batch: Batch,
        kept: ArrowTable | None = None,
        refused: Mapping[int, Message] | None = None,
        read: ArrowTable | None = None,
    ) -> Scored:
        """Return the rows that have predictions, and the rejected rows with all their columns.

        `kept` are the columns beside the predictions instead of the batch's own; `refused` are rows
        to reject beside those that cannot be used, by their places, with the reason; `read` is what
        the network reads instead of the batch, the same cells.
        """
        compute = library("pyarrow.compute", "tables")
        table = as_arrow(batch)
        found = self._predictions(table, refused or {}, read)
        fine = compute.is_null(found["rejected"])
        whole = self.kept(table) if kept is None else kept
        for name in found.column_names:
            if name != "rejected":
                whole = whole.append_column(name, found[name])
        table = table.append_column("rejected", found["rejected"])
        if found["rejected"].null_count == len(table):
            return Scored(whole, table.slice(0, 0), np.empty(0, np.int64))  # a filter copies
        bad = compute.invert(fine)
        return Scored(whole.filter(fine), table.filter(bad), np.flatnonzero(bad.to_numpy()))

    def kept(self, table: ArrowTable) -> ArrowTable:
        """Return the columns of a table that results have, too."""
        names: list[str] = table.column_names if self.keep is None else self.keep
        if absent := [name for name in names if name not in table.column_names]:
            raise InputError(
                "there is no column {names} to keep; the columns are {known}",
                names=", ".join(map(repr, absent)),
                known=", ".join(table.column_names),
            )
        return table.select(names)

    def _predictions(
        self, table: ArrowTable, refused: Mapping[int, Message], read: ArrowTable | None = None
    ) -> ArrowTable:
        """Return the new columns of a table; rejected rows have nulls."""
        arrow = library("pyarrow", "tables")
        x, reasons = self._inputs(table if read is None else read)
        reasons = {**reasons, **refused}
        if self.reject:  # rows that cannot be used keep that reason
            reasons = unlike_reasons(self.network, x) | reasons
        bad = np.zeros(len(x), bool)
        bad[list(reasons)] = True
        if reasons:
            x = x.copy()
            x[bad] = 0  # what came of a rejected row's cells means nothing
        y = self.network.predict(x)
        columns = self._columns(y, bad)
        if self.interval is not None:
            columns |= sure_columns(self.network, x, y, self.interval, bad)
        texts = [translate(reasons[i]) if i in reasons else None for i in range(len(x))]
        columns["rejected"] = arrow.array(texts, arrow.string())
        if twice := sorted(set(columns) & set(self.kept(table).column_names)):
            template = "the batch already has a column {names}: rename it, or leave it out of keep"
            raise InputError(template, names=", ".join(map(repr, twice)))
        self.rows += len(x) - len(reasons)
        self.rejected += len(reasons)
        return arrow.table(columns)

    def _columns(self, y: Array, bad: Array) -> Options:
        arrow, net = library("pyarrow", "tables"), self.network
        K = y.shape[1]
        if not predicts_classes(net):
            names = value_names(net, K)
            heads = ["prediction"] if K == 1 else [f"prediction {name}" for name in names]
            return {head: arrow.array(y[:, k], mask=bad) for k, head in enumerate(heads)}
        labels = [net.label(k) for k in range(max(K, 2))]
        known = net.columns.labels(labels) if knows_columns(net) else labels
        chosen = arrow.array(net.choose(y), mask=bad)
        found = {
            "prediction": arrow.array(known).take(chosen),
            "confidence": arrow.array(net.confidence(y), mask=bad),
        }
        if self.outputs:
            found |= {f"output {net.label(k)}": arrow.array(y[:, k], mask=bad) for k in range(K)}
        return found

    def _inputs(self, table: ArrowTable) -> tuple[Array, dict[int, Message]]:
        """Return the rows as the network takes them, (N, D), and why some cannot be used."""
        net = self.network
        if not knows_columns(net):
            x = matrix(table, input_width(net.layers), net.dtype)
            if x.dtype.kind in "ui":
                return x, {}  # whole numbers are finite: no look at each
            bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
            return x, dict.fromkeys(bad.tolist(), NOT_FINITE)
        reading = Sifting(net.columns, read_table(table), net.dtype)
        blocks = [x for x, _ in reading]
        x = np.concatenate(blocks) if blocks else np.empty((0, net.columns.width), net.dtype)
        add_counts(self.cells, counts_of(reading.report))
        return x, reading.rejected

    def __getstate__(self) -> Options:
        # A worker reads the file itself, and counts its own rows.
        kept = {name: value for name, value in vars(self).items() if name != "network"}
        return {**kept, "rows": 0, "rejected": 0, "cells": {}}
