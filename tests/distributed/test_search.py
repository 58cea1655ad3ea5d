"""Searching settings: the same result however it is cut, and a score of rows that no trial saw."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.data.tables import Columns, read_table
from pellucid.distributed import Processes, SearchProgress, halving
from pellucid.distributed.halving import Part
from pellucid.distributed.search_rows import SearchRows, fit_part
from pellucid.distributed.searching import _Search
from pellucid.distributed.trial_folder import InMemory, kept_in
from pellucid.distributed.workers import each
from pellucid.errors import InputError
from pellucid.training import Settings as TrainSettings
from pellucid.training import table_loop, trial
from pellucid.training.trial import Fit, TrialSettings

Table = dict[str, list[Any]]
Settings = dict[str, Any]

SMALL: Settings = {"trials": 4, "together": 2, "folds": 2, "workers": 1}


def table(rows: int = 60, seed: int = 0) -> Table:
    generator = np.random.default_rng(seed)
    a = generator.normal(size=rows)
    city = generator.choice(["Seoul", "Busan"], rows)
    bought = np.where(a + (city == "Seoul") + 0.3 * generator.normal(size=rows) > 0.5, "yes", "no")
    return {"a": a.tolist(), "city": city.tolist(), "bought": bought.tolist()}


@pytest.fixture(autouse=True, scope="module")
def short_trainings() -> Iterator[None]:
    """A fifteenth of the epochs: what is tested here is the search."""
    usual = pl.recipes.tables

    def short(net: pl.Network, rows: int, quick: bool = False) -> pl.Recipe:
        recipe = usual(net, rows, quick)
        return recipe._replace(epochs=max(recipe.epochs // 15, 2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pl.recipes, "tables", short)
        yield


@pytest.fixture(scope="module")
def found() -> pl.SearchResult:
    return pl.search(table(), "bought", **SMALL)


def same(first: pl.SearchResult, second: pl.SearchResult) -> None:
    """Two results are equal but for times."""

    def timeless(result: pl.SearchResult) -> object:
        def fit(each: Fit) -> Fit:
            return each._replace(seconds=0.0)

        trials = [
            replace(each, quick=fit(each.quick), fits=tuple(map(fit, each.fits)))
            for each in result.trials
        ]
        return trials, result.best.number, fit(result.test), fit(result.preset)

    assert timeless(first) == timeless(second)
    for array, other in zip(first.net.params, second.net.params, strict=True):
        np.testing.assert_array_equal(array, other)
    assert first.net.record == second.net.record


def test_the_test_rows_are_seen_by_nothing_before_the_end() -> None:
    """Neither trials nor columns change with what the test rows hold."""
    cells = table(200)
    choices: Settings = {"test": 0.25, "folds": 3, "seed": 4}
    rows = SearchRows.of(read_table(cells), "bought", **choices)
    assert rows.test is not None
    assert (len(rows.rows.x), len(rows.test.x)) == (150, 50)
    assert sorted(np.bincount(rows.fold).tolist()) == [50, 50, 50]
    values = {round(float(each), 5) for each in rows.rows.x[:, 0]}
    late = [i for i, a in enumerate(cells["a"]) if round(float(np.float32(a)), 5) not in values]
    assert len(late) == 50
    other = {name: list(column) for name, column in cells.items()}
    for i in late:
        other["a"][i], other["city"][i] = 1e6 + i, f"nowhere {i}"
    again = SearchRows.of(read_table(other), "bought", **choices)
    assert again.columns.spreads == rows.columns.spreads
    assert again.columns == rows.columns
    np.testing.assert_array_equal(again.rows.x, rows.rows.x)
    np.testing.assert_array_equal(again.fold, rows.fold)
    assert again.data != rows.data


def test_classes_are_divided_alike() -> None:
    cells = table(200)
    cells["bought"] = ["yes" if i % 10 == 0 else "no" for i in range(200)]
    rows = SearchRows.of(read_table(cells), "bought", test=0.2, folds=4, seed=0)
    assert rows.test is not None
    assert rows.test.t.sum() == 4
    assert [rows.rows.t[rows.fold == k].sum() for k in range(4)] == [4, 4, 4, 4]


def test_groups_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """In test rows, folds, and the rows by which a trial's best epoch is chosen."""
    generator = np.random.default_rng(1)
    patient = generator.integers(0, 20, 200)
    cells = {**table(200), "patient": [f"p{n}" for n in patient], "n": patient.tolist()}
    rows = SearchRows.of(read_table(cells), "n", 0.2, 3, 0, "patient", task="regress")
    assert rows.test is not None and rows.rows.groups is not None
    assert "patient" not in " ".join(rows.columns.names)
    inside, outside = set(rows.rows.t[:, 0].tolist()), set(rows.test.t[:, 0].tolist())
    assert inside.isdisjoint(outside)
    assert 20 <= len(rows.test.x) <= 60
    for group in np.unique(rows.rows.groups):
        assert len(set(rows.fold[rows.rows.groups == group])) == 1
    assert np.bincount(rows.fold).min() > 30
    seen: list[Any] = []
    monkeypatch.setattr(table_loop, "train_rows", lambda *given: seen.append(given))
    first = rows.rows.picked(rows.fold != 0)
    table_loop.train_prepared(
        pl.table_mlp(rows.columns), first.x, first.t, TrainSettings(), first.groups
    )
    [(_, x, t, settings, *_)] = seen
    assert set(t[:, 0].tolist()).isdisjoint(settings.validation[1][:, 0].tolist())
    assert len(x) + len(settings.validation[0]) == len(first.x)
    with pytest.raises(InputError, match="10 folds need at least 20 groups beside"):
        SearchRows.of(read_table(cells), "n", 0.2, 10, 0, "patient", task="regress")


