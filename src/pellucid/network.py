"""Network: the face that binds layers, engine and file."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core import chain, checks, functions
from pellucid.core.arrays import as_array
from pellucid.core.chain import Trace
from pellucid.core.collapse import collapsed, convert, floating_type
from pellucid.core.layer import Layer, flat
from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.metrics import chosen_classes
from pellucid.core.types import Array, Options
from pellucid.display.summary import Summary, code_line, network_html
from pellucid.display.trace import ShownTrace
from pellucid.engines import Engine, make_engine
from pellucid.errors import InputError
from pellucid.files import model
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.data.tables import Columns


class Network:
    """A list of layers that answers: `net(x)`.

    Parameters
    ----------
    layers
        Layers in the order in which x passes them. Their arrays must be of one floating type.
    inputs
        What a row is before it becomes numbers: {"kind": "pictures", "shape": [28, 28]}, or
        `columns.to_dict()`.
    classes
        A name for each output, or None.

    Attributes
    ----------
    record
        What `train` writes down about the learning: data fingerprint, seed, versions, metrics.

    Raises InputError when neighbouring layers do not fit, or floating types differ.

    The first layer is the inner function: with f(x) = 3 x + 2 and g(x) = 4 x + 1, layers f then g
    give g(f(x)) = 12 x + 9, and layers g then f give f(g(x)) = 12 x + 5.

    >>> import numpy as np
    >>> from pellucid import Affine
    >>> f, g = Affine([[3.0]], [2.0]), Affine([[4.0]], [1.0])
    >>> Network([f, g])(np.array([[1.0]])), Network([g, f])(np.array([[1.0]]))
    (array([[21.]]), array([[17.]]))
    >>> Network([f, g]).collapse().layers[0].W, Network([f, g]).collapse().layers[0].b
    (array([[12.]]), array([9.]))
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        inputs: dict[str, Any] | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        self._layers = checks.as_layers(layers)
        self.inputs = inputs
        self.classes = classes
        self.record: Options = {}
        self._scales_bytes = checks.byte_factor(self._layers) is not None
        self._engine: Engine | None = None  # for prediction, made when it is first needed

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers; their weights change in place, other layers are another Network."""
        return self._layers

    @property
    def classes(self) -> list[str] | None:
        """A name for each output (with one output, for no and for yes), or None.

        Raises InputError for another number of names than outputs.
        """
        return self._classes

    @classes.setter
    def classes(self, names: Sequence[str] | None) -> None:
        if names is not None and (isinstance(names, str) or not isinstance(names, Iterable)):
            raise InputError(
                'classes is a list of names, such as ["cat", "dog"]; got {got}', got=repr(names)
            )
        chosen = None if names is None else [str(name) for name in names]
        D = checks.input_width(self.layers)
        outputs = None if D is None else checks.widths(self.layers, D)[-1]
        if chosen is not None and outputs not in (None, len(chosen), 1):
            raise InputError("{got} class names for {K} outputs", got=len(chosen), K=outputs)
        self._classes = chosen

    # Answering

    def predict(self, x: Any) -> Array:
        """Give the answers (N, K) for x, (N, D), or (N, 28, 28) where the network begins with
        Flatten.

        A network that learned from a table takes tables and dataframes, too: columns are found by
        name, in any order. Bytes and other whole numbers are taken where the network scales them.
        Raises InputError for input that does not fit, and for values from 0 to 1 where the network
        scales bytes; the message says what to do.
        """
        x = x if self.inputs is None else self._rows(x)
        if self._scales_bytes:
            checks.check_scaled(self.layers, x)
        return self._predicting().predict(x)

    def __call__(self, x: Any) -> Array:
        """Do what `predict` does, so that a network is called like a function (and like PyTorch's
        modules).
        """
        return self.predict(x)

    def classify(self, x: Any) -> Array:
        """Give the class index of each row, (N,): the brightest output; with one output, whether it
        passes 0.5.

        Raises InputError that names the first row whose answer holds NaN: it has no class; and
        where the network learned numbers from a table.
        """
        return self.choose(self.predict(x))

    def labels(self, x: Any) -> list[str]:
        """Give the class name of each row; the index as text where the network has no names."""
        return [self.label(index) for index in self.classify(x)]

    def choose(self, y: Array) -> Array:
        """Give the class index of each row of answers y, (N, K), as `classify` does from x."""
        y = _answers(y)
        if ((self.inputs or {}).get("target") or {}).get("kind") == "values":
            raise InputError(
                "this network answers numbers, not classes: its answers are net.predict(x)"
            )
        if (bad := np.isnan(y).any(axis=1)).any():
            raise InputError("row {row} has no class: its answer holds NaN", row=int(bad.argmax()))
        one_sum = y.shape[1] == 1 and not (self.layers and isinstance(self.layers[-1], Sigmoid))
        return chosen_classes(functions.sigmoid(y) if one_sum else y)

    def label(self, index: int) -> str:
        """Give the name of a class index."""
        return (
            str(index)
            if self.classes is None or index >= len(self.classes)
            else self.classes[index]
        )

    def confidence(self, y: Array) -> Array:
        """Give how sure each row of answers y, (N, K), is of its class, (N,).

        For softmax (and for weighted sums, put through it) a probability; for independent sigmoids
        the brightest neuron's value, which is a degree of match and no probability; for one sigmoid
        y or 1 - y.
        """
        y = _answers(y)
        last = self.layers[-1] if self.layers else None
        if not isinstance(last, (Sigmoid, Softmax)):
            y = functions.softmax(y) if y.shape[1] > 1 else functions.sigmoid(y)
        return np.maximum(y[:, 0], 1 - y[:, 0]) if y.shape[1] == 1 else y.max(axis=1)

    def predictor(self) -> Callable[[Any], Array]:
        """Give a function of x that answers as `predict` does with the least overhead; safe from
        several threads.

        It is made for C-contiguous arrays as the network takes them: rows, (N, D), of its floating
        type, or bytes and pictures of bytes, (N, 28, 28), where it scales bytes. Anything else
        (lists, tables, other types) takes the way of `predict`, and raises what that raises. It
        answers for the layers as they are now: weights may change, layers may not.
        """
        return self._predicting().predictor(self.predict)

    # Looking inside and learning

    def forward(self, x: Any) -> Trace:
        """Give the trace of x: the list of every layer's output, as when answering.

        `trace.y` is the last.
        """
        x = checks.as_input(self.layers, self._rows(x))
        return ShownTrace.of(chain.forward(self.layers, x))

    def backward(self, trace: Trace, dy: Array) -> tuple[Array, list[Array]]:
        """Walk a trace from the end: give (dx, grads) for the gradient dy of a loss by `trace.y`.

        dx has the input's shape; grads is flat and fits `params`. Raises InputError for a trace of
        other layers, and for a gradient of another shape than `trace.y`.
        """
        dy = as_array(dy)
        if dy.shape != trace.y.shape or len(trace) != len(self.layers):
            raise InputError(
                "expected a trace of {layers} layers and a gradient of the shape of its answers, "
                "{shape}; "
                "got {got_layers} and {got}",
                layers=len(self.layers),
                shape=trace.y.shape,
                got_layers=len(trace),
                got=dy.shape,
            )
        dx, grads = chain.backward(self.layers, trace, dy)
        assert dx is not None
        return dx, grads

    @property
    def columns(self) -> Columns:
        """How a table becomes this network's inputs.

        Raises InputError where it learned from no table.
        """
        from pellucid.data.tables import Columns

        if not self._knows_columns:
            raise InputError(
                "this network knows no columns of a table: it learned from rows of numbers"
            )
        return Columns.from_dict(self.inputs, self.classes)

    @property
    def params(self) -> list[Array]:
        """The parameters, flat, layer by layer, W before b.

        Changing them in place changes the network.
        """
        return flat(layer.params for layer in self.layers)

    @property
    def parameter_count(self) -> int:
        """How many numbers are learned."""
        return sum(array.size for array in self.params)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating type in which the network computes."""
        return checks.dtype_of(self.layers)

    def summary(self) -> Summary:
        """Count parameters, multiplications and bytes, layer by layer.

        Runs nothing, changes nothing.
        """
        return Summary(self.layers)

    # Changing

    def freeze(self, *indices: int) -> None:
        """Keep the layers with these indices (all, when none is given) as they are in learning."""
        self._set_frozen(True, indices)

    def unfreeze(self, *indices: int) -> None:
        """Let the layers with these indices (all, when none is given) learn again."""
        self._set_frozen(False, indices)

    def collapse(self) -> Network:
        """Give a network in which neighbouring Affine layers are one, and Identity layers are gone:
        the same answers.

        (x W1 + b1) W2 + b2 = x (W1 W2) + (b1 W2 + b2), computed in float64. It is why networks need
        activations.
        """
        return Network(collapsed(self.layers), inputs=self.inputs, classes=self.classes)

    def copy(self) -> Network:
        """Give a network of its own arrays with the same numbers."""
        return copy.deepcopy(self)

    def astype(self, dtype: Any) -> Network:
        """Give a copy that computes in "float32" or "float64"."""
        wanted = floating_type(dtype)
        net = self.copy()
        for layer in net.layers:
            convert(layer, wanted)
        return net

    # File and face

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a .safetensors file, whole or not at all; the same network gives the
        same bytes.

        Raises FileError where it cannot be written, InputError where a weight is not finite.
        """
        _check_path(path)
        model.save(
            path,
            self.layers,
            {"inputs": self.inputs, "classes": self.classes, "record": self.record},
        )

    def __eq__(self, other: object) -> bool:
        """Tell whether the other is a network of the same layers with the same bits."""
        if not isinstance(other, Network):
            return NotImplemented
        return model.describe(self.layers) == model.describe(other.layers) and all(
            a.dtype == b.dtype and a.tobytes() == b.tobytes()
            for a, b in zip(_all_arrays(self), _all_arrays(other), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        summary = self.summary()
        lines = map(code_line, self.layers, summary.rows)
        count = say("{count:,} parameters", count=summary.parameters)
        return "\n".join(["Network([", *lines, f"])  # {count}"])

    def _repr_html_(self) -> str:
        return network_html(self.summary(), self.classes)

    def _predicting(self) -> Engine:
        """Return the engine for prediction; as structure is fixed, it is made once."""
        if self._engine is None:
            self._engine = make_engine(self.layers)
        return self._engine

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None}  # copies make their own

    @property
    def _knows_columns(self) -> bool:
        return (self.inputs or {}).get("kind") == "table"

    def _rows(self, x: Any) -> Any:
        """Give a table as rows of numbers, where this network learned from one.

        Anything else as it is.
        """
        if isinstance(x, np.ndarray) or not self._knows_columns:
            return x
        from pellucid.data.tables import is_table

        return self.columns.x(x, self.dtype) if is_table(x) else x

    def _set_frozen(self, frozen: bool, indices: Sequence[int]) -> None:
        for index in indices or range(len(self.layers)):
            if not isinstance(index, (int, np.integer)) or not -len(self.layers) <= index < len(
                self.layers
            ):
                raise InputError(
                    "there is no layer {index}: layers go from 0 to {last}",
                    index=repr(index),
                    last=len(self.layers) - 1,
                )
            self.layers[index].frozen = frozen


def load(path: str | os.PathLike[str]) -> Network:
    """Read a network from the file that `Network.save` wrote.

    Nothing in the file is trusted: layer names come from a fixed table, shapes are held against the
    architecture, sizes have limits, and no code is ever run. Raises FileError that names the file
    and what is wrong.
    """
    _check_path(path)
    layers, header = model.read(path)
    net = Network(layers, inputs=header["inputs"], classes=header["classes"])
    net.record = header["record"]
    if net._knows_columns:
        from pellucid.data.tables.columns import check_inputs

        check_inputs(path, net.inputs, net.classes, checks.input_width(layers))
    return net


def _answers(y: Any) -> Array:
    y = as_array(y)
    if y.ndim != 2 or y.shape[1] == 0:
        raise InputError(
            "expected answers of shape (N, K), got an array of shape {got}", got=y.shape
        )
    return y


def _check_path(path: Any) -> None:
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(
            'expected the path of a file, such as "net.safetensors"; got {got}', got=repr(path)
        )


def _all_arrays(net: Network) -> list[Array]:
    return flat(list(layer.arrays().values()) for layer in net.layers)
