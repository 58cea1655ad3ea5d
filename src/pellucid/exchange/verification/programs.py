"""Who computes: pellucid's engines, PyTorch and ONNX Runtime, asked for the same things."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pellucid.core import chain
from pellucid.core.layer import flat
from pellucid.core.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError, Poisson
from pellucid.core.optimizers import SGD, Adam, Optimizer
from pellucid.core.types import Array
from pellucid.engines import make_engine
from pellucid.engines.native import why_not
from pellucid.errors import InputError
from pellucid.exchange.pytorch.twins import turned
from pellucid.extras import library
from pellucid.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

Batches = Sequence[tuple[Array, Array]]
Results = Sequence[Array | None]


class Program(Protocol):
    """Somebody who computes what a network does; the network itself is left as it is.

    What a program cannot do is None: its result, or an array of it.
    """

    def outputs(self, x: Array) -> Results:
        """Give every layer's output, as when answering."""
        ...

    def gradients(self, x: Array, t: Array) -> tuple[float, list[Array]] | None:
        """Give loss and gradients, in the order of `params`, of one batch of learning."""
        ...

    def learned(self, optimizer: Optimizer, batches: Batches) -> Network | None:
        """Give the network after learning these batches."""
        ...


class EngineProgram:
    """One of pellucid's engines."""

    def __init__(self, net: Network, loss: Any, engine: str) -> None:
        if engine == "native" and (reason := why_not(net.layers)) is not None:
            raise InputError(reason)
        self.net, self.loss, self.engine = net, loss, engine

    def outputs(self, x: Array) -> Results:
        if self.engine == "reference":
            return self.net.forward(x)
        # An engine gives the last output only, so each layer is once the last; without weights none
        # knows its type.
        begun = [self.net.layers[: index + 1] for index in range(len(self.net.layers))]
        return [
            None
            if why_not(layers) is not None
            else make_engine(layers, engine=self.engine).predict(x)
            for layers in begun
        ]

    def gradients(self, x: Array, t: Array) -> tuple[float, list[Array]]:
        layers = self.net.copy().layers  # a pass of learning changes running statistics
        loss, grads, _ = make_engine(layers, self.loss, SGD(), engine=self.engine).gradients(x, t)
        return loss, [np.array(grad) for grad in grads]

    def learned(self, optimizer: Optimizer, batches: Batches) -> Network:
        net = self.net.copy()
        engine = make_engine(net.layers, self.loss, optimizer, engine=self.engine)
        for x, t in batches:
            engine.train_step(x, t)
        return net


class TorchProgram:
    """The modules of `to_torch`, PyTorch's own losses, gradients and optimizers."""

    def __init__(self, net: Network, loss: Any) -> None:
        from pellucid.exchange.pytorch.conversion import to_torch

        self.torch = library("torch", "torch")
        self.loss, self.depth = _torch_loss(loss), chain.loss_depth(net.layers, loss)
        self.make: Callable[[], nn.Sequential] = lambda: to_torch(net)
        self.make()  # a layer without a module is found now

    def outputs(self, x: Array) -> Results:
        found, y = [], self.torch.from_numpy(x)
        with self.torch.no_grad():
            for module in self.make():
                y = module(y)
                found.append(y.numpy())
        return found

    def gradients(self, x: Array, t: Array) -> tuple[float, list[Array]]:
        module = self.make().train().requires_grad_()
        loss = self._loss(module, x, t)
        params = list(module.parameters())
        grads = self.torch.autograd.grad(loss, params, allow_unused=True) if params else []
        found = [
            param.new_zeros(param.shape) if g is None else g
            for param, g in zip(params, grads, strict=True)
        ]
        return loss.item(), [turned(grad.numpy()) for grad in found]

    def learned(self, optimizer: Optimizer, batches: Batches) -> Network:
        from pellucid.exchange.pytorch.conversion import from_torch

        module = self.make().train()
        params = [param for param in module.parameters() if param.requires_grad]
        twin = _torch_optimizer(self.torch, optimizer, params)
        for x, t in batches:
            twin.zero_grad()
            self._loss(module, x, t).backward()  # type: ignore[no-untyped-call,unused-ignore]
            if optimizer.clip_norm is not None:
                self.torch.nn.utils.clip_grad_norm_(params, optimizer.clip_norm)
            twin.step()
        return from_torch(module)

    def _loss(self, module: nn.Sequential, x: Array, t: Array) -> torch.Tensor:
        sums = module[: self.depth](self.torch.from_numpy(x))
        return self.loss(sums, self.torch.from_numpy(t))


class OnnxProgram:
    """ONNX Runtime, which answers and does not learn."""

    def __init__(self, net: Network, loss: Any) -> None:
        from pellucid.exchange.onnx import onnx_model

        model = onnx_model(net, every_layer=True).SerializeToString()
        runtime = library("onnxruntime", "onnx")
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        if net.dtype == np.float64:  # what it fuses keeps factors in float32
            options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            self.session = runtime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions have no common base; a type that it has no arithmetic for is one
            reason = str(error).strip().splitlines()[-1]
            raise InputError(
                "ONNX Runtime does not take this network: {reason}", reason=reason
            ) from error

    def outputs(self, x: Array) -> Results:
        wanted = self.session.get_inputs()[0]
        shape = [size if isinstance(size, int) else -1 for size in wanted.shape[1:]]
        found: list[Array] = self.session.run(None, {wanted.name: x.reshape(len(x), *shape)})
        return found

    def gradients(self, x: Array, t: Array) -> None:
        return None

    def learned(self, optimizer: Optimizer, batches: Batches) -> None:
        return None


PROGRAMS: dict[str, Callable[[Network, Any], Program]] = {
    "native": lambda net, loss: EngineProgram(net, loss, "native"),
    "PyTorch": TorchProgram,
    "ONNX Runtime": OnnxProgram,
}
"""Everybody who is compared with the reference engine.

Making one raises InputError that says why it cannot be.
"""


def arrays(net: Network) -> Iterator[tuple[str, Array, bool]]:
    """Give (name as in model files, array, whether it is learned) of a network's arrays."""
    learned = {id(array) for array in flat(layer.params for layer in net.layers)}
    for index, layer in enumerate(net.layers):
        for name, array in layer.arrays().items():
            yield f"{index}.{name}", array, id(array) in learned


def _torch_loss(loss: Any) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    functional = library("torch.nn.functional", "torch")
    known: dict[type, Any] = {
        CrossEntropy: functional.cross_entropy,
        BinaryCrossEntropy: functional.binary_cross_entropy_with_logits,
        Poisson: functional.poisson_nll_loss,
        MeanSquaredError: functional.mse_loss,
    }
    found: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = known[type(loss)]
    return found


def _torch_optimizer(
    torch: Any, optimizer: Optimizer, params: Sequence[torch.Tensor]
) -> torch.optim.Optimizer:
    if isinstance(optimizer, Adam):
        betas = optimizer.beta_1, optimizer.beta_2
        twin = torch.optim.Adam(
            params, lr=optimizer.learning_rate, betas=betas, eps=optimizer.epsilon
        )
    else:
        assert isinstance(optimizer, SGD)
        twin = torch.optim.SGD(params, lr=optimizer.learning_rate, momentum=optimizer.momentum)
    found: torch.optim.Optimizer = twin
    return found
