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
    from pellucid.building import mlp
    from pellucid.core import ACTIVATIONS, LAYERS
    from pellucid.core.composite import Dropout, Residual
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
    from pellucid.core.preparation import Flatten, Scale, Standardize
    from pellucid.core.schedules import (
        SCHEDULES,
        Constant,
        Cosine,
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
    from pellucid.errors import DivergenceError, FileError, InputError, PellucidError
    from pellucid.language import set_language
    from pellucid.lens.evaluation import evaluate
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
    )

# A room is loaded when one of its names is first used: so `pellucid --help` answers without NumPy, the number of
# NumPy's threads can still be chosen, and `import pellucid` costs next to nothing.
_ROOMS = {
    "pellucid.core": (
        "ACTIVATIONS",
        "LAYERS",
    ),
    "pellucid.core.composite": (
        "Dropout",
        "Residual",
    ),
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
    "pellucid.core.normalization": (
        "BatchNorm",
        "LayerNorm",
    ),
    "pellucid.core.optimizers": (
        "OPTIMIZERS",
        "SGD",
        "Adagrad",
        "Adam",
        "AdamW",
        "Optimizer",
        "RMSprop",
    ),
    "pellucid.core.preparation": (
        "Flatten",
        "Scale",
        "Standardize",
    ),
    "pellucid.core.schedules": (
        "SCHEDULES",
        "Constant",
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
        "PellucidError",
    ),
    "pellucid.language": ("set_language",),
    "pellucid.building": ("mlp",),
    "pellucid.network": (
        "Network",
        "load",
    ),
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
    "pellucid.lens.evaluation": ("evaluate",),
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
    ),
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
    "Constant",
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
    "Network",
    "OneCycle",
    "Optimizer",
    "PellucidError",
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
    "Softmax",
    "Softplus",
    "Standardize",
    "StepDecay",
    "Tanh",
    "WarmUp",
    "circles",
    "digit",
    "evaluate",
    "load",
    "mlp",
    "mnist",
    "moons",
    "read_digits",
    "read_idx",
    "read_image_folder",
    "read_picture",
    "recipes",
    "set_language",
    "spirals",
    "train",
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
