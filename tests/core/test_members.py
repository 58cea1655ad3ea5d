"""Members: worked by hand, what they refuse, and where they may be in a network."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import chain, checks
from pellucid.core.descent import descend
from pellucid.core.layer import Pass
from pellucid.core.members import JOINS, Members, alone, members_of
from pellucid.core.types import Array
from tests.core.tools import LEARNING, close


def one(*W: list[float]) -> list[pl.Layer]:
    """Return the layers of a member: one Affine, a row of weights for each input."""
    return [pl.Affine(np.array(W))]


LN2, LN3 = math.log(2), math.log(3)


def test_values_by_hand() -> None:
    layer = pl.Members([one([1.0, 0.0]), one([3.0, 4.0])])
    x, dy = np.array([[10.0]]), np.array([[2.0, 4.0]])
    y = layer.forward(x)
    close(y, [[20.0, 20.0]], 0)
    dx, grads = layer.backward(Pass(x, y), dy)
    # dz = dy / 2 for both: dW = 10 (1, 2), and dx = 1 * 1 + 1 * 3 + 2 * 4
    close(grads, [[[10.0, 20.0]]] * 2, 0)
    close(dx, [[12.0]], 0)


def test_probabilities_by_hand() -> None:
    # softmax(0, ln 3) = (1/4, 3/4) and softmax(ln 3, 0) = (3/4, 1/4); mean (1/2, 1/2)
    layer = pl.Members([one([0.0, LN3]), one([LN3, 0.0])], "probabilities")
    x = np.array([[1.0]])
    y = layer.forward(x)
    close(y, [[-LN2, -LN2]], 1e-15)
    # dy = (4, 0): shares of class 0 are 1/4 and 3/4, so w = (1, 0) and (3, 0);
    # dz = w - p sum(w) = (1 - 1/4, -3/4) and (3 - 9/4, -3/4)
    _, grads = layer.backward(Pass(x, y), np.array([[4.0, 0.0]]))
    close(grads, [[[0.75, -0.75]], [[0.75, -0.75]]], 1e-15)


def test_sigmoids_by_hand() -> None:
    # sigmoid(ln 3) = 3/4 and sigmoid(0) = 1/2: mean 5/8, logit ln(5/3)
    layer = pl.Members([one([LN3]), one([0.0])], "sigmoids")
    x = np.array([[1.0]])
    y = layer.forward(x)
    close(y, [[math.log(5 / 3)]], 1e-15)
    # d logit(m) / dm = 1 / (5/8 * 3/8) = 64/15; dm / dz = p (1 - p) / 2 = 3/32 and 1/8
    _, grads = layer.backward(Pass(x, y), np.array([[15.0]]))
    close(grads, [[[6.0]], [[8.0]]], 1e-14)


@pytest.mark.parametrize("join", ["probabilities", "sigmoids"])
def test_no_probability_becomes_0_before_it_is_too_small(join: str) -> None:
    """Members that are certain, of the same or of opposite classes."""
    layer = pl.Members([one([800.0, 0.0]), one([799.0, 0.0])], join)
    y = layer.forward(np.array([[1.0], [-1.0]]))
    assert np.isfinite(y).all()
    assert y[1, 0] < -798
    dx, grads = layer.backward(Pass(np.array([[1.0], [-1.0]]), y), np.ones((2, 2)))
    assert dx is not None and np.isfinite(dx).all()
    assert all(np.isfinite(grad).all() for grad in grads)


def test_softmax_behind_is_the_mean_of_the_members(generator: np.random.Generator) -> None:
    nets = [pl.mlp([4, 6, 3], "tanh", "softmax", seed=seed) for seed in range(5)]
    x = generator.normal(size=(20, 4)).astype(np.float32)
    joined = pl.ensemble(nets)
    expected = np.mean([net.predict(x) for net in nets], axis=0)
    close(joined.predict(x), expected, 1e-6)
    for net, member in zip(nets, joined.members, strict=True):
        assert member.predict(x).tobytes() == net.predict(x).tobytes()
        assert member.layers[0] is net.layers[0]
    trace = joined.forward(x)
    assert trace.names == ["Members", "Softmax"]


def test_names_of_arrays_count_through_all_members() -> None:
    layer = pl.Members([[pl.BatchNorm(2), pl.Tanh(), pl.Affine(np.eye(2))] for _ in range(2)])
    names = ["0.gamma", "0.beta", "0.running_mean", "0.running_variance", "2.W"]
    later = ["3.gamma", "3.beta", "3.running_mean", "3.running_variance", "5.W"]
    assert list(layer.arrays()) == names + later
    assert repr(pl.Members([one([1.0])] * 1)) == "Members(1 * [[Affine(W)]], join='values')"


def test_buffers_see_their_members_input(generator: np.random.Generator) -> None:
    norms = [pl.BatchNorm(np.ones(3)) for _ in range(2)]
    weights = [(m + 1) * np.eye(3) for m in range(2)]
    pairs = zip(weights, norms, strict=True)
    layer = pl.Members([[pl.Affine(W), norm] for W, norm in pairs])
    x = generator.normal(size=(5, 3))
    layer.observe(x, LEARNING)
    for m, norm in enumerate(norms):
        close(norm.running_mean, 0.1 * (m + 1) * x.mean(axis=0), 1e-14)
    pl.Members([[pl.Tanh()]]).observe(x, LEARNING)  # nothing to remember, nothing done


def test_alone_is_the_network_of_one_member() -> None:
    net = pl.ensemble(pl.mlp([3, 4, 2], output="softmax", pixels=True, seed=s) for s in range(3))
    inside = members_of(net.layers)
    assert inside is not None and inside is net.layers[2]
    assert [type(layer).__name__ for layer in net.layers] == [
        "Flatten",
        "Scale",
        "Members",
        "Softmax",
    ]
    assert alone(net.layers, 1) == (*net.layers[:2], *inside.members[1], net.layers[3])
    plain = pl.mlp([3, 2])
    assert members_of(plain.layers) is None
    assert alone(plain.layers) == plain.layers
    assert plain.members == ()


def test_a_copy_keeps_its_members_together() -> None:
    layer = pl.Members([one([1.0]), one([2.0])])
    again = copy.deepcopy(layer)
    assert [member[0] for member in again.members] == list(again.inner)
    again.inner[1].params[0][...] = 5.0
    close(again.forward(np.ones((1, 1))), [[3.0]], 0)
    close(layer.forward(np.ones((1, 1))), [[1.5]], 0)


ONES = np.ones((2, 2))
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "no members": (lambda: pl.Members([]), "at least one layer for each member"),
    "an empty member": (lambda: pl.Members([[pl.Tanh()], []]), "at least one layer for each"),
    "no list": (lambda: pl.Members(3), "at least one layer for each"),  # type: ignore[arg-type]
    "another join": (lambda: pl.Members([[pl.Tanh()]], "median"), "one of values, prob"),
    "other shapes": (
        lambda: pl.Members([[pl.Affine(ONES)], [pl.Affine(np.ones((2, 3)))]]),
        "member 1 differs from member 0",
    ),
    "other settings": (
        lambda: pl.Members([[pl.Dropout(0.1)], [pl.Dropout(0.2)]]),
        "member 1 differs from member 0",
    ),
    "a shared layer": (
        lambda: pl.Members([[(layer := pl.Affine(ONES))], [layer]]),
        "needs layers of its own",
    ),
    "an end that belongs behind": (
        lambda: pl.Members([[pl.Affine(ONES), pl.Softmax()]]),
        "put Softmax behind Members",
    ),
    "members within": (lambda: pl.Members([[pl.Members([[pl.Tanh()]])]]), "cannot hold other"),
    "within a skip": (
        lambda: pl.Network([pl.Residual([pl.Members([[pl.Affine(ONES)]])])]),
        "Residual cannot hold Members",
    ),
    "in the middle": (
        lambda: pl.Network([pl.Members([[pl.Affine(ONES)]]), pl.Affine(ONES)]),
        "only an activation or a Standardize may follow Members, got Affine",
    ),
    "two behind": (
        lambda: pl.Network([pl.Members([[pl.Affine(ONES)]]), pl.Tanh(), pl.Softmax()]),
        "got Tanh, Softmax",
    ),
    "a width": (
        lambda: pl.Network([pl.Affine(np.ones((2, 3))), pl.Members([[pl.Affine(ONES)]])]),
        "Affine expects 2 inputs in each row, got 3",
    ),
    "options": (lambda: Members.around([pl.Tanh()], {"count": True, "join": "values"}), "malform"),
    "uneven": (
        lambda: Members.around([pl.Tanh()] * 3, {"count": 2, "join": "values"}),
        "2 members cannot have 3 layers",
    ),
}


@pytest.mark.parametrize(("build", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(build: Callable[[], Any], message: str) -> None:
    with pytest.raises(pl.InputError, match=message):
        build()


@pytest.mark.parametrize("join", JOINS)
def test_rows_one_by_one(join: str, generator: np.random.Generator) -> None:
    """A row's outputs are the same bits alone and in a batch, by the reference too."""
    layer = pl.Members([one(*generator.normal(size=(1, 3)).tolist()) for _ in range(4)], join)
    x = generator.normal(size=(30, 1))
    y = layer.forward(x)
    assert all(layer.forward(x[i : i + 1]).tobytes() == y[i : i + 1].tobytes() for i in range(30))


