"""The native engine: core's passes in C++, in place, compiled for each instruction set and chosen
at run time.

It gives what the reference engine gives, to rounding. Layers and optimizers of a user's own are not
native (`why_not` says so, and "auto" takes the reference engine then); a loss of a user's own runs
in Python, between the native forward and the native backward pass.
"""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Callable, Sequence
from functools import cache
from itertools import compress
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from pellucid.core import LAYERS, chain, checks
from pellucid.core.arrays import as_array
from pellucid.core.layer import Layer, flat, walk
from pellucid.core.losses import LOSSES, CrossEntropy, Loss, RowLoss
from pellucid.core.optimizers import OPTIMIZERS, Optimizer, State
from pellucid.core.preparation import Flatten
from pellucid.core.targets import one_hot
from pellucid.core.types import Array, Options
from pellucid.engines.protocol import Ridge, learn_one_by_one, trainable_weights
from pellucid.errors import InputError, Message

INSTRUCTION_SETS = ("avx512", "avx2", "baseline")  # the best first

_MOST_THREADS = (
    256  # more than pay for any network of this kind; results do not depend on how many there are
)

_TAKEN_AS_IT_IS = frozenset(np.dtype(kind) for kind in (np.uint8, np.float32, np.float64))


@cache
def native_module() -> ModuleType | None:
    """Give the compiled module for this processor, or None where there is none in this
    installation.

    PELLUCID_INSTRUCTIONS ("avx512", "avx2" or "baseline") forces a set; raises InputError if it
    cannot run here.
    """
    try:
        baseline = importlib.import_module("pellucid.engines._native_baseline")
        runnable = [name for name in INSTRUCTION_SETS if baseline.supported(name)]
    except ImportError:  # there is no such module, or this is a subinterpreter
        return None
    wanted = os.environ.get("PELLUCID_INSTRUCTIONS", "").strip().lower()
    if wanted and wanted not in runnable:
        raise InputError(
            "PELLUCID_INSTRUCTIONS is one of {known} on this processor, not {got}",
            known=", ".join(runnable),
            got=repr(os.environ["PELLUCID_INSTRUCTIONS"]),
        )
    return importlib.import_module(f"pellucid.engines._native_{wanted or runnable[0]}")


def instruction_set() -> str | None:
    """Give the name of the instruction set that is in use, or None without a native engine."""
    module = native_module()
    return None if module is None else module.__name__.rpartition("_")[2]


def why_not(layers: Sequence[Layer], optimizer: Optimizer | None = None) -> Message | None:
    """Say why these layers and this optimizer cannot be native here, or None if they can."""
    if native_module() is None:
        return Message("the native engine is not in this installation")
    for layer in walk(layers):
        if LAYERS.get(type(layer).__name__) is not type(layer):
            return Message("{layer} is a layer of your own", layer=type(layer).__name__)
    if optimizer is not None and type(optimizer) not in OPTIMIZERS.values():
        return Message(
            "{optimizer} is an optimizer of your own", optimizer=type(optimizer).__name__
        )
    if checks.input_width(layers) is None:
        return Message("no layer tells how many inputs there are")
    return None


