"""How well a network predicts, on rows that it was not trained on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from pellucid.core import metrics
from pellucid.core.layers import Sigmoid, Softmax
from pellucid.core.losses import Loss
from pellucid.core.types import Array
from pellucid.display import blocks
from pellucid.display.text_table import number_text, table
from pellucid.engines import predict_and_loss
from pellucid.errors import InputError
from pellucid.language import say
from pellucid.lens.certainty import Coverage, coverage
from pellucid.lens.input_columns import RowsLike, knows_columns, with_targets
from pellucid.lens.report import PlainDict, Report
from pellucid.lens.score_curves import ROC, Calibration, PrecisionRecall
from pellucid.lens.thresholds import ThresholdScores, verdicts, yes
from pellucid.lens.unlike import unlike_training
from pellucid.network import Network
from pellucid.training.choices import check_network, choose_loss, is_classification
from pellucid.training.sample_checks import check_rows

USUAL_LEVEL = 0.9  # of intervals and sets of classes
_CLASSES = 40  # more classes make a table wider than a notebook


class Evaluation(Report):
    """The result of `evaluate`.

    Attributes
    ----------
    rows, loss
        The number of rows, and the loss on them.
    accuracy, interval, confusion
        For classes: the share of correct predictions, its 95 % interval (Wilson 1927), and the
        (K, K) counts of class i predicted as j. None for values.
    targets, predicted, confidence
        For classes, (N,) each: the true class, the predicted class, and the confidence in it; with
        a threshold the probability of the predicted class, which may be below 0.5.
    misclassified
        The indices of the misclassified rows, the most confident first.
    calibration
        The agreement of confidence and accuracy (`Calibration`; its `error` is the expected
        calibration error). It is a property of the probabilities: the network's own choice, not
        the one by a threshold, is right or wrong.
    roc, precision_recall
        For two classes that both occur: the curves, with `area` and `average_precision`. Else None.
    best_f1
        For two classes by probability: the threshold with the highest F1 of class 1, and that F1.
    at_threshold
        With a threshold: precision, recall and F1 of class 1 (`ThresholdScores`). Else None.
    r2, mean_absolute_error, root_mean_squared_error
        For values: the coefficient of determination, the mean absolute and the root mean squared
        error. None for classes; of several targets of a table, r2 is the mean, and the errors are
        None, because each target has its own unit.
    residuals
        For values, (N, K): targets minus predictions.
    by_target
        Where a table has several targets, r2, mean_absolute_error and root_mean_squared_error of
        each by its name. Else empty.
    names
        The names of the classes, or None.
    coverage
        How often intervals or sets of classes held the target (`Coverage`), where rows were held
        out of the training. Else None.
    unlike
        How many rows are unlike those of training (`unlike_training`), of a table. Else None.
    """

    # What does not apply stays None: classes have no residuals, values no confusion matrix.
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    confusion: Array | None = None
    targets: Array | None = None
    predicted: Array | None = None
    confidence: Array | None = None
    misclassified: Array | None = None
    calibration: Calibration | None = None
    roc: ROC | None = None
    precision_recall: PrecisionRecall | None = None
    best_f1: tuple[float, float] | None = None
    at_threshold: ThresholdScores | None = None
    r2: float | None = None
    mean_absolute_error: float | None = None
    root_mean_squared_error: float | None = None
    residuals: Array | None = None
    coverage: Coverage | None = None
    unlike: int | None = None

    def __init__(
        self,
        net: Network,
        y: Array,
        t: Array,
        loss: float,
        classes: bool,
        threshold: float | None = None,
    ) -> None:
        self.rows, self.loss, self.names = len(y), loss, net.classes
        self.by_target: dict[str, dict[str, float]] = {}
        if classes:
            self._count(net, y, metrics.target_classes(t), threshold)
        else:
            t = np.asarray(t).reshape(y.shape)
            self.residuals = t - y
            targets = net.columns.targets if net.predicts_values else ()
            if len(targets) == y.shape[1] > 1:
                for k, target in enumerate(targets):
                    self.by_target[target.name] = _errors(y[:, k : k + 1], t[:, k : k + 1])
                self.r2 = metrics.r2(y, t)
            else:
                vars(self).update(_errors(y, t))

    def _count(self, net: Network, y: Array, t: Array, threshold: float | None) -> None:
        chosen, confidence = verdicts(net, y, threshold)
        K = max(y.shape[1], 2)  # one output chooses between classes 0 and 1
        low, high = t.min(), t.max()
        if low < 0 or high >= K:
            template = "targets of {K} classes go from 0 to {last}, got {low} to {high}"
            raise InputError(template, K=K, last=K - 1, low=low, high=high)
        right = chosen == t
        hits = int(right.sum())
        self.accuracy, self.interval = hits / len(t), metrics.wilson(hits, len(t))
        self.confusion = metrics.confusion(chosen, t, K)
        if threshold is not None:
            self.at_threshold = ThresholdScores.of(threshold, self.confusion)
        self.targets, self.predicted, self.confidence = t, chosen, confidence
        wrong = np.flatnonzero(~right)
        self.misclassified = wrong[np.argsort(-self.confidence[wrong], kind="stable")]
        match = y.shape[1] > 1 and isinstance(net.layers[-1], Sigmoid)
        own = net.choose(y) == t  # without the threshold
        self.calibration = Calibration(net.confidence(y), own, probabilities=not match)
        if K == 2 and 0 < t.sum() < len(t):
            # Logits and independent sigmoids choose by the difference of two outputs; a softmax's
            # second output already holds it.
            alone = y.shape[1] == 1 or isinstance(net.layers[-1], Softmax)
            scores = y[:, -1] if alone else y[:, 1] - y[:, 0]
            self.roc, self.precision_recall = ROC(scores, t == 1), PrecisionRecall(scores, t == 1)
            if alone and isinstance(net.layers[-1], (Sigmoid, Softmax)):
                self.best_f1 = self.precision_recall.best_f1

    def to_dict(self) -> PlainDict:
        """Return the metrics as plain lists and numbers, without curves and values for each row."""
        certainty: PlainDict = {}
        if self.coverage is not None:
            certainty["coverage"] = self.coverage._asdict()
        if self.unlike is not None:
            certainty["unlike_training"] = self.unlike
        return self._scores() | certainty

    def _scores(self) -> PlainDict:
        if self.confusion is None or self.calibration is None:
            if self.by_target:
                return {"loss": self.loss, "r2": self.r2, "targets": self.by_target}
            errors = ("r2", "mean_absolute_error", "root_mean_squared_error")
            return {"loss": self.loss, **{name: getattr(self, name) for name in errors}}
        found = {name: getattr(self, name) for name in ("accuracy", "interval", "loss")}
        found["classes"] = [self.class_name(k) for k in range(len(self.confusion))]
        found["confusion"] = self.confusion.tolist()
        if self.at_threshold is not None:
            found["at_threshold"] = {"class": self.class_name(1), **self.at_threshold._asdict()}
        found["calibration_error"] = self.calibration.error
        if self.roc is not None and self.precision_recall is not None:
            found["roc_area"] = self.roc.area
            found["average_precision"] = self.precision_recall.average_precision
        if self.best_f1 is not None:
            found["best_f1"] = {"threshold": self.best_f1[0], "f1": self.best_f1[1]}
        return found

    def __str__(self) -> str:
        if self.by_target:
            template = "R2 {r2:.4f} (the mean of {count} targets), loss {loss:.4f} on {rows:,} rows"
            return say(template, count=len(self.by_target), **vars(self))
        if self.accuracy is None or self.interval is None:
            template = "R2 {r2:.4f}, mean absolute error {error}, loss {loss} on {rows:,} rows"
            loss = f"{self.loss:.4f}" if self.loss < 1e4 else number_text(self.loss)
            assert self.mean_absolute_error is not None
            error = number_text(self.mean_absolute_error)
            return say(template, r2=self.r2, error=error, loss=loss, rows=self.rows)
        template = (
            "accuracy {accuracy:.1f} % (95 % interval {low:.1f} to {high:.1f}), loss {loss:.4f} "
            "on {rows:,} rows"
        )
        accuracy, low, high = (100 * share for share in (self.accuracy, *self.interval))
        return say(template, **vars(self) | {"accuracy": accuracy, "low": low, "high": high})

    def __repr__(self) -> str:
        if self.misclassified is None:
            return "\n".join([str(self), *self.target_lines(), *self.certainty_lines()])
        template = (
            "confusion_table() shows the confusion matrix; misclassified holds the {count:,} "
            "misclassified rows"
        )
        return f"{self}\n{say(template, count=len(self.misclassified))}"

    def _repr_html_(self) -> str:
        """Return the metrics and, for classes, confusion matrix and most confident mistakes."""
        beside = [*self.target_lines(), *self.certainty_lines()]
        lines = (str(self), self.threshold_line(), *beside)
        parts = [blocks.paragraph(line) for line in lines if line is not None]
        if self.confusion is None or self.calibration is None or self.misclassified is None:
            return blocks.frame(*parts)
        more = [say("expected calibration error {error:.4f}", error=self.calibration.error)]
        if self.roc is not None and self.precision_recall is not None:
            more += [str(self.roc), str(self.precision_recall)]
        parts.append(blocks.paragraph(", ".join(more)))
        if len(self.confusion) <= _CLASSES:
            # The last line of the table, the totals, has no colours.
            shades = [*confusion_strengths(self.confusion).tolist(), []]
            parts.append(blocks.table(self.confusion_lines(), total=True, shades=shades))
        if count := len(self.misclassified):
            title = say("{count:,} misclassified rows, the most confident first", count=count)
            parts.append(blocks.details(title, blocks.table(self.misclassified_lines())))
        return blocks.frame(*parts)

    def certainty_lines(self) -> list[str]:
        """Return a line on intervals or sets of classes, and one on rows unlike training's."""
        found = [] if self.coverage is None else [self.coverage.line(self.confusion is not None)]
        if self.unlike:
            share = self.unlike / self.rows
            template = "rows unlike the training rows: {count:,} ({share:.1%})"
            found.append(say(template, count=self.unlike, share=share))
        return found

    def target_lines(self) -> list[str]:
        """Return a line of metrics for each of several targets."""
        template = "{name}: R2 {r2:.4f}, mean absolute error {error}"
        return [
            say(
                template, name=name, r2=found["r2"], error=number_text(found["mean_absolute_error"])
            )
            for name, found in self.by_target.items()
        ]

    def threshold_line(self) -> str | None:
        """Return the sentence on the scores at the threshold; None without one."""
        if self.at_threshold is None:
            return None
        threshold, *scores = self.at_threshold
        template = (
            "at threshold {threshold:g}: precision {precision}, recall {recall} and F1 {f1} "
            "of {name}"
        )
        texts = ["-" if score is None else f"{score:.4f}" for score in scores]
        named = dict(zip(("precision", "recall", "f1"), texts, strict=True))
        return say(template, threshold=threshold, **named, name=self.class_name(1))

    def confusion_table(self) -> str:
        """Return the confusion matrix as text: true classes down, predicted classes across."""
        return table(self.confusion_lines())

    def confusion_lines(self) -> list[list[str]]:
        """Return the confusion matrix as cells: the head, a line for each class, the totals."""
        if self.confusion is None:
            raise InputError("a confusion matrix needs classes; this network predicts values")
        names = [self.class_name(k) for k in range(len(self.confusion))]
        recalls = np.diag(self.confusion) / np.maximum(self.confusion.sum(axis=1), 1)
        lines = [[say("true \\ predicted"), *names, say("right")]]
        for name, counts, recall in zip(names, self.confusion.tolist(), recalls, strict=True):
            # A dot for 0: the few mistakes of a large matrix stand out.
            lines.append([name, *(str(count) if count else "." for count in counts)])
            lines[-1].append(f"{recall:.1%}")
        totals = map(str, self.confusion.sum(axis=0))
        return [*lines, [say("total"), *totals, f"{self.accuracy:.1%}"]]

    def misclassified_table(self, count: int = 10) -> str:
        """Return the first `count` misclassified rows as text, the most confident first.

        Each line has the row's index, its true class, its predicted class and the confidence.
        """
        return table(self.misclassified_lines(count), total=False)

    def misclassified_lines(self, count: int = 10) -> list[list[str]]:
        """Return the first `count` misclassified rows as cells, the head first."""
        if self.misclassified is None:
            raise InputError("misclassified rows need classes; this network predicts values")
        lines = [[say("row"), say("true class"), say("predicted class"), say("confidence")]]
        for row in self.misclassified[:count].tolist():
            truth, predicted, confidence = self.verdict(row)
            names = [self.class_name(k) for k in (truth, predicted)]
            lines.append([str(row), *names, f"{confidence:.3f}"])
        return lines

    def verdict(self, row: int) -> tuple[int, int, float]:
        """Return a row's true class, predicted class and confidence."""
        if self.targets is None or self.predicted is None or self.confidence is None:
            raise InputError("misclassified rows need classes; this network predicts values")
        return int(self.targets[row]), int(self.predicted[row]), float(self.confidence[row])

    def class_name(self, k: int) -> str:
        """Return the name of class k, or its index where the classes have no names."""
        # One output has two classes and may have one name: then no name fits.
        named = self.confusion is not None and len(self.names or ()) == len(self.confusion)
        return self.names[k] if self.names and named else str(k)


