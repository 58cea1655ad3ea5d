"""Counts of what the server did, in Prometheus's text format, right with several workers.

Each process counts in a row of numbers of its own. With workers the rows are in one file that all
of them map, and whichever worker is asked adds them up. A worker that was restarted takes a free
row and goes on counting in it, so that no count ever falls.
"""

from __future__ import annotations

import itertools
import mmap
import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ENDPOINTS = ("infer", "predict", "v1", "invocations", "other")
STATUSES = (200, 400, 401, 403, 404, 405, 408, 413, 415, 421, 429, 499, 500, 503)
BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""Upper bounds of the histogram, in seconds; the last bucket has none."""

NUMBER = 8  # bytes of a count


class Counts:
    """The counts of a process, and how they are read together with those of others.

    Parameters
    ----------
    models
        Their names; requests that concern none count under "".
    path
        A file from `shared`, for several workers; None for this process alone.
    """

    def __init__(self, models: Sequence[str], path: str | None = None) -> None:
        self.models = ["", *models]
        keys: list[Any] = ["in flight"]
        for model in self.models:
            keys += [("requests", model, *each) for each in itertools.product(ENDPOINTS, STATUSES)]
            keys += [("seconds", model, place) for place in range(len(BUCKETS) + 1)]
            keys += [(what, model) for what in ("time", "rows", "reloaded", "not reloaded")]
        self._places = {key: place for place, key in enumerate(keys)}
        self._size = NUMBER * len(keys)
        # Never closed: that would end the lock
        self._file = None if path is None else os.open(path, os.O_RDWR)
        rows = 1 if self._file is None else os.fstat(self._file).st_size // self._size
        everything = self._size * rows
        self._all = memoryview(
            bytearray(everything) if self._file is None else mmap.mmap(self._file, everything)
        ).cast("d")
        row = 0 if self._file is None else self._free_row(rows)
        self._own = self._all[row * len(keys) : (row + 1) * len(keys)]
        self._own[0] = 0  # of the worker before, which was killed

    def _free_row(self, rows: int) -> int:
        """Return a row that no living process has: locks end with the process that holds them."""
        import fcntl

        assert self._file is not None
        for row in range(rows):
            try:
                lock = fcntl.LOCK_EX | fcntl.LOCK_NB
                fcntl.lockf(self._file, lock, self._size, row * self._size)
            except OSError:
                continue
            return row
        raise RuntimeError(f"{rows} workers are counting already")

    def begin(self) -> None:
        """Count a request that begins."""
        self._own[0] += 1

    def end(self, model: str, endpoint: str, status: int, seconds: float, rows: int) -> None:
        """Count a request that ended, with the rows that were predicted."""
        own, places = self._own, self._places
        own[0] -= 1
        place = places.get(("requests", model, endpoint, status))
        own[places["requests", model, endpoint, 500] if place is None else place] += 1
        own[places["seconds", model, bisect_left(BUCKETS, seconds)]] += 1
        own[places["time", model]] += seconds
        own[places["rows", model]] += rows

    def reload(self, model: str, succeeded: bool) -> None:
        """Count a changed file."""
        self._own[self._places["reloaded" if succeeded else "not reloaded", model]] += 1

    def _sum(self, *key: Any) -> float:
        place = self._places[key[0] if len(key) == 1 else key]
        return sum(self._all[place :: len(self._places)])

    def collect(self) -> Iterator[Any]:
        """Yield the families of metrics, for prometheus_client's registry."""
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        labels = ["model", "endpoint", "status"]
        requests = CounterMetricFamily("pellucid_requests", "Requests that ended", labels=labels)
        seconds = HistogramMetricFamily(
            "pellucid_request_seconds",
            "From the headers to the end of the response",
            labels=["model"],
        )
        rows = CounterMetricFamily("pellucid_rows", "Rows predicted", labels=["model"])
        reloads = CounterMetricFamily(
            "pellucid_reloads", "Changed model files", labels=["model", "result"]
        )
        for model in self.models:
            for endpoint, status in itertools.product(ENDPOINTS, STATUSES):
                if count := self._sum("requests", model, endpoint, status):
                    requests.add_metric([model, endpoint, str(status)], count)
            seconds.add_metric([model], self._buckets(model), self._sum("time", model))
            if model:
                rows.add_metric([model], self._sum("rows", model))
                for result, name in (("reloaded", "loaded"), ("not reloaded", "refused")):
                    reloads.add_metric([model, name], self._sum(result, model))
        running = GaugeMetricFamily(
            "pellucid_requests_in_flight", "Requests that are being served", self._sum("in flight")
        )
        yield from (requests, seconds, rows, reloads, running)

    def _buckets(self, model: str) -> list[tuple[str, float]]:
        """Return how many requests took at most each bound, each bucket with all before it."""
        bounds = [*map(str, BUCKETS), "+Inf"]
        counts = [self._sum("seconds", model, place) for place in range(len(bounds))]
        return list(zip(bounds, itertools.accumulate(counts), strict=True))

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)


def shared(models: Sequence[str], workers: int, path: str) -> None:
    """Write the file in which several workers count; a restarted one may overlap the one before."""
    size = Counts(models)._size
    Path(path).write_bytes(bytes(size * (workers + 4)))
