"""What the classifier and the regressor share.

The network, fitting, and what is known once it is done.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from pellucid.core.layer import Layer
from pellucid.core.layers import Affine
from pellucid.core.types import Array
from pellucid.engines import Engine, make_engine
from pellucid.errors import InputError, Message
from pellucid.network import Network
from pellucid.sklearn.building import first_weights, hidden_sizes, make_layers
from pellucid.sklearn.contracts import PARAMETERS, STOCHASTIC, CallbackSupportMixin
from pellucid.sklearn.lbfgs import WholeFit
from pellucid.sklearn.objective import Objective, objective_of
from pellucid.sklearn.persistence import Saving
from pellucid.sklearn.preset import (
    Tabular,
    front_and_dropout,
    hidden_layer_sizes,
    preset_network,
    settings_of,
    standard_scale,
)
from pellucid.sklearn.rows import Rows, answers, engine_rows
from pellucid.sklearn.stochastic import BatchFit, Steps
from pellucid.sklearn.watching import Held, Watch
from pellucid.training.history import History


class BaseMLP(Saving, CallbackSupportMixin, BaseEstimator, ABC):
    """A multi-layer perceptron with scikit-learn's parameters; see `MLPClassifier` and
    `MLPRegressor`.

    It derives from scikit-learn's public base classes and not from its MLP classes, which are no
    interface: what they do is done here anew, on pellucid's layers.
    """

    _parameter_constraints: dict[str, Any] = PARAMETERS
    _score_name: str
    coefs_: list[Array]
    intercepts_: list[Array]
    _tabular: Tabular | None = None

    def _keep(self, given: dict[str, Any]) -> None:
        """Keep the constructor's arguments as they are; `fit` looks at them."""
        self.__dict__.update(
            {name: value for name, value in given.items() if name not in ("self", "__class__")}
        )

    # What a subclass knows: targets

    @abstractmethod
    def _checked(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """Give validated inputs, and targets.

        Values or booleans, (N, K), or indices of one class of many, (N,).
        """

    @abstractmethod
    def _encoded(self, y: Any) -> Array:
        """Give targets of validation data as `_checked` gives those of training."""

    @abstractmethod
    def _outputs(self, y: Array) -> int:
        """Give the number of outputs for targets from `_checked`."""

    @abstractmethod
    def _decoded(self, y: Array) -> Any:
        """Give answers, or targets from `_checked`, as people know them: what scorers compare."""

    @abstractmethod
    def _targets(self, y: Array, dtype: Any) -> Array:
        """Give targets from `_checked` as pellucid's losses take them."""

    @abstractmethod
    def _score_answers(self, y: Array, truth: Any, rows: Rows) -> float:
        """Give the score of answers: accuracy, or r2."""

    @abstractmethod
    def _output(self) -> str:
        """Give scikit-learn's name of the last activation."""

    def _class_weights(self, y: Array, incremental: bool) -> Array | None:
        """Give a weight for each row by its class, from targets of `_checked`, or None."""
        return None

    # Answering

    @property
    def network_(self) -> Network:
        """The network that was learned: trace it, look inside, export it.

        Its arrays are those of `coefs_`.
        """
        check_is_fitted(self, "coefs_")
        return self._built_now()[0]

    def _built_now(self) -> tuple[Network, Engine]:
        """Give network and engine of the weights and settings as they are.

        Made anew where these were exchanged.
        """
        front, dropout = front_and_dropout(self)
        settings = repr((self.activation, dropout, self.out_activation_, self.engine, self.threads))
        built = self.__dict__.get("_built")
        if built is None or built[0] != settings or not self._linked(built[1], front):
            net = Network(
                make_layers(
                    self.coefs_,
                    self.intercepts_,
                    self.activation,
                    dropout,
                    self.out_activation_,
                    front,
                ),
                classes=self._class_names(),
            )
            affine = [layer for layer in net.layers if isinstance(layer, Affine)]
            # New lists: a shallow copy of this estimator goes on with the old ones.
            self.coefs_ = [layer.W for layer in affine]
            self.intercepts_ = [layer.params[1] for layer in affine]
            if self._tabular is not None:
                self._tabular = self._tabular._replace(front=net.layers[: len(front)])
            self._built = built = (
                settings,
                net,
                make_engine(net.layers, engine=self.engine, threads=self.threads),
            )
        return built[1], built[2]

    def _linked(self, net: Network, front: list[Layer]) -> bool:
        affine = [layer for layer in net.layers if isinstance(layer, Affine)]
        arrays = [
            array for pair in zip(self.coefs_, self.intercepts_, strict=False) for array in pair
        ]
        linked = [*zip(arrays, (p for layer in affine for p in layer.params), strict=False)]
        return len(arrays) == 2 * len(affine) and all(
            one is own for one, own in [*linked, *zip(front, net.layers, strict=False)]
        )

    def _class_names(self) -> list[str] | None:
        return None

    def _answers(self, X: Any) -> Array:
        """Give the network's answers, (N, K)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        y = answers(self._built_now()[1], engine_rows(X))
        return y.astype(np.result_type(X.dtype, y.dtype), copy=False) if X.dtype.kind == "f" else y

    def _without_names(self) -> Any:
        """Give this estimator, as it is now, without feature names.

        Scorers within `fit` are given plain arrays.
        """
        view = object.__new__(type(self))
        view.__dict__.update(
            {name: value for name, value in vars(self).items() if name != "feature_names_in_"}
        )
        return view

    # Learning

    def _fit(
        self,
        given: tuple[Any, Any, Any],
        validation: tuple[Any, Any, Any] = (None, None, None),
        incremental: bool = False,
    ) -> Any:
        X, y, sample_weight = given
        sizes = hidden_sizes(hidden_layer_sizes(self))
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y = self._checked(X, y, incremental, first)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        self.n_outputs_ = self._outputs(y)
        random_state = check_random_state(self.random_state)
        if first:
            self._initialize([X.shape[1], *sizes, self.n_outputs_], X, y, random_state)
        if self.solver == "lbfgs" and self._tabular is not None:
            raise InputError(
                'preset="tabular" learns by batches: choose the solver "adamw" or "sgd", not '
                '"lbfgs"'
            )
        if (
            self.solver == "lbfgs"
        ):  # SciPy's vectors are of float64, and so become scikit-learn's weights
            self.coefs_ = [np.asarray(W, np.float64) for W in self.coefs_]
            self.intercepts_ = [np.asarray(b, np.float64) for b in self.intercepts_]
        net = self._built_now()[0]
        objective = objective_of(self.loss, self.out_activation_, self.n_outputs_, net)
        if self.solver in STOCHASTIC and not (incremental and hasattr(self, "_optimizer")):
            self._optimizer = Steps(settings_of(self), objective, net.params)
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        weights = sample_weight, self._class_weights(y, incremental)
        with standard_scale(self, net):
            rows, held = self._split(X, y, weights, validation, random_state)
            self._learn(net, objective, rows, held, random_state, given, incremental)
        if not all(np.isfinite(array).all() for array in net.params):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may"
                " contain large values and need to be preprocessed."
            )
        return self

    def _learn(
        self,
        net: Network,
        objective: Objective,
        rows: Rows,
        held: Held | None,
        random_state: np.random.RandomState,
        given: tuple[Any, Any, Any],
        incremental: bool,
    ) -> None:
        stochastic, settings = self.solver in STOCHASTIC, settings_of(self)
        self._prepare_curves(held is not None)
        optimizer = self._optimizer.optimizer if stochastic else None
        seed = int(random_state.randint(2**31)) if np.any(settings.dropout) else 0
        engine = make_engine(net.layers, objective.loss, optimizer, seed, self.engine, self.threads)
        self.history_.engine = engine.name
        context = None if incremental else self._fit_task(given)
        watch = Watch(self, net, objective, engine, held, given, context)
        if stochastic:
            BatchFit(self, watch, engine, objective, rows, random_state).run(
                settings.max_iter, incremental
            )
        else:
            WholeFit(self, watch, engine, objective, rows).run()

    def _initialize(
        self, units: list[int], X: Any, y: Array, random_state: np.random.RandomState
    ) -> None:
        """Begin anew: first weights, and nothing learned."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(units)
        self.out_activation_ = self._output()
        if self.preset is None:
            self._tabular = None
            self.coefs_, self.intercepts_ = first_weights(
                units, self.activation, X.dtype, random_state
            )
        else:
            self._tabular, self.coefs_, self.intercepts_ = preset_network(
                self, X, y, units, random_state
            )
        self.history_ = History(self.engine)
        for name in (
            "loss_curve_",
            "validation_scores_",
            "validation_loss_curve_",
            "best_validation_score_",
        ):
            self.__dict__.pop(name, None)
        if self.solver in STOCHASTIC:
            self.loss_curve_: list[float] = []
            self._no_improvement_count = 0
            self.best_loss_: float | None = None

    def _prepare_curves(self, held: bool) -> None:
        """See that there is room for what this fit writes down, also where a warm start changed
        what it watches.
        """
        if not hasattr(self, "history_"):
            self.history_ = History(self.engine)
        if getattr(self, "validation_loss_curve_", None) is None:
            self.validation_loss_curve_: list[float] | None = [] if held else None
        if self.solver not in STOCHASTIC and not held:
            return
        if getattr(self, "validation_scores_", None) is None:
            self.validation_scores_: list[float] | None = [] if held else None
            self.best_validation_score_: float | None = -np.inf if held else None
        if self.solver in STOCHASTIC:
            if self.early_stopping:
                self.best_loss_ = None
            elif self.best_loss_ is None:
                self.best_loss_ = np.inf

    def _split(
        self,
        X: Any,
        y: Array,
        weights: tuple[Array | None, Array | None],
        validation: tuple[Any, Any, Any],
        random_state: np.random.RandomState,
    ) -> tuple[Rows, Held | None]:
        """Give rows to learn from, and what is held out or was given to look at."""
        own, by_class = weights
        if validation[0] is not None or validation[1] is not None or validation[2] is not None:
            return self._rows(X, y, _product(own, by_class)), self._given_validation(*validation)
        if not self.early_stopping or self.solver not in STOCHASTIC:
            return self._rows(X, y, _product(own, by_class)), None
        present = [each for each in (X, y, own, by_class) if each is not None]
        parts = train_test_split(
            *present,
            random_state=random_state,
            test_size=self.validation_fraction,
            stratify=y if is_classifier(self) and self.n_outputs_ == 1 else None,
        )
        split = iter(zip(parts[::2], parts[1::2], strict=True))
        (X, X_val), (y, y_val) = next(split), next(split)
        own, own_val = (None, None) if own is None else next(split)
        by_class, _ = (None, None) if by_class is None else next(split)
        if X_val.shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        held = Held(self._rows(X_val, y_val, own_val), X_val, self._decoded(y_val))
        return self._rows(X, y, _product(own, by_class)), held

    def _given_validation(self, X_val: Any, y_val: Any, weights: Any) -> Held:
        if X_val is None or y_val is None:
            raise InputError("validation data are X_val and y_val together: give both, or none")
        X_val = validate_data(
            self, X_val, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False
        )
        check_consistent_length(X_val, y_val)
        weights = None if weights is None else _check_sample_weight(weights, X_val)
        y = self._encoded(y_val)
        return Held(self._rows(X_val, y, weights), X_val, self._decoded(y))

    def _rows(self, X: Any, y: Array, weights: Array | None) -> Rows:
        weights = None if weights is None else np.ascontiguousarray(weights, np.float64)
        return Rows(engine_rows(X), self._targets(y, self.coefs_[0].dtype), weights)

    def _note(self, found: dict[str, float]) -> None:
        """Write an epoch's validation down, and count the epochs that brought no progress."""
        best = self._note_validation(found)
        if self.early_stopping:
            if self.verbose:
                print(f"Validation score: {found['score']:f}")  # noqa: T201
            better = not found["score"] < best + self.tol
        else:
            assert self.best_loss_ is not None
            better = not self.loss_ > self.best_loss_ - self.tol
            self.best_loss_ = self.loss_ if self.loss_ < self.best_loss_ else self.best_loss_
        self._no_improvement_count = 0 if better else self._no_improvement_count + 1

    def _note_validation(self, found: dict[str, float]) -> float:
        """Write an epoch's validation down; give the best score before it."""
        if not found:
            return -np.inf
        assert self.validation_scores_ is not None
        assert self.validation_loss_curve_ is not None
        assert self.best_validation_score_ is not None
        self.validation_scores_.append(found["score"])
        self.validation_loss_curve_.append(found["loss"])
        best = self.best_validation_score_
        self.best_validation_score_ = found["score"] if found["score"] > best else best
        return best

    # For scikit-learn

    def _fit_task(self, given: tuple[Any, Any, Any]) -> Any:
        """Begin the task of scikit-learn's callbacks, where it has them.

        None where nobody listens.
        """
        begin = getattr(self, "_init_callback_context", None)
        if begin is None:
            return None
        context = begin(max_subtasks=settings_of(self).max_iter)
        return context if getattr(self, "_skl_callbacks", None) else None

    def _weights_copied(self) -> dict[str, Any]:
        front = {} if self._tabular is None else {"_tabular": deepcopy(self._tabular)}
        return {
            "coefs_": [W.copy() for W in self.coefs_],
            "intercepts_": [b.copy() for b in self.intercepts_],
            **front,
        }

    def _check_solver(self) -> bool:
        if self.preset is not None or self._tabular is not None:
            raise AttributeError(
                Message(
                    'preset="tabular" needs all rows at once: use fit, with warm_start=True to go '
                    "on, not partial_fit"
                )
            )
        if self.solver not in STOCHASTIC:
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not "
                f"stochastic."
            )
        return True

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_built", None)  # made again when it is asked for
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _html_repr(self) -> str:
        own = str(super()._html_repr())
        return own + (self.network_._repr_html_() or "") if hasattr(self, "coefs_") else own


def _product(one: Array | None, other: Array | None) -> Array | None:
    if one is None or other is None:
        return other if one is None else one
    return one * other