def test_the_score_is_that_of_the_network_on_the_test_rows(found: pl.SearchResult) -> None:
    rows = SearchRows.of(read_table(table()), "bought", test=0.2, folds=2, seed=0)
    assert rows.test is not None
    x, t, _ = rows.test
    y = found.net.predict(x)
    assert found.test.score == pytest.approx(np.mean(y.argmax(axis=1) == t))
    assert found.test.loss == pytest.approx(-np.log(y[np.arange(len(t)), t]).mean(), rel=1e-4)
    assert (found.rows, found.test_rows) == (48, 12)


def test_the_first_trial_is_the_preset_trained_as_usual() -> None:
    cells = table(100)
    rows = SearchRows.of(read_table(cells), "bought", test=0.2, folds=2, seed=3)
    assert rows.settings(0) == TrialSettings()
    _, fitted = fit_part(rows, Part(0, 1))
    net = pl.table_mlp(rows.columns, seed=4)
    inside = rows.fold != 1
    history = pl.train(
        net,
        rows.rows.x[inside],
        rows.rows.t[inside],
        recipe=pl.recipes.tables(net, int(inside.sum())),
        seed=4,
    )
    y = net.predict(rows.rows.x[~inside])
    assert fitted.score == np.mean(y.argmax(axis=1) == rows.rows.t[~inside])
    assert fitted.epochs == len(history)


def test_settings_are_functions_of_seed_and_number() -> None:
    drawn = [TrialSettings.draw(7, number, True) for number in range(200)]
    assert drawn == [TrialSettings.draw(7, number, True) for number in range(200)]
    assert drawn[1:] != [TrialSettings.draw(8, number, True) for number in range(1, 200)]
    usual = [sum(getattr(each, name) == getattr(TrialSettings(), name) for each in drawn)
             for name in ("dropout", "learning_rate", "weight_decay", "frequency")]  # fmt: skip
    assert all(70 < count < 130 for count in usual)
    assert all(0.001 <= each.learning_rate <= 0.01 for each in drawn)
    assert {len(each.hidden) for each in drawn} == {1, 2, 3}
    assert not any(TrialSettings.draw(7, number, False).label_smoothing for number in range(200))


def test_frequencies_scale_the_embedding() -> None:
    cells = {"a": np.random.default_rng(0).normal(size=1_000), "y": ["a", "b"] * 500}
    columns = Columns.of(cells, target="y")
    usual, wide = (TrialSettings(frequency=f).network(columns, 1) for f in (0.1, 0.5))
    layers = zip(usual.layers, wide.layers, strict=True)
    [(first, second)] = [
        (a, b)
        for a, b in layers
        if isinstance(a, pl.PeriodicEmbedding) and isinstance(b, pl.PeriodicEmbedding)
    ]
    np.testing.assert_allclose(second.frequency, 5 * first.frequency, rtol=1e-6)
    np.testing.assert_array_equal(second.W, first.W)


def test_the_best_third_goes_on_and_the_preset_always() -> None:
    found: dict[Part, Fit] = {}
    loss: Callable[[int], float] = lambda number: (number * 5) % 9 if number else 100.0  # noqa: E731
    stages = []
    while parts := halving.next_parts(range(9), 3, found):
        stages.append(parts)
        found |= {part: Fit(loss(part.trial), 0.0) for part in parts}
    assert stages[0] == [Part(n, 0, quick=True) for n in range(9)]
    assert stages[1] == [Part(n, 0) for n in (0, 2, 4, 6)]
    assert stages[2] == [Part(n, k) for n in (0, 2) for k in (1, 2)]
    assert halving.cost(range(9), 3) == sum(part.cost for stage in stages for part in stage)


class Killed(Exception):
    pass


