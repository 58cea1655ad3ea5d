"""The files of the page: those that the server serves, and that a folder holds."""

from __future__ import annotations

import json
from pathlib import Path

from pellucid.files.model import to_bytes
from pellucid.network import Network
from pellucid.web.bundle import STATIC, STYLES, modules
from pellucid.web.facts import facts, sample_digits

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".bin": "application/octet-stream",
}
# Some web servers refuse files whose extension they do not know, such as .safetensors.
INDEX, FACTS, MODEL, DIGITS = "index.html", "page.json", "model.bin", "digits.bin"

LICENCE = "<!-- Test digits: MNIST, by Yann LeCun and Corinna Cortes, licence CC BY-SA 3.0. -->"


def parts(
    net: Network, name: str, *, server: bool = False, class_address: str = ""
) -> dict[str, bytes]:
    """Return the page's files by name.

    Parameters
    ----------
    server
        Whether pellucid serves the page, and so can train and evaluate for it.
    class_address
        Where pupils' devices send drawings to this page, or "".

    Raises InputError for a network without weights.
    """
    known = facts(net, name, server=server, class_address=class_address)
    data = {FACTS: json.dumps(known, ensure_ascii=False).encode(), MODEL: model_bytes(net)}
    if known["digits"]:
        data[DIGITS] = sample_digits()
    # Preloads let the browser request everything at once, not level by level of the imports.
    preloads = [f'<link rel="modulepreload" href="{module}" />' for module in modules()]
    preloads += [f'<link rel="preload" as="fetch" crossorigin href="{file}" />' for file in data]
    html = (STATIC / INDEX).read_text(encoding="utf-8")
    html = html.replace("  </head>", "\n".join([*preloads, "  </head>"]))
    files = {file: (STATIC / file).read_bytes() for file in (*modules(), *STYLES, "icon.svg")}
    return {INDEX: html.encode(), **data, **files}


def media_type(name: str) -> str:
    """Return the media type of a file of the page."""
    return TYPES[Path(name).suffix]


def model_bytes(net: Network) -> bytes:
    """Return the content of the network's model file."""
    return to_bytes(net.layers, net.header())
