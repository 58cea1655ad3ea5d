"""The rows of a search: test rows that no trial sees, and the folds of the others."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pellucid import __version__
from pellucid.core import splitmix
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.data.tables import Columns, Table
from pellucid.data.tables.store import gather
from pellucid.distributed.halving import Part
from pellucid.engines import fingerprint, instruction_set, runnable_sets, using_instructions
from pellucid.errors import InputError, TableWarning
from pellucid.language import mark
from pellucid.training.sample_checks import Samples, split
from pellucid.training.table_loop import prepared_rows
from pellucid.training.table_roles import Roles, checked_share, group_codes, hold_out_groups
from pellucid.training.trial import Fit, Rows, TrialSettings, fit_and_score

LEAST = 50
"""Rows below which a search would choose by noise alone."""

_FOLDS = 1 << 46  # a stream of random numbers of its own


@dataclass(frozen=True, eq=False)
class SearchRows:
    """Everything a fit of a trial needs: its job, which workers get once.

    Attributes
    ----------
    columns
        The table's columns, as chosen from the rows of the search alone.
    rows
        Those rows: inputs, targets as layers are trained on them, and groups if there are any.
    fold
        The fold of each row, (N,).
    test
        The test rows; workers get none.
    data, table
        Fingerprints of the table, and of all its rows as the network's columns read them.
    share, group
        The share of test rows that was asked for, and the column of groups, if there is one.
    seed
        The seed of the search.
    instructions
        The instruction set with which every worker computes, so that all get the same bits.
    """

    columns: Columns
    rows: Rows
    fold: Array
    test: Rows | None
    data: str
    table: str
    share: float
    group: str | None
    seed: int
    instructions: str | None

    @classmethod
    def of(
        cls,
        table: Table,
        target: str,
        test: float,
        folds: int,
        seed: int,
        group: str | None = None,
        **choices: Any,
    ) -> SearchRows:
        """Read a table: hold out a share of its rows, and choose the columns by the others."""
        if whole("folds", folds) < 2:
            raise InputError("folds must be at least 2, got {got}", got=folds)
        seed = whole("seed", seed, 0)
        if group is not None:
            choices["ignore"] = [*choices.get("ignore", ()), group]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TableWarning)  # the second time they come
            first = Columns.of(table, target, **choices)
        if first.rows < LEAST:
            template = "a search needs at least {least} rows, got {got}"
            raise InputError(template, least=LEAST, got=first.rows)
        read = gather(first.read(table, targets=True), memory=1 << 62)
        assert isinstance(read, tuple)  # no table is larger than such a memory
        # Each class is split alike; nothing else of the whole table is used
        classes = read[1] if first.classes is not None else np.zeros(first.rows, np.int64)
        groups = None
        if group is None:
            late = _drawn(classes, test, seed, first.classes is not None)
        else:
            Roles(group=group).check(first, table)
            groups = group_codes(table, group)
            late = hold_out_groups(groups, checked_share(test), seed)
        task = "regress" if first.classes is None else "classify"
        columns = Columns.of(table.picked(~late), target, **{**choices, "task": task})
        columns = replace(columns, why=first.why)
        net = TrialSettings().network(columns, seed)
        own = None if groups is None else groups[~late]
        return cls(
            columns=columns,
            rows=Rows(*prepared_rows(net, table.picked(~late)), own),
            fold=_folds(classes[~late], folds, seed) if own is None else _by_group(own, folds),
            test=Rows(*prepared_rows(net, table.picked(late))),
            data=fingerprint(*read),
            table=fingerprint(prepared_rows(net, table)[0]),
            share=test,
            group=group,
            seed=seed,
            instructions=instruction_set(),
        )

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1

    def promise(self) -> dict[str, str]:
        """Return what must be the same for the same results, by name, as texts."""
        columns = self.columns
        return {
            mark("data"): self.data,
            mark("columns"): ", ".join(columns.names),
            mark("target"): ", ".join(target.name for target in columns.targets),
            mark("task"): "regress" if columns.classes is None else "classify",
            mark("test share"): f"{self.share:g}",
            mark("group"): self.group or "none",
            mark("folds"): str(self.folds),
            mark("seed"): str(self.seed),
            mark("instruction set"): self.instructions or "none",
            "pellucid": __version__,
            "NumPy": np.__version__,
        }

    def settings(self, number: int) -> TrialSettings:
        """Return the settings of a trial."""
        return TrialSettings.draw(self.seed, number, self.columns.classes is not None)


def fit_part(rows: SearchRows, part: Part) -> tuple[Part, Fit]:
    """Do one part of a trial: train on all folds but one, and score on that."""
    if rows.instructions is None:
        return part, _fit(rows, part)
    if rows.instructions not in runnable_sets():
        raise InputError(
            "a worker's processor lacks the instruction set {name}, with which the search began: "
            "set PELLUCID_INSTRUCTIONS to one that all workers have",
            name=rows.instructions,
        )
    with using_instructions(rows.instructions):
        return part, _fit(rows, part)


def _fit(rows: SearchRows, part: Part) -> Fit:
    held = rows.fold == part.fold
    # The same seed for every trial: they differ by their settings, not by their luck
    seed = rows.seed + part.fold
    settings = rows.settings(part.trial)
    inside, outside = rows.rows.picked(~held), rows.rows.picked(held)
    return fit_and_score(rows.columns, settings, inside, outside, seed, part.quick)


def _drawn(classes: Array, share: float, seed: int, stratified: bool) -> Array:
    """Return which rows are test rows, (N,) bool."""
    rows = Samples(np.arange(len(classes)), classes, None)
    _, chosen = split(rows, share, seed, stratified)
    late = np.zeros(len(classes), bool)
    late[chosen.x] = True
    return late


def _folds(classes: Array, folds: int, seed: int) -> Array:
    """Return the fold of each row, (N,): as many of each class in every fold as can be."""
    order = splitmix.permutation(splitmix.key(seed, _FOLDS), len(classes))
    dealt = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(len(classes), np.int64)
    fold[dealt] = np.arange(len(classes)) % folds
    return fold


def _by_group(groups: Array, folds: int) -> Array:
    """Return the fold of each row, (N,): whole groups, the largest first into the smallest fold."""
    found, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(found) < 2 * folds:
        raise InputError(
            "{folds} folds need at least {least} groups beside those of the test rows, got {got}",
            folds=folds,
            least=2 * folds,
            got=len(found),
        )
    fold, sizes = np.empty(len(found), np.int64), np.zeros(folds)
    for group in np.argsort(-counts, kind="stable").tolist():
        fold[group] = sizes.argmin()
        sizes[fold[group]] += counts[group]
    return fold[places]
