"""Continuous integration: what its workflows call exists, and nothing in them can be exchanged.

They run elsewhere only. So all that can be held here is held: commands, pins, permissions.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([\w.-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job.get("steps", [])]


def commands(path: Path) -> list[list[str]]:
    """Return the words of every command line of a workflow."""
    lines = [line for step in steps(path) for line in step.get("run", "").splitlines()]
    return [line.split() for line in lines]


def test_there_is_one_for_each_purpose() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "docs", "lowest", "release", "wheels"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_calls_exists(path: Path) -> None:
    for words in commands(path):
        if words[0] == "make":
            assert set(words[1:]) <= TARGETS, words
        elif "/" in words[0]:
            assert (ROOT / words[0]).stat().st_mode & 0o100, words
        else:
            assert words[0] in ("python", "grep"), words
        for word in words[1:]:
            if re.match(r"(src|tests|tools|docs)/", word):
                assert (ROOT / word).exists(), words
    for job in jobs(path).values():
        if "uses" in job:
            assert (ROOT / job["uses"].removeprefix("$/")).is_file()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_an_action_is_one_commit_and_leaves_no_password(path: Path) -> None:
    used = re.findall(r"uses: (?!\$/)(.*)", path.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_may_do_no_more_than_it_must(path: Path) -> None:
    said = yaml.safe_load(path.read_text())
    assert said["permissions"] == {}
    assert said["concurrency"]["group"]
    writes = {"docs.publish": {"pages", "id-token"}, "release.publish": {"id-token"}}
    for name, job in said["jobs"].items():
        granted = {what for what, how in job["permissions"].items() if how == "write"}
        assert granted == writes.get(f"{path.stem}.{name}", set())
        assert "timeout-minutes" in job or "uses" in job


def test_a_file_says_that_it_never_ran() -> None:
    """Until somebody has seen it run: then this test and the comment go."""
    for path in WORKFLOWS:
        assert "untested" in path.read_text().split("name:")[0]


def test_one_action_has_one_version() -> None:
    used = {use for path in WORKFLOWS for use in re.findall(r"uses: (\S+@\S+)", path.read_text())}
    names = [use.partition("@")[0] for use in used]
    assert len(names) == len(set(names))


@pytest.mark.integration
def test_zizmor_finds_nothing() -> None:
    words = ["make", "--silent", "workflows"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout + done.stderr
