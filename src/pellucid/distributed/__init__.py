"""Beyond one process: rows are scored in blocks, by as many workers as there are."""

from pellucid.distributed.ray_tasks import RayTasks
from pellucid.distributed.scorer import Scorer
from pellucid.distributed.scoring import Report, score
from pellucid.distributed.workers import OneProcess, Processes

__all__ = ["OneProcess", "Processes", "RayTasks", "Report", "Scorer", "score"]
