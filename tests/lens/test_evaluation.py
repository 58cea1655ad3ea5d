"""How well a network predicts: each metric against its definition."""

import json
import math

import numpy as np
import pytest
from sklearn import metrics

import pellucid as pl
from pellucid.core.types import Array
from pellucid.lens.evaluation import Evaluation
from pellucid.lens.score_curves import ROC, Calibration, PrecisionRecall


def from_sums(
    z: list[list[float]], output: type[pl.Layer] | None = None
) -> tuple[pl.Network, Array]:
    """Return a network whose outputs are its inputs, and these inputs."""
    x = np.array(z)
    layers: list[pl.Layer] = [pl.Affine(np.eye(x.shape[1]))]
    return pl.Network([*layers, *([] if output is None else [output()])]), x


def of_hits(hits: int, N: int) -> Evaluation:
    net, x = from_sums([[1.0, 0.0]] * N)
    return pl.evaluate(net, x, np.array([0] * hits + [1] * (N - hits)))


@pytest.mark.parametrize(
    ("hits", "N"), [(0, 1), (1, 1), (3, 10), (7, 10), (0, 20), (20, 20), (960, 1000), (1, 10)]
)
def test_accuracy_and_wilsons_interval(hits: int, N: int) -> None:
    found = of_hits(hits, N)
    assert found.accuracy == hits / N
    assert found.rows == N
    assert found.interval is not None
    # Wilson's ends are where the true share p lies z standard errors, sqrt(p (1 - p) / N), from the
    # share found.
    z = 1.959963984540054
    for end in found.interval:
        assert 0 <= end <= 1
        assert abs(hits / N - end) == pytest.approx(z * math.sqrt(end * (1 - end) / N), abs=1e-9)
    assert found.interval[0] <= hits / N <= found.interval[1]
    assert found.interval[1] - found.interval[0] > 0.02


def test_confusion_and_misclassified() -> None:
    z: list[list[float]] = [
        [2.0, 0, 0],
        [0, 3, 0],
        [0, 0, 1],
        [5, 0, 0],
        [0, 1, 0],
        [0, 9, 0],
        [0, 1, 0],
    ]
    t = np.array([0, 1, 2, 1, 0, 2, 0])
    for output in (None, pl.Softmax, pl.Sigmoid):
        net, x = from_sums(z, output)
        found = pl.evaluate(net, x, t)
        assert found.confusion is not None
        assert found.confusion.tolist() == [[1, 2, 0], [1, 1, 0], [0, 1, 1]]
        assert found.confusion.dtype.kind == "i"
        assert found.misclassified is not None
        assert found.misclassified.tolist() == [
            5,
            3,
            4,
            6,
        ]  # the surest first, equals as they stand
        assert found.accuracy == 3 / 7
        assert (found.r2, found.mean_absolute_error) == (None, None)


def test_the_loss_is_that_of_the_end_or_the_one_asked_for() -> None:
    z: list[list[float]] = [[2.0, 0], [0, 3.0], [1, 0]]
    t = np.array([0, 1, 1])
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    cross_entropy = -np.log(p[np.arange(3), t]).mean()
    for output in (None, pl.Softmax):
        net, x = from_sums(z, output)
        assert pl.evaluate(net, x, t).loss == pytest.approx(cross_entropy, abs=1e-12)
    squares = ((p - np.eye(2)[t]) ** 2).mean()
    asked = pl.evaluate(net, x, t, loss="mean_squared_error")
    assert asked.loss == pytest.approx(squares, abs=1e-12)
    assert asked.accuracy == 2 / 3
    assert pl.evaluate(net, x, t, loss=pl.MeanSquaredError()).loss == asked.loss
    y = 1 / (1 + np.exp(-np.array(z)))
    binary = -(np.eye(2)[t] * np.log(y) + (1 - np.eye(2)[t]) * np.log(1 - y)).mean()
    net, x = from_sums(z, pl.Sigmoid)
    assert pl.evaluate(net, x, t).loss == pytest.approx(binary, abs=1e-12)


