"""Twelve questions about the shipped network, answered from the page alone, in both languages
(docs/*/reference/questions.md).
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.types import Array
from pellucid.web import SHIPPED
from tests.web.kinds import Node, Tab, Visit, affine, attribute, bias
from tests.web.test_page import read_number, settle

Ask: TypeAlias = Callable[[str], Tab]

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {language: DOCS / language / "reference" / "questions.md" for language in ("en", "ko")}
LANGUAGES = ("en", "ko")


@pytest.fixture(params=["in turn", pytest.param("the other", marks=pytest.mark.soak)])
def ask(request: pytest.FixtureRequest, file: str, visit: Visit) -> Ask:
    """Open the page, as one file, in a language; the function gives its tab.

    In turn the odd questions are asked in Korean, the even ones in English.
    """
    number = int(request.node.name.split("_")[1])
    language = LANGUAGES[(number + (request.param != "in turn")) % 2]
    return lambda address: visit(f"{file}#{address}&lang={language}")


@pytest.fixture(scope="module")
def net() -> pl.Network:
    return pl.load(SHIPPED).astype("float64")


def digit(index: int) -> Array:
    image: Array = pl.mnist().test.images[index].reshape(1, 784)
    return image


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_questions_are_written_down(node: Node, language: str) -> None:
    """Twelve in each language, and what they say in bold is what the page calls it."""
    rows = re.findall(r"^\| (\d+) \|", PAGES[language].read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, 13))
    texts = node('import { TEXTS } from "./texts.js";\n\nreturn TEXTS;')[language]
    names = {text.lower() for text in texts.values()}
    table = PAGES[language].read_text(encoding="utf-8").split("| --- |", 1)[1]
    for name in re.findall(r"\*\*([^*]+)\*\*", table):
        assert name.lower() in names, name


def test_1_how_many_parameters(ask: Ask) -> None:
    tab = ask("t=500")
    tab.get_by_test_id("panel-count").click()
    row = tab.locator(".panel tbody tr").nth(1).inner_text()
    assert [part.strip() for part in row.split("\t")][1:] == ["16 × 16 = 256", "16", "272"]
    assert tab.get_by_test_id("parameter-count").inner_text() == "13,002"


def test_2_what_does_this_bias_do(ask: Ask, net: pl.Network) -> None:
    tab = ask("t=500")
    tab.get_by_test_id("neuron-2-5").click()
    settle(tab)
    detail = tab.get_by_test_id("neuron-detail")
    b = bias(net, 4)[5]
    words = detail.inner_text()
    assert (
        f"{abs(b):.2f}" in words and f" {-b:.2f}" in words
    )  # in the sum, after its sign, and as the threshold
    tab.get_by_test_id("neuron-detail").locator('input[type="number"]').first.fill("-9")
    tab.keyboard.press("Enter")
    settle(tab)
    z = net.forward(digit(500))[4][0, 5] - b - 9
    assert float(attribute(tab.get_by_test_id("weighted-sum"), "value")) == pytest.approx(z)
    assert float(tab.get_by_test_id("neuron-2-5").locator(".value").text_content() or "") < 0.5


def test_3_how_does_a_neuron_get_its_number(ask: Ask, net: pl.Network) -> None:
    tab = ask("t=500&n=2.5")
    detail = tab.get_by_test_id("neuron-detail")
    trace = net.forward(digit(500))
    products = trace[3][0] * affine(net, 4).W[:, 5]
    shown = [
        read_number(text)
        for text in detail.locator(".bars").first.locator(".value").all_inner_texts()
    ]
    np.testing.assert_allclose(shown, products, atol=0.0051)
    assert f"σ({trace[4][0, 5]:.2f}) = {trace[5][0, 5]:.2f}" in detail.inner_text()


def test_4_what_does_a_neuron_look_at(ask: Ask, net: pl.Network) -> None:
    tab = ask("t=500&n=1.3")
    pictures = tab.get_by_test_id("neuron-detail").locator("canvas")
    assert pictures.count() == 2
    z = net.forward(digit(500))[2][0, 3] - bias(net, 2)[3]
    assert f"{z:.2f}" in attribute(pictures.nth(1), "aria-label")


def test_5_why_was_this_4_read_as_a_9(ask: Ask, net: pl.Network) -> None:
    tab = ask("t=740")
    assert tab.get_by_test_id("prediction").inner_text() == "9"
    tab.get_by_test_id("panel-why").click()
    settle(tab)
    assert "9" in tab.get_by_test_id("why-about").inner_text()
    assert tab.get_by_test_id("why-picture").is_visible()
    products = net.forward(digit(740))[5][0] * affine(net, 6).W[:, 9]
    shown = [
        read_number(text)
        for text in tab.locator(".panel .bars").first.locator(".value").all_inner_texts()
    ]
    np.testing.assert_allclose(shown, products, atol=0.0051)


def test_6_what_would_have_to_change(ask: Ask) -> None:
    tab = ask("t=740&p=why")
    tab.get_by_test_id("other-target").select_option("4")
    told = tab.get_by_test_id("other-result")
    tab.wait_for_selector('[data-testid="other-result"][data-distance]')
    assert re.search(r"\b4\b", told.inner_text()) and float(attribute(told, "data-distance")) > 0


def test_7_which_digits_are_confused(ask: Ask, net: pl.Network) -> None:
    tab = ask("p=evaluate")
    index = np.arange(0, 10_000, 20)
    test = pl.mnist().test
    answers = net.classify(test.images[index])
    confused = (test.labels[index] == 4) & (answers == 9)
    cell = tab.get_by_test_id("cell-4-9")
    assert cell.inner_text() == str(confused.sum()) == "5"
    cell.click()
    tab.get_by_test_id("digit-740").wait_for()
    assert tab.locator('.panel [data-testid^="digit-"]').count() == 5


def test_8_what_happens_without_activations(ask: Ask) -> None:
    tab = ask("t=500&p=change")
    tab.get_by_test_id("remove-activations").click()
    told = tab.get_by_test_id("collapse-result")
    told.wait_for()
    assert "784 × 16 · 16 × 16 · 16 × 10" in told.inner_text() and "784 × 10" in told.inner_text()
    assert float(attribute(tab.get_by_test_id("collapse-same"), "data-difference")) < 1e-9
    tab.wait_for_function(
        "() => document.querySelector('[data-testid=held-after]').textContent.includes('%')"
    )


def test_9_what_happens_without_a_neuron(ask: Ask) -> None:
    tab = ask("t=740&n=2.1&p=change")
    tab.locator(".panel").get_by_role("button", name=re.compile("^(Switch off|꺼 두기)$")).click()
    settle(tab)
    assert tab.get_by_test_id("neuron-2-1").locator(".value").text_content() == "0.00"
    assert tab.get_by_test_id("answer-before").inner_text() == "9"
    assert (
        tab.get_by_test_id("answer-after").inner_text()
        == tab.get_by_test_id("prediction").inner_text()
    )
    tab.wait_for_function(
        "() => document.querySelector('[data-testid=held-after]').textContent.includes('%')"
    )


def test_10_does_it_know_that_noise_is_no_digit(ask: Ask) -> None:
    tab = ask("c=1")
    tab.get_by_test_id("load-noise").click()
    settle(tab)
    assert tab.get_by_test_id("prediction").inner_text().isdigit()
    assert 0 <= float(tab.get_by_test_id("confidence").inner_text()) <= 1


def test_11_ten_pictures_at_once(ask: Ask) -> None:
    tab = ask("t=500&p=matrix")
    tab.locator("#batch").fill("10")
    first = tab.locator(".shapes").first.locator(".block")
    assert [part.split("\n")[-1] for part in first.all_inner_texts()] == [
        "(10, 784)",
        "(784, 16)",
        "(16,)",
        "(10, 16)",
    ]
    assert tab.get_by_test_id("batch").locator("td").count() == 100


def test_12_which_way_would_learning_go(ask: Ask, net: pl.Network) -> None:
    tab = ask("t=740&p=backprop")
    assert tab.get_by_test_id("target").input_value() == "4"  # of a test digit it is known
    z = net.forward(digit(740))[6]
    loss = pl.BinaryCrossEntropy().value(z, np.array([4]))
    assert float(tab.get_by_test_id("example-loss").inner_text()) == pytest.approx(loss, abs=0.0051)
    numbers = [
        float(attribute(tab.get_by_test_id(f"gradient-{name}"), "value"))
        for name in ("backprop", "numeric")
    ]
    assert numbers[0] == pytest.approx(numbers[1], abs=1e-6)
