"""The page within a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid.errors import InputError
from pellucid.extras import library
from pellucid.network import Network
from pellucid.web.single_file import page_text

if TYPE_CHECKING:
    from pellucid.web.widget import View


def view(net: Network, *, height: int = 860) -> View:
    """Return the page of a network, as it is now, as a widget for notebooks.

    The widget is the page as one file within a frame, so it needs no network and no server, and its
    styles and scripts do not meet the notebook's. Where scripts do not run (a notebook on a web
    site, in an e-mail), a picture of the network replaces it.

    Parameters
    ----------
    height
        Of the frame, in pixels.

    Raises MissingLibraryError without anywidget (the extra `notebook`), InputError for a network
    without weights and for a height that is not positive.
    """
    library("anywidget", "notebook")
    from pellucid.web.widget import View

    if height <= 0:
        raise InputError("height must be positive, got {height}", height=height)
    return View(page=page_text(net, "network"), height=height, picture=net._repr_html_() or "")
