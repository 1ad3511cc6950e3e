"""A law against one that it contains: does what it has more follow the runs, or only their noise?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.comparing.containing import Containing, contains
from scalelaw.fit.comparing.deviance import deviance_test
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
    refits: int = 0,
    rng: int | np.random.Generator | None = 0,
    **fit_options: Any,
) -> pd.DataFrame:
    """Test a law against a larger one that contains it.

        F = 2 (F_small - F_large) / (q s^2)

    with both objectives, q the parameters that the larger law has more and s^2 the scale of its residuals: the
    classical F test for ``loss="squared"``, the robust drop-in-dispersion test for Huber's function.

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
    refits : int
        New tables under the smaller law for a bootstrap of the test, which is the better one for few runs or where
        delta is far below the noise; 0 for none.
    rng : int or numpy.random.Generator
    **fit_options
        Options of `fit` for both.

    Returns
    -------
    DataFrame
        One row: ``small``, ``large``, ``at`` (where the larger law is the smaller one), both objectives, ``df``,
        ``spare`` (rows beyond the larger law's parameters), ``statistic``, ``p``, ``bootstrap_p`` with refits,
        ``verdict`` and ``notes``.

    Raises
    ------
    RunsError, LawError
        As `fit`.
    FitError
        As `fit`, and if the larger law does not contain the smaller one or has no more parameters.

    Examples
    --------
    >>> import scalelaw as sl
    >>> frame = sl.nested_test("power_n", "parscale", sl.load("parscale-pile"))
    >>> frame[["at", "df"]].values.tolist(), bool(frame.loc[0, "p"] < 1e-6)
    ([['k = 0', 1]], True)
    """
    import pandas as pd

    if isinstance(small, Mapping):
        (wide,) = enter([large], runs, fit_options, verb="nested_test").entrants
        narrow = _held(wide, small, fit_options)
        place: Containing | None = _declared(wide, small)
        name = f"{wide.law.name} with {', '.join(f'{key} = {value:g}' for key, value in small.items())}"
    else:
        narrow, wide = enter([small, large], runs, fit_options, verb="nested_test").entrants
        name, place = narrow.law.name, contains(wide, narrow) if contained is None else None
        if contained is False or (contained is None and place is None):
            raise FitError(
                f"law {wide.law.name!r} does not contain {name!r}, so no test compares them; duel(...) does, and "
                "contained=True says that it does"
            )
    found = deviance_test(Entrant.of(narrow), Entrant.of(wide), refits=refits, rng=rng)
    p = found.p if np.isnan(found.bootstrap_p) else found.bootstrap_p
    row: dict[str, Any] = {"small": name, "large": wide.law.name, "at": place.describe() if place else ""}
    row |= {"objective_small": narrow.objective, "objective_large": wide.objective}
    row |= {"df": found.df, "spare": found.spare, "statistic": found.statistic, "p": found.p}
    row |= {"bootstrap_p": found.bootstrap_p} if refits else {}
    says = f"{name} does not suffice" if p < 0.05 else f"these runs do not show that {name} is not enough"
    return pd.DataFrame([{**row, "verdict": f"{says}: p = {p:.2g}", "notes": "; ".join(_notes(place, found.df))}])


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


def _notes(place: Containing | None, df: int) -> list[str]:
    if place is None:
        return []
    notes = []
    if any(value == 0 for value in place.at.values()):
        notes.append("the smaller law lies at a bound of the larger one, so p is too large, by a factor of up to 2")
    if place.idle or (place.at and len(place.at) < df):
        notes.append("other parameters mean nothing there, so p is approximate: take refits")
    return notes
