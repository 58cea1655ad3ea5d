"""The programs that are compared: pellucid's engines, PyTorch and ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pellucid.core import chain, losses
from pellucid.core.losses import RowLoss
from pellucid.core.optimizers import SGD, Adam, Optimizer
from pellucid.core.types import Array, Batch
from pellucid.engines import make_engine
from pellucid.engines.native import why_not
from pellucid.errors import InputError
from pellucid.exchange.onnx.to_model import onnx_model
from pellucid.exchange.pytorch import from_module, to_module
from pellucid.exchange.pytorch.equivalents import transposed
from pellucid.extras import library
from pellucid.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

Batches = Sequence[tuple[Batch, Array]]
_TORCH_LOSSES: dict[type[RowLoss], str] = {
    losses.CrossEntropy: "cross_entropy",
    losses.BinaryCrossEntropy: "binary_cross_entropy_with_logits",
    losses.Poisson: "poisson_nll_loss",
    losses.MeanSquaredError: "mse_loss",
}


class Program(Protocol):
    """A program that computes what a network does, and leaves the network unchanged.

    None stands for a result, or an array of it, that the program cannot compute.
    """

    def outputs(self, x: Batch) -> Sequence[Batch | None]:
        """Return every layer's output in prediction."""

    def gradients(self, x: Batch, t: Array) -> tuple[float, list[Array]] | None:
        """Return loss and gradients of one training batch, in the order of `params`."""

    def trained(self, optimizer: Optimizer, batches: Batches) -> Network | None:
        """Return the network after a training step on each batch."""


class EngineProgram:
    """One of pellucid's engines."""

    def __init__(self, net: Network, loss: RowLoss, engine: str) -> None:
        if engine == "native" and (reason := why_not(net.layers)) is not None:
            raise InputError(reason)
        self.net, self.loss, self.engine = net, loss, engine

    def outputs(self, x: Batch) -> Sequence[Batch | None]:
        if self.engine == "reference":
            return self.net.forward(x)
        # An engine returns the last output only, so an engine is made for each layer as the last.
        # It needs weights, which determine its floating type.
        begun = [self.net.layers[: index + 1] for index in range(len(self.net.layers))]
        return [None if why_not(p) else make_engine(p, engine="native").predict(x) for p in begun]

    def gradients(self, x: Batch, t: Array) -> tuple[float, list[Array]]:
        layers = self.net.copy().layers  # a training pass changes running statistics
        loss, grads, _ = make_engine(layers, self.loss, SGD(), engine=self.engine).gradients(x, t)
        return loss, [np.array(grad) for grad in grads]

    def trained(self, optimizer: Optimizer, batches: Batches) -> Network:
        net = self.net.copy()
        engine = make_engine(net.layers, self.loss, optimizer, engine=self.engine)
        for x, t in batches:
            engine.train_step(x, t)
        return net


class TorchProgram:
    """The modules of `to_torch`, and PyTorch's own losses, gradients and optimizers."""

    def __init__(self, net: Network, loss: RowLoss) -> None:
        self.torch = library("torch", "torch")
        self.net, self.depth = net, chain.loss_depth(net.layers, loss)
        functional = library("torch.nn.functional", "torch")
        self.loss: Callable[..., torch.Tensor] = getattr(functional, _TORCH_LOSSES[type(loss)])
        to_module.to_torch(net)  # a layer without a module raises its error now

    def outputs(self, x: Batch) -> list[Batch]:
        found, y = [], self.torch.from_numpy(x)
        with self.torch.no_grad():
            for module in to_module.to_torch(self.net):
                y = module(y)
                found.append(y.numpy())
        return found

    def gradients(self, x: Batch, t: Array) -> tuple[float, list[Array]]:
        module = to_module.to_torch(self.net).train().requires_grad_()
        loss = self._loss(module, x, t)
        params = list(module.parameters())
        # A parameter on which the loss does not depend gets None, where our gradient is zeros.
        grads = self.torch.autograd.grad(loss, params, allow_unused=True) if params else []
        pairs = zip(params, grads, strict=True)
        found = [param.new_zeros(param.shape) if g is None else g for param, g in pairs]
        return loss.item(), [transposed(grad.numpy()) for grad in found]

    def trained(self, optimizer: Optimizer, batches: Batches) -> Network:
        module = to_module.to_torch(self.net).train()
        params = [param for param in module.parameters() if param.requires_grad]
        theirs = _torch_optimizer(optimizer, params)
        for x, t in batches:
            theirs.zero_grad()
            self._loss(module, x, t).backward()  # type: ignore[no-untyped-call,unused-ignore]
            if optimizer.clip_norm is not None:
                self.torch.nn.utils.clip_grad_norm_(params, optimizer.clip_norm)
            theirs.step()
        return from_module.from_torch(module)

    def _loss(self, module: nn.Sequential, x: Batch, t: Array) -> torch.Tensor:
        logits = module[: self.depth](self.torch.from_numpy(x))
        return self.loss(logits, self.torch.from_numpy(t))


class OnnxProgram:
    """ONNX Runtime, which predicts and does not train."""

    def __init__(self, net: Network, loss: RowLoss) -> None:
        model = onnx_model(net, every_layer=True).SerializeToString()
        runtime = library("onnxruntime", "onnx")
        options = runtime.SessionOptions()
        options.log_severity_level = 3  # errors only: warnings would appear among our own lines
        if net.dtype == np.float64:  # operators that it fuses have factors in float32
            options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        providers = ["CPUExecutionProvider"]
        try:
            self.session = runtime.InferenceSession(model, options, providers=providers)
        # Its exceptions have no common base; one of them is raised for a missing float64 operator.
        except Exception as error:
            reason = str(error).strip().splitlines()[-1]
            raise InputError("ONNX Runtime rejects the model: {reason}", reason=reason) from error

    def outputs(self, x: Batch) -> list[Batch]:
        wanted = self.session.get_inputs()[0]
        shape = [size if isinstance(size, int) else -1 for size in wanted.shape[1:]]
        found: list[Batch] = self.session.run(None, {wanted.name: x.reshape(len(x), *shape)})
        return found

    def gradients(self, x: Batch, t: Array) -> None:
        return None

    def trained(self, optimizer: Optimizer, batches: Batches) -> None:
        return None


PROGRAMS: dict[str, Callable[[Network, RowLoss], Program]] = {
    "native": lambda net, loss: EngineProgram(net, loss, "native"),
    "PyTorch": TorchProgram,
    "ONNX Runtime": OnnxProgram,
}
"""The programs that are compared with the reference engine.

The constructor raises InputError where a program is not installed or does not support the network.
"""


def _torch_optimizer(optimizer: Optimizer, params: Sequence[torch.Tensor]) -> torch.optim.Optimizer:
    from torch import optim

    if isinstance(optimizer, Adam):
        betas = optimizer.beta_1, optimizer.beta_2
        return optim.Adam(params, optimizer.learning_rate, betas, optimizer.epsilon)
    assert isinstance(optimizer, SGD)
    return optim.SGD(params, optimizer.learning_rate, optimizer.momentum)
