"""Mistakes in the arguments of `train`, and their errors before anything is changed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.training.sample_checks import check_rows

X, T = np.eye(6, 3), np.arange(6) % 3


class Bare:
    """A loss that owes nothing to pellucid's."""

    def __init__(self, value: Any = 0.0, columns: int = 3) -> None:
        self.given, self.columns = value, columns

    def value(self, y: Array, t: Array, sample_weight: Array | None = None) -> Any:
        return self.given

    def gradient(self, y: Array, t: Array, sample_weight: Array | None = None) -> Array:
        return np.zeros((len(y), self.columns))


class Weightless(Bare):
    def value(self, y: Array, t: Array) -> float:  # type: ignore[override]
        return 0.0


def net_of(end: str = "softmax", **options: Any) -> pl.Network:
    return pl.mlp([3, 4, 3], output=end, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"callbacks": [pl.EarlyStopping]}, r"such as pl\.EarlyStopping\(\)"),
        ({"callbacks": 3}, r"such as pl\.EarlyStopping\(\).*; got 3"),
        ({"metrics": 3}, r"a metric is a name or a function \(y, t\) -> number; got 3"),
        ({"optimizer": np.ones(2)}, r"an object such as pl\.Adam\(\); got array"),
        ({"optimizer": pl.SGD}, r"an object such as pl\.SGD\(\); got <class"),
        ({"optimizer": 0.1}, r"an object such as pl\.Adam\(\); got 0.1"),
        ({"schedule": pl.OneCycle}, r"an object such as pl\.OneCycle\(\)"),
        ({"schedule": 0.1}, r"an object such as pl\.Cosine\(\)"),
        ({"class_weight": {0: 1, 7: 3}}, "class_weight names class 7; the classes are 0 to 2"),
        ({"class_weight": {"a": 1}}, "class_weight names class 'a'"),
        (
            {"loss": Weightless()},
            r"value\(y, t, sample_weight\) and gradient\(y, t, sample_weight\); value: too many",
        ),
        (
            {"loss": Bare(value=np.zeros(3))},
            r"the value of a loss must be one number, got shape \(3,\)",
        ),
        (
            {"loss": Bare(columns=1)},
            r"gradient of a loss must have the outputs' shape .2, 3., got .2, 1.",
        ),
    ],
)
def test_mistakes_change_nothing(options: dict[str, Any], message: str) -> None:
    net = net_of()
    before = net.copy()
    with pytest.raises(pl.InputError, match=message):
        pl.train(net, X, T, **options)
    assert net == before


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": [lambda y, t: y]}, "the metric <lambda> must return one number, got array"),
        ({"metrics": [lambda y, t: "good"]}, "must return one number, got 'good'"),
        ({"augment": lambda x, draws: x[:1]}, r"must return 6 rows, got shape \(1, 3\)"),
        ({"augment": lambda x, draws: None}, r"must return 6 rows, got shape \(\)"),
    ],
)
def test_functions_of_ones_own_that_give_the_wrong_thing(
    options: dict[str, Any], message: str, engine: str
) -> None:
    with pytest.raises(pl.InputError, match=message):
        pl.train(net_of(), X, T, engine=engine, **options)


@pytest.mark.parametrize(
    "use", [lambda net: pl.train(net, X, T), lambda net: pl.evaluate(net, X, T)]
)
def test_what_is_no_network(use: Callable[[Any], Any]) -> None:
    with pytest.raises(pl.InputError, match=r"expected a network such as .* got str"):
        use("n")
    with pytest.raises(
        pl.InputError, match=r"got a list of layers: make one by pl\.Network\(layers\)"
    ):
        use(net_of().layers)


def test_weights_that_are_not_finite_are_an_error_before_training() -> None:
    net = net_of()
    net.layers[2].W[0, 1] = np.inf  # type: ignore[attr-defined]
    with pytest.raises(pl.InputError, match=r"layer 2 \(Affine\) holds NaN or infinity in W"):
        pl.train(net, X, T)


def test_a_softmax_over_one_output_is_an_error() -> None:
    for net in (pl.mlp([3, 1]), pl.Network([pl.Affine(np.ones((3, 1))), pl.Softmax()])):
        with pytest.raises(
            pl.InputError, match=r"softmax over one output is always 1: .* binary_cross_entropy"
        ):
            pl.train(net, X, [0] * 6, loss="cross_entropy")


