"""Tables by command: train, predict, evaluate, describe.

What is said of columns, and what is wrong with them.
"""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

import pellucid as pl
from pellucid.cli import describe_table
from tests.cli.conftest import Result, fits

COLUMNS = [
    "id",
    "age",
    "income",
    "visits",
    "rate",
    "constant",
    "city",
    "plan",
    "colour",
    "zone",
    "member",
]


@pytest.fixture
def people(generator: np.random.Generator) -> pandas.DataFrame:
    n = 300
    frame = pandas.DataFrame(
        {
            "id": [f"p{index}" for index in range(n)],
            "age": generator.integers(18, 90, n).astype(float),
            "income": generator.lognormal(10, 1, n),
            "visits": generator.poisson(3, n),
            "rate": generator.normal(size=n),
            "constant": 7,
            "city": generator.choice(["서울", "부산", "제주"], n),
            "plan": generator.choice(["a", "b"], n),
            "colour": generator.choice(["red", "green"], n),
            "zone": generator.choice(["z1", "z2", "z3"], n),
            "member": generator.choice([True, False], n),
        }
    )
    frame["bought"] = np.where((frame["age"] > 50) ^ (frame["city"] == "서울"), "yes", "no")
    frame["spent"] = 1000 + 50 * frame["visits"] + 100 * (frame["plan"] == "a")
    frame.loc[generator.random(n) < 0.1, ["age", "city"]] = np.nan
    return frame


@pytest.fixture
def people_csv(people: pandas.DataFrame) -> Path:
    people.to_csv("people.csv", index=False)
    return Path("people.csv")


@pytest.fixture
def asked(people: pandas.DataFrame, generator: np.random.Generator) -> pandas.DataFrame:
    """The same people as the network sees them later.

    Shuffled columns, unseen categories, missing cells, an extra.
    """
    frame = people[generator.permutation(people.columns)].assign(extra=1)
    frame.loc[:4, "zone"] = "z9"
    frame.loc[5:7, "income"] = np.nan
    frame.to_csv("asked.csv", index=False)
    return frame


def words(target: str, *more: object) -> tuple[object, ...]:
    other = {"bought": "spent", "spent": "bought"}[target]
    return (
        "train",
        "--data",
        "people.csv",
        "--target",
        target,
        "--ignore",
        other,
        "--ignore",
        "id",
        *more,
    )


@pytest.mark.filterwarnings("ignore::pellucid.TableWarning")
def test_train_predict_and_evaluate_by_command(
    run: Callable[..., Result], people_csv: Path, asked: pandas.DataFrame
) -> None:
    trained = run(*words("bought"))
    assert trained.code == 0, trained.err
    told = " ".join(trained.err.split())
    assert "target bought: 2 classes (its cells are texts): no, yes" in told
    assert "numbers: age, income, visits, rate, constant" in told
    assert "categories: city, plan, colour, zone, member" in told
    assert "with missing cells: age, city" in told
    assert "left out: spent (as requested), id (as requested)" in told
    assert "network 19-128-128-2" in told
    assert "on the training rows: accuracy" in trained.out
    answered = run("predict", "model.safetensors", "asked.csv", "--json")
    assert answered.code == 0, answered.err
    told = " ".join(answered.err.split())
    assert "asked.csv: columns are in another order than in training" in told
    assert "asked.csv: ignored columns: " in told
    assert {"extra", "id", "spent"} == set(
        told.partition("ignored columns: ")[2].split(" asked.csv")[0].split(", ")
    )
    assert f"imputed missing cells: {asked[['age', 'city', 'income']].isna().sum().sum()} (" in told
    assert "cells of categories unseen in training: 5 (zone: 'z9' 5)" in told
    net = pl.load("model.safetensors")
    assert [entry["label"] for entry in answered.json] == net.labels(asked)
    assert [entry["row"] for entry in answered.json] == list(range(1, 301))
    np.testing.assert_allclose(
        [entry["outputs"] for entry in answered.json], net.predict(asked), atol=1e-6
    )
    evaluated = run("evaluate", "model.safetensors", "asked.csv", "--json")
    right = np.mean(
        [entry["label"] == t for entry, t in zip(answered.json, asked["bought"], strict=True)]
    )
    assert evaluated.json["accuracy"] == pytest.approx(right)
    assert "unseen in training: " in evaluated.err
    assert (
        run("evaluate", "model.safetensors", "--data", "asked.csv", "--json").json == evaluated.json
    )


