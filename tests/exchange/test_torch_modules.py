"""PyTorch modules with a `forward` of their own: the same network, or refused in words."""

from __future__ import annotations

import copy
import io
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import pellucid as pl
from pellucid.core import checks
from pellucid.exchange import from_torch, to_torch, write_torch
from pellucid.exchange.pytorch import probes
from pellucid.exchange.pytorch.layer_functions import ACTIVATIONS
from tests.exchange.torch_modules import DENSE, REFUSED, Own, Seed, Swish

# Each in the gate stands for a way of writing; the others are variations of them.
GATE = (
    *("the seed's NN_torch", "MNIST class", "residual blocks", "widths and batch norm", "buffers"),
    *("half precision", "weight norm", "a hook that doubles", "F.gelu", "nn.ReLU reused"),
    *("+= and *=", "unpacks an image", "squeeze()", "checks shapes", "ModuleDict"),
    *("a class inside a Sequential", "residual minus", "(W @ x.T).T", "einsum", "masked weights"),
    *("LayerNorm by hand", "softmax by hand", "where", "AlphaDropout", "permuted columns"),
    *("channels last", "no weights", "1 - x"),
)
NASTY = (
    *("branch on numbers", "float() in try", "mean over rows", "softmax over rows", "first row"),
    *("F.batch_norm in training", "dropout left on", "layer drop", "own generator", "NaN"),
    *("counts its calls", "warms up", "remembers", "in place through a view", "infinity"),
    *("a constant that changes", "TorchScript", "softmax of groups", "LayerNorm of groups"),
    *("to half and back", "longer for more rows", "softplus threshold", "complex", "embedding"),
    *("a weight that changes", "transposed output", "conv class"),
)


def made(maker: Any) -> nn.Module:
    torch.manual_seed(0)
    module: nn.Module = maker()
    return module


def imported(module: nn.Module) -> pl.Network:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Complex|.*used by several layers|Casting complex")
        return from_torch(module)


def check_same(name: str) -> None:
    """Compare in float32, for rows that the import did not use."""
    module = made(DENSE[name])
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    net = imported(module)
    after = module.state_dict()
    assert all(torch.equal(tensor, after[key]) for key, tensor in before.items())
    D = checks.input_width(net.layers) or 5
    module = module.float() if net.dtype == np.float32 else module
    for seed, N in ((7, 3), (8, 1), (9, 40)):
        x = np.random.default_rng(seed).normal(size=(N, D)).astype(net.dtype) * seed
        given = torch.from_numpy(x)
        with torch.no_grad():
            y = module.eval()(given.reshape(N, *_row(name, D)).clone())
        ours = net(x)
        theirs = y.numpy().reshape(N, -1)
        bound = 1e-5 * max(1.0, float(np.abs(theirs).max()))
        assert np.allclose(ours, theirs, rtol=1e-4, atol=bound), name


def _row(name: str, D: int) -> tuple[int, ...]:
    images = {"unpacks an image": (1, 28, 28), "unpacks three axes": (8, 8)}
    return images.get(name, (3, 4, 4) if name == "colour images" else (D,))


def check_refused(name: str) -> None:
    maker, words = REFUSED[name]
    with pytest.raises(pl.InputError) as caught:
        imported(made(maker))
    assert re.search(words, str(caught.value)), str(caught.value)


@pytest.mark.parametrize("name", GATE)
def test_dense_modules_come_in(name: str) -> None:
    check_same(name)


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.filterwarnings("ignore:.*jit:DeprecationWarning")
def test_others_are_refused(name: str) -> None:
    check_refused(name)


@pytest.mark.soak
@pytest.mark.parametrize("name", DENSE)
@pytest.mark.filterwarnings("ignore:std:UserWarning")  # of one row
def test_all_dense_modules(name: str) -> None:
    check_same(name)


@pytest.mark.soak
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_all_others(name: str) -> None:
    check_refused(name)


def test_the_layers_are_those_that_were_written() -> None:
    kinds = [type(layer).__name__ for layer in imported(made(DENSE["MNIST class"])).layers]
    hidden = ["Affine", "ReLU", "Dropout"]
    assert kinds == ["Flatten", *hidden, *hidden, "Affine"]
    net = imported(made(DENSE["residual blocks"]))
    assert [type(layer).__name__ for layer in net.layers] == ["Affine", *["Residual"] * 3, "Affine"]
    inner = [type(layer).__name__ for layer in net.layers[1].inner]
    assert inner == ["LayerNorm", "Affine", "GELU", "Affine"]
    images = imported(made(DENSE["MNIST class"]))
    assert images(np.zeros((2, 28, 28), np.float32)).shape == (2, 10)


def test_weights_keep_their_bits() -> None:
    module: Any = made(Seed)
    net = from_torch(module)
    state = module.state_dict()
    for index, name in ((0, "layer1"), (2, "layer2")):
        arrays = net.layers[index].arrays()
        assert np.array_equal(arrays["W"].T, state[f"{name}.weight"])
        assert np.array_equal(arrays["b"], state[f"{name}.bias"])


def test_frozen_modules_stay_frozen() -> None:
    net = imported(made(DENSE["a frozen layer"]))
    assert [layer.frozen for layer in net.layers] == [True, False, False]


def test_a_choice_of_columns_is_not_trained() -> None:
    net = imported(made(DENSE["first columns"]))
    assert [layer.frozen for layer in net.layers] == [False, True, False]


@pytest.mark.parametrize("name", ["tied autoencoder", "same layer twice"])
def test_shared_weights_become_copies_with_a_warning(name: str) -> None:
    with pytest.warns(UserWarning, match="are used by several layers, which become copies"):
        from_torch(made(DENSE[name]))


