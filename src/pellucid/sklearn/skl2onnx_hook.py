"""Registration of our estimators with skl2onnx, whichever of the two is imported first.

skl2onnx finds converters by type in a table of its own, and has no entry points by which it would
look for them. It is too large to be imported for every user of an estimator, so its own import is
awaited: a finder of modules that looks for this one name alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_NAME = "skl2onnx"


def await_skl2onnx() -> None:
    """Register the estimators now if skl2onnx is imported, else as soon as it is."""
    if _NAME in sys.modules:
        _register()
    else:
        # At the front: the first finder that knows a module ends the search.
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds skl2onnx by the other finders, to register the estimators when it is loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != _NAME:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Registering(spec.loader)
        return spec


class _Registering(Loader):
    """Another loader, and the registration behind it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader  # the module has its own again
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        _register()

    def __getattr__(self, name: str) -> Any:  # get_data and others that specs are asked for
        return getattr(self._loader, name)


def _register() -> None:
    import_module("pellucid.sklearn.skl2onnx_converter")  # which registers them as it is imported
