"""A map of where streams and where parameters are the better use of training compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.patches import Patch

from scalelaw.analysis.streams_or_parameters import streams_or_parameters
from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import axes_of, legend_above, scale
from scalelaw.plot.given import frame_of

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def trade(
    fit: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    legend: bool = True,
    bar: bool = True,
    **options: Any,
) -> Axes:
    """Draw the loss with streams minus the loss without at equal training FLOPs, over C and P or over N and C.

    Blue is where streams win, red where parameters do; the line is where they are even, and hatching covers what the
    interval of the difference leaves open.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit of a law in N, P and D, or the frame of `scalelaw.streams_or_parameters`.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    legend : bool
    bar : bool
        Show the scale of the difference beside the map.
    **options
        Those of `scalelaw.streams_or_parameters`.

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If the frame is no map: it needs every combination of two columns.
    """
    frame = frame_of(fit, streams_or_parameters, options, need=("C", "P", "N", "difference", "better"))
    x, y = ("C", "P") if len(np.unique(frame["P"])) > 1 else ("N", "C")
    ordered = frame.sort_values([y, x])
    shape = (ordered[y].nunique(), ordered[x].nunique())
    if shape[0] * shape[1] != len(ordered) or min(shape) < 2:
        raise ScalelawError(
            "a map needs at least two values of C and two of P, or two of N and two of C, in every combination"
        )
    grid = {name: ordered[name].to_numpy(dtype=float).reshape(shape) for name in (x, y, "difference")}
    open_ = (ordered["better"] == "undecided").to_numpy().reshape(shape)
    ax = axes_of(ax)
    scale(ax, "x", x)
    scale(ax, "y", y)
    _surface(ax, grid[x], grid[y], grid["difference"], open_, bar=bar)
    if legend:
        _legend(ax, grid["difference"], undecided=bool(open_.any()))
    return ax


def _surface(ax: Axes, x: np.ndarray, y: np.ndarray, difference: np.ndarray, open_: np.ndarray, *, bar: bool) -> None:
    reach = float(np.abs(difference).max()) or 1.0
    shown = ax.pcolormesh(
        x, y, difference, cmap="RdBu_r", norm=TwoSlopeNorm(0.0, -reach, reach), shading="gouraud", rasterized=True
    )
    if difference.min() < 0 < difference.max():
        ax.contour(x, y, difference, levels=[0.0], colors="black", linewidths=1.2)
    if open_.any() and not open_.all():
        hatched = ax.contourf(x, y, open_.astype(float), levels=[0.5, 1.5], colors="none", hatches=["////"])
        hatched.set_edgecolor("0.35")
        hatched.set_linewidth(0.0)
    if bar:
        colours = ax.figure.colorbar(shown, ax=ax, pad=0.02)
        colours.set_label("Loss, streams − none")
        # the half that does not occur says nothing
        colours.ax.set_ylim(min(0.0, float(difference.min())), max(0.0, float(difference.max())))


def _legend(ax: Axes, difference: np.ndarray, *, undecided: bool) -> None:
    shades = mpl.colormaps["RdBu_r"]
    handles = []
    if difference.min() < 0:
        handles.append(Patch(facecolor=shades(0.15), label="streams"))
    if difference.max() > 0:
        handles.append(Patch(facecolor=shades(0.85), label="parameters"))
    if undecided:
        handles.append(Patch(facecolor="white", edgecolor="0.35", hatch="////", linewidth=0.0, label="undecided"))
    if handles:
        legend_above(ax, handles, columns=3, marks=True)
