"""Learning, backpropagation and evaluation on the page, held to Python's numbers."""

import json
import re
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import numpy as np
import pytest
import uvicorn
from served_page import address_in

import pellucid as pl
from pellucid.core.types import Array
from pellucid.data.mnist import Digits, Part
from pellucid.lens.robustness import CHANGES
from pellucid.web import SHIPPED, digits, live_training, page
from pellucid.web.server import application
from tests.web.kinds import AUDITED, PATIENCE, Audit, Tab, Visit, affine, attribute, numbers
from tests.web.test_lesson_sight import LANGUAGES, SIZES, UNSEEN
from tests.web.test_page import THEMES, by_mouse, path_of, settle
from tests.web.test_server import ask, started, with_key

WEIGHTS = "pellucid.network.layers.flatMap((l) => Object.values(l.arrays).map((a) => a.data))"


def paused_at(tab: Tab, place: str) -> None:
    tab.wait_for_function(
        "(place) => "
        "document.querySelector('[data-testid=train-place]').textContent.startsWith(place)"
        " && document.querySelector('[data-testid=train-pause]').disabled",
        arg=place,
    )


def number(tab: Tab, name: str) -> float:
    return float(attribute(tab.get_by_test_id(name), "value"))


def test_training_is_pythons(server: str, visit: Visit) -> None:
    """One batch, an epoch, back and on again.

    What the page shows is what `pl.train` does with the same seed.
    """
    tab = visit(f"{server}#t=40&n=1.5&p=learn&lang=en")
    assert "95.8 % of 10,000 test digits" in tab.inner_text("header")
    tab.get_by_test_id("train-step").click()
    paused_at(tab, "epoch 1, batch 1 of 500")
    tab.get_by_test_id("train-epoch").click()
    paused_at(tab, "epoch 1, batch 500 of 500")
    assert "test digits" not in tab.inner_text("header")  # that was another network
    net = pl.mlp([784, 16, 16, 10], "sigmoid", "sigmoid", pixels=True, seed=0)
    train = pl.mnist().train
    history = pl.train(
        net,
        train.images[:50_000],
        train.labels[:50_000],
        validation=(train.images[50_000:], train.labels[50_000:]),
        optimizer=pl.SGD(2.0, momentum=0.9),
        epochs=1,
        batch_size=100,
        progress=False,
    )
    for ours, theirs in zip(numbers(tab, WEIGHTS), net.params, strict=True):
        np.testing.assert_array_equal(np.float32(ours), theirs.ravel())
    np.testing.assert_allclose(number(tab, "loss"), history["loss"][0])
    np.testing.assert_allclose(number(tab, "accuracy"), history["validation_accuracy"][0])
    first = numbers(tab, WEIGHTS)
    tab.get_by_test_id("train-epoch").click()
    paused_at(tab, "epoch 2, batch 500")
    second = numbers(tab, WEIGHTS)
    tab.get_by_test_id("train-back").fill("1")
    paused_at(tab, "after epoch 1")
    assert numbers(tab, WEIGHTS) == first
    tab.get_by_test_id("language").click()  # the training outlives the views
    tab.get_by_test_id("train-epoch").click()
    paused_at(tab, "에포크 2, 배치 500")
    assert numbers(tab, WEIGHTS) == second


def test_play_pause_and_another_network(server: str, visit: Visit) -> None:
    tab = visit(f"{server}#t=40&n=1.15&p=learn&lang=en")
    tab.locator("summary", has_text="Restart").click()
    tab.get_by_label("Hidden layers").fill("12, 8")
    tab.get_by_label("Activation function").select_option("relu")
    tab.get_by_label("Learning rate").fill("0.05")
    tab.get_by_label("Speed").select_option("full")
    tab.get_by_test_id("train-start").click()
    tab.wait_for_function("() => pellucid.network.neuronLayers[1].size === 12")
    settle(tab)
    assert (
        tab.evaluate("() => pellucid.look.state.neuron") is None
    )  # there is no neuron 15 any more
    assert tab.locator('[data-testid^="neuron-1-"]').count() == 12
    tab.get_by_test_id("train-play").click()
    tab.wait_for_function(
        "() => Number(document.querySelector('[data-testid=accuracy]').value.slice(0, 4)) > 80"
    )
    tab.get_by_label("Learning rate").fill("0.01")
    tab.get_by_label("Learning rate").blur()
    tab.get_by_test_id("train-pause").click()
    tab.wait_for_function("() => document.querySelector('[data-testid=train-pause]').disabled")
    assert not tab.get_by_test_id("train-play").is_disabled()
    assert tab.locator(".chart .curve").count() >= 4
    tab.get_by_role("button", name="Show the network as opened").click()
    tab.wait_for_function("() => pellucid.network.neuronLayers[1].size === 16")
    settle(tab)
    assert "95.8 %" in tab.inner_text("header")


