"""Network: the face that binds layers, engine and file; and `mlp`, which builds the usual ones."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pellucid.core import ACTIVATIONS, chain, functions
from pellucid.core.chain import Trace
from pellucid.core.composite import Dropout
from pellucid.core.initializers import INITIALIZERS, Initializer
from pellucid.core.layer import Layer, every, flat
from pellucid.core.layers import Affine, Identity, Sigmoid, Softmax
from pellucid.core.metrics import chosen_classes
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.preparation import Flatten, Scale
from pellucid.core.summary import Summary
from pellucid.core.types import Array, Options
from pellucid.engines import Engine, make_engine
from pellucid.errors import InputError
from pellucid.files import model
from pellucid.language import say


class Network:
    """A list of layers that answers: `net(x)`.

    Parameters
    ----------
    layers
        Layers in the order in which x passes them. Their arrays must be of one floating type.
    inputs
        What a row is before it becomes numbers, for people and commands: {"kind": "pictures", "shape": [28, 28]}.
    classes
        A name for each output, or None.

    Attributes
    ----------
    record
        What `train` writes down about the learning: data fingerprint, seed, versions, metrics.

    Raises InputError when neighbouring layers do not fit, or floating types differ.

    >>> import numpy as np
    >>> net = Network([Affine([[3.0]], [2.0]), Affine([[4.0]], [1.0])])
    >>> net(np.array([[1.0]]))
    array([[21.]])
    >>> net.collapse().layers[0].W, net.collapse().layers[0].b
    (array([[12.]]), array([9.]))
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        inputs: dict[str, Any] | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        self.layers = list(layers)
        self.inputs = inputs
        self.classes = None if classes is None else [str(name) for name in classes]
        self.record: Options = {}
        self._engine: tuple[list[tuple[int, int]], Engine] | None = None
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise InputError(
                    say("a network is made of layers such as pl.Affine(W, b); got {kind}", kind=type(layer).__name__)
                )
        chain.dtype_of(self.layers)
        D = chain.input_width(self.layers)
        outputs = None if D is None else chain.widths(self.layers, D)[-1]
        if self.classes is not None and outputs not in (None, len(self.classes), 1):
            raise InputError(say("{got} class names for {K} outputs", got=len(self.classes), K=outputs))

    # Answering

    def predict(self, x: Any) -> Array:
        """Give the answers (N, K) for x, (N, D), or (N, 28, 28) where the network begins with Flatten.

        Bytes and other whole numbers are taken where the network scales them. Raises InputError for input that does
        not fit; the message says what to do.
        """
        return self._answering().answer(x)

    def __call__(self, x: Any) -> Array:
        """Do what `predict` does, so that a network is called like a function (and like PyTorch's modules)."""
        return self.predict(x)

    def classify(self, x: Any) -> Array:
        """Give the class index of each row, (N,): the brightest output; with one output, whether it passes 0.5."""
        return self.choose(self.predict(x))

    def labels(self, x: Any) -> list[str]:
        """Give the class name of each row; the index as text where the network has no names."""
        return [self.label(index) for index in self.classify(x)]

    def choose(self, y: Array) -> Array:
        """Give the class index of each row of answers y, (N, K), as `classify` does from x."""
        one_sum = y.shape[1] == 1 and not isinstance(self.layers[-1], Sigmoid)
        return chosen_classes(functions.sigmoid(y) if one_sum else y)

    def label(self, index: int) -> str:
        """Give the name of a class index."""
        return str(index) if self.classes is None else self.classes[index]

    def confidence(self, y: Array) -> Array:
        """Give how sure each row of answers y, (N, K), is of its class, (N,).

        For softmax (and for weighted sums, put through it) a probability; for independent sigmoids the brightest
        neuron's value, which is a degree of match and no probability; for one sigmoid y or 1 - y.
        """
        last = self.layers[-1] if self.layers else None
        if not isinstance(last, (Sigmoid, Softmax)):
            y = functions.softmax(y) if y.shape[1] > 1 else functions.sigmoid(y)
        return np.maximum(y[:, 0], 1 - y[:, 0]) if y.shape[1] == 1 else y.max(axis=1)

    def predictor(self) -> Callable[[Any], Array]:
        """Give a function of x that answers as `predict` does with the least overhead; safe from several threads.

        It takes C-contiguous arrays of the network's floating type and shape (N, D), for the layers as they are now.
        """
        return self._answering().predictor()

    # Looking inside and learning

    def forward(self, x: Any) -> Trace:
        """Give the trace of x: the list of every layer's output, as when answering; `trace.y` is the last."""
        return chain.forward(self.layers, chain.as_input(self.layers, x))

    def backward(self, trace: Trace, dy: Array) -> tuple[Array, list[Array]]:
        """Walk a trace from the end: give (dx, grads) for the gradient dy of a loss by `trace.y`.

        dx has the input's shape; grads is flat and fits `params`.
        """
        dx, grads = chain.backward(self.layers, trace, dy)
        assert dx is not None
        return dx, grads

    @property
    def params(self) -> list[Array]:
        """The parameters, flat, layer by layer, W before b; changing them in place changes the network."""
        return flat(layer.params for layer in self.layers)

    @property
    def parameter_count(self) -> int:
        """How many numbers are learned."""
        return sum(array.size for array in self.params)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating type in which the network computes."""
        return chain.dtype_of(self.layers)

    def summary(self) -> Summary:
        """Count parameters, multiplications and bytes, layer by layer; runs nothing, changes nothing."""
        return Summary(self.layers)

    # Changing

    def freeze(self, *indices: int) -> None:
        """Keep the layers with these indices (all, when none is given) as they are in learning."""
        self._set_frozen(True, indices)

    def unfreeze(self, *indices: int) -> None:
        """Let the layers with these indices (all, when none is given) learn again."""
        self._set_frozen(False, indices)

    def collapse(self) -> Network:
        """Give a network in which neighbouring Affine layers are one, and Identity layers are gone: the same answers.

        (x W1 + b1) W2 + b2 = x (W1 W2) + (b1 W2 + b2), computed in float64. It is why networks need activations.
        """
        layers: list[Layer] = []
        for layer in copy.deepcopy(self.layers):
            if isinstance(layer, Identity):
                continue
            if isinstance(layer, Affine) and layers and isinstance(layers[-1], Affine):
                layer = _product(layers.pop(), layer)  # type: ignore[arg-type]
            layers.append(layer)
        return Network(layers, inputs=self.inputs, classes=self.classes)

    def copy(self) -> Network:
        """Give a network of its own arrays with the same numbers."""
        return copy.deepcopy(self)

    def astype(self, dtype: Any) -> Network:
        """Give a copy that computes in "float32" or "float64"."""
        wanted = floating_type(dtype)
        net = self.copy()
        for layer in net.layers:
            _convert(layer, wanted)
        return net

    # File and face

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a .safetensors file, whole or not at all; the same network gives the same bytes.

        Raises FileError where it cannot be written, InputError where a weight is not finite.
        """
        model.save(path, self.layers, {"inputs": self.inputs, "classes": self.classes, "record": self.record})

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
        rows = self.summary().rows
        lines = []
        for layer, row in zip(self.layers, rows, strict=True):
            code = f"{layer!r},"
            lines.append(
                f"    {code:<24}  # {row.inputs} -> {row.outputs}: {row.parameters:,}"
                if row.parameters
                else f"    {code}"
            )
        return "\n".join(["Network([", *lines, f"])  # {self.parameter_count:,} {say('parameters')}"])

    def _answering(self) -> Engine:
        """Give the engine that answers; it is made anew when a layer was exchanged or its settings changed."""
        key = [(id(layer), layer.version) for layer in every(self.layers)]
        if self._engine is None or self._engine[0] != key:
            self._engine = key, make_engine(self.layers)
        return self._engine[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None}  # copies make their own

    def _set_frozen(self, frozen: bool, indices: Sequence[int]) -> None:
        for index in indices or range(len(self.layers)):
            if not -len(self.layers) <= index < len(self.layers):
                raise InputError(
                    say("there is no layer {index}: layers go from 0 to {last}", index=index, last=len(self.layers) - 1)
                )
            self.layers[index].frozen = frozen


