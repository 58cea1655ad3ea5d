"""`pellucid demo`: the first minute."""

import pytest
from PIL import Image

import pellucid as pl
from pellucid.cli import demo


@pytest.fixture
def short(monkeypatch):
    """The quick recipe, cut to two epochs."""
    monkeypatch.setattr(pl.recipes, "QUICK", pl.recipes.QUICK._replace(epochs=2))


@pytest.mark.parametrize(("lang", "told"), [("en", "test accuracy: "), ("ko", "테스트 정확도: ")])
def test_demo_shows_and_writes(run, short, tmp_path, lang, told):
    result = run("demo", "--quick", "-o", "shown", "--lang", lang)
    assert result.code == 0, result.err
    [line] = [line for line in result.out.splitlines() if line.startswith(told)]
    percent = float(line.removeprefix(told).split()[0])
    assert 50 < percent < 100
    assert line.split()[3] == "%"
    assert max(pl.language.cell_width(line) for line in result.out.splitlines()) <= 80
    assert ("but it is" if lang == "en" else "틀림") in result.out
    net = pl.load(tmp_path / "shown" / "digits.safetensors")
    assert round(100 * pl.evaluate(net, *vars(pl.mnist().test).values()).accuracy, 1) == percent
    for name in ("weights", "misread", "confusion", "learning"):
        with Image.open(tmp_path / "shown" / f"{name}.png") as picture:
            assert picture.width > 300
    assert result.out.count("pellucid ") >= 3
    assert "epoch 2/2" in result.err or "에포크 2/2" in result.err


def test_demo_folder_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").touch()
    result = run("demo", "-o", "file/demo")
    assert result.code == 1
    assert result.err.startswith("pellucid: file/demo: cannot be made")


def test_demo_interrupted_in_its_first_epoch_writes_what_there_is(run, monkeypatch, tmp_path):
    real = demo._learn

    def stopped(quick):
        net, history, *rest = real(quick)
        history.records.clear()
        history.stopped = "interrupted"
        return net, history, *rest

    monkeypatch.setattr(pl.recipes, "QUICK", pl.recipes.QUICK._replace(epochs=1))
    monkeypatch.setattr(demo, "_learn", stopped)
    result = run("demo", "--quick")
    assert result.code == 0
    assert "interrupted: learning ended after 0 whole epochs" in result.out
    assert not (tmp_path / "demo" / "learning.png").exists()
