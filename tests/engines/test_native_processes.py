"""The native engine among threads, forks, signals and at the end of the interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pellucid.engines import make_engine
from tests.engines.tools import bits, dense, inputs, learn_some
from tests.proving import PATIENCE


def run_script(script: str, *arguments: str, ok: int = 0, covered: bool = True) -> str:
    """Run a script in a process of its own; it must end well and complain of nothing."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if covered or not name.startswith("COVERAGE_")
    }
    process = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment | {"OMP_NUM_THREADS": "2"},
    )
    assert (process.returncode, process.stderr) == (ok, ""), process.stdout
    return process.stdout


FORK = """
import os, sys
import numpy as np
import pellucid as pl
net = pl.mlp([784, 300, 10], output="softmax", seed=0)
x, t = np.random.default_rng(0).normal(size=(2000, 784)).astype("float32"), np.arange(2000) % 10
expected = net(x)  # the crew of threads is at hand
child = os.fork()
if child == 0:
    if sys.argv[1] == "used":
        assert net(x).tobytes() == expected.tobytes()
        pl.train(net, x, t, epochs=1, engine="native")
    if sys.argv[1] == "dropped":
        del net
    sys.exit(0)  # the usual end, with all that is destroyed then
assert os.waitpid(child, 0)[1] == 0
assert net(x).tobytes() == expected.tobytes()
print("parent", pl.train(net, x, t, epochs=1).engine)
"""


@pytest.mark.parametrize("child", ["used", "dropped", "untouched"])
def test_a_fork_after_use(child: str) -> None:
    assert run_script(FORK, child) == "parent native\n"


PROCESSES = """
import multiprocessing
import numpy as np
import pellucid as pl
net = pl.mlp([784, 300, 10], output="softmax", seed=0)
x = np.random.default_rng(0).normal(size=(2000, 784)).astype("float32")
expected = net(x)
def right(_):
    return net(x).tobytes() == expected.tobytes()
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(right, range(4)))
"""


def test_forked_workers() -> None:
    assert run_script(PROCESSES) == "[True, True, True, True]\n"


END = """
import threading
import numpy as np
import pellucid as pl
net = pl.mlp([784, 300, 10], seed=0)
x = np.ones((2000, 784), "float32")
predict = net.predictor()
started = threading.Event()
def work():
    while True:
        predict(x)
        started.set()
if "daemon" in __import__("sys").argv:
    threading.Thread(target=work, daemon=True).start()
    started.wait()
net.predict(x)
"""


@pytest.mark.parametrize("how", ["alone", "daemon"])
def test_the_end_of_the_interpreter(how: str) -> None:
    """Threads, networks and predictors that are still there end without a word, as does a thread
    that still works.
    """
    for _ in range(3):
        assert run_script(END, how) == ""


INTERRUPT = """
import os, signal, sys, threading
import numpy as np
import pellucid as pl

after = []
def interrupt():
    after.append("sent")
    os.kill(os.getpid(), signal.SIGINT)

class Count(pl.Callback):
    def on_batch(self, run):
        if run.batch == 2:
            threading.Timer(0.02, interrupt).start()
        if after:
            after.append("batch")

net = pl.mlp([1000, 1500, 10], seed=0)
x = np.random.default_rng(0).normal(size=(1024, 1000)).astype("float32")
t, settings = np.arange(1024) % 10, dict(epochs=10**6, batch_size=1024, engine="native")
history = pl.train(net, x, t, callbacks=[Count()], **settings)
print(history.engine, history.stopped, after.count("batch") <= 2)
"""


def test_ctrl_c_stops_within_a_batch() -> None:
    assert (
        run_script(INTERRUPT.replace("run.batch == 2", "len(run.history) == 1"))
        == "native interrupted True\n"
    )


def test_networks_learn_in_several_threads_at_once(instructions: str) -> None:
    expected = [learn_some(dense(120, 200, 10, seed=seed), 300, 1, 8, 10) for seed in range(3)]
    with ThreadPoolExecutor(6) as pool:
        futures = [
            pool.submit(learn_some, dense(120, 200, 10, seed=seed % 3), 300, 1 + seed % 2, 8, 10)
            for seed in range(12)
        ]
        assert [future.result() for future in futures] == [expected[seed % 3] for seed in range(12)]


def test_one_predictor_in_eight_threads_with_a_crew_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELLUCID_THREADS", "2")
    net = dense(784, 100, 10)
    predict = net.predictor()
    blocks = [
        inputs(np.random.default_rng(seed), "sparse", 300, 784).astype(np.float32)
        for seed in range(8)
    ]
    expected = [bits(predict(block)) for block in blocks]
    together = threading.Barrier(8)

    def answer(index: int) -> bool:
        together.wait(PATIENCE)
        return all(bits(predict(blocks[index])) == expected[index] for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(answer, range(8)))


def test_more_threads_than_there_can_be() -> None:
    net, x = dense(784, 300, 10), np.ones((3000, 784), np.float32)
    few, many = (
        make_engine(net.layers, engine="native", threads=threads) for threads in (1, 10**30)
    )
    assert bits(few.predict(x)) == bits(many.predict(x))
