"""The ONNX standard's node tests: each file is read as what it is, or refused in words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.exchange.onnx_standard import files, verdict


def test_no_node_test_of_the_standard_is_read_wrong(tmp_path: Path) -> None:
    """All 3,300 files: none wrong, none refused without a reason, and no other error."""
    found = {file.name: verdict(file, tmp_path) for file in files()}
    counts = Counter(each.kind for each in found.values())
    amiss = {name: each for name, each in found.items() if each.kind not in ("equal", "refused")}
    assert not amiss
    # onnx 1.23 has 3,299 files of these, of which 151 are dense networks.
    assert counts["equal"] >= 150
    assert counts["refused"] >= 2000
