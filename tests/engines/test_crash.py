"""Nothing that Python can call crashes the process: each way that once did, or could, in a process
of its own.
"""

from __future__ import annotations

import ctypes
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.engines import NativeEngine, make_engine
from pellucid.engines.protocol import Ridge
from pellucid.errors import InputError
from tests.engines.test_native_processes import run_script
from tests.engines.tools import baseline, dense
from tests.proving import PATIENCE

ROOT = Path(__file__).parents[2]

PREDICTOR = """
import gc
import numpy as np
import pellucid as pl
x = np.ones((3, 2000), "f4")
net = pl.mlp([2000, 2000, 2000, 10], seed=0)
predict, expected = net.predictor(), net.predict(x).tobytes()
try:
    net.layers[0] = pl.Affine(np.zeros((2000, 2000), "f4"))
except TypeError:  # another structure is another network
    net = pl.Network([pl.Affine(np.zeros((2000, 2000), "f4")), *net.layers[1:]])
net.predict(x)
gc.collect()
print(predict(x).tobytes() == expected)
del net
gc.collect()
rubbish = [np.full((2000, 2000), 7, "f4") for _ in range(5)]
print(predict(x).tobytes() == expected)
"""

STATE = """
import gc
import numpy as np
import pellucid as pl
from pellucid.engines import NativeEngine
net = pl.mlp([2000, 2000, 10], seed=0)
engine = NativeEngine(net.layers, pl.CrossEntropy(), pl.Adam(0.01))
raw = engine._engine
x, t = np.ones((8, 2000), "f4"), np.arange(8)
for slot in ("m", "v"):
    for i, array in enumerate(engine.state[slot]):
        engine.state[slot][i] = np.zeros_like(array)
engine.state = {"step": 0, "m": [], "v": []}
del net, engine, array
gc.collect()
rubbish = [np.full((2000, 2000), 7, "f4") for _ in range(5)]
losses, rates = np.zeros(1), np.full(1, 0.1)
print(raw.train_steps(x, t, None, None, None, 8, 0, rates, losses, None))
print(all((array == 7).all() for array in rubbish), np.isfinite(losses[0]))
"""

THREADS = """
import threading
import numpy as np
import pellucid as pl
from pellucid.engines import NativeEngine
net = pl.mlp([300, 400, 10], seed=0)
engine = NativeEngine(net.layers, pl.CrossEntropy(), pl.Adam(0.01), threads=2)
x, t = np.random.default_rng(0).normal(size=(500, 300)).astype("f4"), np.arange(500) % 10
rows, refused = np.arange(500), []

def work(call):
    for _ in range(30):
        try:
            call()
        except (RuntimeError, IndexError) as error:
            refused.append(str(error))

def spoil():
    for value in (2**62, -1, 0, 499) * 2000:
        rows[:] = value

calls = [
    lambda: engine.train_step(x, t, None, rows),
    lambda: engine.train_steps(x, t, None, rows, 100, [0.1] * 5),
    lambda: engine.gradients(x, t, None, rows),
    lambda: engine.update([np.zeros_like(p) for p in net.params]),
    lambda: engine.predict(x),
    spoil,
]
threads = [threading.Thread(target=work, args=[call]) for call in calls[:-1]]
threads += [threading.Thread(target=spoil) for _ in range(2)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
busy = "this engine is at work in another thread: make one engine for each thread"
print(set(refused) <= {busy, "a row index is beyond the rows of x"}, busy in refused)
print(engine.predict(x).shape)
"""

SUBINTERPRETER = """
import warnings
warnings.simplefilter("ignore")
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
code = '''
import warnings
warnings.simplefilter("ignore")
import numpy as np
import pellucid as pl
print(pl.mlp([3, 2], seed=0).predict(np.ones((1, 3), "f4")).shape, flush=True)
try:
    pl.engines.make_engine(pl.mlp([3, 2]).layers, engine="native")
except pl.InputError as error:
    print(error, flush=True)
'''
try:
    made = interpreters.create(isolated=False)
except TypeError:
    made = interpreters.create("legacy")
failed = interpreters.run_string(made, code)
print(failed)
"""

INTERRUPT = """
import os, signal, threading, time
import numpy as np
import pellucid as pl
net = pl.mlp([100, 2000, 2000, 10], seed=0)
x = np.ones((100_000, 100), "f4")
def interrupt():
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)
for predict in (net.predict, net.predictor()):
    threading.Thread(target=interrupt).start()
    started = time.monotonic()
    try:
        predict(x)
        print("it went on to the end")
    except KeyboardInterrupt:
        print("interrupted")
    print(net.predict(x[:3]).shape)
"""

