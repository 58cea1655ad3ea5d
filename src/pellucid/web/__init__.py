"""The page: a network that one draws for, watches and asks, in a browser; served from here, as one
file, or as a folder for another web server.

Its modules stand in `static/` (docs/page.md); Python only says what the page cannot find in a model
file.
"""

from __future__ import annotations

from pathlib import Path

from pellucid.web.single_file import page
from pellucid.web.site import site

__all__ = ["SHIPPED", "page", "site"]

SHIPPED = Path(__file__).with_name("digits.safetensors")
"""The network that comes with pellucid: 784-16-16-10, by `make page-network`."""
