"""What the tests of core share.

Tensors, central differences, the walk that finds classes, and SplitMix64 by hand.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import torch

import pellucid.core
from pellucid.core.composite import Skip
from pellucid.core.draws import Draws
from pellucid.core.layer import Layer
from pellucid.core.members import Members
from pellucid.core.types import Array, ArrayLike

EXACT = 1e-10
"""float64 against PyTorch: both round each of at most some hundred operations at 1e-16."""

NUMERIC = 2e-7
"""Central differences in float64: with h = 6e-6 the cut-off is h^2 f'''/6, some 1e-11 f''', and the
rounding of sums of about 10 is 1e-15 / h, some 2e-10 each; steep places (normalisation of few rows)
need the rest.
"""

LEARNING = Draws(seed=3, step=7).at(2)


def tensor(array: Array) -> torch.Tensor:
    """Give a copy of the array as a leaf that PyTorch differentiates by."""
    return torch.from_numpy(np.array(array)).requires_grad_()


def gradients(output: torch.Tensor, dy: ArrayLike, inputs: list[torch.Tensor]) -> list[Array]:
    """Give PyTorch's gradient of sum(output * dy) by each input (0 where it does not matter)."""
    found = torch.autograd.grad(
        (output * torch.from_numpy(np.array(dy))).sum(), inputs, allow_unused=True
    )
    return [
        np.zeros(tuple(given.shape)) if grad is None else grad.numpy()
        for given, grad in zip(inputs, found, strict=True)
    ]


def central_differences(f: Callable[[], float], array: Array, h: float = 6e-6) -> Array:
    """Give the gradient of f by the array that f reads, each number moved by h both ways."""
    slopes = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + h
        above = f()
        array[place] = kept - h
        below = f()
        array[place] = kept
        slopes[place] = (above - below) / (2 * h)
    return slopes


def close(ours: Any, witness: Any, tolerance: float = EXACT) -> None:
    """Assert the same shape, and |ours - witness| <= tolerance (1 + |witness|) everywhere."""
    ours, witness = np.asarray(ours), np.asarray(witness)
    assert ours.shape == witness.shape
    np.testing.assert_allclose(ours, witness, rtol=tolerance, atol=tolerance)


def modules() -> Iterator[ModuleType]:
    """Import and give every module of core."""
    for found in pkgutil.walk_packages(pellucid.core.__path__, "pellucid.core."):
        yield importlib.import_module(found.name)


def classes(base: type, method: str) -> dict[str, type]:
    """Find core's classes under `base` that are complete.

    Those that write `method` themselves or inherit it.
    """
    list(modules())
    found: dict[str, type] = {}
    waiting = [base]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__.startswith("pellucid.core.") and getattr(cls, method) is not getattr(
            base, method
        ):
            found[cls.__name__] = cls
    return found


def functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Find the public functions that a module defines."""
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def rebuilt(layer: Layer) -> Layer:
    """Make the layer again from what it tells about itself."""
    if layer.inner:
        assert isinstance(layer, (Skip, Members))
        return layer.around([rebuilt(inner) for inner in layer.inner], layer.options())
    return type(layer).build(layer.options(), layer.arrays())


# SplitMix64 as its paper prints it, in Python's whole numbers: the witness of `counter` and of
# every mask.

_ALL = 2**64 - 1


def splitmix64(state: int) -> tuple[int, int]:
    """Give (next state, output) of the published generator."""
    state = (state + 0x9E3779B97F4A7C15) & _ALL
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _ALL
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _ALL
    return state, z ^ (z >> 31)


def key_by_hand(*numbers: int) -> int:
    """Give the key of some numbers: each is added to the last output, which is the next state."""
    mixed = 0
    for number in numbers:
        _, mixed = splitmix64((mixed + number) & _ALL)
    return mixed


def uniform_by_hand(draws: Draws, N: int, H: int) -> Array:
    """Give the numbers in [0, 1) that a layer draws in that place of draws, one by one."""
    state = key_by_hand(draws.seed, draws.step, draws.layer)
    drawn = []
    for _ in range((draws.row + N) * H):
        state, output = splitmix64(state)
        drawn.append((output >> 11) / 2**53)
    return np.array(drawn[draws.row * H :]).reshape(N, H)
