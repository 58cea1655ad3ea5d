"""Write docs/benchmarks.md and its picture from the measurements of `run.py`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import claims
from contest.contenders import CONTENDERS

MB = 1_000_000
TITLES = {name: kind.title for name, kind in CONTENDERS.items()}

HEAD = """# Benchmarks

Written by `make bench` (benchmarks/).

**How.** Every contender runs in a process of its own for each number of threads, begins with the
same weights, and gets the same rows and the same batches in the same order (scikit-learn: batches
of the same size in its own order). After warming up, contenders take turns (A B C, A B C, ...), so
that a slow moment of the machine slows all alike. Times are medians; beside them are the fastest
and the slowest repetition. Training is in float32 with softmax and cross-entropy. pellucid's
seconds are those of `history["seconds"]`, shuffling and checking for divergence included; the
others get the order for free. This machine has {cores} cores, so "all threads" are {cores}.

**Each at its best.** PyTorch: eager, tensors indexed by hand, no DataLoader, inference mode;
trained with its own fused optimizers and, for plain SGD, with `autograd.grad` and a step by hand;
predictions with `nn.Sequential`, the usual way, and with bare functions. scikit-learn:
`partial_fit`, input not checked again. ONNX Runtime: all optimizations, predictions only. JAX: the
whole epoch one compiled scan with donated buffers; compiling (once for each network) is not counted
but stated. NumPy: the same formulas by hand.
"""


def write(document: dict[str, Any], page: Path) -> None:
    """Write the page, and the picture next to it if matplotlib is installed."""
    parts = [
        HEAD.format(cores=document["surroundings"]["cores"]),
        _machine(document),
        _claims(document),
    ]
    if _draw(document, page.parent / "pictures" / "benchmarks.svg"):
        parts.append(
            "![Seconds of one epoch and microseconds of one prediction](pictures/benchmarks.svg)\n"
        )
    parts += [
        _predictions(document),
        _epochs(document),
        _products(document),
        _footprint(document),
        _counted(document),
    ]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(part for part in parts if part), encoding="utf-8")


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table: the first column aligned left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


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


def _machine(document: dict[str, Any]) -> str:
    at = document["surroundings"]
    names = [
        f"{TITLES[name].removesuffix(' by hand')} {version}"
        for name, version in at["versions"].items()
    ]
    lines = [
        f"**Machine.** {at['processor']}, {at['cores']} cores, pellucid's engine in "
        f"{at['instructions']}; "
        f"{at['system']}, Python {at['python']}; {at['date']}, commit {at['commit']}.",
        f"**Versions.** {', '.join(names)}.",
    ]
    if peak := document.get("peak"):
        found = ", ".join(
            f"{value / 1e9:.0f} GFLOP/s ({_threads(int(n))})" for n, value in peak.items()
        )
        lines.append(f"**Measured peak** of independent multiply-adds in float32: {found}.")
    return "\n\n".join(lines) + "\n"


def _claims(document: dict[str, Any]) -> str:
    rows = []
    for verdict in claims.verdicts(document):
        if verdict.measured is not None:
            sign = {True: "yes", False: "**no**", None: ""}[verdict.met]
            rows.append([verdict.claim, verdict.against, *_ratios(verdict), sign])
    return "## What is claimed\n\n" + table(
        ["pellucid", "against", "measured", "asked: at most", "holds"], rows
    )


def _ratios(verdict: claims.Verdict) -> tuple[str, str]:
    """Return ratio and bound as fractions: 1/15 is a fifteenth of the other's time."""
    texts = []
    for value in (verdict.measured, verdict.bound):
        if value is None:
            texts.append("stated")
        elif verdict.unit:
            texts.append(f"{value:.3g} {verdict.unit}")
        else:
            texts.append(f"1/{1 / value:.3g}" if value < 0.995 else f"{value:.3g}")
    return texts[0], texts[1] + " or more" * verdict.at_least


def _predictions(document: dict[str, Any]) -> str:
    parts = ["## Predictions: 784-16-16-10, sigmoids, NumPy arrays in and out\n"]
    parts.append(
        "Digits are MNIST's test rows, of which four in five numbers are 0: as float32 from 0 to "
        "1, or as MNIST's own bytes, which every contender then scales itself (ONNX Runtime in its "
        "graph). Dense rows are normal noise. Ratios are to predictor(x).\n"
    )
    return "\n".join([*parts, *_cases(document, document.get("predictions", []))])


def _epochs(document: dict[str, Any]) -> str:
    parts = ["## Training: one epoch of MNIST, 60,000 rows\n"]
    parts.append(
        "784-16-16-10 with sigmoids and 784-128-64-10 with ReLU in batches of 32, 784-800-10 with "
        "ReLU in batches of 64. Ratios are to pellucid's time for float32 rows. Bytes in: MNIST's "
        "own, scaled batch by batch. The claims take the quicker of both for pellucid, and all "
        "ways of the others. The share of the peak counts every multiply-add, those with zeros "
        "too, which pellucid skips.\n"
    )
    return "\n".join([*parts, *_cases(document, document.get("epochs", []))])


