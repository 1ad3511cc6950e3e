"""Figures of allocation, profiles, the trade of streams for parameters, and benchmarks."""

import numpy as np
import pytest
from matplotlib.axes import Axes

import scalelaw as sl
from scalelaw import plot
from scalelaw.analysis.downstream import downstream, scored_runs
from scalelaw.errors import ScalelawError

from ..analysis.made import known


def drawn(ax: Axes) -> Axes:
    ax.get_figure(root=True).draw_without_rendering()
    return ax


@pytest.mark.parametrize("show", ["N", "D"])
def test_allocation_draws_what_allocate_computes(show: str) -> None:
    fit, C = known("chinchilla", draws=20), [1e19, 1e20, 1e21]
    frame = sl.allocate(fit, C=C)
    for given in (plot.allocation(fit, C=C, show=show), plot.allocation(frame, show=show)):
        np.testing.assert_allclose(drawn(given).lines[0].get_ydata(), frame[show])
    one = drawn(plot.allocation(frame.iloc[[1]], show=show))
    assert one.lines[0].get_marker() == "o"
    assert one.get_xlim()[0] < 1e20 < one.get_xlim()[1]
    assert one.collections[-1].get_linewidth() > 1
    assert drawn(plot.allocation(known("parscale_data"))).has_data()
    with pytest.raises(ScalelawError, match="N or D"):
        plot.allocation(fit, show="P")


def test_the_trade_over_both_maps() -> None:
    fit = known("parscale_data", draws=10)
    assert drawn(plot.trade(fit, C=[1e20, 1e21, 1e22], P=[2, 4, 8], N_max="1B", D_max="30B")).has_data()
    assert drawn(plot.trade(fit, N=[1e8, 1e9], C=[1e20, 1e21], P=4)).get_xlabel().startswith("Parameters")
    with pytest.raises(ScalelawError, match="a map needs"):
        plot.trade(fit, C=1e20, P=2)


@pytest.mark.parametrize("show", ["profiles", "N", "D"])
def test_profiles_and_envelopes(show: str) -> None:
    rows = sl.load("porian", dataset="rw", hparams="tuned", decay="const", param_count="standard")
    frontier = sl.isoflop(rows, curve="akima", bootstrap=20)
    assert drawn(plot.isoflop(frontier, show=show)).has_data()
    assert drawn(plot.isoflop(rows, show=show, curve="akima")).has_data()
    assert drawn(plot.isoflop(sl.envelope(sl.load("gemstones")), show=show)).has_data()
    with pytest.raises(ScalelawError, match="pass the options"):
        plot.isoflop(frontier, curve="akima")
    with pytest.raises(ScalelawError, match="profiles, N, D"):
        plot.isoflop(frontier, show="loss")


def test_scores_and_gains() -> None:
    ax = drawn(plot.downstream(downstream(scored_runs("parscale-stack"))))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"$P$ = {P}" for P in (1, 2, 4, 8)]
    frame = sl.downstream_gains()
    bars = drawn(plot.gains()).patches
    np.testing.assert_allclose(sorted(bar.get_width() for bar in bars), sorted(frame[frame["group"] != ""]["gain"]))
    with pytest.raises(ScalelawError, match="pass the options"):
        plot.gains(frame, P=4)
    with pytest.raises(ScalelawError, match="nothing to draw"):
        plot.gains(frame[frame["group"] == ""])
