"""What the page is made of, file by file.

What the server serves, and what a folder for another web server holds.
"""

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
INDEX, FACTS, MODEL, DIGITS = "index.html", "page.json", "model.bin", "digits.bin"
"""Endings that every web server knows: some give nothing whose ending they do not know."""

LICENCE = "<!-- Test digits: MNIST, by Yann LeCun and Corinna Cortes, licence CC BY-SA 3.0. -->"


def parts(net: Network, name: str, *, server: bool = False) -> dict[str, bytes]:
    """Give the page's files by name. `server` tells the page that pellucid answers, and can train
    and evaluate.

    Raises InputError for a network without weights.
    """
    known = facts(net, name, server=server)
    asked = {FACTS: json.dumps(known, ensure_ascii=False).encode(), MODEL: model_bytes(net)}
    if known["digits"]:
        asked[DIGITS] = sample_digits()
    # All that the page will ask for is named in its head, so that the browser asks at once and not
    # in turns.
    ahead = [f'<link rel="modulepreload" href="{module}" />' for module in modules()]
    ahead += [f'<link rel="preload" as="fetch" crossorigin href="{file}" />' for file in asked]
    html = (
        (STATIC / INDEX)
        .read_text(encoding="utf-8")
        .replace("  </head>", "\n".join([*ahead, "  </head>"]))
    )
    files = {file: (STATIC / file).read_bytes() for file in (*modules(), *STYLES, "icon.svg")}
    return {INDEX: html.encode(), **asked, **files}


def media_type(name: str) -> str:
    """Give the media type of a file of the page."""
    return TYPES[Path(name).suffix]


def model_bytes(net: Network) -> bytes:
    """Give the content of the network's model file."""
    return to_bytes(
        net.layers, {"inputs": net.inputs, "classes": net.classes, "record": net.record}
    )
