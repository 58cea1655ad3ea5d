"""scikit-learn's MLPClassifier and MLPRegressor on pellucid's engine: the same networks, faster and
open to look into.

They take every parameter of scikit-learn's own, and with the same `random_state` they train to the
same weights, to rounding. What they have beyond it follows scikit-learn's parameters and changes
nothing unless it is used. skl2onnx converts them like scikit-learn's own, whichever of the two
packages is imported first. `TableClassifier` and `TableRegressor` take tables as they are: texts,
dates and missing cells. `to_network` makes one network of a fitted pipeline, with its scalers,
imputers and encoders. This needs scikit-learn (the extra `sklearn`).
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pellucid.extras import library
from pellucid.sklearn.skl2onnx_hook import await_skl2onnx

if TYPE_CHECKING:
    from pellucid.sklearn.classifier import MLPClassifier
    from pellucid.sklearn.pipelines import to_network
    from pellucid.sklearn.regressor import MLPRegressor
    from pellucid.sklearn.tables import TableClassifier, TableRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TableClassifier", "TableRegressor", "to_network"]

_MODULES = {
    "MLPClassifier": "classifier",
    "MLPRegressor": "regressor",
    "TableClassifier": "tables",
    "TableRegressor": "tables",
    "to_network": "pipelines",
}

# `pytest.importorskip` and the like ask by an import, so a missing scikit-learn is an error here.
# (The check is quick; scikit-learn itself is loaded with the first name.)
if find_spec("sklearn") is None:
    library("sklearn", "sklearn")
await_skl2onnx()


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'pellucid.sklearn' has no attribute {name!r}")
    library("sklearn", "sklearn")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
