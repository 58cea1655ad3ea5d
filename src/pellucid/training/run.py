"""One training under way: epochs, order of rows, validation, callbacks, stopping, divergence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress

import numpy as np

from pellucid.core import chain, checks
from pellucid.core.arrays import are_finite
from pellucid.core.draws import Draws, augmented
from pellucid.core.members import members_of
from pellucid.core.ranges import whole
from pellucid.core.schedules import Constant
from pellucid.core.types import Array, Options
from pellucid.engines import batches_a_call, epoch_order, predict_and_loss
from pellucid.errors import DivergenceError, InputError, Message
from pellucid.network import Network
from pellucid.training import choices, sample_checks
from pellucid.training.augmentation import check_augmentation, wants_each_batch
from pellucid.training.callbacks import RunState, arrays_of
from pellucid.training.checkpoints import Checkpoints
from pellucid.training.epoch import Epoch
from pellucid.training.hints import Watch
from pellucid.training.history import History
from pellucid.training.interrupts import stopping_on_interrupt
from pellucid.training.members import choose_trainer, member_orders
from pellucid.training.progress import progress_callback
from pellucid.training.promise import promise_of
from pellucid.training.restoring import load_callbacks, load_optimizer, write_into
from pellucid.training.sample_checks import Samples
from pellucid.training.settings import Settings

_CHANGED_AT_ONCE = 1 << 22  # bytes that an augmentation makes: more would leave the cache unused


class Run(RunState):
    """A training under way: what callbacks see as a `RunView`, and what it needs besides.

    `trained` is a network of the first layers of `net` where only they are trained, on targets
    that the rest would turn into those of `net`; metrics are then of what `net` predicts. The
    layers are shared, so `net` is right at every moment. Raises InputError where rows and settings
    do not fit each other.
    """

    def __init__(
        self,
        net: Network,
        rows: Samples,
        settings: Settings,
        trained: Network | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        shown, net = net, net if trained is None else trained
        self.trained, self.rest = net, shown.layers[len(net.layers) :]
        self.augment, self.seed = settings.augment, whole("seed", settings.seed, 0)
        epochs = whole("epochs", settings.epochs)
        self.batch_size = whole("batch_size", settings.batch_size)
        if self.augment is not None:
            check_augmentation(self.augment)
        loss = self.loss_function = choices.choose_loss(settings.loss, net, rows.t)
        self.optimizer = choices.choose_optimizer(settings.optimizer)
        self.schedule = choices.choose_schedule(settings.schedule)
        classes = choices.is_classification(net, loss, rows.t)
        self.metrics = choices.choose_metrics(settings.metrics, classes)
        self.own_callbacks = choices.choose_callbacks(settings.callbacks)
        callbacks = [*self.own_callbacks, *progress_callback(settings.progress)]
        self.shards, inside = settings.shards, members_of(net.layers)
        self.members = 0 if inside is None else inside.count
        self.engine = choose_trainer(net.layers, loss, self.optimizer, self.seed, settings)
        sample_checks.check_targets(net, loss, self.metrics, rows)
        self.held_out = None
        if settings.validation is not None:
            share = settings.validation
            rows, self.held_out = sample_checks.divide(net, rows, share, self.seed, classes)
        if classes:
            sample_checks.check_every_class(net, rows, self.held_out)
        if settings.class_weight is not None:
            K = sample_checks.output_count(net, rows)
            weights = sample_checks.by_index(settings.class_weight, net.classes)
            rows = sample_checks.with_class_weight(rows, weights, classes, K)
        self.rows = rows
        super().__init__(shown, History(self.engine.name), callbacks, epochs)
        self.batches = -(-len(self.rows.x) // self.batch_size)
        self._base_rate = self.engine.learning_rate
        self._watched: Sequence[float] = ()
        self.checkpoints = checkpoints
        self.part: Epoch | None = None
        self.promise = {} if checkpoints is None else promise_of(self)

    def __repr__(self) -> str:
        done = f"epoch {self.epoch} of {self.epochs}, batch {self.batch} of {self.batches}"
        return f"<Run: {done}, loss {self.loss:.4g}>"

    @property
    def columns(self) -> list[str]:
        """The names of what each epoch's record will hold."""
        scores = ["loss", *self.metrics]
        held_out = [] if self.held_out is None else [f"validation_{name}" for name in scores]
        return ["epoch", *scores, *held_out, "learning_rate", "seconds"]

    def go(self) -> History:
        """Train until all epochs are done or something stops it; return the history."""
        started = list(self.own_callbacks)
        for callback in started:
            callback.on_start(self)
        try:
            if self.checkpoints is not None:
                self.checkpoints.begin(self)
            for callback in self.callbacks[len(started) :]:
                callback.on_start(self)  # progress, below what checkpoints had to say
                started.append(callback)
            self.watch = Watch(self)
            # No warning of overflow batch by batch: the loss shows it, and `_diverged` finds where
            # it began.
            with stopping_on_interrupt(self), np.errstate(over="ignore", invalid="ignore"):
                while not self.is_over:
                    self.part = self._one_epoch(self.part or self._new_epoch())
                if self.checkpoints is not None:
                    self.checkpoints.write(self)
            self._swap_average()
            self.history.stopped = self.stopped or "finished"
        finally:
            for callback in started:
                callback.on_end(self)
        return self.history

    def _new_epoch(self) -> Epoch:
        self.epoch, self.batch = self.epoch + 1, 0
        self._swap_average()
        before = self.snapshot()  # the weights that the last epoch's record describes
        self._swap_average()
        return Epoch(before)

    def _one_epoch(self, part: Epoch) -> Epoch | None:
        """Train on what is left of an epoch; return None, or the epoch if it was stopped within."""
        self.part = part
        if self.schedule.watches:
            self._watched = self.watched
        scores = self._train_rows(part)
        if scores is None:
            self.history.unfinished = part.seconds
            return part
        record: dict[str, float] = {"epoch": self.epoch, **scores}
        self._swap_average()
        if self.held_out is not None:
            record |= self._validate(self.held_out)
        record["learning_rate"] = self.engine.learning_rate
        record["seconds"] = part.seconds
        self.history.records.append(record)
        self.watch.after_epoch(self)
        for callback in self.callbacks:
            callback.on_epoch(self)
        if self.stopped is not None and self.epoch < self.epochs:
            self.watch.after_epoch(self)  # the end, which nobody could foresee
        self._swap_average()
        self.part = None
        if self.checkpoints is not None:
            self.checkpoints.after_epoch(self)
        return None

    def _train_rows(self, part: Epoch) -> dict[str, float] | None:
        """Train on all rows once; return loss and metrics, or None if stopped within the epoch."""
        N = len(self.rows.x)
        order = epoch_order(self.seed, self.epoch, N)
        if self.members:  # a column for each
            order = member_orders(self.seed, self.members, self.epoch, N)
        outputs = self._train_batches(order, part)
        if not are_finite(arrays_of(self.net)):
            self._diverged(part.before, order[-self.batch_size :])
        if outputs is None:
            return None
        if not self.metrics:
            return {"loss": self.loss}
        if not self.members:
            return {"loss": self.loss, **self._scores(outputs, self.rows.t[order])}
        each = [self._scores(outputs[:, m], self.rows.t[order[:, m]]) for m in range(self.members)]
        means = {name: float(np.mean([found[name] for found in each])) for name in each[0]}
        return {"loss": self.loss, **means}

    def _train_batches(self, order: Array, part: Epoch) -> Array | None:
        """Train on the batches of a block of rows that are left.

        Returns the outputs row by row in `order`, or None if stopped within the epoch.
        """
        together = self.batch_size * self._batches_a_call()
        done = self.batch_size * (self.batch - part.first)
        for start in range(done, len(order), together):
            rows = order[start : start + together]
            losses, y = self._train_steps(rows)
            self.batch += len(losses)
            if not math.isfinite(losses[-1]):
                last = (len(losses) - 1) * self.batch_size
                self._diverged(part.before, rows[last : last + self.batch_size])
            part.add(losses, self._shares(rows))
            self.loss = part.loss
            if self.metrics:
                part.outputs.append(np.array(y))  # y is the engine's scratch memory
            for callback in self.watching:
                callback.on_batch(self)
            if self.stopped is not None and self.batch < self.batches:
                return None
            if self.checkpoints is not None:
                self.checkpoints.after_batches(self, len(losses))
        return np.concatenate(part.outputs) if part.outputs else np.empty((0, 0))

    # For checkpoints

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to train."""
        return self.stopped is not None or (self.part is None and self.epoch >= self.epochs)

    @property
    def watched(self) -> Sequence[float]:
        """The loss of each whole epoch, on held-out rows if there are any."""
        return self.history["loss" if self.held_out is None else "validation_loss"]

    @property
    def arrays(self) -> list[Array]:
        """Weights and buffers."""
        return arrays_of(self.net)

    def factor(self, place: float, epochs: int, losses: Sequence[float]) -> float:
        """Return the schedule's factor after `place` of so many epochs."""
        return self.schedule.factor(place, epochs, losses)

    def state(self) -> Options:
        """Return everything that decides how the run goes on, as plain values and arrays."""
        return {
            "promise": self.promise,
            "epochs": self.epochs,
            "epoch": self.epoch,
            "batch": self.batch,
            "loss": self.loss,
            "stopped": None if self.stopped == "interrupted" else self.stopped,
            "learning_rate": self.engine.learning_rate,
            "arrays": self.arrays,
            "optimizer": self.engine.state,
            "epoch_part": None if self.part is None else self.part.state(),
            "history": self.history.state(),
            "callbacks": [each.state() for each in self.own_callbacks],
        }

    def load_state(self, state: Options) -> None:
        """Go to where the run was whose `state` this is."""
        self.epoch, self.batch, self.loss = state["epoch"], state["batch"], state["loss"]
        self.stopped, self.engine.learning_rate = state["stopped"], state["learning_rate"]
        write_into(self.arrays, state["arrays"])
        load_optimizer(self.engine.state, state["optimizer"])
        part = state["epoch_part"]
        self.part = None if part is None else Epoch.of(part)
        self.history.load_state(state["history"])
        load_callbacks(self.own_callbacks, state["callbacks"])

    def _batches_a_call(self) -> int:
        """Return how many batches one call of the engine trains on."""
        if any(each.each_batch for each in self.watching):
            return 1
        count = batches_a_call(self.batch_size, self.trained.parameter_count)
        if self.checkpoints is not None and self.checkpoints.batches_at_most is not None:
            count = min(count, self.checkpoints.batches_at_most)
        if not self._augments:
            return count
        assert self.augment is not None
        if wants_each_batch(self.augment):
            return 1
        changed = self.batch_size * math.prod(self.rows.x.shape[1:]) * self.net.dtype.itemsize
        return max(1, min(count, _CHANGED_AT_ONCE // max(1, changed)))

    @property
    def _augments(self) -> bool:
        """Whether inputs are changed here; those of shards and members where they are computed."""
        return self.augment is not None and self.shards is None and not self.members

    def _shares(self, rows: Array) -> list[float]:
        """Return the weight of each batch in the epoch's loss: its rows, or their weights' sum."""
        starts, weights = range(0, len(rows), self.batch_size), self.rows.sample_weight
        if weights is None:
            last = len(rows) - starts[-1]
            return [float(self.batch_size)] * (len(starts) - 1) + [float(last)]
        parts = [weights[rows[start : start + self.batch_size]] for start in starts]
        return [float(part.sum()) / (self.members or 1) for part in parts]

    def _train_steps(self, rows: Array) -> tuple[list[float], Array]:
        """Train on the batches that these rows make.

        Returns their losses, up to one that is not finite, and the outputs.
        """
        (x, t, weights, _), size, wanted = self.rows, self.batch_size, bool(self.metrics)
        rates = self._rates(-(-len(rows) // size))
        if not self._augments:
            return self.engine.train_steps(x, t, weights, rows, size, rates, outputs=wanted)
        assert self.augment is not None
        several = 0 if wants_each_batch(self.augment) else size
        draws = Draws(self.seed, self.engine.state["step"], batch_size=several)
        changed = augmented(self.augment, x, rows, draws)
        own = None if weights is None else weights[rows]
        return self.engine.train_steps(changed, t[rows], own, None, size, rates, outputs=wanted)

    def _rates(self, count: int) -> list[float]:
        """Return the learning rates of the next batches."""
        if type(self.schedule) is Constant:  # thousands of small batches would feel the calls
            return [self._base_rate] * count
        done = (self.epoch - 1 + (self.batch + index) / self.batches for index in range(count))
        factors = (self.schedule.factor(each, self.epochs, self._watched) for each in done)
        return [self._base_rate * factor for factor in factors]

    def _validate(self, held_out: Samples) -> dict[str, float]:
        layers, engine = self.trained.layers, self.engine.name
        y, loss = predict_and_loss(layers, self.loss_function, *held_out[:3], engine)
        found = {"loss": loss, **self._scores(y, held_out.t)}
        return {f"validation_{name}": value for name, value in found.items()}

    def _scores(self, y: Array, t: Array) -> dict[str, float]:
        if self.rest and self.metrics:
            y, t = chain.predict(self.rest, y), chain.predict(self.rest, t)
        return {name: _score(name, metric(y, t)) for name, metric in self.metrics.items()}

    def _swap_average(self) -> None:
        """Exchange the parameters for their moving average, where the optimizer keeps one.

        The average is what is evaluated and kept, the parameters are what is trained.
        """
        if "average" not in self.engine.state:
            return
        params = compress(self.net.params, chain.trainable(self.net.layers))
        for p, average in zip(params, self.engine.state["average"], strict=False):
            p[...], average[...] = average.copy(), p.copy()
        chain.project(self.net.layers)  # an average is taken before parameters are projected

    def _diverged(self, before: list[Array], rows: Array) -> None:
        where = self._first_not_finite(rows)
        self.restore(before)
        problem = Message(
            "training diverged in epoch {epoch}, batch {batch}: values stopped being finite "
            "{where}. The weights are those from before this epoch. Try a smaller learning rate "
            "(it was {rate:.3g}), clip_norm=1 in the optimizer, or inputs scaled to about -1 to 1",
            epoch=self.epoch,
            batch=self.batch,
            where=where,
            rate=self.engine.learning_rate,
        )
        checkpoints = self.checkpoints
        newest = None if checkpoints is None else checkpoints.forget_divergence(self, self.epoch)
        if newest is None:
            raise DivergenceError(problem)
        raise DivergenceError(
            '{problem}. {path} is from before that: resume="force" (--force-resume) goes on from '
            "there with other settings",
            problem=problem,
            path=newest,
        )

    def _first_not_finite(self, rows: Array) -> Message:
        """Name the first layer with such weights, or with such outputs for these rows."""
        names = [type(layer).__name__ for layer in self.net.layers]
        for index, layer in enumerate(self.net.layers):
            if not are_finite(layer.arrays().values()):
                name = names[index]
                return Message("in the weights of layer {index} ({name})", index=index, name=name)
        x = checks.as_input(self.trained.layers, self.rows.x[rows.ravel()])
        for index, y in enumerate(chain.forward(self.trained.layers, x, Draws(self.seed))):
            if not np.isfinite(y).all():
                name = names[index]
                return Message("in the outputs of layer {index} ({name})", index=index, name=name)
        return Message("in the loss")


def _score(name: str, value: float) -> float:
    # A metric of the user's own may return anything.
    if np.ndim(value) != 0 or np.asarray(value).dtype.kind not in "biuf":
        template = "the metric {name} must return one number, got {got}"
        raise InputError(template, name=name, got=repr(value))
    return float(value)
