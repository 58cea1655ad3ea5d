"""Conformal intervals and sets, temperature, and the distance from the training rows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import functions, temperature
from pellucid.core.conformal import KEPT, LARGEST, Residuals, Scores, class_sets
from pellucid.core.novelty import Novelty
from pellucid.core.types import Array
from pellucid.core.uncertainty import Uncertainty
from pellucid.errors import InputError


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_bounds_by_hand() -> None:
    """Of nine rows the eighth is exceeded by a new one with probability 2 / 10."""
    scores = Scores.of(draws().permutation(np.arange(1, 10)))
    assert scores.upper(0.8) == 8
    assert scores.upper(0.75) == 8  # rounded up, never inside
    assert scores.lower(0.8) == 2
    assert scores.lower(0.75) == 2
    assert scores.check(0.9, ends=1) == 0.9
    with pytest.raises(InputError, match=r"more held-out rows than 9: at most 0\.9"):
        scores.check(0.91, ends=1)
    with pytest.raises(InputError, match=r"at most 0\.8"):
        scores.check(0.9, ends=2)


@pytest.mark.parametrize("level", [0, 1, -1, 1.5, math.nan, "0.9", None])
def test_levels_are_between_0_and_1(level: Any) -> None:
    with pytest.raises(InputError, match="level must be between 0 and 1"):
        Scores.of(np.arange(100)).check(level, ends=2)


def test_few_scores_of_many_rows_are_kept_and_exact_at_usual_levels() -> None:
    values = draws().normal(size=5_437)
    ordered, scores = np.sort(values), Scores.of(values)
    assert len(scores.values) == KEPT
    for level in (0.5, 0.8, 0.9, 0.95, 0.99):
        assert scores.upper(level) == pytest.approx(ordered[math.ceil(level * 5438) - 1], rel=1e-5)
        low = math.floor(round((1 - level) * 5438, 6))
        assert scores.lower(level) == pytest.approx(ordered[low - 1], rel=1e-5)
    assert scores.upper(0.9012) == scores.upper(0.905)


@pytest.mark.parametrize("n", [100, 150, 2_000])
def test_intervals_hold_nine_targets_of_ten(n: int) -> None:
    """Errors grow with the prediction, and lean to one side."""
    generator, shares = draws(), []
    for _ in range(60):
        y = generator.uniform(0, 10, n + 1_000)
        t = y + (generator.exponential(size=n + 1_000) - 0.5) * (0.2 + y / 5)
        known = Residuals.of(y[:n], t[:n])
        low, high = known.interval(y[n:], 0.9)
        shares.append(np.mean((low <= t[n:]) & (t[n:] <= high)))
    assert 0.89 < np.mean(shares) < 0.915
    low, high = known.interval(np.array([1.0, 9.0]), 0.9)
    assert high[1] - low[1] > 2 * (high[0] - low[0])


def test_intervals_of_a_network_without_errors_and_of_one_prediction() -> None:
    exact = Residuals.of(np.arange(50.0), np.arange(50.0))
    low, high = exact.interval(np.array([3.0]), 0.9)
    assert low.tolist() == high.tolist() == [3]
    same = Residuals.of(np.full(199, 5.0), np.arange(199.0))
    low, high = same.interval(np.array([5.0]), 0.9)
    assert low == pytest.approx(9, abs=0.05)  # the tenth of 199
    assert high == pytest.approx(189, abs=0.05)


def test_no_interval_is_below_0_where_no_target_was() -> None:
    y, t = np.full(99, 1.0), np.linspace(0, 9, 99)
    low, high = Residuals.of(y, t, nonnegative=True).interval(np.array([0.1]), 0.9)
    assert low == 0
    assert high > 5
    assert Residuals.of(y, t).interval(np.array([0.1]), 0.9)[0] < 0


def test_sets_hold_nine_classes_of_ten() -> None:
    generator, shares, sizes = draws(), [], []
    for _ in range(60):
        p = functions.softmax(generator.normal(size=(1_150, 4)))
        t = (p.cumsum(axis=1) < generator.uniform(size=(1_150, 1))).sum(axis=1)
        scores = Scores.of(1 - p[np.arange(150), t[:150]])
        chosen = class_sets(p[150:], scores, 0.9)
        shares.append(chosen[np.arange(1_000), t[150:]].mean())
        sizes.append(chosen.sum(axis=1).mean())
    assert 0.89 < np.mean(shares) < 0.915
    assert np.mean(sizes) < 3.6


def test_a_set_is_never_empty() -> None:
    chosen = class_sets(np.array([[0.4, 0.6], [0.1, 0.9]]), Scores.of(np.zeros(99)), 0.9)
    assert chosen.tolist() == [[False, True], [False, True]]


def test_the_temperature_has_the_least_loss() -> None:
    z = 2 * draws().normal(size=(400, 3))
    p = functions.softmax(z)
    t = (p.cumsum(axis=1) < draws(1).uniform(size=(400, 1))).sum(axis=1)

    def loss(T: float) -> float:
        return float(-functions.log_softmax(3 * z / T)[np.arange(400), t].mean())

    found = temperature.fitted(functions.softmax(3 * z), t)
    assert found == pytest.approx(3, rel=0.2)
    assert loss(found) < loss(1) - 0.3
    best = min(np.geomspace(1, 6, 200), key=loss)
    assert found == pytest.approx(best, rel=0.05)


def test_rows_that_are_all_right_make_no_network_certain() -> None:
    p = functions.softmax(draws().normal(size=(200, 3)))
    assert 0.2 < temperature.fitted(p, p.argmax(axis=1)) < 0.5


def test_few_rows_do_not_change_a_calibrated_network() -> None:
    found = []
    for seed in range(40):
        p = functions.softmax(draws(seed).normal(size=(200, 3)))
        t = (p.cumsum(axis=1) < draws(seed + 99).uniform(size=(200, 1))).sum(axis=1)
        found.append(temperature.fitted(p, t))
    assert found.count(1.0) >= 34  # chance alone changes one in twenty


def test_sample_weights_count_in_the_temperature() -> None:
    p = np.tile([[0.2, 0.8]], (200, 1))
    t = np.arange(200) % 2  # right in half of the rows
    half = temperature.fitted(p, t)
    weighted = temperature.fitted(p, t, np.where(t == 1, 4.0, 1.0))  # in four fifths
    assert half == pytest.approx(5)  # the highest
    assert weighted == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "log_softmax", "identity"])
def test_logits_are_divided_and_classes_stay(output: str) -> None:
    net = pl.mlp([3, 1 if output == "sigmoid" else 4], output=output, seed=1)
    x = draws().normal(size=(50, 3)).astype(np.float32)
    p = temperature.probabilities(net.layers, net(x))
    chosen = net.classify(x)
    assert temperature.divide_logits(net.layers, 2)
    q = temperature.probabilities(net.layers, net(x))
    assert p is not None
    assert q is not None
    assert np.allclose(functions.softmax(np.log(p) / 2), q, atol=1e-5)
    assert (net.classify(x) == chosen).all()


def test_the_temperature_of_members_is_that_of_their_mean() -> None:
    z = 2 * draws().normal(size=(400, 3)) + draws(2).normal(size=(5, 400, 3))
    t = (functions.softmax(z).mean(axis=0).cumsum(axis=1) < draws(1).uniform(size=(400, 1))).sum(1)

    def loss(T: float) -> float:
        return float(-np.log(functions.softmax(3 * z / T).mean(axis=0))[np.arange(400), t].mean())

    found = temperature.fitted_together(functions.softmax(3 * z), t)
    best = min(np.geomspace(1, 5, 300), key=loss)
    assert found == pytest.approx(best, rel=0.05)
    assert loss(found) < loss(1) - 0.1
    one = functions.softmax(3 * z[0])  # of one member both are the same
    assert temperature.fitted_together(one[None], t) == pytest.approx(
        temperature.fitted(one, t), rel=0.01
    )


def test_the_logits_of_members_are_divided() -> None:
    net = pl.ensemble(pl.mlp([3, 4], output="softmax", seed=seed) for seed in range(3))
    x = draws().normal(size=(50, 3)).astype(np.float32)
    each = np.stack([member(x) for member in net.members])
    assert temperature.divide_logits(net.layers, 2)
    assert np.allclose(functions.softmax(np.log(each) / 2).mean(axis=0), net(x), atol=1e-5)
    net.members[1].layers[0].frozen = True
    assert not temperature.divide_logits(net.layers, 2)
    net.members[1].layers[0].frozen = False
    net.freeze(0)
    assert not temperature.divide_logits(net.layers, 2)


def test_what_cannot_be_divided() -> None:
    net = pl.mlp([3, 4], output="softmax")
    net.freeze()
    assert not temperature.divide_logits(net.layers, 2)
    assert not temperature.divide_logits([pl.Softmax()], 2)
    two = pl.mlp([3, 2], output="sigmoid")
    assert temperature.probabilities(two.layers, two(np.zeros((1, 3)))) is None


def correlated(rows: int, columns: int, seed: int = 0) -> Array:
    z = draws(seed).normal(size=(rows, columns))
    z[:, 1] = 0.95 * z[:, 0] + 0.3 * z[:, 1]
    return z


def test_the_distance_is_mahalanobis() -> None:
    z = 0.2 * correlated(500, 4)  # so small that hardly anything is clipped
    found = Novelty.of(z, 0.2 * correlated(200, 4, seed=1))
    assert found is not None
    difference = z - z.mean(axis=0)
    C = difference.T @ difference / len(z)
    expected = np.sqrt(np.einsum("ni,ij,nj->n", difference, np.linalg.inv(C), difference))
    assert np.allclose(found.distances(z), expected, rtol=0.05)


@pytest.mark.parametrize("columns", [2, 50])
def test_one_row_in_a_hundred_is_far_and_so_is_a_combination(columns: int) -> None:
    shares = []
    for seed in range(20 if columns == 2 else 4):
        found = Novelty.of(correlated(2_000, columns, seed), correlated(500, columns, seed + 50))
        assert found is not None
        shares.append((found.distances(correlated(1_000, columns, seed + 99)) > found.limit).mean())
    assert np.mean(shares) == pytest.approx(0.01, abs=0.006)
    assert found is not None
    strange = np.zeros((1, columns))
    strange[0, :2] = 1.5, -1.5  # each usual
    parts = found.parts(strange)[0]
    assert found.distances(strange) > found.limit
    assert parts[:2].sum() > 0.99 * parts.sum()


def test_a_distance_needs_rows_and_columns() -> None:
    assert Novelty.of(correlated(500, 4), correlated(98, 4)) is None
    assert Novelty.of(correlated(500, 4), correlated(99, 4)) is not None
    assert Novelty.of(np.zeros((500, 0)), np.zeros((200, 0))) is None
    assert Novelty.of(np.zeros((500, 257)), np.zeros((200, 257))) is None


def example(classes: bool) -> Uncertainty:
    y = draws().normal(size=250)
    novelty = Novelty.of(correlated(300, 3), correlated(120, 3))
    if classes:
        return Uncertainty(250, scores=Scores.of(np.abs(y)), temperature=1.3, novelty=novelty)
    return Uncertainty(250, (Residuals.of(y, 2 * y), Residuals.of(y, y**2, True)), novelty=novelty)


@pytest.mark.parametrize("classes", [True, False])
def test_json_brings_it_back(classes: bool) -> None:
    known = example(classes)
    text = json.dumps(known.to_dict())
    assert len(text) < 12_000
    assert Uncertainty.from_dict(json.loads(text), 2, 3) == known


Change = Callable[[dict[str, Any]], object]
WRONG: list[Change] = [
    lambda d: d.pop("rows"),
    lambda d: d.update(more=1),
    lambda d: d.update(rows=0),
    lambda d: d.update(rows=True),
    lambda d: d.update(rows=1e9),
    lambda d: d.update(rows=100),  # fewer than scores
    lambda d: d.update(temperature=0),
    lambda d: d.update(temperature="1"),
    lambda d: d.update(temperature=math.nan),
    lambda d: d.update(residuals=None),
    lambda d: d["residuals"].append(d["residuals"][0]),
    lambda d: d["residuals"][0].update(spreads=[-1.0]),
    lambda d: d["residuals"][0].update(at=[]),
    lambda d: d["residuals"][0]["scores"].reverse(),
    lambda d: d["residuals"][0]["scores"].append(math.inf),
    lambda d: d["residuals"][0].update(nonnegative=1),
    lambda d: d["residuals"][0]["at"].reverse(),
    lambda d: d.update(scores=[0.5] * KEPT),  # beside residuals
    lambda d: d["novelty"].update(limit=-1),
    lambda d: d["novelty"].update(rest=0),
    lambda d: d["novelty"].update(center=[0.0]),
    lambda d: d["novelty"]["axes"].pop(),
    lambda d: d["novelty"]["axes"].append([0.0, 0.0, 1.0]),
    lambda d: d["novelty"].update(variances=[1.0, 1.0, 0.0]),
    lambda d: d.update(novelty=[]),
    lambda d: d["residuals"][0].update(spreads=[2 * LARGEST]),
    lambda d: d["novelty"].update(center=[2 * LARGEST] * 3),
    lambda d: d["novelty"].update(rest=0.5 / LARGEST),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_file_is_not_trusted(number: int) -> None:
    document = json.loads(json.dumps(example(classes=False).to_dict()))
    WRONG[number](document)
    with pytest.raises(InputError, match="held-out rows is malformed"):
        Uncertainty.from_dict(document, 2, 3)


def test_the_largest_numbers_of_a_file_give_finite_results() -> None:
    document = json.loads(json.dumps(example(classes=False).to_dict()))
    for each in document["residuals"]:
        each["scores"] = [-LARGEST] * 99 + [LARGEST] * 100
        each["at"], each["spreads"] = [0.0, 5e-324], [LARGEST, 1.0]
    novelty, least = document["novelty"], 1 / LARGEST
    novelty.update(center=[-LARGEST] * 3, axes=[[LARGEST] * 3] * 3, variances=[least] * 3)
    known = Uncertainty.from_dict(document, 2, 3)
    assert known.novelty is not None
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(known.novelty.distances(np.full((2, 3), 1e30))).all()
    y = np.array([[-1e38, 0.0], [0.0, 1e38]])
    assert np.isfinite(known.interval(y, 0.9)).all()


@pytest.mark.parametrize("document", [None, [], 3, "", {}])
def test_a_file_may_hold_anything(document: Any) -> None:
    with pytest.raises(InputError, match="malformed"):
        Uncertainty.from_dict(document, 2, 3)
