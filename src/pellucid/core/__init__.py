"""Functions, layers, losses, optimizers: the definition of what is right. NumPy only; read it from
top to bottom.

functions -> layer -> layers, preparation, embedding, normalization -> losses -> chain -> composite;
optimizers, schedules, initializers, metrics and summary stand beside it, settings and table below.
The same short names mean the same everywhere:

    x, y, t        what goes into a layer or network, what comes out, and the target: what should
    come out W, b, z        weights (D, H), biases (H,), and weighted sums z = x W + b dx, dy, dz
    the gradient of the loss by x, by y, by z, each of its shape dW, db         the gradient of the
    loss by W, by b params, grads  lists of parameters, W before b, layer by layer, and of their
    gradients in the same order N, D, H, K     numbers: of rows, of inputs of a row, of neurons of a
    layer, of outputs or classes
"""

from pellucid.core.composite import Dropout, Residual
from pellucid.core.embedding import PeriodicEmbedding
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
from pellucid.core.preparation import Flatten, Scale, SmoothClip, Standardize

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
        SmoothClip,
        PeriodicEmbedding,
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
