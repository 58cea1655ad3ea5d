"""What a user may get wrong about networks, layers and settings, and what he is told.

And what is shown of them.
"""

import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.display.trace import ShownTrace
from tests.narrowing import instance

loose: Any = pl  # without its types: what follows is wrong on purpose


def small(**options: Any) -> pl.Network:
    return pl.mlp([3, 4, 2], output="softmax", **options)


def loosely() -> Any:
    return small()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: loose.mlp(4), r"widths is a list such as \[784, 10\], inputs first; got 4"),
        (
            lambda: loose.mlp([4, 1], output="softmax"),
            'softmax over one output is always 1: use output="sigmoid"',
        ),
        (lambda: loose.mlp([4, 3, 2], dropout="a"), "rate must be in \\[0, 1\\), got 'a'"),
        (lambda: loose.mlp([4, 3], seed="a"), "seed must be a whole number of 0 or more, got 'a'"),
        (
            lambda: loose.Network(pl.Sigmoid()),
            r"made of a list of layers, such as .*; got Sigmoid\(\)",
        ),
        (lambda: loose.Network(3), "made of a list of layers, .*; got 3"),
        (lambda: loose.Residual(pl.Tanh()), "expects a list of at least one layer"),
        (lambda: loose.SGD("x"), "learning_rate must be a finite number of 0 or more, got 'x'"),
        (lambda: loose.SGD(momentum="x"), "momentum must be in \\[0, 1\\), got 'x'"),
        (
            lambda: loose.Adam(clip_norm=[1, 2]),
            r"clip_norm must be a finite number of 0 or more, got \[1, 2\]",
        ),
        (lambda: loose.Dropout("a"), "got 'a'"),
        (lambda: loose.Scale("a"), "finite factor other than 0, got 'a'"),
        (lambda: loose.LeakyReLU("a"), "slope must be a finite number, got 'a'"),
        (lambda: loose.LayerNorm(3, epsilon="a"), "epsilon must be .* got 'a'"),
        (lambda: loose.BatchNorm(3, momentum=None), "momentum must be a finite number, got None"),
        (lambda: loose.CrossEntropy("a"), "label_smoothing must be in \\[0, 1\\), got 'a'"),
        (lambda: loose.LeakyReLU(10**400), "finite number, got 10{17}[.][.][.]0{19}$"),
        (lambda: loose.Huber("a"), "delta above 0, got 'a'"),
        (lambda: loose.Quantile("a"), "q between 0 and 1, got 'a'"),
        (lambda: loose.Cosine("a"), "end must be a finite number, got 'a'"),
        (lambda: loose.StepDecay("a"), "every must be a finite number above 0, got 'a'"),
        (lambda: loose.OneCycle("a"), "warm_up between 0 and 1, got 'a'"),
        (
            lambda: loose.WarmUp(then="cosine"),
            r"then is a schedule such as pl.Cosine\(\); got 'cosine'",
        ),
        (
            lambda: loose.ReduceOnPlateau(patience="a"),
            "patience must be a whole number of 0 or more, got 'a'",
        ),
        (lambda: loose.load(None), "expected the path of a file, .* got None"),
        (lambda: loosely().save(3), "expected the path of a file, .* got 3"),
        (lambda: loosely().freeze("a"), "there is no layer 'a'"),
        (
            lambda: loosely().choose([1.0, 2.0]),
            r"outputs of shape \(N, K\), got an array of shape \(2,\)",
        ),
        (lambda: loosely().confidence([]), r"outputs of shape \(N, K\)"),
    ],
)
def test_mistakes_are_input_errors(make: Callable[..., Any], message: str) -> None:
    with pytest.raises(pl.InputError, match=message):
        make()


def test_an_unknown_setting_of_an_optimizer_names_those_there_are() -> None:
    with pytest.raises(
        TypeError, match="SGD has no setting lr; its settings are learning_rate, momentum, nesterov"
    ):
        pl.SGD(lr=0.1)


def test_lists_of_answers_are_taken() -> None:
    net = loosely()
    assert net.choose([[0.2, 0.8], [0.9, 0.1]]).tolist() == [1, 0]
    assert net.confidence([[0.2, 0.8]]).tolist() == [0.8]


def test_an_answer_of_nan_has_no_class() -> None:
    net = small()
    x = np.zeros((3, 3))
    x[1] = np.nan
    y = x.copy()
    with pytest.raises(pl.InputError, match="row 1 has no class: its outputs hold NaN or infinity"):
        net.choose(y)


def test_classes_are_checked_whenever_they_are_given() -> None:
    net = loosely()
    net.classes = ["no", 1]
    assert net.classes == ["no", "1"]
    assert net.copy().classes == pickle.loads(pickle.dumps(net)).classes == ["no", "1"]  # noqa: S301
    for wrong, message in (
        (["a"], "1 class names for 2 outputs"),
        ("ab", "list of names"),
        (3, "list of names"),
    ):
        with pytest.raises(pl.InputError, match=message):
            net.classes = wrong
    assert net.classes == ["no", "1"]
    net.classes = None
    assert net.labels(np.zeros((1, 3))) == ["0"]


def test_one_output_with_one_name() -> None:
    net = pl.mlp([1, 1], output="sigmoid")
    net.classes = ["no"]
    assert [net.label(0), net.label(1)] == ["no", "1"]


PIXELS = pl.mlp([4, 2], output="softmax", pixels=True)


