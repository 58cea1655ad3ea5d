"""The generated pages hold what was measured, in both languages; the chart shows its ratios."""

import importlib
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import chart
import grid_page
import pages
import pytest
import report
from run import HERE

GENERATORS = [
    "gallery",
    "mnist_table",
    "neurons",
    "tables",
    "sklearn_estimators",
    "c_export",
    "scaling",
]
SVG = "{http://www.w3.org/2000/svg}"


def test_the_pages_are_those_of_the_saved_measurements(tmp_path: Path) -> None:
    """Run the generator with `--page` (the MNIST table and `run.py` with `--only none`) if not."""
    for name in GENERATORS:
        importlib.import_module(name).write_pages(tmp_path)
    report.write_pages(json.loads((HERE / "benchmarks.json").read_text()), tmp_path)
    grid_page.write_pages(tmp_path)
    written = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert len(written) == 2 * (len(GENERATORS) + 2) + 8
    for path in written:
        kept = pages.DOCS / path.relative_to(tmp_path)
        assert path.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8"), kept


def test_the_measurements_name_no_place_on_a_machine() -> None:
    for path in HERE.glob("*.json"):
        assert not re.search(r"/(home|tmp|root|work|Users)\b", path.read_text()), path


def test_both_languages_have_the_same_figures() -> None:
    """Only words differ: the numbers of every table are the same, cell by cell."""
    for path in (pages.DOCS / "en" / "measured").glob("*.md"):
        tables = [
            [
                [re.findall(r"\d+(?:[.,]\d+)*", cell) for cell in line.split("|")]
                for line in text.splitlines()
                if line.startswith("|")
            ]
            for text in (
                path.read_text(encoding="utf-8"),
                (pages.DOCS / "ko" / "measured" / path.name).read_text(encoding="utf-8"),
            )
        ]
        assert tables[0] == tables[1], path.name


def result(case: str, contender: str, way: str, threads: int, seconds: float) -> dict[str, object]:
    own = {"case": case, "contender": contender, "way": way, "threads": threads}
    return {**own, "median": seconds}


def test_the_chart_compares_everyone_at_their_best() -> None:
    row = "one row, digits"
    epoch = "784-800-10, sgd"
    document = {
        "predictions": [
            result(row, "pellucid", "predictor(x)", 1, 2.0),
            result(row, "pellucid", "net.predict(x)", 1, 5.0),
            result(row, "torch", "nn.Sequential", 1, 80.0),
            result(row, "torch", "addmm by hand", 2, 50.0),
            result("one row, dense", "torch", "addmm by hand", 1, 1.0),  # another case
        ],
        "epochs": [
            result(epoch, "pellucid", "", 2, 4.0),
            result(epoch, "pellucid", "with accuracy", 2, 1.0),  # it does more
            result(epoch, "jax", "", 1, 9.0),
        ],
    }
    found = chart.ratios(document)
    assert found[0] == {
        "pellucid": 1.0,
        "onnxruntime": None,
        "jax": None,
        "torch": 25.0,
        "sklearn": None,
    }
    assert found[4]["jax"] == pytest.approx(2.25)


@pytest.mark.parametrize("theme", chart.THEMES)
@pytest.mark.parametrize("infix", ["", "-ko"])
def test_the_chart_shows_the_ratios_as_lengths(theme: str, infix: str) -> None:
    document = json.loads((HERE / "benchmarks.json").read_text())
    root = ElementTree.parse(pages.DOCS / "pictures" / f"benchmarks{infix}-{theme}.svg").getroot()
    bars = [
        (float(bar.get("x", "")), float(bar.get("width", ""))) for bar in root.iter(f"{SVG}rect")
    ]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    for column, ratios in enumerate(chart.ratios(document)):
        known = [ratio for ratio in ratios.values() if ratio is not None]
        widths = [width for x, width in bars if x == chart.LEFT + chart.COLUMN * column]
        assert widths == [
            pytest.approx(max(chart.BAR * ratio / max(known), 1), abs=0.051) for ratio in known
        ]
        assert all(chart.shown(ratio) in texts for ratio in known)