def test_a_stopped_search_goes_on_and_ends_the_same(found: pl.SearchResult, tmp_path: Path) -> None:
    steps: list[SearchProgress] = []

    def stop(progress: SearchProgress) -> None:
        steps.append(progress)
        if len(steps) == 4:
            raise Killed

    with pytest.raises(Killed):
        pl.search(table(), "bought", **SMALL, folder=tmp_path, progress=stop)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.glob("trial-*.json")}
    assert len(files) == 3
    next(iter(files)).write_bytes(b"{damaged")
    same(found, pl.search(table(), "bought", **SMALL, folder=tmp_path))
    assert sum(path.stat().st_mtime_ns == time for path, time in files.items()) == 2
    # A third time nothing is left but the last trainings
    names = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("trial-*.json")}
    same(found, pl.search(table(), "bought", **SMALL, folder=tmp_path))
    assert names == {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("trial-*.json")}


NUMBERS: list[Any] = [float("nan"), 10**400, True, "0.5", [1], {}]
FIT = {"loss": 0.5, "score": 0.75, "epochs": 3, "seconds": 1.5}


@pytest.mark.parametrize(
    "content",
    [
        *("[" * 100_000, "[]", "5", "null", '{"loss": 1}', '{"loss": ' + "9" * 5_000 + "}"),
        *(json.dumps({**FIT, "loss": each}) for each in NUMBERS),
        *(json.dumps({**FIT, "epochs": each}) for each in (*NUMBERS, None)),
    ],
    ids=lambda content: content[:40],
)
def test_what_is_no_trial_is_done_again(content: str, tmp_path: Path) -> None:
    (tmp_path / "trial-000002-quick.json").write_text(json.dumps(FIT))
    (tmp_path / "trial-000003-quick.json").write_text(content)
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "trial-000004-quick.json")
    with kept_in(str(tmp_path), {"seed": "0"}) as kept:
        assert {part.trial for part in kept.found} == {2}
    (tmp_path / "search.json").write_text(content)
    refused = pytest.raises(InputError, match=r"search\.json: not the file of a|another one")
    with refused, kept_in(str(tmp_path), {"seed": "0"}):
        pass


def test_more_trials_are_allowed_and_anything_else_is_refused_by_name(
    found: pl.SearchResult, tmp_path: Path
) -> None:
    first = pl.search(table(), "bought", **{**SMALL, "trials": 2}, folder=tmp_path)
    assert [each.settings for each in first.trials] == [each.settings for each in found.trials[:2]]
    same(found, pl.search(table(), "bought", **SMALL, folder=tmp_path))
    changed = table()
    changed["a"][3] += 1
    refused: list[tuple[Table, Settings, str]] = [
        (changed, {}, r"another one: data: \S+ then, \S+ now\. Search as before"),
        (table(), {"seed": 1}, r"another one: seed: 0 then, 1 now\."),
        (table(), {"folds": 3}, r"another one: folds: 2 then, 3 now\."),
        (table(), {"test": 0.3}, r"another one: test share: 0\.2 then, 0\.3 now\."),
        (table(), {"together": 4}, r"another one: trials halved together: 2 then, 4 now\."),
        (table(), {"ignore": ["a"]}, r"columns: a, city=Busan, city=Seoul then, "),
    ]
    for cells, settings, message in refused:
        with pytest.raises(InputError, match=message):
            pl.search(cells, "bought", **{**SMALL, **settings}, folder=tmp_path)


def test_time_decides_how_many_trials_count_and_nothing_else(tmp_path: Path) -> None:
    few = {**SMALL, "trials": 2}
    clock: list[SearchProgress] = []

    def stop(progress: SearchProgress) -> None:
        clock.append(progress)
        if (
            progress.finished == 2 and not progress.ending
        ):  # as Ctrl-C does, in the middle of the second group
            raise KeyboardInterrupt

    stopped = pl.search(table(), "bought", **SMALL, folder=tmp_path, progress=stop)
    assert stopped.stopped == "interrupted"
    same(pl.search(table(), "bought", **few), stopped)
    none = pl.search(table(), "bought", **SMALL, time_limit=1e-9)
    assert (none.stopped, none.best.number, len(none.trials)) == ("time", 0, 1)
    none.net.save(tmp_path / "preset.safetensors")
    assert pl.load(tmp_path / "preset.safetensors").record["search"]["loss"] is None
    assert str(none).splitlines()[2].startswith("preset")


def test_the_best_settings_may_have_several_members(found: pl.SearchResult, tmp_path: Path) -> None:
    joined = pl.search(table(), "bought", **SMALL, members=3, folder=tmp_path)
    assert (joined.best.number, joined.preset.score) == (found.best.number, found.preset.score)
    assert len(joined.net.members) == joined.members == 3
    # The first member is the network alone, and the score is that of their mean
    cells = table(20, seed=1)
    alone = joined.net.members[0].predict(cells)
    np.testing.assert_allclose(alone, found.net.predict(cells), rtol=1e-5)
    mean = np.mean([each.predict(cells) for each in joined.net.members], axis=0)
    np.testing.assert_allclose(joined.net.predict(cells), mean, rtol=1e-5)
    assert joined.net.record["search"]["members"] == 3
    assert "; the network is the mean of 3 of these settings" in str(joined)
    assert str(joined).splitlines()[-1].startswith("the preset, trained in the same way")
    # Trials are the same ones, so the same folder goes on
    assert pl.search(table(), "bought", **SMALL, folder=tmp_path).members == 1


