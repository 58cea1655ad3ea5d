"""Modules made one script, and the page one file."""

import json
import re
from pathlib import Path

import pytest

import pellucid as pl
from pellucid.errors import FileError, InputError
from pellucid.web import SHIPPED, page
from pellucid.web.bundle import bundle, modules
from pellucid.web.single_file import page_text
from tests.web.kinds import Node, Visit


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text)


def test_modules_come_in_the_order_of_need(tmp_path: Path, node: Node) -> None:
    write(
        tmp_path,
        main='import { b as c } from "./b.js";\nimport { a } from "./a.js";\nexport const found = '
        "[a(), c];\n",
        a='import { b } from "./b.js";\nexport function a() {\n  return b.one;\n}\n',
        b="/** A comment\n * of lines. */\n// and one\nexport const b = { one: 1 }; // "
        "kept\nexport class C {}\n",
    )
    assert modules(tmp_path) == ["b.js", "a.js", "main.js"]
    script = bundle(tmp_path)
    assert "of lines" not in script and "// kept" in script
    assert node(f"{script}return $main.found;".replace("\n\n", "\n")) == [1, {"one": 1}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('import { a } from "./main.js";\n', "circle: main.js -> main.js"),
        ('import * as a from "./a.js";\n', "not understood: import"),
        ("export default 1;\n", "not understood: export"),
        ("export let a = 1;\n", "not understood: export"),
        ('const a = await import("./a.js");\n', "not understood: import"),
        ("const a = `one\ntwo`;\n", "a string over several lines"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    write(tmp_path, main=text)
    with pytest.raises(ValueError, match=re.escape(reason)):
        bundle(tmp_path)


def test_the_page_is_one_file(page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    assert "unsafe-inline" not in text and "default-src 'none'" in text
    assert len(page_file.read_bytes()) < 450_000
    inside = re.search(r'id="pellucid-data">(.*?)</script>', text, re.DOTALL)
    assert inside is not None
    data = json.loads(inside[1])
    assert data["facts"]["accuracy"] == pytest.approx(0.9581)
    assert "MNIST" in text and "CC BY-SA 3.0" in text


def test_the_same_network_gives_the_same_page() -> None:
    net = pl.load(SHIPPED)
    assert page_text(net, "digits") == page_text(net, "digits")


def test_names_are_no_markup(tmp_path: Path, visit: Visit) -> None:
    net = pl.mlp([2, 3], output="softmax", seed=0)
    net.classes = ["</script><script>alert(1)</script>", "<b>", "&amp;"]
    page(net, tmp_path / "<img src=x onerror=alert(1)>.html")
    tab = visit((tmp_path / "<img src=x onerror=alert(1)>.html").as_uri())
    assert tab.evaluate("() => pellucid.network.classes") == net.classes
    assert tab.locator("b, img").count() == 0
    assert "<img" in tab.title()


def test_what_has_nothing_to_show_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no weights"):
        page(pl.Network([pl.Sigmoid()]), tmp_path / "page.html")
    with pytest.raises(FileError):
        page(pl.load(SHIPPED), tmp_path / "none" / "page.html")


def test_the_network_that_comes_with_it() -> None:
    """It is the default recipe's, and says so; `make page-network` makes it again."""
    net = pl.load(SHIPPED)
    assert net.parameter_count == 13_002
    assert net.record["seed"] == 0 and net.record["epochs"] == pl.recipes.DIGITS.epochs
    test = pl.mnist().test
    assert pl.evaluate(net, test.images, test.labels).accuracy == pytest.approx(0.9581, abs=1e-4)