def test_targets_that_are_not_indices_yet() -> None:
    names = np.array(["cat", "dog", "owl"])[T]
    with pytest.raises(
        pl.InputError, match=r"got \['cat', 'dog', 'owl'\] .*np\.unique\(t, return_inverse=True\)"
    ):
        pl.train(net_of(), X, names)
    with pytest.raises(
        pl.InputError, match=r"\(6, 3\), like the outputs, got \(6, 1\): .*as t\.ravel\(\)"
    ):
        pl.train(net_of(), X, T[:, None])


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ((X[:, :2], T), "expected 3 numbers in each row, got 2"),
        ((X, T + 1), "class indices for 3 outputs go from 0"),
    ],
)
def test_mistakes_in_validation_data_are_named_as_such(
    validation: tuple[Any, Any], message: str
) -> None:
    with pytest.raises(pl.InputError, match=f"validation data: {message}"):
        pl.train(net_of(), X, T, validation=validation)


def test_batchnorm_needs_two_rows() -> None:
    net = net_of(normalization="batch")
    for options in ({"x": X, "t": T, "batch_size": 1}, {"x": X[:1], "t": T[:1]}):
        with pytest.raises(pl.InputError, match="BatchNorm needs batches of 2 rows or more"):
            pl.train(net, **options)
    assert len(pl.train(net, X, T, batch_size=5, epochs=1)) == 1


def test_class_weights_of_classes_that_have_no_rows_are_taken() -> None:
    assert len(pl.train(net_of(), X, T % 2, class_weight={0: 1, 2: 3}, epochs=1)) == 1
    assert (
        len(pl.train(pl.mlp([3, 1], output="sigmoid"), X, T % 2, class_weight={1: 3}, epochs=1))
        == 1
    )


def test_one_callback_needs_no_list() -> None:
    epochs = []
    pl.train(net_of(), X, T, epochs=2, callbacks=lambda run: epochs.append(run.epoch))
    stopping = pl.EarlyStopping("loss", patience=1, minimum_change=10)
    assert pl.train(net_of(), X, T, callbacks=stopping).stopped == "early"
    assert epochs == [1, 2]


@pytest.mark.parametrize(
    "name", ["on_epoch_end", "on_batch_begin", "on_epok", "epoch_end", "train_begin"]
)
def test_misspelt_methods_of_callbacks_are_refused(name: str) -> None:
    with pytest.raises(
        pl.InputError, match=rf"Mine\.{name} would never be called: .* on_start, on_batch"
    ):
        type("Mine", (pl.Callback,), {name: lambda self, run: None})


def test_other_methods_of_callbacks_are_ones_own() -> None:
    class Mine(pl.EarlyStopping):
        on_off = 3

        def on_epoch(self, run: Any) -> None: ...

        def epochs(self) -> None: ...

        def _on_air(self) -> None: ...

    assert Mine().on_off == 3


@pytest.mark.parametrize("patience", [0, "a", 1.5])
def test_a_patience_is_a_whole_number(patience: Any) -> None:
    with pytest.raises(pl.InputError, match="patience must be a whole number of 1 or more"):
        pl.EarlyStopping(patience=patience)


def test_truth_values_are_class_indices() -> None:
    rows = check_rows([], X, T > 0)
    assert rows.t.dtype == np.int64
    net, same = net_of(), net_of()
    assert (
        pl.train(net, X, T > 0, epochs=2)["loss"]
        == pl.train(same, X, (T > 0).astype(int), epochs=2)["loss"]
    )


def test_evaluating_nothing() -> None:
    with pytest.raises(pl.InputError, match="expected at least one row, got none"):
        pl.evaluate(net_of(), X[:0], T[:0])


# What is shown


def test_a_history_is_gone_through_epoch_by_epoch() -> None:
    history = pl.train(net_of(), X, T, epochs=3)
    assert [record["epoch"] for record in history] == [1, 2, 3]
    with pytest.raises(
        pl.InputError, match=r'history\["loss"\] is a column; an epoch is history\.records\[0\]'
    ):
        history[0]  # type: ignore[index]


def test_what_runs_and_callbacks_are_called() -> None:
    seen: list[str] = []
    pl.train(net_of(), X, T, epochs=2, batch_size=3, callbacks=lambda run: seen.append(repr(run)))
    assert seen[1].startswith("<Run: epoch 2 of 2, batch 2 of 2, loss ")
    text = (
        "EarlyStopping(metric='validation_loss', patience=3, minimum_change=0.0, restore_best=True)"
    )
    assert repr(pl.EarlyStopping(patience=3)) == text
