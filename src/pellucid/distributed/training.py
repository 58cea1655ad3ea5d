"""Training by several workers: each batch in shards, the same bits for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias

from pellucid.core.ranges import whole
from pellucid.core.types import ArrayLike
from pellucid.distributed.process_team import ProcessTeam
from pellucid.distributed.ray_team import RayTeam
from pellucid.distributed.teams import Team, warn
from pellucid.engines import using_instructions
from pellucid.engines.sharded import working_with
from pellucid.errors import InputError, Message
from pellucid.network import Network
from pellucid.training import train as train_alone
from pellucid.training.history import History

SHARDS = 8
"""Into how many shards a batch is cut, unless a training says otherwise."""

Workers: TypeAlias = int | tuple[int, int]


def train(
    net: Network,
    x: ArrayLike,
    t: ArrayLike,
    *,
    workers: Workers = 2,
    ray: str | None = None,
    shards: int = SHARDS,
    tell: Callable[[Message], None] = warn,
    **settings: Any,
) -> History:
    """Train a network as `pl.train` does, by several workers, in place; return the history.

    Each batch is cut into shards. A worker computes the gradients of its shards, the workers add
    all gradients slice by slice in a fixed order, and each moves its own copy of the weights. The
    weights have the same bits for any number of workers, and as `pl.train(..., shards=shards)` has
    them in one process.

    Several workers pay for large networks and batches, from about 20 ms of arithmetic for each
    worker in a step; below, `tell` gets a message, and one process is faster.

    Parameters
    ----------
    net, x, t
        As of `pl.train`.
    workers
        How many, at most one for each shard. On a cluster also (least, most): training begins with
        the least, and others join when the cluster has room for them.
    ray
        None for processes of this machine, of which this is one. The address of a Ray cluster,
        "10.0.0.1:6379", "auto" for the one that runs here, or "local" to start Ray here. All
        machines must have the same build of pellucid; they compute with an instruction set that all
        have.
    shards
        Into how many shards a batch is cut: 8 by default. It decides the bits, as the batch size
        does.
    tell
        Gets messages: that several workers do not pay, that a worker was lost. By default they are
        warnings.
    settings
        All others of `pl.train`. `augment` and a loss of your own must be picklable. With
        `checkpoint`, the same call again goes on after this process was killed; a run may go on
        with other workers, or none.

    When a worker or its machine is lost, training goes on from the last step with new workers.
    BatchNorm normalizes each shard by itself.

    Raises what `pl.train` raises; InputError for a cluster that does not answer, has too few CPUs
    or another build; FileError when workers are lost again and again.
    """
    with team(workers, ray, tell):
        return train_alone(net, x, t, shards=shards, **settings)


@contextmanager
def team(
    workers: Workers, ray: str | None = None, tell: Callable[[Message], None] = warn
) -> Iterator[None]:
    """Hold workers that compute the shards of whatever is trained in shards meanwhile."""
    least, most = workers if isinstance(workers, tuple) else (workers, workers)
    least, most = whole("workers", least), whole("workers", most)
    if least > most:
        template = "workers must be (least, most), got {got}"
        raise InputError(template, got=repr(workers))
    with ExitStack() as stack:
        made: Team
        if ray is None:
            made = ProcessTeam(most, tell)
            stack.callback(made.close)
        else:
            made = RayTeam(ray, least, most, tell)
            stack.callback(made.close)
            if (agreed := made.agree()) is not None:
                stack.enter_context(using_instructions(agreed))
        stack.enter_context(working_with(made))
        yield
