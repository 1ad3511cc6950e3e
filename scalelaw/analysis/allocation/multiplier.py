"""How much compute one family of models saves over another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.allocation.intervals import sets_of, with_ends
from scalelaw.analysis.allocation.problem import Problem
from scalelaw.analysis.columns import need_columns, read_values
from scalelaw.analysis.root import solve_decreasing
from scalelaw.errors import FitError
from scalelaw.fit.calling import law_losses
from scalelaw.fit.degenerate import require_column
from scalelaw.fit.intervals import check_interval

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

BestLoss = Callable[[np.ndarray, np.ndarray], np.ndarray]


def compute_multiplier(
    fit: Fit,
    over: Fit,
    *,
    C: Any,
    P: Any = 1,
    over_P: Any = 1,
    flops: str | Callable[..., Any] | None = None,
    level: float | None = 0.95,
    kind: str = "bc",
    **other_columns: Any,
) -> pd.DataFrame:
    """Compute that another family needs for the loss of this one, each spent at its best, as a multiple.

    Above 1 this family is the better one: its loss at C costs the other ``multiplier`` times C. Families are recipes,
    corpora or architectures with a fit each, on one loss; the same fit twice with ``P`` and ``over_P`` compares numbers
    of streams.

    Parameters
    ----------
    fit, over : Fit
        Of laws that read N and D, or C alone.
    C : numbers or quantities
        Budgets of this family, training FLOPs.
    P, over_P : number
        Streams of either, for laws that read them.
    flops, level, kind, **other_columns
        As in `allocate`, the kind one of bc, percentile and normal. Intervals are there where both fits have bootstrap
        draws, which are taken in pairs: a draw of one with a draw of the other, or the same draw where both are one
        fit.

    Returns
    -------
    DataFrame
        ``C``, ``loss`` (nats per token), ``C_equivalent`` and ``multiplier`` with the ends of their intervals. A loss
        that the other family cannot reach gives ``inf``.

    Raises
    ------
    FitError
        If a law reads neither N and D nor C alone, or has no optimum at a budget.

    Examples
    --------
    >>> import scalelaw as sl
    >>> slow, fast = (sl.fit("power_c", {"C": [1e18, 1e19, 1e20, 1e21], "loss": [1 + f * 10 ** (-0.1 * k)
    ...     for k in range(4)]}) for f in (2.0, 1.9))
    >>> compute_multiplier(fast, slow, C=1e20)["multiplier"].round(2).tolist()
    [1.67]
    """
    check_interval(level, kind)
    budgets = read_values("C", C)
    paired = level if fit.draws is not None and over.draws is not None else None
    sets = [sets_of(each, paired, kind) for each in (fit, over)]
    count = min(map(len, sets))
    ours, theirs = (_best_loss(each, flops, other_columns, p) for each, p in ((fit, P), (over, over_P)))
    loss = ours(sets[0][:count], np.broadcast_to(budgets, (count, len(budgets))))
    if not np.isfinite(loss[0]).all():
        raise FitError(f"law {fit.law.name!r} has no optimum between one parameter and one token at such a budget")
    equivalent = solve_decreasing(lambda at: theirs(sets[1][:count], at), loss, budgets)
    values = {"loss": loss, "C_equivalent": equivalent, "multiplier": equivalent / budgets}
    return pd.DataFrame({"C": budgets} | with_ends(values, level=paired, kind=kind))


def _best_loss(
    fit: Fit, flops: str | Callable[..., Any] | None, other_columns: dict[str, Any], P: Any
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Loss of a family at its best under sets (sets, parameters), for budgets (sets, rows)."""
    if fit.law.columns == ("C",):
        require_column(fit, "C", what="a compute multiplier")
        return lambda theta, C: law_losses(fit.law, {"C": C}, theta)
    streams = read_values("P", P)
    if (streams != 1).any():
        need_columns(fit, "P", what="a multiplier of streams")
    others = {name: value for name, value in other_columns.items() if name in fit.law.columns}
    problem = Problem.of(fit, flops, others, what="a compute multiplier")
    return lambda theta, C: problem.best_loss(theta, C, np.broadcast_to(streams, C.shape[-1:]))
