"""What the classifier and the regressor define each for themselves: how targets become numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from sklearn.utils import validation

from pellucid.core.types import Array, DTypeLike, Options
from pellucid.sklearn.engine_rows import Inputs, Rows


class TargetRules(ABC):
    """The rules of a kind of estimator for its targets; `BaseMLP` asks them."""

    @abstractmethod
    def _checked(self, X: Inputs, y: Inputs, partial: bool, reset: bool) -> tuple[Inputs, Array]:
        """Return validated inputs and targets.

        Targets are values or booleans, (N, K), or indices of one class of many, (N,).
        """

    def _validated(
        self, X: Inputs, y: Inputs, reset: bool, y_numeric: bool = False
    ) -> tuple[Inputs, Array]:
        checks: Options = {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32)}
        return validation.validate_data(
            self, X, y, multi_output=True, y_numeric=y_numeric, reset=reset, **checks
        )

    @abstractmethod
    def _encoded(self, y: Inputs) -> Array:
        """Return targets of validation data in the form of `_checked`."""

    @abstractmethod
    def _outputs(self, y: Array) -> int:
        """Return the number of outputs for targets from `_checked`."""

    @abstractmethod
    def _decoded(self, y: Array) -> Array:
        """Return outputs, or targets from `_checked`, in the user's terms, as scorers do."""

    @abstractmethod
    def _targets(self, y: Array, dtype: DTypeLike) -> Array:
        """Return targets from `_checked` as pellucid's losses take them."""

    @abstractmethod
    def _score_outputs(self, y: Array, truth: Array, rows: Rows) -> float:
        """Return the score of outputs: accuracy, or r2."""

    @abstractmethod
    def _output(self) -> str:
        """Return scikit-learn's name of the last activation."""

    def _class_weight(self, y: Array, partial: bool) -> Array | None:
        """Return a weight for each row by its class, from targets of `_checked`, or None."""
        return None
