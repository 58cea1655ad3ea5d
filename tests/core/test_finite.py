"""NaN, infinity and overflow: one rule for whatever predicts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.engines import NativeEngine, ReferenceEngine, runnable_sets, using_instructions
from pellucid.sklearn import MLPClassifier, TableClassifier

STRANGE = [np.nan, np.inf, -np.inf]
WIDE = pl.mlp([30, 8, 3], "relu", "softmax", seed=0)  # wider than a vector, with a tail


def network(dtype: str = "float32", width: int = 30) -> pl.Network:
    return pl.mlp([width, 8, 3], "relu", "softmax", seed=0).astype(dtype)


def ways(net: pl.Network) -> dict[str, Callable[[Any], Any]]:
    return {
        "predict": net.predict,
        "call": net,
        "classify": net.classify,
        "labels": net.labels,
        "predictor": net.predictor(),
        "forward": net.forward,
        "native": NativeEngine(net.layers).predict_finite,
        "reference": ReferenceEngine(net.layers).predict_finite,
        "predictor of the reference engine": ReferenceEngine(net.layers).predictor(net.predict),
    }


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ways(WIDE))
def test_what_is_not_finite_is_refused_by_row(name: str, dtype: str, strange: float) -> None:
    """Wherever in the row it is, and in either type, also the one that is not the network's."""
    net = network(dtype)
    call = ways(net)[name]
    for given in ("float32", "float64"):
        for column in (0, 7, 16, 29):
            x: Array = np.ones((300, 30), given)
            call(x)
            x[211, column] = strange
            with pytest.raises(pl.InputError, match=r"inputs: row 211 holds NaN or infinity \(1 "):
                call(x)
            with pytest.raises(pl.InputError, match="inputs: row 0 holds NaN or infinity"):
                call(x[211:212])
    with pytest.raises(pl.InputError, match="inputs: row 0 holds"):
        call([[strange, *[0.0] * 29]])


@pytest.mark.parametrize("width", [1, 3, 4, 5, 8, 15, 16, 17, 31, 64, 65, 129])
def test_every_place_of_a_row_is_looked_at(width: int) -> None:
    for dtype, name in product(("float32", "float64"), runnable_sets()):
        with using_instructions(name):
            predict = network(dtype, width).predictor()
        for place in range(width):
            x: Array = np.zeros((1, width), dtype)
            x[0, place] = STRANGE[place % 3]
            with pytest.raises(pl.InputError, match="row 0 holds NaN or infinity"):
                predict(x)


def test_a_number_that_is_too_large_for_the_type() -> None:
    net, x = network(), np.zeros((5, 30))
    x[3, 2] = 1e300
    for call in ways(net).values():
        with pytest.raises(pl.InputError, match=r"row 3 holds a number too large for float32"):
            call(x)
    assert np.isfinite(network("float64").predict(x)).all()
    with pytest.raises(pl.InputError, match="row 3 holds a number too large for float32"):
        pl.train(net, x, np.arange(5) % 3, epochs=1, progress=False)
    x[3, 2] = float(np.finfo(np.float32).max)
    assert net.predict(x).shape == (5, 3)


def test_mostly_zero_rows_and_images_too() -> None:
    """Where the engine reads rows in another way: skipping zeros, gathering, scaling."""
    net = pl.mlp([784, 16, 10], "sigmoid", "softmax", seed=0)
    x: Array = np.zeros((50, 784), np.float32)
    x[:, 300] = 1
    net.predict(x)
    x[40, 783] = np.nan
    with pytest.raises(pl.InputError, match="row 40 holds"):
        net.predict(x)
    scaling = pl.mlp([784, 16, 10], pixels=True, seed=0)
    images = np.full((3, 28, 28), 200.0)
    scaling.predict(images)
    images[2, 5, 5] = np.inf
    with pytest.raises(pl.InputError, match="row 2 holds"):
        scaling.predict(images)
    assert scaling.predict(np.zeros((2, 28, 28), np.uint8)).shape == (2, 10)
    assert scaling.predict(np.zeros((0, 784), np.uint8)).shape == (0, 10)


