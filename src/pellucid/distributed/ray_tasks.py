"""The parts of a job as tasks of Ray: a cluster's machines, or this one."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from pellucid.distributed.workers import Crew, J, P, R
from pellucid.errors import InputError
from pellucid.extras import library

LOCAL = "local"
_PATIENCE = 10.0  # seconds in which a head node answers
_RETRIES = 3


class RayTasks:
    """Tasks of Ray, one CPU each.

    Rows that are scored never pass through Ray: workers read and write files. So every machine must
    see the same paths for model, inputs and results (a shared file system). A search sends its rows
    to each machine once. All machines must have this version of pellucid.

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

    @property
    def count(self) -> int:
        """How many CPUs the cluster has now: it may grow."""
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    def crew(self, work: Callable[[J, P], R], job: J) -> Crew[P, R]:
        """Return a crew of tasks; one whose machine dies is begun again elsewhere."""
        return _Tasks(self.ray, work, job)

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


class _Tasks:
    """Tasks under way. The job is put into the object store once; each machine gets it once."""

    def __init__(self, ray: Any, work: Callable[[Any, Any], Any], job: Any) -> None:
        self._ray, self._job = ray, ray.put(job)
        self._task = ray.remote(num_cpus=1, max_retries=_RETRIES)(work)
        self._tasks: list[Any] = []

    @property
    def waiting(self) -> int:
        return len(self._tasks)

    def submit(self, part: Any) -> None:
        self._tasks.append(self._task.remote(self._job, part))

    def take(self, seconds: float | None = None) -> Any:
        ended, self._tasks = self._ray.wait(self._tasks, num_returns=1, timeout=seconds)
        if not ended:
            return None
        try:
            return self._ray.get(ended[0])
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error

    def close(self, at_once: bool) -> None:
        if at_once:
            for task in self._tasks:
                self._ray.cancel(task, force=True)


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