def test_a_sequential_that_shares_weights_warns() -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    with pytest.warns(UserWarning, match=r"1\.weight of this Sequential are used by several"):
        from_torch(nn.Sequential(first, second))


def test_a_wrong_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison itself can fail: F.relu is read as something else."""
    wrong = {**ACTIVATIONS, "relu": ACTIVATIONS["silu"]}
    monkeypatch.setattr("pellucid.exchange.pytorch.layer_functions.ACTIVATIONS", wrong)
    with pytest.raises(pl.InputError, match="its output is off by"):
        from_torch(made(DENSE["F.relu"]))


def test_small_differences_are_seen() -> None:
    module: Any = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3))
    net = from_torch(module)
    other = pl.Network([net.layers[0], pl.LayerNorm(np.ones(3, np.float32), epsilon=1e-4)])
    probes.check_agreement(module, net, (3,))
    with pytest.raises(pl.InputError, match="off by"):
        probes.check_agreement(module, other, (3,))


def test_the_line_is_named() -> None:
    with pytest.raises(pl.InputError) as caught:
        from_torch(made(REFUSED["branch on numbers"][0]))
    assert re.match(r"torch_modules\.py, line \d+: `if h\.sum\(\) > 0:` \(", str(caught.value))


def test_the_module_and_generators_are_left_alone() -> None:
    module = made(DENSE["MNIST class"]).train()
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    from_torch(module)
    assert torch.equal(torch.rand(3), expected)
    assert all(inner.training for inner in module.modules())
    assert not any("forward" in vars(inner) for inner in module.modules())
    assert all(parameter.grad is None for parameter in module.parameters())


def table() -> pl.Network:
    rows = {"area": [50.0, 60, 70, 80], "kind": ["a", "b", "a", "b"], "y": ["no", "yes"] * 2}
    columns = pl.Columns.of(rows, "y")
    net = pl.Network([pl.Affine(np.ones((columns.width, 2), np.float32))], inputs=columns)
    net.classes = ["no", "yes"]
    return net


def test_columns_and_classes_come_back() -> None:
    net = table()
    module = to_torch(net)
    for each in (module, copy.deepcopy(module), module.double().float(), module.train()):
        back = from_torch(each)
        assert back.inputs == net.inputs
        assert back.classes == ["no", "yes"]
    assert from_torch(module, classes=["n", "y"]).classes == ["n", "y"]
    again = to_torch(net)
    again.load_state_dict(module.state_dict())
    assert from_torch(again).inputs == net.inputs
    assert from_torch(module[:1]).inputs is None  # another module: a slice
    assert "pellucid" not in module.state_dict()


def test_columns_survive_a_saved_module() -> None:
    file = io.BytesIO()
    torch.save(to_torch(table()), file)
    file.seek(0)
    assert from_torch(torch.load(file, weights_only=False)).inputs == table().inputs


def test_what_no_longer_fits_is_refused() -> None:
    module: Any = to_torch(table())
    module[0] = nn.Linear(module[0].in_features, 5)
    with pytest.raises(pl.InputError, match="2 class names for 5 outputs"):
        from_torch(module)
    module.pellucid = "{"
    with pytest.raises(pl.InputError, match="its attribute pellucid keeps is malformed"):
        from_torch(module)
    del module.pellucid
    assert from_torch(module).classes is None


def test_the_written_program_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its classes are copies of ours, and its module keeps columns and classes."""
    net = table()
    net = pl.Network(
        [
            pl.Standardize(np.ones(net.layers[0].arrays()["W"].shape[0], np.float32), [2.0] * 3),
            pl.Residual([pl.Affine(np.eye(3, dtype=np.float32)), pl.Tanh()]),
            *net.layers,
        ],
        inputs=net.inputs,
        classes=net.classes,
    )
    write_torch(net, tmp_path / "houses.safetensors")
    monkeypatch.syspath_prepend(str(tmp_path))
    import houses  # type: ignore[import-not-found]

    module = houses.build()
    assert type(module[0]).__module__ == "houses"
    assert from_torch(module) == net
    del sys.modules["houses"]


def test_functions_of_every_known_module_come_in() -> None:
    """A module that the table of equivalents has is read from its function, too."""
    from pellucid.exchange.pytorch.equivalents import EQUIVALENTS

    known = {entry.module for entry in EQUIVALENTS.values()}
    for name, entry in ACTIVATIONS.items():
        function = getattr(nn.functional, name)
        module = Own(lambda s, x: s.f(s.a(x)), a=nn.Linear(3, 3), f=function)
        if entry.module in known:
            from_torch(module)
        else:
            with pytest.raises(pl.InputError, match="not supported"):
                from_torch(module)


def test_images_tell_their_shape() -> None:
    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        n, c, h, w = x.shape
        assert (h, w) == (2, 8)
        y: torch.Tensor = s.a(x.reshape(n, c * h * w))
        return y

    module = Own(forward, a=nn.Linear(16, 3))
    with pytest.raises(pl.InputError, match="takes no rows of shape"):
        from_torch(module)
    net = from_torch(module, inputs=pl.Images((2, 8)))
    assert net(np.zeros((5, 2, 8), np.float32)).shape == (5, 3)


def test_own_modules_at_any_depth() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.Sequential(Swish(), nn.Linear(4, 2)))
    kinds = [type(layer).__name__ for layer in from_torch(module).layers]
    assert kinds == ["Affine", "SiLU", "Affine"]
