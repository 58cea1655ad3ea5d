"""One pass through a network as lines of C.

The current number is the variable `v` of a loop over `i`. Layers that compute each number by itself
only change `v`, within the loop of the next layer that reads the row: a row is stored only where a
layer with weights, or one that needs the whole row, produces it. Rows are stored in buffers `a`,
`b`, ... of the caller's scratch memory, as few as possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pellucid.core.categories import CategoryEmbedding
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.exchange.c import literals
from pellucid.exchange.c.quantization import MOST_INPUTS, Levels, quantized
from pellucid.exchange.layer_walk import Source

# The functions that joining the rows of members calls.
_JOIN_CALLS = {
    "values": (),
    "probabilities": ("log_softmax", "log_mean"),
    "sigmoids": ("softplus", "log_share"),
}


class Held(NamedTuple):
    """A row that is read again later: its buffer and its length."""

    buffer: str
    width: int


class Program(Source[Held]):
    """The lines, constants, functions and buffers of a pass; `layer_code` adds layers to it.

    Parameters
    ----------
    name
        The prefix of the network's names.
    width
        D, the number of inputs.
    levels
        For int8, the levels of the input of each Affine layer, in order; none for float32.
    from_bytes
        Whether x holds bytes.

    Attributes
    ----------
    lines
        The body of the function.
    width
        The length of the current row.
    front
        How many of the lines read x; the others are the same for floats and bytes.
    arrays
        The constants by name.
    functions
        The names of the functions that are called (see `routines.FUNCTIONS`).
    buffers, sums
        The length of each buffer, and of the one for int32 sums.
    in_int8
        The places of the Affine layers whose weights are int8.
    """

    language = "C"

    def __init__(
        self, name: str, width: int, levels: Sequence[Levels] = (), from_bytes: bool = False
    ) -> None:
        self.name, self._from_bytes = name, from_bytes
        self.lines: list[str] = []
        self.front = self.sums = 0
        self.arrays: dict[str, Array] = {}
        self.functions: set[str] = set()
        self.buffers: dict[str, int] = {}
        self.in_int8: list[str] = []
        self._levels = iter(levels)
        # Where the current row is: in the buffer of that name, or (None) in the caller's x.
        self._buffer: str | None = None
        self.width = width
        self._changes: list[str] = []  # statements about v that the next loop makes
        self._held: list[Held] = []
        self._done: list[str] = []  # buffers that the next loop is the last to read

    # Called for each layer

    def each(self, expression: str) -> None:
        """Replace each number v by an expression, in which i is its index."""
        self._changes.append(f"v = {expression}; /* {self._about()} */")

    def call(self, function: str, *arguments: float) -> None:
        """Replace each number v by a function of it."""
        self.functions.add(function)
        self.each(f"{self.name}_{function}({', '.join(['v', *map(self.number, arguments)])})")

    def call_whole(self, function: str, *arguments: str) -> None:
        """Change the whole row in place by a function of the row, its length and `arguments`."""
        self.functions.add(function)
        buffer, width = self._stored(own=True), self.width
        row = ", ".join([f"scratch->{buffer}", str(width), *arguments])
        self.lines += [f"/* {self._about()} */", f"{self.name}_{function}({row});"]

    def affine(self, W: Array, b: Array | None) -> None:
        """Replace the row by x W + b, with int8 weights where there are levels."""
        levels = next(self._levels, None)
        if levels is not None and len(W) <= MOST_INPUTS:
            self._affine_int8(W, b, levels)
        else:
            self._affine_float(W, b)

    def embed(self, layer: PeriodicEmbedding) -> None:
        """Append to the row the periodic features of its embedded columns."""
        D, (E, F, K) = self.width, layer.W.shape
        z = self._free(D + E * K)
        self.functions.add("cosine")
        columns = self.array("columns", np.flatnonzero(layer.embedded).astype(np.int32))
        frequency = self.array("frequency", layer.frequency[:, 0])
        phase = self.array("phase", layer.phase[:, 0])
        W, b = self.array("W", layer.W.reshape(E * F, K)), self.array("b", layer.b[:, 0])
        self.lines.append(f"/* {self._about()}: {D} -> {D + E * K} */")
        self._read([f"scratch->{z}[i] = v;"])
        self._move(z, D + E * K)
        turns = f"scratch->{z}[{columns}[e]] * {frequency}[e][f] + {phase}[e][f]"
        feature = f"scratch->{z}[{D} + e * {K} + k]"
        multiply = _loop("k", K, [f"{feature} += wave * {W}[e * {F} + f][k];"])
        wave = [f"const float wave = {self.name}_cosine({turns});", *multiply]
        start = _loop("k", K, [f"{feature} = {b}[e][k];"])
        self.lines += _loop("e", E, [*start, *_loop("f", F, wave)])

    def look_up(self, layer: CategoryEmbedding) -> None:
        """Replace the columns of indices by the numbers of their categories, behind the others."""
        D, K = self.width, layer.W.shape[1]
        H = layer.output_width(D)
        embedded, kept = np.flatnonzero(layer.sizes), np.flatnonzero(layer.sizes == 0)
        row, z = self._stored(), self._free(H)
        begins = np.cumsum(layer.sizes, dtype=np.int64) - layer.sizes.astype(np.int64)
        self.lines.append(f"/* {self._about()}: {D} -> {H} */")
        if kept.size:
            places = self.array("kept", kept.astype(np.int32))
            move = f"scratch->{z}[i] = scratch->{row}[{places}[i]];"
            self.lines += _loop("i", kept.size, [move])
        columns = self.array("columns", embedded.astype(np.int32))
        sizes = self.array("sizes", layer.sizes[embedded])
        start = self.array("begins", begins[embedded].astype(np.int32))
        number = f"scratch->{z}[{kept.size} + e * {K} + k]"
        self.lines += _loop(
            "e",
            embedded.size,
            [
                f"const float index = scratch->{row}[{columns}[e]];",
                "/* what is no index, NaN too, counts as 0 */",
                f"const int32_t inside = index >= 0.0f && index < {sizes}[e];",
                f"const int32_t w = {start}[e] + (inside ? (int32_t)index : 0);",
                *_loop("k", K, [f"{number} = {self.array('W', layer.W)}[w][k];"]),
            ],
        )
        self._move(z, H)

    def hold(self) -> Held:
        row = Held(self._stored(), self.width)
        self._held.append(row)
        return row

    def back_to(self, row: Held) -> None:
        self._move(row.buffer, row.width)

    def release(self, row: Held) -> None:
        self._held.remove(row)
        if self._changes:  # one of them may read it
            self._done.append(row.buffer)

    def add(self, row: Held) -> None:
        """Add a held row to the current one."""
        self.each(f"v + scratch->{row.buffer}[i]")

    def side_by_side(self, rows: Sequence[Held]) -> None:
        """Make one row of held ones."""
        width = sum(row.width for row in rows)
        z, start = self._free(width), 0
        self.lines.append(f"/* {self._about()}: {len(rows)} rows side by side */")
        for buffer, size in rows:
            at = f"{start} + i" if start else "i"
            self.lines += _loop("i", size, [f"scratch->{z}[{at}] = scratch->{buffer}[i];"])
            start += size
        self._move(z, width)

    def join(self, how: str, count: int) -> None:
        """Join the numbers of so many rows side by side to one row."""
        row, width = self._stored(own=True), self.width // count
        self.functions |= {f"join_{how}", *_JOIN_CALLS[how]}
        self.lines.append(f"/* {self._about()} */")
        self.lines.append(f"{self.name}_join_{how}(scratch->{row}, {count}, {width});")
        self.width = width

    def array(self, kind: str, values: Array) -> str:
        """Add a constant array, floats in float32; return its name."""
        name = f"{self.name}_{kind}{self.place}"
        if values.dtype.kind == "f":
            with np.errstate(over="ignore"):
                values = values.astype(np.float32)
            self._check(values)
        self.arrays[name] = values
        return name

    def number(self, value: float) -> str:
        """Return a constant number as C writes it."""
        with np.errstate(over="ignore"):
            self._check(np.asarray(value).astype(np.float32))
        return literals.number(value)

    def finish(self) -> None:
        """Write the row to the caller's y."""
        self._read(["y[i] = v;"])
        self._move(None, self.width)

    # Loops and buffers

    def _affine_float(self, W: Array, b: Array | None) -> None:
        H, z = W.shape[1], self._free(W.shape[1])
        start = "0.0f" if b is None else f"{self.array('b', b)}[j]"
        multiply = _loop("j", H, [f"scratch->{z}[j] += v * {self.array('W', W)}[i][j];"])
        self.lines += [self._heading(W), *_loop("j", H, [f"scratch->{z}[j] = {start};"])]
        # Inputs of 0 (four fifths of a digit's pixels) are skipped, which changes no result:
        # weights are finite, and NaN differs from 0.
        self._read(["if (v != 0.0f) {", *_indented(multiply), "}"])
        self._move(z, H)

    def _affine_int8(self, W: Array, b: Array | None, levels: Levels) -> None:
        q, step = quantized(W)
        H, z = W.shape[1], self._free(W.shape[1])
        self.sums = max(self.sums, H)
        self.in_int8.append(self.place)
        zeros = _loop("j", H, ["scratch->sums[j] = 0;"])
        self.lines += [self._heading(W, ", int8"), *zeros]
        multiply = _loop("j", H, [f"scratch->sums[j] += q * {self.array('W', q)}[i][j];"])
        body = ["if (q != 0) {", *_indented(multiply), "}"]
        if levels.bytes and self._from_bytes:
            # The levels are the bytes themselves, so Scale's product and the rounding drop out.
            self._changes.clear()
            known = "/* a byte is its level: the step is Scale's factor */"
            self.lines += _loop("i", len(W), [f"const uint8_t q = x[i]; {known}", *body])
        else:
            self.functions.add("quantize")
            inverse, zero = self.number(1 / levels.step), self.number(levels.zero)
            q_of_v = f"{self.name}_quantize(v, {inverse}, {zero})"
            # For a plain byte compilers know that its products fit into 16 bits, and use that.
            declared = f"const uint8_t q = {q_of_v};"
            if levels.zero != 0:
                declared = f"const int16_t q = (int16_t)({q_of_v} - {levels.zero});"
            self._read([declared, *body])
        y = f"(float)scratch->sums[j] * {self.array('step', step * levels.step)}[j]"
        if b is not None:
            y += f" + {self.array('b', b)}[j]"
        self._move(z, H)
        self.lines += _loop("j", H, [f"scratch->{z}[j] = {y};"])

    def _read(self, body: list[str]) -> None:
        """Write a loop over the row in which `body` sees v after all changes."""
        source = f"scratch->{self._buffer}[i]"
        if self._buffer is None:
            source = "(float)x[i]" if self._from_bytes else "x[i]"
        first = f"{'float' if self._changes else 'const float'} v = {source};"
        self.lines += _loop("i", self.width, [first, *self._changes, *body])
        self._changes.clear()
        self._done.clear()

    def _move(self, buffer: str | None, width: int) -> None:
        """Make the row in this buffer the current one."""
        if self._buffer is None:
            self.front = len(self.lines)
        self._buffer, self.width = buffer, width

    def _stored(self, own: bool = False) -> str:
        """Store the row, changes made; return its buffer, with `own` one that nobody else reads."""
        at = self._buffer
        held = {row.buffer for row in self._held}
        if at is None or self._changes or (own and at in held):
            # In place where possible: a loop reads and writes the same index.
            at = self._free(self.width) if at is None or at in held else at
            self._read([f"scratch->{at}[i] = v;"])
            self._move(at, self.width)
        return at

    def _free(self, width: int) -> str:
        """Return the first buffer that is not in use, made long enough."""
        taken = {self._buffer, *(row.buffer for row in self._held), *self._done}
        names = (chr(ord("a") + i) if i < 26 else f"buffer{i}" for i in range(len(taken) + 1))
        buffer = next(name for name in names if name not in taken)
        self.buffers[buffer] = max(self.buffers.get(buffer, 0), width)
        return buffer

    def _about(self) -> str:
        return f"layer {self.place.replace('_', '.')}, {self.kind}"

    def _heading(self, W: Array, kind: str = "") -> str:
        return f"/* {self._about()}: {W.shape[0]} -> {W.shape[1]}{kind} */"

    def _check(self, values: Array) -> None:
        if not np.isfinite(values).all():
            template = (
                "layer {index} ({layer}) needs a number beyond float32, whose limit is 3.4e38"
            )
            raise InputError(template, **self.current)


def _loop(index: str, count: int, body: list[str]) -> list[str]:
    return [f"for (size_t {index} = 0; {index} < {count}; {index}++) {{", *_indented(body), "}"]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
