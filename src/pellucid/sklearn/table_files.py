"""Estimators for tables as files: the network's file, with parameters and attributes beside it.

`pl.load` reads such a file as the network. Nothing in it is trusted and no code is run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from pellucid.core.layer import Layer
from pellucid.core.types import Options
from pellucid.engines import ENGINES
from pellucid.errors import InputError
from pellucid.files import model
from pellucid.network import restored
from pellucid.sklearn.contracts import Estimator
from pellucid.sklearn.estimator_files import (
    are_names,
    is_records,
    is_sorted,
    is_whole,
    is_width,
    loaded,
    malformed,
    parameters_of,
    read,
    with_parameters,
    written,
)
from pellucid.training.history import History

_ATTRIBUTES = {
    "n_features_in_": is_width,
    "n_iter_": is_whole,
    "classes_": is_sorted,
    "feature_names_in_": are_names,
}


class SavingTables:
    """A fitted estimator for tables that can be saved to a file, and loaded from it."""

    def save(self: Any, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a .safetensors file, whole or not at all: no pickle.

        The parameter `checkpoint`, a folder of this computer, becomes None. Raises InputError for
        functions and objects of your own among the parameters, and for class labels that are not
        numbers, booleans or texts: such a file cannot hold them.
        """
        check_is_fitted(self, "network_")
        attributes = {name: getattr(self, name) for name in _ATTRIBUTES if name in vars(self)}
        estimator: Options = {
            "type": type(self).__name__,
            "parameters": parameters_of(self),
            "attributes": {name: written(name, value) for name, value in attributes.items()},
            "history": written("history_", self.history_.records),
            "engine": self.history_.engine,
        }
        header = self.network_.header()
        header["record"] = {**header["record"], "estimator": estimator}
        model.save(path, self.network_.layers, header)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Load a fitted estimator from the file that `save` wrote; raise FileError for others."""
        estimator: Self = loaded(path, cls, _estimator)
        return estimator


def feature_names(estimator: Estimator) -> list[str]:
    """Return the names of a table's columns: those of `fit`, or x0, x1, ... of an array's."""
    places = range(estimator.n_features_in_)
    return list(getattr(estimator, "feature_names_in_", [f"x{place}" for place in places]))


def _estimator(cls: Estimator, layers: Sequence[Layer], header: Options) -> Estimator:
    record = dict(header["record"])
    described = record.pop("estimator")
    if described["type"] != cls.__name__:
        raise InputError("its description is malformed")
    estimator = with_parameters(cls, described["parameters"])
    for name, value in described["attributes"].items():
        found = read(value)
        if not _ATTRIBUTES[name](found):
            raise malformed(name)
        setattr(estimator, name, found)
    estimator.network_ = net = restored(layers, {**header, "record": record})
    names = feature_names(estimator)
    if len(names) != estimator.n_features_in_ or not {c.name for c in net.columns.columns} <= {
        *names
    }:
        raise malformed("feature_names_in_")
    if (net.classes is None) != (cls._task == "regress"):
        raise malformed("classes_")
    estimator._know(net.columns)
    estimator.history_ = History(described["engine"])
    estimator.history_.records = read(described["history"])
    if not is_records(estimator.history_.records) or estimator.history_.engine not in ENGINES:
        raise malformed("history_")
    return estimator
