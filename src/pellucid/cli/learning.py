"""From the options of `pellucid train` to a network and to the settings with which it learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pellucid.cli.augment import augmentation
from pellucid.errors import InputError
from pellucid.language import say

if TYPE_CHECKING:
    from pellucid.cli.datasets import Dataset
    from pellucid.core.losses import Loss
    from pellucid.network import Network
    from pellucid.training import Recipe

HIDDEN = (16, 16)
_BUILDING = (
    "layers",
    "hidden",
    "activation",
    "output",
    "dropout",
    "task",
    "preset",
    "ignore",
    "category",
    "number",
)


def check_layers(dataset: Dataset, layers: tuple[int, ...] | None) -> None:
    """Raise InputError where the first and last of the asked layers do not fit the data."""
    if layers is None:
        return
    if layers[0] != dataset.inputs:
        raise InputError(
            "--layers begins with {got} inputs, but each row of {data} has {inputs} numbers: "
            "begin with {inputs}",
            got=layers[0],
            data=dataset.name,
            inputs=dataset.inputs,
        )
    if dataset.classes is None and layers[-1] != dataset.outputs:
        raise InputError(
            "--layers ends with {got} outputs, but {data} has {outputs} values to predict: end "
            "with {outputs}",
            got=layers[-1],
            data=dataset.name,
            outputs=dataset.outputs,
        )
    one_for_two = layers[-1] == 1 and dataset.outputs == 2
    if dataset.classes is not None and layers[-1] < dataset.outputs and not one_for_two:
        raise InputError(
            "--layers ends with {got} outputs, but {data} has {outputs} classes: end with "
            "{outputs} or more",
            got=layers[-1],
            data=dataset.name,
            outputs=dataset.outputs,
        )


def begun(options: dict[str, Any]) -> Network | None:
    """Give the network that learning goes on from, or None.

    Raises UsageError for options that would build another.
    """
    if options["begun"] is None:
        return None
    import click

    from pellucid.network import load

    others = [name for name in _BUILDING if options[name] not in (None, ())]
    if others:
        words = ", ".join(f"--{name}" for name in others)
        raise click.UsageError(
            say("--from keeps the network as it is: leave out {options}", options=words),
            click.get_current_context(),
        )
    return load(options["begun"])


def go_on(net: Network, dataset: Dataset) -> tuple[Network, Dataset]:
    """Give the network, and the data as it takes them.

    Its inputs, and indices into its class names.
    """
    from dataclasses import replace

    from pellucid.cli.datasets import as_classes, as_inputs, check_inputs

    check_inputs(dataset, net)
    parts = [(dataset.x, dataset.t), *([] if dataset.test is None else [dataset.test])]
    (x, t), *held = [(as_inputs(net, x), as_classes(dataset, t, net.classes)) for x, t in parts]
    classes = None if dataset.classes is None else net.classes or dataset.classes
    return net, replace(dataset, x=x, t=t, test=held[0] if held else None, classes=classes)


def build(dataset: Dataset, options: dict[str, Any]) -> Network:
    """Build the network that the options ask for, for these data."""
    import numpy as np

    from pellucid.building import mlp
    from pellucid.core.preparation import Flatten
    from pellucid.network import Network

    values = dataset.classes is None
    net = mlp(
        options["layers"] or (dataset.inputs, *(options["hidden"] or HIDDEN), dataset.outputs),
        activation=options["activation"] or "sigmoid",
        output=options["output"] or ("identity" if values else "sigmoid"),
        dropout=options["dropout"] or 0.0,
        pixels=dataset.x.dtype == np.uint8,
        seed=options["seed"],
    )
    if dataset.x.ndim > 2 and not isinstance(net.layers[0], Flatten):
        net = Network([Flatten(), *net.layers])
    if dataset.classes is not None:
        outputs = net.summary().rows[-1].outputs or 1
        extra = [str(k) for k in range(len(dataset.classes), outputs)]
        net = Network(net.layers, classes=[*dataset.classes, *extra])
    if dataset.picture_shape:
        net.inputs = {"kind": "pictures", "shape": dataset.picture_shape}
    return net


def settings_of(net: Network, dataset: Dataset, options: dict[str, Any]) -> dict[str, Any]:
    """Give the settings of `train` by name.

    The recipe's, with the options in place of its parts.
    """
    recipe = choose_recipe(net, dataset, options)
    return {
        **settings_with(recipe, net, dataset, options),
        "validation": _validation(net, options["validation"]),
        "augment": augmentation(options["augment"], recipe.augment, dataset.picture_shape),
    }


def settings_with(
    recipe: Recipe, net: Network, dataset: Dataset, options: dict[str, Any]
) -> dict[str, Any]:
    """Give the settings that a recipe and the options say, validation and augmentation aside."""
    from pellucid.core.schedules import SCHEDULES as schedules

    return {
        "loss": _loss(net, dataset, options),
        "optimizer": _optimizer(net, recipe, options),
        "schedule": schedules[options["schedule"]]() if options["schedule"] else recipe.schedule,
        "epochs": options["epochs"] or recipe.epochs,
        "batch_size": options["batch_size"] or recipe.batch_size,
        "seed": options["seed"],
        "engine": options["engine"],
        "threads": options["threads"],
        "progress": True,
    }


def choose_recipe(net: Network, dataset: Dataset, options: dict[str, Any]) -> Recipe:
    """Give the digit network's own recipe where it is that network on digits, else the general one."""
    from pellucid.training import recipes

    if is_the_digit_network(net, dataset, options):
        return recipes.QUICK if options["quick"] else recipes.DIGITS
    recipe = recipes.general(net, len(dataset.x), options["quick"])
    # Pictures that are read later may be darker: this costs nothing in validation, and is worth 1
    # to 2 points at half brightness.
    if dataset.picture_shape and not options["quick"]:
        return recipe._replace(augment=recipes.DIGITS.augment)
    return recipe


