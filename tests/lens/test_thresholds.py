"""Thresholds of two classes: choices and confidences, by hand, and in evaluations."""

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.lens.score_curves import PrecisionRecall
from pellucid.lens.thresholds import ThresholdScores, verdicts, yes

P = np.array([0.1, 0.25, 0.4, 0.5, 0.9])
ONE = pl.Network([pl.Affine([[1.0]]), pl.Sigmoid()])
LOGIT = pl.Network([pl.Affine([[1.0]])], classes=["no", "yes"])
TWO = pl.Network([pl.Affine([[0.0, 1.0]]), pl.Softmax()])
TWO_LOGITS = pl.Network([pl.Affine([[0.0, 1.0]])], classes=["no", "yes"])
X = np.log(P / (1 - P))[:, None]  # whose sigmoid is P
ALL = {"sigmoid": ONE, "logit": LOGIT, "softmax": TWO, "two logits": TWO_LOGITS}


@pytest.mark.parametrize("kind", ALL)
def test_yes_from_the_threshold_up(kind: str) -> None:
    net = ALL[kind].astype("float64")
    y = net.predict(X)
    np.testing.assert_allclose(yes(net, y), P, rtol=1e-12)
    chosen, confidence = verdicts(net, y, 0.2499999)
    assert chosen.tolist() == [0, 1, 1, 1, 1]
    np.testing.assert_allclose(confidence, [0.9, 0.25, 0.4, 0.5, 0.9])
    chosen, confidence = verdicts(net, y, 0.8)
    assert chosen.tolist() == [0, 0, 0, 0, 1]
    np.testing.assert_allclose(confidence, [0.9, 0.75, 0.6, 0.5, 0.9])
    # Without one, it is the network's own choice.
    chosen, confidence = verdicts(net, y)
    assert (chosen == net.choose(y)).all() and (confidence == net.confidence(y)).all()


def test_an_evaluation_by_another_threshold() -> None:
    t = np.array([0, 1, 1, 0, 1])
    plain, low = pl.evaluate(ONE, X, t), pl.evaluate(ONE, X, t, threshold=0.2)
    assert plain.confusion is not None and low.confusion is not None
    assert plain.confusion.tolist() == [[1, 1], [2, 1]]
    assert low.confusion.tolist() == [[1, 1], [0, 3]]
    assert (plain.accuracy, low.accuracy) == (0.4, 0.8)
    assert plain.loss == low.loss
    # Of 4 rows from 0.2 up 3 are of class 1, and no row of class 1 is below.
    assert low.at_threshold is not None and plain.at_threshold is None
    assert low.at_threshold == pytest.approx((0.2, 3 / 4, 1.0, 6 / 7))
    expected = {"class": "1", "threshold": 0.2, "precision": 0.75, "recall": 1.0, "f1": 6 / 7}
    assert low.to_dict()["at_threshold"] == pytest.approx(expected)
    assert "at threshold 0.2: precision 0.7500" in low._repr_html_()
    # Calibration is a matter of the probabilities, whatever is done with them.
    assert plain.calibration is not None and low.calibration is not None
    assert plain.calibration.to_dict() == low.calibration.to_dict()
    assert plain.best_f1 is not None and plain.best_f1 == low.best_f1
    # From 0.25 up: 3 hits, 1 false alarm: precision 3/4, recall 1.
    assert plain.best_f1 == pytest.approx((0.25, 6 / 7))
    assert plain.to_dict()["best_f1"] == {"threshold": plain.best_f1[0], "f1": plain.best_f1[1]}
    assert pl.evaluate(LOGIT, X, t, "binary_cross_entropy").best_f1 is None  # no probabilities


def test_the_best_threshold_is_the_best(generator: np.random.Generator) -> None:
    scores, positive = generator.random(200).round(2), generator.random(200) < 0.3

    def f1(threshold: float) -> float:
        found = scores >= threshold
        hits = (found & positive).sum()
        return float(2 * hits / (found.sum() + positive.sum()))

    threshold, best = PrecisionRecall(scores, positive).best_f1
    assert best == pytest.approx(f1(threshold))
    assert best == pytest.approx(max(map(f1, np.unique(scores))))


def test_ties_and_rare_hits() -> None:
    assert PrecisionRecall(np.array([0.9, 0.8, 0.1]), np.array([0, 0, 1])).best_f1 == (0.1, 0.5)
    assert PrecisionRecall(np.full(4, 0.5), np.array([0, 1, 0, 1])).best_f1[0] == 0.5


def test_shares_of_no_rows_are_none() -> None:
    high = pl.evaluate(ONE, X, np.arange(5) % 2, threshold=0.95)
    assert high.at_threshold == (0.95, None, 0.0, 0.0)
    line = "at threshold 0.95: precision -, recall 0.0000 and F1 0.0000 of 1"
    assert high.threshold_line() == line
    assert ThresholdScores.of(0.5, np.array([[4, 0], [0, 0]])) == (0.5, None, None, None)


WRONG: dict[str, tuple[pl.Network, float, str]] = {
    "0": (ONE, 0.0, "between 0 and 1, got 0"),
    "1.5": (ONE, 1.5, "between 0 and 1, got 1.5"),
    "three classes": (pl.mlp([1, 3], output="softmax"), 0.3, "one of two classes"),
    "two sigmoids": (pl.mlp([1, 2], output="sigmoid"), 0.3, "one of two classes"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_has_no_threshold(name: str) -> None:
    net, threshold, message = WRONG[name]
    with pytest.raises(pl.InputError, match=message):
        pl.evaluate(net, X, np.arange(5) % 2, threshold=threshold)


def test_values_have_none() -> None:
    table: dict[str, list[float]] = {"a": [1.0, 2.0, 3.0], "b": [1.5, 2.5, 4.0]}
    net = pl.table_mlp(pl.Columns.of(table, target="b"), [2])
    y: Array = net.predict(table)
    with pytest.raises(pl.InputError):
        verdicts(net, y, 0.3)
    with pytest.raises(pl.InputError, match="one of two classes"):
        pl.evaluate(net, table, threshold=0.3)
