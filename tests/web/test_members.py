"""Ensembles on the page: the arithmetic, how far members agree, and one member by itself."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.web import page
from pellucid.web.parts import model_bytes
from tests.lens.test_members import embedded, some_rows
from tests.townspeople import townspeople
from tests.web.kinds import Node, Visit
from tests.web.test_network import compare
from tests.web.test_page import settle

READ = """
import { Network } from "./network/network.js";
import { integrated } from "./network/reasons.js";

const network = Network.read(Uint8Array.from(atob(data.model), (c) => c.charCodeAt(0)).buffer);
"""


@pytest.mark.parametrize("join", ["values", "probabilities", "sigmoids"])
def test_arithmetic(node: Node, join: str, generator: np.random.Generator) -> None:
    def member() -> list[pl.Layer]:
        W = [generator.normal(size=shape) for shape in ((4, 5), (5, 3))]
        return [pl.Affine(W[0], W[0][0, :]), pl.Tanh(), pl.Affine(W[1])]

    ends: dict[str, list[pl.Layer]]
    ends = {"values": [], "probabilities": [pl.Softmax()], "sigmoids": [pl.Sigmoid()]}
    members = pl.Members([member() for _ in range(3)], join)
    net = pl.Network([pl.Standardize(np.ones(4), np.full(4, 2.0)), members, *ends[join]])
    loss = {"values": "mean_squared_error", "probabilities": "cross_entropy"}
    t = [1, 2] if join == "probabilities" else generator.uniform(size=(2, 3))
    compare(node, net, generator.normal(size=(2, 4)), t, loss.get(join, "binary_cross_entropy"))


def test_reasons_through_embeddings_of_each_member(
    node: Node, generator: np.random.Generator
) -> None:
    net, x = embedded(generator, "probabilities"), some_rows(generator)
    code = READ + "return data.x.map((x) => integrated(network, Float64Array.from(x), 1, 2));"
    model = base64.b64encode(model_bytes(net)).decode()
    why = pl.integrated_gradients(net, x, neuron=2)
    for row, ours in enumerate(node(code, {"model": model, "x": x.tolist()})):
        np.testing.assert_allclose(ours["values"], why.values[row], atol=1e-10)
        assert ours["steps"] == why.steps[row]


@pytest.fixture(scope="module")
def people() -> dict[str, list[Any]]:
    return townspeople()


@pytest.fixture
def shown(people: dict[str, list[Any]], tmp_path: Path) -> Any:
    def show(target: str, other: str) -> tuple[pl.Network, str]:
        columns = pl.Columns.of(people, target=target, ignore=[other])
        net = pl.table_mlp(columns, hidden=[6, 5], members=4)
        pl.train_table(net, people, epochs=2, progress=False)
        page(net, tmp_path / "page.html")
        return net.astype("float64"), (tmp_path / "page.html").as_uri()

    return show


def test_classes(shown: Any, visit: Visit) -> None:
    net, address = shown("bought", "spent")
    tab = visit(f"{address}#lang=en")
    x = np.array(tab.evaluate("Array.from(pellucid.look.pass.x)"))[None]
    spread, y = pl.member_spread(net, x), net.predict(x)
    assert spread.agreeing is not None
    words = f"{spread.agreeing[0]} of 4 members agree: "
    words += f"{100 * spread.low[0, 0]:.1f} % to {100 * spread.high[0, 0]:.1f} %"
    assert tab.get_by_test_id("agreement").inner_text() == words
    assert "4 networks side by side" in tab.get_by_test_id("stage-members").inner_text()
    tab.get_by_test_id("panel-members").click()
    for member, own in enumerate(spread.outputs):
        found = tab.get_by_test_id(f"member-{member}").inner_text()
        assert f"{net.labels(x)[0] if own[0].argmax() == y[0].argmax() else ''}" in found
        assert f"{100 * own[0].max():.1f} %" in found
    # No panel and no neuron stumbles over a layer without weights of its own
    tab.get_by_test_id("neuron-1-0").click()
    for panel in ("why", "change", "backprop", "count", "share", "members"):
        tab.get_by_test_id(f"panel-{panel}").click()
        settle(tab)
    # A member by itself: its own neurons, its own prediction, and what all predict together
    tab.get_by_test_id("member-2").click()
    settle(tab)
    np.testing.assert_allclose(
        tab.evaluate("Array.from(pellucid.look.pass.y)"), net.members[2].predict(x)[0], atol=1e-9
    )
    assert tab.get_by_test_id("neuron-1-5").count() == 1
    assert "Member 2 of 4 by itself." in tab.get_by_test_id("agreement").inner_text()
    assert f"{100 * y.max():.1f} %" in tab.get_by_test_id("agreement").inner_text()
    assert tab.get_by_test_id("stage-members").count() == 0
    tab.wait_for_function("() => location.hash.includes('m=2')")
    again = visit(tab.url)
    assert again.evaluate("pellucid.page.store.state.member") == 2
    again.get_by_test_id("member-all").click()
    settle(again)
    np.testing.assert_allclose(again.evaluate("Array.from(pellucid.look.pass.y)"), y[0], atol=1e-9)


def test_values_in_korean(shown: Any, visit: Visit) -> None:
    net, address = shown("spent", "bought")
    tab = visit(f"{address}#lang=ko&p=members")
    x = np.array(tab.evaluate("Array.from(pellucid.look.pass.x)"))[None]
    spread = pl.member_spread(net, x)
    low, high = (f"{end[0, 0]:.2f}" for end in (spread.low, spread.high))
    text = tab.get_by_test_id("agreement").inner_text().replace(",", "")
    assert text.startswith("구성원 4개의 예측: ")
    ends = [float(end) for end in text.removeprefix("구성원 4개의 예측: ").split(" ~ ")]
    assert ends == pytest.approx([float(low), float(high)], abs=0.5)
    assert tab.get_by_test_id("member-3").is_visible()


def test_digits_have_no_lesson_for_an_ensemble(visit: Visit, tmp_path: Path) -> None:
    """The lesson's steps show the weights of a network's own neurons; an ensemble has none."""
    nets = [pl.mlp([784, 4, 10], "sigmoid", "sigmoid", pixels=True, seed=seed) for seed in (0, 1)]
    page(pl.ensemble(nets), tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#lang=en&step=6&p=learn")
    assert tab.get_by_test_id("lesson").count() == 0
    assert "of 2 members agree: " in tab.get_by_test_id("agreement").inner_text()
    tab.get_by_test_id("panel-members").click()
    tab.get_by_test_id("member-1").click()
    settle(tab)
    assert tab.get_by_test_id("neuron-1-3").count() == 1
