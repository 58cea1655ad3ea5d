"""What people send by curl, and what clients of other servers send: rows, CSV, images."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pellucid as pl
from pellucid.data import mnist
from tests.houses import flats, trained
from tests.serving.asking import Asker

ROWS = [{"age": 31, "city": "Seoul"}, {"age": 54, "city": "Busan"}]
CELLS = {"age": [31, 54], "city": ["Seoul", "Busan"]}
CSV = b"city;age\nSeoul;31\nBusan;54\n"


def image_file(form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(mnist().test.images[0]).save(file, form, **options)
    return file.getvalue()


def test_a_row_gets_its_label(asker: Asker, nets: dict[str, pl.Network]) -> None:
    net = nets["people"]
    y = net.predict(CELLS)
    for body in (ROWS, CSV):
        found = asker.post("/predict/people", body).json
        assert found["model"] == "people" and "warnings" not in found
        for entry, outputs in zip(found["predictions"], y, strict=True):
            assert entry["label"] == net.label(net.choose(outputs[None])[0])
            assert entry["confidence"] == pytest.approx(net.confidence(outputs[None])[0])
            assert entry["outputs"] == pytest.approx(outputs.tolist(), rel=1e-6)
    for _ in range(2):  # read, then remembered
        one = asker.post("/predict/people", ROWS[0]).json
        assert len(one["predictions"]) == 1
        assert one["predictions"][0]["outputs"] == pytest.approx(y[0].tolist(), rel=1e-6)


def test_values_come_with_their_unit(asker: Asker, nets: dict[str, pl.Network]) -> None:
    found = asker.post("/predict/houses", {"area": 70}).json
    assert found["units"] == {"price": "€"}
    (entry,) = found["predictions"]
    assert entry["prediction"] == pytest.approx(nets["houses"].predict({"area": 70})[0, 0])


def test_unusual_cells_are_said_every_time(asker: Asker) -> None:
    for _ in range(2):
        found = asker.post("/predict/people", {"age": 31, "city": "Daegu"}).json
        assert "Daegu" in found["warnings"][0]


def test_intervals_and_sets_are_those_of_the_network(asking: Callable[..., Asker]) -> None:
    nets = {target: trained(target) for target in ("rent", "kind")}
    asker, rows = asking(nets), flats(3, seed=5)
    rows["area"][1] = 900
    rows = {name: rows[name].tolist() for name in ("area", "rooms", "city")}
    x = nets["rent"].columns.read_rows(rows)[0]
    sent = [dict(zip(rows, cells, strict=True)) for cells in zip(*rows.values(), strict=True)]
    found = asker.post("/predict/rent?interval=0.9", sent).json["predictions"]
    low, high = nets["rent"].interval(x, 0.9)
    for entry, *ends in zip(found, low[:, 0], high[:, 0], strict=True):
        assert entry["interval"] == pytest.approx(ends)
        assert ends[0] < entry["prediction"] < ends[1]
    strange = ["area 900 is above 119.95"]
    assert [entry["unlike_training"] for entry in found] == [[], strange, []]
    found = asker.post("/predict/kind?interval=0.9", sent).json["predictions"]
    x = nets["kind"].columns.read_rows(rows)[0]
    assert [entry["set"] for entry in found] == nets["kind"].class_sets(x, 0.9)
    plain = asker.post("/predict/rent", sent).json["predictions"]
    assert not {"interval", "unlike_training"} & plain[0].keys()
    # The document speaks of it where the model has it
    post = asker.get("/openapi.json").json["paths"]["/predict/rent"]["post"]
    assert [each["name"] for each in post["parameters"]] == ["interval"]
    schema = post["responses"]["200"]["content"]["application/json"]["schema"]
    known = schema["properties"]["predictions"]["items"]["properties"]
    assert {"interval", "set", "unlike_training"} <= known.keys()


def test_a_level_that_cannot_be_had_is_refused(asker: Asker, asking: Callable[..., Asker]) -> None:
    for level in ("0", "1", "nan", "wide", "", "0.9&interval=0.8"):
        refused = asker.post(f"/predict/people?interval={level}", ROWS)
        assert refused.status == 400 and "interval must be a number above 0" in refused.error
    refused = asker.post("/predict/people?interval=0.9", ROWS)
    assert refused.status == 400 and "no rows were held out" in refused.error
    assert "parameters" not in asker.get("/openapi.json").json["paths"]["/predict/people"]["post"]
    sure = asking({"rent": trained("rent")})
    row = {"area": 50, "rooms": 2, "city": "Seoul"}
    refused = sure.post("/predict/rent?interval=0.999", row)
    assert refused.status == 400 and "needs more held-out rows" in refused.error


def test_an_image_becomes_a_digit(asker: Asker, nets: dict[str, pl.Network]) -> None:
    digit = pl.digit(mnist().test.images[0])
    for form in ("PNG", "BMP", "GIF", "TIFF"):
        found = asker.post("/predict/digits", image_file(form)).json
        (entry,) = found["predictions"]
        assert entry["label"] == "7"
        assert entry["outputs"] == pytest.approx(nets["digits"].predict(digit[None])[0].tolist())
    assert asker.post("/predict/digits", image_file("PNG")[:100]).status == 400
    blank = io.BytesIO()
    Image.new("L", (50, 50), 255).save(blank, "PNG")
    assert "no digit" in asker.post("/predict/digits", blank.getvalue()).error


def test_an_image_is_decoded_elsewhere_and_a_crash_there_is_survived(asker: Asker) -> None:
    assert asker.post("/predict/digits", image_file("PNG")).status == 200
    process = asker.app.computing._decoder._process
    assert process is not None
    process.kill()
    asker.loop.run_until_complete(process.wait())
    assert asker.post("/predict/digits", image_file("PNG")).status == 200
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    answer = asker.post("/predict/digits", bomb.getvalue())
    assert len(bomb.getvalue()) < 100_000
    assert (answer.status, "64,000,000 pixels" in answer.error) == (400, True)
    assert asker.post("/predict/digits", image_file("PNG")).status == 200


def test_numbers_are_rows_too(asker: Asker, nets: dict[str, pl.Network]) -> None:
    x = mnist().test.images[:2].reshape(2, 784)
    expected = nets["digits"].predict(x)
    text = "\n".join(",".join(map(str, row)) for row in x.tolist()).encode()
    for body in (x.tolist(), text, x.reshape(2, 28, 28).tolist()):
        found = asker.post("/predict/digits", body).json["predictions"]
        assert [each["outputs"] for each in found] == [pytest.approx(y.tolist()) for y in expected]
    assert len(asker.post("/predict/digits", x[0].tolist()).json["predictions"]) == 1


def test_each_model_has_an_example_that_works(asker: Asker) -> None:
    for name in asker.app.served:
        example = asker.get(f"/predict/{name}")
        found = asker.post(f"/predict/{name}", example.body).json
        assert len(found["predictions"]) == 1 and "warnings" not in found
    assert asker.get("/predict/digits").headers["content-type"] == "image/png"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_rows_of_the_guide_get_predictions(asker: Asker, language: str) -> None:
    guide = Path(f"docs/{language}/how-to/serve.md").read_text("utf-8")
    bodies = re.findall(r"curl -s -d '(.*)' \S+/predict/houses\n", guide)
    counts = [
        len(asker.post("/predict/houses", each.encode()).json["predictions"]) for each in bodies
    ]
    assert counts == [1, 2] and "null" in bodies[1]
    (ready,) = re.findall(r"`GET (/v2/health/r\w+)`", guide)
    assert asker.get(ready).status == 200


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/predict/people", b"", "empty"),
        ("/predict/people", b"[]", "not empty"),
        ("/predict/people", b"5", "CSV|first line"),
        ("/predict/people", b"\xff\xfe", "CSV|UTF-8|CP949"),
        ("/predict/people", [{"age": 1}, 2], "all be objects"),
        ("/predict/people", {"age": [1, 2], "city": "Seoul"}, "a cell must be"),
        ("/predict/people", {"age": 31}, "no column 'city'"),
        ("/predict/people", {"age": "old", "city": "Seoul"}, "old"),
        ("/predict/people", b'{"city":NaN}', "not JSON: NaN at line 1 column 9; send null"),
        ("/predict/people", b"[{\n'age':1}]", "not JSON"),
        ("/predict/people", b'[{"age":-Infinity}]', "not JSON: Infinity at line 1"),
        ("/predict/people", image_file("PNG"), "takes no images"),
        ("/predict/digits", {"age": 31}, "no column names"),
        ("/predict/digits", b"age,city\n1,Seoul", "CSV of numbers"),
        ("/predict/digits", [[1, 2], [3]], "one length"),
        ("/predict/digits", ["a"], "lists of numbers"),
        ("/predict/digits", [[1, 2]], "784"),
        ("/v1/models/digits:predict", {"inputs": []}, "instances"),
        ("/v1/models/digits:predict", {"instances": []}, "not empty"),
    ],
)
def test_what_is_wrong_is_said(asker: Asker, path: str, body: Any, said: str) -> None:
    answer = asker.post(path, body)
    assert answer.status == 400
    assert any(part in answer.error for part in said.split("|")), answer.error


def test_kserve_v1_and_tensorflow_serving(asker: Asker, nets: dict[str, pl.Network]) -> None:
    x = mnist().test.images[:2].reshape(2, 784)
    found = asker.post("/v1/models/digits:predict", {"instances": x.tolist()}).json
    assert np.allclose(found["predictions"], nets["digits"].predict(x), atol=1e-6)
    found = asker.post("/v1/models/people:predict", {"instances": ROWS}).json
    assert np.allclose(found["predictions"], nets["people"].predict(CELLS), atol=1e-6)
    assert asker.get("/v1/models").json == {"models": ["digits", "houses", "people"]}
    assert asker.get("/v1/models/digits").json == {"name": "digits", "ready": True}


@pytest.mark.parametrize(
    "body",
    [
        {"instances": ROWS},
        {"inputs": ROWS},
        {"inputs": CELLS},
        {"dataframe_records": ROWS},
        {"dataframe_split": {"columns": ["city", "age"], "data": [["Seoul", 31], ["Busan", 54]]}},
        ROWS,
        CSV,
    ],
)
def test_mlflow_and_sagemaker(
    asking: Any, models: dict[str, Any], nets: dict[str, pl.Network], body: Any
) -> None:
    asker = asking([models["people"]])
    found = asker.post("/invocations", body).json["predictions"]
    assert np.allclose(found, nets["people"].predict(CELLS), atol=1e-6)
    assert asker.get("/ping").status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"inputs": {}},
        {"inputs": {"age": 1}},
        {"inputs": {"age": [1, 2], "city": ["Seoul"]}},
        {"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}},
        {"dataframe_split": {"columns": [1], "data": [[1]]}},
        {"dataframe_split": {"data": 3}},
        {"dataframe_split": {"data": [[1.0, 2.0]]}},
    ],
)
def test_what_mlflow_would_refuse(asking: Any, models: dict[str, Any], body: Any) -> None:
    assert asking([models["people"]]).post("/invocations", body).status == 400


def test_invocations_say_no_model(asker: Asker) -> None:
    """With several models the address names none."""
    assert asker.post("/invocations", {"instances": ROWS}).status == 404


@pytest.mark.parametrize("body", [{"inputs": [40.0]}, {"instances": [40.0]}, [40.0]])
def test_numbers_that_may_be_a_row_or_rows_are_refused(
    asking: Any, models: dict[str, Any], body: Any
) -> None:
    """Of a network with one input, [40] might be a row, or a row each."""
    answer = asking([models["houses"]]).post("/invocations", body)
    assert answer.status == 400 and "list of rows" in answer.error
