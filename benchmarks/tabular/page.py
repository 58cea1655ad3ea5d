"""The page of the benchmark of tables, from what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pages

from tabular import ranking
from tabular.contenders import CONTENDERS
from tabular.results import Result

ANCHOR = "MLP"  # rated 1000
USUAL = "tabular"  # the default, with which the others are compared
ENSEMBLE = "members 8"
OURS = [name for name, contender in CONTENDERS.items() if contender.package == "pellucid"]
TREES = ["HistGradientBoosting", "LightGBM", "XGBoost", "CatBoost"]
ENOUGH = 0.85  # of the tables: from there on a contender is ranked on all tables
FEW = 10  # tables: with fewer, a contender is not rated and not ranked
NOTABLE = 1.05  # a loss that is larger by this factor is named on the page
SMALL = 0.002  # a difference of log-losses that nobody would notice
KOREAN = {"none": "없음", "table": "표", "rows x columns": "행 x 열", "classes": "클래스"}

Numbers = dict[str, dict[int, dict[str, float]]]


class Measurements(NamedTuple):
    """Losses, scores and seconds by table, split and contender, and what the tables are."""

    document: Mapping[str, Any]
    losses: Numbers
    scores: Numbers
    seconds: Numbers
    stopped: list[Result]

    @classmethod
    def of(cls, document: Mapping[str, Any], found: Sequence[Result]) -> Measurements:
        """Sort measurements, without those of tables and contenders that are no longer listed."""
        tables = document["tables"]
        kept = [each for each in found if each.table in tables and each.contender in CONTENDERS]
        losses, scores, seconds = (
            ranking.by_split(kept, name) for name in ("loss", "score", "seconds")
        )
        stopped = [each for each in kept if each.loss is None]
        return cls(document, losses, scores, seconds, stopped)

    @property
    def contenders(self) -> list[str]:
        """Return who was measured, in the order of CONTENDERS."""
        names = {
            name for splits in self.losses.values() for each in splits.values() for name in each
        }
        return [name for name in CONTENDERS if name in names]

    def most(self, names: Sequence[str]) -> list[str]:
        """Return those of `names` that were measured on most of the tables."""
        least = ENOUGH * len(self.losses)
        return [name for name in names if name in self.contenders and self.tables(name) >= least]

    def tables(self, name: str) -> int:
        """Return the number of tables that a contender was measured on."""
        return sum(
            any(name in split for split in splits.values()) for splits in self.losses.values()
        )

    @property
    def several(self) -> list[str]:
        """Return who was measured on several tables."""
        return [name for name in self.contenders if self.tables(name) >= FEW] or self.contenders

    def fits(self, name: str) -> int:
        """Return the number of measurements of a contender."""
        return sum(name in split for splits in self.losses.values() for split in splits.values())

    def ratings(self) -> dict[str, ranking.Rating]:
        """Return the Elo ratings of those measured on several tables, the highest first."""
        found = ranking.elo(self.losses, self.several, ANCHOR)
        return dict(sorted(found.items(), key=lambda item: -item[1].elo))

    def times(self, name: str) -> float:
        """Return the median ratio of a contender's CPU seconds to the usual one's."""
        return statistics.median(ranking.ratios_of(self.seconds, name, USUAL).values())

    def figures(self, language: str) -> dict[str, str]:
        """Return the tables and other figures of the page in a language."""
        ratings, everyone = self.ratings(), self.contenders
        usual = self.most(everyone)
        several = [name for name in ratings if CONTENDERS[name].values]
        order = [*ratings, *(name for name in everyone if name not in ratings)]
        networks = [name for name in everyone if name not in {*TREES, *OURS}]
        kinds = [each["classes"] > 0 for each in self.document["tables"].values()]
        found = {
            "overall": _overall(self, ratings),
            "usual_ranks": _ranks(self, usual),
            "several_ranks": _ranks(self, several),
            "duels": _duels(self, [USUAL, ENSEMBLE], order),
            "behind_trees": _behind(self, TREES),
            "behind_networks": _behind(self, networks),
            "every_table": _every_table(self, order),
            "stopped": _stopped(self.stopped),
        }
        figures = {name: pages.translate(text, language, KOREAN) for name, text in found.items()}
        return {
            **figures,
            "tables": str(len(kinds)),
            "classes": str(sum(kinds)),
            "values": str(len(kinds) - sum(kinds)),
            "usual": str(len(ranking.ranks(self.losses, usual))),
            "several": str(len(ranking.ranks(self.losses, several))),
            "fits": f"{sum(map(self.fits, everyone)):,}",
            "splits": str(max(map(len, self.losses.values()))),
            "short": _short(self, USUAL, order),
            "short_ensemble": _short(self, ENSEMBLE, order),
            "unrated": ", ".join(f"{name} ({self.tables(name)})" for name in order[len(ratings) :]),
            "date": self.document["date"],
            "machine": self.document["machine"],
            "versions": ", ".join(f"{n} {v}" for n, v in self.document["versions"].items()),
        }


def _overall(found: Measurements, ratings: Mapping[str, ranking.Rating]) -> str:
    rows = [
        [
            _bold(name),
            f"{rating.elo:.0f}",
            f"{rating.low:.0f} - {rating.high:.0f}",
            str(found.tables(name)),
            str(found.fits(name)),
            f"{found.times(name):.2g}",
        ]
        for name, rating in ratings.items()
    ]
    return "\n".join(map(_row, rows))


def _ranks(found: Measurements, names: Sequence[str]) -> str:
    by_loss = _means(ranking.ranks(found.losses, names), names)
    negated: Numbers = {
        table: {n: {who: -s for who, s in split.items()} for n, split in splits.items()}
        for table, splits in found.scores.items()
    }
    by_score = _means(ranking.ranks(negated, names), names)
    order = sorted(by_loss, key=lambda name: by_loss[name])
    rows = [
        [
            _bold(name),
            f"{by_loss[name]:.2f}",
            f"{by_score[name]:.2f}",
            f"{_median_seconds(found, names, name):.2g}",
        ]
        for name in order
    ]
    return "\n".join(map(_row, rows))


def _median_seconds(found: Measurements, names: Sequence[str], name: str) -> float:
    """Return the median CPU seconds of a fit on the splits that all of `names` have."""
    splits = [split for splits in found.seconds.values() for split in splits.values()]
    return statistics.median(s[name] for s in splits if all(each in s for each in names))


def _means(ranks: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> dict[str, float]:
    if not ranks:
        return {}
    return {name: statistics.mean(each[name] for each in ranks.values()) for name in names}


def _duels(found: Measurements, ours: Sequence[str], everyone: Sequence[str]) -> str:
    lines = []
    for name in ours:
        for other in [each for each in everyone if each != name]:
            duel = ranking.duel(found.losses, name, other)
            if duel is not None:
                times = ranking.ratios_of(found.seconds, other, name).values()
                cells = [name, other, str(len(duel.won)), str(len(duel.lost))]
                cells += [f"{100 * (duel.ratio - 1):+.1f} %", f"{statistics.median(times):.2g}"]
                lines.append(_row(cells))
    return "\n".join(lines)


def _short(found: Measurements, ours: str, everyone: Sequence[str]) -> str:
    """Return tables won and lost against those who are not ours."""
    duels = {name: ranking.duel(found.losses, ours, name) for name in everyone if name not in OURS}
    return ", ".join(
        f"{name} {len(duel.won)} : {len(duel.lost)}" for name, duel in duels.items() if duel
    )


def _behind(found: Measurements, names: Sequence[str]) -> str:
    """Return the tables on which the best of `names` is notably ahead of the usual one."""
    lines = []
    for table, splits in found.losses.items():
        rivals = [name for name in names if any(name in split for split in splits.values())]
        ratios = {
            name: ratio
            for name in rivals
            for ratio in ranking.ratios_of({table: splits}, USUAL, name).values()
        }
        if not ratios:
            continue
        rival = max(ratios, key=lambda name: ratios[name])
        least = _mean(splits, rival) * (NOTABLE - 1)
        least = max(least, SMALL) if found.document["tables"][table]["classes"] else least
        if _mean(splits, USUAL) - _mean(splits, rival) > least:
            lines.append((ratios[rival], f"{table} ({ratios[rival]:.3g}×, {rival})"))
    return ", ".join(text for _, text in sorted(lines, reverse=True)) or "none"


def _mean(splits: Mapping[int, Mapping[str, float]], name: str) -> float:
    return statistics.mean(split[name] for split in splits.values() if name in split)


def _every_table(found: Measurements, names: Sequence[str]) -> str:
    lines = []
    for table, splits in found.losses.items():
        about = found.document["tables"][table]
        means = {
            name: _mean(splits, name)
            for name in names
            if any(name in split for split in splits.values())
        }
        least = min(means.values())
        cells = [
            "-"
            if n not in means
            else f"**{means[n]:.4g}**"
            if means[n] == least
            else f"{means[n]:.4g}"
            for n in names
        ]
        size = f"{about['rows']:,} x {about['columns']}"
        lines.append(_row([table, size, str(about["classes"] or "-"), *cells]))
    head = ["table", "rows x columns", "classes", *names]
    return "\n".join([_row(head), _row(["---"] * len(head)), *lines])


def _stopped(results: Sequence[Result]) -> str:
    texts = {f"{each.contender}, {each.table}: {each.note}" for each in results}
    return "; ".join(sorted(texts)) or "none"


def _bold(name: str) -> str:
    return f"**{name}**" if name in OURS else name


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
