"""The proof that a network is the same everywhere: reference engine, native engine, PyTorch, ONNX
Runtime.

`programs` holds who computes, `rows` what is computed, `comparison` how far the results may be
apart.
"""

from pellucid.exchange.verification.comparison import Check, Line, Verification, verify

__all__ = ["Check", "Line", "Verification", "verify"]
