"""`pellucid bench`: every contender does the same work as pellucid, and the report says what was
measured.

No time decides a test.
"""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from pellucid.bench import contest as contests
from pellucid.bench import worker
from pellucid.bench.contenders import contenders
from pellucid.bench.tasks import Task, digits, order, questions
from pellucid.cli import bench
from pellucid.engines import instruction_set

INSTALLED = [name for name in contests.installed() if name != "pellucid"]
LEARNING = [
    Task((784, 16, 16, 10)),
    Task((784, 16, 16, 10), optimizer="adam"),
    Task((784, 12, 10), "relu", batch_size=48, optimizer="adam"),
    Task((784, 12, 10), "relu", normalization="batch"),
]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(bench, "QUICK_ROWS", 70)
    monkeypatch.setattr(bench, "QUICK_REPEATS", {"answer": 1, "epoch": 1})
    monkeypatch.setattr(worker, "WARM", 0.0)


def test_pellucid_numpy_and_torch_are_held_together():
    assert {"numpy", "torch"} <= set(INSTALLED)


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize(("kind", "rows"), [("digits", 1), ("bytes", 50), ("dense", 50)])
def test_every_contender_gives_pellucids_answers(name, kind, rows):
    task = Task((784, 16, 16, 10), output="sigmoid", pixels=kind == "bytes")
    x = questions(kind, rows, 784)
    assert len(x) == (100 if rows == 1 else 1)
    expected = task.network().predict(x[-1])
    for table in (contenders()["pellucid"], contenders()[name]):
        for way, answer in table(task, 1).answers().items():
            y = answer(x[-1])
            assert (y.shape, y.dtype) == ((rows, 10), np.float32)
            np.testing.assert_allclose(
                y, expected, atol=1e-6, err_msg=way
            )  # a few units in the last place of 1


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize("task", LEARNING, ids=str)
def test_every_contender_learns_pellucids_weights(name, task, monkeypatch):
    kind = contenders()[name]
    monkeypatch.setattr(
        kind, "shuffles", False, raising=False
    )  # scikit-learn would use its own order
    rows = digits(150)
    pellucid, other = contenders()["pellucid"](task, 1), kind(task, 1)
    ways = other.epochs(rows)
    if not ways:
        assert name in ("onnxruntime",) or not task.plain
        return
    before = [p.copy() for p in pellucid.start.params]
    assert pellucid.epochs(rows)[""]() > 0
    # scikit-learn's Adam adds epsilon before the correction of the second moment
    tolerance = 0.01 if (name, task.optimizer) == ("sklearn", "adam") else 2e-5
    for way, epoch in ways.items():
        assert epoch() > 0
        for p, theirs, start in zip(pellucid.learned(), other.learned(), before, strict=True):
            np.testing.assert_allclose(p, theirs, atol=tolerance, err_msg=way)
            assert np.abs(p - start).max() > 1e-3


def test_pellucids_ways_learn_the_same():
    rows = digits(100)
    task = Task((784, 8, 10))
    contender = contenders()["pellucid"](task, 1)
    assert [seconds() > 0 for seconds in contender.epochs(rows).values()] == [True, True, True]
    assert sorted(order(1, 100)) == list(range(100))


def test_a_worker_does_what_is_asked():
    own = worker.Worker(contenders()["pellucid"], 1)
    task = {"widths": [784, 4, 10], "output": "sigmoid"}
    assert own.answer(task, "dense", 3) == {"ways": ["predictor(x)", "net.predict(x)"]}
    assert own.run("predictor(x)", 0.0)["seconds"] > 0
    assert own.epoch({"widths": [784, 4, 10]}, 40)["ways"] == ["", "with accuracy", "bytes in"]
    assert own.about()["peak"] > 1_000_000


def test_a_contender_that_fails_is_left_out():
    with contests.contest(["numpy"], 1) as held:
        assert held.epoch("case", Task((784, 4, 10), normalization="batch"), 40, 1) == []
        assert held.errors == {}
        assert held.epoch("case", Task((3, 4, 10)), 40, 1) == []
        assert "ValueError" in held.errors["numpy"][0]
        held.seats[0]._process.kill()
        held.seats[0]._process.wait()
        assert "error" in held.seats[0].ask("about")


