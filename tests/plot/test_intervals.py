"""Figures of profiles and of coverage: what is drawn is what the frames hold."""

import numpy as np
import pytest
from matplotlib.axes import Axes

import scalelaw as sl
from scalelaw import plot
from scalelaw.errors import ScalelawError

PILE = sl.fit("parscale", sl.load("parscale-pile"))
COVERAGE = sl.calibration(PILE, "k", "alpha", kinds=["profile", "sandwich"], sets=5)


def test_a_profile_is_drawn_from_a_fit_and_from_its_frame() -> None:
    with plot.style("icml"):
        one, other = plot.profile(PILE, "k"), plot.profile(sl.profile(PILE, "k"))
    lines = [ax.get_lines()[0].get_xydata() for ax in (one, other)]
    np.testing.assert_allclose(lines[0], lines[1])
    frame = sl.profile(PILE, "k")
    np.testing.assert_allclose(lines[0][:, 1] ** 2, frame["deviance"], atol=1e-9)
    assert one.get_xlabel() == "$k$"
    assert one.get_legend() is None


def test_several_profiles_share_axes_as_changes() -> None:
    ax = plot.profile(PILE)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["$E$", "$A$", r"$\alpha$", "$k$"]
    assert "%" in ax.get_xlabel()


def test_coverage_is_drawn_where_it_is() -> None:
    with plot.style("icml"):
        ax = plot.calibration(COVERAGE)
    assert isinstance(ax, Axes)
    dots = [line for line in ax.get_lines() if line.get_linestyle() == "None"]
    for line, kind in zip(dots, ["profile", "sandwich"], strict=True):
        np.testing.assert_allclose(line.get_xdata(), 100 * COVERAGE["coverage"][COVERAGE["kind"] == kind])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$k$", r"$\alpha$"]
    assert "95 %" in ax.get_xlabel()


def test_a_fit_is_calibrated_first() -> None:
    ax = plot.calibration(PILE, kinds=["sandwich"], sets=2, level=0.8)
    assert "80 %" in ax.get_xlabel()


@pytest.mark.parametrize("draw", [plot.profile, plot.calibration])
def test_frames_of_something_else_are_refused(draw) -> None:
    with pytest.raises(ScalelawError, match="the frame lacks"):
        draw(PILE.residuals())
    empty = COVERAGE.iloc[:0] if draw is plot.calibration else sl.profile(PILE, "k").iloc[:0]
    with pytest.raises(ScalelawError, match="has no"):
        draw(empty)
