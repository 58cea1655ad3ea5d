"""The check that a network is the same everywhere: both engines, PyTorch and ONNX Runtime.

`programs` holds those that compute, `samples` the rows and targets, `gaps` the measure of
difference, and `agreement` the comparison.
"""

from pellucid.exchange.verification.agreement import Check, Line, Verification, verify

__all__ = ["Check", "Line", "Verification", "verify"]
