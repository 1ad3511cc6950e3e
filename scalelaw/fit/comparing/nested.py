"""A law against one that it contains: does what it has more follow the runs, or only their noise?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.comparing.containing import Containing, contains
from scalelaw.fit.comparing.deviance import BY_F, Deviance, deviance_test
from scalelaw.fit.comparing.field import enter
from scalelaw.fit.comparing.refits import Entrant
from scalelaw.fit.fitting import fit
from scalelaw.fit.result import Fit
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    import pandas as pd


def nested_test(
    small: Law | str | Mapping[str, float],
    large: Law | str,
    runs: pd.DataFrame | Mapping[str, Any],
    *,
    contained: bool | None = None,
    refits: int | None = None,
    rng: int | np.random.Generator | None = 0,
    **fit_options: Any,
) -> pd.DataFrame:
    """Test a law against a larger one that contains it.

        F = 2 (F_small - F_large) / (q s^2)

    with both objectives, q the parameters that the larger law has more and s^2 the scale of its residuals: the
    classical F test for ``loss="squared"``, the robust drop-in-dispersion test for Huber's function. Its chance is that
    of the F distribution for least squares, and else by a bootstrap, since with delta below the noise the F
    distribution rejects too often where runs are few.

    Where a column ``run`` says that rows are checkpoints of runs, the bootstrap draws errors for whole runs, and the F
    distribution, which would reject nearly always, is not offered. Where the smaller law was true, a test of the
    parameter of P at 5 % rejected 4.0 % of 300 simulated tables of 12 runs of 5 checkpoints and 6.0 % of 300 of 8 runs
    of 8, for a law with six parameters; rows taken to be independent would have made it 52 and 57 %.

    Parameters
    ----------
    small : Law, str or mapping of str to float
        The smaller law, or the parameters of the larger law and the values at which it is the smaller one, as in
        ``{"k": 0}``.
    large : Law or str
    runs : DataFrame or mapping of str to array
    contained : bool, optional
        True where the larger law is known to contain the smaller one. By default it is found out, by fitting the larger
        law to what the smaller one says over a box around the runs.
    refits : int, optional
        New tables under the smaller law for the bootstrap, 0 for the F distribution. By default 399, but 0 for least
        squares where rows are independent.
    rng : int or numpy.random.Generator
    **fit_options
        Options of `fit` for both; ``resample`` and ``by`` say what a run is, as they do for `fit`.

    Returns
    -------
    DataFrame
        One row: ``small``, ``large``, ``at`` (where the larger law is the smaller one), both objectives, ``df``,
        ``spare`` (rows beyond the larger law's parameters), ``statistic``, ``p``, ``p_by`` (what p is by), ``f_p`` (by
        the F distribution; NaN for checkpoints), ``verdict`` and ``notes``.

    Raises
    ------
    RunsError, LawError
        As `fit`.
    FitError
        As `fit`, and if the larger law does not contain the smaller one or has no more parameters, or rows are
        checkpoints of fewer than 6 runs.

    Examples
    --------
    >>> import scalelaw as sl
    >>> frame = sl.nested_test("power_n", "parscale", sl.load("parscale-pile"))
    >>> frame[["at", "df", "p"]].values.tolist()
    [['k = 0', 1, 0.0025]]
    """
    import pandas as pd

    if isinstance(small, Mapping):
        competition = enter([large], runs, fit_options, verb="nested_test")
        (wide,) = competition.entrants
        narrow = _held(wide, small, fit_options)
        place: Containing | None = _declared(wide, small)
        name = f"{wide.law.name} with {', '.join(f'{key} = {value:g}' for key, value in small.items())}"
    else:
        competition = enter([small, large], runs, fit_options, verb="nested_test")
        narrow, wide = competition.entrants
        name, place = narrow.law.name, contains(wide, narrow) if contained is None else None
        if contained is False or (contained is None and place is None):
            raise FitError(
                f"law {wide.law.name!r} does not contain {name!r}, so no test compares them; duel(...) does, and "
                "contained=True says that it does"
            )
    found = deviance_test(Entrant.of(narrow), Entrant.of(wide), refits=refits, rng=rng, runs=competition.groups)
    row: dict[str, Any] = {"small": name, "large": wide.law.name, "at": place.describe() if place else ""}
    row |= {"objective_small": narrow.objective, "objective_large": wide.objective}
    row |= asdict(found)
    says = f"{name} does not suffice" if found.p < 0.05 else f"these runs do not show that {name} is not enough"
    notes = "; ".join(_notes(place, found))
    return pd.DataFrame([{**row, "verdict": f"{says}: p = {found.p:.2g}", "notes": notes}])


def _held(wide: Fit, values: Mapping[str, float], options: Mapping[str, Any]) -> Fit:
    """The larger law with some parameters held, on the same runs and with the same delta."""
    fixed = {**dict(options.get("fixed") or {}), **values}
    chosen = {**options, "fixed": fixed, "throw": False, "weights": wide.weights}
    for name in ("resample", "by"):
        chosen.pop(name, None)
    if wide.settings.delta is not None:
        chosen["delta"] = wide.settings.delta
    return fit(wide.law, wide.columns, **chosen)


def _declared(wide: Fit, values: Mapping[str, float]) -> Containing:
    return Containing({name: float(value) for name, value in values.items() if name in wide.free}, ())


def _notes(place: Containing | None, found: Deviance) -> list[str]:
    if place is None or found.p_by != BY_F:
        return []
    notes = []
    if any(value == 0 for value in place.at.values()):
        notes.append("the smaller law lies at a bound of the larger one, so p is too large, by a factor of up to 2")
    if place.idle or (place.at and len(place.at) < found.df):
        notes.append("other parameters mean nothing there, so p is approximate: take refits")
    return notes
