"""Functions against PyTorch, against 400-digit decimals, against the math module, and at the edges
of floating numbers.

Warnings are errors in these tests: no function may overflow, divide by zero or make a NaN of a
number.
"""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
import torch

from pellucid.core import functions
from pellucid.core.erf import erfc
from tests.core.tools import NUMERIC, central_differences, close
from tests.core.witnesses import FUNCTIONS

CASES = [
    pytest.param(name, settings, twin, id="-".join([name, *map(str, settings.values())]))
    for name, twins in FUNCTIONS.items()
    for settings, twin in twins
]
ROWS = ("softmax", "log_softmax")  # functions of a row; all others take each number by itself
EDGES = [
    0.0,
    -0.0,
    1e-320,
    -1e-320,
    20.0,
    -20.0,
    745.0,
    -745.0,
    1000.0,
    -1000.0,
    1e4,
    -1e4,
    1e38,
    -1e38,
]


@pytest.mark.parametrize(("name", "settings", "twin"), CASES)
def test_equals_pytorch(
    name: str, settings: dict[str, Any], twin: Callable[..., Any], generator: np.random.Generator
) -> None:
    x = np.concatenate(
        [generator.normal(scale=3.0, size=(40, 6)), [[0.0, -0.0, 1.0, -1.0, 30.0, -30.0]]]
    )
    ours = getattr(functions, name)(x, **settings)
    # gelu's argument cubes the numbers: its digits are relative
    close(ours, twin(torch.tensor(x)).numpy())


@pytest.mark.parametrize(("name", "settings", "twin"), CASES)
def test_keeps_type_and_shape_and_its_argument(
    name: str, settings: dict[str, Any], twin: Callable[..., Any], generator: np.random.Generator
) -> None:
    function = getattr(functions, name)
    for dtype in (np.float32, np.float64):
        x = generator.normal(size=(3, 4)).astype(dtype)
        x.setflags(write=False)
        y = function(x, **settings)
        assert y.dtype == dtype and y.shape == x.shape
        close(y, twin(torch.tensor(x.astype(np.float64))).numpy(), 1e-5)
        assert function(x[:0], **settings).shape == (0, 4)
        assert function(x[:, :0], **settings).shape == (3, 0)
    if not name.startswith(
        "gelu_tanh"
    ):  # those two are parts of gelu, and take arrays of floating numbers only
        assert function([[1, 2], [3, 4]], **settings).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
# Without gelu_tanh_slope: a square of 1e38 is infinite in float32, and `GELU` bounds x before it
# asks for this slope.
@pytest.mark.parametrize(
    ("name", "settings", "twin"), [case for case in CASES if case.values[0] != "gelu_tanh_slope"]
)
def test_gives_a_number_for_every_number(
    name: str, settings: dict[str, Any], twin: Callable[..., Any], dtype: type[Any]
) -> None:
    with np.errstate(over="ignore"):
        x = np.array([EDGES], np.float64).astype(dtype)
    y = getattr(functions, name)(x, **settings)
    assert not np.isnan(y).any()
    bounded = {
        "sigmoid": (0, 1),
        "tanh": (-1, 1),
        "softmax": (0, 1),
        "normal_cumulative": (0, 1),
        "erfc": (0, 2),
    }
    if name in bounded:
        low, high = bounded[name]
        assert (y >= low).all() and (y <= high).all()
    if name not in ("exponential", "gelu_tanh_argument"):
        assert np.isfinite(y).all()


@pytest.mark.parametrize(("name", "settings", "twin"), CASES)
def test_nan_stays_nan(name: str, settings: dict[str, Any], twin: Callable[..., Any]) -> None:
    y = getattr(functions, name)(np.array([[np.nan]]), **settings)
    assert np.isnan(y).all()


def exactly(name: str, x: float) -> float:
    """Give the function's value with 400 digits, rounded to float64 once."""
    with localcontext() as context:
        context.prec = 400  # so that 1 + exp(-700) is not 1
        context.Emin, context.Emax = -9999, 9999
        d = Decimal(x)
        sigmoid = 1 / (1 + (-d).exp())
        values = {
            "sigmoid": sigmoid,
            "silu": d * sigmoid,
            "tanh": 2 / (1 + (-2 * d).exp()) - 1,
            "softplus": (1 + d.exp()).ln() if d < 100 else d + (-d).exp(),
            "exponential": d.exp(),
            "normal_density": (-d * d / 2).exp()
            / (2 * Decimal("3.14159265358979323846264338327950288")).sqrt(),
        }
        return float(values[name])


@pytest.mark.parametrize(
    "name", ["sigmoid", "silu", "tanh", "softplus", "exponential", "normal_density"]
)
def test_both_tails_keep_their_digits(name: str) -> None:
    """To 1e-14 relative: 1 - sigmoid rounds, but sigmoid(-x) has all its digits, however small."""
    for x in (-700.0, -300.0, -37.0, -20.0, -3.3, -1e-9, 0.0, 1e-9, 0.7, 3.3, 20.0, 37.0):
        ours = float(getattr(functions, name)(x))
        assert ours == pytest.approx(
            exactly(name, x), rel=2e-14 if abs(x) < 100 else 2e-13, abs=1e-320
        )


