"""What learning is given, checked once before it begins.

Rows, targets, weights, and the part kept for validation.
"""

from __future__ import annotations

import hashlib
import math
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from pellucid.core import chain, counter
from pellucid.core.layer import Layer, every
from pellucid.core.losses import CrossEntropy, Loss, RowLoss
from pellucid.core.metrics import METRICS, Metric, target_classes
from pellucid.core.normalization import BatchNorm
from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.network import Network

_SPLIT = 1 << 41  # its stream of random numbers is nobody else's
_BLOCK = 65536  # rows whose targets are checked at a time


class Rows(NamedTuple):
    """Inputs x, targets t and weights (or None) of the same rows."""

    x: Array
    t: Array
    weights: Array | None


def check_rows(layers: Sequence[Layer], x: Any, t: Any, weights: Any = None) -> Rows:
    """Give x, t and weights as arrays that fit each other and the layers.

    Raises InputError for no rows, different numbers of rows, numbers that are not finite, values
    from 0 to 1 where the layers scale bytes, and weights below 0 or all 0.
    """
    x, t = chain.as_array(x), _array(t, Message("targets"))
    if x.ndim == 0 or len(x) == 0:
        raise InputError("expected at least one row, got none")
    chain.check_input(layers, x)
    if t.ndim == 0 or len(t) != len(x):
        raise InputError(
            "expected a target for each of {N} rows, got targets of shape {got}",
            N=len(x),
            got=t.shape,
        )
    if t.dtype.kind not in "biuf":
        raise InputError(
            "targets must be numbers (class indices or values), got {got} ({kind}); turn names "
            "into indices by "
            "names, t = np.unique(t, return_inverse=True)",
            got=reprlib.repr(t.ravel()[:3].tolist()),
            kind=t.dtype,
        )
    if t.ndim == 1 and t.dtype.kind in "biu":
        t = t.astype(np.int64, copy=False)  # class indices, as engines take them
    chain.check_scaled(layers, x)
    check_finite(x, Message("inputs"))
    check_finite(t, Message("targets"))
    return Rows(x, t, None if weights is None else _check_weights(weights, len(x)))


@contextmanager
def naming_validation() -> Iterator[None]:
    """Let an InputError within say that it is of the validation data."""
    try:
        yield
    except InputError as error:
        raise InputError("validation data: {reason}", reason=error) from error


def check_finite(array: Array, what: Message) -> None:
    """Raise InputError that names the first row that holds NaN or infinity, if one does."""
    if array.dtype.kind != "f":
        return
    bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    if bad.any():
        raise InputError(
            "{what}: row {row} holds NaN or infinity ({count} such rows in all); "
            "remove these rows or replace the numbers",
            what=what,
            row=int(bad.argmax()),
            count=int(bad.sum()),
        )


def check_targets(net: Network, loss: Loss, metrics: Mapping[str, Metric], rows: Rows) -> None:
    """Show the loss every target, with answers of 0, so that one that does not fit is told of
    before learning.
    """
    K = outputs(net, rows)
    if K == 1 and isinstance(loss, CrossEntropy):
        raise InputError(
            "cross-entropy chooses among classes, and a softmax over one output is always 1: for "
            "yes or no, end "
            "in one sigmoid and learn by binary_cross_entropy"
        )
    with np.errstate(all="ignore"):  # what a loss says of answers of 0 does not matter
        for start in range(0, len(rows.x), _BLOCK):
            t = rows.t[start : start + _BLOCK]
            loss.value(np.zeros((len(t), K), net.dtype), t)
        if not isinstance(loss, RowLoss):
            _check_own_loss(loss, np.zeros((min(2, len(rows.x)), K), net.dtype), rows.t[:2])
        for name, metric in metrics.items():
            if metric is METRICS.get(name):
                _check_metric(name, metric, np.zeros((1, K), net.dtype), rows.t[:1])


def outputs(net: Network, rows: Rows) -> int:
    """Give the number of answers to each of these rows."""
    return (
        chain.widths(net.layers, math.prod(rows.x.shape[1:]))[-1] if net.layers else rows.x.shape[1]
    )


def check_batch(net: Network, batch_size: int, N: int) -> None:
    """Raise InputError where BatchNorm would see one row at a time, all of N rows."""
    if min(batch_size, N) == 1 and any(isinstance(layer, BatchNorm) for layer in every(net.layers)):
        raise InputError(
            "BatchNorm needs batches of 2 rows or more: one row has no spread; choose a larger "
            "batch_size"
        )


def _check_own_loss(loss: Loss, y: Array, t: Array) -> None:
    value, slopes = loss.value(y, t, None), loss.gradient(y, t, None)
    if np.ndim(value) != 0:
        raise InputError(
            "a loss gives one number; its value has the shape {got}", got=np.shape(value)
        )
    if np.shape(slopes) != y.shape:
        raise InputError(
            "the gradient of a loss has the shape of the answers, {shape}; this one's is {got}",
            shape=y.shape,
            got=np.shape(slopes),
        )


