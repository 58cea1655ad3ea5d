"""The native engine, compiled for one instruction set."""

from typing import Annotated

import numpy
from numpy.typing import NDArray


class Engine:
    """
    Predicts and trains for one list of layers; see engines/protocol.py.

    It keeps the arrays that it was made from. `predict` may be called from several threads at once; anything else while the engine is at work raises RuntimeError.
    """

    def predict(self, x: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], y: Annotated[NDArray, dict(order='C', device='cpu')]) -> bool: ...

    def gradients(self, x: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], classes: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, values: Annotated[NDArray, dict(order='C', device='cpu', writable=False)] | None, weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, rows: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, step: int, y: Annotated[NDArray, dict(order='C', device='cpu')], row: int = 0) -> float: ...

    def train_steps(self, x: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], classes: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, values: Annotated[NDArray, dict(order='C', device='cpu', writable=False)] | None, weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, rows: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, batch: int, step: int, rates: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], losses: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu')], y: Annotated[NDArray, dict(order='C', device='cpu')] | None, l2: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None, squares: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu')] | None = None) -> int: ...

    def forward(self, x: Annotated[NDArray, dict(order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, step: int, z: Annotated[NDArray, dict(order='C', device='cpu')], y: Annotated[NDArray, dict(order='C', device='cpu')], row: int = 0) -> None: ...

    def backward(self, dz: Annotated[NDArray, dict(order='C', device='cpu', writable=False)]) -> None: ...

    def read_gradients(self, grads: list) -> None: ...

    def write_gradients(self, grads: list) -> None: ...

    def update(self, learning_rate: float, step: int, l2: float = 0.0) -> None: ...

    def observe(self) -> None: ...

def make_engine(float64: bool, layers: list, loss: str, loss_options: dict, optimizer: dict | None, depth: int, seed: int, threads: int) -> Engine:
    """
    Return an engine that works on the arrays of the layers, which it keeps.
    """

def make_predictor(engine: Engine, otherwise: object, floats: bool, bytes: bool, images: bool) -> object:
    """
    Return a function of C-contiguous rows, (N, D), that itself predicts `floats` of the engine's type, `bytes`, and `images` of more axes, and leaves all others to `otherwise`, also where x or a prediction is not finite.
    """

def scan(bytes: NDArray[numpy.uint8], size: int, lanes: NDArray[numpy.uint64]) -> tuple[bool, float, float]:
    """
    Append bytes to the hash in `lanes`, in whole blocks but for the last; return whether the floats of `size` bytes that they are (0: no floats) are finite, and their range.
    """

def permutation(stream: int, order: NDArray[numpy.uint64]) -> None:
    """
    Fill `order` with 0 to N - 1 in random order: that of core's splitmix.permutation.
    """

def supported(instruction_set: str) -> bool:
    """Return whether this processor runs baseline, avx2 or avx512."""
