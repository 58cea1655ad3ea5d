"""The page as a folder of files, for a school's web site.

Any web server serves it, under any path.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from pellucid.files.folder import write_folder
from pellucid.network import Network
from pellucid.web.parts import FACTS, INDEX, LICENCE, parts

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
_HEAD = '<meta charset="utf-8" />'


def site(net: Network, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the page of a network as a folder of files; give their paths, index.html first.

    They are the modules as they stand in pellucid, the model file and, for a network that reads
    digits, 500 test digits of MNIST. Nothing in them names a host or a path, so they work from any
    web server, and a Content-Security-Policy in index.html lets the page ask no other host. A
    folder that is there is replaced only where this function wrote all that it holds. Raises
    InputError for a network without weights and for layers of the user's own, FileError where the
    folder cannot be written; then nothing is.
    """
    files = parts(net, Path(folder).resolve().name)
    known = json.loads(files[FACTS])
    licence = f"\n    {LICENCE}" if known["digits"] else ""
    policy = f'\n    <meta http-equiv="Content-Security-Policy" content="{POLICY}" />'
    html = files[INDEX].decode()
    if html.count(_HEAD) != 1:
        raise ValueError("index.html is not what site.py expects")
    files[INDEX] = html.replace(_HEAD, f"{_HEAD}{licence}{policy}").encode()
    files[FACTS] = json.dumps({**known, "files": sorted(files)}, ensure_ascii=False).encode()
    write_folder(folder, files, _written(Path(folder)))
    return [Path(folder, name) for name in files]


def _written(folder: Path) -> list[str]:
    """Give the names of the files that `site` wrote into a folder earlier."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        return [
            str(name) for name in json.loads((folder / FACTS).read_text(encoding="utf-8"))["files"]
        ]
    return []
