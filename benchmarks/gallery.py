"""Draw the gallery: every plot and notebook view, light and dark, in both languages, and its pages.

    python benchmarks/gallery.py                      all of it (two minutes), and the pages
    python benchmarks/gallery.py --only weights roc   these images alone, no pages
    python benchmarks/gallery.py --page               the pages alone

Plots are drawn here; notebook views are screenshots of the objects' own HTML in Chromium, if it is
installed. Without it the existing ones stay. The same machine gives the same bytes, but for the
seconds of training.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import chromium
import numpy as np
import pages
from PIL import Image, ImageChops
from sklearn import datasets

import pellucid as pl
from pellucid.files.atomic import write_whole
from pellucid.language import speaking

PAGE = "reference/gallery"
PICTURES = pages.DOCS / "pictures" / "gallery"
THEMES = ("light", "dark")
GROUNDS = {"light": ("#ffffff", "#1f2328", "true"), "dark": ("#111111", "#e6e8eb", "false")}


class Entry(NamedTuple):
    """A plot or notebook view: name, line of code, caption in both languages, drawing."""

    name: str
    code: str
    words: dict[str, str]
    draw: Callable[[Things], Any]


class Things:
    """The objects shown: the digit network on MNIST, and small networks on tables and points."""

    def __init__(self) -> None:
        self.data = pl.mnist()
        test = self.data.test
        self.digits = pl.mlp(
            [784, 16, 16, 10], activation="sigmoid", output="sigmoid", seed=0, pixels=True
        )
        self.history = pl.train(
            self.digits,
            self.data.train.images,
            self.data.train.labels,
            validation=(test.images, test.labels),
            recipe=pl.recipes.QUICK,
            epochs=12,
        )
        self.evaluation = pl.evaluate(self.digits, test.images, test.labels)
        self.image = test.images[0]
        self.moons, self.points = self._moons()
        self.irises, self.flowers = self._irises()
        self.rent, self.houses, self.values = self._table(
            datasets.load_diabetes(as_frame=True), "regress"
        )
        self.cells, self.samples, self.tumours = self._table(
            datasets.load_breast_cancer(as_frame=True), "classify"
        )

    @cached_property
    def rates(self) -> pl.LearningRateRange:
        net = pl.mlp([784, 32, 10], output="softmax", seed=0, pixels=True)
        train = self.data.train
        return pl.learning_rate_range(net, train.images, train.labels)

    @cached_property
    def search(self) -> pl.SearchResult:
        frame = datasets.load_breast_cancer(as_frame=True).frame
        return pl.search(frame, "target", trials=24, together=12)

    def _moons(self) -> tuple[Any, Any]:
        x, t = pl.moons(300, noise=0.2)
        net = pl.mlp([2, 8, 8, 1], activation="tanh", output="sigmoid", seed=0)
        pl.train(net, x, t, optimizer=pl.Adam(0.02), epochs=150, batch_size=32, seed=0)
        return net, (x, t)

    def _irises(self) -> tuple[Any, Any]:
        bunch = datasets.load_iris(as_frame=True)
        frame = bunch.frame[["petal length (cm)", "petal width (cm)"]].round(2)
        frame = frame.assign(kind=bunch.target_names[bunch.target])
        net = pl.table_mlp(pl.Columns.of(frame, target="kind"), hidden=[8], seed=0)
        pl.train_table(net, frame, seed=0)
        return net, frame

    def _table(self, bunch: Any, task: str) -> tuple[Any, Any, Any]:
        frame = bunch.frame
        if task == "classify":
            frame = frame.assign(target=np.where(frame["target"] == 1, "benign", "malignant"))
        order = np.random.default_rng(0).permutation(len(frame))
        learned, kept = (
            frame.iloc[order[: len(frame) * 2 // 3]],
            frame.iloc[order[len(frame) * 2 // 3 :]],
        )
        net = pl.table_mlp(pl.Columns.of(learned, target="target", task=task), seed=0)
        pl.train_table(net, learned, seed=0)
        return net, kept, pl.evaluate(net, kept)


def plots() -> list[Entry]:
    """Return all plots in the order of the page."""
    show, some = pl.plots, slice(0, 2000)
    return [
        Entry(
            "activation",
            'pl.plots.activation("sigmoid")',
            {
                "en": "The sigmoid from -8 to 8, and its derivative.",
                "ko": "-8에서 8까지의 시그모이드와 그 도함수.",
            },
            lambda at: show.activation("sigmoid"),
        ),
        Entry(
            "network",
            "pl.plots.network(net, image)",
            {
                "en": "All neurons of 784-16-16-10 and their activations while the network "
                "classifies a 7.",
                "ko": "784-16-16-10 신경망이 7을 읽을 때 모든 뉴런의 값.",
            },
            lambda at: show.network(at.digits, at.image),
        ),
        Entry(
            "weights",
            "pl.plots.weights(net)",
            {
                "en": "The weights of the first hidden layer, an image for each neuron, all on "
                "one scale.",
                "ko": "첫째 은닉층의 가중치. 뉴런마다 이미지 하나이고 척도는 모두 같습니다.",
            },
            lambda at: show.weights(at.digits),
        ),
        Entry(
            "weights-2",
            "pl.plots.weights(net, layer=2)",
            {
                "en": "The second layer, multiplied through to the pixels: an approximation, as "
                "its title states.",
                "ko": "둘째 은닉층의 가중치를 픽셀까지 곱한 것. 제목에 적었듯이 근사입니다.",
            },
            lambda at: show.weights(at.digits, 2),
        ),
        Entry(
            "learning-curves",
            "pl.plots.learning_curves(history)",
            {"en": "Loss and accuracy by epoch.", "ko": "에포크마다의 손실과 정확도."},
            lambda at: show.learning_curves(at.history),
        ),
        Entry(
            "learning-rate-range",
            "pl.plots.learning_rate_range(found)",
            {
                "en": "The loss at rising learning rates, and the rate that is suggested "
                "(`pl.learning_rate_range`).",
                "ko": "학습률을 올리며 잰 손실과 제안하는 학습률(`pl.learning_rate_range`).",
            },
            lambda at: show.learning_rate_range(at.rates),
        ),
        Entry(
            "trials",
            "pl.plots.trials(found)",
            {
                "en": "The trials of a search (`pl.search`): how far each came, and its loss.",
                "ko": "탐색(`pl.search`)의 시도들: 어디까지 갔는지와 손실.",
            },
            lambda at: show.trials(at.search),
        ),
        Entry(
            "confusion-matrix",
            "pl.plots.confusion_matrix(evaluation)",
            {
                "en": "The true and predicted classes of the test digits. Rare mistakes are "
                "visible, too.",
                "ko": "테스트 숫자의 정답과 예측. 드문 실수도 보입니다.",
            },
            lambda at: show.confusion_matrix(at.evaluation),
        ),
        Entry(
            "misclassified",
            "pl.plots.misclassified(evaluation, images)",
            {
                "en": "The misclassified digits with the highest confidence.",
                "ko": "확신도가 가장 높은 오답들.",
            },
            lambda at: show.misclassified(at.evaluation, at.data.test.images),
        ),
        Entry(
            "contributions",
            "pl.plots.contributions(pl.integrated_gradients(net, image), image=image)",
            {
                "en": "What each pixel adds to the prediction, on the digit.",
                "ko": "픽셀마다 예측에 얼마를 보태는지, 숫자 위에 표시.",
            },
            lambda at: show.contributions(
                pl.integrated_gradients(at.digits, at.image), image=at.image
            ),
        ),
        Entry(
            "contributions-bars",
            "pl.plots.contributions(pl.contributions(net, row))",
            {
                "en": "What each neuron of the last hidden layer adds to the weighted sum of the "
                "prediction; all bars add up to it.",
                "ko": "마지막 은닉층의 뉴런마다 답의 가중합에 주는 몫. "
                "막대를 모두 더하면 가중합입니다.",
            },
            lambda at: show.contributions(pl.contributions(at.digits, at.image)),
        ),
        Entry(
            "robustness",
            'pl.plots.robustness(pl.robustness(net, x, t, "rotation"))',
            {
                "en": "Accuracy as digits are turned, with 95 % intervals.",
                "ko": "숫자를 돌릴수록 떨어지는 정확도와 95 % 구간.",
            },
            lambda at: show.robustness(
                pl.robustness(
                    at.digits, at.data.test.images[some], at.data.test.labels[some], "rotation"
                )
            ),
        ),
        Entry(
            "roc",
            "pl.plots.roc(evaluation)",
            {
                "en": "Two classes: true positives against false positives.",
                "ko": "두 클래스: 참 양성 비율과 거짓 양성 비율.",
            },
            lambda at: show.roc(at.tumours),
        ),
        Entry(
            "precision-recall",
            "pl.plots.precision_recall(evaluation)",
            {"en": "Two classes: precision against recall.", "ko": "두 클래스: 정밀도와 재현율."},
            lambda at: show.precision_recall(at.tumours),
        ),
        Entry(
            "reliability",
            "pl.plots.reliability(evaluation)",
            {
                "en": "How often predictions are right against their confidence.",
                "ko": "예측의 확신도와 실제로 맞는 비율.",
            },
            lambda at: show.reliability(at.evaluation),
        ),
        Entry(
            "residuals",
            "pl.plots.residuals(evaluation, net.predict(table))",
            {
                "en": "Regression: the differences between targets and predictions.",
                "ko": "회귀: 정답과 예측의 차이.",
            },
            lambda at: show.residuals(at.values, at.rent.predict(at.houses)),
        ),
        Entry(
            "decision-surface",
            "pl.plots.decision_surface(net, x, t)",
            {
                "en": "What a network with two inputs predicts everywhere.",
                "ko": "입력이 둘인 신경망이 평면의 모든 점에서 내는 예측.",
            },
            lambda at: show.decision_surface(at.moons, *at.points),
        ),
        Entry(
            "decision-surface-3",
            'pl.plots.decision_surface(net, table, table["kind"])',
            {"en": "The same for a table of two columns.", "ko": "열이 둘인 표에서."},
            lambda at: show.decision_surface(at.irises, at.flowers, at.flowers["kind"]),
        ),
        Entry(
            "permutation-importance",
            "pl.plots.permutation_importance(pl.permutation_importance(net, table))",
            {"en": "Which columns of a table matter.", "ko": "표에서 중요한 열."},
            lambda at: show.permutation_importance(pl.permutation_importance(at.rent, at.houses)),
        ),
        Entry(
            "partial-dependence",
            'pl.plots.partial_dependence(pl.partial_dependence(net, table, "bmi"))',
            {"en": "The mean prediction by one column.", "ko": "열 하나에 따른 평균 예측."},
            lambda at: show.partial_dependence(pl.partial_dependence(at.rent, at.houses, "bmi")),
        ),
        Entry(
            "table-weights",
            "pl.plots.weights(net)",
            {"en": "The weights of a network on a table.", "ko": "표로 학습한 신경망의 가중치."},
            lambda at: show.weights(at.irises),
        ),
        Entry(
            "small-network",
            "pl.plots.network(net, row)",
            {"en": "A network with two inputs.", "ko": "입력이 둘인 신경망."},
            lambda at: show.network(at.moons, at.points[0][0]),
        ),
    ]


def notebooks() -> list[Entry]:
    """Return all notebook views: objects that render themselves."""
    return [
        Entry(
            "notebook-network",
            "net",
            {"en": "A network, on the last line of a cell.", "ko": "셀의 마지막 줄에 적은 신경망."},
            lambda at: at.digits,
        ),
        Entry(
            "notebook-summary",
            "net.summary()",
            {"en": "Its counts.", "ko": "층마다 센 크기."},
            lambda at: at.digits.summary(),
        ),
        Entry(
            "notebook-trace",
            "net.forward(image[None])",
            {
                "en": "The output of every layer for one image.",
                "ko": "이미지 한 장에 대한 층마다의 출력.",
            },
            lambda at: at.digits.forward(at.image[None]),
        ),
        Entry(
            "notebook-history",
            "history = pl.train(...)",
            {"en": "A training.", "ko": "학습 기록."},
            lambda at: at.history,
        ),
        Entry(
            "notebook-evaluation",
            "pl.evaluate(net, x, t)",
            {"en": "An evaluation.", "ko": "평가 결과."},
            lambda at: at.evaluation,
        ),
    ]


def write_plot(entry: Entry, things: Things, theme: str, language: str) -> None:
    """Draw a plot and save it as a PNG of few colors."""
    with speaking(language), pl.plots.style(theme):
        ax = entry.draw(things)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "plot.png"
            pl.plots.save(ax, path)
            write_whole(picture_path(entry.name, theme, language), compact(Image.open(path)))


def write_notebook(browser: str, entry: Entry, things: Things, theme: str, language: str) -> None:
    """Save a screenshot of an object's HTML on a page with a notebook's colors."""
    ground, ink, light = GROUNDS[theme]
    with speaking(language):
        content = entry.draw(things)._repr_html_()
    style = f"background:{ground};color:{ink};margin:12px"
    body = f'<body data-jp-theme-light="{light}" style="{style}">{content}</body>'
    # Chromium's sandbox needs rights that containers have not; the page is our own and loads
    # nothing.
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=900,1400",
    ]
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder) / "page.html", Path(folder) / "shot.png"
        page.write_text(
            f'<!doctype html><html lang="{language}"><meta charset="utf-8">{body}</html>',
            encoding="utf-8",
        )
        command = [
            browser,
            *options,
            f"--user-data-dir={folder}/profile",
            f"--screenshot={shot}",
            page.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        picture = Image.open(shot).convert("RGB")
    box = ImageChops.difference(picture, Image.new("RGB", picture.size, ground)).getbbox()
    assert box is not None
    picture = picture.crop((0, 0, box[2] + 12, box[3] + 12))
    write_whole(picture_path(entry.name, theme, language), compact(picture))


def compact(picture: Image.Image) -> bytes:
    """Return an image as a PNG of 256 colors: no color of a plot is off by more than 4 %."""
    picture = picture.convert("RGB")
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def picture_path(name: str, theme: str, language: str) -> Path:
    """Return the path of an image."""
    return PICTURES / f"{name}-{language}-{theme}.png"


def section(entries: list[Entry], language: str) -> str:
    """Return a section of the page: each entry's code, caption, and light and dark image."""
    parts = []
    for entry in entries:
        caption = entry.words[language]
        images = [
            f"![{caption}](../../pictures/gallery/{entry.name}-{language}-{theme}.png#only-{theme})"
            for theme in THEMES
        ]
        called = entry.code.removeprefix("pl.plots.").partition("(")[0].partition(" = ")[0]
        head = f"### {called} {{ #{entry.name} }}"
        parts.append("\n".join([head, "", f"`{entry.code}`", "", caption, "", *images]))
    return "\n\n".join(parts)


def write_pages(docs: Path = pages.DOCS) -> None:
    """Write the pages of both languages; draw nothing."""
    pages.write(
        PAGE,
        lambda language: {
            "plots": section(plots(), language),
            "notebooks": section(notebooks(), language),
        },
        docs,
    )


def main() -> None:
    """Draw all images, or those named, and write the pages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these images alone, no pages")
    parser.add_argument("--page", action="store_true", help="the pages alone")
    chosen = parser.parse_args()
    if not chosen.page:
        draw(chosen.only)
    if chosen.only is None:
        write_pages()


def draw(names: list[str] | None) -> None:
    """Draw all images, or those named, in both themes and languages."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    things = Things()
    drawn, shown = plots(), notebooks()
    browser = chromium.path()
    for entry in [*drawn, *shown]:
        if names is None or entry.name in names:
            for language in pages.LANGUAGES:
                for theme in THEMES:
                    if entry in drawn:
                        write_plot(entry, things, theme, language)
                    elif browser is not None:
                        write_notebook(browser, entry, things, theme, language)
            sys.stderr.write(f"{entry.name}\n")
    if browser is None:
        sys.stderr.write("Chromium is not installed: the notebook images were left as they are\n")


if __name__ == "__main__":
    main()
