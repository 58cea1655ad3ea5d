"""The parts of a job as tasks of Ray: a cluster's machines, or this one."""

from __future__ import annotations

import importlib
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pellucid.distributed.workers import Crew, J, P, R
from pellucid.errors import InputError, Message, reason_of
from pellucid.extras import library

LOCAL, AUTO, CLIENT = "local", "auto", "ray://"
_CLIENT_PORT = "10001"
_PATIENCE = 10.0  # seconds in which a head node answers
_SETTINGS = b"\0\0\0\4\0\0\0\0\0"  # a frame of HTTP/2 without any setting
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SETTINGS
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
        found = _running_here() if address == AUTO else address
        if found not in (LOCAL, AUTO):
            _check_answers(found)
        try:
            self.ray.init(
                address=address,  # "local" is a cluster of its own, whatever runs here
                include_dashboard=False if address == LOCAL else None,
                log_to_driver=False,
                logging_level="ERROR",
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = Message(str(error).splitlines()[0])
            raise _no_cluster(address, reason) from error


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


def _running_here() -> str:
    """Return the address that Ray takes for "auto": that of RAY_ADDRESS, or of the cluster that was
    started here last, which may have ended since; "auto" where neither is known.
    """
    # Not a public name: where a version of Ray lacks it, nothing is checked beforehand
    with suppress(ImportError, AttributeError, TypeError, OSError):
        services = importlib.import_module("ray._private.services")
        return services.get_ray_address_from_environment(AUTO, None) or AUTO
    return AUTO


def _check_answers(address: str) -> None:
    """Raise InputError where nothing answers as Ray's servers do: Ray itself would try for minutes.

    They speak HTTP/2, as all of gRPC does: a server answers the greeting with its settings.
    """
    place = address.removeprefix(CLIENT)
    host, found, port = place.rpartition(":")
    if not found and address.startswith(CLIENT):
        host, port = place, _CLIENT_PORT
    elif not (host and port.isdecimal()):
        template = (
            'expected the address of a Ray cluster, 10.0.0.1:6379, "auto" or "local", got {got}'
        )
        raise InputError(template, got=repr(address))
    try:
        with socket.create_connection((host, int(port)), timeout=_PATIENCE) as connection:
            if os.environ.get("RAY_USE_TLS", "0") != "0":
                return  # then the greeting would have to be encrypted
            connection.sendall(_GREETING)
            answer = connection.recv(len(_SETTINGS))
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, reason_of(error)) from error
    if answer[3:4] != _SETTINGS[3:4]:  # the kind of the frame
        raise _no_cluster(address, Message("another kind of server is there"))


def _no_cluster(address: str, reason: Message) -> InputError:
    return InputError(
        "no Ray cluster answers at {address} ({reason}): start one with ray start --head, or use "
        '"local"',
        address=address,
        reason=reason,
    )
