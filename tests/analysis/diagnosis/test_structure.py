"""Tests of residuals: planted structure is found, there is none where none was planted, p-values are uniform."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import residual_structure
from scalelaw.analysis.diagnosis.structure import structure_findings
from scalelaw.errors import FitError
from scalelaw.laws import chinchilla, simulate, simulate_curves

from ...laws.truths import TRUTHS
from .runs_of_laws import LAWS, diagnosed, fitted, grid, law_of, noisy


def residuals_of(runs, law="chinchilla", **options):
    return residual_structure(sl.fit(law, runs, **options), runs).set_index(["column", "test"])


@pytest.mark.parametrize("name", LAWS)
def test_a_law_leaves_nothing_of_its_own_runs(name: str) -> None:
    found = diagnosed(name).residuals
    assert set(found["column"]) <= set(law_of(name).columns)
    assert len(found) >= 2
    assert (found["p_corrected"] > 1e-3).all()
    assert found["p"].is_monotonic_increasing


@pytest.mark.parametrize("name", ["parscale", "chinchilla", "power_n", "additive_streams", "mine", "overtrained"])
def test_planted_curvature_is_found(name: str) -> None:
    runs = dict(noisy(name))
    where = np.log(runs["N"])
    where = (where - where.min()) / np.ptp(where)
    runs["loss"] = runs["loss"] * np.exp(0.03 * np.sin(3 * np.pi * where))
    found = residuals_of(runs, law_of(name))
    assert found.loc[("N", "bend"), "p_corrected"] < 1e-3


def test_a_missing_term_is_a_trend_and_its_sign_is_told() -> None:
    runs = noisy("parscale")
    found = residuals_of(runs, "power_n", loss="squared")
    assert found["p"].idxmin() == ("P", "trend")
    assert found.loc[("P", "trend"), "effect"] < -0.02
    assert "fall below the law towards large P" in found.loc[("P", "trend"), "says"]


def test_the_bend_of_a_bent_column_has_its_sign() -> None:
    runs = dict(noisy("power_n"))
    tokens = np.random.default_rng(1).uniform(0, 1, len(runs["N"]))
    runs |= {"D": np.exp(20 + 4 * tokens), "loss": runs["loss"] * np.exp(0.1 * tokens * (1 - tokens))}
    found = residuals_of(runs, "power_n", loss="squared")
    bend = found.loc[("D", "bend")]
    assert bend["effect"] == pytest.approx(0.025, rel=0.1)
    assert 21.5 < np.log(bend["high"]) < 22.5
    assert "losses lie above the law about D = " in bend["says"]


def test_growing_noise_is_found() -> None:
    design = {name: np.tile(values, 4) for name, values in grid().items()}
    truth = chinchilla.predict(design, TRUTHS["chinchilla"])
    noise = np.random.default_rng(0).standard_normal(len(truth)) * 0.0005 * (design["N"] / 1e8) ** 0.7
    found = residuals_of({"N": design["N"], "D": design["D"], "loss": truth * np.exp(noise)}, loss="squared")
    assert found.loc[("N", "spread"), "p_corrected"] < 0.01
    assert found.loc[("N", "spread"), "effect"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gaussian", "t3"])
def test_p_values_are_about_uniform(kind: str) -> None:
    rng, design = np.random.default_rng(0), {name: grid()[name] for name in ("N", "D")}
    sets = (simulate(chinchilla, TRUTHS["chinchilla"], design, noise=0.01, kind=kind, rng=rng) for _ in range(150))
    p = np.array([residuals_of(runs, throw=False)["p"].to_numpy() for runs in sets])
    assert 0.01 < (p < 0.05).mean() < 0.11
    assert 0.4 < (p < 0.5).mean() < 0.6


@pytest.mark.slow
def test_p_values_of_checkpoints_are_about_uniform_by_runs() -> None:
    N, D = (part.ravel() for part in np.meshgrid(np.geomspace(1e8, 3e9, 6), np.geomspace(2e9, 6e10, 5)))
    curves = (
        simulate_curves(
            chinchilla, TRUTHS["chinchilla"], {"N": N, "D": D}, checkpoints=6, first=0.2, within=0.002, rng=seed
        )
        for seed in range(60)
    )
    fits = [sl.fit("chinchilla", runs, throw=False) for runs in curves]
    by_runs, by_rows = (
        np.array([residual_structure(fit, groups=groups)["p"].to_numpy() for fit in fits])
        for groups in (None, np.arange(180))
    )
    assert 0.01 < (by_runs < 0.05).mean() < 0.11
    assert (by_rows < 0.05).mean() > 0.25


def test_a_missing_term_shows_in_checkpoints_too() -> None:
    runs = noisy("parscale")
    table = {name: np.repeat(values, 4) for name, values in runs.items()} | {"run": np.repeat(np.arange(36), 4)}
    fit = sl.fit("power_n", table, loss="squared")
    found = residual_structure(fit, table)
    assert found.attrs["runs"] == 36
    assert (found["column"][0], found["test"][0]) == ("P", "trend")
    once = residual_structure(sl.fit("power_n", runs, loss="squared"), runs)
    assert found["effect"][0] == pytest.approx(once["effect"][0], rel=1e-3)
    assert found["p"][0] > residual_structure(fit, table, groups=np.arange(144))["p"].min() * 1e3


def test_sentences_only_on_what_is_no_accident() -> None:
    assert structure_findings(residual_structure(fitted("chinchilla"))) == []
    found = structure_findings(residual_structure(sl.fit("parscale", sl.load("parscale-pile"))))
    assert [str(each)[:36] for each in found] == ["Losses lie above the law about N = 4"]


def test_an_exact_fit_has_nothing_to_test() -> None:
    runs = {**grid(), "loss": chinchilla.predict(grid(), TRUTHS["chinchilla"])}
    assert structure_findings(residual_structure(sl.fit("chinchilla", runs))) == []


def test_another_table_is_refused() -> None:
    with pytest.raises(FitError, match="the table has 24 rows and the fit saw 36"):
        residual_structure(fitted("parscale"), sl.load("parscale-pile"))
