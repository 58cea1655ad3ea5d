"""ONNX: the same network for ONNX Runtime and its kin, and dense graphs of others as networks that
learn on.

`writers` holds what each layer is in ONNX, `export` makes models of it. The way in: `graph` reads a
file that nobody vouches for into operators with their constants, `endings` finds where the answers
leave, `segments` cuts the way from the input to them into a line of pieces, and `readers` (one
operator each) and `recognition` (written-out functions, told by what they compute) make layers of
the pieces; `importing` puts these together.
"""

from pellucid.exchange.onnx.export import onnx_model, to_onnx
from pellucid.exchange.onnx.importing import from_onnx

__all__ = ["from_onnx", "onnx_model", "to_onnx"]
