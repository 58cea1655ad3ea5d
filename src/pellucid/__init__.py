"""pellucid: neural networks you can see through.

>>> import pellucid as pl
>>> net = pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", seed=0)
>>> net.parameter_count
13002
"""

from __future__ import annotations

__version__ = "0.1.0"

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pellucid.building import mlp, table_mlp, tabular_mlp
    from pellucid.core import ACTIVATIONS, LAYERS
    from pellucid.core.composite import Dropout, Residual
    from pellucid.core.embedding import PeriodicEmbedding
    from pellucid.core.initializers import INITIALIZERS
    from pellucid.core.layer import Layer
    from pellucid.core.layers import (
        GELU,
        Affine,
        Exponential,
        Identity,
        LeakyReLU,
        ReLU,
        Sigmoid,
        SiLU,
        Softmax,
        Softplus,
        Tanh,
    )
    from pellucid.core.losses import (
        LOSSES,
        BinaryCrossEntropy,
        CrossEntropy,
        Huber,
        Loss,
        MeanAbsoluteError,
        MeanSquaredError,
        Poisson,
        Quantile,
    )
    from pellucid.core.metrics import METRICS
    from pellucid.core.normalization import BatchNorm, LayerNorm
    from pellucid.core.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
    from pellucid.core.preparation import Flatten, Scale, SmoothClip, Standardize
    from pellucid.core.schedules import (
        SCHEDULES,
        Constant,
        Cosine,
        CosLog,
        ExponentialDecay,
        OneCycle,
        ReduceOnPlateau,
        Schedule,
        StepDecay,
        WarmUp,
    )
    from pellucid.data import (
        circles,
        digit,
        mnist,
        moons,
        read_digits,
        read_idx,
        read_image_folder,
        read_picture,
        spirals,
        write_idx,
        xor,
    )
    from pellucid.data.tables import Columns, Table, read_table
    from pellucid.errors import (
        DivergenceError,
        FileError,
        InputError,
        MissingLibraryError,
        PellucidError,
    )
    from pellucid.language import set_language
    from pellucid.lens import plots
    from pellucid.lens.activity import neuron_activity
    from pellucid.lens.attribution import contributions, integrated_gradients
    from pellucid.lens.comparison import compare
    from pellucid.lens.counterfactual import counterfactual
    from pellucid.lens.evaluation import evaluate
    from pellucid.lens.importance import partial_dependence, permutation_importance
    from pellucid.lens.neurons import trace_table
    from pellucid.lens.response import input_weights, maximize_activation, top_inputs
    from pellucid.lens.robustness import robustness
    from pellucid.network import Network, load
    from pellucid.training import (
        Brightness,
        Callback,
        Distortion,
        EarlyStopping,
        History,
        InTurn,
        Recipe,
        recipes,
        train,
        train_table,
    )
    from pellucid.web.view import view

