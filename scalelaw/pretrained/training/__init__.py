"""Training of streams, of a model with streams, or of LoRA beside them, with the Trainer of transformers.

:func:`train` is the recipe: one or two stages, checkpoints to go on from, a row of the runs table. Who trains by their
own hand finds the parts: :func:`~scalelaw.pretrained.training.lora.add_lora`, the callbacks of
:mod:`~scalelaw.pretrained.training.callbacks`, :func:`~scalelaw.pretrained.training.counting.counts`.
"""

from scalelaw.pretrained.training.callbacks import Nested, StopOnRequest
from scalelaw.pretrained.training.lora import add_lora, save_lora
from scalelaw.pretrained.training.plan import Plan, Recipe
from scalelaw.pretrained.training.running import held_out_of, train

__all__ = ["Nested", "Plan", "Recipe", "StopOnRequest", "add_lora", "held_out_of", "save_lora", "train"]
