"""Golden files: model files of every version of the format are read for ever.

`golden/` has files that earlier versions wrote (the names begin with the format's version), each
with rows and the predictions of its time. `golden_files.py` adds files; none is ever changed.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import safetensors
import safetensors.numpy

import pellucid as pl
import pellucid.sklearn
from pellucid.core import LAYERS
from pellucid.core.layer import walk
from pellucid.files import model
from tests.files.golden_files import FOLDER, LEVEL, as_input

FILES = sorted(FOLDER.glob("*.safetensors"))
files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def header(path: Path) -> Any:
    with safetensors.safe_open(path, framework="np") as file:
        return json.loads(file.metadata()["pellucid"])


def expected(path: Path) -> Any:
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@files
@pytest.mark.filterwarnings("ignore::pellucid.TableWarning")
def test_it_predicts_what_it_predicted_when_it_was_written(path: Path, tmp_path: Path) -> None:
    net, known = pl.load(path), expected(path)
    y = net.predict(as_input(known["rows"]))
    np.testing.assert_allclose(y, known["predictions"], rtol=2e-5, atol=2e-6)
    net.save(tmp_path / "again.safetensors")
    again = pl.load(tmp_path / "again.safetensors")
    assert again == net
    assert (again.classes, again.record) == (net.classes, net.record)
    assert again.predict(as_input(known["rows"])).tobytes() == y.tobytes()


@pytest.mark.parametrize("path", [path for path in FILES if "unlike" in expected(path)])
@pytest.mark.filterwarnings("ignore::pellucid.TableWarning")
def test_it_is_as_sure_as_it_was(path: Path) -> None:
    net, known = pl.load(path), expected(path)
    rows = known["rows"]
    unlike = [[str(each) for each in reasons] for reasons in pl.unlike_training(net, rows)]
    assert unlike == known["unlike"]
    if "sets" in known:
        assert net.class_sets(rows, LEVEL) == known["sets"]
    else:
        np.testing.assert_allclose(net.interval(rows, LEVEL), known["interval"], rtol=2e-5)


@pytest.mark.parametrize("path", [path for path in FILES if "estimator" in path.stem])
def test_an_estimator_predicts_what_it_predicted(path: Path) -> None:
    known = expected(path)
    estimator = getattr(pellucid.sklearn, known["estimator"]).load(path)
    rows = known["rows"]
    X = pandas.DataFrame(rows) if isinstance(rows, dict) else np.asarray(rows)
    np.testing.assert_allclose(estimator.predict_proba(X), known["predictions"], rtol=2e-5)


@files
def test_every_bit_of_its_arrays_is_kept(path: Path) -> None:
    layers, entries = model.read(path)
    read = [array for layer in layers for array in layer.arrays().values()]
    read += entries["arrays"].values()
    written = safetensors.numpy.load_file(path).values()
    assert sorted(a.tobytes() for a in read) == sorted(a.tobytes() for a in written)


def test_the_current_version_has_a_file_of_every_layer_and_kind_of_column() -> None:
    """If not: add a network to `golden_files.py` and run `python -m tests.files.golden_files`."""
    current = [path for path in FILES if header(path)["version"] == model.VERSION]
    layers = {type(layer).__name__ for path in current for layer in walk(pl.load(path).layers)}
    assert set(LAYERS) - layers == set()
    inputs = [header(path)["inputs"] for path in current]
    columns = {column["kind"] for entry in inputs for column in (entry or {}).get("columns", ())}
    assert columns == {"number", "date", "category", "embedded"}
    assert {entry["kind"] for entry in inputs if entry} == {"images", "table"}
    sure = [net.uncertainty for net in map(pl.load, current) if net.uncertainty is not None]
    assert any(each.residuals for each in sure) and any(each.scores for each in sure)
    assert any(each.novelty for each in sure)


def test_a_name_begins_with_the_version() -> None:
    versions = set()
    for path in FILES:
        assert path.name.startswith(f"{header(path)['version']}-")
        versions.add(header(path)["version"])
    assert versions == set(range(1, model.VERSION + 1))
