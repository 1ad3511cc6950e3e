"""How to spend a training budget: `allocate`, its exponents, and the compute one family saves over another."""

from scalelaw.analysis.allocation.allocate import allocate
from scalelaw.analysis.allocation.closed import TWO_TERMS
from scalelaw.analysis.allocation.exponents import allocation_exponents
from scalelaw.analysis.allocation.flops import Flops
from scalelaw.analysis.allocation.multiplier import compute_multiplier
from scalelaw.analysis.allocation.problem import Problem

__all__ = ["TWO_TERMS", "Flops", "Problem", "allocate", "allocation_exponents", "compute_multiplier"]
