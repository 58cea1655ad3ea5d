"""The script of docs/en/how-to/train-on-more.md: to PyTorch, by torchrun, and back."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pellucid as pl

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "en" / "how-to" / "train-on-more.md"


def test_the_script_of_the_page_trains_by_two_processes(tmp_path: Path) -> None:
    [script] = re.findall(
        r"<!-- not run: torchrun .*?-->\n```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    )
    path = tmp_path / "by_torch.py"
    path.write_text(script, encoding="utf-8")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    subprocess.run([*torchrun, "--nproc-per-node", "2", path], cwd=tmp_path, check=True)
    net = pl.load(tmp_path / "by-torch.safetensors")
    x, t = pl.moons(n=1_000, seed=1)
    accuracy = pl.evaluate(net, x, t).accuracy
    assert accuracy is not None
    assert accuracy > 0.93
