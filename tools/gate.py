"""Run the checks beside the tests, and say what both took: `make test`.

    python tools/gate.py COMMAND of the checks -- COMMAND of the tests

The tests print as they go; the checks' output comes when the tests have ended. The exit status is
that of the tests, else that of the checks.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time


def main(words: list[str]) -> int:
    """Run both commands at the same time and return the exit status."""
    between = words.index("--")
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        checks = subprocess.Popen(words[:between], stdout=output, stderr=subprocess.STDOUT)
        try:
            tested = subprocess.run(words[between + 1 :]).returncode
            checked = checks.wait()
        finally:
            checks.kill()
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\nchecks: {said or 'nothing to say'}")
    print(
        f"tests {_outcome(tested)}, checks {_outcome(checked)}: "
        f"{time.monotonic() - started:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of processors"
    )
    return tested or checked


def _outcome(status: int) -> str:
    return "failed" if status else "passed"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