def test_values_by_command(
    run: Callable[..., Result], people_csv: Path, asked: pandas.DataFrame
) -> None:
    trained = run(*words("spent", "--validation", 0.2, "--task", "regress", "--json"))
    assert trained.json["task"] == "regress"
    assert trained.json["classes"] is None
    assert trained.json["validation"]["r2"] > 0.8
    answered = run("predict", "model.safetensors", "asked.csv")
    # A line for each row; unusual ones go on below it
    lines = [line for line in answered.out.splitlines() if line.startswith("asked.csv:")]
    assert len(lines) == 300
    assert lines[0].startswith("asked.csv:1  ")
    y = np.array([float(line.split()[1].rstrip(";").replace(",", "")) for line in lines])
    assert np.corrcoef(y, asked["spent"])[0, 1] > 0.9
    evaluated = run("evaluate", "model.safetensors", "asked.csv", "--json").json
    assert evaluated["r2"] > 0.8
    assert evaluated["mean_absolute_error"] == pytest.approx(
        np.abs(y - asked["spent"]).mean(), rel=1e-3
    )


def test_the_result_as_json(run: Callable[..., Result], people_csv: Path) -> None:
    result = run(*words("bought", "--epochs", 2, "--json")).json
    assert list(result)[:5] == ["model", "parameters", "epochs", "seconds", "stopped"]
    assert list(result)[5:9] == ["engine", "train", "validation", "test"]
    assert result["model"] == "model.safetensors"
    assert result["rows"] == 300
    assert (result["target"], result["task"], result["classes"]) == (
        "bought",
        "classify",
        ["no", "yes"],
    )
    assert result["columns"] == COLUMNS[1:]
    assert result["left_out"] == {"spent": "as requested", "id": "as requested"}
    assert result["validation"] is None
    assert set(result["train"]) == {"loss", "accuracy"}


def test_each_option_changes_its_part(run: Callable[..., Result], people_csv: Path) -> None:
    more = [
        "--layers",
        "19,8,2",
        "--activation",
        "tanh",
        "--dropout",
        0.5,
        "--optimizer",
        "sgd",
        "--epochs",
        3,
    ]
    more += [
        "--batch-size",
        50,
        "--loss",
        "cross_entropy",
        "--label-smoothing",
        0.1,
        "--validation",
        "people.csv",
    ]
    result = run(*words("bought", *more, "--seed", 4, "-o", "net.safetensors", "--json"))
    assert result.code == 0, result.err
    assert result.json["validation"]["accuracy"] is not None
    net = pl.load("net.safetensors")
    assert [type(layer).__name__ for layer in net.layers] == [
        *("Standardize", "SmoothClip", "Affine", "Tanh", "Dropout", "Affine", "Softmax")
    ]
    assert net.record["loss"] == repr(pl.CrossEntropy(0.1))
    assert (net.record["epochs"], net.record["batch_size"], net.record["seed"]) == (3, 50, 4)
    assert net.record["optimizer"].startswith("SGD")


def test_the_preset_is_chosen(run: Callable[..., Result], people_csv: Path) -> None:
    fronts = {}
    for preset in ("tabular", "plain"):
        result = run(
            "train", "--data", "people.csv", "--target", "bought", "--preset", preset, "--epochs", 1
        )
        assert result.code == 0, result.err
        fronts[preset] = [type(layer).__name__ for layer in pl.load("model.safetensors").layers[:2]]
    assert fronts == {"tabular": ["Standardize", "SmoothClip"], "plain": ["Standardize", "Affine"]}
    assert "'tabular', 'plain'" in " ".join(
        run("train", "--data", "people.csv", "--preset", "best").err.split()
    )


def test_an_embedding_does_not_count_as_inputs(
    run: Callable[..., Result], people: pandas.DataFrame
) -> None:
    people = pandas.concat([people] * 4)
    people.to_csv("people.csv", index=False)
    result = run(*words("bought", "--layers", "19,8,2", "--epochs", 1))
    assert result.code == 0, result.err
    assert "network 19-8-2" in " ".join(result.err.split())
    assert type(pl.load("model.safetensors").layers[2]) is pl.PeriodicEmbedding


def test_a_recipe_of_its_own_is_used(run: Callable[..., Result], people_csv: Path) -> None:
    run(*words("bought", "--quick"))
    net = pl.load("model.safetensors")
    recipe = pl.recipes.tables(net, 300, quick=True)
    assert net.record["optimizer"] == repr(recipe.optimizer)
    assert (net.record["epochs"], net.record["batch_size"]) == (recipe.epochs, recipe.batch_size)
    assert pl.recipes.tables(net, 300).epochs > recipe.epochs


