"""Runs that others logged, as the runs table: one module a source, each a function that gives a checked DataFrame."""

from scalelaw.importers.lm_eval import read_lm_eval, with_scores
from scalelaw.importers.tensorboard import read_tensorboard
from scalelaw.importers.trainer import read_trainer
from scalelaw.importers.wandb import read_wandb

__all__ = ["read_lm_eval", "read_tensorboard", "read_trainer", "read_wandb", "with_scores"]
