"""A fit as text, as HTML and as a frame: three renderings of the same numbers."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scalelaw.fit.derived import KIND_WORDS, has_intervals
from scalelaw.fit.intervals import KINDS as BY_DRAWS
from scalelaw.fit.intervals import check_kind
from scalelaw.runs import units

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

NO_INTERVAL = "no interval: fit with bootstrap=1000"
_STRONG, _FEW_VALUES, _WIDTH = 0.9, 8, 110


class Section(NamedTuple):
    """A heading and its rows; the cells of a row stand under those of the row above it."""

    title: str
    rows: list[list[str]]


def summary(fit: Fit, *, level: float = 0.95, kind: str = "bc") -> pd.DataFrame:
    """The parameters as a frame.

    Parameters
    ----------
    fit : Fit
    level, kind
        Of the interval, see `scalelaw.fit.derived.interval_of`.

    Returns
    -------
    DataFrame
        Index ``parameter``; columns ``value``, ``low`` and ``high`` (NaN for a fixed parameter, and without the draws
        that the kind needs) and ``fixed``: False, True, or the formula of a parameter that is tied to others.

    Raises
    ------
    FitError
        If the level or the kind means nothing.

    Examples
    --------
    >>> import scalelaw as sl
    >>> fit = sl.fit("parscale", sl.load("parscale-pile"), fixed={"k": 0.0})
    >>> fit.summary()["fixed"].tolist()
    [False, False, False, True]
    """
    import pandas as pd

    check_kind(level, kind)
    ends = {name: _ends(fit, name, level, kind) or (np.nan, np.nan) for name in fit.law.parameters}
    return pd.DataFrame(
        {
            "value": pd.Series(fit.params, dtype=float),
            "low": [ends[name][0] for name in fit.law.parameters],
            "high": [ends[name][1] for name in fit.law.parameters],
            "fixed": pd.Series({name: _held(fit, name) for name in fit.law.parameters}, dtype=object),
        },
        index=pd.Index(fit.law.parameters, name="parameter"),
    )


def report(fit: Fit, *, level: float = 0.95, kind: str = "bc") -> str:
    """The fit as text: law, data, objective, parameters, quality, proof of convergence, notes.

    Numbers have six significant digits; `Fit.params` and the saved fit have all of them.

    Raises
    ------
    FitError
        If the level or the kind of the intervals means nothing.

    Examples
    --------
    >>> import scalelaw as sl
    >>> print(sl.fit("parscale", sl.load("parscale-pile")).report().partition("[[Data]]")[0].rstrip())
    [[Law]]
        parscale
        E + (A / (N (k ln P + 1)))^alpha
        Chen et al. 2025, Parallel Scaling Law for Language Models, arXiv:2505.10475, equation 5
    """
    return "\n".join(_as_text(section) for section in sections(fit, level=level, kind=kind)) + "\n"


def to_html(fit: Fit, *, level: float = 0.95, kind: str = "bc") -> str:
    """The report as HTML for a notebook; every text in it is escaped."""
    parts = [_as_html(section) for section in sections(fit, level=level, kind=kind)]
    return f'<div class="scalelaw-fit">{"".join(parts)}</div>'


def sections(fit: Fit, *, level: float = 0.95, kind: str = "bc") -> list[Section]:
    """The contents of the report.

    Raises
    ------
    FitError
        If the level or the kind of the intervals means nothing.
    """
    check_kind(level, kind)
    found = [
        Section("Law", [[line] for line in dict.fromkeys((fit.law.name, fit.law.formula, fit.law.source)) if line]),
        Section("Data", _data(fit)),
        Section("Fit", _quality(fit)),
        Section("Parameters" + _intervals_are(fit, level, kind), _parameters(fit, level, kind)),
        Section("Correlations of the bootstrap draws (Spearman, above 0.9)", _correlations(fit)),
        Section("Convergence", _convergence(fit)),
        Section("Notes", [[note] for note in fit.notes]),
    ]
    return [section for section in found if section.rows]


def number(value: float) -> str:
    """Six significant digits."""
    return f"{value:.6g}"


def _held(fit: Fit, name: str) -> bool | str:
    """Whether a parameter is fixed, or the formula it is tied by."""
    return fit.settings.tied.get(name) or name in fit.settings.fixed


def _ends(fit: Fit, name: str, level: float, kind: str) -> tuple[float, float] | None:
    """The interval of a parameter that has one."""
    if not has_intervals(fit, kind) or name in fit.settings.fixed:
        return None
    return fit.interval(name, level=level, kind=kind)


def _data(fit: Fit) -> list[list[str]]:
    runs = f"{fit.rows}"
    if fit.checkpoints_of is not None:
        runs = f"{fit.independent_runs}, of which these are {fit.rows} checkpoints"
    rows = [["runs", runs]]
    for name, given in fit.columns.items():
        values = np.unique(np.asarray(given, dtype=float))
        if len(values) <= _FEW_VALUES:
            shown = ", ".join(map(number, values))
        else:
            shown = f"{number(values[0])} to {number(values[-1])}, {len(values)} values"
        unit = units([name]).get(name, "")
        rows.append([name, shown + (f" ({unit})" if unit else "")])
    return rows


def _quality(fit: Fit) -> list[list[str]]:
    return [
        ["minimised", fit.settings.describe()],
        ["objective", number(fit.objective)],
        ["R2", f"{number(fit.r2)} (of the loss, not of its logarithm)"],
        ["RMSE", f"{number(fit.rmse)} nats per token"],
        ["MAPE", f"{number(fit.mape)} %"],
    ]


def _intervals_are(fit: Fit, level: float, kind: str) -> str:
    if not has_intervals(fit, kind):
        return ""
    drawn = f"; {fit.draws.describe()}" if fit.draws is not None and kind in BY_DRAWS else ""
    return f", with {100 * level:g} % intervals ({KIND_WORDS[kind]}{drawn})"


def _parameters(fit: Fit, level: float, kind: str) -> list[list[str]]:
    rows = []
    for name, value in fit.params.items():
        ends = _ends(fit, name, level, kind)
        held = _held(fit, name)
        between = f"{number(ends[0])} to {number(ends[1])}" if ends else ""
        state = f"= {held}" if isinstance(held, str) else "fixed" if held else ""
        if not between and not held:
            state = NO_INTERVAL
        rows.append([name, number(value), *([between] if has_intervals(fit, kind) else []), state])
    return rows


def _correlations(fit: Fit) -> list[list[str]]:
    """Pairs of free parameters that the draws move together, the closest first."""
    if fit.draws is None:
        return []
    ranked = {name: ranks(fit.draws.theta[:, fit.law.parameters.index(name)]) for name in fit.free}
    moving = {name: each for name, each in ranked.items() if np.ptp(each) > 0}
    names = list(moving)
    found = [
        (float(np.corrcoef(moving[one], moving[other])[0, 1]), one, other)
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    ]
    strong = sorted((each for each in found if abs(each[0]) > _STRONG), key=lambda each: -abs(each[0]))
    return [[f"{one}, {other}", f"{value:+.3f}"] for value, one, other in strong]


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, the mean rank where values are equal."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], dtype=float)


def _convergence(fit: Fit) -> list[list[str]]:
    proof = fit.convergence
    stopped = proof.starts - proof.finished
    gap = f"{100 * proof.other_minima[0]:.3g} % higher" if proof.other_minima else "none found"
    searched = f"{proof.grid_points} points" + (f" of a grid, {proof.grid_minima} of them lower than their neighbours")
    if not proof.grid_minima:
        searched = f"{proof.grid_points} scattered points"
    rows = [
        ["converged", f"{'yes' if proof.converged else 'NO'}, after {proof.iterations} Newton steps"],
        ["searched", searched],
        [
            "starts",
            f"{proof.starts} polished, {proof.finished} finished, {proof.agreed} agree on the best minimum"
            + (f"; {stopped} stopped early, still above it" if stopped else ""),
        ],
        ["next minimum", gap],
        ["gradient", f"{proof.gradient:.1e} of the objective"],
        ["Hessian", f"condition {proof.condition:.3g}"],
        ["derivatives", "exact" if proof.exact_derivatives else "central differences"],
    ]
    for label, names in (("at a bound", proof.at_bounds), ("undetermined", proof.flat)):
        rows += [[label, ", ".join(names)]] if names else []
    return rows


def _as_text(section: Section) -> str:
    columns = max(map(len, section.rows))
    widths = [max((len(row[place]) for row in section.rows if len(row) > place), default=0) for place in range(columns)]
    lines = [f"[[{section.title}]]"]
    for row in section.rows:
        if columns == 1:
            lines += textwrap.wrap(row[0], _WIDTH, initial_indent="    ", subsequent_indent="      ")
        else:
            lines.append("    " + "  ".join(map(str.ljust, row, widths)).rstrip())
    return "\n".join(lines)


def _as_html(section: Section) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in section.rows)
    return f"<h4>{escape(section.title)}</h4><table><tbody>{body}</tbody></table>"
