"""The page: draw for a network, watch its neurons, train and change it, in a browser.

It is served from here (`pellucid open`), written as one file or as a folder for another web server.
Its modules are in `static/` (docs/page.md); Python adds the facts that a model file does not hold.
"""

from __future__ import annotations

from pathlib import Path

from pellucid.web.javascript import to_javascript
from pellucid.web.single_file import page
from pellucid.web.site import site

__all__ = ["SHIPPED", "page", "site", "to_javascript"]

SHIPPED = Path(__file__).with_name("digits.safetensors")
"""The network in the package: 784-16-16-10, made by `make page-network`."""
