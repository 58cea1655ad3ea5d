"""Docstrings as sections: what is behind the parameters is not one of them."""

from textwrap import dedent

import griffe

from tools.docs.docstrings import Sections, plain

TEXT = dedent("""\
    Return a sum: x[0][1] + y.

    Parameters
    ----------
    x, y
        Numbers.

        A second paragraph.
    z
        More.

    Raises InputError for texts.

    >>> add(1, 2)
    3

    Notes
    -----
    None.""")


def sections() -> list[griffe.DocstringSection]:
    module = griffe.visit("m", filepath=None, code=f"def add(x, y, z=0):\n    '''{TEXT}'''\n")
    function = module["add"]
    Sections().on_object(obj=function)
    return list(function.docstring.parsed)


def test_sections_end_where_paragraphs_begin() -> None:
    first, parameters, last = sections()
    assert first.value == "Return a sum: x[0]\\[1] + y."
    assert [item.name for item in parameters.value] == ["x", "y", "z"]
    assert "A second paragraph." in parameters.value[0].description
    assert last.value == (
        "Raises InputError for texts.\n\n```pycon\n>>> add(1, 2)\n3\n```\n\n**Notes**\n\nNone."
    )


def test_raw_markdown_lists_parameters() -> None:
    text = plain(TEXT)
    assert "**Parameters**\n\n- **x, y**\n  Numbers." in text
    assert "- **z**\n  More." in text
    assert ">>> add(1, 2)\n3\n```" in text
