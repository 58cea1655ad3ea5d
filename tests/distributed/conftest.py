"""A table with two kinds of columns, and a network that knows them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import pellucid as pl
from pellucid.data.tables import Columns


def table(rows: int, seed: int = 0) -> Any:
    """Return rows with an id, a number that has missing cells, and a category."""
    generator = np.random.default_rng(seed)
    size = generator.uniform(0, 100, rows)
    return pa.table(
        {
            "id": np.arange(rows),
            "size": pa.array(size, mask=generator.random(rows) < 0.1),
            "city": generator.choice(["Seoul", "Busan, harbour", 'a "quoted"\nname'], rows),
            "bought": pa.array(size > 50).cast(pa.int64()),
        }
    )


@pytest.fixture(scope="session")
def net() -> pl.Network:
    columns = Columns.of(table(300), target="bought", ignore=["id"])
    return pl.table_mlp(columns, seed=1)


@pytest.fixture
def model(net: pl.Network, tmp_path: Path) -> str:
    path = tmp_path / "model.safetensors"
    net.save(path)
    return str(path)