def embedded(seed: int) -> pl.Network:
    generator = np.random.default_rng(seed)
    table = pl.CategoryEmbedding(
        generator.normal(size=(5, 2)).astype(np.float32), np.array([2, 0, 3], np.float32)
    )
    W = generator.normal(size=(5, 2)).astype(np.float32)
    same = pl.Standardize(np.zeros(5, np.float32), np.ones(5, np.float32))
    return pl.Network([table, same, pl.Affine(W), pl.Softmax()])


def test_indices_are_checked_where_members_come_first() -> None:
    net = pl.ensemble(map(embedded, range(3)))
    assert isinstance(net.layers[0], pl.Members)
    assert net.predict([[1, 7, 2]]).shape == (1, 2)  # whole numbers, as for a member alone
    with pytest.raises(pl.InputError, match="must be the index of a category"):
        net.predict([[1.0, 0.5, 3.0]])


def test_bytes_are_taken_where_members_scale_them() -> None:
    net = pl.Network([pl.Members([[pl.Scale(1 / 255), pl.Affine(ONES)] for _ in range(2)])])
    x = np.array([[0, 255]], np.uint8)
    close(net.predict(x), [[1.0, 1.0]], 1e-6)
    assert checks.byte_factor(net.layers) == pytest.approx(1 / 255)


