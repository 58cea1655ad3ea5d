"""Drawings saved with their labels: kept, read, downloaded, and trained on."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pellucid as pl
from pellucid.cli import main
from pellucid.core.types import Array
from pellucid.data import read_digits, read_image_folder
from tests.web.kinds import Audit, Node, Tab, Visit
from tests.web.test_page import by_mouse, path_of, settle

ARCHIVES = """
import { idxArchive, imageArchive, png } from "./archive.js";
import { centred } from "./picture/digit.js";

const pictures = data.map(([label, pixels]) => ({
  label,
  pixels: Uint8Array.from(centred(Uint8Array.from(pixels)).picture),
}));
const made = [await imageArchive(pictures), idxArchive(pictures), pictures[0].pixels];
return made.map((bytes) => Buffer.from(bytes).toString("latin1"));"""


def drawings(count: int) -> list[tuple[int, list[int]]]:
    """Some of MNIST's digits, moved and thickened as hands on a screen do."""
    test = pl.mnist().test
    return [
        (int(test.labels[row]), np.roll(test.images[row], (2, -3), (0, 1)).ravel().tolist())
        for row in range(count)
    ]


@pytest.fixture(scope="module")
def archives(node: Node, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Both downloads, unpacked as the page's own command does it."""
    folder = tmp_path_factory.mktemp("download")
    for name, content in zip(("images", "idx"), node(ARCHIVES, drawings(60)), strict=False):
        path = folder / f"{name}.zip"
        path.write_bytes(content.encode("latin1"))
        command = [sys.executable, "-m", "zipfile", "-e", path.name, name]
        subprocess.run(command, cwd=folder, check=True)
    return folder / "images", folder / "idx"


def test_both_downloads_are_the_same_pictures(archives: tuple[Path, Path]) -> None:
    """What the network sees, byte for byte: preparing it again changes nothing."""
    images, idx = read_image_folder(archives[0]), read_digits(archives[1]).train
    order = np.argsort(idx.labels, kind="stable")
    assert [images.classes[k] for k in images.labels] == list(map(str, idx.labels[order]))
    np.testing.assert_array_equal(images.images, idx.images[order])


def test_an_archive_is_whole(node: Node) -> None:
    [content, *_], pixels = node(ARCHIVES, drawings(3)), None
    with zipfile.ZipFile(io.BytesIO(content.encode("latin1"))) as archive:
        assert archive.testzip() is None
        first = archive.namelist()[0]
        assert first == "7/0001.png"
        with archive.open(first) as file, Image.open(file) as image:
            assert (image.mode, image.size) == ("L", (28, 28))
            pixels = np.asarray(image)
    assert pixels is not None and pixels.max() > 200


@pytest.mark.parametrize("kind", [0, 1])
def test_train_takes_a_download(
    archives: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: int
) -> None:
    """As the page writes it, but for fewer epochs."""
    out = tmp_path / "mine.safetensors"
    command = ["train", "--from", "digits", "--data", str(archives[kind]), "-o", str(out)]
    assert main([*command, "--learning-rate", "0.003", "--epochs", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["train"]["accuracy"] > 0.8
    assert pl.load(out).classes == pl.load(pl.web.SHIPPED).classes


def saved(tab: Tab) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        tab.evaluate("localStorage.getItem('pellucid.digits') ?? '[]'")
    )
    return found


def score_of(tab: Tab) -> str:
    return tab.get_by_test_id("digits-score").inner_text()


def test_drawings_are_kept_and_read(address: str, visit: Visit) -> None:
    tab = visit(f"{address}#d=&p=digits&lang=en")
    tab.evaluate("localStorage.removeItem('pellucid.digits')")
    tab.reload()
    save = tab.get_by_test_id("save-3")
    assert save.is_disabled() and "Draw a digit first." in tab.inner_text("#digits-why")
    by_mouse(tab, path_of(3))
    settle(tab)
    save.click()
    tab.get_by_test_id("save-8").click()  # a wrong label is the drawer's own affair
    settle(tab)
    assert score_of(tab) == "The network reads 1 of 2 drawings correctly (50.0 %)."
    assert [one["label"] for one in saved(tab)] == [3, 8]
    assert tab.locator(".saved li.wrong").count() == 1
    tab.get_by_test_id("clear").click()
    tab.reload()  # the next visit
    assert score_of(tab).startswith("The network reads 1 of 2")
    tab.get_by_role("button", name="Show this drawing: a 3, read correctly").click()
    settle(tab)
    assert tab.get_by_test_id("prediction").inner_text() == "3"
    picture = tab.evaluate("Array.from(pellucid.look.picture)")
    held = tab.evaluate("atob(JSON.parse(localStorage.getItem('pellucid.digits'))[0].pixels)")
    assert picture == [ord(letter) for letter in held]
    tab.get_by_role("button", name="Delete this drawing of a 3").press("Enter")
    settle(tab)
    assert [one["label"] for one in saved(tab)] == [8]
    focused = tab.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "Delete this drawing of a 8"
    tab.get_by_role("button", name="Delete this drawing of a 8").press("Enter")
    settle(tab)
    assert score_of(tab) == "Nothing is saved yet." and saved(tab) == []


def test_a_page_without_a_server_trains_on_them(file: str, visit: Visit) -> None:
    """Sixes that are labelled 3: after the training they are read as 3."""
    tab = visit(f"{file}#d=&p=digits&lang=en")
    by_mouse(tab, path_of(6))
    for _ in range(30):
        tab.get_by_test_id("save-3").click()
    settle(tab)
    assert score_of(tab).startswith("The network reads 0 of 30")
    tab.get_by_test_id("panel-learn").click()
    tab.locator(".anew > summary").click()
    tab.get_by_label("also train on my 30 drawings").check()
    tab.get_by_test_id("train-start").click()
    for epoch in range(1, 7):
        tab.get_by_test_id("train-epoch").click()
        tab.locator("[data-testid=train-place]", has_text=f"epoch {epoch}, batch 43").wait_for()
        tab.wait_for_function("() => document.querySelector('[data-testid=train-pause]').disabled")
    tab.get_by_test_id("panel-digits").click()
    settle(tab)
    assert score_of(tab).startswith("Trained on them, the network reads 30 of 30")
    tab.evaluate("localStorage.removeItem('pellucid.digits')")


def test_the_download_is_what_is_saved(file: str, visit: Visit, tmp_path: Path) -> None:
    tab = visit(f"{file}#d=&p=digits&lang=en")
    tab.evaluate("localStorage.removeItem('pellucid.digits')")
    tab.reload()
    by_mouse(tab, path_of(5))
    tab.get_by_test_id("save-5").click()
    with tab.expect_download() as found:
        tab.get_by_test_id("my-digits-images").click()
    assert found.value.suggested_filename == "my-digits.zip"
    with zipfile.ZipFile(found.value.path()) as archive, archive.open("5/0001.png") as image:
        pixels: Array = np.asarray(Image.open(image))
    seen = tab.evaluate("Array.from(pellucid.look.picture)")
    assert pixels.ravel().tolist() == seen
    tab.evaluate("localStorage.removeItem('pellucid.digits')")


def test_what_others_wrote_is_not_trusted(file: str, visit: Visit) -> None:
    """The storage of a page from a disk may be shared with others."""
    tab = visit(f"{file}#d=&p=digits&lang=en")
    for wrong in ("[1]", '{"a":1}', "x", '[{"label":11,"pixels":"AA=="}]', '[{"label":1}]', "null"):
        tab.evaluate("(text) => localStorage.setItem('pellucid.digits', text)", wrong)
        tab.reload()
        assert score_of(tab) == "Nothing is saved yet.", wrong
    tab.evaluate("localStorage.removeItem('pellucid.digits')")


KEPT = """
import { Collection } from "./collection.js";

const held = new Map();
let room = true;
globalThis.window = { self: 1, top: data ? 2 : 1 };
globalThis.addEventListener = () => {};
globalThis.localStorage = {
  getItem: (key) => held.get(key) ?? null,
  setItem(key, value) {
    if (!room) throw new Error("no room");
    held.set(key, value);
  },
};
const first = new Collection(() => {});
first.add(3, new Uint8Array(784).fill(7));
first.markSent(first.drawings[0]);
const again = new Collection(() => {});
room = false;
again.add(4, new Uint8Array(784));
const { label, pixels, sent } = again.drawings[0];
return [first.kept, again.kept, again.drawings.length, label, pixels[783] ?? null, sent];"""


def test_a_frame_keeps_nothing(node: Node) -> None:
    """Nor does a full storage, and both are known; what is held stays on the page."""
    assert node(KEPT, False) == [True, False, 2, 3, 7, True]
    assert node(KEPT, True) == [False, False, 1, 4, 0, False]


def test_a_hidden_answer_stays_hidden(file: str, visit: Visit) -> None:
    """How saved drawings are read would tell it; the drawing can be saved all the same."""
    tab = visit(f"{file}#d=&p=digits&lang=en&hide=answer")
    tab.evaluate("localStorage.removeItem('pellucid.digits')")
    tab.reload()
    by_mouse(tab, path_of(3))
    settle(tab)
    tab.get_by_test_id("save-8").click()
    settle(tab)
    assert tab.locator(".saved li").all_inner_texts() == ["8\n×"]
    assert score_of(tab) == "" and tab.locator(".saved .wrong, .saved .right").count() == 0
    assert tab.get_by_role("button", name="Show this drawing: 8").count() == 1
    tab.evaluate("localStorage.removeItem('pellucid.digits')")


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ko", "dark")])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_panel_fits(
    file: str, visit: Visit, audit: Audit, language: str, theme: str, width: int
) -> None:
    tab = visit(f"{file}#d=&lang={language}&theme={theme}", width)
    by_mouse(tab, path_of(3))
    tab.get_by_test_id("panel-digits").click()
    tab.get_by_test_id("save-3").click()
    tab.get_by_test_id("save-4").click()
    settle(tab)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    audit(tab, width, 0, 0, 1)
    tab.evaluate("localStorage.removeItem('pellucid.digits')")