def test_frequencies_of_members_are_scaled_once() -> None:
    rows = table(1_200)
    columns = pl.Columns.of(rows, target="bought")
    for setting, members in ((0.05, 1), (0.2, 2)):
        usual = TrialSettings().network(columns, 0, members)
        scaled = TrialSettings(frequency=setting).network(columns, 0, members)
        for one, other in zip(usual.members or [usual], scaled.members or [scaled], strict=True):
            before, after = (
                [each.frequency for each in net.layers if isinstance(each, pl.PeriodicEmbedding)]
                for net in (one, other)
            )
            assert before
            np.testing.assert_allclose(after[0], before[0] * (setting / 0.1), rtol=1e-6)


def test_a_training_that_ctrl_c_ended_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = SearchRows.of(read_table(table()), "bought", test=0.2, folds=2, seed=0)
    usual = trial.fit

    def interrupted(*given: Any) -> pl.History:
        history = usual(*given)
        history.stopped = "interrupted"
        return history

    monkeypatch.setattr(trial, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit_part(rows, Part(1, 0, quick=True))


def test_time_is_kept_for_the_last_trainings_of_what_can_be_the_best() -> None:
    rows = SearchRows.of(read_table(table()), "bought", 0.2, 2, 0, None)
    kept = InMemory()
    run = _Search(rows, [range(4)], kept, lambda progress: None)
    assert run._reserve() == 0
    kept.found[Part(3, 0)] = Fit(1.0, 0.5, 1, 100.0)  # slow, and not scored on all folds
    kept.found[Part(0, 0)] = Fit(0.8, 0.5, 1, 2.0)
    assert run._reserve() == 2 * 2.0
    kept.found[Part(1, 0)], kept.found[Part(1, 1)] = (Fit(0.7, 0.5, 1, s) for s in (5.0, 3.0))
    assert run._reserve() == 2 * (2.0 + 3.0)


def test_the_file_says_how_the_network_was_found(
    found: pl.SearchResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found.net.save(tmp_path / "best.safetensors")
    net = pl.load(tmp_path / "best.safetensors")
    record = net.record["search"]
    assert record["trial"] == found.best.number
    assert (record["trials"], record["folds"], record["seed"]) == (4, 2, 0)
    assert record["test"] == {"loss": found.test.loss, "score": found.test.score}
    assert net.labels({"a": [1.5], "city": ["Seoul"]}) == ["yes"]
    lines = str(found).splitlines()
    assert lines[0].split() == [
        *("trial", "hidden", "dropout", "rate", "decay", "smoothing", "waves", "folds", "loss"),
        "score",
    ]
    assert "on 12 rows that no trial saw: accuracy" in str(found)
    assert json.loads(json.dumps(found.to_dict()))["best"] == found.best.number


def test_values_are_searched_and_a_diverging_trial_comes_last() -> None:
    cells = {**table(), "price": [1e6 + 1e5 * a for a in table()["a"]]}
    found = pl.search(cells, "price", **{**SMALL, "trials": 2})
    assert (found.measure, found.net.predicts_values) == ("r2", True)
    diverged = replace(found.trials[0], fits=(), quick=Fit(np.inf, -np.inf))
    assert "-" in replace(found, trials=(diverged,)).lines()[1]
    assert "R2" in str(found)


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(InputError, match="a search needs at least 50 rows, got 49"):
        pl.search(table(49), "bought")
    with pytest.raises(InputError, match="folds must be at least 2, got 1"):
        pl.search(table(), "bought", folds=1)
    with pytest.raises(InputError, match="trials"):
        pl.search(table(), "bought", trials=0)
    with pytest.raises(InputError, match="there is no column 'sold'"):
        pl.search(table(), "sold")
    with pytest.raises(InputError, match="workers must be at least 1, got 0"):
        pl.search(table(), "bought", workers=0)


def work(job: str, part: int) -> str:
    """Kill the worker at the first part of a job, once."""
    mark = Path(job)
    if part == 0 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return f"{part * part} by {os.environ['PELLUCID_THREADS']}"


def test_parts_of_a_killed_worker_are_begun_again(tmp_path: Path) -> None:
    done = list(each(Processes(2), work, str(tmp_path / "killed"), range(9)))
    assert sorted(done) == sorted(f"{n * n} by 1" for n in range(9))
