"""A state_dict in a safetensors file.

Written with the program that builds its module, and read without trust.
"""

from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

import pellucid as pl
from pellucid.exchange import from_state_dict, read_state_dict, state_dict, to_torch, write_torch
from pellucid.exchange.pytorch.deduction import deduced
from pellucid.exchange.pytorch.equivalents import KEY
from pellucid.exchange.pytorch.state_dicts import half_precision
from tests.exchange.networks import CASES, affine, network_of, rows_for
from tests.narrowing import instance


def saved(path: Path, module: nn.Module) -> Path:
    safetensors.torch.save_file(module.state_dict(), path)
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


@pytest.mark.parametrize(("name", "index"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_layer_goes_through_the_file(
    weights: Path, name: str, index: int, dtype: type[Any]
) -> None:
    net = network_of(name, index, dtype)
    net.record = {"rows": 3}
    file, program = write_torch(net, weights)
    assert from_state_dict(file) == net
    assert from_state_dict(file).record == net.record
    assert from_state_dict(file, like=net) == net
    theirs, module = safetensors.torch.load_file(file), to_torch(net)
    assert theirs.keys() == module.state_dict().keys()
    module.load_state_dict(theirs)
    space: dict[str, Any] = {"__file__": str(program), "__name__": "built"}
    exec(compile(program.read_text(), program, "exec"), space)  # noqa: S102
    x = torch.from_numpy(rows_for(net))
    assert torch.equal(space["build"]()(x), module(x))


def test_the_program_needs_no_pellucid(weights: Path) -> None:
    """In a process of its own, in which pellucid cannot be imported: the outputs are to_torch's."""
    layers = pl.mlp(
        [784, 8, 8, 3], "gelu", "softmax", normalization="batch", dropout=0.2, pixels=True
    ).layers
    net = pl.Network(
        [*layers[:6], pl.Residual([pl.Affine(np.eye(8, dtype=np.float32)), pl.Tanh()]), *layers[6:]]
    )
    net.freeze(2)
    weights = weights.with_name("three-threes.safetensors")
    _, program = write_torch(net, weights)
    assert program.name == "three_threes.py"
    x = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    np.save(weights.with_name("x.npy"), x)
    code = (
        "import sys; sys.modules['pellucid'] = None\n"
        "import numpy as np, torch; from three_threes import build\n"
        "module = build(); y = module(torch.from_numpy(np.load('x.npy')))\n"
        "assert not module.training and not module[2].weight.requires_grad and "
        "module[3].weight.requires_grad\n"
        "np.save('y.npy', y.detach().numpy())\n"
        "import runpy; runpy.run_path('three_threes.py', run_name='__main__')"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=weights.parent, capture_output=True, text=True, check=True
    )
    y = np.load(weights.with_name("y.npy"))
    assert np.array_equal(y, to_torch(net)(torch.from_numpy(x)).detach().numpy())
    assert "(2): Linear(in_features=784" in shown.stdout


@pytest.mark.parametrize(
    ("stem", "name"), [("torch", "torch_network"), ("3d", "_3d"), ("json", "json_network")]
)
def test_the_program_can_be_imported_and_hides_nothing(
    tmp_path: Path, stem: str, name: str
) -> None:
    assert write_torch(pl.mlp([2, 1]), tmp_path / f"{stem}.safetensors")[1].name == f"{name}.py"


def test_another_program_is_not_replaced(weights: Path) -> None:
    net = pl.mlp([2, 1])
    other = weights.with_suffix(".py")
    other.write_text("print('mine')")
    with pytest.raises(pl.FileError, match=r"weights\.py exists and was not written by pellucid"):
        write_torch(net, weights)
    assert other.read_text() == "print('mine')"
    assert not weights.exists()
    other.unlink()
    write_torch(net, weights)
    write_torch(net, weights)


def test_what_is_not_written(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(pl.InputError, match=r"must be \.safetensors"):
        write_torch(pl.mlp([2, 1]), tmp_path / "net.pt")
    with pytest.raises(pl.InputError, match="not finite"):
        write_torch(pl.Network([pl.Affine([[np.nan]])]), weights)
    assert not list(tmp_path.iterdir())


def test_state_dict_is_that_of_to_torch() -> None:
    net = network_of("Residual", 1)
    expected = to_torch(net).state_dict()
    assert state_dict(net).keys() == expected.keys()
    for name, array in state_dict(net).items():
        assert np.array_equal(array, expected[name].numpy())
        assert array.flags.c_contiguous


class Theirs(nn.Module):
    """As people write them: names of their own, in an order that only they know."""

    def __init__(self, *names: str, widths: tuple[int, ...] = (5, 4, 3, 2)) -> None:
        super().__init__()
        for index, name in enumerate(names):
            self.add_module(name, nn.Linear(widths[index], widths[index + 1]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        layers = list(self.children())
        for layer in layers[:-1]:
            x = torch.relu(layer(x))
        return layers[-1](x)


def same_outputs(net: pl.Network, module: nn.Module) -> None:
    x = np.random.default_rng(0).normal(size=(9, 5)).astype(np.float32)
    np.testing.assert_allclose(
        net(x), module.eval()(torch.from_numpy(x)).detach().numpy(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    "names", [("fc1", "fc2", "fc10"), ("fc8", "fc9", "out"), ("zebra", "middle", "a")]
)
def test_names_of_others_are_matched_by_numbers_or_shapes(
    weights: Path, names: tuple[str, str, str]
) -> None:
    module = Theirs(*names)
    saved(weights, module)
    for like in (pl.mlp([5, 4, 3, 2], "relu"), deduced(read_state_dict(weights), "relu").network):
        same_outputs(from_state_dict(weights, like), module)


def test_names_settle_what_shapes_leave_open(weights: Path) -> None:
    module = Theirs("encoder", "code", "decoder", widths=(5, 5, 5, 5))
    saved(weights, module)
    like = pl.mlp([5, 5, 5, 5], "relu")
    with pytest.raises(pl.FileError, match="do not determine the order of code, decoder, encoder"):
        from_state_dict(weights, like)
    with pytest.raises(pl.InputError, match="do not determine the order"):
        deduced(read_state_dict(weights), "relu")
    names = ["encoder", "code", "decoder"]
    same_outputs(from_state_dict(weights, like, names=names), module)
    like = deduced(read_state_dict(weights), "relu", names=names).network
    same_outputs(from_state_dict(weights, like, names=names), module)
    with pytest.raises(pl.FileError, match="expected 3 names"):
        from_state_dict(weights, like, names=["encoder", "code"])


@pytest.mark.parametrize("before", ["", "net.", "module.net.", "_orig_mod."])
def test_names_may_all_begin_alike(before: str) -> None:
    net = network_of("BatchNorm", 1)
    state = {f"{before}{name}": array for name, array in state_dict(net).items()}
    assert from_state_dict(state, like=net) == net
    assert (
        from_state_dict({name: torch.from_numpy(array) for name, array in state.items()}, like=net)
        == net
    )


def test_what_is_kept_of_like(weights: Path) -> None:
    layers = list(pl.mlp([5, 4, 3, 2], "leaky_relu").layers)
    layers[1] = pl.LeakyReLU(0.4)
    like = pl.Network(layers)
    like.classes = ["no", "yes"]
    like.freeze(0)
    before = like.copy()
    net = from_state_dict(saved(weights, Theirs("a1", "a2", "a3").double()), like)
    assert like == before
    assert (
        net.classes,
        instance(pl.LeakyReLU, net.layers[1]).negative_slope,
        net.layers[0].frozen,
    ) == (["no", "yes"], 0.4, True)
    assert net.dtype == np.float64


@pytest.mark.parametrize(
    ("kind", "name"), [(torch.float16, "float16"), (torch.bfloat16, "bfloat16")]
)
def test_half_precision_is_widened(weights: Path, kind: Any, name: str) -> None:
    module: Any = nn.Sequential(nn.Linear(5, 2)).to(kind)
    net = from_state_dict(saved(weights, module), pl.mlp([5, 2]))
    assert net.dtype == np.float32
    assert np.array_equal(
        instance(pl.Affine, net.layers[0]).W, module[0].weight.detach().float().numpy().T
    )
    assert half_precision(weights) == [name]


def like_them() -> pl.Network:
    return pl.mlp([5, 4, 2], "relu")


GOOD = {
    "0.weight": torch.ones(4, 5),
    "0.bias": torch.ones(4),
    "2.weight": torch.ones(2, 4),
    "2.bias": torch.ones(2),
}
WRONG: dict[str, dict[str, torch.Tensor | None]] = {
    r"tensor '0.weight': expected shape \(4, 5\), got \(4, 6\)": {"0.weight": torch.ones(4, 6)},
    r"tensor '2.bias': expected shape \(2,\), got none": {"2.bias": None},
    r"tensor '2.extra': expected shape none, got \(3,\)": {"2.extra": torch.ones(3)},
    r"expected tensors for 0 \(weight \(4, 5\)": {"5.weight": torch.ones(2, 2)},
    r"tensor '0.bias' has type I32": {"0.bias": torch.ones(4, dtype=torch.int32)},
    r"mixes floating types": {"0.bias": torch.ones(4).double()},
    r"tensor '0.bias' holds numbers that are not finite": {"0.bias": torch.full((4,), torch.nan)},
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_is_named(weights: Path, message: str) -> None:
    state = {
        name: tensor for name, tensor in {**GOOD, **WRONG[message]}.items() if tensor is not None
    }
    safetensors.torch.save_file(state, weights)
    with pytest.raises(pl.FileError, match=message) as raised:
        from_state_dict(weights, like_them())
    assert str(weights) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_architecture_is_needed(weights: Path) -> None:
    saved(weights, Theirs("a1", "a2", "a3"))
    with pytest.raises(pl.FileError, match="does not record the architecture"):
        from_state_dict(weights)
    with pytest.raises(pl.InputError, match="name one, such as relu"):
        deduced(read_state_dict(weights), None)
    with pytest.raises(pl.InputError, match="not a chain of Linear"):
        deduced({"a.weight": np.ones(3), "a.bias": np.ones(3)}, "relu")
    with pytest.raises(pl.InputError, match="activation is one of"):
        deduced(read_state_dict(weights), "swish")


def test_a_negative_variance_is_refused() -> None:
    net = network_of("BatchNorm", 1)
    state = state_dict(net)
    state["1.running_var"] *= -1
    with pytest.raises(pl.InputError, match="0 or more"):
        from_state_dict(state, like=net)


class Exploding:
    def __reduce__(self) -> Any:
        return (Path("exploded").touch, ())


@pytest.mark.parametrize("suffix", ["pt", "pth", "bin", "safetensors"])
def test_pickles_are_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(f"weights.{suffix}")
    for write in (
        lambda: torch.save({"a": Exploding()}, path),
        lambda: path.write_bytes(pickle.dumps(Exploding())),
    ):
        write()
        with pytest.raises(pl.FileError, match=r"a pickle can run any program.*save_file"):
            from_state_dict(path)
    assert not Path("exploded").exists()


def test_a_safetensors_file_by_another_name_is_no_pickle(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.bin", Theirs("a1", "a2", "a3"))
    assert len(read_state_dict(path)) == 6


def hostile() -> dict[str, bytes]:
    def file(header: str, data: bytes = b"") -> bytes:
        return struct.pack("<Q", len(header)) + header.encode() + data

    def described(text: str) -> bytes:
        return file(json.dumps({"__metadata__": {KEY: text}}))

    return {
        "empty": b"",
        "short": b"\x01",
        "noise": bytes(range(256)),
        "long": struct.pack("<Q", 1 << 60) + b"{}",
        "no json": file("{"),
        "overlapping": file(
            '{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}', bytes(4)
        ),
        "no text": described("{"),
        "no layers": described("{}"),
        "number": described("3"),
        "entries": described('{"version": 1, "layers": [3]}'),
        "types": described('{"version": 1, "layers": [{"type": []}]}'),
        "deep": described("[" * 100_000),
        "within itself": described(
            '{"version": 1, "layers": [' + '{"type": "Residual", "options": {}, "layers": [' * 20
        ),
        "missing": described(
            '{"version": 1, "layers": [{"type": "Affine", "options": {}, "shapes": {"W": [1, 1]}}]}'
        ),
    }


@pytest.mark.parametrize("name", hostile())
def test_hostile_files_are_one_error(weights: Path, name: str) -> None:
    weights.write_bytes(hostile()[name])
    with pytest.raises(pl.FileError, match=r"weights\.safetensors") as raised:
        from_state_dict(weights)
    assert "\n" not in str(raised.value)


def test_every_changed_byte_of_the_description_is_read_or_refused(weights: Path) -> None:
    write_torch(network_of("BatchNorm"), weights)
    content = bytearray(weights.read_bytes())
    length = struct.unpack("<Q", content[:8])[0]
    for place in range(0, 8 + length, 7):
        changed = content.copy()
        changed[place] ^= 0x21
        weights.write_bytes(changed)
        try:
            from_state_dict(weights)
        except pl.FileError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("path", ["missing.safetensors", ".", "a\0b"])
def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pl.FileError, match="cannot be read"):
        from_state_dict(path)


def test_a_model_file_needs_no_import(weights: Path) -> None:
    pl.mlp([2, 1]).save(weights)
    with pytest.raises(pl.FileError, match="no state_dict, and needs no import"):
        from_state_dict(weights)


def test_loaded_networks_own_their_arrays_and_train(
    weights: Path, generator: np.random.Generator
) -> None:
    net = pl.Network([affine(generator, 5, 4), pl.ReLU(), affine(generator, 4, 2)])
    write_torch(net, weights)
    back = from_state_dict(weights)
    assert all(array.flags.writeable and array.flags.c_contiguous for array in back.params)
    pl.train(back, generator.normal(size=(50, 5)), generator.normal(size=(50, 2)), epochs=1)
    assert back != net
