"""The law for repeated data: tokens seen again, and parameters beyond what the unique tokens can use."""

from typing import Any

import numpy as np

from scalelaw.laws.law import Law


def _data_constrained(
    N: Any, D: Any, U: Any, *, E: Any, A: Any, B: Any, alpha: Any, beta: Any, R_N: Any, R_D: Any
) -> Any:
    """E + A / N'^alpha + B / D'^beta, X' = U_X (1 + R_X (1 - exp((1 - X / U_X) / R_X))) for X = N and D

    Repeated tokens, and parameters beyond the compute-optimal ones for the unique tokens, are worth less each time:

    - U_D = min(U, D), the unique tokens that the run saw;
    - U_N = min(N, (alpha A U_D^beta / (beta B))^(1 / alpha)), the compute-optimal parameters for U_D tokens. This is
      where alpha A / N^alpha = beta B / D^beta, the optimum of `chinchilla` under C = 6 N D with the law's own A, B,
      alpha, beta: the paper's N_opt = G (C / 6)^a at the C whose optimal D is U_D.

    With D up to U and N up to that optimum it is `chinchilla`. Where no run repeats data R_D is not determined, where
    no run has more parameters than the optimum R_N is not. The paper fixes E, A, B and alpha = beta from runs without
    repetition and then fits R_N and R_D; here all are fitted at once unless some are fixed.

    Parameters
    ----------
    N : parameters
    D : training tokens, repetitions counted
    U : unique tokens at hand
    E : floor of the loss, nats per token
    A : nats per token times parameters^alpha
    B : nats per token times tokens^beta
    alpha, beta : exponents of parameters and of tokens, no unit
    R_N : repetitions after which excess parameters have lost 1 - 1/e of their worth, no unit (5.31 in the paper)
    R_D : repetitions after which a token has lost 1 - 1/e of its worth, no unit (15.39 in the paper)

    Source: Muennighoff et al. 2023, Scaling Data-Constrained Language Models, arXiv:2305.16264, section 3 and
    appendix A.
    """
    unique_tokens = np.minimum(U, D)
    # The smaller of the two is taken as a logarithm: the optimum overflows at exponents far from the truth.
    log_optimum = (np.log(alpha * A / (beta * B)) + beta * np.log(unique_tokens)) / alpha
    base_parameters = np.exp(np.minimum(np.log(N), log_optimum))
    tokens = unique_tokens * (1.0 - R_D * np.expm1((1.0 - D / unique_tokens) / R_D))
    parameters = base_parameters * (1.0 - R_N * np.expm1((1.0 - N / base_parameters) / R_N))
    return E + A / parameters**alpha + B / tokens**beta


data_constrained = Law(
    "data_constrained",
    _data_constrained,
    # In repetitions. A run has at most some hundreds of them, and fewer than a tenth cannot be told from none.
    starts={"R_N": (0.3, 100.0), "R_D": (0.3, 100.0)},
    source="Muennighoff et al. 2023, Scaling Data-Constrained Language Models, arXiv:2305.16264, section 3",
    latex=(
        r"E + \frac{A}{N'^{\,\alpha}} + \frac{B}{D'^{\,\beta}},\quad "
        r"X' = U_X\left(1 + R_X\left(1 - e^{(1 - X / U_X) / R_X}\right)\right)"
    ),
)
