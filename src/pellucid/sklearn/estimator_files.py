"""Estimators as files: model files whose record also holds parameters and fitted attributes.

`pl.load` reads such a file as a network. Nothing in it is trusted and no code is run: parameters
are checked as in `fit`, layers must be those of the parameters, and attributes of their kind.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from pellucid.core import checks
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.losses import LOSSES
from pellucid.core.schedules import SCHEDULES
from pellucid.core.types import Array, Options
from pellucid.engines import ENGINES
from pellucid.errors import FileError, InputError, Message, reason_of
from pellucid.files import limits, model
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.mlp_layers import make_layers
from pellucid.sklearn.objective import OUTPUTS, objective_of
from pellucid.sklearn.preset import Tabular, around_and_dropout, settings_of
from pellucid.sklearn.solvers import Steps
from pellucid.training.history import History

_TYPES = "MLPClassifier", "MLPRegressor", "TableClassifier", "TableRegressor"
_FOLDER = "checkpoint"  # no file decides where on this computer something is written
_ARRAYS = "biufUO"  # kinds of arrays that a file may hold
_KINDS: dict[str, dict[str, type[Any]]] = {"loss": dict(LOSSES), "schedule": dict(SCHEDULES)}


def is_whole(value: Any) -> bool:
    """Return whether this is a whole number of 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_width(value: Any) -> bool:
    """Return whether this is a number of columns, from which their names can be made."""
    return is_whole(value) and value <= limits.NUMBERS_OF_A_ROW


def is_number(value: Any) -> bool:
    """Return whether this is a number or None."""
    return value is None or isinstance(value, (int, float))


def is_curve(value: Any) -> bool:
    """Return whether this is a list of numbers or None."""
    return value is None or (
        isinstance(value, list) and all(isinstance(each, float) for each in value)
    )


def is_records(value: Any) -> bool:
    """Return whether this is a list of records of numbers."""
    return isinstance(value, list) and all(
        isinstance(each, dict) and all(map(is_number, each.values())) for each in value
    )


def is_sorted(value: Any) -> bool:
    """Return whether this is an array (N,) of sorted, different values."""
    is_line = isinstance(value, np.ndarray) and value.ndim == 1
    return is_line and np.array_equal(np.unique(value), value)


def are_names(value: Any) -> bool:
    """Return whether this is an array of objects."""
    return isinstance(value, np.ndarray) and value.dtype == object


_ATTRIBUTES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("n_iter_", "t_", "_no_improvement_count"), is_whole),
    **dict.fromkeys(("loss_", "best_loss_", "best_validation_score_"), is_number),
    **dict.fromkeys(("loss_curve_", "validation_scores_", "validation_loss_curve_"), is_curve),
    "classes_": is_sorted,
    "feature_names_in_": are_names,
}


