"""The prediction server: an ASGI application that speaks the Open Inference Protocol.

`app` makes it; `pellucid serve` runs it. It needs the extra `serve`.
"""

from __future__ import annotations

from pellucid.serving.application import App, app
from pellucid.serving.limits import Access, Limits

__all__ = ["Access", "App", "Limits", "app"]
