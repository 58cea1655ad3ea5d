"""pellucid: neural networks you can see through.

>>> import pellucid as pl
>>> net = pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", seed=0)
>>> net.parameter_count
13002
"""

from __future__ import annotations

__version__ = "0.1.0"


def _read_rooms() -> dict[str, str]:
    """Return the module of each public name, from the imports of `__init__.pyi`."""
    path = __file__.removesuffix("c").removesuffix(".py") + ".pyi"
    with open(path, encoding="utf-8") as stub:  # noqa: PTH123 (importing pathlib takes time)
        imports = [line.split() for line in stub if line.startswith("from ")]
    return {name: module for _, module, _, _, _, name in imports}


_ROOM_OF = _read_rooms()
# Rooms whose names are not here, `pl.exchange` and others, may need libraries of an extra.
_OWN = [name for name, room in _ROOM_OF.items() if room != __name__]
# Constants, then classes, then functions, as linters sort them.
__all__ = sorted(_OWN, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


def __getattr__(name: str) -> object:
    # Names load their module when first used, so that `import pellucid` takes milliseconds.
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'pellucid' has no attribute {name!r}")
    import importlib

    room = _ROOM_OF[name]
    if room == __name__:
        return importlib.import_module(f"{__name__}.{name}")
    value = getattr(importlib.import_module(room), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM_OF})
