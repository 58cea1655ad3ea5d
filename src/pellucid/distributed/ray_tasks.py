"""Blocks scored as tasks of Ray: a cluster's machines, or this one."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pellucid.distributed.blocks import Block
from pellucid.distributed.job import Done, Job, score_block
from pellucid.errors import InputError
from pellucid.extras import library

LOCAL = "local"
_PATIENCE = 10.0  # seconds in which a head node answers
_RETRIES = 3


class RayTasks:
    """Tasks of Ray, one CPU each. Rows never pass through Ray: workers read and write files.

    So every machine must see the same paths for model, inputs and results (a shared file system),
    and have this version of pellucid.

    Parameters
    ----------
    address
        The address of a cluster's head node, "10.0.0.1:6379", "auto" for the one that runs here,
        or "local" to start Ray on this machine for as long as this process lives.

    Raises InputError where no head node answers there, MissingLibraryError without Ray.
    """

    def __init__(self, address: str) -> None:
        self.ray = library("ray", "ray")
        if not self.ray.is_initialized():
            self._connect(address)

    def map(self, job: Job, blocks: Sequence[Block]) -> Iterator[Done]:
        """Yield what became of each block, in the order in which they end."""
        ray = self.ray
        task = ray.remote(num_cpus=1, max_retries=_RETRIES)(score_block)
        # Enough for every CPU to have a next one; a cluster may grow meanwhile
        most = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
        waiting: list[Any] = []
        job = job.absolute()
        for block in blocks:
            waiting.append(task.remote(job, block._replace(path=str(Path(block.path).absolute()))))
            if len(waiting) >= most:
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def _next(self, waiting: list[Any]) -> Done:
        """Take the first task that ends out of the list and return what it did."""
        [ended], waiting[:] = self.ray.wait(waiting, num_returns=1)
        try:
            done: Done = self.ray.get(ended)
        except self.ray.exceptions.RayTaskError as error:
            raise error.cause from error
        return done

    def _connect(self, address: str) -> None:
        if address not in (LOCAL, "auto") and not address.startswith("ray://"):
            _check_answers(address)
        try:
            self.ray.init(
                address=address,  # "local" is a cluster of its own, whatever runs here
                include_dashboard=False if address == LOCAL else None,
                log_to_driver=False,
                logging_level="ERROR",
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise _no_cluster(address, str(error).splitlines()[0]) from error


def _check_answers(address: str) -> None:
    """Raise InputError where nothing listens: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
    except (OSError, ValueError) as error:
        raise _no_cluster(address, str(error)) from error


def _no_cluster(address: str, reason: str) -> InputError:
    return InputError(
        "no Ray cluster answers at {address} ({reason}): start one with ray start --head, or use "
        '"local"',
        address=address,
        reason=reason,
    )
