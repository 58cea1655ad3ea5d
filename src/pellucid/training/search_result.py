"""What a search found: its trials, the best of them, and how good its network is on new rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pellucid.display.text_table import table
from pellucid.language import mark, say
from pellucid.network import Network
from pellucid.training.trial import PRESET, Fit, TrialSettings

SHOWN = 10
"""Trials in the text of a result."""


@dataclass(frozen=True)
class Trial:
    """A trial: its number, its settings, and how good it was.

    Attributes
    ----------
    number, settings
        Number 0 has the preset's settings.
    quick
        The fit of the first stage, with a quarter of the steps, scored on the first fold.
    fits
        The fits with all steps, scored on the first fold and on the following ones: none where the
        first stage ended it, one where the second did, one of each fold for those that stayed.
    """

    number: int
    settings: TrialSettings
    quick: Fit
    fits: tuple[Fit, ...] = ()

    @property
    def loss(self) -> float:
        """The mean loss of the fits with all steps, or the loss of the quick one."""
        fits = self.fits or (self.quick,)
        return sum(fit.loss for fit in fits) / len(fits)

    @property
    def score(self) -> float:
        """The mean accuracy or R2 of the fits with all steps, or that of the quick one."""
        fits = self.fits or (self.quick,)
        return sum(fit.score for fit in fits) / len(fits)

    @property
    def seconds(self) -> float:
        """The time of all its trainings."""
        return sum((fit.seconds for fit in self.fits), self.quick.seconds)


@dataclass(frozen=True, eq=False, repr=False)
class SearchResult:
    """What a search found.

    Attributes
    ----------
    net
        The network of the best trial's settings, trained on all rows but the test rows.
    best
        The best trial: of those with all folds the one with the lowest mean loss.
    trials
        All trials that count, by number.
    measure
        "accuracy" or "r2": what `score` is.
    test, preset
        The loss and score of `net`, and of the preset's network trained in the same way, on the
        test rows, which no trial saw.
    rows, test_rows, folds
        How many rows the trials had, how many test rows there are, and in how many folds.
    members
        How many networks of the best settings `net` joins; the trials are single networks.
    stopped
        "finished", "time" or "interrupted".
    seconds
        How long it took, without what an earlier run had done.
    """

    net: Network
    best: Trial
    trials: tuple[Trial, ...]
    measure: str
    test: Fit
    preset: Fit
    rows: int
    test_rows: int
    folds: int
    members: int
    stopped: str
    seconds: float

    @property
    def ranking(self) -> list[Trial]:
        """The trials from the best to the worst: first those with more fits."""
        return sorted(self.trials, key=lambda t: (-len(t.fits), t.loss, t.number))

    def lines(self, count: int = SHOWN) -> list[list[str]]:
        """Return the best trials, and the preset's, as cells below names of columns."""
        first = self.ranking[:count]
        first += [each for each in self.trials if each.number == PRESET and each not in first]
        return [_heads(self.measure), *(_cells(each, self.measure) for each in first)]

    def __str__(self) -> str:
        return "\n".join([table(self.lines(), total=False), *self.sentences()])

    def sentences(self) -> list[str]:
        """Return the best trial, its score on the test rows, and what it gains."""
        both: dict[str, str | int] = {"score": _shown(self.test.score, self.measure)}
        both |= {"preset": _shown(self.preset.score, self.measure), "rows": self.test_rows}
        losses = {"loss": self.test.loss, "before": self.preset.loss}
        template = mark("on {rows:,} rows that no trial saw: accuracy {score}, loss {loss:.4f}")
        other = mark("the preset, trained in the same way: accuracy {preset}, loss {before:.4f}")
        if self.measure == "r2":
            template = mark("on {rows:,} rows that no trial saw: R2 {score}, loss {loss:.4f}")
            other = mark("the preset, trained in the same way: R2 {preset}, loss {before:.4f}")
        template_best = mark("best of {count:,} trials: number {number}")
        best = say(template_best, count=len(self.trials), number=self.best.number)
        tested = say(template, **both, **losses)
        if self.best.number == PRESET:
            best = say(
                "best of {count:,} trials: the preset's own settings", count=len(self.trials)
            )
            if self.members == 1:
                # Of one trial there is no best
                return [best, tested][len(self.trials) == 1 :]
        if self.members > 1:
            joined = say("the network is the mean of {count} of these settings", count=self.members)
            best = f"{best}; {joined}"
        return [best, tested, say(other, **both, **losses)]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the network as plain lists and numbers."""
        return {
            "best": self.best.number,
            "measure": self.measure,
            "test": self.test._asdict(),
            "preset": self.preset._asdict(),
            "rows": self.rows,
            "test_rows": self.test_rows,
            "folds": self.folds,
            "members": self.members,
            "stopped": self.stopped,
            "seconds": self.seconds,
            "trials": [_as_dict(each) for each in self.trials],
        }

    def __repr__(self) -> str:
        return f"<SearchResult: {'; '.join(self.sentences())}>"


def _as_dict(trial: Trial) -> dict[str, Any]:
    fits = [fit._asdict() for fit in trial.fits]
    own = {"number": trial.number, "settings": asdict(trial.settings), "loss": trial.loss}
    return {**own, "score": trial.score, "quick": trial.quick._asdict(), "fits": fits}


def _heads(measure: str) -> list[str]:
    names = [mark("trial"), mark("hidden"), mark("dropout"), mark("rate"), mark("decay")]
    names += [mark("smoothing"), mark("waves"), mark("folds"), mark("loss")]
    return [*map(say, names), say(mark("score")) if measure == "accuracy" else "R2"]


def _cells(trial: Trial, measure: str) -> list[str]:
    own = trial.settings
    numbers: Sequence[float] = (own.dropout, own.learning_rate, own.weight_decay)
    numbers = (*numbers, own.label_smoothing, own.frequency)
    name = say("preset") if trial.number == PRESET else str(trial.number)
    loss = f"{trial.loss:.4f}" if math.isfinite(trial.loss) else "-"
    width, depth = own.hidden[0], len(own.hidden)
    cells = [
        name,
        f"{depth}x{width}",
        *(f"{each:g}" for each in numbers),
        str(len(trial.fits) or "1/4"),
    ]
    return [*cells, loss, _shown(trial.score, measure)]


def _shown(score: float, measure: str) -> str:
    if not math.isfinite(score):
        return "-"
    return f"{100 * score:.1f} %" if measure == "accuracy" else f"{score:.4f}"