@pytest.mark.parametrize("form", ["indices", "one-hot", "uint8", "list"])
def test_targets_in_every_form(form: str) -> None:
    net, x = from_sums([[2.0, 0], [0, 3.0], [1, 0]], pl.Softmax)
    t = np.array([0, 1, 1])
    given = {"indices": t, "one-hot": np.eye(2)[t], "uint8": t.astype(np.uint8), "list": [0, 1, 1]}[
        form
    ]
    found = pl.evaluate(net, x, given)
    assert found.accuracy == 2 / 3
    assert found.confusion is not None
    assert found.confusion.tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_one_output_says_yes_or_no(shape: tuple[int, ...]) -> None:
    net, x = from_sums([[-3.0], [0.0], [2.0], [4.0], [-1.0]], pl.Sigmoid)
    t = np.array([0, 1, 1, 0, 1]).reshape(shape)
    found = pl.evaluate(net, x, t)
    assert found.confusion is not None
    assert found.misclassified is not None
    assert found.confusion.tolist() == [[1, 1], [1, 2]]
    assert found.misclassified.tolist() == [3, 4]
    assert found.accuracy == 0.6
    y = 1 / (1 + np.exp(-x))
    t = t.reshape(5, 1)
    assert found.loss == pytest.approx(-(t * np.log(y) + (1 - t) * np.log(1 - y)).mean(), abs=1e-12)
    sums, x = from_sums([[-3.0], [0.0], [2.0], [4.0], [-1.0]])
    twin = pl.evaluate(sums, x, t, loss="binary_cross_entropy")
    assert twin.confusion is not None
    assert twin.confusion.tolist() == found.confusion.tolist()


@pytest.mark.parametrize("K", [1, 2])
def test_values(K: int) -> None:
    generator = np.random.default_rng(0)
    y, t = generator.normal(size=(20, K)), generator.normal(size=(20, K))
    net, x = from_sums(y.tolist())
    found = pl.evaluate(net, x, t[:, 0] if K == 1 else t)
    shares = 1 - ((t - y) ** 2).sum(axis=0) / ((t - t.mean(axis=0)) ** 2).sum(axis=0)
    assert found.r2 == pytest.approx(shares.mean(), abs=1e-12)
    assert found.mean_absolute_error == pytest.approx(np.abs(t - y).mean(), abs=1e-12)
    assert found.loss == pytest.approx(((t - y) ** 2).mean(), abs=1e-12)
    assert (found.accuracy, found.interval, found.confusion, found.misclassified) == (
        None,
        None,
        None,
        None,
    )
    assert pl.evaluate(net, x, y).r2 == 1
    with pytest.raises(pl.InputError, match="this network predicts values"):
        found.confusion_table()


@pytest.mark.parametrize("K", [1, 3])
def test_residuals_and_errors_are_scikit_learns(K: int) -> None:
    generator = np.random.default_rng(1)
    y, t = generator.normal(size=(50, K)), generator.normal(size=(50, K))
    net, x = from_sums(y.tolist())
    found = pl.evaluate(net, x, t)
    assert found.residuals is not None
    np.testing.assert_allclose(found.residuals, t - y, atol=1e-15)
    assert found.r2 == pytest.approx(metrics.r2_score(t, y), abs=1e-12)
    assert found.mean_absolute_error == pytest.approx(metrics.mean_absolute_error(t, y), abs=1e-12)
    assert found.root_mean_squared_error == pytest.approx(
        math.sqrt(metrics.mean_squared_error(t, y)), abs=1e-12
    )
    assert (found.calibration, found.roc, found.predicted) == (None, None, None)
    with pytest.raises(pl.InputError, match="misclassified rows need classes"):
        found.misclassified_table()


@pytest.mark.parametrize("kind", ["one sigmoid", "softmax", "sums", "two sigmoids", "one sum"])
def test_two_classes_have_scikit_learns_curves(kind: str) -> None:
    generator = np.random.default_rng(2)
    one = kind.startswith("one")
    z = generator.normal(size=(150, 1 if one else 2)).repeat(
        2, axis=0
    )  # pairs of rows with equal scores
    t = (generator.random(300) < 1 / (1 + np.exp(-z[:, -1]))).astype(int)
    ends = {"one sigmoid": pl.Sigmoid, "two sigmoids": pl.Sigmoid, "softmax": pl.Softmax}
    net, x = from_sums(z.tolist(), ends.get(kind))
    y = net(x)
    scores = y[:, -1] if one or kind == "softmax" else y[:, 1] - y[:, 0]
    found = pl.evaluate(net, x, t, loss="binary_cross_entropy" if kind == "one sum" else None)
    assert found.roc is not None
    assert found.precision_recall is not None
    assert found.roc.area == pytest.approx(metrics.roc_auc_score(t, scores), abs=1e-12)
    assert found.precision_recall.average_precision == pytest.approx(
        metrics.average_precision_score(t, scores), abs=1e-12
    )
    false, true, thresholds = metrics.roc_curve(t, scores, drop_intermediate=False)
    np.testing.assert_allclose(found.roc.false_positive_rate, false, atol=1e-15)
    np.testing.assert_allclose(found.roc.true_positive_rate, true, atol=1e-15)
    np.testing.assert_allclose(found.roc.thresholds, thresholds, rtol=1e-14, atol=1e-15)
    precision, recall, thresholds = metrics.precision_recall_curve(t, scores)
    np.testing.assert_allclose(found.precision_recall.precision[::-1], precision[:-1], atol=1e-15)
    np.testing.assert_allclose(found.precision_recall.recall[::-1], recall[:-1], atol=1e-15)
    np.testing.assert_allclose(
        found.precision_recall.thresholds[::-1], thresholds, rtol=1e-14, atol=1e-15
    )
    for curve in (found.roc, found.precision_recall):
        json.dumps(curve.to_dict())
        assert str(curve) == repr(curve)