SCRATCH = """
import gc, os
import numpy as np
import pellucid as pl

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

x = np.ones((64, 3), "f4")
net = pl.mlp([3, 200_000, 200, 10], seed=0)
net.predict(x)
del net
gc.collect()
before = resident()
net = pl.mlp([3, 400_000, 10], seed=0)
y = net.predict(np.ones((512, 3), "f4"))
during = resident()
del net
gc.collect()
print(resident() - before < 60, during - before > 200)
"""

CREWS = """
import os
import numpy as np
import pellucid as pl
x = np.ones((3000, 784), "f4")
before = len(os.listdir("/proc/self/task"))
nets = [pl.mlp([784, 100, 10], seed=seed) for seed in range(60)]
for net in nets:
    net.predict(x)
print(len(os.listdir("/proc/self/task")) - before)
"""

FORK_AT_WORK = """
import os, threading
import numpy as np
import pellucid as pl
net = pl.mlp([784, 300, 10], seed=0)
x = np.random.default_rng(0).normal(size=(1000, 784)).astype("f4")
expected, done = net.predict(x).tobytes(), []
def work():
    while not done:
        net.predict(x)
workers = [threading.Thread(target=work) for _ in range(2)]
[worker.start() for worker in workers]
for _ in range(20):
    child = os.fork()
    if child == 0:
        right = net.predict(x).tobytes() == expected
        del net
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
done.append(True)
[worker.join() for worker in workers]
print("all right")
"""

