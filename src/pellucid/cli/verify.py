"""`pellucid verify`.

The proof that a network is the same in both engines, PyTorch and ONNX Runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pellucid.cli.help import Command, Whole, argument, json_option, lang_option, option
from pellucid.cli.output import tell, write_json
from pellucid.cli.threads import use_threads
from pellucid.language import mark, say

if TYPE_CHECKING:
    from pellucid.exchange.verification import Check, Line, Verification
    from pellucid.network import Network

SHOWN = 40
"""Lines of a table that are shown."""

ROWS = 256
"""Rows of one's own data that are compared by: more show no more, and take longer."""


@click.command(
    cls=Command,
    short_help=mark("prove that PyTorch and ONNX Runtime compute the same"),
    help=mark(
        "Let the reference engine, the native engine, PyTorch and ONNX Runtime compute the same "
        "network, and show the "
        "largest differences: of every layer's output, of the loss, of every gradient, and of the "
        "weights after "
        "training. Dropout is off, as every program would draw its own; ONNX Runtime computes "
        "outputs only. Who is not "
        "installed is left out. Exit code 1 when a difference is larger than rounding explains."
    ),
    examples=[
        ("pellucid verify digits.safetensors", mark("a network that was trained")),
        ("pellucid verify --seeds", mark("the two networks that pellucid grew from")),
        ("pellucid verify houses.safetensors --data houses.csv", mark("on rows of its own")),
    ],
)
@argument(
    "model",
    required=False,
    metavar=mark("[MODEL]"),
    about=mark("The network's file, as `pellucid train` wrote it."),
)
@option("--seeds", is_flag=True, help=mark("The 2-4-3 and the 784-16-16-10 network of sigmoids."))
@option(
    "--data",
    metavar=mark("DATA"),
    help=mark(
        "Rows to compare by, as for evaluate, 256 at most. Default: MNIST's for 784 inputs, else "
        "random ones."
    ),
)
@option(
    "--steps",
    type=Whole(0),
    default=100,
    metavar=mark("N"),
    help=mark("Training steps. Default: 100; 0 for none."),
)
@option(
    "--seed",
    type=Whole(0),
    default=0,
    metavar=mark("N"),
    help=mark("From which rows are drawn. Default: 0."),
)
@json_option
@lang_option
def verify(model: str | None, seeds: bool, data: str | None, as_json: bool, **settings: int) -> int:
    """Prove that a network is the same everywhere."""
    if (model is None) != seeds or (seeds and data is not None):
        raise click.UsageError(
            say("name either a MODEL file, which --data goes with, or --seeds"), _context()
        )
    use_threads(None, 0)
    from pellucid.exchange import verify

    found = []
    for name, net in _seeds() if model is None else _loaded(model):
        x, t = (None, None) if data is None else _rows(net, data)
        found.append((name, verify(net, x, t, **settings)))
        if not as_json:
            _show(*found[-1])
    same = all(verification.same for _, verification in found)
    if as_json:
        networks = [{"network": name, **verification.to_dict()} for name, verification in found]
        write_json({"same": same, "networks": networks})
    return 0 if same else 1


def _context() -> click.Context:
    return click.get_current_context()


def _loaded(model: str) -> list[tuple[str, Network]]:
    from pellucid.network import load

    return [(model, load(model))]


def _seeds() -> list[tuple[str, Network]]:
    from pellucid.building import mlp

    return [
        ("2-4-3", mlp([2, 4, 3], activation="sigmoid")),
        ("784-16-16-10", mlp([784, 16, 16, 10], activation="sigmoid", output="sigmoid")),
    ]


def _rows(net: Network, data: str) -> tuple[Any, Any]:
    from pellucid.cli.rows import rows_alone

    rows = rows_alone(net, data)
    return rows.x[:ROWS], None if rows.t is None else rows.t[:ROWS]


def _show(name: str, found: Verification) -> None:
    tell(
        say(
            "{name}: {rows} rows, {loss}; the largest differences from the reference engine",
            name=name,
            rows=found.rows,
            loss=found.loss,
        )
    )
    if found.dropout:
        tell(say("dropout is off: every program would draw its own"))
    for check in found.checks:
        click.echo()
        _show_check(check, found)
    click.echo()
    tell(_verdict(found))
    click.echo()


def _show_check(check: Check, found: Verification) -> None:
    from pellucid.core.table import table

    names = [name for name in ("native", "PyTorch", "ONNX Runtime") if name not in check.absent]
    shown = check.lines[:SHOWN]
    signs = [] if all(line.same for line in shown) else [""]
    lines = [[check.dtype, *names, say("allowed"), *signs]]
    for line in shown:
        gaps = [_number(line.gaps[name]) for name in names]
        marks = [] if not signs else ["" if line.same else say("too far")]
        lines.append(
            [_label(line, found.steps), *gaps, f"{min(line.allowed.values()):.0e}", *marks]
        )
    click.echo(table(lines, total=False))
    if len(check.lines) > SHOWN:
        tell(say("and {count:,} more", count=len(check.lines) - SHOWN))
    allowed = check.lines[0].allowed
    if (wider := allowed.get("ONNX Runtime", 0)) > min(allowed.values(), default=0):
        tell(
            say(
                "ONNX Runtime: {allowed:.0e} is allowed, as a part of this is float32 there",
                allowed=wider,
            )
        )
    for name, reason in check.absent.items():
        tell(f"{name}: {reason}")


def _label(line: Line, steps: int) -> str:
    if line.what == "weights":
        return say("weights, {steps} steps of {name}", steps=steps, name=line.name)
    if line.what == "statistics":
        return say("running statistics, {name}", name=line.name)
    return {
        "output": say("output of {name}", name=line.name),
        "loss": say("loss"),
        "gradient": say("gradient of {name}", name=line.name),
    }[line.what]


def _number(gap: float | None) -> str:
    return "-" if gap is None else "0" if gap == 0 else f"{gap:.1e}"


def _verdict(found: Verification) -> str:
    far = [(check.dtype, line) for check in found.checks for line in check.lines if not line.same]
    if far:
        dtype, line = far[0]
        return say(
            "NOT the same: {count:,} of these differences are too large, the first in {dtype}: "
            "{what}",
            count=len(far),
            dtype=dtype,
            what=_label(line, found.steps),
        )
    return say("the same: no difference is larger than rounding explains")
