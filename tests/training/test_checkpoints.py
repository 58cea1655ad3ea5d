"""Checkpoints: a run that was stopped anywhere ends with the bits of one that was not."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array, Options
from pellucid.engines import instruction_set, instructions
from pellucid.errors import CheckpointWarning, InputError
from pellucid.files import checkpoint
from pellucid.training.callbacks import RunView, arrays_of
from pellucid.training.checkpointing import parse_every
from tests.training.killing import Kill, Killed

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(43, 4)).astype(np.float32)
T = GENERATOR.integers(0, 3, 43)
WEIGHTS = GENERATOR.uniform(0.5, 2, 43)


def noise(x: Array, draws: Any) -> Array:
    return np.asarray(x + 0.1 * draws.uniform(len(x), x.shape[1]), np.float32)


SETTINGS: dict[str, Callable[[], Options]] = {
    "sgd": lambda: {"optimizer": pl.SGD(0.1, momentum=0.9)},
    "adam, average, early stopping": lambda: {
        "optimizer": pl.Adam(0.05, ema=0.9),
        "validation": 0.3,
        "callbacks": [pl.EarlyStopping(patience=1)],
    },
    "augmentation, weights": lambda: {"augment": noise, "sample_weight": WEIGHTS},
    "plateau": lambda: {
        "schedule": pl.ReduceOnPlateau(0.5, patience=0),
        "validation": (X[:9], T[:9]),
    },
    "one cycle, reference": lambda: {"schedule": "one_cycle", "engine": "reference"},
}


def network() -> pl.Network:
    return pl.mlp(
        [4, 5, 3], activation="relu", output="softmax", dropout=0.2, normalization="batch", seed=1
    )


def bits(net: pl.Network) -> bytes:
    return b"".join(array.tobytes() for array in arrays_of(net))


def scores(history: pl.History) -> list[dict[str, float]]:
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


def train(net: pl.Network, after: int = 0, epochs: int = 3, **settings: Any) -> pl.History:
    callbacks = [*settings.pop("callbacks", []), settings.pop("kill", None) or Kill(after)]
    return pl.train(net, X, T, epochs=epochs, batch_size=10, callbacks=callbacks, **settings)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_run_killed_after_any_batch_ends_with_the_same_bits(name: str, tmp_path: Path) -> None:
    whole = network()
    count = Kill(0)
    history = train(whole, kill=count, **SETTINGS[name]())
    for after in range(1, 1 - count.left):
        folder: Options = {"checkpoint": tmp_path / str(after), "every": "1 batch"}
        with pytest.raises(Killed):
            train(network(), after, **SETTINGS[name](), **folder)
        net = network()
        resumed = train(net, **SETTINGS[name](), **folder)
        assert bits(net) == bits(whole), after
        assert scores(resumed) == scores(history)
        assert net.record == whole.record


def test_the_checkpoints_themselves_change_nothing(tmp_path: Path) -> None:
    plain, kept = network(), network()
    train(plain)
    train(kept, checkpoint=tmp_path, every="0 s")
    assert bits(plain) == bits(kept)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_another_number_of_threads(threads: int, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(2048, 64)).astype(np.float32)

    def run(threads: int, after: int = 0, **folder: Any) -> pl.Network:
        # Layers of so many multiplications are shared among threads
        net = pl.mlp([64, 256, 64, 8], output="softmax", dropout=0.1, seed=1)
        settings: Options = {"batch_size": 512, "epochs": 2, "callbacks": Kill(after), **folder}
        pl.train(net, x, np.arange(2048) % 8, threads=threads, **settings)
        return net

    with pytest.raises(Killed):
        run(2, 5, checkpoint=tmp_path, every="1 batch")
    assert bits(run(threads, checkpoint=tmp_path)) == bits(run(1))


def test_a_table_in_blocks(tmp_path: Path) -> None:
    rows = {"a": X[:, 0], "b": X[:, 1], "y": T.astype(str)}
    columns = pl.Columns.of(rows, target="y")

    def run(after: int, **folder: Any) -> tuple[pl.Network, pl.History]:
        net = pl.table_mlp(columns, hidden=[4], seed=0)
        settings: Options = {
            "epochs": 2,
            "batch_size": 4,
            "memory": 600,
            "callbacks": [Kill(after)],
        }
        return net, pl.train_table(net, rows, validation=None, **settings, **folder)

    whole, history = run(0)
    for after in range(1, 23):
        folder: Options = {"checkpoint": tmp_path / str(after), "every": "1 batch"}
        with pytest.raises(Killed):
            run(after, **folder)
        net, resumed = run(0, **folder)
        assert bits(net) == bits(whole), after
        assert scores(resumed) == scores(history)


def test_another_table_in_blocks_is_refused(tmp_path: Path) -> None:
    def run(a: Array, memory: int, after: int = 0) -> None:
        rows = {"a": a, "b": X[:, 1], "y": T.astype(str)}
        columns = pl.Columns.of({**rows, "a": X[:, 0]}, target="y")
        pl.train_table(
            pl.table_mlp(columns, hidden=[4], seed=0),
            rows,
            validation=None,
            epochs=2,
            memory=memory,
            callbacks=[Kill(after)],
            checkpoint=tmp_path,
            every="1 batch",
        )

    with pytest.raises(Killed):
        run(X[:, 0], 600, after=3)
    # A cell of any block counts, not only one of the first
    for row in range(len(X)):
        other = X[:, 0].copy()
        other[row] += 0.5
        with pytest.raises(InputError, match="data"):
            run(other, 600)
    with pytest.raises(InputError, match="blocks: "):
        run(X[:, 0], 1200)


def test_the_recorded_instruction_set_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with instructions.using_instructions("baseline"):
        whole = network()
        train(whole)
        with pytest.raises(Killed):
            train(network(), 7, checkpoint=tmp_path, every="1 batch")
    net = network()
    train(net, checkpoint=tmp_path)
    assert bits(net) == bits(whole)
    assert instruction_set() == instructions.runnable_sets()[0]

    # On a processor without the set, the run goes on, and the promise ends
    best, *_, last = instructions.runnable_sets()
    with instructions.using_instructions(best), pytest.raises(Killed):
        train(network(), 7, checkpoint=tmp_path / "best", every="1 batch")
    monkeypatch.setattr("pellucid.training.checkpoints.runnable_sets", lambda: (last,))
    with (
        instructions.using_instructions(last),
        pytest.warns(CheckpointWarning, match=f"instruction set: {best} then, {last} now"),
    ):
        train(network(), checkpoint=tmp_path / "best")


# Which run goes on


def test_a_finished_run_trains_nothing(tmp_path: Path) -> None:
    first, second = network(), network()
    train(first, checkpoint=tmp_path)
    history = train(second, 1, checkpoint=tmp_path)  # one batch would raise
    assert bits(first) == bits(second)
    assert len(history) == 3


def test_more_epochs(tmp_path: Path) -> None:
    whole, net = network(), network()
    train(whole, epochs=5)
    train(network(), epochs=2, checkpoint=tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(net, epochs=5, checkpoint=tmp_path)
    assert bits(net) == bits(whole)
    train(network(), epochs=2, schedule="cosine", checkpoint=tmp_path / "cosine")
    with pytest.warns(CheckpointWarning, match="with 5 epochs instead of 2, the learning rates"):
        train(network(), epochs=5, schedule="cosine", checkpoint=tmp_path / "cosine")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 1}, "seed: 0 then, 1 now"),
        ({"optimizer": "sgd"}, r"optimizer: Adam\(.*\) then, SGD\(.*\) now"),
        ({"sample_weight": WEIGHTS}, "sample weights: none then, v2:[0-9a-f]+ now"),
        ({"validation": 0.3}, "validation data: none then, v2:[0-9a-f]+ now"),
        ({"metrics": []}, "metrics: accuracy then, none now"),
        ({"loss": "mean_squared_error"}, "loss: CrossEntropy"),
        ({"schedule": "cosine"}, "schedule: Constant"),
        ({"augment": noise}, "augment: none then, noise now"),
        ({"engine": "reference"}, "engine: native then, reference now"),
        ({"callbacks": [pl.EarlyStopping("loss")]}, "callbacks: Kill then, Early"),
    ],
)
def test_another_run_is_refused_difference_by_difference(
    change: Options, told: str, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        train(network(), 7, checkpoint=tmp_path, every="1 batch")
    with pytest.raises(pl.InputError, match=f"the run there is another one: .*{told}"):
        train(network(), **change, checkpoint=tmp_path)


def test_other_data_and_networks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        train(network(), 7, checkpoint=tmp_path, every="1 batch")
    with pytest.raises(pl.InputError, match="another one: data: "):
        pl.train(
            network(), X + 1, T, epochs=3, batch_size=10, callbacks=[Kill(0)], checkpoint=tmp_path
        )
    other = pl.mlp([4, 3], output="softmax", seed=1)
    with pytest.raises(pl.InputError, match="network: Affine"):
        train(other, checkpoint=tmp_path)
    with pytest.raises(pl.InputError, match=r"one: batch size: .*; data: others now\. "):
        pl.train(network(), X + 1, T, epochs=3, callbacks=[Kill(0)], checkpoint=tmp_path)
    with (
        pytest.warns(CheckpointWarning, match="in spite of differences"),
        pytest.raises(pl.InputError, match="the checkpoint is that of another network"),
    ):
        train(other, checkpoint=tmp_path, resume="force")
    net = network()
    with pytest.warns(CheckpointWarning, match="the bits may be others: seed: 0 then, 2 now"):
        history = train(net, seed=2, checkpoint=tmp_path, resume="force")
    assert len(history) == 3


def test_resume_and_start_anew(tmp_path: Path) -> None:
    with pytest.raises(pl.InputError, match="no run to resume"):
        train(network(), checkpoint=tmp_path, resume=True)
    train(network(), checkpoint=tmp_path, every="1 epoch")
    kept = sorted(path.name for path in tmp_path.glob("step-*"))
    train(network(), 0, seed=5, checkpoint=tmp_path, resume=False)
    assert sorted(path.name for path in (tmp_path / "before-1").iterdir()) == kept
    train(network(), 0, seed=6, checkpoint=tmp_path, resume=False)
    assert (tmp_path / "before-2").is_dir()
    with pytest.raises(pl.InputError, match=r"resume goes with checkpoint=FOLDER"):
        train(network(), resume=True)
    with pytest.raises(pl.InputError, match=r'resume must be "auto", True, False or "force"'):
        train(network(), checkpoint=tmp_path, resume="yes")


# What is kept


def test_the_last_two_and_the_best_are_kept(tmp_path: Path) -> None:
    losses = iter([3.0, 1.0, 2.0, 4.0, 5.0, 6.0])

    def worse(y: Array, t: Array) -> float:
        return next(losses)

    class Told(pl.Callback):
        def on_epoch(self, run: RunView) -> None:
            run.history.records[-1]["loss"] = worse(X, T)

        def state(self) -> Options:
            return {}

        def load_state(self, state: Options) -> None:
            pass

    settings: Options = {"batch_size": 10, "checkpoint": tmp_path, "every": "1 epoch"}
    pl.train(network(), X, T, epochs=4, callbacks=[Told()], **settings)
    steps = [10, 15, 20]  # the best is that after two epochs of five batches
    assert sorted(int(path.stem[5:]) for path in tmp_path.glob("step-*")) == steps
    pl.train(network(), X, T, epochs=6, callbacks=[Told()], **settings)  # remembered
    assert sorted(int(path.stem[5:]) for path in tmp_path.glob("step-*")) == [10, 25, 30]


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("60 s", 60, "seconds"),
        ("1.5 min", 90, "seconds"),
        ("2 hours", 7200, "seconds"),
        ("1000 batches", 1000, "batch"),
        ("1 batch", 1, "batch"),
        ("2epochs", 2, "epoch"),
    ],
)
def test_intervals(text: str, number: float, unit: str) -> None:
    assert parse_every(text) == (number, unit)


@pytest.mark.parametrize("text", ["", "60", "s", "0 batches", "1.5 epochs", "-1 s", "1 week", 60])
def test_what_is_no_interval(text: Any) -> None:
    with pytest.raises(pl.InputError, match="every must be an interval such as"):
        parse_every(text)


def test_callbacks_keep_their_own_state(tmp_path: Path) -> None:
    class Counts(pl.Callback):
        def on_start(self, run: RunView) -> None:
            self.epochs: list[int] = []

        def on_epoch(self, run: RunView) -> None:
            self.epochs.append(run.epoch)

        def state(self) -> Options:
            return {"epochs": self.epochs, "array": np.arange(3), "best": -np.inf, "name": None}

        def load_state(self, state: Options) -> None:
            assert state["best"] == -np.inf and state["name"] is None
            np.testing.assert_array_equal(state["array"], [0, 1, 2])
            self.epochs = state["epochs"]

    counts = Counts()
    with pytest.raises(Killed):
        train(network(), 12, callbacks=[Counts()], checkpoint=tmp_path, every="1 batch")
    train(network(), callbacks=[counts], checkpoint=tmp_path)
    assert counts.epochs == [1, 2, 3]


def test_a_callback_without_state_is_refused_by_name(tmp_path: Path) -> None:
    class Logger(pl.Callback):
        pass

    with pytest.raises(pl.InputError, match=r"the callback Logger has no state\(\)"):
        train(network(), callbacks=[Logger()], checkpoint=tmp_path)
    # A function is called with the run and keeps what it keeps by itself
    seen: list[int] = []
    train(network(), callbacks=[lambda run: seen.append(run.epoch)], checkpoint=tmp_path)
    assert seen == [1, 2, 3]


def test_a_state_that_no_file_holds(tmp_path: Path) -> None:
    class Odd(Kill):
        def state(self) -> Options:
            return {"list": [1, {2, 3}]}

    with pytest.raises(pl.InputError, match=r"state\.callbacks\[0\]\.list\[1\] cannot be kept"):
        train(network(), callbacks=[Odd(0)], checkpoint=tmp_path, every="1 batch")


# Damage


def test_no_damaged_checkpoint_is_ever_loaded(tmp_path: Path) -> None:
    """One of a training, cut at every byte and with each of its bytes changed."""
    with pytest.raises(Killed):
        train(network(), 7, validation=0.3, checkpoint=tmp_path, every="1 batch")
    path = max(tmp_path.glob("step-*"))
    content = path.read_bytes()
    assert checkpoint.read(path)["epoch"] == 2
    for place in range(len(content)):
        path.write_bytes(content[:place])
        with pytest.raises(checkpoint.DamagedError):
            checkpoint.read(path)
        changed = bytes([content[place] ^ (0x01, 0x20, 0x80)[place % 3]])
        path.write_bytes(content[:place] + changed + content[place + 1 :])
        with pytest.raises(checkpoint.DamagedError):
            checkpoint.read(path)


def test_what_is_not_damaged_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint of a later pellucid, one that may not be read, one that holds something else."""
    train(network(), checkpoint=tmp_path)
    path = max(tmp_path.glob("step-*"))
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "VERSION", 2)
        with pytest.raises(pl.FileError, match="of format 1, which this pellucid cannot read"):
            train(network(), checkpoint=tmp_path)
    path.rename(tmp_path / "kept")
    path.mkdir()
    with pytest.raises(pl.FileError, match="it is a folder"):
        train(network(), checkpoint=tmp_path)
    path.rmdir()
    for state in ({}, {"promise": {}, "epoch": 1}, {"promise": 3, "epoch": "a"}, {"promise": None}):
        checkpoint.save(path, state)
        with (
            warnings.catch_warnings(),
            pytest.raises(pl.FileError, match="not the checkpoint of a run"),
        ):
            warnings.simplefilter("ignore", CheckpointWarning)
            train(network(), checkpoint=tmp_path, resume="force")
    assert path.exists()


