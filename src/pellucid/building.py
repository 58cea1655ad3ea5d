"""Builders of the usual networks: `mlp`, for tables `table_mlp` and `tabular_mlp`; `ensemble`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pellucid.core import ACTIVATIONS, checks, monotone
from pellucid.core.activations import LogSoftmax
from pellucid.core.arrays import as_array
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.collapse import convert, floating_type
from pellucid.core.composite import Dropout
from pellucid.core.draws import member_seed
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.initializers import INITIALIZERS, Initializer
from pellucid.core.layer import Layer
from pellucid.core.layers import Affine, Exponential, Identity, Sigmoid, Softmax
from pellucid.core.members import Members
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.preparation import Flatten, Scale, SmoothClip, Standardize
from pellucid.core.ranges import whole
from pellucid.core.types import Array, Vector
from pellucid.errors import InputError
from pellucid.network import Network

if TYPE_CHECKING:
    from pellucid.data.tables import Columns

T = TypeVar("T")

# Numbers of each category, their initial standard deviation, and a divisor, which makes Adam's
# steps smaller beside the weight decay (see `recipes.tables`).
EMBEDDING_SIZE, EMBEDDING_STD, EMBEDDING_SCALE = 4, 0.3, 3.0

PRESETS = ("tabular", "plain")

# Rows from which preset "tabular" embeds numbers; with fewer, the waves fit noise.
EMBEDDED_FROM = 1_000

# Limit of `SmoothClip` without an embedding: a tighter one bends straight lines, and no waves
# compensate.
FAR = 10.0


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
        A name from `INITIALIZERS` or a function (D, H, generator) -> (W, b). "auto" is
        "he_normal" for ReLU and its relatives, "lecun_normal" for SELU (which keeps mean 0 and
        variance 1 from there: Klambauer et al. 2017), "glorot_uniform" for others.
    dropout
        Share of hidden neurons that are switched off in training. Default 0.
    normalization
        "batch" or "layer" between each hidden Affine layer and its activation, or None. Affine
        layers below BatchNorm have no bias.
    pixels
        Put Flatten() and Scale(1 / 255) in front, so that the network takes images as bytes.
    seed
        Seed of the initial weights. Default 0.
    dtype
        "float32" (default) or "float64".

    Raises InputError for unknown names and impossible widths.

    >>> mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid").parameter_count
    13002
    """
    if not isinstance(widths, Iterable):
        raise InputError(
            "widths is a list such as [784, 10], inputs first; got {got}", got=repr(widths)
        )
    sizes = [_whole_width(width) for width in widths]
    if len(sizes) < 2:
        template = "widths needs at least inputs and outputs, such as [784, 10]; got {got}"
        raise InputError(template, got=list(widths))
    hidden = by_name("activation", activation, ACTIVATIONS)
    last = by_name("output", output, ACTIVATIONS)
    normalizations: dict[str | None, type[BatchNorm] | type[LayerNorm] | None]
    normalizations = {None: None, "batch": BatchNorm, "layer": LayerNorm}
    if last in (Softmax, LogSoftmax) and sizes[-1] == 1:
        raise InputError(
            'a softmax over one output is always 1: use output="sigmoid" for yes or no'
        )
    between = by_name("normalization", normalization, normalizations)
    start = _initializer(initializer, activation)
    generator = np.random.default_rng(whole("seed", seed, 0))
    layers: list[Layer] = [Flatten(), Scale(1 / 255)] if pixels else []
    kind = floating_type(dtype)
    for index, (D, H) in enumerate(pairwise(sizes)):
        W, b = start(D, H, generator)
        # BatchNorm subtracts the mean, and any bias with it: a bias below it could only drift.
        biased = between is not BatchNorm or index == len(sizes) - 2
        layers.append(Affine(W.astype(kind), b.astype(kind) if biased else None))
        if index == len(sizes) - 2:
            layers += _made(last, kind)
            break
        layers += [] if between is None else [between(np.ones(H, kind))]
        layers += _made(hidden, kind)
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
    members: int = 1,
    increasing: Sequence[str] = (),
    decreasing: Sequence[str] = (),
    **settings: Any,
) -> Network:
    """Build a dense network for a table: preparation first, and the outputs that the target needs.

    Parameters
    ----------
    columns
        `Columns.of(table, target=...)`; the network keeps them as `inputs` and so accepts tables.
    hidden
        Neurons in each hidden layer.
    activation, output
        Names of activations for the hidden layers and for the last. Default of the last: softmax
        for classes, identity for values. After identity, a last Standardize returns to the target's
        own units (`Standardize.undoing`); the layers before it predict standardized values.
    preset
        "tabular" (default): a robust Standardize, SmoothClip, and from 1,000 rows on a
        PeriodicEmbedding of the columns whose numbers vary. "plain": Standardize alone, by mean and
        standard deviation. Columns of more than 100 categories come first, through a
        CategoryEmbedding. `recipes.tables` suggests settings of training for both.
    dropout
        Share of hidden neurons that are switched off in training. Default 0.1.
    members
        How many networks to join to an `ensemble`, each with initial weights of its own; the first
        has those of a network alone. Default 1. Eight predict better than one, for eight times the
        arithmetic.
    increasing, decreasing
        Columns of numbers with which the predicted values, or the probability of the second of two
        classes, may only rise or only fall, other columns being equal: whatever the weights, and
        however the network is trained (`core.monotone`). Such columns are not embedded.
    settings
        As for `mlp`: initializer, normalization, seed, dtype.

    Raises InputError for columns without a target, for "tabular" with columns from a model file
    (which keeps no quartiles), for `increasing` and `decreasing` with more than two classes, with
    columns that are no numbers, or an activation that falls anywhere, and as `mlp` does.

    >>> import pellucid as pl
    >>> table = {"age": [31, 54, 18], "city": ["Seoul", "Busan", "Seoul"], "income": [30.5, 41, 12]}
    >>> net = pl.table_mlp(pl.Columns.of(table, target="income"), hidden=[8])
    >>> net.predict({"city": ["Busan", "Seoul"], "age": [40, 20]}).shape
    (2, 1)
    """
    if columns.target is None:
        raise InputError("these columns have no target")
    by_name("preset", preset, dict.fromkeys(PRESETS))
    if whole("members", members) > 1:
        seed = whole("seed", settings.pop("seed", 0), 0)
        settings |= {"increasing": increasing, "decreasing": decreasing}
        own = [{**settings, "seed": member_seed(seed, m)} for m in range(members)]
        parts = columns, hidden, activation, output
        return ensemble(table_mlp(*parts, preset=preset, dropout=dropout, **each) for each in own)
    robust = preset == "tabular"
    order = columns.order(increasing, decreasing)
    embedding = _category_embedding(columns.sizes, settings)
    standardize = _behind_categories(embedding, columns.standardize(np.float64, robust=robust))
    front: list[Layer] = [standardize]
    if robust:
        varied = np.zeros(standardize.mean.size, bool)
        kept = (columns.varied & (order == 0))[columns.sizes == 0]
        varied[: kept.size] = kept
        front = _tabular_front(standardize, varied, columns.rows, settings)
    front = front if embedding is None else [embedding, *front]
    ending = output or ("identity" if columns.classes is None else "softmax")
    widths = [*hidden, columns.outputs]
    net = _behind(front, widths, activation, ending, dropout=dropout, **settings)
    layers: tuple[Layer, ...] = net.layers
    if order.any():
        layers = _ordered(layers, len(front), order[columns.sizes == 0], columns)
    if columns.classes is None and ending == "identity":
        mean, std = zip(*((target.mean, target.std) for target in columns.targets), strict=True)
        layers = (*layers, Standardize.undoing(mean, std, checks.dtype_of(layers)))
    return Network(layers, inputs=columns, classes=columns.classes)


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
    """Build the network of `table_mlp`'s preset "tabular" for an array x, (N, D), of floats.

    Median, quartiles and the columns to embed are computed from x. Targets are used as they are, so
    values should have mean 0 and standard deviation 1. `recipes.tables(net, len(x))` suggests
    settings of training. Parameters are those of `table_mlp`. Raises InputError for x of another
    shape and for values that are not finite.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).lognormal(size=(1_000, 3))
    >>> net = tabular_mlp(x, outputs=2, hidden=[8], output="softmax")
    >>> [type(layer).__name__ for layer in net.layers[:3]]
    ['Standardize', 'SmoothClip', 'PeriodicEmbedding']
    """
    x = as_array(x)
    standardize = Standardize.robust(x, np.float64)
    varied = ~((x == x.min(axis=0)) | (x == x.max(axis=0))).all(axis=0)
    front = _tabular_front(standardize, varied, len(x), settings)
    widths = [*hidden, outputs]
    return _behind(front, widths, activation, output, dropout=dropout, **settings)