class Saving:
    """A fitted estimator that can be saved to a file, and loaded from it."""

    def save(self: Any, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a .safetensors file, whole or not at all: no pickle.

        The file holds all that predicting needs, and continuing by `partial_fit` or `warm_start`;
        the parameter `checkpoint`, a folder of this computer, becomes None.
        Raises InputError for functions and objects of your own among the parameters, and for class
        labels that are not numbers, booleans or texts: such a file cannot hold them.
        """
        check_is_fitted(self)
        net = self.network_
        attributes = {name: getattr(self, name) for name in _ATTRIBUTES if name in vars(self)}
        estimator: Options = {
            "type": type(self).__name__,
            "parameters": parameters_of(self),
            "attributes": {name: written(name, value) for name, value in attributes.items()},
            "out_activation": self.out_activation_,
            "history": written("history_", self.history_.records),
            "engine": self.history_.engine,
        }
        if self._tabular is not None:
            estimator["tabular"] = self._tabular.described()
        arrays: dict[str, Array] = {}
        if "_label_binarizer" in vars(self):
            estimator["targets"] = self._label_binarizer.y_type_
        if "_optimizer" in vars(self):
            steps: Steps = self._optimizer
            estimator["steps"] = {"step": steps.state["step"], "learning_rate": steps.learning_rate}
            for slot in steps.optimizer.slots:
                arrays |= {f"{slot}.{i}": a for i, a in enumerate(steps.state[slot])}
        record = {**net.record, "estimator": estimator}
        header = {"inputs": None, "classes": net.classes, "record": record}
        model.save(path, net.layers, header, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Load a fitted estimator from the file that `save` wrote; raise FileError for others."""
        estimator: Self = loaded(path, cls, _estimator)
        return estimator


def parameters_of(estimator: Estimator) -> Options:
    """Return an estimator's parameters for JSON, without the folder of its checkpoints."""
    parameters = {**estimator.get_params(deep=False), _FOLDER: None}
    if parameters.pop("callbacks", None):
        raise InputError("callbacks cannot be written to a file: set_params(callbacks=None) first")
    return {name: written(name, value) for name, value in parameters.items()}


def with_parameters(cls: Estimator, described: Options) -> Estimator:
    """Return an estimator that is not fitted, with a file's parameters, checked as in `fit`."""
    parameters = {name: read(value) for name, value in described.items()}
    estimator = cls(**{**parameters, _FOLDER: None})
    estimator._validate_params()
    return estimator


def loaded(
    path: str | os.PathLike[str],
    cls: type,
    make: Callable[[Estimator, Sequence[Layer], Options], Estimator],
) -> Estimator:
    """Return what `make` makes of a class and a file's layers and header, trusting nothing."""
    layers, header = model.read(path)
    _check_type(path, cls, header)
    try:
        return make(cls, layers, header)
    # Whatever a hostile file provokes: `make` takes its values as they are.
    except (
        LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError
    ) as error:  # fmt: skip
        damaged = Message("its description is malformed")
        raise FileError(
            "{path}: not a usable {kind}: {reason}; save it again",
            path=path,
            kind=cls.__name__,
            reason=reason_of(error) if isinstance(error, ValueError) else damaged,
        ) from error


def _check_type(path: str | os.PathLike[str], cls: type, header: Options) -> None:
    """Raise FileError for a file that another function loads."""
    described = header["record"].get("estimator") if isinstance(header["record"], dict) else None
    if described is None:
        raise FileError(
            "{path}: it holds a network without an estimator: load it with pl.load", path=path
        )
    got = described.get("type") if isinstance(described, dict) else None
    if got in _TYPES and got != cls.__name__:
        raise FileError("{path}: it holds a {got}: load it with {got}.load", path=path, got=got)


def _estimator(cls: Estimator, layers: Sequence[Layer], header: Options) -> Estimator:
    described = header["record"]["estimator"]
    if described["type"] != cls.__name__:
        raise InputError("its description is malformed")
    estimator = with_parameters(cls, described["parameters"])
    affine = [layer for layer in layers if isinstance(layer, Affine) and layer.b is not None]
    estimator.coefs_ = [each.W for each in affine]
    estimator.intercepts_ = [each.b for each in affine]
    estimator.out_activation_ = described["out_activation"]
    if estimator.out_activation_ not in OUTPUTS or not affine:
        raise InputError("its description is malformed")
    if described.get("tabular") is not None:
        values = estimator.out_activation_ == "identity"
        estimator._tabular = Tabular.read(described["tabular"], layers, values)
    around, dropout = around_and_dropout(estimator)
    settings = (estimator.activation, dropout, estimator.out_activation_)
    expected = make_layers(estimator.coefs_, estimator.intercepts_, *settings, around)
    # Layers and parameters come from different parts of the file: one may have been changed.
    if model.describe(expected) != model.describe(layers):
        raise InputError("its layers are not those that its parameters ask for")
    estimator.n_features_in_, estimator.n_layers_ = checks.input_width(layers), len(affine) + 1
    estimator.n_outputs_ = affine[-1].W.shape[1]
    for name, value in described["attributes"].items():
        found = read(value)
        if not _ATTRIBUTES[name](found):
            raise malformed(name)
        setattr(estimator, name, found)
    _restore_labels(estimator, described.get("targets"))
    # Files from before it was recorded have the parameter instead.
    estimator.history_ = History(described.get("engine", estimator.engine))
    estimator.history_.records = read(described["history"])
    if not is_records(estimator.history_.records) or estimator.history_.engine not in ENGINES:
        raise malformed("history_")
    _restore_steps(estimator, described.get("steps"), header["arrays"])
    return estimator


def malformed(name: str) -> InputError:
    """Return the error of an attribute that is not of its kind."""
    return InputError("its attribute {name} is malformed", name=repr(name))


def _restore_labels(estimator: Estimator, kind: str) -> None:
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and len(names) != estimator.n_features_in_:
        raise malformed("feature_names_in_")
    if not hasattr(estimator, "_binary"):  # a regressor has no labels
        return
    K = len(estimator.classes_)
    if estimator.n_outputs_ != {"multiclass": K, "binary": 1, "multilabel-indicator": K}[kind]:
        raise malformed("classes_")
    binarizer = LabelBinarizer()
    binarizer.classes_, binarizer.y_type_ = estimator.classes_, kind
    binarizer.sparse_input_ = False
    estimator._label_binarizer = binarizer


def _restore_steps(
    estimator: Estimator, described: Options | None, arrays: Mapping[str, Array]
) -> None:
    if described is None:
        return
    net = estimator.network_
    objective = objective_of(estimator.loss, estimator.out_activation_, estimator.n_outputs_, net)
    steps = Steps(settings_of(estimator), objective, net.params)
    step, rate = described["step"], described["learning_rate"]
    if not is_whole(step) or not (isinstance(rate, float) and 0 < rate < math.inf):
        raise malformed("_optimizer")
    steps.state["step"], steps.learning_rate = step, rate
    left = dict(arrays)
    for slot in steps.optimizer.slots:
        for index, memory in enumerate(steps.state[slot]):
            saved = left.pop(f"{slot}.{index}")
            if saved.shape != memory.shape:
                raise malformed("_optimizer")
            memory[...] = saved
    if left:
        raise InputError("it has an array {name}, which belongs to no layer", name=repr(min(left)))
    estimator._optimizer = steps


def written(name: str, value: Any) -> Any:
    """Return a parameter or attribute for JSON: plain values, or others as {"kind": ...}."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, os.PathLike):
        value = os.fsdecode(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"kind": "float", "value": str(value)}
    if isinstance(value, list):
        return [written(name, each) for each in value]
    if isinstance(value, (tuple, dict)):
        entries = value.items() if isinstance(value, dict) else value
        return {"kind": type(value).__name__, "value": [written(name, each) for each in entries]}
    if isinstance(value, np.ndarray) and value.dtype.kind in _ARRAYS:
        return {"kind": "array", "dtype": value.dtype.str, "value": written(name, value.tolist())}
    for kind, known in _KINDS.items():
        for short, found in known.items():
            if type(value) is found:
                options = written(name, list(value.options().items()))
                return {"kind": kind, "value": short, "options": options}
    template = (
        "{name} is {got}, which a file cannot hold: save takes numbers, texts and pellucid's own "
        "objects"
    )
    raise InputError(template, name=name, got=repr(value))


def read(value: Any) -> Any:
    """Return the value that `written` described."""
    if isinstance(value, list):
        return [read(each) for each in value]
    if not isinstance(value, dict):
        return value
    inner = value["value"]
    if value["kind"] == "float":
        return {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}[inner]
    if value["kind"] == "tuple":
        return tuple(read(inner))
    if value["kind"] == "dict":
        return dict(read(inner))
    if value["kind"] == "array":
        # Object arrays are allowed for texts alone. A type may claim that each text is long.
        dtype, values = np.dtype(value["dtype"]), read(inner)
        # NumPy 2.0 has negative sizes of such types
        fits = 0 < dtype.itemsize <= limits.CELL_TEXT // max(_count(values), 1)
        if dtype.kind not in _ARRAYS or not fits:
            raise InputError("its description is malformed")
        found = np.array(values, dtype=dtype)
        if dtype.kind == "O" and not all(isinstance(each, str) for each in found):
            raise InputError("its description is malformed")
        return found
    return _KINDS[value["kind"]][inner](**dict(read(value["options"])))


def _count(values: Any) -> int:
    return sum(map(_count, values)) if isinstance(values, (list, tuple)) else 1
