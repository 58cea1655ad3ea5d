"""Losses against PyTorch, with and without weights, against central differences, and where numbers
are huge.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import pellucid as pl
from pellucid.core import chain, losses
from pellucid.core import targets as targets_room
from pellucid.core.types import Array
from pellucid.training.sample_checks import Samples, with_class_weight
from tests.core.tools import NUMERIC, central_differences, close, gradients, tensor
from tests.core.witnesses import LOSSES, LossWitness

CASES = [
    pytest.param(witness, loss, targets, id=f"{loss!r}-{targets.__name__}")
    for witness in LOSSES.values()
    for loss in witness.examples
    for targets in witness.targets
]


def as_tensor(t: Array) -> torch.Tensor:
    return torch.tensor(t, dtype=torch.int64 if t.ndim == 1 else torch.float64)


def batch(
    targets: Callable[..., Any], generator: np.random.Generator, N: int = 9, K: int = 4
) -> tuple[Array, Array]:
    y = generator.normal(scale=2.0, size=(N, K))
    t = targets(generator, N, K)
    y.setflags(write=False)
    t.setflags(write=False)
    return y, t


@pytest.mark.parametrize("N", [1, 9])
@pytest.mark.parametrize(("witness", "loss", "targets"), CASES)
def test_equals_pytorch(
    witness: LossWitness,
    loss: Any,
    targets: Callable[..., Any],
    N: int,
    generator: np.random.Generator,
) -> None:
    y, t = batch(targets, generator, N)
    given = tensor(y)
    expected = witness.twin(loss, given, as_tensor(t), "mean")
    close(loss.value(y, t), expected.item())
    close(loss.gradient(y, t), gradients(expected, 1.0, [given])[0])


@pytest.mark.parametrize(("witness", "loss", "targets"), CASES)
def test_weighs_rows(
    witness: LossWitness, loss: Any, targets: Callable[..., Any], generator: np.random.Generator
) -> None:
    """The witness is a composition: PyTorch's losses of each row, times w_i / sum w."""
    y, t = batch(targets, generator)
    weights = generator.uniform(0.0, 3.0, len(y))
    weights[2] = 0.0
    given, shares = tensor(y), torch.tensor(weights / weights.sum())
    each = witness.twin(loss, given, as_tensor(t), "none")
    expected = ((each if each.ndim == 1 else each.mean(dim=1)) * shares).sum()
    close(loss.value(y, t, weights), expected.item())
    close(loss.gradient(y, t, weights), gradients(expected, 1.0, [given])[0])
    close(loss.value(y, t, 7 * weights), loss.value(y, t, weights), 1e-14)
    assert not loss.gradient(y, t, weights)[2].any()


@pytest.mark.parametrize(("witness", "loss", "targets"), CASES)
def test_equals_central_differences(
    witness: LossWitness, loss: Any, targets: Callable[..., Any], generator: np.random.Generator
) -> None:
    y, t = batch(targets, generator, N=4)
    y, weights = y.copy(), np.array([1.0, 2.0, 0.5, 3.0])
    close(
        loss.gradient(y, t, weights),
        central_differences(lambda: loss.value(y, t, weights), y),
        NUMERIC,
    )


@pytest.mark.parametrize(("witness", "loss", "targets"), CASES)
def test_no_rows_cost_nothing(
    witness: LossWitness, loss: Any, targets: Callable[..., Any], generator: np.random.Generator
) -> None:
    y, t = np.empty((0, 4)), targets(generator, 1, 4)[:0]
    assert loss.value(y, t) == 0.0
    assert loss.gradient(y, t).shape == (0, 4)
    y, t = batch(targets, generator)
    assert loss.value(y, t, np.zeros(9)) == 0.0  # rows that weigh nothing
    assert not loss.gradient(y, t, np.zeros(9)).any()


