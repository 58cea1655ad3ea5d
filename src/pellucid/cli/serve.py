"""`pellucid serve` and `pellucid open`: the page of a network, on this computer."""

from __future__ import annotations

from pathlib import Path

import click

from pellucid.cli.help import Command, Whole, argument, lang_option, option
from pellucid.cli.output import tell
from pellucid.language import mark, say

port_option = option(
    "--port",
    type=Whole(0),
    metavar=mark("N"),
    help=mark(
        "Port on 127.0.0.1; 0 for any free one. Default: 8765, or a free one where that is taken."
    ),
)


@click.command(
    cls=Command,
    short_help=mark("serve the page of a network on this computer"),
    help=mark(
        "Serve the page of a network: draw, and watch every neuron. It is for this computer alone "
        "(127.0.0.1). "
        "Ctrl-C stops it."
    ),
    examples=[
        ("pellucid serve digits.safetensors", mark("prints the address; open it in a browser"))
    ],
)
@argument(
    "model", metavar=mark("MODEL"), about=mark("The network's file, as `pellucid train` wrote it.")
)
@port_option
@lang_option
def serve(model: str, port: int | None) -> None:
    """Serve a network's page."""
    _serve(model, port, browser=False)


@click.command(
    "open",
    cls=Command,
    short_help=mark("open the page of a network in the browser"),
    help=mark(
        "Open the page of a network in the browser: draw, and watch every neuron.\n\n"
        "Without MODEL it is the network 784-16-16-10 that comes with pellucid and reads digits. "
        "The page is for this "
        "computer alone (127.0.0.1). Ctrl-C stops it."
    ),
    examples=[
        ("pellucid open", mark("the network that comes with pellucid")),
        ("pellucid open digits.safetensors", mark("one of your own")),
    ],
)
@argument(
    "model",
    required=False,
    metavar=mark("[MODEL]"),
    about=mark("The network's file, as `pellucid train` wrote it."),
)
@port_option
@option("--no-browser", is_flag=True, help=mark("Print the address, and open no browser."))
@lang_option
def open_page(model: str | None, port: int | None, no_browser: bool) -> None:
    """Serve a network's page and open the browser."""
    _serve(model, port, browser=not no_browser)


def _serve(model: str | None, port: int | None, browser: bool) -> None:
    from pellucid.network import load
    from pellucid.web import SHIPPED
    from pellucid.web.server import serve as serve_page

    def ready(address: str) -> None:
        name = path.name if model is not None else say("the network that comes with pellucid")
        tell(say("{address} shows {name}; Ctrl-C stops", address=address, name=name))
        if browser:
            import webbrowser

            webbrowser.open(address)

    path = Path(model) if model is not None else SHIPPED
    serve_page(load(path), path.stem, port, ready)
