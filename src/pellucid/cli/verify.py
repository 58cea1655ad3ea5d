"""`pellucid verify`: the proof that both engines, PyTorch and ONNX Runtime compute the same."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid import exchange
from pellucid.building import mlp
from pellucid.cli.help import command, example, json_option, model_argument, option
from pellucid.cli.models import read_model
from pellucid.cli.network_rows import rows_alone
from pellucid.cli.output import echo, emit, emit_more, write_json
from pellucid.cli.values import wrong_use
from pellucid.display.text_table import table
from pellucid.exchange.verification import Check, Line, Verification
from pellucid.language import say
from pellucid.network import Network

SHOWN = 40
"""Lines of a table that are shown."""

ROWS = 256
"""Rows of own data that are compared: more show nothing new, and take longer."""


@dataclass(frozen=True, kw_only=True)
class VerifyOptions:
    """The options of `pellucid verify`."""

    model: str | None = model_argument(required=False)
    seeds: bool = option("--seeds", "The 2-4-3 and the 784-16-16-10 network of sigmoids.")
    data: str | None = option(
        "--data DATA",
        "Rows to compare on, as for evaluate, 256 at most. Default: MNIST's for 784 inputs, else "
        "random ones.",
    )
    steps: int = option("--steps N", "Training steps. Default: 100; 0 for none.", default=100)
    seed: int = option("--seed N", "Seed for drawing rows. Default: 0.", default=0)
    as_json: bool = json_option()


@command(
    "verify",
    VerifyOptions,
    "Compute the same network with the reference engine, the native engine, PyTorch and ONNX "
    "Runtime, and show the largest differences: of every layer's output, of the loss, of every "
    "gradient, and of the weights after training. Dropout is off, as every program would draw its "
    "own; ONNX Runtime computes outputs only. Programs that are not installed are left out. Exit "
    "code 1 when a difference is larger than rounding explains.",
    example("digits.safetensors", "a trained network"),
    example("--seeds", "the two networks that pellucid grew from"),
    example("houses.safetensors --data houses.csv", "on rows of its own"),
)
def verify(options: VerifyOptions) -> int:
    """Compare the programs; return 1 where they differ."""
    if (options.model is None) != options.seeds or (options.seeds and options.data is not None):
        raise wrong_use("name either a MODEL file, which --data goes with, or --seeds")
    nets = _seeds() if options.model is None else {options.model: read_model(options.model)}
    found = {}
    for name, net in nets.items():
        rows = None if options.data is None else rows_alone(net, options.data)
        # Without data, `exchange.verify` chooses rows itself
        x = None if rows is None else rows.x[:ROWS]
        t = None if rows is None or rows.t is None else rows.t[:ROWS]
        found[name] = exchange.verify(net, x, t, steps=options.steps, seed=options.seed)
        if not options.as_json:
            _show(name, found[name])
    # Scripts see it by the exit code
    same = all(each.same for each in found.values())
    if options.as_json:
        networks = [{"network": name, **each.to_dict()} for name, each in found.items()]
        write_json({"same": same, "networks": networks})
    return 0 if same else 1


def _seeds() -> dict[str, Network]:
    return {
        "2-4-3": mlp([2, 4, 3], activation="sigmoid"),
        "784-16-16-10": mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid"),
    }


def _show(name: str, found: Verification) -> None:
    template = "{name}: {rows} rows, {loss}; the largest differences from the reference engine"
    emit(template, name=name, rows=found.rows, loss=found.loss)
    if found.dropout:
        emit("dropout is off: every program would draw its own")
    for check in found.checks:
        echo()
        _show_check(check, found)
    echo()
    emit(_verdict(found))
    echo()


def _show_check(check: Check, found: Verification) -> None:
    names = [name for name in ("native", "PyTorch", "ONNX Runtime") if name not in check.absent]
    shown = check.lines[:SHOWN]
    all_same = all(line.same for line in shown)
    lines = [[check.dtype, *names, say("allowed"), *([] if all_same else [""])]]
    for line in shown:
        gaps = [_number(line.gaps[name]) for name in names]
        marks = [] if all_same else ["" if line.same else say("too large")]
        allowed = f"{min(line.allowed.values()):.0e}"
        lines.append([_label(line, found.steps), *gaps, allowed, *marks])
    echo(table(lines, total=False))
    emit_more(len(check.lines) - SHOWN)
    # ONNX Runtime computes parts in float32 even where the network is float64
    tolerances = check.lines[0].allowed
    if (wider := tolerances.get("ONNX Runtime", 0)) > min(tolerances.values(), default=0):
        template = "ONNX Runtime: {allowed:.0e} is allowed, as a part of this is float32 there"
        emit(template, allowed=wider)
    for name, reason in check.absent.items():
        emit(f"{name}: {reason}")


def _label(line: Line, steps: int) -> str:
    if line.what == "weights":
        return say("weights, {steps} steps of {name}", steps=steps, name=line.name)
    if line.what == "statistics":
        return say("running statistics, {name}", name=line.name)
    if line.what == "output":
        return say("output of {name}", name=line.name)
    return say("gradient of {name}", name=line.name) if line.what == "gradient" else say("loss")


def _number(gap: float | None) -> str:
    return "-" if gap is None else "0" if gap == 0 else f"{gap:.1e}"


def _verdict(found: Verification) -> str:
    far = [(check.dtype, line) for check in found.checks for line in check.lines if not line.same]
    if not far:
        return say("the same: no difference is larger than rounding explains")
    dtype, line = far[0]
    template = (
        "NOT the same: {count:,} of these differences are too large, the first in {dtype}: {what}"
    )
    return say(template, count=len(far), dtype=dtype, what=_label(line, found.steps))