SCRIPTS = {
    "a predictor outlives its network": (PREDICTOR, "True\nTrue\n"),
    "an engine outlives its state": (STATE, "1\nTrue True\n"),
    "one engine in several threads, rows that change": (THREADS, "True True\n(500, 10)\n"),
    "long predictions are interrupted": (INTERRUPT, "interrupted\n(3, 10)\n" * 2),
    "forks while threads predict": (FORK_AT_WORK, "all right\n"),
}
OF_LINUX = {
    "the scratch of a wide network": (SCRATCH, "True True\n"),
    "sixty networks and one crew": (CREWS, "1\n"),
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_what_once_crashed(what: str) -> None:
    script, expected = SCRIPTS[what]
    assert run_script(script) == expected


@pytest.mark.parametrize("what", OF_LINUX)
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux counts them")
def test_what_engines_leave_behind(what: str) -> None:
    script, expected = OF_LINUX[what]
    assert run_script(script) == expected


def test_a_subinterpreter_takes_the_reference_engine() -> None:
    """A native call there used to wait for ever: its GIL is not the one that is asked for."""
    expected = (
        "the native engine cannot be loaded here (the native engine works in Python's main "
        'interpreter only): choose engine="auto" or "reference"'
    )
    if sys.version_info >= (3, 12):
        pytest.skip("NumPy itself refuses")
    # Coverage cannot start in a subinterpreter, and complains on standard error.
    assert run_script(SUBINTERPRETER, covered=False) == f"(1, 2)\n{expected}\nNone\n"


def unaligned(array: Array) -> Array:
    raw = np.zeros(array.nbytes + 1, np.uint8)
    view = raw[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_that_begin_anywhere(dtype: type) -> None:
    """A field of a record, or a slice of a file, need not begin where its type wants to."""
    net = dense(40, 6, 3, dtype)
    x: Array = np.random.default_rng(0).normal(size=(50, 40)).astype(dtype)
    t, weights, rows = np.arange(50) % 3, np.linspace(1, 2, 50), np.arange(50)
    values: Array = np.eye(3, dtype=dtype)[t]
    assert net.predict(unaligned(x)).tobytes() == net.predict(x).tobytes()
    assert net.predictor()(unaligned(x)).tobytes() == net.predict(x).tobytes()
    results = []
    for change in (np.copy, unaligned):
        twin = net.copy()
        engine = NativeEngine(twin.layers, pl.CrossEntropy(), pl.Adam(0.01))
        for target in (t, values):
            loss, _ = engine.train_step(*map(change, (x, target, weights, rows)))
        engine.update([change(p) for p in twin.params])
        results.append((loss, *[p.tobytes() for p in twin.params]))
    assert results[0] == results[1]
    with pytest.raises(TypeError, match="copy it first"):
        engine._engine.predict(unaligned(x), np.zeros((50, 3), dtype))
    with pytest.raises(TypeError, match="copy it first"):
        engine._engine.read_gradients([unaligned(p) for p in twin.params])


def layer(
    kind: str, inputs: int, outputs: int, *arrays: Array, **options: float
) -> dict[str, object]:
    """Return a layer as the private module takes it."""
    spec = {"kind": kind, "options": options, "inputs": inputs, "outputs": outputs}
    return {**spec, "frozen": False, "arrays": list(arrays), "inner": []}


def made(layers: list[dict[str, object]], depth: int, loss: str = "MeanSquaredError") -> object:
    return baseline.make_engine(False, layers, loss, {}, None, depth, 0, 1)


def test_what_the_private_module_refuses() -> None:
    first = [layer("Flatten", 3, 3), layer("Scale", 3, 3, factor=0.5)]
    affine = layer("Affine", 3, 2, np.ones((3, 2), np.float32))
    for depth in (0, 1):
        with pytest.raises(ValueError, match="the loss must be above Flatten and Scale"):
            made([*first, affine], depth)
    made([*first, affine], 2)
    with pytest.raises(ValueError, match="a width must be 0 to 1073741824"):
        made([layer("Affine", 2**32, 2**32, np.ones(0, np.float32))], 1)
    within = layer("Residual", 3, 3)
    within["inner"] = [within]
    with pytest.raises(ValueError, match="nested more than 1000 deep"):
        made([within], 1)
    with pytest.raises(ValueError, match="the setting factor is missing"):
        made([layer("Scale", 3, 3, limit=0.5)], 1)
    with pytest.raises(TypeError, match="a setting must be a number or text"):
        made([layer("Scale", 3, 3) | {"options": {"factor": [1]}}], 1)


@pytest.mark.parametrize("shape", [(64, 0), (0, 3), (0, 0), (100, 0)])
@pytest.mark.parametrize("N", [0, 1, 300])
def test_layers_of_no_width(shape: tuple[int, int], N: int) -> None:
    """Nothing is divided by a width of 0, and nothing read where there is nothing."""
    D, H = shape
    x = np.zeros((N, D), np.float32)
    spec = layer("Affine", D, H, np.zeros(shape, np.float32), np.zeros(H, np.float32))
    for layers in ([spec], [spec, layer("Softmax", H, H)], [spec, layer("Sigmoid", H, H)]):
        engine = baseline.make_engine(False, layers, "MeanSquaredError", {}, None, 1, 0, 2)
        y = np.ones((N, H), np.float32)
        engine.predict(x, y)
        engine.gradients(x, None, np.zeros((N, H), np.float32), None, None, 0, y)


DAYS: Any = (np.datetime64("2026-11-30"),) * 2


@pytest.mark.parametrize("ridge", [Ridge(*DAYS), DAYS, DAYS[0], np.full((1, 1), DAYS[0])])
def test_a_ridge_of_dates(ridge: Any) -> None:
    """A numpy.datetime64 offers a buffer without strides, which crashed the process."""
    engine = NativeEngine([pl.Affine(np.eye(3))], pl.MeanSquaredError(), pl.SGD(0.1))
    x = np.ones((2, 3))
    with pytest.raises(InputError, match="ridge must be Ridge"):
        engine.train_steps(x, x, None, None, 2, [0.1], ridge)


@pytest.mark.parametrize("x", [DAYS[0], DAYS[0] - DAYS[0], (ctypes.c_double * 3 * 2)()])
def test_buffers_without_strides(x: Any) -> None:
    """The private module takes arrays of NumPy; the public call makes them of other buffers."""
    engine = NativeEngine([pl.Affine(np.eye(3))], pl.MeanSquaredError(), pl.SGD(0.1))
    y, losses = np.ones((2, 3)), np.zeros(1)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        engine._engine.predict(x, y)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        engine._engine.train_steps(
            y, None, y, None, None, 2, 0, np.ones(1), losses, None, x, losses
        )


def test_an_engine_of_layers_nested_sixty_deep() -> None:
    layers: list[pl.Layer] = [pl.Affine(np.eye(4))]
    for _ in range(60):
        layers = [pl.Residual(layers)]
    x = np.ones((3, 4))
    engine = make_engine(layers, pl.MeanSquaredError(), pl.SGD(0.0), engine="native")
    assert np.array_equal(engine.predict(x), 61 * x)  # each adds its input once more
    engine.train_step(x, np.zeros((3, 4)))


@pytest.mark.parametrize(
    ("turns", "seed"),
    [
        (10_000, 1),
        pytest.param(60_000, 2, marks=pytest.mark.integration),
        pytest.param(1_500_000, None, marks=pytest.mark.soak),
    ],
)
def test_fuzzing(turns: int, seed: int | None) -> None:
    """Every public call with wrong shapes, types, strides, threads and order: errors, no crash."""
    seed = random.randrange(10**6) if seed is None else seed
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.engines.fuzz", str(turns)]
    done = subprocess.run(
        [*command, str(seed)], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE
    )
    assert done.returncode == 0, f"seed {seed}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    assert int(done.stdout.split()[0]) > turns // 2