def _check_metric(name: str, metric: Metric, y: Array, t: Array) -> None:
    try:
        metric(y, t)
    except ValueError as error:
        raise InputError(
            "the metric {name} needs targets of the answers' shape (N, {K}), not {got}",
            name=name,
            K=y.shape[1],
            got=("N", *t.shape[1:]),
        ) from error


def with_class_weights(
    rows: Rows,
    class_weights: str | Sequence[float] | Mapping[int, float] | None,
    classes: bool = True,
    K: int | None = None,
) -> Rows:
    """Multiply each row's weight by that of its class.

    `class_weights` is a number for each class, a dict of class index to number (1 for the others),
    or "balanced" for N / (K * count), which lets every class weigh the same in all. Raises
    InputError where targets are no `classes`, and for the weight of a class that K outputs do not
    have.
    """
    if class_weights is None:
        return rows
    if not classes:
        raise InputError("class_weights need targets that are classes; these are values")
    found, places, counts = np.unique(
        target_classes(rows.t), return_inverse=True, return_counts=True
    )
    if isinstance(class_weights, str):
        if class_weights != "balanced":
            raise InputError(
                'class_weights is "balanced", or a number for each class; not {got}',
                got=class_weights,
            )
        by_class = len(places) / (len(found) * counts)
    elif isinstance(class_weights, Mapping):
        known = range(max(K, 2)) if K is not None else found.tolist()
        if unknown := [k for k in class_weights if k not in known]:
            raise InputError(
                "class_weights names class {unknown}; the classes are {known}",
                unknown=", ".join(map(repr, unknown)),
                known=f"0 to {known[-1]}" if K is not None else known,
            )
        by_class = np.array([class_weights.get(int(k), 1.0) for k in found], np.float64)
    else:
        given = np.asarray(class_weights, np.float64)
        if given.ndim != 1 or found[0] < 0 or len(given) <= found[-1]:
            raise InputError(
                "{got} class weights for classes {low} to {high}",
                got=given.size,
                low=found[0],
                high=found[-1],
            )
        by_class = given[found]
    weights = by_class[places] * (1.0 if rows.weights is None else rows.weights)
    return rows._replace(weights=_check_weights(weights, len(places)))


def split(rows: Rows, share: float, seed: int, stratified: bool) -> tuple[Rows, Rows]:
    """Keep a share of the rows for validation: give (training rows, validation rows), each in its
    old order.

    With `stratified`, every class gives its share. The choice depends on the seed only.
    """
    if not 0 < share < 1:
        raise InputError(
            "validation is a share between 0 and 1, or data (x, t); got {got}", got=share
        )
    N = len(rows.x)
    order = counter.permutation(counter.key(seed, _SPLIT), N)
    count = round(N * share)
    if not 0 < count < N:
        raise InputError(
            "a validation share of {share} of {N} rows leaves one side empty", share=share, N=N
        )
    if stratified:
        order = _fairest_first(order, target_classes(rows.t)[order], share, count)
    kept, chosen = np.sort(order[count:]), np.sort(order[:count])
    return _pick(rows, kept), _pick(rows, chosen)


def fingerprint(*arrays: Array) -> str:
    """Give a short name of exactly these arrays.

    BLAKE2b over types, shapes and bytes, 32 hex digits.
    """
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _fairest_first(order: Array, classes: Array, share: float, count: int) -> Array:
    """Reorder rows so that among the first `count` every class has its share, rounded down or up.

    What rounding down leaves over goes to the largest remainders (Hamilton's method).
    """
    _, places, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    seats = np.floor(sizes * share).astype(np.int64)
    seats[np.argsort(seats - sizes * share, kind="stable")[: count - seats.sum()]] += 1
    by_class = np.argsort(places, kind="stable")
    rank = np.arange(len(order)) - np.repeat(
        np.cumsum(sizes) - sizes, sizes
    )  # a row's number within its class
    late = rank >= np.repeat(seats, sizes)
    return order[by_class[np.argsort(late, kind="stable")]]


def _pick(rows: Rows, chosen: Array) -> Rows:
    weights = None if rows.weights is None else rows.weights[chosen]
    return Rows(rows.x[chosen], rows.t[chosen], weights)


def _array(value: Any, what: Message) -> Array:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InputError("{what}: the rows have different lengths", what=what) from error


def _check_weights(weights: Any, N: int) -> Array:
    weights = _array(weights, Message("weights"))
    if weights.dtype.kind not in "biuf":
        raise InputError("weights must be numbers, got {kind}", kind=weights.dtype)
    weights = weights.astype(np.float64)
    if weights.shape != (N,):
        raise InputError(
            "expected a weight for each of {N} rows, got shape {got}", N=N, got=weights.shape
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise InputError("weights must be finite, 0 or more, and not all 0")
    return weights
