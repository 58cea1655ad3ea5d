"""What earlier versions of pellucid wrote, in today's names: every model file stays readable.

`tests/files/golden` has a file of each, which a test reads for ever. What tables are described by
has its own earlier names (`data.tables.kinds`).
"""

from __future__ import annotations

from typing import Any

from pellucid.core.types import Array

# By type of layer, the earlier and today's name of an array.
_RENAMED = {"Standardize": {"deviation": "std"}}


def rename_arrays(entries: Any, tensors: dict[str, Array], prefix: str = "") -> None:
    """Rename, in place, the arrays that layers and tensors of an earlier version name otherwise.

    `entries` are the layers of a header, whose nesting has been checked.
    """
    for index, entry in enumerate(entries):
        kind, place = entry["type"], f"{prefix}{index}."
        for old, new in _RENAMED.get(kind, {}).items() if isinstance(kind, str) else ():
            if old in entry["shapes"] and place + old in tensors:
                entry["shapes"][new] = entry["shapes"].pop(old)
                tensors[place + new] = tensors.pop(place + old)
        rename_arrays(entry.get("layers", ()), tensors, place)
