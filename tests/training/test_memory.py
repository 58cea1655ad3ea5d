"""Training needs the data and little more: the peak memory of a process that trains."""

import subprocess
import sys
from pathlib import Path

import pytest

# Small before large: what is loaded and kept for any training is not the data's.
_CHILD = """
import numpy as np, pellucid as pl

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

net = pl.mlp([784, 16, 16, 10], output="softmax")
numbers = np.random.default_rng(0)
x = numbers.random((64, 784), np.float32)
pl.train(net, x, np.arange(64) % 10, epochs=1, progress=False, threads=1)
before = peak()
x = numbers.random((30_000, 784), {dtype!r})
t = np.arange(len(x)) % 10
pl.train(net, x, t, epochs=2, progress=False, threads=1)
print((peak() - before) / (x.nbytes + t.nbytes))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is Linux's own")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_takes_the_data_and_five_percent(dtype: str) -> None:
    child = [sys.executable, "-c", _CHILD.format(dtype=dtype)]
    done = subprocess.run(child, capture_output=True, text=True, check=True)
    # Without a margin below 1: the data itself is within the peak
    assert 0.9 < float(done.stdout) <= 1.05