class NativeEngine:
    """Answers and learns in C++; see `Engine` for the contract, and `ReferenceEngine` for the
    arguments.

    `threads` share out the tiles of large products and the rows of large answers; results do not
    depend on them. Inputs that are 0 may be skipped: only in that a weight of infinity or NaN there
    adds nothing, where NumPy's 0 times it is NaN, can answers differ from the reference's by more
    than rounding.
    """

    name: ClassVar[str] = "native"

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: Loss | None = None,
        optimizer: Optimizer | None = None,
        seed: int = 0,
        threads: int = 1,
    ) -> None:
        D = checks.input_width(layers)
        assert D is not None, "ask why_not first"
        self.layers, self.loss = list(layers), loss
        self.dtype = checks.dtype_of(layers)
        self.learning_rate = 0.0 if optimizer is None else optimizer.learning_rate
        self._depth = len(self.layers) if loss is None else chain.loss_depth(layers, loss)
        self._D, self._widths = D, [D, *checks.widths(layers, D)]
        self._K = self._widths[self._depth]  # of what the loss takes
        self._flattens = isinstance(self.layers[0], Flatten)
        self._takes = (
            _TAKEN_AS_IT_IS if checks.scales(layers) else _TAKEN_AS_IT_IS - {np.dtype(np.uint8)}
        )
        self._own_loss = loss is not None and type(loss) not in LOSSES.values()
        self._classes_fit = loss is not None and not self._own_loss and _takes_classes(loss)
        learns = list(compress(flat(layer.params for layer in layers), chain.trainable(layers)))
        self.state: State = {"step": 0} if optimizer is None else optimizer.start(learns)
        self._optimizer, self._seed, self._threads = (
            optimizer,
            seed & 0xFFFFFFFFFFFFFFFF,
            min(threads, _MOST_THREADS),
        )
        self._slots = [name for name in self.state if name != "step"]
        self._make()

    def _make(self) -> None:
        """Make the C++ engine of the layers, settings and memory as they are now."""
        module = native_module()
        assert module is not None, "ask why_not first"
        self._engine = module.make_engine(
            float64=self.dtype == np.float64,
            layers=_layer_specs(self.layers, self._D),
            loss="" if self.loss is None or self._own_loss else type(self.loss).__name__,
            loss_options=self.loss.options() if isinstance(self.loss, RowLoss) else {},
            optimizer=None
            if self._optimizer is None
            else _optimizer_spec(self._optimizer, self.state),
            depth=self._depth,
            seed=self._seed,
            threads=self._threads,
        )

    def answer(self, x: Any) -> Array:
        """Give the answers for x, (N, K)."""
        x = self._input(x if type(x) is np.ndarray else as_array(x))
        y = np.empty((len(x), self._widths[-1]), self.dtype)
        self._engine.predict(x, y)
        return y

    def predictor(self, otherwise: Callable[[Any], Array] | None = None) -> Callable[[Any], Array]:
        """Give a function that answers rows, C-contiguous, with the least overhead; see
        `Engine.predictor`.

        Rows are ordinary in the layers' floating type, and as bytes where the layers scale; but
        where they scale bytes, floats may be such as were scaled already, which is for `otherwise`
        to see.
        """
        module = native_module()
        assert module is not None, "ask why_not first"
        floats, scales = checks.byte_factor(self.layers) is None, np.dtype(np.uint8) in self._takes
        predict: Callable[[Any], Array] = module.make_predictor(
            self._engine,
            otherwise or self.answer,
            floats=floats,
            bytes=scales,
            images=self._flattens,
        )
        return predict

    def gradients(
        self, x: Array, t: Array, weights: Array | None = None, rows: Array | None = None
    ) -> tuple[float, list[Array], Array]:
        """Give (loss, grads, y) of one batch; see `Engine.gradients`."""
        if self._own_loss:
            loss, y = self._with_own_loss(x, t, weights, rows)
        else:
            batch = self._batch(x, t, weights, rows)
            y = self._room(batch.N)
            loss = self._refused_in_words(
                batch, self._engine.gradients, *batch, self.state["step"], y
            )
        grads = [np.empty_like(p) for p in flat(layer.params for layer in self.layers)]
        self._engine.read_gradients(grads)
        return loss, grads, y

    def update(self, grads: list[Array]) -> None:
        """Move the parameters by one step; see `Engine.update`."""
        self._engine.write_gradients([_own_layout(g, self.dtype) for g in grads])
        self._step()

    def learn(
        self, x: Array, t: Array, weights: Array | None = None, rows: Array | None = None
    ) -> tuple[float, Array]:
        """Do `gradients`, then `update`, in one call; see `Engine.learn`."""
        if self._own_loss:
            return self._learn_by_own_loss(x, t, weights, rows)
        batch = self._batch(x, t, weights, rows)
        losses, y = self._learn(batch, max(1, batch.N), [self.learning_rate])
        return losses[0], y

    def learn_batches(
        self,
        x: Array,
        t: Array,
        weights: Array | None,
        rows: Array | None,
        batch_size: int,
        rates: Sequence[float],
        ridge: Ridge | None = None,
        answers: bool = True,
    ) -> tuple[list[float], Array]:
        """Learn batch after batch in one call; see `Engine.learn_batches`."""
        if self._own_loss:
            learned, learn = trainable_weights(self.layers), self._learn_by_own_loss
            return learn_one_by_one(
                self, learn, learned, x, t, weights, rows, batch_size, rates, ridge, answers
            )
        return self._learn(self._batch(x, t, weights, rows), batch_size, rates, ridge, answers)

    def _input(self, x: Array) -> Array:
        """Give x as the C++ side takes it.

        As it is, where that will do, else turned or refused as core does.
        """
        return x if self._plain(x) else _own_layout(checks.as_input(self.layers, x))

    def _plain(self, x: Array) -> bool:
        if x.ndim == 2:
            fits = x.shape[1] == self._D
        else:
            fits = x.ndim > 2 and self._flattens and math.prod(x.shape[1:]) == self._D
        flags = x.flags
        return fits and x.dtype in self._takes and flags.c_contiguous and flags.aligned

    def _batch(self, x: Array, t: Array, weights: Array | None, rows: Array | None) -> _Batch:
        if not self._plain(x):  # gathered and turned here, as the reference engine does
            if rows is not None:
                x, t = x[rows], t[rows]
                weights = None if weights is None else weights[rows]
            x, rows = _own_layout(checks.as_input(self.layers, x)), None
        classes, values = (None, None) if self._own_loss else self._targets(t, len(x))
        weights = None if weights is None else _own_layout(weights, np.float64)
        return _Batch(x, classes, values, weights, None if rows is None else _places(rows, len(x)))

    def _targets(self, t: Array, N: int) -> tuple[Array | None, Array | None]:
        """Give class indices, or else values, (N, K).

        Raises core's InputError for what core does not take.
        """
        one_line = t.ndim == 1
        if one_line and self._classes_fit and self._K > 1 and t.dtype.kind in "iu":
            return _own_layout(t, np.int64), None
        chooses = isinstance(
            self.loss, CrossEntropy
        )  # whose targets in a line are classes even of one output
        if one_line and self._K == 1 and not chooses:
            t = t[:, None]
        elif one_line or t.ndim != 2 or t.shape[1] != self._K:
            assert self.loss is not None
            y = np.zeros((N, self._K), self.dtype)
            self.loss.value(y, t)
            t = one_hot(t, y)  # classes as booleans or whole floats
        return None, _own_layout(t, self.dtype)

    def _room(self, N: int) -> Array:
        return np.empty((N, self._widths[-1]), self.dtype)

    def _learn(
        self,
        rows: _Batch,
        batch_size: int,
        rates: Sequence[float],
        ridge: Ridge | None = None,
        answers: bool = True,
    ) -> tuple[list[float], Array]:
        y = self._room(rows.N if answers else 0)
        losses, step, each = np.zeros(len(rates)), self.state["step"], np.asarray(rates, np.float64)
        given = (*rows, batch_size, step, each, losses, y if answers else None, *(ridge or ()))
        done = self._refused_in_words(rows, self._engine.train_steps, *given)
        self.learning_rate = rates[done - 1]
        self.state["step"] = step + done - (not math.isfinite(losses[done - 1]))
        return losses[:done].tolist(), y

    def _refused_in_words(self, batch: _Batch, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call C++; targets that it refuses are refused in core's words."""
        try:
            return call(*arguments)
        except (TypeError, ValueError):
            t = batch.classes if batch.values is None else batch.values
            if self.loss is not None and t is not None:
                t = t if batch.rows is None else t[batch.rows]
                self.loss.value(np.zeros((batch.N, self._K), self.dtype), t)
            raise

    def _learn_by_own_loss(
        self, x: Array, t: Array, weights: Array | None, rows: Array | None, l2: float = 0.0
    ) -> tuple[float, Array]:
        loss, y = self._with_own_loss(x, t, weights, rows)
        if math.isfinite(loss):
            self._step(l2)
        return loss, y

    def _with_own_loss(
        self, x: Array, t: Array, weights: Array | None, rows: Array | None
    ) -> tuple[float, Array]:
        """Run a loss of the user's own between the native forward and the native backward pass."""
        assert self.loss is not None
        batch = self._batch(x, t, weights, rows)
        y = self._room(batch.N)
        sums = np.empty((len(y), self._K), self.dtype)
        self._engine.forward(batch.x, batch.rows, self.state["step"], sums, y)
        if rows is not None:
            t, weights = t[rows], None if weights is None else weights[rows]
        loss = self.loss.value(sums, t, weights)
        self._engine.backward(_own_layout(self.loss.gradient(sums, t, weights), self.dtype))
        if math.isfinite(loss):
            self._engine.observe()
        return loss, y

    def _step(self, l2: float = 0.0) -> None:
        self.state["step"] += 1
        self._engine.update(self.learning_rate, self.state["step"], l2)


class _Batch(NamedTuple):
    """One batch as the C++ side takes it; targets are class indices or values."""

    x: Array
    classes: Array | None
    values: Array | None
    weights: Array | None
    rows: Array | None

    @property
    def N(self) -> int:
        """How many rows are meant."""
        return len(self.x if self.rows is None else self.rows)


def _places(rows: Array, N: int) -> Array:
    """Give rows as places from 0 to N - 1.

    Masks, and numbers that count from the end, are turned as NumPy has them.
    """
    if rows.dtype.kind not in "iu" or (rows.size > 0 and rows.min() < 0):
        rows = np.arange(N)[rows]
    return _own_layout(rows, np.int64)


def _own_layout(array: Array, dtype: DTypeLike = None) -> Array:
    """Return the array as C++ reads it: contiguous, aligned (a field of a record is not), typed."""
    return np.require(array, dtype, ("C", "A"))


def _takes_classes(loss: Loss) -> bool:
    """Ask the loss itself whether class indices may be its targets."""
    try:
        loss.value(np.zeros((1, 2)), np.zeros(1, np.int64))
    except InputError:
        return False
    return True


def _layer_specs(layers: Sequence[Layer], D: int) -> list[Options]:
    """Describe layers as `LayerSpec` in spec.h.

    Arrays in the order of the class, options by name.
    """
    specs = []
    for layer in layers:
        H = layer.output_width(D)
        own = () if layer.inner else layer.parameter_names + layer.buffer_names
        specs.append(
            {
                "kind": type(layer).__name__,
                "options": layer.options(),
                "inputs": D,
                "outputs": H,
                "frozen": layer.frozen,
                "arrays": [layer.__dict__[name] for name in own],
                "inner": _layer_specs(layer.inner, D),
            }
        )
        D = H
    return specs


def _optimizer_spec(optimizer: Optimizer, state: State) -> Options:
    return {
        **vars(optimizer),
        "kind": type(optimizer).__name__,
        "slots": [state[slot] for slot in optimizer.slots],
        "average": state.get("average", []),
    }
