"""What objects show of themselves in notebooks.

Whole markup, safe from hostile names, in the notebook's colours.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid.display import blocks, charts
from pellucid.display.summary import Summary
from pellucid.display.trace import ShownTrace
from pellucid.lens.plots import figure_style
from tests.narrowing import instance, present

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "&lt;b&gt;&amp;",
    "]]><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "a\u0000b\u202ec\nd",
    "고양이" * 100,
]
ALLOWED = {
    *("div", "style", "p", "br", "details", "summary", "table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "path", "text", "circle", "rect", "title"),
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    pl.set_language("en")
    yield
    pl.set_language(None)


def parsed(markup: str) -> ET.Element:
    """Read the markup as XML, which forgives nothing, and see that there is nothing in it that
    could act or load.
    """
    root = ET.fromstring(markup)
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in ALLOWED
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert name not in ("href", "src", "xlink:href", "id")
            assert "url(" not in value
    style = root.find("style")
    assert root.attrib == {"class": "pellucid"}
    assert all(
        rule.strip().startswith(".pellucid")
        for rule in re.findall(r"([^{}]+)\{", present(present(style).text))
    )
    assert not re.search(r"url\(|@import|expression", present(present(style).text))
    return root


def words(root: ET.Element) -> list[str]:
    return [
        "".join(element.itertext())
        for element in root.iter()
        if element.tag.removeprefix(SVG) != "style"
    ]


def cells(table: ET.Element) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]


def hostile_network(name: str) -> pl.Network:
    Strange = type(name.replace("\x00", ""), (pl.Identity,), {})
    return pl.Network(
        [pl.Affine(np.eye(2)), Strange(), pl.Affine([[1.0, 2.0], [0.0, 1.0]])], classes=[name, "no"]
    )


@pytest.fixture
def digits() -> pl.Network:
    return pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", seed=0, pixels=True)


@pytest.fixture
def history(generator: np.random.Generator) -> pl.History:
    x = generator.normal(size=(60, 2))
    net = pl.mlp([2, 4, 2], output="softmax", seed=0)
    return pl.train(
        net, x, (x[:, 0] > 0).astype(int), epochs=3, validation=0.2, metrics=["accuracy"]
    )


def test_a_summary_is_its_table(digits: pl.Network) -> None:
    summary = digits.summary()
    (table,) = parsed(summary._repr_html_()).iter("table")
    assert cells(table) == summary.lines()
    assert cells(table)[-1] == ["total", "", "", "13,002", "12,960", "52,008"]


def test_a_network_shows_its_columns_of_neurons(digits: pl.Network) -> None:
    root = parsed(digits._repr_html_())
    assert "Network: 13,002 parameters" in words(root)
    svg = root.find(f"{SVG}svg")
    labels = [text.text for text in present(svg).iter(f"{SVG}text")]
    assert labels[:4] == ["input", "784", "Flatten", "Scale"]
    assert labels[4:8] == ["hidden layer 1", "16", "Affine", "Sigmoid"]
    assert labels[-4:] == ["output", "10", "Affine", "Sigmoid"]
    assert len([c for c in present(svg).iter(f"{SVG}circle") if c.get("r") == "7"]) == 4 * 7
    assert root.find("details") is not None
    assert digits.summary().has_neurons == [False, False, True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("layers", "labels"),
    [
        ([pl.Affine([[1.0], [2.0]])], ["input", "2", "output", "1", "Affine"]),
        (
            [
                pl.Residual([pl.Affine(np.eye(2)), pl.ReLU()]),
                pl.BatchNorm([1.0, 1.0], [0, 0], [0, 0], [1, 1]),
            ],
            ["input", "2", "output", "2", "Residual", "BatchNorm"],
        ),
        ([pl.ReLU()], []),
        ([], []),
    ],
)
def test_networks_of_every_kind_show_themselves(
    layers: Sequence[pl.Layer], labels: Sequence[str]
) -> None:
    root = parsed(pl.Network(layers)._repr_html_())
    assert [text.text for text in root.iter(f"{SVG}text")] == labels


def test_a_deep_network_is_not_endless_and_cannot_break() -> None:
    net = pl.Network([pl.Affine(np.eye(2)) for _ in range(60)])
    svg = present(parsed(net._repr_html_()).find(f"{SVG}svg"))
    assert float(present(svg.get("width"))) == 130 * 24
    assert "…" in [text.text for text in svg.iter(f"{SVG}text")]
    # The structure is fixed, so a network that was made cannot break.
    assert not hasattr(net.layers, "append")


def test_a_trace_shows_the_image_and_the_values(
    digits: pl.Network, generator: np.random.Generator
) -> None:
    image = generator.integers(0, 256, (1, 28, 28), dtype=np.uint8)
    image[0, :5] = 0
    trace = instance(ShownTrace, digits.forward(image))
    root = parsed(trace._repr_html_())
    picture, *strips = root.iter(f"{SVG}svg")
    assert picture.get("width") == "112"
    (table,) = root.iter("table")
    assert len(strips) == 6
    values = [float(present(title.text).split()[1]) for title in strips[-1].iter(f"{SVG}title")]
    np.testing.assert_allclose(values, trace.y[0], rtol=1e-3)
    blue, orange = "rgb(47,134,209)", "rgb(217,105,30)"
    for rect, value in zip(strips[0].iter(f"{SVG}rect"), trace[2][0], strict=True):
        assert rect.get("fill") == (blue if value >= 0 else orange)
        share = min(abs(value) / max(1, np.abs(trace[2]).max()), 1)
        assert abs(float(present(rect.get("fill-opacity"))) - share) < 0.006
    assert cells(table)[1][-1] == f"{np.count_nonzero(image)} of 784 are not 0"


def test_a_trace_of_many_rows_or_strange_numbers(
    digits: pl.Network, generator: np.random.Generator
) -> None:
    many = instance(
        ShownTrace, digits.forward(generator.integers(0, 256, (3, 28, 28), dtype=np.uint8))
    )
    (table,) = parsed(many._repr_html_()).iter("table")
    assert cells(table) == many.lines()
    net = pl.Network([pl.Affine([[1.0]])])
    parsed(instance(ShownTrace, net.forward(np.zeros((0, 1))))._repr_html_())
    nothing = instance(ShownTrace, net.forward([[1.0]]))
    for value in (np.nan, np.inf, -np.inf):
        nothing[0] = np.array([[value, 1.0]])
        parsed(nothing._repr_html_())


def test_pixels_of_one_brightness_are_one_rectangle_each() -> None:
    drawn = charts.picture([[0, 0, 1, 1], [1, 0, 0, 0.5]], 1, "x")
    rects = [r.attrib for r in ET.fromstring(drawn).iter(f"{SVG}rect")][1:-1]
    assert [(r["x"], r["y"], r["width"], r["fill"]) for r in rects] == [
        ("8", "0", "8", "#fff"),
        ("0", "4", "4", "#fff"),
        ("12", "4", "4", "#888"),
    ]
    assert charts.picture([[0.0]], 0, "dark").count("<rect") == 2


def test_a_history_shows_curves_and_every_number(history: pl.History) -> None:
    root = parsed(history._repr_html_())
    loss, accuracy = root.iter(f"{SVG}svg")
    assert (loss.get("aria-label"), accuracy.get("aria-label")) == ("loss", "accuracy")
    heights = [float(present(circle.get("cy"))) for circle in loss.iter(f"{SVG}circle")][:3]
    values = np.array(history["loss"])
    assert np.argsort(heights).tolist() == np.argsort(-values).tolist()  # higher up is more
    shares = (heights[0] - np.array(heights)) / (heights[0] - heights[-1])
    np.testing.assert_allclose(shares, (values[0] - values) / (values[0] - values[-1]), atol=0.01)
    (table,) = root.iter("table")
    assert cells(table) == history.lines()
    assert words(root)[1].startswith("3 epochs in ")
    history.stopped = "early"
    assert "stopped: early" in history._repr_html_()
    history.records[1]["loss"] = float("nan")
    path = next(
        e.get("d")
        for e in parsed(history._repr_html_()).iter(f"{SVG}path")
        if e.get("fill") == "none"
    )
    assert present(path).count("M") == 2  # a gap where there is no number
    del history.records[1:]
    parsed(history._repr_html_())
    history.records.clear()
    assert "the history is empty" in "".join(words(parsed(history._repr_html_())))


def test_an_evaluation_shows_figures_confusion_and_mistakes(
    digits: pl.Network, generator: np.random.Generator
) -> None:
    images = generator.integers(0, 256, (40, 28, 28), dtype=np.uint8)
    found = pl.evaluate(digits, images, np.arange(40) % 10)
    root = parsed(found._repr_html_())
    confusion, misread = root.iter("table")
    assert cells(confusion) == found.confusion_lines()
    assert cells(misread) == found.misclassified_lines()
    assert str(found) in words(root)
    shaded = [cell.get("style") for cell in confusion.iter("td")]
    wrong = int((present(found.confusion)[~np.eye(10, dtype=bool)] > 0).sum())
    assert sum("217,105,30" in (style or "") for style in shaded) == wrong
    values = pl.evaluate(pl.Network([pl.Affine([[1.0]])]), [[1.0], [2.0]], [[1.0], [3.0]])
    assert words(parsed(values._repr_html_()))[1] == str(values)


def test_an_evaluation_of_two_classes_or_very_many() -> None:
    two = pl.Network([pl.Affine([[1.0]]), pl.Sigmoid()])
    found = pl.evaluate(two, [[-2.0], [-1.0], [1.0], [3.0]], [0, 1, 0, 1])
    assert "area under the ROC curve 0.7500" in found._repr_html_()
    many = pl.Network([pl.Affine(np.eye(41))])
    assert not list(
        parsed(pl.evaluate(many, np.eye(41), np.arange(41))._repr_html_()).iter("table")
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_and_nothing_else(name: str, history: pl.History) -> None:
    net = hostile_network(name)
    evaluation = pl.evaluate(net, [[1.0, 0.0], [0.0, 1.0]], [1, 1], loss="cross_entropy")
    history.stopped = name
    history.engine = name
    history.records = [{**record, name: 1.0} for record in history.records]
    things: tuple[Any, ...] = (
        net,
        net.summary(),
        net.forward([[1.0, 2.0]]),
        net.forward(np.eye(2)),
        evaluation,
        history,
    )
    for thing in things:
        text = thing._repr_html_()
        root = parsed(text)
        assert "<script" not in text.lower()
        assert len(text) < 30_000
        assert any(name[:10].strip() in word for word in words(root)) or "\x00" in name


def test_names_are_shortened_and_cleaned() -> None:
    assert blocks.escaped("a\x00b\u202ec\nd") == "abc d"
    assert len(blocks.escaped("x" * 999)) == 60
    assert blocks.escaped(blocks.Markup("<b/>")) == "<b/>"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_both_languages(digits: pl.Network, history: pl.History, language: str) -> None:
    pl.set_language(language)
    text = "".join(words(parsed(digits._repr_html_())) + words(parsed(history._repr_html_())))
    korean = ("입력층", "은닉층 1", "파라미터 13,002개", "손실", "학습", "검증", "에포크")
    english = (
        "input",
        "hidden layer 1",
        "13,002 parameters",
        "loss",
        "training",
        "validation",
        "epoch",
    )
    here, there = (korean, english[:4]) if language == "ko" else (english, korean)
    assert all(word in text for word in here)
    assert not any(
        word in text.replace("validation_loss", "").replace("loss  ", "") for word in there[:3]
    )


def test_colours_stand_out_from_white_and_from_black() -> None:
    """Whatever the theme is, and whether or not it is known."""
    for colour in (blocks.FIRST, blocks.SECOND, "#2f86d1", "#d9691e"):
        assert figure_style.contrast(colour, "#ffffff") >= 3
        assert figure_style.contrast(colour, "#111111") >= 3
    for red, green, blue in (blocks.POSITIVE, blocks.NEGATIVE):
        for ground, ink in (
            (255, 0.12),
            (17, 0.9),
        ):  # cells that are shaded as strongly as they get
            mixed = np.array([(0.6 * part + 0.4 * ground) / 255 for part in (red, green, blue)])
            assert figure_style.contrast(mixed, (ink, ink, ink)) >= 4.5


def test_text_has_the_notebooks_own_colour(digits: pl.Network) -> None:
    text = digits._repr_html_()
    assert "color:var(--jp-content-font-color1,var(--vscode-editor-foreground,inherit))" in text
    assert "fill:currentColor" in text
    assert 'stroke="currentColor"' in text
    assert re.search(r'<svg [^>]*fill="currentColor"', text)  # where styles are taken away


def test_a_summary_of_nothing() -> None:
    assert cells(next(parsed(Summary([])._repr_html_()).iter("table")))[-1][0] == "total"
