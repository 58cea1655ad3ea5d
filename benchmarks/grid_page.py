"""Write the pages of the grid, its heat maps and the README's chart from `grid.py`'s measurements.

docs/*/measured/benchmarks.md is one page, docs/*/measured/benchmark-grid.md has every cell.
"""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

import chart
import heatmap
import pages
import report
from contest.cells import BATCHES, ROWS, WIDTHS, Cell, cells

DATA = pages.HERE / "grid.json"
ENOUGH = 0.97
SHOWN = 12  # of the worst cells
NOT_MEASURED = {"en": "*not measured*", "ko": "*재지 않음*"}
VARIANTS = {
    "torch.compile too": "torch.compile 포함",
    "all threads": "모든 스레드",
    "sparse input": "희소 입력",
    "depth 2": "깊이 2",
    "depth 20": "깊이 20",
    "100000 rows": "100,000행",
}
HEADS = {
    "cell": {"en": "", "ko": ""},
    "ratio": {"en": "ratio", "ko": "비율"},
    "best": {"en": "fastest other", "ko": "가장 빠른 다른 라이브러리"},
    "time": {"en": "pellucid", "ko": "pellucid"},
    "first": {"en": "first call", "ko": "첫 호출"},
    "other": {"en": "the other", "ko": "상대"},
    "spread": {"en": "spread", "ko": "퍼짐"},
    "share": {"en": "of the limit", "ko": "한계 대비"},
}
THREADED = {
    "row_1024": Cell("predict", 1024, 1),
    "row_2048": Cell("predict", 2048, 1),
    "rows_1024": Cell("predict", 1024, 1, "all threads", threads=0),
    "rows_2048": Cell("predict", 2048, 1, "all threads", threads=0),
    "epoch_1024": Cell("train", 1024, 64, "all threads", threads=0),
    "epoch_2048": Cell("train", 2048, 64, "all threads", threads=0),
}
"""Cells whose share of the limit the page states in words."""
LIMITS = {"en": ("arithmetic", "memory"), "ko": ("연산", "메모리")}


def load(data: Path = DATA) -> dict[str, Any]:
    """Return the document of the measurements; without any cell where nothing was measured."""
    if not data.exists():
        return {"cells": {}, "limits": {}, "surroundings": {}}
    return json.loads(data.read_text())


def write_pages(docs: Path = pages.DOCS, data: Path = DATA) -> None:
    """Write the pages in both languages, heat maps and chart, light and dark."""
    document = load(data)
    pictures = docs / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    chart.write(document["cells"], pictures)
    found = {cell.name: share(document, cell) for cell in cells() if cell.name in document["cells"]}
    known = {name: each for name, each in found.items() if each is not None}
    for language, infix in (("en", ""), ("ko", "-ko")):
        for theme in ("light", "dark"):
            drawn = heatmap.draw(document["cells"], known, language, theme)
            (pictures / f"grid{infix}-{theme}.svg").write_text(drawn, encoding="utf-8")
    for page in ("measured/benchmarks", "measured/benchmark-grid"):
        pages.write(page, lambda language: figures(document, language), docs)


def figures(document: dict[str, Any], language: str) -> dict[str, str]:
    """Return every table and number of the pages."""
    about = document["surroundings"]
    nothing = NOT_MEASURED[language]
    names = ("processor", "cores", "instructions", "system", "python")
    stamps = sorted({each["date"] for each in document["cells"].values()})
    commits = sorted({each["commit"] for each in document["cells"].values()})
    peaks = [
        report.NOT_MEASURED if not each["peak"] else f"{each['peak'] / 1e9:.0f} GFLOP/s ({count})"
        for count, each in document["limits"].items()
    ]
    return {
        **{name: str(about.get(name, nothing)) for name in names},
        "date": " - ".join(dict.fromkeys([*stamps[:1], *stamps[-1:]])) or nothing,
        "commit": ", ".join(commits) or nothing,
        "versions": ", ".join(
            f"{report._library(name)} {text}" for name, text in about.get("versions", {}).items()
        )
        or nothing,
        "peak": ", ".join(peaks) or nothing,
        **found(document, language),
        **surrounding(document, language),
        "behind": behind(document, language),
        "worst": worst(document, language),
        **{
            kind: table(document, [c for c in cells() if _in_grid(c) and c.kind == kind], language)
            for kind in ("train", "predict")
        },
        "varied": table(document, [c for c in cells() if not _in_grid(c)], language),
    }


def found(document: dict[str, Any], language: str) -> dict[str, str]:
    """Return how many cells of the grid are as fast as the best other, and the means of ratios."""
    results = document["cells"]
    every = [c for c in cells() if _in_grid(c) and results.get(c.name, {}).get("ratio")]
    measured = {cell: results[cell.name]["ratio"] for cell in every}
    uncompiled = {cell: _without_jax(results[cell.name]) for cell in every}
    first = [results[cell.name]["first"].get("jax") for cell in every]

    def mean(ratios: dict[Cell, float] = measured, **limits: Any) -> str:
        chosen = [
            ratio
            for cell, ratio in ratios.items()
            if cell.kind == limits.get("kind", cell.kind)
            and cell.width <= limits.get("width", cell.width)
            and cell.size <= limits.get("size", cell.size)
        ]
        return f"{statistics.geometric_mean(chosen):.2f}" if chosen else NOT_MEASURED[language]

    return {
        "count": str(len(measured)),
        "good": str(sum(ratio >= ENOUGH for ratio in measured.values())),
        "enough": str(ENOUGH),
        "all": mean(),
        "all_train": mean(kind="train"),
        "all_predict": mean(kind="predict"),
        "small_train": mean(kind="train", width=64),
        "small_predict": mean(kind="predict", width=64, size=64),
        "uncompiled_train": mean(uncompiled, kind="train"),
        "uncompiled_small": mean(uncompiled, kind="train", width=64),
        "compiling": report.time_of(statistics.median(compiled))
        if (compiled := [seconds for seconds in first if seconds])
        else NOT_MEASURED[language],
    }


