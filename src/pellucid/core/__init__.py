"""Functions, layers, losses, optimizers: the definition of what is right. NumPy only.

Read the spine in this order; it takes an evening:
functions -> layer -> layers -> losses -> chain -> optimizers -> descent.

`layer` needs two things from beside it: `Parameter` (arrays) and `Draws` (draws).

Beside it: types, arrays (ownership and alignment), draws and splitmix (random numbers by place),
ranges (checks of settings), checks (of layers and input), targets; erf, activations, preparation,
categories, embedding, normalization, nested, composite, members, collapse, schedules,
initializers, metrics. Names everywhere:

    x, y, t        input of a layer or network, output, target
    W, b, z        weights (D, H), biases (H,), pre-activations z = x W + b (the last: logits)
    dx, dy, dz     gradient of the loss with respect to x, y, z, of the same shape
    dW, db         gradient of the loss with respect to W, b
    params, grads  flat lists of parameters, W before b, layer by layer, and of their gradients
    N, D, H, K     numbers of rows, of inputs, of neurons of a layer, of outputs or classes
"""

from pellucid.core import activations, layers
from pellucid.core.categories import CategoryEmbedding
from pellucid.core.composite import Concatenate, Dropout, Residual
from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.layer import Layer
from pellucid.core.members import Members
from pellucid.core.normalization import BatchNorm, LayerNorm
from pellucid.core.preparation import Flatten, Scale, SmoothClip, Standardize

ACTIVATIONS: dict[str, type[Layer]] = {
    "identity": layers.Identity,
    "sigmoid": layers.Sigmoid,
    "tanh": layers.Tanh,
    "relu": layers.ReLU,
    "leaky_relu": layers.LeakyReLU,
    "gelu": activations.GELU,
    "silu": layers.SiLU,
    "softplus": layers.Softplus,
    "exponential": layers.Exponential,
    "elu": activations.ELU,
    "selu": activations.SELU,
    "prelu": activations.PReLU,
    "mish": activations.Mish,
    "hardswish": activations.Hardswish,
    "softmax": layers.Softmax,
    "log_softmax": activations.LogSoftmax,
}

_KINDS: list[type[Layer]] = [layers.Affine, *ACTIVATIONS.values()]
_KINDS += [Flatten, Scale, Standardize, SmoothClip]
_KINDS += [CategoryEmbedding, PeriodicEmbedding]
_KINDS += [BatchNorm, LayerNorm, Dropout, Residual, Concatenate, Members]
LAYERS: dict[str, type[Layer]] = {kind.__name__: kind for kind in _KINDS}
