"""What every engine keeps when it predicts.

An engine that `pellucid.engines` makes is found here by itself.
"""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import chain
from pellucid.core.types import Array
from pellucid.engines import make_engine
from tests.engines.every_engine import bits, close, data, every_engine, network, worker
from tests.engines.tools import every_type
from tests.proving import PATIENCE


@every_engine
@every_type
@pytest.mark.parametrize("N", [0, 1, 7, 4095, 4096, 4097, 10_000])
def test_answers_are_the_chains(engine: str, dtype: type, N: int) -> None:
    net = network(dtype)
    x = data(N, dtype)[0]
    y = make_engine(net.layers, engine=engine).predict(x)
    assert y.shape == (N, 4)
    close(y, chain.predict(net.layers, x))


@every_engine
def test_each_row_has_an_answer_of_its_own(engine: str) -> None:
    """Whatever block or batch a row comes in.

    To the last bits, which BLAS may round in another order.
    """
    net = network(np.float64)
    x = data(9000, np.float64)[0]
    whole = make_engine(net.layers, engine=engine).predict(x)
    for start in (0, 4090, 8999):
        close(
            make_engine(net.layers, engine=engine).predict(x[start : start + 10]),
            whole[start : start + 10],
        )


@every_engine
def test_what_is_answered(engine: str) -> None:
    pictures = pl.mlp([784, 8, 3], pixels=True, seed=0)
    bytes_ = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    made = make_engine(pictures.layers, engine=engine)
    expected = made.predict(bytes_)
    assert np.array_equal(made.predict(bytes_.reshape(5, 784)), expected)
    assert np.array_equal(made.predict(bytes_.astype(np.float64)), expected)
    assert np.array_equal(made.predict(bytes_[::-1]), made.predict(bytes_[::-1].copy()))
    assert np.array_equal(made.predict(np.asfortranarray(bytes_)), expected)
    assert np.array_equal(made.predict(bytes_.tolist()), expected)


@every_engine
@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (5.0, "rows of shape"),
        (np.ones(3), "rows of shape"),
        (np.ones((2, 4)), "3 numbers"),
        ([["a"] * 3], "numbers"),
    ],
)
def test_what_cannot_be_answered(engine: str, x: Any, reason: str) -> None:
    with pytest.raises(pl.InputError, match=reason):
        make_engine(network().layers, engine=engine).predict(x)


@every_engine
def test_answering_changes_nothing(engine: str) -> None:
    net = network()
    before = bits(net)
    x = data()[0]
    kept = x.copy()
    made = worker(net, engine)
    assert np.array_equal(made.predict(x), made.predict(x))
    assert bits(net) == before
    assert np.array_equal(x, kept)
    assert made.state["step"] == 0


# Predictors


@every_type
def test_the_predictor_is_predict_in_eight_threads(dtype: type) -> None:
    net = network(dtype)
    predict = net.predictor()
    x = data(800, dtype)[0]
    blocks = [x[start : start + 100] for start in range(0, 800, 100)]
    expected = [net.predict(block) for block in blocks]
    together = threading.Barrier(8)

    def answer(index: int) -> bool:
        together.wait(PATIENCE)
        return all(predict(blocks[index]).tobytes() == expected[index].tobytes() for _ in range(30))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(answer, range(8)))


@every_engine
@every_type
def test_a_predictor_takes_what_predict_takes(engine: str, dtype: type) -> None:
    net = network(dtype)
    made = make_engine(net.layers, engine=engine)
    predict, (x, _, _) = made.predictor(), data(20, dtype)
    expected = made.predict(x)
    wide: Array = np.zeros((20, 6), dtype)
    wide[:, ::2] = x
    misaligned: Array = np.frombuffer(b"." + x.tobytes(), dtype, offset=1).reshape(20, 3)
    swapped = x.astype(x.dtype.newbyteorder())
    for given in (
        x,
        x.tolist(),
        wide[:, ::2],
        np.asfortranarray(x),
        misaligned,
        swapped,
        x.astype(np.float64),
    ):
        np.testing.assert_allclose(predict(given), expected, rtol=1e-6)
        assert predict(given).dtype == dtype
    assert predict(x[:0]).shape == (0, 4)
    assert predict(x[:1]).tobytes() == expected[:1].tobytes()
    assert predict(x) is not predict(x)
    wrongs: list[Any] = [x[:, :2], x[0], x.astype(str), None, object()]
    for wrong in wrongs:
        with pytest.raises(pl.InputError) as refused:
            predict(wrong)
        with pytest.raises(pl.InputError) as plainly:
            made.predict(wrong)
        assert str(refused.value) == str(plainly.value)
    for arguments in ((), (x, x)):
        with pytest.raises(TypeError):
            predict(*arguments)


@every_engine
@every_type
@pytest.mark.parametrize(
    "head",
    [
        [pl.Flatten(), pl.Scale(1 / 255)],
        [pl.Scale(1 / 255)],
        [pl.Standardize(np.full(6, 9.0), np.full(6, 3.0))],
    ],
    ids=["pictures", "bytes", "whole numbers"],
)
def test_a_predictor_takes_bytes_where_the_network_scales(
    engine: str, dtype: type, head: list[pl.Layer]
) -> None:
    generator = np.random.default_rng(0)
    net = pl.Network([*head, *pl.mlp([6, 4, 2], seed=0, dtype=np.float64).layers]).astype(dtype)
    made = make_engine(net.layers, engine=engine)
    predict, x = made.predictor(), generator.integers(0, 256, (9, 6), np.uint8)
    for given in (
        x,
        x[:1],
        x[:0],
        x[::2],
        x.astype(dtype),
        x.astype(np.int64),
        x.tolist(),
        np.asfortranarray(x),
    ):
        assert predict(given).tobytes() == made.predict(np.asarray(given)).tobytes()
        assert predict(given).dtype == dtype
    pictures = x.reshape(9, 2, 3)
    if isinstance(head[0], pl.Flatten):
        for given in (pictures, pictures[:1], pictures.reshape(9, 1, 3, 2), pictures.astype(dtype)):
            assert predict(given).tobytes() == made.predict(x[: len(given)]).tobytes()
            assert made.predict(given).tobytes() == made.predict(x[: len(given)]).tobytes()
    wrongs = [x[:, :5], x[0], pictures[:, :, :2], x.astype(np.int8)[:, :3], np.uint8(3)]
    for wrong in wrongs if isinstance(head[0], pl.Flatten) else [*wrongs, pictures]:
        with pytest.raises(pl.InputError):
            predict(wrong)


@every_engine
def test_what_is_out_of_the_ordinary_goes_another_way(engine: str) -> None:
    net, x = network(), data(3)[0]
    predict = make_engine(net.layers, engine=engine).predictor(
        lambda x: np.full((1, 1), len(np.asarray(x)))
    )
    assert predict([1, 2]).tolist() == [[2]]
    assert predict(x[:, :2]).tolist() == [[3]]
    assert engine == "reference" or predict(x).shape == (3, 4)


@every_engine
def test_a_predictor_keeps_what_it_needs(engine: str) -> None:
    net = network()
    x = data()[0]
    expected, predict = net.predict(x), make_engine(net.layers, engine=engine).predictor()
    del net
    gc.collect()
    np.testing.assert_allclose(predict(x), expected, rtol=1e-4, atol=1e-5)
    kept = weakref.ref(predict.__self__) if hasattr(predict, "__self__") else None
    del predict
    gc.collect()
    assert kept is None or kept() is None
