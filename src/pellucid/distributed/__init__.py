"""Beyond one process: rows are scored in blocks, by as many workers as there are."""

from pellucid.distributed.ray_tasks import RayTasks
from pellucid.distributed.scorer import Scorer
from pellucid.distributed.scoring import OneProcess, Processes, Report, score

__all__ = ["OneProcess", "Processes", "RayTasks", "Report", "Scorer", "score"]