def mlp(
    widths: Sequence[int],
    activation: str = "relu",
    output: str = "identity",
    *,
    initializer: str | Initializer = "auto",
    dropout: float = 0.0,
    normalization: str | None = None,
    pixels: bool = False,
    seed: int = 0,
    dtype: Any = np.float32,
) -> Network:
    """Build a dense network: Affine layers of the given widths with an activation after each.

    Parameters
    ----------
    widths
        Neurons in each neuron layer, inputs first: [784, 16, 16, 10].
    activation, output
        Names of activations (`ACTIVATIONS`) for the hidden layers and for the last: "sigmoid", "relu", "softmax", ...
        "identity" adds no layer.
    initializer
        A name from `INITIALIZERS` or a function (D, H, generator) -> (W, b). "auto" is He's (normal) below ReLU's kin,
        Glorot's (uniform) elsewhere.
    dropout
        Share of hidden neurons that are switched off while learning.
    normalization
        "batch" or "layer" between each hidden Affine layer and its activation, or None. Affine layers below BatchNorm
        have no bias.
    pixels
        Put Flatten() and Scale(1 / 255) in front, so that the network takes pictures as bytes.
    seed
        From which the initial weights are drawn.
    dtype
        "float32" or "float64".

    Raises InputError for unknown names and impossible widths.

    >>> mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid").parameter_count
    13002
    """
    sizes = [_whole_width(width) for width in widths]
    if len(sizes) < 2:
        raise InputError(
            say("a network needs at least inputs and outputs, such as [784, 10]; got {got}", got=list(widths))
        )
    hidden, last = _named("activation", activation, ACTIVATIONS), _named("output", output, ACTIVATIONS)
    normalizations: dict[str | None, type[BatchNorm] | type[LayerNorm] | None]
    normalizations = {None: None, "batch": BatchNorm, "layer": LayerNorm}
    between = _named("normalization", normalization, normalizations)
    start = _initializer(initializer, activation)
    generator = np.random.default_rng(seed)
    layers: list[Layer] = [Flatten(), Scale(1 / 255)] if pixels else []
    kind = floating_type(dtype)
    for index, (D, H) in enumerate(pairwise(sizes)):
        W, b = start(D, H, generator)
        # BatchNorm takes the mean away, and any bias with it: a bias below it could only drift.
        biased = between is not BatchNorm or index == len(sizes) - 2
        layers.append(Affine(W.astype(kind), b.astype(kind) if biased else None))
        if index == len(sizes) - 2:
            layers += [] if last is Identity else [last()]
            break
        layers += [] if between is None else [between(np.ones(H, kind))]
        layers += [] if hidden is Identity else [hidden()]
        layers += [Dropout(dropout)] if dropout else []
    return Network(layers)