def test_one_class_alone_has_no_curve() -> None:
    net, x = from_sums([[0.3], [-1.0]], pl.Sigmoid)
    for t in ([0, 0], [1, 1]):
        found = pl.evaluate(net, x, t)
        assert (found.roc, found.precision_recall) == (None, None)
        assert "roc_area" not in found.to_dict()
    three, x = from_sums([[0.3, 1, 2], [-1.0, 0, 0]])
    assert pl.evaluate(three, x, [0, 1]).roc is None


def test_an_auc_by_hand() -> None:
    """Of the four pairs of a positive and a negative row, one and a half are in order.

    A tie counts half.
    """
    found = ROC(np.array([0.9, 0.5, 0.5, 0.1]), np.array([False, True, False, True]))
    assert found.area == 0.5 / 4
    assert found.thresholds.tolist() == [np.inf, 0.9, 0.5, 0.1]
    assert found.false_positive_rate.tolist() == [0, 0.5, 1, 1]
    assert found.true_positive_rate.tolist() == [0, 0, 0.5, 1]
    best = PrecisionRecall(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    assert best.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_a_calibration_error_by_hand() -> None:
    """Bins of a half: 0.3 and 0.5 in the first, none right.

    0.9 and 0.9 in the second, one right.
    """
    found = Calibration(
        np.array([0.3, 0.5, 0.9, 0.9]), np.array([False, False, True, False]), bins=2
    )
    assert found.counts.tolist() == [2, 2]
    assert found.confidence == pytest.approx([0.4, 0.9])
    assert found.accuracy.tolist() == [0, 0.5]
    assert found.error == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)
    edges = Calibration(np.array([0.0, 1.0]), np.array([True, True]), bins=4)
    assert edges.counts.tolist() == [1, 0, 0, 1]
    assert edges.to_dict()["accuracy"] == [1.0, None, None, 1.0]
    assert edges.error == 0.5
    assert len(str(edges).splitlines()) == 5


def test_calibration_of_a_network(generator: np.random.Generator) -> None:
    z = generator.normal(size=(2000, 3)) * 2
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    t = np.array([generator.choice(3, p=row) for row in p])
    net, x = from_sums(z.tolist(), pl.Softmax)
    found = pl.evaluate(net, x, t).calibration
    assert found is not None
    assert found.probabilities
    assert found.error < 0.04  # the targets were drawn from these very probabilities
    right, most = p.argmax(axis=1) == t, p.max(axis=1)
    error = 0.0
    for k in range(15):
        held = (most > k / 15) & (most <= (k + 1) / 15)
        if held.any():
            error += held.mean() * abs(right[held].mean() - most[held].mean())
    assert found.error == pytest.approx(error, abs=1e-12)
    sure, x = from_sums((5 * z).tolist(), pl.Softmax)
    worse = pl.evaluate(sure, x, t).calibration
    assert worse is not None
    assert worse.error > 0.15
    match, x = from_sums(z.tolist(), pl.Sigmoid)
    degrees = pl.evaluate(match, x, t).calibration
    assert degrees is not None
    assert not degrees.probabilities
    assert "degree of match" in str(degrees)


def test_misclassified_rows_as_text() -> None:
    net, x = from_sums([[2.0, 0], [0, 3.0], [1, 0], [0, 9.0]], pl.Softmax)
    net.classes = ["cat", "dog"]
    found = pl.evaluate(net, x, [0, 0, 1, 0])
    assert [line.split() for line in found.misclassified_table(2).splitlines()[2:]] == [
        ["3", "cat", "dog", "1.000"],
        ["1", "cat", "dog", "0.953"],
    ]
    assert found.predicted is not None
    assert found.targets is not None
    assert found.confidence is not None
    assert (found.predicted.tolist(), found.targets.tolist()) == ([0, 1, 0, 1], [0, 0, 1, 0])
    assert found.confidence == pytest.approx(net(x).max(axis=1))


