"""What a training's held-out rows tell of its errors, and where the network keeps it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.core import functions
from pellucid.errors import FileError, InputError
from pellucid.exchange.json_file import from_json, to_json
from pellucid.exchange.onnx import from_onnx, to_onnx
from pellucid.files import model
from tests.houses import flats, trained
from tests.narrowing import present


def test_intervals_of_a_table_hold_what_they_say() -> None:
    net, new = trained("rent"), flats(3_000, seed=1)
    low, high = net.interval(new, 0.9)
    assert low.shape == high.shape == (3_000, 1)
    share = np.mean((low[:, 0] <= new["rent"]) & (new["rent"] <= high[:, 0]))
    assert 0.85 < share < 0.95
    widths = (high - low)[:, 0]
    large = new["area"] > 90
    assert widths[large].mean() > 1.5 * widths[new["area"] < 50].mean()  # as the errors are
    found = pl.evaluate(net, new)
    assert present(found.coverage).share == pytest.approx(share)
    assert present(found.coverage).size == pytest.approx(widths.mean())
    assert present(pl.evaluate(net, new, level=0.5).coverage).share < 0.6


def test_sets_of_classes_of_a_table_hold_what_they_say() -> None:
    net, new = trained("kind"), flats(3_000, seed=1)
    sets = net.class_sets(new, 0.9)
    share = np.mean([kind in each for kind, each in zip(new["kind"], sets, strict=True)])
    assert 0.85 < share < 0.95
    found = present(pl.evaluate(net, new, level=0.9).coverage)
    assert found.share == pytest.approx(share)
    assert found.size == pytest.approx(np.mean([len(each) for each in sets]))
    assert [each[0] for each in sets] == net.labels(new)
    with pytest.raises(InputError, match=r"for classes use net\.class_sets"):
        net.interval(new)
    with pytest.raises(InputError, match=r"for values use net\.interval"):
        trained("rent").class_sets(new)


def test_few_rows_are_not_held_out_and_tell_nothing() -> None:
    net = trained("rent", 500)
    assert net.uncertainty is None
    with pytest.raises(InputError, match=r"train with validation=0\.2"):
        net.interval(flats(3))
    assert pl.evaluate(net, flats(100)).coverage is None
    pl.train_table(net, flats(500), validation=0.2, epochs=1, progress=False)
    assert present(net.uncertainty).rows == 100
    with pytest.raises(InputError, match=r"more held-out rows than 100: at most 0\.98"):
        net.interval(flats(3), 0.99)
    pl.train_table(net, flats(500), validation=None, epochs=1, progress=False)
    assert net.uncertainty is None  # the errors were those of other weights


def test_more_rows_than_memory_tell_the_same_kind_of_thing() -> None:
    table = flats(4_000)
    net = pl.table_mlp(pl.Columns.of(table, "rent", ignore=["kind"]), hidden=[8])
    pl.train_table(net, table, epochs=2, memory=40_000, progress=False)
    known = present(net.uncertainty)
    assert known.rows > 100
    assert known.residuals[0].nonnegative
    assert known.novelty is not None


@pytest.mark.parametrize("target", ["rent", "kind"])
def test_files_keep_it(target: str, tmp_path: Path) -> None:
    net, new = trained(target), flats(50, seed=2)
    net.save(tmp_path / "net.safetensors")
    to_json(net, tmp_path / "net.json")
    to_onnx(net, tmp_path / "net.onnx")
    again = pl.load(tmp_path / "net.safetensors")
    for other in (again, from_json(tmp_path / "net.json"), from_onnx(tmp_path / "net.onnx")):
        assert other.uncertainty == net.uncertainty
    assert again.copy().uncertainty == net.astype("float64").uncertainty == net.uncertainty
    if target == "rent":
        assert np.array_equal(again.interval(new), net.interval(new))
    else:
        assert again.class_sets(new) == net.class_sets(new)
    sizes = [(tmp_path / "net.safetensors").stat().st_size]
    net.uncertainty = None
    net.save(tmp_path / "net.safetensors")
    assert sizes[0] - (tmp_path / "net.safetensors").stat().st_size < 6_000
    assert pl.load(tmp_path / "net.safetensors").uncertainty is None  # as in older files


def test_a_file_whose_numbers_do_not_fit_is_refused(tmp_path: Path) -> None:
    net = trained("rent")
    header = net.header()
    header["uncertainty"]["novelty"]["center"].append(0.0)
    model.save(tmp_path / "net.safetensors", net.layers, header)
    with pytest.raises(FileError, match="held-out rows is malformed"):
        pl.load(tmp_path / "net.safetensors")


def test_probabilities_are_calibrated_in_the_weights(tmp_path: Path) -> None:
    """A network that is three times too sure."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(6_000, 2)).astype(np.float32)
    layer = pl.Affine(np.array([[2.0, 0.0, 1.0], [0.0, 1.0, -1.0]], np.float32))
    p = functions.softmax(layer.forward(x))
    t = (p.cumsum(axis=1) < generator.uniform(size=(6_000, 1))).sum(axis=1)
    net = pl.Network([pl.Affine(3 * layer.W), pl.Softmax()])
    before, chosen = pl.evaluate(net, x[1_000:], t[1_000:]), net.classify(x)
    pl.calibrate(net, x[:1_000], t[:1_000])
    after = pl.evaluate(net, x[1_000:], t[1_000:])
    assert present(net.uncertainty).temperature == pytest.approx(3, rel=0.15)
    assert present(after.calibration).error < 0.2 * present(before.calibration).error
    assert after.loss < before.loss
    assert (net.classify(x) == chosen).all()
    assert np.allclose(net.layers[0].params[0], layer.W, atol=0.3)  # in the weights, for exports