def test_the_mean_can_be_trained_like_any_layer(generator: np.random.Generator) -> None:
    """`descend` and the engines know no special case; `train` is what trains members apart."""
    net = pl.ensemble(pl.mlp([2, 3, 2], "tanh", "softmax", seed=seed) for seed in range(2))
    x: Array = generator.normal(size=(40, 2)).astype(np.float32)
    t = (x[:, 0] > 0).astype(np.int64)
    losses = descend(net.layers, pl.CrossEntropy(), pl.Adam(0.05), x, t, epochs=20)
    assert losses[-1] < 0.5 * losses[0]
    assert chain.trainable(net.layers) == [True] * len(net.params)


def test_ensembles_are_joined_by_their_end() -> None:
    nets = [pl.mlp([2, 2], output="sigmoid", seed=seed) for seed in range(2)]
    x = np.array([[0.3, -1.0]], np.float32)
    expected = np.mean([net.predict(x) for net in nets], axis=0)
    joined = pl.ensemble(nets)
    close(joined.predict(x), expected, 1e-6)
    for end in ("identity", "softplus", "tanh"):
        nets = [pl.mlp([2, 2], output=end, seed=seed) for seed in range(2)]
        expected = np.mean([net.predict(x) for net in nets], axis=0)
        close(pl.ensemble(nets).predict(x), expected, 1e-6)
    rates = [pl.mlp([2, 2], output="exponential", seed=seed) for seed in range(2)]
    means = np.exp(np.mean(np.log([net.predict(x) for net in rates]), axis=0))
    close(pl.ensemble(rates).predict(x), means, 1e-6)
    more = pl.ensemble([joined, pl.mlp([2, 2], output="sigmoid", seed=5)])
    assert len(more.members) == 3
    with pytest.raises(pl.InputError, match="at least one network"):
        pl.ensemble([])
    with pytest.raises(pl.InputError, match="same layers and inputs"):
        pl.ensemble([pl.mlp([2, 2]), pl.mlp([2, 3, 2])])
    with pytest.raises(pl.InputError, match="member 1 differs"):
        pl.ensemble([pl.mlp([2, 3, 2]), pl.mlp([2, 4, 2])])


def test_the_first_member_has_the_weights_of_a_network_alone() -> None:
    table = {"age": [31, 54, 18, 40] * 5, "income": [30.5, 41, 12, 20] * 5}
    columns = pl.Columns.of(table, target="income")
    net = pl.table_mlp(columns, [4], members=3, seed=7)
    assert [type(layer).__name__ for layer in net.layers] == [
        "Standardize",
        "SmoothClip",
        "Members",
        "Standardize",
    ]
    assert net.members[0] == pl.table_mlp(columns, [4], seed=7)
    assert net.members[1] != net.members[0]
    rows = {"age": [20, 50]}
    expected = np.mean([member.predict(rows) for member in net.members], axis=0)
    close(net.predict(rows), expected, 1e-5)
    assert pl.table_mlp(columns, [4], members=1, seed=7) == net.members[0]
    with pytest.raises(pl.InputError, match="members must be a whole number of 1 or more"):
        pl.table_mlp(columns, members=0)
