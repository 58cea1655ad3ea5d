"""Ask why and change the network, as people do it in Chromium; every number against Python's."""

from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.core.metrics import wilson
from pellucid.core.types import Array
from pellucid.lens.attribution import integrated_gradients
from pellucid.lens.counterfactual import counterfactual
from pellucid.lens.evaluation import evaluate
from pellucid.web import SHIPPED
from pellucid.web.facts import EVERY
from tests.web.kinds import Audit, Tab, Visit, affine, area_of, attribute, bias
from tests.web.test_page import WIDTHS, prediction, settle


def seen(tab: Tab) -> Array:
    """What the network sees, after centring."""
    return np.array(tab.evaluate("() => Array.from(pellucid.look.picture)"), float)


def value(tab: Tab, name: str) -> float:
    return float(attribute(tab.get_by_test_id(name), "value"))


def number(tab: Tab, name: str, key: str) -> float:
    place = tab.locator(f'[data-testid="{name}"][{key}]')
    place.wait_for()
    return float(attribute(place, key))


@pytest.mark.parametrize("asked", [None, (1, 5), (2, 3), (3, 8)])
def test_why(file: str, visit: Visit, asked: tuple[int, int] | None) -> None:
    """Integrated gradients of the answer, or of the neuron that is chosen."""
    tab = visit(f"{file}#t=340&p=why&lang=en" + (f"&n={asked[0]}.{asked[1]}" if asked else ""))
    net = pl.load(SHIPPED).astype("float64")
    layer, neuron = asked or (-1, None)
    found = integrated_gradients(net, seen(tab), layer, neuron)
    np.testing.assert_allclose(value(tab, "why-now"), found.at_input[0], atol=1e-6)
    np.testing.assert_allclose(value(tab, "why-black"), found.at_baseline[0], atol=1e-6)
    np.testing.assert_allclose(value(tab, "why-plus"), np.maximum(found.values, 0).sum(), atol=1e-6)
    np.testing.assert_allclose(
        value(tab, "why-minus"), -np.minimum(found.values, 0).sum(), atol=1e-6
    )
    assert number(tab, "why-gap", "data-gap") < 0.01
    about = tab.get_by_test_id("why-about").inner_text()
    assert ("you chose" in about) == (asked is not None)


