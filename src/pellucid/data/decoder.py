"""The child process that decodes image files, kept alive: `python -m pellucid.data.decoder`.

Decoders of images are where hostile files do harm. Here one may eat memory or crash, and the server
starts the next process. It reads frames from standard input, each a length of 8 bytes and an image
file, and writes for each a frame with one byte before its content: "+" and the 784 pixels of the
digit, or "-" and what is wrong with the file.
"""

from __future__ import annotations

import io
import sys
from typing import BinaryIO

MEMORY = 1 << 30
"""Bytes of address space that the process may use: 64 million pixels take half of it."""

LENGTH = 8  # bytes of a frame's length


def decode(content: bytes) -> bytes:
    """Return the answer to an image file: its pixels prepared as MNIST's, or an error."""
    from pellucid.data.image_files import decode_image
    from pellucid.data.images import digit
    from pellucid.errors import PellucidError

    try:
        return b"+" + digit(decode_image(io.BytesIO(content), "the image")).tobytes()
    except PellucidError as error:
        return b"-" + str(error).encode()
    except MemoryError:
        return b"-the image needs too much memory: reduce it first"


def answer(source: BinaryIO, target: BinaryIO) -> None:
    """Answer frames until the input ends."""
    while len(head := source.read(LENGTH)) == LENGTH:
        result = decode(source.read(int.from_bytes(head, "little")))
        target.write(len(result).to_bytes(LENGTH, "little") + result)
        target.flush()


def main() -> None:
    """Limit this process, then answer."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever prints must not write between the frames
    decode(b"")  # imports everything before memory is limited, and before the first image
    try:
        import resource
    except ImportError:  # Windows: the server's time limit is the only one
        pass
    else:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer(source, target)


if __name__ == "__main__":
    main()