def test_sigmoid_at_its_ends() -> None:
    y = functions.sigmoid(np.array([-np.inf, -1000.0, -745.0, 745.0, 1000.0, np.inf]))
    assert y.tolist() == [0.0, 0.0, math.exp(-745.0), 1.0, 1.0, 1.0]
    assert math.exp(-745.0) == 5e-324  # the smallest number there is
    small = functions.sigmoid(np.array([-103.0, -1000.0, 1000.0], np.float32))
    assert small.tolist() == [2.0**-149, 0.0, 1.0]  # float32's smallest number


def test_sigmoid_of_float32_is_float64s_rounded() -> None:
    x = np.linspace(-85, 85, 3001, dtype=np.float32)
    exact = functions.sigmoid(x.astype(np.float64))
    # two roundings and an exponential of float32, whose unit is 6e-8: relative, in the left tail,
    # too
    np.testing.assert_allclose(functions.sigmoid(x), exact, rtol=4e-7)


def test_erfc_to_14_digits() -> None:
    """Cody's three ranges and their seams, both signs.

    Below 1e-307 numbers are subnormal and have fewer digits.
    """
    seams = np.array([0.46875, 4.0])
    x = np.concatenate(
        [
            np.linspace(0, 26.5, 5301),
            seams,
            np.nextafter(seams, 0),
            np.nextafter(seams, 9),
            [1e-300],
        ]
    )
    x = np.concatenate([x, -x])
    exact = np.array([math.erfc(v) for v in x])
    np.testing.assert_allclose(erfc(x), exact, rtol=1e-14)
    assert erfc(np.array([27.0, 28.0, 1e300, np.inf])).tolist() == [0.0, 0.0, 0.0, 0.0]
    assert erfc(np.array([-27.0, -1e300, -np.inf])).tolist() == [2.0, 2.0, 2.0]
    assert erfc(26.9) == pytest.approx(math.erfc(26.9), rel=1e-4)  # subnormal, but there
    assert erfc(0.0) == 1.0


def test_normal_cumulative_to_14_digits() -> None:
    x = np.linspace(-37, 9, 2001)
    exact = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])
    # the argument's own rounding, 1e-16, is blown up by x^2: 37^2 * 1e-16
    np.testing.assert_allclose(functions.normal_cumulative(x), exact, rtol=1e-14)


def test_gelu_is_its_definition_to_14_digits() -> None:
    for x in (-30.0, -8.0, -2.0, -1e-8, 0.0, 0.3, 5.0, 40.0):
        assert float(functions.gelu(x)) == pytest.approx(
            x * 0.5 * math.erfc(-x / math.sqrt(2)), rel=1e-13
        )


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_far_out(approximate: str) -> None:
    x = np.array([-1e38, -1e4, -100.0, 100.0, 1e4, 1e38], np.float32)
    assert functions.gelu(x, approximate).tolist() == [0.0, 0.0, 0.0, *x[3:].tolist()]
    wide = np.array([-1e300, 1e300])
    assert functions.gelu(wide, approximate).tolist() == [0.0, 1e300]


def test_infinite_numbers_have_their_limits() -> None:
    ends = np.array([-np.inf, np.inf])
    assert functions.tanh(ends).tolist() == [-1.0, 1.0]
    assert functions.relu(ends).tolist() == [0.0, np.inf]
    assert functions.leaky_relu(ends).tolist() == [-np.inf, np.inf]
    assert functions.softplus(ends).tolist() == [0.0, np.inf]
    assert functions.exponential(ends).tolist() == [0.0, np.inf]
    assert functions.normal_cumulative(ends).tolist() == [0.0, 1.0]
    assert functions.normal_density(ends).tolist() == [0.0, 0.0]


def test_softmax_of_huge_values() -> None:
    for big in (1e4, 1e300):
        x = np.array([[big, big, -big], [0.0, big, big / 2], [-big, -big, -big]])
        close(
            functions.softmax(x), [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [1 / 3, 1 / 3, 1 / 3]], 1e-15
        )
        expected = [
            [-math.log(2), -math.log(2), -2 * big - math.log(2)],
            [-big, 0.0, -big / 2],
            [-math.log(3)] * 3,
        ]
        close(functions.log_softmax(x), expected, 1e-15)
    assert functions.softmax([[0.0, -np.inf]]).tolist() == [[1.0, 0.0]]


def test_softmax_by_hand() -> None:
    x = np.log([[1.0, 2.0, 5.0]])
    close(functions.softmax(x), [[0.125, 0.25, 0.625]], 1e-15)  # 1, 2 and 5 of 8
    close(functions.log_softmax(x), np.log([[0.125, 0.25, 0.625]]), 1e-15)
    close(functions.softmax(np.array([1.0, 1.0])), [0.5, 0.5], 0)  # one row without its batch


def test_log_softmax_forms_no_probability_that_rounds_to_0() -> None:
    x = np.array([[0.0, 800.0]])
    assert functions.softmax(x)[0, 0] == 0.0
    assert functions.log_softmax(x)[0, 0] == -800.0


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ROWS])
def test_takes_each_number_by_itself(name: str, generator: np.random.Generator) -> None:
    x = generator.normal(size=(5, 3))
    function = getattr(functions, name)
    each = [[float(function(np.array([value]))[0]) for value in row] for row in x]
    close(function(x), each, 1e-14)


def test_slope_of_gelus_argument(generator: np.random.Generator) -> None:
    x = generator.normal(size=7)
    slope = central_differences(lambda: float(functions.gelu_tanh_argument(x).sum()), x)
    close(functions.gelu_tanh_slope(x), slope, NUMERIC)
