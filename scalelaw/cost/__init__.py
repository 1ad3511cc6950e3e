"""What a transformer with P streams costs: shapes, parameters, training operations. Plain arithmetic, no heavy import."""

from scalelaw.cost.parameters import parameters
from scalelaw.cost.shape import PAPER, Shape
from scalelaw.cost.training import forward_flops, train_flops

__all__ = ["PAPER", "Shape", "forward_flops", "parameters", "train_flops"]
