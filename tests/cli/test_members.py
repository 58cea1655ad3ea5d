"""What commands say of an ensemble: how far its members agree, and one of them by itself."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pellucid as pl
from tests.cli.conftest import Result
from tests.townspeople import townspeople

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def people() -> dict[str, list[Any]]:
    return townspeople()


@pytest.fixture(scope="module")
def nets(people: dict[str, list[Any]]) -> dict[str, pl.Network]:
    """An ensemble of four for each target, trained so little that its members differ."""
    found = {}
    for target, other in (("bought", "spent"), ("spent", "bought")):
        columns = pl.Columns.of(people, target=target, ignore=[other])
        found[target] = pl.table_mlp(columns, hidden=[6], members=4)
        pl.train_table(found[target], people, epochs=2, progress=False)
    return found


@pytest.fixture
def files(people: dict[str, list[Any]], nets: dict[str, pl.Network]) -> None:
    for target, net in nets.items():
        net.save(f"{target}.safetensors")
    rows = list(zip(people["age"], people["city"], strict=True))[:20]
    lines = ["age,city", *(f"{age},{city}" for age, city in rows)]
    Path("new.csv").write_text("\n".join(lines))


@pytest.mark.usefixtures("files")
def test_predict_says_how_far_members_agree(run: Run, nets: dict[str, pl.Network]) -> None:
    spread = pl.member_spread(nets["bought"], "new.csv")
    assert spread.agreeing is not None and 0 < spread.agreeing.min() < spread.agreeing.max() == 4
    found = run("predict", "bought.safetensors", "new.csv")
    low, high = spread.low[0, 0], spread.high[0, 0]
    first = f"{spread.agreeing[0]} of 4 members agree: probability {low:.1%} to {high:.1%}"
    assert first in found.out
    assert f"{spread.agreeing[19]} of 4 members agree" in found.out.splitlines()[-1]
    entries = run("predict", "bought.safetensors", "new.csv", "--json").json
    assert [entry["members"]["agreeing"] for entry in entries] == spread.agreeing.tolist()
    assert entries[3]["members"]["low"] == pytest.approx(spread.low[3, 0])
    assert run("predict", "bought.safetensors", "new.csv", "-o", "y.csv").code == 0
    with Path("y.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["members agreeing"]) for row in rows] == spread.agreeing.tolist()
    assert float(rows[5]["highest member"]) == pytest.approx(spread.high[5, 0], rel=1e-5)


@pytest.mark.usefixtures("files")
def test_predict_gives_the_range_of_values(run: Run, nets: dict[str, pl.Network]) -> None:
    spread = pl.member_spread(nets["spent"], "new.csv")
    entry = run("predict", "spent.safetensors", "new.csv", "--json").json[2]
    assert entry["members"] == pytest.approx(
        {"count": 4, "low": spread.low[2, 0], "high": spread.high[2, 0]}
    )
    assert entry["members"]["low"] < entry["prediction"] < entry["members"]["high"]
    assert "its 4 members: " in run("predict", "spent.safetensors", "new.csv").out
    run("predict", "spent.safetensors", "new.csv", "-o", "y.csv")
    assert (
        Path("y.csv").read_text().splitlines()[0]
        == "row,prediction,lowest member,highest member,unlike training"
    )


@pytest.mark.usefixtures("files")
def test_explain_an_ensemble(run: Run, nets: dict[str, pl.Network]) -> None:
    net = nets["bought"]
    spread = pl.member_spread(net, "new.csv")
    assert spread.agreeing is not None
    row = int(spread.agreeing.argmin())
    words = ("explain", "bought.safetensors", "new.csv", "--row", row + 1)
    found = run(*words)
    assert f"{spread.agreeing[row]} of 4 members agree: probability " in found.out
    assert f"the other members predict: {'no' if 'prediction yes' in found.out else 'yes'} (" in (
        found.out
    )
    assert "not all 4 members agree on the direction of" in found.out or (
        "all 4 members agree on the direction of each column" in found.out
    )
    document = run(*words, "--json").json
    assert document["members"]["agreeing"] == spread.agreeing[row]
    x = net.columns.x("new.csv")[[row]]
    neuron = document["prediction"]
    each = [pl.integrated_gradients(own, x, neuron=neuron).values[0, 0] for own in net.members]
    age = document["columns"][0]
    assert age["name"] == "age" and age["members"]["raising"] == sum(v > 0 for v in each)
    assert age["members"]["low"] == pytest.approx(min(each), rel=1e-4)
    alone = run(*words, "--member", 2, "--json").json
    assert "members" not in alone
    assert alone["outputs"] == pytest.approx(net.members[2].predict(x)[0].tolist())
    assert "구성원 4개" in run(*words, "--lang", "ko").out


@pytest.mark.usefixtures("files")
def test_inspect_shows_a_member(run: Run, nets: dict[str, pl.Network]) -> None:
    found = run("inspect", "bought.safetensors", "new.csv", "--member", 3)
    assert found.out.startswith("member 3 of an ensemble, whose members go from 0 to 3")
    spread = pl.member_spread(nets["bought"], "new.csv")
    assert f"all 4 members agree on {spread.unanimous:.1%} of 20 rows" in found.out
    document = run("inspect", "spent.safetensors", "new.csv", "--json").json
    assert document["member"] == 0 and document["members"]["count"] == 4
    spread = pl.member_spread(nets["spent"], "new.csv")
    assert document["members"]["deviation"] == pytest.approx(spread.deviation.tolist())
    assert (
        "standard deviation over the 4 members"
        in run("inspect", "spent.safetensors", "new.csv").out
    )


@pytest.mark.usefixtures("files")
def test_evaluate_compares_with_members_alone(
    run: Run, people: dict[str, list[Any]], nets: dict[str, pl.Network]
) -> None:
    lines = [
        ",".join(people),
        *(",".join(map(str, row)) for row in zip(*people.values(), strict=True)),
    ]
    Path("people.csv").write_text("\n".join(lines))
    document = run("evaluate", "bought.safetensors", "people.csv", "--json").json
    each = [pl.evaluate(own, "people.csv").accuracy or 0 for own in nets["bought"].members]
    assert [found["accuracy"] for found in document["members"]] == pytest.approx(each)
    out = run("evaluate", "bought.safetensors", "people.csv").out
    assert f"its 4 members by themselves: accuracy {min(each):.1%} to {max(each):.1%}" in out
    out = run("evaluate", "spent.safetensors", "people.csv").out
    assert "its 4 members by themselves: root mean squared error " in out


@pytest.mark.usefixtures("files")
def test_members_that_do_not_exist(run: Run, nets: dict[str, pl.Network]) -> None:
    found = run("inspect", "bought.safetensors", "--member", 4)
    assert found.code == 1 and "--member takes a number from 0 to 3, got 4" in found.err
    nets["spent"].members[0].save("one.safetensors")
    found = run("explain", "one.safetensors", "new.csv", "--row", 1, "--member", 0)
    assert found.code == 1 and "this network has no members" in found.err