def _errors(y: Array, t: Array) -> dict[str, float]:
    return {
        "r2": metrics.r2(y, t),
        "mean_absolute_error": metrics.mean_absolute_error(y, t),
        "root_mean_squared_error": math.sqrt(metrics.mean_squared_error(y, t)),
    }


def confusion_strengths(counts: Array) -> Array:
    """Return how strongly to colour each cell of a confusion matrix (K, K), from -1 to 1.

    Correct predictions have their share of the row; mistakes have minus twice the root of theirs,
    because a mistake of 1 % would be invisible in proportion.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    wrong = -np.minimum(2 * np.sqrt(shares), 1)
    return np.where(np.eye(len(counts), dtype=bool), shares, wrong)


def evaluate(
    net: Network,
    x: RowsLike,
    t: ArrayLike | None = None,
    loss: str | Loss | None = None,
    threshold: float | None = None,
    level: float | None = None,
) -> Evaluation:
    """Evaluate a network on rows x, (N, ...), against targets t, (N,) or (N, K).

    A network that was trained on a table takes tables, which hold their own targets where t is
    None. `loss` is a name or an object; None selects the one that goes with the network's last
    layer. With a `threshold`, class 1 of two is predicted from that probability up, instead of 0.5.
    `level` is that of the intervals or sets of classes whose coverage is measured, by default 0.9
    where rows were held out of the training. Each row passes through the network once. Raises
    InputError for rows or targets that do not fit.

    >>> import pellucid as pl
    >>> net = pl.Network([pl.Affine([[1.0]]), pl.Sigmoid()])
    >>> found = evaluate(net, [[-2.0], [-1.0], [1.0], [3.0]], [0, 1, 0, 1])
    >>> found.accuracy, found.roc.area, found.misclassified.tolist()
    (0.5, 0.75, [1, 2])
    """
    check_network(net)
    rows = check_rows(net.layers, *with_targets(net, x, t))
    chosen = choose_loss(loss, net, rows.t)
    y, value = predict_and_loss(net.layers, chosen, rows.x, rows.t)
    classes = is_classification(net, chosen, rows.t)
    if threshold is not None and not classes:
        yes(net, y)  # raises the error
    found = Evaluation(net, y, rows.t, value, classes, threshold)
    if level is not None or net.uncertainty is not None:
        t = metrics.target_classes(rows.t) if classes else rows.t
        found.coverage = coverage(net, y, t, USUAL_LEVEL if level is None else level)
    if knows_columns(net):
        found.unlike = sum(map(bool, unlike_training(net, rows.x)))
    return found
