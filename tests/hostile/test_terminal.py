"""Names from files never command the terminal, whatever shows them."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.cli import main

# Clears the screen, sets the title, colours by C1, turns the text around, breaks the line
NAME = "a\x1b[2J\x1b]0;title\x07\x9b31m\u202eb\u2028c"
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Our own colours, which change nothing else
COLOURS = re.compile(r"\x1b\[(?:0|(?:;?[34]8;(?:5;\d+|2;\d+;\d+;\d+))+)m")

TABLE = {NAME: [1.0, 2.0, 3.0, 4.0], "t": [f"no{NAME}", f"yes{NAME}"] * 2}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    columns = pl.Columns.of(TABLE, target="t")
    layers = pl.mlp([columns.width, 2], output="softmax", seed=0).layers
    path = tmp_path / "model.safetensors"
    pl.Network(layers, inputs=columns, classes=columns.classes).save(path)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    rows = [f'"{x}","{t}"' for x, t in zip(*TABLE.values(), strict=True)]
    path.write_text("\n".join([f'"{NAME}",t', *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "words",
    [
        "predict MODEL TABLE", "predict MODEL TABLE --json", "evaluate MODEL --data TABLE",
        "data describe TABLE", "data describe TABLE --json", "summary MODEL", "explain MODEL TABLE",
        "data describe BAD", "predict MODEL BAD", f"predict MODEL {NAME.split()[0]}",
    ],
)  # fmt: skip
def test_no_name_commands_the_terminal(
    words: str,
    model: Path,
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text(f'"{NAME}","{NAME}"\n1,2\n', encoding="utf-8")
    places = {"MODEL": str(model), "TABLE": str(table), "BAD": "bad.csv"}
    main([places.get(word, word) for word in words.split(" ")])
    out, err = capfd.readouterr()
    assert out + err
    for line in COLOURS.sub("", out + err).split("\n"):
        assert not COMMANDS.search(line), ascii(line)
    if words.endswith("--json"):
        assert NAME in json.dumps(json.loads(out), ensure_ascii=False) or "no" in out


def test_errors_warnings_and_reprs_are_printable(model: Path) -> None:
    net = pl.load(model)
    texts = [repr(net.columns), str(net.summary()), repr(pl.read_table(TABLE))]
    with pytest.raises(pl.InputError) as caught:
        pl.Columns.of(TABLE, target=f"other{NAME}")
    texts.append(str(caught.value))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        net.columns.x({NAME: [1e6]})
    texts += [str(each.message) for each in found]
    assert len(texts) == 5
    assert not any(COMMANDS.search(line) for text in texts for line in text.split("\n"))
    assert np.isfinite(net.predict(np.zeros((1, net.columns.width), np.float32))).all()
