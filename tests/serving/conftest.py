"""Three models to serve: the digits, a table of classes, a table of values."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pellucid as pl
from pellucid.serving import app
from pellucid.web import SHIPPED
from tests.serving.asking import Asker

PEOPLE = {
    "age": [31.0, 54, 20, 18, 40] * 8,
    "city": ["Seoul", "Busan", "Seoul", "Jeju", "Busan"] * 8,
    "buys": ["no", "yes", "no", "no", "yes"] * 8,
}
HOUSES = {
    "area": [30.0 + 2 * n for n in range(40)],
    "price": [f"{80 + 5 * n} €" for n in range(40)],
}


@pytest.fixture(autouse=True)
def own_loop() -> Iterator[None]:
    """Hide the event loop that Playwright leaves in this thread, where a browser was asked for."""
    theirs = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(theirs)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    for name, table, target in (("people", PEOPLE, "buys"), ("houses", HOUSES, "price")):
        pl.table_mlp(pl.Columns.of(table, target=target)).save(folder / f"{name}.safetensors")
    return {"digits": SHIPPED, **{path.stem: path for path in sorted(folder.iterdir())}}


@pytest.fixture(scope="session")
def nets(models: dict[str, Path]) -> dict[str, pl.Network]:
    return {name: pl.load(path) for name, path in models.items()}


@pytest.fixture
def asker(models: dict[str, Path]) -> Iterator[Asker]:
    """All three models, without limits of access."""
    made = Asker(app(models))
    yield made
    made.close()


@pytest.fixture
def asking() -> Iterator[Callable[..., Asker]]:
    """Make askers of applications with any settings."""
    made: list[Asker] = []

    def make(*args: Any, **settings: Any) -> Asker:
        made.append(Asker(app(*args, **settings)))
        return made[-1]

    yield make
    for each in made:
        each.close()
