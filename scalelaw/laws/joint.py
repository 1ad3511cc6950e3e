"""Laws in parameters and tokens together."""

from typing import Any

import numpy as np

from scalelaw.laws.law import Law


def _chinchilla(N: Any, D: Any, *, E: Any, A: Any, B: Any, alpha: Any, beta: Any) -> Any:
    """E + A / N^alpha + B / D^beta

    Parameters
    ----------
    N : parameters (the paper counts embeddings too)
    D : training tokens
    E : floor of the loss, nats per token
    A : nats per token times parameters^alpha
    B : nats per token times tokens^beta
    alpha, beta : exponents of parameters and of tokens, no unit

    Source: Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, arXiv:2203.15556, equation 2.
    """
    return E + A / N**alpha + B / D**beta


def _kaplan(N: Any, D: Any, *, Nc: Any, Dc: Any, alpha_N: Any, alpha_D: Any) -> Any:
    """((Nc / N)^(alpha_N / alpha_D) + Dc / D)^alpha_D

    It has no floor: the loss falls to 0 as N and D grow. With D without end it is (Nc / N)^alpha_N, with
    N without end (Dc / D)^alpha_D. It is computed through logarithms, which cannot overflow.

    Parameters
    ----------
    N : non-embedding parameters
    D : training tokens
    Nc : parameters at which the loss would be 1 nat per token, given enough data (8.8e13 in the paper)
    Dc : tokens at which the loss would be 1 nat per token, given enough parameters (5.4e13 in the paper)
    alpha_N, alpha_D : exponents of parameters and of tokens, no unit (0.076 and 0.095 in the paper)

    Source: Kaplan et al. 2020, Scaling Laws for Neural Language Models, arXiv:2001.08361, equation 1.5.
    """
    return np.exp(alpha_D * np.logaddexp(alpha_N / alpha_D * np.log(Nc / N), np.log(Dc / D)))


def _coupled(N: Any, D: Any, *, E: Any, A: Any, B: Any, a: Any, b: Any, g: Any) -> Any:
    """E + (A N^-a + B D^-b)^g

    `chinchilla` is g = 1; with E = 0, a = alpha_N / alpha_D, b = 1 and g = alpha_D it is `kaplan`. A smaller g
    lets one shortage hide more of the other.

    Parameters
    ----------
    N : parameters
    D : training tokens
    E : floor of the loss, nats per token
    A : (nats per token)^(1/g) times parameters^a
    B : (nats per token)^(1/g) times tokens^b
    a, b : exponents of parameters and of tokens inside the power, no unit
    g : outer exponent, no unit

    Source: the common generalisation of Kaplan et al. 2020, arXiv:2001.08361, equation 1.5, and Hoffmann et al. 2022,
    arXiv:2203.15556, equation 2.
    """
    return E + (A * N**-a + B * D**-b) ** g


def _overtrained(N: Any, D: Any, *, E: Any, a: Any, b: Any, eta: Any) -> Any:
    """E + (a M^eta + b M^-eta) C^-eta with M = D / N and C = 6 N D

    The exponents in compute and in tokens per parameter are tied: in N and D it is `chinchilla` with
    alpha = beta = 2 eta, A = a / 6^eta and B = b / 6^eta. C is 6 N D here, as in the paper, also where the table has a
    column C of its own: the identity holds for this C only.

    Parameters
    ----------
    N : parameters (the paper counts embeddings too)
    D : training tokens
    E : floor of the loss, nats per token
    a, b : nats per token times FLOPs^eta, of the shortage of parameters and of the shortage of tokens
    eta : exponent of compute, no unit

    Source: Gadre et al. 2024, Language Models Scale Reliably with Over-training and on Downstream Tasks,
    arXiv:2403.08540, equation 4.
    """
    tokens_per_parameter = D / N
    flops = 6.0 * N * D
    return E + (a * tokens_per_parameter**eta + b * tokens_per_parameter**-eta) * flops**-eta


chinchilla = Law(
    "chinchilla",
    _chinchilla,
    source="Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, arXiv:2203.15556, equation 2",
    latex=r"E + \frac{A}{N^{\alpha}} + \frac{B}{D^{\beta}}",
)
kaplan = Law(
    "kaplan",
    _kaplan,
    # A loss of some nats at an exponent near 0.1 puts both constants many orders of magnitude above the runs.
    starts={"Nc": (1.0, 1e9), "Dc": (1.0, 1e9), "alpha_N": (0.02, 0.6), "alpha_D": (0.02, 0.6)},
    source="Kaplan et al. 2020, Scaling Laws for Neural Language Models, arXiv:2001.08361, equation 1.5",
    latex=r"\left(\left(\frac{N_c}{N}\right)^{\alpha_N / \alpha_D} + \frac{D_c}{D}\right)^{\alpha_D}",
)
coupled = Law(
    "coupled",
    _coupled,
    # Each term is a fraction of the reducible loss at the middle of the runs, before the outer exponent.
    starts={"A": (1e-2, 10.0), "B": (1e-2, 10.0), "g": (0.2, 4.0)},
    source=(
        "generalises Kaplan et al. 2020, arXiv:2001.08361, equation 1.5, "
        "and Hoffmann et al. 2022, arXiv:2203.15556, equation 2"
    ),
    latex=r"E + \left(\frac{A}{N^{a}} + \frac{B}{D^{b}}\right)^{g}",
)
overtrained = Law(
    "overtrained",
    _overtrained,
    source=(
        "Gadre et al. 2024, Language Models Scale Reliably with Over-training and on Downstream Tasks, "
        "arXiv:2403.08540, equation 4"
    ),
    latex=r"E + \left(a M^{\eta} + b M^{-\eta}\right) C^{-\eta}",
)
