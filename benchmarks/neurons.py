"""Measure what the hidden neurons of the digit network show: edges, patterns, digits?

    python benchmarks/neurons.py          train, measure (two minutes), write neurons.json, pages
    python benchmarks/neurons.py --page   the pages alone, from the saved measurements

784-16-16-10 with sigmoids is trained on MNIST by `pl.recipes.DIGITS`, as `pellucid train` does, for
each of SEEDS. Then for each hidden neuron: how much of the variance of its activation over the
10,000 test images do the digit, the strokes and the position of ink explain? The same is measured
on the untrained network, which is the control. The texts of the pages are in
benchmarks/pages/what-neurons-show.*.md, with a name for each number.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import neuron_measures as measures
import numpy as np
import pages

import pellucid as pl
from pellucid.core import chain
from pellucid.core.optimizers import AdamW
from pellucid.core.types import Array
from pellucid.files.atomic import write_whole
from pellucid.lens.image_sheets import weights_image
from pellucid.lens.neurons import neuron_layer, traces

HERE = Path(__file__).parent
PAGE = "explain/what-neurons-show"
RESULTS = HERE / "neurons.json"
SEEDS = (0, 1, 2, 3, 4)
HIDDEN = (1, 2)
WAYS: dict[str, pl.Recipe] = {
    "no_decay": pl.recipes.DIGITS._replace(optimizer=AdamW(0.03)),
    "no_brightness": pl.recipes.DIGITS._replace(augment=None),
    "quick": pl.recipes.QUICK,
}
"""Other ways of learning, by what they change of the recipe, to see whether the findings hang on
it.
"""

READ = 20_000
"""Training images from whose neurons the digit is read by a linear fit."""

FORMS = {
    "group_size": (1, 1),
    "edges_for_half": (1, 1),
    "one_digit_area": (1, 2),
    "knocked_out": (100, 1),
    "readable": (100, 1),
    "which_digit": (1, 0),
    "code": (1, 1),
    "accuracy": (100, 1),
}
COUNTS = ("group_size", "edges_for_half", "code")
"""By what factor, and with how many places, a figure is shown where it is no whole per cent."""


def network(seed: int) -> pl.Network:
    """Build the network with its initial weights."""
    net = pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", pixels=True, seed=seed)
    net.inputs = pl.Images((28, 28))
    return net


def trained(seed: int, recipe: pl.Recipe = pl.recipes.DIGITS) -> pl.Network:
    """Train the network on all training images by a recipe."""
    net, data = network(seed), pl.mnist().train
    pl.train(
        net,
        data.images,
        data.labels,
        loss="binary_cross_entropy",
        seed=seed,
        progress=False,
        recipe=recipe,
    )
    return net


def hidden(net: pl.Network, x: Array) -> dict[int, Array]:
    """Return the activations, (N, 16), of both hidden layers."""
    found: dict[int, list[Array]] = {number: [] for number in HIDDEN}
    for _, trace in traces(net.layers, x):
        for number in HIDDEN:
            found[number].append(neuron_layer(net, number).activations(trace))
    return {number: np.concatenate(parts).astype(float) for number, parts in found.items()}


class Pictures:
    """The test images and all their properties."""

    def __init__(self) -> None:
        data = pl.mnist().test
        self.images, self.labels = data.images, data.labels.astype(int)
        self.strokes = np.stack(list(measures.strokes(self.images).values()), axis=1)
        self.edges = measures.orientation_energy(self.images)
        self.position = measures.position(self.images)
        self.shown = np.hstack([self.strokes, self.edges, self.position])
        self.shown_within = measures.less_class_means(self.labels, self.shown)
        self.with_digit = np.hstack([np.eye(10)[self.labels], self.shown])
        self.holes = np.clip(
            1 - measures.euler_number(self.images), 0, 2
        )  # of a digit of one piece


def measured(pictures: Pictures, y: Array) -> dict[str, list[float]]:
    """Measure each neuron of activations y, (N, H)."""
    t, within = pictures.labels, measures.less_class_means(pictures.labels, y)
    one, (groups, sizes) = measures.single_digits(t, y), measures.two_groups(t, y)
    found = {
        "digit": measures.eta_squared(t, y),
        "one_digit": one["share"],
        "one_digit_area": one["area"],
        "which_digit": one["digit"],
        "two_groups": groups,
        "group_size": sizes,
        "strokes": measures.explained(pictures.strokes, y),
        "edges": measures.explained(pictures.edges, y),
        "position": measures.explained(pictures.position, y),
        "shown": measures.explained(pictures.shown, y),
        "all": measures.explained(pictures.with_digit, y),
        "within": 1 - measures.eta_squared(t, y),
        "shown_within": measures.explained(pictures.shown_within, within),
        "holes": measures.eta_squared(pictures.holes.astype(int), y),
        "holes_within": measures.explained(
            measures.less_class_means(t, np.eye(3)[pictures.holes.astype(int)][:, 1:]), within
        ),
        "switch": ((y < 0.1) | (y > 0.9)).mean(axis=0),
    }
    return {name: np.asarray(values, float).tolist() for name, values in found.items()}


def lit_digits(labels: Array, y: Array) -> list[list[int]]:
    """Return for each neuron the digits whose mean activation is above a half."""
    means = np.array([y[labels == k].mean(axis=0) for k in range(10)])
    return [np.flatnonzero(column > 0.5).tolist() for column in means.T]


def code_distances(labels: Array, y: Array) -> list[float]:
    """Return for each pair of digits the number of neurons in which they differ.

    A neuron is active for a digit if its mean activation is above a half.
    """
    lit = np.array([y[labels == k].mean(axis=0) > 0.5 for k in range(10)])
    return [float((lit[a] != lit[b]).sum()) for a, b in combinations(range(10), 2)]


def knocked_out(net: pl.Network, pictures: Pictures, number: int, y: Array) -> list[float]:
    """Compute the accuracy lost when one neuron is fixed at its mean, for each of a layer."""
    rest = net.layers[neuron_layer(net, number).stop :]
    right = float((chain.predict(rest, y).argmax(axis=1) == pictures.labels).mean())
    lost = []
    for j in range(y.shape[1]):
        changed = y.copy()
        changed[:, j] = y[:, j].mean()
        lost.append(
            right - float((chain.predict(rest, changed).argmax(axis=1) == pictures.labels).mean())
        )
    return lost


def measure() -> dict[str, Any]:
    """Train and measure all networks."""
    pictures, train = Pictures(), pl.mnist().train
    few, few_labels = train.images[:READ], train.labels[:READ].astype(int)
    results: dict[str, Any] = {
        "pellucid": pl.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seeds": list(SEEDS),
        "kinds": {},
    }
    for kind, make in (("trained", trained), ("untrained", network)):
        layers: dict[int, dict[str, list[Any]]] = {number: {} for number in HIDDEN}
        weights, accuracies, lit = [], [], {}
        for seed in SEEDS:
            net = make(seed)
            values, read = hidden(net, pictures.images), hidden(net, few)
            accuracies.append(pl.evaluate(net, pictures.images, pictures.labels).accuracy)
            weights.append(pl.input_weights(net, 1).values)
            for number in HIDDEN:
                y = values[number]
                found = measured(pictures, y)
                found["readable"] = [
                    measures.readable(read[number], few_labels, y, pictures.labels)
                ]
                found["code"] = code_distances(pictures.labels, y)
                found["knocked_out"] = knocked_out(net, pictures, number, y)
                for name, numbers in found.items():
                    layers[number].setdefault(name, []).extend(numbers)
                if (kind, seed) == ("trained", SEEDS[0]):
                    lit[number] = lit_digits(pictures.labels, y)
                    draw(net, number, pictures)
        layers[1] |= seen_in_weights(np.hstack(weights), pictures)
        results["kinds"][kind] = {"accuracies": accuracies, "layers": layers, "lit": lit}
    results["ways"] = {name: other_way(pictures, recipe) for name, recipe in WAYS.items()}
    flat, look = few.reshape(-1, 784) / 255, pictures.images.reshape(-1, 784) / 255
    W = measures.group_readers(flat, few_labels, 16 * len(SEEDS))
    results["groups"] = seen_in_weights(W, pictures)
    results["pixels_readable"] = measures.readable(flat, few_labels, look, pictures.labels)
    return results


def other_way(pictures: Pictures, recipe: pl.Recipe) -> dict[str, list[float]]:
    """Measure the main figures of networks trained in another way."""
    found: dict[str, list[float]] = {}
    for seed in SEEDS[:2]:
        net = trained(seed, recipe)
        y, first = (
            hidden(net, pictures.images)[2],
            seen_in_weights(pl.input_weights(net, 1).values, pictures),
        )
        figures = {
            "accuracy": [pl.evaluate(net, pictures.images, pictures.labels).accuracy],
            "digit": measures.eta_squared(pictures.labels, y).tolist(),
            "two_groups": measures.two_groups(pictures.labels, y)[0].tolist(),
            "one_digit": measures.single_digits(pictures.labels, y)["share"].tolist(),
            **{name: first[name] for name in ("one_edge_seen", "one_edge_answers")},
        }
        for name, numbers in figures.items():
            found.setdefault(name, []).extend(numbers)
    return found


def draw(net: pl.Network, number: int, pictures: Pictures) -> None:
    """Draw a layer's weights on the input, times each pixel's standard deviation."""
    values = (
        pl.input_weights(net, number).values
        * (pictures.images.reshape(-1, 784) / 255).std(axis=0)[:, None]
    )
    weights_image(values).save(pages.DOCS / "pictures" / f"neurons-{number}.png", optimize=True)


def seen_in_weights(W: Array, pictures: Pictures) -> dict[str, list[float]]:
    """Measure weights on the pixels, (784, H), and their weighted sums over half the test images.

    Weights "as seen" are multiplied by the standard deviation of their pixel: the border hardly
    ever has ink, so large weights there change little.
    """
    x = pictures.images.reshape(-1, 784)[::2] / 255
    seen = W * x.std(axis=0)[:, None]
    pursuit = measures.gabor_pursuit(seen)
    return {
        "one_edge": measures.gabor_pursuit(W, 1)[0].tolist(),
        "one_edge_seen": pursuit[0].tolist(),
        "edges_for_half": (1 + (pursuit < 0.5).sum(axis=0)).tolist(),
        "one_edge_answers": measures.filter_answers(measures.gabors(), x, x @ W).tolist(),
        "one_spot_answers": measures.filter_answers(measures.bells(), x, x @ W).tolist(),
        "window": measures.best_window(seen).tolist(),
    }


# The pages


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return every number of the pages by name.

    `trained_2_digit` is a mean, `..._least` and `..._most` are its minimum and maximum.
    """
    found = {"seeds": str(len(results["seeds"])), "neurons": str(16 * len(results["seeds"]))}
    found |= {"date": results["date"], "version": results["pellucid"]}
    found |= {"read": f"{READ:,}", "pixels_readable": f"{100 * results['pixels_readable']:.1f}"}
    for kind, of_kind in results["kinds"].items():
        found[f"{kind}_accuracy"] = f"{100 * np.mean(of_kind['accuracies']):.1f}"
        for number, names in of_kind["layers"].items():
            found |= _with_ends(f"{kind}_{number}", names)
            found[f"{kind}_{number}_detectors"] = str(
                sum(share > 0.5 for share in names["one_digit"])
            )
    found |= _with_ends("groups", results["groups"]) | _first_network(results)
    for name, numbers in results["ways"].items():
        found |= _with_ends(name, numbers)
    return found


