"""What held-out rows tell of a network's errors: calibrated probabilities, conformal scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core import chain, temperature
from pellucid.core.conformal import Residuals, Scores
from pellucid.core.metrics import target_classes
from pellucid.core.novelty import Novelty
from pellucid.core.types import Array, Batch, Vector
from pellucid.core.uncertainty import Uncertainty
from pellucid.data.tables import Columns, is_table
from pellucid.data.tables.numeric import standardized
from pellucid.errors import InputError
from pellucid.network import Network
from pellucid.training.choices import choose_loss, is_classification
from pellucid.training.sample_checks import check_rows

if TYPE_CHECKING:
    from pellucid.training.run import Run

LEAST = 20  # held-out rows below which nothing is known of the errors
LEAST_FOR_TEMPERATURE = 100  # fewer rows would change probabilities by chance


def calibrate(net: Network, x: Any, t: ArrayLike | None = None, *, trained_on: Any = None) -> None:
    """Find out from rows that it was not trained on how sure a network may be.

    `train_table` does so with the rows that it holds out; this is for other rows and networks.

    Parameters
    ----------
    net
        The network. For classes its last layer is changed so that its probabilities are right as
        often as they say (`core.temperature`); no class changes, of an ensemble hardly any.
        `net.uncertainty` is what was found.
    x, t
        Held-out rows and their targets; a table of a network that knows its columns has both.
    trained_on
        The rows of its training, as x. With them, rows unlike them are recognized by their
        distance, for networks that know their columns.

    Raises InputError for rows or targets that do not fit, and for fewer than 20 rows.
    """
    columns = net.inputs
    if isinstance(columns, Columns) and is_table(x):
        x, t = columns.x(x, net.dtype), columns.t(x) if t is None else t
    if isinstance(columns, Columns) and trained_on is not None and is_table(trained_on):
        trained_on = columns.x(trained_on, net.dtype)
    if t is None:
        raise InputError("targets are missing: pass t, the correct answer for each row")
    rows = check_rows(net.layers, x, t)
    if len(rows.x) < LEAST:
        template = "expected {least} held-out rows or more, got {got}"
        raise InputError(template, least=LEAST, got=len(rows.x))
    if is_classification(net, choose_loss(None, net, rows.t), rows.t):
        net.uncertainty = _of_classes(net, rows.x, target_classes(rows.t), None)
    else:
        net.uncertainty = _of_values(net, rows.x, rows.t, bool((rows.t >= 0).all()))
    if net.uncertainty is not None and trained_on is not None:
        net.uncertainty = _with_novelty(net, net.uncertainty, trained_on, rows.x)


def after_training(run: Run) -> Uncertainty | None:
    """Return what the held-out rows of a run tell, for networks that know their columns.

    None without such rows, or with too few.
    """
    net, held_out = run.net, run.held_out
    if held_out is None or len(held_out.x) < LEAST or not isinstance(net.inputs, Columns):
        return None
    if is_classification(run.trained, run.loss_function, held_out.t):
        t = target_classes(held_out.t)
        found = _of_classes(net, held_out.x, t, held_out.sample_weight)
    else:
        own = [_in_own_units(run, each.t) for each in (held_out, run.rows)]
        # Targets that were standardized come back as 0 to rounding.
        nonnegative = bool((own[1] >= -1e-5 * np.abs(own[1]).max()).all())
        found = _of_values(net, held_out.x, own[0], nonnegative)
    return None if found is None else _with_novelty(net, found, run.rows.x, held_out.x)


def _in_own_units(run: Run, t: Array) -> Array:
    return chain.predict(run.rest, t) if run.rest else t


def _of_classes(net: Network, x: Batch, t: Array, weights: Vector | None) -> Uncertainty | None:
    p = temperature.probabilities(net.layers, net.predict(x))
    if p is None:
        return None
    found = _temperature(net, x, p, t, weights) if len(t) >= LEAST_FOR_TEMPERATURE else 1.0
    if not temperature.divide_logits(net.layers, found):
        found = 1.0
    p = temperature.probabilities(net.layers, net.predict(x))
    assert p is not None
    return Uncertainty(len(t), scores=Scores.of(1 - p[np.arange(len(t)), t]), temperature=found)


def _temperature(net: Network, x: Batch, p: Batch, t: Array, weights: Vector | None) -> float:
    each = [temperature.probabilities(own.layers, own.predict(x)) for own in net.members]
    known = [one for one in each if one is not None]
    if not known:
        return temperature.fitted(p, t, weights)
    return temperature.fitted_together(np.stack(known), t, weights)


def _of_values(net: Network, x: Batch, t: Array, nonnegative: bool) -> Uncertainty:
    y = net.predict(x)
    t = np.asarray(t).reshape(y.shape)
    residuals = [Residuals.of(y[:, k], t[:, k], nonnegative) for k in range(y.shape[1])]
    return Uncertainty(len(y), tuple(residuals))


def _with_novelty(net: Network, found: Uncertainty, trained: Array, held_out: Array) -> Uncertainty:
    columns = net.inputs
    if not isinstance(columns, Columns):
        return found
    novelty = Novelty.of(standardized(columns, trained), standardized(columns, held_out))
    return Uncertainty(found.rows, found.residuals, found.scores, found.temperature, novelty)
