"""Find the browser that takes the screenshots of the documents."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")


def path() -> str | None:
    """Return the path of the first one installed, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)