def test_recipes_take_more_rows_in_a_step_where_there_are_more() -> None:
    net = pl.mlp([2, 2])
    found = [
        pl.recipes.tables(net, rows) for rows in (100, 10_000, 100_000, 1_000_000, 100_000_000)
    ]
    assert [recipe.batch_size for recipe in found] == [32, 64, 128, 256, 512]
    assert [recipe.epochs for recipe in found] == [300, 77, 16, 4, 2]


def test_many_rows_keep_a_tenth_for_validation(
    run: Callable[..., Result], people: pandas.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.training.table_loop.ENOUGH", 300)
    people.to_csv("people.csv", index=False)
    result = run(*words("bought", "--epochs", 5))
    assert "on held-out validation rows: accuracy" in " ".join(result.out.split())
    assert pl.load("model.safetensors").record["rows"] == 270
    assert (
        run(*words("bought", "--epochs", 1, "--validation", "none", "--json")).json["validation"]
        is None
    )
    assert pl.load("model.safetensors").record["rows"] == 300
    assert (
        run("train", "--data", "xor", "--epochs", 1, "--validation", "none", "--json").json[
            "validation"
        ]
        is None
    )


def test_categories_and_numbers_may_be_declared(
    run: Callable[..., Result], people_csv: Path
) -> None:
    result = run(*words("bought", "--category", "visits", "--epochs", 1))
    assert "categories: visits, city" in " ".join(result.err.split())
    kinds = {
        column.name: type(column).__name__
        for column in pl.load("model.safetensors").columns.columns
    }
    assert kinds["visits"] == "CategoryColumn"
    wrong = run(*words("bought", "--number", "city", "--epochs", 1))
    assert wrong.code == 1
    assert "column city: '" in wrong.err
    assert "is not a number" in wrong.err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            ["--data", "people.csv"],
            "--target COLUMN is required: the column to predict, one of id, age",
        ),
        (
            ["--data", "people.csv", "--target", "nobody"],
            "there is no column 'nobody'; its columns are id, age",
        ),
        (["--data", "people.csv", "--target", "bought", "--ignore", "x"], "there is no column 'x'"),
        (["--data", "nowhere.csv", "--target", "bought"], "no such file"),
        (["--data", "mnist", "--target", "bought"], "no such file"),
        (
            ["--data", "people.csv", "--target", "bought", "--augment", "noise=1"],
            "the data are not images",
        ),
        (["--data", "people.csv", "--target", "bought", "--layers", "3,2"], "begin with"),
        (["--data", "people.csv", "--target", "bought", "--layers", "20,5"], "use --layers 20,5,2"),
        (
            ["--data", "people.csv", "--target", "bought", "--layers", "20,8,3"],
            "the last layer 3 outputs: use --layers 20,8,2",
        ),
    ],
)
def test_what_is_wrong_is_one_line(
    run: Callable[..., Result], people_csv: Path, more: Sequence[str], told: str
) -> None:
    result = run("train", *more)
    assert result.code == 1
    assert result.err.count("\n") == 1
    assert told in result.err
    assert not Path("model.safetensors").exists()


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("age", "inf", "row 3 (counted from 1 below the names), column age: 'inf' is infinite"),
        ("age", "old", "row 3 (counted from 1 below the names), column age: 'old' is not a number"),
        (
            "bought",
            "",
            "row 3 (counted from 1 below the names), column bought: the target is missing",
        ),
    ],
)
def test_a_bad_cell_is_named(
    run: Callable[..., Result], people_csv: Path, column: str, cell: str, told: str
) -> None:
    run(*words("bought", "--epochs", 1))
    with people_csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[3][rows[0].index(column)] = cell
    with Path("bad.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    for command in (
        ["train", "--data", "bad.csv", *words("bought", "--number", "age", "-o", "other")[3:]],
        ["evaluate", "model.safetensors", "bad.csv"],
    ):
        result = run(*command)
        assert result.code == 1
        assert told in result.err.splitlines()[-1]
    answered = run("predict", "model.safetensors", "bad.csv")
    assert answered.code == (0 if column == "bought" else 1)


def test_other_mistakes_in_asking(
    run: Callable[..., Result], people_csv: Path, table_model: Path
) -> None:
    run(*words("bought", "--epochs", 1))
    Path("few.csv").write_text("age,city\n1,2\n")
    result = run("predict", "model.safetensors", "few.csv", "people.csv", "--json")
    assert result.code == 1
    assert "no column 'income', 'visits'" in result.json[0]["error"]
    assert len(result.json) == 301
    Path("none.csv").write_text(",".join(COLUMNS) + ",bought\n")
    assert "there are no rows" in run("evaluate", "model.safetensors", "none.csv").err
    assert run("predict", "model.safetensors", "none.csv").out == ""
    both = run("evaluate", "model.safetensors", "people.csv", "--data", "people.csv")
    assert both.code == 2
    assert "name the data once" in both.err
    assert "was not trained on a table" in run("predict", table_model, "people.csv").err
    Image.new("L", (2, 2)).save("small.png")
    assert (
        "an image, but the network takes tables with"
        in run("predict", "model.safetensors", "small.png").err
    )


