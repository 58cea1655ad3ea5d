"""The learning-rate range test: which rates a network trains at, found in a few hundred steps.

The rate rises step by step while the loss of each batch is recorded: where the loss begins to fall
the rate is worth using, where it rises again the rate is too large. L. N. Smith, "Cyclical learning
rates for training neural networks", WACV 2017 (arXiv 1506.01186, 2015), section 3.3, raised it
linearly; fastai's `lr_find` made it exponential and suggests a tenth of the rate with the lowest
loss, or the rate of the steepest fall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pellucid.core.losses import Loss
from pellucid.core.members import alone
from pellucid.core.optimizers import Optimizer
from pellucid.core.ranges import above_zero, whole
from pellucid.core.types import Array, ArrayLike, Vector
from pellucid.data.tables import TableSource
from pellucid.engines import Engine, epoch_order, make_engine
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.network import Network
from pellucid.training import recipes, sample_checks
from pellucid.training.choices import check_network, choose_loss, choose_optimizer
from pellucid.training.sample_checks import Samples
from pellucid.training.settings import Settings
from pellucid.training.table_loop import prepared_rows, trained_part

LEAST_STEPS = 20  # fewer are no curve
WINDOW = 0.25  # decades of the rate on both sides over which losses are averaged
BEYOND = 4.0  # times the lowest loss: training has failed, and the test ends
_FEW = 8  # steps between two looks at the loss

# fastai takes a tenth of the rate with the lowest loss, on a curve that its smoothing moves to the
# right. Ours is not moved. Three epochs at a tenth, a third and all of that rate, validation loss:
#
#     MNIST, 784-32-10 ReLU, Adam          0.34  0.27  0.26
#     the same, SGD                        0.41  0.34  0.25
#     the same with sigmoids, SGD          0.10  0.07  0.05
#     spirals, 2-32-32-2, Adam             0.59  0.40  0.63
SHARE = 1 / 3


@dataclass(frozen=True, eq=False)
class LearningRateRange:
    """The losses of a learning-rate range test, one for each step.

    Attributes
    ----------
    rates
        The learning rate of each step, rising.
    losses
        The loss of each step's batch.
    smoothed
        The mean of the losses within a quarter of a decade of each rate, on both sides, so that
        the curve lies neither left nor right of the losses.
    """

    rates: Vector
    losses: Vector
    smoothed: Vector

    @property
    def lowest(self) -> float:
        """The rate at which the smoothed loss is lowest: already too large to train with."""
        return float(self.rates[self.smoothed.argmin()])

    @property
    def steepest(self) -> float | None:
        """The rate at which the smoothed loss falls fastest, None where it falls nowhere."""
        end = int(self.smoothed.argmin()) + 1
        if end < 2 or self.smoothed[end - 1] >= self.smoothed[0]:
            return None
        slopes = np.gradient(self.smoothed[:end], np.log(self.rates[:end]))
        return float(self.rates[slopes.argmin()])

    @property
    def suggestion(self) -> float | None:
        """A third of the rate with the lowest loss, two digits; None where no loss fell."""
        return None if self.steepest is None else float(f"{self.lowest * SHARE:.1e}")

    def __str__(self) -> str:
        if self.suggestion is None or self.steepest is None:
            return say(
                "the loss fell at no learning rate from {low:.2g} to {high:.2g}", **self._ends
            )
        return say(
            "try a learning rate of {rate:.2g}: a third of {lowest:.2g}, where the loss was lowest "
            "(it fell fastest at {steepest:.2g})",
            rate=self.suggestion,
            lowest=self.lowest,
            steepest=self.steepest,
        )

    @property
    def _ends(self) -> dict[str, float]:
        return {"low": float(self.rates[0]), "high": float(self.rates[-1])}

    def __repr__(self) -> str:
        return f"<LearningRateRange: {self}>"


def learning_rate_range(
    net: Network,
    x: ArrayLike | TableSource,
    t: ArrayLike | None = None,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 300,
    batch_size: int | None = None,
    loss: str | Loss | None = None,
    optimizer: str | Optimizer | None = None,
    seed: int = 0,
    engine: str = "auto",
    threads: int | None = None,
) -> LearningRateRange:
    """Train a copy of a network at rising learning rates; return the loss at each.

    Parameters
    ----------
    net
        A network; it stays as it is. Test it as it will be trained, with new weights. Of an
        ensemble the first member is tested.
    x, t
        Inputs and targets, as for `train`. For a network of `table_mlp` x may be a table with the
        target among its columns, and t is left out.
    low, high
        The learning rates of the first and of the last step; each is by the same factor above the
        one before.
    steps
        How many steps, each with one batch; short data are passed several times. The test ends
        before, where the loss is four times its lowest or not finite.
    batch_size, optimizer
        As for training: defaults are 32 and Adam, for tables those of `recipes.tables`. The
        optimizer's own learning rate does not count.
    loss, seed, engine, threads
        As for `train`.

    The result has `rates`, `losses`, `smoothed`, a `suggestion` and a plot,
    `pl.plots.learning_rate_range`. The suggestion is a start: look at the plot, and try rates
    around it. Raises InputError as `train` does.

    >>> import pellucid as pl
    >>> x, t = pl.spirals(n=300, seed=0)
    >>> net = pl.mlp([2, 32, 32, 2], output="softmax")
    >>> found = pl.learning_rate_range(net, x, t)
    >>> 0.001 < found.suggestion < 0.1
    True
    """
    check_network(net)
    low, high, steps = above_zero(low=low), above_zero(high=high), whole("steps", steps)
    if not (low < high and steps >= LEAST_STEPS):
        raise InputError(
            "expected low below high and at least {least} steps, got low={low:g}, high={high:g}, "
            "steps={steps}",
            least=LEAST_STEPS,
            low=low,
            high=high,
            steps=steps,
        )
    net = net.copy()
    rows, trained, settings = _rows(net, x, t)
    size = whole("batch_size", settings.batch_size if batch_size is None else batch_size)
    function = choose_loss(loss, trained, rows.t)
    chosen = choose_optimizer(settings.optimizer if optimizer is None else optimizer)
    sample_checks.check_targets(trained, function, {}, rows)
    sample_checks.check_batch(net, size, len(rows.x))
    # Of an ensemble its first member, since each is trained by itself.
    layers = alone(trained.layers)
    worker = make_engine(layers, function, chosen, whole("seed", seed, 0), engine, threads)
    rates = np.geomspace(low, high, steps)
    losses = _losses(worker, rows, size, rates, seed)
    rates = rates[: len(losses)]
    return LearningRateRange(rates, losses, _smoothed(rates, losses))


def _rows(
    net: Network, x: ArrayLike | TableSource, t: ArrayLike | None
) -> tuple[Samples, Network, Settings]:
    """Return the rows, the layers to train, and the usual settings of training."""
    if t is not None:
        return sample_checks.check_rows(net.layers, x, t), net, Settings().completed()
    trained, _ = trained_part(net)
    rows = sample_checks.check_rows(net.layers, *prepared_rows(net, x))
    return rows, trained, Settings().completed(recipes.tables(net, len(rows.x)))


def _losses(engine: Engine, rows: Samples, size: int, rates: Vector, seed: int) -> Vector:
    """Return the loss of each step, up to one at which training has failed."""
    found: list[float] = []
    epoch, order = 0, np.empty(0, np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        while len(found) < len(rates):
            few = rates[len(found) : len(found) + _FEW].tolist()
            while len(order) < len(few) * size:
                epoch += 1
                order = np.concatenate([order, epoch_order(seed, epoch, len(rows.x))])
            batch, order = order[: len(few) * size], order[len(few) * size :]
            losses, _ = engine.train_steps(rows.x, rows.t, None, batch, size, few, outputs=False)
            found += losses
            if not math.isfinite(found[-1]):
                return np.array(found[:-1])
            recent = float(np.mean(found[-_FEW:]))
            if recent > BEYOND * abs(_lowest(found)):
                break
    return np.array(found)


def _lowest(losses: list[float]) -> float:
    """Return the lowest mean of some losses in a row."""
    return float(np.convolve(losses, np.ones(_FEW) / _FEW, "valid").min())


def _smoothed(rates: Vector, losses: Vector) -> Vector:
    decades: Array = np.log10(rates)
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    first = np.searchsorted(decades, decades - WINDOW)
    last = np.searchsorted(decades, decades + WINDOW, side="right")
    smoothed: Vector = (sums[last] - sums[first]) / (last - first)
    return smoothed
