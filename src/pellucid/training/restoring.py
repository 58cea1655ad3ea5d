"""Writing what a checkpoint kept back into a run."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.core.optimizers import State
from pellucid.core.types import Array, Options
from pellucid.errors import InputError
from pellucid.training.callbacks import Callback


def write_into(arrays: Sequence[Array], values: Sequence[Array]) -> None:
    """Write values into arrays; raise InputError where the shapes are others."""
    if [array.shape for array in arrays] != [value.shape for value in values]:
        raise InputError("the checkpoint is that of another network: its arrays do not fit")
    for array, value in zip(arrays, values, strict=True):
        array[...] = value


def load_optimizer(state: State, kept: Options) -> None:
    """Write back what an optimizer remembered, in place: the C++ engine keeps the arrays.

    Another optimizer remembers other things: it begins anew.
    """
    if set(state) != set(kept):
        return
    for name, value in kept.items():
        if isinstance(value, list):
            write_into(state[name], value)
        else:
            state[name] = value


def load_callbacks(callbacks: Sequence[Callback], kept: Sequence[Options]) -> None:
    """Restore what callbacks remembered; where they are others than then, they begin anew."""
    if len(callbacks) == len(kept):
        for callback, state in zip(callbacks, kept, strict=True):
            callback.load_state(state)
