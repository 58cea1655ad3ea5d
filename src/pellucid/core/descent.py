"""Gradient descent: the whole of training on two pages. Every engine is tested against it.

A batch goes forward; the loss compares its outputs with the targets; the gradient goes backward;
the optimizer moves each parameter against its gradient. An epoch does this once for every batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress

from pellucid.core import chain
from pellucid.core.draws import Draws, epoch_order
from pellucid.core.layer import Layer, flat
from pellucid.core.losses import Loss
from pellucid.core.optimizers import Optimizer
from pellucid.core.types import Array, Batch, Vector


def gradients(
    layers: Sequence[Layer],
    loss: Loss,
    x: Batch,
    t: Array,
    sample_weight: Vector | None = None,
    draws: Draws | None = None,
) -> tuple[float, list[Array], Batch]:
    """Return (loss, grads, y) of one batch x, (N, D), with targets t; buffers are updated.

    grads fits the layers' `params`; y, (N, K), are the outputs of this training pass.
    """
    trace = chain.forward(layers, x, Draws() if draws is None else draws)
    depth = chain.loss_depth(layers, loss)
    z = trace.input_of(depth)  # the outputs, or the logits below the last activation
    value = loss.value(z, t, sample_weight)
    dz = loss.gradient(z, t, sample_weight)
    _, grads = chain.backward(layers[:depth], trace, dz, needs_dx=False)
    if math.isfinite(value):  # a diverged batch must not spoil running means
        chain.observe(layers, trace)
    return value, grads, trace.y


def descend(
    layers: Sequence[Layer],
    loss: Loss,
    optimizer: Optimizer,
    x: Batch,
    t: Array,
    epochs: int = 10,
    batch_size: int = 32,
    seed: int = 0,
) -> list[float]:
    """Train the layers in place on x, (N, D), and targets t; return the loss of every batch.

    x has the layers' floating type and nothing is checked: `train` does that, stops when the loss
    is NaN, and with `ema` puts the averaged weights in place at the end.
    """
    trained = chain.trainable(layers)
    params = list(compress(flat(layer.params for layer in layers), trained))
    state = optimizer.start(params)
    losses = []
    for epoch in range(1, epochs + 1):
        order = epoch_order(seed, epoch, len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            draws = Draws(seed, state["step"])
            value, grads, _ = gradients(layers, loss, x[rows], t[rows], draws=draws)
            optimizer.update(params, list(compress(grads, trained)), state)
            chain.project(layers)
            losses.append(value)
    return losses
