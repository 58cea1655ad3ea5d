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
    "certainty",
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
    maps, charts = (
        [path for path in written if path.name.startswith(n)] for n in ("grid", "bench")
    )
    assert len(maps) == 4 and len([path for path in charts if path.suffix == ".svg"]) in (0, 4)
    assert len([path for path in written if path.name.startswith("tables-")]) == 4
    assert len([path for path in written if path.suffix == ".md"]) == 2 * (len(GENERATORS) + 3)
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


def cell(**seconds: float) -> dict[str, dict[str, float]]:
    return {"seconds": {name.replace("_", "|", 1): each for name, each in seconds.items()}}


MEASURED = {
    column.cell: cell(pellucid_predictor=2.0, pellucid_predict=5.0, torch_module=80.0, jax=3.0)
    for column in chart.COLUMNS
} | {chart.COLUMNS[0].cell: cell(pellucid=2.0, torch_module=80.0, torch_addmm=50.0, sklearn=9.5)}


def test_the_chart_compares_everyone_at_their_best() -> None:
    assert chart.ratios(MEASURED)[0] == {
        "pellucid": 1.0,
        "onnxruntime": None,
        "jax": None,
        "torch": 25.0,
        "sklearn": 4.75,
    }
    assert chart.ratios(MEASURED)[1]["torch"] == 40


@pytest.mark.parametrize("theme", chart.THEMES)
@pytest.mark.parametrize("language", chart.TITLES)
def test_the_chart_shows_the_ratios_as_lengths(theme: str, language: str, tmp_path: Path) -> None:
    chart.write(MEASURED, tmp_path)
    infix = {"en": "", "ko": "-ko"}[language]
    root = ElementTree.parse(tmp_path / f"benchmarks{infix}-{theme}.svg").getroot()
    bars = [
        (float(bar.get("x", "")), float(bar.get("width", ""))) for bar in root.iter(f"{SVG}rect")
    ]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[0] == chart.TITLES[language]
    for column, ratios in enumerate(chart.ratios(MEASURED)):
        known = [ratio for ratio in ratios.values() if ratio is not None]
        widths = [width for x, width in bars if x == chart.LEFT + chart.ACROSS * column]
        assert widths == [
            pytest.approx(max(chart.BAR * ratio / max(known), 1), abs=0.051) for ratio in known
        ]
        assert all(chart.shown(ratio) in texts for ratio in known)


def test_no_chart_is_drawn_of_half_a_measurement(tmp_path: Path) -> None:
    chart.write(dict(list(MEASURED.items())[1:]), tmp_path)
    assert not list(tmp_path.iterdir())
