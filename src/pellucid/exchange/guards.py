"""What every export checks first: the network, and the file that it would replace."""

from __future__ import annotations

from pathlib import Path

from pellucid.errors import FileError, InputError
from pellucid.files.atomic import unwritable
from pellucid.network import Network


def check_network(net: object) -> None:
    """Raise InputError for anything but a Network; for an estimator, say how to get its network."""
    if isinstance(net, Network):
        return
    kind = type(net).__name__
    # Estimators are recognised by their attributes: scikit-learn need not be installed.
    if hasattr(type(net), "network_"):
        template = "expected a Network, got the estimator {kind}: pass its network_"
    elif hasattr(net, "predict") and hasattr(net, "get_params"):
        template = (
            "expected a Network, got {kind}: fit it, then pass pellucid.sklearn.to_network(it)"
        )
    else:
        template = "expected a Network, such as pl.load returns, got {kind}"
    raise InputError(template, kind=kind)


def check_replaceable(file: Path, mark: str) -> None:
    """Raise FileError for an existing file that does not begin with `mark`.

    For files whose name pellucid chose itself: the user did not agree to lose their content.
    """
    try:
        with file.open("rb") as opened:
            ours = opened.read(len(mark.encode())) == mark.encode()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL byte
        raise unwritable(file, error) from error
    if not ours:
        template = "{path} exists and was not written by pellucid: choose another name"
        raise FileError(template, path=file)
