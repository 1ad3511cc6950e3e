"""Laws side by side: how well each predicts runs it has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from scalelaw.errors import ScalelawError
from scalelaw.laws.latex import symbol
from scalelaw.plot.axes import RoundLog, axes_of, legend_above
from scalelaw.plot.style import series

_HELD = "holdout_"


def comparison(
    frame: pd.DataFrame,
    *,
    ax: Axes | None = None,
    columns: Sequence[str] | None = None,
    label: str = "Error on held-out runs (%)",
    legend: bool = True,
) -> Axes:
    """Draw the errors of several laws as dots, a row a law, in the order of the frame.

    Parameters
    ----------
    frame : DataFrame
        As `scalelaw.compare` returns it: one row a law, named in a column ``law`` or in the index.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    columns : sequence of str, optional
        Errors to show; by default the leave-one-out error and those on held-out runs, ``loo`` and ``holdout_...``, of
        which some law has a value.
    label : str
        What the errors are, under the axis.
    legend : bool

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If the frame has no row or no such column.

    Examples
    --------
    >>> table = pd.DataFrame({"law": ["parscale", "power_n"], "loo": [0.14, 1.69]})
    >>> [tick.get_text() for tick in comparison(table).get_yticklabels()]
    ['parscale', 'power_n']
    """
    numeric = [str(name) for name in frame.select_dtypes("number").columns]
    chosen = [name for name in numeric if _is_error(frame, name)] if columns is None else list(columns)
    missing = [name for name in chosen if name not in numeric]
    if missing or not chosen or frame.empty:
        wanted = ", ".join(missing) or "an error column such as 'loo'"
        raise ScalelawError(
            f"the frame lacks {wanted}; it has {', '.join(map(str, frame.columns))} in {len(frame)} rows"
        )
    laws = [str(name) for name in frame.get("law", frame.index)]
    places = np.arange(len(laws))
    ax = axes_of(ax)
    for position, name in enumerate(chosen):
        look = series(position)
        values = frame[name].to_numpy(dtype=float)
        ax.plot(values, places, look["marker"], color=look["color"], label=_words(name), clip_on=False)
    ax.set_yticks(places, laws)
    ax.set_ylim(len(laws) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y")
    ax.set_axisbelow(True)
    ax.set_xlabel(label)
    _scale(ax, frame[chosen].to_numpy(dtype=float))
    if legend and len(chosen) > 1:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=4, side="right", marks=True)
    return ax


def _scale(ax: Axes, errors: np.ndarray) -> None:
    """From zero, or on a log axis where the errors differ too much for that."""
    known = errors[np.isfinite(errors)]
    if len(known) and known.min() > 0 and known.max() > 8 * known.min():
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(RoundLog())
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_xlim(left=0)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))


def _is_error(frame: pd.DataFrame, name: str) -> bool:
    return (name == "loo" or name.startswith(_HELD)) and bool(frame[name].notna().any())


def _words(name: str) -> str:
    """What was held out: each run in turn, the largest of a column, or what the user asked for."""
    held = name.removeprefix(_HELD)
    if held == name:
        return {"loo": "each run"}.get(name, name.replace("_", " "))
    return f"largest ${symbol(held)}$" if held.isidentifier() else held
