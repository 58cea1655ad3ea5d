"""Draw the gallery: every plot and notebook view, light and dark, in both languages, and its pages.

    python benchmarks/gallery.py                      all of it (two minutes), docs/gallery*.md
    python benchmarks/gallery.py --only weights roc   these images alone, no pages

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
from pathlib import Path
from typing import Any, NamedTuple

import chromium
import numpy as np
from PIL import Image, ImageChops
from sklearn import datasets

import pellucid as pl
from pellucid.files.atomic import write_whole
from pellucid.language import speaking

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = DOCS / "pictures" / "gallery"
PAGES = {"en": DOCS / "gallery.md", "ko": DOCS / "gallery.ko.md"}
THEMES = ("light", "dark")
GROUNDS = {"light": ("#ffffff", "#1f2328", "true"), "dark": ("#111111", "#e6e8eb", "false")}
HEADS = {
    "en": (
        """# Gallery

Every plot (`pl.plots`, from matplotlib; `pip install "pellucid[plot]"`) and what objects show of
themselves in notebooks. Written by `make gallery`. [한국어](gallery.ko.md)

Each function draws into the `ax` that it is given, or into a figure of its own that shows itself in
a notebook; it gives the Axes back, and `pl.plots.save(ax, "picture.svg")` writes them to a file.
`with pl.plots.style("dark"):` draws for a dark page.
""",
        "## Plots\n",
        """## Notebooks

No scripts, nothing loaded from elsewhere: HTML and SVG that follow the notebook's theme. What is
behind a triangle opens with a click.
""",
    ),
    "ko": (
        """# 갤러리

모든 그래프(`pl.plots`, matplotlib로 그림. `pip install "pellucid[plot]"`)와, 노트북에서 객체가
스스로 보여 주는 모습입니다. `make gallery` 명령이 만듭니다. [English](gallery.md)

함수마다 받은 `ax`에 그리거나, 받지 않으면 노트북에 저절로 나타나는 새 그림에 그립니다. 돌려주는
값은 Axes이고, `pl.plots.save(ax, "picture.svg")`로 파일에 저장합니다. 어두운 화면용 그림은 `with
pl.plots.style("dark"):` 안에서 그립니다. 언어는 `pl.set_language("ko")`나 환경 변수
`PELLUCID_LANG=ko`로 고릅니다.
""",
        "## 그래프\n",
        """## 노트북

