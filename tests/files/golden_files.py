"""Write golden model files: `python -m tests.files.golden_files` adds those that do not exist yet.

A golden file is never changed: it stands for all files that users have. For a new layer, a new kind
of column or a new version of the format, add a network to `networks` and run the command. Those
whose names are not here were written by earlier versions of pellucid (`commit` in their JSON).
"""

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

import pellucid as pl
from pellucid.core.types import Array
from pellucid.files.model import VERSION
from tests.houses import flats
from tests.houses import trained as certain

FOLDER = Path(__file__).with_name("golden")
LEVEL = 0.9  # of intervals and sets of classes
Rows: TypeAlias = list[Any] | dict[str, Any]  # as JSON has them: an array or a table


def as_input(rows: Rows) -> Any:
    """Return rows of a JSON file as `predict` takes them: bytes for images, else floats."""
    if isinstance(rows, dict):
        return rows
    array = np.asarray(rows)
    return array.astype(np.uint8 if array.ndim == 3 else np.float32)


def networks() -> Iterator[tuple[str, pl.Network, Rows]]:
    """Return a name, a network and some rows, together every layer and every kind of column."""
    yield "layers", layers(), np.random.default_rng(1).integers(0, 256, (5, 2, 2)).tolist()
    table = cells()
    rows = {name: [column[3], column[0], None] for name, column in table.items()}
    rows["shop"][1] = "never seen"
    yield "columns", trained(table, ["sold", "price"]), rows
    table["sold"] = [number % 3 for number in range(len(table["sold"]))]
    del table["price"]
    yield "classes", trained(table, "sold"), {name: rows[name] for name in table}
    new = {name: cells.tolist() for name, cells in flats(4, seed=9).items()}
    new["area"][3] = 900.0  # unlike the training rows
    yield "intervals", certain("rent"), new
    yield "class-sets", certain("kind"), new
    yield "members", members(), np.random.default_rng(2).normal(size=(5, 3)).tolist()


def layers() -> pl.Network:
    """Return a network of images with every layer that a network without a table can have."""
    generator = np.random.default_rng(0)

    def draw(*shape: int) -> Array:
        return generator.normal(size=shape).astype(np.float32)

    def positive(*shape: int) -> Array:
        return generator.uniform(0.5, 2, shape).astype(np.float32)

    activations = [
        pl.Identity(),
        pl.Sigmoid(),
        pl.Tanh(),
        pl.ReLU(),
        pl.LeakyReLU(0.1),
        pl.GELU(),
        pl.GELU("tanh"),
        pl.SiLU(),
        pl.Softplus(),
        pl.Exponential(),
        pl.ELU(0.5),
        pl.SELU(),
        pl.PReLU(draw(3)),
        pl.Mish(),
        pl.Hardswish(),
        pl.LogSoftmax(),
    ]
    chain: list[pl.Layer] = [pl.Flatten(), pl.Scale(1 / 255), pl.SmoothClip(2.5)]
    chain += [pl.Standardize(draw(4), positive(4))]
    D = 4
    for activation in activations:  # each beside the others, so that all of them can be seen
        chain += [pl.Concatenate([pl.Affine(draw(D, 3) / 2, draw(3)), activation])]
        D += 3
    chain += [
        pl.Affine(draw(D, 3) / 4, draw(3)),
        pl.BatchNorm(draw(3), draw(3), draw(3), positive(3), momentum=0.2, epsilon=1e-3),
        pl.Residual([pl.Affine(draw(3, 3))]),
        pl.Residual([pl.Affine(draw(3, 2), draw(2)), pl.Tanh()], [pl.Affine(draw(3, 2))]),
        pl.Concatenate([pl.Affine(draw(2, 1), draw(1))], [pl.Identity()]),
        pl.LayerNorm(draw(3), draw(3), epsilon=1e-3),
        pl.Dropout(0.3),
        pl.Affine(draw(3, 2), draw(2)),
        pl.Softmax(),
    ]
    net = pl.Network(chain, inputs=pl.Images((2, 2)), classes=["no", "yes"])
    net.freeze(4)
    net.record = {"epochs": 3, "rows": 10, "optimizer": "Adam", "metrics": {"accuracy": 0.5}}
    return net


