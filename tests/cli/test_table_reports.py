"""What commands say of cells of which the training table had none."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas

import pellucid as pl
from tests.cli.conftest import Result


def test_commands_write_the_report(run: Callable[..., Result], tmp_path: Path) -> None:
    area = np.arange(20.0, 120.0)
    houses = pandas.DataFrame({"area": area, "city": ["Seoul", "Busan"] * 50, "price": 7 * area})
    net = pl.table_mlp(pl.Columns.of(houses, target="price"), hidden=[4])
    model, table = str(tmp_path / "net.safetensors"), str(tmp_path / "new.csv")
    net.save(model)
    houses.assign(area=houses["area"] * 1000).to_csv(table, index=False)
    entries = json.loads(run("predict", model, table, "--json").out)
    assert [entry["row"] for entry in entries] == list(range(1, 101))
    assert entries[0]["report"]["outside"]["area"]["cells"] == 100
    assert "report" not in entries[1]
    found = json.loads(run("evaluate", model, table, "--json").out)
    assert found["report"]["outside"]["area"]["least"] == 20_000
    assert "in brackets: 100" in run("predict", model, table).err
