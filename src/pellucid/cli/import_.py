"""`pellucid import`: a network from ONNX, PyTorch or JSON as a model file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pellucid import exchange
from pellucid.cli import values
from pellucid.cli.help import argument, command, example, json_option, option
from pellucid.cli.outcome import note_file
from pellucid.cli.output import check_not_read, echo, emit, note, write_json
from pellucid.cli.values import wrong_use
from pellucid.core import ACTIVATIONS
from pellucid.errors import FileError, InputError
from pellucid.exchange.onnx.graph import half_precision as half_precision_of_onnx
from pellucid.exchange.pytorch.deduction import deduced
from pellucid.exchange.pytorch.state_dicts import PICKLES, half_precision
from pellucid.language import mark
from pellucid.network import Network, load

STATE_DICT = mark("A state_dict of PyTorch")


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """The options of `pellucid import`."""

    file: str = argument("FILE", "A file that ends in .onnx, .safetensors or .json.")
    path: str = option("-o --output-file MODEL", "Where to write the network.", required=True)
    like: str | None = option(
        "--like MODEL",
        "A network of the same architecture; the names of its inputs and classes are kept, too.",
        STATE_DICT,
    )
    activation: str | None = option(
        "--activation NAME",
        "Activation after each Linear module but the last, where the numbers of an nn.Sequential "
        "leave a gap for it; widths and normalizations follow from the weights.",
        choices=ACTIVATIONS,
    )
    output: str | None = option(
        "--output NAME",
        "Activation after the last module. Default: identity.",
        type=values.OutputActivation(tuple(ACTIVATIONS)),
    )
    names: str | None = option(
        "--names NAME,...",
        "The modules' names in their order, such as fc1,fc2,out, where names and shapes do not "
        "show it; activations may be listed among them: fc1,norm1,relu,out.",
    )
    as_json: bool = json_option()


@command(
    "import",
    ImportOptions,
    "Read a network and write it as a model file: dense graphs in ONNX, files of `pellucid "
    "export`, and state_dicts of PyTorch in safetensors files. A state_dict does not record "
    "activations, so pass --activation and --output, or --like with a network of the same "
    "architecture; ambiguous files are rejected. Pickles (.pt, .pth) are never opened, as they can "
    "run any program.",
    example("theirs.onnx -o mine.safetensors", "from ONNX"),
    example("weights.safetensors --activation relu -o mine.safetensors", "from PyTorch"),
    example(
        "tuned.safetensors --like net.safetensors -o my.safetensors", "trained further in PyTorch"
    ),
)
def import_(options: ImportOptions) -> None:
    """Read a network from elsewhere and write it as a model file."""
    path, extension = options.path, Path(options.file).suffix.lower()
    # ONNX and JSON record the architecture, a state_dict does not
    architecture = ("like", "activation", "output", "names")
    given = [f"--{name}" for name in architecture if getattr(options, name) is not None]
    if given and extension in (".onnx", ".json"):
        template = "{options}: only for a state_dict, which has no architecture"
        raise wrong_use(template, options=", ".join(given))
    if options.like is not None and (options.activation or options.output):
        raise wrong_use("name either --like or --activation and --output")
    check_not_read(path, [options.file, options.like])
    net = _read(options, extension)
    note_file(path)
    net.save(path)
    if options.as_json:
        layers = [type(layer).__name__ for layer in net.layers]
        found = {"path": path, "parameters": net.parameter_count, "layers": layers}
        write_json({**found, "dtype": net.dtype.name})
        return
    echo(str(net.summary()))
    echo()
    emit("written: {path}", path=path)


def _read(options: ImportOptions, extension: str) -> Network:
    file = options.file
    if extension == ".onnx":
        net = exchange.from_onnx(file)
        _note_widened(half_precision_of_onnx(file))
        return net
    if extension == ".json":
        return exchange.from_json(file)
    # Pickles pass here, to be refused with the reason
    if extension not in (".safetensors", *PICKLES):
        template = "{path}: expected a file that ends in .onnx, .safetensors or .json"
        raise InputError(template, path=file)
    net = _of_state_dict(options)
    _note_widened(half_precision(file))
    return net


def _note_widened(kinds: list[str]) -> None:
    if kinds:
        note("{kinds}: widened to float32, which is exact", kinds=", ".join(kinds))


def _of_state_dict(options: ImportOptions) -> Network:
    file = options.file
    names = None if options.names is None else [each.strip() for each in options.names.split(",")]
    if options.like is not None:
        return exchange.from_state_dict(file, load(options.like), names=names)
    if options.activation is None and options.output is None and names is None:
        return exchange.from_state_dict(file)
    state = exchange.read_state_dict(file)
    # The reader knows the file's name, the deduction does not
    try:
        found = deduced(state, options.activation, options.output, names)
    except InputError as error:
        raise FileError("{path}: {reason}", path=file, reason=error) from error
    return exchange.from_state_dict(file, found.network, names=found.modules)