def members() -> pl.Network:
    """Return an ensemble of three networks."""
    nets = [pl.mlp([3, 4, 2], "tanh", "softmax", seed=seed, dropout=0.2) for seed in range(3)]
    return pl.ensemble(nets)


def cells() -> dict[str, list[Any]]:
    """Return a table with every kind of column: numbers, dates, truth values, few and many
    categories; some cells are missing.
    """
    generator, rows = np.random.default_rng(0), 240
    start = datetime.date(2021, 1, 1)
    size = [round(float(value), 2) for value in generator.normal(50, 9, rows)]
    return {
        "size": [None if row == 7 else value for row, value in enumerate(size)],
        "cost": [f"{value:.1f} €".replace(".", ",") for value in generator.uniform(1, 9, rows)],
        "day": [str(start + datetime.timedelta(days=5 * row)) for row in range(rows)],
        "open": ["yes" if row % 3 else "no" for row in range(rows)],
        "color": [None if row == 9 else ("red", "green", "blue")[row % 3] for row in range(rows)],
        "shop": [f"s{row % 120}" for row in range(rows)],
        "sold": [round(value / 7, 2) for value in size],
        "price": [round(value * 3 + row / 10, 2) for row, value in enumerate(size)],
    }


def trained(table: dict[str, list[Any]], target: str | list[str]) -> pl.Network:
    """Return a small network that was trained on a table for two epochs."""
    net = pl.table_mlp(pl.Columns.of(table, target=target), hidden=[4], seed=0)
    pl.train_table(net, table, seed=0, epochs=2, progress=False)
    return net


def certainty(net: pl.Network, rows: Rows) -> dict[str, Any]:
    """Return how sure a network that knows it is of its predictions for rows."""
    if net.uncertainty is None:
        return {}
    found: dict[str, Any] = {
        "unlike": [[str(each) for each in reasons] for reasons in pl.unlike_training(net, rows)]
    }
    if net.uncertainty.scores is not None:
        return found | {"sets": net.class_sets(rows, LEVEL)}
    return found | {"interval": [end.tolist() for end in net.interval(rows, LEVEL)]}


def write(name: str, net: pl.Network, rows: Rows) -> None:
    """Write a network, some rows and what it predicts for them."""
    net.save(FOLDER / f"{name}.safetensors")
    predictions = np.asarray(net.predict(as_input(rows)), float).tolist()
    text = json.dumps({"rows": rows, "predictions": predictions, **certainty(net, rows)})
    (FOLDER / f"{name}.json").write_text(text + "\n")


def write_estimator() -> None:
    """Write an estimator with scikit-learn's contract, if it does not exist yet."""
    from pandas import DataFrame

    from pellucid.sklearn import TableClassifier

    path = FOLDER / f"{VERSION}-table-estimator.safetensors"
    if path.exists():
        return
    X = DataFrame(cells())[["size", "color", "open"]]
    target = X.pop("open")
    estimator = TableClassifier((4,), max_iter=2, random_state=0).fit(X, target)
    estimator.save(path)
    rows = X.iloc[[3, 7, 9]]
    known = {
        "estimator": "TableClassifier",
        "rows": rows.astype(object).where(rows.notna(), None).to_dict("list"),
        "predictions": estimator.predict_proba(rows).tolist(),
    }
    path.with_suffix(".json").write_text(json.dumps(known) + "\n")


if __name__ == "__main__":
    for name, net, rows in networks():
        if not (FOLDER / f"{VERSION}-{name}.safetensors").exists():
            write(f"{VERSION}-{name}", net, rows)
    write_estimator()