def ensemble(networks: Iterable[Network]) -> Network:
    """Join networks that are alike to one that predicts the mean of their predictions.

    Probabilities are averaged where the networks end in softmax or sigmoid, values elsewhere (after
    a last Exponential, the logarithms of the rates). The joined network has one layer `Members`,
    which uses the networks' own layers; layers in front that are the same in all networks and have
    no parameters, and the last activation or Standardize, are shared. `train` trains every member
    by itself.

    Raises InputError for no networks, and for networks that differ in their layers, the shapes of
    their arrays, their inputs or their classes.

    >>> nets = [mlp([2, 8, 3], output="softmax", seed=seed) for seed in range(5)]
    >>> y = ensemble(nets).predict([[0.5, 1.0]])
    >>> bool(np.allclose(y, np.mean([net.predict([[0.5, 1.0]]) for net in nets], axis=0)))
    True
    """
    nets = [each for net in networks for each in net.members or (net,)]
    if not nets:
        raise InputError("an ensemble needs at least one network")
    first, count = nets[0], len(nets[0].layers)
    for net in nets[1:]:
        inputs, classes = (
            [each.header()[part] for each in (first, net)] for part in ("inputs", "classes")
        )
        alike = inputs[0] == inputs[1] and classes[0] == classes[1]
        if len(net.layers) != count or not alike:
            raise InputError("the networks of an ensemble must have the same layers and inputs")

    def shared(index: int) -> bool:
        own = [Network([net.layers[index]]) for net in nets]
        return not own[0].params and all(each == own[0] for each in own)

    last = first.layers[-1] if count else None
    ends = (Softmax, LogSoftmax, Sigmoid, Exponential, Standardize)
    end = count - 1 if isinstance(last, ends) and shared(count - 1) else count
    start = next((index for index in range(end) if not shared(index)), 0)
    join = "probabilities" if isinstance(last, (Softmax, LogSoftmax)) else "values"
    join = "sigmoids" if isinstance(last, Sigmoid) else join
    inside = Members([net.layers[start:end] for net in nets], join)
    layers = [*first.layers[:start], inside, *first.layers[end:]]
    return Network(layers, inputs=first.inputs, classes=first.classes)


