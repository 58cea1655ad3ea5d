"""The documentation as a static site: `make docs`.

Each language's pages are laid out in build/docs with what they lack in git (links to their Markdown
and notebooks), zensical builds them strictly, and the parts come together in build/site:

    index.html      leads to the reader's language
    en/, ko/        the two trees; beside every page its Markdown, beside every lesson its notebook
    pictures/, page/   images that both share
    live/           the page with the shipped network
    llms.txt, llms-full.txt
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pellucid import web
from pellucid.network import load
from pellucid.web.bundle import STATIC
from tools.docs import check, links, llms
from tools.docs.agreement import disagreements
from tools.docs.contents import LESSONS, Contents, contents, unlisted
from tools.docs.notebooks import notebook
from tools.docs.pages import DOCS, LANGUAGES, Page, pages

ROOT = DOCS.parent
SITE = ROOT / "build" / "site"
STAGE = ROOT / "build" / "docs"
_ROOTED = re.compile(rf'href="/(?P<language>{"|".join(LANGUAGES)})/(?P<rest>[^"]*?)(?P<slash>/?)"')
_CORNER = re.compile(r"<th((?: [^>]*)?)></th>")
_QUIET = ("Build started", "No issues found", "Build finished")

Sites = Mapping[str, Mapping[str, Page]]


class DocsError(Exception):
    """What is wrong with the documentation, a line for each mistake."""


def build(site: Path = SITE, stage: Path = STAGE) -> int:
    """Build the site and return the number of its pages; raise DocsError for any mistake."""
    plan = contents()
    found = {language: pages(language) for language in LANGUAGES}
    _stop(
        [
            *links.mistakes(found),
            *disagreements(found["en"], found["ko"]),
            *unlisted(plan, found["en"]),
        ]
    )
    for folder in (site, stage):
        shutil.rmtree(folder, ignore_errors=True)
    site.mkdir(parents=True)
    for language in LANGUAGES:
        _build_language(plan, language, found[language], stage / language, site / language)
    for name in links.SHARED:
        shutil.copytree(DOCS / name, site / name)
    web.site(load(web.SHIPPED), site / "live")
    shutil.copy(DOCS / "site" / "index.html", site / "index.html")
    _write_lists(plan, found, site)
    _stop(check.mistakes(site, found))
    return sum(map(len, found.values()))


def _stop(mistakes: list[str]) -> None:
    if mistakes:
        raise DocsError("\n".join(mistakes))


def _build_language(
    plan: Contents, language: str, found: Mapping[str, Page], stage: Path, site: Path
) -> None:
    for path, page in found.items():
        target = stage / "pages" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_with_sources(page, plan.texts[language]), encoding="utf-8")
    for file in (DOCS / "site" / "style.css", DOCS / "site" / "site.js", STATIC / "icon.svg"):
        shutil.copy(file, stage / "pages" / file.name)
    settings = configuration(plan, language)
    # JSON is YAML, which zensical reads under this name
    (stage / "mkdocs.yml").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
    _run_zensical(stage)
    shutil.move(stage / "site", site)
    for name in ("404.html", "sitemap.xml", "sitemap.xml.gz"):
        (site / name).unlink(missing_ok=True)  # they need to know the site's host
    for file in site.rglob("*.html"):
        text = finished(file.read_text(encoding="utf-8"), file.relative_to(site.parent).as_posix())
        file.write_text(text, encoding="utf-8")
    for path, page in found.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(llms.raw(page), encoding="utf-8")
        if path.startswith(LESSONS):
            (site / path).with_suffix(".ipynb").write_text(notebook(page), encoding="utf-8")


def finished(text: str, path: str) -> str:
    """Return a built page with the addresses that zensical would write from the host's root.

    The languages' links lead to the same page; every address is relative, so that the site works
    in any folder.
    """
    folder = posixpath.dirname(path)
    inside = folder.partition("/")[2]

    def address(match: re.Match[str]) -> str:
        target = f"{match['language']}/{match['rest'] or inside}"
        return f'href="{posixpath.relpath(target, folder)}{match["slash"]}"'

    # The theme's script would look for a sitemap beside what is an alternate and nothing else
    text = _ROOTED.sub(address, text).replace('rel="alternate"', 'rel="alternate translation"')
    # A corner of a table is no heading
    return _CORNER.sub(r"<td\1></td>", text)


def _with_sources(page: Page, texts: Mapping[str, str]) -> str:
    """Return a page's text with links to its Markdown and notebook below its heading."""
    raw = f"/{page.language}/{page.path}"
    shown = f'<a href="{raw}">{texts["markdown"]}</a>'
    if page.path.startswith(LESSONS):
        shown += f' <a href="{raw.removesuffix(".md")}.ipynb" download>{texts["notebook"]}</a>'
    lines = page.text.splitlines(keepends=True)
    line = page.of("heading")[0].line
    sources = f'\n<p class="sources" markdown="0">{shown}</p>\n'
    return "".join([*lines[:line], sources, *lines[line:]])


