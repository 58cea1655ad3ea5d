"""`pellucid serve` and `pellucid open`: the page of a network, on this computer."""

from __future__ import annotations

import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pellucid.cli.help import command, example, model_argument, option
from pellucid.cli.models import DIGITS, model_path
from pellucid.cli.output import emit
from pellucid.language import say
from pellucid.network import load


def _port_option() -> Any:
    return option(
        "--port N",
        "Port on 127.0.0.1; 0 for any free one. Default: 8765, or a free one where that is taken.",
    )


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """The options of `pellucid serve`."""

    model: str = model_argument()
    port: int | None = _port_option()


@dataclass(frozen=True, kw_only=True)
class OpenOptions:
    """The options of `pellucid open`."""

    model: str | None = model_argument(required=False)
    port: int | None = _port_option()
    no_browser: bool = option("--no-browser", "Print the address, and open no browser.")


@command(
    "serve",
    ServeOptions,
    "Serve the page of a network: draw, and watch every neuron. Only this computer can open it "
    "(127.0.0.1). Ctrl-C stops it.",
    example("digits.safetensors", "prints the address; open it in a browser"),
)
def serve(options: ServeOptions) -> None:
    """Serve a network's page."""
    _serve(options.model, options.port, browser=False)


@command(
    "open",
    OpenOptions,
    "Open the page of a network in the browser: draw, and watch every neuron.\n\n"
    "Without MODEL: the network 784-16-16-10 for digits that comes with pellucid. Only this "
    "computer can open the page (127.0.0.1). Ctrl-C stops it.",
    example("", "the network that comes with pellucid"),
    example("digits.safetensors", "a network of your own"),
)
def open_page(options: OpenOptions) -> None:
    """Serve a network's page and open the browser."""
    _serve(options.model, options.port, browser=not options.no_browser)


def _serve(model: str | None, port: int | None, browser: bool) -> None:
    from pellucid.web.server import serve as serve_page  # needs the extra `web`

    # The shipped network needs no training, so that the page opens at once
    chosen = DIGITS if model is None else model
    path = Path(model_path(chosen))
    name = (
        path.name if str(path) == str(Path(chosen)) else say("the network that comes with pellucid")
    )

    # Called when the port is open, so that the browser finds the page
    def ready(address: str) -> None:
        emit("open {address} in a browser ({name}); Ctrl-C stops", address=address, name=name)
        if browser:
            webbrowser.open(address)

    serve_page(load(path), path.stem, port, ready)
