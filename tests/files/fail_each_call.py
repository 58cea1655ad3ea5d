"""Run commands again and again, each time with another system call that fails.

A program of its own, under LD_PRELOAD with `faults.c`: standard input has scenarios as JSON,
standard output gets a line of JSON for each run. Every run is a fork in a fresh copy of the
scenario's folder.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import importlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pellucid.cli import main

KINDS = {
    "no space": (1, errno.ENOSPC),
    "input/output error": (1, errno.EIO),
    "not permitted": (1, errno.EACCES),
    "disk full from here on": (2, errno.ENOSPC),
    "short write": (3, 0),
    "Ctrl-C": (4, signal.SIGINT),
    "SIGTERM": (4, signal.SIGTERM),
}
MANY = 200  # calls of a scenario; a site's folder has more, and each waits for the disk
WHERE = Path(sys.argv[2])
faults = ctypes.CDLL(sys.argv[1])
faults.fault_hit.restype = ctypes.c_char_p


def forked(folder: Path, words: list[str], nth: int = 0, kind: int = 0, what: int = 0) -> Any:
    """Run a command in a folder in a fork; return its exit code, output, count of calls and hit."""
    said = WHERE / "said"
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        code = 70
        try:
            faults.fault_arm(os.fsencode(folder), nth, kind, what)
            code = main(words)
            sys.stdout.flush()
        except BaseException:
            traceback.print_exc()
        finally:
            count, hit = faults.fault_count(), faults.fault_hit().decode()
            (WHERE / "counted").write_text(json.dumps([count, hit]))
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    count, hit = json.loads((WHERE / "counted").read_text())
    return {"code": code, "said": said.read_text(), "count": count, "hit": hit}


def fresh(before: Path) -> Path:
    """Return a fresh copy of a folder, of the same name each time."""
    folder = WHERE / "work"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(before, folder)
    return folder


def contents(folder: Path) -> dict[str, str]:
    """Return a hash of each file below a folder, hidden ones too."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(ordered(path)).hexdigest()[:16]
        for path in found
    }


def ordered(path: Path) -> bytes:
    """Return a file's content; safetensors writes the entries of its metadata in any order."""
    content = path.read_bytes()
    if path.suffix != ".safetensors":
        return content
    end = 8 + int.from_bytes(content[:8], "little")
    return json.dumps(json.loads(content[8:end]), sort_keys=True).encode() + content[end:]


def runs(scenario: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a scenario's run without faults, and one for each call and kind."""
    before, words = Path(scenario["before"]), scenario["words"]
    folder = fresh(before)
    whole = forked(folder, words)
    yield {"scenario": scenario["name"], **whole, "before": contents(before)} | {
        "after": contents(folder)
    }
    kinds = list(scenario["kinds"])
    count = whole["count"]
    calls: list[int] = list(range(1, count + 1))
    if count > MANY:  # the first, the last, and some of the many alike between them
        calls = sorted({*calls[:8], *calls[8::29], *calls[-16:]})
    for nth in calls:
        chosen = kinds if scenario["every"] else [kinds[nth % len(kinds)]]
        for name in chosen:
            folder = fresh(before)
            found = forked(folder, words, nth, *KINDS[name])
            after = contents(folder)
            again = forked(folder, words) if scenario["again"] else {}
            result = {"scenario": scenario["name"], "nth": nth, "kind": name, **found}
            yield {**result, "after": after, "again": again, "finally": contents(folder)}


for module in ("train", "predict", "export"):
    importlib.import_module(f"pellucid.cli.{module}")
for each in json.load(sys.stdin):
    for result in runs(each):
        print(json.dumps(result), flush=True)
