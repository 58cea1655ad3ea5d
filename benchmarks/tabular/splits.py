"""Rows to train on and rows to test on, the same ones for every contender."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import train_test_split

from tabular.sources import Task

SPLITS = 3
MOST = 5_000  # rows to train on, and rows to test on


class Split(NamedTuple):
    """Inputs and targets; `classes` is their number, 0 where values are predicted.

    Classes are whole numbers from 0 in `y` (training) and `t` (test).
    """

    train: pd.DataFrame
    test: pd.DataFrame
    y: npt.NDArray[np.generic]
    t: npt.NDArray[np.generic]
    classes: int
    seed: int


def split_of(task: Task, seed: int) -> Split:
    """Return three quarters of the rows for training and one for testing, each at most 5,000.

    Columns are named x0, x1, ..., since some libraries refuse certain names; truth values become 0
    and 1.
    """
    x = task.frame.drop(columns=task.target)
    x.columns = [f"x{place}" for place in range(x.shape[1])]
    x = x.astype({name: float for name in x if x[name].dtype == bool})
    target = task.frame[task.target].to_numpy()
    codes = np.unique(target.astype(str), return_inverse=True)[1]
    common = task.classes and np.bincount(codes).min() > 1
    train, test = train_test_split(
        np.arange(len(x)), test_size=0.25, random_state=seed, stratify=codes if common else None
    )
    train, test = train[:MOST], test[:MOST]
    values = codes if task.classes else target.astype(float)
    classes = int(codes.max()) + 1 if task.classes else 0
    return Split(x.iloc[train], x.iloc[test], values[train], values[test], classes, seed)
