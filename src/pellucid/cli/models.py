"""MODEL: the file of a network, or `digits`, the network that comes with pellucid."""

from __future__ import annotations

import os

from pellucid.network import Network, load

DIGITS = "digits"


def read_model(name: str) -> Network:
    """Return the network of a file; of `digits`, where no such file exists, the shipped one."""
    return load(model_path(name))


def model_path(name: str) -> str:
    """Return the path of a network's file, the shipped one for `digits`."""
    if name != DIGITS or os.path.exists(name):  # noqa: PTH110 - pathlib costs time at each start
        return name
    from pellucid.web import SHIPPED

    return str(SHIPPED)
