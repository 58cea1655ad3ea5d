"""The layers of a module with a `forward` of its own: recorded, read as a graph, and checked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from pellucid.core.layer import Layer
from pellucid.core.preparation import Flatten
from pellucid.data.inputs import Images, Inputs
from pellucid.errors import InputError, Message, PellucidError
from pellucid.exchange.onnx.builder import Builder
from pellucid.exchange.onnx.from_model import read_layers
from pellucid.exchange.pytorch import probes
from pellucid.exchange.pytorch.functions import operators
from pellucid.exchange.pytorch.module_layers import entry_of, is_chain, is_known, refused_module
from pellucid.exchange.pytorch.recording import Record, flat, record

_ANY_WIDTH = 5  # of rows for modules without parameters
_MOST_TRIED = 64  # shapes of rows
# Numbers of rows: primes, of which one is the size of no tensor, so that axes are not confused.
_COUNTS = (11, 13, 17, 19, 23, 29, 31, 37, 41, 43)


class Traced(NamedTuple):
    """Layers, the shape of a row, and the names of parameters that several layers share."""

    layers: list[Layer]
    row: tuple[int, ...]
    ties: list[str]


def traced(module: nn.Module, inputs: Inputs) -> Traced:
    """Return the layers of a module; raises InputError that names what is not supported."""
    try:
        return _traced(module, inputs)
    except InputError as error:
        if "line" in error.message.values or "kind" in error.message.values:
            raise
        raise refused_module("", module, error.message) from error


def _traced(module: nn.Module, inputs: Inputs) -> Traced:
    dtype = _dtype(module)
    made = probes.copied(module, dtype)
    still = probes.Still(made)
    row = _row(made, inputs, dtype)
    still.check()
    N = _count(made)
    found = _record(made, probes.rows(N, row).to(dtype))
    # With other numbers again: a path or constant that depends on them then differs.
    for seed, size in ((1, 1.0), (2, 100.0), (3, 0.01)):
        _check_same(found, _record(made, probes.rows(N, row, size, seed).to(dtype)))
    still.check()
    kind = np.dtype(str(dtype).removeprefix("torch."))
    ops, output = operators(found, kind)
    built = Builder(row, dtype=kind, layers=[Flatten()] if len(row) > 1 else [])
    if output != "x":
        read_layers(ops, "x", output, built)
    if built.transposed:
        raise InputError("its output has shape (K, N); expected (N, K)")
    return Traced(built.layers, row, _ties(module, made, found))


def _record(module: nn.Module, x: torch.Tensor) -> Record:
    try:
        return record(module, x, _is_whole)
    except PellucidError:
        raise
    except Exception as error:
        template = "its forward method raises {reason} for rows of shape {row}"
        raise InputError(template, reason=_text(error), row=("N", *x.shape[1:])) from error


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _is_whole(module: nn.Module) -> bool:
    return entry_of(module) is not None and not is_chain(module) and is_known(module)


def _dtype(module: nn.Module) -> torch.dtype:
    """Return the type of a module's numbers, float32 for half precision."""
    tensors = [*module.parameters(), *module.buffers()]
    for path, inner in module.named_modules():
        if any(map(torch.nn.parameter.is_lazy, inner.parameters(recurse=False))):
            reason = Message("its weights have no shape yet: run it on data first")
            raise refused_module(path, inner, reason)
    kinds = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    for tensor in tensors:
        if tensor.is_complex() or tensor.is_meta or tensor.layout is not torch.strided:
            kind = tensor.dtype
            raise InputError(
                "its numbers are {kind}; expected plain floating-point ones", kind=kind
            )
    if {torch.float32, torch.float64} <= kinds:
        raise InputError("it mixes float32 and float64: convert it with module.float()")
    return torch.float64 if torch.float64 in kinds else torch.float32


def _count(module: nn.Module) -> int:
    sizes = {size for tensor in _tensors(module) for size in tensor.shape}
    return next((N for N in _COUNTS if N not in sizes), _COUNTS[-1])


def _tensors(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(), *module.buffers()]