def _without_jax(result: dict[str, Any]) -> float:
    """Return pellucid's ratio to the best other but JAX, by the medians of all turns."""
    others = {n: s for n, s in result["seconds"].items() if n.partition("|")[0] != "jax"}
    ours = {n: s for n, s in others.items() if n.partition("|")[0] == "pellucid"}
    best: float = min((s for n, s in others.items() if n not in ours), default=math.nan)
    return best / min(ours.values())


def worst(document: dict[str, Any], language: str) -> str:
    """Return a table of the cells in which pellucid is least ahead."""
    rated = [cell for cell in cells() if document["cells"].get(cell.name, {}).get("ratio")]
    rated.sort(key=lambda cell: document["cells"][cell.name]["ratio"])
    return table(document, rated[:SHOWN], language)


def surrounding(document: dict[str, Any], language: str) -> dict[str, str]:
    """Return the figures of what surrounds the arithmetic, and of all threads together."""
    found = dict.fromkeys(
        ("outside", "large", "iris", "wine", "digits", *THREADED), NOT_MEASURED[language]
    )
    if known := document.get("around"):
        large = known["large"]
        found["outside"] = report.time_of(known["small"]["outside"])
        found["large"] = f"{large['outside'] / large['epoch']:.0%}"
        found |= {name: f"{ratio:.1f}" for name, ratio in known["fits"].items()}
    for name, key in THREADED.items():
        parts = shares(document, key) if key.name in document["cells"] else None
        if parts is not None:
            found[name] = f"{parts[key.kind == 'predict']:.0%}"
    return found


def behind(document: dict[str, Any], language: str) -> str:
    """Return in words which cells of the grid fall short, the worst first, and of whom."""
    rated = {cell: document["cells"].get(cell.name, {}) for cell in cells() if _in_grid(cell)}
    short = [cell for cell, each in rated.items() if each.get("ratio") and each["ratio"] < ENOUGH]
    short.sort(key=lambda cell: rated[cell]["ratio"])
    listed = "; ".join(
        f"{title(cell, language)} ({rated[cell]['ratio']:.2f}, "
        f"{report._library(rated[cell]['best'].partition('|')[0])})"
        for cell in short
    )
    return listed or {"en": "none", "ko": "없음"}[language]


def table(document: dict[str, Any], chosen: list[Cell], language: str) -> str:
    """Return a table of cells, those that were measured."""
    rows = [_row(document, cell, language) for cell in chosen if cell.name in document["cells"]]
    heads = [head[language] for head in HEADS.values()]
    return pages.table(heads, rows) if rows else NOT_MEASURED[language]


def title(cell: Cell, language: str) -> str:
    """Return a cell in words."""
    if language == "en":
        return cell.name.replace(" 1 rows", " 1 row").replace("100000", "100,000")
    size = f"배치 {cell.size}" if cell.kind == "train" else f"{cell.size}행"
    kind = "학습" if cell.kind == "train" else "예측"
    variant = VARIANTS.get(cell.variant, cell.variant)
    words = ", ".join(filter(None, [kind, f"너비 {cell.width}", size, variant]))
    return words.replace("100000", "100,000")


def share(document: dict[str, Any], cell: Cell) -> heatmap.Share | None:
    """Return pellucid's share of what binds: the arithmetic or the memory of the machine."""
    parts = shares(document, cell)
    return None if parts is None else heatmap.Share(max(parts), parts[1] > parts[0])


def shares(document: dict[str, Any], cell: Cell) -> tuple[float, float] | None:
    """Return pellucid's shares of the machine's arithmetic and of its memory's rate."""
    result = document["cells"][cell.name]
    limit = document["limits"].get(str(result["threads"]), {})
    seconds = result["seconds"][result["ours"]]
    stream = limit.get("stream", {}).get(str(cell.weights))
    if not limit.get("peak") or not stream:
        return None
    peak = limit["peak"] / (2 if cell.dtype == "float64" else 1)
    return cell.flops / seconds / peak, cell.traffic / seconds / stream


def _row(document: dict[str, Any], cell: Cell, language: str) -> list[str]:
    result = document["cells"][cell.name]
    ratio, ours, best = result["ratio"], result["ours"], result["best"]
    bold = "**" if ratio is not None and ratio < ENOUGH else ""
    part, first = share(document, cell), result["first"].get(ours)
    return [
        title(cell, language),
        "–" if ratio is None else f"{bold}{ratio:.2f}{bold}",
        "–" if best is None else _way(best),
        report.time_of(result["seconds"][ours]),
        "–" if first is None else report.time_of(first),
        "–" if best is None else report.time_of(result["seconds"][best]),
        f"{result['spread']:.0%}",
        "–" if part is None else f"{part.part:.0%} {LIMITS[language][part.memory]}",
    ]


def _way(name: str) -> str:
    contender, _, way = name.partition("|")
    return ", ".join(filter(None, [report._library(contender), way]))


def _in_grid(cell: Cell) -> bool:
    sizes = BATCHES if cell.kind == "train" else ROWS
    return not cell.variant and cell.width in WIDTHS and cell.size in sizes
