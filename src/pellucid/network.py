"""Network: the face that binds layers, engine and file."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from pellucid.core import chain, checks, functions
from pellucid.core.chain import Trace
from pellucid.core.collapse import collapsed, convert, floating_type
from pellucid.core.layer import Layer
from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.members import alone, members_of
from pellucid.core.metrics import chosen_classes
from pellucid.core.types import Array, Options
from pellucid.core.uncertainty import Uncertainty, known
from pellucid.data.inputs import Images, Inputs, inputs_from
from pellucid.data.tables import Columns, Label, is_table
from pellucid.data.tables.numeric import numeric
from pellucid.display.summary import Summary, code_line, network_html
from pellucid.display.trace import ShownTrace
from pellucid.engines import Engine, make_engine
from pellucid.errors import InputError, StructureError
from pellucid.files import model
from pellucid.language import say


class Network:
    """A list of layers that predicts: `net(x)`. Structure is fixed, weights change in place.

    Parameters
    ----------
    layers
        Layers in the order in which x passes them, with arrays of one floating type.
    inputs
        What a row means: the pixels of `Images((28, 28))`, the `Columns` of a table, or None.
    classes
        A name for each output, or None.

    Attributes
    ----------
    record
        The record of the last training: data fingerprint, seed, versions, metrics.
    uncertainty
        What rows held out of the training tell of the errors (`Uncertainty`), or None.

    Raises InputError if adjacent layers do not fit or floating types differ.

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
        inputs: Inputs = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        self._layers = checks.as_layers(layers)
        self.inputs = inputs
        self.classes = classes
        self.record: Options = {}
        self.uncertainty: Uncertainty | None = None
        self._scales_bytes = checks.byte_factor(self._layers) is not None
        self._engine: Engine | None = None  # for prediction, made when it is first needed

    @property
    def layers(self) -> checks.Layers:
        """The layers; their weights change in place, other layers are another Network."""
        return self._layers

    @layers.setter
    def layers(self, layers: NoReturn) -> None:
        raise StructureError(
            "a network's layers are fixed: make another network, such as "
            "pl.Network([*net.layers[:-1], new])"
        )

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
        chosen = None if names is None else model.class_names(names)
        outputs = checks.output_count(self.layers)
        if chosen is not None and outputs not in (None, len(chosen), 1):
            raise InputError("{got} class names for {K} outputs", got=len(chosen), K=outputs)
        self._classes = chosen
        columns = self.inputs
        if chosen is not None and isinstance(columns, Columns) and columns.classes != chosen:
            self.inputs = replace(columns, classes=chosen)  # by which it reads targets

    @property
    def inputs(self) -> Inputs:
        """What a row means: the pixels of `Images`, the `Columns` of a table, or None.

        Raises InputError for anything else.
        """
        return self._inputs

    @inputs.setter
    def inputs(self, inputs: Inputs) -> None:
        if not (inputs is None or isinstance(inputs, (Images, Columns))):
            raise InputError(
                "inputs must be Images, Columns or None, got {got}", got=type(inputs).__name__
            )
        self._inputs = inputs

    @property
    def predicts_values(self) -> bool:
        """Whether the outputs are values of a table's target, in its own units, not classes."""
        return isinstance(self.inputs, Columns) and self.inputs.predicts_values

    # Prediction

    def predict(self, x: Any) -> Array:
        """Return the outputs, (N, K), for x, (N, D), or images (N, 28, 28) if Flatten comes first.

        A network trained on a table accepts tables and dataframes, too: columns are found by name,
        in any order, and NaN is a missing cell. A row may be a dict, {"age": 40, "city": "Seoul"}.
        Bytes and other whole numbers are accepted if the network scales them. Raises InputError for
        what does not fit, NaN, infinity, outputs beyond the network's type, and values from 0 to 1
        if the network scales bytes.
        """
        x = x if self._inputs is None else self._rows(x)
        if self._scales_bytes:
            checks.check_scaled(self.layers, x)
        return self._predicting().predict_finite(x)

    def __call__(self, x: Any) -> Array:
        """Return what `predict` returns: a network is called like a function."""
        return self.predict(x)

    def classify(self, x: Any) -> Array:
        """Return the class index of each row, (N,): the highest output, of one output 0.5 or more.

        Raises InputError where `predict` does, and for a network that predicts values of a table.
        """
        return self.choose(self.predict(x))

    def labels(self, x: Any) -> list[Label]:
        """Return each row's class: a name, a table's number or truth value, or an index as text."""
        return self._as_labels(self.classify(x))

    def choose(self, y: Array) -> Array:
        """Return the class index of each row of outputs y, (N, K), as `classify` does for x."""
        y = checks.as_outputs(y)
        if self.predicts_values:
            raise InputError("this network predicts values, not classes: use net.predict(x)")
        if not (fine := np.isfinite(y).all(axis=1)).all():
            template = "row {row} has no class: its outputs hold NaN or infinity"
            raise InputError(template, row=int(fine.argmin()))
        one_logit = y.shape[1] == 1 and not (self.layers and isinstance(self.layers[-1], Sigmoid))
        return chosen_classes(functions.sigmoid(y) if one_logit else y)

    def label(self, index: int) -> str:
        """Return the name of a class index."""
        named = self.classes is not None and index < len(self.classes)
        return self.classes[index] if self.classes is not None and named else str(index)

    def confidence(self, y: Array) -> Array:
        """Return the confidence of each row of outputs y, (N, K), in its class, (N,).

        For softmax (and logits, after softmax) a probability; for independent sigmoids the highest
        output, which is a degree of match and no probability; for one sigmoid y or 1 - y.
        """
        y = checks.as_outputs(y)
        last = self.layers[-1] if self.layers else None
        if not isinstance(last, (Sigmoid, Softmax)):
            y = functions.softmax(y) if y.shape[1] > 1 else functions.sigmoid(y)
        return np.maximum(y[:, 0], 1 - y[:, 0]) if y.shape[1] == 1 else y.max(axis=1)

    def interval(self, x: Any, level: float = 0.9) -> tuple[Array, Array]:
        """Return the lowest and highest value, (N, K) float64 each, of intervals that hold the
        target in a share `level` of rows like those of training, all kinds of rows together.

        Raises InputError for classes, and where no rows were held out of the training.
        """
        return known(self.uncertainty).interval(self.predict(x), level)

    def class_sets(self, x: Any, level: float = 0.9) -> list[list[Label]]:
        """Return classes for each row, the most likely first, that hold the right one in a share
        `level` of the rows at least; raises InputError as `interval` does, and for values.
        """
        return self.sets_of(self.predict(x), level)

    def sets_of(self, y: Array, level: float) -> list[list[Label]]:
        """Return the classes of each row of outputs y, (N, K), as `class_sets` does for x."""
        sets = known(self.uncertainty).class_lists(self.layers, checks.as_outputs(y), level)
        return [self._as_labels(indices) for indices in sets]

    def predictor(self) -> Callable[[Any], Array]:
        """Return a function of x that predicts as `predict` does, with the least overhead.

        It is made for C-contiguous rows, (N, D), of the network's floating type, or bytes and
        images of bytes, (N, 28, 28), if the network scales bytes. Anything else (lists, tables,
        other types) goes through `predict`, and raises what that raises. It is safe from several
        threads and sees weights change.
        """
        return self._predicting().predictor(self.predict)

    # Passes

    def forward(self, x: Any) -> Trace:
        """Return the trace of x: every layer's output as in prediction; `trace.y` is the last."""
        x = checks.finite_input(self.layers, self._rows(x))
        return ShownTrace.of(chain.forward(self.layers, x))

    def backward(self, trace: Trace, dy: Array) -> tuple[Array, list[Array]]:
        """Return (dx, grads) for dy, the gradient of a loss with respect to `trace.y`.

        dx has the input's shape; grads is flat and fits `params`. Raises InputError for a trace of
        other layers and for dy of another shape than `trace.y`.
        """
        if not hasattr(trace, "input_of"):
            template = "pass the trace of net.forward(x), got {got}"
            raise InputError(template, got=type(trace).__name__)
        dy = checks.gradient_of(trace.y, len(trace), len(self.layers), dy)
        dx, grads = chain.backward(self.layers, trace, dy)
        assert dx is not None
        return dx, grads

    @property
    def columns(self) -> Columns:
        """The columns of the table that the network was trained on.

        Raises InputError for a network that was not trained on a table.
        """
        if not isinstance(self.inputs, Columns):
            raise InputError("this network has no columns: it was not trained on a table")
        return self.inputs

    @property
    def members(self) -> tuple[Network, ...]:
        """The members of an ensemble (see `Members`) as networks, which share its layers."""
        found = members_of(self.layers)
        each = (alone(self.layers, m) for m in range(0 if found is None else found.count))
        return tuple(Network(own, inputs=self.inputs, classes=self.classes) for own in each)

    @property
    def params(self) -> list[Array]:
        """The parameters, flat, layer by layer, W before b; they change in place."""
        return list(self._layers.params)

    @property
    def parameter_count(self) -> int:
        """The number of parameters, each weight and bias counted."""
        return sum(array.size for array in self._layers.params)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating type of the network, float32 or float64."""
        return checks.dtype_of(self.layers)

    def summary(self) -> Summary:
        """Return the parameters, multiplications and bytes of each layer."""
        return Summary(self.layers)

    # Other networks

    def freeze(self, *indices: int) -> None:
        """Exclude the layers with these indices (all, without any) from the next training on."""
        checks.set_frozen(self.layers, True, indices)

    def unfreeze(self, *indices: int) -> None:
        """Include the layers with these indices (all, without any) from the next training on."""
        checks.set_frozen(self.layers, False, indices)

    def collapse(self) -> Network:
        """Return the same function with adjacent Affine layers as one and no Identity layers.

        (x W1 + b1) W2 + b2 = x (W1 W2) + (b1 W2 + b2), computed in float64. It is why networks need
        activations.
        """
        return Network(collapsed(self.layers), inputs=self.inputs, classes=self.classes)

    def copy(self) -> Network:
        """Return a network with arrays of its own and the same values."""
        return copy.deepcopy(self)

    def astype(self, dtype: Any) -> Network:
        """Return a copy in "float32" or "float64"."""
        wanted = floating_type(dtype)
        net = self.copy()
        for layer in net.layers:
            convert(layer, wanted)
        return net

    # File and text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a .safetensors file, whole or not at all.

        The same network makes the same bytes. Raises FileError if it cannot be written, InputError
        if a weight is not finite.
        """
        model.check_path(path)
        model.save(path, self.layers, self.header())

    def header(self) -> Options:
        """Return what a file keeps beside the layers, as JSON can hold it; `restored` reads it."""
        inputs = None if self.inputs is None else self.inputs.to_dict()
        more = {} if self.uncertainty is None else {"uncertainty": self.uncertainty.to_dict()}
        return {"inputs": inputs, "classes": self.classes, "record": self.record, **more}

    def __eq__(self, other: object) -> bool:
        """Return whether the other is a network of the same layers with the same bits."""
        if not isinstance(other, Network):
            return NotImplemented
        return model.describe(self.layers) == model.describe(other.layers) and all(
            a.dtype == b.dtype and a.tobytes() == b.tobytes()
            for a, b in zip(self.layers.arrays, other.layers.arrays, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        summary = self.summary()
        lines = map(code_line, self.layers, summary.rows)
        count = say("{count:,} parameters", count=summary.parameters)
        return "\n".join(["Network([", *lines, f"])  # {count}"])

    def _repr_html_(self) -> str:
        return network_html(self.summary(), self.classes)

    def _as_labels(self, indices: Iterable[int]) -> list[Label]:
        names = [self.label(index) for index in indices]
        return self._inputs.labels(names) if isinstance(self._inputs, Columns) else [*names]

    def _predicting(self) -> Engine:
        """Return the engine for prediction; as structure is fixed, it is made once."""
        if self._engine is None:
            self._engine = make_engine(self.layers)
        return self._engine

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None}  # copies make their own

    def _rows(self, x: Any) -> Any:
        """Return a table as rows of numbers if this network has columns, anything else as it is."""
        # An array is asked first: `is_table` costs more than a small network's prediction.
        if isinstance(x, np.ndarray) or not isinstance(self.inputs, Columns) or not is_table(x):
            return x
        return self.inputs.x(x, self.dtype)


def load(path: str | os.PathLike[str]) -> Network:
    """Read a network from the file that `Network.save` wrote.

    Nothing in the file is trusted: layer names come from a fixed table, shapes must fit the
    architecture, sizes have limits, and no code is ever run. Raises FileError for a file that is
    missing, damaged or of another format.
    """
    model.check_path(path)
    layers, header = model.read(path)
    try:
        return restored(layers, header)
    except InputError as error:
        raise model.unusable(path, error) from error


def restored(layers: Sequence[Layer], header: Options) -> Network:
    """Return the network of a file's layers and the result of `Network.header`, trusting nothing.

    Raises InputError for inputs that do not fit.
    """
    inputs = inputs_from(header["inputs"], header["classes"], checks.input_width(layers))
    net = Network(layers, inputs=inputs, classes=header["classes"])
    net.record = header["record"]
    if (entry := header.get("uncertainty")) is not None:
        count = len(numeric(inputs)) if isinstance(inputs, Columns) else 0
        net.uncertainty = Uncertainty.from_dict(entry, checks.output_count(net.layers), count)
    return net
