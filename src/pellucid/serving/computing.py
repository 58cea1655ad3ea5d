"""Where requests are computed: in the event loop, in a thread, or in the decoder's process."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import numpy as np

from pellucid.core.types import Array, Batch
from pellucid.data.decoder import LENGTH
from pellucid.serving.http import RETRY, Refused
from pellucid.serving.limits import Limits
from pellucid.serving.models import DIGIT, Cells, Model

T = TypeVar("T")

INLINE = 5_000_000
"""Multiply-adds that are computed in the event loop, about a millisecond; handing work to a thread
and back costs a tenth of that, and most requests are far smaller.
"""

IMAGE_SECONDS = 10.0  # for decoding an image


class Computing:
    """Predicts without keeping other requests waiting, and refuses what would be too much at once.

    Requests are never joined into batches: a prediction takes a microsecond, waiting for company
    would take longer, and every request's rows stay its own.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits, self.busy = limits, 0
        # The engine has threads of its own; two requests at a time keep every core at work
        threads = max(2, min(8, os.cpu_count() or 1))
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pellucid-serving")
        self._decoder = Decoder()

    async def predict(self, model: Model, x: Batch) -> Array:
        """Return the outputs, (N, K), for x, (N, D); raise what `model.predict` raises."""
        if len(x) * model.work <= INLINE:
            return model.predict(x)
        return await self.apart(model.predict, x)

    async def read(self, model: Model, cells: Cells) -> tuple[Batch, list[str]]:
        """Return the cells of a table as rows, (N, D), and sentences on unusual ones."""
        if sum(map(len, cells.values())) > self.limits.numbers:
            raise Refused(413, f"a request may have {self.limits.numbers:,} cells")
        if (x := model.known(cells)) is not None:
            return x, []
        return await self.apart(model.read, cells)

    async def image(self, content: bytes) -> Batch:
        """Return an image file as a digit, (1, 28, 28) uint8, prepared as MNIST's were."""
        return await self._bounded(lambda: self._decoder.digit(content))

    async def apart(self, work: Callable[..., T], *args: object) -> T:
        """Call a function in a thread."""
        loop = asyncio.get_running_loop()
        return await self._bounded(lambda: loop.run_in_executor(self._pool, work, *args))

    async def _bounded(self, begin: Callable[[], Awaitable[T]]) -> T:
        """Begin work and await it, if there is not too much; raise Refused where it takes long."""
        if self.busy >= self.limits.concurrent:
            raise Refused(429, f"{self.busy} requests are being computed: try again", [RETRY])
        self.busy += 1
        try:
            return await asyncio.wait_for(begin(), self.limits.seconds)
        except TimeoutError as error:
            problem = f"the prediction took longer than {self.limits.seconds:g} s: send fewer rows"
            raise Refused(503, problem, [RETRY]) from error
        finally:
            self.busy -= 1

    async def close(self) -> None:
        """End the threads and the decoder."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        await self._decoder.close()


class Decoder:
    """The process that decodes images: started with the first one, one image at a time."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def digit(self, content: bytes) -> Batch:
        """Return the digit that an image file shows, (1, 28, 28) uint8.

        Raises Refused for a file that shows none, is no image, or takes too much time or memory.
        """
        async with self._turn:
            try:
                result = await asyncio.wait_for(self._ask(content), IMAGE_SECONDS)
            except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
                await self.close()
                problem = "the image cannot be decoded in the time and memory for it: reduce it"
                raise Refused(400, problem) from error
            except asyncio.CancelledError:  # the rest of an answer must not be the next one's
                await self.close()
                raise
        if result[:1] != b"+":
            raise Refused(400, result[1:].decode())
        return np.frombuffer(result, np.uint8, offset=1).reshape(1, *DIGIT)

    async def _ask(self, content: bytes) -> bytes:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await self._started()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(len(content).to_bytes(LENGTH, "little") + content)
        await process.stdin.drain()
        length = int.from_bytes(await process.stdout.readexactly(LENGTH), "little")
        return await process.stdout.readexactly(length)

    async def _started(self) -> Process:
        # One thread: memory is limited, and each of BLAS's threads reserves its own
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PELLUCID_LANG": "en"}
        command = (sys.executable, "-m", "pellucid.data.decoder")
        return await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, env=environment
        )

    async def close(self) -> None:
        """End the process; the next image starts another one."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
