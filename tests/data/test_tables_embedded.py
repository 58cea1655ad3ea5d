"""Columns of many categories: an index each, numbers that are learned, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import checks
from pellucid.data.tables import choosing
from pellucid.data.tables.kinds import CategoryColumn, EmbeddedColumn
from pellucid.exchange.c.about import about
from pellucid.lens.input_columns import input_columns
from pellucid.lens.input_limits import input_limits, input_scale
from pellucid.web.facts import facts
from tests.narrowing import instance

Cells = dict[str, Any]


def shops(rows: int = 1_500, shops: int = 150, seed: int = 0) -> Cells:
    """Rows of sales: each shop has an effect of its own; every tenth cell of a tenth is missing."""
    generator = np.random.default_rng(seed)
    effect, shop = np.random.default_rng(9).normal(size=shops), np.arange(rows) % shops
    area = generator.normal(size=rows)
    y = effect[shop] + 0.5 * area + generator.normal(size=rows) * 0.3
    names = [None if i % 100 == 3 else f"s{k}" for i, k in enumerate(shop)]
    return {"shop": names, "area": area, "y": y}


def test_each_category_has_an_index_and_others_have_0() -> None:
    columns = pl.Columns.of(shops(), target="y")
    column = instance(EmbeddedColumn, columns.columns[0])
    assert column.size == 152 and column.missing and columns.width == 2
    assert columns.names == ["shop", "area"] and columns.sizes.tolist() == [152, 0]
    asked = {"shop": ["s0", column.categories[-1], "elsewhere", None], "area": [0.0] * 4}
    reading = columns.read(asked)
    [(x, _)] = list(reading)
    assert x[:, 0].tolist() == [1 + column.categories.index("s0"), 150, 0, 151]
    assert reading.report.unseen == {"shop": {"elsewhere": 1}}
    assert reading.report.imputed == {"shop": 1}
    without = pl.Columns.of({**shops(), "shop": [f"s{i % 150}" for i in range(1_500)]}, target="y")
    with pytest.warns(pl.TableWarning, match="missing cells in columns that had none"):
        assert without.x(asked)[3, 0] == 0  # as an unseen category


def test_rare_categories_are_seen_ones() -> None:
    cells = shops()
    cells["shop"][7] = "once"
    reading = pl.Columns.of(cells, target="y").read(cells)
    for _ in reading:
        pass
    assert not reading.report.unseen


@pytest.mark.parametrize(("count", "kind"), [(100, CategoryColumn), (101, EmbeddedColumn)])
def test_up_to_a_hundred_are_one_hot(count: int, kind: type) -> None:
    cells = {"c": [f"c{i % count}" for i in range(505)], "y": range(505)}
    assert type(pl.Columns.of(cells, target="y").columns[0]) is kind


def test_numbers_declared_as_categories() -> None:
    codes = (np.arange(6_000) * 7) % 2_500
    cells = {"zip": codes.tolist(), "y": list(range(6_000))}
    columns = pl.Columns.of(cells, "y", categories=["zip"])
    assert instance(EmbeddedColumn, columns.columns[0]).size == 2_501
    with pytest.warns(pl.TableWarning, match="'2500' 1"):
        assert columns.x({"zip": [7, 2_500]})[:, 0].tolist() == [8, 0]


@pytest.mark.parametrize("preset", ["tabular", "plain"])
def test_a_network_learns_each_category(preset: str, tmp_path: Path) -> None:
    cells, held_out = shops(), shops(400, seed=1)
    columns = pl.Columns.of(cells, target="y")
    net = pl.table_mlp(columns, [64, 64], preset=preset)
    assert type(net.layers[0]) is pl.CategoryEmbedding and checks.input_width(net.layers) == 2
    pl.train_table(net, cells)
    y = net.predict(held_out)[:, 0]
    r2 = 1 - np.square(y - held_out["y"]).mean() / np.var(held_out["y"])
    assert r2 > 0.8
    net.save(tmp_path / "net.safetensors")
    back = pl.load(tmp_path / "net.safetensors")
    assert back == net and back.columns == columns
    assert (back.predict(held_out)[:, 0] == y).all()
    with pytest.warns(pl.TableWarning, match="unseen in training"):
        unseen = net.predict({"shop": ["elsewhere"], "area": [0.0]})
    # Neutral: within the shops, near their mean.
    every = net.predict({"shop": [f"s{i}" for i in range(150)], "area": [0.0] * 150})
    assert abs(unseen.item() - every.mean()) < every.std()


def test_other_tables_keep_their_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = {"a": np.arange(1_200.0) ** 2, "c": ["u", "v"] * 600, "y": np.arange(1_200)}
    net = pl.table_mlp(pl.Columns.of(cells, target="y"), [8])
    assert [type(layer).__name__ for layer in net.layers[:3]] == [
        "Standardize",
        "SmoothClip",
        "PeriodicEmbedding",
    ]
    # The same generator draws the rest of the network, with and without an embedding.
    monkeypatch.setattr(choosing, "MOST_ONE_HOT", 1)
    other = pl.table_mlp(pl.Columns.of(cells, target="y"), [8])
    waves = [instance(pl.PeriodicEmbedding, one) for one in (net.layers[2], other.layers[3])]
    assert type(other.layers[0]) is pl.CategoryEmbedding
    assert (waves[0].frequency == waves[1].frequency).all()


def test_the_lens_names_categories_of_an_index() -> None:
    cells = shops()
    net = pl.table_mlp(pl.Columns.of(cells, target="y"), [4], seed=1)
    shop, area = input_columns(net)
    assert shop.indexed and not area.indexed and shop.categories is not None
    assert [shop.categories[0], shop.categories[-1]] == ["any other", "missing"]
    low, high = input_limits(net)
    assert (low[0], high[0]) == (0, 151) and low[1] < -1 < 1 < high[1]
    std = instance(pl.Standardize, net.layers[1]).std
    assert input_scale(net).tolist() == [1, std[0]]
    dependence = pl.partial_dependence(net, net.columns.x(cells)[:50], "shop")
    assert len(dependence.labels) == len(dependence.outputs) == 152
    found = facts(net, "net")
    assert found["fields"][0]["indexed"] and found["start"][0] == 1
    assert found["prepared"] == ["area", *(f"shop: {k}" for k in range(1, 5)), "area: cos 1",
                                "area: cos 2", "area: cos 3"]  # fmt: skip
    described = "\n".join(about(net, 2, 1, [], False))
    assert "x[0]  the index of shop: 0 any other, 1 s0, 2 s1, 3 s10, 4 s100" in described
