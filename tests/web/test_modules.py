"""The page's modules by themselves: texts, addresses, undo, form."""

import re

import numpy as np
import pytest

from pellucid.web import javascript
from pellucid.web.bundle import STATIC, STYLES, modules
from tests.web.kinds import Node

FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js"))


def test_both_languages_say_the_same(node: Node) -> None:
    """The same keys in both, the same places in both, and no English left in Korean."""
    texts = node('import { TEXTS } from "./texts.js";\n\nreturn TEXTS;')
    assert texts["en"].keys() == texts["ko"].keys()
    for key, english in texts["en"].items():
        korean = texts["ko"][key]
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", korean)), (
            key
        )
        if key not in ("page.title", "header.language"):
            assert re.search("[가-힣]", korean), key


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("texts")])
def test_texts_stand_in_one_place(name: str) -> None:
    """Every key that is used exists, and no sentence is written elsewhere."""
    text = (STATIC / name).read_text(encoding="utf-8")
    english = (STATIC / "texts" / "en.js").read_text(encoding="utf-8")
    for key in re.findall(r'\bt\("([^"]+)"', text):
        assert f'"{key}":' in english, key
    assert len(text.splitlines()) <= 400
    assert not re.search("[가-힣]", text)


def test_texts_are_used() -> None:
    keys = re.findall(
        r'^  "([^"]+)":', (STATIC / "texts" / "en.js").read_text(encoding="utf-8"), re.MULTILINE
    )
    code = "".join(
        (STATIC / name).read_text(encoding="utf-8")
        for name in FILES
        if not name.startswith("texts/")
    )
    patterns = [
        re.sub(r"\\\$\\\{.*?\\\}", r"[a-z]+", re.escape(found))
        for found in re.findall(r"`([a-z]+\.[^`\s]*)`", code)
    ]
    for key in keys:
        assert f'"{key}"' in code or any(re.fullmatch(pattern, key) for pattern in patterns), key


def test_all_files_belong() -> None:
    # The page's, and those of an exported module
    assert sorted({*modules(), *modules(first=javascript.FIRST)}) == FILES
    assert sorted(STYLES) == sorted(
        path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.css")
    )
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="(styles/[^"]+)"', page) == list(STYLES)


ADDRESS = """
import { addressOf, readAddress, packed, unpacked } from "./address.js";

"""
STATE = {
    "input": {"values": [0] * 784, "source": {"kind": "drawn"}},
    "edits": [],
    "brightness": 100,
    "centring": True,
    "neuron": None,
    "member": None,
    "pointed": None,
    "panel": None,
    "language": "ko",
    "theme": "system",
    "target": None,
    "step": None,
    "choices": {},
    "hidden": [],
    "past": [],
    "future": [],
}


def test_a_quiet_state_has_a_short_address(node: Node) -> None:
    example = {
        "kind": "test",
        "index": 500,
        "label": 3,
        "example": True,
    }  # what the page begins with
    quiet = STATE | {"input": {"values": [9] * 784, "source": example}}
    assert node(ADDRESS + 'return addressOf(data, true, "ko");', quiet) == ""
    assert (
        node(ADDRESS + 'return addressOf(data, true, "ko");', STATE) == "#d="
    )  # nothing drawn is no example


def test_addresses_come_back(node: Node, generator: np.random.Generator) -> None:
    pixels = generator.integers(0, 256, 784) * (generator.random(784) < 0.3)
    state = STATE | {
        "input": {"values": pixels.tolist(), "source": {"kind": "drawn"}},
        "brightness": 60,
        "centring": False,
        "neuron": {"layer": 2, "index": 11},
        "panel": "count",
        "target": 3,
        "step": 4,
        "choices": {"other": "4", "hidden": "16,8", "cell": "4.9"},
        "theme": "dark",
        "hidden": ["load", "theme"],
    }
    found = node(ADDRESS + "return readAddress(addressOf(data, true), 784);", state)
    assert found.pop("input") == {"values": pixels.tolist(), "source": {"kind": "drawn"}}
    assert found == {key: state[key] for key in found}
    assert found.keys() == {
        "brightness",
        "centring",
        "neuron",
        "panel",
        "step",
        "target",
        "choices",
        "language",
        "theme",
        "hidden",
    }


def test_rows_have_addresses(node: Node) -> None:
    state = STATE | {"input": {"values": [1.5, -2, 1e-7], "source": {"kind": "drawn"}}}
    found = node(ADDRESS + "return readAddress(addressOf(data, false), 3);", state)
    assert found["input"]["values"] == [1.5, -2, 1e-7]


@pytest.mark.parametrize(
    "words", ["#d=!!!", "#d=AA", "#b=1e9&n=a.b", "#lang=fr&theme=pink&t=-1", "#x=1,2", "#%E0%A4%A"]
)
def test_malformed_addresses_say_nothing(node: Node, words: str) -> None:
    assert node(ADDRESS + "return readAddress(data, 784);", words) == {}


@pytest.mark.parametrize(
    "pixels", [[0] * 784, [255] * 784, [0, 1] * 392, [0] * 300 + [7] + [0] * 483]
)
def test_drawings_pack(node: Node, pixels: list[int]) -> None:
    assert node(ADDRESS + "return unpacked(packed(data), 784);", pixels) == pixels


def test_undo_and_redo(node: Node) -> None:
    code = """
    import { Store, pushUndo, redoStep, undoStep } from "./state.js";

    globalThis.requestAnimationFrame = (f) => 0;
    const store = new Store(data);
    const values = () => store.state.input.values;
    const source = { kind: "drawn" };
    const draw = (values) => store.set(pushUndo(store.state, { input: { values, source } }));
    for (const values of [[1], [2], [3]]) draw(values);
    const seen = [values()];
    for (const step of [undoStep, undoStep, redoStep, undoStep, undoStep, undoStep]) {
      store.set(step(store.state));
      seen.push(values());
    }
    draw([9]);
    store.set(redoStep(store.state));
    return [...seen, values()];"""
    start = STATE | {"input": {"values": [0], "source": {"kind": "drawn"}}}
    assert node(code, start) == [[3], [2], [1], [2], [1], [0], [0], [9]]
