"""Training: the loop, callbacks, history, augmentation, recipes and progress."""

from pellucid.training import recipes as recipes
from pellucid.training.augmentation import Brightness as Brightness
from pellucid.training.augmentation import Compose as Compose
from pellucid.training.callbacks import Callback as Callback
from pellucid.training.callbacks import EarlyStopping as EarlyStopping
from pellucid.training.callbacks import RunView as RunView
from pellucid.training.distortion import Distortion as Distortion
from pellucid.training.history import History as History
from pellucid.training.loop import train as train
from pellucid.training.rate_range import LearningRateRange as LearningRateRange
from pellucid.training.rate_range import learning_rate_range as learning_rate_range
from pellucid.training.recipes import Recipe as Recipe
from pellucid.training.settings import Settings as Settings
from pellucid.training.table_loop import train_table as train_table
