"""Whether a module and a network predict alike, on rows that show differences."""

from __future__ import annotations

import copy
import math
import random
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from pellucid.core import chain
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.network import Network

_FEW_COUNTS = (1, 5)
_COUNTS = (1, 2, 5, 16)
_LARGE_COUNTS = (257, 4099)  # some programs treat large batches in another way
_MOST_NUMBERS = 1 << 20
# Small numbers show epsilons, large ones bounds and thresholds.
_SIZES = (1.0, 0.01, 30.0, 1000.0)
# In float64 only factors that a layer rounds to float32 differ, by 6e-8 of a number.
_WIDE, _NARROW = 1e-6, 1e-3


def rows(N: int, row: tuple[int, ...], size: float = 1.0, seed: int = 0) -> torch.Tensor:
    """Return rows of normally distributed numbers times `size`, (N, *row), in float64."""
    # Not torch.randn: `Still` would take draws of the global generator for the module's.
    numbers = np.random.default_rng((seed, N)).normal(size=(N, *row)) * size
    return torch.from_numpy(numbers)


def copied(module: nn.Module, dtype: torch.dtype | None = None) -> nn.Module:
    """Return a copy on the CPU in evaluation mode, with all of its numbers in one type if given.

    Tensors that are plain attributes are converted as well. Raises InputError where Python cannot
    copy the module.
    """
    memo: dict[int, Any] = {}
    for inner in module.modules():
        for value in vars(inner).values():
            # Such as weight_norm leaves behind; deepcopy refuses them.
            if isinstance(value, torch.Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    try:
        made = copy.deepcopy(module, memo).cpu().eval()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError("it cannot be copied ({reason})", reason=reason) from error
    for inner in made.modules() if dtype is not None else ():
        for name, value in list(vars(inner).items()):
            vars(inner)[name] = _converted(value, dtype)
    return made if dtype is None else made.to(dtype)


def _converted(value: Any, dtype: torch.dtype | None) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if type(value) in (list, tuple):
        return type(value)(_converted(each, dtype) for each in value)
    return value


def check_agreement(
    module: nn.Module, net: Network, row: tuple[int, ...], program: bool = True
) -> None:
    """Raise InputError where the network does not predict as the module does, or cannot.

    A module with a `program` of its own is compared for more numbers of rows, on which it could
    depend.

    Both are compared in float64, in which only other functions differ; in the module's own type
    where it does not run in float64.
    """
    for dtype, tolerance in ((torch.float64, _WIDE), (None, _NARROW)):
        theirs = copied(module, dtype)
        ours = net if dtype is None else net.astype("float64")
        kind = torch.float64 if ours.dtype == np.float64 else torch.float32
        try:
            outputs(theirs, rows(3, row).to(kind))
        except Exception:
            if dtype is None:
                raise
            continue
        for x in _probes(row, program):
            _compare(theirs, ours, x.to(kind), tolerance)
        return


def _probes(row: tuple[int, ...], program: bool) -> Iterator[torch.Tensor]:
    for seed, size in enumerate(_SIZES):
        for N in _COUNTS if program else _FEW_COUNTS:
            yield rows(N, row, size, seed)
    for N in _LARGE_COUNTS if program else ():
        if N * math.prod(row) <= _MOST_NUMBERS:
            yield rows(N, row)
    yield torch.zeros(3, *row, dtype=torch.float64)
    yield torch.ones(2, *row, dtype=torch.float64)
    yield rows(4, row).abs()
    yield -rows(4, row, 3).abs()
    yield rows(4, row) * torch.tensor([1e-3, 1.0, 30.0, 1e4]).reshape(4, *[1 for _ in row])


def outputs(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return the module's output for x, without gradients and without changing x.

    Without warnings as well: the rows are not the user's.
    """
    with torch.no_grad(), warnings.catch_warnings(action="ignore"):
        y: torch.Tensor = module(x.clone())
    return y


def _compare(module: nn.Module, net: Network, x: torch.Tensor, tolerance: float) -> None:
    with np.errstate(all="ignore"):
        ours: Array = chain.predict(net.layers, x.numpy())
        y = outputs(module, x)
        theirs = y.numpy().reshape(len(x), -1) if y.numel() else y.numpy()
        if ours.shape != theirs.shape:
            template = "for {N} rows its output has shape {got}; expected {expected}"
            shapes = {"got": tuple(y.shape), "expected": ours.shape}
            raise InputError(template, N=len(x), **shapes)
        # By the largest output: where terms cancel, a small one has the rounding of large ones.
        finite = np.abs(theirs[np.isfinite(theirs)])
        bound = tolerance * float(finite.max(initial=0)) + 1e-9
        alike = np.isclose(ours, theirs, rtol=tolerance, atol=bound, equal_nan=True)
    if not alike.all():
        raise InputError(
            "for {N} rows its output is off by {gap}: it computes something that its record does "
            "not show",
            N=len(x),
            gap=f"{np.nanmax(np.abs(ours - theirs)):.2g}",
        )


class Still:
    """A check that nothing but the result of a module's calls changes.

    Parameters
    ----------
    module
        The copy that is run.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.generators = _generators()
        self.tensors = {name: t.detach().clone() for name, t in _tensors(module)}
        self.numbers = _numbers(module)

    def check(self) -> None:
        """Raise InputError for random numbers and for attributes that calls changed."""
        if _generators() != self.generators:
            raise InputError("its forward method draws random numbers in evaluation mode")
        found = dict(_tensors(self.module))
        for name in {**self.tensors, **found}:
            a, b = self.tensors.get(name), found.get(name)
            if a is None or b is None or a.shape != b.shape or not _equal(a, b):
                raise self._changed(name)
        numbers = _numbers(self.module)
        for name, value in self.numbers.items():
            if numbers.get(name) != value:
                raise self._changed(name)

    def _changed(self, name: str) -> InputError:
        return InputError("its forward method changes its attribute {name}", name=name)


def _equal(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(((a == b) | ((a != a) & (b != b))).all())  # NaN is still the same


def _tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _numbers(module: nn.Module) -> dict[str, Any]:
    """Return the plain numbers and texts among the attributes of all modules."""
    return {
        f"{path}.{name}" if path else name: value
        for path, inner in module.named_modules()
        for name, value in vars(inner).items()
        if isinstance(value, (bool, int, float, str))
    }


def _generators() -> tuple[str, str, bytes]:
    """Return the states of the global random generators, as texts that can be compared."""
    # A module may draw from the old global generator, whatever new programs should do.
    kind, keys, place, *_ = np.random.get_state()  # noqa: NPY002
    numpys = f"{kind} {place} {np.asarray(keys).tobytes().hex()}"
    return repr(random.getstate()), numpys, torch.get_rng_state().numpy().tobytes()