def _cases(document: dict[str, Any], results: list[dict[str, Any]]) -> list[str]:
    """Return a table for each case.

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
            head += [_threads(n), "spread", "ratio", *(["of peak"] if training else [])]
        order = sorted(cells, key=lambda key: cells[key]["median"])
        rows = []
        for contender, way in dict.fromkeys(key[:2] for key in order):
            found = {n: cells.get((contender, way, n)) for n in counts}
            row = [", ".join(filter(None, [TITLES[contender], way, _compiling(found.values())]))]
            for n, result in found.items():
                row += _cells(result, ours[n], document.get("peak", {}).get(str(n)), training)
            rows.append(row)
        parts.append(f"### {case}\n\n{table([*head], rows)}")
    return parts


def _cells(
    result: dict[str, Any] | None, ours: float, peak: float | None, training: bool
) -> list[str]:
    if result is None:
        return [""] * (4 if training else 3)
    spread = f"{time_of(result['min'])} to {time_of(result['max'])}"
    cells = [time_of(result["median"]), spread, f"{result['median'] / ours:.2f}"]
    if training:
        cells.append(
            f"{200 * result['multiply_adds'] / result['median'] / peak:.0f} %" if peak else ""
        )
    return cells


def _compiling(results: Iterable[dict[str, Any] | None]) -> str:
    seconds = [result["compiling"] for result in results if result and result["compiling"]]
    return f"after {max(seconds):.1f} s of compiling" if seconds else ""


def _products(document: dict[str, Any]) -> str:
    if "product" not in document:
        return ""
    rows = [
        [
            _threads(int(n)),
            *(
                f"{flops[way] / 1e9:.0f} GFLOP/s, {100 * flops[way] / document['peak'][n]:.0f} %"
                for way in flops
            ),
        ]
        for n, flops in document["product"].items()
    ]
    text = (
        "1,024 rows through one Affine layer of 1,024 x 1,024, and the product within it; share of "
        "the measured peak. Peak and products are measured in turn, and the best of each counts, "
        "since other programs on the machine slow them.\n"
    )
    head = [
        "",
        "the product alone",
        "predicting",
        "training, forward",
        "NumPy's BLAS, the product alone",
    ]
    return f"## The matrix product\n\n{text}\n{table(head, rows)}"


def _footprint(document: dict[str, Any]) -> str:
    parts = []
    if commands := document.get("commands"):
        rows = [
            [f"`{name}`", f"{entry['median']:.2f} s", f"{entry['peak'] / MB:.0f} MB"]
            for name, entry in commands.items()
        ]
        parts.append(
            "## From start to exit\n\n" + table(["", "seconds, wall", "peak memory"], rows)
        )
    if training := document.get("training"):
        times = ", ".join(
            f"{seconds:.2f} s by the {engine} engine" for engine, seconds in training.items()
        )
        parts.append(f"Of `pellucid train`, training itself takes {times}.\n")
    sizes, memory = document.get("sizes"), document.get("training_memory", {})
    if sizes:
        rows = []
        for name, entry in sizes.items():
            peak = f"{memory[name] / MB:.0f} MB" if name in memory else ""
            rows.append(
                [
                    TITLES[name].removesuffix(" by hand"),
                    *(f"{size / MB:.1f} MB" for size in entry.values()),
                    peak,
                ]
            )
        parts.append(
            "## Size\n\nInstalled size on disk, and the peak memory of a process that trains an "
            "epoch of 784-16-16-10 from float32 rows (which take 188 MB, and MNIST as bytes 55 MB; "
            "`pellucid train` trains on the bytes). pellucid contains MNIST, 11.6 MB.\n\n"
            + table(["", *next(iter(sizes.values())), "training, memory"], rows)
        )
    if libraries := document.get("libraries"):
        rows = [[f"`{name}`", f"{size / MB:.2f} MB"] for name, size in libraries.items()]
        rows.append(["together", f"{sum(libraries.values()) / MB:.2f} MB"])
        parts.append("Shared libraries of the native engine:\n\n" + table(["", "size"], rows))
    return "\n".join(parts)


def _counted(document: dict[str, Any]) -> str:
    if not document.get("counted"):
        return ""
    rows = [
        [name, f"{entry['epoch']:,}", f"{entry['predict']:,}"]
        for name, entry in document["counted"].items()
    ]
    text = (
        "For comparing a change without noise: instructions that callgrind counts (AVX2, which "
        "valgrind knows) for one epoch on 1,000 made-up rows, batches of 32, plain SGD, and for "
        "1,000 predictions one by one. `make callgrind` counts them again.\n"
    )
    return f"## Instructions\n\n{text}\n{table(['', 'one epoch', '1,000 predictions'], rows)}"


def _draw(document: dict[str, Any], path: Path) -> bool:
    try:
        import plot
    except ImportError:
        return path.exists()
    if "predictions" in document and "epochs" in document:
        plot.draw(document, TITLES, path)
    return path.exists()


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