@pytest.mark.parametrize(("witness", "loss", "targets"), CASES)
def test_keeps_the_floating_type(
    witness: LossWitness, loss: Any, targets: Callable[..., Any], generator: np.random.Generator
) -> None:
    y, t = batch(targets, generator)
    small = y.astype(np.float32)
    weights = np.ones(9)
    assert isinstance(loss.value(small, t, weights), float)
    gradient = loss.gradient(small, t, weights)
    assert gradient.dtype == np.float32
    close(gradient, loss.gradient(y, t), 1e-6)
    close(loss.value(small, t), loss.value(y, t), 1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [pl.CrossEntropy(), pl.BinaryCrossEntropy()], ids=repr)
def test_is_stable_at_huge_sums(
    loss: pl.BinaryCrossEntropy | pl.CrossEntropy, dtype: type[Any]
) -> None:
    z = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    # The first row is right beyond doubt: its loss is 0. The second is wrong by 2e4 (softmax), by
    # 1e4 twice (sigmoid).
    t = np.array([0, 0])
    assert loss.value(z[:1], t[:1]) == 0.0
    assert not loss.gradient(z[:1], t[:1]).any()
    wrong = 2e4 if isinstance(loss, pl.CrossEntropy) else 1e4
    assert loss.value(z[1:], t[1:]) == wrong
    scale = 1.0 if isinstance(loss, pl.CrossEntropy) else 0.5
    close(loss.gradient(z[1:], t[1:]), [[-scale, scale]], 0)


def test_cross_entropy_by_hand() -> None:
    z = np.log([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]])  # probabilities 1/8, 2/8, 5/8 and 4/8, 3/8, 1/8
    t = np.array([2, 0])
    loss = pl.CrossEntropy()
    # (-log(5/8) - log(4/8)) / 2 = log(16/5) / 2; dz = (probability - truth) / 2
    close(loss.value(z, t), math.log(16 / 5) / 2, 1e-15)
    close(loss.gradient(z, t), np.array([[1.0, 2.0, -3.0], [-4.0, 3.0, 1.0]]) / 16, 1e-15)
    # Label smoothing of 0.3 over 3 classes: the truth is 0.8, 0.1, 0.1
    smooth = -(0.8 * math.log(5 / 8) + 0.1 * math.log(1 / 8) + 0.1 * math.log(2 / 8))
    close(pl.CrossEntropy(label_smoothing=0.3).value(z[:1], t[:1]), smooth, 1e-15)


@pytest.mark.parametrize("name", ["MeanSquaredError", "MeanAbsoluteError", "Huber", "Quantile"])
def test_what_is_met_exactly_has_no_slope(name: str) -> None:
    loss = getattr(pl, name)()
    y = np.array([[1.0, -2.0, 0.0]])
    assert loss.value(y, y) == 0.0
    assert not loss.gradient(y, y).any()


def test_quantile_by_hand() -> None:
    loss = pl.Quantile(0.9)
    y, t = np.array([[1.0, 4.0, 2.0]]), np.array([[3.0, 3.0, 2.0]])
    close(loss.value(y, t), (0.9 * 2 + 0.1 * 1 + 0) / 3, 1e-15)  # too low costs 0.9, too high 0.1
    close(loss.gradient(y, t), [[-0.3, 0.1 / 3, 0.0]], 1e-15)


