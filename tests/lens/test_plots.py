"""Plots show the results of lens: the drawn numbers are the measured ones."""

import math
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure

import pellucid as pl
from pellucid.core.types import Array
from pellucid.errors import FileError, InputError
from pellucid.lens.evaluation import Evaluation
from pellucid.lens.plots import figure_style
from pellucid.lens.plots.figure_style import DARK, LIGHT, Picture
from pellucid.lens.score_curves import Calibration
from tests.lens.networks import kinds, rows_for
from tests.narrowing import instance, present


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    pl.set_language("en")
    yield
    pl.set_language(None)


@pytest.fixture
def digits() -> pl.Network:
    return pl.mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid", seed=0, pixels=True)


@pytest.fixture
def images(generator: np.random.Generator) -> Array:
    return generator.integers(0, 256, (40, 28, 28), dtype=np.uint8)


@pytest.fixture
def evaluation(digits: pl.Network, images: Array) -> Evaluation:
    return pl.evaluate(digits, images, np.arange(40) % 10)


@pytest.fixture
def two() -> Evaluation:
    net = pl.Network([pl.Affine([[1.0]]), pl.Sigmoid()], classes=["no", "yes"])
    return pl.evaluate(net, [[-2.0], [-1.0], [1.0], [3.0]], [0, 1, 0, 1])


def drawn(ax: Axes) -> Any:
    """Draw for real, where what does not fit warns; warnings are errors here.

    The Axes come back as Any: matplotlib's types leave open what artists hold.
    """
    render(ax.get_figure(root=True))
    return ax


def render(figure: Any) -> None:
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_activation_is_the_sigmoid_and_its_derivative_from_minus_eight_to_eight() -> None:
    ax = drawn(pl.plots.activation("sigmoid"))
    curve, slope = ax.lines[-2:]
    z = curve.get_xdata()
    assert (z[0], z[-1], ax.get_xlim()) == (-8, 8, (-8, 8))
    np.testing.assert_allclose(curve.get_ydata(), 1 / (1 + np.exp(-z)), rtol=1e-12)
    np.testing.assert_allclose(slope.get_ydata(), np.gradient(curve.get_ydata(), z), atol=1e-4)
    assert slope.get_linestyle() != curve.get_linestyle()


def test_a_prelu_of_many_slopes_has_no_curve() -> None:
    pl.plots.activation(pl.PReLU(0.3))
    with pytest.raises(pl.InputError, match="got PReLU"):
        pl.plots.activation(pl.PReLU([0.1, 0.2]))


@pytest.mark.parametrize("name", sorted(set(pl.ACTIVATIONS) - {"softmax", "log_softmax"}))
def test_every_activation_is_drawn(name: str) -> None:
    ax = drawn(pl.plots.activation(name, (-3, 3), derivative=False))
    assert len(ax.lines) == 3
    assert ax.get_ylabel()


def test_an_activation_may_be_a_layer_of_its_own_settings() -> None:
    ax: Any = pl.plots.activation(pl.LeakyReLU(0.5), (-2, 2))
    assert ax.lines[-2].get_ydata()[0] == -1


@pytest.mark.parametrize(
    ("function", "span"), [("softmax", (-1, 1)), ("no", (-1, 1)), ("relu", (1, 1)), (3, (0, 1))]
)
def test_activation_refuses(function: Any, span: tuple[int, int]) -> None:
    with pytest.raises(InputError):
        pl.plots.activation(function, span)


def test_weights_are_drawn_on_one_scale(digits: pl.Network) -> None:
    ax = drawn(pl.plots.weights(digits))
    W = instance(pl.Affine, digits.layers[2]).W
    assert len(ax.images) == 16
    for j, image in enumerate(ax.images):
        np.testing.assert_array_equal(image.get_array(), W[:, j].reshape(28, 28))
    ends = {(image.norm.vmin, image.norm.vmax) for image in ax.images}
    (low, high), *more = ends
    assert not more
    assert low == -high == -np.quantile(np.abs(W.astype(float)), 0.99)
    neutral = ax.images[0].cmap(0.5)
    np.testing.assert_allclose(neutral[:3], mpl.colors.to_rgb(LIGHT.ground), atol=0.02)
    orange, blue = ax.images[0].cmap(0.0), ax.images[0].cmap(1.0)
    assert orange[0] > orange[2]
    assert blue[2] > blue[0]
    assert texts(ax)[0] == "0  b +0.00"


