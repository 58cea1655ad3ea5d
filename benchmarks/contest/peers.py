"""PyTorch, scikit-learn, ONNX Runtime and JAX, each as its own users write it for speed.

None is required, and none is imported before it is measured.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from contest.contender import Contender, Epoch, Predict
from contest.tasks import PIXEL, SEED, Rows, order, scaled
from pellucid.core.types import Array


class PyTorch(Contender):
    """Eager PyTorch: tensors indexed by hand, no DataLoader, inference mode, fused optimizers."""

    name, title, package, distribution = "torch", "PyTorch", "torch", "torch"

    @classmethod
    def use_threads(cls, threads: int) -> None:
        torch = import_module("torch")
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)

    def predictors(self) -> dict[str, Predict]:
        torch = import_module("torch")
        module = self._predicting()
        pairs = [
            (torch.from_numpy(W), torch.from_numpy(b))
            for W, b in pairwise(self.start.params)
            if W.ndim == 2
        ]
        inference, from_numpy, addmm, pixels = (
            torch.inference_mode,
            torch.from_numpy,
            torch.addmm,
            self.task.pixels,
        )
        *hidden, (last_W, last_b) = pairs
        softmax, relu = self.task.output == "softmax", self.task.activation == "relu"

        def by_module(x: Array) -> Array:
            with inference():
                y = from_numpy(x)
                return module(y.float().mul_(PIXEL) if pixels else y).numpy()

        def by_functions(x: Array) -> Array:
            with inference():
                y = from_numpy(x)
                y = y.float().mul_(PIXEL) if pixels else y
                for W, b in hidden:
                    z = addmm(b, y, W)
                    y = z.relu_() if relu else z.sigmoid_()
                z = addmm(last_b, y, last_W)
                return (z.softmax(1) if softmax else z.sigmoid_()).numpy()

        return {"nn.Sequential": by_module, "addmm by hand": by_functions}

    def compiled_predictors(self) -> dict[str, Predict]:
        torch = import_module("torch")
        module, inference, from_numpy = (
            torch.compile(self._predicting()),
            torch.inference_mode,
            torch.from_numpy,
        )

        def predict(x: Array) -> Array:
            with inference():
                return module(from_numpy(x)).numpy()

        return {"torch.compile": predict}

    def epochs(self, rows: Rows) -> dict[str, Epoch]:
        makers = {"torch.optim": self._with_optimizer}
        if self.task.optimizer == "sgd":
            makers["autograd.grad"] = self._by_hand
        ways = {name: self._epoch(rows.x, rows.t, make()) for name, make in makers.items()}
        if rows.images is not None:
            images = rows.images.reshape(len(rows.t), -1).copy()  # it warns of read-only arrays
            for name, make in makers.items():
                ways[f"{name}, bytes in"] = self._epoch(images, rows.t, make())
        return ways

    def compiled_epochs(self, rows: Rows) -> dict[str, Epoch]:
        module, step = self._with_optimizer()
        compiled = import_module("torch").compile(module)
        return {"torch.compile": self._epoch(rows.x, rows.t, (compiled, step))}

    def _epoch(
        self, inputs: Array, targets: Array, way: tuple[Any, Callable[[Any], None]]
    ) -> Epoch:
        """Return the epoch of a module and of a function that takes a step from a batch's loss."""
        torch = import_module("torch")
        (module, step), size, pixels = way, self.task.batch_size, inputs.dtype == np.uint8
        x, t, places = (torch.from_numpy(a) for a in (inputs, targets, order(1, len(targets))))
        cross_entropy = torch.nn.functional.cross_entropy

        def epoch() -> float:
            self.module = module
            started = time.perf_counter()
            for batch in places.split(size):
                chosen = x.index_select(0, batch)
                chosen = chosen.float().mul_(PIXEL) if pixels else chosen
                step(cross_entropy(module(chosen), t.index_select(0, batch)))
            return time.perf_counter() - started

        return epoch

    def _with_optimizer(self) -> tuple[Any, Callable[[Any], None]]:
        torch = import_module("torch")
        module = self._module().train()
        kind = torch.optim.SGD if self.task.optimizer == "sgd" else torch.optim.Adam
        optimizer = kind(module.parameters(), lr=self.task.rate, fused=True)

        def step(loss: Any) -> None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        return module, step

    def _by_hand(self) -> tuple[Any, Callable[[Any], None]]:
        torch = import_module("torch")
        module, rate = self._module().train(), self.task.rate
        params = list(module.parameters())

        def step(loss: Any) -> None:
            grads = torch.autograd.grad(loss, params)
            with torch.no_grad():
                for p, g in zip(params, grads, strict=True):
                    p.sub_(g, alpha=rate)

        return module, step

    def params(self) -> list[Array]:
        arrays = [p.detach().numpy() for p in self.module.parameters()]
        return [p.T if p.ndim == 2 else p for p in arrays]  # PyTorch keeps weights as (out, in)

    def _predicting(self) -> Any:
        nn = import_module("torch").nn
        end = nn.Softmax(1) if self.task.output == "softmax" else nn.Sigmoid()
        return nn.Sequential(self._module(), end).eval()

    def _module(self) -> Any:
        """Build the network up to its logits."""
        nn = import_module("torch").nn
        task, layers = self.task, []
        for D, H in pairwise(task.widths[:-1]):
            layers.append(nn.Linear(D, H, bias=task.normalization != "batch"))
            layers += [nn.BatchNorm1d(H)] if task.normalization == "batch" else []
            layers.append(nn.ReLU() if task.activation == "relu" else nn.Sigmoid())
            layers += [nn.Dropout(task.dropout)] if task.dropout else []
        module = nn.Sequential(*layers, nn.Linear(*task.widths[-2:]))
        for theirs, ours in zip(module.parameters(), self.start.params, strict=True):
            theirs.data = import_module("torch").from_numpy(ours.T.copy())
        return module