def load(path: str | os.PathLike[str]) -> Network:
    """Read a network from the file that `Network.save` wrote.

    Nothing in the file is trusted: layer names come from a fixed table, shapes are held against the architecture,
    sizes have limits, and no code is ever run. Raises FileError that names the file and what is wrong.
    """
    layers, header = model.read(path)
    net = Network(layers, inputs=header["inputs"], classes=header["classes"])
    net.record = header["record"]
    return net


def floating_type(dtype: Any) -> np.dtype[Any]:
    """Give NumPy's float32 or float64 for its name; raises InputError for any other."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found not in (np.float32, np.float64):
        raise InputError(say('dtype is "float32" or "float64", not {got}', got=dtype))
    return found


def _product(first: Affine, second: Affine) -> Affine:
    W1, W2 = first.W.astype(np.float64), second.W.astype(np.float64)
    b = np.zeros(second.W.shape[1]) if second.b is None else second.b.astype(np.float64)
    if first.b is not None:
        b = b + first.b.astype(np.float64) @ W2
    no_bias = first.b is None and second.b is None
    return Affine((W1 @ W2).astype(first.W.dtype), None if no_bias else b)


def _convert(layer: Layer, dtype: np.dtype[Any]) -> None:
    for inner in layer.inner:
        _convert(inner, dtype)
    for name in layer.parameter_names + layer.buffer_names:
        if (array := layer.__dict__[name]) is not None:
            layer.__dict__[name] = array.astype(dtype)


def _all_arrays(net: Network) -> list[Array]:
    return flat(list(layer.arrays().values()) for layer in net.layers)


def _named(what: str, name: Any, known: dict[Any, Any]) -> Any:
    try:
        return known[name]
    except (KeyError, TypeError):
        names = ", ".join(str(key) for key in known)
        raise InputError(say("{what} is one of {known}; not {got}", what=what, known=names, got=repr(name))) from None


def _initializer(initializer: str | Initializer, activation: str) -> Initializer:
    if callable(initializer):
        return initializer
    if initializer == "auto":
        rectified = ("relu", "leaky_relu", "gelu", "silu", "softplus")
        initializer = "he_normal" if activation in rectified else "glorot_uniform"
    found: Initializer = _named("initializer", initializer, INITIALIZERS)
    return found


def _whole_width(width: Any) -> int:
    if not isinstance(width, (int, np.integer)) or isinstance(width, bool) or width < 1:
        raise InputError(say("a width is a whole number of 1 or more, not {got}", got=repr(width)))
    return int(width)
