"""Layers one at a time.

Examples worked by hand, what they refuse, and what has no twin in PyTorch.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pellucid as pl
from pellucid.core import chain
from pellucid.core.arrays import CACHE_LINE
from pellucid.core.draws import Draws
from pellucid.core.layer import Pass, walk
from pellucid.core.types import ArrayLike
from tests.core.tools import LEARNING, close, uniform_by_hand
from tests.narrowing import present


def test_affine_by_hand() -> None:
    layer = pl.Affine([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0.5, -0.5])
    x = np.array([[1.0, 0.0, 2.0]])
    # y = (1*1 + 0*3 + 2*5 + 0.5, 1*2 + 0*4 + 2*6 - 0.5)
    y = layer.forward(x)
    close(y, [[11.5, 13.5]], 0)
    # dx = dy W^T = (1*1 + 10*2, 1*3 + 10*4, 1*5 + 10*6), dW = x^T dy, db = dy
    dx, (dW, db) = layer.backward(Pass(x, y), np.array([[1.0, 10.0]]))
    close(dx, [[21.0, 43.0, 65.0]], 0)
    close(dW, [[1.0, 10.0], [0.0, 0.0], [2.0, 20.0]], 0)
    close(db, [1.0, 10.0], 0)


def test_sigmoid_by_hand() -> None:
    x = np.array([[0.0, np.log(3.0)]])
    y = pl.Sigmoid().forward(x)
    close(y, [[0.5, 0.75]], 1e-15)  # 1 / (1 + 1) and 1 / (1 + 1/3)
    dx, _ = pl.Sigmoid().backward(Pass(x, y), np.array([[4.0, 16.0]]))
    close(dx, [[1.0, 3.0]], 1e-15)  # 4 * 1/2 * 1/2 and 16 * 3/4 * 1/4


def one_pass(layer: pl.Layer, x: ArrayLike, dy: ArrayLike) -> tuple[Any, Any, list[Any]]:
    x, dy = np.array(x), np.array(dy)
    y = layer.forward(x)
    return y, *layer.backward(Pass(x, y), dy)


LN3 = np.log(3.0)


def test_elu_by_hand() -> None:
    y, dx, grads = one_pass(pl.ELU(6.0), [[2.0, 0.0, -LN3, -800.0]], [[5.0, 5.0, 5.0, 5.0]])
    close(y, [[2.0, 0.0, -4.0, -6.0]], 1e-15)  # 6 (1/3 - 1) and 6 (0 - 1)
    close(dx, [[5.0, 30.0, 10.0, 0.0]], 1e-15)  # 1, 6 exp(0), 6/3, 0
    assert grads == [] and pl.ELU().options() == {"alpha": 1.0}


def test_selu_by_hand() -> None:
    y, dx, _ = one_pass(pl.SELU(), [[2.0, -LN3, 800.0]], [[1.0, 1.0, 1.0]])
    # 1.0507 * 2, and 1.0507 * 1.6733 = 1.7581 times 1/3 - 1 and 1/3
    close(y[:, :2], [[2.101402, -1.172066]], 1e-6)
    close(dx, [[1.050701, 0.586033, 1.050701]], 1e-6)
    assert y[0, 2] == 1.0507009873554805 * 800  # nothing overflows


def test_prelu_by_hand() -> None:
    x, dy = [[2.0, -4.0], [-6.0, 8.0]], [[1.0, 10.0], [100.0, 1000.0]]
    y, dx, (dslope,) = one_pass(pl.PReLU(0.5), x, dy)
    close(y, [[2.0, -2.0], [-3.0, 8.0]], 0)
    close(dx, [[1.0, 5.0], [50.0, 1000.0]], 0)
    close(dslope, [-4.0 * 10 - 6.0 * 100], 0)
    each = pl.PReLU([0.5, 0.25])
    y, dx, (dslope,) = one_pass(each, x, dy)
    close(y, [[2.0, -1.0], [-3.0, 8.0]], 0)
    close(dx, [[1.0, 2.5], [50.0, 1000.0]], 0)
    close(dslope, [-600.0, -40.0], 0)
    assert pl.PReLU().slope.tolist() == [0.25] and pl.PReLU().slope.dtype == np.float32
    assert (pl.PReLU().input_width(), each.input_width()) == (None, 2)


def test_mish_by_hand() -> None:
    x = np.log(np.array([[2.0, 1 / 2]]))
    y, dx, _ = one_pass(pl.Mish(), x, [[1.0, 1.0]])
    # u = 1 + exp(x) is 3 and 3/2, so w = (u^2 - 1) / (u^2 + 1) is 4/5 and 5/13
    close(y, x * [0.8, 5 / 13], 1e-15)
    # w + x (1 - w^2) sigmoid(x), with sigmoids of 2/3 and 1/3
    close(dx, [0.8, 5 / 13] + x * [0.36 * 2 / 3, (1 - 25 / 169) / 3], 1e-15)
    assert pl.Mish().forward(np.array([[1e300, -1e300]])).tolist() == [[1e300, 0.0]]
    assert pl.Mish().forward(np.array([[-100.0]]))[0, 0] == pytest.approx(-100 * np.exp(-100))


def test_hardswish_by_hand() -> None:
    y, dx, _ = one_pass(pl.Hardswish(), [[-4.0, -1.5, 0.0, 3.0, 9.0]], [[2.0] * 5])
    close(y, [[0.0, -0.375, 0.0, 3.0, 9.0]], 1e-15)  # -1.5 * 1.5 / 6
    close(dx, [[0.0, 0.0, 1.0, 2.0, 2.0]], 1e-15)  # 2 (-1.5 / 3 + 1 / 2)
    far = pl.Hardswish().forward(np.array([[3e38, -3e38]], np.float32))
    assert far.tolist() == [[float(np.float32(3e38)), 0.0]]


def test_log_softmax_by_hand() -> None:
    y, dx, grads = one_pass(pl.LogSoftmax(), [[LN3, 0.0]], [[8.0, -4.0]])
    close(y, np.log([[0.75, 0.25]]), 1e-15)
    close(dx, [[5.0, -5.0]], 1e-15)  # 8 - 3/4 * 4 and -4 - 1/4 * 4
    assert grads == []
    close(pl.LogSoftmax().forward(np.array([[1000.0, 0.0]])), [[0.0, -1000.0]], 0)


def test_cross_entropy_replaces_log_softmax() -> None:
    """From the logits below it, so that no probability is formed."""
    z, t = np.array([[1000.0, 0.0], [0.0, LN3]]), np.array([1, 1])
    layers = [pl.Affine(np.eye(2)), pl.LogSoftmax()]
    depth = chain.loss_depth(layers, pl.CrossEntropy())
    assert depth == 1 == chain.loss_depth([pl.Affine(np.eye(2)), pl.Softmax()], pl.CrossEntropy())
    assert pl.CrossEntropy().value(chain.forward(layers[:depth], z).y, t) == pytest.approx(
        (1000 - np.log(0.75)) / 2
    )
    with pytest.raises(pl.InputError, match=r"ends in LogSoftmax: .* choose CrossEntropy"):
        chain.loss_depth(layers, pl.BinaryCrossEntropy())
    with pytest.raises(pl.InputError, match="LogSoftmax, which must be the last layer: remove Dro"):
        chain.loss_depth([*layers, pl.Dropout()], pl.CrossEntropy())


def test_log_probabilities_are_classes_with_a_confidence() -> None:
    net = pl.Network([pl.Affine(np.eye(3)), pl.LogSoftmax()])
    x = np.log([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
    close(net.predict(x), x, 1e-15)
    assert net.classify(x).tolist() == [1, 0]
    close(net.confidence(net.predict(x)), [0.5, 0.6], 1e-15)
    with pytest.raises(pl.InputError, match="a softmax over one output is always 1"):
        pl.mlp([2, 1], output="log_softmax")


def test_batch_norm_by_hand() -> None:
    layer = pl.BatchNorm(
        np.array([2.0]), [1.0], running_mean=[10.0], running_variance=[4.0], epsilon=0.0
    )
    x = np.array([[1.0], [3.0]])
    # mean 2, variance ((1 - 2)^2 + (3 - 2)^2) / 2 = 1, so x_hat = (-1, 1) and y = 2 x_hat + 1
    y = layer.forward(x, LEARNING)
    close(y, [[-1.0], [3.0]], 0)
    # dx_hat = 2 dy = (6, 2); its mean 4; mean of dx_hat x_hat = (-6 + 2) / 2 = -2; dx = dx_hat - 4
    # + 2 x_hat = (0, 0): two numbers are -1 and 1 after normalising, whatever they were. dgamma =
    # -3 + 1, dbeta = 3 + 1.
    dx, (dgamma, dbeta) = layer.backward(Pass(x, y, LEARNING), np.array([[3.0], [1.0]]))
    close(dx, [[0.0], [0.0]], 0)
    close(dgamma, [-2.0], 0)
    close(dbeta, [4.0], 0)
    # running mean 10 + 0.1 (2 - 10), running variance 4 + 0.1 (2 - 4): the batch's variance divided
    # by N - 1 is 2
    layer.observe(x, LEARNING)
    close(layer.running_mean, [9.2], 1e-15)
    close(layer.running_variance, [3.8], 1e-15)
    # answering: 2 (x - 9.2) / sqrt(3.8) + 1
    close(layer.forward(np.array([[9.2]])), [[1.0]], 1e-15)


def test_batch_norm_follows_pytorch_over_many_batches(generator: np.random.Generator) -> None:
    ours = pl.BatchNorm(np.ones(3), momentum=0.2)
    twin = torch.nn.BatchNorm1d(3, momentum=0.2, dtype=torch.float64)
    for N in (8, 2, 5, 33):
        x = generator.normal(1.0, 3.0, (N, 3))
        close(ours.forward(x, LEARNING), twin(torch.tensor(x)).detach().numpy())
        ours.observe(x, LEARNING)
        close(ours.running_mean, present(twin.running_mean).numpy())
        close(ours.running_variance, present(twin.running_var).numpy())
    twin.eval()
    close(ours.forward(x), twin(torch.tensor(x)).detach().numpy())


def test_batch_norm_of_one_row_moves_the_mean_only(generator: np.random.Generator) -> None:
    layer = pl.BatchNorm(np.ones(2))
    x = generator.normal(size=(1, 2))
    close(layer.forward(x, LEARNING), np.zeros((1, 2)), 0)
    layer.observe(x, LEARNING)
    close(layer.running_mean, 0.1 * x[0], 1e-15)
    close(layer.running_variance, [1.0, 1.0], 0)


def test_normalisation_begins_at_ones_and_zeros() -> None:
    for layer in (pl.BatchNorm(4), pl.LayerNorm(np.int64(4))):
        assert layer.epsilon == 1e-5
        for array in layer.arrays().values():
            assert array.shape == (4,) and array.dtype == np.float32
        close(layer.gamma, np.ones(4), 0)
        close(layer.beta, np.zeros(4), 0)
    norm = pl.BatchNorm(2)
    assert norm.momentum == 0.1
    close(norm.running_mean, [0.0, 0.0], 0)
    close(norm.running_variance, [1.0, 1.0], 0)


def test_standardize_measures_its_columns() -> None:
    x = np.array([[1.0, 7.0], [3.0, 7.0]])
    layer = pl.Standardize.of(x)
    close(layer.mean, [2.0, 7.0], 0)
    close(layer.std, [1.0, 1.0], 0)  # sqrt(((1 - 2)^2 + (3 - 2)^2) / 2), and 0 counts as 1
    assert layer.mean.dtype == np.float32
    assert pl.Standardize.of(x, np.float64).std.dtype == np.float64
    close(layer.forward(x.astype(np.float32)), [[-1.0, 0.0], [1.0, 0.0]], 0)


def test_standardize_undoes_itself() -> None:
    layer = pl.Standardize.undoing([10.0, -4.0], [2.0, 0.5], np.float64)
    np.testing.assert_array_equal(layer.mean, [-5, 8])
    np.testing.assert_array_equal(layer.std, [0.5, 2])
    x, y = np.array([[0.0, 0.0], [3.0, -1.0]]), np.array([[10.0, -4.0], [16.0, -4.5]])
    np.testing.assert_array_equal(layer.forward(x), y)  # x * std + mean
    np.testing.assert_array_equal(layer.invert(y), x)
    assert pl.Standardize.undoing([1.0], [3.0]).std.dtype == np.float32
    for std, dtype in ((0.0, np.float64), (1e-39, np.float32)):
        with pytest.raises(pl.InputError, match="cannot be undone"):
            pl.Standardize.undoing([0.0], [std], dtype)


def test_a_robust_standardize_is_not_moved_by_outliers() -> None:
    x = np.array(
        [[0.0, 5.0, 7.0], [1.0, 5.0, 7.0], [2.0, 5.0, 7.0], [3.0, 5.0, 7.0], [1e6, 9.0, 7.0]]
    )
    layer = pl.Standardize.robust(x, np.float64)
    close(layer.mean, [2.0, 5.0, 7.0], 0)
    close(
        layer.std, [2.0, 2.0, 1.0], 0
    )  # 3 - 1; the quartiles are equal: (9 - 5) / 2; all are: 0 counts as 1
    assert pl.Standardize.robust(x).mean.dtype == np.float32


def test_smooth_clip_by_hand() -> None:
    layer = pl.SmoothClip(4.0)
    x = np.array([[0.0, 3.0, -3.0, 1e300, -1e300]])
    close(layer.forward(x), [[0.0, 2.4, -2.4, 4.0, -4.0]], 1e-15)  # 3 / sqrt(1 + 9 / 16) = 3 / 1.25
    dx, grads = layer.backward(Pass(x, layer.forward(x)), np.ones_like(x))
    close(dx, [[1.0, 1 / 1.25**3, 1 / 1.25**3, 0.0, 0.0]], 1e-15)
    assert grads == []
    far = layer.forward(np.array([[-np.inf, np.inf, 1e38]], np.float32))
    assert far.tolist() == [[-4.0, 4.0, 4.0]]


def test_periodic_embedding_by_hand() -> None:
    layer = pl.PeriodicEmbedding(
        [[[0.5, 1.0]]], [[[0.0, 0.25]]], [[[3.0], [4.0]]], [[[10.0]]], [0.0, 1.0]
    )
    x = np.array([[7.0, 1.0], [8.0, 0.5]])
    # cos(pi) 3 + cos(2.5 pi) 4 + 10 = 7; cos(pi / 2) 3 + cos(1.5 pi) 4 + 10 = 10
    y = layer.forward(x)
    close(y, [[7.0, 1.0, 7.0], [8.0, 0.5, 10.0]], 1e-14)
    dx, (df, dphase, dW, db) = layer.backward(
        Pass(x, y), np.array([[1.0, 2.0, 1.0], [0.0, 0.0, 1.0]])
    )
    # dz = -2 pi sin(2 pi z) W: at the first row sines 0 and 1, at the second 1 and -1
    close(dphase, [[[-6 * np.pi, (-8 + 8) * np.pi]]], 1e-13)
    close(df, [[[-3 * np.pi, (-8 + 4) * np.pi]]], 1e-13)
    close(dW, [[[-1.0], [0.0]]], 1e-14)
    close(db, [[[2.0]]], 0)
    close(dx, [[1.0, 2.0 - 8 * np.pi], [0.0, (-6 * 0.5 + 8) * np.pi]], 1e-13)


def test_periodic_embedding_begins_with_waves_of_all_phases(generator: np.random.Generator) -> None:
    layer = pl.PeriodicEmbedding.draw([1, 0, 1], generator, waves=500, size=2, std=0.3)
    assert [p.shape for p in layer.params] == [(2, 1, 500), (2, 1, 500), (2, 500, 2), (2, 1, 2)]
    assert (
        abs(layer.frequency.std() / 0.3 - 1) < 0.1
        and abs(layer.phase).max() <= 0.5
        and layer.phase.std() > 0.25
    )
    assert abs(layer.W).max() <= 500**-0.5
    assert layer.input_width() == 3 and layer.output_width(3) == 7
    assert {array.dtype for array in layer.arrays().values()} == {np.dtype(np.float32)}


def test_category_embedding_by_hand() -> None:
    W = np.array([[0.0, 0.0], [1.0, 2.0], [5.0, 6.0], [7.0, 8.0]])
    layer = pl.CategoryEmbedding(W, [2.0, 0.0, 2.0])  # rows 0 and 1, no rows, rows 2 and 3
    x = np.array([[1.0, 9.0, 0.0], [0.0, 8.0, 1.0], [1.0, 7.0, 1.0]])
    y = layer.forward(x)
    close(y, [[9.0, 1.0, 2.0, 5.0, 6.0], [8.0, 0.0, 0.0, 7.0, 8.0], [7.0, 1.0, 2.0, 7.0, 8.0]], 0)
    dy = np.array([[10.0, 1.0, 2.0, 3.0, 4.0], [20.0, 5, 6, 7, 8], [30.0, 1.0, 1.0, 1.0, 1.0]])
    dx, (dW,) = layer.backward(Pass(x, y), dy)
    close(dW, [[5.0, 6.0], [2.0, 3.0], [3.0, 4.0], [8.0, 9.0]], 0)
    close(dx, [[0.0, 10.0, 0.0], [0.0, 20.0, 0.0], [0.0, 30.0, 0.0]], 0)


@pytest.mark.parametrize("strange", [-1.0, 2.0, 1e30, -1e30, np.nan, np.inf, -np.inf])
def test_what_is_no_index_counts_as_0(strange: float) -> None:
    layer = pl.CategoryEmbedding([[3.0], [4.0]], [2.0])
    assert layer.forward(np.array([[1.0], [strange], [1.5]])).tolist() == [[4.0], [3.0], [4.0]]


def test_an_unseen_category_begins_neutral(generator: np.random.Generator) -> None:
    layer = pl.CategoryEmbedding.draw([3, 0, 200], generator, size=5, std=0.2)
    assert layer.W.shape == (203, 5) and layer.W.dtype == np.float32
    assert not layer.W[[0, 3]].any() and np.delete(layer.W, [0, 3], 0).all()
    assert abs(layer.W[4:].std() / 0.2 - 1) < 0.1
    assert layer.input_width() == 3 and layer.output_width(3) == 1 + 2 * 5


def test_scale_multiplies_by_a_float32_in_every_type() -> None:
    factor = float(np.float32(1 / 255))
    assert factor != 1 / 255
    assert pl.Scale(1 / 255).factor == factor
    assert pl.Scale(1 / 255).forward(np.array([[255.0]]))[0, 0] == 255.0 * factor


@pytest.mark.parametrize(
    "draws", [LEARNING, Draws(row=5), Draws(seed=2**70, step=9, layer=4, row=1000)]
)
def test_dropout_draws_the_numbers_of_its_place(draws: Draws) -> None:
    close(draws.uniform(6, 3), uniform_by_hand(draws, 6, 3), 0)
    assert draws.uniform(0, 3).shape == (0, 3)


def test_batches_that_come_together_draw_as_one_by_one() -> None:
    together = Draws(7, 3, 2, batch_size=4).uniform(10, 5)
    one_by_one = [Draws(7, 3 + batch, 2).uniform(rows, 5) for batch, rows in enumerate([4, 4, 2])]
    close(together, np.concatenate(one_by_one), 0)


def test_dropout_uses_one_mask_forward_and_backward(generator: np.random.Generator) -> None:
    layer, x = pl.Dropout(0.4), np.ones((50, 20))
    y = layer.forward(x, LEARNING)
    dx, grads = layer.backward(Pass(x, y, LEARNING), np.ones_like(x))
    assert np.array_equal(present(dx), y)
    assert grads == []
    assert set(np.unique(y)) == {0.0, 1 / 0.6}


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_rate_and_keeps_the_mean(rate: float) -> None:
    y = pl.Dropout(rate).forward(np.ones((400, 250)), LEARNING)
    # 100,000 draws: the share's deviation is at most 0.0016
    assert abs(np.mean(y == 0) - rate) < 0.008
    assert abs(y.mean() - 1) < 0.05


def test_dropout_keeps_all_at_rate_0_and_when_answering() -> None:
    x = np.ones((3, 4))
    assert np.array_equal(pl.Dropout(0.0).forward(x, LEARNING), x)
    assert np.array_equal(pl.Dropout(0.9).forward(x), x)
    assert np.array_equal(present(pl.Dropout(0.9).backward(Pass(x, x), 2 * x)[0]), 2 * x)


def test_dropout_is_the_same_in_shards() -> None:
    layer, x = pl.Dropout(0.5), np.ones((12, 7))
    whole = layer.forward(x, LEARNING)
    parts = [layer.forward(x[i : i + 5], LEARNING._replace(row=i)) for i in (0, 5, 10)]
    assert np.array_equal(np.concatenate(parts), whole)


def test_dropout_differs_by_seed_step_and_layer() -> None:
    layer, x = pl.Dropout(0.5), np.ones((8, 32))
    places = [Draws().at(0), Draws(seed=1).at(0), Draws(step=1).at(0), Draws().at(1)]
    places += [Draws(seed=1, step=2).at(0), Draws(seed=2, step=1).at(0), Draws().at(0).at(0)]
    masks = [layer.forward(x, place) for place in places]
    for index, mask in enumerate(masks):
        for other in masks[:index]:
            assert 0.3 < np.mean(mask == other) < 0.7  # independent masks agree on half


def test_places_of_layers_never_meet() -> None:
    """Layers of a network and layers within a Residual draw from streams of their own."""
    top = [Draws().at(index).layer for index in range(100)]
    inner = [Draws().at(i).at(j).layer for i in range(100) for j in range(100)]
    innermost = [
        Draws().at(i).at(j).at(k).layer for i in range(20) for j in range(20) for k in range(20)
    ]
    every = top + inner + innermost
    assert len(set(every)) == len(every)
    assert min(every) == 1
    assert Draws(seed=5, step=6, row=7).at(2) == Draws(seed=5, step=6, layer=3, row=7)
    assert Draws(layer=3).at(2).layer == 3 * 4096 + 3
    assert Draws() == (0, 0, 0, 0, 0)


def test_residual_learns_as_the_sum_of_both_ways(generator: np.random.Generator) -> None:
    """y = x + f(x), so dx = dy + f's dx and the grads are f's own."""
    inner = [
        pl.Affine(generator.normal(size=(3, 4))),
        pl.BatchNorm(np.ones(4)),
        pl.Affine(generator.normal(size=(4, 3))),
    ]
    layer = pl.Residual(inner)
    x, dy = generator.normal(size=(2, 6, 3))
    trace = chain.forward(inner, x, LEARNING)
    inner_dx, inner_grads = chain.backward(inner, trace, dy)
    y = layer.forward(x, LEARNING)
    dx, grads = layer.backward(Pass(x, y, LEARNING), dy)
    close(y, x + trace.y, 0)
    close(dx, dy + inner_dx, 0)
    for ours, theirs in zip(grads, inner_grads, strict=True):
        close(ours, theirs, 0)
    assert layer.backward(Pass(x, y, LEARNING, needs_dx=False), dy)[0] is None
    assert list(layer.arrays()) == [
        "0.W",
        "1.gamma",
        "1.beta",
        "1.running_mean",
        "1.running_variance",
        "2.W",
    ]


def test_skips_with_a_projection_by_hand() -> None:
    x, dy = [[2.0, 3.0]], [[1.0, 10.0]]
    own, side = pl.Affine([[1.0], [4.0]]), pl.Affine([[5.0], [6.0]])
    y, dx, grads = one_pass(pl.Residual([own], [side]), x, [[10.0]])
    close(y, [[2 + 12 + 10 + 18]], 0)
    close(dx, [[10 * (1 + 5), 10 * (4 + 6)]], 0)
    close(grads, [[[20.0], [30.0]]] * 2, 0)
    y, dx, grads = one_pass(pl.Concatenate([own], [side]), x, dy)
    close(y, [[10 + 18, 2 + 12]], 0)  # the projection's columns first
    close(dx, [[1 * 5 + 10 * 1, 1 * 6 + 10 * 4]], 0)
    close(grads[0], [[20.0], [30.0]], 0)  # of the layers, by 10
    close(grads[1], [[2.0], [3.0]], 0)
    y, dx, _ = one_pass(pl.Concatenate([own]), x, [[1.0, 2.0, 10.0]])
    close(y, [[2.0, 3.0, 14.0]], 0)
    close(dx, [[1 + 10 * 1, 2 + 10 * 4]], 0)
    layer = pl.Concatenate([own, pl.Tanh()], [side])
    assert list(layer.arrays()) == ["0.W", "2.W"]
    assert repr(layer) == "Concatenate([Affine(W), Tanh()], projection=[Affine(W)])"
    assert (layer.options(), pl.Residual([own], [side]).options()) == ({"projection": 1},) * 2
    assert pl.Residual([pl.Tanh()]).options() == {}


def test_residual_passes_what_it_sees_on_to_its_buffers(generator: np.random.Generator) -> None:
    norm = pl.BatchNorm(np.ones(3))
    layer = pl.Residual([pl.Scale(2.0), pl.Residual([norm, pl.Tanh()])])
    x = generator.normal(size=(5, 3))
    layer.observe(x, LEARNING)
    close(norm.running_mean, 0.1 * (2 * x).mean(axis=0), 1e-14)
    assert len(layer.buffers) == 2
    pl.Residual([pl.Tanh()]).observe(x, LEARNING)  # nothing to remember, nothing done


def test_assigning_writes_into_the_layers_own_array() -> None:
    layer = pl.Affine([[1.0], [2.0]], [3.0])
    W = layer.W
    layer.W = [[5.0], [6.0]]
    assert layer.W is W
    close(W, [[5.0], [6.0]], 0)
    with pytest.raises(pl.InputError, match=r"Affine\.W has shape \(2, 1\) and .* shape \(3, 1\)"):
        layer.W = np.zeros((3, 1))
    assert isinstance(type(layer).W, object) and type(layer).parameter_names == ("W", "b")
    assert pl.BatchNorm.parameter_names == ("gamma", "beta")
    assert pl.BatchNorm.buffer_names == ("running_mean", "running_variance")


def test_arrays_keep_their_type_and_whole_numbers_become_float32() -> None:
    assert pl.Affine(np.ones((2, 2), np.float64)).W.dtype == np.float64
    assert pl.Affine(np.ones((2, 2), np.float32)).W.dtype == np.float32
    assert pl.Affine(np.ones((2, 2), np.float16)).W.dtype == np.float32
    assert pl.Affine([[1, 2]]).W.dtype == np.float32
    assert (
        present(pl.Affine(np.ones((2, 2), np.float32), np.zeros(2, np.float64)).b).dtype
        == np.float32
    )
    W = np.ones((3, 2)).T
    layer = pl.Affine(W)
    assert layer.W.flags["C_CONTIGUOUS"]
    W[0, 0] = 9.0
    assert layer.W[0, 0] == 1.0


loose: Any = pl  # without its types: for values that are wrong on purpose


def embedding(**changed: ArrayLike) -> pl.PeriodicEmbedding:
    arrays: dict[str, Any] = {
        "frequency": np.zeros((1, 1, 2)),
        "phase": np.zeros((1, 1, 2)),
        "W": np.zeros((1, 2, 1)),
        "b": np.zeros((1, 1, 1)),
        "embedded": [1.0, 0.0],
    }
    return pl.PeriodicEmbedding(**{**arrays, **changed})


REFUSED = {
    "W of one axis": (lambda: pl.Affine(np.zeros(3)), r"\(inputs, outputs\).*got \(3,\)"),
    "no outputs": (lambda: pl.Affine(np.zeros((3, 0))), r"got \(3, 0\)"),
    "b too long": (
        lambda: pl.Affine(np.zeros((3, 2)), np.zeros(3)),
        r"biases of shape \(2,\), got \(3,\)\. If W is PyTorch's, of shape \(out, in\), pass W\.T",
    ),
    "text": (lambda: pl.Affine([["a"]]), r"an array of numbers, got \[\['a'\]\] \(<U1\)"),
    "ragged": (lambda: pl.Affine([[1.0], [2.0, 3.0]]), "rows of different lengths"),
    "ELU": (lambda: pl.ELU(float("inf")), "alpha .* got inf"),
    "no slopes": (lambda: pl.PReLU([]), r"one slope, or slopes of shape \(columns,\).*\(0,\)"),
    "slopes": (lambda: pl.PReLU(np.zeros((1, 2))), r"got shape \(1, 2\)"),
    "GELU": (lambda: pl.GELU("erf"), '"none" or "tanh", not \'erf\''),
    "Scale 0": (lambda: pl.Scale(0.0), "finite factor other than 0, got 0.0"),
    "Scale too small": (lambda: pl.Scale(1e-60), "got 1e-60"),
    "Scale too large": (lambda: pl.Scale(1e39), r"got 1e\+39"),
    "Scale nan": (lambda: pl.Scale(float("nan")), "got nan"),
    "Dropout 1": (lambda: pl.Dropout(1.0), "rate must be in \\[0, 1\\), got 1.0"),
    "Dropout below 0": (lambda: pl.Dropout(-0.1), "got -0.1"),
    "Dropout nan": (lambda: pl.Dropout(float("nan")), "got nan"),
    "BatchNorm width": (lambda: pl.BatchNorm(0), "width must be a whole number .* got 0"),
    "LayerNorm width": (lambda: pl.LayerNorm(2.5), "got 2.5"),
    "gamma": (
        lambda: pl.LayerNorm(np.zeros((2, 2))),
        r"LayerNorm expects a width.*got shape \(2, 2\)",
    ),
    "no gamma": (lambda: pl.LayerNorm(np.zeros(0)), r"got shape \(0,\)"),
    "beta": (
        lambda: pl.LayerNorm(3, np.zeros(2)),
        r"LayerNorm: beta must have shape \(3,\), got \(2,\)",
    ),
    "running mean": (
        lambda: pl.BatchNorm(3, running_mean=np.zeros(2)),
        "running_mean must have shape",
    ),
    "running variance": (
        lambda: pl.BatchNorm(1, running_variance=[-1.0]),
        "running_variance must be 0 or more",
    ),
    "mean": (lambda: pl.Standardize(np.zeros((2, 2)), np.zeros(2)), r"got shape \(2, 2\)"),
    "no mean": (lambda: pl.Standardize([], []), r"got shape \(0,\)"),
    "std": (lambda: pl.Standardize([0.0], [1.0, 2.0]), r"std must have shape \(1,\), got \(2,\)"),
    "std below 0": (lambda: pl.Standardize([0.0], [-1.0]), "deviations of 0 or more"),
    "std inf": (lambda: pl.Standardize([0.0], [np.inf]), "finite standard deviations"),
    "mean nan": (lambda: pl.Standardize([np.nan], [1.0]), "finite means"),
    "no rows": (lambda: pl.Standardize.of(np.zeros((0, 2))), r"at least one row.*\(0, 2\)"),
    "one axis": (lambda: pl.Standardize.of([1.0, 2.0]), r"\(2,\)"),
    "robust rows": (lambda: pl.Standardize.robust(np.zeros((0, 2))), r"at least one row.*\(0, 2\)"),
    "limit": (lambda: pl.SmoothClip(0.0), "limit must be a finite number above 0, got 0.0"),
    "embedded": (lambda: embedding(embedded=[1.0, 0.5]), r"with E ones among zeros.*and \(2,\)"),
    "too few embedded": (lambda: embedding(embedded=[0.0, 0.0]), "with E ones"),
    "frequency": (
        lambda: embedding(frequency=np.zeros((1, 1, 3))),
        r"got \(1, 1, 3\), \(1, 1, 2\)",
    ),
    "embedding's W": (lambda: embedding(W=np.zeros((2, 1))), r"W \(E, F, K\)"),
    "a table of three axes": (
        lambda: pl.CategoryEmbedding(np.zeros((2, 1, 3)), [2.0]),
        r"W \(V, K\).*got \(2, 1, 3\) and \(1,\), which sum to 2.0",
    ),
    "sizes of another sum": (
        lambda: pl.CategoryEmbedding(np.zeros((2, 3)), [2.0, 1.0]),
        "whose sum is V.*sum to 3.0",
    ),
    "no sizes": (lambda: pl.CategoryEmbedding(np.zeros((0, 3)), [0.0]), "whose sum is V"),
    "half sizes": (lambda: pl.CategoryEmbedding(np.zeros((2, 3)), [0.5, 1.5]), "whole numbers"),
    "sizes below 0": (lambda: pl.CategoryEmbedding(np.zeros((2, 3)), [-1.0, 3.0]), "0 or more"),
    "sizes nan": (lambda: pl.CategoryEmbedding(np.zeros((2, 3)), [np.nan, 2.0]), "sum to nan"),
    "size of an embedding": (
        lambda: pl.CategoryEmbedding.draw([2.0], np.random.default_rng(0), size=0),
        "size must be a whole number of 1 or more",
    ),
    "waves": (
        lambda: pl.PeriodicEmbedding.draw([1.0], np.random.default_rng(0), waves=0),
        "waves must be a whole number of 1 or more",
    ),
    "no columns": (
        lambda: pl.PeriodicEmbedding.draw([0.0], np.random.default_rng(0)),
        "E ones among zeros",
    ),
    "Residual of nothing": (lambda: pl.Residual([]), "at least one layer"),
    "Residual of no layers": (lambda: loose.Residual([3]), "at least one layer"),
    "Residual width": (lambda: pl.Residual([pl.Affine(np.zeros((3, 2)))]), "3 in, 2 out"),
    "projection": (
        lambda: pl.Residual([pl.Affine(np.zeros((3, 2)))], [pl.Affine(np.zeros((3, 1)))]),
        "its layers have 2 outputs, but its projection has 1",
    ),
    "projection inputs": (
        lambda: pl.Concatenate([pl.Affine(np.zeros((3, 2)))], [pl.Affine(np.zeros((4, 1)))]),
        "Affine expects 4 inputs in each row, got 3",
    ),
    "a projection that is no list": (
        lambda: loose.Residual([pl.Tanh()], projection=1),
        "Residual expects a list",
    ),
    "Residual inner": (
        lambda: pl.Residual([pl.Affine(np.zeros((3, 2))), pl.Affine(np.zeros((3, 3)))]),
        "Affine expects 3 inputs in each row, got 2",
    ),
}


@pytest.mark.parametrize(("build", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(build: Callable[..., Any], message: str) -> None:
    with pytest.raises(pl.InputError, match=message):
        build()


def test_what_is_at_the_border_is_taken() -> None:
    assert pl.Dropout(0.0).rate == 0.0
    assert pl.BatchNorm(1, running_variance=[0.0]).running_variance[0] == 0.0
    assert pl.LayerNorm(1).gamma.size == 1
    assert pl.Standardize([1.0], [0.0]).std[0] == 1.0


def test_a_base_layer_says_nothing() -> None:
    layer = pl.Layer()
    for call in (
        lambda: layer.forward(np.zeros((1, 1))),
        lambda: layer.backward(Pass(np.zeros((1, 1)), np.zeros((1, 1))), np.zeros((1, 1))),
    ):
        with pytest.raises(NotImplementedError):
            call()
    assert (
        layer.params == []
        and layer.buffers == []
        and layer.arrays() == {}
        and layer.options() == {}
    )


def test_arrays_are_aligned_wherever_they_come_from(tmp_path: Path) -> None:
    """Made, copied, converted, unpickled, collapsed or loaded: at the start of a cache line."""
    net = pl.mlp([7, 5, 3], activation="tanh", seed=0, normalization="batch", pixels=False)
    net.save(tmp_path / "net.safetensors")
    linear = pl.Network([pl.Affine(np.ones((7, 5)), np.ones(5)), pl.Affine(np.ones((5, 3)))])
    nested = pl.Network([pl.Residual([pl.Affine(np.ones((3, 3)))])])
    for other in (
        net,
        net.copy(),
        net.astype("float64"),
        pickle.loads(pickle.dumps(net)),  # noqa: S301
        pl.load(tmp_path / "net.safetensors"),
        linear.collapse(),
        nested.copy(),
        pickle.loads(pickle.dumps(nested)),  # noqa: S301
    ):
        for layer in walk(other.layers):
            for array in layer.arrays().values():
                assert array.ctypes.data % CACHE_LINE == 0
                assert array.flags.c_contiguous and array.flags.writeable


def test_a_constant_column_has_no_standard_deviation() -> None:
    """Its mean is rounded, so the standard deviation of equal numbers may be 1e-17 and not 0."""
    x = np.full((50, 1), 0.1)
    assert x.std() > 0
    layer = pl.Standardize.of(x, np.float64)
    assert layer.std[0] == 1
    assert abs(layer.forward(np.array([[1.03]]))[0, 0] - 0.93) < 1e-12


def test_a_transposed_weight_is_named() -> None:
    W = np.ones((5, 3))
    with pytest.raises(pl.InputError, match=r"got 5\. If W is PyTorch's, .* pass W\.T"):
        pl.Network([pl.Affine(np.ones((2, 5))), pl.Affine(W.T)])
    with pytest.raises(pl.InputError, match=r"shape \(3,\), got \(5,\)\. If W is PyTorch's"):
        pl.Affine(W, np.ones(5))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_wherever_a_network_predicts(bad: float) -> None:
    net = pl.mlp([2, 3, 2], output="softmax", seed=0)
    x = np.array([[1.0, 1.0], [bad, 1.0]], np.float32)
    for ask in (net, net.predict, net.predictor(), net.forward, net.classify, net.labels):
        with pytest.raises(pl.InputError, match=r"row 1 holds NaN or infinity"):
            ask(x)


def test_nesting_has_a_limit() -> None:
    """An error and no RecursionError, whatever is done with the layers later."""
    layer: pl.Layer = pl.Tanh()
    with pytest.raises(pl.InputError, match="nested 64 deep"):
        for _ in range(2000):
            layer = pl.Residual([layer])
    assert np.isfinite(pl.Network([layer]).copy().predict(np.ones((1, 2)))).all()
