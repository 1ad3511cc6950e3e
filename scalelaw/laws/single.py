"""Laws in one column: power laws with a floor, and one with a break."""

from typing import Any

import numpy as np

from scalelaw.laws.law import Law

HENIGHAN = "Henighan et al. 2020, Scaling Laws for Autoregressive Generative Modeling, arXiv:2010.14701, equation 1.1"


def _power_n(N: Any, *, E: Any, A: Any, alpha: Any) -> Any:
    """E + A / N^alpha

    Parameters
    ----------
    N : non-embedding parameters
    E : floor of the loss, nats per token
    A : nats per token times parameters^alpha
    alpha : exponent of parameters, no unit

    Source: Henighan et al. 2020, arXiv:2010.14701, equation 1.1, in parameters.
    """
    return E + A / N**alpha


def _power_d(D: Any, *, E: Any, B: Any, beta: Any) -> Any:
    """E + B / D^beta

    Parameters
    ----------
    D : training tokens
    E : floor of the loss, nats per token
    B : nats per token times tokens^beta
    beta : exponent of tokens, no unit

    Source: Henighan et al. 2020, arXiv:2010.14701, equation 1.1, in tokens.
    """
    return E + B / D**beta


def _power_c(C: Any, *, E: Any, A: Any, gamma: Any) -> Any:
    """E + A / C^gamma

    Parameters
    ----------
    C : training FLOPs, streams counted
    E : floor of the loss, nats per token
    A : nats per token times FLOPs^gamma
    gamma : exponent of compute, no unit

    Source: Henighan et al. 2020, arXiv:2010.14701, equation 1.1, in compute.
    """
    return E + A / C**gamma


def _broken_power(N: Any, *, E: Any, A: Any, alpha: Any, Nb: Any, gamma: Any, f: Any) -> Any:
    """E + A N^-alpha (1 + (N / Nb)^(1 / f))^(-gamma f)

    A power law whose exponent goes from alpha below the break to alpha + gamma above it. It is computed
    through logarithms, so that a sharp break cannot overflow.

    Parameters
    ----------
    N : non-embedding parameters
    E : floor of the loss, nats per token
    A : nats per token times parameters^alpha
    alpha : exponent far below the break, no unit
    Nb : parameters at the break
    gamma : change of the exponent at the break, no unit; of either sign
    f : width of the break in e-folds of N; 0 would be a kink

    Source: Caballero et al. 2023, Broken Neural Scaling Laws, arXiv:2210.14891, equation 1 with n = 1, where
    a, b, c0, c1, d1, f1 are E, A, alpha, gamma, Nb, f here.
    """
    return E + A * N**-alpha * np.exp(-gamma * f * np.logaddexp(0.0, np.log(N / Nb) / f))


power_n = Law("power_n", _power_n, source=HENIGHAN, latex=r"E + \frac{A}{N^{\alpha}}")
power_d = Law("power_d", _power_d, source=HENIGHAN, latex=r"E + \frac{B}{D^{\beta}}")
power_c = Law("power_c", _power_c, source=HENIGHAN, latex=r"E + \frac{A}{C^{\gamma}}")
broken_power = Law(
    "broken_power",
    _broken_power,
    # Beyond these no change of exponent has been seen, and a break outside of the runs turns into a degenerate fit.
    bounds={"gamma": (-2.0, 2.0)},
    # The break is looked for where the runs are; a width under 0.05 e-folds cannot be told from a kink.
    starts={"Nb": (1e-2, 1e2), "gamma": (-0.5, 0.5), "f": (0.05, 2.0)},
    source="Caballero et al. 2023, Broken Neural Scaling Laws, arXiv:2210.14891, equation 1 with one break",
    latex=r"E + \frac{A}{N^{\alpha}} \left(1 + \left(\frac{N}{N_b}\right)^{1/f}\right)^{-\gamma f}",
)
