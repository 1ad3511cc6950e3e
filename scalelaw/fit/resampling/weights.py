"""Random weights and factors of a bootstrap, for many resamples at once."""

from __future__ import annotations

import numpy as np

GOLDEN = (1 + 5**0.5) / 2


def drawn(size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Times each of ``size`` things is drawn in ``size`` draws with replacement, shape (count, size)."""
    places = rng.integers(0, size, (count, size)) + size * np.arange(count)[:, None]
    return np.bincount(places.ravel(), minlength=count * size).reshape(count, size).astype(float)


def exponential(size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Exponential weights with the sum ``size``, shape (count, size): Dirichlet's, of mean 1 (Rubin 1981)."""
    weights = rng.standard_exponential((count, size))
    weights *= size / weights.sum(1, keepdims=True)
    return weights


def factors(size: int, count: int, rng: np.random.Generator, *, mammen: bool) -> np.ndarray:
    """Random factors of mean 0 and variance 1 for residuals, shape (count, size).

    Rademacher's +1 and -1 alike often or, with ``mammen``, Mammen's (1993) 1 - g with probability g / sqrt 5 and g
    otherwise, g the golden ratio, which keep the third moment too.
    """
    if not mammen:
        return rng.integers(0, 2, (count, size)) * 2.0 - 1.0
    return np.where(rng.random((count, size)) < GOLDEN / 5**0.5, 1 - GOLDEN, GOLDEN)