스크립트도, 밖에서 불러오는 것도 없습니다. 노트북의 테마를 따르는 HTML과 SVG입니다. 세모를 누르면
펼쳐집니다.
""",
    ),
}


class Entry(NamedTuple):
    """A plot or notebook view: name, line of code, caption in both languages, drawing."""

    name: str
    code: str
    words: dict[str, str]
    draw: Callable[[], Any]


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


def plots(things: Things) -> list[Entry]:
    """Return all plots in the order of the page."""
    show, digits, test = pl.plots, things.digits, things.data.test
    row = things.image
    some = slice(0, 2000)
    return [
        Entry(
            "activation",
            'pl.plots.activation("sigmoid")',
            {
                "en": "The sigmoid from -8 to 8, and its derivative.",
                "ko": "-8에서 8까지의 시그모이드와 그 도함수.",
            },
            lambda: show.activation("sigmoid"),
        ),
        Entry(
            "network",
            "pl.plots.network(net, image)",
            {
                "en": "All neurons of 784-16-16-10 with what they hold while the network reads "
                "a 7.",
                "ko": "784-16-16-10 신경망이 7을 읽을 때 모든 뉴런의 값.",
            },
            lambda: show.network(digits, row),
        ),
        Entry(
            "weights",
            "pl.plots.weights(net)",
            {
                "en": "The weights of the first hidden layer, a picture for each neuron, all on "
                "one scale.",
                "ko": "첫째 은닉층의 가중치. 뉴런마다 그림 하나, 척도는 모두 같습니다.",
            },
            lambda: show.weights(digits),
        ),
        Entry(
            "weights-2",
            "pl.plots.weights(net, layer=2)",
            {
                "en": "The second layer, multiplied through to the pixels: an approximation, and "
                "it says so.",
                "ko": "둘째 은닉층을 픽셀까지 곱해 본 것. 근사이며 제목에 그렇게 적습니다.",
            },
            lambda: show.weights(digits, 2),
        ),
        Entry(
            "learning-curves",
            "pl.plots.learning_curves(history)",
            {"en": "Loss and accuracy by epoch.", "ko": "에포크마다의 손실과 정확도."},
            lambda: show.learning_curves(things.history),
        ),
        Entry(
            "confusion-matrix",
            "pl.plots.confusion_matrix(evaluation)",
            {
                "en": "The true and predicted classes of the test digits. Rare mistakes are "
                "visible, too.",
                "ko": "테스트 숫자의 정답과 예측. 드문 실수도 보입니다.",
            },
            lambda: show.confusion_matrix(things.evaluation),
        ),
        Entry(
            "misclassified",
            "pl.plots.misclassified(evaluation, images)",
            {
                "en": "The misclassified digits with the highest confidence.",
                "ko": "확신도가 가장 높은 오답들.",
            },
            lambda: show.misclassified(things.evaluation, test.images),
        ),
        Entry(
            "contributions",
            "pl.plots.contributions(pl.integrated_gradients(net, image), image=image)",
            {
                "en": "What each pixel adds to the answer, on the digit.",
                "ko": "픽셀마다 답에 얼마를 보태는지, 숫자 위에.",
            },
            lambda: show.contributions(pl.integrated_gradients(digits, row), image=row),
        ),
        Entry(
            "contributions-bars",
            "pl.plots.contributions(pl.contributions(net, row))",
            {
                "en": "What each neuron before the answer gives to its weighted sum, to which all "
                "bars add up.",
                "ko": "마지막 은닉층의 뉴런마다 답의 가중합에 주는 몫. "
                "막대를 모두 더하면 가중합입니다.",
            },
            lambda: show.contributions(pl.contributions(digits, row)),
        ),
        Entry(
            "robustness",
            'pl.plots.robustness(pl.robustness(net, x, t, "rotation"))',
            {
                "en": "Accuracy as digits are turned, with 95 % intervals.",
                "ko": "숫자를 돌릴수록 떨어지는 정확도와 95 % 구간.",
            },
            lambda: show.robustness(
                pl.robustness(digits, test.images[some], test.labels[some], "rotation")
            ),
        ),
        Entry(
            "roc",
            "pl.plots.roc(evaluation)",
            {
                "en": "Two classes: hits against false alarms.",
                "ko": "두 클래스: 맞힌 비율과 잘못 울린 비율.",
            },
            lambda: show.roc(things.tumours),
        ),
        Entry(
            "precision-recall",
            "pl.plots.precision_recall(evaluation)",
            {"en": "Two classes: precision against recall.", "ko": "두 클래스: 정밀도와 재현율."},
            lambda: show.precision_recall(things.tumours),
        ),
        Entry(
            "reliability",
            "pl.plots.reliability(evaluation)",
            {
                "en": "How often answers are right against how sure they are.",
                "ko": "답을 확신하는 정도와 실제로 맞는 비율.",
            },
            lambda: show.reliability(things.evaluation),
        ),
        Entry(
            "residuals",
            "pl.plots.residuals(evaluation, net.predict(table))",
            {
                "en": "Values: how far the targets lie from the answers.",
                "ko": "수치 예측: 정답과 답의 차이.",
            },
            lambda: show.residuals(things.values, things.rent.predict(things.houses)),
        ),
        Entry(
            "decision-surface",
            "pl.plots.decision_surface(net, x, t)",
            {
                "en": "What a network with two inputs answers everywhere.",
                "ko": "입력이 둘인 신경망이 평면의 모든 점에 주는 답.",
            },
            lambda: show.decision_surface(things.moons, *things.points),
        ),
        Entry(
            "decision-surface-3",
            'pl.plots.decision_surface(net, table, table["kind"])',
            {"en": "The same for a table of two columns.", "ko": "열이 둘인 표에서."},
            lambda: show.decision_surface(things.irises, things.flowers, things.flowers["kind"]),
        ),
        Entry(
            "permutation-importance",
            "pl.plots.permutation_importance(pl.permutation_importance(net, table))",
            {"en": "Which columns of a table matter.", "ko": "표에서 중요한 열."},
            lambda: show.permutation_importance(
                pl.permutation_importance(things.rent, things.houses)
            ),
        ),
        Entry(
            "partial-dependence",
            'pl.plots.partial_dependence(pl.partial_dependence(net, table, "bmi"))',
            {"en": "The mean answer by one column.", "ko": "열 하나에 따른 평균 답."},
            lambda: show.partial_dependence(
                pl.partial_dependence(things.rent, things.houses, "bmi")
            ),
        ),
        Entry(
            "table-weights",
            "pl.plots.weights(net)",
            {"en": "The weights of a network on a table.", "ko": "표를 배운 신경망의 가중치."},
            lambda: show.weights(things.irises),
        ),
        Entry(
            "small-network",
            "pl.plots.network(net, row)",
            {"en": "A network with two inputs.", "ko": "입력이 둘인 신경망."},
            lambda: show.network(things.moons, things.points[0][0]),
        ),
    ]


def notebooks(things: Things) -> list[Entry]:
    """Return all notebook views: objects that render themselves."""
    digits = things.digits
    trace = digits.forward(things.image[None])
    return [
        Entry(
            "notebook-network",
            "net",
            {"en": "A network, on the last line of a cell.", "ko": "셀의 마지막 줄에 적은 신경망."},
            lambda: digits,
        ),
        Entry(
            "notebook-summary",
            "net.summary()",
            {"en": "Its counts.", "ko": "층마다 센 크기."},
            digits.summary,
        ),
        Entry(
            "notebook-trace",
            "net.forward(image[None])",
            {
                "en": "What every layer gives out for one picture.",
                "ko": "그림 한 장에 층마다 내놓는 값.",
            },
            lambda: trace,
        ),
        Entry(
            "notebook-history",
            "history = pl.train(...)",
            {"en": "A training.", "ko": "학습 기록."},
            lambda: things.history,
        ),
        Entry(
            "notebook-evaluation",
            "pl.evaluate(net, x, t)",
            {"en": "An evaluation.", "ko": "평가 결과."},
            lambda: things.evaluation,
        ),
    ]


def write_plot(entry: Entry, theme: str, language: str) -> None:
    """Draw a plot and save it as a PNG of few colours."""
    with speaking(language), pl.plots.style(theme):
        ax = entry.draw()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "plot.png"
            pl.plots.save(ax, path)
            write_whole(picture_path(entry.name, theme, language), compact(Image.open(path)))


def write_notebook(browser: str, entry: Entry, theme: str, language: str) -> None:
    """Save a screenshot of an object's HTML on a page with a notebook's colours."""
    ground, ink, light = GROUNDS[theme]
    with speaking(language):
        content = entry.draw()._repr_html_()
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
    """Return an image as a PNG of 256 colours: no colour of a plot is off by more than 4 %."""
    picture = picture.convert("RGB")
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def picture_path(name: str, theme: str, language: str) -> Path:
    """Return the path of an image."""
    return PICTURES / f"{name}-{language}-{theme}.png"


def page(language: str, sections: list[list[Entry]]) -> str:
    """Return the page: each image with its code; GitHub shows the light or the dark one."""
    text = [HEADS[language][0]]
    for head, entries in zip(HEADS[language][1:], sections, strict=True):
        text.append(head)
        for entry in entries:
            names = {
                theme: f"pictures/gallery/{entry.name}-{language}-{theme}.png" for theme in THEMES
            }
            text += [
                f"**{entry.words[language]}**",
                "",
                f"```python\n{entry.code}\n```",
                "",
                f'<picture><source media="(prefers-color-scheme: dark)" srcset="{names["dark"]}">'
                f'<img src="{names["light"]}" alt="{entry.words[language]}"></picture>',
                "",
            ]
    return "\n".join(text)


def main() -> None:
    """Draw all images, or those named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these pictures alone, no pages")
    chosen = parser.parse_args().only
    PICTURES.mkdir(parents=True, exist_ok=True)
    things = Things()
    drawn, shown = plots(things), notebooks(things)
    browser = chromium.path()
    for entry in [*drawn, *shown]:
        if chosen is None or entry.name in chosen:
            for language in PAGES:
                for theme in THEMES:
                    if entry in drawn:
                        write_plot(entry, theme, language)
                    elif browser is not None:
                        write_notebook(browser, entry, theme, language)
            sys.stderr.write(f"{entry.name}\n")
    if browser is None:
        sys.stderr.write("Chromium is not installed: the notebook pictures were left as they are\n")
    if chosen is None:
        for language, path in PAGES.items():
            write_whole(path, page(language, [drawn, shown]).encode())


if __name__ == "__main__":
    main()
