"""Labels of plots.

In both languages, on light and dark, with fonts that have their letters, whatever the names are.
"""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

import pellucid as pl
from pellucid.errors import InputError
from pellucid.lens.plots import figure_style, fonts
from pellucid.lens.plots.figure_style import DARK, LIGHT

HANGUL = re.compile("[가-힣]")
KOREAN_NAMES = ["고양이", "개", "새"]
HOSTILE = [
    "$x^2$",
    "cost $",
    "a\nb\x00c",
    r"$\frac{",
    "x" * 200,
    "_" * 3,
    "\u202eevil",
    "고양이 $",
    "日本 \U0001f600",
]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    fonts._warn_once.cache_clear()
    yield
    pl.set_language(None)
    fonts._warn_once.cache_clear()


@pytest.fixture(scope="module")
def plots() -> dict[str, Callable[..., Any]]:
    """Every plot, with class names and columns that may need other letters than the labels."""
    generator = np.random.default_rng(3)
    images = generator.integers(0, 256, (30, 28, 28), dtype=np.uint8)
    digits = pl.mlp([784, 6, 3], output="softmax", pixels=True)
    digits.classes = KOREAN_NAMES
    points = generator.normal(size=(30, 2))
    flat = pl.mlp([2, 3, 3], activation="tanh", output="softmax")
    value = pl.Network([pl.Affine([[1.0], [2.0]])])
    two = pl.Network([pl.Affine([[1.0], [0.0]]), pl.Sigmoid()])
    half = (points[:, 1] > 0).astype(int)
    t = np.arange(30) % 3
    history = pl.train(flat, points, t, epochs=2, validation=0.2, metrics=["accuracy"])
    show = pl.plots
    return {
        "activation": lambda: show.activation(),
        "network": lambda: show.network(digits, images[0]),
        "small network": lambda: show.network(flat),
        "weights": lambda: show.weights(digits),
        "deeper weights": lambda: show.weights(digits, 2),
        "gradient": lambda: show.weights(digits, 2, method="gradient", x=images),
        "table weights": lambda: show.weights(flat),
        "learning curves": lambda: show.learning_curves(history)[0],
        "learning-rate range": lambda: show.learning_rate_range(
            pl.learning_rate_range(flat, points, t, steps=40, batch_size=5)
        ),
        "confusion matrix": lambda: show.confusion_matrix(pl.evaluate(digits, images, t)),
        "misclassified": lambda: show.misclassified(pl.evaluate(digits, images, t), images),
        "contributions": lambda: show.contributions(
            pl.contributions(digits, images[0], layer=1, neuron=0)
        ),
        "bars": lambda: show.contributions(pl.contributions(digits, images[0]), count=3),
        "gradients": lambda: show.contributions(pl.integrated_gradients(digits, images[0])),
        "robustness": lambda: show.robustness(pl.robustness(digits, images, t, "noise", [0, 0.5])),
        "roc": lambda: show.roc(pl.evaluate(two, points, half)),
        "precision and recall": lambda: show.precision_recall(pl.evaluate(two, points, half)),
        "reliability": lambda: show.reliability(pl.evaluate(digits, images, t)),
        "residuals": lambda: show.residuals(pl.evaluate(value, points, points[:, :1])),
        "residuals by answer": lambda: show.residuals(
            pl.evaluate(value, points, points[:, :1]), value(points)
        ),
        "classes": lambda: show.decision_surface(flat, points, t),
        "values": lambda: show.decision_surface(value, points),
        "importance": lambda: show.permutation_importance(
            pl.permutation_importance(two, points, half)
        ),
        "partial dependence": lambda: show.partial_dependence(
            pl.partial_dependence(flat, points, 0)
        ),
    }


NAMES = (
    *(
        "activation",
        "network",
        "small network",
        "weights",
        "deeper weights",
        "gradient",
        "table weights",
    ),
    *(
        "learning curves",
        "learning-rate range",
        "confusion matrix",
        "misclassified",
        "contributions",
        "bars",
        "gradients",
        "robustness",
        "roc",
    ),
    *(
        "precision and recall",
        "reliability",
        "residuals",
        "residuals by answer",
        "classes",
        "values",
        "importance",
    ),
    "partial dependence",
)


def all_texts(ax: Axes) -> list[Text]:
    figure: Any = ax.get_figure(root=True)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def letters_of(text: Text) -> set[int]:
    """The letters that the fonts of a text have, as matplotlib finds them."""
    names = text.get_fontfamily()
    paths = [font_manager.findfont(font_manager.FontProperties(family=[name])) for name in names]
    return set().union(*(font_manager.get_font(path).get_charmap() for path in paths))


def test_every_plot_is_listed(plots: dict[str, Callable[..., Any]]) -> None:
    assert list(plots) == list(NAMES)


# Each language and each theme once: neither asks what the other is. `make soak` draws the other
# pairs, too.
PAIRS = [
    *(("en", "light"), ("ko", "dark")),
    *(pytest.param(*pair, marks=pytest.mark.soak) for pair in (("en", "dark"), ("ko", "light"))),
]


