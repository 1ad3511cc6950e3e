"""Laws in parameters and parallel streams: ParScale's own law and its rivals."""

from typing import Any

import numpy as np

from scalelaw.laws.law import Law

PARSCALE_PAPER = "Chen et al. 2025, Parallel Scaling Law for Language Models, arXiv:2505.10475"


def _parscale(N: Any, P: Any, *, E: Any, A: Any, alpha: Any, k: Any) -> Any:
    """E + (A / (N (k ln P + 1)))^alpha

    P streams are worth as much as 1 + k ln P times the parameters.

    The form A / (N log P)^alpha + E that is often printed for ParScale is shorthand for this one. Taken
    literally it diverges at P = 1, where log P = 0; it cannot be fitted to runs with one stream.

    Parameters
    ----------
    N : non-embedding parameters
    P : parallel streams
    E : floor of the loss, nats per token
    A : parameters at which a model with one stream loses 1 nat per token over the floor (1.13e7 on Stack)
    alpha : exponent of parameters, no unit
    k : gain per e-fold of streams, no unit; the logarithm is natural

    Source: Chen et al. 2025, arXiv:2505.10475, equation 5.
    """
    return E + (A / (N * (k * np.log(P) + 1.0))) ** alpha


def _parscale_data(N: Any, P: Any, D: Any, *, E: Any, A: Any, alpha: Any, k: Any, B: Any, beta: Any) -> Any:
    """E + (A / (N (k ln P + 1)))^alpha + B / D^beta

    `parscale` with the data term of `chinchilla`: for runs that differ in tokens too.

    Parameters
    ----------
    N : non-embedding parameters
    P : parallel streams
    D : training tokens of text, not times P
    E : floor of the loss, nats per token
    A : parameters at which the term in N is 1 nat per token for one stream
    alpha, beta : exponents of parameters and of tokens, no unit
    k : gain per e-fold of streams, no unit
    B : nats per token times tokens^beta

    Source: Chen et al. 2025, arXiv:2505.10475, equation 5, and Hoffmann et al. 2022, arXiv:2203.15556, equation 2;
    the sum of the two is this package's.
    """
    return E + (A / (N * (k * np.log(P) + 1.0))) ** alpha + B / D**beta


def _parscale_ensemble(N: Any, P: Any, *, E: Any, A: Any, alpha: Any, rho: Any) -> Any:
    """E + (A / N)^alpha (1 + (P - 1) rho) / P

    Streams as an ensemble whose errors have one common correlation rho: rho = 1 gains nothing, rho = 0
    divides the loss over the floor by P. The correlation of P streams cannot be below -1 / (P - 1), where
    the loss reaches the floor.

    Parameters
    ----------
    N : non-embedding parameters
    P : parallel streams
    E : floor of the loss, nats per token
    A : parameters at which a model with one stream loses 1 nat per token over the floor
    alpha : exponent of parameters, no unit
    rho : correlation of the streams' relative errors, -1 to 1

    Source: Chen et al. 2025, arXiv:2505.10475, proposition 1 (equation 4), with rho the same at every N and P.
    """
    return E + (A / N) ** alpha * (1.0 + (P - 1.0) * rho) / P


def _additive_streams(N: Any, P: Any, *, E: Any, A: Any, B: Any, alpha: Any, beta: Any) -> Any:
    """E + A N^-alpha + B P^-beta

    A rival of `parscale`: streams lower the loss by the same amount at every N.

    Parameters
    ----------
    N : non-embedding parameters
    P : parallel streams
    E : floor of the loss at many parameters and many streams, nats per token
    A : nats per token times parameters^alpha
    alpha, beta : exponents of parameters and of streams, no unit
    B : nats per token that streams can save, starting from one stream

    Source: the form of Hoffmann et al. 2022, arXiv:2203.15556, equation 2, with streams in place of tokens.
    """
    return E + A * N**-alpha + B * P**-beta


def _power_streams(N: Any, P: Any, *, E: Any, A: Any, alpha: Any, b: Any) -> Any:
    """E + A (N P^b)^-alpha

    A rival of `parscale`: P streams are worth as much as P^b times the parameters.

    Parameters
    ----------
    N : non-embedding parameters
    P : parallel streams
    E : floor of the loss, nats per token
    A : nats per token times parameters^alpha
    alpha : exponent of parameters, no unit
    b : exponent of streams, no unit; at b = 1 a stream is worth as much as the model

    Source: a rival of equation 5 of Chen et al. 2025, arXiv:2505.10475; its proposition 1 is b = 1 / alpha at rho = 0.
    """
    return E + A * (N * P**b) ** -alpha


def _log2_streams(N: Any, P: Any, *, E: Any, A: Any, alpha: Any, beta: Any) -> Any:
    """E + A N^-alpha (1 + log2 P)^-beta

    A rival of `parscale`: the loss over the floor falls as a power of the number of doublings of streams.

    Parameters
    ----------
    N : non-embedding parameters
    P : parallel streams
    E : floor of the loss, nats per token
    A : nats per token times parameters^alpha
    alpha : exponent of parameters, no unit
    beta : exponent of 1 + log2 P, no unit

    Source: a rival of equation 5 of Chen et al. 2025, arXiv:2505.10475; that is this at k = 1 / ln 2, beta = alpha.
    """
    return E + A * N**-alpha * (1.0 + np.log2(P)) ** -beta


parscale = Law(
    "parscale",
    _parscale,
    source=f"{PARSCALE_PAPER}, equation 5",
    latex=r"E + \left(\frac{A}{N\,(k \ln P + 1)}\right)^{\alpha}",
)
parscale_data = Law(
    "parscale_data",
    _parscale_data,
    source=f"{PARSCALE_PAPER}, equation 5, with the data term of Hoffmann et al. 2022, arXiv:2203.15556, equation 2",
    latex=r"E + \left(\frac{A}{N\,(k \ln P + 1)}\right)^{\alpha} + \frac{B}{D^{\beta}}",
)
parscale_ensemble = Law(
    "parscale_ensemble",
    _parscale_ensemble,
    bounds={"rho": (-1.0, 1.0)},
    starts={"rho": (0.0, 1.0)},
    source=f"{PARSCALE_PAPER}, proposition 1 (equation 4) with constant rho",
    latex=r"E + \left(\frac{A}{N}\right)^{\alpha} \frac{1 + (P - 1)\,\rho}{P}",
)
additive_streams = Law(
    "additive_streams",
    _additive_streams,
    source="rival of parscale: the form of Hoffmann et al. 2022, arXiv:2203.15556, equation 2, in N and P",
    latex=r"E + \frac{A}{N^{\alpha}} + \frac{B}{P^{\beta}}",
)
power_streams = Law(
    "power_streams",
    _power_streams,
    source=f"rival of {PARSCALE_PAPER}, equation 5",
    latex=r"E + \frac{A}{(N P^{b})^{\alpha}}",
)
log2_streams = Law(
    "log2_streams",
    _log2_streams,
    source=f"rival of {PARSCALE_PAPER}, equation 5",
    latex=r"E + \frac{A}{N^{\alpha} (1 + \log_2 P)^{\beta}}",
)
