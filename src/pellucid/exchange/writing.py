"""Files that are written beside the one that was named."""

from __future__ import annotations

from pathlib import Path

from pellucid.errors import FileError, reason_of


def check_replaceable(file: Path, mark: str) -> None:
    """Raise FileError for a file that does not begin with `mark`.

    Nobody named it, so somebody else's work stays.
    """
    try:
        with file.open("rb") as opened:
            ours = opened.read(len(mark.encode())) == mark.encode()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise FileError(
            "{path}: cannot be written ({reason}); nothing was changed: choose another place or "
            "free some room",
            path=file,
            reason=reason_of(error),
        ) from error
    if not ours:
        raise FileError(
            "{path} is there, and pellucid did not write it: choose another name", path=file
        )
