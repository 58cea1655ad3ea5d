"""ONNX: a network for ONNX Runtime and others, and dense graphs of any exporter as a network.

Out: `writers` holds the operators of each layer, `to_model` makes models of them. In: `graph` reads
an untrusted file into operators with constant inputs, `graph_outputs` finds the tensor that holds
the predictions, `segments` cuts the path to it into pieces, and `readers` (one operator each) and
`recognition` (functions written out in several operators) make layers of the pieces, collected by
`builder`; `proof` compares the network with the graph, which `evaluation` computes in NumPy;
`from_model` joins these steps.
"""

from pellucid.exchange.onnx.from_model import from_onnx
from pellucid.exchange.onnx.to_model import onnx_model, to_onnx

__all__ = ["from_onnx", "onnx_model", "to_onnx"]
