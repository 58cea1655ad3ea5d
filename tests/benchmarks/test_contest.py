"""`make bench`: contenders do the same work as pellucid, and the report states the measurements.

No time decides a test.
"""

from pathlib import Path
from typing import Any

import claims
import machine
import numpy as np
import pytest
import report
import run as benchmark
from contest import turns, worker
from contest.contenders import CONTENDERS, installed
from contest.tasks import Task, digits, inputs, order

INSTALLED = [name for name in installed() if name != "pellucid"]
TRAINING = [
    Task((784, 16, 16, 10)),
    Task((784, 16, 16, 10), optimizer="adam"),
    Task((784, 12, 10), "relu", batch_size=48, optimizer="adam"),
    Task((784, 12, 10), "relu", normalization="batch"),
]


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "WARM", 0.0)


def test_numpy_and_torch_are_compared() -> None:
    assert {"numpy", "torch"} <= set(INSTALLED)


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize(("kind", "rows"), [("digits", 1), ("bytes", 50), ("dense", 50)])
def test_every_contender_predicts_as_pellucid_does(name: str, kind: str, rows: int) -> None:
    task = Task((784, 16, 16, 10), output="sigmoid", pixels=kind == "bytes")
    x = inputs(kind, rows, 784)
    assert len(x) == (100 if rows == 1 else 1)
    expected = task.network().predict(x[-1])
    for contender in (CONTENDERS["pellucid"], CONTENDERS[name]):
        for way, predict in contender(task, 1).predictors().items():
            y = predict(x[-1])
            assert (y.shape, y.dtype) == ((rows, 10), np.dtype(np.float32))
            # a few units in the last place of 1
            np.testing.assert_allclose(y, expected, atol=1e-6, err_msg=way)


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize("task", TRAINING, ids=str)
def test_every_contender_trains_to_pellucids_weights(
    name: str, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = CONTENDERS[name]
    # scikit-learn would use its own order
    monkeypatch.setattr(kind, "shuffles", False, raising=False)
    rows = digits(150)
    pellucid, other = CONTENDERS["pellucid"](task, 1), kind(task, 1)
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
        for p, theirs, start in zip(pellucid.params(), other.params(), before, strict=True):
            np.testing.assert_allclose(p, theirs, atol=tolerance, err_msg=way)
            assert np.abs(p - start).max() > 1e-3


def test_pellucids_ways_train_the_same() -> None:
    rows = digits(100)
    task = Task((784, 8, 10))
    contender = CONTENDERS["pellucid"](task, 1)
    assert [seconds() > 0 for seconds in contender.epochs(rows).values()] == [True] * 4
    assert sorted(order(1, 100)) == list(range(100))


def test_a_worker_carries_out_requests() -> None:
    own = worker.Worker(CONTENDERS["pellucid"], 1)
    task = {"widths": [784, 4, 10], "output": "sigmoid"}
    assert own.predict(task, "dense", 3)["ways"] == ["predictor(x)", "net.predict(x)"]
    assert own.run("predictor(x)", 0.0)["seconds"] > 0
    assert own.epoch({"widths": [784, 4, 10]}, 40)["ways"] == [
        "", "whole call", "with accuracy", "bytes in",
    ]  # fmt: skip
    assert own.about()["peak"] > 1_000_000


def test_a_contender_that_fails_is_left_out() -> None:
    with turns.contest(["numpy"], 1) as held:
        assert held.epoch("case", Task((784, 4, 10), normalization="batch"), 40, 1) == []
        assert held.errors == {}
        assert held.epoch("case", Task((3, 4, 10)), 40, 1) == []
        assert "ValueError" in held.errors["numpy"][0]
        held.seats[0]._process.kill()
        held.seats[0]._process.wait()
        assert "error" in held.seats[0].ask("run", way="", seconds=0.0)
        assert held.seats[0].ask("about")["version"] == np.__version__  # started again


def test_multiply_adds_are_counted_by_hand() -> None:
    # 2-3-1: forward 6 + 3, weights' gradients 6 + 3, inputs' gradients 3
    assert Task((2, 3, 1)).multiply_adds(10) == 210


def test_results_keep_every_repetition() -> None:
    with turns.contest(["pellucid", "numpy", "no_such_library"], 1) as held:
        versions = {
            name: found["version"] for name, found in held.about().items() if "version" in found
        }
        results = held.predict("one row", Task((784, 4, 10)), "digits", 1, 2, 0.001)
        results += held.epoch("an epoch", Task((784, 4, 10)), 70, 2)
        assert set(held.errors) == {"no_such_library"}
    assert held.threads == 1
    assert set(versions) == {"pellucid", "numpy"}
    found = [result.to_dict() for result in results]
    assert {each["contender"] for each in found} == {"pellucid", "numpy"}
    assert {each["case"] for each in found} == {"one row", "an epoch"}
    assert all(len(each["seconds"]) == 2 and each["min"] <= each["median"] for each in found)


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.234e-6, "1.23 us"), (0.0567, "56.70 ms"), (2.5, "2.50 s")]
)
def test_durations_have_a_unit_that_fits(seconds: float, text: str) -> None:
    assert report.time_of(seconds) == text


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """`python benchmarks/run.py --quick --only predictions epochs`, with two contenders."""
    monkeypatch.setattr(benchmark, "installed", lambda: ["pellucid", "numpy"])
    monkeypatch.setattr(benchmark, "EPOCHS", benchmark.EPOCHS[:1])
    monkeypatch.setattr(benchmark, "cores", lambda: 1)
    words = ["--quick", "--only", "predictions", "epochs", "--docs", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["run.py", *words, "--data", str(tmp_path / "benchmarks.json")])
    benchmark.main()
    return tmp_path / "en" / "measured" / "benchmark-tables.md"