def test_divergence_keeps_the_checkpoint_before_it(tmp_path: Path) -> None:
    class Explode(pl.StepDecay):
        def factor(self, epoch: float, epochs: float, history: Any = ()) -> float:
            return 1.0 if epoch < 1 else 1e38

    settings: Options = {"optimizer": pl.SGD(0.1), "checkpoint": tmp_path, "every": "1 batch"}
    net = pl.mlp([4, 8, 3], output="softmax", seed=1)
    with pytest.raises(pl.DivergenceError, match=r"epoch 2, batch \d: .* layer") as caught:
        train(net, schedule=Explode(), **settings)
    assert f"{tmp_path}/step-000000005.safetensors is from before that" in str(caught.value)
    assert list(tmp_path.glob("*.diverged"))
    went_on = pl.mlp([4, 8, 3], output="softmax", seed=1)
    with pytest.warns(CheckpointWarning, match="schedule: .*Explode.* then, Constant"):
        history = train(went_on, **settings, resume="force")
    assert len(history) == 3
    assert np.isfinite(went_on(X)).all()
    assert history.records[0]["epoch"] == 1


def test_a_damaged_newest_file_is_moved_aside_and_the_one_before_used(tmp_path: Path) -> None:
    whole, net = network(), network()
    train(whole)
    with pytest.raises(Killed):
        train(network(), 9, checkpoint=tmp_path, every="1 batch")
    newest = max(tmp_path.glob("step-*"))
    newest.write_bytes(newest.read_bytes()[:-5])
    with pytest.warns(CheckpointWarning, match="a damaged checkpoint was moved to .*damaged"):
        train(net, checkpoint=tmp_path)
    assert bits(net) == bits(whole)
    assert newest.with_suffix(".damaged").exists()
    with warnings.catch_warnings():  # reported once
        warnings.simplefilter("error")
        train(network(), checkpoint=tmp_path)


