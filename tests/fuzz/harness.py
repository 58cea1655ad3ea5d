"""One reader under fuzzing, in a process of its own; `python -m tests.fuzz` starts it.

    python -m tests.fuzz.harness READER SECONDS [SEED] [--found FOLDER] [--by-chance]

With atheris, which follows the branches of the reader's code, or `--by-chance`. A fault is an error
that is not pellucid's own, more than 2 s of processor time, or more than 512 MB of memory for a
file: the first file of each is kept in FOLDER, and the exit code is 1. The last line says how much
was read.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import types
import zlib
from pathlib import Path

import numpy as np

SLOWEST = 2.0
"""Seconds of processor time for one file."""

LARGEST = 512
"""Megabytes for one file, above what the process held before it: atheris holds some itself.

By chance 195,000 damaged checkpoints, 250,000 of PyTorch's files and 37,000 images leave a process
at 123 to 137 MB, and it never had more than 217 MB.
"""

SEEN = ("pellucid.", "PIL.", "zipfile", "numpy.lib.")
"""Modules whose branches atheris follows."""

DISK = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # a file system in memory


class Target:
    """Reads one file after the other, and keeps one for each fault that they show."""

    def __init__(self, name: str, found: Path) -> None:
        from tests.fuzz.readers import READERS

        self.name, self.reader, self.found = name, READERS[name], found
        self.folder = Path(tempfile.mkdtemp(prefix="pellucid-fuzz.", dir=DISK))
        self.file = self.folder / f"file{self.reader.extension}"
        self.read, self.slowest, self.largest = 0, 0.0, 0
        self.faults: dict[str, int] = {}

    def one(self, data: bytes) -> None:
        """Read one file."""
        from tests.fuzz.readers import expected

        self.file.write_bytes(data)
        before, high, held = time.process_time(), self.most_memory(), held_memory()
        try:
            expected(self.reader.read, self.file)
        except (Exception, SystemExit) as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            self._fault(f"{type(error).__name__} in {frame.name}: {error}"[:120], data, error)
        taken = time.process_time() - before
        self.read, self.slowest = self.read + 1, max(self.slowest, taken)
        if taken > SLOWEST:
            self._fault("slow", data)
        # A file that needs no more than the process ever had says nothing, and needs little.
        if (most := self.most_memory()) > high:
            self.largest = max(self.largest, most - held)
            if most - held > LARGEST:
                self._fault("large", data)

    def most_memory(self) -> int:
        """Return the most memory that the process ever had, in MB."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

    def _fault(self, what: str, data: bytes, error: BaseException | None = None) -> None:
        if what not in self.faults:
            self.found.mkdir(parents=True, exist_ok=True)
            name = f"{self.name}-{zlib.crc32(data):08x}{self.reader.extension}"
            (self.found / name).write_bytes(data)
            if error is not None:
                traceback.print_exception(error)
            print(f"{self.name}: {what}: {self.found / name}", flush=True)
        self.faults[what] = self.faults.get(what, 0) + 1

    def finish(self) -> int:
        """Write what was done, in a line; return the exit code."""
        shutil.rmtree(self.folder, ignore_errors=True)
        text = f"{self.name}: {self.read:,} files, slowest {self.slowest:.2f} s"
        memory = f"{self.largest} MB for one, {self.most_memory()} MB for the process"
        print(f"{text}, {memory}, {len(self.faults)} faults", flush=True)
        return 1 if self.faults else 0


def held_memory() -> int:
    """Return the memory that the process has now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() >> 20


def by_chance(target: Target, seconds: float, seed: int) -> None:
    """Read changed seeds until the time is over."""
    from tests.fuzz.formats import byte_changes, plain

    choice = random.Random(seed)
    change = byte_changes(choice)
    pool = target.reader.examples()
    for example in pool:
        target.one(example)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = choice.choice(pool)
        for _ in range(choice.choice([1, 1, 1, 2, 3])):
            form = target.reader.change if choice.random() < 0.7 else plain
            data = form(data, change, choice)
        target.one(data)


def by_coverage(target: Target, seconds: float, seed: int) -> None:
    """Read what atheris makes of the seeds; does not return."""
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

    corpus = target.folder / "corpus"
    corpus.mkdir()
    for index, example in enumerate(target.reader.examples()):
        target.one(example)  # loads what the reader needs
        (corpus / f"seed{index}").write_bytes(example)
    # Not atheris.instrument_imports: it does not see what an editable install loads.
    for function in gc.get_objects():
        if isinstance(function, types.FunctionType) and str(function.__module__).startswith(SEEN):
            atheris.instrument_func(function)

    def changed(data: bytes, most: int, number: int) -> bytes:
        choice = random.Random(number)

        def change(part: bytes) -> bytes:
            return bytes(atheris.Mutate(part, max(len(part) + 64, 64)))

        if choice.random() < 0.3:
            return change(data)[:most]
        return target.reader.change(data, change, choice)[:most]

    end = time.monotonic() + seconds

    def one(data: bytes) -> None:
        target.one(data)
        if time.monotonic() > end:  # libFuzzer ends a process before Python could write
            os._exit(target.finish())

    options = [
        "fuzz", f"-seed={seed}", "-max_len=65536",
        "-rss_limit_mb=4096", "-timeout=600", "-print_final_stats=0",
        f"-artifact_prefix={target.folder}/", str(corpus),
    ]  # fmt: skip
    atheris.Setup(options, one, custom_mutator=changed, enable_python_coverage=True)
    atheris.Fuzz()


def main() -> int:
    """Fuzz one reader."""
    parser = argparse.ArgumentParser()
    parser.add_argument("reader")
    parser.add_argument("seconds", type=float)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--found", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--by-chance", action="store_true")
    given = parser.parse_args()
    np.seterr(all="ignore")
    if not given.by_chance:
        by_coverage(Target(given.reader, given.found), given.seconds, given.seed)
        return 0
    target = Target(given.reader, given.found)
    by_chance(target, given.seconds, given.seed)
    return target.finish()


if __name__ == "__main__":
    sys.exit(main())
