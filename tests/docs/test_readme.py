"""The READMEs: short, alike in both languages, their code runs and their links lead somewhere."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.docs.snippets import run
from tools.docs.agreement import differences
from tools.docs.pages import DOCS, Page, parsed

ROOT = DOCS.parent
NAMES = {"en": "README.md", "ko": "README.ko.md"}
MOST_LINES, MOST_WORDS = 180, 900


def readme(language: str) -> Page:
    name = NAMES[language]
    return parsed(language, name, (ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", NAMES)
def test_it_is_short(language: str) -> None:
    text = readme(language).text
    assert len(text.splitlines()) <= MOST_LINES
    assert len(text.split()) <= MOST_WORDS


def test_both_have_the_same_parts() -> None:
    english, korean = readme("en"), readme("ko")
    # Each links to the other in the same place; the chart's labels are in both languages
    links = {"README.md": "README.ko.md", "SECURITY.ko.md": "SECURITY.md"}
    parts = [
        replace(part, key=links.get(part.key, part.key).replace("s-ko-", "s-"))
        for part in korean.parts
    ]
    assert not list(differences(english, replace(korean, parts=tuple(parts))))


@pytest.mark.parametrize("language", NAMES)
def test_links_and_images_lead_somewhere(language: str) -> None:
    page = readme(language)
    to = [part.key for part in (*page.of("link"), *page.of("image"))]
    assert [each for each in to if not (ROOT / each).exists()] == []


def test_its_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(readme("en"))
    assert (tmp_path / "digits.safetensors").exists()