# A room is loaded when one of its names is first used: so `pellucid --help` answers without NumPy,
# the number of NumPy's threads can still be chosen, and `import pellucid` costs next to nothing.
_ROOMS = {
    "pellucid.core": ("ACTIVATIONS", "LAYERS"),
    "pellucid.core.composite": ("Dropout", "Residual"),
    "pellucid.core.embedding": ("PeriodicEmbedding",),
    "pellucid.core.initializers": ("INITIALIZERS",),
    "pellucid.core.layer": ("Layer",),
    "pellucid.core.layers": (
        "GELU",
        "Affine",
        "Exponential",
        "Identity",
        "LeakyReLU",
        "ReLU",
        "Sigmoid",
        "SiLU",
        "Softmax",
        "Softplus",
        "Tanh",
    ),
    "pellucid.core.losses": (
        "LOSSES",
        "BinaryCrossEntropy",
        "CrossEntropy",
        "Huber",
        "Loss",
        "MeanAbsoluteError",
        "MeanSquaredError",
        "Poisson",
        "Quantile",
    ),
    "pellucid.core.metrics": ("METRICS",),
    "pellucid.core.normalization": ("BatchNorm", "LayerNorm"),
    "pellucid.core.optimizers": (
        "OPTIMIZERS",
        "SGD",
        "Adagrad",
        "Adam",
        "AdamW",
        "Optimizer",
        "RMSprop",
    ),
    "pellucid.core.preparation": ("Flatten", "Scale", "SmoothClip", "Standardize"),
    "pellucid.core.schedules": (
        "SCHEDULES",
        "Constant",
        "CosLog",
        "Cosine",
        "ExponentialDecay",
        "OneCycle",
        "ReduceOnPlateau",
        "Schedule",
        "StepDecay",
        "WarmUp",
    ),
    "pellucid.errors": (
        "DivergenceError",
        "FileError",
        "InputError",
        "MissingLibraryError",
        "PellucidError",
    ),
    "pellucid.language": ("set_language",),
    "pellucid.building": ("mlp", "table_mlp", "tabular_mlp"),
    "pellucid.network": ("Network", "load"),
    "pellucid.data": (
        "circles",
        "digit",
        "mnist",
        "moons",
        "read_digits",
        "read_idx",
        "read_image_folder",
        "read_picture",
        "spirals",
        "write_idx",
        "xor",
    ),
    "pellucid.data.tables": ("Columns", "Table", "read_table"),
    "pellucid.lens": ("plots",),
    "pellucid.lens.activity": ("neuron_activity",),
    "pellucid.lens.attribution": ("contributions", "integrated_gradients"),
    "pellucid.lens.comparison": ("compare",),
    "pellucid.lens.counterfactual": ("counterfactual",),
    "pellucid.lens.evaluation": ("evaluate",),
    "pellucid.lens.importance": ("partial_dependence", "permutation_importance"),
    "pellucid.lens.neurons": ("trace_table",),
    "pellucid.lens.response": ("input_weights", "maximize_activation", "top_inputs"),
    "pellucid.lens.robustness": ("robustness",),
    "pellucid.training": (
        "Brightness",
        "Callback",
        "Distortion",
        "EarlyStopping",
        "History",
        "InTurn",
        "Recipe",
        "recipes",
        "train",
        "train_table",
    ),
    "pellucid.web.view": ("view",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "INITIALIZERS",
    "LAYERS",
    "LOSSES",
    "METRICS",
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Affine",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Brightness",
    "Callback",
    "Columns",
    "Constant",
    "CosLog",
    "Cosine",
    "CrossEntropy",
    "Distortion",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "Exponential",
    "ExponentialDecay",
    "FileError",
    "Flatten",
    "History",
    "Huber",
    "Identity",
    "InTurn",
    "InputError",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "MissingLibraryError",
    "Network",
    "OneCycle",
    "Optimizer",
    "PellucidError",
    "PeriodicEmbedding",
    "Poisson",
    "Quantile",
    "RMSprop",
    "ReLU",
    "Recipe",
    "ReduceOnPlateau",
    "Residual",
    "Scale",
    "Schedule",
    "SiLU",
    "Sigmoid",
    "SmoothClip",
    "Softmax",
    "Softplus",
    "Standardize",
    "StepDecay",
    "Table",
    "Tanh",
    "WarmUp",
    "circles",
    "compare",
    "contributions",
    "counterfactual",
    "digit",
    "evaluate",
    "input_weights",
    "integrated_gradients",
    "load",
    "maximize_activation",
    "mlp",
    "mnist",
    "moons",
    "neuron_activity",
    "partial_dependence",
    "permutation_importance",
    "plots",
    "read_digits",
    "read_idx",
    "read_image_folder",
    "read_picture",
    "read_table",
    "recipes",
    "robustness",
    "set_language",
    "spirals",
    "table_mlp",
    "tabular_mlp",
    "top_inputs",
    "trace_table",
    "train",
    "train_table",
    "view",
    "write_idx",
    "xor",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'pellucid' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
