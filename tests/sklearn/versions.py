"""What tests expect of scikit-learn's own estimators, which older versions do not have."""

import pytest
import sklearn
from packaging.version import parse

newer = pytest.mark.skipif(
    parse(sklearn.__version__) < parse("1.9"),
    reason="before 1.9 scikit-learn's networks take no weights or Poisson losses, or fail "
    "with early stopping and classes that are texts",
)
