"""Our estimators in skl2onnx: its `to_onnx` and `convert_sklearn` take them like scikit-learn's.

The nodes of the network are those of pellucid's own ONNX export; what skl2onnx adds around an
estimator (labels, probabilities, the options "zipmap", "nocl" and "output_class_labels") is what
it adds to scikit-learn's MLP. Importing this module registers them, which `skl2onnx_hook` does.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from onnx import helper, numpy_helper
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)

from pellucid.core.types import Array
from pellucid.errors import InputError
from pellucid.exchange.onnx.writers import Writer
from pellucid.sklearn.classifier import MLPClassifier
from pellucid.sklearn.regressor import MLPRegressor
from pellucid.sklearn.tables import TableClassifier, TableRegressor

Scope: TypeAlias = Any  # skl2onnx's names; it has no types
Operator: TypeAlias = Any  # skl2onnx's operator: an estimator, its inputs and outputs
Container: TypeAlias = Any  # skl2onnx's graph

FIRST_OPSET = 14  # the first with HardSwish; the other operators are older in their present form

_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
}


def _refuse(operator: Operator) -> None:
    """Raise InputError: an estimator for tables knows columns by names, which are not passed on."""
    raise InputError(
        "skl2onnx passes no columns by their names to {kind}: write its network with "
        "pellucid.exchange.to_onnx(model.network_, path, raw=True)",
        kind=type(operator.raw_operator).__name__,
    )


def _regressor_shapes(operator: Operator) -> None:
    K = operator.raw_operator.n_outputs_
    operator.outputs[0].set_type(_float_type(operator)([operator.inputs[0].type.shape[0], K]))


def _classifier_shapes(operator: Operator) -> None:
    estimator, N = operator.raw_operator, operator.inputs[0].type.shape[0]
    texts = _labels(operator.scope_inst, estimator).dtype.kind == "U"
    label = StringTensorType if texts else Int64TensorType
    K = len(estimator.classes_)
    operator.outputs[0].set_type(label([N, K] if _is_multilabel(estimator) else [N]))
    operator.outputs[1].set_type(_float_type(operator)([N, K]))


def _convert_regressor(scope: Scope, operator: Operator, container: Container) -> None:
    graph = _Graph(scope, operator, container)
    graph.write("Identity", graph.y)
    graph.write.rename(operator.outputs[0].full_name)
    graph.close()


def _convert_classifier(scope: Scope, operator: Operator, container: Container) -> None:
    graph, estimator = _Graph(scope, operator, container), operator.raw_operator
    write, y, label = graph.write, graph.y, operator.outputs[0].full_name
    probabilities = operator.outputs[1].full_name
    # scikit-learn's predict_proba has two columns, also for a single sigmoid.
    if estimator.n_outputs_ == 1:
        write("Concat", write("Sub", write.number("one", 1.0), y), y, axis=1)
    else:
        write("Identity", y)
    write.rename(probabilities)
    if _is_multilabel(estimator):
        write.cast(write("Greater", y, write.number("half", 0.5)), np.int64)
    else:
        chosen = write("ArgMax", probabilities, axis=1, keepdims=0)
        write("Gather", write.array("classes", _labels(scope, estimator)), chosen)
    write.rename(label)
    graph.close()


class _Graph:
    """The nodes of an estimator's network, in the floating type of its input.

    `y` is the tensor of the network's outputs, `write` adds nodes behind it, and `close` moves all
    of them into skl2onnx's graph.
    """

    def __init__(self, scope: Scope, operator: Operator, container: Container) -> None:
        if container.target_opset < FIRST_OPSET:
            template = "pellucid's estimators need target_opset {least} or higher, got {got}"
            raise InputError(template, least=FIRST_OPSET, got=container.target_opset)
        self._container, x, kind = container, operator.inputs[0], _float_type(operator)
        double = kind is DoubleTensorType
        net = operator.raw_operator.network_.astype("float64" if double else "float32")
        self.write = Writer(net.dtype)
        # Each estimator of a graph has a place, and so names, of its own.
        self.write.place = f"{scope.get_unique_operator_name('network')}."
        is_kind = isinstance(x.type, kind)
        first = x.full_name if is_kind else self.write.cast(x.full_name, net.dtype)
        self.y = self.write.layers(net.layers, first)[-1]

    def close(self) -> None:
        """Add weights and nodes to skl2onnx's graph, which chooses the versions of operators."""
        for tensor in self.write.weights:
            values = numpy_helper.to_array(tensor).ravel()
            self._container.add_initializer(tensor.name, tensor.data_type, tensor.dims, values)
        for node in self.write.nodes:
            found = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            names = [*node.input], [*node.output]
            self._container.add_node(node.op_type, *names, name=node.name, **found)


def _float_type(operator: Operator) -> Any:
    """Return skl2onnx's type of the probabilities or values: double where the input is."""
    double = isinstance(operator.inputs[0].type, DoubleTensorType)
    return DoubleTensorType if double else FloatTensorType


def _is_multilabel(estimator: MLPClassifier) -> bool:
    return estimator.n_outputs_ > 1 and estimator.out_activation_ != "softmax"


def _labels(scope: Scope, estimator: MLPClassifier) -> Array:
    """Return the classes as ONNX can hold them, texts or int64, or with "nocl" their indices."""
    if scope.get_options(estimator, {"nocl": False})["nocl"]:
        return np.arange(len(estimator.classes_))
    classes = np.asarray(estimator.classes_.tolist())
    if classes.dtype.kind == "U":
        return classes
    # NaN and infinity become arbitrary integers, which the comparison below refuses.
    with np.errstate(invalid="ignore"):
        whole = classes.astype(np.int64) if classes.dtype.kind in "biuf" else None
    if whole is None or not np.array_equal(whole, classes):
        template = "ONNX has classes that are texts or whole numbers, got {got}"
        raise InputError(template, got=", ".join(map(repr, classes.tolist())))
    return whole


def _register() -> None:
    """Register the estimators with skl2onnx."""
    regressor = "PellucidMLPRegressor", _regressor_shapes, _convert_regressor
    update_registered_converter(MLPRegressor, *regressor)
    classifier = "PellucidMLPClassifier", _classifier_shapes, _convert_classifier
    update_registered_converter(MLPClassifier, *classifier, options=_OPTIONS)
    for kind, options in ((TableClassifier, _OPTIONS), (TableRegressor, None)):
        name = f"Pellucid{kind.__name__}"
        update_registered_converter(kind, name, _refuse, _convert_regressor, options=options)


_register()
