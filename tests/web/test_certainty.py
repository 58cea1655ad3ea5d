"""How sure the answer is, on the page: Python's intervals, sets and reasons, in sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pellucid.data.tables.numeric import standardized
from pellucid.display.text_table import interval_text
from pellucid.lens.unlike import unlike_training
from pellucid.web import page
from pellucid.web.facts import facts
from tests.houses import flats, trained
from tests.narrowing import present
from tests.web.kinds import Visit
from tests.web.test_page import settle

CERTAINTY = """
import { classSet, distanceParts, interval, unlike } from "./network/certainty.js";

const { intervals, least, novelty } = data.facts.certainty;
return data.x.map((x, i) => [
  intervals.map((known, k) => interval(known, data.y[i][k])),
  least === null ? null : classSet(least, data.y[i]),
  distanceParts(novelty, x).reduce((sum, part) => sum + part, 0),
  unlike(data.facts, x).map(({ kind, fields, values }) => [kind, fields, values]),
]);
"""


@pytest.mark.parametrize("target", ["rent", "kind"])
def test_the_arithmetic_is_pythons(target: str, node: Callable[..., Any]) -> None:
    net = trained(target).astype("float64")
    known = present(net.uncertainty)
    x = net.columns.x(flats(200, seed=3), "float64")
    x[:20, 0] *= 8
    x[20:40, 2:] = 0
    x[40:60, 0] = 25 - net.columns.offsets[0]
    x[40:60, 1] = 5 - net.columns.offsets[1]
    y = net.predict(x)
    document = {"facts": facts(net, "flats"), "x": x.tolist(), "y": y.tolist()}
    found = node(CERTAINTY, document)
    if target == "rent":
        low, high = net.interval(x, 0.9)
        np.testing.assert_allclose([row[0][0] for row in found], np.c_[low, high], rtol=1e-12)
    else:
        sets = known.class_lists(net.layers, y, 0.9)
        assert [row[1] for row in found] == sets
        assert {len(each) for each in sets} == {1, 2}
    novelty = present(known.novelty)
    z = standardized(net.columns, x)
    np.testing.assert_allclose([row[2] for row in found], novelty.parts(z).sum(axis=1), rtol=1e-9)
    reasons = unlike_training(net, x)
    assert [len(row[3]) for row in found] == [len(each) for each in reasons]
    kinds = {row[3][0][0] for row in found if row[3]}
    assert kinds == {"above", "below", "category", "together"} or kinds >= {"above", "category"}
    for row, own in zip(found, reasons, strict=True):
        for (kind, _, _), reason in zip(row[3], own, strict=True):
            words = {
                "above": "above",
                "below": "below",
                "category": "none of",
                "together": "together",
            }
            assert words.get(kind, "unusual") in str(reason)


def test_intervals_are_rounded_as_pythons(node: Callable[..., Any]) -> None:
    pairs = [(182_345.6, 241_234.5), (-0.0123, 0.0456), (1.05, 9.94), (-250.0, 1234.5)]
    imports = 'import { interval } from "./format.js";\n\n'
    found = node(f"{imports}return data.map(([low, high]) => interval(low, high));", pairs)
    texts = [" to ".join(ends).replace("−", "-") for ends in found]
    assert texts == [interval_text(low, high) for low, high in pairs]


def test_the_page_says_how_sure_it_is(visit: Visit, tmp_path: Path) -> None:
    page(trained("rent"), tmp_path / "rent.html")
    tab = visit((tmp_path / "rent.html").as_uri() + "#lang=en")
    certainty, strange = tab.get_by_test_id("certainty"), tab.get_by_test_id("unlike")
    assert certainty.inner_text().startswith("between ")
    assert certainty.inner_text().endswith(", nine times out of ten")
    assert not strange.is_visible()
    tab.get_by_role("spinbutton", name="area", exact=True).fill("900")
    settle(tab)
    expected = "Unlike the rows it learned from: area 900 is above 119.95"
    assert strange.inner_text() == expected
    # Of a network that was edited no error is known; the row is as strange as before.
    tab.get_by_test_id("neuron-1-0").click()
    tab.get_by_test_id("neuron-off").click()
    settle(tab)
    assert certainty.inner_text() == ""
    assert strange.inner_text() == expected
    page(trained("kind"), tmp_path / "kind.html")
    tab = visit((tmp_path / "kind.html").as_uri() + "#lang=ko")
    assert tab.get_by_test_id("certainty").inner_text().startswith("열 번 중 아홉 번의 답: ")