def test_learning_on_from_the_network_shown_takes_its_edits(server: str, visit: Visit) -> None:
    tab = visit(f"{server}#t=40&p=learn&lang=en")
    tab.evaluate("() => pellucid.page.edit([{ kind: 'bias', layer: 1, neuron: 5, value: -90 }])")
    tab.locator("summary", has_text="Restart").click()
    tab.get_by_label("Start with").select_option("shown")
    tab.get_by_test_id("train-start").click()
    tab.wait_for_function("() => pellucid.look.state.edits.length === 0")
    assert tab.evaluate("() => pellucid.network.neuronLayers[1].affine.arrays.b.data[5]") == -90
    assert "Dead neurons, 1 (hidden layer 1: 5)" in tab.inner_text(".notices")


def test_divergence_in_plain_words(server: str, visit: Visit) -> None:
    tab = visit(f"{server}#t=40&p=learn&lang=ko")
    tab.locator("#train-rate").fill("1e6")
    tab.locator("summary").last.click()
    tab.locator("#train-activation").select_option("tanh")
    tab.locator("#train-pace").select_option("full")
    tab.get_by_test_id("train-start").click()
    tab.get_by_test_id("train-play").click()
    tab.wait_for_function(
        "() => /발산했습니다|손실이 커집니다|찍는 것과/"
        ".test(document.querySelector('.notices').textContent)"
    )


def test_the_file_says_what_trains(file: str, visit: Visit) -> None:
    tab = visit(f"{file}#p=learn&lang=en")
    assert "pellucid open" in tab.inner_text(".panel")


def gradients(net: pl.Network, x: Array, label: int, loss: pl.Loss) -> tuple[float, list[Array]]:
    trace = net.forward(x)
    depth = pl.core.chain.loss_depth(net.layers, loss)
    dy = loss.gradient(trace.input_of(depth), np.array([label]))
    return loss.value(trace.input_of(depth), np.array([label])), pl.core.chain.backward(
        net.layers[:depth], trace, dy
    )[1]


def test_backpropagation_is_pythons(file: str, visit: Visit) -> None:
    """The loss, what each neuron wants, and any weight's gradient, for a drawing whose label is
    chosen.
    """
    tab = visit(f"{file}#p=backprop&lang=en")
    tab.get_by_test_id("clear").click()  # the example's label is known
    settle(tab)
    assert "choose the class that you meant" in tab.inner_text(".panel")
    by_mouse(tab, path_of(3))
    tab.get_by_test_id("target").select_option("5")
    settle(tab)
    net = pl.load(SHIPPED).astype("float64")
    x = np.array([tab.evaluate("() => Array.from(pellucid.look.picture)")], float)
    loss, grads = gradients(net, x, 5, pl.BinaryCrossEntropy())
    np.testing.assert_allclose(number(tab, "example-loss"), loss, atol=1e-10)
    shown = tab.locator(".columns-of-bars section")
    assert shown.count() == 3
    dz = grads[-1]  # of the output's biases
    for k, line in enumerate(shown.nth(0).locator("li").all()):
        way = "up" if dz[k] < 0 else "down"
        assert f"{k} should go {way}" in line.inner_text()
    by_activation = grads[-1] @ affine(net, 6).W.T
    for i, line in enumerate(shown.nth(1).locator("li").all()):
        assert f"{i} should go {'up' if by_activation[i] < 0 else 'down'}" in line.inner_text()
    assert 3 <= tab.locator(".nudge").count() <= 42
    for neuron, source, index in (
        ("neuron-1-5", 400, 0),
        ("neuron-2-3", 7, 2),
        ("neuron-3-5", 11, 4),
    ):
        tab.get_by_test_id(neuron).click()
        settle(tab)
        tab.get_by_label("Weight from neuron").fill(str(source))
        tab.get_by_label("Weight from neuron").blur()
        settle(tab)
        expected = grads[index][source, int(neuron[-1])]
        np.testing.assert_allclose(number(tab, "gradient-backprop"), expected, atol=1e-12)
        np.testing.assert_allclose(number(tab, "gradient-numeric"), expected, atol=1e-9)
    tab.get_by_label("Weight from neuron").fill("99")
    tab.get_by_label("Weight from neuron").blur()
    settle(tab)
    assert tab.get_by_label("Weight from neuron").input_value() == "15"  # the last that there is
    np.testing.assert_allclose(number(tab, "gradient-backprop"), grads[4][15, 5], atol=1e-12)
    tab.get_by_test_id("clear").click()
    settle(tab)
    assert tab.locator(".nudge").count() == 0
    assert tab.evaluate("() => pellucid.look.state.target") is None


