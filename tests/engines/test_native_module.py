"""The raw module of the native engine: whatever it is given, it raises, and never crashes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.engines import NativeEngine
from tests.engines.tools import baseline


def raw(loss: str = "CrossEntropy", optimizer: dict[str, Any] | None = None, **changed: Any) -> Any:
    W, b = np.ones((3, 2), np.float32), np.zeros(2, np.float32)
    layer = {
        "kind": "Affine",
        "options": {},
        "inputs": 3,
        "outputs": 2,
        "frozen": False,
        "arrays": [W, b],
        "inner": [],
    }
    settings = {
        "loss": loss,
        "loss_options": {},
        "depth": 1,
        "seed": 0,
        "threads": 1,
        "float64": False,
    }
    engine = settings.keys() & changed.keys()
    settings |= {name: changed.pop(name) for name in engine}
    return baseline.make_engine(layers=[layer | changed], optimizer=optimizer, **settings)


X, Y, T = np.ones((4, 3), np.float32), np.zeros((4, 2), np.float32), np.zeros(4, np.int64)
VALUES = np.full((4, 2), 0.5, np.float32)
SGD = {"kind": "SGD", "momentum": 0.0, "slots": [], "average": []}


TANH = {
    "kind": "Tanh",
    "options": {},
    "inputs": 2,
    "outputs": 2,
    "frozen": False,
    "arrays": [],
    "inner": [],
}


def raw_gradients(engine: Any = None, **changed: Any) -> float:
    given = {"x": X, "classes": T, "values": None, "weights": None, "rows": None, "step": 0, "y": Y}
    return float((engine or raw()).gradients(**(given | changed)))


def raw_train_steps(engine: Any = None, **changed: Any) -> int:
    given = {
        "x": X,
        "classes": T,
        "values": None,
        "weights": None,
        "rows": None,
        "batch": 3,
        "step": 0,
        "rates": np.full(2, 0.1),
        "losses": np.zeros(2),
        "y": Y,
    }
    return int((engine or raw(optimizer=SGD)).train_steps(**(given | changed)))


def read_only(array: Array) -> Array:
    array = array.copy()
    array.flags.writeable = False
    return array


WRONG: dict[str, Callable[[], Any]] = {
    "x of another width": lambda: raw().predict(np.ones((4, 2), np.float32), Y),
    "x of whole numbers": lambda: raw().predict(np.ones((4, 3), np.int32), Y),
    "x of no dimensions": lambda: raw().predict(np.float32(1.0).reshape(()), Y),
    "x in Fortran's order": lambda: raw().predict(np.asfortranarray(X), Y),
    "x is none": lambda: raw().predict(None, Y),
    "y of other rows": lambda: raw().predict(X, Y[:3]),
    "y of another type": lambda: raw().predict(X, Y.astype(np.float64)),
    "y in steps": lambda: raw().predict(X, np.zeros((4, 4), np.float32)[:, ::2]),
    "y for reading": lambda: raw().predict(X, read_only(Y)),
    "y of one dimension": lambda: raw().predict(X, Y.ravel()),
    "y of no dimensions": lambda: raw().predict(X, np.zeros((), np.float32)),
    "a row beyond the end": lambda: raw_gradients(rows=np.array([0, 1, 2, 4])),
    "a row before the start": lambda: raw_gradients(rows=np.array([0, 1, 2, -1])),
    "rows of two dimensions": lambda: raw_gradients(rows=np.zeros((4, 1), np.int64)),
    "rows of fractions": lambda: raw_gradients(rows=np.zeros(4)),
    "too few classes": lambda: raw_gradients(classes=T[:3]),
    "a class beyond the last": lambda: raw_gradients(classes=T + 2),
    "a class below 0": lambda: raw_gradients(classes=T - 1),
    "a class beyond all numbers": lambda: raw_gradients(classes=T + 2**62),
    "neither classes nor values": lambda: raw_gradients(classes=None),
    "both classes and values": lambda: raw_gradients(values=VALUES),
    "values of another shape": lambda: raw_gradients(classes=None, values=VALUES[:, :1]),
    "values of another type": lambda: raw_gradients(classes=None, values=VALUES.astype(np.float64)),
    "values of no dimensions": lambda: raw_gradients(classes=None, values=np.zeros((), np.float32)),
    "values out of range": lambda: raw_gradients(
        raw("BinaryCrossEntropy"), classes=None, values=VALUES + 1
    ),
    "values that are NaN": lambda: raw_gradients(
        raw("BinaryCrossEntropy"), classes=None, values=VALUES * np.float32("nan")
    ),
    "counts below 0": lambda: raw_gradients(raw("Poisson"), classes=None, values=VALUES - 1),
    "too few weights": lambda: raw_gradients(weights=np.ones(3)),
    "a step below 0": lambda: raw_gradients(step=-1),
    "no optimizer to learn with": lambda: raw_train_steps(raw()),
    "batches of no rows": lambda: raw_train_steps(batch=0),
    "too few rates": lambda: raw_train_steps(rates=np.ones(1)),
    "too few losses": lambda: raw_train_steps(losses=np.zeros(1)),
    "losses for reading": lambda: raw_train_steps(losses=read_only(np.zeros(2))),
    "rates of another type": lambda: raw_train_steps(rates=np.ones(2, np.float32)),
    "a class beyond the last, when learning": lambda: raw_train_steps(classes=T + 2),
    "a row beyond the end, when learning": lambda: raw_train_steps(rows=np.array([0, 1, 2, 4])),
    "no optimizer to update with": lambda: raw().update(0.1, 1),
    "no loss": lambda: raw_gradients(raw("")),
    "an unknown loss": lambda: raw("Own"),
    "an unknown layer": lambda: raw(kind="Own"),
    "an unknown optimizer": lambda: raw(optimizer=SGD | {"kind": "Own"}),
    "a memory that is missing": lambda: raw(optimizer=SGD | {"momentum": 0.9}),
    "a memory of another shape": lambda: raw(
        optimizer=SGD | {"momentum": 0.9, "slots": [[np.zeros(5, np.float32)] * 2]}
    ),
    "an average of another shape": lambda: raw(optimizer=SGD | {"ema": 0.9, "average": []}),
    "a depth beyond the last layer": lambda: raw(depth=2),
    "a depth below 0": lambda: raw(depth=-1),
    "arrays of another type": lambda: raw(float64=True),
    "arrays of another shape": lambda: raw(inputs=2),
    "arrays that are missing": lambda: raw(arrays=[]),
    "arrays in steps": lambda: raw(arrays=[np.ones((3, 4), np.float32)[:, ::2], None]),
    "a setting that is missing": lambda: raw(kind="LeakyReLU", inputs=2),
    "an activation that widens": lambda: raw(kind="Sigmoid"),
    "a Residual of nothing": lambda: raw(kind="Residual", inputs=2),
    "Members without a number": lambda: raw(kind="Members", inputs=2),
    "Members of nothing": lambda: raw(
        kind="Members", inputs=2, options={"count": 0, "join": "values"}
    ),
    "Members that share their layers": lambda: raw(
        kind="Members", inputs=2, inner=[TANH] * 3, options={"count": 2, "join": "values"}
    ),
    "Members that are joined in no way": lambda: raw(
        kind="Members", inputs=2, inner=[TANH], options={"count": 1, "join": "median"}
    ),
    "Members of another width": lambda: raw(
        kind="Members", inner=[TANH], options={"count": 1, "join": "values"}
    ),
    "a width below 0": lambda: raw(kind="Sigmoid", inputs=-1, outputs=-1),
    "no layers": lambda: baseline.make_engine(False, [], "", {}, None, 0, 0, 1),
    "backward without forward": lambda: raw().backward(Y),
    "backward after the rows are gone": lambda: (lambda e: (raw_gradients(e), e.backward(Y)))(
        raw()
    ),
    "backward of other rows": lambda: (
        lambda e: (e.forward(X, None, 0, Y, Y.copy()), e.backward(Y[:3]))
    )(raw()),
    "backward of no dimensions": lambda: raw().backward(np.zeros((), np.float32)),
    "gradients that are too few": lambda: raw().read_gradients([np.zeros((3, 2), np.float32)]),
    "gradients of another shape": lambda: raw().read_gradients(
        [np.zeros(5, np.float32), np.zeros(2, np.float32)]
    ),
    "gradients of another type": lambda: raw().write_gradients([np.zeros((3, 2)), np.zeros(2)]),
    "gradients for reading": lambda: raw().read_gradients(
        [read_only(np.zeros((3, 2), np.float32)), Y[0]]
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_arguments_raise(what: str) -> None:
    with pytest.raises((TypeError, ValueError, IndexError, RuntimeError)):
        WRONG[what]()


def test_right_arguments_do_not() -> None:
    """What the wrong ones above were made from is right, or they would prove nothing."""
    assert (
        raw_train_steps() == raw_train_steps(rows=np.array([0, 1, 2, 3]), weights=np.ones(4)) == 2
    )
    assert math.isfinite(
        raw_gradients(classes=None, values=VALUES, weights=np.ones(4), rows=np.array([0, 1, 2, 3]))
    )
    engine = raw()
    engine.forward(X, None, 0, Y, Y.copy())
    engine.backward(VALUES)
    grads = [np.zeros((3, 2), np.float32), np.zeros(2, np.float32)]
    engine.read_gradients(grads)
    assert np.array_equal(grads[0], np.full((3, 2), 2.0)) and np.array_equal(grads[1], [2.0, 2.0])
    engine.observe()


def test_targets_that_are_refused_change_nothing() -> None:
    net = pl.Network([pl.BatchNorm(np.ones(3)), pl.Affine(np.ones((3, 2)))])
    before = net.copy()
    worker = NativeEngine(net.layers, pl.CrossEntropy(), pl.SGD(0.1))
    with pytest.raises(
        pl.InputError, match="class indices for 2 outputs go from 0 to 1, got 0 to 2"
    ):
        worker.train_step(np.eye(3), np.array([0, 1, 2]))
    assert net == before
    assert worker.state["step"] == 0


@pytest.mark.parametrize("call", ["train_step", "gradients"])
def test_an_engine_that_was_made_for_answers_does_not_learn(call: str) -> None:
    made = NativeEngine([pl.Affine(np.ones((3, 2)))])
    with pytest.raises((TypeError, ValueError, AssertionError)):
        getattr(made, call)(np.ones((4, 3), np.float32), np.zeros((4, 2)))
