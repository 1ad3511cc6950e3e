"""The three approaches to compute-optimal training side by side: envelope, isoFLOP profiles, parametric law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scalelaw.analysis.allocation import allocation_exponents
from scalelaw.analysis.envelope import envelope
from scalelaw.analysis.frontier import Frontier
from scalelaw.analysis.isoflop import isoflop
from scalelaw.errors import ScalelawError
from scalelaw.laws.law import Law


def approaches(
    runs: Any,
    *,
    law: Law | str = "chinchilla",
    curve: str = "parabola",
    bootstrap: int = 0,
    rng: int = 0,
    level: float = 0.95,
    kind: str = "bc",
) -> pd.DataFrame:
    """Exponents of N*(C) and D*(C) by the envelope, by isoFLOP profiles and by a law, of the same runs.

    Hoffmann et al. 2022, arXiv:2203.15556, call them approach 1, 2 and 3. An approach that the table does not allow,
    having no curves or no profiles, has a row that says so.

    Parameters
    ----------
    runs : DataFrame or mapping
        Columns ``N``, ``D``, ``loss`` and what each approach needs: ``run`` for the envelope.
    law : Law or str
        Of N and D, for approach 3.
    curve : {"parabola", "akima"}
        For approach 2.
    bootstrap, rng, level, kind
        Of the intervals of all three.

    Returns
    -------
    DataFrame
        ``approach``, ``a``, ``a_low``, ``a_high``, ``b``, ``b_low``, ``b_high`` (NaN without draws, save
        of three isoFLOP budgets or more) and ``remark``.

    Examples
    --------
    >>> import scalelaw as sl
    >>> rows = sl.load("porian", dataset="rw", hparams="tuned", decay="const", param_count="standard")
    >>> approaches(rows, curve="akima")[["approach", "a", "b"]].round(3)
           approach      a      b
    0    1 envelope    NaN    NaN
    1     2 isoFLOP  0.497  0.503
    2  3 parametric  0.529  0.471
    """
    from scalelaw.fit import fit

    shared: dict[str, Any] = {"level": level, "kind": kind}
    draws: dict[str, Any] = {"bootstrap": bootstrap, "rng": rng}

    def parametric() -> dict[str, float]:
        row = allocation_exponents(fit(law, runs, **draws), **shared).iloc[0]
        return {name: float(row.get(name, np.nan)) for name in _NUMBERS}

    return pd.DataFrame(
        [
            _row("1 envelope", lambda: _exponents(envelope(runs, **draws, **shared))),
            _row("2 isoFLOP", lambda: _exponents(isoflop(runs, curve=curve, **draws, **shared))),
            _row("3 parametric", parametric),
        ]
    )


_NUMBERS = ("a", "a_low", "a_high", "b", "b_low", "b_high")


def _row(approach: str, numbers: Any) -> dict[str, Any]:
    try:
        return {"approach": approach, **numbers(), "remark": ""}
    except ScalelawError as error:
        return {"approach": approach, **dict.fromkeys(_NUMBERS, np.nan), "remark": str(error)}


def _exponents(frontier: Frontier) -> dict[str, float]:
    found: dict[str, float] = {}
    for letter, row in zip("ab", frontier.exponents.to_dict("records"), strict=True):
        found[letter] = float(row["exponent"])
        found |= {f"{letter}_{end}": float(row.get(end, np.nan)) for end in ("low", "high")}
    return found
