"""A network as a header and a source file of C99.

For microcontrollers, and for programs without Python.
"""

from pellucid.exchange.c.writing import to_c

__all__ = ["to_c"]
