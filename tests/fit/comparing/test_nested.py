"""Nested tests and evidence: closed forms, containment found, levels under the smaller law."""

import numpy as np
import pytest
from scipy.stats import f as f_distribution

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit.comparing.containing import contains
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
    assert frame["p"] < 1e-8
    assert frame["bootstrap_p"] == 0.01
    assert frame["verdict"].startswith("power_n does not suffice")
    assert "too large" in frame["notes"]
    held = sl.nested_test({"k": 0}, "parscale", PILE).iloc[0]
    assert held["statistic"] == pytest.approx(frame["statistic"], rel=1e-6)


def test_the_smaller_law_is_kept_where_it_made_the_runs() -> None:
    runs = simulate(sl.laws.power_n, {"E": 1.7, "A": 400.0, "alpha": 0.34}, {"N": N, "P": P}, noise=0.003, rng=1)
    frame = sl.nested_test("power_n", "power_streams", runs, refits=49).iloc[0]
    assert frame["p"] > 0.05
    assert frame["bootstrap_p"] > 0.05
    assert "do not show" in frame["verdict"]


@pytest.mark.slow
def test_the_level_under_the_smaller_law() -> None:
    found = []
    for seed in range(200):
        runs = simulate(sl.laws.power_n, {"E": 1.7, "A": 400.0, "alpha": 0.34}, {"N": N, "P": P}, noise=0.003, rng=seed)
        law = parse("E + A/N**alpha + c*log(P)", name="free")
        frame = sl.nested_test({"c": 0.0}, law, runs, bounds={"c": (-1.0, 1.0)}, delta=0.004, throw=False)
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
