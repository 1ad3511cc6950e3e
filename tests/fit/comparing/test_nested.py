"""Nested tests and evidence: closed forms, containment found, levels under the smaller law."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f as f_distribution

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit.comparing.containing import contains
from scalelaw.fit.comparing.null_errors import errors_of_runs
from scalelaw.laws import parse, simulate

PILE = load_columns("parscale-pile")
N, P = np.repeat(np.geomspace(3e8, 6e9, 8).round(), 4), np.tile([1, 2, 4, 8], 8)
FITS = {
    law: sl.fit(law, PILE, throw=False)
    for law in ("power_n", "parscale", "additive_streams", "power_streams", "parscale_ensemble")
}


@pytest.mark.parametrize(
    ("large", "where"),
    [("parscale", "k = 0"), ("power_streams", "b = 0"), ("parscale_ensemble", "rho = 1")],
)
def test_where_a_law_contains_another(large: str, where: str) -> None:
    found = contains(FITS[large], FITS["power_n"])
    assert found is not None
    assert found.describe() == where


@pytest.mark.parametrize(
    ("large", "small"),
    [("additive_streams", "parscale"), ("parscale", "power_streams"), ("power_n", "parscale")],
)
def test_where_it_does_not(large: str, small: str) -> None:
    assert contains(FITS[large], FITS[small]) is None


def test_a_law_contains_itself_in_another_notation() -> None:
    own = sl.fit(parse("E + A/N**alpha + B*P**-beta", name="own"), PILE)
    assert contains(FITS["additive_streams"], own) is not None
    assert contains(own, FITS["additive_streams"]) is not None
    with pytest.raises(FitError, match="no more free parameters"):
        sl.nested_test("additive_streams", own.law, PILE)


def test_least_squares_give_the_classical_f_test() -> None:
    """ln L = a + b ln N + c ln P is linear, so the F test has a closed form."""
    rng = np.random.default_rng(3)
    loss = 40 * N**-0.12 * P**-0.02 * np.exp(0.03 * rng.standard_normal(32))
    runs = {"N": N, "P": P, "loss": loss}
    law = sl.Law("plane", lambda N, P, *, A, a, b: A * N**-a * P**-b, bounds={"b": (-np.inf, np.inf)})
    frame = sl.nested_test({"b": 0.0}, law, runs, loss="squared").iloc[0]
    full = np.column_stack([np.ones(32), np.log(N), np.log(P)])
    wide, narrow = (np.linalg.lstsq(x, np.log(loss), rcond=None)[1][0] for x in (full, full[:, :2]))
    statistic = (narrow - wide) / (wide / 29)
    assert frame["statistic"] == pytest.approx(statistic, rel=1e-6)
    assert frame["p"] == pytest.approx(f_distribution.sf(statistic, 1, 29), rel=1e-6)
    assert (frame["df"], frame["spare"]) == (1, 29)


def test_streams_matter_on_the_pile() -> None:
    frame = sl.nested_test("power_n", "parscale", PILE, refits=99).iloc[0]
    assert frame["at"] == "k = 0"
    assert frame["f_p"] < 1e-8
    assert frame["p"] == 0.01
    assert frame["p_by"] == "99 new tables of the smaller law with residuals"
    assert frame["verdict"].startswith("power_n does not suffice")
    assert frame["notes"] == ""
    held = sl.nested_test({"k": 0}, "parscale", PILE, refits=0).iloc[0]
    assert held["statistic"] == pytest.approx(frame["statistic"], rel=1e-6)
    assert held["p"] == held["f_p"] == pytest.approx(frame["f_p"], rel=1e-6)
    assert "too large" in held["notes"]


def test_the_smaller_law_is_kept_where_it_made_the_runs() -> None:
    runs = simulate(sl.laws.power_n, {"E": 1.7, "A": 400.0, "alpha": 0.34}, {"N": N, "P": P}, noise=0.003, rng=1)
    frame = sl.nested_test("power_n", "power_streams", runs, refits=49).iloc[0]
    assert frame["p"] > 0.05
    assert frame["f_p"] > 0.05
    assert "do not show" in frame["verdict"]


@pytest.mark.slow
def test_the_level_under_the_smaller_law() -> None:
    found = []
    for seed in range(200):
        runs = simulate(sl.laws.power_n, {"E": 1.7, "A": 400.0, "alpha": 0.34}, {"N": N, "P": P}, noise=0.003, rng=seed)
        law = parse("E + A/N**alpha + c*log(P)", name="free")
        frame = sl.nested_test({"c": 0.0}, law, runs, bounds={"c": (-1.0, 1.0)}, delta=0.004, throw=False, refits=0)
        found.append(frame.loc[0, "p"])
    assert 0.01 < np.mean(np.array(found) < 0.05) < 0.1
    assert 0.12 < np.mean(np.array(found) < 0.2) < 0.28


def test_a_law_that_is_not_contained_is_refused_unless_the_user_says_so() -> None:
    with pytest.raises(FitError, match="does not contain 'parscale'"):
        sl.nested_test("parscale", "additive_streams", PILE)
    frame = sl.nested_test("parscale", "additive_streams", PILE, contained=True)
    assert frame.loc[0, "at"] == ""


def test_evidence_is_that_of_the_likelihood() -> None:
    frame = sl.evidence(["parscale", "additive_streams", "power_n"], PILE)
    compared = sl.compare(["parscale", "additive_streams", "power_n"], PILE, loss="squared", loo=False)
    for law, aicc, bic in compared[["law", "aicc", "bic"]].itertuples(index=False):
        row = frame.set_index("law").loc[law]
        assert (row["aicc"], row["bic"]) == (pytest.approx(aicc), pytest.approx(bic))
    assert frame.loc[0, "law"] == "additive_streams"
    assert frame["weight"].sum() == pytest.approx(1)
    assert frame.loc[1, "weight"] / frame.loc[0, "weight"] == pytest.approx(1 / frame.loc[1, "ratio"])
    assert set(frame["likelihood"]) == {"Gaussian errors of log loss, independent, of one size"}


def test_laplace_evidence_of_a_straight_line() -> None:
    rng = np.random.default_rng(0)
    loss = 40 * N**-0.12 * np.exp(0.01 * rng.laplace(size=32))
    frame = sl.evidence("A*N**-alpha", {"N": N, "loss": loss}, likelihood="laplace")
    fit = sl.fit("A*N**-alpha", {"N": N, "loss": loss}, loss="absolute")
    size = np.abs(np.log(fit.predicted / loss)).mean()
    assert frame.loc[0, "log_likelihood"] == pytest.approx(-32 * (np.log(2 * size) + 1))


@pytest.mark.parametrize("options", [{"loss": "huber"}, {"delta": 1e-3}, {"likelihood": "huber"}])
def test_no_evidence_without_a_likelihood(options: dict) -> None:
    with pytest.raises(FitError, match="likelihood"):
        sl.evidence(["parscale"], PILE, **options)


# checkpoints: 12 runs, whose error their rows share
RUNS = np.repeat(np.arange(12), 4)
SIZES, STREAMS = np.repeat(np.geomspace(3e8, 6e9, 4).round(), 3)[RUNS], np.tile([1, 2, 4], 4)[RUNS]
PLANE = sl.Law("plane", lambda N, P, *, A, a, b: A * N**-a * P**-b, bounds={"b": (-np.inf, np.inf)})


def curves(seed: int, *, b: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    error = 3e-3 * rng.standard_normal(12)[RUNS] + 1e-3 * rng.standard_normal(48)
    loss = 40 * SIZES**-0.12 * STREAMS**-b * np.exp(error)
    return {"N": SIZES, "P": STREAMS, "step": np.tile(np.arange(4), 12), "run": RUNS.astype(str), "loss": loss}


@pytest.mark.parametrize("loss", ["squared", "huber"])
def test_the_level_for_checkpoints(loss: str) -> None:
    sets = [sl.nested_test({"b": 0.0}, PLANE, curves(seed), loss=loss, refits=39).iloc[0] for seed in range(60)]
    assert sum(row["p"] <= 0.05 for row in sets) <= 8  # nine of sixty would be a chance of 1 in 400
    assert 0.3 < np.mean([row["p"] for row in sets]) < 0.7
    assert all(np.isnan(row["f_p"]) for row in sets)
    blind = [
        sl.nested_test({"b": 0.0}, PLANE, curves(seed), loss=loss, refits=0, resample="pairs").loc[0, "p"]
        for seed in range(60)
    ]
    assert sum(p <= 0.05 for p in blind) > 15


def test_what_checkpoints_show_is_found() -> None:
    row = sl.nested_test({"b": 0.0}, PLANE, curves(0, b=0.01)).iloc[0]
    assert row["p"] < 0.02
    assert row["p_by"] == "399 new tables of the smaller law with residuals of 12 whole runs"
    assert row["verdict"].startswith("plane with b = 0 does not suffice")


def test_runs_may_differ_in_length() -> None:
    kept = np.random.default_rng(0).permutation(48)[:38]
    table = {name: values[kept] for name, values in curves(0).items()}
    assert sl.nested_test({"b": 0.0}, PLANE, table, refits=99).loc[0, "p"] > 0.02


def test_errors_of_new_tables_hang_together_as_those_of_the_runs() -> None:
    rng = np.random.default_rng(0)
    errors = (rng.standard_normal(12)[RUNS] + 0.3 * np.tile(np.arange(4), 12) * rng.standard_normal(12)[RUNS]).ravel()
    drawn = errors_of_runs(errors, RUNS, None, {}, 20000, rng).reshape(20000, 12, 4)
    paths = errors.reshape(12, 4)
    np.testing.assert_allclose(np.cov(drawn[:, 3].T), paths.T @ paths / 12, rtol=0.06, atol=0.03)
    assert np.abs(np.corrcoef(drawn[:, 3, 0], drawn[:, 4, 0])[0, 1]) < 0.03


def test_strata_of_runs_keep_their_own_errors() -> None:
    strata = np.repeat([0, 1], 24)
    errors = np.where(strata == 0, 1.0, 100.0)
    drawn = errors_of_runs(errors, RUNS, strata, {}, 2000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.std(0), errors, rtol=0.1)
    mixed = errors_of_runs(errors, RUNS, np.repeat([0, 1], [12, 36]), {}, 2000, np.random.default_rng(0))
    assert mixed[:, 0].std() == pytest.approx(np.sqrt((1 + 1e4) / 2), rel=0.1)  # three runs are too few


def test_no_test_of_checkpoints_without_runs_or_by_the_f_distribution() -> None:
    with pytest.raises(FitError, match="rows of one run are not independent"):
        sl.nested_test({"b": 0.0}, PLANE, curves(0), refits=0)
    for refits in (-1, 2.5):
        with pytest.raises(FitError, match="refits must be a whole number"):
            sl.nested_test({"b": 0.0}, PLANE, curves(0), refits=refits)
    few = {name: values[RUNS < 5] for name, values in curves(0).items()}
    with pytest.raises(FitError, match="checkpoints of 5 runs, too few"):
        sl.nested_test({"b": 0.0}, PLANE, few)


def test_no_evidence_by_checkpoints_but_by_their_last() -> None:
    table = curves(0)
    with pytest.raises(FitError, match=r"the 48 rows are checkpoints of 12 runs.*last_of_runs"):
        sl.evidence([PLANE, "A*N**-a"], table)
    last = sl.evidence([PLANE, "A*N**-a"], sl.runs.last_of_runs(table))
    one_each = {name: values[3::4] for name, values in table.items() if name != "run"}
    pd.testing.assert_frame_equal(last, sl.evidence([PLANE, "A*N**-a"], one_each))
    assert sl.evidence([PLANE, "A*N**-a"], table, resample="pairs")["aicc"].notna().all()
    compared = sl.compare([PLANE], table, loss="squared")
    assert compared[["aicc", "bic"]].isna().all(axis=None)
    assert "aicc, bic: they take the rows of a run to be independent" in compared.loc[0, "notes"]