def test_when_every_file_is_damaged(tmp_path: Path) -> None:
    train(network(), checkpoint=tmp_path)
    for path in tmp_path.glob("step-*"):
        path.write_bytes(b"nothing")
    with pytest.raises(pl.FileError, match="every checkpoint is damaged; start anew"):
        train(network(), checkpoint=tmp_path)


@pytest.mark.parametrize("call", ["fsync", "replace", "write"])
def test_a_full_disk_leaves_the_checkpoint_before(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, net = network(), network()
    train(whole)
    with pytest.raises(Killed):
        train(network(), 4, checkpoint=tmp_path, every="1 batch")
    before = {path.name: path.read_bytes() for path in tmp_path.glob("step-*")}

    def full(*arguments: object, **settings: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*{
            "fsync": (os, "fsync"),
            "replace": (Path, "replace"),
            "write": (checkpoint, "whole_file"),
        }[call], full)  # fmt: skip
        with pytest.raises((pl.FileError, OSError), match="No space left"):
            train(network(), 0, checkpoint=tmp_path, every="1 batch")
    assert {path.name: path.read_bytes() for path in tmp_path.glob("step-*")} == before
    assert not list(tmp_path.glob(".*.part"))
    train(net, checkpoint=tmp_path)
    assert bits(net) == bits(whole)


def test_one_process_holds_a_folder(tmp_path: Path) -> None:
    program = (
        "import sys; from pellucid.files.held_folder import held_folder\n"
        "with held_folder(sys.argv[1]): print('held', flush=True); sys.stdin.read()\n"
    )
    (tmp_path / ".step-000000001.safetensors.0123456789abcdef.part").write_bytes(
        b"left by a killed process"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None and other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        told = rf"another training holds this folder \(process {other.pid}\)"
        with pytest.raises(pl.FileError, match=told):
            train(network(), checkpoint=tmp_path)
        other.kill()  # the lock ends with the process
        other.wait()
    train(network(), checkpoint=tmp_path)
    assert not list(tmp_path.glob(".*.part"))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(pl.FileError, match="cannot be written"):
        train(network(), checkpoint=tmp_path / "file")