def test_the_target_may_have_another_name(
    run: Callable[..., Result], people: pandas.DataFrame, people_csv: Path
) -> None:
    run(*words("bought", "--epochs", 1))
    people.rename(columns={"bought": "truth"}).to_csv("renamed.csv", index=False)
    assert "no column 'bought'" in run("evaluate", "model.safetensors", "renamed.csv").err
    renamed = run("evaluate", "model.safetensors", "renamed.csv", "--target", "truth", "--json")
    assert renamed.json == run("evaluate", "model.safetensors", "people.csv", "--json").json


def test_arrays_and_parquet_by_command(
    run: Callable[..., Result], generator: np.random.Generator
) -> None:
    x = generator.normal(size=(200, 3))
    np.savez("a.npz", x=x, t=(x[:, 0] > 0).astype(int))
    pandas.DataFrame(x, columns=["x0", "x1", "x2"]).assign(t=x[:, 0] > 0).to_parquet("a.parquet")
    for name in ("a.npz", "a.parquet"):
        assert run("train", "--data", name, "--target", "t", "--epochs", 30).code == 0
        found = (
            [run("evaluate", "model.safetensors", "a.parquet", "--json").json]
            if name == "a.parquet"
            else []
        )
        found.append(run("evaluate", "model.safetensors", name, "--json").json)
        assert all(each["accuracy"] > 0.9 for each in found)
        assert len(run("predict", "model.safetensors", name, "--json").json) == 200
    # rows of numbers without names go to the inputs as they are
    np.save("rows.npy", np.zeros((2, 3)))
    assert [
        entry["row"] for entry in run("predict", "model.safetensors", "rows.npy", "--json").json
    ] == [1, 2]
    np.savez("plain.npz", x=np.zeros((2, 3)))
    assert len(run("predict", "model.safetensors", "plain.npz", "--json").json) == 2


def test_a_network_that_learned_nothing_is_told_of(
    run: Callable[..., Result], generator: np.random.Generator
) -> None:
    pandas.DataFrame({"a": generator.normal(size=200), "t": generator.integers(0, 2, 200)}).to_csv(
        "n.csv", index=False
    )
    result = run(
        "train", "--data", "n.csv", "--target", "t", "--learning-rate", 0, "--validation", 0.5
    )
    assert "warning: the network is no better than always predicting" in " ".join(
        result.err.split()
    )
    pandas.DataFrame({"a": generator.normal(size=200), "t": generator.normal(size=200)}).to_csv(
        "n.csv", index=False
    )
    result = run("train", "--data", "n.csv", "--target", "t", "--validation", 0.5, "--json")
    assert "no better than always predicting the mean" in result.json["warnings"][0]


