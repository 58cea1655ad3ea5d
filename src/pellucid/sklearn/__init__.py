"""scikit-learn's MLPClassifier and MLPRegressor on pellucid's engine: the same networks, sooner,
and open to look into.

They take every parameter of scikit-learn's own, and with the same `random_state` they learn the
same weights, to rounding. What they have beyond it stands behind scikit-learn's parameters and
changes nothing unless it is asked for. `to_network` makes one network of a fitted pipeline, scalers
included. This needs scikit-learn: pip install "pellucid[sklearn]".
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pellucid.extras import library

if TYPE_CHECKING:
    from pellucid.sklearn.classifier import MLPClassifier
    from pellucid.sklearn.pipelines import to_network
    from pellucid.sklearn.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "to_network"]

# Whoever imports this wants to use it, and `pytest.importorskip` and the like ask by an import.
# (Looking is quick; scikit-learn itself is loaded with the first name.)
if find_spec("sklearn") is None:
    library("sklearn", "sklearn")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pellucid.sklearn' has no attribute {name!r}")
    library("sklearn", "sklearn")
    from pellucid.sklearn.classifier import MLPClassifier
    from pellucid.sklearn.pipelines import to_network
    from pellucid.sklearn.regressor import MLPRegressor

    found = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor, "to_network": to_network}
    globals().update(found)
    return found[name]
