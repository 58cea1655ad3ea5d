"""`pellucid import`: a network of others as a model file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pellucid.cli.help import Command, OutputActivation, argument, json_option, lang_option, option
from pellucid.cli.outcome import note_ending, replaced
from pellucid.cli.output import check_not_read, note, tell, write_json
from pellucid.cli.threads import use_threads
from pellucid.cli.train import ACTIVATIONS
from pellucid.errors import FileError, InputError
from pellucid.language import mark, say

if TYPE_CHECKING:
    from pellucid.network import Network

STATE_DICT = mark("A state_dict of PyTorch")


@click.command(
    "import",
    cls=Command,
    short_help=mark("take in a network from ONNX, PyTorch or JSON"),
    help=mark(
        "Take in a network and write it as a model file: dense graphs in ONNX, what `pellucid "
        "export` wrote, and "
        "state_dicts of PyTorch in safetensors files. These hold weights only: say what stands "
        "between them with "
        "--activation and --output, or name a network of the same architecture with --like; what "
        "leaves more than one "
        "choice is refused. Pickles (.pt, .pth) are "
        "never opened, as they can run any program."
    ),
    examples=[
        ("pellucid import theirs.onnx -o mine.safetensors", mark("from ONNX")),
        (
            "pellucid import weights.safetensors --activation relu -o mine.safetensors",
            mark("from PyTorch"),
        ),
        (
            "pellucid import tuned.safetensors --like net.safetensors -o my.safetensors",
            mark("learned there"),
        ),
    ],
)
@argument(
    "file", metavar=mark("FILE"), about=mark("A file that ends in .onnx, .safetensors or .json.")
)
@option(
    "-o",
    "--output-file",
    "path",
    required=True,
    metavar=mark("MODEL"),
    help=mark("Where the network is written."),
)
@option(
    "--like",
    metavar=mark("MODEL"),
    group=STATE_DICT,
    help=mark("A network of the same architecture; its inputs' and classes' names are kept, too."),
)
@option(
    "--activation",
    type=click.Choice(ACTIVATIONS),
    metavar=mark("NAME"),
    group=STATE_DICT,
    help=mark(
        "What stands after each Linear module but the last, where the numbers of an nn.Sequential "
        "have a gap for it; "
        "widths and normalisations come from the weights."
    ),
)
@option(
    "--output",
    type=OutputActivation(ACTIVATIONS),
    metavar=mark("NAME"),
    group=STATE_DICT,
    help=mark("What stands after the last. Default: identity."),
)
@option(
    "--names",
    metavar=mark("NAME,..."),
    group=STATE_DICT,
    help=mark(
        "The modules' names in their order, such as fc1,fc2,out, where names and shapes do not "
        "tell it; activations "
        "may stand among them: fc1,norm1,relu,out."
    ),
)
@json_option
@lang_option
def import_(file: str, path: str, as_json: bool, **options: Any) -> None:
    """Take in a network from elsewhere."""
    suffix = Path(file).suffix.lower()
    given = [f"--{name}" for name, value in options.items() if value is not None]
    if given and suffix in (".onnx", ".json"):
        raise click.UsageError(
            say(
                "{options}: only a state_dict needs to be told its architecture",
                options=", ".join(given),
            ),
            click.get_current_context(),
        )
    if options["like"] is not None and (options["activation"] or options["output"]):
        raise click.UsageError(
            say("name either --like or --activation and --output"), click.get_current_context()
        )
    check_not_read(path, [file, options["like"]])
    use_threads(None, 0)
    net = _read(file, suffix, options)
    if (text := replaced(path)) is not None:
        note(text)
    note_ending(path)
    net.save(path)
    if as_json:
        layers = [type(layer).__name__ for layer in net.layers]
        write_json(
            {
                "path": path,
                "parameters": net.parameter_count,
                "layers": layers,
                "dtype": net.dtype.name,
            }
        )
        return
    click.echo(net.summary())
    click.echo()
    tell(say("written: {path}", path=path))


def _read(file: str, suffix: str, options: dict[str, Any]) -> Network:
    from pellucid import exchange

    if suffix == ".onnx":
        return exchange.from_onnx(file)
    if suffix == ".json":
        return exchange.from_json(file)
    from pellucid.exchange.pytorch.files import PICKLES, half_precision

    if suffix not in (".safetensors", *PICKLES):
        raise InputError(
            "{path}: expected a file that ends in .onnx, .safetensors or .json", path=file
        )
    net = _of_state_dict(file, options)
    if half := half_precision(file):
        note(say("{kinds}: widened to float32, which is exact", kinds=", ".join(half)))
    return net


def _of_state_dict(file: str, options: dict[str, Any]) -> Network:
    from pellucid import exchange

    names = (
        None if options["names"] is None else [name.strip() for name in options["names"].split(",")]
    )
    if options["like"] is not None:
        from pellucid.network import load

        return exchange.from_state_dict(file, load(options["like"]), names=names)
    if options["activation"] is None and options["output"] is None and names is None:
        return exchange.from_state_dict(file)
    from pellucid.exchange.pytorch.deduction import deduced

    state = exchange.read_state_dict(file)
    try:
        found = deduced(state, options["activation"], options["output"], names)
    except InputError as error:
        raise FileError("{path}: {reason}", path=file, reason=error) from error
    return exchange.from_state_dict(file, found.network, names=found.modules)
