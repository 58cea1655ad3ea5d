"""Network and mlp: what they build, change and refuse.

(Files and draws are tested with their rooms.)
"""

import pickle
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import checks
from pellucid.core.types import Array
from tests.core.tools import close
from tests.narrowing import instance, present

loose: Any = pl  # without its types: for values that are wrong on purpose


def net_of(*layers: Any, **more: Any) -> pl.Network:
    return pl.Network(layers, **more)


def tiny(generator: np.random.Generator, **more: Sequence[str]) -> pl.Network:
    return net_of(
        pl.Affine(generator.normal(size=(3, 4)), generator.normal(size=4)), pl.Sigmoid(), **more
    )


def test_binds_layers_params_and_dtype(generator: np.random.Generator) -> None:
    net = tiny(generator)
    assert [type(layer) for layer in net.layers] == [pl.Affine, pl.Sigmoid]
    assert (
        net.params[0] is instance(pl.Affine, net.layers[0]).W
        and net.params[1] is instance(pl.Affine, net.layers[0]).b
    )
    assert net.parameter_count == 16
    assert net.dtype == np.float64
    assert net.inputs is None and net.classes is None and net.record == {}


def test_copies_find_out_for_themselves_what_their_layers_decide(
    generator: np.random.Generator,
) -> None:
    net = tiny(generator)
    assert net.layers.arrays[0] is net.params[0] and net.layers.dtype == np.float64
    unpickled = pickle.loads(pickle.dumps(net))  # noqa: S301
    for other in (net.copy(), unpickled, net.astype("float32")):
        assert other.layers.arrays[0] is instance(pl.Affine, other.layers[0]).W
        assert other.layers.arrays[0] is not net.layers.arrays[0]
        assert (other.layers.input_width, other.layers.widths) == (3, [4, 4])
    assert net.astype("float32").dtype == np.float32
    net.params[0][0, 0] = np.nan
    with pytest.raises(pl.InputError, match=r"layer 0 \(Affine\) holds NaN or infinity in W"):
        checks.check_weights(net.layers)


def test_backward_gives_dx_and_grads(generator: np.random.Generator) -> None:
    net, x = tiny(generator), generator.normal(size=(5, 3))
    trace = net.forward(x)
    np.testing.assert_allclose(trace.y, net(x), rtol=1e-14)
    dx, grads = net.backward(trace, np.ones((5, 4)))
    slope = trace.y * (1 - trace.y)
    close(dx, slope @ instance(pl.Affine, net.layers[0]).W.T, 1e-14)
    close(grads[0], x.T @ slope, 1e-14)
    close(grads[1], slope.sum(axis=0), 1e-14)


def test_answers_in_blocks_as_in_one(generator: np.random.Generator) -> None:
    net, x = tiny(generator), generator.normal(size=(2 * 4096 + 3, 3))
    close(net(x), net.forward(x).y, 1e-15)
    assert net(x[:0]).shape == (0, 4)


def test_predictor_answers_from_several_threads(generator: np.random.Generator) -> None:
    net, x = tiny(generator), generator.normal(size=(64, 3))
    predictor, expected = net.predictor(), net(x)
    wrong: list[Any] = []

    def work() -> None:
        wrong.extend(i for i in range(200) if not np.array_equal(predictor(x), expected))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_classify_labels_confidence() -> None:
    W = np.eye(2)
    sums = net_of(pl.Affine(W), classes=["cat", "dog"])
    x = np.array([[0.0, np.log(3.0)], [5.0, 1.0]])
    assert sums.classify(x).tolist() == [1, 0]
    assert sums.labels(x) == ["dog", "cat"]
    assert net_of(pl.Affine(W)).labels(x) == ["1", "0"]
    close(sums.confidence(sums(x))[:1], [0.75], 1e-15)  # the softmax of (0, log 3)
    close(net_of(pl.Affine(W), pl.Softmax()).confidence(np.array([[0.2, 0.8]])), [0.8], 0)
    close(net_of(pl.Affine(W), pl.Sigmoid()).confidence(np.array([[0.2, 0.3]])), [0.3], 0)


def test_one_output_is_yes_or_no() -> None:
    one = pl.Affine([[1.0]])
    x = np.array([[0.4], [-0.1]])
    assert net_of(one).classify(x).tolist() == [
        1,
        0,
    ]  # a weighted sum above 0 is a sigmoid above a half
    assert net_of(one, pl.Sigmoid()).classify(x).tolist() == [1, 0]
    close(net_of(one, pl.Sigmoid()).confidence(np.array([[0.2], [0.7]])), [0.8, 0.7], 1e-15)
    close(net_of(one).confidence(np.array([[-np.log(4.0)]])), [0.8], 1e-15)
    close(pl.Network([]).confidence(np.array([[0.0]])), [0.5], 0)


# Collapse


def line(slope: float, shift: float, dtype: type[Any] = np.float64) -> pl.Affine:
    return pl.Affine(np.array([[slope]], dtype), np.array([shift], dtype))


