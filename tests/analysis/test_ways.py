"""The paper's cost claims: its ratios, from measured losses and from a law, and where they turn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.analysis.plan import (
    Service,
    added_at_equal_loss,
    cost_claims,
    cost_ratios,
    turning_batch,
    ways_to_scale,
)
from scalelaw.analysis.plan.reproduced import reproduce_costs
from scalelaw.analysis.plan.ways import PAPERS
from scalelaw.cost import PAPER, latency, memory
from scalelaw.errors import FitError, ScalelawError

from .made import fitted, known


def test_the_papers_ratios():
    """Batch 1, 2, 4, 8 and the mean, as they were worked out from the released script's printed numbers."""
    frame = cost_claims().set_index("batch")
    np.testing.assert_allclose(frame["memory_ratio"], [22.6, 12.9, 6.9, 3.6, 7.3], rtol=0.007)
    # 3.25 at batch 2 stands as 3.3
    np.testing.assert_allclose(frame["latency_ratio"], [6.4, 3.3, 1.7, 0.88, 1.77], rtol=0.02)
    np.testing.assert_allclose(frame["memory_before"][[1, 2, 4, 8]] / 2**30, [3.442, 3.522, 3.683, 4.004], atol=6e-4)
    np.testing.assert_allclose(frame["memory_streams"][[1, 2, 4, 8]] / 2**30, [3.587, 3.777, 4.158, 4.919], atol=6e-4)
    np.testing.assert_allclose(frame["latency_before"][[1, 2, 4, 8]], [0.483, 0.492, 0.512, 0.553], atol=6e-4)
    np.testing.assert_allclose(frame["latency_streams"][[1, 2, 4, 8]], [0.555, 0.638, 0.803, 1.134], atol=6e-4)


def test_where_the_claims_turn():
    turns = turning_batch(most=40)
    for name in ("memory", "latency"):
        batch = turns[name]
        ratios = cost_claims(batch=[batch - 1, batch])[f"{name}_ratio"]
        assert ratios[0] >= 1 > ratios[1]
    assert turning_batch(most=6) == {"memory": None, "latency": None}


def test_fewer_streams_and_another_corpus():
    two, eight = (cost_claims(streams=P, batch=1)["memory_ratio"][0] for P in (2, 8))
    assert two > eight
    assert cost_claims("parscale-pile", batch=1)["memory_ratio"][0] == pytest.approx(17.5, abs=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"streams": 3}, "the runs have no 1.6B model with 1 and with 3 streams"),
        ({"base": "9B"}, "the runs have no 9B model"),
        ({"base": "4.4B"}, "no model of one stream reaches the loss"),
        ({"batch": 0}, "batch is 0"),
    ],
)
def test_claims_that_cannot_be_checked_are_refused(options, message):
    with pytest.raises(ScalelawError, match=message):
        cost_claims(**options)


def test_the_ways_begin_at_one_model_and_are_averaged_over_lengths():
    frame = ways_to_scale(fitted("stack"), batch=[1, 8])
    first = frame.groupby(["batch", "way"]).first()
    for batch in (1, 8):
        assert (first.loc[(batch, "streams")] == first.loc[(batch, "parameters")]).all()
    served = {"batch": 8, "model": "released"}
    lengths = [{"input_tokens": S, "output_tokens": S} for S in (64, 128, 256, 512)]
    eight = frame[(frame["batch"] == 8) & (frame["P"] == 8)].iloc[0]
    held = np.mean([memory(PAPER["1.6B"], 8, **served, **each) for each in lengths])
    taken = np.mean([latency(PAPER["1.6B"], 8, hardware="a100", **served, **each) for each in lengths])
    assert (eight["memory"], eight["latency"]) == (pytest.approx(held), pytest.approx(taken))


def test_ratios_of_the_law_are_those_of_its_curves():
    """The equivalent model found from the law, and interpolated between points along the way of parameters."""
    fit = fitted("stack")
    exact = cost_ratios(fit, streams=8, batch=[1, 8])
    fine = added_at_equal_loss(ways_to_scale(fit, batch=[1, 8], larger=np.linspace(1, 2.5, 60)))
    for name in ("memory_ratio", "latency_ratio"):
        np.testing.assert_allclose(fine[name], exact[name], rtol=2e-3)


def test_intervals_of_ratios_follow_the_draws():
    frame = cost_ratios(fitted("stack", 60), streams=[2, 8], batch=1, level=0.9)
    for name in ("memory_ratio", "latency_ratio", "N_equivalent"):
        assert (frame[f"{name}_low"] < frame[name]).all()
        assert (frame[name] < frame[f"{name}_high"]).all()
    assert ways_to_scale(fitted("stack", 60), batch=1, level=0.9)["low"].notna().all()


def test_parameters_that_do_not_reach_the_loss_have_no_ratio():
    frame = ways_to_scale(fitted("stack"), batch=1, larger=[1.0, 1.1])
    assert np.isnan(added_at_equal_loss(frame)["memory_ratio"][0])


def test_a_law_without_streams_and_ratios_of_one_stream_are_refused():
    law = next(name for name in sl.laws.ALL if "P" not in sl.laws.ALL[name].columns)
    with pytest.raises(FitError, match="the cost of scaling needs a law in N and P"):
        ways_to_scale(known(law))
    with pytest.raises(ScalelawError, match="give streams of at least 2"):
        cost_ratios(fitted(), streams=1)


def test_other_machines_and_arithmetic():
    own = replace(PAPERS, model="roofline", hardware="raspberry-pi-5")
    assert cost_claims(service=own, batch=8)["latency_ratio"][0] < 0.3
    with pytest.raises(ScalelawError, match="no hardware is called"):
        Service(hardware="abacus")
    with pytest.raises(ScalelawError, match="input_tokens"):
        Service(input_tokens=(64, 0))


@pytest.mark.slow
def test_the_whole_report():
    found = reproduce_costs()
    text = found.report()
    assert "+4% memory and +15% latency" in text
    assert "from batch 7 on parameters are the faster way" in text
    assert len(found.holds) == 13
    assert found.to_dict()["claims"][0]["memory_paper"] == 22.0


def test_there_is_no_ratio_where_one_way_adds_nothing():
    row = {"batch": 1, "memory": 1.0, "latency": 1.0, "loss": 2.0}
    ways = pd.DataFrame(
        [
            {**row, "way": "streams", "P": 1, "N": 10},
            {**row, "way": "streams", "P": 2, "N": 10, "loss": 1.0, "memory": 0.9, "latency": 1.5},
            {**row, "way": "parameters", "P": 1, "N": 10},
            {**row, "way": "parameters", "P": 1, "N": 20, "loss": 1.0, "memory": 2.0, "latency": 2.0},
        ]
    )
    (found,) = added_at_equal_loss(ways).to_dict("records")
    assert np.isnan(found["memory_ratio"])
    assert found["latency_ratio"] == 2.0
