"""Define what every contender can do."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from typing import ClassVar, TypeAlias

from contest.tasks import Rows, Task
from pellucid.core.types import Array

Predict: TypeAlias = Callable[[Array], Array]
Epoch: TypeAlias = Callable[[], float]


class Contender:
    """One library at its best on one task, with a given number of threads.

    A library may offer several ways to do a thing. Each has a name, "" for the only or the usual
    one, and all are measured.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    package: ClassVar[str]  # as it is imported
    distribution: ClassVar[str]  # as it is installed
    compiling: float | None = None  # seconds of compiling before the first epoch

    def __init__(self, task: Task, threads: int) -> None:
        self.task, self.threads = task, threads
        self.start = task.network()  # all contenders begin with these weights

    @classmethod
    def installed(cls) -> bool:
        """Return whether the library can be imported."""
        return find_spec(cls.package) is not None

    @classmethod
    def version(cls) -> str:
        """Return the installed version."""
        return metadata.version(cls.distribution)

    @classmethod
    def use_threads(cls, threads: int) -> None:
        """Set the number of threads where environment variables, set already, are not enough."""

    def predictors(self) -> dict[str, Predict]:
        """Return functions from an array (N, D), bytes where the task says so, to (N, K), by way.

        Empty for a library that only trains.
        """
        return {}

    def epochs(self, rows: Rows) -> dict[str, Epoch]:
        """Return functions that train one epoch and return its seconds, by way.

        Empty where the library cannot train this task.
        """
        return {}

    def compiled_predictors(self) -> dict[str, Predict]:
        """Return further ways to predict, which compile for many seconds first."""
        return {}

    def compiled_epochs(self, rows: Rows) -> dict[str, Epoch]:
        """Return further ways to train, which compile for many seconds first."""
        return {}

    def params(self) -> list[Array]:
        """Return the weights after the epochs so far, of the way used last.

        The order is that of `Network.params`.
        """
        raise NotImplementedError