def test_collapse_of_the_seeds_lines() -> None:
    """f(x) = 3x + 2 and g(x) = 4x + 1: f(g(x)) = 12x + 5 and g(f(x)) = 12x + 9."""
    f, g = line(3.0, 2.0), line(4.0, 1.0)
    for order, shift in (((g, f), 5.0), ((f, g), 9.0)):
        [layer] = net_of(*order).collapse().layers
        assert (
            instance(pl.Affine, layer).W.item(),
            present(instance(pl.Affine, layer).b).item(),
        ) == (12.0, shift)


def test_collapse_gives_the_same_answers(generator: np.random.Generator) -> None:
    net = net_of(
        pl.Affine(generator.normal(size=(3, 5))),
        pl.Identity(),
        pl.Affine(generator.normal(size=(5, 4)), generator.normal(size=4)),
        pl.Affine(generator.normal(size=(4, 6))),
        pl.Tanh(),
        pl.Affine(generator.normal(size=(6, 6))),
        pl.Affine(generator.normal(size=(6, 2))),
        classes=["a", "b"],
        inputs=pl.Images((1, 3)),
    )
    before, x = net.copy(), generator.normal(size=(20, 3))
    small = net.collapse()
    assert repr(small.layers) == "(Affine(W, b), Tanh(), Affine(W))"
    close(small(x), net(x), 1e-13)
    assert small.classes == ["a", "b"] and small.inputs == pl.Images((1, 3))
    assert net == before
    assert line(1.0, 1.0, np.float32).W.dtype == np.float32
    assert net_of(line(3, 2, np.float32), line(4, 1, np.float32)).collapse().dtype == np.float32


# Changing


def test_freeze_and_unfreeze(generator: np.random.Generator) -> None:
    net = net_of(line(1, 1), pl.Tanh(), line(1, 1))
    net.freeze(0, -1)
    assert [layer.frozen for layer in net.layers] == [True, False, True]
    net.unfreeze(0)
    assert [layer.frozen for layer in net.layers] == [False, False, True]
    net.freeze()
    assert all(layer.frozen for layer in net.layers)
    net.unfreeze()
    assert not any(layer.frozen for layer in net.layers)
    for index in (3, -4):
        with pytest.raises(pl.InputError, match=f"no layer {index}: layers go from 0 to 2"):
            net.freeze(index)


def test_a_copy_has_its_own_numbers(generator: np.random.Generator) -> None:
    net = tiny(generator, classes=list("abcd"))
    other = net.copy()
    assert other == net and other.classes == net.classes
    other.params[1][0] += 1.0
    assert other != net
    assert not np.shares_memory(other.params[0], net.params[0])


def test_equality_is_of_layers_and_bits(generator: np.random.Generator) -> None:
    net = tiny(generator)
    assert net == net.copy()
    assert net != net.astype("float32")
    assert net != net_of(*net.layers, pl.Tanh())
    assert net != net_of(net.layers[0], pl.Tanh())
    assert net != net_of(pl.Affine(instance(pl.Affine, net.layers[0]).W), pl.Sigmoid())
    assert net != 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(net)


def test_astype_converts_every_array(generator: np.random.Generator) -> None:
    net = net_of(
        pl.Affine(generator.normal(size=(3, 3))),
        pl.BatchNorm(np.ones(3)),
        pl.Residual([pl.Affine(np.eye(3)), pl.LayerNorm(np.ones(3))]),
    )
    small = net.astype("float32")
    assert {array.dtype for layer in small.layers for array in layer.arrays().values()} == {
        np.dtype(np.float32)
    }
    assert small.dtype == np.float32 and net.dtype == np.float64
    close(small.params[0], net.params[0], 1e-6)
    assert small.astype(np.float64).dtype == np.float64
    for wrong in ("float16", int, "half-float", None.__class__):
        with pytest.raises(pl.InputError, match='"float32" or "float64"'):
            net.astype(wrong)


def test_repr_shows_layers_and_counts() -> None:
    net = pl.mlp([784, 16, 10], activation="sigmoid", dropout=0.2, pixels=True)
    assert repr(net).splitlines() == [
        "Network([",
        "    Flatten(),",
        f"    Scale(factor={float(np.float32(1 / 255))!r}),",
        "    Affine(W, b),             # 784 -> 16: 12,560, W (784, 16)",
        "    Sigmoid(),",
        "    Dropout(rate=0.2),",
        "    Affine(W, b),             # 16 -> 10: 170, W (16, 10)",
        "])  # 12,730 parameters",
    ]


def test_refuses_what_is_no_network(generator: np.random.Generator) -> None:
    with pytest.raises(pl.InputError, match=r"layers such as pl\.Affine\(W, b\); got function"):
        net_of(test_repr_shows_layers_and_counts)
    with pytest.raises(pl.InputError, match="expects 3 inputs in each row, got 4"):
        net_of(pl.Affine(np.zeros((3, 4))), pl.Affine(np.zeros((3, 4))))
    with pytest.raises(pl.InputError, match="mix float32 and float64"):
        net_of(line(1, 1), line(1, 1, np.float32))
    with pytest.raises(pl.InputError, match="3 class names for 4 outputs"):
        tiny(generator, classes=["a", "b", "c"])
    assert net_of(line(1, 1), classes=["no", "yes"]).classes == ["no", "yes"]
    assert net_of(pl.Tanh(), classes=[1, 2]).classes == ["1", "2"]


