"""Figures of costs: what is drawn is what was computed."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from scalelaw import plot
from scalelaw.analysis.plan import added_at_equal_loss, choice_regions, measured_ways, ways_to_scale
from scalelaw.errors import ScalelawError

from ..analysis.made import fitted


def drawn(ax):
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    return figure


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


@pytest.mark.parametrize("x", ["memory", "latency"])
def test_both_ways_and_the_ratio_are_drawn(x):
    frame = ways_to_scale(fitted("stack", 20), batch=1, level=0.95)
    ax = plot.cost(frame, x=x)
    unit = 2**30 if x == "memory" else 1
    streams = frame[frame["way"] == "streams"]
    np.testing.assert_allclose(ax.lines[0].get_xdata(), streams[x] / unit)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), streams["loss"])
    ratio = added_at_equal_loss(frame)[f"{x}_ratio"][0]
    assert texts(ax) == [rf"$\times${ratio:.3g}"]
    assert len(ax.collections) == 2  # a band for each way
    drawn(ax)


def test_a_fit_without_draws_has_no_bands_and_axes_are_used():
    ax = Figure().add_subplot()
    assert plot.cost(fitted("stack"), ax=ax, batch=8, x="latency") is ax
    assert len(ax.collections) == 0
    assert texts(plot.cost(fitted("stack"), annotate=False)) == []


def test_noisy_measurements_are_hollow():
    frame = ways_to_scale(fitted("stack"), batch=1)
    quiet = plot.cost(frame.assign(noisy=False), annotate=False)
    assert all(line.get_markerfacecolor() != "white" for line in quiet.lines if len(line.get_xdata()))
    noisy = (frame["way"] == "streams") & (frame["P"] == 2)
    ax = plot.cost(frame.assign(noisy=noisy), annotate=False)
    (hollow,) = (line for line in ax.lines if line.get_markerfacecolor() == "white" and len(line.get_xdata()))
    np.testing.assert_allclose(
        hollow.get_xydata()[0], [frame["memory"][noisy].item() / 2**30, frame["loss"][noisy].item()]
    )
    drawn(ax)


def test_panels_are_a_column_for_each_batch():
    with plot.style("icml", columns=2):
        panels = plot.cost_panels(fitted("stack", 20))
    assert panels.shape == (2, 4)
    figure = drawn(panels[0, 0])
    assert figure.get_size_inches()[0] == 6.75
    assert [ax.get_title() for ax in panels[0]] == [f"batch {batch}" for batch in (1, 2, 4, 8)]


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ScalelawError, match="one figure shows one batch size"):
        plot.cost(ways_to_scale(fitted("stack")))
    with pytest.raises(ScalelawError, match="a cost is memory or latency, not 'price'"):
        plot.cost(fitted("stack"), x="price")
    with pytest.raises(ScalelawError, match="the frame lacks batch, way"):
        plot.cost(pd.DataFrame({"N": [1]}))


def test_the_map_says_the_best_number_of_streams():
    frame = choice_regions(fitted(), "jetson-orin", batch=[1, 64], memory=["50MiB", "2GiB"])
    ax = plot.choice_regions(frame)
    assert texts(ax) == ["8", "1"]
    drawn(ax)
    frame["share"] = [np.nan, 0.5, np.nan, 0.0]
    assert [text.get_style() for text in plot.choice_regions(frame).texts] == ["italic", "normal"]


def test_measured_points_are_drawn_as_computed_ones_are():
    table = pd.DataFrame(
        {
            "N": [100, 101, 150, 200, 100, 101, 150, 200],
            "P": [1, 8, 1, 1] * 2,
            "batch": 1,
            "input_tokens": [64] * 4 + [128] * 4,
            "output_tokens": 32,
            "memory": [1e9, 1.1e9, 1.5e9, 2e9] * 2,
            "latency": [1.0, 1.2, 1.5, 2.0, 3.0, 3.2, 3.5, 4.0],
            "noisy": [False] * 7 + [True],
        }
    ).assign(N=lambda frame: frame["N"] * 10**7)
    frame = measured_ways(fitted(), table)
    assert frame["way"].tolist() == ["parameters"] * 3 + ["streams"] * 2
    assert frame["latency"].tolist() == [2.0, 2.5, 3.0, 2.0, 2.2]
    assert frame["noisy"].tolist() == [False, False, True, False, False]
    added = added_at_equal_loss(frame).iloc[0]
    assert added["memory_ratio"] > 1
    drawn(plot.cost(frame))
    with pytest.raises(ScalelawError, match="two ways need a model with several streams"):
        measured_ways(fitted(), table[table["P"] == 1])
    with pytest.raises(ScalelawError, match="no model with one stream"):
        measured_ways(fitted(), table[table["P"] == 8])
    with pytest.raises(ScalelawError, match="the table lacks batch"):
        measured_ways(fitted(), table.drop(columns="batch"))
