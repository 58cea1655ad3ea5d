"""What an export is given: a network, and not the estimator that has one."""

from __future__ import annotations

from typing import Any

from pellucid.errors import InputError
from pellucid.network import Network


def check_network(net: Any) -> None:
    """Raise InputError for anything but a Network.

    Of an estimator and of a pipeline it says where theirs is.
    """
    if isinstance(net, Network):
        return
    kind = type(net).__name__
    if hasattr(type(net), "network_"):
        raise InputError(
            "expected a network, got the estimator {kind}: give its network_", kind=kind
        )
    if hasattr(net, "predict") and hasattr(net, "get_params"):
        raise InputError(
            "expected a network, got {kind}: pellucid.sklearn.to_network makes one of it once it "
            "is fitted",
            kind=kind,
        )
    raise InputError("expected a network such as pl.load gives, got {kind}", kind=kind)
