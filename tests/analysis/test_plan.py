"""What to deploy: against enumeration, limits that bind, draws, and what is refused."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.analysis.plan import Service, choice_regions, plan
from scalelaw.analysis.plan.around import nothing_fits
from scalelaw.analysis.plan.candidates import candidates
from scalelaw.analysis.plan.limits import Limits
from scalelaw.cost import Hardware, decode, latency, memory, parameters, train_flops
from scalelaw.errors import FitError, ScalelawError

from .made import fitted, known

ORIN = {"memory": "8GiB", "latency": "30ms/token"}


def test_it_is_the_best_of_all_that_fit():
    fit = fitted()
    found = plan(fit, "jetson-orin", **ORIN)
    room = candidates(
        fit, Service(hardware="jetson-orin"), streams=np.arange(1, 9), memory=2.2 * 2**33, family={}
    ).table
    fits = room[(room["memory"] <= 2**33) & (room["per_token"] <= 0.03)]
    losses = fit.predict({"N": fits["N"].to_numpy(), "P": fits["P"].to_numpy()})["loss"]
    assert found.best["loss"] == pytest.approx(losses.min(), rel=1e-12)
    assert len(fits) > 500


def test_what_it_says_of_the_best_is_what_the_cost_functions_say():
    found = plan(fitted(), "jetson-orin", **ORIN, batch=2, weights="int8", D="42B", tokens="1B")
    served = {"batch": 2, "input_tokens": 512, "output_tokens": 512, "weights": "int8"}
    best, P = found.best, found.best["P"]
    assert best["N"] == parameters(found.shape, P)["N"]
    assert best["memory"] == pytest.approx(memory(found.shape, P, **served))
    assert best["per_token"] == pytest.approx(decode(found.shape, P, hardware="jetson-orin", **served))
    assert best["latency"] == pytest.approx(latency(found.shape, P, hardware="jetson-orin", **served))
    trained = train_flops(found.shape, P, tokens=42e9, context=2048)
    assert best["train_flops"] == pytest.approx(trained)
    assert best["lifetime_flops"] > trained
    assert best["serving_seconds"] == pytest.approx(1e9 / (2 * 1024) * best["latency"])


def test_looser_limits_are_no_worse_and_sensitivity_says_by_how_much():
    found = plan(fitted(), "jetson-orin", **ORIN)
    frame = found.sensitivity.set_index(["limit", "factor"])
    for name in ("memory", "per_token"):
        losses = frame.loc[name, "loss"]
        assert losses.is_monotonic_decreasing
        assert (losses[[1.1, 2.0]] <= found.best["loss"]).all()
        assert (losses[[0.5, 0.9]] >= found.best["loss"]).all()
    again = plan(fitted(), "jetson-orin", memory="8GiB", latency="60ms/token")
    assert again.best["loss"] == pytest.approx(frame.loc[("per_token", 2.0), "loss"])
    assert again.best["N"] == frame.loc[("per_token", 2.0), "N"]


def test_nothing_on_the_frontier_is_beaten():
    frame = plan(fitted(), "jetson-orin", **ORIN).frontier
    assert frame["loss"].is_monotonic_increasing
    costs = frame[["loss", "memory", "per_token"]].to_numpy()
    for row in costs[::25]:
        beaten = (costs <= row).all(axis=1) & (costs < row).any(axis=1)
        assert not beaten.any()


def test_streams_at_batch_one_and_parameters_at_a_large_batch():
    few = plan(fitted(), "a100", memory="8GiB", latency="5ms/token")
    many = plan(fitted(), "a100", memory="40GiB", latency="60ms/token", batch=512, input_tokens=64, output_tokens=64)
    assert few.best["P"] == 8
    assert many.best["P"] < 4


def test_draws_give_an_interval_and_shares():
    found = plan(fitted(bootstrap=60), "jetson-orin", **ORIN, batch=16)
    assert found.best["low"] < found.best["loss"] < found.best["high"]
    assert found.choices["share"].sum() == pytest.approx(1.0)
    assert (found.choices["N_least"] <= found.choices["N_most"]).all()
    row = found.choices.loc[found.choices["share"].idxmax()]
    least, most = (f"{int(row[name]):,}" for name in ("N_least", "N_most"))
    sizes = least if least == most else f"{least} to {most}"
    said = f"Of the bootstrap draws, the best is P = {row['P']:.0f} in {row['share']:.0%} ({sizes} parameters)"
    assert said in found.report()
    assert plan(fitted(), "jetson-orin", **ORIN).choices is None


def test_a_request_can_be_the_limit():
    found = plan(fitted(), "jetson-orin", latency="10s/request")
    assert found.best["latency"] <= 10
    assert found.limits.per_token is None


def test_a_budget_of_training_limits_what_is_trained():
    found = plan(fitted(), "a100", D="42B", train_budget=2e21)
    assert found.best["train_flops"] <= 2e21
    assert {"memory", "train_flops"} == set(found.sensitivity["limit"])


def test_a_law_in_d_spends_the_budget_on_tokens():
    fit = known("parscale_data", draws=20)
    found = plan(fit, "a100", train_budget="1e21")
    assert found.best["train_flops"] == pytest.approx(1e21)
    assert found.best["D"] == pytest.approx(1e21 / train_flops(found.shape, found.best["P"], tokens=1.0, context=2048))
    held = plan(fit, "a100", D="20B", train_budget="1e21")
    assert held.best["D"] == 2e10
    assert held.best["loss"] >= found.best["loss"]


def test_the_report_names_what_matters():
    text = plan(fitted(), "jetson-orin", **ORIN, D="42B", tokens="1T").report()
    for part in ("nats per token", "within 8 GiB of memory, 30 ms a token on jetson-orin", "What each limit is worth"):
        assert part in text
    assert "8 streams are the most that were tried" in text
    assert "extrapolated" in plan(fitted(), "a100").report()


def test_more_memory_than_the_machine_has_is_noted():
    given = {"memory": "12GiB", "latency": "30ms/token"}
    assert "Note: jetson-orin-nano has 7.45 GiB, less than" in plan(fitted(), "jetson-orin-nano", **given).report()
    assert "less than the limit" not in plan(fitted(), "jetson-orin", **given).report()


def test_training_tokens_beyond_those_of_the_runs_are_an_extrapolation():
    fit = known("parscale_data", draws=20)
    N = float(np.median(fit.columns["N"]))
    most = float(np.max(fit.columns["D"]))
    for D, beyond in ((most, False), (10 * most, True)):
        table = plan(fit, "a100", D=D).frontier
        nearest = (table["N"] / N - 1).abs().idxmin()
        assert table["extrapolated"][nearest] == beyond


def test_runs_smaller_than_any_model_of_the_family_are_planned_from():
    fit = fitted()
    tiny = dataclasses.replace(fit, columns={**fit.columns, "N": fit.columns["N"] / 1e5})
    assert plan(tiny, "a100", memory="1GiB").best["extrapolated"]
    small = plan(tiny, "a100", memory="1MB", family={"layers": 2, "heads": 2, "vocabulary": 64})
    assert small.best["N"] < 500_000
    assert (small.shape.layers, small.shape.heads, small.shape.vocabulary) == (2, 2, 64)


def test_a_machine_of_ones_own_in_fp32_only():
    own = Hardware(name="own", peak={"fp32": 1e11}, bandwidth=1e10, memory=4e9)
    assert plan(fitted(), own, weights="int4").best["memory"] <= 4e9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"memory": "100MiB"},
            r"nothing fits within 100 MiB of memory: what comes nearest of the models tried, .* takes 1\d\d MiB",
        ),
        (
            {"latency": "1us/token"},
            r"nothing fits within .*0.001 ms a token: what comes nearest.* a token; allow",
        ),
        ({"memory": "much"}, "'much' is not an amount of memory; write one such as 8GiB"),
        ({"latency": "soon"}, "'soon' is not a time; write one such as 60ms/token"),
        ({"memory": 0}, "0 is not an amount of memory"),
        ({"memory": float("nan")}, "nan is not an amount of memory"),
        ({"memory": "8GX"}, "'8GX' is not an amount of memory"),
        ({"latency": -1}, "-1 is not a time"),
        ({"batch": 0}, "batch is 0"),
        ({"input_tokens": -1}, "input_tokens is -1"),
        ({"train_budget": 1e21}, "train_budget needs the training tokens, which law 'parscale' does not read; give D"),
        ({"tokens": "1T"}, "tokens needs the training tokens"),
        ({"tokens": "-1", "D": 1e9}, "tokens is '-1'; it must be a number above 0"),
        ({"D": "all"}, "D is 'all'; it must be a number above 0"),
        ({"hardware": "abacus"}, "no hardware is called 'abacus'"),
        ({"streams": [0]}, "streams is"),
        ({"model": "guess"}, "no cost model is called 'guess'"),
    ],
)
def test_what_cannot_be_planned_is_refused(options, message):
    with pytest.raises(ScalelawError, match=message):
        plan(fitted(), **{"hardware": "jetson-orin", **options})


def test_what_is_named_where_nothing_fits_is_what_comes_nearest_to_all_limits():
    """The model of the least memory is the slower one, and it is time that is short."""
    table = pd.DataFrame(
        {"N": [3, 4], "P": [8, 1], "memory": [100 * 2**20, 200 * 2**20], "per_token": [0.02, 0.01]}
    ).assign(latency=1.0)
    said = nothing_fits(table, Limits(memory=2**30, per_token=0.005))
    assert "of the models tried, which have 3 parameters and more, is 4 with P = 1, and takes 200 MiB, 10 ms a" in said


@pytest.mark.parametrize("name", [name for name in sl.laws.ALL if not {"N", "P"} <= set(sl.laws.ALL[name].columns)][:3])
def test_a_law_without_streams_is_refused(name):
    with pytest.raises(FitError, match="a plan needs a law in N and P"):
        plan(known(name), "a100")


def test_the_map_agrees_with_plans():
    fit = fitted()
    frame = choice_regions(fit, "jetson-orin", batch=[1, 16], memory=["4GiB", "8GiB"], latency="30ms/token")
    for row in frame.itertuples():
        found = plan(fit, "jetson-orin", memory=row.memory, batch=row.batch, latency="30ms/token")
        assert found.best["loss"] == pytest.approx(row.loss, rel=2e-3)
        assert (row.gain >= 0) == (row.loss <= row.loss_alone)


def test_the_map_turns_from_streams_to_parameters():
    frame = choice_regions(fitted(bootstrap=20), "jetson-orin", batch=[1, 64], memory=["2GiB"])
    assert frame["P"].tolist() == [8, 1]
    assert frame["share"].tolist() == [1.0, 0.0]
    assert frame["gain"][0] > 0
    # without a limit of time, the plain model has all of the memory
    assert (frame["per_token"] > 0).all()


def test_cells_where_nothing_fits_are_empty():
    frame = choice_regions(fitted(), "jetson-orin", batch=1, memory=["50MiB", "1GiB"])
    assert frame["N"].isna().tolist() == [True, False]


def test_results_do_not_change():
    found = plan(fitted(), "jetson-orin", **ORIN)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.shape = None