def test_deeper_weights_say_that_they_are_an_approximation(
    digits: pl.Network, images: Array
) -> None:
    found = pl.input_weights(digits, 2)
    ax = drawn(pl.plots.weights(found))
    np.testing.assert_array_equal(ax.images[3].get_array(), present(found.images)[3])
    assert "ignoring activation functions" in ax.get_title()
    assert "approximate" in ax.get_figure(root=True).axes[1].get_ylabel()
    ax = drawn(pl.plots.weights(digits, 3, method="gradient", x=images))
    assert "gradient at the mean input" in ax.get_title()
    assert ax.get_title().startswith("output")


def test_weights_of_a_table_are_a_table() -> None:
    net = kinds()["values"]
    ax = drawn(pl.plots.weights(net))
    np.testing.assert_array_equal(ax.images[0].get_array(), instance(pl.Affine, net.layers[0]).W)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize("name", list(kinds()))
def test_networks_of_every_kind_are_drawn_with_their_values(name: str) -> None:
    net = kinds()[name]
    row = rows_for(net, 1)
    table = pl.trace_table(net, row)
    ax = drawn(pl.plots.network(net, row))
    shown = {patch.get_gid() for patch in ax.patches if patch.get_gid()}
    sizes = [len(layer.activations) for layer in table.layers]
    assert shown == {f"neuron {n} {j}" for n, size in enumerate(sizes) for j in range(size)}
    values = [
        f"{value:.2f}".replace("-", "\N{MINUS SIGN}") for value in table.layers[-1].activations
    ]
    assert set(values) <= set(texts(ax))
    assert drawn(pl.plots.network(net)) is not None


def test_lines_of_a_network_have_the_colours_of_their_weights_signs() -> None:
    net = pl.Network([pl.Affine([[2.0, -1.0]])])
    ax = drawn(pl.plots.network(net))
    lines: Any = next(
        c for c in ax.collections if isinstance(c, LineCollection) and c.get_gid() == "weights"
    )
    colours = [mpl.colors.to_hex(colour) for colour in lines.get_colors()]
    assert colours == [LIGHT.negative, LIGHT.positive]  # the stronger is drawn last
    assert [dashes is not None for _, dashes in lines.get_linestyles()] == [True, False]
    assert lines.get_linewidths()[1] > lines.get_linewidths()[0]


def test_wide_layers_are_shortened_and_images_are_images(digits: pl.Network, images: Array) -> None:
    ax = drawn(pl.plots.network(digits, images[0], most=6))
    np.testing.assert_array_equal(
        ax.images[0].get_array(), (images[0] * np.float32(1 / 255)).astype(np.float32)
    )
    neurons = [
        patch.get_gid() for patch in ax.patches if str(patch.get_gid()).startswith("neuron 1 ")
    ]
    assert neurons == [f"neuron 1 {j}" for j in (0, 1, 2, 14, 15)]
    with pytest.raises(InputError, match="one row"):
        pl.plots.network(digits, images[:2])


def test_a_network_without_weights_needs_a_row() -> None:
    with pytest.raises(InputError, match="pass rows"):
        pl.plots.network(pl.Network([pl.ReLU()]))
    assert "3.00" in texts(drawn(pl.plots.network(pl.Network([pl.ReLU()]), [[3.0, -1.0]])))


