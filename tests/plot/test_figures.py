"""Every figure: from a fit and from its frame, for built-in and user laws; what is drawn is what was computed."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

import scalelaw as sl
from scalelaw import analysis, plot
from scalelaw.errors import FitError, ScalelawError

from ..analysis.made import WITH_STREAMS, fitted, known, user_fit

KINDS = ("curves", "contours", "equivalence", "residuals")


def drawn(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    return figure


def names_in_legend(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [lambda: fitted(bootstrap=30), fitted, lambda: user_fit(bootstrap=30)])
def test_every_figure_of_every_fit_can_be_drawn(kind: str, make) -> None:
    with plot.style("icml"):
        axes = np.ravel(getattr(plot, kind)(make()))
    assert all(isinstance(ax, Axes) for ax in axes)
    figure = drawn(axes[0])
    assert all(ax.has_data() for ax in figure.axes)
    np.testing.assert_allclose(figure.get_size_inches()[0], 3.25)


@pytest.mark.parametrize("name", [name for name in sl.laws.ALL if len(sl.laws.ALL[name].columns) < 3])
def test_every_law_in_one_or_two_columns_has_its_figures(name: str) -> None:
    fit = known(name, draws=20)
    drawn(plot.curves(fit))
    plot.residuals(fit)
    if len(fit.law.columns) == 2:
        drawn(plot.contours(fit, level=0.95, num=(20, 20)))
    if name in WITH_STREAMS:
        drawn(plot.equivalence(fit))


def test_a_law_in_three_columns_holds_one() -> None:
    fit = known("parscale_data")
    ax = plot.curves(fit, D="20B")
    # 4 sizes, 4 streams and 2 budgets, of which one is shown
    shown = [line for line in ax.lines if line.get_linestyle() == "None"]
    assert sum(len(line.get_xdata()) for line in shown) == 16
    drawn(plot.contours(fit, D="20B", num=(20, 20)))
    drawn(plot.equivalence(fit, D="20B"))
    with pytest.raises(FitError, match="hold it at one"):
        plot.curves(fit)


def test_ax_is_used_and_returned() -> None:
    axes = Figure().subplots(2, 2).ravel()
    fit = fitted()
    assert plot.curves(fit, ax=axes[0]) is axes[0]
    assert plot.contours(fit, ax=axes[1]) is axes[1]
    assert plot.equivalence(fit, ax=axes[2]) is axes[2]
    assert plot.residuals(fit, ax=axes[3], kind="qq") is axes[3]
    assert all(ax.has_data() for ax in axes)


def test_curves_draw_the_frame_and_the_runs() -> None:
    fit = fitted(bootstrap=30)
    frame = analysis.curves(fit, level=0.95)
    ax = plot.curves(frame, runs=sl.load("parscale-pile"))
    lines = [line for line in ax.lines if len(line.get_xdata()) == 100]
    points = [line for line in ax.lines if len(line.get_xdata()) == 6]
    assert len(lines) == len(points) == len(ax.collections) == 4
    np.testing.assert_array_equal(np.concatenate([line.get_ydata() for line in lines]), frame["loss"])
    assert sorted(np.concatenate([line.get_ydata() for line in points])) == sorted(fit.columns["loss"])
    assert names_in_legend(ax) == ["$P$ = 1", "$P$ = 2", "$P$ = 4", "$P$ = 8"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_series_differ_in_marker_and_dash_too() -> None:
    handles = plot.curves(fitted()).get_legend_handles_labels()[0]
    for look in ("get_color", "get_marker", "get_linestyle"):
        looks = {str(getattr(handle, look)()) for handle in handles}
        assert len(looks) == 4 or look == "get_linestyle"
    assert len({str(handle._unscaled_dash_pattern) for handle in handles}) == 4


def test_curves_say_their_parameters_where_they_hide_nothing() -> None:
    ax = plot.curves(fitted())
    (note,) = ax.texts
    assert r"$\alpha$ = 0.1963" in note.get_text()
    assert r"k \,\ln P" in note.get_text() or r"k\,\ln P" in note.get_text()
    assert note.get_position()[1] < 1
    crowded = plot.curves(sl.fit("chinchilla", sl.load("chinchilla")))
    assert crowded.texts[0].get_position()[1] > 1
    assert not plot.curves(fitted(), annotate=False).texts


def test_curves_by_a_column_of_many_values_have_a_colour_bar() -> None:
    ax = plot.curves(sl.fit("chinchilla", sl.load("chinchilla")))
    (points,) = [marks for marks in ax.collections if isinstance(marks, PathCollection)]
    assert len(points.get_offsets()) == 234
    assert len(ax.get_figure(root=True).axes) == 2


def test_many_series_have_their_legend_outside() -> None:
    with plot.style("icml"):
        ax = plot.curves(fitted(), extra=[16, 32, 64])
    drawn(ax)
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1 - 1


def test_ticks_are_written_as_people_say_them() -> None:
    with plot.style("icml"):
        ax = plot.contours(fitted())
    drawn(ax)
    across = [tick.get_text() for tick in ax.get_xticklabels()]
    assert [name for name in across if name] == ["0.5B", "1B", "2B", "5B"]
    low, high = ax.get_ylim()
    up = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    assert [name.get_text() for at, name in up if low <= at <= high] == ["1", "2", "4", "8", "16"]


def test_contours_label_every_line_away_from_the_runs() -> None:
    fit = fitted()
    with plot.style("icml"):
        ax = plot.contours(fit, legend=False)
    figure = drawn(ax)
    numbers = [text for text in ax.texts if text.get_text()]
    assert {text.get_text() for text in numbers} >= {"1.80", "1.85", "1.90", "1.95", "2.00"}
    at = np.array([ax.transData.transform(text.get_position()) for text in numbers]) / figure.dpi
    runs = ax.transData.transform(np.column_stack([fit.columns["N"], fit.columns["P"]])) / figure.dpi
    apart = np.hypot(*(at[:, None] - runs[None]).transpose(2, 0, 1))
    assert apart.min() > 0.08


def test_contour_lines_lie_where_the_law_has_that_loss() -> None:
    fit = fitted()
    ax = plot.contours(fit, levels=[1.8, 1.9, 2.0], num=(200, 200))
    (lines,) = [marks for marks in ax.collections if isinstance(marks, mpl.contour.ContourSet)]
    assert list(lines.levels) == [1.8, 1.9, 2.0]
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        size, streams = path.vertices.T
        np.testing.assert_allclose(fit.law.predict({"N": size, "P": streams}, fit.params), level, rtol=2e-5)


def test_the_region_beyond_the_runs_is_shaded_and_theirs_is_not() -> None:
    ax = plot.contours(fitted(), levels=[1.8])
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[::-1, :, 0]
    inside, outside = [(1.35e9, 1.2), (2e9, 7.5)], [(1e9, 15.2), (8e9, 2.0), (0.45e9, 7.0)]
    for points, shade in ((inside, 255), (outside, round(0.92 * 255))):
        across, up = ax.transData.transform(points).astype(int).T
        assert (np.abs(pixels[up, across].astype(int) - shade) <= 1).all()
    within = plot.contours(fitted(), x_range=("1B", "4B"), y_range=(1, 8))
    assert names_in_legend(within) == ["runs"]


def test_contours_of_a_frame() -> None:
    frame = analysis.contour_grid(fitted(bootstrap=30), level=0.9, num=(20, 15))
    ax = plot.contours(frame.sample(frac=1, random_state=0), level=0.9)
    assert len([marks for marks in ax.collections if isinstance(marks, mpl.contour.ContourSet)]) > 4
    assert names_in_legend(ax) == ["beyond the runs"]


def test_equivalence_draws_the_frame() -> None:
    frame = analysis.equivalence(fitted(bootstrap=30), N=["1B", "2B"], P=[1, 2, 4, 8])
    ax = plot.equivalence(frame)
    np.testing.assert_array_equal(np.concatenate([line.get_ydata() for line in ax.lines]), frame["N_equivalent"])
    assert len(ax.collections) == 2
    assert not plot.equivalence(frame, level=None).collections
    assert [text.get_text() for text in ax.texts] == [r"$\times$1.70"] * 2
    assert names_in_legend(ax) == ["$N$ = 1B", "$N$ = 2B"]


@pytest.mark.parametrize("draw", ["curves", "equivalence"])
def test_a_level_of_none_draws_no_band(draw: str) -> None:
    fit = fitted(bootstrap=30)
    given = analysis.curves(fit, level=0.9) if draw == "curves" else analysis.equivalence(fit, N="1B", P=[1, 2])
    for source in (fit, given):
        assert getattr(plot, draw)(source).collections
        assert not getattr(plot, draw)(source, level=None).collections


def test_residuals_are_those_of_the_fit_in_per_cent() -> None:
    fit = fitted()
    axes = plot.residuals(fit.residuals())
    assert [ax.get_xlabel() for ax in axes] == ["Parameters $N$", "Streams $P$", "Normal quantile"]
    expected = np.sort(100 * fit.residuals()["log_error"])
    for ax in axes:
        marks = [line.get_ydata() for line in ax.lines if line.get_linestyle() == "None"]
        np.testing.assert_allclose(np.sort(np.concatenate(marks)), expected)
    one = plot.residuals(fit, kind="N")
    assert isinstance(one, Axes)
    assert names_in_legend(one)[0] == "$P$ = 1"


def test_comparison_shows_every_error_of_every_law() -> None:
    table = pd.DataFrame({"law": ["a", "b"], "r2": [0.9, 0.8], "loo": [0.1, 0.2], "holdout_N": [0.3, np.nan]})
    for frame in (table, table.set_index("law")):
        ax = plot.comparison(frame)
        assert ax.lines[0].get_xdata().tolist() == [0.1, 0.2]
        assert len(ax.lines) == 2
        assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b"]
        assert ax.get_ylim()[0] > ax.get_ylim()[1], "the best law stands on top"
    assert names_in_legend(ax) == ["each run", "largest $N$"]
    assert len(plot.comparison(table, columns=["r2"]).lines) == 1


def test_comparison_of_laws_as_compare_returns_them() -> None:
    frame = sl.compare(["parscale", "power_streams"], sl.load("parscale-pile"), hold="P==8")
    with plot.style("icml"):
        ax = plot.comparison(frame)
    drawn(ax)
    assert names_in_legend(ax) == ["each run", "largest $N$", "largest $P$", "P==8"]
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), frame["holdout_N"])
    assert ax.get_legend().get_window_extent().x0 >= -1


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: plot.curves(analysis.curves(fitted()), x="D"), "x cannot change a frame"),
        (lambda: plot.contours(pd.DataFrame({"N": [1.0]})), r"the frame lacks loss, inside; .* contour_grid\(\)"),
        (lambda: plot.contours(analysis.contour_grid(fitted()).iloc[1:]), "every combination of N and P once"),
        (lambda: plot.contours(fitted(), levels=[9.0]), "none of the levels lies within the losses"),
        (lambda: plot.contours(fitted(), level=0.95), "no bootstrap draws"),
        (lambda: plot.contours(fitted(), kind="bca"), "kind"),
        (lambda: plot.curves(fitted(), level=95), "level"),
        (lambda: plot.curves(fitted(), kind="bca"), "kind"),
        (lambda: plot.equivalence(fitted(), level=95), "level"),
        (lambda: plot.equivalence(known("chinchilla")), "equivalence needs a law in N and P"),
        (lambda: plot.residuals(fitted(), kind="D"), "drawn over N, P or as 'qq', not 'D'"),
        (lambda: plot.residuals(fitted(), ax=Figure().add_subplot()), "3 panels .* and 1 are given"),
        (lambda: plot.comparison(pd.DataFrame({"law": ["a"]})), "an error column such as 'loo'"),
        (lambda: plot.comparison(pd.DataFrame({"loo": []})), "in 0 rows"),
    ],
)
def test_what_cannot_be_drawn_is_refused(ask, message: str) -> None:
    with pytest.raises(ScalelawError, match=message):
        ask()