# mlp


def kinds(net: pl.Network) -> list[str]:
    return [type(layer).__name__ for layer in net.layers]


def test_mlp_options() -> None:
    assert kinds(pl.mlp([3, 4, 2])) == ["Affine", "ReLU", "Affine"]
    assert kinds(pl.mlp([3, 2], output="softmax")) == ["Affine", "Softmax"]
    assert kinds(pl.mlp([3, 4, 5, 2], "identity", "sigmoid")) == ["Affine"] * 3 + ["Sigmoid"]
    full = pl.mlp(
        [3, 4, 2], "tanh", normalization="batch", dropout=0.25, pixels=True, dtype="float64"
    )
    assert kinds(full) == ["Flatten", "Scale", "Affine", "BatchNorm", "Tanh", "Dropout", "Affine"]
    assert full.dtype == np.float64 and instance(pl.Dropout, full.layers[5]).rate == 0.25
    assert instance(pl.Scale, full.layers[1]).factor == np.float32(1 / 255)
    assert kinds(pl.mlp([3, 4, 2], normalization="layer"))[1] == "LayerNorm"
    assert [p.shape for p in loose.mlp([3, 4, np.int64(2)]).params] == [(3, 4), (4,), (4, 2), (2,)]
    assert pl.mlp([3, 2]).dtype == np.float32


@pytest.mark.parametrize("name", pl.ACTIVATIONS)
def test_mlp_knows_every_activation(name: str) -> None:
    net = pl.mlp([3, 4, 2], activation=name, output=name)
    expected = [] if name == "identity" else [pl.ACTIVATIONS[name].__name__]
    assert kinds(net) == ["Affine", *expected, "Affine", *expected]
    assert np.isfinite(net(np.ones((2, 3)))).all()


def test_mlp_draws_weights_layer_by_layer_from_its_seed() -> None:
    def drawn(name: str, seed: int = 7) -> list[Array]:
        generator = np.random.default_rng(seed)
        pairs = [pl.INITIALIZERS[name](D, H, generator) for D, H in ((3, 4), (4, 2))]
        return [array for pair in pairs for array in pair]

    for activation, name in (
        ("relu", "he_normal"),
        ("gelu", "he_normal"),
        ("tanh", "glorot_uniform"),
    ):
        for ours, expected in zip(
            pl.mlp([3, 4, 2], activation, seed=7, dtype="float64").params, drawn(name), strict=True
        ):
            assert np.array_equal(ours, expected)
    for name in pl.INITIALIZERS:
        net = pl.mlp([3, 4, 2], initializer=name, seed=9, dtype="float64")
        for ours, expected in zip(net.params, drawn(name, 9), strict=True):
            assert np.array_equal(ours, expected)
    assert pl.mlp([3, 2], seed=1) == pl.mlp([3, 2], seed=1) != pl.mlp([3, 2], seed=2)
    ones = pl.mlp([3, 2], initializer=lambda D, H, generator: (np.ones((D, H)), np.ones(H)))
    assert ones.params[0].tolist() == np.ones((3, 2)).tolist()


REFUSED = {
    "one width": (
        lambda: pl.mlp([3]),
        r"at least inputs and outputs, such as \[784, 10\]; got \[3\]",
    ),
    "width 0": (lambda: pl.mlp([3, 0]), "whole number of 1 or more, not 0"),
    "width 2.5": (lambda: loose.mlp([3, 2.5]), "not 2.5"),
    "width True": (lambda: pl.mlp([3, True]), "not True"),
    "activation": (
        lambda: pl.mlp([3, 2], "swish"),
        "activation is one of identity, sigmoid.*; not 'swish'",
    ),
    "output": (
        lambda: pl.mlp([3, 2], output="logits"),
        "output is one of .*softmax.*; not 'logits'",
    ),
    "list": (lambda: loose.mlp([3, 2], output=[]), "output is one of"),
    "initializer": (
        lambda: pl.mlp([3, 2], initializer="zeros"),
        "initializer is one of glorot_uniform.*; not 'zeros'",
    ),
    "normalization": (
        lambda: pl.mlp([3, 2], normalization="group"),
        "normalization is one of None, batch, layer",
    ),
    "dropout": (lambda: pl.mlp([3, 2, 2], dropout=1.0), "rate must be in \\[0, 1\\)"),
    "dtype": (lambda: pl.mlp([3, 2], dtype="float16"), '"float32" or "float64", not float16'),
}


@pytest.mark.parametrize(("build", "message"), REFUSED.values(), ids=REFUSED)
def test_mlp_refuses(build: Callable[..., Any], message: str) -> None:
    with pytest.raises(pl.InputError, match=message):
        build()
