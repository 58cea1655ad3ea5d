"""Nothing of core is left out.

What introspection finds, the table of witnesses and the public registries agree.
"""

import pellucid as pl
from pellucid.core import erf, functions, initializers
from pellucid.core.layer import Layer
from pellucid.core.losses import LOSSES, RowLoss
from pellucid.core.optimizers import OPTIMIZERS, Optimizer
from pellucid.core.schedules import SCHEDULES, Schedule
from tests.core import schedule_witnesses, tools, witnesses


def test_every_layer_has_a_witness() -> None:
    found = tools.classes(Layer, "forward")
    assert set(witnesses.LAYERS) == set(found)
    assert found == pl.LAYERS


def test_every_loss_has_a_witness() -> None:
    found = tools.classes(RowLoss, "row_losses")
    assert set(witnesses.LOSSES) == set(found)
    assert set(LOSSES.values()) == set(found.values())


def test_every_optimizer_has_a_witness() -> None:
    found = tools.classes(Optimizer, "step")
    assert set(witnesses.OPTIMIZERS) == set(found)
    assert set(OPTIMIZERS.values()) == set(found.values())


def test_every_setting_that_optimizers_share_is_tried() -> None:
    shared = {name for settings in witnesses.COMMON for name in settings}
    assert shared == {
        name for name in vars(pl.SGD(0.1, momentum=0.5)) if name not in ("learning_rate",)
    } - {"momentum", "nesterov"}


def test_every_schedule_has_a_witness() -> None:
    found = tools.classes(Schedule, "factor")
    assert set(schedule_witnesses.SCHEDULES) == set(found)
    assert set(SCHEDULES.values()) == set(found.values())


def test_every_function_has_a_witness() -> None:
    assert set(witnesses.FUNCTIONS) == {*tools.functions(functions), "erfc"}
    assert set(tools.functions(erf)) == {"erfc", "floating"}


def test_every_initializer_has_a_witness() -> None:
    found = tools.functions(initializers)
    assert set(witnesses.INITIALIZERS) == set(found)
    assert found == pl.INITIALIZERS


def test_every_class_is_public() -> None:
    for base, method in (
        (Layer, "forward"),
        (RowLoss, "row_losses"),
        (Optimizer, "step"),
        (Schedule, "factor"),
    ):
        assert set(tools.classes(base, method)) <= set(pl.__all__)


def test_registries_name_activations_and_others_as_people_write_them() -> None:
    assert {name: kind.__name__.lower() for name, kind in pl.ACTIVATIONS.items()} == {
        name: name.replace("_", "") for name in pl.ACTIVATIONS
    }
    for name, kind in (pl.LOSSES | pl.OPTIMIZERS).items():
        assert kind.__name__.lower() == name.replace("_", "")
    for name, schedule in pl.SCHEDULES.items():
        assert schedule.__name__.lower().removesuffix("decay") == name.replace("_", "")
