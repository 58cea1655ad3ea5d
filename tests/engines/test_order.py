"""The order of an epoch: the reference's numbers, whoever computes them."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.core import draws
from pellucid.engines import epoch_order, order, runnable_sets, using_instructions

SIZES = (0, 1, 2, 3, 4, 5, 31, 32, 33, 255, 256, 1000, 4097, 70_001)


@pytest.mark.parametrize("name", runnable_sets())
def test_every_instruction_set_orders_as_core_does(name: str) -> None:
    for N in SIZES:
        for seed, epoch in ((0, 1), (7, 3), (1 << 70, 2)):
            expected = draws.epoch_order(seed, epoch, N)
            with using_instructions(name):
                found = epoch_order(seed, epoch, N)
            assert found.dtype == np.int64
            assert found.tolist() == expected.tolist(), (N, seed, epoch)


def test_without_the_native_engine_the_order_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = epoch_order(3, 1, 50)
    monkeypatch.setattr(order, "native_module", lambda: None)
    assert epoch_order(3, 1, 50).tolist() == with_it.tolist()
