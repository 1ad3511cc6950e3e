"""Designs without losses: collinear, too small, confounded; errors are those of fits; the helping run helps."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import design
from scalelaw.analysis.diagnosis.shape import sizes_of
from scalelaw.errors import FitError, RunsError
from scalelaw.laws import simulate

from ...laws.truths import TRUTHS
from .runs_of_laws import LAWS, design_of, law_of, truth_of

TRUTH = TRUTHS["chinchilla"]
SIZES = np.geomspace(1e8, 1e10, 8)


def said(planned) -> str:
    return " ".join(map(str, planned.findings))


@pytest.mark.parametrize("name", LAWS)
def test_every_law_has_a_design(name: str) -> None:
    planned = design(law_of(name), design_of(name), params=truth_of(name))
    assert np.isfinite(planned.condition)
    assert np.isfinite(planned.frame["error"]).all()
    assert set(planned.run) == set(law_of(name).columns)
    assert planned.run_condition < planned.condition
    assert "[[Expected]]" in planned.report()
    assert planned.to_dict()["rows"] == 36


def test_tokens_in_proportion_to_parameters() -> None:
    planned = design("chinchilla", {"N": SIZES, "D": 20 * SIZES}, params=TRUTH)
    assert np.isposinf(planned.condition)
    assert np.isposinf(planned.frame["error"]).all()
    assert "D is 20 times N in every run" in said(planned)
    ratio = planned.run["D"] / planned.run["N"]
    assert ratio < 10 or ratio > 40


def test_the_run_that_is_named_makes_the_fit_possible() -> None:
    planned = design("chinchilla", {"N": SIZES, "D": 20 * SIZES}, params=TRUTH)
    with_it = {name: np.append(values, planned.run[name]) for name, values in (("N", SIZES), ("D", 20 * SIZES))}
    assert design("chinchilla", with_it, params=TRUTH).condition == pytest.approx(planned.run_condition, rel=1e-3)
    with_it["loss"] = sl.laws.chinchilla.predict(with_it, TRUTH)
    assert sl.fit("chinchilla", with_it, thorough=True).params["alpha"] == pytest.approx(TRUTH["alpha"], rel=1e-4)


def test_the_run_costs_no_more_than_the_costliest() -> None:
    columns = {"N": np.tile(SIZES, 2), "D": np.repeat([1e10, 1e11], 8)}
    run = design("chinchilla", columns, params=TRUTH).run
    assert run["N"] * run["D"] <= 1e10 * 1e11 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("columns", "law", "words"),
    [
        ({"N": SIZES, "P": 1}, "parscale", "every one has P = 1"),
        ({"N": SIZES[:4], "P": [1, 2, 4, 8]}, "parscale", "Every P was run at one size only"),
        (
            {"N": [1e8, 1e9, 1e10] * 4, "P": np.repeat([1, 2, 4, 8], 3)},
            "parscale",
            "N has only 3 sizes (100M, 1B and 10B)",
        ),
        (
            {"N": [1e8, 1.2e8, 1.4e8, 2e8, 3e8] * 3, "P": np.repeat([1, 2, 4], 5)},
            "parscale",
            "spans only a factor of 3",
        ),
        ({"N": SIZES[:3], "P": [1, 1, 2]}, "parscale", "has 4 free parameters"),
        ({"N": SIZES[:6], "P": [1, 2, 1, 2, 1, 2]}, "parscale", "6 runs for 4 parameters leave little to spare"),
    ],
)
def test_what_is_wrong_is_said(columns, law, words) -> None:
    planned = design(law, columns, params=TRUTHS["parscale"])
    assert words in said(planned)
    assert "would help most" in said(planned) or not planned.run


def test_columns_that_grow_together() -> None:
    scatter = np.exp(0.1 * np.random.default_rng(0).standard_normal(8))
    planned = design("chinchilla", {"N": SIZES, "D": 20 * SIZES * scatter}, params=TRUTH)
    assert "N and D grow together in these runs" in said(planned)


def test_expected_errors_are_those_of_fits() -> None:
    columns = {"N": np.tile(SIZES, 6), "D": np.repeat(np.geomspace(2e9, 5e11, 6), 8)}
    planned = design("chinchilla", columns, params=TRUTH, noise=0.002, at={"N": "70B", "D": "1.4T"})
    rng, law = np.random.default_rng(0), sl.laws.chinchilla
    fits = [sl.fit(law, simulate(law, TRUTH, columns, noise=0.002, rng=rng), loss="squared") for _ in range(60)]
    for row in planned.frame.to_dict("records"):
        spread = np.std([fit.params[row["parameter"]] for fit in fits])
        assert 0.7 < spread / row["error"] < 1.5
    losses = [np.log(fit.law.predict({"N": 7e10, "D": 1.4e12}, fit.params)) for fit in fits]
    assert 0.7 < np.std(losses) / planned.target_error < 1.5


def test_noise_scales_errors_and_nothing_else() -> None:
    small, large = (design("parscale", design_of("parscale"), params=TRUTHS["parscale"], noise=x) for x in (0.01, 0.02))
    np.testing.assert_allclose(2 * small.frame["error"], large.frame["error"])
    assert small.condition == large.condition
    assert small.run == large.run


def test_a_fit_is_its_own_design_and_distance_is_told() -> None:
    fit = sl.fit("parscale", sl.load("parscale-pile"))
    planned = design(fit, at={"N": "70B", "P": 8})
    assert "N = 70B is 15.9 times beyond them" in said(planned)
    assert planned.target_error > 0
    assert "outside of the runs" not in said(design(fit, at={"N": "1B", "P": 2}))


def test_sizes_within_a_tenth_are_one() -> None:
    assert sizes_of(np.array([1.0, 1.09, 1.2, 1.3, 5.0])).tolist() == [1.0, 1.2, 5.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: design("chinchilla"), "a design is a table of runs"),
        (
            lambda: design("parscale", {"N": SIZES, "P": 1}, params={"E": 1.0}),
            "A, alpha and k of law 'parscale' are not given",
        ),
        (lambda: design("power_n", {"N": SIZES}, params=TRUTHS["power_n"], noise=0), "noise is a standard deviation"),
        (
            lambda: design("chinchilla", {"N": SIZES, "D": SIZES[::-1]}, params=TRUTH, at={"N": "1B"}),
            "the run to predict lacks D",
        ),
    ],
)
def test_refusals(call, words) -> None:
    with pytest.raises(FitError, match=words):
        call()


def test_a_missing_column_is_named() -> None:
    with pytest.raises(RunsError, match="D"):
        design("chinchilla", {"N": SIZES}, params=TRUTH)
