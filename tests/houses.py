"""A made-up table of flats, and small networks trained on it that know how sure they are."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import pellucid as pl

Flats = dict[str, Any]


def flats(rows: int, seed: int = 0) -> Flats:
    """Return flats whose rent grows with their area, and its spread, too."""
    generator = np.random.default_rng(seed)
    area = generator.uniform(20, 120, rows)
    rooms = np.round(area / 25 + generator.normal(0, 0.3, rows))
    city = generator.choice(["Seoul", "Busan", "Jeju"], rows)
    rent = 5 * area * (1 + 0.5 * (city == "Seoul")) + area * generator.normal(0, 1, rows)
    noise = generator.uniform(size=rows) < 0.15
    dear = np.where((rent > 350) ^ noise, "dear", "cheap")
    return {"area": area, "rooms": rooms, "city": city, "rent": rent, "kind": dear}


@cache
def _trained(target: str, rows: int) -> pl.Network:
    table = flats(rows)
    ignored = {"rent": ["kind"], "kind": ["rent"]}[target]
    columns = pl.Columns.of(table, target, ignore=ignored)
    net = pl.table_mlp(columns, hidden=[16])
    pl.train_table(net, table, epochs=20, progress=False)
    return net


def trained(target: str, rows: int = 2_000) -> pl.Network:
    """Return a network for "rent" or "kind", trained on so many rows, a tenth of them held out."""
    return _trained(target, rows).copy()
