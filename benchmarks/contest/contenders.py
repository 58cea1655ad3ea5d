"""List all contenders."""

from __future__ import annotations

from contest.contender import Contender
from contest.own import NumPy, Pellucid
from contest.peers import JAX, ONNXRuntime, PyTorch, ScikitLearn

CONTENDERS: dict[str, type[Contender]] = {
    kind.name: kind for kind in (Pellucid, NumPy, PyTorch, ScikitLearn, ONNXRuntime, JAX)
}
"""Every contender by name, those that are not installed too."""


def installed() -> list[str]:
    """Return the names of the contenders that are installed."""
    return [name for name, kind in CONTENDERS.items() if kind.installed()]
