"""Draw the figures of the lessons, docs/{en,ko}/learn, from what their own code computes.

    python benchmarks/learn_figures.py                    all of them (half a minute)
    python benchmarks/learn_figures.py --only weights     these alone

A lesson's Python blocks run as one program, up to its exercises; a figure shows the objects that
they leave. Each figure is drawn light and dark, in both languages.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gallery import THEMES, compact
from PIL import Image

import pellucid as pl
from pellucid.data import digit_steps
from pellucid.files.atomic import write_whole
from pellucid.language import LANGUAGES, say, speaking
from pellucid.lens.plots import figure_style

DOCS = Path(__file__).parent.parent / "docs"
FIGURES = DOCS / "pictures" / "learn"
WEBP = {"network": 900}  # 900 pixels wide: hundreds of crossing lines make a PNG of 190 kB
SHARES = (1.0, 0.5, 0.25, 0.05)  # of a digit's brightness


class Tile(NamedTuple):
    """An image with its title; `end` is the end of the scale of signed values."""

    image: Any
    title: str
    end: float | None = None


@cache
def lesson(name: str) -> dict[str, Any]:
    """Return the names that a lesson's code defines."""
    text = (DOCS / "en" / "learn" / f"{name}.md").read_text(encoding="utf-8")
    text = text.partition("{ #exercises }")[0]
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S))
    names: dict[str, Any] = {}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)
        try:
            exec(compile(code, f"{name}.md", "exec"), names)  # noqa: S102 our own pages
        finally:
            os.chdir(before)
    return names


def tiles(row: Sequence[Tile]) -> Any:
    """Draw images side by side."""
    side = min(1.9, 10.4 / len(row))
    figure = figure_style.new_figure(side * len(row), side + 0.3)
    for ax, tile in zip(figure.subplots(1, len(row)), row, strict=True):
        if tile.end is None:
            ax.imshow(tile.image, cmap="gray", vmin=0, vmax=255)
        else:
            figure_style.signed_image(ax, tile.image, tile.end)
        ax.set_title(tile.title, fontsize=9)
        ax.set(xticks=[], yticks=[])
        figure_style.finished(ax)
    return figure


def brightness() -> Any:
    """Draw a digit at several brightnesses, with the predictions."""
    net, image = (lesson("neurons-and-layers")[name] for name in ("net", "image"))
    row = []
    for share in SHARES:
        predicted = int(net.classify(image[None] * share)[0])
        row.append(Tile(image * share, f"{share:.0%} \N{RIGHTWARDS ARROW} {predicted}"))
    return tiles(row)


def steps() -> Any:
    """Draw the steps from a photograph to the network's input."""
    found = digit_steps(np.asarray(lesson("own-handwriting")["photo"]))
    return tiles([Tile(image, say(name)) for name, image in found.items()])


def counterfactual() -> Any:
    """Draw a digit, the smallest change found that changes its class, and the changed digit."""
    known = lesson("look-inside")
    image, other = known["image"], known["other"]
    change = other.change.reshape(image.shape)
    largest = float(np.abs(change).max())
    words = f"\N{PLUS-MINUS SIGN}{largest / 255:.0%}"
    before, after = Tile(image, other.label_before), other.x.reshape(image.shape)
    return tiles([before, Tile(change, words, largest), Tile(after, other.label_after)])


FIGURE: dict[str, Callable[[], Any]] = {
    "brightness": brightness,
    "network": lambda: pl.plots.network(*_net_and_image()),
    "weights": lambda: pl.plots.weights(_net_and_image()[0]),
    "sigmoid": lambda: pl.plots.activation("sigmoid"),
    "small-network": lambda: pl.plots.network(lesson("forward-pass")["net"]),
    "curves": lambda: pl.plots.learning_curves(lesson("first-network")["history"]),
    "confusion": lambda: pl.plots.confusion_matrix(lesson("first-network")["evaluation"]),
    "mistakes": lambda: pl.plots.misclassified(
        lesson("first-network")["evaluation"], lesson("first-network")["data"].test.images
    ),
    "steps": steps,
    "importance": lambda: pl.plots.permutation_importance(lesson("own-table")["importance"]),
    "dependence": lambda: pl.plots.partial_dependence(lesson("own-table")["dependence"]),
    "pixels": lambda: pl.plots.contributions(
        lesson("look-inside")["why"], image=lesson("look-inside")["image"]
    ),
    "counterfactual": counterfactual,
    "weights-2": lambda: pl.plots.weights(lesson("look-inside")["net"], layer=2),
}


def _net_and_image() -> tuple[Any, Any]:
    known = lesson("neurons-and-layers")
    return known["net"], known["image"]


def write(name: str, theme: str, language: str) -> None:
    """Draw a figure and save it small: as a PNG of few colours, or as a WebP."""
    with speaking(language), pl.plots.style(theme), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figure.png"
        pl.plots.save(FIGURE[name](), path)
        image = Image.open(path).convert("RGB")
    if name not in WEBP:
        write_whole(FIGURES / f"{name}-{language}-{theme}.png", compact(image))
        return
    size = WEBP[name], round(image.height * WEBP[name] / image.width)
    buffer = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(buffer, "WEBP", quality=40, method=6)
    write_whole(FIGURES / f"{name}-{language}-{theme}.webp", buffer.getvalue())


def main() -> None:
    """Draw all figures, or those named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="*", metavar="NAME", choices=list(FIGURE))
    chosen = parser.parse_args().only
    FIGURES.mkdir(parents=True, exist_ok=True)
    for name in FIGURE if chosen is None else chosen:
        for language in LANGUAGES:
            for theme in THEMES:
                write(name, theme, language)
        sys.stderr.write(f"{name}\n")


if __name__ == "__main__":
    main()