@pytest.mark.parametrize(
    ("sizes", "output", "loss"),
    [([3, 5, 4], "softmax", pl.CrossEntropy()), ([3, 5, 1], "sigmoid", pl.BinaryCrossEntropy())],
)
def test_backpropagation_of_other_networks(
    visit: Visit, tmp_path: Path, sizes: list[int], output: str, loss: pl.Loss
) -> None:
    net = pl.mlp(sizes, "tanh", output, seed=1)
    page(net, tmp_path / "page.html")
    tab = visit((tmp_path / "page.html").as_uri() + "#x=1,-2,0.5&y=1&n=1.2&p=backprop&lang=en")
    expected, grads = gradients(net.astype("float64"), np.array([[1, -2, 0.5]]), 1, loss)
    np.testing.assert_allclose(number(tab, "example-loss"), expected, atol=1e-12)
    tab.get_by_label("Weight from neuron").fill("1")
    tab.get_by_label("Weight from neuron").blur()
    np.testing.assert_allclose(number(tab, "gradient-backprop"), grads[0][1, 2], atol=1e-12)
    np.testing.assert_allclose(number(tab, "gradient-numeric"), grads[0][1, 2], atol=1e-8)


def test_evaluation_is_pythons(address: str, visit: Visit) -> None:
    tab = visit(f"{address}#p=evaluate&lang=en")
    tab.wait_for_selector(".confusion button")
    test = pl.mnist().test
    every = 1 if address.startswith("http") else 20
    found = pl.evaluate(pl.load(SHIPPED), test.images[::every], test.labels[::every])
    assert found.interval is not None and found.accuracy is not None
    assert found.confusion is not None
    low, high = (f"{100 * end:.1f} %" for end in found.interval)
    told = tab.get_by_test_id("evaluation").inner_text()
    assert f"{100 * found.accuracy:.1f} % (95 % interval {low} to {high})" in told
    cells = {
        each.get_attribute("data-testid"): int(each.inner_text())
        for each in tab.locator(".confusion button").all()
    }
    counts = {
        f"cell-{i}-{j}": n
        for i, row in enumerate(found.confusion.tolist())
        for j, n in enumerate(row)
        if n
    }
    assert cells == counts
    off = max((n, name) for name, n in counts.items() if name[5] != name[7])[1]
    tab.get_by_test_id(off).click()
    tab.wait_for_selector(".gallery button")
    label, answer = int(off[5]), int(off[7])
    row = int(attribute(tab.locator(".gallery button").first, "data-testid").removeprefix("digit-"))
    assert test.labels[row] == label
    tab.locator(".gallery button").first.click()
    settle(tab)
    assert tab.get_by_test_id("prediction").inner_text() == str(answer)
    np.testing.assert_array_equal(
        tab.evaluate("() => Array.from(pellucid.look.state.input.values)"), test.images[row].ravel()
    )
    tab.get_by_test_id("cell-3-3").click()
    tab.wait_for_function("() => document.querySelectorAll('.gallery button').length >= 20")
    assert f"{label} read as" not in tab.locator(".gallery").inner_text()


