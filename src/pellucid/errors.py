"""What can go wrong, as types. Every message says what was expected, what came, and what to do.

Everything that pellucid raises on purpose is a `PellucidError`; each kind is also the built-in exception that
Python programmers would look for, so `except ValueError` keeps working.
"""


class PellucidError(Exception):
    """The base of every error that pellucid raises on purpose."""


class InputError(PellucidError, ValueError):
    """A value, an array or an option that cannot be used: wrong shape, not finite, empty, unknown name."""


class MissingLibraryError(InputError, ImportError):
    """A library that only this needs is not installed; the message names the `pip install` that brings it."""


class FileError(PellucidError, OSError):
    """A file that is missing, unreadable, not what its name says, or cannot be written."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class DivergenceError(PellucidError, ArithmeticError):
    """Learning left the finite numbers; the message names epoch, batch and layer, and what to try."""
