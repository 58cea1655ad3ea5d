"""The reference of the commands is what click says."""

import pytest

from pellucid.cli.commands import COMMANDS
from tools.docs.commands import PATH, reference
from tools.docs.pages import DOCS, LANGUAGES, parsed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reference_is_up_to_date(language: str) -> None:
    written = (DOCS / language / PATH).read_text(encoding="utf-8")
    assert written == reference(language), "a command changed: run make command-reference"


def test_every_command_and_option_is_there() -> None:
    text = reference("en")
    assert set(COMMANDS) < set(parsed("en", PATH, text).ids)
    assert "`--hidden N,N,...`" in text
    assert "pellucid export digits.safetensors digits.onnx" in text
