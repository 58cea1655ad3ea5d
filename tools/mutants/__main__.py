"""Draw random small mistakes, and show which tests notice them.

    python -m tools.mutants --number 60 --seed 1

Each mutant is made in a copy of the tree, never in the tree itself, and first meets the tests of
its own room; one that survives them meets mypy or TypeScript, then the whole gate. What takes four
times as long as the unchanged code counts as noticed. Survivors are shown with their lines: some
change nothing that could be noticed, which only a reader can tell.
"""

from __future__ import annotations

import argparse
import difflib
import tempfile
from collections import Counter
from pathlib import Path

from tools.mutants.rooms import ROOMS, Mutant, draw
from tools.mutants.workshop import HOUR, Verdict, Workshop

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Draw, run and report."""
    options = _options()
    mutants = draw(ROOT, options.number, options.seed, options.room or ROOMS)
    if options.list:
        for mutant in mutants:
            print(_row(mutant, "", ""))
        return
    with tempfile.TemporaryDirectory(prefix="pellucid-mutants-") as folder:
        workshop = Workshop(ROOT, Path(folder))
        limits = {room: _limit(workshop, room) for room in dict.fromkeys(m.room for m in mutants)}
        print("| room | place | change | caught by | s |\n| --- | --- | --- | --- | --- |")
        survivors, stages = [], Counter[str]()
        for mutant in mutants:
            stage, verdict = _meet(workshop, mutant, limits[mutant.room], options.gate)
            stages[stage] += 1
            print(_row(mutant, verdict.caught or stage, f"{verdict.seconds:.0f}"), flush=True)
            if not verdict.caught:
                survivors.append(mutant)
    print("\n" + ", ".join(f"{stage}: {count}" for stage, count in stages.items()))
    for mutant in survivors:
        print(f"\nSurvived, or changes nothing?\n{_difference(mutant)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--number", type=int, default=60, help="how many mutants, over all rooms")
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same mutants")
    parser.add_argument("--room", action="append", choices=ROOMS, help="this room only; repeatable")
    parser.add_argument("--list", action="store_true", help="show the draw and run nothing")
    parser.add_argument(
        "--no-gate", dest="gate", action="store_false", help="leave the whole gate out"
    )
    return parser.parse_args()


def _limit(workshop: Workshop, room: str) -> float:
    """Run a room's tests without any mutant, which must pass; return the limit for mutants."""
    verdict = workshop.pytest(ROOMS[room].tests, limit=HOUR)
    if verdict.caught:
        raise SystemExit(f"{room}: the tests fail without a mutant: {verdict.caught}")
    return 60 + 4 * verdict.seconds


def _meet(workshop: Workshop, mutant: Mutant, limit: float, gate: bool) -> tuple[str, Verdict]:
    """Return the stage that noticed a mutant, or "survived", and what it said."""
    try:
        if not workshop.write(mutant):
            return "compiler", Verdict("the compiler", 0)
        seconds = 0.0
        for stage in ("own room", "types", "gate") if gate else ("own room", "types"):
            verdict = _stage(workshop, stage, mutant, limit)
            seconds += verdict.seconds
            if verdict.caught:
                return stage, Verdict(f"{stage}: {verdict.caught}", seconds)
        return "survived", Verdict("", seconds)
    finally:
        workshop.restore(mutant)


def _stage(workshop: Workshop, stage: str, mutant: Mutant, limit: float) -> Verdict:
    if stage == "own room":
        return workshop.pytest(ROOMS[mutant.room].tests, limit=limit)
    if stage == "gate":
        return workshop.pytest("-n", "2", limit=HOUR)
    if mutant.room == "page":
        compiler = ".venv/node/node_modules/typescript/bin/tsc"
        return workshop.run(".venv/bin/node", compiler, "--project", "tsconfig.json", limit=HOUR)
    return workshop.run(workshop.python, "-m", "mypy", limit=HOUR)


def _row(mutant: Mutant, caught: str, seconds: str) -> str:
    shown = mutant.change.shown(mutant.text(ROOT)).replace("|", "\\|")
    return f"| {mutant.room} | {mutant.place(ROOT)} | `{shown}` | {caught} | {seconds} |"


def _difference(mutant: Mutant) -> str:
    text = mutant.text(ROOT)
    lines = difflib.unified_diff(
        text.splitlines(),
        mutant.change.applied(text).splitlines(),
        mutant.place(ROOT),
        mutant.change.kind,
        lineterm="",
        n=4,
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