def test_large_tables_are_said_to_be_learned_in_blocks(
    run: Callable[..., Result], people_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.training.table_loop.MEMORY", 1000)
    assert "block by block, from a temporary file" in " ".join(
        run(*words("bought", "--epochs", 1)).err.split()
    )


def test_describe(run: Callable[..., Result], people: pandas.DataFrame, people_csv: Path) -> None:
    for command in (("data", "describe", "people.csv"), ("data", "people.csv")):
        result = run(*command)
        assert result.code == 0
        lines = {
            line.split()[0]: " ".join(line.split()) for line in result.out.splitlines() if line
        }
        assert lines["people.csv:"] == "people.csv: 300 rows, 13 columns"
        missing = int(people["age"].isna().sum())
        mean = people["age"].mean()
        assert lines["age"] == f"age number 18 to 89, mean {mean:.4g}; {missing} missing"
        assert (
            lines["id"] == "id category 300 different: p0 1, p1 1, p2 1, ...; left out: text that"
        )
        assert lines["plan"].startswith("plan category 2 different: ")
    facts = {
        fact["name"]: fact
        for fact in run("data", "describe", "people.csv", "--json").json["columns"]
    }
    assert facts["age"]["range"] == [18, 89]
    assert facts["plan"]["counts"] == people["plan"].value_counts().to_dict()
    assert facts["id"]["left_out"]
    assert list(facts) == [*COLUMNS, "bought", "spent"]


def test_describe_strange_tables(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.csv").write_text(",e,n,c\n1,,5,x\n2,,inf,y\n" + "3,,5,x\n" * 20 + "4,,five,y\n")
    out = " ".join(run("data", "describe", "a.csv").out.split())
    assert "(no name) number 1 to 4" in out
    assert "left out: it has no name" in out
    assert "e - 23 missing; left out: it is empty" in out
    assert "cells that are not numbers: 1, the first in row 23" in out
    assert "infinite cells: 1, the first in row 2" in out
    monkeypatch.setenv("COLUMNS", "40")
    for language in ("en", "ko"):
        assert fits(run("data", "describe", "a.csv", "--lang", language).out, 40)
    pandas.DataFrame({"l": [[1], [2]], "a": [1, 2]}).to_parquet("l.parquet")
    assert "l - left out: its cells are neither numbers" in " ".join(
        run("data", "describe", "l.parquet").out.split()
    )
    np.save("rows.npy", np.eye(3))
    assert "x0" in run("data", "describe", "rows.npy").out
    assert run("data", "describe", "a.csv", "l.parquet").code == 2


def test_arrays_named_x_and_t_are_described_as_before(
    run: Callable[..., Result], table_npz: Path
) -> None:
    assert not describe_table.is_table(str(table_npz))
    assert "200 rows to train on" in " ".join(run("data", "describe", table_npz).out.split())


def test_korean(run: Callable[..., Result], people_csv: Path, asked: pandas.DataFrame) -> None:
    trained = run(*words("bought", "--epochs", 2, "--lang", "ko"))
    told = trained.err + run("predict", "model.safetensors", "asked.csv", "--lang", "ko").err
    for korean in (
        "예측할 열 bought",
        "숫자 열:",
        "범주 열:",
        "제외한 열:",
        "무시한 열:",
        "학습 때 없던 범주",
    ):
        assert korean in told.replace("\n", " "), korean
    assert "숫자" in run("data", "describe", "people.csv", "--lang", "ko").out


def test_hostile_inputs_are_no_traceback(run: Callable[..., Result], people_csv: Path) -> None:
    run(*words("bought", "--epochs", 1))
    content = Path("model.safetensors").read_bytes()
    hostile = content.replace(b'\\"number\\"', b'\\"nobody\\"', 1)
    assert hostile != content
    Path("hostile.safetensors").write_bytes(hostile)
    for command in (
        ("predict", "hostile.safetensors", "people.csv"),
        ("evaluate", "hostile.safetensors", "people.csv"),
    ):
        result = run(*command)
        assert result.code == 1
        assert "hostile.safetensors: not a usable model file" in result.err


def test_a_table_is_never_replaced_by_a_network(
    run: Callable[..., Result], people_csv: Path
) -> None:
    before = Path("people.csv").read_bytes()
    result = run(
        "train", "--data", "people.csv", "--target", "bought", "--epochs", 1, "-o", "people.csv"
    )
    assert result.code == 1
    assert "is read here, and would be replaced" in result.err
    assert Path("people.csv").read_bytes() == before


def test_hidden_layers_alone(run: Callable[..., Result], people_csv: Path) -> None:
    assert (
        run(
            "train", "--data", "people.csv", "--target", "bought", "--epochs", 1, "--hidden", "7"
        ).code
        == 0
    )
    widths = [
        layer.W.shape[1]
        for layer in pl.load("model.safetensors").layers
        if isinstance(layer, pl.Affine)
    ]
    assert widths == [7, 2]
    both = run(
        "train", "--data", "people.csv", "--target", "bought", "--hidden", "7", "--layers", "9,7,2"
    )
    assert both.code == 2
    assert "name the layers once" in both.err


def test_the_rows_that_were_learned_flatter(run: Callable[..., Result], people_csv: Path) -> None:
    assert (
        run(
            "train",
            "--data",
            "people.csv",
            "--target",
            "bought",
            "--epochs",
            1,
            "--validation",
            0.2,
        ).code
        == 0
    )
    assert "this is the training data" in run("evaluate", "model.safetensors", "people.csv").err
    lines = Path("people.csv").read_text().splitlines()
    Path("others.csv").write_text("\n".join(lines[:50]))
    assert "this is the training data" not in run("evaluate", "model.safetensors", "others.csv").err


def test_a_network_of_numbers_has_no_classes() -> None:
    table = {"age": [20, 30, 40, 50] * 9, "rent": [5, 3, 7, 4] * 9}
    net = pl.table_mlp(pl.Columns.of(table, target="rent", task="regress"))
    with pytest.raises(pl.InputError, match=r"use net\.predict"):
        net.labels({"age": [30]})
