"""A network as a header and a source file of C99, for microcontrollers and without Python.

`layer_code` holds what each layer becomes, `program` collects the lines of one pass, `routines` the
functions that these lines call, `quantization` the int8 weights; `text` and `about` make the two
files of it, and `to_files` writes them.
"""

from pellucid.exchange.c.to_files import to_c

__all__ = ["to_c"]
