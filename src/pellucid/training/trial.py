"""A trial of a search: the settings of a network for a table and of its training, and one fit.

The settings are those that moved scores where the preset was compared with other networks: width
and depth, dropout, learning rate, weight decay, label smoothing, and the standard deviation of the
embedding's frequencies, "the" setting of periodic embeddings by their authors (arXiv 2203.05556,
section 3.3). Longer training, other activations and schedules gained nothing and are not searched.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np

from pellucid.building import table_mlp
from pellucid.core import splitmix
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.losses import CrossEntropy
from pellucid.core.metrics import METRICS
from pellucid.core.optimizers import AdamW
from pellucid.core.types import Array
from pellucid.data.tables import Columns
from pellucid.engines import predict_and_loss
from pellucid.errors import DivergenceError
from pellucid.network import Network
from pellucid.training import recipes
from pellucid.training.choices import choose_loss
from pellucid.training.history import History
from pellucid.training.settings import Settings
from pellucid.training.table_loop import train_prepared, trained_part

T = TypeVar("T")

PRESET = 0
"""The number of the trial with the preset's own settings."""

_STREAM = 1 << 45  # of random numbers: settings have their own
_RATE = 0.003  # of `recipes.tables`
_STD = 0.1  # of `PeriodicEmbedding.draw`


@dataclass(frozen=True)
class TrialSettings:
    """The settings that a search changes; the defaults are the tabular preset's.

    Attributes
    ----------
    hidden
        Neurons in each hidden layer.
    dropout
        Share of hidden neurons that are switched off in training.
    learning_rate
        The highest rate of the preset's schedule.
    weight_decay
        A factor of the preset's weight decay, which depends on the number of rows.
    label_smoothing
        Share of each target that is spread over all classes; 0 for values.
    frequency
        Standard deviation of the first frequencies of the periodic embedding; without one (below
        1,000 rows) it changes nothing.
    """

    hidden: tuple[int, ...] = (128, 128)
    dropout: float = 0.1
    learning_rate: float = _RATE
    weight_decay: float = 1.0
    label_smoothing: float = 0.0
    frequency: float = _STD

    @classmethod
    def draw(cls, seed: int, number: int, classes: bool) -> TrialSettings:
        """Return the settings of a trial: the preset's for number 0.

        Of every other trial, each setting is the preset's with probability 1/2, else drawn: the
        preset is good, so good settings are near it. They depend on seed and number alone.
        """
        if number == PRESET:
            return cls()
        draws = splitmix.uniform(
            splitmix.key(seed, number, _STREAM), np.arange(16, dtype=np.uint64)
        )
        changed, at = draws[:7] < 0.5, draws[7:].tolist()
        width = _one_of((64, 256, 512), at[0]) if changed[0] else 128
        depth = _one_of((1, 3), at[1]) if changed[1] else 2
        own = cls(hidden=(width,) * depth)
        if changed[2]:
            own = replace(own, dropout=_one_of((0.0, 0.2, 0.3, 0.4), at[2]))
        if changed[3]:
            own = replace(own, learning_rate=_between(0.001, 0.01, at[3]))
        if changed[4]:
            own = replace(own, weight_decay=_between(0.1, 10.0, at[4]))
        if changed[5] and classes:
            own = replace(own, label_smoothing=_one_of((0.05, 0.1), at[5]))
        if changed[6]:
            own = replace(own, frequency=_between(0.02, 1.0, at[6]))
        return own

    def network(self, columns: Columns, seed: int, members: int = 1) -> Network:
        """Return a network of these settings, or an ensemble of several, with new weights."""
        net = table_mlp(columns, self.hidden, dropout=self.dropout, members=members, seed=seed)
        for each in net.members or (net,):  # which share the layers of the ensemble
            for layer in each.layers:
                if isinstance(layer, PeriodicEmbedding):
                    layer.frequency *= layer.frequency.dtype.type(self.frequency / _STD)
        return net


class Fit(NamedTuple):
    """How good a trained network is on rows that its training did not have.

    `loss` is the log-loss of classes or the mean squared error of standardized values (infinite
    where training diverged), `score` accuracy or R2.
    """

    loss: float
    score: float
    epochs: int = 0
    seconds: float = 0.0


class Rows(NamedTuple):
    """Rows as `prepared_rows` returns them: inputs, targets, numbers of groups or None."""

    x: Array
    t: Array
    groups: Array | None = None

    def picked(self, chosen: Array) -> Rows:
        """Return the chosen rows: (N,) bool."""
        groups = None if self.groups is None else self.groups[chosen]
        return Rows(self.x[chosen], self.t[chosen], groups)


def fit(
    net: Network, rows: Rows, settings: TrialSettings, seed: int, quick: bool = False
) -> History:
    """Train a network of these settings on rows.

    As the preset is trained: from 1,000 rows on a tenth is held out, or with groups a tenth of
    these, and the best epoch is kept. `quick` is `recipes.tables`' quarter of the steps.
    """
    recipe = recipes.tables(net, len(rows.x), quick)
    usual = recipe.optimizer
    assert isinstance(usual, AdamW)
    rates = {
        "learning_rate": settings.learning_rate,
        "weight_decay": usual.weight_decay * settings.weight_decay,
    }
    smoothing = settings.label_smoothing
    asked = Settings(
        loss=CrossEntropy(smoothing) if smoothing else None,
        optimizer=AdamW(**{**usual.options(), **rates}),
        seed=seed,
        progress=False,
    )
    return train_prepared(net, rows.x, rows.t, asked.completed(recipe), rows.groups)


def score(net: Network, rows: Rows) -> Fit:
    """Return how good a network is on rows."""
    trained, _ = trained_part(net)
    x, t, _ = rows
    y, loss = predict_and_loss(trained.layers, choose_loss(None, trained, t), x, t)
    return Fit(float(loss), METRICS[measure_of(net.columns)](y, t))


def measure_of(columns: Columns) -> str:
    """Return the name of the metric by which a table's predictions are reported."""
    return "r2" if columns.classes is None else "accuracy"


def fit_and_score(
    columns: Columns, settings: TrialSettings, rows: Rows, others: Rows, seed: int, quick: bool
) -> Fit:
    """Train a new network on rows and return how good it is on others."""
    net = settings.network(columns, seed)
    try:
        history = fit(net, rows, settings, seed, quick)
    except DivergenceError:
        return Fit(math.inf, -math.inf)
    if history.stopped == "interrupted":  # half a training is no result
        raise KeyboardInterrupt
    found = score(net, others)
    return found._replace(epochs=len(history), seconds=history.seconds)


def _one_of(choices: Sequence[T], draw: float) -> T:
    return choices[int(draw * len(choices))]


def _between(low: float, high: float, draw: float) -> float:
    """Return a number between two others, uniform in its logarithm, of two digits."""
    return float(f"{low * (high / low) ** draw:.1e}")
