"""The check of the built site sees what a reader would run into."""

from pathlib import Path

import pytest

from tools.docs.check import mistakes
from tools.docs.pages import parsed

PAGE = (
    '<html lang="en"><head><link rel="stylesheet" href="../style.css"></head><body>'
    '<article><h1 id="a">A</h1><ul><li>one</li></ul><a href="#a">A</a> <a href="../">up</a>'
    '<a href="https://example.org">elsewhere</a><img src="data:image/png;base64,"></article>'
    "</body></html>"
)


def check(folder: Path, html: str, markdown: str = "# A { #a }\n\n- one\n") -> list[str]:
    (folder / "en" / "a").mkdir(parents=True)
    (folder / "en" / "style.css").touch()
    (folder / "en" / "index.html").write_text('<html lang="en"></html>')
    (folder / "en" / "a" / "index.html").write_text(html)
    return mistakes(folder, {"en": {"a.md": parsed("en", "a.md", markdown)}})


def test_a_page_in_order(tmp_path: Path) -> None:
    assert check(tmp_path, PAGE) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('"#a"', '"#b"', "en/a/index.html:1: nothing has this id: #b"),
        ('"../"', '"../b/"', "en/a/index.html:1: leads nowhere: ../b/"),
        ('"../"', '"../../../"', "en/a/index.html:1: leads nowhere: ../../../"),
        ('"../"', '"/"', "en/a/index.html:1: leads nowhere: /"),
        ("../style.css", "gone.css", "en/a/index.html:1: leads nowhere: gone.css"),
        (
            "data:image/png;base64,",
            "https://example.org/x.png",
            "en/a/index.html:1: asks another host: https://example.org/x.png",
        ),
        (
            "../style.css",
            "//example.org/x",
            "en/a/index.html:1: asks another host: //example.org/x",
        ),
        ("<li>one</li>", "", "docs/en/a.md: 1 <li> in the Markdown, 0 on the site"),
        ('lang="en"', 'lang="ko"', "docs/en/a.md: built as ko"),
    ],
)
def test_a_mistake_is_seen(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in PAGE
    assert check(tmp_path, PAGE.replace(before, after)) == [told]
