"""Trackers: each epoch is written once, also by a run that goes on from a checkpoint."""

from __future__ import annotations

import csv
import json
import os
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.proto.event_pb2 import Event

import pellucid as pl
from pellucid.errors import FileError
from tests.serving.test_clients import environment
from tests.serving.test_recipes import borrow

X, T = pl.moons(100, seed=0)


def network() -> pl.Network:
    return pl.mlp([2, 8, 2], output="softmax", seed=0)


def lines(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as file:
        return [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def events(folder: Path) -> list[tuple[str, int, float]]:
    """Return name, epoch and value of each number in the files of events, as TensorBoard reads
    them: TFRecords of length, its checksum, data and their checksum; `SessionLog.START` drops what
    has its step or a later one.
    """
    found: list[tuple[str, int, float]] = []
    for path in sorted(folder.glob("events.*")):
        content, at = path.read_bytes(), 0
        while at < len(content):
            (size,) = struct.unpack_from("<Q", content, at)
            event = Event.FromString(content[at + 12 : at + 12 + size])
            at += 16 + size
            if event.HasField("session_log") and event.session_log.status == 1:
                found = [each for each in found if each[1] < event.step]
            found += [(each.tag, event.step, each.simple_value) for each in event.summary.value]
    return found


def numbers(history: pl.History) -> list[tuple[str, int, Any]]:
    return [
        (name, int(record["epoch"]), pytest.approx(value, rel=1e-6))
        for record in history
        for name, value in record.items()
        if name != "epoch"
    ]


def test_csv(tmp_path: Path) -> None:
    seen: list[int] = []
    file = tmp_path / "run.csv"

    def look(run: Any) -> None:
        seen.append(len(lines(file)))  # already there while it trains

    history = pl.train(
        network(), X, T, epochs=3, validation=0.2, callbacks=[pl.CSVTracker(file), look]
    )
    assert seen == [1, 2, 3]
    assert lines(file) == history.records


def test_tensorboard(tmp_path: Path) -> None:
    tracker = pl.TensorBoardTracker(tmp_path / "wide")
    history = pl.train(network(), X, T, epochs=3, callbacks=[tracker])
    assert events(tmp_path / "wide") == numbers(history)


@pytest.mark.parametrize("of_tensorboard", [False, True])
def test_a_run_that_goes_on(of_tensorboard: bool, tmp_path: Path) -> None:
    def tracker() -> pl.Callback:
        if of_tensorboard:
            return pl.TensorBoardTracker(tmp_path / "run")
        return pl.CSVTracker(tmp_path / "run.csv")

    def die(run: Any) -> None:
        if run.epoch == 3:
            raise KeyError

    kept: dict[str, Any] = {"checkpoint": tmp_path / "kept", "every": "2 epochs"}
    with pytest.raises(KeyError):
        pl.train(network(), X, T, epochs=5, callbacks=[tracker(), die], **kept)
    history = pl.train(network(), X, T, epochs=5, callbacks=[tracker(), lambda run: None], **kept)
    assert len(history) == 5
    if of_tensorboard:
        assert events(tmp_path / "run") == numbers(history)
    else:
        assert lines(tmp_path / "run.csv") == history.records


def test_one_tracker_for_two_runs(tmp_path: Path) -> None:
    tracker = pl.CSVTracker(tmp_path / "run.csv")
    pl.train(network(), X, T, epochs=3, callbacks=[tracker])
    history = pl.train(network(), X, T, epochs=2, callbacks=[tracker])
    assert lines(tmp_path / "run.csv") == history.records


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"run\.csv"):
        pl.train(network(), X, T, epochs=1, callbacks=[pl.CSVTracker(tmp_path / "no" / "run.csv")])


def test_a_tracker_of_your_own() -> None:
    told: list[object] = []

    class Printed(pl.Tracker):
        def open(self, run: Any) -> None:
            told.append("open")

        def write(self, record: dict[str, float]) -> None:
            told.append(record["epoch"])

        def close(self, run: Any, outcome: str) -> None:
            told.append(outcome)

    pl.train(network(), X, T, epochs=2, callbacks=[Printed()])
    assert told == ["open", 1, 2, "finished"]
    told.clear()
    stop = lambda run: run.stop("enough")  # noqa: E731
    pl.train(network(), X, T, epochs=2, callbacks=[stop, Printed()])
    assert told == ["open", 1, "enough"]
    told.clear()

    def fail(run: Any) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        pl.train(network(), X, T, epochs=2, callbacks=[Printed(), fail])
    assert told == ["open", 1, "failed"]


MLFLOW = """
import json, sys
import mlflow, numpy as np, pellucid as pl
folder, dies = sys.argv[1], sys.argv[2] == "dies"
x, t = pl.moons(100, seed=0)
def die(run):
    if run.epoch == 3 and dies:
        raise KeyError
tracker = pl.MLflowTracker("moons", name="small", uri="file://" + folder + "/mlruns")
net = pl.mlp([2, 8, 2], output="softmax", seed=0)
try:
    history = pl.train(net, x, t, epochs=5, callbacks=[tracker, die], checkpoint=folder + "/kept",
                       every="2 epochs")
    client = mlflow.MlflowClient(tracking_uri="file://" + folder + "/mlruns")
    (run,) = client.search_runs([client.get_experiment_by_name("moons").experiment_id])
    losses = client.get_metric_history(run.info.run_id, "loss")
    print(json.dumps([run.info.status, run.info.run_name, run.data.params,
                      sorted({(each.step, each.value) for each in losses}),
                      [[record["epoch"], record["loss"]] for record in history]]))
except KeyError:
    pass
"""


@pytest.mark.integration
def test_mlflow(tmp_path: Path) -> None:
    """In an environment of its own; a training that goes on goes on in the same run."""
    python = environment("mlflow")
    borrow(python)
    for dies in ("dies", "lives"):
        done = subprocess.run(
            [python, "-c", MLFLOW, tmp_path, dies],
            env=os.environ | {"MLFLOW_ALLOW_FILE_STORE": "true"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    status, name, params, losses, records = json.loads(done.stdout.splitlines()[-1])
    assert (status, name) == ("FINISHED", "small")
    assert params == {"parameters": "42", "epochs": "5", "layers": "Affine ReLU Affine Softmax"}
    assert losses == records
