"""Progress suits where it is shown: a terminal, a pipe, a notebook; in the language in force."""

import io
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid import language
from pellucid.core.types import Array
from pellucid.training import progress
from pellucid.training.callbacks import RunView
from pellucid.training.progress import (
    LineProgress,
    NotebookProgress,
    TerminalProgress,
    progress_callback,
)

Data = tuple[Array, Array]

KOREAN = {
    "epoch {epoch}/{epochs}": "에포크 {epoch}/{epochs}",
    "loss": "손실",
    "accuracy": "정확도",
    "validation {name}": "검증 {name}",
}


@pytest.fixture(params=["en", "ko"])
def words(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], str]]:
    """What a sentence becomes in the language in force.

    Korean from a catalogue of this test's own.
    """
    catalogues: dict[str, Callable[[str], str]] = {
        "en": str,
        "ko": lambda text: KOREAN.get(text, text),
    }
    monkeypatch.setattr(language, "_catalogue", catalogues.__getitem__)
    pl.set_language(request.param)
    yield catalogues[request.param]
    pl.set_language(None)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def learn(data: Data, **options: Any) -> pl.History:
    return pl.train(pl.mlp([2, 3], seed=0), *data, epochs=2, batch_size=20, **options)


def test_lines_in_a_pipe(
    blobs: Data, words: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    history = learn(blobs, progress=True, validation=blobs)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 2
    record = history.records[1]
    head = words("epoch {epoch}/{epochs}").format(epoch=2, epochs=2)
    validation = words("validation {name}")
    assert lines[1] == "  ".join(
        [
            head,
            f"{words('loss')} {record['loss']:.4f}",
            f"{words('accuracy')} {record['accuracy']:.1%}",
            f"{validation.format(name=words('loss'))} {record['validation_loss']:.4f}",
            f"{validation.format(name=words('accuracy'))} {record['validation_accuracy']:.1%}",
            f"{record['seconds']:.2f} s",
        ]
    )


@pytest.mark.parametrize("progress", [None, False])
def test_silence_where_nobody_watches(
    blobs: Data, capsys: pytest.CaptureFixture[str], progress: bool | None
) -> None:
    learn(blobs, progress=progress)
    assert capsys.readouterr() == ("", "")


def test_a_bar_in_a_terminal(
    blobs: Data, words: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "140")
    history = learn(blobs, metrics=["accuracy", named("[bold]x[/]")])
    text = screen.getvalue()
    assert words("epoch {epoch}/{epochs}").format(epoch=1, epochs=2) in text
    assert f"{words('accuracy')} {history['accuracy'][-1]:.1%}" in text
    assert "[bold]x[/] 1.0000" in text  # a name is a name, and no markup
    assert "\x1b[?25h" in text.rsplit("━", 1)[1]  # at the end the cursor is back


def test_the_bar_moves_with_the_batches(blobs: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not more often than ten times a second, and with each epoch."""
    from rich.progress import Progress

    clock, moved, update = iter(np.arange(1, 7) * 0.06), [], Progress.update

    def watched(bar: Progress, task: Any, **changes: Any) -> None:
        moved.append(changes["completed"])
        assert bar.tasks[0].total == 6
        update(bar, task, **changes)

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(Progress, "update", watched)
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr("pellucid.training.run.batches_a_call", lambda *_: 1)
    learn(blobs)
    assert moved == [2, 3, 4, 6, 6]  # batches 2, 4 and 6; epochs after 3 and 6


def named(name: str) -> Callable[[Array, Array], float]:
    def metric(y: Array, t: Array) -> float:
        return 1.0

    metric.__name__ = name
    return metric


def test_a_narrow_terminal(blobs: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    learn(blobs)
    assert screen.getvalue()


def test_the_bar_ends_when_training_fails(blobs: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")

    def fail(run: RunView) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        learn(blobs, callbacks=[fail])
    assert screen.getvalue().rindex("\x1b[?25h") > screen.getvalue().rindex(
        "\x1b[?25l"
    )  # the cursor is back


class Html(str):
    """What IPython.display.HTML holds."""


def notebook(shell: str, shown: list[str]) -> types.ModuleType:
    """A module that behaves as IPython in a shell of that class."""

    class Handle:
        def update(self, content: Html) -> None:
            shown.append(content)

    def display(content: Html, display_id: bool) -> Handle:
        assert display_id
        shown.append(content)
        return Handle()

    module: Any = types.ModuleType("IPython")
    module.get_ipython = lambda: type(shell, (), {})()
    module.display = types.ModuleType("IPython.display")
    module.display.HTML, module.display.display = Html, display
    return module


def test_one_block_in_a_notebook(
    blobs: Data, words: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    ipython = notebook("ZMQInteractiveShell", shown)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    history = learn(blobs, metrics=["accuracy", named("<b>")])
    assert len(shown) == 3
    assert shown[0] == ""
    head = words("epoch {epoch}/{epochs}").format(epoch=2, epochs=2)
    assert shown[2].startswith(
        f'<progress value="2" max="2"></progress> {head} &nbsp; {words("loss")} '
    )
    assert f"{words('accuracy')} {history['accuracy'][-1]:.1%}" in shown[2]
    assert "&lt;b&gt; 1.0000" in shown[2]
    shown.clear()
    learn(blobs, progress=False)
    assert shown == []


def test_who_shows_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    def kinds(wanted: bool | None) -> list[type]:
        return [type(each) for each in progress_callback(wanted)]

    assert [kinds(wanted) for wanted in (None, True, False)] == [[], [LineProgress], []]
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert [kinds(wanted) for wanted in (None, True, False)] == [
        [TerminalProgress],
        [TerminalProgress],
        [],
    ]
    monkeypatch.setitem(sys.modules, "IPython", notebook("TerminalInteractiveShell", []))
    assert kinds(None) == [TerminalProgress]
    monkeypatch.setitem(sys.modules, "IPython", notebook("ZMQInteractiveShell", []))
    assert [kinds(wanted) for wanted in (None, True, False)] == [
        [NotebookProgress],
        [NotebookProgress],
        [],
    ]


def test_no_screen_at_all(blobs: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw and some services
    assert np.isfinite(learn(blobs)["loss"]).all()


def test_many_short_epochs_have_few_lines(blobs: Data, capsys: pytest.CaptureFixture[str]) -> None:
    net = pl.mlp([2, 3], seed=0)
    pl.train(net, *blobs, epochs=120, batch_size=60, progress=True)
    epochs = [
        int(line.split()[1].partition("/")[0])
        for line in capsys.readouterr().err.splitlines()
        if line.startswith("epoch")  # so few steps at such a rate have a hint
    ]
    assert epochs[0] == 1
    assert epochs[-1] == 120
    assert {3, 6, 117} <= set(epochs)
    assert len(epochs) < 60

    def stop(run: RunView) -> None:
        if run.epoch == 41:
            run.stop("enough")

    pl.train(net, *blobs, epochs=120, batch_size=60, progress=True, callbacks=stop)
    assert "epoch 41/" in capsys.readouterr().err.splitlines()[-1]