def test_the_page_states_the_measurements(quick: Path) -> None:
    text = quick.read_text()
    assert "NumPy 2." in text and "pellucid 0." in text
    assert "### one row, digits { #one-row-digits }\n" in text
    assert "| NumPy by hand |" in text
    assert "### 784-16-16-10, sgd { #784-16-16-10-sgd }\n" in text


def measured(case: str, contender: str, way: str, *seconds: float) -> dict[str, Any]:
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


def test_claims_are_compared_with_the_measurements(tmp_path: Path) -> None:
    """A claim that holds, one that does not, one not measured, a share of the peak by hand."""
    case = "784-16-16-10, sgd"
    epochs = [
        measured(case, "pellucid", "", 0.01, 0.02, 0.03),
        measured(case, "pellucid", "bytes in", 0.04, 0.04, 0.04),  # slower: no claim takes it
        # it does more: no claim may take it
        measured(case, "pellucid", "with accuracy", 0.001, 0.001, 0.001),
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
    verdicts = {
        verdict.against: verdict for verdict in claims.verdicts(document) if case in verdict.claim
    }
    assert verdicts["PyTorch, torch.optim"].measured == pytest.approx(1 / 15)
    assert verdicts["scikit-learn"].met is False
    assert "JAX" not in verdicts
    report.write_pages(document, tmp_path)
    text = (tmp_path / "en" / "measured" / "benchmark-tables.md").read_text()
    assert "| one epoch, 784-16-16-10, sgd, 1 thread | PyTorch, torch.optim | 1/15 | 1/15 |" in text
    assert "| scikit-learn | 1/5 | 1/8 | **no** |" in text
    assert "| pellucid | 20.00 ms | 10.00 ms - 30.00 ms | 1.00 | 50 % |" in text
    assert "one row" not in text.split("## Predictions")[0].split("## Claims")[1]


def test_products_are_compiled_as_the_engine_is() -> None:
    common = machine.engine_flags("baseline")
    assert common[0] == "-O3" and all(flag.startswith("-f") for flag in common[1:])
    assert machine.engine_flags("avx2") == [*common, "-mavx2", "-mfma"]
