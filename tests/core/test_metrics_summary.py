"""What people read off answers, and what they count in a network."""

import math
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import metrics
from pellucid.display.summary import Summary
from pellucid.display.text_table import table
from pellucid.language import cell_width
from tests.core import tools
from tests.core.tools import close

loose: Any = metrics  # without its types: targets may be lists


def test_registry_holds_metrics_only() -> None:
    assert set(pl.METRICS) == {"accuracy", "mean_squared_error", "mean_absolute_error", "r2"}
    for name, metric in pl.METRICS.items():
        assert tools.functions(metrics)[name] is metric
    assert {"accuracy", "r2"} == metrics.HIGHER_IS_BETTER


def test_chosen_classes_are_the_brightest_or_pass_a_half() -> None:
    assert metrics.chosen_classes(np.array([[0.1, 0.9, 0.3], [0.5, 0.2, 0.5]])).tolist() == [1, 0]
    chosen = metrics.chosen_classes(np.array([[0.5], [0.49], [0.51]]))
    assert chosen.tolist() == [1, 0, 1] and chosen.dtype == np.int64
    assert metrics.chosen_classes(np.array([[0.2, 0.3]])).tolist() == [1]


def test_target_classes_of_every_form() -> None:
    assert metrics.target_classes([2, 0]).tolist() == [2, 0]
    assert metrics.target_classes(np.array([1.0, 0.0])).dtype == np.int64
    assert metrics.target_classes([[0, 0, 1], [1, 0, 0]]).tolist() == [2, 0]
    assert metrics.target_classes([[0.0], [1.0]]).tolist() == [0, 1]


def test_accuracy() -> None:
    y = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    assert loose.accuracy(y, [0, 1, 1, 1]) == 0.75
    assert loose.accuracy(y, [[1, 0], [0, 1], [0, 1], [1, 0]]) == 0.5
    assert loose.accuracy(np.array([[0.7], [0.2]]), [1, 1]) == 0.5
    assert math.isnan(loose.accuracy(np.empty((0, 2)), np.empty(0)))
    assert isinstance(loose.accuracy(y, [0, 1, 1, 1]), float)


def test_errors_by_hand() -> None:
    y, t = np.array([[1.0, 2.0], [3.0, 5.0]]), [[1.0, 0.0], [0.0, 4.0]]
    assert loose.mean_squared_error(y, t) == (0 + 4 + 9 + 1) / 4
    assert loose.mean_absolute_error(y, t) == (0 + 2 + 3 + 1) / 4
    assert loose.mean_squared_error(np.array([[1.0], [2.0]]), [0.0, 4.0]) == 2.5


def test_r2_by_hand() -> None:
    t = [1.0, 2.0, 3.0]
    assert loose.r2(np.array([[1.0], [2.0], [3.0]]), t) == 1.0
    assert loose.r2(np.array([[2.0], [2.0], [2.0]]), t) == 0.0
    assert loose.r2(np.array([[1.0], [2.0], [4.0]]), t) == 0.5  # 1 left of a spread of 2
    # the mean over the outputs; a target that never changes counts 1 where it is met, else 0
    assert (
        loose.r2(np.array([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0]]), [[1, 7], [2, 7], [3, 7]]) == 0.75
    )
    assert (
        loose.r2(np.array([[1.0, 7.0], [2.0, 8.0], [4.0, 7.0]]), [[1, 7], [2, 7], [3, 7]]) == 0.25
    )


