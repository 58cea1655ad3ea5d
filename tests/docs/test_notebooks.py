"""Lessons as notebooks: valid, with the page's code and images."""

import json

import nbformat
import pytest

from tools.docs.contents import LESSONS
from tools.docs.notebooks import notebook
from tools.docs.pages import Page, pages, parsed

ALL = [page for language in ("en", "ko") for page in pages(language).values()]
LESSON_PAGES = [page for page in ALL if page.path.startswith(LESSONS)]


@pytest.mark.parametrize("page", LESSON_PAGES, ids=lambda page: f"{page.language}/{page.path}")
def test_a_lesson_is_a_valid_notebook(page: Page) -> None:
    made = nbformat.reads(notebook(page), as_version=4)
    nbformat.validate(made)
    code = [cell["source"] for cell in made["cells"] if cell["cell_type"] == "code"]
    blocks = [part for part in page.of("code") if part.key in ("python", "sh")]
    assert [each.removeprefix("%%sh\n") for each in code] == [each.text.strip() for each in blocks]


def test_a_notebook_needs_no_other_file() -> None:
    text = (
        "# Look { #look }\n\nSee [tables](../how-to/tables.md#a) and [PyTorch](https://pytorch.org)."
        "\n\n![weights](../../pictures/weights.png)\n\n<!-- not run: why -->\n```python\nx = 1\n"
        "```\n\n```text\n1\n```\n"
    )
    cells = json.loads(notebook(parsed("en", "learn/look.md", text)))["cells"]
    prose, code = cells
    assert prose["source"].startswith("# Look\n\nSee tables and [PyTorch](https://pytorch.org).")
    assert "](attachment:weights.png)" in prose["source"]
    assert prose["attachments"]["weights.png"]["image/png"].startswith("iVBOR")
    assert (code["source"], code["outputs"]) == ("x = 1", [])
