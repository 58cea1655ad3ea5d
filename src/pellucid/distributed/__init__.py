"""Beyond one process: rows scored in blocks, settings searched in trials, by many workers.

`Scorer` and `search` are names of pellucid itself, too: `pl.Scorer`, `pl.search`.
"""

from pellucid.distributed.ray_tasks import RayTasks
from pellucid.distributed.scorer import Scorer as Scorer
from pellucid.distributed.scoring import Report, score
from pellucid.distributed.searching import SearchProgress
from pellucid.distributed.searching import search as search
from pellucid.distributed.training import team, train
from pellucid.distributed.workers import OneProcess, Processes

__all__ = [
    "OneProcess",
    "Processes",
    "RayTasks",
    "Report",
    "SearchProgress",
    "score",
    "team",
    "train",
]
