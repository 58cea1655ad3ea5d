"""The page within a notebook."""

from __future__ import annotations

from typing import Any

from pellucid.errors import InputError
from pellucid.extras import library
from pellucid.network import Network
from pellucid.web.single_file import page_text


def view(net: Network, *, height: int = 860) -> Any:
    """Give the page of a network as a widget for notebooks: draw, watch every neuron, ask.

    The widget is the page as one file within a frame of its own, so it needs no network and no
    server, and neither style nor scripts of the notebook and of the page meet. Where scripts do not
    run (a notebook on a web site, in an e-mail), the network's picture stands in its place. The
    page shows the network as it is now.

    Parameters
    ----------
    height
        Of the frame, in pixels.

    Raises InputError where anywidget, of the extra `notebook`, is missing, for a network without
    weights, and for a height that is not positive.
    """
    library("anywidget", "notebook")
    from pellucid.web.widget import View

    if height <= 0:
        raise InputError("height must be positive, got {height}", height=height)
    return View(page=page_text(net, "network"), height=height, picture=net._repr_html_() or "")