def test_as_a_dict_and_as_text() -> None:
    found = of_hits(3, 4)
    assert json.loads(json.dumps(found.to_dict())) == {
        "accuracy": 0.75,
        "interval": list(found.interval or ()),
        "loss": found.loss,
        "classes": ["0", "1"],
        "confusion": [[3, 0], [1, 0]],
        "calibration_error": found.calibration.error if found.calibration else None,
        "roc_area": 0.5,
        "average_precision": 0.25,
    }
    assert repr(found).splitlines() == [
        str(found),
        "confusion_table() shows the confusion matrix; misclassified holds the 1 misclassified "
        "rows",
    ]
    assert str(found) == "accuracy 75.0 % (95 % interval 30.1 to 95.4), loss 0.5633 on 4 rows"
    net, x = from_sums([[0.5]] * 2000)
    values = pl.evaluate(net, x, np.tile([0.0, 1.0], 1000))
    figures = {"loss": 0.25, "r2": 0.0, "mean_absolute_error": 0.5, "root_mean_squared_error": 0.5}
    assert values.to_dict() == pytest.approx(figures, abs=1e-12)
    assert str(values) == "R2 0.0000, mean absolute error 0.5, loss 0.2500 on 2,000 rows"
    money = pl.evaluate(net, x, np.tile([0.5, 1_000_000.5], 1000))
    figures_text = "R2 -1.0000, mean absolute error 500,000, loss 500,000,000,000"
    assert str(money) == f"{figures_text} on 2,000 rows"


def test_the_confusion_table() -> None:
    net, x = from_sums([[2.0, 0], [2.0, 0], [0, 3.0], [1, 0]], pl.Softmax)
    t = [0, 0, 1, 1]
    assert [line.split() for line in pl.evaluate(net, x, t).confusion_table().splitlines()] == [
        ["true", "\\", "predicted", "0", "1", "right"],
        ["-" * len(pl.evaluate(net, x, t).confusion_table().splitlines()[1])],
        ["0", "2", ".", "100.0%"],
        ["1", "1", "1", "50.0%"],
        ["-" * len(pl.evaluate(net, x, t).confusion_table().splitlines()[1])],
        ["total", "3", "1", "75.0%"],
    ]
    net.classes = ["고양이", "개"]
    lines = pl.evaluate(net, x, t).confusion_table().splitlines()
    assert lines[0].split()[-3:] == ["고양이", "개", "right"]
    assert lines[2].split()[0] == "고양이"


def test_a_class_that_never_comes_and_one_name_for_one_output() -> None:
    net, x = from_sums([[-1.0], [-2.0]], pl.Sigmoid)
    net.classes = ["예"]
    lines = pl.evaluate(net, x, [0, 0]).confusion_table().splitlines()
    assert lines[0].split()[-3:] == ["0", "1", "right"]
    assert lines[3].split() == ["1", ".", ".", "0.0%"]
    lines = pl.evaluate(net, -x, [0, 1]).confusion_table().splitlines()
    assert [line.split()[-1] for line in lines[2:4]] == ["0.0%", "100.0%"]


class Lenient:
    """A loss that takes any targets."""

    def value(self, y: Array, t: Array, weights: Array | None = None) -> float:
        return 0.0

    def gradient(self, y: Array, t: Array, weights: Array | None = None) -> Array:
        return np.zeros_like(y)


def test_what_does_not_fit() -> None:
    net, x = from_sums([[2.0, 0], [0, 3.0]])
    for bad in ([0, 2], [-1, 0]):
        with pytest.raises(pl.InputError, match="from 0 to 1"):
            pl.evaluate(net, x, bad)
        with pytest.raises(
            pl.InputError,
            match=f"targets of 2 classes go from 0 to 1, got {min(bad)} to {max(bad)}",
        ):
            pl.evaluate(net, x, bad, loss=Lenient())
    with pytest.raises(pl.InputError, match="each of 2 rows"):
        pl.evaluate(net, x, [0])
    with pytest.raises(pl.InputError, match="at least one row"):
        pl.evaluate(net, x[:0], [])
    with pytest.raises(pl.InputError, match="row 1 holds NaN"):
        pl.evaluate(net, np.array([[0, 1], [np.nan, 0]]), [0, 1])
    with pytest.raises(pl.InputError, match="loss is one of"):
        pl.evaluate(net, x, [0, 1], loss="hinge")


def test_looking_changes_nothing() -> None:
    net = pl.mlp([3, 8, 4], normalization="batch", dropout=0.5, seed=0)
    before = net.copy()
    x = np.random.default_rng(0).normal(size=(50, 3))
    assert str(pl.evaluate(net, x, np.arange(50) % 4)) == str(
        pl.evaluate(net, x, np.arange(50) % 4)
    )
    assert net == before