def test_evaluation_follows_edits(server: str, visit: Visit) -> None:
    tab = visit(f"{server}#p=evaluate&lang=en")
    tab.wait_for_selector(".confusion button")
    tab.evaluate("() => pellucid.page.edit([{ kind: 'bias', layer: 3, neuron: 7, value: 99 }])")
    tab.wait_for_function(
        "() => document.querySelector('[data-testid=cell-7-7]')?.textContent === '1028'"
    )


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Part]]:
    """A server within this process: its address, and the 500 test digits that it has.

    It trains on 2,000, so that an epoch takes a moment.
    """
    whole = pl.mnist()
    x, t = whole.train.images, whole.train.labels
    test = Part(whole.test.images[:500], whole.test.labels[:500])
    some = x[:2000], t[:2000], (x[50_000:50_500], t[50_000:50_500])
    monkeypatch.setattr(digits, "mnist", lambda: Digits(whole.train, test))
    monkeypatch.setattr(digits, "_inputs", lambda net, part: test.images)
    monkeypatch.setattr(live_training, "training_digits", lambda net: some)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = application(pl.load(SHIPPED), "digits")
        settings = uvicorn.Config(
            app, log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        running = uvicorn.Server(settings)
        thread = threading.Thread(target=running.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", test
        running.should_exit = True
        thread.join()


def test_robustness_curves(few_digits: tuple[str, Part], visit: Visit) -> None:
    address, test = few_digits
    tab = visit(f"{address}#p=evaluate&lang=en")
    tab.get_by_test_id("robustness").click()
    tab.wait_for_function("() => document.querySelectorAll('.charts .chart').length === 4")
    plots = tab.locator(".charts .chart svg.plot").all()
    for change, plot in zip(CHANGES, plots, strict=True):
        curve = pl.robustness(pl.load(SHIPPED), test.images, test.labels, change)
        told = re.findall(r": ([\d.]+) % \(", attribute(plot, "aria-label"))
        assert [float(share) for share in told] == [
            round(100 * share, 1) for share in curve.accuracy
        ]


@pytest.mark.parametrize(
    ("language", "theme"), [("en", "light"), ("ko", "dark"), ("ko", "contrast")]
)
def test_panels_fit_and_axe_finds_nothing(
    few_digits: tuple[str, Part], visit: Visit, audit: Audit, language: str, theme: str
) -> None:
    tab = visit(f"{few_digits[0]}#t=340&n=1.5&lang={language}&theme={theme}")
    for turn, panel in enumerate(("learn", "backprop", "evaluate")):
        tab.get_by_test_id(f"panel-{panel}").click()
        if panel == "learn":
            tab.get_by_test_id("train-epoch").click()
            tab.wait_for_function(
                "() => document.querySelector('[data-testid=loss]').value !== '–'"
            )
            tab.locator("summary").last.click()
        if panel == "evaluate":
            tab.wait_for_selector(".gallery button")
        for width in AUDITED:
            tab.set_viewport_size({"width": width, "height": 900})
            settle(tab)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, panel
            assert tab.evaluate(COVERED) is False  # the stage sticks, but not over the panels
            audit(tab, width, turn, THEMES.index(theme), len(THEMES))


COVERED = """() => {
  const panels = document.querySelector(".panel");
  panels.scrollIntoView({ block: "end" });
  const { left, right, bottom } = panels.getBoundingClientRect();
  return document.elementFromPoint((left + right) / 2, bottom - 4).closest(".stage") !== null;
}"""


def news_of(address: str) -> Any:
    """Open a training as the page does; return the stream of its news."""
    url = urljoin(address, "/learn")
    return urllib.request.urlopen(urllib.request.Request(url, headers=with_key(address)))


def test_the_server_refuses_what_the_page_never_asks(server: str) -> None:
    model = SHIPPED.read_bytes()
    for path, body in [
        ("/evaluate", b"no model"),
        ("/robustness/dirt", model),
        ("/learn/nobody/play", b""),
    ]:
        assert ask(server, path, "POST", body)[0].status == 400, path
    assert ask(server, "/digits/10000")[0].status == 400
    assert ask(server, "/digits/" + ",".join("1" * 101))[0].status == 400
    assert ask(server, "/digits/0,9999")[1] == pl.mnist().test.images[[0, 9999]].tobytes()
    assert ask(server, "/evaluate", "POST", model, Origin="http://evil.example")[0].status == 403
    with news_of(server) as stream:
        name = json.loads(stream.readline().removeprefix(b"data: "))["name"]
        for words in (
            "start?hidden=9999",
            "start?rate=0",
            "start?rate=nan",
            "set?batch=0",
            "set?pace=odd",
            "dance",
        ):
            assert ask(server, f"/learn/{name}/{words}", "POST", b"")[0].status == 400, words
        assert ask(server, f"/learn/{name}/set", "POST", b"")[0].status == 200
    deadline = time.monotonic() + PATIENCE
    while ask(server, f"/learn/{name}/set", "POST", b"")[0].status != 400:  # it ends with its page
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_ctrl_c_while_pages_train() -> None:
    with started("open", "--no-browser") as process:
        assert process.stdout is not None
        address = address_in(process.stdout.readline())
        streams = [news_of(address) for _ in range(3)]
        names = [
            json.loads(stream.readline().removeprefix(b"data: "))["name"] for stream in streams
        ]
        for name in names[:2]:
            ask(address, f"/learn/{name}/start?hidden=16,16&seed=1", "POST", b"")
            ask(address, f"/learn/{name}/play", "POST", b"")
        for stream in streams[:2]:
            while b'"mode": "play"' not in stream.readline():
                pass
        readers = [threading.Thread(target=stream.read) for stream in streams]
        for reader in readers:
            reader.start()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        for reader in readers:
            reader.join(PATIENCE)
            assert not reader.is_alive()
    assert (process.returncode, out, err) == (0, "", "")
    assert urlsplit(address).port


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.soak)])
def test_digits_in_a_row_leave_nothing_behind(file: str, visit: Visit, count: int) -> None:
    """Drawn by a script, stroke by stroke, each cleared before the next.

    What is left, later ones would wait for.
    """
    tab = visit(f"{file}#n=1.5&p=backprop&y=3")
    session = tab.context.new_cdp_session(tab)
    sizes, parts = [], []
    for _ in range(5):
        tab.evaluate(DRAW, [path_of(digit) for digit in range(10)] + [count // 5])
        session.send("HeapProfiler.collectGarbage")
        sizes.append(session.send("Runtime.getHeapUsage")["usedSize"])
        counted = session.send("Memory.getDOMCounters")
        parts.append((counted["nodes"], counted["jsEventListeners"]))
    assert sizes[-1] - sizes[1] < 3 << 20, sizes
    for (before, listened), (nodes, listeners) in pairwise(parts[1:]):
        assert nodes < 1.1 * before, parts
        assert listeners < 1.1 * listened, parts


DRAW = """async (given) => {
  const rounds = given.pop(), surface = document.querySelector('[data-testid="drawing"]');
  surface.setPointerCapture = () => {};
  const area = surface.getBoundingClientRect();
  for (let i = 0; i < rounds; i++) {
    for (const stroke of given[i % 10]) {
      stroke.forEach(([x, y], n) => {
        const at = { bubbles: true, pointerId: 1, buttons: 1,
          clientX: area.left + x * area.width, clientY: area.top + y * area.height };
        surface.dispatchEvent(new PointerEvent(n ? "pointermove" : "pointerdown", at));
      });
      surface.dispatchEvent(new PointerEvent("pointerup", { bubbles: true, pointerId: 1 }));
      pellucid.page.store.show();
    }
    await new Promise(requestAnimationFrame);
    document.querySelector('[data-testid="clear"]').click();
  }
}"""


@pytest.mark.parametrize(
    ("place", "epochs"), [("few_digits", 40), pytest.param("server", 500, marks=pytest.mark.soak)]
)
def test_the_page_stays_small_while_it_learns(
    request: pytest.FixtureRequest, place: str, epochs: int
) -> None:
    found = request.getfixturevalue(place)
    address = found if place == "server" else found[0]
    visit: Visit = request.getfixturevalue("visit")  # last, so that the page ends before its server
    tab = visit(f"{address}#t=40&n=1.5&p=learn&lang=en")
    session = tab.context.new_cdp_session(tab)
    tab.get_by_label("Speed").select_option("full")
    sizes = []
    for part in range(1, 6):
        tab.get_by_test_id("train-play").click()
        tab.wait_for_function(
            "(n) => Number(document.querySelector('[data-testid=train-place]')"
            ".textContent.split(/[ ,]/)[1]) >= n",
            arg=part * epochs // 5,
        )
        tab.get_by_test_id("train-pause").click()
        # On a busy machine news of the server wait in the page, each with the weights as a text
        tab.wait_for_function("() => document.querySelector('[data-testid=train-pause]').disabled")
        session.send("HeapProfiler.collectGarbage")
        sizes.append(session.send("Runtime.getHeapUsage")["usedSize"])
    assert sizes[-1] - sizes[0] < 2 << 20, sizes
    circles = tab.evaluate("() => document.querySelectorAll('.chart circle').length")
    assert circles < 60  # of two charts, 12 a line and the mark


WORDS = {  # the level of guessing, and the places after a batch and within an epoch
    "en": ("guessing: 10 %", "epoch 1, batch 1 of 500", "epoch 1,"),
    "ko": ("찍을 때: 10 %", "에포크 1, 배치 1/500", "에포크 1,"),
}


@pytest.mark.parametrize(
    ("language", "size"),
    [
        pytest.param(
            language,
            size,
            marks=[] if (language, size) == ("ko", SIZES[0]) else pytest.mark.integration,
        )
        for language in LANGUAGES
        for size in SIZES
    ],
)
def test_the_first_screen_of_training(
    server: str, visit: Visit, language: str, size: tuple[int, int]
) -> None:
    """Loss, accuracy from the untrained network on, and weights that sharpen, without scrolling."""
    tab = visit(f"{server}#p=learn&lang={language}", *size)
    guessing, first, within = WORDS[language]
    names = ["train-play", "train-pace", "accuracy", "loss"]
    shown = [f'[data-testid="{name}"], #{name}' for name in names]
    shown += [".panel .weights canvas", ".learning .chart .plot"]
    tab.wait_for_function(
        "() => document.querySelector('.panel').getBoundingClientRect().top < 200"
    )
    settle(tab)
    assert tab.locator(".panel .weights canvas").count() == 16
    assert tab.evaluate(UNSEEN, shown) == []
    texts = tab.locator(".learning .chart .tick").all_text_contents()
    assert "0 %" in texts and "100 %" in texts and guessing in texts
    assert all(re.fullmatch(rf"[\d.]+( %)?|{guessing}", text) for text in texts)
    tab.get_by_test_id("train-step").click()
    paused_at(tab, first)
    assert 0.03 < number(tab, "accuracy") < 0.3  # the network only guesses
    before = tab.evaluate(PAINTED)
    tab.get_by_test_id("train-play").click()  # slowly, at first
    tab.wait_for_function(
        "() => Number(document.querySelector('[data-testid=accuracy]').value.slice(0, 4)) > 20"
    )
    tab.get_by_test_id("train-pause").click()
    tab.wait_for_function("() => document.querySelector('[data-testid=train-pause]').disabled")
    assert tab.evaluate(UNSEEN, shown) == [] and tab.evaluate(PAINTED) != before
    points = attribute(tab.locator(".chart .curve.first").first, "d").count("L")
    assert points >= 3  # several in the first epoch
    assert tab.get_by_test_id("train-place").inner_text().startswith(within)


PAINTED = """() => Array.from(document.querySelectorAll('.panel .weights canvas'),
  (canvas) => canvas.toDataURL()).join()"""
