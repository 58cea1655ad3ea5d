"""How a network is trained: every setting of a run, as `train` takes it."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pellucid.core.losses import Loss
from pellucid.core.metrics import Metric
from pellucid.core.optimizers import Optimizer
from pellucid.core.schedules import Schedule
from pellucid.core.types import ArrayLike
from pellucid.errors import InputError
from pellucid.training.augmentation import Augmentation
from pellucid.training.callbacks import Callback, RunView
from pellucid.training.checkpointing import Checkpointing
from pellucid.training.recipes import USUAL, Recipe

Validation: TypeAlias = (
    float | tuple[ArrayLike, ArrayLike] | tuple[ArrayLike, ArrayLike, ArrayLike] | None
)
ClassWeight: TypeAlias = str | Sequence[float] | Mapping[int, float] | Mapping[str, float]
_Called: TypeAlias = Callback | Callable[[RunView], object]
Callbacks: TypeAlias = _Called | Iterable[_Called]


@dataclass(frozen=True)
class Settings:
    """What `train` is asked for, data aside: see its parameters.

    Names and objects are both allowed; `Run` turns names into objects and raises InputError for
    what it does not know. None stands for the usual choice.
    """

    loss: str | Loss | None = None
    optimizer: str | Optimizer | None = None
    schedule: str | Schedule | None = None
    epochs: int | None = None
    batch_size: int | None = None
    validation: Validation = None
    class_weight: ClassWeight | None = None
    metrics: str | Metric | Sequence[str | Metric] | None = None
    augment: Augmentation | None = None
    callbacks: Callbacks = ()
    seed: int = 0
    engine: str = "auto"
    threads: int | None = None
    progress: bool | None = None
    checkpoint: Checkpointing | None = None
    shards: int | None = None

    def completed(self, recipe: Recipe | None = None) -> Settings:
        """Return settings in which a recipe (default: `USUAL`) fills in what is None."""
        if not (recipe is None or hasattr(recipe, "_asdict")):
            template = "recipe must be a Recipe such as pl.recipes.QUICK, got {got}"
            raise InputError(template, got=reprlib.repr(recipe))
        usual = (USUAL if recipe is None else recipe)._asdict()
        left_out = {name: value for name, value in usual.items() if getattr(self, name) is None}
        return Settings(**{**vars(self), **left_out})
