"""One pass through a network as lines of C.

A number on its way is the variable `v` of a loop over `i`. Layers that treat each number by itself
only change `v`, in the loop in which the next layer reads it: a row of numbers is stored where a
layer of weights, or one that needs the whole row, gives it out. Rows lie in buffers `a`, `b`, ...
of the caller's scratch, as few as will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.exchange.c import literals
from pellucid.exchange.c.quantization import MOST_INPUTS, Levels, quantized


class Value(NamedTuple):
    """Where the row of numbers is: in the buffer of that name, or (None) in the caller's x."""

    buffer: str | None
    width: int


class Program:
    """The lines, constants, functions and buffers of a pass; conversions of layers add to it.

    Parameters
    ----------
    name
        What the network's names begin with.
    width
        D, how many numbers come in.
    levels
        For int8, the levels of the input of each Affine layer, in order; None for float32.
    from_bytes
        Whether x holds bytes.

    Attributes
    ----------
    lines
        The body of the function.
    front
        How many of the lines read x; the others are the same whatever x holds.
    arrays
        The constants by name.
    functions
        The names of what is called (see `functions.FUNCTIONS`).
    buffers, sums
        The length of each buffer, and of the one for int32 sums.
    in_int8
        The places of the Affine layers whose weights are int8.
    """

    def __init__(
        self,
        name: str,
        width: int,
        levels: Sequence[Levels] | None = None,
        from_bytes: bool = False,
    ) -> None:
        self.name = name
        self.lines: list[str] = []
        self.front = 0
        self.arrays: dict[str, Array] = {}
        self.functions: set[str] = set()
        self.buffers: dict[str, int] = {}
        self.sums = 0
        self.in_int8: list[str] = []
        self.place = ""  # of the layer that is being converted: "3", or "3_0" for one within it
        self._kind = ""
        self._from_bytes = from_bytes
        self._levels = None if levels is None else iter(levels)
        self._at = Value(None, width)
        self._changes: list[str] = []  # statements about v that the next loop makes
        self._held: list[str] = []  # buffers that are still to be read
        self._done: list[str] = []  # buffers that the next loop is the last to read

    @property
    def width(self) -> int:
        """How many numbers the row has here."""
        return self._at.width

    def begin(self, place: str, layer: Layer) -> None:
        """Say which layer the next lines are for."""
        self.place, self._kind = place, type(layer).__name__

    # What conversions call

    def each(self, expression: str) -> None:
        """Replace each number v by an expression, in which i is its index."""
        self._changes.append(f"v = {expression}; /* {self._about()} */")

    def call(self, function: str, *arguments: float) -> None:
        """Replace each number v by a function of it."""
        self.functions.add(function)
        self.each(f"{self.name}_{function}({', '.join(['v', *map(self.number, arguments)])})")

    def call_whole(self, function: str, *arguments: str) -> None:
        """Let a function change the whole row in place.

        It takes the row, its length and these arguments.
        """
        self.functions.add(function)
        buffer, width = self._stored(own=True), self.width
        row = [f"scratch->{buffer}", str(width), *arguments]
        self.lines += [f"/* {self._about()} */", f"{self.name}_{function}({', '.join(row)});"]

    def affine(self, W: Array, b: Array | None) -> None:
        """Replace the row by x W + b, with int8 weights where there are levels."""
        levels = None if self._levels is None else next(self._levels)
        if levels is not None and len(W) <= MOST_INPUTS:
            self._affine_int8(W, b, levels)
        else:
            self._affine_float(W, b)

    def embed(self, layer: PeriodicEmbedding) -> None:
        """Put behind the row what waves make of its embedded columns."""
        D, (E, F, K) = self.width, layer.W.shape
        z = self._free(D + E * K)
        self.functions.add("cosine")
        columns = self.array("columns", np.flatnonzero(layer.embedded).astype(np.int32))
        frequency, phase = (
            self.array("frequency", layer.frequency[:, 0]),
            self.array("phase", layer.phase[:, 0]),
        )
        W, b = self.array("W", layer.W.reshape(E * F, K)), self.array("b", layer.b[:, 0])
        self.lines.append(f"/* {self._about()}: {D} -> {D + E * K} */")
        self._read([f"scratch->{z}[i] = v;"])
        self._moved(z, D + E * K)
        turns = f"scratch->{z}[{columns}[e]] * {frequency}[e][f] + {phase}[e][f]"
        numbers = f"scratch->{z}[{D} + e * {K} + k]"
        wave = [
            f"const float wave = {self.name}_cosine({turns});",
            *_loop("k", K, [f"{numbers} += wave * {W}[e * {F} + f][k];"]),
        ]
        self.lines += _loop(
            "e", E, [*_loop("k", K, [f"{numbers} = {b}[e][k];"]), *_loop("f", F, wave)]
        )

    def hold(self) -> str:
        """Keep the row as it is for later; give its buffer's name."""
        buffer = self._stored()
        self._held.append(buffer)
        return buffer

    def add_held(self, buffer: str) -> None:
        """Add to the row the one that was held, which may be overwritten afterwards."""
        self.each(f"v + scratch->{buffer}[i]")
        self._held.remove(buffer)
        self._done.append(buffer)

    def array(self, kind: str, values: Array) -> str:
        """Add a constant array in float32 (whole numbers: as it is given); give its name."""
        name = f"{self.name}_{kind}{self.place}"
        if values.dtype.kind == "f":
            with np.errstate(over="ignore"):
                values = values.astype(np.float32)
            self._check(values)
        self.arrays[name] = values
        return name

    def number(self, value: float) -> str:
        """Write a constant number."""
        with np.errstate(over="ignore"):
            self._check(np.asarray(value).astype(np.float32))
        return literals.number(value)

    def finish(self) -> None:
        """Write the row to the caller's y."""
        self._read(["y[i] = v;"])
        self._moved(None, self.width)

    # Loops and buffers

    def _affine_float(self, W: Array, b: Array | None) -> None:
        H, z = W.shape[1], self._free(W.shape[1])
        start = "0.0f" if b is None else f"{self.array('b', b)}[j]"
        multiply = _loop("j", H, [f"scratch->{z}[j] += v * {self.array('W', W)}[i][j];"])
        self.lines += [self._heading(W), *_loop("j", H, [f"scratch->{z}[j] = {start};"])]
        self._read(["if (v != 0.0f) {", *_indented(multiply), "}"])
        self._moved(z, H)

    def _affine_int8(self, W: Array, b: Array | None, levels: Levels) -> None:
        q, step = quantized(W)
        H, z = W.shape[1], self._free(W.shape[1])
        self.sums = max(self.sums, H)
        self.in_int8.append(self.place)
        multiply = _loop("j", H, [f"scratch->sums[j] += q * {self.array('W', q)}[i][j];"])
        self.lines += [
            f"{self._heading(W)[:-3]}, int8 */",
            *_loop("j", H, ["scratch->sums[j] = 0;"]),
        ]
        body = ["if (q != 0) {", *_indented(multiply), "}"]
        if levels.bytes and self._from_bytes:
            self._changes.clear()
            self.lines += _loop(
                "i",
                len(W),
                ["const uint8_t q = x[i]; /* as it is: the step is Scale's factor */", *body],
            )
        else:
            self.functions.add("quantize")
            call = f"{self.name}_quantize(v, {self.number(1 / levels.step)}, {self.number(levels.zero)})"
            # Of a byte as it is, compilers know that its products fit into 16 bits.
            level = (
                f"uint8_t q = {call}"
                if levels.zero == 0
                else f"int16_t q = (int16_t)({call} - {levels.zero})"
            )
            self._read([f"const {level};", *body])
        y = f"(float)scratch->sums[j] * {self.array('step', step * levels.step)}[j]"
        if b is not None:
            y += f" + {self.array('b', b)}[j]"
        self._moved(z, H)
        self.lines += _loop("j", H, [f"scratch->{z}[j] = {y};"])

    def _read(self, body: list[str]) -> None:
        """Write a loop over the row in which `body` finds v as the changes leave it."""
        if self._at.buffer is None:
            source = "(float)x[i]" if self._from_bytes else "x[i]"
        else:
            source = f"scratch->{self._at.buffer}[i]"
        first = [f"{'float' if self._changes else 'const float'} v = {source};"]
        self.lines += _loop("i", self.width, [*first, *self._changes, *body])
        self._changes.clear()
        self._done.clear()

    def _moved(self, buffer: str | None, width: int) -> None:
        if self._at.buffer is None:
            self.front = len(self.lines)
        self._at = Value(buffer, width)

    def _stored(self, own: bool = False) -> str:
        """Bring the row, with all changes made, into a buffer.

        One that nobody else reads, if it is to be `own`.
        """
        at = self._at.buffer
        if at is None or self._changes or (own and at in self._held):
            here = (
                at
                if at is not None and at not in (*self._held, *self._done)
                else self._free(self.width)
            )
            self._read([f"scratch->{here}[i] = v;"])
            self._moved(here, self.width)
            at = here
        return at

    def _free(self, width: int) -> str:
        """Take a buffer that nobody reads."""
        taken = {self._at.buffer, *self._held, *self._done}
        buffer = next(
            name for number in range(len(taken) + 1) if (name := _letters(number)) not in taken
        )
        self.buffers[buffer] = max(self.buffers.get(buffer, 0), width)
        return buffer

    def _about(self) -> str:
        return f"layer {self.place.replace('_', '.')}, {self._kind}"

    def _heading(self, W: Array) -> str:
        return f"/* {self._about()}: {W.shape[0]} -> {W.shape[1]} */"

    def _check(self, values: Array) -> None:
        if not np.isfinite(values).all():
            raise InputError(
                "layer {index} ({layer}) needs a number that float32 does not hold: C takes "
                "numbers up to 3.4e38",
                index=self.place.replace("_", "."),
                layer=self._kind,
            )


def _loop(index: str, count: int, body: list[str]) -> list[str]:
    return [f"for (size_t {index} = 0; {index} < {count}; {index}++) {{", *_indented(body), "}"]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _letters(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else f"buffer{number}"
