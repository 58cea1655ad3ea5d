"""The browser that takes the documents' pictures."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")


def path() -> str | None:
    """Give the path of the first that is installed, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)
