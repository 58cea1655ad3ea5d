"""Recorded calls as operators of a graph: names of tensors, constants, choices of columns.

What each function becomes is the table of `functions`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from pellucid.core.composite import Dropout
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.normalization import BatchNorm
from pellucid.core.preparation import Flatten
from pellucid.core.types import Array
from pellucid.errors import InputError, Message
from pellucid.exchange.onnx.operators import LAYER, Op
from pellucid.exchange.onnx.shapes import ROWS
from pellucid.exchange.pytorch.module_layers import array_of, layers_of
from pellucid.exchange.pytorch.recording import Call, Live

LARGEST_SELECTION = 1 << 20  # weights of the matrix that a choice of columns becomes
MIXES_ROWS = Message("it mixes the rows of a batch: each row must be computed by itself")
UNKNOWN = Message("this function is not supported in dense networks")


class TracedOp(Op):
    """An operator that a recorded call became; its errors name the user's line."""

    def error(self, reason: Message) -> InputError:
        """Return the error that names the line of the call."""
        call: Call = self.attributes["call"]
        return call.refused(reason)


class Translation:
    """The operators so far, and the names of tensors that are the same."""

    def __init__(self, rows: int, dtype: np.dtype[Any]) -> None:
        self.N = rows
        self.dtype = dtype
        self.ops: list[Op] = []
        self.same: dict[str, str] = {}

    def name(self, live: Live) -> str:
        return self.same.get(live.name, live.name)

    def append(
        self, call: Call, kind: str, *inputs: Any, to: str | None = None, **attributes: Any
    ) -> str:
        """Append an operator; return the name of its output, that of the call unless `to` is."""
        output = to if to is not None else call.outputs[0].name
        values = tuple(self._value(call, value) for value in inputs)
        # 17 is the opset by whose definitions the operators are meant.
        op = TracedOp(kind, output, values, output, {"call": call, **attributes}, 17)
        self.ops.append(op)
        return output

    def layer(self, call: Call, x: Any, layer: Layer) -> None:
        self.append(call, LAYER, x, layer=layer)

    def alias(self, call: Call, name: str) -> None:
        self.same[call.outputs[0].name] = self.same.get(name, name)

    def _value(self, call: Call, value: Any) -> Array | str | None:
        """Return an input of an operator: a tensor's name, or a constant in the layers' type."""
        if isinstance(value, Live):
            return self.name(value)
        if isinstance(value, (bool, int, float)):
            return np.array(value, self.dtype)
        if isinstance(value, torch.Tensor):
            found = value.detach().cpu()
            array = found.numpy() if not found.dtype.is_floating_point else array_of(found)
            kind = bool if array.dtype == bool else self.dtype
            return self._one_row(call, array.astype(kind))
        if value is None or isinstance(value, (str, np.ndarray)):
            return value
        raise call.refused(Message("its argument {got} is not supported", got=repr(value)))

    def _one_row(self, call: Call, array: Array) -> Array:
        """Return one row of a constant whose rows are all the same, as `zeros_like` makes them."""
        ranks = {len(live.shape) for live in call.live()}
        if array.ndim in ranks and array.shape[:1] == (self.N,) and (array == array[:1]).all():
            same = bool((array == array.flat[0]).all()) if array.size else False
            return np.array(array.flat[0]) if same else array[:1]
        return array

    def module(self, call: Call) -> None:
        module, x = call.function, call.given(0, "input")
        if len(call.live()) != 1 or not isinstance(x, Live):
            raise call.refused(UNKNOWN)
        layer = next(iter(layers_of(module, "", self.dtype)))[1]
        if module.training and isinstance(layer, (Dropout, BatchNorm)):
            reason = Message("it stays in training mode: call .eval() on the whole module")
            raise call.refused(reason)
        if isinstance(layer, Flatten):
            self._reshaped(call, x, flattens=True)
        else:
            self.layer(call, x, layer)

    def _reshaped(self, call: Call, x: Live, flattens: bool = False) -> None:
        shape = call.outputs[0].shape
        if self.name(x) == "x" and flattens and len(shape) == 2:
            self.append(call, "Flatten", x)
        elif x.shape == shape:
            self.alias(call, x.name)
        else:
            self.append(call, "Reshape", x, np.array([ROWS, *shape[1:]], np.int64))

    def moved(self, call: Call) -> None:
        """Read a function that only moves numbers: a reshape, or a choice of columns.

        It is run on the numbers' positions, which shows where each goes.
        """
        sources = {live.name: live for live in call.live()}
        if len(sources) != 1:
            raise call.refused(UNKNOWN)
        (x,) = sources.values()
        N, D = x.shape[0] if x.shape else 0, math.prod(x.shape[1:])
        # int64: in float32, positions from 2^24 on would be rounded.
        positions = torch.arange(N * D).reshape(x.shape)
        moved = call.function(*_with(call.args, positions), **_with(call.kwargs, positions))
        pieces = list(moved) if isinstance(moved, (tuple, list)) else [moved]
        for piece, output in zip(pieces, call.outputs, strict=True):
            one = call._replace(outputs=[output])
            found = piece.numpy()
            if x.shape[0] != self.N or found.shape[:1] != (self.N,):
                if not _is_turned(x, output):
                    raise call.refused(MIXES_ROWS)
                self.append(one, "Transpose", x)
                continue
            columns = found.reshape(N, -1)
            # Row i must have the positions of row 0, moved on by i rows: else rows are mixed.
            if (columns - columns[:1] != np.arange(N)[:, None] * D).any():
                raise call.refused(MIXES_ROWS)
            self._chosen(one, x, columns[0], D)

    def _chosen(self, call: Call, x: Live, columns: Array, D: int) -> None:
        """Read a choice of columns; all of them in their order is a reshape."""
        if np.array_equal(columns, np.arange(D)):
            self._reshaped(call, x, flattens=True)
            return
        if D * columns.size > LARGEST_SELECTION or not columns.size:
            raise call.refused(Message("it chooses among too many columns"))
        weights = np.zeros((D, columns.size), self.dtype)
        weights[columns, np.arange(columns.size)] = 1
        affine = Affine(weights)
        affine.frozen = True  # which columns are taken is not trained
        given: Any = x
        if len(x.shape) != 2:
            row = np.array([ROWS, D], np.int64)
            given = self.append(call, "Reshape", x, row, to=f"{call.outputs[0].name} row")
        shape = call.outputs[0].shape
        if len(shape) == 2:
            self.layer(call, given, affine)
            return
        made = f"{call.outputs[0].name} columns"
        self.append(call, LAYER, given, to=made, layer=affine)
        self.append(call, "Reshape", made, np.array([ROWS, *shape[1:]], np.int64))


def _is_turned(x: Live, output: Live) -> bool:
    return len(x.shape) == 2 and output.shape == x.shape[::-1]


def _with(value: Any, positions: torch.Tensor) -> Any:
    """Return arguments with the positions in place of the live tensor."""
    if isinstance(value, Live):
        return positions
    if isinstance(value, (list, tuple)):
        made = [_with(each, positions) for each in value]
        return tuple(made) if isinstance(value, tuple) else made
    if isinstance(value, dict):
        return {key: _with(each, positions) for key, each in value.items()}
    return value
