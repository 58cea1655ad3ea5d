"""Click's own sentences, marked here so that they are in our catalogue.

Click looks them up by gettext as they are.
"""

from __future__ import annotations

from pellucid.language import mark


def mark_plural(one: str, many: str) -> tuple[str, str]:
    """Mark a sentence that depends on a number, as `gettext.ngettext` looks it up."""
    return one, many


CLICK_TEXTS = (
    mark("Usage:"),
    mark("[OPTIONS]"),
    mark("COMMAND [ARGS]..."),
    mark("Error: {message}"),
    mark("Try '{command} {option}' for help."),
    mark("Invalid value: {message}"),
    mark("Invalid value for {param_hint}: {message}"),
    mark("Missing command."),
    mark("No such option {name!r}."),
    mark("No such command {name!r}."),
    mark("Option {name!r} does not take a value."),
    mark_plural(
        "Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."
    ),
    mark_plural(
        "Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"
    ),
    mark_plural("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    mark_plural("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
)
"""What our commands can make click say. A test finds those that are missing here."""