def test_confusion_by_hand() -> None:
    cells = loose.confusion(np.array([0, 1, 1, 2, 0]), [0, 1, 2, 2, 0], 4)
    assert cells.tolist() == [[2, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("hits", "N"), [(0, 10), (3, 10), (10, 10), (960, 1000), (1, 1), (0, 27), (16, 16)]
)
def test_wilson_solves_its_equation(hits: int, N: int) -> None:
    """Its ends are the shares p from which hits / N is z deviations away.

    (hits / N - p)^2 = z^2 p (1 - p) / N.
    """
    low, high = metrics.wilson(hits, N)
    assert 0 <= low < high <= 1
    assert low <= hits / N <= high + 1e-15  # all of N: 1 as far as it can be rounded
    for p in (low, high):
        close((hits / N - p) ** 2, 1.959963984540054**2 * p * (1 - p) / N, 1e-12)


def test_wilson_of_nothing_is_everything() -> None:
    assert metrics.wilson(0, 0) == (0.0, 1.0)
    assert math.erfc(1.959963984540054 / math.sqrt(2)) == pytest.approx(0.05, rel=1e-12)


def network() -> list[pl.Layer]:
    return [
        pl.Flatten(),
        pl.Affine(np.zeros((3, 1000))),
        pl.BatchNorm(np.ones(1000)),
        pl.Residual(
            [pl.Affine(np.zeros((1000, 2))), pl.Affine(np.zeros((2, 1000)), np.zeros(1000))]
        ),
        pl.Tanh(),
    ]


def test_summary_counts_layer_by_layer() -> None:
    layers = network()
    layers[1].frozen = True
    summary = Summary(layers)
    assert [tuple(row) for row in summary.rows] == [
        ("Flatten", 3, 3, 0, 0, 0, False),
        ("Affine", 3, 1000, 3000, 3000, 24000, True),
        ("BatchNorm", 1000, 1000, 2000, 0, 32000, False),
        ("Residual", 1000, 1000, 5000, 4000, 40000, False),
        ("Tanh", 1000, 1000, 0, 0, 0, False),
    ]
    assert (summary.parameters, summary.multiply_adds, summary.bytes) == (10000, 7000, 96000)
    assert summary.to_dict() == {
        "parameters": 10000,
        "multiply_adds": 7000,
        "bytes": 96000,
        "layers": [row._asdict() for row in summary.rows],
    }


def test_summary_of_any_width_says_so() -> None:
    summary = Summary([pl.ReLU(), pl.Residual([pl.Tanh()])])
    assert [tuple(row) for row in summary.rows] == [
        ("ReLU", None, None, 0, 0, 0, False),
        ("Residual", None, None, 0, 0, 0, False),
    ]
    assert Summary([]).to_dict() == {"parameters": 0, "multiply_adds": 0, "bytes": 0, "layers": []}


def test_summary_as_text() -> None:
    assert str(Summary(network()[1:3])) == "\n".join(
        [
            "layer        inputs  outputs  parameters  multiply-adds   bytes",
            "---------------------------------------------------------------",
            "0 Affine          3    1,000       3,000          3,000  24,000",
            "1 BatchNorm   1,000    1,000       2,000              0  32,000",
            "---------------------------------------------------------------",
            "total                              5,000          3,000  56,000",
        ]
    )
    assert repr(Summary([pl.ReLU()])).splitlines()[2].split() == [
        "0",
        "ReLU",
        "-",
        "-",
        "0",
        "0",
        "0",
    ]


def test_tables_give_wide_letters_two_columns() -> None:
    assert [cell_width(text) for text in ("", "abc", "층", "ᄀa", "가힣", "é", "한글 1")] == [
        0,
        3,
        2,
        3,
        4,
        1,
        6,
    ]
    # the borders of the blocks: Hangul's first letters, and from CJK radicals to fullwidth forms
    assert [cell_width(chr(code)) for code in (0x10FF, 0x1100, 0x115F, 0x1160)] == [1, 2, 2, 1]
    assert [cell_width(chr(code)) for code in (0x2E7F, 0x2E80, 0xFF60, 0xFFFD)] == [1, 2, 2, 1]
    assert table([["층", "x"], ["ab", "123"], ["cde", ""]]).splitlines() == [
        "층     x",
        "--------",
        "ab   123",
        "--------",
        "cde     ",
    ]