def test_what_would_have_to_change(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=340&p=why&lang=en")
    exact = pl.load(SHIPPED).astype("float64")
    for target in (None, 5, 1, 8):
        if target is not None:
            before = tab.get_by_test_id("other-result").inner_text()
            tab.get_by_test_id("other-target").select_option(str(target))
            tab.wait_for_function(
                "(before) => !document.querySelector('[data-testid=other-result]')"
                ".innerText.includes(before)",
                arg=before,
            )
        other = counterfactual(exact, seen(tab), target)
        if not other.found:
            assert "does not prove" in tab.get_by_test_id("other-result").inner_text()
            continue
        assert other.distance is not None
        np.testing.assert_allclose(
            number(tab, "other-result", "data-distance"), other.distance, rtol=1e-6
        )
        said = tab.get_by_test_id("other-result").inner_text()
        assert said.startswith(
            f"{other.label_before} ({other.confidence_before:.2f}) becomes {other.label_after} ("
        )
        assert f"{other.changed} pixels" in said
    tab.get_by_test_id("other-target").select_option("3")
    tab.get_by_text("3 is the answer already").wait_for()


def test_where_nothing_changes_the_answer_it_says_so(file: str, visit: Visit) -> None:
    """With all other outputs off, no drawing is read as anything but 3."""
    off = ";".join(f"o3.{k}" for k in range(10) if k != 3)
    tab = visit(f"{file}#t=340&p=why&lang=en&e={off}")
    tab.get_by_text("This does not prove that there is none.").wait_for()


@pytest.mark.parametrize(("by", "place"), [("pixels", "file"), ("activations", "server")])
def test_similar_misread_digits(
    request: pytest.FixtureRequest, visit: Visit, by: str, place: str
) -> None:
    """Among those in the page, and among those that the server has."""
    address = request.getfixturevalue(place)
    tab = visit(f"{address}#t=340&p=why&lang=en")
    tab.get_by_test_id("similar-digit").first.wait_for()
    net, test = pl.load(SHIPPED), pl.mnist().test
    rows = np.arange(0, 10_000, 1 if place == "server" else EVERY)
    wrong = rows[net.classify(test.images[rows]) != test.labels[rows]]
    wrong = wrong[wrong != 340]
    here, there = seen(tab)[None] / 255, test.images[wrong].reshape(-1, 784) / 255
    if by == "activations":
        here, there = (net.astype("float64").forward(x * 255)[5] for x in (here, there))
        first = tab.get_by_test_id("similar-digit").first.get_attribute("aria-label")
        tab.get_by_test_id("similar-by").select_option("2")
        tab.wait_for_function(
            "(first) => document.querySelector('[data-testid=similar-digit]').ariaLabel !== first",
            arg=first,
        )
    nearest = wrong[np.argsort(np.linalg.norm(there - here, axis=1), kind="stable")[:8]]
    labels = [attribute(card, "aria-label") for card in tab.get_by_test_id("similar-digit").all()]
    assert [int(label.split()[2].rstrip(":")) for label in labels] == nearest.tolist()
    tab.get_by_test_id("similar-digit").nth(3).click()
    settle(tab)
    index, label = tab.evaluate(
        "() => { const { index, label } = pellucid.look.state.input.source;"
        " return [index, label]; }"
    )
    assert (index, label) == (nearest[3], test.labels[nearest[3]])
    tab.wait_for_function(f"() => location.hash.includes('t={index}')")
    if place == "server":  # which has digits that no page has
        again = visit(f"{address}#{tab.url.split('#', 1)[1]}")  # may be a browser without the key
        np.testing.assert_array_equal(seen(again), seen(tab))


def held(tab: Tab) -> tuple[int, int]:
    """Right answers and rows, once they are counted."""
    return int(number(tab, "held-after", "data-right")), int(number(tab, "held-after", "data-rows"))


def test_a_bias_is_a_threshold(address: str, visit: Visit) -> None:
    """Set by the slider and by number; before and after on the drawing and on held-out digits."""
    tab = visit(f"{address}#t=340&n=1.5&p=change&lang=en")
    tab.get_by_test_id("bias-slider").fill("-10")
    settle(tab)
    assert "It lights up when weights × input exceed 10.00" in tab.inner_text("main")
    tab.get_by_test_id("change-bias-number").fill("2.5")
    tab.keyboard.press("Enter")
    settle(tab)
    net, exact = pl.load(SHIPPED), pl.load(SHIPPED).astype("float64")
    before = exact.forward(seen(tab)[None])
    bias(net, 2)[5] = bias(exact, 2)[5] = 2.5
    after = exact.forward(seen(tab)[None])
    np.testing.assert_allclose(
        tab.evaluate("() => Array.from(pellucid.look.pass.y)"), after.y[0], atol=1e-6
    )
    for name, trace in (("before", before), ("after", after)):
        assert tab.get_by_test_id(f"answer-{name}").inner_text() == str(trace.y[0].argmax())
        assert tab.get_by_test_id(f"confidence-{name}").inner_text() == f"{trace.y[0].max():.2f}"
    changed = [
        np.abs(a - b)[0] > 0.01 for a, b in zip(before, after, strict=True) if a.shape[1] < 20
    ]
    count = sum(map(np.count_nonzero, (changed[1], changed[3], changed[5])))
    assert tab.get_by_test_id("neurons-after").inner_text() == f"{count} of 42"
    assert tab.locator(".neuron.changed").count() == count
    marked = int(np.flatnonzero(changed[3])[0])
    told = attribute(tab.get_by_test_id(f"neuron-2-{marked}"), "aria-label")
    assert told.endswith(
        f" activation {after[5][0, marked]:.2f}; {before[5][0, marked]:.2f} without the edits"
    )
    test = pl.mnist().test
    rows = np.arange(0, 10_000, 1 if address.startswith("http") else EVERY)
    right = int((net.classify(test.images[rows]) == test.labels[rows]).sum())
    assert held(tab) == (right, len(rows))
    low, high = wilson(right, len(rows))
    expected = f"{100 * right / len(rows):.1f} % ({100 * low:.1f}–{100 * high:.1f})"
    assert tab.get_by_test_id("held-after").inner_text() == expected
    tab.get_by_role("button", name="Undo").click()
    tab.get_by_role("button", name="Undo").click()
    settle(tab)
    assert tab.evaluate("() => pellucid.network === pellucid.page.base")


def test_a_slider_that_moves_is_one_step(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=340&n=1.5")
    tab.evaluate(
        """() => { const slider = document.querySelector('[data-testid=bias-slider]');
        for (const value of [1, 2, 3]) {
          slider.value = value;
          slider.dispatchEvent(new Event('input'));
        }
        slider.dispatchEvent(new Event('change')); }"""
    )
    settle(tab)
    assert tab.evaluate(
        "() => [pellucid.look.state.past.length, pellucid.network.layers[2].arrays.b.data[5]]"
    ) == [1, 3]


def test_one_weight_and_off(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=340&n=2.3&p=change&lang=en")
    tab.locator("#weight-from").fill("5")
    tab.get_by_test_id("weight-value").fill("-4.5")
    tab.keyboard.press("Enter")
    exact = pl.load(SHIPPED).astype("float64")
    affine(exact, 4).W[5, 3] = -4.5
    settle(tab)
    answer = "() => Array.from(pellucid.look.pass.y)"
    np.testing.assert_allclose(tab.evaluate(answer), exact(seen(tab)[None])[0], atol=1e-6)
    tab.get_by_test_id("neuron-off").click()
    settle(tab)
    affine(exact, 6).W[3] = 0
    np.testing.assert_allclose(tab.evaluate(answer), exact(seen(tab)[None])[0], atol=1e-6)
    assert "switched off, activation 0" in attribute(tab.get_by_test_id("neuron-2-3"), "aria-label")
    edits = tab.get_by_test_id("edits").locator("li")
    assert edits.all_inner_texts() == [
        "hidden layer 2, neuron 3: weight from 5 −4.50\nRemove",
        "hidden layer 2, neuron 3: off\nRemove",
    ]
    tab.get_by_role("button", name="Remove: hidden layer 2, neuron 3: weight from 5").click()
    settle(tab)
    assert edits.count() == 1
    tab.get_by_test_id("edits-back").click()
    settle(tab)
    assert edits.count() == 0 and tab.locator(".neuron.changed").count() == 0
    tab.get_by_role("button", name="Undo").click()
    settle(tab)
    assert edits.count() == 1


def test_painting(file: str, visit: Visit, tmp_path: Path) -> None:
    """By pointer and by keyboard; one stroke is one step.

    Saved, Python loads the network that was seen.
    """
    tab = visit(f"{file}#t=340&n=1.5&p=change&lang=en")
    surface = tab.get_by_test_id("weights-paint")
    surface.scroll_into_view_if_needed()
    area = area_of(surface)
    weights = "() => pellucid.network.layers[2].arrays.W.data.filter((_, i) => i % 16 === 5)"

    def column() -> Array:
        return np.array(tab.evaluate(weights)).reshape(28, 28)

    before = column()
    tab.mouse.move(area["x"] + area["width"] * 10.5 / 28, area["y"] + area["height"] * 5.5 / 28)
    tab.mouse.down()
    for x in (12.5, 15.5, 10.5):  # where a stroke passes twice it adds once
        tab.mouse.move(area["x"] + area["width"] * x / 28, area["y"] + area["height"] * 5.5 / 28)
    tab.mouse.up()
    settle(tab)
    painted = column() - before
    np.testing.assert_allclose(painted[5, 10:16], 1, atol=1e-12)
    assert np.count_nonzero(painted) < 40 and painted.min() == 0
    assert tab.evaluate("() => pellucid.look.state.past.length") == 1
    surface.focus()
    tab.keyboard.press("-")
    tab.keyboard.press("Space")
    tab.keyboard.press("Shift+ArrowDown")
    settle(tab)
    painted = column() - before
    np.testing.assert_allclose(
        [painted[14, 14], painted[15, 14], painted[5, 12]], [-2, -1 - 11 / 16, 1], atol=1e-12
    )
    assert tab.evaluate(
        "() => [pellucid.look.state.past.length, pellucid.look.state.edits.length]"
    ) == [3, 1]
    with tab.expect_download() as download:
        tab.get_by_test_id("save-model").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    net = pl.load(path)
    np.testing.assert_allclose(affine(net, 2).W[:, 5].reshape(28, 28), column(), atol=1e-6)
    ours = tab.evaluate("() => Array.from(pellucid.look.pass.y)")
    np.testing.assert_allclose(ours, net.astype("float64")(seen(tab)[None])[0], atol=1e-6)
    tab.evaluate("pellucid.page.navigation.write()")
    assert "e=p1.5:" in tab.url
    again = visit(tab.url)
    assert again.evaluate("() => Array.from(pellucid.look.pass.y)") == ours


def test_activations(server: str, visit: Visit) -> None:
    tab = visit(f"{server}#t=340&p=change&lang=en")
    net = pl.load(SHIPPED)
    tab.get_by_test_id("activation-1").select_option("Tanh")
    settle(tab)
    net = pl.Network([*net.layers[:3], pl.Tanh(), *net.layers[4:]])
    ours = tab.evaluate("() => Array.from(pellucid.look.pass.y)")
    exact = pl.Network(net.layers).astype("float64")
    np.testing.assert_allclose(ours, exact(seen(tab)[None])[0], atol=1e-6)
    tab.get_by_test_id("remove-activations").click()
    settle(tab)
    assert (
        "784 × 16 · 16 × 16 · 16 × 10 = 784 × 10"
        in tab.get_by_test_id("collapse-result").inner_text()
    )
    assert "12x + 5" in tab.inner_text("main") and tab.locator(".collapse canvas").count() == 10
    assert number(tab, "collapse-same", "data-difference") < 1e-9
    layers = [*net.layers[:3], net.layers[4], *net.layers[6:]]
    linear = pl.Network(layers)
    np.testing.assert_allclose(
        tab.evaluate("() => Array.from(pellucid.look.pass.y)"),
        linear.astype("float64")(seen(tab)[None])[0],
        atol=1e-6,
    )
    test = pl.mnist().test
    found = evaluate(linear, test.images, test.labels)
    right, rows = held(tab)
    assert found.misclassified is not None
    assert rows == 10_000 and abs(right - (rows - len(found.misclassified))) <= 1


def test_long_edits_are_not_in_the_address(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#t=340&p=change&lang=en&e=b1.5:-10")
    settle(tab)
    assert "bias −10.00" in attribute(tab.get_by_test_id("neuron-1-5"), "aria-label")
    note = tab.get_by_text("These edits are too long for the page's address")
    assert not note.is_visible()
    tab.evaluate(
        "() => pellucid.page.edit(Array.from({ length: 300 }, (_, i) => "
        "({ kind: 'weight', layer: 1, from: i, neuron: 0, value: 0.5 })))"
    )
    note.wait_for()
    tab.wait_for_function("() => !location.hash.includes('e=')")


@pytest.mark.parametrize(
    ("panel", "language", "theme"),
    [
        ("why", "en", "dark"),
        ("why", "ko", "light"),
        ("change", "en", "light"),
        ("change", "ko", "contrast"),
    ],
)
def test_nothing_scrolls_sideways_and_axe_finds_nothing(
    file: str, visit: Visit, audit: Audit, panel: str, language: str, theme: str
) -> None:
    turn = ("why", "change").index(panel)
    tab = visit(f"{file}#t=340&n=1.5&p={panel}&lang={language}&theme={theme}&e=l;b1.5:2")
    tab.get_by_test_id("similar-digit" if panel == "why" else "held-after").first.wait_for()
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        settle(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        audit(tab, width, turn, int(language == "ko"), 2)


def test_rows_of_numbers_are_explained_and_changed(visit: Visit, tmp_path: Path) -> None:
    from pellucid.web import page

    net = pl.mlp([2, 4, 1], seed=0)
    page(net, tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#x=1,2&p=why&lang=en")
    found = integrated_gradients(net.astype("float64"), np.array([1.0, 2.0]), -1, 0)
    np.testing.assert_allclose(value(tab, "why-now"), found.at_input[0], atol=1e-6)
    tab.get_by_test_id("panel-change").click()
    tab.get_by_test_id("neuron-1-2").click()
    tab.get_by_test_id("change-off").click()
    settle(tab)
    exact = net.astype("float64")
    affine(exact, 2).W[2] = 0
    np.testing.assert_allclose(
        tab.evaluate("() => Array.from(pellucid.look.pass.y)"), exact([[1.0, 2.0]])[0], atol=1e-6
    )
    assert prediction(tab)
