"""Write docs/*/measured/benchmark-tables.md from the measurements of `run.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import claims
import pages
from contest.contenders import CONTENDERS

MB = 1_000_000
TITLES = {name: kind.title for name, kind in CONTENDERS.items()}
NOT_MEASURED = "*not measured*"
KOREAN = {
    NOT_MEASURED: "*재지 않음*",
    "pellucid's time": "pellucid 대비",
    "against": "비교 대상",
    "measured": "잰 값",
    "bound": "목표",
    "holds": "충족",
    "yes": "예",
    "no": "아니요",
    "or more": "이상",
    "one row": "한 행",
    "10,000 rows": "10,000행",
    "digits as bytes": "숫자(바이트)",
    "digits as floats": "숫자(실수)",
    "digits": "숫자",
    "dense": "밀집",
    "MNIST, as bytes or floats": "MNIST(바이트나 실수)",
    "one epoch": "한 에포크",
    "dropout and BatchNorm": "드롭아웃과 BatchNorm",
    "bytes in": "바이트 입력",
    "with accuracy": "정확도 포함",
    "by hand": "직접 구현",
    "product at 1024^3": "1024^3 행렬곱",
    "measured peak": "잰 최고 속도",
    "start to exit": "시작부터 종료까지",
    "seconds of training": "학습 시간",
    "peak memory of pellucid train --quick": "pellucid train --quick의 최대 메모리",
    "peak memory of pellucid train": "pellucid train의 최대 메모리",
    "shared libraries, together": "공유 라이브러리 합계",
    "together": "합계",
    "range": "범위",
    "ratio": "비율",
    "of peak": "최고 속도 대비",
    "compiling": "컴파일",
    "the product alone": "행렬곱만",
    "predicting": "예측",
    "training, forward": "학습의 순전파",
    "NumPy's BLAS, the product alone": "NumPy의 BLAS, 행렬곱만",
    "wall time": "걸린 시간",
    "peak memory": "최대 메모리",
    "alone": "단독",
    "with its requirements": "필요한 패키지 포함",
    "memory in training": "학습할 때의 메모리",
    "size": "크기",
    "1,000 predictions": "예측 1,000번",
}


def write_pages(document: dict[str, Any], docs: Path = pages.DOCS) -> None:
    """Write the page in both languages."""
    english = _figures(document)
    pages.write(
        "measured/benchmark-tables",
        lambda language: {
            name: pages.translate(text, language, KOREAN) for name, text in english.items()
        },
        docs,
    )


def time_of(seconds: float) -> str:
    """Return seconds as text in a fitting unit.

    >>> time_of(1.44e-6), time_of(0.0031), time_of(2.5)
    ('1.44 us', '3.10 ms', '2.50 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= 0.9995 * size:
            return (
                f"{seconds / size:.3g} {unit}"
                if seconds >= 100 * size
                else f"{seconds / size:.2f} {unit}"
            )
    return f"{seconds * 1e6:.2f} us"


def _figures(document: dict[str, Any]) -> dict[str, str]:
    """Return every table and number of the page, in English."""
    at = document["surroundings"]
    peak = document.get("peak", {})
    training = document.get("training") or {}
    return {
        **{name: str(at[name]) for name in ("processor", "cores", "instructions", "system")},
        **{name: str(at[name]) for name in ("python", "date", "commit")},
        "versions": ", ".join(f"{_library(name)} {text}" for name, text in at["versions"].items()),
        "peak": ", ".join(f"{v / 1e9:.0f} GFLOP/s ({_threads(int(n))})" for n, v in peak.items())
        or NOT_MEASURED,
        "claims": _claims(document),
        "predictions": _cases(document, document.get("predictions", [])),
        "epochs": _cases(document, document.get("epochs", [])),
        "products": _products(document),
        "commands": _commands(document.get("commands", {})),
        "native": f"{training['native']:.2f} s" if training else NOT_MEASURED,
        "reference": f"{training['reference']:.2f} s" if training else NOT_MEASURED,
        "sizes": _sizes(document.get("sizes", {}), document.get("training_memory", {})),
        "libraries": _libraries(document.get("libraries", {})),
        "counted": _counted(document.get("counted") or {}),
    }


def _claims(document: dict[str, Any]) -> str:
    rows = []
    for verdict in claims.verdicts(document):
        if verdict.measured is not None:
            sign = {True: "yes", False: "**no**", None: "-"}[verdict.met]
            rows.append([verdict.claim, verdict.against or "-", *_ratios(verdict), sign])
    return pages.table(["pellucid", "against", "measured", "bound", "holds"], rows)


def _ratios(verdict: claims.Verdict) -> tuple[str, str]:
    """Return ratio and bound as fractions: 1/15 is a fifteenth of the other's time."""
    texts = []
    for value in (verdict.measured, verdict.bound):
        if value is None:
            texts.append("-")
        elif verdict.unit:
            texts.append(f"{value:.3g} {verdict.unit}")
        else:
            texts.append(f"1/{1 / value:.3g}" if value < 0.995 else f"{value:.3g}")
    return texts[0], texts[1] + " or more" * verdict.at_least


def _cases(document: dict[str, Any], results: list[dict[str, Any]]) -> str:
    """Return a heading and a table for each case.

    Each contender and way is a line, with the numbers of threads side by side.
    """
    parts = []
    counts = list(dict.fromkeys(result["threads"] for result in results))
    for case in dict.fromkeys(result["case"] for result in results):
        cells = {
            (result["contender"], result["way"], result["threads"]): result
            for result in results
            if result["case"] == case
        }
        training = any("multiply_adds" in result for result in cells.values())
        ours = {
            n: claims.fastest(results, case, n, "pellucid", "" if training else "predictor(x)")
            for n in counts
        }
        head = [""]
        for n in counts:
            head += [_threads(n), "range", "ratio", *(["of peak"] if training else [])]
        order = sorted(cells, key=lambda key: cells[key]["median"])
        rows = []
        for contender, way in dict.fromkeys(key[:2] for key in order):
            found = {n: cells.get((contender, way, n)) for n in counts}
            row = [", ".join(filter(None, [TITLES[contender], way, _compiling(found.values())]))]
            for n, result in found.items():
                row += _cells(result, ours[n], document.get("peak", {}).get(str(n)), training)
            rows.append(row)
        slug = re.sub(r"\W+", "-", case).lower()
        parts.append(f"### {case} {{ #{slug} }}\n\n{pages.table(head, rows)}")
    return "\n\n".join(parts) or NOT_MEASURED


def _cells(
    result: dict[str, Any] | None, ours: float, peak: float | None, training: bool
) -> list[str]:
    if result is None:
        return [""] * (4 if training else 3)
    extent = f"{time_of(result['min'])} - {time_of(result['max'])}"
    cells = [time_of(result["median"]), extent, f"{result['median'] / ours:.2f}"]
    if training:
        cells.append(
            f"{200 * result['multiply_adds'] / result['median'] / peak:.0f} %" if peak else ""
        )
    return cells


def _compiling(results: Iterable[dict[str, Any] | None]) -> str:
    seconds = [result["compiling"] for result in results if result and result["compiling"]]
    return f"compiling {max(seconds):.1f} s" if seconds else ""


def _products(document: dict[str, Any]) -> str:
    rows = [
        [
            _threads(int(n)),
            *(
                f"{flops[way] / 1e9:.0f} GFLOP/s, {100 * flops[way] / document['peak'][n]:.0f} %"
                for way in flops
            ),
        ]
        for n, flops in document.get("product", {}).items()
    ]
    head = ["", "the product alone", "predicting", "training, forward"]
    head += ["NumPy's BLAS, the product alone"]
    return pages.table(head, rows) if rows else NOT_MEASURED


def _commands(commands: dict[str, Any]) -> str:
    rows = [
        [f"`{name}`", f"{entry['median']:.2f} s", f"{entry['peak'] / MB:.0f} MB"]
        for name, entry in commands.items()
    ]
    return pages.table(["", "wall time", "peak memory"], rows) if rows else NOT_MEASURED


def _sizes(sizes: dict[str, Any], memory: dict[str, int]) -> str:
    rows = [
        [
            _library(name),
            *(f"{size / MB:.1f} MB" for size in entry.values()),
            f"{memory[name] / MB:.0f} MB" if name in memory else "-",
        ]
        for name, entry in sizes.items()
    ]
    head = ["", "alone", "with its requirements", "memory in training"]
    return pages.table(head, rows) if rows else NOT_MEASURED


def _libraries(libraries: dict[str, int]) -> str:
    rows = [[f"`{name}`", f"{size / MB:.2f} MB"] for name, size in libraries.items()]
    rows.append(["together", f"{sum(libraries.values()) / MB:.2f} MB"])
    return pages.table(["", "size"], rows) if libraries else NOT_MEASURED


def _counted(counted: dict[str, Any]) -> str:
    rows = [
        [name, f"{entry['epoch']:,}", f"{entry['predict']:,}"] for name, entry in counted.items()
    ]
    return pages.table(["", "one epoch", "1,000 predictions"], rows) if rows else NOT_MEASURED


def _library(name: str) -> str:
    return TITLES[name].removesuffix(" by hand")


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
