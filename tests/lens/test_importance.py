"""Permutation importance and partial dependence: by hand, and as scikit-learn has them."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn import inspection
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

import pellucid as pl
from pellucid.core import splitmix
from pellucid.core.types import Array
from pellucid.lens import importance
from tests.lens.networks import D, affine, kinds, rows_for

NETS = kinds()


class Regressor(RegressorMixin, BaseEstimator):
    """What scikit-learn calls a fitted estimator, around a network."""

    def __init__(self, net: pl.Network | None = None) -> None:
        self.net = net

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, x: Array, t: Array | None) -> "Regressor":
        return self

    def predict(self, x: Array) -> Array:
        assert self.net is not None
        return self.net(x)[:, 0]


class Classifier(ClassifierMixin, Regressor):
    classes_ = np.arange(3)
    _estimator_type = "classifier"

    def predict(self, x: Array) -> Array:
        assert self.net is not None
        return self.net.classify(x)

    def predict_proba(self, x: Array) -> Array:
        assert self.net is not None
        return self.net(x)


@pytest.mark.parametrize("kind", ["classes", "values"])
def test_importances_are_scikit_learns_but_for_the_orders(
    kind: str, generator: np.random.Generator
) -> None:
    """Orders differ, so means over many repeats agree within their standard errors."""
    net = (
        NETS["sigmoids"]
        if kind == "classes"
        else pl.Network([affine(D, 5, 0), pl.Tanh(), affine(5, 1, 1)])
    )
    x = generator.normal(size=(150, D))
    t = net.classify(x) if kind == "classes" else net(x)[:, 0] + generator.normal(size=150) * 0.1
    found = pl.permutation_importance(net, x, t, repeats=60)
    estimator = (Classifier if kind == "classes" else Regressor)(net)
    witness = inspection.permutation_importance(estimator, x, t, n_repeats=60, random_state=0)
    errors = np.sqrt((found.stds**2 + witness.importances_std**2) / 60)
    assert (np.abs(found.means - witness.importances_mean) < 5 * errors + 1e-9).all()
    np.testing.assert_allclose(found.stds, witness.importances_std, rtol=0.5)
    assert found.score == pytest.approx(estimator.score(x, t))
    assert found.metric == ("accuracy" if kind == "classes" else "r2")


def test_importances_by_the_orders_drawn() -> None:
    """Each score is that of the rows with one column in the order of the counter."""
    net = NETS["values"]
    x = rows_for(net, 40)
    t = net(x) + 0.1
    found = pl.permutation_importance(net, x, t, metric="mean_squared_error", repeats=2, seed=7)
    assert found.score == pytest.approx(0.01)
    for c in range(D):
        for r in range(2):
            changed = x.copy()
            changed[:, c] = x[splitmix.permutation(splitmix.key(7, r, c, 1 << 46), 40), c]
            assert found.scores[c, r] == pytest.approx(((net(changed) - t) ** 2).mean())
    np.testing.assert_allclose(
        found.importances, found.scores - found.score
    )  # less is better: worse is more
    np.testing.assert_allclose(found.means, found.importances.mean(axis=1))
    assert found.ranked().tolist() == np.argsort(-found.means).tolist()
    assert str(found).splitlines()[3].split()[0] == str(found.ranked()[0])
    json.dumps(found.to_dict())
    other = pl.permutation_importance(net, x, t, metric="mean_squared_error", repeats=2, seed=8)
    assert (other.scores != found.scores).any()


def test_a_column_without_weight_does_not_matter(generator: np.random.Generator) -> None:
    net = pl.Network([pl.Affine([[1.0, -1.0], [0.0, 0.0]]), pl.Softmax()])
    x = generator.normal(size=(100, 2))
    found = pl.permutation_importance(net, x, net.classify(x))
    assert found.means[0] > 0.3
    assert found.importances[1].tolist() == [0] * 5


def test_columns_of_several_inputs_are_shuffled_together(generator: np.random.Generator) -> None:
    """One-hot columns: shuffled together every row keeps exactly one 1."""
    net = pl.Network([pl.Affine([[1.0], [2.0], [3.0], [0.5]])])
    x = np.hstack([np.eye(3)[generator.integers(0, 3, 60)], generator.normal(size=(60, 1))])
    seen = []

    def metric(y: Array, t: Array) -> float:
        seen.append(y)
        return -float(np.abs(y[:, 0] - t).mean())

    columns: dict[str, int | list[int]] = {"colour": [0, 1, 2], "size": 3}
    found = pl.permutation_importance(
        net, x, net(x)[:, 0], columns=columns, repeats=1, metric=metric
    )
    assert found.names == ["colour", "size"]
    assert found.metric == "metric"
    assert np.isin(np.round(seen[0][:, 0] - x[:, 3] * 0.5, 9), [1, 2, 3]).all()
    mistakes: list[Any] = [{"a": 4}, {"a": []}, {"a": "0"}, {"a": [0, 9]}, {"a": 1.5}]
    for bad in mistakes:
        with pytest.raises(pl.InputError, match="a column is the index"):
            pl.permutation_importance(net, x, x[:, 0], columns=bad)
    with pytest.raises(pl.InputError, match="metric is one of accuracy"):
        pl.permutation_importance(net, x, x[:, 0], metric="auc")
    with pytest.raises(pl.InputError, match="repeats"):
        pl.permutation_importance(net, x, x[:, 0], repeats=0)


@pytest.mark.parametrize("block", [1, 100])
def test_blocks_and_bytes(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    net = NETS["pixels"]
    x = rows_for(net, 30)
    t = net.classify(x)
    whole = pl.permutation_importance(net, x, t)
    monkeypatch.setattr(importance, "_NUMBERS", block)
    parts = pl.permutation_importance(net, x, t)
    np.testing.assert_array_equal(parts.scores, whole.scores)
    assert whole.score == 1
    curve = pl.partial_dependence(net, x, 2, [0.0, 127.5, 255.0])
    for value, answers in zip(curve.grid, curve.outputs, strict=True):
        changed = x.reshape(30, 6).astype(np.float64)
        changed[:, 2] = value
        np.testing.assert_allclose(answers, net(changed).mean(axis=0), rtol=1e-10)


def test_partial_dependence_is_scikit_learns(generator: np.random.Generator) -> None:
    net = NETS["sigmoids"]
    soft = pl.Network([*net.layers[:-1], pl.Softmax()])
    x = generator.normal(size=(80, D))
    found = pl.partial_dependence(soft, x, 1, np.linspace(-1, 1, 5))
    witness = inspection.partial_dependence(
        Classifier(soft).fit(x, None),
        x,
        [1],
        custom_values={1: np.linspace(-1, 1, 5)},
        method="brute",
        kind="average",
    )
    np.testing.assert_allclose(found.outputs.T, witness["average"], rtol=1e-10)
    values = pl.Network([affine(D, 5, 0), pl.Tanh(), affine(5, 1, 1)])
    found = pl.partial_dependence(values, x, 1, np.linspace(-1, 1, 5))
    witness = inspection.partial_dependence(
        Regressor(values),
        x,
        [1],
        custom_values={1: np.linspace(-1, 1, 5)},
        method="brute",
        kind="average",
    )
    np.testing.assert_allclose(found.outputs.T, witness["average"], rtol=1e-10)


def test_the_usual_grid(generator: np.random.Generator) -> None:
    net = NETS["values"]
    x = generator.normal(size=(300, D))
    x[:, 2] = generator.integers(0, 4, 300)
    found = pl.partial_dependence(net, x, 0)
    assert len(found.grid) == 20
    np.testing.assert_allclose(found.grid[[0, -1]], np.quantile(x[:, 0], [0.05, 0.95]))
    np.testing.assert_allclose(np.diff(found.grid), found.grid[1] - found.grid[0])
    assert found.column == str(found).split()[0] == "0"
    assert found.labels[0] == f"{found.grid[0]:.4g}"
    assert pl.partial_dependence(net, x, 2).grid.tolist() == [0, 1, 2, 3]
    json.dumps(found.to_dict())


def test_a_category_is_set_as_a_whole() -> None:
    net = pl.Network([pl.Affine([[1.0], [2.0], [3.0], [1.0]])])
    x = np.array([[1.0, 0, 0, 5], [0, 1, 0, 7], [0, 0, 1, 6]])
    found = pl.partial_dependence(net, x, [0, 1, 2], 3)
    assert found.grid.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert found.outputs.ravel().tolist() == [9, 8, 7]
    for bad in ([1.0, 2.0], [[1.0, 2.0]], [[np.nan] * 3], np.zeros((0, 3))):
        with pytest.raises(pl.InputError, match="a grid holds finite numbers, 3"):
            pl.partial_dependence(net, x, [0, 1, 2], bad)
    with pytest.raises(pl.InputError, match="needs a grid"):
        pl.partial_dependence(net, x, [0, 3], 2)
    with pytest.raises(pl.InputError, match="a column is the index"):
        pl.partial_dependence(net, x, 4)
