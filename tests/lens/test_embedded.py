"""Looking into a network that embeds its numbers or categories.

What is added stands behind the inputs, and has names of its own.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pellucid as pl
from pellucid.cli import main
from pellucid.core.types import Array
from pellucid.lens.neurons import neuron_labels, neuron_layers
from tests.lens.networks import kinds, rows_for, some_rows, twin, with_categories
from tests.narrowing import instance

NET = kinds()["embedded"]


def test_neurons_of_the_input_are_named_by_their_columns() -> None:
    first = neuron_layers(NET)[0]
    assert (first.size, first.stop) == (12, 3)
    names = [*"012345", "0: cos 1", "0: cos 2", "2: cos 1", "2: cos 2", "3: cos 1", "3: cos 2"]
    assert neuron_labels(NET, first) == names
    assert pl.input_weights(NET).inputs == names
    assert pl.input_weights(NET).values.shape == (12, 5)
    why = pl.contributions(NET, rows_for(NET, 1), layer=1, neuron=2)
    assert why.names == names
    assert why.values.sum() + why.bias == pytest.approx(why.weighted_sum, abs=1e-12)


def test_columns_of_a_table_lend_their_names(generator: np.random.Generator) -> None:
    table: dict[str, Any] = {
        "age": generator.uniform(20, 60, 1_000),
        "city": ["Seoul", "Busan"] * 500,
    }
    table["t"] = np.where(table["age"] > 40, 1, 0)
    net = pl.table_mlp(pl.Columns.of(table, target="t"), hidden=[4])
    names = ["age", "city=Busan", "city=Seoul", "age: cos 1", "age: cos 2", "age: cos 3"]
    assert pl.trace_table(net, {"age": [30], "city": ["Busan"]}).layers[0].labels == names


def test_attributions_are_those_of_the_columns() -> None:
    rows = rows_for(NET, 3)
    why = pl.integrated_gradients(NET, rows)
    assert why.values.shape == (3, 6) and why.names == list("012345")
    assert (why.baseline == instance(pl.Standardize, NET.layers[0]).mean).all()
    assert (abs(why.relative_gap) < 0.005).all()


def test_an_input_is_made_by_moving_columns() -> None:
    limits = (-3.0, 5.0)
    found = pl.maximize_activation(NET, 1, 0, limits=limits, decay=0.01, steps=30)
    assert found.x.shape == (6,) and found.values[-1] > found.values[0]


def test_images_with_an_embedding_are_drawn_as_numbers() -> None:
    net = pl.Network(NET.layers, inputs=pl.Images((2, 3)))
    assert pl.input_weights(net).images is None
    assert pl.plots.network(net, rows_for(NET, 1)) is not None


def test_categories_by_hand() -> None:
    """A linear network: the value of an index is w times (its row of W minus the row of 0)."""
    W = [[0.5, 0.0], [1.0, 2.0], [3.0, -1.0], [0.0, 1.0], [10.0, 20.0]]
    embedding = pl.CategoryEmbedding(W, [3, 0, 2])
    net = pl.Network([embedding, pl.Affine([[7.0], [1.0], [2.0], [3.0], [4.0]], [100.0])])
    found = pl.integrated_gradients(net, [[1.0, 5, 0], [2, -1, 1], [0, 0, 0]])
    # 1 x 0.5 + 2 x 2 = 4.5 for index 1 of column 0, 2.5 - 2 for 2; 3 x 10 + 4 x 19 for column 2.
    expected = np.array([[4.5, 35, 0], [0.5, -7, 106], [0, 0, 0]])
    np.testing.assert_allclose(found.values, expected, atol=1e-12)
    assert found.at_baseline == pytest.approx([100 + 0.5 + 4] * 3)
    assert found.steps.tolist() == [50] * 3 and abs(found.gap).max() < 1e-12
    other = pl.integrated_gradients(net, [1.0, 5, 0], baseline=[2.0, 4, 1])
    np.testing.assert_allclose(other.values, [[4, 7, -106]], atol=1e-12)
    with pytest.raises(pl.InputError, match="index of a category"):
        pl.integrated_gradients(net, [1.0, 5, 0], baseline=[0.5, 4, 1])


def by_torch(net: pl.Network, x: Array, start: Array, depth: int, neuron: int) -> Array:
    """The rule on PyTorch's gradients between the learned numbers, then summed by column."""
    nodes, weights = np.polynomial.legendre.leggauss(50)
    look, model = (twin(layers) for layers in (net.layers[:1], net.layers[1:depth]))
    begin, end = (look(torch.from_numpy(each)).detach() for each in (start[None], x))
    total = torch.zeros_like(end)
    for node, weight in zip(nodes, weights, strict=True):
        point = (begin + (1 + node) / 2 * (end - begin)).requires_grad_()
        total += weight / 2 * torch.autograd.grad(model(point)[:, neuron].sum(), point)[0]
    a, b, *learned = (total * (end - begin)).numpy().T
    return np.stack([a, np.sum(learned[:3], axis=0), b, np.sum(learned[3:], axis=0)], axis=1)


@pytest.mark.parametrize(
    ("layer", "neuron", "of", "depth"),
    [(-1, 2, "activation", 8), (1, 4, "activation", 6), (1, 0, "weighted_sum", 5)],
)
def test_categories_move_between_their_learned_numbers(
    layer: int, neuron: int, of: str, depth: int
) -> None:
    net, x = with_categories(), some_rows(40)
    found = pl.integrated_gradients(net, x, layer, neuron, of=of)
    assert found.values.shape == (40, 4) and found.names == list("0123")
    assert found.baseline.tolist() == [0, 0, 0.25, 0]
    assert (found.steps == 50).all() and found.relative_gap.max() < 0.005
    np.testing.assert_allclose(
        found.values, by_torch(net, x, found.baseline, depth, neuron), atol=1e-12
    )
    sums = found.at_input - found.at_baseline + found.gap
    np.testing.assert_allclose(found.values.sum(axis=1), sums, rtol=1e-12)
    assert (found.values[x[:, 3] == 0, 3] == 0).all() and (found.values[x[:, 3] > 0, 3] != 0).all()
    again = pl.integrated_gradients(with_categories(np.float32), x, layer, neuron, of=of)
    np.testing.assert_allclose(again.values, found.values, atol=1e-5)


def test_a_row_of_a_table_with_many_categories(
    generator: np.random.Generator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    area, shops = generator.normal(size=600), [f"s{i % 120}" for i in range(600)]
    table = {"area": area, "shop": shops, "t": np.where(area > 0, "yes", "no")}
    net, path = pl.table_mlp(pl.Columns.of(table, target="t"), hidden=[4]), tmp_path / "rows.csv"
    net.save(tmp_path / "net.safetensors")
    path.write_text("area,shop\n0.7,s5\n-0.2,s7\n")
    words = ["explain", str(tmp_path / "net.safetensors"), str(path), "--row"]
    assert main([*words, "1"]) == 0
    text = capsys.readouterr().out
    assert "shop = s5" in text and "is missing in these sums" not in text
    assert main([*words, "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    why, parts = document["integrated_gradients"], document["columns"]
    assert [part["name"] for part in parts] == ["area", "shop"] and parts[1]["contribution"] != 0
    change = why["at_input"][0] - why["at_baseline"][0]
    assert sum(part["contribution"] for part in parts) == pytest.approx(change, rel=0.005)
    pytest.importorskip("matplotlib")
    assert pl.plots.contributions(pl.integrated_gradients(net, pl.read_table(path))) is not None
