"""Training on arrays: MNIST, toy problems, folders of images, .npz files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pellucid.building import ensemble, mlp
from pellucid.cli import datasets, outcome
from pellucid.cli.augment_option import augmentation
from pellucid.cli.train_settings import check_layers, settings_of
from pellucid.core.draws import member_seed
from pellucid.core.layers import Affine, Sigmoid
from pellucid.core.losses import BinaryCrossEntropy
from pellucid.core.members import alone
from pellucid.core.metrics import target_classes
from pellucid.core.preparation import Flatten
from pellucid.data.inputs import Images
from pellucid.language import say
from pellucid.lens.evaluation import Evaluation, evaluate
from pellucid.network import Network
from pellucid.training import History, Recipe, recipes
from pellucid.training.choices import choose_loss
from pellucid.training.loop import train_rows
from pellucid.training.settings import Validation

if TYPE_CHECKING:
    from pellucid.cli.train import TrainOptions

# The network of 3Blue1Brown's lesson
HIDDEN = (16, 16)


def prepare(options: TrainOptions, pretrained: Network | None) -> outcome.Job:
    """Load the data and build the network, or take the pretrained one; return the training."""
    dataset = datasets.load_dataset(options.data)
    datasets.check_classes(dataset)
    classes = dataset.classes is not None
    check_layers(options.layers, dataset.inputs, dataset.outputs, classes)
    if pretrained is None:
        net = build(options, dataset)
    else:
        net, dataset = pretrained, _fitted(pretrained, dataset)
    recipe = choose_recipe(options, net, dataset)
    validation = _validation(options.validation, net)
    settings = replace(
        settings_of(options, net, recipe, dataset.t),
        validation=validation,
        augment=augmentation(options.augment, recipe.augment, dataset.image_shape),
    )

    def score(history: History) -> outcome.Outcome:
        found = _scored(net, dataset, history)
        # With weights, accuracy beside a frequent class is not what was asked for
        rare = found.warning is not None and found.warning.advice is not None
        return found._replace(warning=None) if options.class_weights and rare else found

    return outcome.Job(
        data=dataset.name,
        rows=len(dataset.x),
        net=net,
        path="digits.safetensors" if dataset.image_shape else "model.safetensors",
        settings=settings,
        run=lambda: train_rows(net, dataset.x, dataset.t, settings),
        score=score,
    )


def build(options: TrainOptions, dataset: datasets.Dataset) -> Network:
    """Build the network that the options ask for, for these data."""
    if options.members is None or options.members == 1:
        return _one(options, dataset, options.seed)
    seeds = [member_seed(options.seed, member) for member in range(options.members)]
    return ensemble(_one(options, dataset, seed) for seed in seeds)


def _one(options: TrainOptions, dataset: datasets.Dataset, seed: int) -> Network:
    classes = dataset.classes
    net = mlp(
        options.layers or (dataset.inputs, *(options.hidden or HIDDEN), dataset.outputs),
        activation=options.activation or "sigmoid",
        output=options.output or ("identity" if classes is None else "sigmoid"),
        dropout=options.dropout or 0.0,
        pixels=dataset.x.dtype == np.uint8,
        seed=seed,
    )
    # `pixels` puts Flatten and Scale in front of bytes; other images need Flatten alone
    flat = dataset.x.ndim == 2 or isinstance(net.layers[0], Flatten)
    return Network(
        net.layers if flat else [Flatten(), *net.layers],
        classes=classes,
        inputs=Images(dataset.image_shape) if dataset.image_shape else None,
    )


def choose_recipe(options: TrainOptions, net: Network, dataset: datasets.Dataset) -> Recipe:
    """Return the digit network's own recipe for that network on digits, else the general one."""
    if _is_digit_network(options, net, dataset):
        return recipes.QUICK if options.quick else recipes.DIGITS
    recipe = recipes.general(net, len(dataset.x), options.quick)
    # Images that are predicted later may be darker: training on dark ones costs nothing in
    # validation, and is worth 1 to 2 points at half brightness.
    if dataset.image_shape and not options.quick:
        return recipe._replace(augment=recipes.DIGITS.augment)
    return recipe


def _is_digit_network(options: TrainOptions, net: Network, dataset: datasets.Dataset) -> bool:
    """Return whether this is 784-16-16-10 with sigmoids, on data that could be MNIST's."""
    layers = alone(net.layers)  # of each member of an ensemble
    shapes = [layer.W.shape for layer in layers if isinstance(layer, Affine)]
    return (
        dataset.image_shape == (28, 28)
        and dataset.classes is not None
        # The recipes were measured on 60,000 rows; on few rows they overfit
        and len(dataset.x) >= 30_000
        and shapes == [(784, 16), (16, 16), (16, 10)]
        and sum(isinstance(layer, Sigmoid) for layer in layers) == len(shapes)
        and not options.dropout
        and isinstance(choose_loss(options.loss, net, dataset.t), BinaryCrossEntropy)
        and not (options.optimizer or options.schedule or options.batch_size)
    )


def _fitted(net: Network, dataset: datasets.Dataset) -> datasets.Dataset:
    """Return the data as a network takes them: its inputs, and indices into its class names."""
    datasets.check_inputs(dataset, net)
    parts = [(dataset.x, dataset.t), *([] if dataset.test is None else [dataset.test])]
    (x, t), *held = [
        (datasets.as_inputs(net, x), datasets.as_classes(dataset, t, net.classes)) for x, t in parts
    ]
    classes = None if dataset.classes is None else net.classes or dataset.classes
    return replace(dataset, x=x, t=t, test=held[0] if held else None, classes=classes)


def _validation(wanted: float | str | None, net: Network) -> Validation:
    """Return the share, the rows of other data, or None."""
    if not isinstance(wanted, str):
        return wanted
    if wanted == "none":
        return None
    other = datasets.load_dataset(wanted)
    datasets.check_inputs(other, net)
    return other.x, datasets.as_classes(other, other.t, net.classes)


def _scored(net: Network, dataset: datasets.Dataset, history: History) -> outcome.Outcome:
    """Score the network on the test rows, where there are some."""
    found = None if dataset.test is None else evaluate(net, *dataset.test)
    last = history.records[-1] if history.records else {}
    validation = {name: last.get(f"validation_{name}") for name in ("loss", "accuracy")}
    # `pellucid evaluate` shows the rest
    test = None if found is None else found.to_dict()
    if test is not None and "accuracy" in test:
        test = {name: test[name] for name in ("accuracy", "interval")}
    sentences = (
        [] if found is None else [say("on rows never seen in training: {report}", report=found)]
    )
    scores: dict[str, object] = {
        "train": {"loss": last.get("loss"), "accuracy": last.get("accuracy")},
        "validation": None if validation["loss"] is None else validation,
        "test": test,
    }
    return outcome.Outcome(sentences, scores, _warning(dataset, last.get("accuracy"), found))


def _warning(
    dataset: datasets.Dataset, accuracy: float | None, found: Evaluation | None
) -> outcome.Warned | None:
    if dataset.classes is None:
        return outcome.no_better_value(None if found is None else found.r2)
    # Without test rows the training accuracy is the only one known
    counts = np.bincount(target_classes(dataset.t if dataset.test is None else dataset.test[1]))
    frequent = int(counts.argmax())
    return outcome.no_better_class(
        dataset.classes[frequent],
        float(counts[frequent] / counts.sum()),
        accuracy if found is None else found.accuracy,
        len(dataset.classes),
    )