def _first_network(results: dict[str, Any]) -> dict[str, str]:
    """Return neurons of the first seed that are good examples."""
    of_kind = results["kinds"]["trained"]
    seen, groups = (
        of_kind["layers"]["1"]["one_edge_seen"][:16],
        of_kind["layers"]["2"]["two_groups"][:16],
    )
    order = np.argsort(seen)
    lit = of_kind["lit"]["2"]
    small = [j for j in range(16) if 1 < len(lit[j]) < 5]
    example = max(small, key=lambda j: groups[j])
    return {
        "strokes_in": ", ".join(str(j) for j in sorted(order[-5:].tolist())),
        "strokes_in_least": f"{100 * seen[order[-5]]:.0f}",
        "no_strokes_in": " and ".join(str(j) for j in sorted(order[:2].tolist())),
        "no_strokes_in_ko": ", ".join(str(j) for j in sorted(order[:2].tolist())),
        "example": str(example),
        "example_digits": ", ".join(map(str, lit[example])),
    }


def _with_ends(prefix: str, names: dict[str, list[float]]) -> dict[str, str]:
    found = {}
    for name, values in names.items():
        factor, places = FORMS.get(name, (100, 0))
        found[f"{prefix}_{name}"] = _shown(factor * float(np.mean(values)), places)
        for end, value in (("least", min(values)), ("most", max(values))):
            found[f"{prefix}_{name}_{end}"] = _shown(
                factor * value, 0 if name in COUNTS else places
            )
    return found


