"""Paired differences: known means, noise that pairs share, refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from scalelaw.analysis import paired_differences
from scalelaw.errors import RunsError, ScalelawError


def runs(seeds=6, sizes=(1000, 2000, 4000), streams=(1, 2, 4), effect=-0.02, noise=0.0):
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        for N in sizes:
            shared = rng.normal(0, 0.5)  # of the pair, far more than the effect
            rows += [
                {"N": N, "N_backbone": N, "P": P, "D": 10, "seed": seed, "dataset": "code"}
                | {"loss": 3 + shared + effect * np.log2(P) + noise * rng.normal()}
                for P in streams
            ]
    return pd.DataFrame(rows)


def test_what_pairs_share_drops_out():
    frame = paired_differences(runs())
    assert frame["P"].tolist() == [2, 4]
    assert frame["pairs"].tolist() == [18, 18]
    np.testing.assert_allclose(frame["difference"], [-0.02, -0.04], atol=1e-12)
    np.testing.assert_allclose(frame["se"], 0, atol=1e-12)


def test_the_interval_is_students():
    frame = paired_differences(runs(noise=0.01), level=0.9)
    table = runs(noise=0.01)
    losses = {P: rows.sort_values(["N", "seed"])["loss"].to_numpy() for P, rows in table.groupby("P")}
    for row in frame.itertuples():
        low, high = ttest_1samp(losses[row.P] - losses[1], 0).confidence_interval(0.9)
        assert (row.low, row.high) == pytest.approx((low, high))


def test_sizes_apart_and_missing_partners():
    table = runs().drop(index=1)  # seed 0, the smallest, P = 2
    frame = paired_differences(table, by=["N_backbone"])
    assert frame.columns.tolist() == ["N_backbone", "P", "pairs", "difference", "se", "low", "high"]
    assert frame["pairs"].tolist() == [5, 6, 6, 6, 6, 6]


def test_another_column_and_base():
    table = runs(sizes=(1000,)).assign(prefix=lambda t: t["P"].map({1: "none", 2: "short", 4: "long"}), P=1)
    frame = paired_differences(table, across="prefix", base="short")
    assert dict(zip(frame["prefix"], frame["difference"].round(12), strict=True)) == {"long": -0.02, "none": 0.02}


def test_one_pair_has_no_error():
    frame = paired_differences(runs(seeds=1, sizes=(1000,)))
    assert frame[["se", "low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda t: t, {"base": 3}, "no run has P = 3; there are 1, 2, 4"),
        (lambda t: t.drop(columns="P"), {}, "the runs have no column 'P'"),
        (
            lambda t: t.assign(seed=0),
            {},
            "54 runs share N_backbone 1000, .*, P 1 with another; name in alike what tells them apart",
        ),
        (lambda t: t[(t["seed"] > 0) | (t["P"] == 1)][lambda t: (t["P"] == 1) == (t["seed"] == 0)], {}, "no two runs"),
        (lambda t: t, {"by": ["N"]}, "pairs differ in N"),
    ],
)
def test_what_cannot_be_paired_is_refused(change, options, message):
    with pytest.raises(RunsError, match=message):
        paired_differences(change(runs()), **options)


def test_a_level_that_means_nothing():
    with pytest.raises(ScalelawError, match="level of an interval lies between 0 and 1"):
        paired_differences(runs(), level=95)