class ScikitLearn(Contender):
    """MLPClassifier: `partial_fit` trains one epoch more, with input not checked for NaN again."""

    name, title, package, distribution = "sklearn", "scikit-learn", "sklearn", "scikit-learn"
    shuffles = True  # in its own order; a test turns this off to compare weights

    def predictors(self) -> dict[str, Predict]:
        predict = self._model(sigmoids=self.task.output == "sigmoid").predict_proba
        return {"predict_proba": (lambda x: predict(scaled(x))) if self.task.pixels else predict}

    def epochs(self, rows: Rows) -> dict[str, Epoch]:
        if not self.task.plain:
            return {}
        unchecked = import_module("sklearn").config_context
        self.model = self._model(sigmoids=False)
        x, t = rows.x, rows.t
        if not self.shuffles:
            places = order(1, len(t))
            x, t = x[places], t[places]

        def epoch() -> float:
            with unchecked(assume_finite=True):
                started = time.perf_counter()
                self.model.partial_fit(x, t)
                return time.perf_counter() - started

        return {"": epoch}

    def params(self) -> list[Array]:
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [p for pair in pairs for p in pair]

    def _model(self, sigmoids: bool) -> Any:
        """Return a model with our weights.

        It is fitted to two rows of zeros first, which makes its attributes.
        """
        task, K = self.task, self.task.widths[-1]
        model = import_module("sklearn.neural_network").MLPClassifier(
            task.widths[1:-1],
            activation="relu" if task.activation == "relu" else "logistic",
            solver=task.optimizer,
            alpha=0.0,
            batch_size=task.batch_size,
            learning_rate_init=task.rate,
            momentum=0.0,
            shuffle=self.shuffles,
            random_state=SEED,
        )
        x, t = np.zeros((2, task.widths[0]), np.float32), np.zeros((2, K), np.int64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if sigmoids:  # to scikit-learn, ten independent outputs are several labels a row
                model.set_params(max_iter=1).fit(x, t)
            else:
                model.partial_fit(x, t[:, 0], classes=np.arange(K))
                del model._optimizer  # the next epoch makes a fresh one
        params = [p.copy() for p in self.start.params]
        model.coefs_, model.intercepts_ = params[::2], params[1::2]
        return model


class ONNXRuntime(Contender):
    """ONNX Runtime with every optimization; it only predicts."""

    name, title, package, distribution = "onnxruntime", "ONNX Runtime", "onnxruntime", "onnxruntime"

    @classmethod
    def installed(cls) -> bool:
        return super().installed() and find_spec("onnx") is not None

    def predictors(self) -> dict[str, Predict]:
        ort = import_module("onnxruntime")
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = ort.InferenceSession(self._model(), options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        run, names, feed = session.run, ["y"], {"x": self.start.params[0]}
        dtype = np.dtype(self.task.dtype).type

        def run_session(x: Array) -> Array:
            feed["x"] = x
            return run(names, feed)[0]

        def run_bound(x: Array) -> Array:
            y = np.empty((len(x), self.task.widths[-1]), dtype)
            binding.bind_input("x", "cpu", 0, x.dtype.type, x.shape, x.ctypes.data)
            binding.bind_output("y", "cpu", 0, dtype, y.shape, y.ctypes.data)
            session.run_with_iobinding(binding)
            return y

        return {"session.run": run_session, "io binding": run_bound}

    def _model(self) -> bytes:
        onnx = import_module("onnx")
        helper, task = onnx.helper, self.task
        kind = onnx.TensorProto.FLOAT if task.dtype == "float32" else onnx.TensorProto.DOUBLE
        hidden = "Relu" if task.activation == "relu" else "Sigmoid"
        end = "Softmax" if task.output == "softmax" else "Sigmoid"
        nodes, held, last = [], [], "x"
        if self.task.pixels:
            held.append(onnx.numpy_helper.from_array(np.array(PIXEL), "pixel"))
            nodes.append(helper.make_node("Cast", ["x"], ["float"], to=kind))
            nodes.append(helper.make_node("Mul", ["float", "pixel"], [last := "scaled"]))
        params = self.start.params
        held += [onnx.numpy_helper.from_array(p, f"p{index}") for index, p in enumerate(params)]
        for index in range(0, len(params), 2):
            nodes.append(
                helper.make_node("Gemm", [last, f"p{index}", f"p{index + 1}"], [f"z{index}"])
            )
            ends = index == len(params) - 2
            last = "y" if ends else f"y{index}"
            nodes.append(helper.make_node(end if ends else hidden, [f"z{index}"], [last]))
        given = onnx.TensorProto.UINT8 if self.task.pixels else kind
        x, y = (
            helper.make_tensor_value_info(name, type_, ["N", width])
            for name, type_, width in (
                ("x", given, self.task.widths[0]),
                ("y", kind, self.task.widths[-1]),
            )
        )
        graph = helper.make_graph(nodes, "mlp", [x], [y], held)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        return model.SerializeToString()


class JAX(Contender):
    """JAX: the whole epoch is one compiled scan with donated buffers; compiling is not counted."""

    name, title, package, distribution = "jax", "JAX", "jax", "jax"

    @classmethod
    def use_threads(cls, threads: int) -> None:
        # JAX starts as many threads as the process may use processors.
        if threads == 1 and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    def predictors(self) -> dict[str, Predict]:
        if self.task.dtype != "float32":  # it computes in float32, unless all of it is told not to
            return {}
        jax = import_module("jax")
        params = [jax.numpy.asarray(p) for p in self.start.params]

        def predict(x: Any) -> Any:
            x = x.astype(np.float32) * PIXEL if self.task.pixels else x
            for W, b in zip(params[:-2:2], params[1:-2:2], strict=True):
                x = self._activation()(x @ W + b)
            z = x @ params[-2] + params[-1]
            return jax.nn.softmax(z) if self.task.output == "softmax" else jax.nn.sigmoid(z)

        compiled = jax.jit(predict)
        return {"jit": lambda x: np.asarray(compiled(x))}

    def epochs(self, rows: Rows) -> dict[str, Epoch]:
        if not self.task.plain or self.task.dtype != "float32":
            return {}
        ways = {"": self._epoch(rows.x, rows.t)}
        if rows.images is not None:
            ways["bytes in"] = self._epoch(rows.images.reshape(len(rows.t), -1), rows.t)
        return ways

    def _epoch(self, inputs: Array, targets: Array) -> Epoch:
        jax = import_module("jax")
        places, size = order(1, len(targets)), self.task.batch_size
        whole = len(places) // size * size
        batches = jax.numpy.asarray(places[:whole].reshape(-1, size))
        rest = jax.numpy.asarray(places[whole:])
        x, t = jax.device_put(inputs), jax.device_put(targets.astype(np.int32))
        params = [jax.numpy.array(p) for p in self.start.params]
        zeros = [[jax.numpy.zeros_like(p) for p in params] for _ in range(2)]
        state = (params, *zeros, jax.numpy.zeros((), jax.numpy.float32))
        started = time.perf_counter()
        train = jax.jit(self._train, donate_argnums=0).lower(state, x, t, batches, rest).compile()
        self.compiling = time.perf_counter() - started

        def epoch() -> float:
            nonlocal state
            started = time.perf_counter()
            self.state = state = jax.block_until_ready(train(state, x, t, batches, rest))
            return time.perf_counter() - started

        return epoch

    def params(self) -> list[Array]:
        return [np.asarray(p) for p in self.state[0]]

    def _train(self, state: Any, x: Any, t: Any, batches: Any, rest: Any) -> Any:
        jax = import_module("jax")

        def step(state: Any, batch: Any) -> Any:
            chosen = x[batch].astype(np.float32) * PIXEL if x.dtype == np.uint8 else x[batch]
            grads = jax.grad(self._loss)(state[0], chosen, t[batch])
            return self._update(state, grads), None

        state, _ = jax.lax.scan(step, state, batches)
        return step(state, rest)[0] if len(rest) else state

    def _activation(self) -> Any:
        nn = import_module("jax").nn
        return nn.relu if self.task.activation == "relu" else nn.sigmoid

    def _loss(self, params: list[Any], x: Any, t: Any) -> Any:
        jax = import_module("jax")
        activation = self._activation()
        for W, b in zip(params[:-2:2], params[1:-2:2], strict=True):
            x = activation(x @ W + b)
        logs = jax.nn.log_softmax(x @ params[-2] + params[-1])
        return -jax.numpy.take_along_axis(logs, t[:, None], axis=1).mean()

    def _update(self, state: Any, grads: list[Any]) -> Any:
        params, ms, vs, step = state
        rate, step = self.task.rate, step + 1
        if self.task.optimizer == "sgd":
            return [p - rate * g for p, g in zip(params, grads, strict=True)], ms, vs, step
        sqrt = import_module("jax").numpy.sqrt
        ms = [0.9 * m + 0.1 * g for m, g in zip(ms, grads, strict=True)]
        vs = [0.999 * v + 0.001 * g * g for v, g in zip(vs, grads, strict=True)]
        near, far = 1 - 0.9**step, sqrt(1 - 0.999**step)
        params = [
            p - rate / near * m / (sqrt(v) / far + 1e-8)
            for p, m, v in zip(params, ms, vs, strict=True)
        ]
        return params, ms, vs, step
