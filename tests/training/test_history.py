"""The history of a training, as columns, records and a table."""

import json

import pytest

import pellucid as pl


def history() -> pl.History:
    made = pl.History("reference")
    for epoch, (loss, accuracy) in enumerate([(3.0, 0.25), (1.0, 0.75), (2.0, 0.75)], 1):
        made.records.append(
            {
                "epoch": epoch,
                "loss": loss,
                "accuracy": accuracy,
                "validation_loss": 4 - loss,
                "validation_accuracy": accuracy / 2,
                "learning_rate": 0.001 / epoch,
                "seconds": 0.5 * epoch,
            }
        )
    return made


def test_columns_and_numbers() -> None:
    made = history()
    assert made["loss"] == [3.0, 1.0, 2.0]
    assert len(made) == 3
    assert made.seconds == 3.0
    assert (made.engine, made.stopped) == ("reference", "finished")
    assert json.loads(json.dumps(made.to_dict())) == {
        "records": made.records,
        "stopped": "finished",
        "engine": "reference",
        "hints": [],
    }


def test_best_is_lowest_or_highest_and_the_first_of_equals() -> None:
    made = history()
    assert made.best("loss")["epoch"] == 2
    assert made.best("validation_loss")["epoch"] == 1
    assert made.best("accuracy")["epoch"] == 2
    assert made.best("validation_accuracy")["epoch"] == 2


def test_an_unknown_column() -> None:
    with pytest.raises(pl.InputError, match="no 'f1'; it has epoch, loss, accuracy"):
        history()["f1"]


def test_no_epoch_at_all() -> None:
    empty = pl.History("native")
    assert empty["loss"] == []
    assert empty.seconds == 0
    assert str(empty) == "the history is empty: no epoch was finished"
    with pytest.raises(pl.InputError, match="no epoch was finished"):
        empty.best("loss")


def test_as_a_table() -> None:
    lines = str(history()).splitlines()
    assert lines[0].split() == list(history().records[0])
    assert set(lines[1]) == {"-"}
    assert lines[3].split() == ["2", "1.0000", "0.7500", "3.0000", "0.3750", "0.0005", "1.00"]
    assert len(lines) == 5
    assert len({len(line) for line in lines}) == 1
    assert repr(history()) == str(history())


def test_the_heads_of_the_table_speak_korean() -> None:
    try:
        pl.set_language("ko")
        heads = str(history()).splitlines()[0]
        row = str(history()).splitlines()[3].split()
    finally:
        pl.set_language(None)
    for head in ("에포크", "손실", "정확도", "검증 손실", "검증 정확도", "학습률"):
        assert head in heads
    assert row == ["2", "1.0000", "0.7500", "3.0000", "0.3750", "0.0005", "1.00"]