@pytest.mark.parametrize("weights", [[0.5, 2.0, 1.0, 3.0], {1: 2.0, 3: 0.25}, "balanced"], ids=str)
def test_class_weights_equal_pytorchs(
    weights: dict[int, float] | Sequence[float] | str, generator: np.random.Generator
) -> None:
    y = generator.normal(size=(12, 4))
    t = np.array([0, 1, 2, 3, 0, 0, 1, 3, 3, 3, 3, 2])
    by_type: dict[str, Callable[[], Any]] = {
        "list": lambda: weights,
        "dict": lambda: [1.0, 2.0, 1.0, 0.25],
        "str": lambda: 12 / (4 * np.bincount(t)),  # every class weighs the same in all
    }
    of_class = by_type[type(weights).__name__]()
    rows = with_class_weight(Samples(y, t, None), weights)
    given = tensor(y)
    expected = F.cross_entropy(
        given, as_tensor(t), weight=torch.tensor(of_class, dtype=given.dtype)
    )
    close(pl.CrossEntropy().value(y, t, rows.sample_weight), expected.item())
    close(
        pl.CrossEntropy().gradient(y, t, rows.sample_weight), gradients(expected, 1.0, [given])[0]
    )


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint8, np.int64, np.float32])
def test_class_indices_of_any_type(kind: Any) -> None:
    y = np.zeros((3, 2))
    assert targets_room.one_hot(np.array([1, 0, 1]).astype(kind), y).tolist() == [
        [0, 1],
        [1, 0],
        [0, 1],
    ]
    assert targets_room.one_hot([1, 0, 1], y.astype(np.float32)).dtype == np.float32


def test_one_column_of_targets_goes_with_one_output(generator: np.random.Generator) -> None:
    y, t = generator.normal(size=(5, 1)), np.array([0, 1, 1, 0, 1])
    for loss in (
        pl.BinaryCrossEntropy(),
        pl.MeanSquaredError(),
        pl.MeanAbsoluteError(),
        pl.Huber(),
        pl.Poisson(),
    ):
        assert loss.value(y, t) == loss.value(y, t[:, None].astype(float))
        assert loss.gradient(y, t).shape == (5, 1)


def test_row_shares() -> None:
    close(targets_room.row_shares(4, None, np.dtype(np.float32)), [0.25] * 4, 0)
    close(targets_room.row_shares(2, np.array([1.0, 3.0]), np.dtype(np.float64)), [0.25, 0.75], 0)
    close(targets_room.row_shares(0, None, np.dtype(np.float64)), np.zeros(0), 0)
    assert (
        targets_room.row_shares(2, np.array([1.0, 3.0]), np.dtype(np.float32)).dtype == np.float32
    )
    # 2^24 + 1 has no float32: the sum must be taken in float64
    many = np.array([2.0**24, 1.0, 1.0], np.float32)
    close(targets_room.row_shares(3, many, np.dtype(np.float64))[1], 1 / (2**24 + 2), 1e-16)


loose: Any = pl  # without its types: for targets that are lists, or wrong on purpose

