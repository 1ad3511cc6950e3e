"""Laws in parameters and tokens together."""

from typing import Any

import numpy as np

from scalelaw.laws.law import Law


def _chinchilla(N: Any, D: Any, *, E: Any, A: Any, B: Any, alpha: Any, beta: Any) -> Any:
    """E + A / N^alpha + B / D^beta

    Parameters
    ----------
    N : non-embedding parameters (the paper counts all parameters)
    D : training tokens
    E : floor of the loss, nats per token
    A : nats per token times parameters^alpha
    alpha, beta : exponents of parameters and of tokens, no unit
    B : nats per token times tokens^beta

    Source: Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, arXiv:2203.15556, equation 2.
    """
    return E + A / N**alpha + B / D**beta


chinchilla = Law(
    "chinchilla",
    _chinchilla,
    source="Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, arXiv:2203.15556, equation 2",
    latex=r"E + \frac{A}{N^{\alpha}} + \frac{B}{D^{\beta}}",
)