def _category_embedding(sizes: Array, settings: dict[str, Any]) -> CategoryEmbedding | None:
    """Return the first layer for rows with indices of categories, None for rows without."""
    if not sizes.any():
        return None
    generator = np.random.default_rng([whole("seed", settings.get("seed", 0), 0), 2])
    return CategoryEmbedding.draw(
        sizes, generator, size=EMBEDDING_SIZE, std=EMBEDDING_STD, dtype=np.float64
    )


def _behind_categories(embedding: CategoryEmbedding | None, layer: Standardize) -> Standardize:
    """Return the layer for what an embedding of categories makes of a row."""
    if embedding is None:
        return layer
    kept, H = embedding.sizes == 0, embedding.output_width(embedding.sizes.size)
    mean, std = np.zeros(H), np.ones(H)
    mean[: kept.sum()], std[: kept.sum()] = layer.mean[kept], layer.std[kept]
    std[kept.sum() :] = EMBEDDING_SCALE
    return Standardize(mean, std)


def _tabular_front(
    standardize: Standardize, varied: Array, rows: int, settings: dict[str, Any]
) -> list[Layer]:
    """Return the first layers of preset "tabular", as RealMLP has them (arXiv 2407.04491)."""
    if rows < EMBEDDED_FROM or not varied.any():
        return [standardize, SmoothClip(FAR)]
    # A stream of its own, so that the weights behind are those of `mlp` with the same seed.
    generator = np.random.default_rng([whole("seed", settings.get("seed", 0), 0), 1])
    return [standardize, SmoothClip(), PeriodicEmbedding.draw(varied, generator, dtype=np.float64)]


def _behind(
    front: list[Layer], widths: Sequence[int], activation: str, output: str, **settings: Any
) -> Network:
    """Build an `mlp` after the layers in front, which are float64."""
    D = checks.input_width(front)
    assert D is not None
    net = mlp([checks.widths(front, D)[-1], *widths], activation, output, **settings)
    return Network([*Network(front).astype(net.dtype).layers, *net.layers])


def _ordered(
    layers: Sequence[Layer], front: int, order: Vector, columns: Columns
) -> tuple[Layer, ...]:
    """Return the layers with those behind the front made to keep an order of the columns.

    `order` is 1, -1 or 0 for each number that comes first in a row for the Affine layers.
    """
    D = checks.widths(layers, columns.width)[front - 1]
    y_sign = np.ones(columns.outputs) if columns.classes is None else np.array([-1.0, 1.0])
    if len(y_sign) != columns.outputs:
        raise InputError(
            "increasing and decreasing need a target of values or of two classes, of which the "
            "second is meant; this one has {count} classes",
            count=columns.outputs,
        )
    behind = monotone.ordered(layers[front:], np.pad(order, (0, D - len(order))), y_sign)
    return (*layers[:front], *behind)


def by_name(what: str, name: Any, known: Mapping[Any, T]) -> T:
    """Return the value of that name; raise InputError that lists the known ones for others."""
    try:
        return known[name]
    except (KeyError, TypeError):
        names = ", ".join(str(key) for key in known)
        template = "{what} is one of {known}; not {got}"
        raise InputError(template, what=what, known=names, got=repr(name)) from None


def _initializer(initializer: str | Initializer, activation: str) -> Initializer:
    if callable(initializer):
        return initializer
    if initializer == "auto":
        rectified = ("relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "mish", "hardswish")
        special = dict.fromkeys((*rectified, "softplus"), "he_normal") | {"selu": "lecun_normal"}
        initializer = special.get(activation, "glorot_uniform")
    return by_name("initializer", initializer, INITIALIZERS)


def _made(activation: type[Layer], dtype: np.dtype[np.floating]) -> list[Layer]:
    """Return the activation as a list: its slopes, if any, of that type; none for Identity."""
    if activation is Identity:
        return []
    layer = activation()
    convert(layer, dtype)
    return [layer]


def _whole_width(width: Any) -> int:
    if not isinstance(width, (int, np.integer)) or isinstance(width, bool) or width < 1:
        raise InputError("a width is a whole number of 1 or more, not {got}", got=repr(width))
    return int(width)