def test_learning_curves_are_the_history(generator: np.random.Generator) -> None:
    x = generator.normal(size=(60, 2))
    net = pl.mlp([2, 4, 2], output="softmax", seed=0)
    history = pl.train(
        net, x, (x[:, 0] > 0).astype(int), epochs=3, validation=0.2, metrics=["accuracy"]
    )
    panels = pl.plots.learning_curves(history)
    assert [drawn(ax).get_title() for ax in panels] == ["loss", "accuracy"]
    for ax, name in zip(map(drawn, panels), ("loss", "accuracy"), strict=True):
        training, validation = ax.lines
        assert list(training.get_xdata()) == [1, 2, 3]
        assert list(training.get_ydata()) == history[name]
        assert list(validation.get_ydata()) == history[f"validation_{name}"]
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [
            "training",
            "validation",
        ]
    figure = Figure()
    mine = figure.subplots()
    (same,) = pl.plots.learning_curves(history, ["loss"], axes=mine)
    assert same is mine
    assert panels._repr_png_()[:4] == b"\x89PNG"
    with pytest.raises(InputError, match="2 Axes"):
        pl.plots.learning_curves(history, axes=mine)
    with pytest.raises(InputError, match="no 'speed'"):
        pl.plots.learning_curves(history, ["speed"])
    history.records.clear()
    with pytest.raises(InputError, match="empty"):
        pl.plots.learning_curves(history)


def test_confusion_matrix_shows_every_count(evaluation: Evaluation) -> None:
    ax = drawn(pl.plots.confusion_matrix(evaluation))
    counts = {
        (int(text.get_position()[1]), int(text.get_position()[0])): text.get_text()
        for text in ax.texts
    }
    expected = {
        (i, j): str(present(evaluation.confusion)[i, j])
        for i, j in np.argwhere(present(evaluation.confusion))
    }
    assert counts == expected
    assert [label.get_text() for label in ax.get_xticklabels()] == list("0123456789")
    assert ax.yaxis_inverted()


def test_confusion_matrix_of_values_is_refused() -> None:
    evaluation = pl.evaluate(pl.Network([pl.Affine([[1.0]])]), [[1.0], [2.0]], [[1.0], [3.0]])
    for show in (
        pl.plots.confusion_matrix,
        pl.plots.reliability,
        lambda e: pl.plots.misclassified(e, np.zeros((2, 1, 1))),
    ):
        with pytest.raises(InputError, match="values"):
            show(evaluation)


def test_misclassified_shows_the_misclassified_images(
    evaluation: Evaluation, images: Array
) -> None:
    ax = drawn(pl.plots.misclassified(evaluation, images, count=5, columns=3))
    assert [image.get_gid() for image in ax.images] == [
        f"row {row}" for row in present(evaluation.misclassified)[:5]
    ]
    for image, row in zip(ax.images, present(evaluation.misclassified), strict=False):
        np.testing.assert_array_equal(image.get_array(), images[row])
        assert (image.norm.vmin, image.norm.vmax) == (0, 255)
    row = present(evaluation.misclassified)[0]
    truth, predicted, confidence = evaluation.verdict(row)
    assert truth == present(evaluation.targets)[row]
    assert predicted == present(evaluation.predicted)[row]
    assert confidence == pytest.approx(present(evaluation.confidence)[row])
    assert texts(ax)[0] == f"{truth} \N{RIGHTWARDS ARROW} {predicted}\n{confidence:.0%}"
    flat = pl.plots.misclassified(evaluation, images.reshape(40, 784), count=5)
    np.testing.assert_array_equal(flat.images[0].get_array(), images[row])
    with pytest.raises(InputError, match="40 evaluated images"):
        pl.plots.misclassified(evaluation, images[:3])
    with pytest.raises(InputError, match="shape="):
        pl.plots.misclassified(evaluation, np.zeros((40, 7)))


def test_nothing_misclassified_is_in_the_title(two: Evaluation) -> None:
    right = pl.evaluate(pl.Network([pl.Affine([[1.0]]), pl.Sigmoid()]), [[-1.0], [1.0]], [0, 1])
    ax = drawn(pl.plots.misclassified(right, np.zeros((2, 1, 1))))
    assert ax.get_title() == "none of 2 rows misclassified"


