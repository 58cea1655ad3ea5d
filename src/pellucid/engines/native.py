"""The native engine: core's passes in C++, in place, compiled for each instruction set and chosen
at run time.

Its results are the reference engine's, to rounding. Layers and optimizers of your own are not
native (`why_not` says so, and "auto" takes the reference engine then); a loss of your own runs in
Python, between the native forward and the native backward pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import compress
from operator import is_
from typing import ClassVar, TypeVar

import numpy as np

from pellucid.core import LAYERS, chain, checks
from pellucid.core.arrays import as_array
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.finite import finite_outputs
from pellucid.core.layer import Layer, flat, walk
from pellucid.core.layers import Affine
from pellucid.core.losses import LOSSES, CrossEntropy, Loss, RowLoss
from pellucid.core.members import alone
from pellucid.core.optimizers import OPTIMIZERS, Optimizer, State
from pellucid.core.preparation import Flatten
from pellucid.core.targets import one_hot
from pellucid.core.types import Array, ArrayLike, Batch, Vector
from pellucid.engines.handover import (
    NativeBatch,
    layer_specs,
    optimizer_spec,
    plain,
    row_indices,
    takes_classes,
)
from pellucid.engines.instructions import native_module, why_no_module
from pellucid.engines.protocol import Predict, Ridge, train_one_by_one, trainable_weights
from pellucid.errors import InputError, Message

R = TypeVar("R")
# The name of each optimizer in C++. A room may add a class of its own whose settings C++ knows:
# scikit-learn's Adam is one.
NATIVE_OPTIMIZERS: dict[type[Optimizer], str] = {
    optimizer: optimizer.__name__ for optimizer in OPTIMIZERS.values()
}

# More pay for no network of this kind; results do not depend on the number.
_MOST_THREADS = 256

_TAKEN_AS_IT_IS = frozenset(np.dtype(kind) for kind in (np.uint8, np.float32, np.float64))


def why_not(layers: Sequence[Layer], optimizer: Optimizer | None = None) -> Message | None:
    """Return why these layers and this optimizer cannot be native here, or None if they can."""
    if native_module() is None:
        return why_no_module()
    for layer in walk(layers):
        if LAYERS.get(type(layer).__name__) is not type(layer):
            return Message("{layer} is a layer of your own", layer=type(layer).__name__)
    if optimizer is not None and type(optimizer) not in NATIVE_OPTIMIZERS:
        return Message(
            "{optimizer} is an optimizer of your own", optimizer=type(optimizer).__name__
        )
    if checks.input_width(layers) is None:
        return Message("no layer has a fixed number of inputs")
    return None


class NativeEngine:
    """Predict and train in C++; see `Engine` for the contract, `ReferenceEngine` for the arguments.

    `threads` share the tiles of large products and the rows of large predictions; results do not
    depend on them. Inputs that are 0 may be skipped: an infinite weight there adds nothing, where
    NumPy's 0 times infinity is NaN.
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
        self.layers = layers if isinstance(layers, checks.Layers) else tuple(layers)
        self.loss = loss
        self.dtype = checks.dtype_of(layers)
        self.learning_rate = 0.0 if optimizer is None else optimizer.learning_rate
        self._depth = len(self.layers) if loss is None else chain.loss_depth(layers, loss)
        self._D, self._widths = D, [D, *checks.widths(layers, D)]
        self._K = self._widths[self._depth]  # of what the loss takes
        first = alone(self.layers)[0]
        self._flattens = isinstance(first, Flatten)
        self._indexed = isinstance(first, CategoryEmbedding)
        # Bytes stay bytes until they are multiplied, a quarter of the memory of float32.
        bytes_only = {np.dtype(np.uint8)}
        self._takes = _TAKEN_AS_IT_IS - (set() if checks.scales(layers) else bytes_only)
        self._own_loss = loss is not None and type(loss) not in LOSSES.values()
        ours = loss if isinstance(loss, RowLoss) and not self._own_loss else None
        self._classes_fit = ours is not None and takes_classes(ours)
        trained = list(compress(flat(layer.params for layer in layers), chain.trainable(layers)))
        self.state: State = {"step": 0} if optimizer is None else optimizer.start(trained)
        # C++ takes 64 bits; SplitMix64 in Python reduces a longer seed in the same way.
        self._optimizer, self._seed = optimizer, seed & 0xFFFFFFFFFFFFFFFF
        self._threads = min(threads, _MOST_THREADS)
        self._walked = tuple(walk(layers))
        self._signed = any(
            isinstance(each, Affine) and each.x_sign is not None for each in self._walked
        )
        self._make()

    def _make(self) -> None:
        """Make the C++ engine; it keeps every array that it is given."""
        module = native_module()
        assert module is not None, "ask why_not first"
        optimizer = self._optimizer
        kind = "" if optimizer is None else NATIVE_OPTIMIZERS[type(optimizer)]
        made_of = self._changeable()
        try:
            self._engine = module.make_engine(
                float64=self.dtype == np.float64,
                layers=layer_specs(self.layers, self._D),
                loss="" if self.loss is None or self._own_loss else type(self.loss).__name__,
                loss_options=self.loss.options() if isinstance(self.loss, RowLoss) else {},
                optimizer=None
                if optimizer is None
                else optimizer_spec(kind, optimizer, self.state),
                depth=self._depth,
                seed=self._seed,
                threads=self._threads,
            )
        except ValueError as error:
            if "no native" not in str(error):
                raise
            raise InputError(
                "the compiled engine is older than the Python code ({reason}): install pellucid "
                "again, in a checkout by pip install --no-deps -e .",
                reason=error,
            ) from error
        # Not before: after a failure the next call tries again instead of using the old engine.
        self._made_of = made_of

    def _changeable(self) -> list[Array | bool]:
        """Return all that may be exchanged: arrays of the state, and which layers are frozen."""
        arrays = [array for name, slot in self.state.items() if name != "step" for array in slot]
        return [*arrays, *(layer.frozen for layer in self._walked)]

    def _follow(self) -> None:
        """Make the C++ engine again if a caller has exchanged the optimizer's state."""
        now = self._changeable()
        if len(now) != len(self._made_of) or not all(map(is_, now, self._made_of)):
            self._make()

    def predict(self, x: ArrayLike) -> Batch:
        """Return the outputs for x, (N, K)."""
        x = self._readable(x)
        y = self._room(len(x))
        self._engine.predict(x, y)
        return y

    def predict_finite(self, x: ArrayLike) -> Batch:
        """Return the outputs for x, (N, K), all finite; see `Engine.predict_finite`."""
        with np.errstate(over="ignore"):
            rows = self._readable(x)
        y = self._room(len(rows))
        finite = self._engine.predict(rows, y)
        return y if finite else finite_outputs(self.layers, x, self.predict)

    def _readable(self, x: ArrayLike) -> Array:
        """Return x as C++ takes it."""
        # Subclasses of arrays (memmap, matrix) become plain ones. No isinstance: one row of a small
        # network takes a microsecond in all.
        x = x if type(x) is np.ndarray else as_array(x)
        if not self._is_plain(x):
            x = plain(checks.as_input(self.layers, x))
        elif self._indexed:
            checks.check_indices(self.layers, x)
        return x

    def predictor(self, otherwise: Predict | None = None) -> Predict:
        """Return a function that predicts C-contiguous rows; see `Engine.predictor`.

        It takes rows of the layers' floating type, and bytes where the layers scale bytes. There,
        floats may be scaled already, and columns of categories may hold no index: `otherwise`
        checks both. It also gets rows that are not finite, or whose outputs are not.
        """
        module = native_module()
        assert module is not None, "ask why_not first"
        predict: Predict = module.make_predictor(
            self._engine,
            otherwise or self.predict,
            floats=checks.byte_factor(self.layers) is None and not self._indexed,
            bytes=np.dtype(np.uint8) in self._takes and not self._indexed,
            images=self._flattens,
        )
        return predict

    def gradients(
        self,
        x: Array,
        t: Array,
        sample_weight: Vector | None = None,
        rows: Vector | None = None,
        row: int = 0,
    ) -> tuple[float, list[Array], Batch]:
        """Return (loss, grads, y) of one batch; see `Engine.gradients`."""
        self._follow()
        if self._own_loss:
            loss, y = self._with_own_loss(x, t, sample_weight, rows, row)
        else:
            batch = self._batch(x, t, sample_weight, rows)
            y, step = self._room(batch.N), self.state["step"]
            loss = self._in_words(batch, lambda: self._engine.gradients(*batch, step, y, row))
        grads = [np.empty_like(p) for p in flat(layer.params for layer in self.layers)]
        self._engine.read_gradients(grads)
        return loss, grads, y

    def update(self, grads: list[Array]) -> None:
        """Move the parameters by one step; see `Engine.update`."""
        self._follow()
        self._engine.write_gradients([plain(g, self.dtype) for g in grads])
        self._move()

    def train_step(
        self, x: Array, t: Array, sample_weight: Vector | None = None, rows: Vector | None = None
    ) -> tuple[float, Batch]:
        """Do `gradients`, then `update`, in one call; see `Engine.train_step`."""
        self._follow()
        if self._own_loss:
            return self._step_by_own_loss(x, t, sample_weight, rows)
        return self._one_step(x, t, sample_weight, rows)

    def train_steps(
        self,
        x: Array,
        t: Array,
        sample_weight: Vector | None,
        rows: Vector | None,
        batch_size: int,
        rates: Sequence[float],
        ridge: Ridge | None = None,
        outputs: bool = True,
    ) -> tuple[list[float], Batch]:
        """Train on batch after batch in one call; see `Engine.train_steps`."""
        self._follow()
        if self._own_loss or self._signed:
            step = self._step_by_own_loss if self._own_loss else self._one_step
            matrices = trainable_weights(self.layers)
            data = x, t, sample_weight, rows, batch_size
            return train_one_by_one(self, step, matrices, *data, rates, ridge, outputs)
        batch = self._batch(x, t, sample_weight, rows)
        return self._steps(batch, batch_size, rates, ridge, outputs)

    def _is_plain(self, x: Array) -> bool:
        """Return whether C++ takes x as it is."""
        if x.ndim == 2:
            fits = x.shape[1] == self._D
        else:
            fits = x.ndim > 2 and self._flattens and math.prod(x.shape[1:]) == self._D
        flags = x.flags
        return fits and x.dtype in self._takes and flags.c_contiguous and flags.aligned

    def _batch(
        self, x: Array, t: Array, sample_weight: Vector | None, rows: Vector | None
    ) -> NativeBatch:
        if not self._is_plain(x):  # gathered and converted here, as in the reference engine
            if rows is not None:
                x, t = x[rows], t[rows]
                sample_weight = None if sample_weight is None else sample_weight[rows]
            x, rows = plain(checks.as_input(self.layers, x)), None
        rows = None if rows is None else row_indices(rows, len(x))
        if self._indexed:
            checks.check_indices(self.layers, x, rows)
        classes, values = (None, None) if self._own_loss else self._targets(t, len(x))
        sample_weight = None if sample_weight is None else plain(sample_weight, np.float64)
        return NativeBatch(x, classes, values, sample_weight, rows)

    def _targets(self, t: Array, N: int) -> tuple[Vector | None, Batch | None]:
        """Return class indices, or else values, (N, K); raises core's InputError."""
        one_line = t.ndim == 1
        if one_line and self._classes_fit and self._K > 1 and t.dtype.kind in "iu":
            return plain(t, np.int64), None
        # CrossEntropy reads targets in a line as classes, even for one output.
        if one_line and self._K == 1 and not isinstance(self.loss, CrossEntropy):
            t = t[:, None]
        elif one_line or t.ndim != 2 or t.shape[1] != self._K:
            assert self.loss is not None
            y = np.zeros((N, self._K), self.dtype)
            self.loss.value(y, t)
            t = one_hot(t, y)  # classes as booleans or whole floats
        return None, plain(t, self.dtype)

    def _room(self, N: int) -> Batch:
        return np.empty((N, self._widths[-1]), self.dtype)

    def _steps(
        self,
        batch: NativeBatch,
        batch_size: int,
        rates: Sequence[float],
        ridge: Ridge | None = None,
        outputs: bool = True,
    ) -> tuple[list[float], Batch]:
        y = self._room(batch.N if outputs else 0)
        losses, step, each = np.zeros(len(rates)), self.state["step"], np.asarray(rates, np.float64)
        extra = _ridge_arrays(ridge)
        given = (*batch, batch_size, step, each, losses, y if outputs else None, *extra)
        done = self._in_words(batch, lambda: self._engine.train_steps(*given))
        # A batch whose loss is not finite moved nothing, so it is no step.
        self.learning_rate = rates[done - 1]
        self.state["step"] = step + done - (not math.isfinite(losses[done - 1]))
        return losses[:done].tolist(), y

    def _one_step(
        self, x: Array, t: Array, sample_weight: Vector | None, rows: Vector | None, l2: float = 0.0
    ) -> tuple[float, Batch]:
        batch = self._batch(x, t, sample_weight, rows)
        ridge = Ridge(np.array([l2]), np.zeros(1)) if l2 else None
        losses, y = self._steps(batch, max(1, batch.N), [self.learning_rate], ridge)
        self._project()
        return losses[0], y

    def _project(self) -> None:
        # In Python: few networks have signs, and C++ would carry the code for all of them.
        if self._signed:
            chain.project(self.layers)

    def _in_words(self, batch: NativeBatch, call: Callable[[], R]) -> R:
        """Call C++; targets that it refuses are refused in core's words."""
        try:
            return call()
        except (TypeError, ValueError):
            # C++ finds that a target does not fit; the loss in core has the words for it.
            t = batch.classes if batch.values is None else batch.values
            if self.loss is not None and t is not None:
                t = t if batch.rows is None else t[batch.rows]
                self.loss.value(np.zeros((batch.N, self._K), self.dtype), t)
            raise

    def _step_by_own_loss(
        self, x: Array, t: Array, sample_weight: Vector | None, rows: Vector | None, l2: float = 0.0
    ) -> tuple[float, Batch]:
        loss, y = self._with_own_loss(x, t, sample_weight, rows)
        if math.isfinite(loss):
            self._move(l2)
        return loss, y

    def _with_own_loss(
        self, x: Array, t: Array, sample_weight: Vector | None, rows: Vector | None, row: int = 0
    ) -> tuple[float, Batch]:
        """Run a loss of your own between the native forward and the native backward pass."""
        assert self.loss is not None
        batch = self._batch(x, t, sample_weight, rows)
        y = self._room(batch.N)
        z = np.empty((len(y), self._K), self.dtype)
        self._engine.forward(batch.x, batch.rows, self.state["step"], z, y, row)
        if rows is not None:
            t, sample_weight = t[rows], None if sample_weight is None else sample_weight[rows]
        loss = self.loss.value(z, t, sample_weight)
        self._engine.backward(plain(self.loss.gradient(z, t, sample_weight), self.dtype))
        if math.isfinite(loss):
            self._engine.observe()
        return loss, y

    def _move(self, l2: float = 0.0) -> None:
        self.state["step"] += 1
        self._engine.update(self.learning_rate, self.state["step"], l2)
        self._project()


def _ridge_arrays(ridge: Ridge | None) -> tuple[Vector, ...]:
    """Return what C++ reads of a ridge; `squares` is filled in place, so nothing is converted.

    Raises InputError unless they are float64 arrays: C++ would refuse them too, but only with the
    types of all its arguments.
    """
    if ridge is None:
        return ()
    arrays = (ridge.l2, ridge.squares) if isinstance(ridge, Ridge) else ()
    if arrays and all(isinstance(part, np.ndarray) and part.dtype == np.float64 for part in arrays):
        return arrays
    raise InputError(
        "ridge must be Ridge(l2, squares) of two float64 arrays, got {got!r}", got=ridge
    )
