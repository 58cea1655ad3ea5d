"""The limits of every reader, in one place: what a file from a stranger may ask for.

A file says how much it holds, and a few bytes can say "gigabytes". So each reader compares what a
file says with these numbers before it reserves memory or begins to compute. They are far above what
people train on; where a large file of one's own exceeds one, the error says what to do. The page
reference/limits.md lists them, and a test holds it to this module.
"""

from __future__ import annotations

# Compressed files: gzip around IDX, CSV and JSON, and the deflated arrays of .npz.

UNPACKED_FREELY = 8 << 20
"""Bytes that a compressed file may unpack to, however small it is."""

UNPACKED_PER_BYTE = 100
"""Further unpacked bytes for each compressed one. Tables and images rarely exceed 20; deflate goes
up to 1,032, which is what bombs are made of."""

MEMBERS_FREELY, BYTES_PER_MEMBER = 1_000, 1_024
"""Gzip members (files one after the other) of a file, and the bytes for which there may be one
more. Starting a member costs as much as unpacking thousands of bytes; tools that write many
(bgzip) make them of some 20,000 bytes."""

# Images

PIXELS = 64_000_000
"""Pixels of an image: 256 MB once decoded. A page of A4 scanned at 600 dpi has 35 million."""

WEBP_PIXELS = 24_000_000
"""Pixels of a WebP image, whose decoder keeps four copies of four bytes a pixel."""

LONGEST_SIDE = 65_535
"""Pixels of an image's longer side, as in JPEG and GIF. PNG's decoder is slow on narrow rows."""

SCANS = 100
"""Scans of a JPEG file. Each costs a pass over all pixels and may be of 10 bytes; usual are 10."""

# Tables

COLUMNS = 100_000
"""Columns of a table."""

CELLS_FREELY, CELLS_PER_BYTE = 10_000_000, 100
"""Cells of a table (rows times columns), and the further ones for each byte of its file. Columns
that repeat a value take no bytes in Parquet, and absent ones none in JSON records: a kilobyte can
claim a billion rows."""

CSV_ROW = 4 << 20
"""Bytes of a row of a CSV file, and characters of a JSON record."""

COPIED_INPUT = 32 << 30
"""Bytes of a table from standard input, which is copied to a temporary file: it may never end."""

CELL_TEXT = 128 << 20
"""Bytes of the texts of one column in one block of rows. A dictionary in Parquet or Feather holds a
long text once and names it in every row."""

PAGE = 128 << 20
"""Bytes that a page of a Parquet file may unpack to. Pages are unpacked whole; most writers make
them of 1 MB, none of more than 100."""

NUMBERS_OF_A_ROW = 1_000_000
"""Numbers that the columns of a table become in a row of a network's inputs."""

# NumPy's files

ARRAYS = 10_000
"""Arrays of an .npz file."""

NPY_HEADER = 64 << 10
"""Bytes of an .npy header, which Python's parser reads."""

# Models

MODEL_BYTES = 8 << 30
"""Bytes of a model file, or of a state_dict of PyTorch: two billion float32 numbers."""

MODEL_TEXT = 16 << 20
"""Bytes of a model file's JSON header, the list of its arrays included."""

NAMES = 8 << 20
"""Bytes of that header for names of columns, categories and classes; layers have the rest. Checked
where names are read, since training for hours and then not saving would be worse."""

MOST_LAYERS = 10_000
"""Layers in a list of layers."""

DEPTH = 8
"""Levels of layers within layers: more would end in Python's limit of recursion."""

CHECKPOINT_BYTES = 64 << 30
"""Bytes of a checkpoint, which holds the weights several times (optimizer, averages, best)."""

CHECKPOINT_TEXT = 64 << 20
"""Bytes of a checkpoint's JSON header, which holds the history of the training."""

JSON_BYTES = 1 << 30
"""Bytes of a network in JSON: parsed, a number takes ten times the memory of a float32."""

ONNX_BYTES = 1 << 31
"""Bytes of an ONNX file, where Protocol Buffers end."""

FIELDS = 1_000_000
"""Fields of an ONNX file, counted before it is parsed: an empty node has two bytes and takes two
hundred in memory. Weights are one field each; 10,000 nodes have some 200,000."""

NODES = 10_000
"""Nodes of an ONNX graph."""

COMPUTED = 1 << 24
"""Numbers that operators of an ONNX file may compute from constants, beyond four times those in the
file: a few bytes (Gather, broadcasting) can ask for gigabytes."""

# Folders

SEARCH_BYTES = 64 << 20
"""Bytes of a file in the folder of a search: a trial, or what the search is of."""


def unpacked(packed: int) -> int:
    """Return how many bytes a compressed file, or the part of it that was read, may unpack to."""
    return UNPACKED_FREELY + UNPACKED_PER_BYTE * packed


def members(packed: int) -> int:
    """Return how many gzip members a file of so many bytes may have."""
    return MEMBERS_FREELY + packed // BYTES_PER_MEMBER


def cells(size: int) -> int:
    """Return how many cells a table in a file of `size` bytes may have."""
    return CELLS_FREELY + CELLS_PER_BYTE * size
