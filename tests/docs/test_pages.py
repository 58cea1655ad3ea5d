"""The pages of docs/en and docs/ko: links lead somewhere, both languages have the same parts."""

from tools.docs.agreement import disagreements
from tools.docs.contents import contents, unlisted
from tools.docs.links import mistakes
from tools.docs.pages import LANGUAGES, pages

FOUND = {language: pages(language) for language in LANGUAGES}


def test_every_link_and_image_leads_somewhere() -> None:
    assert not list(mistakes(FOUND))


def test_korean_pages_have_the_parts_of_the_english_ones() -> None:
    assert not list(disagreements(FOUND["en"], FOUND["ko"]))


def test_every_page_is_in_the_navigation() -> None:
    assert not list(unlisted(contents(), FOUND["en"]))


def test_a_page_too_few_or_too_many_is_seen() -> None:
    plan = contents()
    pages = [*plan.order()[1:], "learn/new.md"]
    assert list(unlisted(plan, pages)) == [
        "docs/site/site.toml: index.md: no such page",
        "docs/site/site.toml: learn/new.md: missing",
    ]
