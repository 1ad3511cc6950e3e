"""What a model can do, by P: HumanEval, generated reasoning, and the tasks of lm-evaluation-harness.

Each gives a table with one row a task and metric: ``P, task, metric, value, stderr, n``. Accuracy is no loss and has
no place in a runs table; join it by ``run``.
"""

from scalelaw.pretrained.scoring.code import human_eval
from scalelaw.pretrained.scoring.reasoning import ARITHMETIC, reasoning
from scalelaw.pretrained.scoring.sandbox import run_limited
from scalelaw.pretrained.scoring.tasks import lm_eval_class, lm_eval_tasks

__all__ = ["ARITHMETIC", "human_eval", "lm_eval_class", "lm_eval_tasks", "reasoning", "run_limited"]
