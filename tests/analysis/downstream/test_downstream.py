"""The gains that the authors name, and the two-step law on its own truth."""

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.analysis.downstream import GROUPS, downstream, downstream_gains, scored_runs
from scalelaw.errors import FitError, RunsError, ScalelawError

TRUTH = {"E": 0.69, "A": 1.13e7, "alpha": 0.19, "k": 0.39}


def made(*, g: float = 0.0, noise: float = 0.0, rng: int = 0) -> dict:
    N, P = (grid.ravel() for grid in np.meshgrid([5e8, 7e8, 1.1e9, 1.6e9, 2.8e9, 4.4e9], [1, 2, 4, 8]))
    runs = sl.laws.simulate(sl.laws.parscale, TRUTH, {"N": N, "P": P}, noise=1e-9, rng=rng)
    score = 5 + 95 / (1 + np.exp((runs["loss"] - g * np.log(P) - 1.0) / 0.2))
    return runs | {"score": score + noise * np.random.default_rng(rng).standard_normal(len(N))}


@pytest.mark.parametrize(("group", "gain"), [("code", 4.3), ("mathematics", 7.3), ("general", 2.6)])
def test_the_authors_gains_come_out_of_the_tasks(group: str, gain: float) -> None:
    frame = downstream_gains()
    (row,) = frame[(frame["group"] == group) & (frame["metric"] == "average")].to_dict("records")
    assert row["gain"] == pytest.approx(gain, abs=0.05)
    tasks = frame[(frame["group"] == group) & (frame["metric"] != "average")]
    assert set(tasks["metric"]) == set(GROUPS[group])
    assert tasks["gain"].mean() == pytest.approx(row["gain"])
    # the average of the tasks is the one the table prints
    printed = sl.load("parscale-downstream")
    stated = printed[(printed["metric"] == f"{group}, average") & (printed["P"] == 8)]["value"].dropna()
    assert row["score"] == pytest.approx(stated.iloc[0], abs=0.05)


def test_gsm8k() -> None:
    (row,) = downstream_gains().query("metric == 'GSM8K'").to_dict("records")
    assert (row["score_over"], row["score"]) == (28.7, 38.4)
    assert row["gain"] == pytest.approx(9.7)
    assert row["relative"] == pytest.approx(0.34, abs=0.005)


def test_gains_between_other_streams_and_of_tables_of_ones_own() -> None:
    steps = [
        downstream_gains(P=P, over=over).set_index(["table", "N", "metric"])["gain"] for P, over in ((2, 1), (8, 2))
    ]
    whole = downstream_gains().set_index(["table", "metric"])["gain"]
    assert steps[0].xs("GSM8K", level=2).iloc[0] + steps[1].xs("GSM8K", level=2).iloc[0] == pytest.approx(9.7)
    assert whole.loc[(2, "HumanEval(+) and MBPP(+), average")].round(1).tolist() == [5.6, 5.6, 5.6, 5.2, 5.2, 6.2]
    own = pd.DataFrame({"metric": ["a", "a", "b", "b"], "P": [1, 4, 1, 4], "value": [10.0, 12.0, 20.0, 26.0]})
    frame = downstream_gains(own, P=4, groups={"both": ("a", "b")})
    assert frame.set_index("metric")["gain"].to_dict() == {"average": 4.0, "a": 2.0, "b": 6.0}
    with pytest.raises(ScalelawError, match="P = 16"):
        downstream_gains(P=16)
    with pytest.raises(ScalelawError, match="value"):
        downstream_gains(own.drop(columns="value"))


@pytest.mark.parametrize("g", [0.0, 0.02])
def test_the_two_steps_recover_their_truth(g: float) -> None:
    fitted = downstream(made(g=g, noise=1e-7), chance=5.0)
    assert fitted.score.params["middle"] == pytest.approx(1.0, abs=1e-6)
    assert fitted.score.params["width"] == pytest.approx(0.2, abs=1e-6)
    assert fitted.score.params["g"] == pytest.approx(g, abs=1e-6)
    frame = fitted.bought([1e9, 3e9], [2, 8])
    np.testing.assert_allclose(frame["gain"], frame["through_loss"] + frame["at_equal_loss"])
    np.testing.assert_allclose(frame["at_equal_loss"] > 1e-4, g > 0)
    predicted = fitted.predict(1e9, 8)
    assert predicted["score"][0] == pytest.approx(frame["score"][1])


