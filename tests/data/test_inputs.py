"""What a row of a network's inputs means: images, columns of a table, or nothing known."""

from typing import Any

import pytest

import pellucid as pl
from pellucid.data.inputs import inputs_from

TABLE = {"a": [1, 2, 3, 4], "t": ["no", "yes", "no", "yes"]}


def test_images_are_equal_by_their_shape() -> None:
    assert pl.Images((28, 28)) == pl.Images((28, 28)) != pl.Images((28, 27))
    assert pl.Images((4, 3)).width == 12
    assert len({pl.Images((4, 3)), pl.Images((4, 3))}) == 1


def test_inputs_come_back_from_their_dict() -> None:
    columns = pl.Columns.of(TABLE, target="t")
    for inputs, classes in ((pl.Images((4, 3)), None), (columns, ["no", "yes"])):
        assert inputs_from(inputs.to_dict(), classes, None) == inputs
        assert inputs_from(inputs.to_dict(), classes, inputs.width) == inputs
        with pytest.raises(pl.InputError, match="numbers a row, but its layers take 99"):
            inputs_from(inputs.to_dict(), classes, 99)
    assert inputs_from(None, None, 99) is None


@pytest.mark.parametrize("shape", [(28,), (0, 28), (-1, -1), (10**5, 10**5), (2.0, 2), "28", None])
def test_what_is_no_shape_of_images(shape: tuple[int, int]) -> None:
    with pytest.raises(pl.InputError, match=r"must be \(height, width\)"):
        pl.Images(shape)


def test_a_network_has_its_columns_themselves() -> None:
    columns = pl.Columns.of(TABLE, target="t")
    net = pl.table_mlp(columns, hidden=[2])
    assert net.columns is columns
    net.classes = ["nein", "ja"]
    assert net.columns.t({"a": [1, 2], "t": ["ja", "nein"]}).tolist() == [1, 0]


def test_a_network_takes_no_other_inputs() -> None:
    net = pl.mlp([4, 2])
    header: Any = {"kind": "images", "shape": [2, 2]}
    with pytest.raises(pl.InputError, match="inputs must be Images, Columns or None, got dict"):
        net.inputs = header
