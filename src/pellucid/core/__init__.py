"""Functions, layers, losses, optimizers: the definition of what is right. NumPy only; read it from top to bottom.

functions -> layer -> layers, preparation, normalization -> losses -> chain -> composite; optimizers, schedules,
initializers, metrics and summary stand beside it.
"""

from pellucid.core.composite import Dropout, Residual
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
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.preparation import Flatten, Scale, Standardize

LAYERS: dict[str, type[Layer]] = {
    layer.__name__: layer
    for layer in (
        Affine,
        Identity,
        Sigmoid,
        Tanh,
        ReLU,
        LeakyReLU,
        GELU,
        SiLU,
        Softplus,
        Exponential,
        Softmax,
        Flatten,
        Scale,
        Standardize,
        BatchNorm,
        LayerNorm,
        Dropout,
        Residual,
    )
}

ACTIVATIONS: dict[str, type[Layer]] = {
    "identity": Identity,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "gelu": GELU,
    "silu": SiLU,
    "softplus": Softplus,
    "exponential": Exponential,
    "softmax": Softmax,
}
