"""Tabs of one browser, which tests use one after the other.

A new context is a new process, which costs more than most tests do with it.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, Request

BLANK = "about:blank"


@dataclass
class Lent:
    """A tab in a context of its own, and the start of all addresses that it may request."""

    tab: Page
    kind: str
    home: str = ""


class Tabs:
    """Lend tabs, and take them back as they were at first.

    Attributes
    ----------
    trouble
        What no page may do, since it was last cleared: say something on the console, raise an
        error, or request something of another host.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle = defaultdict[str, list[Lent]](list)
        self._lent: list[Lent] = []
        self._keys: dict[str, str] = {}
        self.trouble: list[str] = []

    def open(
        self, address: str, width: int, height: int, patience: float, settings: dict[str, Any]
    ) -> Page:
        """Open an address in a tab whose context has these settings; wait until it is ready."""
        kind = repr(sorted(settings.items()))
        one = self._idle[kind].pop() if self._idle[kind] else self._new(kind, settings)
        self._lent.append(one)
        home, _, query = address.partition("#")[0].rpartition("/")
        one.home = home
        # Links of a page hold no key, and this tab may be another browser to the server.
        if query.startswith("?key="):
            self._keys[home] = query
        elif not query and home in self._keys:
            address = address.replace(f"{home}/", f"{home}/{self._keys[home]}", 1)
        one.tab.set_default_timeout(patience)
        one.tab.set_viewport_size({"width": width, "height": height})
        one.tab.goto(address)
        one.tab.wait_for_selector("html[data-ready]")
        return one.tab

    def take_back(self, *, clean: bool) -> None:
        """Take back all tabs; after a test that failed they are closed."""
        lent, self._lent = self._lent, []
        for one in lent:
            if not clean:
                one.tab.context.close()
                continue
            one.tab.evaluate("localStorage.clear()")
            one.tab.goto(BLANK)  # the page ends, and with it its training on the server
            one.tab.mouse.move(0, 0)
            one.tab.context.clear_permissions()
            one.tab.context.clear_cookies()  # each test brings a server's key itself
            self._idle[one.kind].append(one)

    def _new(self, kind: str, settings: dict[str, Any]) -> Lent:
        tab = self._browser.new_context(**settings).new_page()
        one = Lent(tab, kind)

        def requested(request: Request) -> None:
            if not request.url.startswith((one.home, "data:", "blob:")):
                self.trouble.append(f"requested {request.url}")

        tab.on("console", lambda message: self.trouble.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        tab.on("request", requested)
        return one
