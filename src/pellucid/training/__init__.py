"""Training: the loop, callbacks, history, augmentation, recipes and progress."""

from pellucid.training import recipes
from pellucid.training.augmentation import Brightness, Compose
from pellucid.training.callbacks import Callback, EarlyStopping, RunView
from pellucid.training.distortion import Distortion
from pellucid.training.history import History
from pellucid.training.loop import train
from pellucid.training.recipes import Recipe
from pellucid.training.settings import Settings
from pellucid.training.table_loop import train_table

__all__ = [
    "Brightness",
    "Callback",
    "Compose",
    "Distortion",
    "EarlyStopping",
    "History",
    "Recipe",
    "RunView",
    "Settings",
    "recipes",
    "train",
    "train_table",
]
