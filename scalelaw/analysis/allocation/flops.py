"""What a training run costs: 6 N D P floating-point operations, or a count of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.analysis.root import solve_decreasing
from scalelaw.errors import FitError, LawError
from scalelaw.laws.expression import Expression

COLUMNS = ("N", "P", "D")


@dataclass(frozen=True)
class Flops:
    """Training FLOPs as a function of N, P and D, and the tokens that a budget buys.

    Every stream is a forward and a backward pass of its own, so that C = 6 N D P (`scalelaw.cost.train_flops` counts
    the terms of a shape one by one and comes to 7.2 instead of 8 times the FLOPs at P = 8 of the paper's 1.6B).

    Parameters
    ----------
    fn : callable or None
        Takes N, P and D as arrays; None for 6 N D P.
    reads : tuple of str
        Those of N, P and D that it depends on.
    """

    fn: Callable[..., Any] | None = None
    reads: tuple[str, ...] = COLUMNS

    @classmethod
    def of(cls, given: str | Callable[..., Any] | None, *, need: tuple[str, ...] = ("D",)) -> Flops:
        """Read a count: None, a formula such as ``"6*N*D*P + 2e4*D"``, or a function of N, P and D.

        ``need`` names those that it must depend on.

        Raises
        ------
        FitError
            If it is none of these or reads something else.

        Examples
        --------
        >>> Flops.of("6*N*D").tokens(6e21, 1e9, 2.0)
        1000000000000.0
        """
        if given is None:
            return cls()
        try:
            fn: Any = Expression(given) if isinstance(given, str) else given
            names = fn.names if isinstance(given, str) else tuple(inspect.signature(fn).parameters)
        except (LawError, TypeError, ValueError) as error:
            raise FitError(f"cannot count FLOPs by {given!r}: {error}") from None
        unknown = [name for name in names if name not in COLUMNS]
        missing = [name for name in need if name not in names]
        if unknown or missing:
            what = f"not of {', '.join(unknown)}" if unknown else f"and needs {' and '.join(missing)}"
            raise FitError(f"FLOPs are a function of N, P and D, {what}; write one like '6*N*D*P'")
        return cls(lambda N, P, D: fn(**{name: {"N": N, "P": P, "D": D}[name] for name in names}), tuple(names))

    def __call__(self, N: Any, P: Any, D: Any) -> Any:
        return 6.0 * N * D * P if self.fn is None else self.fn(N, P, D)

    def tokens(self, C: Any, N: Any, P: Any) -> Any:
        """Tokens that cost C; where the count is not proportional to D they are looked for."""
        with np.errstate(all="ignore"):
            one = self(N, P, 1.0)
            first = C / one
            if self.fn is None or np.allclose(self(N, P, 1e9), 1e9 * one, rtol=1e-9):
                return first
            shape = np.broadcast_shapes(np.shape(C), np.shape(N), np.shape(P))
            wide = [np.array(np.broadcast_to(each, shape), dtype=float) for each in (C, N, P)]
            # what the model costs before its first token may already be too much: no tokens then
            return solve_decreasing(lambda D: -self(wide[1], wide[2], D), -wide[0], np.maximum(first, 1.0))

    def parameters(self, C: Any, P: Any, D: Any) -> np.ndarray:
        """Parameters at which D tokens cost C."""
        if self.fn is None:
            return np.asarray(C / (6.0 * P * D))
        C, P, D = (np.array(each, dtype=float) for each in np.broadcast_arrays(C, P, D))
        return solve_decreasing(lambda N: -np.asarray(self(N, P, D) * np.ones(N.shape)), -C, C / (6.0 * P * D))
