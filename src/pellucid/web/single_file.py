"""The page as one file, for a disk, a school's web site or an e-mail: no server, no network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
from pathlib import Path

from pellucid.files.atomic import write_whole
from pellucid.network import Network
from pellucid.web.bundle import STATIC, STYLES, bundle
from pellucid.web.facts import facts, sample_digits
from pellucid.web.parts import LICENCE, model_bytes

# Unpacks the page's script, which gzip reduces to a third. The Content-Security-Policy names both
# scripts by their digests.
_UNPACK = """(async () => {
const packed = document.getElementById("pellucid-script").textContent;
const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const script = document.createElement("script");
script.textContent = await new Response(stream).text();
document.body.append(script);
})();"""
# Styles go into the file itself.
_LINK = re.compile(r' *<link rel="stylesheet"[^>]*>\n')


def page(net: Network, path: str | os.PathLike[str]) -> int:
    """Write the page of this network as one HTML file; return its size in bytes.

    The file holds modules, styles, the model and, for a network that classifies digits, 500 test
    digits of MNIST. A Content-Security-Policy lets it contact no other computer.

    Raises InputError for a network without weights and for layers of the user's own, FileError
    where the file cannot be written.
    """
    content = page_text(net, Path(path).stem).encode()
    write_whole(path, content)
    return len(content)


def page_text(net: Network, name: str, *, sends: bool = False) -> str:
    """Return the text of the page; `name` is that of the network.

    `sends` is for a class: the page may then contact the server that it came from.
    """
    known = facts(net, name, sends=sends)
    data = {
        "facts": known,
        "model": _base64(model_bytes(net)),
        "digits": _base64(sample_digits()) if known["digits"] else None,
    }
    script = bundle()
    style = _compact("".join((STATIC / name).read_text(encoding="utf-8") for name in STYLES))
    icon = "data:image/svg+xml;base64," + _base64((STATIC / "icon.svg").read_bytes())
    # A "<" could end the script element or begin a comment; in JSON it may be written as an escape.
    inside = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    scripts = f"'{_digest(_UNPACK)}' '{_digest(script)}'"
    packed = _base64(gzip.compress(script.encode(), mtime=0))  # no time, so always the same bytes
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src '{_digest(style)}'; "
        "img-src data: blob:"
    )
    if sends:
        policy += "; connect-src 'self'"
    licence = f"\n    {LICENCE}" if known["digits"] else ""
    html = _LINK.sub("", (STATIC / "index.html").read_text(encoding="utf-8"))
    parts = {
        '<meta charset="utf-8" />': f'<meta charset="utf-8" />{licence}\n'
        '    <meta http-equiv="Content-Security-Policy" '
        f"content=\"{policy}; base-uri 'none'; form-action 'none'\" />",
        '<link rel="icon" href="icon.svg" />': f'<link rel="icon" href="{icon}" />\n    '
        f"<style>{style}</style>",
        '    <script type="module" src="main.js"></script>\n': "",
        "  </body>": f'    <script type="application/json" id="pellucid-data">{inside}</script>\n'
        f'    <script type="application/gzip" id="pellucid-script">{packed}</script>\n'
        f"    <script>{_UNPACK}</script>\n  </body>",
    }
    found = re.compile("|".join(re.escape(part) for part in parts))
    if sorted(found.findall(html)) != sorted(parts):
        raise ValueError("index.html is not what single_file.py expects")
    return found.sub(lambda match: parts[match.group()], html)


def _compact(style: str) -> str:
    """Return a style sheet without comments, and without the white space that means nothing."""
    plain = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))
    plain = re.sub(r" ?([{};,]) ?", r"\1", plain).replace(";}", "}")
    return plain.replace(": ", ":")  # not " :", which in a selector means an element within


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _digest(text: str) -> str:
    return f"sha256-{_base64(hashlib.sha256(text.encode()).digest())}"
