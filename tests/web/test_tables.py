"""Networks of tables on the page: columns by their names, in their own units."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

import pellucid as pl
from pellucid.web import page
from tests.web.kinds import Audit, Visit, area_of, attribute
from tests.web.test_page import THEMES, WIDTHS, read_number, settle

Cells: TypeAlias = dict[str, list[Any]]

ROWS = 200
YES = "() => Array.from(pellucid.look.pass.y)"


@pytest.fixture(scope="module")
def cells() -> Cells:
    """A number, a category, a number with missing cells, and years, which are large beside their
    spread.
    """
    rng = np.random.default_rng(0)
    income = rng.uniform(1, 9, ROWS).round(2).tolist()
    age, city = rng.integers(18, 80, ROWS), rng.choice(["Busan", "Jeju", "Seoul"], ROWS)
    return {
        "age": age.tolist(),
        "city": city.tolist(),
        "income": [None if i % 9 == 0 else value for i, value in enumerate(income)],
        "year": rng.integers(1990, 2025, ROWS).tolist(),
        "bought": np.where(age / 20 + 2 * (city == "Seoul") > 3, "yes", "no").tolist(),
        "price": (1000.0 * age + 5000 * (city == "Seoul")).tolist(),
    }


def learned(cells: Cells, target: str, ignore: str) -> pl.Network:
    net = pl.table_mlp(pl.Columns.of(cells, target=target, ignore=[ignore]), hidden=[8, 6])
    pl.train_table(net, cells, epochs=10, progress=False)
    return net


@pytest.fixture(scope="module")
def bought(cells: Cells, tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.Network, str]:
    """A network that says who bought something, in float64, and the address of its page."""
    net, path = learned(cells, "bought", "price"), tmp_path_factory.mktemp("bought") / "page.html"
    page(net, path)
    return net.astype("float64"), path.as_uri()


@pytest.mark.filterwarnings("ignore::pellucid.TableWarning")  # another city is asked for
def test_a_row_is_set_by_its_columns(bought: tuple[pl.Network, str], visit: Visit) -> None:
    """What is chosen and typed becomes the numbers that Python makes of the same row."""
    exact, address = bought
    tab = visit(f"{address}#lang=en")

    def check(**row: Any) -> None:
        settle(tab)
        x = exact.columns.x({name: [value] for name, value in row.items()}, "float64")
        np.testing.assert_allclose(tab.evaluate(YES), exact(x)[0], atol=1e-9)
        assert tab.get_by_test_id("prediction").inner_text() == exact.labels(x)[0]

    for name, value in (("age", 31), ("income", 4.5), ("year", 2019)):
        tab.get_by_role("spinbutton", name=name, exact=True).fill(str(value))
    tab.locator("#column-1").select_option("Seoul")
    check(age=31, city="Seoul", income=4.5, year=2019)
    tab.locator("#column-1").select_option("another category")
    tab.locator("#missing-2").check()
    check(age=31, city="Daegu", income=None, year=2019)
    assert tab.locator("#column-2").is_disabled()
    tab.locator("#missing-2").uncheck()
    tab.locator("#column-2").fill("-2")
    tab.locator("#column-1").select_option("Jeju")
    check(age=31, city="Jeju", income=-2, year=2019)
    # The address follows once the row rests.
    tab.wait_for_function(
        "() => location.hash.includes(`x=${Array.from(pellucid.look.state.input.values)}`)"
    )
    again = visit(tab.url)
    assert again.evaluate(YES) == tab.evaluate(YES)
    assert again.locator("#column-1").input_value() == "Jeju"
    assert float(again.locator("#column-3").input_value()) == 2019


def test_what_would_have_to_change(bought: tuple[pl.Network, str], visit: Visit) -> None:
    """The page finds Python's smallest change, and names the columns that move in their own units.

    Categories stay.
    """
    net, address = bought
    tab = visit(f"{address}#lang=en")
    tab.locator("#column-1").select_option("Jeju")
    tab.get_by_role("spinbutton", name="age", exact=True).fill("55")
    settle(tab)
    tab.get_by_test_id("panel-why").click()
    tab.wait_for_selector('[data-testid="other-result"][data-distance]')
    x = np.array(tab.evaluate("() => Array.from(pellucid.look.pass.x)"))
    expected = pl.counterfactual(net, x)
    distance = float(attribute(tab.get_by_test_id("other-result"), "data-distance"))
    assert distance == pytest.approx(expected.distance, rel=1e-6)
    rows = [
        line.inner_text().split("\t")
        for line in tab.get_by_test_id("other-moves").locator("tbody tr").all()
    ]
    assert [row[0] for row in rows] == [name for name, _, _ in expected.moves()]
    for row, (_, before, after) in zip(rows, expected.moves(), strict=True):
        assert [read_number(cell) for cell in row[1:]] == pytest.approx([before, after], rel=1e-3)


def test_a_date_does_not_move_without_its_weekday(visit: Visit, tmp_path: Path) -> None:
    days = np.arange("2024-01-01", "2024-04-10", dtype="datetime64[D]")
    prices, bought = np.linspace(1, 9, len(days)), np.where(days > days[40], "yes", "no")
    columns = pl.Columns.of({"day": days, "price": prices, "bought": bought}, target="bought")
    layers = [columns.standardize(np.float64), pl.Affine([[3.0], [0.5], [0.5], [2.0]], [0.3])]
    net = pl.Network([*layers, pl.Sigmoid()], inputs=columns, classes=columns.classes)
    page(net, tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#lang=en&p=why")
    tab.wait_for_selector('[data-testid="other-result"][data-distance]')
    expected = pl.counterfactual(net, np.array(tab.evaluate("Array.from(pellucid.look.pass.x)")))
    moved = tab.get_by_test_id("other-moves").locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in moved] == ["price"]
    assert [name for name, _, _ in expected.moves()] == ["price"]
    distance = float(attribute(tab.get_by_test_id("other-result"), "data-distance"))
    assert distance == pytest.approx(expected.distance, rel=1e-6)


def test_a_sliders_way_is_one_step(
    cells: Cells, bought: tuple[pl.Network, str], visit: Visit
) -> None:
    tab = visit(f"{bought[1]}#lang=en")
    before = tab.evaluate(YES)
    slider = tab.get_by_label("age, within three standard deviations of the mean")
    area = area_of(slider)
    tab.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    tab.mouse.down()
    for share in (0.6, 0.7, 0.8):
        tab.mouse.move(area["x"] + share * area["width"], area["y"] + area["height"] / 2)
        settle(tab)
    tab.mouse.up()
    settle(tab)
    assert tab.evaluate(YES) != before
    assert float(tab.locator("#column-0").input_value()) > np.mean(cells["age"]) + 10
    assert tab.evaluate("pellucid.look.state.past.length") == 1
    tab.get_by_test_id("row-start").click()
    settle(tab)
    assert tab.evaluate(YES) == before


def test_values_have_their_columns_name_and_units(
    cells: Cells, visit: Visit, tmp_path: Path
) -> None:
    net = learned(cells, "price", "bought")
    page(net, tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#lang=ko")
    tab.locator("#column-0").fill("40")
    settle(tab)
    answer = tab.locator(".answer")
    assert answer.get_by_role("heading").inner_text() == "price"
    start = net.columns.standardize("float64").mean
    x = np.array([tab.evaluate("() => Array.from(pellucid.look.pass.x)")])
    assert x[0, 0] == 40 and x[0, -1] == pytest.approx(start[-1])
    assert read_number(tab.get_by_test_id("prediction").inner_text()) == pytest.approx(
        net.astype("float64")(x)[0, 0], abs=0.6
    )


def test_large_numbers_are_written_as_people_write_them(node: Callable[..., Any]) -> None:
    values = [1379830.4, -12345.6, 999.4, 999_960, -214_000, 2e16]
    imports = 'import { number, short } from "./format.js";\n\n'
    assert node(f"{imports}return [data.map(number), data.map(short)];", values) == [
        ["1,379,830", "−12,346", "999.40", "999,960", "−214,000", "2.00e+16"],
        ["1.4M", "−12k", "999", "1.0M", "−214k", "2e+16"],
    ]


def test_names_of_many_inputs_do_not_overlap_on_a_phone(visit: Visit, tmp_path: Path) -> None:
    table = {f"column {k}": [0.5, 1.5, 2.5] for k in range(20)}
    page(pl.table_mlp(pl.Columns.of(table, target="column 19")), tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri(), width=390, height=844)
    settle(tab)
    boxes = [name.bounding_box() for name in tab.locator("[data-layer='0'] .name").all()]
    tops = sorted(box["y"] for box in boxes if box)
    assert len(tops) == 19 and np.diff(tops).min() >= 12


@pytest.mark.parametrize("width", [390, 700])
def test_cards_take_the_whole_width_of_a_small_window(
    bought: tuple[pl.Network, str], visit: Visit, width: int
) -> None:
    tab = visit(bought[1], width=width, height=844)
    right = tab.evaluate(
        "Math.max(...[...document.querySelectorAll('main > .card')]"
        ".map((card) => card.getBoundingClientRect().right))"
    )
    assert width - 30 < right <= width


@pytest.mark.parametrize(
    ("language", "theme"), [("en", "light"), ("ko", "dark"), ("ko", "contrast")]
)
def test_nothing_scrolls_sideways_and_axe_finds_nothing(
    bought: tuple[pl.Network, str], visit: Visit, audit: Audit, language: str, theme: str
) -> None:
    tab = visit(f"{bought[1]}#n=1.2&p=why&lang={language}&theme={theme}")
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        settle(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        lefts = tab.evaluate(
            "Array.from(document.querySelectorAll('.network .name'), (e) => "
            "e.getBoundingClientRect().left)"
        )
        assert min(lefts) >= 0  # no name is cut off by the edge
        audit(tab, width, THEMES.index("dark"), THEMES.index(theme), len(THEMES))


@pytest.mark.filterwarnings("ignore::pellucid.TableWarning")  # dates after those of training
def test_a_date_takes_its_cycles_along(visit: Visit, tmp_path: Path) -> None:
    days = np.datetime64("2020-01-01") + np.arange(0, 1200, 3)
    cells = {
        "day": days,
        "price": np.arange(len(days)) + np.random.default_rng(0).random(len(days)),
    }
    net = pl.table_mlp(pl.Columns.of(cells, target="price"), hidden=[8])
    pl.train_table(net, cells, epochs=5, progress=False)
    assert net.columns.names == [
        "day",
        *(f"day: {wave} {cycle}" for cycle in ("year", "week") for wave in ("sin", "cos")),
    ]
    page(net, tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#lang=en")
    exact = net.astype("float64")
    assert tab.get_by_role("checkbox", name="missing").count() == 0
    for day in ("2021-03-04", "2023-11-30"):
        tab.locator("#column-0").fill(day)
        settle(tab)
        expected = exact.predict({"day": [np.datetime64(day)]})[0]
        np.testing.assert_allclose(tab.evaluate(YES), expected, rtol=1e-9)
        assert tab.locator("#column-0").input_value() == day
    assert tab.locator("#column-0").get_attribute("type") == "date"


def test_a_category_that_is_embedded_stays_the_chosen_one(visit: Visit, tmp_path: Path) -> None:
    codes = np.array([f"c{number:03}" for number in range(120)] * 4)
    cells = {"code": codes, "price": np.arange(480.0) % 120}
    net = pl.table_mlp(pl.Columns.of(cells, target="price"), hidden=[8], seed=0)
    page(net, tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#lang=en")
    select, exact = tab.locator("#column-0"), net.astype("float64")
    for code in ("c007", "c119"):
        select.select_option(code)
        settle(tab)
        expected = exact.predict({"code": [code]})[0]
        np.testing.assert_allclose(tab.evaluate(YES), expected, rtol=1e-9)
        assert select.evaluate("select => select.selectedOptions[0].text") == code


@pytest.mark.parametrize(
    ("language", "name"), [("en", "A higher age can only raise"), ("ko", "age")]
)
def test_what_the_weights_prove_is_said(
    language: str, name: str, cells: Cells, tmp_path: Path, visit: Visit
) -> None:
    columns = pl.Columns.of(cells, target="bought", ignore=["price"])
    net = pl.table_mlp(columns, hidden=[4], increasing=["age"])
    page(net, tmp_path / "page.html")
    tab = visit(f"{(tmp_path / 'page.html').as_uri()}#lang={language}")
    text = tab.get_by_test_id("columns-1").inner_text()
    assert name in text and "yes" in text
    assert tab.get_by_test_id("columns--1").count() == 0