def test_contributions_on_the_digit_are_the_values(digits: pl.Network, images: Array) -> None:
    found = pl.contributions(digits, images[0], layer=1, neuron=3)
    ax = drawn(pl.plots.contributions(found))
    np.testing.assert_array_equal(ax.images[0].get_array(), found.values.reshape(28, 28))
    assert f"{found.weighted_sum:.3f}" in ax.get_title()
    way = pl.integrated_gradients(digits, images[:2])
    ax = drawn(pl.plots.contributions(way, row=1, image=images[1]))
    np.testing.assert_array_equal(ax.images[0].get_array(), way.values[1])
    with pytest.raises(InputError, match="rows go from 0 to 1"):
        pl.plots.contributions(way, row=2)
    with pytest.raises(InputError, match="784 pixels"):
        pl.plots.contributions(found, shape=(3, 3))
    with pytest.raises(InputError, match="contributions or integrated_gradients"):
        values: Any = found.values
        pl.plots.contributions(values)


def test_bars_of_contributions_add_up_to_the_weighted_sum(
    digits: pl.Network, images: Array
) -> None:
    found = pl.contributions(digits, images[0])
    ax = drawn(pl.plots.contributions(found, count=5))
    widths = [bar.get_width() for bar in ax.patches]
    assert widths[:5] == found.values[found.strongest(5)].tolist()
    assert math.isclose(math.fsum(widths), found.weighted_sum, rel_tol=1e-5)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [*(found.names[i] for i in found.strongest(5)), "11 others", "bias"]
    colours = [LIGHT.negative if width < 0 else LIGHT.positive for width in widths]
    assert [mpl.colors.to_hex(bar.get_facecolor()) for bar in ax.patches] == colours
    assert ax.get_ylabel() == "neuron of hidden layer 2"


def test_bars_of_integrated_gradients(generator: np.random.Generator) -> None:
    way = pl.integrated_gradients(kinds()["values"], generator.normal(size=(2, 6)), neuron=0)
    ax = drawn(pl.plots.contributions(way, row=1))
    assert sorted(bar.get_width() for bar in ax.patches) == sorted(way.values[1])
    assert ax.get_ylabel() == "inputs"


def test_robustness_shows_accuracy_and_intervals(digits: pl.Network, images: Array) -> None:
    t = np.arange(40) % 10
    curve = pl.robustness(digits, images, t, "rotation", [0, 10, 20])
    ax = drawn(pl.plots.robustness(curve))
    assert ax.lines[0].get_xdata().tolist() == [0, 10, 20]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), curve.accuracy)
    corners = ax.collections[0].get_paths()[0].vertices
    assert {
        tuple(point) for point in np.column_stack([curve.levels, curve.intervals[:, 0]])
    } <= set(map(tuple, corners))
    assert {
        tuple(point) for point in np.column_stack([curve.levels, curve.intervals[:, 1]])
    } <= set(map(tuple, corners))
    both = drawn(pl.plots.robustness({"one": curve, "other": curve}))
    assert [text.get_text() for text in both.get_legend().get_texts()] == ["one", "other"]
    assert both.lines[0].get_linestyle() != both.lines[1].get_linestyle()
    dim = pl.robustness(digits, images, t, "brightness", [1.0, 0.5])
    assert drawn(pl.plots.robustness(dim)).xaxis_inverted()
    for wrong in ({"one": curve, "other": dim}, {}):
        with pytest.raises(InputError, match="one change"):
            pl.plots.robustness(wrong)


def test_curves_of_two_classes(two: Evaluation, evaluation: Evaluation) -> None:
    ax = drawn(pl.plots.roc(two))
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), present(two.roc).false_positive_rate)
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), present(two.roc).true_positive_rate)
    assert ax.get_legend().get_texts()[1].get_text() == "area 0.750"
    ax = drawn(pl.plots.precision_recall(present(two.precision_recall)))
    np.testing.assert_array_equal(ax.lines[0].get_xdata()[1:], present(two.precision_recall).recall)
    np.testing.assert_array_equal(
        ax.lines[0].get_ydata()[1:], present(two.precision_recall).precision
    )
    for show in (pl.plots.roc, pl.plots.precision_recall):
        with pytest.raises(InputError, match="two classes"):
            show(evaluation)


