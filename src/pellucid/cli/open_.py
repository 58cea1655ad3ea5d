"""`pellucid open`: the page of a network, on this computer."""

from __future__ import annotations

import webbrowser
from dataclasses import dataclass
from pathlib import Path

from pellucid.cli.help import command, example, model_argument, option
from pellucid.cli.models import DIGITS, model_path
from pellucid.cli.output import emit
from pellucid.language import say
from pellucid.network import load


@dataclass(frozen=True, kw_only=True)
class OpenOptions:
    """The options of `pellucid open`."""

    model: str | None = model_argument(required=False)
    port: int | None = option(
        "--port N",
        "Port on 127.0.0.1; 0 for any free one. Default: 8765, or a free one where that is taken.",
    )
    no_browser: bool = option("--no-browser", "Print the address, and open no browser.")


@command(
    "open",
    OpenOptions,
    "Open the page of a network in the browser: draw, and watch every neuron.\n\n"
    "Without MODEL: the network 784-16-16-10 for digits that comes with pellucid. Only this "
    "computer can open the page (127.0.0.1). Ctrl-C stops it.",
    example("", "the network that comes with pellucid"),
    example("digits.safetensors", "a network of your own"),
    example("--no-browser", "print the address, for a browser of your choice"),
)
def open_page(options: OpenOptions) -> None:
    """Serve a network's page and open the browser."""
    from pellucid.web.server import serve as serve_page  # needs the extra `web`

    # The shipped network needs no training, so that the page opens at once
    chosen = DIGITS if options.model is None else options.model
    path = Path(model_path(chosen))
    name = (
        path.name if str(path) == str(Path(chosen)) else say("the network that comes with pellucid")
    )

    # Called when the port is open, so that the browser finds the page
    def ready(address: str) -> None:
        emit("open {address} in a browser ({name}); Ctrl-C stops", address=address, name=name)
        if not options.no_browser:
            webbrowser.open(address)

    serve_page(load(path), path.stem, options.port, ready)
