"""From the options of `pellucid train` to the settings of a training, for data of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid.cli.output import note
from pellucid.cli.values import wrong_use
from pellucid.core.layers import Sigmoid
from pellucid.core.losses import BinaryCrossEntropy, CrossEntropy, Loss
from pellucid.core.members import alone
from pellucid.core.optimizers import OPTIMIZERS, SGD, Adagrad, Optimizer
from pellucid.core.types import Array
from pellucid.distributed.training import SHARDS
from pellucid.errors import InputError, Message
from pellucid.language import translate
from pellucid.network import Network
from pellucid.training import Recipe, Settings
from pellucid.training.checkpointing import USUAL_INTERVAL, Checkpointing
from pellucid.training.choices import choose_loss

if TYPE_CHECKING:
    from pellucid.cli.train import TrainOptions


def check_layers(layers: tuple[int, ...] | None, inputs: int, outputs: int, classes: bool) -> None:
    """Raise InputError where the first or the last of the layers does not fit the data.

    `inputs` and `outputs` are what the data need; `classes` says whether outputs are classes.
    """
    if layers is None:
        return
    if layers[0] != inputs:
        template = (
            "--layers begins with {got} inputs, but rows have {inputs} values: begin with {inputs}"
        )
        raise InputError(template, got=layers[0], inputs=inputs)
    # One output tells two classes apart
    if layers[-1] == outputs or (classes and layers[-1] == 1 and outputs == 2):
        return
    if not classes:
        template = (
            "--layers ends with {got} outputs, but the data have {outputs} values to predict: end "
            "with {outputs}"
        )
        raise InputError(template, got=layers[-1], outputs=outputs)
    # Two numbers are most likely inputs and a hidden layer, the outputs forgotten
    kept = layers if len(layers) == 2 else layers[:-1]
    raise InputError(
        "the data have {classes} classes and the last layer {outputs} outputs: use --layers "
        "{layers}",
        classes=outputs,
        outputs=layers[-1],
        layers=",".join(map(str, (*kept, outputs))),
    )


def settings_of(options: TrainOptions, net: Network, recipe: Recipe, t: Array) -> Settings:
    """Return the recipe's settings with the options in place of its parts.

    `t` are targets, of which only the kind counts. Validation, augmentation and metrics depend on
    the data.
    """
    return Settings(
        loss=_loss(options, net, t),
        optimizer=_optimizer(options, net, recipe),
        schedule=options.schedule or recipe.schedule,
        epochs=options.epochs or recipe.epochs,
        batch_size=options.batch_size or recipe.batch_size,
        class_weight=options.class_weights,
        seed=options.seed,
        engine=options.engine,
        threads=options.threads,
        shards=_shards(options),
        progress=True,
        checkpoint=_checkpointing(options),
    )


def _shards(options: TrainOptions) -> int | None:
    """Return into how many shards batches are cut: by workers always, else if asked for."""
    by_workers = options.workers is not None or options.ray is not None
    return options.shards or (SHARDS if by_workers else None)


def _checkpointing(options: TrainOptions) -> Checkpointing | None:
    """Return where and when checkpoints are kept; raises UsageError for options that do not fit."""
    ways: dict[str, bool | str] = {"resume": True, "fresh": False, "force_resume": "force"}
    chosen = [name for name in ways if getattr(options, name)]
    if options.checkpoint is None:
        if chosen or options.every is not None:
            raise wrong_use("--every, --resume, --fresh and --force-resume go with --checkpoint")
        return None
    if len(chosen) > 1:
        raise wrong_use("choose one of --resume, --fresh and --force-resume")
    every = options.every or USUAL_INTERVAL
    resume = ways[chosen[0]] if chosen else "auto"
    return Checkpointing(options.checkpoint, every, resume, _tell)


def _tell(message: Message, serious: bool) -> None:
    if serious:
        note("warning: {text}", text=translate(message))
    else:
        note(message)


def _optimizer(options: TrainOptions, net: Network, recipe: Recipe) -> Optimizer:
    """Return the optimizer that the options ask for, with the recipe's rates where it fits."""
    usual = recipe.optimizer
    kind = OPTIMIZERS[options.optimizer] if options.optimizer else type(usual)
    # Another optimizer has settings of its own: the recipe's would mean something else
    rates = usual.options() if kind is type(usual) else {"learning_rate": _rate(kind, net, usual)}
    if options.learning_rate is not None:
        rates["learning_rate"] = options.learning_rate
    if options.weight_decay is not None:
        rates["weight_decay"] = options.weight_decay
    return kind(**rates)


def _rate(kind: type[Optimizer], net: Network, usual: Optimizer) -> float:
    """Return a learning rate for another optimizer than the recipe's AdamW.

    Measured like the recipes: Adam and RMSprop need AdamW's rate; Adagrad 0.1 to 0.3; plain SGD
    0.1, but a hundred times AdamW's below sigmoids, whose gradients are small: there ReLU does not
    train at all.
    """
    if kind is SGD:
        below_sigmoids = any(isinstance(layer, Sigmoid) for layer in alone(net.layers)[:-1])
        return 100 * usual.learning_rate if below_sigmoids else 0.1
    return 0.2 if kind is Adagrad else usual.learning_rate


def _loss(options: TrainOptions, net: Network, t: Array) -> Loss:
    loss = choose_loss(options.loss, net, t)
    if options.label_smoothing is None:
        return loss
    if not isinstance(loss, (CrossEntropy, BinaryCrossEntropy)):
        raise InputError(
            "label smoothing goes with cross_entropy and binary_cross_entropy; the loss is {loss}",
            loss=type(loss).__name__,
        )
    return type(loss)(options.label_smoothing)
