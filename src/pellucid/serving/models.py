"""A served model: the network, what its inputs are called, and loading it anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from pellucid.core import checks
from pellucid.core.types import Array, Batch
from pellucid.data.tables import Columns, Table, TableSource
from pellucid.data.tables.csv_file import START, open_csv
from pellucid.data.tables.kinds import NumberColumn
from pellucid.errors import InputError, PellucidError
from pellucid.lens.neurons import image_shape
from pellucid.network import Network, load
from pellucid.serving.http import Refused
from pellucid.serving.tensors import Tensor, type_name

Cells: TypeAlias = dict[str, list[Any]]  # of each column of a table, all of one length
Source: TypeAlias = "str | Path | Network"

X, Y = "x", "y"
"""Names of the input and the output, as in an ONNX file that pellucid writes; the input of a
network that was trained on a table is a tensor for each column.
"""

PLATFORM = "pellucid_safetensors"
VERSION = "1"
DIGIT = (28, 28)


class Model:
    """A network that is being served; what changes is another `Model`.

    Attributes
    ----------
    columns
        Those of the table that the network was trained on, or None.
    predict
        Returns the outputs, (N, K), for x, (N, D). Raises InputError that names the row where an
        input or an output is not finite.
    digits
        Whether its inputs are images of 28 x 28 pixels, so that image files are accepted.
    work
        Multiply-adds of a row.
    """

    def __init__(self, name: str, net: Network) -> None:
        self.name, self.net = name, net
        self.predict: Callable[[Batch], Array] = net.predictor()
        self.dtype = net.dtype
        self.width = checks.input_width(net.layers)
        self.columns = net.inputs if isinstance(net.inputs, Columns) else None
        self.digits = self.columns is None and self.width == 784 and image_shape(net) == DIGIT
        self.work = net.summary().multiply_adds
        # The first prediction makes the engine and its threads: no request shall wait for that
        y = self.predict(np.zeros((1, self.width or 1), self.dtype))
        self.outputs = y.shape[1]

    def warm_up(self) -> None:
        """Read a row of missing cells: the first reading imports Arrow, which takes a while."""
        if self.columns is not None:
            with suppress(PellucidError):  # where Arrow is missing, requests say so
                self.read({column.name: [None] for column in self.columns.columns})

    def rows_of(self, tensors: Sequence[Tensor]) -> Batch | Cells:
        """Return the rows of a request: numbers, (N, D), or the cells of a table.

        Raises Refused for other tensors than the network has inputs.
        """
        if self.columns is not None and not self._encoded(tensors):
            return _cells_of(tensors)
        if len(tensors) != 1:
            raise Refused(400, f"expected one input, {X!r}, got {len(tensors)}")
        array = tensors[0].array
        if array.dtype.kind == "O":
            raise Refused(400, f"input {tensors[0].name!r} must be numbers, not BYTES")
        # Small whole numbers are pixels to a network that scales them, and numbers to others
        if array.dtype.kind == "b" or (
            array.dtype.kind in "iu" and not checks.scales(self.net.layers)
        ):
            array = array.astype(self.dtype)
        elif array.dtype.kind == "f" and array.dtype != self.dtype:
            with np.errstate(over="ignore"):  # becomes infinite, and is refused by name
                array = array.astype(self.dtype)
        return array

    def _encoded(self, tensors: Sequence[Tensor]) -> bool:
        """Return whether this is one tensor of rows as the layers take them, (N, D), not cells."""
        first = tensors[0]
        named = self.columns is not None and first.name in {c.name for c in self.columns.columns}
        return len(tensors) == 1 and first.array.ndim == 2 and not named

    def known(self, cells: Cells) -> Batch | None:
        """Return one row of cells as numbers, (1, D), if each was seen before; None otherwise."""
        if self.columns is None or any(len(column) != 1 for column in cells.values()):
            return None
        row = {name: column[0] for name, column in cells.items()}
        return self.columns.known(row, self.dtype)

    def read(self, cells: TableSource) -> tuple[Batch, list[str]]:
        """Return cells as rows of numbers, (N, D), and sentences on those that training had not.

        Raises InputError for missing columns, and for cells that cannot be used.
        """
        x, report = self.net.columns.read_rows(cells, self.dtype)
        return x, report.doubts()

    def read_csv(self, content: bytes) -> tuple[Batch, list[str]]:
        """Do the same for a CSV file, whose first line names the columns."""
        opened = open_csv(content, content[:START], name="the CSV")
        return self.read(Table("the CSV", *opened, typed=False))

    def inputs_metadata(self) -> list[dict[str, Any]]:
        """Return the inputs as the protocol describes them: name, datatype, shape."""
        if self.columns is None:
            shape = [-1, -1 if self.width is None else self.width]
            return [{"name": X, "datatype": type_name(self.dtype), "shape": shape}]
        return [
            {
                "name": column.name,
                "datatype": "FP64" if isinstance(column, NumberColumn) else "BYTES",
                "shape": [-1],
            }
            for column in self.columns.columns
        ]

    def metadata(self) -> dict[str, Any]:
        """Return what the protocol says of a model."""
        output = {"name": Y, "datatype": type_name(self.dtype), "shape": [-1, self.outputs]}
        return {
            "name": self.name,
            "versions": [VERSION],
            "platform": PLATFORM,
            "inputs": self.inputs_metadata(),
            "outputs": [output],
        }


def _cells_of(tensors: Sequence[Tensor]) -> Cells:
    """Return the cells of tensors that are a column each, (N,) or (N, 1)."""
    cells: Cells = {}
    for name, array in tensors:
        if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] != 1):
            raise Refused(400, f"column {name!r}: its shape must be [N] or [N, 1]")
        if name in cells:
            raise Refused(400, f"column {name!r} was sent twice")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            problem = "holds NaN or infinity: send finite numbers, or null for a missing cell"
            raise Refused(400, f"column {name!r} {problem}")
        cells[name] = array.reshape(-1).tolist()
    return checked_lengths(cells)


def checked_lengths(cells: Cells) -> Cells:
    """Return cells; raise Refused where columns have different lengths."""
    if len({len(column) for column in cells.values()}) > 1:
        counts = ", ".join(f"{name!r} {len(column)}" for name, column in cells.items())
        raise Refused(400, f"columns must have the same number of rows, got {counts}")
    return cells


class Stamp(NamedTuple):
    """What changes with a file's content: time, size and place on the disk."""

    time: int
    size: int
    place: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """Return the stamp of a file; None where there is none."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(found.st_mtime_ns, found.st_size, found.st_ino)


class Served:
    """A name and the model that now has it; `model` is replaced in one step.

    A request keeps the model with which it began.
    """

    def __init__(self, name: str, source: Source) -> None:
        self.name = name
        self.path = None if isinstance(source, Network) else Path(source)
        self._stamp = None if self.path is None else Stamp.of(self.path)
        net = source if isinstance(source, Network) else load(source)
        self.model = Model(name, net)

    @property
    def changed(self) -> bool:
        """Whether there is another file than the one that was loaded, or tried, last."""
        if self.path is None or (now := Stamp.of(self.path)) is None:
            return False
        return now != self._stamp

    def reload(self) -> None:
        """Load the file beside the model, try it, and exchange the two.

        Raises what `load` raises, and leaves the model that was there; the same file is not tried
        again.
        """
        assert self.path is not None
        # Before it is read: what is written meanwhile is seen as another change
        self._stamp = Stamp.of(self.path)
        self.model = Model(self.name, load(self.path))


def by_name(files: Sequence[str | Path]) -> dict[str, str]:
    """Return files by the names of their models: the file's name without its extension.

    Raises InputError for two of one name.
    """
    found: dict[str, str] = {}
    for file in map(str, files):
        name = Path(file).stem
        if name in found:
            template = "{first} and {second} would both be called {name}: rename one of them"
            raise InputError(template, first=found[name], second=file, name=name)
        found[name] = file
    return found


def named(sources: Mapping[str, Source] | Sequence[str | Path]) -> dict[str, Served]:
    """Load models by name.

    Raises InputError for none, for two of one name, and for names that an address cannot hold;
    FileError for files that cannot be read.
    """
    by: Mapping[str, Source] = sources if isinstance(sources, Mapping) else by_name(sources)
    if not by:
        raise InputError("there is no model to serve: name the file of one")
    for name in by:
        if not name or set(name) & set("/:"):  # they separate names from what is asked of them
            raise InputError("a model's name must not be empty or hold / or :, got {got}", got=name)
    return {name: Served(name, source) for name, source in by.items()}