def _run_zensical(stage: Path) -> None:
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", "mkdocs.yml"]
    # It imports this package's extension
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=stage, env=environment, capture_output=True, text=True)
    told = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    # Whatever it says besides is a warning, of its own or of griffe
    if wrong := [line for line in told if not line.startswith(_QUIET)]:
        raise DocsError(f"docs/{stage.name}:\n" + "\n".join(wrong))
    done.check_returncode()


def configuration(plan: Contents, language: str) -> dict[str, Any]:
    """Return zensical's settings for one language."""
    texts = plan.texts[language]
    nav: list[dict[str, Any]] = [{texts["home"]: "index.md"}]
    nav += [{section.titles[language]: list(section.pages)} for section in plan.sections]
    return {
        "site_name": texts["name"],
        "site_description": texts["description"],
        "docs_dir": "pages",
        "site_dir": "site",
        "nav": nav,
        "theme": {
            "language": language,
            "font": False,
            "favicon": "icon.svg",
            "logo": "icon.svg",
            "features": ["content.code.copy", "navigation.footer", "navigation.top", "toc.follow"],
            "palette": list(_palette(texts)),
        },
        "extra": {
            "generator": False,
            "alternate": [
                {"name": plan.texts[each]["language"], "link": f"/{each}/", "lang": each}
                for each in LANGUAGES
            ],
        },
        "extra_css": ["style.css"],
        "extra_javascript": ["site.js"],
        "markdown_extensions": [
            *("attr_list", "md_in_html", "tables", "sane_lists", "pymdownx.superfences"),
            {"pymdownx.highlight": {"pygments_lang_class": True}},
            {"toc": {"permalink": "#"}},
        ],
        "validation": False,  # links.py and check.py see more
        "plugins": ["search", {"mkdocstrings": {"handlers": {"python": _PYTHON}}}],
    }


def _palette(texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the system's setting, light and dark, each with the button that leads to the next."""
    for media, scheme, icon, name in (
        ("(prefers-color-scheme)", "default", "lucide/sun-moon", "light"),
        ("(prefers-color-scheme: light)", "default", "lucide/sun", "dark"),
        ("(prefers-color-scheme: dark)", "slate", "lucide/moon", "system"),
    ):
        yield {"media": media, "scheme": scheme, "toggle": {"icon": icon, "name": texts[name]}}


_PYTHON = {
    "paths": [str(ROOT / "src")],
    "options": {
        "docstring_style": "numpy",
        "extensions": ["tools.docs.docstrings.Sections"],
        "docstring_section_style": "list",
        "heading_level": 3,
        "show_root_heading": True,
        "show_root_full_path": True,
        "show_source": False,
        "show_bases": False,
        "separate_signature": True,
        "show_signature_annotations": True,
        "signature_crossrefs": True,
        "line_length": 72,
        "members_order": "source",
        "filters": ["!^_"],
        "show_if_no_docstring": False,
        "merge_init_into_class": True,
        "show_docstring_attributes": True,
    },
}


def _write_lists(plan: Contents, found: Sites, site: Path) -> None:
    other = f"\n## {plan.texts['ko']['language']}\n\n- [pellucid](ko/llms.txt)\n"
    listing = llms.listing(plan, "en", found["en"], "en/")
    (site / "llms.txt").write_text(listing + other, encoding="utf-8")
    (site / "ko" / "llms.txt").write_text(
        llms.listing(plan, "ko", found["ko"], ""), encoding="utf-8"
    )
    (site / "llms-full.txt").write_text(llms.full(plan, found["en"]), encoding="utf-8")
    (site / "ko" / "llms-full.txt").write_text(llms.full(plan, found["ko"]), encoding="utf-8")
