"""What a transformer with P streams costs: parameters and training operations of a shape, by plain arithmetic."""

from scalelaw.cost.parameters import parameters
from scalelaw.cost.shape import PAPER, Shape
from scalelaw.cost.training import forward_flops, train_flops

__all__ = ["PAPER", "Shape", "forward_flops", "parameters", "train_flops"]