def test_multiply_adds_are_counted_by_hand():
    # 2-3-1: forward 6 + 3, weights' gradients 6 + 3, inputs' gradients 3
    assert Task((2, 3, 1)).multiply_adds(10) == 210


def test_the_command_tells_what_it_measured(run, monkeypatch):
    monkeypatch.setattr(contests, "installed", lambda: ["pellucid", "numpy"])
    result = run("bench", "--quick")
    assert result.code == 0
    assert "pellucid 0." in result.out
    assert "NumPy by hand 2." in result.out
    assert "a tenth of an epoch of MNIST" in result.out
    assert "measuring: one row" in result.err
    assert f"instructions: {instruction_set()}." in " ".join(result.out.split())
    assert max(map(len, result.out.splitlines())) <= 80
    korean = run("bench", "--quick", "--lang", "ko").out
    assert "중앙값" in korean


def test_json_is_one_document_with_every_repetition(run, monkeypatch):
    monkeypatch.setattr(contests, "installed", lambda: ["pellucid", "numpy", "no_such_library"])
    monkeypatch.setattr(bench, "QUICK_REPEATS", {"answer": 2, "epoch": 2})
    result = run("bench", "--quick", "--json", "--threads", 1)
    assert result.err == ""
    found = json.loads(result.out)
    assert found["threads"] == 1
    assert set(found["versions"]) == {"pellucid", "numpy"}
    assert set(found["errors"]) == {"no_such_library"}
    assert {each["contender"] for each in found["results"]} == {"pellucid", "numpy"}
    assert all(
        len(each["seconds"]) == 2 and each["min"] <= each["median"] for each in found["results"]
    )
    text = run("bench", "--quick")
    assert "no_such_library was left out" in text.err


@pytest.mark.parametrize(
    ("seconds", "told"), [(1.234e-6, "1.23 us"), (0.0567, "56.7 ms"), (2.5, "2.50 s")]
)
def test_durations_have_a_unit_that_fits(seconds, told):
    assert bench.duration(seconds) == told


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return importlib.import_module("report")


def measured(case, contender, way, *seconds):
    own = {
        "case": case,
        "threads": 1,
        "contender": contender,
        "way": way,
        "compiling": None,
        "multiply_adds": 500,
    }
    return {
        **own,
        "seconds": seconds,
        "median": sorted(seconds)[1],
        "min": min(seconds),
        "max": max(seconds),
    }


def test_claims_are_held_against_what_was_measured(report, tmp_path):
    """A claim that holds, one that does not, one that was not measured, and a share of the peak
    counted by hand.
    """
    case = "784-16-16-10, sgd"
    epochs = [
        measured(case, "pellucid", "", 0.01, 0.02, 0.03),
        measured(case, "pellucid", "bytes in", 0.04, 0.04, 0.04),  # slower: no claim takes it
        measured(
            case, "pellucid", "with accuracy", 0.001, 0.001, 0.001
        ),  # it does more: no claim may take it
        measured(case, "torch", "torch.optim", 0.4, 0.3, 0.2),
        measured(case, "sklearn", "", 0.1, 0.1, 0.1),
    ]
    surroundings = dict.fromkeys(
        ["processor", "instructions", "system", "python", "date", "commit"], "x"
    )
    document = {
        "surroundings": {**surroundings, "cores": 1, "versions": {}},
        "epochs": epochs,
        "peak": {"1": 100_000},
    }
    claims = importlib.import_module("claims")
    verdicts = {
        verdict.against: verdict for verdict in claims.verdicts(document) if case in verdict.claim
    }
    assert verdicts["PyTorch, torch.optim"].measured == pytest.approx(1 / 15)
    assert verdicts["scikit-learn"].met is False
    assert "JAX" not in verdicts
    page = tmp_path / "benchmarks.md"
    report.write(document, page)
    text = page.read_text()
    assert "| one epoch, 784-16-16-10, sgd, 1 thread | PyTorch, torch.optim | 1/15 | 1/15 |" in text
    assert "| scikit-learn | 1/5 | 1/8 | **no** |" in text
    assert "| pellucid | 20.00 ms | 10.00 ms to 30.00 ms | 1.00 | 50 % |" in text
    assert "one row" not in text.split("## Answering")[0].split("## What is claimed")[1]
