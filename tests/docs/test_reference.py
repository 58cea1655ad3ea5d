"""The reference of the Python API covers every public name."""

import importlib

from tools.docs.pages import pages

ROOMS = {
    "pellucid": "pellucid",
    "pellucid.distributed": "pellucid.distributed",
    "pellucid.exchange": "pellucid.exchange",
    "pellucid.plots": "pellucid.lens.plots",
    "pellucid.sklearn": "pellucid.sklearn",
    "pellucid.serving": "pellucid.serving",
    "pellucid.web": "pellucid.web",
}
"""The public modules as users write them, and where they are."""

ENTRIES = [part.key for page in pages("en").values() for part in page.of("entry")]


def public_names() -> set[str]:
    return {
        f"{room}.{name}"
        for room, module in ROOMS.items()
        for name in importlib.import_module(module).__all__
    }


def test_every_public_name_is_in_the_reference() -> None:
    missing = sorted(public_names() - set(ENTRIES))
    assert not missing, "add them to a page of docs/en/reference/python, and to the Korean one"


def test_entries_are_there_once_and_exist() -> None:
    assert len(ENTRIES) == len(set(ENTRIES))
    for name in ENTRIES:
        room, _, own = name.rpartition(".")
        assert hasattr(importlib.import_module(ROOMS.get(room, room)), own), name
