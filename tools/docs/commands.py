"""The reference of the commands, from click: `docs/en/reference/commands.md` and the Korean one.

`make command-reference` writes both; a test asks for it when a command changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from pellucid.cli.commands import COMMANDS, pellucid
from pellucid.cli.help import Command, shown
from pellucid.language import say, speaking
from tools.docs.pages import DOCS, LANGUAGES

PATH = "reference/commands.md"

_TEXTS = {
    "title": {"en": "Commands", "ko": "명령"},
    "about": {
        "en": "`pellucid COMMAND --help` shows the same texts in a terminal. Written by "
        "`make command-reference`.",
        "ko": "터미널에서는 `pellucid COMMAND --help`로 같은 설명을 볼 수 있습니다. 이 문서는 "
        "`make command-reference`가 만듭니다.",
    },
    "command": {"en": "Command", "ko": "명령"},
    "purpose": {"en": "Purpose", "ko": "하는 일"},
    "meaning": {"en": "Meaning", "ko": "뜻"},
}


def main() -> None:
    """Write the reference in both languages."""
    for language in LANGUAGES:
        (DOCS / language / PATH).write_text(reference(language), encoding="utf-8")


def reference(language: str) -> str:
    """Return the page of all commands in a language, as Markdown."""
    with speaking(language):
        return "\n".join(_lines(language))


def _lines(language: str) -> Iterator[str]:
    text = {name: each[language] for name, each in _TEXTS.items()}
    yield f"# {text['title']} {{ #commands }}\n\n{text['about']}\n"
    yield f"| {text['command']} | {text['purpose']} |\n| --- | --- |"
    for name, (_, about) in COMMANDS.items():
        yield f"| [`pellucid {name}`](#{name}) | {_prose(say(about))} |"
    yield ""
    context = click.Context(pellucid, info_name="pellucid", **pellucid.context_settings)
    for name in COMMANDS:
        command = pellucid.get_command(context, name)
        assert isinstance(command, Command)
        yield from _command(name, command, click.Context(command, context, name), text["meaning"])


def _command(name: str, command: Command, context: click.Context, meaning: str) -> Iterator[str]:
    yield f"## pellucid {name} {{ #{name} }}\n\n{_prose(shown(command.help))}\n"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```\n"
    for title, rows in command.sections(context):
        yield f"| {title} | {meaning} |\n| --- | --- |"
        for left, right in rows:
            yield f"| {_code(left)} | {_prose(right)} |"
        yield ""
    if command.examples:
        yield f"{say('Examples')}:\n\n<!-- not run: the files are examples -->\n```sh"
        for code, about in command.examples:
            yield f"# {say(about)}\n{code}"
        yield "```\n"


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _prose(text: str) -> str:
    """Return a text of the terminal as a cell of a table."""
    for sign in "\\*_<|[":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


if __name__ == "__main__":
    main()