def test_reliability_shows_the_bins(two: Evaluation) -> None:
    ax = drawn(pl.plots.reliability(two))
    held = present(two.calibration).counts > 0
    dots = next(c for c in ax.collections if isinstance(c, PathCollection))
    expected = np.column_stack(
        [present(two.calibration).confidence[held], present(two.calibration).accuracy[held]]
    )
    np.testing.assert_array_equal(dots.get_offsets(), expected)
    assert "not a probability" not in ax.get_xlabel()
    match = Calibration(np.array([0.2, 0.9]), np.array([True, False]), probabilities=False)
    assert "not a probability" in drawn(pl.plots.reliability(match)).get_xlabel()


def test_residuals_as_counts_and_against_predictions(
    generator: np.random.Generator, two: Evaluation
) -> None:
    net = pl.Network([pl.Affine([[1.0, 0.0]])])
    x = generator.normal(size=(50, 1))
    found = pl.evaluate(net, x, np.hstack([x + 0.1, x]))
    ax = drawn(pl.plots.residuals(found, output=1))
    assert sum(bar.get_height() for bar in ax.patches) == 50
    ax = drawn(pl.plots.residuals(found, net.predict(x)))
    np.testing.assert_array_equal(
        ax.collections[0].get_offsets()[:, 1], present(found.residuals)[:, 0]
    )
    np.testing.assert_array_equal(ax.collections[0].get_offsets()[:, 0], net.predict(x)[:, 0])
    with pytest.raises(InputError, match="0 to 1"):
        pl.plots.residuals(found, output=2)
    with pytest.raises(InputError, match="classes"):
        pl.plots.residuals(two)


def test_decision_surface_asks_the_network_everywhere() -> None:
    net = pl.Network(
        [pl.Affine([[1.0, -1.0], [0.0, 0.0]]), pl.Softmax()]
    )  # class 0 right of 0, class 1 left of it
    x, t = np.array([[1.0, 0.0], [-1.0, 0.5]]), np.array([0, 1])
    ax = drawn(pl.plots.decision_surface(net, x, t))
    pixels = ax.images[0].get_array()
    ends = [np.array(mpl.colors.to_rgb(LIGHT.series[k])) for k in (0, 1)]
    left, right = present(pixels)[100, 5], present(pixels)[100, -5]
    assert np.abs(right - ends[0]).sum() < np.abs(right - ends[1]).sum()
    assert np.abs(left - ends[1]).sum() < np.abs(left - ends[0]).sum()
    border = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    np.testing.assert_allclose(border[:, 0], 0, atol=0.02)
    points: list[Any] = [c for c in ax.collections if isinstance(c, PathCollection)]
    np.testing.assert_array_equal(points[0].get_offsets(), x[:1])
    assert len({len(c.get_paths()[0].vertices) for c in points}) == 2  # another mark for each class
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["class 0", "class 1"]


@pytest.mark.parametrize("layers", [[pl.Sigmoid()], []])
def test_decision_surface_of_one_output(layers: Sequence[pl.Layer]) -> None:
    net = pl.Network([pl.Affine([[1.0], [2.0]], [0.5]), *layers])
    ax = drawn(pl.plots.decision_surface(net, span=((-1, 1), (-2, 2))))
    assert ax.get_xlim() == (-1, 1)
    assert ax.get_ylim() == (-2, 2)
    if not layers:
        corner = net.predict([[-1.0, -2.0]])[0, 0]
        assert ax.images[0].get_array()[0, 0] == corner
        drawn(pl.plots.decision_surface(net, [[0.0, 1.0], [1.0, 0.0]]))


