"""Beyond one process: rows scored in blocks, settings searched in trials, by many workers."""

from pellucid.distributed.ray_tasks import RayTasks
from pellucid.distributed.scorer import Scorer
from pellucid.distributed.scoring import Report, score
from pellucid.distributed.searching import SearchProgress, search
from pellucid.distributed.training import team, train
from pellucid.distributed.workers import OneProcess, Processes

__all__ = [
    "OneProcess",
    "Processes",
    "RayTasks",
    "Report",
    "Scorer",
    "SearchProgress",
    "score",
    "search",
    "team",
    "train",
]
