"""What the classifier and the regressor share: the network, the fit, and its results."""

from __future__ import annotations

import math
import operator
from copy import deepcopy
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.utils import check_random_state, validation

from pellucid.core.layers import Affine
from pellucid.core.types import Array, ArrayLike, Options
from pellucid.engines import Engine, make_engine
from pellucid.errors import InputError, Message
from pellucid.network import Network
from pellucid.sklearn import preset
from pellucid.sklearn.contracts import PARAMETERS, STOCHASTIC, CallbackSupportMixin, with_callbacks
from pellucid.sklearn.engine_rows import (
    Given,
    Inputs,
    Rows,
    engine_rows,
    predictions,
    split_arrays,
    splits_evenly,
    unmasked,
)
from pellucid.sklearn.estimator_files import Saving
from pellucid.sklearn.lbfgs import WholeFit
from pellucid.sklearn.mlp_layers import Around, first_weights, hidden_sizes, make_layers
from pellucid.sklearn.objective import Objective, objective_of
from pellucid.sklearn.preset import Tabular, around_and_dropout, settings_of
from pellucid.sklearn.resuming import checkpointing_of
from pellucid.sklearn.solvers import Steps
from pellucid.sklearn.stochastic import BatchFit
from pellucid.sklearn.target_rules import TargetRules
from pellucid.sklearn.watching import HeldOut, Watch
from pellucid.training.checkpoints import Checkpoints, opened
from pellucid.training.history import History

# The attributes of a training that a new one begins without.
_CURVES = ("loss_curve_", "validation_scores_", "validation_loss_curve_", "best_validation_score_")

_NOT_FINITE = (  # scikit-learn's words
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)


