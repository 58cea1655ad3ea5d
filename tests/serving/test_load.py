"""Under load: nothing mixed, lost or dropped, whatever happens meanwhile.

Each scene has a short form for the integration and a long one for the soak.
"""

import asyncio
import os
import resource
import signal
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from tests.serving.loading import Connection, Load, send_all, small_net
from tests.serving.running import Running, running

SHORT = pytest.param(1, marks=pytest.mark.integration)
LONG = pytest.param(20, marks=pytest.mark.soak)
scale = pytest.mark.parametrize("times", [SHORT, LONG])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.safetensors"
    small_net().save(path)
    return path


@pytest.fixture
def server(model: Path) -> Iterator[Running]:
    with running(model, "--log", "off") as server:
        yield server


@scale
def test_every_request_gets_its_own_answer_and_memory_stays(server: Running, times: int) -> None:
    warm = asyncio.run(send_all(server.port, 5_000 * times, [small_net()]))
    before = server.memory()
    load = asyncio.run(send_all(server.port, 10_000 * times, [small_net()]))
    assert warm.wrong == load.wrong == []
    assert load.answered == 10_000 * times
    assert server.memory() <= 1.01 * before


@scale
def test_reloads_drop_nothing(server: Running, model: Path, times: int) -> None:
    """Every answer is that of the old network or of the new one, and none is missing."""
    reloads, nets = max(3, 5 * times // 2), [small_net(0), small_net(1)]

    async def scene() -> Load:
        done = asyncio.Event()
        task = asyncio.create_task(send_all(server.port, 10_000_000, nets, done.is_set))
        for turn in range(1, reloads + 1):
            nets[turn % 2].save(model)
            while f'result="loaded"}} {turn}.0' not in await metrics(server):
                assert not task.done()
                await asyncio.sleep(0.05)
        done.set()
        return await task

    load = asyncio.run(scene())
    assert load.wrong == [] and load.answered > reloads


async def metrics(server: Running) -> str:
    text = await asyncio.to_thread(server.get, "/metrics")
    assert isinstance(text, bytes)
    return text.decode()


@scale
def test_sigterm_loses_nothing_that_was_accepted(model: Path, times: int) -> None:
    for _ in range(times):
        with running(model, "--log", "off") as server:

            async def scene(server: Running = server) -> Load:
                task = asyncio.create_task(send_all(server.port, 10_000_000, [small_net()]))
                while 'rows_total{model="m"} 0.0' in await metrics(server):
                    assert not task.done()
                server.process.terminate()
                return await task

            load = asyncio.run(scene())
            assert load.wrong == [] and load.answered > 0
            assert server.process.wait(60) == 0


@scale
def test_idle_and_slow_clients_stop_nobody(server: Running, times: int) -> None:
    """5,000 idle connections and 500 that send a byte a second, in the long form."""
    idle, slow, count = 250 * times, 25 * times, 1_000 * times
    need = idle + slow + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < need:
        pytest.skip(f"only {hard} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, need), hard))

    async def scene() -> tuple[Load, Load]:
        alone = await send_all(server.port, count, [small_net()])
        others = [Connection(server.port) for _ in range(idle + slow)]
        for place in range(0, len(others), 200):
            await asyncio.gather(*(other.open() for other in others[place : place + 200]))
        done = asyncio.Event()
        dripping = [asyncio.create_task(drip(other, done.is_set)) for other in others[:slow]]
        beside = await send_all(server.port, count, [small_net()])
        done.set()
        await asyncio.gather(*dripping)
        for other in others:
            other.close()
        return alone, beside

    alone, beside = asyncio.run(scene())
    assert alone.wrong == beside.wrong == []
    assert alone.answered == beside.answered == count
    for name, load in (("alone", alone), ("beside", beside)):
        print(f"p99 {name}: {1000 * sorted(load.seconds)[len(load.seconds) * 99 // 100]:.1f} ms")


async def drip(connection: Connection, done: Callable[[], bool]) -> None:
    assert connection.writer is not None
    for byte in b"POST /v2/models/m/infer HTTP/1.1\r\nHost: localhost\r\n":
        if done():
            return
        connection.writer.write(bytes([byte]))
        await asyncio.sleep(1)


def children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    found = [int(word) for word in text.split()]
    # Not the tracker of resources, which multiprocessing starts beside the workers
    return [pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.integration
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_a_worker_that_was_killed_comes_back(model: Path) -> None:
    with running(model, "--workers", "2", "--log", "off") as server:
        first = asyncio.run(send_all(server.port, 500, [small_net()]))
        assert first.wrong == [] and first.answered == 500
        workers = wait_for(lambda: found if len(found := children(server.process.pid)) == 2 else [])
        os.kill(workers[0], signal.SIGKILL)
        wait_for(lambda: set(children(server.process.pid)) - set(workers))
        second = asyncio.run(send_all(server.port, 500, [small_net()]))
        assert second.wrong == [] and second.answered == 500
        # Whichever worker is asked, the counts are those of all, and a dead one's are kept
        line = 'pellucid_rows_total{model="m"} 1000.0'
        assert line in asyncio.run(metrics(server))
        assert server.stop() == 0


def wait_for(what: Callable[[], Collection[int]]) -> list[int]:
    until = time.monotonic() + 60
    while not (found := what()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return list(found)
