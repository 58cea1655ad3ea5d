"""From scikit-learn's coefs_ and intercepts_ to layers, and the first weights."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from pellucid.building import by_name
from pellucid.core import ACTIVATIONS
from pellucid.core.composite import Dropout
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine, Identity
from pellucid.core.types import Array, DTypeLike
from pellucid.errors import InputError
from pellucid.sklearn.objective import OUTPUTS

Around: TypeAlias = tuple[Sequence[Layer], Sequence[Layer]]  # layers before and after the weights

NAMES = {"logistic": "sigmoid"}  # scikit-learn's names for activations of another name here


# An estimator's weights are `coefs_` and `intercepts_`, as in scikit-learn: no slopes of a PReLU.
UNTRAINED = {name: kind for name, kind in ACTIVATIONS.items() if not kind.parameter_names}


def hidden_sizes(sizes: int | Sequence[int]) -> list[int]:
    """Return the number of neurons of each hidden layer; raise ValueError for one below 1."""
    found = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    if np.any(np.array(found) <= 0):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {found}.")  # scikit-learn's words
    return found


def each_layer(name: str, value: Any, hidden: int) -> list[Any]:
    """Return a setting for each hidden layer: one for all, or a list with one for each."""
    if isinstance(value, (str, Real)):
        return [value] * hidden
    found = list(value)
    if len(found) != hidden:
        template = (
            "{name} is one value for all hidden layers, or a list of {hidden}, one for each; got "
            "{got}"
        )
        raise InputError(template, name=name, hidden=hidden, got=len(found))
    return found


def activation_layer(name: object) -> type[Layer]:
    """Return the layer of scikit-learn's or pellucid's name; raise InputError for another name."""
    own = {name: ACTIVATIONS[name_here] for name, name_here in NAMES.items()}
    return by_name("activation", name, own | UNTRAINED)


def make_layers(
    coefs: Sequence[Array],
    intercepts: Sequence[Array],
    activations: str | Sequence[str],
    dropout: float | Sequence[float],
    out_activation: str,
    around: Around = ((), ()),
) -> list[Layer]:
    """Make layers of weights and biases, with an activation and dropout after each but the last.

    Copies of the layers around them, if there are any, come first and last. Dropout at a rate of 0
    is left out.
    """
    hidden = len(coefs) - 1
    named = each_layer("activation", activations, hidden)
    rates = each_layer("dropout", dropout, hidden)
    dtype = np.result_type(*coefs)
    layers: list[Layer] = deepcopy([*around[0]])
    for index, (W, b) in enumerate(zip(coefs, intercepts, strict=True)):
        layers.append(Affine(np.asarray(W, dtype), b))
        if index < hidden:
            kind = activation_layer(named[index])
            layers += [] if kind is Identity else [kind()]  # an identity would only cost time
            layers += [Dropout(rates[index])] if rates[index] else []
    last = OUTPUTS[out_activation]
    return [*layers, *([] if last is None else [last()]), *deepcopy([*around[1]])]


def first_weights(
    units: Sequence[int],
    activations: str | Sequence[str],
    dtype: DTypeLike,
    random_state: np.random.RandomState,
) -> tuple[list[Array], list[Array]]:
    """Draw weights and biases as scikit-learn does, in its order: uniform within sqrt(6 / (D + H)).

    Glorot and Bengio 2010; sqrt(2 / (D + H)) around the logistic function. The last layer goes by
    the activation below it.
    """
    named = each_layer("activation", activations, len(units) - 2)
    named.append(named[-1] if named else str(activations))  # scikit-learn's choice for the last
    coefs, intercepts = [], []
    for index, (D, H) in enumerate(pairwise(units)):
        logistic = NAMES.get(named[index], named[index]) == "sigmoid"
        bound = np.sqrt((2.0 if logistic else 6.0) / (D + H))
        coefs.append(random_state.uniform(-bound, bound, (D, H)).astype(dtype, copy=False))
        intercepts.append(random_state.uniform(-bound, bound, H).astype(dtype, copy=False))
    return coefs, intercepts
