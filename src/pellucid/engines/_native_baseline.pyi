"""The native engine, compiled for one instruction set."""

from typing import Annotated

import numpy
from numpy.typing import NDArray


class Engine:
    """Answers and learns for one list of layers; see engines/protocol.py."""

    def answer(self, x: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], y: Annotated[NDArray, dict(order='C', device='cpu')]) -> None: ...

    def gradients(self, x: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], classes: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, values: Annotated[NDArray, dict(order='C', device='cpu', writable=False)] | None, weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, rows: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, step: int, y: Annotated[NDArray, dict(order='C', device='cpu')]) -> float: ...

    def learn(self, x: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], classes: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, values: Annotated[NDArray, dict(order='C', device='cpu', writable=False)] | None, weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, rows: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, batch: int, step: int, rates: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], losses: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu')], y: Annotated[NDArray, dict(order='C', device='cpu')] | None, l2: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None, squares: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu')] | None = None) -> int: ...

    def forward(self, x: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, step: int, sums: Annotated[NDArray, dict(order='C', device='cpu')], y: Annotated[NDArray, dict(order='C', device='cpu')]) -> None: ...

    def backward(self, dy: Annotated[NDArray, dict(order='C', device='cpu', writable=False)]) -> None: ...

    def read_gradients(self, grads: list) -> None: ...

    def write_gradients(self, grads: list) -> None: ...

    def update(self, learning_rate: float, step: int, l2: float = 0.0) -> None: ...

    def observe(self) -> None: ...

def make_engine(float64: bool, layers: list, loss: str, loss_option: float, optimizer: dict | None, depth: int, seed: int, threads: int) -> Engine:
    """Make an engine; the arrays that are given must outlive it."""

def make_predictor(engine: Engine, otherwise: object, numbers: bool, bytes: bool, pictures: bool) -> object:
    """
    Make a function of C-contiguous rows, (N, D), that answers `numbers` of the engine's type, `bytes` and `pictures` of more axes itself, and leaves what else there is to `otherwise`.
    """

def supported(instruction_set: str) -> bool:
    """Tell whether this processor runs baseline, avx2 or avx512."""
