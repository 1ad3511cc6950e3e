"""Tornado and influence: what is drawn is what was computed, from a fit and from its frame."""

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw import analysis, plot
from scalelaw.errors import ScalelawError

from ..analysis.made import fitted, user_fit


@pytest.mark.parametrize("make", [fitted, user_fit])
def test_a_tornado_has_a_bar_a_choice_the_widest_at_the_top(make) -> None:
    fit = make()
    frame = sl.sensitivity(fit, of="alpha", only=["loss", "space", "sizes"])
    with plot.style("icml"):
        ax = plot.sensitivity(frame)
    ax.get_figure(root=True).draw_without_rendering()
    widths = [abs(bar.get_width()) for bar in ax.patches if bar.get_height() < 0.9]
    np.testing.assert_allclose(widths, sorted(frame["change"].abs()[1:], reverse=True))
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert set(labels) == set(frame["variant"][1:])
    assert ax.get_xlabel() == "alpha"


def test_a_tornado_of_a_fit_and_of_its_frame_are_the_same() -> None:
    one = plot.sensitivity(fitted(), of="k", only=["space", "loss"])
    other = plot.sensitivity(sl.sensitivity(fitted(), of="k", only=["space", "loss"]))
    widths = [[bar.get_width() for bar in ax.patches] for ax in (one, other)]
    np.testing.assert_allclose(*widths)


def test_a_frame_without_a_base_is_refused() -> None:
    frame = sl.sensitivity(fitted(), of="k", only=["space"])
    with pytest.raises(ScalelawError, match="the frame has no base"):
        plot.sensitivity(frame[1:])


@pytest.mark.parametrize("make", [fitted, user_fit])
def test_every_run_is_a_point_and_the_first_are_named(make) -> None:
    frame = analysis.influence(make())
    with plot.style("icml"):
        ax = plot.influence(frame, name=3)
    ax.get_figure(root=True).draw_without_rendering()
    points = np.concatenate([np.column_stack(line.get_data()) for line in ax.lines])
    assert len(points) == 24
    np.testing.assert_allclose(np.sort(points[:, 1]), np.sort(frame["cook"]))
    assert [text.get_text() for text in ax.texts] == ["1", "2", "3"]


def test_another_change_can_be_drawn() -> None:
    ax = plot.influence(fitted(), change="change_k")
    assert ax.get_ylabel() == "k without the run, change"
    with pytest.raises(ScalelawError, match="the frame lacks change_luck"):
        plot.influence(pd.DataFrame(analysis.influence(fitted())), change="change_luck")
