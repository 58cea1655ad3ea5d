"""Servers in processes of their own, started as users start them."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 60.0
COMMAND = (sys.executable, "-m", "pellucid", "serve", "--port", "0", "--lang", "en")


class Running:
    """A server: its address, what it printed, its log so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.printed: list[str] = []
        self.log: list[str] = []
        assert process.stdout is not None and process.stderr is not None
        self._reader = threading.Thread(target=self.log.extend, args=(process.stderr,))
        self._reader.start()
        while not self.printed or "curl" not in self.printed[-1]:
            line = process.stdout.readline()
            if not line:
                self._reader.join()
                raise AssertionError(f"the server ended: {''.join(self.log)}")
            self.printed.append(line)
        words = " ".join(self.printed).replace(";", " ").split()
        self.address = next(word for word in words if word.startswith("http://"))
        self.port = int(self.address.rpartition(":")[2])

    def get(self, path: str, body: Any = None, **headers: str) -> Any:
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        pairs = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = urllib.request.Request(f"{self.address}{path}", content, pairs)
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text.startswith((b"{", b"[")) else text

    def memory(self) -> int:
        """Return the bytes that the process occupies."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return 1024 * int(line.split()[1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.join()
        return code

    def join(self) -> None:
        """Wait until the log has ended, with the last process that writes to it."""
        self._reader.join(PATIENCE)


@contextmanager
def running(*arguments: str | Path, **environment: str) -> Iterator[Running]:
    """Serve until the end of the block."""
    command = [*COMMAND, *map(str, arguments)]
    pipe = subprocess.PIPE
    started = {"stdout": pipe, "stderr": pipe, "text": True, "env": os.environ | environment}
    with subprocess.Popen(command, **started) as process:  # type: ignore[call-overload]
        try:
            server = Running(process)
        except BaseException:
            process.kill()
            raise
        try:
            yield server
        finally:
            process.kill()
            server.join()  # before its pipe is closed
