"""Compare `pellucid.sklearn`'s estimators for tables with networks and trees on public tables.

    python benchmarks/tables.py                     measure what is missing, then write the pages
    python benchmarks/tables.py --short             split 0 of the smaller tables, cheap contenders,
                                                    compared with what is kept: two minutes
    python benchmarks/tables.py --again --contenders tabular     after a change of it
    python benchmarks/tables.py --only iris wine    some tables; --contenders tabular XGBoost
    python benchmarks/tables.py --list              show the tables
    python benchmarks/tables.py --page              the pages alone, from what was measured

What was measured is kept in tables.csv, line by line: a run that is stopped loses one measurement,
and the next one goes on. The cheapest measurements come first, so the pages soon say something.
`make tables-table` prepares the environment with the other libraries.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pages
from tabular import chart, page, results
from tabular.contenders import CONTENDERS, Contender, prepare_imports
from tabular.results import RESULTS, Result
from tabular.scoring import measured
from tabular.sources import SOURCES, load
from tabular.splits import MOST, SPLITS, split_of

from pellucid.files.atomic import write_whole

ABOUT = Path(__file__).with_name("tables.json")
SEARCHED = Path(__file__).with_name("search.json")
SHORT = Path(__file__).parents[1] / "build" / "tables-short.csv"
SHORT_ROWS, SHORT_COST = 1_500, 2  # a short run: rows of a table, and `Contender.cost`
LATER = 4  # a second split is as urgent as a measurement that costs so many times as much


def about_tables() -> dict[str, dict[str, Any]]:
    """Return rows, columns and classes of every table."""
    found = {}
    for name in SOURCES:
        task = load(name)
        inputs = task.frame.drop(columns=task.target)
        found[name] = {
            "package": SOURCES[name].package,
            "rows": len(inputs),
            "columns": inputs.shape[1],
            "categories": len(inputs.select_dtypes(exclude=["number", "bool"]).columns),
            "missing": int(inputs.isna().sum().sum()),
            "classes": int(task.frame[task.target].nunique()) if task.classes else 0,
        }
    return found


def jobs(
    about: dict[str, dict[str, Any]], contenders: list[str], splits: int
) -> list[tuple[str, str, int]]:
    """Return table, contender and split of every measurement, the cheapest first."""
    found = [
        (_cost(about[table], CONTENDERS[name]) * LATER**split, table, name, split)
        for table in about
        for name in contenders
        for split in range(splits)
        if about[table]["classes"] or CONTENDERS[name].values
    ]
    return [job[1:] for job in sorted(found)]


def _cost(about: dict[str, Any], contender: Contender) -> float:
    classes = about["classes"] if contender.per_class and about["classes"] > 2 else 1
    return contender.cost * classes * (0.3 + min(0.75 * about["rows"], MOST) / 1_000)


def measure(todo: list[tuple[str, str, int]], path: Path) -> Iterator[Result]:
    """Measure what is not yet in the file, and add it there."""
    done = {each[:3] for each in results.read(path)}
    for table, name, seed in todo:
        if (table, name, seed) in done:
            continue
        found = measured(CONTENDERS[name], split_of(load(table), seed))
        scores = (None, None, None, found) if isinstance(found, str) else (*found, "")
        result = Result(table, name, seed, *scores)
        results.append(result, path)
        yield result


def versions() -> dict[str, str]:
    """Return the versions of the libraries that are there."""
    packages = [contender.package for contender in CONTENDERS.values()]
    found = {}
    for package in dict.fromkeys([*packages, "torch", "numpy"]):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def keep(about: dict[str, dict[str, Any]]) -> None:
    """Keep what the tables are and what measured them, for the pages."""
    document = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": platform.machine(),
        "versions": versions(),
        "tables": about,
    }
    write_whole(ABOUT, (json.dumps(document, indent=1) + "\n").encode())


def write_pages(docs: Path = pages.DOCS) -> None:
    """Write the pages of both languages and their charts from the saved measurements."""
    about = json.loads(ABOUT.read_text(encoding="utf-8"))
    found = page.Measurements.of(about, results.read())
    pages.write(
        "measured/tables",
        lambda language: found.figures(language) | {"search": searched(language)},
        docs,
    )
    chart.write(found, docs / "pictures")


def searched(language: str) -> str:
    """Return the section on what a search gains (search.py), nothing before that was measured."""
    if not SEARCHED.exists():
        return ""
    import search

    return search.section(json.loads(SEARCHED.read_text(encoding="utf-8")), language)


def agreement(found: list[Result], kept: list[Result]) -> str:
    """Return how many new losses of each contender are within 1 % of the kept ones."""
    before = {each[:3]: each.loss for each in kept}
    lines = []
    for name in dict.fromkeys(each.contender for each in found):
        pairs = [(each.loss, before.get(each[:3])) for each in found if each.contender == name]
        known = [(new, old) for new, old in pairs if new is not None and old is not None]
        same = sum(abs(new - old) <= 0.01 * old for new, old in known)
        lines.append(f"{name}: {same} of {len(known)} losses within 1 % of those kept\n")
    return "".join(lines)


def chosen_options() -> argparse.Namespace:
    """Return the options of the command line."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", nargs="+", choices=SOURCES, metavar="TABLE", help="some tables")
    options.add_argument(
        "--contenders", nargs="+", choices=CONTENDERS, metavar="NAME", help="some contenders"
    )
    options.add_argument("--splits", type=int, default=SPLITS, help="splits of each table")
    options.add_argument("--again", action="store_true", help="drop what was measured of these")
    options.add_argument("--short", action="store_true", help="minutes, compared with what is kept")
    options.add_argument("--list", action="store_true", help="show the tables")
    options.add_argument("--page", action="store_true", help="the pages alone")
    options.add_argument("--results", type=Path, default=RESULTS, help="another file of results")
    chosen = options.parse_args()
    if chosen.short:
        chosen.again, chosen.splits, chosen.results = True, 1, SHORT
        SHORT.parent.mkdir(exist_ok=True)
    return chosen


def main() -> None:
    """Measure, keep the results, and write the pages."""
    chosen = chosen_options()
    if chosen.page:
        return write_pages()
    about = about_tables()
    if chosen.list:
        sys.stdout.writelines(f"{name}: {each}\n" for name, each in about.items())
        return None
    contenders = prepare_imports(chosen.contenders or CONTENDERS)
    if missing := {*(chosen.contenders or CONTENDERS)} - {*contenders}:
        sys.stdout.write(f"not installed, so not measured: {', '.join(sorted(missing))}\n")
    tables = {name: about[name] for name in chosen.only or about}
    if chosen.short:
        tables = {name: each for name, each in tables.items() if each["rows"] <= SHORT_ROWS}
        contenders = [name for name in contenders if CONTENDERS[name].cost <= SHORT_COST]
    todo = jobs(tables, contenders, chosen.splits)
    if chosen.again:
        kept = [each for each in results.read(chosen.results) if each[:3] not in {*todo}]
        results.rewrite(kept, chosen.results)
    for result in measure(todo, chosen.results):
        sys.stdout.write(f"{result}\n")
        sys.stdout.flush()
    if chosen.results == RESULTS:
        results.rewrite(results.read())
        keep(about)
        write_pages()
    else:
        sys.stdout.write(agreement(results.read(chosen.results), results.read()))
    return None


if __name__ == "__main__":
    main()
