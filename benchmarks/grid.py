"""Measure the grid: pellucid beside the others at every size, cell by cell.

python benchmarks/grid.py                      what is missing in grid.json, half an hour for all
python benchmarks/grid.py --important          the 32 cells that users meet most, ten minutes
python benchmarks/grid.py --only 'train, 1024*'   cells by name, with * and ?
python benchmarks/grid.py --again --minutes 24    all anew, as many as fit, the important first
python benchmarks/grid.py --quick              twelve cells, few turns, into build/: two minutes
python benchmarks/grid.py --page               the page and its heat maps alone

A cell that was measured is kept, so a run that was stopped goes on where it was. Beside pellucid
work PyTorch, JAX, ONNX Runtime, scikit-learn and NumPy, where they are installed and can do it
(`make bench-grid` installs them; torch.compile needs a C++ compiler).
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path
from typing import Any

import around
import grid_page
import machine
from contest.cells import IMPORTANT, QUICK, Cell, cells
from contest.contenders import installed
from contest.turns import REST, Contest, Seat, contest
from run import HERE, ROOT, cores, surroundings

PAIRS = 9
BUDGET = 15.0  # seconds of turns a cell, which is prepared in less than 5, if nothing is compiled
TURN = 0.03  # seconds for which short calls are repeated in a turn
SPREAD = 0.10  # of the pairs' ratios (half the distance of their quartiles); more: measured again
HOPELESS = 2.0  # times the best other's time: not measured any further


@dataclass
class Way:
    """A contender's way, its first call and the seconds of its turns."""

    seat: Seat
    way: str
    first: float | None
    seconds: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Contender and way, as in the results."""
        return "|".join(filter(None, [self.seat.name, self.way]))

    @property
    def ours(self) -> bool:
        """Whether it is pellucid's."""
        return self.seat.name == "pellucid"

    @property
    def median(self) -> float:
        """The median seconds of a call."""
        return statistics.median(self.seconds)

    def turn(self) -> None:
        """Do a turn; a way that fails has none."""
        if self.seat.threads > 1:
            time.sleep(REST)
        taken = self.seat.ask("run", way=self.way, seconds=TURN)
        self.seconds += [taken["seconds"]] if "seconds" in taken else []


def measure(held: Contest, cell: Cell, pairs: int = PAIRS) -> dict[str, Any]:
    """Return what everyone needed for a cell, and pellucid's ratio to the best other."""
    ways = list(_prepared(held, cell))
    started = time.perf_counter()
    for _ in range(2 if pairs > 1 else 1):
        _turns(ways, 1)
    ways = [way for way in ways if way.seconds]
    if not any(way.ours for way in ways):
        raise RuntimeError(f"{cell.name}: pellucid failed: {held.errors.get('pellucid')}")
    fastest = min((way.median for way in ways if not way.ours), default=0.0)
    kept = [way for way in ways if way.ours or way.median <= HOPELESS * fastest]
    while len(kept[0].seconds) < pairs and time.perf_counter() - started < BUDGET:
        _turns(kept, 1)
    result = _result(cell, ways, kept)
    if result["spread"] > SPREAD and pairs > 1:
        earlier = result
        for way in kept:
            way.seconds = []
        while not kept[0].seconds or (
            len(kept[0].seconds) < pairs and time.perf_counter() - started < BUDGET
        ):
            _turns(kept, 1)
        result = _result(cell, ways, kept)
        if len(kept[0].seconds) < pairs or earlier["spread"] < result["spread"]:
            result = earlier
    return result


def _prepared(held: Contest, cell: Cell) -> Iterator[Way]:
    """Let everyone prepare for a cell, and yield their ways."""
    request: dict[str, Any] = {"task": asdict(cell.task), "kind": cell.data}
    request["compiled"] = cell.compiles
    if cell.kind == "train":
        request |= {"rows": cell.trained, "warm": not cell.heavy}
    else:
        request |= {"rows": cell.size}
    for seat in held.seats:
        if cell.heavy and seat.name not in ("pellucid", "torch"):
            continue
        ready = seat.ask("epoch" if cell.kind == "train" else "predict", **request)
        for way in ready.get("ways", []):
            if (seat.name, way) == ("pellucid", "") or (cell.heavy and way == "torch.optim"):
                continue  # the whole call counts; the quicker of PyTorch's two ways to step
            first = ready.get("first", {}).get(way)
            if first is not None and ready.get("compiling"):
                first += ready["compiling"]
            yield Way(seat, way, first)


def _turns(ways: list[Way], count: int) -> None:
    for _ in range(count):
        for way in ways:
            way.turn()