class BaseMLP(TargetRules, Saving, CallbackSupportMixin, BaseEstimator):
    """A multi-layer perceptron with scikit-learn's parameters; see `MLPClassifier` and
    `MLPRegressor`.

    It derives from scikit-learn's public base classes and not from its MLP classes, which are not
    made to be derived from: what they do is done here on pellucid's layers.
    """

    _parameter_constraints: Options = PARAMETERS
    _score_name: str
    coefs_: list[Array]
    intercepts_: list[Array]
    _tabular: Tabular | None = None
    _stops_early: bool = False

    def _keep(self, given: Options) -> None:
        """Keep the constructor's arguments as they are; `fit` checks them."""
        own = {name: value for name, value in given.items() if name not in ("self", "__class__")}
        self.__dict__.update(own)

    # Predicting

    @property
    def network_(self) -> Network:
        """The trained network: trace it, look inside, export it.

        Its arrays are those of `coefs_`.
        """
        validation.check_is_fitted(self, "coefs_")
        return self._built_now()[0]

    def _built_now(self) -> tuple[Network, Engine]:
        """Return network and engine of the current weights and settings.

        They are made again after a weight array or a setting was replaced.
        """
        around, dropout = around_and_dropout(self)
        settings = repr((self.activation, dropout, self.out_activation_, self.engine, self.threads))
        built: tuple[str, Network, Engine] | None = self.__dict__.get("_built")
        if built is None or built[0] != settings or not self._linked(built[1], around):
            weights, last = (self.coefs_, self.intercepts_), self.out_activation_
            layers = make_layers(*weights, self.activation, dropout, last, around)
            net = Network(layers, classes=self._class_names())
            affine = [layer for layer in net.layers if isinstance(layer, Affine)]
            # New lists: a shallow copy of this estimator keeps the old ones.
            self.coefs_ = [layer.W for layer in affine]
            self.intercepts_ = [layer.params[1] for layer in affine]
            if self._tabular is not None:
                self._tabular = self._tabular.within(net.layers)
            engine = make_engine(net.layers, engine=self.engine, threads=self.threads)
            self._built = built = settings, net, engine
        return built[1], built[2]

    def _linked(self, net: Network, around: Around) -> bool:
        """Return whether a network's arrays and layers are the very ones of this estimator."""
        front, end = around
        affine = [layer for layer in net.layers if isinstance(layer, Affine)]
        pairs = zip(self.coefs_, self.intercepts_, strict=False)
        own = [*front, *(array for pair in pairs for array in pair), *end]
        last = net.layers[len(net.layers) - len(end) :]
        its = [*net.layers[: len(front)], *(p for layer in affine for p in layer.params), *last]
        return len(own) == len(its) and all(map(operator.is_, own, its))

    def _class_names(self) -> list[str] | None:
        return None

    def _predictions(self, X: Inputs) -> Array:
        """Return the network's outputs, (N, K)."""
        validation.check_is_fitted(self)
        unmasked(X)
        X = validation.validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        y = predictions(self._built_now()[1].predict_finite, engine_rows(X))
        return y.astype(np.result_type(X.dtype, y.dtype), copy=False) if X.dtype.kind == "f" else y

    def _without_names(self) -> Self:
        """Return this estimator, as it is now, without feature names.

        Within `fit`, scorers get plain arrays, and names would make them warn.
        """
        view = object.__new__(type(self))
        kept = {name: value for name, value in vars(self).items() if name != "feature_names_in_"}
        view.__dict__.update(kept)
        return view

    # Training

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Inputs,
        y: Inputs,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Inputs = None,
        y_val: Inputs = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train on rows X, (N, D), and their targets y.

        Parameters
        ----------
        X, y
            Rows, dense or sparse, and targets: of a classifier the class of each row, (N,), or
            which of K labels it has, (N, K); of a regressor its value, (N,), or K values, (N, K).
        sample_weight
            A weight for each row, (N,).
        X_val, y_val, sample_weight_val
            Validation data, evaluated after each epoch: see `validation_loss_curve_` and
            `validation_scores_`. With `early_stopping` they replace the rows that it would hold
            out. Within a Pipeline they do not pass its scaler by themselves: use
            `make_pipeline(..., transform_input=["X_val"])` with
            `sklearn.set_config(enable_metadata_routing=True)` and
            `MLPClassifier(...).set_fit_request(X_val=True, y_val=True)`, or scale them before.
        """
        with opened(checkpointing_of(self)) as checkpoints:
            held_out = X_val, y_val, sample_weight_val
            return self._fit((X, y, sample_weight), held_out, checkpoints=checkpoints)

    def _fit(
        self,
        given: Given,
        held_out: Given = (None, None, None),
        partial: bool = False,
        checkpoints: Checkpoints | None = None,
    ) -> Self:
        X, y, sample_weight = unmasked(*given)
        sizes = hidden_sizes(preset.hidden_layer_sizes(self))  # before X: scikit-learn's order
        first = not hasattr(self, "coefs_") or (not self.warm_start and not partial)
        X, y = self._checked(X, y, partial, first)
        if sample_weight is not None:
            sample_weight = validation._check_sample_weight(sample_weight, X)
        self.n_outputs_ = self._outputs(y)
        # One generator for weights, split, order and dropout, drawn from in scikit-learn's order.
        random_state = check_random_state(self.random_state)
        if first:
            self._initialize([X.shape[1], *sizes, self.n_outputs_], X, y, random_state)
        if self.solver == "lbfgs" and self._tabular is not None:
            raise InputError(
                'preset="tabular" trains by batches: choose the solver "adamw" or "sgd", not '
                '"lbfgs"'
            )
        if self.solver == "lbfgs":  # SciPy's vectors are float64, so scikit-learn's weights are too
            self.coefs_ = [np.asarray(W, np.float64) for W in self.coefs_]
            self.intercepts_ = [np.asarray(b, np.float64) for b in self.intercepts_]
        net = self._built_now()[0]
        objective = objective_of(self.loss, self.out_activation_, self.n_outputs_, net)
        if self.solver in STOCHASTIC and not (partial and hasattr(self, "_optimizer")):
            self._optimizer = Steps(settings_of(self), objective, net.params)
        if self.early_stopping and partial:
            raise ValueError("partial_fit does not support early_stopping=True")
        weights = sample_weight, self._class_weight(y, partial)
        self._stops_early = preset.stops_early(self, X, held_out)  # of this fit
        try:
            rows, held = self._split(X, y, weights, held_out, random_state)
            watch = self._watch(net, objective, held, random_state, given, partial)
            if self.solver in STOCHASTIC:
                epochs = settings_of(self).max_iter
                BatchFit(watch, rows, random_state, checkpoints).run(epochs, partial)
            else:
                WholeFit(watch, rows).run()
        finally:
            del self._stops_early
        if not all(np.isfinite(array).all() for array in net.params):
            raise ValueError(f"{_NOT_FINITE} {watch.where_it_diverged()}")
        return self

    def _watch(
        self,
        net: Network,
        objective: Objective,
        held_out: HeldOut | None,
        random_state: np.random.RandomState,
        given: Given,
        partial: bool,
    ) -> Watch:
        """Make the engine that trains, and what happens around its training."""
        self._prepare_curves(held_out is not None)
        optimizer = self._optimizer.optimizer if self.solver in STOCHASTIC else None
        # Without dropout nothing is drawn, so that scikit-learn's order of rows follows.
        dropout = settings_of(self).dropout
        seed = int(random_state.randint(2**31)) if np.any(dropout) else 0
        # Standardized targets are those of all layers but the end, which returns to their units.
        layers = net.layers[: len(net.layers) - len(preset.end_of(self))]
        engine = make_engine(layers, objective.loss, optimizer, seed, self.engine, self.threads)
        self.history_.engine = engine.name
        context = None if partial else self._fit_task()  # partial_fit has no callbacks there
        return Watch(self, net, objective, engine, held_out, given, context)

    def _initialize(
        self, units: list[int], X: Inputs, y: Array, random_state: np.random.RandomState
    ) -> None:
        """Draw first weights, and drop the results of earlier fits."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(units)
        self.out_activation_ = self._output()
        if self.preset is None:
            drawn = first_weights(units, self.activation, X.dtype, random_state)
            self._tabular, self.coefs_, self.intercepts_ = None, *drawn
        else:
            found = preset.preset_network(self, X, y, units, random_state)
            self._tabular, self.coefs_, self.intercepts_ = found
        self.history_ = History(self.engine)
        for name in _CURVES:
            self.__dict__.pop(name, None)
        if self.solver in STOCHASTIC:
            self.loss_curve_: list[float] = []
            self._no_improvement_count = 0
            self.best_loss_: float | None = None

    def _prepare_curves(self, held: bool) -> None:
        """Create the curves that this fit records, also where a warm start changed which."""
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
            if self._stops_early:
                self.best_loss_ = None
            elif self.best_loss_ is None:
                self.best_loss_ = np.inf

    def _split(
        self,
        X: Inputs,
        y: Array,
        weights: tuple[Array | None, Array | None],
        held_out: Given,
        random_state: np.random.RandomState,
    ) -> tuple[Rows, HeldOut | None]:
        """Return rows to train on, and rows that are held out or were given for validation."""
        own, by_class = weights
        if any(part is not None for part in held_out):
            return self._rows(X, y, own, by_class), self._given_validation(*unmasked(*held_out))
        if not self._stops_early or self.solver not in STOCHASTIC:
            return self._rows(X, y, own, by_class), None
        stratify = y if is_classifier(self) and self.n_outputs_ == 1 else None
        # A preset's own choice must not fail where a class is too rare to be split.
        if not self.early_stopping and not splits_evenly(stratify, self.validation_fraction):
            stratify = None
        (X, X_val), (y, y_val), (own, own_val), (by_class, by_class_val) = split_arrays(
            (X, y, own, by_class), self.validation_fraction, random_state, stratify
        )
        if X_val.shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        # A preset chooses the best epoch of the loss that it minimises, class weights included.
        by_class_val = None if self.early_stopping else by_class_val
        held = HeldOut(self._rows(X_val, y_val, own_val, by_class_val), X_val, self._decoded(y_val))
        return self._rows(X, y, own, by_class), held

    def _given_validation(self, X_val: Inputs, y_val: Inputs, weights: ArrayLike | None) -> HeldOut:
        if X_val is None or y_val is None:
            raise InputError("validation data are X_val and y_val together: pass both, or neither")
        X_val = validation.validate_data(
            self, X_val, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False
        )
        validation.check_consistent_length(X_val, y_val)
        weights = None if weights is None else validation._check_sample_weight(weights, X_val)
        y = self._encoded(y_val)
        return HeldOut(self._rows(X_val, y, weights), X_val, self._decoded(y))

    def _rows(self, X: Inputs, y: Array, *weights: Array | None) -> Rows:
        """Return rows as the engine takes them; weights that are not None are multiplied."""
        given = [each for each in weights if each is not None]
        product = np.ascontiguousarray(math.prod(given), np.float64) if given else None
        dtype = self.coefs_[0].dtype
        x = engine_rows(X if self._tabular is None else X.astype(dtype, copy=False))
        return Rows(x, self._targets(y, dtype), product)

    def _note(self, found: dict[str, float]) -> None:
        """Record an epoch's validation, and count the epochs without progress."""
        best = self._note_validation(found)
        if self._stops_early:
            if self.verbose:
                print(f"Validation score: {found['score']:f}")  # noqa: T201
            better = not found["score"] < best + self.tol
        else:
            assert self.best_loss_ is not None
            better = not self.loss_ > self.best_loss_ - self.tol  # NaN counts as better, as there
            self.best_loss_ = min(self.best_loss_, self.loss_)
        self._no_improvement_count = 0 if better else self._no_improvement_count + 1

    def _note_validation(self, found: dict[str, float]) -> float:
        """Record an epoch's validation; return the best score before it."""
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

    def _fit_task(self) -> Any:
        """Begin the task of scikit-learn's callbacks; None where there are none."""
        begin = getattr(self, "_init_callback_context", None)
        if begin is None:
            return None
        context = begin(max_subtasks=settings_of(self).max_iter)
        return context if getattr(self, "_skl_callbacks", None) else None

    def _weights_copied(self) -> Options:
        front = {} if self._tabular is None else {"_tabular": deepcopy(self._tabular)}
        weights = {"coefs_": deepcopy(self.coefs_), "intercepts_": deepcopy(self.intercepts_)}
        return {**weights, **front}

    def _check_solver(self) -> bool:
        if self.preset is not None or self._tabular is not None:
            raise AttributeError(
                Message(
                    'preset="tabular" needs all rows at once: use fit, with warm_start=True to '
                    "continue, not partial_fit"
                )
            )
        if self.solver not in STOCHASTIC:  # scikit-learn's words
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not "
                f"stochastic."
            )
        return True

    def __getstate__(self) -> Options:
        state = dict(super().__getstate__())
        state.pop("_built", None)  # an engine cannot be pickled; it is made again when needed
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _html_repr(self) -> str:
        own = str(super()._html_repr())
        return own + (self.network_._repr_html_() or "") if hasattr(self, "coefs_") else own
