"""`pellucid export`, `import` and `verify`.

Files for elsewhere, networks from elsewhere, and the proof.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
from torch import nn

import pellucid as pl
from pellucid.exchange import to_torch, verify
from pellucid.exchange.verification import agreement, programs
from tests.cli.conftest import Result, fits
from tests.narrowing import instance


@pytest.fixture
def net(tmp_path: Path) -> pl.Network:
    """A small network of bytes with named classes, and its file."""
    made = pl.mlp([12, 5, 3], "relu", "softmax", pixels=True, seed=2)
    made = pl.Network(made.layers, classes=["low", "middle", "high"], inputs=pl.Images((3, 4)))
    made.save(tmp_path / "net.safetensors")
    return made


@pytest.mark.parametrize(
    ("out", "files"),
    [
        ("out.onnx", ["out.onnx"]),
        ("out.json", ["out.json"]),
        ("net_torch.safetensors", ["net_torch.safetensors", "net_torch.py"]),
    ],
)
def test_there_and_back(
    run: Callable[..., Result], net: pl.Network, out: str, files: Sequence[str]
) -> None:
    result = run("export", "net.safetensors", out)
    assert (result.code, result.err) == (0, "")
    for file in files:
        assert f"written: {file}, {Path(file).stat().st_size:,} bytes" in result.out
    result = run("import", files[0], "-o", "back.safetensors")
    assert (result.code, result.err) == (0, "")
    assert "written: back.safetensors" in result.out
    assert pl.load("back.safetensors") == net
    assert pl.load("back.safetensors").classes == net.classes


def test_c(run: Callable[..., Result], net: pl.Network) -> None:
    np.savez("rows.npz", x=np.random.default_rng(0).integers(0, 256, (50, 3, 4), np.uint8))
    found = run("export", "net.safetensors", "small", "--to", "c", "--json").json
    assert found["format"] == "c"
    assert {Path(file["path"]).name for file in found["files"]} == {"small.h", "small.c"}
    assert all(Path(file["path"]).stat().st_size == file["bytes"] for file in found["files"])
    result = run("export", "net.safetensors", "smaller.h", "--int8", "--calibration", "rows.npz")
    assert (result.code, result.err) == (0, "")
    assert "int8" in Path("smaller.c").read_text()
    assert "calibration" in run("export", "net.safetensors", "smaller.h", "--int8").err


def test_sql(run: Callable[..., Result], net: pl.Network) -> None:
    result = run("export", "net.safetensors", "net.sql", "--table", "scans", "--key", "scan")
    assert (result.code, result.err) == (0, "")
    query = Path("net.sql").read_text()
    assert 'FROM "scans"' in query
    assert '"scan"' in query
    assert "--to sql" in run("export", "net.safetensors", "net.onnx", "--table", "scans").err


def test_javascript(run: Callable[..., Result], net: pl.Network) -> None:
    for name in ("net.js", "net.mjs"):
        result = run("export", "net.safetensors", name)
        assert (result.code, result.err) == (0, "")
        assert "export const predict" in Path(name).read_text()


def test_the_format_may_be_said(run: Callable[..., Result], net: pl.Network) -> None:
    assert run("export", "net.safetensors", "--to", "json", "plain.txt").code == 0
    assert json.loads(Path("plain.txt").read_text())["format"] == "pellucid"
    result = run("export", "net.safetensors", "plain.txt")
    assert result.code == 2
    assert "--to torch | onnx | c | html | site | json" in result.err
    assert run("export", "net.safetensors", "a.onnx", "--int8").code == 2


def test_what_is_read_is_never_overwritten_and_what_is_replaced_is_told(
    run: Callable[..., Result], net: pl.Network
) -> None:
    before = Path("net.safetensors").read_bytes()
    result = run("export", "net.safetensors", "./net.safetensors", "--to", "torch")
    assert result.code == 1
    assert "is read here, and would be replaced" in result.err
    result = run("import", "net.safetensors", "-o", "net.safetensors")
    assert result.code == 1
    assert "is read here, and would be replaced" in result.err
    run("export", "net.safetensors", "out.onnx")
    result = run("import", "out.onnx", "-o", "out.safetensors")
    assert "replaces" not in result.err
    assert "replaces out.safetensors" in run("import", "out.onnx", "-o", "out.safetensors").err
    assert "replaces out.onnx" in run("export", "net.safetensors", "out.onnx").err
    assert Path("net.safetensors").read_bytes() == before


def test_a_state_dict_of_others(run: Callable[..., Result]) -> None:
    module: Any = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)).half()
    safetensors.torch.save_file(module.state_dict(), "theirs.safetensors")
    asked = run("import", "theirs.safetensors", "-o", "ours.safetensors")
    assert asked.code == 1
    assert "does not record the architecture" in asked.err
    result = run(
        "import",
        "theirs.safetensors",
        "--activation",
        "relu",
        "--output",
        "softmax",
        "-o",
        "ours.safetensors",
    )
    assert result.code == 0
    assert result.err == "float16: widened to float32, which is exact\n"
    ours = pl.load("ours.safetensors")
    assert [type(layer).__name__ for layer in ours.layers] == [
        "Affine",
        "ReLU",
        "Affine",
        "Softmax",
    ]
    assert np.array_equal(
        instance(pl.Affine, ours.layers[0]).W, module[0].weight.detach().float().numpy().T
    )


def test_half_precision_of_onnx_is_widened(run: Callable[..., Result]) -> None:
    onnx = pytest.importorskip("onnx")
    W = onnx.numpy_helper.from_array(np.eye(2, dtype=np.float16), "W")
    x, y = (onnx.helper.make_tensor_value_info(name, 10, ["N", 2]) for name in "xy")
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "W"], ["y"])], "half", [x], [y], [W]
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), "half.onnx")
    result = run("import", "half.onnx", "-o", "net.safetensors")
    assert (result.code, result.err) == (0, "float16: widened to float32, which is exact\n")
    assert pl.load("net.safetensors").predict(np.ones((1, 2))).tolist() == [[1.0, 1.0]]


def test_what_was_tuned_there_comes_back_like_the_network(
    run: Callable[..., Result], net: pl.Network
) -> None:
    module: Any = to_torch(net)
    module[2].weight.data += 1
    safetensors.torch.save_file(module.state_dict(), "tuned.safetensors")
    found = run(
        "import",
        "tuned.safetensors",
        "--like",
        "net.safetensors",
        "-o",
        "back.safetensors",
        "--json",
    ).json
    assert found == {
        "path": "back.safetensors",
        "parameters": net.parameter_count,
        "layers": ["Flatten", "Scale", "Affine", "ReLU", "Affine", "Softmax"],
        "dtype": "float32",
    }
    back = pl.load("back.safetensors")
    assert back.classes == net.classes
    assert np.array_equal(
        instance(pl.Affine, back.layers[2]).W, instance(pl.Affine, net.layers[2]).W + 1
    )


def test_names_in_their_order(run: Callable[..., Result]) -> None:
    module: Any = nn.ModuleDict({"last": nn.Linear(4, 4), "first": nn.Linear(4, 4)})
    safetensors.torch.save_file(module.state_dict(), "theirs.safetensors")
    words = ("import", "theirs.safetensors", "--activation", "tanh", "-o", "ours.safetensors")
    result = run(*words)
    assert result.code == 1
    assert "--names" in result.err
    assert run(*words, "--names", "first, last").code == 0
    assert np.array_equal(
        instance(pl.Affine, pl.load("ours.safetensors").layers[0]).W,
        module["first"].weight.detach().numpy().T,
    )


def test_what_import_cannot_take(run: Callable[..., Result], net: pl.Network) -> None:
    for name in ("model.pt", "model.bin"):
        Path(name).write_bytes(b"\x80\x04K\x01.")
        assert "a pickle can run any program" in run("import", name, "-o", "a.safetensors").err
    assert (
        "ends in .onnx, .safetensors or .json"
        in run("import", "model.h5", "-o", "a.safetensors").err
    )
    run("export", "net.safetensors", "net.onnx")
    assert run("import", "net.onnx", "-o", "a.safetensors", "--activation", "relu").code == 2
    both = ("--like", "net.safetensors", "--activation", "relu")
    assert run("import", "net.safetensors", "-o", "a.safetensors", *both).code == 2
    assert run("import", "net.onnx").code == 2
    assert not Path("a.safetensors").exists()


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_verify_shows_a_table(run: Callable[..., Result], net: pl.Network, lang: str) -> None:
    result = run("verify", "net.safetensors", "--steps", 5, "--lang", lang)
    assert (result.code, result.err) == (0, "")
    assert fits(result.out, 80)
    line = next(line for line in result.out.splitlines() if "2 Affine" in line)
    assert len(line.split()) >= 5
    assert {"en": "the same: no difference", "ko": "같습니다"}[lang] in result.out


def test_verify_as_json_is_what_exchange_gives(run: Callable[..., Result], net: pl.Network) -> None:
    found = run("verify", "net.safetensors", "--steps", 5, "--seed", 3, "--json").json
    expected = verify(net, steps=5, seed=3).to_dict()
    assert found == {
        "same": True,
        "networks": [{"network": "net.safetensors", **json.loads(json.dumps(expected))}],
    }


def test_verify_seeds(run: Callable[..., Result]) -> None:
    found = run("verify", "--seeds", "--json")
    assert found.code == 0
    assert [network["network"] for network in found.json["networks"]] == ["2-4-3", "784-16-16-10"]
    assert all(network["same"] and network["steps"] == 100 for network in found.json["networks"])


def test_verify_on_rows_of_a_table(run: Callable[..., Result]) -> None:
    lines = [
        "age,plan,bought",
        *(f"{20 + i},{'ab'[i % 2]},{('no', 'yes')[i // 10]}" for i in range(20)),
    ]
    Path("people.csv").write_text("\n".join(lines))
    pl.table_mlp(pl.Columns.of("people.csv", target="bought"), hidden=(4,)).save(
        "people.safetensors"
    )
    found = run("verify", "people.safetensors", "--data", "people.csv", "--steps", 3, "--json").json
    assert (found["same"], found["networks"][0]["rows"]) == (True, 20)
    assert "dropout is off" in run("verify", "people.safetensors", "--steps", 0).out


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_verify_fails_past_the_tolerance(
    run: Callable[..., Result], net: pl.Network, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    monkeypatch.setitem(agreement.TOLERANCES["float64"], "weights", 1e-30)
    monkeypatch.setattr(agreement, "ENLARGED", 0)
    result = run("verify", "net.safetensors", "--steps", 5, "--lang", lang)
    assert result.code == 1
    assert fits(result.out, 80)
    assert {"en": "NOT the same: 2 of", "ko": "같지 않습니다"}[lang] in result.out
    assert {"en": "too large", "ko": "너무 큼"}[lang] in result.out
    assert run("verify", "net.safetensors", "--steps", 5, "--json").json["same"] is False


def test_verify_says_who_is_missing(
    run: Callable[..., Result], net: pl.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(programs.PROGRAMS, "PyTorch", lambda net, loss: missing())

    def missing() -> None:
        raise pl.InputError("this needs torch, which is not installed: pip install torch")

    result = run("verify", "net.safetensors", "--steps", 2)
    assert result.code == 0
    assert "pip install torch" in result.out
    assert "PyTorch" not in result.out.splitlines()[2]


def test_many_layers_are_counted(run: Callable[..., Result]) -> None:
    layers = [layer for _ in range(30) for layer in (pl.Affine(np.eye(2)), pl.Tanh())]
    pl.Network(layers).save("deep.safetensors")
    result = run("verify", "deep.safetensors", "--steps", 0)
    assert result.code == 0
    assert "and 51 more" in result.out


def test_verify_used_wrongly(run: Callable[..., Result], net: pl.Network) -> None:
    assert run("verify").code == 2
    assert run("verify", "net.safetensors", "--seeds").code == 2
    assert run("verify", "--seeds", "--data", "mnist").code == 2
    assert run("verify", "missing.safetensors").code == 1


def test_the_page_in_one_file(run: Callable[..., Result], model: Path) -> None:
    result = run("export", model, "page.html")
    assert result.code == 0, result.err
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert len(page.encode()) < 450_000


def test_the_page_as_a_folder(run: Callable[..., Result], model: Path) -> None:
    """Named by its format or by the slash at its end.

    Replaced where it wrote it, and never what is another's.
    """
    result = run("export", model, "--to", "site", "neurons", "--json")
    assert result.code == 0, result.err
    files = {Path(entry["path"]): entry["bytes"] for entry in result.json["files"]}
    assert files.keys() == {path for path in Path("neurons").rglob("*") if path.is_file()}
    assert files[Path("neurons/index.html")] == Path("neurons/index.html").stat().st_size
    again = run("export", model, "neurons/")
    assert again.code == 0 and f"written: neurons/, {len(files)} files" in again.out
    assert "replaces neurons/" in again.err
    Path("neurons/notes.txt").write_text("mine", encoding="utf-8")
    refused = run("export", model, "neurons/")
    assert refused.code == 1 and "it contains notes.txt, which would be lost" in refused.err
    assert Path("neurons/notes.txt").read_text(encoding="utf-8") == "mine"


def test_calibration_goes_with_int8(run: Callable[..., Result], net: pl.Network) -> None:
    result = run("export", "net.safetensors", "small.h", "--calibration", "mnist")
    assert result.code == 2
    assert "give both" in result.err


def test_a_state_dict_is_taken_as_its_numbers_say(run: Callable[..., Result]) -> None:
    relu = nn.ReLU()
    module: Any = nn.Sequential(nn.Linear(6, 16), relu, nn.BatchNorm1d(16), nn.Linear(16, 3))
    safetensors.torch.save_file(module.state_dict(), "theirs.safetensors")
    words = ("import", "theirs.safetensors", "-o", "ours.safetensors")
    assert run(*words, "--activation", "relu", "--json").json["layers"] == [
        "Affine",
        "ReLU",
        "BatchNorm",
        "Affine",
    ]
    named = run(*words, "--names", "0,2,silu,3", "--json").json["layers"]
    assert named == ["Affine", "BatchNorm", "SiLU", "Affine"]
    module = nn.Sequential(
        nn.Linear(6, 16), relu, nn.BatchNorm1d(16), nn.Dropout(), nn.Linear(16, 3)
    )
    safetensors.torch.save_file(module.state_dict(), "theirs.safetensors")
    result = run(*words, "--activation", "relu")
    assert result.code == 1
    assert (
        "theirs.safetensors: names and numbers do not determine where the activations of 0, 2, 4 "
        "are" in result.err
    )


def test_mistakes_say_what_to_do(run: Callable[..., Result], net: pl.Network) -> None:
    run("export", "net.safetensors", "net.onnx")
    result = run("verify", "net.onnx")
    assert result.code == 1
    assert "`pellucid import net.onnx -o MODEL`" in result.err
    Path("text.json").write_text("hello")
    assert "not a JSON document" in run("import", "text.json", "-o", "a.safetensors").err
    Path("text.onnx").write_text("hello")
    assert "no ONNX file" in run("import", "text.onnx", "-o", "a.safetensors").err
    result = run("import", "net.onnx", "-o", "model.onnx2")
    assert result.code == 0
    assert "should end in .safetensors" in result.err
