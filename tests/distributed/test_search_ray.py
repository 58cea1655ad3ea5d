"""Searching on Ray: the same result, and the page's examples of other searches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.distributed import RayTasks
from tests.distributed.test_search import same, table
from tools.docs.pages import pages

# Ray, its joblib backend and Tune warn of their own future.
pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]

PAGE = "how-to/tune.md"


@pytest.fixture(autouse=True)
def ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RayTasks]:
    monkeypatch.chdir(tmp_path)
    workers = RayTasks("local")
    yield workers
    workers.ray.shutdown()


def test_tasks_of_ray_find_what_one_process_finds(ray: RayTasks) -> None:
    settings: dict[str, Any] = {"trials": 4, "together": 2, "folds": 2}
    alone = pl.search(table(), "bought", **settings, workers=1)
    same(alone, pl.search(table(), "bought", **settings, workers=ray))


def test_the_examples_of_the_page_run() -> None:
    """Top to bottom in one program, those that the page's own test leaves out as well."""
    names: dict[str, Any] = {"__name__": "example"}
    for part in pages("en")[PAGE].of("code"):
        if part.key == "python":
            exec(compile(part.text, PAGE, "exec"), names)  # noqa: S102 (our own page)
    assert names["grid"].best_params_ == {"hidden_layer_sizes": (32, 32)}
    results = names["results"]
    assert len(results) == 2
    assert all(np.isfinite(each.metrics["loss"]) for each in results)
    # The callback reports after every epoch
    assert {each.metrics["training_iteration"] for each in results} == {20}