def test_intervals_hold_the_truth() -> None:
    fitted = downstream(made(g=0.02, noise=0.2), chance=5.0, bootstrap=300)
    true = downstream(made(g=0.02, noise=1e-7), chance=5.0).bought(1.6e9, 8).iloc[0]
    # of four standard errors, which hold the truth whatever the seed
    row = fitted.bought(1.6e9, 8, level=0.9999, kind="normal").iloc[0]
    for name in ("gain", "through_loss", "at_equal_loss", "score"):
        assert row[f"{name}_low"] < true[name] < row[f"{name}_high"]
    assert "gain_low" not in fitted.bought(1.6e9, 8, level=None)


def test_what_the_published_runs_say() -> None:
    code, general = (downstream(scored_runs(f"parscale-{corpus}"), bootstrap=200) for corpus in ("stack", "pile"))
    assert code.score.r2 > 0.97
    assert general.score.r2 > 0.97
    row = code.bought("1.6B", 8).iloc[0]
    assert row["gain"] == pytest.approx(5.0, abs=0.3)
    assert row["at_equal_loss_low"] > 0  # code gains more than its loss tells
    beyond = general.bought("1.6B", 8).iloc[0]
    assert beyond["at_equal_loss_low"] < 0 < beyond["at_equal_loss_high"]


def test_runs_without_streams() -> None:
    runs = {name: values[made()["P"] == 1] for name, values in made(noise=1e-7).items() if name != "P"}
    fitted = downstream(runs, law="power_n", chance=5.0)
    assert fitted.score.law.parameters == ("middle", "width")
    assert fitted.curve([1.0, 1.1])["score"].is_monotonic_decreasing


def test_streams_under_another_name_count() -> None:
    runs = made(g=0.02, noise=1e-7)
    own = {("streams" if name == "P" else name): values for name, values in runs.items()}
    assert downstream(own, chance=5.0).score.params == downstream(runs, chance=5.0).score.params


def test_checkpoints_are_drawn_by_run_in_both_steps() -> None:
    runs = made(noise=0.1)
    curves = {name: np.repeat(values, 2) for name, values in runs.items()}
    curves["run"] = np.repeat([f"r{i}" for i in range(24)], 2).astype(object)
    fitted = downstream(curves, chance=5.0, bootstrap=10)
    assert fitted.loss.draws.kind == fitted.score.draws.kind == "cluster"
    assert downstream(runs, chance=5.0, bootstrap=10).score.draws.kind == "pairs"


def test_sizes_that_one_number_of_streams_lacks_are_left_out() -> None:
    rows = [(5e8, 1, 10), (7e8, 1, 20), (1.1e9, 1, 30), (7.1e8, 8, 25), (1.12e9, 8, 37)]
    own = pd.DataFrame(rows, columns=["N", "P", "value"]).assign(metric="a")
    frame = downstream_gains(own)
    assert frame.set_index("N")["gain"].to_dict() == {7e8: 5.0, 1.1e9: 7.0}
    twice = pd.concat([own, own.assign(value=own["value"] + 2)])
    assert downstream_gains(twice)["score"].tolist() == [26.0, 38.0]
    far = own.assign(N=own["N"] * own["P"].map({1: 1.0, 8: 1.15}))
    with pytest.raises(ScalelawError, match="give N_backbone"):
        downstream_gains(far)
    backbone = far.assign(N_backbone=[5, 7, 11, 7, 11])
    assert downstream_gains(backbone)["gain"].tolist() == [5.0, 7.0]


def test_refusals() -> None:
    empty = made()
    empty["score"][4] = np.nan
    with pytest.raises(RunsError, match="'score', which is empty in row 5"):
        downstream(empty)
    with pytest.raises(RunsError, match="holds text"):
        downstream(made() | {"score": np.array(["high"] * 24, dtype=object)})
    with pytest.raises(RunsError, match="'accuracy'"):
        downstream(made(), score="accuracy")
    with pytest.raises(FitError, match="does not lie between chance"):
        downstream(made(), chance=50.0)
    with pytest.raises(ScalelawError, match="no scores are published"):
        scored_runs("chinchilla")
    assert len(scored_runs("parscale-pile")) == 24
