"""Laws in one column: power laws with a floor."""

from typing import Any

from scalelaw.laws.law import Law


def _power_n(N: Any, *, E: Any, A: Any, alpha: Any) -> Any:
    """E + A / N^alpha

    Parameters
    ----------
    N : non-embedding parameters
    E : floor of the loss, nats per token
    A : nats per token times parameters^alpha
    alpha : exponent, no unit

    Source: Henighan et al. 2020, Scaling Laws for Autoregressive Generative Modeling, arXiv:2010.14701, equation 1.1.
    """
    return E + A / N**alpha


power_n = Law(
    "power_n",
    _power_n,
    source="Henighan et al. 2020, Scaling Laws for Autoregressive Generative Modeling, arXiv:2010.14701, equation 1.1",
    latex=r"E + \frac{A}{N^{\alpha}}",
)