@pytest.mark.parametrize(("language", "theme"), PAIRS)
@pytest.mark.parametrize("name", NAMES)
def test_every_letter_has_a_font_and_nothing_is_cut_off(
    plots: dict[str, Callable[..., Any]],
    name: str,
    language: str,
    theme: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Letters without one would warn, and a font that is not found would be logged."""
    pl.set_language(language)
    with pl.plots.style(theme), caplog.at_level(logging.WARNING, logger="matplotlib"):
        ax = plots[name]()
    found = all_texts(ax)
    assert caplog.records == []
    labels = "".join(text.get_text() for text in found)
    for korean in KOREAN_NAMES:
        labels = labels.replace(korean, "")
    assert bool(HANGUL.search(labels)) == (language == "ko")
    for text in found:
        assert {ord(letter) for letter in text.get_text() if letter != "\n"} - letters_of(text) <= {
            ord("\\")
        }
    colours = {"light": LIGHT, "dark": DARK}[theme]
    assert mpl.colors.to_hex(ax.get_figure(root=True).get_facecolor()) == colours.ground
    for label in (ax.title, ax.xaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels()):
        assert figure_style.contrast(label.get_color(), colours.ground) > 7
    nothing_is_cut_off(ax.get_figure(root=True))


def nothing_is_cut_off(figure: Figure) -> None:
    """Check that all texts of a drawn figure are inside it."""
    width, height = figure.bbox.size
    for text in (
        text for a in figure.axes for text in (a.title, a.xaxis.label, a.yaxis.label, *a.texts)
    ):
        if text.get_text():
            box = text.get_window_extent()
            assert box.x0 >= -1, text
            assert box.y0 >= -1, text
            assert box.x1 <= width + 1, text
            assert box.y1 <= height + 1, text


def test_without_a_font_for_hangul_labels_are_english_with_one_warning(
    monkeypatch: pytest.MonkeyPatch, plots: dict[str, Callable[..., Any]]
) -> None:
    monkeypatch.setattr(fonts, "hangul_family", lambda: None)
    pl.set_language("ko")
    with pytest.warns(UserWarning, match="한글 글꼴이 없어") as said:
        ax = plots["activation"]()
    assert len(said) == 1
    assert not HANGUL.search("".join(text.get_text() for text in all_texts(ax)))
    assert ax.get_xlabel() == "weighted sum z"
    again = plots["roc"]()  # a warning would be an error here
    assert again.get_title() == "ROC curve"
    with pytest.warns(UserWarning, match="no installed font has all letters"):
        ax = plots["confusion matrix"]()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2"]


def test_korean_class_names_are_drawn_under_english_labels(
    plots: dict[str, Callable[..., Any]],
) -> None:
    pl.set_language("en")
    ax = plots["confusion matrix"]()
    assert [label.get_text() for label in ax.get_xticklabels()] == KOREAN_NAMES
    assert ax.get_xlabel() == "predicted class"


@pytest.mark.filterwarnings("ignore:no installed font has all letters")
def test_names_are_neither_mathematics_nor_endless() -> None:
    pl.set_language("en")
    net = pl.mlp([2, 3, 1 + len(HOSTILE)], output="softmax")
    net.classes = [*HOSTILE, "plain"]
    for ax in (
        pl.plots.decision_surface(net, [[0.0, 1.0], [1.0, 1.0]], [0, 1]),
        pl.plots.network(net, [[0.0, 1.0]]),
        pl.plots.confusion_matrix(pl.evaluate(net, [[0.0, 1.0], [1.0, 1.0]], [0, 1])),
        *(
            pl.plots.contributions(pl.contributions(net, [[0.0, 1.0]], neuron=neuron))
            for neuron in range(len(HOSTILE))
        ),
    ):
        all_texts(ax)
    for name in HOSTILE:
        text = fonts.shown(name, 7)
        assert len(text) <= 30, name
        assert "\n" not in text, name
        assert text.replace(r"\$", "").count("$") == 0, name


def test_letters_that_no_font_has_are_left_out_with_a_warning() -> None:
    pl.set_language("en")
    with pytest.warns(UserWarning, match="no installed font has all letters"):
        assert fonts.shown("a\U0001f9ff", 3) == "3"
    with pytest.warns(UserWarning, match="no installed font"):
        assert fonts.shown("b\U0001f9ff") == "b?"


def test_a_font_for_hangul_is_looked_for_in_files_and_in_a_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Manager:
        ttflist = ()

        def __init__(self) -> None:
            self.added: list[Path] = []

        def addfont(self, path: Path) -> None:
            self.added.append(path)

    manager = Manager()
    own = [font for font in font_manager.fontManager.ttflist if "mpl-data" in font.fname]
    monkeypatch.setattr(font_manager, "fontManager", manager)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["NanumGothicNoSuchFile.ttf"])
    assert fonts.hangul_family.__wrapped__() == "NanumGothic"  # the package's
    assert [path.name for path in manager.added] == ["NanumGothic.ttf"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert fonts.hangul_family.__wrapped__() is None
    # matplotlib's own fonts: one of them has a box for every letter that there is, and must not be
    # taken.
    monkeypatch.setattr(manager, "ttflist", own)
    assert fonts.hangul_family.__wrapped__() is None


def test_the_ground_is_seen_by_its_labels() -> None:
    with pl.plots.style("dark"):
        dark = Figure().subplots()
    assert figure_style.palette(dark) is DARK
    assert figure_style.palette(Figure().subplots()) is LIGHT
    with pytest.raises(InputError, match="light, dark"), pl.plots.style("blue"):
        pass


def test_ticks_made_later_keep_the_theme_in_which_they_were_drawn(
    plots: dict[str, Callable[..., Any]],
) -> None:
    with pl.plots.style("dark"):
        ax = plots["roc"]()
    ax.set_xticks(np.linspace(0, 1, 40))
    assert {mpl.colors.to_hex(label.get_color()) for label in ax.get_xticklabels()} == {DARK.ink}
