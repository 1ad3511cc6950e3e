"""Figures of allocation, profiles, the trade of streams for parameters, and benchmarks."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.contour import ContourSet

import scalelaw as sl
from scalelaw import plot
from scalelaw.analysis.downstream import downstream, scored_runs
from scalelaw.errors import ScalelawError
from scalelaw.laws import Law

from ..analysis.made import at, known


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


CAPPED = {"N_max": "1B", "D_max": "30B"}


def colours_at(ax: Axes, places: list[tuple[float, float]]) -> np.ndarray:
    """Red, green and blue of the pixels at places of the data, (places, 3)."""
    canvas = FigureCanvasAgg(ax.get_figure(root=True))
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())
    across, up = np.rint(ax.transData.transform(places)).astype(int).T
    return image[len(image) - 1 - up, across, :3].astype(float)


def even_line(ax: Axes) -> np.ndarray:
    """Vertices of the line where streams and parameters are even, (points, 2)."""
    (line,) = (each for each in ax.collections if isinstance(each, ContourSet) and list(each.levels) == [0.0])
    return np.concatenate([path.vertices for path in line.get_paths()])


@pytest.mark.parametrize("kind", ["bc", "profile"])
def test_a_map_of_few_budgets_has_the_colours_of_what_lies_between(kind: str) -> None:
    fit = known("parscale_data", draws=10 if kind == "bc" else 0)
    few = {"C": [1e20, 1e22], "P": [2, 8], **CAPPED}
    frame = sl.streams_or_parameters(fit, **few, kind="bc")
    ax = drawn(plot.trade(fit, points=frame, kind=kind, **few))
    between = sl.streams_or_parameters(fit, C=[2e20, 2e21, 3.3e21, 7e21], P=[2.3, 4.4, 7.1], level=None, **CAPPED)
    told = between[between["difference"].abs() > 2e-3]  # beside the line all is white
    red, _, blue = colours_at(ax, list(zip(told["C"], told["P"], strict=True))).T
    assert set(told["better"]) == {"streams", "parameters"}
    np.testing.assert_array_equal(blue > red, told["better"] == "streams")
    across, up = even_line(ax)[[3, -3]].T
    for C, P in zip(across, up, strict=True):
        here = sl.streams_or_parameters(fit, C=C, P=P, level=None, **CAPPED)["difference"][0]
        assert abs(here) < 2e-4, (C, P)
    decided, open_ = (np.asarray(line.get_xydata()) for line in ax.lines)
    assert sorted(map(tuple, [*decided, *open_])) == sorted(map(tuple, frame[["C", "P"]].to_numpy(float)))


def test_the_line_of_a_map_over_sizes_stands_where_both_are_worth_the_same() -> None:
    def additive(N, P, D, *, E, A, B, F, alpha, beta, gamma):
        "E + A / N^alpha + B / P^beta + F / D^gamma"
        return E + A / N**alpha + B / P**beta + F / D**gamma

    truth = {"E": 1.0, "A": 400.0, "B": 0.3, "F": 400.0, "alpha": 0.34, "beta": 0.4, "gamma": 0.28}
    gain = truth["B"] * (1 - 4.0 ** -truth["beta"])
    even = (truth["A"] * (1 - 4.0 ** -truth["alpha"]) / gain) ** (1 / truth["alpha"])
    ax = drawn(plot.trade(at(Law("additive", additive), truth), N=[even / 50, 2 * even], C=[1e20, 1e24], P=4))
    np.testing.assert_allclose(even_line(ax)[:, 0], even, rtol=0.01)
    assert ax.get_xlabel().startswith("Parameters")


@pytest.mark.parametrize("few", [{"C": 4e21, "P": [2, 8]}, {"C": [1e20, 1e22], "P": 4}])
def test_one_budget_or_one_number_of_streams_is_a_curve_through_the_table(few: dict) -> None:
    fit = known("parscale_data", draws=10)
    frame = sl.streams_or_parameters(fit, **few, **CAPPED)
    ax = drawn(plot.trade(fit, points=frame, **few, **CAPPED))
    (curve,) = (line.get_xydata() for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xydata()) > 2)
    name = "P" if ax.get_xlabel().startswith("Streams") else "C"
    assert len(curve) >= 33
    for row in frame.itertuples():
        here = curve[:, 0] == getattr(row, name)
        np.testing.assert_allclose(curve[here, 1], row.difference, rtol=1e-12)
    truth = sl.streams_or_parameters(fit, **{**few, name: curve[:, 0]}, **CAPPED)
    ends = [line.get_ydata() for line in ax.lines if line.get_linestyle() == "--"]
    np.testing.assert_allclose(ends, truth[["difference_low", "difference_high"]].T)
    assert ax.texts[0].get_text().startswith("$C$ = " if name == "P" else "$P$ = 4")


def test_what_is_no_map_is_refused() -> None:
    fit = known("parscale_data")
    with pytest.raises(ScalelawError, match="each of them has one"):
        plot.trade(fit, C=1e20, P=2)
    frame = sl.streams_or_parameters(fit, num=13)
    assert drawn(plot.trade(frame)).has_data()
    with pytest.raises(ScalelawError, match="every combination of C and P"):
        plot.trade(frame.iloc[1:])
    with pytest.raises(ScalelawError, match="2 values of C, too few"):
        plot.trade(sl.streams_or_parameters(fit, C=[1e20, 1e21], P=[2, 4]))


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
