"""Weights near the largest float32 overflow inside a network: explanations say so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import pellucid as pl

HUGE = np.full((4, 3), 3e38, np.float32)
NET = pl.Network([pl.Affine(HUGE), pl.ReLU(), pl.Affine(HUGE[:3].T.copy()), pl.ReLU()])
ROW = np.ones((1, 4), np.float32)


@pytest.mark.parametrize(
    "explain",
    [
        lambda: pl.trace_table(NET, ROW),
        lambda: pl.contributions(NET, ROW, neuron=0),
        lambda: pl.contributions(NET, ROW),
        lambda: pl.integrated_gradients(NET, ROW, neuron=0),
        lambda: pl.integrated_gradients(NET, ROW),
        lambda: pl.counterfactual(NET, ROW, limits=(0, 1)),
        lambda: pl.top_inputs(NET, ROW, 1),
        lambda: pl.maximize_activation(NET, 1, 0, limits=(0, 1)),
        lambda: pl.neuron_activity(NET, ROW),
        lambda: pl.input_weights(NET, 2, method="gradient", x=ROW),
        lambda: pl.plots.network(NET, ROW),
    ],
)
def test_values_that_overflow_are_an_error(explain: Callable[[], object]) -> None:
    with pytest.raises(pl.InputError, match=r"overflow float32.* largest weight is 3e\+38"):
        explain()


def test_large_values_that_do_not_overflow_are_explained() -> None:
    net = pl.Network([pl.Affine(np.full((2, 2), 1e38, np.float32)), pl.Sigmoid()])
    why = pl.contributions(net, [1.0, 1.0], neuron=0)
    assert why.weighted_sum == pytest.approx(2e38)
    assert why.activation == 1.0
