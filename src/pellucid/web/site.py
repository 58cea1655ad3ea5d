"""The page as a folder of files, which any web server serves under any path."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from pellucid.files.folder import write_folder
from pellucid.network import Network
from pellucid.web import guard
from pellucid.web.parts import FACTS, INDEX, LICENCE, parts

# As the server's, without `frame-ancestors`, which a <meta> element cannot set.
POLICY = guard.POLICY.removesuffix("; frame-ancestors 'none'")
_HEAD = '<meta charset="utf-8" />'


def site(net: Network, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the page of a network as a folder of files; return their paths, index.html first.

    The folder holds the page's modules, the model file and, for a network that classifies digits,
    500 test digits of MNIST. No file names a host or a path, and a Content-Security-Policy in
    index.html lets the page contact no other host. An existing folder is replaced only where
    `site` wrote all of its files.

    Raises InputError for a network without weights and for layers of the user's own, FileError
    where the folder cannot be written; then nothing is written.
    """
    files = parts(net, Path(folder).resolve().name)
    facts = json.loads(files[FACTS])
    licence = f"\n    {LICENCE}" if facts["digits"] else ""
    policy = f'\n    <meta http-equiv="Content-Security-Policy" content="{POLICY}" />'
    html = files[INDEX].decode()
    if html.count(_HEAD) != 1:
        raise ValueError("index.html is not what site.py expects")
    files[INDEX] = html.replace(_HEAD, f"{_HEAD}{licence}{policy}").encode()
    files[FACTS] = json.dumps({**facts, "files": sorted(files)}, ensure_ascii=False).encode()
    write_folder(folder, files, _written(Path(folder)))
    return [Path(folder, name) for name in files]


def _written(folder: Path) -> list[str]:
    """Return the names of the files that `site` wrote into a folder before."""
    # Whatever is wrong with the list, the folder is then someone else's, and is not replaced.
    with suppress(OSError, ValueError, TypeError, KeyError):
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        return [str(name) for name in facts["files"]]
    return []
