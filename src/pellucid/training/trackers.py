"""Trackers: callbacks that pass each epoch's record on to a file or a program that shows runs."""

from __future__ import annotations

import csv
import io
import os
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

from pellucid.core.types import Options
from pellucid.errors import FileError
from pellucid.extras import library
from pellucid.files.atomic import unwritable, write_whole
from pellucid.training.callbacks import Callback, RunView


class Tracker(Callback):
    """Override open, write and close; each epoch's record is then written once.

    A run that goes on from a checkpoint writes the earlier epochs again after `open`, unless the
    subclass remembers in its `state` how many it `written` has.
    """

    each_batch: ClassVar[bool] = False

    def __init__(self) -> None:
        self.written = 0
        self._is_open = False

    def open(self, run: RunView) -> None:
        """Begin, before the first record; `run.epoch` is the first epoch of this process."""

    def write(self, record: dict[str, float]) -> None:
        """Write the record of an epoch, one of `run.history.records`."""

    def close(self, run: RunView, outcome: str) -> None:
        """End; `outcome` is `run.history.stopped`, or "failed" after an exception."""

    def on_start(self, run: RunView) -> None:
        """Forget an earlier run."""
        self.written, self._is_open = 0, False

    def on_epoch(self, run: RunView) -> None:
        """Write what is new."""
        if not self._is_open:
            self.open(run)
            self._is_open = True
        for record in run.history.records[self.written :]:
            self.write(record)
        self.written = len(run.history.records)

    def on_end(self, run: RunView) -> None:
        """Close, if an epoch was written."""
        if self._is_open:
            failed = sys.exc_info()[0] is not None
            self.close(run, "failed" if failed else run.history.stopped)

    def state(self) -> Options:
        """Return nothing: all records are written again."""
        return {}


class CSVTracker(Tracker):
    """Write the history to a CSV file, a line for each epoch as it ends.

    Parameters
    ----------
    path
        The file, which is replaced when the first epoch has ended.

    Raises FileError where it cannot be written, and the training ends.

    >>> import pellucid as pl, tempfile
    >>> x, t = pl.moons(100, seed=0)
    >>> net = pl.mlp([2, 8, 2], output="softmax", seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pl.train(net, x, t, epochs=2, callbacks=[CSVTracker(f"{folder}/run.csv")])
    ...     text = Path(folder, "run.csv").read_text()
    >>> text.splitlines()[0]
    'epoch,loss,accuracy,learning_rate,seconds'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        self._columns: list[str] = []

    def open(self, run: RunView) -> None:
        """Write the names of the columns."""
        self._columns = list(run.history.records[0])
        write_whole(self.path, _line(self._columns).encode())

    def write(self, record: dict[str, float]) -> None:
        """Append a line."""
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(_line([record.get(name, "") for name in self._columns]))
        except OSError as error:
            raise unwritable(self.path, error) from error


class TensorBoardTracker(Tracker):
    """Write the history to a folder that TensorBoard shows; the extra `tensorboard`.

    Parameters
    ----------
    folder
        The folder of this run, such as "runs/wide". `tensorboard --logdir` takes its parent.

    Raises MissingLibraryError where tensorboardX is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.folder = os.fspath(folder)
        self._make = library("tensorboardX", "tensorboard").SummaryWriter
        self._writer: Any = None

    def open(self, run: RunView) -> None:
        """Begin a file of events, which replaces those of an earlier process."""
        try:
            self._writer = self._make(self.folder, purge_step=1)
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def write(self, record: dict[str, float]) -> None:
        """Add the numbers of the record, by epoch."""
        for name, value in record.items():
            if name != "epoch":
                self._writer.add_scalar(name, value, int(record["epoch"]))
        self._writer.flush()

    def close(self, run: RunView, outcome: str) -> None:
        """Close the file."""
        self._writer.close()


class MLflowTracker(Tracker):
    """Write the history to MLflow as one run; the extra `mlflow`.

    A training that goes on from a checkpoint goes on in the same run.

    Parameters
    ----------
    experiment
        The name of the experiment, made where it is not there.
    name
        The name of the run; MLflow chooses one by default.
    uri
        Where MLflow keeps its runs: the address of a server, or a folder as "file:///home/me/mlruns"
        (for which MLflow wants MLFLOW_ALLOW_FILE_STORE=true). Default: MLflow's own.

    Raises MissingLibraryError where mlflow is not installed, FileError for what MLflow refuses.
    """

    def __init__(
        self, experiment: str = "pellucid", *, name: str | None = None, uri: str | None = None
    ) -> None:
        super().__init__()
        self.experiment, self.name = experiment, name
        self._mlflow = library("mlflow", "mlflow")
        self._uri, self._run = uri, ""
        self._client: Any = None

    def on_start(self, run: RunView) -> None:
        """Forget an earlier run."""
        super().on_start(run)
        self._run = ""

    def open(self, run: RunView) -> None:
        """Begin a run, or go on with that of the checkpoint."""
        try:
            self._client = client = self._mlflow.MlflowClient(tracking_uri=self._uri)
            if self._run:
                client.update_run(self._run, status="RUNNING")
                return
            found = client.get_experiment_by_name(self.experiment)
            own = client.create_experiment(self.experiment) if found is None else None
            number = own if found is None else found.experiment_id
            self._run = client.create_run(number, run_name=self.name).info.run_id
            settings = {"parameters": run.net.parameter_count, "epochs": run.epochs}
            layers = " ".join(type(layer).__name__ for layer in run.net.layers)
            for key, value in {**settings, "layers": layers[:500]}.items():
                client.log_param(self._run, key, value)
        except self._mlflow.MlflowException as error:
            raise FileError("MLflow: {reason}", reason=str(error)) from error

    def write(self, record: dict[str, float]) -> None:
        """Log the numbers of the record, by epoch."""
        now, step = int(1000 * time.time()), int(record["epoch"])
        metric = self._mlflow.entities.Metric
        values = [metric(name, value, now, step) for name, value in record.items()]
        try:
            self._client.log_batch(self._run, metrics=values)
        except self._mlflow.MlflowException as error:
            raise FileError("MLflow: {reason}", reason=str(error)) from error

    def close(self, run: RunView, outcome: str) -> None:
        """End the run: FINISHED, KILLED after Ctrl-C, or FAILED."""
        status = {"failed": "FAILED", "interrupted": "KILLED"}.get(outcome, "FINISHED")
        self._client.set_terminated(self._run, status)

    def state(self) -> Options:
        """Return the run and how much of it is written."""
        return {"run": self._run, "written": self.written}

    def load_state(self, state: Options) -> None:
        """Go on with that run."""
        self._run, self.written = state["run"], state["written"]


def _line(cells: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