@pytest.mark.parametrize(
    "x",
    [
        np.full((2, 2, 2), 0.5),
        np.full((2, 4), 0.5, np.float32),
        np.ones((1, 4), bool),
        [[0.0, 0.0, 0.0, 1.0]],
    ],
)
def test_pictures_are_not_scaled_twice(x: Array | Sequence[Sequence[float]]) -> None:
    t = [0] * len(x)
    for use in (
        PIXELS,
        PIXELS.predictor(),
        PIXELS.classify,
        lambda x: pl.evaluate(PIXELS, x, t),
        lambda x: pl.train(PIXELS, x, t),
    ):
        with pytest.raises(
            pl.InputError, match="from 0 to 1 for a network that scales by 1/255: pass bytes"
        ):
            use(x)


@pytest.mark.parametrize(
    "x", [np.ones((1, 4), np.uint8), np.full((1, 4), 1.5), np.zeros((1, 4)), np.zeros((0, 4))]
)
def test_pictures_that_may_be_bytes_are_taken(x: Array) -> None:
    assert len(PIXELS(x)) == len(x)
    np.testing.assert_array_equal(PIXELS.predictor()(x), PIXELS(x))


def test_small_numbers_go_into_networks_that_scale_otherwise() -> None:
    for layers in ([pl.Scale(0.5)], [pl.Scale(100.0)], [pl.Tanh(), pl.Scale(1 / 255)]):
        assert pl.Network(layers)([[0.5]]).shape == (1, 1)


def test_layers_changed_after_the_fact() -> None:
    """The structure of a network and of its layers is fixed; weights change in place."""
    net: Any = pl.mlp([3, 4, 2], dropout=0.5, seed=0)
    before = net(np.ones((1, 3)))
    with pytest.raises(pl.StructureError, match="layers are fixed: make another network"):
        net.layers = [*net.layers, pl.ReLU()]
    with pytest.raises(TypeError):
        net.layers[0] = pl.Affine(np.zeros((3, 4)))
    with pytest.raises(pl.StructureError, match=r"Dropout\.rate is fixed when the layer is made"):
        net.layers[2].rate = 0.25
    unbiased = pl.Affine(np.eye(3))
    with pytest.raises(pl.StructureError, match=r"Affine\.b is fixed"):
        unbiased.b = np.zeros(3)
    with pytest.raises(pl.StructureError, match=r"Affine\.b is fixed"):
        net.layers[0].b = None
    with pytest.raises(pl.InputError, match=r"layers such as pl\.Affine\(W, b\); got str"):
        loose.Network([*net.layers, "x"])
    net.freeze(0)
    assert np.array_equal(net(np.ones((1, 3))), before)
    net.layers[0].W = net.layers[0].W * 2
    assert not np.array_equal(net(np.ones((1, 3))), before)


def test_backward_of_what_does_not_fit() -> None:
    net = loosely()
    trace = net.forward(np.zeros((5, 3)))
    assert net.backward(trace, trace.y.tolist())[0].shape == (5, 3)
    for dy in (np.ones((5, 1)), np.ones(5), 1.0):
        with pytest.raises(
            pl.InputError, match=r"gradient of the shape of its outputs, \(5, 2\); got 4 and \("
        ):
            net.backward(trace, dy)
    with pytest.raises(pl.InputError, match=r"a trace of 2 layers .* got 4"):
        pl.mlp([3, 2], output="softmax").backward(trace, trace.y)


def test_order_of_layers() -> None:
    f, g = pl.Affine([[3.0]], [2.0]), pl.Affine([[4.0]], [1.0])
    for layers, b in (([f, g], 9), ([g, f], 5)):
        [both] = pl.Network(layers).collapse().layers
        assert instance(pl.Affine, both).W == 12 and instance(pl.Affine, both).b == b


# What is shown


def test_a_trace_is_a_table() -> None:
    net = pl.Network([pl.Affine([[1.0, 2.0]], [0.0, 0.5]), pl.ReLU()])
    one = repr(net.forward([[-2.0]])).splitlines()
    assert [line.split() for line in one] == [
        ["layer", "shape", "values"],
        ["-" * len(one[1])],
        ["x", "(1,", "1)", "[-2.]"],
        ["0", "Affine", "(1,", "2)", "[-2.", "-3.5]"],
        ["1", "ReLU", "(1,", "2)", "[0.", "0.]"],
    ]
    two = repr(net.forward([[-2.0], [1.0]])).splitlines()
    assert two[0].split() == ["layer", "shape", "least", "mean", "greatest"]
    assert two[3].split() == ["0", "Affine", "(2,", "2)", "-3.5", "-0.5", "2.5"]
    assert repr(net.forward(np.zeros((0, 1)))).splitlines()[2].split()[-3:] == ["-", "-", "-"]
    assert "..." in repr(pl.Network([]).forward(np.zeros((1, 100))))
    bare = ShownTrace(np.zeros((1, 1)))
    bare.append(bare.x)
    assert repr(bare).splitlines()[-1].split()[:2] == ["0", "?"]


def test_frozen_layers_are_seen() -> None:
    net = small()
    net.freeze(0)
    assert "# 3 -> 4: 16, W (3, 4), frozen" in repr(net).splitlines()[1]
    assert "0 Affine (frozen) " in str(net.summary())
    net.freeze()
    assert repr(net).count("frozen") == 4
    net.unfreeze()
    assert "frozen" not in repr(net) + str(net.summary())
