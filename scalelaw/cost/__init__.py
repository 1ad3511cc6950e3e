"""What a transformer with P streams costs, by plain arithmetic: parameters, training, memory and latency.

Two models of serving stand side by side: ``released``, which is the ParScale paper's own arithmetic, and ``roofline``,
which counts what that leaves out.
"""

from scalelaw.cost.hardware import Hardware
from scalelaw.cost.machines import MACHINES
from scalelaw.cost.memory import evaluation_memory, train_memory
from scalelaw.cost.models import DIFFERENCES, MODELS, Released, Roofline
from scalelaw.cost.parameters import parameters
from scalelaw.cost.serving import breakdown, decode, latency, memory, prefill
from scalelaw.cost.shape import PAPER, Shape
from scalelaw.cost.training import forward_flops, train_flops

__all__ = [
    "DIFFERENCES",
    "MACHINES",
    "MODELS",
    "PAPER",
    "Hardware",
    "Released",
    "Roofline",
    "Shape",
    "breakdown",
    "decode",
    "evaluation_memory",
    "forward_flops",
    "latency",
    "memory",
    "parameters",
    "prefill",
    "train_flops",
    "train_memory",
]
