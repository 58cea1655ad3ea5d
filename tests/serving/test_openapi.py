"""schemathesis against the OpenAPI document: what the server answers is what it promised."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pellucid as pl
from tests.houses import trained
from tests.serving.running import running
from tests.serving.test_clients import environment

# A request with too many numbers is refused by 413, and by schemathesis' list it might be taken
SETTINGS = """
[checks]
negative_data_rejection.expected-statuses = ["4xx"]
"""
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "negative_data_rejection", "unsupported_method"),
    "missing_required_header",
)


def check(models: dict[str, Path], folder: Path, examples: int, seed: int = 1) -> int:
    """Return how many cases schemathesis tried, none of which failed."""
    command = environment("schemathesis").with_name("schemathesis")
    settings = folder / "schemathesis.toml"
    settings.write_text(SETTINGS)
    with running(*models.values(), "--log", "off") as server:
        arguments = [f"{server.address}/openapi.json", "-n", str(examples), "--seed", str(seed)]
        done = subprocess.run(
            [command, "--config-file", settings, "run", *arguments, "--checks", ",".join(CHECKS)],
            capture_output=True,
            text=True,
            cwd=folder,
        )
        problems = [line[:300] for line in done.stdout.splitlines() if line.strip()]
        assert done.returncode == 0, "\n".join([*problems, done.stderr])
        assert server.get("/v2/health/live")["live"]
    found = re.search(r"(\d+) generated", done.stdout)
    assert found is not None, done.stdout[-2000:]
    return int(found[1])


@pytest.mark.integration
def test_the_document_is_true(models: dict[str, Path], tmp_path: Path) -> None:
    trained("rent").save(tmp_path / "rent.safetensors")  # it knows intervals
    assert check(models | {"rent": tmp_path / "rent.safetensors"}, tmp_path, examples=8) > 200


@pytest.mark.soak
def test_ten_thousand_cases(models: dict[str, Path], tmp_path: Path) -> None:
    """Mostly of networks with few inputs: a list of 784 numbers takes as long as twenty others."""
    small = tmp_path / "small.safetensors"
    pl.mlp([3, 4, 2], seed=0).save(small)
    asked = {small: 730, models["people"]: 730, models["houses"]: 730, models["digits"]: 10}

    def check_one(model: Path) -> int:
        folder = tmp_path / model.stem
        folder.mkdir()
        return check({model.stem: model}, folder, asked[model], seed=2)

    with ThreadPoolExecutor(2) as pool:
        counts = dict(zip([path.stem for path in asked], pool.map(check_one, asked), strict=True))
    print(counts)
    assert sum(counts.values()) >= 10_000, counts
