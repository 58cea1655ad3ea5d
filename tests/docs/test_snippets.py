"""Every snippet runs: those of the English pages in the gate, and in `make integration` the Korean
ones, whose code is the same but for texts (test_pages.py).
"""

from pathlib import Path

import pytest

from pellucid.language import set_language
from tests.docs.snippets import SnippetError, own_commands, run
from tools.docs.pages import LANGUAGES, Page, pages, parsed


def _parameters() -> list[object]:
    return [
        pytest.param(page, id=f"{language}/{path}", marks=_marks(page))
        for language in LANGUAGES
        for path, page in pages(language).items()
        if any(part.key in ("python", "sh") for part in page.of("code"))
    ]


def _marks(page: Page) -> list[pytest.MarkDecorator]:
    long = any(part.key == "integration" for part in page.of("note"))
    return [pytest.mark.integration] if long or page.language != "en" else []


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's folder and settings: 80 columns, plots without a window."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"COLUMNS": "80", "MPLBACKEND": "agg"}.items():
        monkeypatch.setenv(name, value)
    for name in ("PELLUCID_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    return tmp_path


@pytest.mark.parametrize("page", _parameters())
def test_the_code_of_a_page_runs(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELLUCID_LANG", page.language)
    try:
        run(page)
    finally:
        set_language(None)


def page(text: str) -> Page:
    return parsed("en", "a.md", f"# A {{ #a }}\n\n{text}")


def test_blocks_share_names_and_folder(folder: Path) -> None:
    blocks = (
        "```python\nx = 1\nopen('one', 'w').close()\n```",
        "```sh\nls\nmkdir deep && cd deep\n```\n\n```text\none\n```",
        "```python\nprint(x + 1)\nopen('two', 'w').close()\n```\n\n```text\n2\n```",
    )
    run(page("\n\n".join(blocks)))
    assert (folder / "deep" / "two").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("```python\nprint(1)\n```\n\n```text\n2\n```", "docs/en/a.md:7: another output"),
        ("```sh\necho 1\n```\n\n```text\n2\n```", "docs/en/a.md:7: another output"),
        ("```sh\nfalse | true\n```", "docs/en/a.md:3: exit code 1"),
        ("```sh\npellucid trian\n```", "docs/en/a.md:3: pellucid trian: exit code 2"),
    ],
)
def test_a_mistake_is_seen(text: str, told: str) -> None:
    with pytest.raises(SnippetError, match=told):
        run(page(text))


def test_an_error_names_the_line_of_the_page() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run(page("```python\nx = 0\n1 / x\n```"))
    assert caught.traceback[-1].lineno == 4


def test_marks_leave_code_and_output_out() -> None:
    run(page("<!-- not run: a server -->\n```sh\nfalse\n```\n\n```text\nx\n```\n"))
    run(page("```sh\necho 1\n```\n\n<!-- not checked: it varies -->\n```text\n2\n```\n"))


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("pellucid train --quick  # a second\n", [["train", "--quick"]]),
        ("pellucid train \\\n  --target '품종 이름'\n", [["train", "--target", "품종 이름"]]),
        ("pellucid data --json > data.json\n", None),
        ("pellucid data | head\n", None),
        ("pellucid predict *.png\n", None),
        ("ls\n", None),
    ],
)
def test_plain_calls_are_known(text: str, commands: list[list[str]] | None) -> None:
    assert own_commands(text) == commands
