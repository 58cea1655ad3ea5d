"""Learning: the loop, callbacks, history, augmentation and progress."""

from pellucid.training import recipes
from pellucid.training.augment import Brightness, InTurn
from pellucid.training.callbacks import Callback, EarlyStopping
from pellucid.training.distortion import Distortion
from pellucid.training.history import History
from pellucid.training.loop import train
from pellucid.training.recipes import Recipe
from pellucid.training.tables import train_table

__all__ = [
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
]
