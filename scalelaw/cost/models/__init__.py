"""The two cost models, by name."""

from collections.abc import Mapping

from scalelaw.cost.models.model import CostModel
from scalelaw.cost.models.released import Released
from scalelaw.cost.models.roofline import DIFFERENCES, Roofline
from scalelaw.errors import ScalelawError

__all__ = ["DIFFERENCES", "MODELS", "CostModel", "Released", "Roofline", "model_of"]

MODELS: Mapping[str, CostModel] = {"released": Released(), "roofline": Roofline()}
"""Cost models by name."""


def model_of(given: CostModel | str) -> CostModel:
    """The cost model given, or that of the name given.

    Raises
    ------
    ScalelawError
        If the name is unknown.
    """
    if not isinstance(given, str):
        return given
    if given not in MODELS:
        raise ScalelawError(f"no cost model is called {given!r}; there are {' and '.join(MODELS)}")
    return MODELS[given]