def _row(module: nn.Module, inputs: Inputs, dtype: torch.dtype) -> tuple[int, ...]:
    """Return the shape of a row that the module takes: the first that gives one output a row.

    Else the first that runs. Raises InputError with what the module raised for the first shape, if
    none runs.
    """
    reasons: list[tuple[tuple[int, ...], str]] = []
    runs: list[tuple[int, ...]] = []
    for row in _shapes(module, inputs):
        try:
            # Two counts, since the first axis of one output could have that size by chance.
            y = [probes.outputs(module, probes.rows(N, row).to(dtype)) for N in (2, 3)]
        except Exception as error:
            reasons.append((row, _text(error)))
            continue
        if not all(isinstance(each, torch.Tensor) for each in y):
            template = "its forward method returns {got}; expected one tensor"
            raise InputError(template, got=type(y[0]).__name__)
        if all(each.shape[:1] == (N,) for each, N in zip(y, (2, 3), strict=True)):
            return row
        runs.append(row)
    if runs:
        return runs[0]
    if (unknown := _unsupported(module)) is not None:
        raise unknown
    row, reason = reasons[0]
    template = "its forward method takes no rows of shape {row}, nor of another size: {reason}"
    raise InputError(template, row=("N", *row), reason=reason)


def _shapes(module: nn.Module, inputs: Inputs) -> Iterator[tuple[int, ...]]:
    """Yield shapes of rows: the widths of weights, then images of so many pixels."""
    if inputs is not None:
        widths = [inputs.width]
    else:
        # The last axis of a Linear's weight, (out, in), is the number of its inputs.
        sizes = [size for tensor in _tensors(module) for size in reversed(tensor.shape)]
        sizes += [getattr(each, "in_features", 1) for each in module.modules()]
        # 1 is last: it broadcasts against any vector, and so would run by accident.
        widths = sorted(dict.fromkeys(sizes), key=lambda size: size == 1)[:_MOST_TRIED]
        widths = widths or [_ANY_WIDTH]
    yield from ((width,) for width in widths)
    for width in widths:
        side = math.isqrt(width)
        shapes = [inputs.shape] if isinstance(inputs, Images) else []
        shapes += [(side, side)] if side * side == width > 1 else []
        for shape in shapes:
            yield from ((1, *shape), tuple(shape))
        side = math.isqrt(width // 3)
        if width == 3 * side * side:
            yield (3, side, side)


def _unsupported(module: nn.Module) -> InputError | None:
    """Return the error for the first module of PyTorch's own that no dense network has."""
    for path, inner in module.named_modules():
        own = type(inner).__module__.startswith("torch.nn") and not any(inner.children())
        if own and entry_of(inner) is None and any(True for _ in inner.parameters()):
            reason = Message("dense networks have no such layer")
            return refused_module(path, inner, reason)
    return None


def _check_same(a: Record, b: Record) -> None:
    """Raise InputError where two records of the same module differ in more than the input."""
    for one, other in zip(a.calls, b.calls, strict=False):
        if not _same(one[:1] + one[2:], other[:1] + other[2:]):
            raise one.refused(
                Message("what it computes, or with which numbers, differs from call to call")
            )
    if len(a.calls) != len(b.calls) or a.output != b.output:
        raise InputError("its forward method does not take the same path for all numbers")


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a is b or (a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b))
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    return a is b or bool(a == b)


def _ties(module: nn.Module, made: nn.Module, found: Record) -> list[str]:
    """Return the names of parameters that several calls use."""
    names = {id(parameter): name for name, parameter in made.named_parameters()}
    used: list[int] = []
    for call in found.calls:
        given = [*flat([call.args, call.kwargs])]
        if isinstance(call.function, nn.Module):
            given += call.function.parameters()
        used += {key for each in given if isinstance(each, torch.Tensor) for key in _origins(each)}
    return [name for key, name in names.items() if used.count(key) > 1]


def _origins(tensor: torch.Tensor) -> set[int]:
    """Return the identities of the tensor, if it is trained, or of those that it is made from."""
    if tensor.grad_fn is None:
        return {id(tensor)}
    found, nodes = set[int](), [tensor.grad_fn]
    while nodes:
        node = nodes.pop()
        # The end of each path, AccumulateGrad, holds the parameter itself.
        if (leaf := getattr(node, "variable", None)) is not None:
            found.add(id(leaf))
        nodes += [after for after, _ in node.next_functions if after is not None]
    return found