HUGE = np.full((2, 2), 3e38, np.float32)
SIGNED = (HUGE * [1, -1]).astype(np.float32)


@pytest.mark.parametrize("engine", [NativeEngine, ReferenceEngine])
def test_overflow_is_finite_where_mathematics_is(
    engine: type[NativeEngine | ReferenceEngine],
) -> None:
    """Two sums of 6e38, then a softmax: 1 and 0. The row beside it keeps its bits."""
    layers = [pl.Affine(HUGE), pl.ReLU(), pl.Affine(SIGNED), pl.Softmax()]
    made, x = engine(layers), np.array([[1e-40, 1e-40], [1, 1], [0, 0]], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # and nothing is said on the way
        y = made.predict_finite(x)
    assert y[1:].tolist() == [[1, 0], [0.5, 0.5]]
    assert y[:1].tobytes() == made.predict(x[:1]).tobytes()
    net = pl.Network(layers)
    assert net.classify(x).tolist() == [0, 0, 0]
    assert net.predictor()(x).tobytes() == net(x).tobytes()
    assert (np.abs(net(x) - y) < 1e-6).all()


def test_a_sum_that_overflows_on_its_way() -> None:
    """3e38 + 3e38 - 3e38 - 3e38 is 0, and each of the sums on the way has a place in float64."""
    net = pl.Network([pl.Affine(np.array([[3e38], [3e38], [-3e38], [-3e38]], np.float32))])
    assert net.predict(np.ones((1, 4))).tolist() == [[0.0]]


def test_double_precision_is_widened_where_the_platform_can() -> None:
    W = np.array([[1.5e308], [1.5e308], [-1.5e308], [-1.5e308]])
    net = pl.Network([pl.Affine(W)])
    if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
        assert net.predict(np.ones((1, 4))).tolist() == [[0.0]]
    else:
        with pytest.raises(pl.InputError, match="no outputs that fit float64"):
            net.predict(np.ones((1, 4)))


def test_outputs_that_do_not_fit_are_refused() -> None:
    net = pl.Network([pl.Affine(HUGE)])
    with pytest.raises(
        pl.InputError,
        match=r"row 1 has no outputs that fit float32 \(1 such rows in all\); .* weight is 3e\+38",
    ):
        net.predict([[0.5, 0.5], [1.0, 1.0]])
    rates = pl.Network([pl.Affine(np.eye(1)), pl.Exponential()])
    with pytest.raises(pl.InputError, match="row 0 has no outputs that fit"):
        rates.predict([[1000.0]])


def test_weights_that_are_not_finite_are_named() -> None:
    net = network()
    net.layers[0].params[0][3, 2] = np.nan
    with pytest.raises(pl.InputError, match=r"layer 0 \(Affine\) holds NaN or infinity in W"):
        net.predict(np.ones((1, 30)))
    with pytest.raises(pl.InputError, match=r"layer 0 \(Affine\) holds NaN or infinity in W"):
        net.predictor()(np.ones((1, 30), np.float32))


def test_outputs_of_ones_own_are_judged_alike() -> None:
    for strange in STRANGE:
        with pytest.raises(pl.InputError, match="row 1 has no class"):
            network().choose(np.array([[0.0, 1, 2], [strange, 0, 0]]))


def test_a_layer_of_ones_own_without_numbers_for_some_rows() -> None:
    class Root(pl.Layer):
        def forward(self, x: Array, draws: Any = None) -> Array:
            return np.sqrt(x)

    net = pl.Network([Root()])
    assert net.predict([[4.0]]).tolist() == [[2.0]]
    with pytest.raises(pl.InputError, match="row 0 has no outputs that fit"):
        net.predict([[-1.0]])


def test_missing_cells_of_a_table_are_no_error() -> None:
    ages: list[float | None] = [31, 54, None, 18] * 10
    table = {"age": ages, "t": [0, 1, 1, 0] * 10}
    net = pl.table_mlp(pl.Columns.of(table, target="t"), hidden=[4])
    for missing in (None, np.nan):
        assert np.isfinite(net.predict({"age": [missing, 20.0]})).all()
    with pytest.raises(pl.InputError, match=r"inf"):
        net.predict({"age": [np.inf]})
    with pytest.raises(pl.InputError, match="row 0 holds NaN"):
        net.predict(np.full((1, 2), np.nan))  # rows of numbers, past the columns


def test_estimators_follow_the_rule() -> None:
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    model = MLPClassifier((4,), max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    for call in (model.predict, model.predict_proba, model.predict_log_proba):
        for strange in STRANGE:
            with pytest.raises(ValueError, match=r"NaN|infinity"):
                call([[0.0, strange]])


def test_masked_values_are_missing_in_tables_and_refused_elsewhere() -> None:
    x = np.ma.masked_equal(np.array([[9, 1, 2], [3, 4, 5]] * 10, np.float32), 9)
    t = np.ma.masked_array(np.arange(20) % 2, mask=np.arange(20) == 3)
    net, plain = network("float32", 3), np.asarray(x)
    for way in ways(net).values():
        with pytest.raises(pl.InputError, match="without masked values, got 10 of them"):
            way(x)
        assert len(way(np.ma.masked_array(plain)))
    for samples in ((x, np.asarray(t)), (plain, t)):
        with pytest.raises(pl.InputError, match="without masked values"):
            pl.train(net, *samples, epochs=1)
        with pytest.raises(pl.InputError, match="without masked values"):
            pl.evaluate(net, *samples)
    with pytest.raises(pl.InputError, match="without masked values, got 1 of them"):
        pl.train(net, plain, np.asarray(t), epochs=1, sample_weight=t)
    columns = pl.Columns.of({"a": x[:, 0], "y": np.asarray(t)}, target="y")
    assert columns.names == ["a", "a missing"]


def test_estimators_refuse_masked_values() -> None:
    """scikit-learn's own checks take off the mask and say nothing."""
    plain, classes = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    X, y = (np.ma.masked_array(a, mask=np.arange(a.size) == 3) for a in (plain, classes))
    X = X.reshape(plain.shape)
    model = MLPClassifier((4,), max_iter=2, random_state=0)
    validation: dict[str, Any] = {"X_val": plain, "y_val": classes}
    for given in ((X, classes), (plain, y), (plain, classes, y)):
        with pytest.raises(pl.InputError, match="without masked values, got 1 of them"):
            model.fit(*given)
        with pytest.raises(pl.InputError, match="without masked values, got 1 of them"):
            model.partial_fit(*given, classes=[0, 1])
    for name, masked in (("X_val", X), ("y_val", y), ("sample_weight_val", y)):
        with pytest.raises(pl.InputError, match="without masked values, got 1 of them"):
            model.fit(plain, classes, **{**validation, name: masked})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of so few epochs
        model.fit(np.ma.masked_array(plain), np.ma.masked_array(classes))
    for call in (model.predict, model.predict_proba):
        with pytest.raises(pl.InputError, match="without masked values, got 1 of them"):
            call(X)


@pytest.mark.parametrize("kind", ["float32", "int64", "datetime64[ns]", "datetime64[D]", "object"])
def test_masked_cells_are_missing_in_estimators_for_tables(kind: str) -> None:
    """Also where the mask hides infinity, as that of `np.ma.masked_invalid` does."""
    cells = (np.arange(80) % 7).reshape(40, 2).astype(kind)
    if kind == "float32":
        cells[3, 1] = np.inf
    X, y = np.ma.masked_array(cells, mask=np.arange(80).reshape(40, 2) == 7), np.arange(40) % 2
    model = TableClassifier((4,), max_iter=2, random_state=0)
    missing = [list(row) for row in cells]
    missing[3][1] = None
    assert model.fit(X, y).network_.columns.names[-1].endswith(" missing")
    assert np.isfinite(model.predict_proba(X)).all()
    other = TableClassifier((4,), max_iter=2, random_state=0).fit(missing, y)
    assert np.array_equal(model.predict_proba(X), other.predict_proba(missing))
    with pytest.raises(pl.InputError, match="without masked values, got 2 of them"):
        model.fit(cells, np.ma.masked_array(y, mask=np.arange(40) < 2))
