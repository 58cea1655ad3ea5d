"""`pellucid open`: the page of a network, on this computer."""

from __future__ import annotations

import sys
import webbrowser
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pellucid.cli.help import command, example, model_argument, option
from pellucid.cli.models import DIGITS, model_path
from pellucid.cli.output import emit
from pellucid.cli.values import wrong_use
from pellucid.language import say
from pellucid.network import load
from pellucid.web.door import own_address, qr_text


@dataclass(frozen=True, kw_only=True)
class OpenOptions:
    """The options of `pellucid open`."""

    model: str | None = model_argument(required=False)
    port: int | None = option(
        "--port N",
        "Port on 127.0.0.1; 0 for any free one. Default: 8765, or a free one where that is taken.",
    )
    no_browser: bool = option("--no-browser", "Print the address, and open no browser.")
    for_class: bool = option(
        "--class",
        "Let devices in the same network send drawings to this page: prints their link with a "
        "QR code. Not encrypted.",
    )
    address: str | None = option(
        "--address ADDRESS",
        "With --class: the address of this computer that the devices reach. Default: the one "
        "that leads out of it.",
    )
    playground: bool = option(
        "--playground", "Begin with the playground: train a network of two inputs in the page."
    )


@command(
    "open",
    OpenOptions,
    "Open the page of a network in the browser: draw, and watch every neuron.\n\n"
    "Without MODEL: the network 784-16-16-10 for digits that comes with pellucid. Only this "
    "computer can open the page (127.0.0.1). Ctrl-C stops it.",
    example("", "the network that comes with pellucid"),
    example("digits.safetensors", "a network of your own"),
    example("--playground", "moons, circles, spirals, XOR or points of your own"),
    example("--no-browser", "print the address, for a browser of your choice"),
    example("--class", "a class draws on its phones; the drawings arrive here"),
)
def open_page(options: OpenOptions) -> None:
    """Serve a network's page and open the browser."""
    from pellucid.web.server import serve as serve_page  # needs the extra `web`

    if options.address is not None and not options.for_class:
        raise wrong_use("--address goes with --class")
    pupils_reach = own_address(options.address) if options.for_class else None
    # The shipped network needs no training, so that the page opens at once
    chosen = DIGITS if options.model is None else options.model
    path = Path(model_path(chosen))
    name = (
        path.name if str(path) == str(Path(chosen)) else say("the network that comes with pellucid")
    )

    # Called when the port is open, so that the browser finds the page
    def ready(address: str, pupils: str | None) -> None:
        if options.playground:
            address += "#play="
        emit("open {address} in a browser ({name}); Ctrl-C stops", address=address, name=name)
        if pupils is not None:
            _show_link(pupils)
        if not options.no_browser:
            webbrowser.open(address)

    serve_page(load(path), path.stem, options.port, ready, pupils_reach)


def _show_link(address: str) -> None:
    """Print the link for pupils' devices, with its QR code where people see it."""
    emit("devices in the same network send drawings from {address}", address=address)
    emit("the connection is not encrypted; whoever has the link can send drawings, nothing else")
    with suppress(UnicodeEncodeError):  # half blocks, which old terminals lack
        if sys.stdout.isatty():
            code = qr_text(address)
            code.encode(sys.stdout.encoding or "ascii")
            sys.stdout.write(code)
            sys.stdout.flush()
