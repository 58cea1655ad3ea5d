"""The search for settings of a table's network: trials in parallel, halved by their results."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from pellucid.core.ranges import above_zero, whole
from pellucid.data.tables import TableSource, read_table
from pellucid.distributed import halving
from pellucid.distributed.halving import Part
from pellucid.distributed.search_rows import SearchRows, fit_part
from pellucid.distributed.trial_folder import Kept, kept_in
from pellucid.distributed.workers import Crew, OneProcess, Processes, Workers, crew_of
from pellucid.engines import core_count
from pellucid.language import mark
from pellucid.network import Network
from pellucid.training.search_result import SearchResult, Trial
from pellucid.training.trial import PRESET, Fit, fit, measure_of, score

TRIALS, TEST, FOLDS, TOGETHER = 64, 0.2, 3, 16


@dataclass(frozen=True)
class SearchProgress:
    """How far a search is.

    Attributes
    ----------
    finished, trials
        Trials whose group is finished, and trials in all.
    done
        The share of the work that is done, from 0 to 1.
    best
        The best trial of the finished groups, None before there is one.
    fits
        Trainings that are done, with those of earlier runs in the same folder.
    ending
        Whether the trials are over, and the last trainings begin.
    """

    finished: int
    trials: int
    done: float
    best: Trial | None
    fits: int
    ending: bool = False


def search(
    table: TableSource,
    target: str,
    *,
    trials: int = TRIALS,
    time_limit: float | None = None,
    test: float = TEST,
    folds: int = FOLDS,
    together: int = TOGETHER,
    seed: int = 0,
    task: str | None = None,
    ignore: Sequence[str] = (),
    categories: Sequence[str] = (),
    numbers: Sequence[str] = (),
    dates: Sequence[str] = (),
    group: str | None = None,
    members: int = 1,
    workers: Workers | int | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Callable[[SearchProgress], None] = lambda progress: None,
) -> SearchResult:
    """Search the settings of a network for a table; return the best network and all trials.

    Parameters
    ----------
    table, target
        Whatever `read_table` takes, and the column to predict. All rows are held in memory.
    trials
        How many settings are tried. Trial 0 is the preset, as `train_table` trains it; the others
        are drawn from the seed and their number (`TrialSettings.draw`).
    time_limit
        Seconds after which no group of trials is waited for any longer. Groups that are not
        finished then do not count, so the result is that of a search with fewer `trials`: their
        number depends on time, and nothing else does.
    test
        Share of the rows that is held out before anything is looked at. No trial sees them, nor do
        the columns' quartiles and categories: the score on them is an honest one.
    folds
        Parts into which the other rows are cut: a trial is trained on all but one, and scored on
        that.
    together
        Trials that are halved together, a group: all are trained with a quarter of the steps and
        scored on one fold, the best third with all steps, and the best third of these on the other
        folds, too. More suit a large cluster.
    seed
        Fixes split, folds, settings, weights and order of rows. The same table and seed give the
        same result with any number of workers, however often it was stopped.
    task, ignore, categories, numbers, dates
        As for `Columns.of`.
    group
        A column of groups (patients, shops, ...): test rows, folds and the rows by which the best
        epoch is chosen are then whole groups. It is no input.
    members
        How many networks of the best settings are joined to an `ensemble` at the end, each with
        weights of its own. Trials and the preset are single networks.
    workers
        How many processes of this machine, each with one thread (default: as many as cores; 1 for
        this process alone), or other workers such as `RayTasks("local")`.
    folder
        Where finished fits are kept, one small file each. The same call goes on there, also with
        more trials. Another table or other settings are refused, by name.
    progress
        Called with a `SearchProgress` after each fit.

    The network of the best settings is then trained on all rows but the test rows, and so is the
    preset's, for comparison. Ctrl-C ends the search and does that with what is finished.

    Raises InputError for settings that do not fit, for a table of fewer than 50 rows, and as
    `Columns.of` does; FileError where the folder cannot be written.

    >>> import pellucid as pl
    >>> table = {"a": list(range(60)) * 2, "b": [1, 5, 3, 8] * 30}
    >>> table["y"] = [a * b for a, b in zip(table["a"], table["b"], strict=True)]
    >>> found = pl.search(table, "y", trials=2, workers=1)
    >>> found.best.number in (0, 1), found.test_rows, found.net.predicts_values
    (True, 24, True)
    """
    choices = {"task": task, "ignore": ignore, "categories": categories}
    choices |= {"numbers": numbers, "dates": dates}
    rows = SearchRows.of(read_table(table), target, test, folds, seed, group, **choices)
    return search_rows(rows, trials, time_limit, together, members, workers, folder, progress)


def search_rows(
    rows: SearchRows,
    trials: int,
    time_limit: float | None,
    together: int,
    members: int,
    workers: Workers | int | None,
    folder: str | os.PathLike[str] | None,
    progress: Callable[[SearchProgress], None],
) -> SearchResult:
    """Search as `search` does, on rows that were read and divided already."""
    began = time.monotonic()
    limit = None if time_limit is None else above_zero(time_limit=time_limit)
    groups = halving.groups(whole("trials", trials), whole("together", together))
    members = whole("members", members)
    promise = rows.promise() | {mark("trials halved together"): str(together)}
    crowd = _workers(workers)
    with kept_in(None if folder is None else os.fspath(folder), promise) as kept:
        run = _Search(rows, groups, kept, progress, members)
        stopped = run.go(crowd, None if limit is None else began + limit)
    found = run.trials()
    best = _best(found, rows.folds)
    progress(run.state(ending=True))
    net, tested = _final(rows, best, members)
    is_preset = best.number == PRESET and members == 1
    usual = tested if is_preset else _final(rows, found[PRESET])[1]
    assert rows.test is not None
    result = SearchResult(
        net=net,
        best=best,
        trials=tuple(found),
        measure=measure_of(rows.columns),
        test=tested,
        preset=usual,
        rows=len(rows.rows.x),
        test_rows=len(rows.test.x),
        folds=rows.folds,
        members=members,
        stopped=stopped,
        seconds=time.monotonic() - began,
    )
    net.record["table"] = rows.table
    net.record["search"] = _record(result, rows.seed)
    return result


class _Search:
    """A search under way: which parts are done, and which are to be done next."""

    def __init__(
        self,
        rows: SearchRows,
        groups: Sequence[range],
        kept: Kept,
        progress: Callable[[SearchProgress], None],
        members: int = 1,
    ) -> None:
        self.members = members
        self.rows, self.groups, self.folds = rows, groups, rows.folds
        self.kept, self.progress = kept, progress
        self.submitted: set[Part] = set()

    def go(self, workers: Workers, until: float | None) -> str:
        """Do all parts; return how it ended: "finished", "time" or "interrupted"."""
        self.progress(self.state())
        if self.finished == len(self.groups):
            return "finished"
        with suppress(KeyboardInterrupt):
            job = replace(self.rows, test=None)
            with crew_of(workers, fit_part, job) as crew:
                return self._all(crew, workers, until)
        return "interrupted"

    def _all(
        self, crew: Crew[Part, tuple[Part, Fit]], workers: Workers, until: float | None
    ) -> str:
        while True:
            for part in self._next(workers.count + 1 - crew.waiting):
                self.submitted.add(part)
                crew.submit(part)
            if not crew.waiting:
                return "finished"
            left = None if until is None else max(until - self._reserve() - time.monotonic(), 0)
            done = crew.take(left) if left != 0 else None
            if done is None:
                return "time"
            part, fitted = done
            self.kept.keep(part, self.rows.settings(part.trial), fitted)
            self.progress(self.state())

    def _next(self, count: int) -> list[Part]:
        """Return up to so many parts that can be begun now, those of early groups first.

        While a group waits for the last fits of a stage, workers begin the next group.
        """
        ready: list[Part] = []
        for numbers in self.groups:
            if len(ready) >= count:
                break
            missing = halving.next_parts(numbers, self.folds, self.kept.found)
            ready += [part for part in missing if part not in self.submitted]
        return ready[: max(count, 0)]

    def _reserve(self) -> float:
        """Return the seconds that are kept for the two last trainings.

        They are the preset's and at most the longest of a trial that was scored on all folds, which
        alone can be the best, for each member; each with the rows of one fold more than its fits
        had.
        """
        longest: dict[int, float] = {}
        for part, fitted in self.kept.found.items():
            if not part.quick and (part.fold > 0 or part.trial == PRESET):
                longest[part.trial] = max(fitted.seconds, longest.get(part.trial, 0.0))
        usual = longest.pop(PRESET, 0.0)
        more = self.folds / (self.folds - 1)
        best = max(longest.values(), default=usual if self.members > 1 else 0.0)
        return more * (usual + self.members * best)

    @property
    def finished(self) -> int:
        """How many groups are finished, counted from the first without a gap."""
        found = self.kept.found
        todo = (bool(halving.next_parts(each, self.folds, found)) for each in self.groups)
        return next((k for k, open_ in enumerate(todo) if open_), len(self.groups))

    def trials(self) -> list[Trial]:
        """Return the trials of the finished groups; without any, the preset alone."""
        numbers = [n for group in self.groups[: self.finished] for n in group]
        return [self._trial(number) for number in numbers or [PRESET]]

    def _trial(self, number: int) -> Trial:
        found = self.kept.found
        parts = halving.parts_of(number, self.folds, found)
        quick = found.get(Part(number, 0, quick=True), Fit(float("inf"), float("-inf")))
        return Trial(
            number, self.rows.settings(number), quick, tuple(found[part] for part in parts)
        )

    def state(self, ending: bool = False) -> SearchProgress:
        """Return how far the search is."""
        found, finished = self.kept.found, self.finished
        count = sum(len(group) for group in self.groups[:finished])
        total = sum(halving.cost(group, self.folds) for group in self.groups)
        ours = [part for part in found if part.trial < self.groups[-1].stop]
        done = 1.0 if finished == len(self.groups) else sum(p.cost for p in ours) / total
        best = _best(self.trials(), self.folds) if finished else None
        return SearchProgress(count, self.groups[-1].stop, min(done, 1.0), best, len(ours), ending)


def _workers(wanted: Workers | int | None) -> Workers:
    if wanted is not None and not isinstance(wanted, int):
        return wanted
    count = core_count() if wanted is None else wanted
    return OneProcess() if count == 1 else Processes(count)


def _best(trials: Sequence[Trial], folds: int) -> Trial:
    whole_ones = [trial for trial in trials if len(trial.fits) == folds] or list(trials)
    return min(whole_ones, key=lambda trial: (trial.loss, trial.number))


def _final(rows: SearchRows, trial: Trial, members: int = 1) -> tuple[Network, Fit]:
    """Train a network on all rows but the test rows, and score it on these."""
    assert rows.test is not None
    net = trial.settings.network(rows.columns, rows.seed, members)
    history = fit(net, rows.rows, trial.settings, rows.seed)
    tested = score(net, rows.test)
    return net, tested._replace(epochs=len(history), seconds=history.seconds)


def _record(result: SearchResult, seed: int) -> dict[str, object]:
    """Return what the model file keeps of a search: no times, so the same network has the same
    bytes.
    """
    test, preset = (
        {"loss": each.loss, "score": each.score} for each in (result.test, result.preset)
    )
    settings: dict[str, object] = asdict(result.best.settings)
    return {
        "trial": result.best.number,
        "trials": len(result.trials),
        "settings": {name: list(v) if isinstance(v, tuple) else v for name, v in settings.items()},
        "folds": result.folds,
        **({"members": result.members} if result.members > 1 else {}),
        "loss": result.best.loss
        if math.isfinite(result.best.loss)
        else None,  # JSON has no infinity
        "seed": seed,
        "measure": result.measure,
        "test": test,
        "preset": preset,
        "rows": result.rows,
        "test_rows": result.test_rows,
    }
