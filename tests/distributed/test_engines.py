"""The scorer within engines that map functions over tables, as docs/en/how-to/scale.md says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet
import pytest

import pellucid as pl
from pellucid.distributed import RayTasks, Report, Scorer, blocks, score
from pellucid.errors import InputError
from tests.distributed.conftest import table
from tests.houses import flats, trained

# Ray, Dask and Daft warn of their own future.
pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]

ROWS = 5_000


@pytest.fixture(autouse=True)
def no_ray_is_left() -> Iterator[None]:
    yield
    import ray

    ray.shutdown()


def by_polars(rows: Any, scorer: Scorer) -> Any:
    frame = polars.DataFrame(rows)
    schema = scorer(frame.head(0)).schema
    return frame.lazy().map_batches(scorer, schema=schema).collect().to_arrow()


def by_dask(rows: Any, scorer: Scorer) -> Any:
    import dask.dataframe

    frame = dask.dataframe.from_pandas(rows.to_pandas(), npartitions=4)
    meta = scorer(frame.head(1)).iloc[:0]
    return pa.Table.from_pandas(frame.map_partitions(scorer, meta=meta).compute())


def by_duckdb(rows: Any, scorer: Scorer) -> Any:
    import duckdb

    return pa.Table.from_batches(map(scorer, duckdb.from_arrow(rows).to_arrow_reader(1_000)))


def by_daft(rows: Any, scorer: Scorer) -> Any:
    # In no extra: it needs pyarrow below 26, with which pandas 3.1 warns.
    daft = pytest.importorskip("daft")
    parts = daft.from_arrow(rows).into_partitions(3).to_arrow_iter()
    return pa.Table.from_batches(map(scorer, parts))


def by_ray(rows: Any, scorer: Scorer) -> Any:
    import ray

    RayTasks("local")
    scored = ray.data.from_arrow(rows).map_batches(scorer, batch_format="pyarrow", batch_size=1_000)
    return pa.concat_tables(ray.get(scored.to_arrow_refs()))


@pytest.mark.parametrize("engine", [by_polars, by_dask, by_duckdb, by_daft, by_ray])
def test_an_engine_gives_the_predictions_of_one_process(
    engine: Callable[[Any, Scorer], Any], model: str, net: pl.Network
) -> None:
    rows = table(ROWS)
    found = engine(rows, Scorer(model)).sort_by("id")
    assert found["id"].to_pylist() == list(range(ROWS))
    assert found["prediction"].to_pylist() == net.labels(rows)
    expected = net.confidence(net.predict(rows))
    np.testing.assert_array_equal(found["confidence"].to_numpy(), expected)


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(blocks, "BYTES", 8_000)
    pa.parquet.write_table(table(ROWS), "a.parquet", row_group_size=500)
    return "a.parquet"


def test_a_cluster_that_loses_a_node_gives_the_same_files(file: str, model: str) -> None:
    import ray
    from ray.cluster_utils import Cluster

    score(model, [file], "alone")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        second = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()

        def lose_a_node(report: Report) -> None:
            if report.done == 2:
                cluster.remove_node(second, allow_graceful=False)

        workers = RayTasks(cluster.address)
        report = score(model, [file], "out", workers=workers, progress=lose_a_node)
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert report.rows == ROWS
    for path in Path("alone").iterdir():
        assert Path("out", path.name).read_bytes() == path.read_bytes()
    assert len(list(Path("out").glob("*"))) == report.blocks


def test_ray_writes_the_intervals_of_one_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(blocks, "BYTES", 8_000)
    monkeypatch.chdir(tmp_path)
    trained("rent").save("rent.safetensors")
    rows = flats(2_000, seed=5)
    rows["area"][7] = 900
    pa.parquet.write_table(pa.table(rows), "flats.parquet", row_group_size=500)
    for folder, workers in (("alone", None), ("out", RayTasks("local"))):
        report = score(
            "rent.safetensors",
            ["flats.parquet"],
            folder,
            interval=0.9,
            reject=True,
            workers=workers,
        )
        assert report.blocks > 1 and report.rejected >= 1
    assert Path("alone", "rejected-000000.parquet").exists()
    for path in Path("alone").iterdir():
        assert Path("out", path.name).read_bytes() == path.read_bytes()


def test_an_error_of_a_task_is_the_error_of_the_block(file: str, model: str) -> None:
    workers = RayTasks("local")
    Path("out").mkdir()
    with pytest.raises(InputError, match="already has a column 'rejected'"):
        rows = table(10).append_column("rejected", pa.array(["no"] * 10))
        pa.parquet.write_table(rows, "b.parquet")
        score(model, ["b.parquet"], "out", workers=workers)
