"""Running the application by uvicorn: settings, signals, several workers."""

from __future__ import annotations

import logging
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from uvicorn.supervisors import Multiprocess

from pellucid.errors import InputError, reason_of
from pellucid.serving import metrics
from pellucid.serving.application import App, app
from pellucid.serving.connections import Config
from pellucid.serving.limits import LOOPBACK, Access, Limits
from pellucid.serving.models import named


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a process serves: models by name and file, with what `app` takes."""

    models: dict[str, str]
    limits: Limits
    access: Access
    log: str = "text"
    counts: str | None = None

    def app(self) -> App:
        """Return the application; each worker makes its own."""
        return app(self.models, self.limits, self.access, log=self.log, counts=self.counts)


def _raise_most_files() -> None:
    """Allow as many open files as the system lets this process have."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def serve(
    service: Service, host: str, port: int, workers: int, ready: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or Ctrl-C; then finish what was accepted.

    Parameters
    ----------
    host, port
        The address to listen on; port 0 is any free one.
    workers
        Processes that share the port; one that dies is replaced.
    ready
        Called with the address once connections are accepted.

    Raises InputError where the address cannot be used, or is not loopback and there is no token;
    FileError for a model that cannot be read.
    """
    if host not in LOOPBACK and not service.access.token:
        raise InputError(
            "{host} can be reached from other computers: give --token-file, or listen on 127.0.0.1",
            host=host,
        )
    _raise_most_files()
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    with _listening(host, port) as listener, _counted(service, workers) as counted:
        address, port = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        config = Config(counted.app, counted.limits, workers)
        if workers > 1:
            named(service.models)  # an unreadable file is an error here, not of every worker
            ready(f"http://{shown}:{port}")
            Multiprocess(config, sockets=[listener]).run()
            return
        config.load()
        server = uvicorn.Server(config)

        def end(*_: object) -> None:
            server.should_exit = True

        # Before uvicorn takes the signal, and after: it raises it again when all is finished, and
        # the end is a success.
        signal.signal(signal.SIGTERM, end)
        ready(f"http://{shown}:{port}")
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


@contextmanager
def _counted(service: Service, workers: int) -> Iterator[Service]:
    """Yield the service with a file in which several workers count together."""
    if workers == 1:
        yield service
        return
    if os.name == "nt":
        raise InputError("several workers need file locks that Windows does not have: use one")
    with tempfile.TemporaryDirectory(prefix="pellucid.") as folder:
        path = Path(folder, "counts")
        metrics.shared([*service.models], workers, str(path))
        fields = {**vars(service), "counts": str(path)}
        yield Service(**fields)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that asyncio, where uvloop is not, sends small responses at once
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
        listener.set_inheritable(True)
    except (OSError, OverflowError) as error:
        listener.close()
        template = "{host}:{port} cannot be used ({reason}): choose another port, or 0 for any"
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise InputError(template, host=host, port=port, reason=reason) from error
    return listener
