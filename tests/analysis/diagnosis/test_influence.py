"""Influence: planted outliers are found for every law, refits are those of fits without the run, invariances hold."""

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.analysis import influence
from scalelaw.analysis.diagnosis.influence import influence_findings
from scalelaw.errors import FitError

from .runs_of_laws import LAWS, fitted, law_of, noisy


def planted(name: str, row: int, size: float) -> sl.Fit:
    runs = dict(noisy(name))
    runs["loss"] = runs["loss"] * np.exp(size * (np.arange(len(runs["loss"])) == row))
    return sl.fit(law_of(name), runs, throw=False)


@pytest.mark.parametrize("name", LAWS)
def test_a_planted_outlier_has_the_largest_score(name: str) -> None:
    found = influence(planted(name, 17, 0.05))
    worst = found.loc[found["score"].abs().idxmax()]
    assert worst["row"] == 17
    assert worst["outlier"]
    np.testing.assert_allclose(worst["residual"], 0.05, atol=0.006)
    assert "5" in influence_findings(found)[0].says


@pytest.mark.parametrize("name", ["parscale", "chinchilla", "mine"])
def test_a_change_is_that_of_a_fit_without_the_run(name: str) -> None:
    base, runs = fitted(name), noisy(name)
    found = influence(base).set_index("row")
    for row in (0, 20, 35):
        kept = np.arange(len(runs["loss"])) != row
        rest = sl.fit(base.law, {column: values[kept] for column, values in runs.items()}, loss="squared")
        for parameter in base.free:
            change = rest.params[parameter] - base.params[parameter]
            np.testing.assert_allclose(found.loc[row, f"change_{parameter}"], change, rtol=1e-3, atol=1e-9)


def test_cooks_distance_is_cooks_for_least_squares_of_a_linear_law() -> None:
    rng = np.random.default_rng(0)
    N = np.geomspace(1e8, 1e10, 12)
    law = sl.Law(
        "line", lambda N, *, E, A: E + A * 1e4 / N**0.5, bounds={"E": (-np.inf, np.inf), "A": (-np.inf, np.inf)}
    )
    loss = 2 + 0.5e4 / N**0.5 + 0.01 * rng.standard_normal(12)
    fit = sl.fit(law, {"N": N, "loss": loss}, loss="squared", space="raw")
    found = influence(fit).sort_values("row")
    design = np.column_stack([np.ones(12), 1e4 / N**0.5])
    hat = design @ np.linalg.inv(design.T @ design) @ design.T
    residual, leverage = loss - hat @ loss, np.diag(hat)
    cook = residual**2 * leverage / (1 - leverage) ** 2 / (2 * (residual**2).sum() / 10)
    np.testing.assert_allclose(found["cook"], np.sqrt(cook), rtol=1e-5)


def test_order_of_rows_and_unit_of_a_column_do_not_matter() -> None:
    runs = noisy("chinchilla")
    base = influence(fitted("chinchilla")).sort_values("row")
    turned = {name: values[::-1] for name, values in runs.items()}
    other = influence(sl.fit("chinchilla", turned, loss="squared")).sort_values("row", ascending=False)
    np.testing.assert_allclose(base["cook"], other["cook"], rtol=1e-4)
    larger = influence(sl.fit("chinchilla", {**runs, "D": runs["D"] * 1000}, loss="squared")).sort_values("row")
    np.testing.assert_allclose(base["cook"], larger["cook"], rtol=1e-4)


def test_a_quantity_is_followed_and_sorts() -> None:
    fit = fitted("parscale")
    found = influence(fit, of=lambda theta: theta[:, 3])
    np.testing.assert_allclose(found["change"], found["change_k"])
    assert found["change"].abs().is_monotonic_decreasing


def test_checkpoints_leave_together() -> None:
    runs = sl.load("gemstones")
    found = influence(sl.fit("chinchilla", runs), groups=runs["run"])
    assert len(found) == 22
    assert (found["rows"] == 10).all()
    assert found["converged"].all()
    pd.testing.assert_frame_equal(influence(sl.Fit.from_json(sl.fit("chinchilla", runs).to_json())), found)
    assert len(influence(sl.fit("chinchilla", runs), groups=range(220))) == 220


def test_a_run_that_the_fit_hangs_on() -> None:
    runs = noisy("parscale")
    kept = (runs["P"] == 1) | (np.arange(len(runs["P"])) == np.flatnonzero(runs["P"] == 2)[3])
    fit = sl.fit("parscale", {name: values[kept] for name, values in runs.items()})
    found = influence(fit)
    assert found["P"].iloc[0] == 2
    assert np.isposinf(found["cook"].iloc[0])
    assert found["change_k"].isna().sum() == 1
    assert "cannot determine" in " ".join(finding.says for finding in influence_findings(found))


def test_groups_of_another_length_are_refused() -> None:
    with pytest.raises(FitError, match="groups must name the run of each of the 36 rows, not 2 of them"):
        influence(fitted("parscale"), groups=["a", "b"])
