"""Figures of tournament, duel, distance, parting and groups: what is drawn is what the frames say."""

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw import plot
from scalelaw.errors import ScalelawError

PILE = sl.load("parscale-pile")
LAWS = ["parscale", "additive_streams"]


def test_tournament_shows_every_error() -> None:
    frame = sl.tournament([*LAWS, "power_n"], PILE, holdouts=["loo", "P"], refits=10)
    ax = plot.tournament(frame)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["additive_streams", "parscale", "power_n"]
    drawn = sorted(value for line in ax.lines if len(line.get_xdata()) == 3 for value in line.get_xdata())
    np.testing.assert_allclose(drawn, sorted(frame["error"]))
    assert ax.get_xscale() == "log"
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["each run", "largest $P$"]


def test_duel_shows_differences_and_who_wins() -> None:
    frame = sl.duel("additive_streams", "parscale", PILE, holdouts=["loo", "P"], refits=20)
    ax = plot.duel(frame)
    assert ax.get_xlabel() == "Error of additive_streams minus parscale (points of %)"
    np.testing.assert_allclose(ax.lines[1].get_xdata(), frame["difference"])
    assert all("additive_streams" in text.get_text() for text in ax.texts)
    assert len(ax.texts) == 2
    turned = frame.assign(difference=[-0.1, 0.2], wins=[0.44, 0.3])  # of the first, which errs less in the first row
    assert [text.get_text() for text in plot.duel(turned).texts] == ["additive_streams only 44 %", "parscale 70 %"]
    unsure = frame.assign(low=np.nan, high=np.nan, wins=np.nan)
    assert [text.get_text() for text in plot.duel(unsure).texts] == ["no resample tells"] * 2


def test_distance_of_held_out_runs_or_of_their_means() -> None:
    frame = sl.held_out(LAWS, PILE, holdouts="rolling")
    means = sl.error_by_distance(frame, bins=3)
    ax = plot.error_distance(means)
    assert len(ax.lines) == 2
    np.testing.assert_allclose(ax.lines[0].get_ydata(), means["error"][:3])
    assert ax.get_yscale() == "log"
    assert len(plot.error_distance(frame, bins=3).lines) == 5


def test_parting_says_from_where_on_a_run_tells() -> None:
    first, second = (sl.fit(law, PILE, bootstrap=100, rng=0) for law in LAWS)
    ax = plot.parting(sl.parting(first, second, N="0.5B", along_range=(1, 64), num=7), runs=PILE)
    assert "one run tells from P = 8" in ax.texts[0].get_text()
    assert ax.get_xscale() == "log"
    large = plot.parting(sl.parting(first, second, N="4.4B", along_range=(1, 64), num=7))
    assert "no run tells here" in large.texts[0].get_text()


def test_groups_shows_a_parameter_of_every_group() -> None:
    runs = pd.concat([PILE, sl.load("parscale-stack")])
    groups = sl.fit_groups("parscale", runs, by="dataset", shared=["alpha"])
    ax = plot.groups(groups)
    assert ax.get_xlabel() == r"$\alpha$"
    np.testing.assert_allclose(ax.lines[0].get_xdata(), groups.fit.params["alpha"])
    own = plot.groups(groups.summary(), parameter="k")
    np.testing.assert_allclose(own.lines[1].get_xdata(), [fit.params["k"] for fit in groups.alone.values()])
    with pytest.raises(ScalelawError, match="no parameter 'beta'"):
        plot.groups(groups, parameter="beta")


@pytest.mark.parametrize("figure", [plot.tournament, plot.duel, plot.error_distance, plot.parting, plot.groups])
def test_another_frame_is_refused(figure) -> None:
    with pytest.raises(ScalelawError, match="should be"):
        figure(pd.DataFrame({"x": [1.0]}))
