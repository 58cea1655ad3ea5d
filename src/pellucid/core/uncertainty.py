"""What held-out rows tell of a network's predictions: how far they are off, and for which rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.core.conformal import Residuals, Scores, class_sets, joined, malformed, numbers
from pellucid.core.layer import Layer
from pellucid.core.novelty import Novelty
from pellucid.core.temperature import probabilities
from pellucid.core.types import Array, Batch, Options
from pellucid.errors import InputError, PellucidError

MOST_ROWS, MOST_TARGETS = 1 << 31, 10_000  # that a file may speak of


@dataclass(frozen=True)
class Uncertainty:
    """What a network knows of its own errors, from rows that were held out of its training.

    Attributes
    ----------
    rows
        How many held-out rows there were.
    residuals
        For values: the `Residuals` of each target. Else empty.
    scores
        For classes: of each held-out row, how unlikely its right class seemed, 1 - p. Else None.
    temperature
        For classes: the number by which the logits were divided, in the network's last layer, so
        that its probabilities are right as often as they say. Above 1 it was too sure.
    novelty
        The distance from the training rows beyond which a row is unlike them, for networks that
        know their columns. Else None.
    """

    rows: int
    residuals: tuple[Residuals, ...] = ()
    scores: Scores | None = None
    temperature: float = 1.0
    novelty: Novelty | None = None

    def interval(self, y: Batch, level: float) -> tuple[Batch, Batch]:
        """Return the lowest and highest value, (N, K) each, for predictions y, (N, K).

        Raises InputError for a network of classes, and for a level that the rows are too few for.
        """
        if not self.residuals:
            raise InputError("an interval is of values; for classes use net.class_sets(x, level)")
        y = np.asarray(y)
        return joined([each.interval(y[:, k], level) for k, each in enumerate(self.residuals)])

    def chosen(self, layers: Sequence[Layer], y: Batch, level: float) -> Array:
        """Return which classes belong to each row's set, (N, K) bool, for outputs y.

        K is 2 for one output. Raises InputError for a network of values, and for a level that the
        rows are too few for.
        """
        return class_sets(_as_probabilities(layers, y), self._scores(), level)

    def class_lists(self, layers: Sequence[Layer], y: Batch, level: float) -> list[list[int]]:
        """Return the classes of each row's set, the most likely first, as `chosen` does."""
        p = _as_probabilities(layers, y)
        chosen, order = class_sets(p, self._scores(), level), np.argsort(-p, axis=1, kind="stable")
        pairs = zip(order.tolist(), chosen, strict=True)
        return [[k for k in row if those[k]] for row, those in pairs]

    def _scores(self) -> Scores:
        if self.scores is None:
            raise InputError("sets are of classes; for values use net.interval(x, level)")
        return self.scores

    def to_dict(self) -> Options:
        """Return it as JSON can hold it."""
        scores, novelty = self.scores, self.novelty
        return {
            "rows": self.rows,
            "residuals": [each.to_dict() for each in self.residuals],
            "scores": None if scores is None else list(scores.values),
            "temperature": self.temperature,
            "novelty": None if novelty is None else novelty.to_dict(),
        }

    @classmethod
    def from_dict(cls, entry: Any, outputs: int | None, columns: int) -> Uncertainty:
        """Return what a file describes, trusting nothing.

        `outputs` are the network's, None for any number, and `columns` is how many columns its
        distance has. Raises InputError for anything that does not fit.
        """
        try:
            if set(entry) != {"rows", "residuals", "scores", "temperature", "novelty"}:
                raise malformed()
            rows, residuals, scores = entry["rows"], entry["residuals"], entry["scores"]
            if type(rows) is not int or not 0 < rows < MOST_ROWS:
                raise malformed()
            count = len(residuals) if isinstance(residuals, list) else -1
            if (
                count not in ((outputs or count,) if scores is None else (0,))
                or count > MOST_TARGETS
            ):
                raise malformed()
            [temperature] = numbers([entry["temperature"]], (1, 1))
            if temperature <= 0:
                raise malformed()
            novelty = entry["novelty"]
            return cls(
                rows,
                tuple(Residuals.from_dict(each, rows) for each in residuals),
                None if scores is None else Scores.from_list(scores, rows),
                temperature,
                None if novelty is None else Novelty.from_dict(novelty, columns),
            )
        except PellucidError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise malformed() from error


def known(uncertainty: Uncertainty | None) -> Uncertainty:
    """Return what is known of a network's errors; raise InputError where nothing is."""
    if uncertainty is None:
        raise InputError(
            "no rows were held out of this network's training, so its errors are not known: train "
            "with validation=0.2 (--validation 0.2), or use pl.calibrate(net, x, t)"
        )
    return uncertainty


def _as_probabilities(layers: Sequence[Layer], y: Batch) -> Batch:
    p = probabilities(layers, y)
    return np.asarray(y, np.float64) if p is None else p
