"""The types that every room shares: arrays by their shape, and what a constructor is given again.

NumPy's types do not know shapes, so these names do: a signature that says `Batch` expects one row
for each sample.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import ArrayLike, DTypeLike, NDArray

Array: TypeAlias = NDArray[Any]  # of numbers, any shape
Batch: TypeAlias = Array  # (N, D): one row for each sample
Matrix: TypeAlias = Array  # (D, H): one row for each input, one column for each neuron
Vector: TypeAlias = Array  # (H,), or (N,) for one number a row
Gradients: TypeAlias = tuple[Array | None, list[Array]]  # dx, and a gradient for each of `params`
Options: TypeAlias = dict[str, Any]  # settings of a constructor, such as JSON can hold

__all__ = ["Array", "ArrayLike", "Batch", "DTypeLike", "Gradients", "Matrix", "Options", "Vector"]