REFUSED = {
    "classes above": (
        lambda: loose.CrossEntropy().value(np.zeros((2, 3)), [0, 3]),
        "3 outputs go from 0 to 2, got 0 to 3",
    ),
    "classes below": (
        lambda: loose.CrossEntropy().value(np.zeros((2, 3)), [-1, 2]),
        "from 0 to 2, got -1 to 2",
    ),
    "too few": (
        lambda: loose.CrossEntropy().value(np.zeros((2, 3)), [1]),
        r"each of 2 rows, got targets of shape \(1,\)",
    ),
    "halves": (
        lambda: loose.CrossEntropy().value(np.zeros((2, 3)), [0.5, 1.0]),
        "whole numbers, got float64",
    ),
    "nan": (lambda: loose.CrossEntropy().value(np.zeros((2, 3)), [np.nan, 1.0]), "whole numbers"),
    "width": (
        lambda: loose.CrossEntropy().value(np.zeros((2, 3)), np.zeros((2, 2))),
        r"targets of shape \(2, 3\), like the outputs, got \(2, 2\)",
    ),
    "values": (
        lambda: loose.Huber().value(np.zeros((2, 3)), np.zeros(2)),
        r"shape \(2, 3\), like the outputs, got \(2,\)",
    ),
    "one output": (
        lambda: loose.MeanSquaredError().value(np.zeros((2, 1)), np.zeros(3)),
        r"\(2, 1\).*got \(3, 1\)",
    ),
    "floats are no classes": (
        lambda: loose.MeanSquaredError().value(np.zeros((2, 3)), np.zeros(2)),
        r"got \(2,\)",
    ),
    "above 1": (
        lambda: loose.BinaryCrossEntropy().value(np.zeros((1, 2)), [[0.0, 1.5]]),
        "0 to 1, got 0.0 to 1.5",
    ),
    "below 0": (
        lambda: loose.BinaryCrossEntropy().value(np.zeros((1, 2)), [[-0.5, 1.0]]),
        "got -0.5 to 1.0",
    ),
    "binary nan": (
        lambda: loose.BinaryCrossEntropy().value(np.zeros((1, 2)), [[np.nan, 1.0]]),
        "got nan",
    ),
    "negative counts": (
        lambda: loose.Poisson().value(np.zeros((1, 1)), [[-1.0]]),
        "0 or more, got -1.0",
    ),
    "smoothing": (
        lambda: loose.CrossEntropy(1.0),
        "label_smoothing must be in \\[0, 1\\), got 1.0",
    ),
    "smoothing below": (lambda: loose.BinaryCrossEntropy(-0.1), "got -0.1"),
    "smoothing nan": (lambda: loose.BinaryCrossEntropy(float("nan")), "got nan"),
    "delta": (lambda: loose.Huber(0.0), "delta above 0, got 0.0"),
    "delta nan": (lambda: loose.Huber(float("nan")), "got nan"),
    "q": (lambda: loose.Quantile(1.0), "between 0 and 1, got 1.0"),
    "q 0": (lambda: loose.Quantile(0.0), "got 0.0"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(call: Callable[..., Any], message: str) -> None:
    with pytest.raises(pl.InputError, match=message):
        call()


def test_takes_targets_at_the_border() -> None:
    assert loose.BinaryCrossEntropy().value(np.zeros((1, 2)), [[0.0, 1.0]]) == pytest.approx(
        math.log(2)
    )
    assert loose.Poisson().value(np.zeros((1, 1)), [[0.0]]) == 1.0
    assert loose.CrossEntropy().value(np.zeros((2, 3)), [0, 2]) == pytest.approx(math.log(3))


@pytest.mark.parametrize(
    "loss", [loss for witness in LOSSES.values() for loss in witness.examples], ids=repr
)
def test_can_be_made_again_from_its_options(loss: Any) -> None:
    again = type(loss)(**loss.options())
    assert vars(again) == vars(loss)
    assert repr(again) == repr(loss)


def test_repr_shows_what_is_set() -> None:
    assert repr(pl.CrossEntropy()) == "CrossEntropy()"
    assert repr(pl.BinaryCrossEntropy(0.1)) == "BinaryCrossEntropy(label_smoothing=0.1)"
    assert repr(pl.Huber()) == "Huber(delta=1.0)"
    assert repr(pl.Quantile()) == "Quantile(q=0.5)"
    with pytest.raises(NotImplementedError):
        losses.RowLoss().value(np.zeros((1, 1)), np.zeros((1, 1)))
    with pytest.raises(NotImplementedError):
        losses.RowLoss().gradient(np.zeros((1, 1)), np.zeros((1, 1)))


# Which layers come before the loss

AFFINE = pl.Affine(np.ones((2, 3)))
FITS = {
    "softmax is taken over": ([AFFINE, pl.Softmax()], pl.CrossEntropy(), 1),
    "sigmoid is taken over": ([AFFINE, pl.Sigmoid()], pl.BinaryCrossEntropy(), 1),
    "exponential is taken over": ([AFFINE, pl.Exponential()], pl.Poisson(), 1),
    "weighted sums": ([pl.Sigmoid(), AFFINE], pl.CrossEntropy(), 2),
    "identity": ([AFFINE, pl.Identity()], pl.BinaryCrossEntropy(), 2),
    "no activation": ([AFFINE, pl.BatchNorm(3)], pl.CrossEntropy(), 2),
    "any end for others": ([AFFINE, pl.Softmax()], pl.MeanSquaredError(), 2),
    "no layers": ([], pl.CrossEntropy(), 0),
}


@pytest.mark.parametrize(("layers", "loss", "depth"), FITS.values(), ids=FITS)
def test_loss_depth(layers: Sequence[Any], loss: Any, depth: int) -> None:
    assert chain.loss_depth(layers, loss) == depth


@pytest.mark.parametrize(
    ("last", "loss", "advice"),
    [
        (pl.Sigmoid(), pl.CrossEntropy(), "BinaryCrossEntropy"),
        (pl.Softmax(), pl.BinaryCrossEntropy(), "CrossEntropy"),
        (pl.ReLU(), pl.CrossEntropy(), "MeanSquaredError"),
        (pl.Softmax(), pl.Poisson(), "CrossEntropy"),
    ],
    ids=repr,
)
def test_a_pair_that_does_not_fit_is_an_error(
    last: pl.Layer, loss: pl.BinaryCrossEntropy | pl.CrossEntropy | pl.Poisson, advice: str
) -> None:
    names = (type(loss).__name__, loss.activation.__name__, type(last).__name__)
    message = "{} needs .* {} .* ends in {}.*".format(*names) + f" choose {advice}$"
    with pytest.raises(pl.InputError, match=message):
        chain.loss_depth([AFFINE, last], loss)


@pytest.mark.parametrize(
    ("end", "loss"),
    [
        ([pl.Sigmoid(), pl.Identity()], pl.BinaryCrossEntropy()),
        ([pl.Sigmoid(), pl.Identity(), pl.Dropout(0.5)], pl.BinaryCrossEntropy()),
        ([pl.Softmax(), pl.Dropout(0.5)], pl.CrossEntropy()),
    ],
    ids=repr,
)
def test_the_activation_that_a_loss_takes_over_must_be_last(
    end: Sequence[pl.Layer], loss: pl.BinaryCrossEntropy | pl.CrossEntropy
) -> None:
    message = f"replaces {loss.activation.__name__}, .* last layer: remove {type(end[-1]).__name__}"
    with pytest.raises(pl.InputError, match=message):
        chain.loss_depth([AFFINE, *end], loss)


def test_a_loss_of_ones_own_takes_the_answers() -> None:
    class Cubed:
        def value(self, y: Any, t: Any, weights: Any = None) -> Any:
            return float(((y - t) ** 3).mean())

        def gradient(self, y: Any, t: Any, weights: Any = None) -> Any:
            return 3 * (y - t) ** 2 / y.size

    assert chain.loss_depth([AFFINE, pl.Softmax()], Cubed()) == 2
    setattr(Cubed, "activation", pl.Softmax)  # noqa: B010
    assert chain.loss_depth([AFFINE, pl.Softmax()], Cubed()) == 1


@pytest.mark.parametrize(
    ("end", "loss"),
    [
        (pl.Softmax(), pl.CrossEntropy()),
        (pl.Sigmoid(), pl.BinaryCrossEntropy()),
        (pl.Exponential(), pl.Poisson()),
    ],
    ids=repr,
)
def test_taking_over_gives_the_gradient_of_the_whole_network(
    end: pl.Layer,
    loss: pl.BinaryCrossEntropy | pl.CrossEntropy | pl.Poisson,
    generator: np.random.Generator,
) -> None:
    """The loss from weighted sums is the plain formula of the activation's answers."""
    z, t = generator.normal(size=(6, 3)), generator.integers(0, 2, (6, 3)).astype(float)
    y = end.forward(z)
    if isinstance(loss, pl.CrossEntropy):
        plain = -(t * np.log(y)).sum(axis=1).mean()
    elif isinstance(loss, pl.BinaryCrossEntropy):
        plain = -(t * np.log(y) + (1 - t) * np.log(1 - y)).mean()
    else:
        plain = (y - t * np.log(y)).mean()
    close(loss.value(z, t), plain, 1e-13)
