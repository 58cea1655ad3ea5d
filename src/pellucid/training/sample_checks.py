"""Rows to train on: checked once before a training, weighted, and split for validation."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from pellucid.core import checks
from pellucid.core.arrays import as_array, check_unmasked
from pellucid.core.draws import split_order
from pellucid.core.layer import Layer, walk
from pellucid.core.losses import LOSSES, CrossEntropy, Loss, RowLoss
from pellucid.core.metrics import METRICS, Metric, target_classes
from pellucid.core.normalization import BatchNorm
from pellucid.core.types import Array, ArrayLike
from pellucid.engines import fingerprint, scan
from pellucid.errors import InputError, Message
from pellucid.network import Network
from pellucid.training.settings import ClassWeight, Validation

_BLOCK = 65536  # rows whose targets are checked at a time, so that memory stays small

# From this many rows for each output on, an output whose class no row has is no accident.
_ROWS_AN_OUTPUT = 50


class Samples(NamedTuple):
    """Inputs x, targets t and sample weights (or None) of the same rows.

    `data` is the fingerprint of x and t where they were read whole already.
    """

    x: Array
    t: Array
    sample_weight: Array | None
    data: str | None = None


def check_rows(
    layers: Sequence[Layer], x: ArrayLike, t: ArrayLike, sample_weight: ArrayLike | None = None
) -> Samples:
    """Return x, t and sample_weight as arrays that fit each other and the layers.

    Raises InputError for no rows, different numbers of rows, values that are not finite, values
    from 0 to 1 where the layers scale bytes, and weights below 0 or all 0.
    """
    x, t = as_array(x), _as_array(t, Message("targets"))
    if x.ndim == 0 or len(x) == 0:
        raise InputError("expected at least one row, got none")
    checks.check_input(layers, x)
    if t.ndim == 0 or len(t) != len(x):
        template = "expected a target for each of {N} rows, got shape {got}"
        raise InputError(template, N=len(x), got=t.shape)
    if t.dtype.kind not in "biuf":
        template = (
            "targets must be numbers (class indices or values), got {got} ({kind}); turn names "
            "into indices by names, t = np.unique(t, return_inverse=True)"
        )
        raise InputError(template, got=reprlib.repr(t.ravel()[:3].tolist()), kind=t.dtype)
    if t.ndim == 1 and t.dtype.kind in "biu":
        t = t.astype(np.int64, copy=False)  # the type of class indices in the engines
    seen = scan(x), scan(t)  # the only pass over all data before the first epoch
    checks.check_scaled(layers, x, seen[0].high if x.dtype.kind == "f" else None)
    dtype = checks.dtype_of(layers)
    for values, found, what in ((x, seen[0], "inputs"), (t, seen[1], "targets")):
        if values.dtype.kind == "f" and not found.fits(dtype):
            checks.check_finite(values, Message(what), dtype)
    weights = None if sample_weight is None else _checked(sample_weight, len(x))
    return Samples(x, t, weights, fingerprint(*seen))


@contextmanager
def naming_validation() -> Iterator[None]:
    """Add to an InputError raised within that it concerns the validation data."""
    try:
        yield
    except InputError as error:
        raise InputError("validation data: {reason}", reason=error) from error


def check_targets(net: Network, loss: Loss, metrics: Mapping[str, Metric], rows: Samples) -> None:
    """Raise InputError where the loss or a metric refuses a target, before anything is trained.

    A loss of the user's own is computed of all targets, for outputs of 0.
    """
    K = output_count(net, rows)
    if K == 1 and isinstance(loss, CrossEntropy):
        raise InputError(
            "cross-entropy chooses among classes, and a softmax over one output is always 1: for "
            "yes or no, end in one sigmoid and train by binary_cross_entropy"
        )
    with np.errstate(all="ignore"):  # the loss of outputs of 0 does not matter
        if isinstance(loss, RowLoss) and type(loss) in LOSSES.values():
            for t in _telling(loss, rows.t, K):
                loss.targets(t, np.zeros((len(t), K), net.dtype))
        else:
            for t in _blocks(rows.t):
                loss.value(np.zeros((len(t), K), net.dtype), t)
        if not isinstance(loss, RowLoss):
            _check_own_loss(loss, np.zeros((min(2, len(rows.x)), K), net.dtype), rows.t[:2])
        for name, metric in metrics.items():
            if metric is METRICS.get(name):
                _check_metric(name, metric, np.zeros((1, K), net.dtype), rows.t[:1])


def _telling(loss: Loss, t: Array, K: int) -> Iterator[Array]:
    """Yield the targets that decide whether our own losses take all of them, block by block."""
    if t.ndim == 1 and t.dtype.kind in "iu":  # of class indices the range decides
        low, high = t.min(), t.max()
        if not (type(loss) is CrossEntropy and 0 <= low <= high < K):  # the usual case is quick
            yield np.array([low, high])
    else:
        yield from _blocks(t)


def _blocks(t: Array) -> Iterator[Array]:
    for start in range(0, len(t), _BLOCK):
        yield t[start : start + _BLOCK]


def check_output_count(outputs: int, classes: int) -> None:
    """Raise InputError unless a network of `outputs` outputs can predict `classes` classes.

    That takes an output for each, or a single one for two.
    """
    if outputs != classes and (outputs, classes) != (1, 2):
        template = "{classes} classes need {classes} outputs, got {got}"
        raise InputError(template, classes=classes, got=outputs)


def check_every_class(net: Network, rows: Samples, held_out: Samples | None) -> None:
    """Raise InputError where many rows of class indices leave the last outputs without a class.

    Few rows may lack a class by chance, and a network with `classes` has a name for each output.
    """
    K, t = output_count(net, rows), rows.t
    if net.classes is not None or K == 1 or t.ndim != 1 or len(t) < _ROWS_AN_OUTPUT * K:
        return
    found = 1 + max(int(t.max()), 0 if held_out is None else int(held_out.t.max()))
    if found < K:
        template = (
            "the network has {outputs} outputs, but the targets are classes 0 to {last}: end it in "
            "{classes} outputs, or name the class of each output, net.classes = [...]"
        )
        raise InputError(template, outputs=K, last=found - 1, classes=found)


def output_count(net: Network, rows: Samples) -> int:
    """Return how many outputs the network has for each of these rows."""
    D = math.prod(rows.x.shape[1:])
    return checks.widths(net.layers, D)[-1] if net.layers else rows.x.shape[1]


def check_batch(net: Network, batch_size: int, N: int) -> None:
    """Raise InputError where BatchNorm would see one row at a time, all of N rows."""
    if min(batch_size, N) == 1 and any(isinstance(layer, BatchNorm) for layer in walk(net.layers)):
        raise InputError(
            "BatchNorm needs batches of 2 rows or more: one row has no spread; choose a larger "
            "batch_size"
        )


def _check_own_loss(loss: Loss, y: Array, t: Array) -> None:
    value, slopes = loss.value(y, t, None), loss.gradient(y, t, None)
    if np.ndim(value) != 0:
        raise InputError(
            "the value of a loss must be one number, got shape {got}", got=np.shape(value)
        )
    if np.shape(slopes) != y.shape:
        template = "the gradient of a loss must have the outputs' shape {shape}, got {got}"
        raise InputError(template, shape=y.shape, got=np.shape(slopes))


def _check_metric(name: str, metric: Metric, y: Array, t: Array) -> None:
    try:
        metric(y, t)
    except ValueError as error:
        template = "the metric {name} needs targets of the outputs' shape (N, {K}), not {got}"
        raise InputError(template, name=name, K=y.shape[1], got=("N", *t.shape[1:])) from error


def with_class_weight(
    rows: Samples, class_weight: ClassWeight | None, classes: bool = True, K: int | None = None
) -> Samples:
    """Multiply each row's weight by that of its class.

    `class_weight` is a number for each class, a dict of class index to number (1 for the others),
    or "balanced" for N / (classes * count), so that all classes have the same weight in total.
    Raises InputError where targets are no `classes`, and for a class that K outputs do not have.
    """
    if class_weight is None:
        return rows
    if not classes:
        raise InputError("class_weight needs targets that are classes; these are values")
    own = target_classes(rows.t)
    found, places, counts = np.unique(own, return_inverse=True, return_counts=True)
    if isinstance(class_weight, str) and class_weight == "balanced":
        by_class = len(places) / (len(found) * counts)
    else:
        by_class = _weight_of_each(class_weight, found, K)
    weights = by_class[places] * (1.0 if rows.sample_weight is None else rows.sample_weight)
    return rows._replace(sample_weight=_checked(weights, len(places)))


def by_index(class_weight: ClassWeight, classes: Sequence[str] | None) -> ClassWeight:
    """Return class weights whose keys are indices where they were names of the classes."""
    if not isinstance(class_weight, Mapping) or classes is None:
        return class_weight
    places = {name: index for index, name in enumerate(classes)}
    if unknown := [key for key in class_weight if isinstance(key, str) and key not in places]:
        raise InputError(
            "class_weight names class {unknown}; the classes are {known}",
            unknown=", ".join(map(repr, unknown)),
            known=", ".join(classes),
        )
    weights: Mapping[Any, float] = class_weight
    return {places[key] if isinstance(key, str) else key: each for key, each in weights.items()}


def _weight_of_each(class_weight: ClassWeight, found: Array, K: int | None) -> Array:
    """Return the weight of each class index in `found`."""
    if isinstance(class_weight, str):
        raise InputError(
            'class_weight is "balanced", or a number for each class; not {got}', got=class_weight
        )
    if isinstance(class_weight, Mapping):
        known = range(max(K, 2)) if K is not None else found.tolist()
        if unknown := [k for k in class_weight if k not in known]:
            raise InputError(
                "class_weight names class {unknown}; the classes are {known}",
                unknown=", ".join(map(repr, unknown)),
                known=f"0 to {known[-1]}" if K is not None else known,
            )
        weights: Mapping[Any, float] = class_weight
        return np.array([weights.get(int(k), 1.0) for k in found], np.float64)
    given = np.asarray(class_weight, np.float64)
    low, high = found[0], found[-1]
    if given.ndim != 1 or low < 0 or len(given) <= high:
        template = "{got} class weights for classes {low} to {high}"
        raise InputError(template, got=given.size, low=low, high=high)
    return given[found]


def divide(
    net: Network, rows: Samples, validation: Validation, seed: int, stratified: bool
) -> tuple[Samples, Samples]:
    """Return (training rows, validation rows) for the `validation` of `train`."""
    if isinstance(validation, tuple) and len(validation) in (2, 3):
        with naming_validation():
            return rows, check_rows(net.layers, *validation)
    if isinstance(validation, (int, float)):
        return split(rows, validation, seed, stratified)
    raise no_share(type(validation).__name__)  # not the data itself, which may be long


def no_share(got: float | str) -> InputError:
    """Return the error of a `validation` that is neither a share nor data."""
    return InputError("validation is a share between 0 and 1, or data (x, t); got {got}", got=got)


def split(rows: Samples, share: float, seed: int, stratified: bool) -> tuple[Samples, Samples]:
    """Hold a share of the rows out for validation; each part keeps its order.

    With `stratified`, every class is split in the same ratio. The choice depends on the seed only.
    Returns (training rows, validation rows).
    """
    if not 0 < share < 1:
        raise no_share(share)
    N = len(rows.x)
    order = split_order(seed, N)
    count = round(N * share)
    if not 0 < count < N:
        template = "a validation share of {share} of {N} rows leaves one side empty"
        raise InputError(template, share=share, N=N)
    if stratified:
        order = _fairest_first(order, target_classes(rows.t)[order], share, count)
    return pick(rows, np.sort(order[count:])), pick(rows, np.sort(order[:count]))


def _fairest_first(order: Array, classes: Array, share: float, count: int) -> Array:
    """Reorder rows so that the first `count` have the share of every class, rounded down or up.

    The places that rounding down leaves go to the largest remainders (Hamilton's method).
    """
    _, places, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    seats = np.floor(sizes * share).astype(np.int64)
    seats[np.argsort(seats - sizes * share, kind="stable")[: count - seats.sum()]] += 1
    by_class = np.argsort(places, kind="stable")
    # A row's number within its class: rows are sorted by class, so count from where it begins.
    rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    late = rank >= np.repeat(seats, sizes)
    return order[by_class[np.argsort(late, kind="stable")]]


def pick(rows: Samples, chosen: Array) -> Samples:
    """Return the chosen rows, by their numbers or by a mask."""
    weights = None if rows.sample_weight is None else rows.sample_weight[chosen]
    return Samples(rows.x[chosen], rows.t[chosen], weights)


def _as_array(value: ArrayLike, what: Message) -> Array:
    check_unmasked(value)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InputError("{what}: the rows have different lengths", what=what) from error


def _checked(sample_weight: ArrayLike, N: int) -> Array:
    weights = _as_array(sample_weight, Message("sample_weight"))
    if weights.dtype.kind not in "biuf":
        raise InputError("sample_weight must be numbers, got {kind}", kind=weights.dtype)
    if weights.shape != (N,):
        template = "expected a weight for each of {N} rows, got shape {got}"
        raise InputError(template, N=N, got=weights.shape)
    weights = weights.astype(np.float64)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise InputError("sample_weight must be finite, 0 or more, and not all 0")
    return weights
