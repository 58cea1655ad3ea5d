"""Training by the actors of Ray: one machine, and a cluster that loses and gains nodes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.distributed import ray_team, train
from tests.distributed.test_training import SETTINGS, data, digest, network, told

# Ray warns of its own future.
pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]

EPOCHS = 20


@pytest.fixture(autouse=True)
def no_ray_is_left() -> Iterator[None]:
    yield
    import ray

    ray.shutdown()


class Deadly:
    """An augmentation that kills the worker that applies it, once, in the middle of an epoch."""

    def __init__(self, mark: Path | None = None) -> None:
        self.mark = mark

    def __repr__(self) -> str:
        return "Deadly()"

    def __call__(self, x: Array, draws: pl.Draws) -> Array:
        if self.mark is not None and draws.step == 4 and draws.row > 0 and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return x + draws.at(9).uniform(len(x), 1).astype(x.dtype)


def test_actors_train_the_bits_of_one_process_though_one_is_killed(tmp_path: Path) -> None:
    alone = network()
    pl.train(alone, *data(), shards=8, **SETTINGS)
    for workers in (1, 2):
        net = network()
        train(net, *data(), workers=workers, ray="local", **SETTINGS)
        assert digest(net) == digest(alone)
    messages, tell = told()
    net = network()
    settings = {**SETTINGS, "augment": Deadly(tmp_path / "killed")}
    train(net, *data(), workers=2, ray="local", tell=tell, **settings)
    assert digest(net) == digest(alone)
    assert "a worker was lost; training goes on with new workers" in messages


class LoseAndAdd(pl.Callback):
    """Remove a node in one epoch, add one in a later, and wait until its worker has joined."""

    def __init__(self, cluster: Any, node: Any, messages: list[str]) -> None:
        self.cluster, self.node, self.messages = cluster, node, messages

    def on_batch(self, run: Any) -> None:
        if (run.epoch, run.batch) == (2, 2):
            self.cluster.remove_node(self.node, allow_graceful=False)
        if (run.epoch, run.batch) == (4, 1):
            self.cluster.add_node(num_cpus=1)
        if run.epoch >= 4 and "a worker has joined: there are 2" not in self.messages:
            time.sleep(0.5)  # Ray starts it meanwhile


def test_a_cluster_loses_a_node_and_gains_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray
    from ray.cluster_utils import Cluster

    monkeypatch.setattr(ray_team, "LOOK", 0.0)
    monkeypatch.setattr(ray_team, "GRACE", 3.0)
    settings = {**SETTINGS, "epochs": EPOCHS}
    alone = network()
    pl.train(alone, *data(), shards=8, **settings)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        second = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        messages, tell = told()
        net = network()
        callback = LoseAndAdd(cluster, second, messages)
        train(
            net, *data(), workers=(1, 2), ray=cluster.address, tell=tell, callbacks=callback,
            **settings,
        )  # fmt: skip
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert digest(net) == digest(alone)
    assert "a worker was lost; training goes on with new workers" in messages
    assert "a worker has joined: there are 2" in messages


class KillTheDriver(pl.Callback):
    """End the process that trains, as kill -9 does, where the environment says so."""

    def on_batch(self, run: Any) -> None:
        if "KILL" in os.environ and (run.epoch, run.batch) == (2, 2):
            os.kill(os.getpid(), signal.SIGKILL)

    def state(self) -> dict[str, Any]:
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        pass


def main() -> None:
    """Train with checkpoints, and print the digest of the weights."""
    net = network()
    train(
        net, *data(), workers=2, ray=sys.argv[1], tell=lambda message: None, checkpoint="run",
        every="1 batch", callbacks=KillTheDriver(), **SETTINGS,
    )  # fmt: skip
    print(digest(net))


def test_a_killed_driver_resumes(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.distributed.test_ray_training", "local"]
    environment = {**os.environ, "PYTHONPATH": str(root), "KILL": "1"}
    killed = subprocess.run(command, cwd=tmp_path, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list((tmp_path / "run").iterdir())
    del environment["KILL"]
    again = subprocess.run(
        command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    alone = network()
    pl.train(alone, *data(), shards=8, callbacks=KillTheDriver(), **SETTINGS)
    assert again.stdout.split()[-1] == digest(alone)


def test_workers_of_another_build_and_a_cluster_without_room_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import ray

    monkeypatch.setattr(ray_team, "PATIENCE", 20.0)
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with monkeypatch.context() as patch:
        patch.setattr(ray_team, "__version__", "0.0.1")  # of this process only
        with pytest.raises(pl.InputError, match=r"another build \(.*; here pellucid 0\.0\.1"):
            train(network(), *data(), workers=1, ray="auto", **SETTINGS)
    with pytest.raises(pl.InputError, match="gave 1 of 2 workers in 20 s"):
        train(network(), *data(), workers=2, ray="auto", tell=lambda message: None, **SETTINGS)


if __name__ == "__main__":
    main()
    np.seterr()