def _shown(value: float, places: int) -> str:
    return f"{round(value, places) + 0.0:.{places}f}"


def neuron_rows(results: dict[str, Any], number: int) -> str:
    """Return the neurons of the first seed's layer as lines of a table."""
    of_kind = results["kinds"]["trained"]
    names, lit = of_kind["layers"][str(number)], of_kind["lit"][str(number)]
    lines = []
    for j, digits in enumerate(lit):
        shares = (names[name][j] for name in ("digit", "one_digit", "two_groups", "shown"))
        cells = [
            str(j),
            " ".join(map(str, digits)) or "-",
            *(f"{100 * share:.0f}" for share in shares),
        ]
        lines.append(f"| {' | '.join(cells)} | {100 * names['knocked_out'][j]:.1f} |")
    return "\n".join(lines)


def write_pages(docs: Path = pages.DOCS) -> None:
    """Write the pages of both languages from the saved measurements."""
    results = json.loads(RESULTS.read_text())
    values = figures(results) | {
        f"rows_{number}": neuron_rows(results, number) for number in HIDDEN
    }
    pages.write(PAGE, lambda language: values, docs)


def main() -> None:
    """Measure, unless only the pages are asked for, and write the pages."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--page", action="store_true", help="write the pages alone, from what was measured"
    )
    if not parser.parse_args().page:
        write_whole(RESULTS, (json.dumps(_rounded(measure())) + "\n").encode())
    write_pages()
    sys.stdout.write(json.dumps(figures(json.loads(RESULTS.read_text())), indent=1) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