def _result(cell: Cell, ways: list[Way], kept: list[Way]) -> dict[str, Any]:
    ours = min((way for way in kept if way.ours), key=lambda way: way.median)
    others = [way for way in kept if not way.ours]
    best = min(others, key=lambda way: way.median) if others else None
    found: dict[str, Any] = {"ratio": None, "spread": 0.0}
    if best is not None:
        ratios = [b / a for a, b in zip(ours.seconds, best.seconds, strict=False)]
        found["ratio"] = statistics.median(ratios)
        if len(ratios) > 3:
            low, _, high = statistics.quantiles(ratios, n=4)
            found["spread"] = (high - low) / 2 / found["ratio"]
    return {
        **{name: value for name, value in asdict(cell).items() if name != "name"},
        "rows": cell.trained if cell.kind == "train" else cell.size,
        "ours": ours.name,
        "best": None if best is None else best.name,
        **found,
        "pairs": len(ours.seconds),
        "seconds": {way.name: way.median for way in ways},
        "first": {way.name: way.first for way in ways if way.first is not None},
    }


def limits(threads: int, chosen: list[Cell]) -> dict[str, Any]:
    """Measure the machine's peak in float32 and the rates of reading each network's weights."""
    flags = ["-O3", "-march=native", "-Wno-psabi"]
    sizes = sorted({cell.weights for cell in chosen})
    with (
        machine.compiled("peak", [*flags, "-ffp-contract=fast"]) as peak,
        machine.compiled("reading", flags) as stream,
    ):
        return {
            "peak": float(machine._output(peak, threads)),
            "stream": {str(size): float(machine._output(stream, size, threads)) for size in sizes},
        }


def run(chosen: list[Cell], data: Path, pairs: int, until: float = math.inf) -> dict[str, Any]:
    """Measure cells and keep each result at once; return the document.

    After `until`, by the clock of `time.monotonic`, no further cell is begun.
    """
    document = json.loads(data.read_text()) if data.exists() else {"cells": {}, "limits": {}}
    document["surroundings"] = surroundings()
    for _, group in groupby(sorted(chosen, key=_turn), key=lambda cell: _turn(cell)[:2]):
        own = list(group)
        count = own[0].threads or cores()
        if time.monotonic() >= until:
            break
        known = document["limits"].setdefault(str(count), {"peak": 0.0, "stream": {}})
        found = limits(count, own)
        known["peak"] = max(known["peak"], found["peak"])
        known["stream"] |= found["stream"]
        with contest(installed(), count) as held:
            for number, cell in enumerate(own, 1):
                if time.monotonic() >= until:
                    break
                _measure_one(held, cell, pairs, document, f"{number}/{len(own)}")
                data.write_text(json.dumps(document, indent=1) + "\n")
            for name, messages in held.errors.items():
                sys.stderr.write(f"{name}: {messages[0]}\n")
    return document


def _turn(cell: Cell) -> tuple[bool, bool, bool]:
    """Return when a cell has its turn: the important ones first, what is compiled last."""
    return cell.compiles, cell.threads != 1, cell.name not in IMPORTANT


def _measure_one(
    held: Contest, cell: Cell, pairs: int, document: dict[str, Any], place: str
) -> None:
    about, started = document["surroundings"], time.perf_counter()
    stamp = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "commit": about["commit"]}
    try:
        result = {**measure(held, cell, pairs), "threads": held.threads, **stamp}
    except RuntimeError as error:
        sys.stderr.write(f"{place} {error}\n")
        return
    document["cells"][cell.name] = result
    ratio = "alone" if result["ratio"] is None else f"{result['ratio']:.2f}"
    line = f"{place} {cell.name}: {ratio} of {result['best']}, spread {result['spread']:.0%}"
    sys.stderr.write(f"{line}, {time.perf_counter() - started:.0f} s\n")


def main() -> None:
    """Measure the chosen cells, save the results, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", nargs="+", metavar="CELL")
    which.add_argument("--important", action="store_true")
    which.add_argument("--quick", action="store_true")
    which.add_argument("--page", action="store_true")
    parser.add_argument("--again", action="store_true", help="also cells that were measured")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no cell after")
    words = parser.parse_args()
    if words.page:
        grid_page.write_pages()
        return
    data = (ROOT / "build" if words.quick else HERE) / "grid.json"
    data.parent.mkdir(exist_ok=True)
    wanted = words.only or (IMPORTANT if words.important else QUICK if words.quick else ["*"])
    chosen = [cell for cell in cells() if any(fnmatch(cell.name, name) for name in wanted)]
    if data.exists() and not (words.again or words.quick):
        measured = json.loads(data.read_text())["cells"]
        chosen = [cell for cell in chosen if cell.name not in measured]
    until = time.monotonic() + 60 * words.minutes
    document = run(chosen, data, 3 if words.quick else PAIRS, until)
    if not (words.quick or words.only):
        document["around"] = around.measured()
        data.write_text(json.dumps(document, indent=1) + "\n")
    if words.quick:
        sys.stdout.write(grid_page.worst(document, "en") + "\n")
    else:
        grid_page.write_pages()


if __name__ == "__main__":
    main()
