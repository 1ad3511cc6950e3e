"""How many parameters a model without streams needs to be as good as one with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.closed import Closed, closed_form
from scalelaw.analysis.columns import held_columns, need_columns, read_values, tidy, with_held
from scalelaw.analysis.root import solve_decreasing
from scalelaw.fit.calling import law_losses
from scalelaw.fit.degenerate import require_column
from scalelaw.fit.derived import has_intervals
from scalelaw.fit.intervals import check_kind
from scalelaw.fit.predict import estimate_and_ends, parameter_sets

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def equivalence(
    fit: Fit, *, N: Any, P: Any, level: float | None = 0.95, kind: str = "bc", **other_columns: Any
) -> pd.DataFrame:
    """Parameters that a P = 1 model needs for the loss of (N, P), other columns held.

    Written out where the law allows it (`CLOSED_FORMS`: N (k ln P + 1) for ``parscale``, Chen et al. 2025,
    arXiv:2505.10475, equation 5), and found as the root of loss(N', 1) = loss(N, P) for any other law that falls
    with N.

    Parameters
    ----------
    fit : Fit
        Of a law that reads N and P.
    N, P : numbers, quantities such as ``"1.6B"``, or sequences of them
        Every N is combined with every P, which may be any real number from 1.
    level : float or None
        Of the intervals, which are there where the fit has bootstrap draws or the kind needs none; None for no
        intervals.
    kind : {"bc", "percentile", "normal", "profile", "sandwich", "robust"}
        The last three need no draws, see `scalelaw.interval_of`; at most 60 numbers are profiled at a time.
    **other_columns
        One value for each other column of the law, such as ``D="42B"``; not needed where the runs have only one.

    Returns
    -------
    DataFrame
        ``N``, ``P``, ``loss`` (nats per token), ``N_equivalent`` (parameters), ``multiplier`` (N_equivalent / N) and,
        with draws, ``N_low``, ``N_high``, ``multiplier_low``, ``multiplier_high``. A loss that no number of parameters
        reaches at P = 1, below the law's floor there, gives ``inf``.

    Raises
    ------
    FitError
        If the law has no N or no P, the fitted loss does not depend on N, a value, the level or the kind means nothing,
        or another column is needed.

    Examples
    --------
    >>> import scalelaw as sl
    >>> stack = sl.fit("parscale", sl.load("parscale-stack"))
    >>> equivalence(stack, N="1.6B", P=[2, 8]).round({"loss": 4, "N_equivalent": -7, "multiplier": 3})
                N  P    loss  N_equivalent  multiplier
    0  1600000000  2  1.0652  2.040000e+09       1.273
    1  1600000000  8  1.0408  2.910000e+09       1.818
    """
    check_kind(level, kind)
    need_columns(fit, "N", "P", what="equivalence")
    require_column(fit, "N", what="an equivalent N")
    held = held_columns(fit, ("N", "P"), other_columns)
    sizes, streams = (grid.ravel() for grid in np.meshgrid(read_values("N", N), read_values("P", P), indexing="ij"))
    columns = with_held({"N": sizes, "P": streams}, held)
    loss = law_losses(fit.law, columns, parameter_sets(fit, draws=False))[0]
    closed = closed_form(fit.law)

    def parameters(theta: np.ndarray, part: slice) -> np.ndarray:
        return equivalent_parameters(fit, {name: values[part] for name, values in columns.items()}, theta, closed)

    possible = level if has_intervals(fit, kind) else None
    equivalent, ends = estimate_and_ends(fit, parameters, len(sizes), level=possible, kind=kind)
    frame = {
        "N": tidy(sizes),
        "P": tidy(streams),
        "loss": loss,
        "N_equivalent": equivalent,
        "multiplier": equivalent / sizes,
    }
    if ends is not None:
        frame |= {"N_low": ends[0], "N_high": ends[1]}
        frame |= {"multiplier_low": ends[0] / sizes, "multiplier_high": ends[1] / sizes}
    return pd.DataFrame(frame)


def equivalent_parameters(
    fit: Fit, columns: dict[str, np.ndarray], theta: np.ndarray, closed: Closed | None = None
) -> np.ndarray:
    """N_equivalent (sets, rows) under parameter sets (sets, parameters), by a closed form or as a root."""
    shape = (len(theta), len(columns["N"]))
    if closed is not None:
        named = {name: theta[:, [j]] for j, name in enumerate(fit.law.parameters)}
        with np.errstate(all="ignore"):
            return np.array(np.broadcast_to(closed(columns["N"], columns["P"], named), shape), dtype=float)
    alone = columns | {"P": np.ones(shape[1])}
    target = law_losses(fit.law, columns, theta)
    return solve_decreasing(lambda N: law_losses(fit.law, alone | {"N": N}, theta), target, columns["N"])
