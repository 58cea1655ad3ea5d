"""What links and files bring back: what is set in panels, a run of learning, another network.

And two pages at once.
"""

from pathlib import Path

import numpy as np

import pellucid as pl
from pellucid.web import SHIPPED
from tests.web.kinds import Tab, Visit, numbers
from tests.web.test_learn import WEIGHTS, paused_at
from tests.web.test_page import prediction, settle


def linked(tab: Tab, word: str) -> str:
    tab.wait_for_function("(word) => location.hash.includes(word)", arg=word)
    return tab.url


def test_links_bring_back_what_is_set_within_panels(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=740&p=why&lang=en")
    tab.get_by_test_id("other-target").select_option("4")
    tab.get_by_test_id("similar-by").select_option("2")
    again = visit(linked(tab, "v=other:4;by:2"))
    assert again.get_by_test_id("other-target").input_value() == "4"
    assert again.get_by_test_id("similar-by").input_value() == "2"
    again.wait_for_selector('[data-testid="other-result"][data-distance]')
    tab.get_by_test_id("other-target").select_option("")
    tab.get_by_test_id("similar-by").select_option("0")
    tab.wait_for_function("() => !location.hash.includes('v=')")

    tab.get_by_test_id("panel-evaluate").click()
    tab.get_by_test_id("cell-4-9").click()
    again = visit(linked(tab, "v=cell:4.9"))
    again.get_by_test_id("digit-740").wait_for()
    assert again.get_by_test_id("cell-4-9").get_attribute("aria-pressed") == "true"
    tab.get_by_role("button", name="All misclassified digits").click()
    tab.wait_for_function("() => !location.hash.includes('v=')")

    tab.get_by_test_id("panel-matrix").click()
    tab.locator("#batch").fill("7")
    assert (
        visit(linked(tab, "v=pictures:7")).get_by_test_id("batch").locator("tbody tr").count() == 7
    )

    tab.get_by_test_id("panel-backprop").click()
    tab.locator("#check-from").fill("11")
    tab.locator("#check-from").blur()
    again = visit(linked(tab, "from:11"))
    assert again.locator("#check-from").input_value() == "11"
    assert (
        again.get_by_test_id("gradient-backprop").inner_text()
        == tab.get_by_test_id("gradient-backprop").inner_text()
    )


def test_an_address_typed_in_brings_its_panel_along(file: str, visit: Visit) -> None:
    """Without loading the page again; malformed words say nothing."""
    tab = visit(f"{file}#t=740&p=matrix&lang=en")
    tab.evaluate("() => (location.hash = '#t=740&p=matrix&v=pictures:5;x;y:<b>')")
    tab.wait_for_function(
        "() => document.querySelectorAll('[data-testid=batch] tbody tr').length === 5"
    )
    assert tab.evaluate("pellucid.look.state.choices") == {"pictures": "5"}


def test_a_link_brings_the_same_run(server: str, visit: Visit) -> None:
    """Two pages at once, one from the other's link.

    The same seed and settings give the same weights, bit by bit.
    """
    tab = visit(f"{server}#t=40&p=learn&lang=en")
    tab.locator("summary", has_text="Restart").click()
    tab.get_by_label("Hidden layers").fill("12, 8")
    tab.get_by_label("Hidden layers").blur()
    tab.get_by_label("Seed").fill("7")
    tab.get_by_label("Seed").blur()
    tab.get_by_label("Learning rate").fill("1.5")
    tab.get_by_label("Learning rate").blur()
    link = linked(tab, "rate:1.5")
    # Another browser needs the server's key, which a link does not hold.
    other = visit(f"{server}#{link.split('#', 1)[1]}")
    assert "seed:7" in tab.url and "hidden:12,8" in tab.url
    third = visit(f"{server}#t=40&p=learn&lang=en")
    for page in (tab, other, third):
        page.get_by_test_id("train-step").click()
    for page in (tab, other, third):
        paused_at(page, "epoch 1, batch 1 of 500")
    assert numbers(tab, WEIGHTS) == numbers(other, WEIGHTS) != numbers(third, WEIGHTS)
    assert tab.evaluate("pellucid.network.neuronLayers[1].size") == 12
    assert (
        third.evaluate("pellucid.network.neuronLayers[1].size") == 16
    )  # each page has a training of its own


def choose(tab: Tab, path: Path) -> None:
    with tab.expect_file_chooser() as chooser:
        tab.get_by_test_id("open-model").click()
    chooser.value.set_files(path)


def test_a_model_file_is_opened(file: str, visit: Visit, tmp_path: Path) -> None:
    net = pl.mlp([784, 20, 10], activation="relu", output="softmax", pixels=True, seed=1)
    net.save(tmp_path / "other.safetensors")
    pl.mlp([3, 2], seed=0).save(tmp_path / "small.safetensors")
    (tmp_path / "notes.txt").write_text("no model")
    tab = visit(f"{file}#t=340&p=change&e=b1.5:-10&lang=en")
    first = prediction(tab)
    choose(tab, tmp_path / "other.safetensors")
    tab.wait_for_function("() => pellucid.network.neuronLayers[1].size === 20")
    settle(tab)
    x = pl.mnist().test.images[340].reshape(1, 784)
    ours = tab.evaluate("() => Array.from(pellucid.look.pass.y)")
    np.testing.assert_allclose(ours, net.astype("float64")(x)[0], atol=1e-10)
    assert "784-20-10" in tab.inner_text("header") and "test digits right" not in tab.inner_text(
        "header"
    )
    assert tab.evaluate("pellucid.look.state.edits") == []
    for name, reason in (
        ("notes.txt", "not a model file of pellucid"),
        ("small.safetensors", "the file's has 3, 2"),
    ):
        choose(tab, tmp_path / name)
        tab.get_by_text(reason).wait_for()
        assert tab.evaluate("pellucid.network.neuronLayers[1].size") == 20
    tab.get_by_test_id("first-model").click()
    settle(tab)
    assert prediction(tab) == str(pl.load(SHIPPED).classify(x)[0]) and first
    assert "95.8 %" in tab.inner_text("header")


def test_settings_that_cannot_be_are_left_out(server: str, visit: Visit) -> None:
    words = "rate:-1;seed:x;hidden:9999;activation:odd;batch:7"
    tab = visit(f"{server}#p=learn&v={words}&lang=en")
    tab.get_by_test_id("train-step").click()
    paused_at(tab, "epoch 1, batch 1 of 500")
    sizes = tab.evaluate("pellucid.network.neuronLayers.map(({ size }) => size)")
    assert sizes == [784, 16, 16, 10]
