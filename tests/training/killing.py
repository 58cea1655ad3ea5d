"""A callback that ends a training as a kill does."""

from __future__ import annotations

import pellucid as pl
from pellucid.core.types import Options
from pellucid.training.callbacks import RunView


class Killed(Exception):
    pass


class Kill(pl.Callback):
    """Ends a run by no word of the run's own, after a number of batches; 0 is never."""

    def __init__(self, after: int = 0) -> None:
        self.left = after

    def on_batch(self, run: RunView) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    def state(self) -> Options:
        return {}

    def load_state(self, state: Options) -> None:
        pass