def test_decision_surface_of_a_table_has_its_names_and_numbers() -> None:
    table: dict[str, list[Any]] = {
        "year": [2001.0, 2002, 2003, 2004] * 5,
        "age": [1.0, 2, 3, 4] * 5,
        "kind": ["a", "a", "b", "b"] * 5,
    }
    net = pl.table_mlp(pl.Columns.of(table, target="kind"), hidden=[4])
    ax = drawn(pl.plots.decision_surface(net, table, table["kind"]))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("year", "age")
    low, high = ax.get_xlim()
    assert low < 2001 < 2004 < high < 2010
    points: list[Any] = [c for c in ax.collections if isinstance(c, PathCollection)]
    assert {x for x, _ in points[0].get_offsets()} == {2001, 2002}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "pass points x"),
        ({"span": (0, 1)}, "span"),
        ({"span": ((1, 0), (0, 1))}, "span"),
        ({"x": [[0.0, 1.0]], "t": [0, 1]}, "2 targets for 1 points"),
    ],
)
def test_decision_surface_refuses(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        pl.plots.decision_surface(pl.mlp([2, 2], output="softmax"), **options)
    with pytest.raises(InputError, match="this one has 3"):
        pl.plots.decision_surface(pl.mlp([3, 2]), span=((0, 1), (0, 1)))


def test_importance_is_ranked_with_deviations(generator: np.random.Generator) -> None:
    x = generator.normal(size=(60, 3))
    net = pl.Network([pl.Affine([[1.0], [0.0], [5.0]])])
    found = pl.permutation_importance(net, x, net.predict(x))
    ax = drawn(pl.plots.permutation_importance(found, count=2))
    assert [bar.get_width() for bar in ax.patches] == found.means[[2, 0]].tolist()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["2", "0"]
    lines = np.array(ax.collections[0].get_segments())
    np.testing.assert_allclose(lines[:, 1, 0] - lines[:, 0, 0], 2 * found.stds[[2, 0]])
    assert "R2 1.000" in ax.get_title()


def test_partial_dependence_is_lines_or_bars() -> None:
    net = pl.Network([pl.Affine([[2.0, 1.0], [1.0, 0.0]])])
    found = pl.partial_dependence(net, [[0.0, 1.0], [5.0, 3.0]], 0, [0.0, 10.0])
    ax = drawn(pl.plots.partial_dependence(found, names=["first", "second"]))
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), found.outputs[:, 1])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["first", "second"]
    table = {"city": ["Seoul", "Busan", "Seoul", "Busan"] * 5, "rent": [5.0, 3.0, 7.0, 4.0] * 5}
    rent = pl.table_mlp(pl.Columns.of(table, target="rent", task="regress"), hidden=[4])
    found = pl.partial_dependence(rent, table, "city")
    ax = drawn(pl.plots.partial_dependence(found))
    assert [bar.get_height() for bar in ax.patches] == found.outputs[:, 0].tolist()
    assert {label.get_text() for label in ax.get_xticklabels()} == {"Seoul", "Busan"}
    with pytest.raises(InputError, match="there is no"):
        pl.plots.partial_dependence(found, [1])


def test_plots_draw_into_given_axes_and_leave_pyplot_alone(two: Evaluation) -> None:
    from matplotlib import pyplot as plt

    before = dict(mpl.rcParams)
    figure = Figure()
    mine = figure.subplots()
    assert pl.plots.roc(two, ax=mine) is mine
    fresh = pl.plots.roc(two)
    with pl.plots.style("dark"):
        pl.plots.roc(two)
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before
    assert isinstance(fresh, Picture)
    assert present(fresh._repr_png_())[:4] == b"\x89PNG"
    with pytest.raises(InputError, match="Axes"):
        wrong: Any = figure
        pl.plots.roc(two, ax=wrong)


def test_figures_are_saved_whole_and_the_same_each_time(two: Evaluation, tmp_path: Path) -> None:
    for ending, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")):
        contents = []
        for n in range(2):
            path = tmp_path / f"{n}.{ending}"
            pl.plots.save(pl.plots.roc(two), path)
            contents.append(path.read_bytes())
        assert contents[0] == contents[1]
        assert contents[0].startswith(start)
    ax = pl.plots.roc(two)
    pl.plots.save(instance(Figure, ax.figure), tmp_path / "figure.png")
    pl.plots.save([ax], tmp_path / "list.png")
    with pytest.raises(InputError, match=r"\.png, \.svg or \.pdf"):
        pl.plots.save(ax, tmp_path / "a.txt")
    with pytest.raises(FileError):
        pl.plots.save(ax, tmp_path / "no" / "a.png")