def is_the_digit_network(net: Network, dataset: Dataset, options: dict[str, Any]) -> bool:
    """Tell whether this is 784-16-16-10 with sigmoids and what goes with it, and the data could be
    MNIST's.
    """
    from pellucid.core.layers import Affine, Sigmoid
    from pellucid.core.losses import BinaryCrossEntropy
    from pellucid.training.choices import choose_loss

    shapes = [layer.W.shape for layer in net.layers if isinstance(layer, Affine)]
    return (
        dataset.picture_shape == [28, 28]
        and dataset.classes is not None
        and len(dataset.x) >= 30_000
        and shapes == [(784, 16), (16, 16), (16, 10)]
        and sum(isinstance(layer, Sigmoid) for layer in net.layers) == len(shapes)
        and not options["dropout"]
        and isinstance(choose_loss(options["loss"], net, dataset.t), BinaryCrossEntropy)
        and not any(options[name] for name in ("optimizer", "schedule", "batch_size"))
    )


def _optimizer(net: Network, recipe: Recipe, options: dict[str, Any]) -> Any:
    from pellucid.core.optimizers import OPTIMIZERS as optimizers

    usual = recipe.optimizer
    kind = optimizers[options["optimizer"]] if options["optimizer"] else type(usual)
    settings = (
        usual.options() if kind is type(usual) else {"learning_rate": _rate(kind, net, recipe)}
    )
    given = {
        name: options[name]
        for name in ("learning_rate", "weight_decay")
        if options[name] is not None
    }
    return kind(**{**settings, **given})


def _rate(kind: type, net: Network, recipe: Recipe) -> float:
    """Give a rate for another optimizer than the recipe's AdamW.

    Measured like the recipes: Adam and RMSprop want AdamW's rate; Adagrad 0.1 to 0.3; plain SGD
    0.1, but a hundred times AdamW's behind sigmoids, whose gradients are small: there ReLU learns
    nothing any more.
    """
    from pellucid.core.layers import Sigmoid
    from pellucid.core.optimizers import SGD, Adagrad

    usual = recipe.optimizer.learning_rate
    if kind is SGD:
        return 100 * usual if any(isinstance(layer, Sigmoid) for layer in net.layers[:-1]) else 0.1
    return 0.2 if kind is Adagrad else usual


def _loss(net: Network, dataset: Dataset, options: dict[str, Any]) -> Loss:
    from pellucid.core.losses import BinaryCrossEntropy, CrossEntropy
    from pellucid.training.choices import choose_loss

    loss = choose_loss(options["loss"], net, dataset.t)
    if options["label_smoothing"] is None:
        return loss
    if not isinstance(loss, (CrossEntropy, BinaryCrossEntropy)):
        raise InputError(
            "label smoothing goes with cross_entropy and binary_cross_entropy; the loss is {loss}",
            loss=type(loss).__name__,
        )
    return type(loss)(options["label_smoothing"])


def _validation(net: Network, wanted: float | str | None) -> Any:
    from pellucid.cli.datasets import as_classes, check_inputs, load_dataset

    if not isinstance(wanted, str):
        return wanted
    if wanted == "none":
        return None
    other = load_dataset(wanted)
    check_inputs(other, net)
    return other.x, as_classes(other, other.t, net.classes)
