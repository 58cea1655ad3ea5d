"""`mlp`, which builds the usual networks, and those for tables: `table_mlp` and `tabular_mlp`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core import ACTIVATIONS, checks
from pellucid.core.arrays import as_array
from pellucid.core.collapse import floating_type
from pellucid.core.composite import Dropout
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.initializers import INITIALIZERS, Initializer
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine, Identity, Softmax
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.preparation import Flatten, Scale, SmoothClip, Standardize
from pellucid.core.ranges import whole
from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.network import Network

if TYPE_CHECKING:
    from pellucid.data.tables import Columns

PRESETS = ("tabular", "plain")

EMBEDDED_FROM = 1_000
"""Rows from which on preset "tabular" embeds numbers.

With fewer it learns more of the noise than of the columns.
"""

FAR = 10.0
"""Limit of `SmoothClip` where nothing is embedded.

A tighter one bends what is straight, which waves make good.
"""


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
        Names of activations (`ACTIVATIONS`) for the hidden layers and for the last: "sigmoid",
        "relu", "softmax", ... "identity" adds no layer.
    initializer
        A name from `INITIALIZERS` or a function (D, H, generator) -> (W, b). "auto" is He's
        (normal) below ReLU's kin, Glorot's (uniform) elsewhere.
    dropout
        Share of hidden neurons that are switched off while learning.
    normalization
        "batch" or "layer" between each hidden Affine layer and its activation, or None. Affine
        layers below BatchNorm have no bias.
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
    if not isinstance(widths, Iterable):
        raise InputError(
            "widths are a list such as [784, 10], inputs first; got {got}", got=repr(widths)
        )
    sizes = [_whole_width(width) for width in widths]
    if len(sizes) < 2:
        raise InputError(
            "a network needs at least inputs and outputs, such as [784, 10]; got {got}",
            got=list(widths),
        )
    hidden, last = (
        _named("activation", activation, ACTIVATIONS),
        _named("output", output, ACTIVATIONS),
    )
    normalizations: dict[str | None, type[BatchNorm] | type[LayerNorm] | None]
    normalizations = {None: None, "batch": BatchNorm, "layer": LayerNorm}
    if last is Softmax and sizes[-1] == 1:
        raise InputError(
            'a softmax over one output is always 1: use output="sigmoid" for yes or no'
        )
    between = _named("normalization", normalization, normalizations)
    start = _initializer(initializer, activation)
    generator = np.random.default_rng(whole("seed", seed, 0))
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


def table_mlp(
    columns: Columns,
    hidden: Sequence[int] = (128, 128),
    activation: str = "relu",
    output: str | None = None,
    *,
    preset: str = "tabular",
    dropout: float = 0.1,
    **settings: Any,
) -> Network:
    """Build a dense network for a table: preparation in front, and behind as many outputs as the
    target asks for.

    Parameters
    ----------
    columns
        What `Columns.of(table, target=...)` found; the network keeps it as `inputs`, so that it
        takes tables.
    hidden
        Neurons in each hidden layer.
    activation, output
        Names of activations for the hidden layers and for the last. Default of the last: softmax
        for classes, identity for values, whose last Affine layer then answers in the target's own
        units.
    preset
        "tabular" (default): a robust Standardize, SmoothClip, and from 1,000 rows on a
        PeriodicEmbedding of the columns whose numbers vary. "plain": Standardize alone, by mean and
        deviation. `recipes.tables` has a recipe for both.
    dropout
        Share of hidden neurons that are switched off while learning.
    settings
        As for `mlp`: initializer, normalization, seed, dtype.

    Raises InputError for columns without a target, for "tabular" with columns that came from a file
    (which keeps no quartiles), and as `mlp` does.

    >>> import pellucid as pl
    >>> table = {"age": [31, 54, 18], "city": ["Seoul", "Busan", "Seoul"], "income": [30.5, 41, 12]}
    >>> net = pl.table_mlp(pl.Columns.of(table, target="income"), hidden=[8])
    >>> net.predict({"city": ["Jeju", "Seoul"], "age": [40, 20]}).shape
    (2, 1)
    """
    if columns.target is None:
        raise InputError("these columns have no target")
    _named("preset", preset, dict.fromkeys(PRESETS))
    front: list[Layer]
    if preset == "plain":
        front = [columns.standardize(np.float64)]
    else:
        front = _tabular_front(
            columns.standardize(np.float64, robust=True), columns.varied, columns.rows, settings
        )
    ending = output or ("identity" if columns.classes is None else "softmax")
    net = _behind(
        front,
        columns.width,
        [*hidden, columns.outputs],
        activation,
        ending,
        dropout=dropout,
        **settings,
    )
    net = Network(net.layers, inputs=columns.to_dict(), classes=columns.classes)
    if answers_values(net):
        rescale(net, columns.target.deviation, columns.target.mean)
    return net


def tabular_mlp(
    x: Any,
    outputs: int,
    hidden: Sequence[int] = (128, 128),
    activation: str = "relu",
    output: str = "identity",
    *,
    dropout: float = 0.1,
    **settings: Any,
) -> Network:
    """Build the network of `table_mlp`'s preset "tabular" for rows x, (N, D), that are numbers
    already.

    Median, quartiles and the columns to embed are found in x; targets are learned as they are, so
    values should be brought to mean 0 and deviation 1. `recipes.tables(net, len(x))` is its recipe.
    Parameters are those of `table_mlp`. Raises InputError for x of another shape, and for numbers
    that are not finite.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).lognormal(size=(1_000, 3))
    >>> [type(layer).__name__ for layer in tabular_mlp(x, outputs=2, hidden=[8], output="softmax").layers[:3]]
    ['Standardize', 'SmoothClip', 'PeriodicEmbedding']
    """
    x = as_array(x)
    standardize = Standardize.robust(x, np.float64)
    varied = ~((x == x.min(axis=0)) | (x == x.max(axis=0))).all(axis=0)
    front = _tabular_front(standardize, varied, len(x), settings)
    return _behind(
        front, x.shape[1], [*hidden, outputs], activation, output, dropout=dropout, **settings
    )


def _tabular_front(
    standardize: Standardize, varied: Array, rows: int, settings: dict[str, Any]
) -> list[Layer]:
    """Give what preset "tabular" puts in front: RealMLP's preparation (Holzmueller et al.

    2024, arXiv 2407.04491).
    """
    if rows < EMBEDDED_FROM or not varied.any():
        return [standardize, SmoothClip(FAR)]
    generator = np.random.default_rng([whole("seed", settings.get("seed", 0), 0), 1])
    return [standardize, SmoothClip(), PeriodicEmbedding.draw(varied, generator, dtype=np.float64)]


def _behind(
    front: list[Layer], D: int, widths: Sequence[int], activation: str, output: str, **settings: Any
) -> Network:
    """Build `mlp` behind the layers in front, which take D inputs and are float64."""
    net = mlp([checks.widths(front, D)[-1], *widths], activation, output, **settings)
    return Network([*Network(front).astype(net.dtype).layers, *net.layers])


def answers_values(net: Network) -> bool:
    """Tell whether the network answers values of a table by an Affine layer, into which their scale
    can go.
    """
    target = (net.inputs or {}).get("target")
    values = isinstance(target, dict) and target.get("kind") == "values"
    return values and isinstance(net.layers[-1], Affine) and net.layers[-1].b is not None


def rescale(net: Network, factor: float, shift: float) -> None:
    """Let the last layer, an Affine one, answer y * factor + shift instead of y.

    X (W f) + (b f + s).
    """
    last = net.layers[-1]
    assert isinstance(last, Affine) and last.b is not None
    last.W, last.b = last.W.astype(np.float64) * factor, last.b.astype(np.float64) * factor + shift


def _named(what: str, name: Any, known: dict[Any, Any]) -> Any:
    try:
        return known[name]
    except (KeyError, TypeError):
        names = ", ".join(str(key) for key in known)
        raise InputError(
            "{what} is one of {known}; not {got}", what=what, known=names, got=repr(name)
        ) from None


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
        raise InputError("a width is a whole number of 1 or more, not {got}", got=repr(width))
    return int(width)