def test_colours_stand_out_on_their_ground_and_from_each_other() -> None:
    for colours in (LIGHT, DARK):
        for colour in (*colours.series, colours.negative, colours.positive, colours.faint):
            assert figure_style.contrast(colour, colours.ground) >= 3, colour
        assert figure_style.contrast(colours.ink, colours.ground) >= 7
        assert len(set(colours.series)) == len(colours.series)


def test_small_axes_have_small_letters_and_leave_out_numbers(
    digits: pl.Network, images: Array, evaluation: Evaluation
) -> None:
    figure = Figure(figsize=(8, 4), layout="constrained")
    diagram, tiles, gallery = figure.subplots(1, 3)
    pl.plots.network(digits, images[0], ax=diagram)
    pl.plots.weights(digits, ax=tiles)
    pl.plots.misclassified(evaluation, images, ax=gallery)
    render(figure)
    assert "0.50" not in texts(diagram)
    assert texts(tiles)[:3] == ["0", "1", "2"]
    assert gallery.texts[0].get_fontsize() < 6
    assert gallery.title.get_fontsize() == 6
    assert drawn(pl.plots.misclassified(evaluation, images)).title.get_fontsize() == 12


def test_long_class_names_do_not_run_into_each_other(digits: pl.Network, images: Array) -> None:
    digits.classes = [f"the class that is number {k}" for k in range(10)]
    found = pl.evaluate(digits, images, np.arange(40) % 10)
    ax = drawn(pl.plots.misclassified(found, images, count=4))
    boxes = [text.get_window_extent() for text in ax.texts]
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))
    ax = drawn(pl.plots.confusion_matrix(found))
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


def test_the_gallery_has_every_plot_and_every_image() -> None:
    docs = Path(__file__).parents[2] / "docs"
    for language in ("en", "ko"):
        page = docs / language / "reference" / "gallery.md"
        text = page.read_text(encoding="utf-8")
        for name in set(pl.plots.__all__) - {"save", "style"}:
            assert f"pl.plots.{name}(" in text
        images = re.findall(r"\]\(([^)#]+)#only-(light|dark)\)", text)
        assert len(images) == 2 * text.count("\n### ") > 40
        for image, theme in images:
            assert (page.parent / image).exists()
            assert image.endswith(f"-{language}-{theme}.png")


def test_every_name_is_there_and_documented() -> None:
    assert set(pl.plots.__all__) == set(pl.plots._MODULE_OF)
    assert set(pl.plots.__all__) <= set(dir(pl.plots))
    for name in pl.plots.__all__:
        assert getattr(pl.plots, name).__doc__
    plots: Any = pl.plots
    with pytest.raises(AttributeError):
        plots.no_such_plot  # noqa: B018
    with pytest.raises(AttributeError):
        pl.lens.no_such_room  # noqa: B018


def run(program: str) -> str:
    done = subprocess.run(
        # matplotlib 3.10 uses what the newest pyparsing warns of
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_matplotlib_is_loaded_when_a_plot_is_drawn_and_not_before() -> None:
    program = (
        "import sys, pellucid as pl; pl.plots; pl.evaluate; print('matplotlib' in sys.modules); "
    )
    program += "pl.plots.activation(); "
    program += "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    assert run(program).split() == ["False", "True", "False"]


def test_without_matplotlib_one_line_says_what_to_install() -> None:
    program = "import sys; sys.modules['matplotlib'] = None; import pellucid as pl\n"
    program += "try: pl.plots.weights\nexcept pl.InputError as error: print(error)"
    text = run(f"import os; os.environ['PELLUCID_LANG'] = 'en'; {program}")
    start, end = "this needs matplotlib, which is not installed: ", "pip install matplotlib\n"
    assert text.startswith(start) and text.endswith(end)