def test_the_training_rows_tell_the_distance() -> None:
    net = trained("kind")
    pl.calibrate(net, flats(1_000, seed=3), trained_on=flats(2_000))
    assert present(net.uncertainty).rows == 1_000
    assert present(net.uncertainty).novelty is not None
    pl.calibrate(net, flats(1_000, seed=3))
    assert present(net.uncertainty).novelty is None


def test_any_network_can_be_calibrated() -> None:
    """Rows without columns: intervals of several values, and sets of digits."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(500, 3)).astype(np.float32)
    t = np.stack([x[:, 0] + generator.normal(size=500), x[:, 1] * 2], axis=1)
    net = pl.Network([pl.Affine(np.array([[1, 0], [0, 2], [0, 0]], np.float32))])
    pl.calibrate(net, x[:250], t[:250])
    low, high = net.interval(x[250:], 0.8)
    assert low.shape == (250, 2)
    assert 0.7 < np.mean((low[:, 0] <= t[250:, 0]) & (t[250:, 0] <= high[:, 0])) < 0.9
    assert np.abs(high - low)[:, 1].max() < 1e-5
    classes = pl.Network([*net.layers, pl.Softmax()])
    p = functions.softmax(classes.layers[0].forward(x))
    pl.calibrate(classes, x, (generator.uniform(size=500) > p[:, 0]).astype(int))
    assert {len(each) for each in classes.class_sets(x, 0.9)} == {1, 2}
    with pytest.raises(InputError, match="targets are missing"):
        pl.calibrate(net, x)
    with pytest.raises(InputError, match="expected 20 held-out rows or more, got 19"):
        pl.calibrate(net, x[:19], t[:19])


def test_intervals_between_quantiles_follow_each_row() -> None:
    """Too narrow and too wide quantiles are both mended (conformalized quantile regression)."""
    generator = np.random.default_rng(0)
    x = generator.uniform(1, 5, size=(4_000, 1))
    t = x[:, 0] * generator.normal(size=4_000)
    for factor in (0.5, 1.645, 3.0):
        low, high = (pl.Network([pl.Affine([[sign * factor]])]) for sign in (-1.0, 1.0))
        found = pl.QuantileInterval(low, high, x[:1_000], t[:1_000]).interval(x[1_000:], 0.9)
        inside = (found[0][:, 0] <= t[1_000:]) & (t[1_000:] <= found[1][:, 0])
        assert 0.87 < inside.mean() < 0.93
        widths = (found[1] - found[0])[:, 0]
        assert (widths >= 0).all()
        assert np.corrcoef(widths, x[1_000:, 0])[0, 1] > 0.9
    table = flats(100)
    net = trained("rent")
    assert pl.QuantileInterval(net, net, table).interval(table)[0].shape == (100, 1)
    with pytest.raises(InputError, match="targets are missing"):
        pl.QuantileInterval(low, high, x)
    with pytest.raises(InputError, match="one output and 20 held-out rows or more"):
        pl.QuantileInterval(low, high, x[:19], t[:19])
