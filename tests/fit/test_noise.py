"""Noise of a run: pooled over cells of replicates, or by the residuals."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.errors import FitError
from scalelaw.fit.noise import Noise, replicate_noise, residual_noise
from scalelaw.laws import power_n

from .made_linear import fitted, least_squares, runs


def replicated(cells: int = 200, seeds: int = 3, sd: float = 0.01) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    N = np.repeat(np.geomspace(1e8, 1e10, cells), seeds)
    loss = power_n.predict({"N": N}, {"E": 1.7, "A": 400.0, "alpha": 0.34})
    return {"N": N, "seed": np.tile(np.arange(seeds), cells), "loss": loss * np.exp(sd * rng.standard_normal(len(N)))}


def test_replicates_tell_the_noise_of_the_seed() -> None:
    noise = replicate_noise(replicated(), power_n)
    assert (noise.source, noise.dof, noise.cells, noise.runs) == ("replicates", 400, 200, 600)
    assert noise.sd == pytest.approx(0.01, rel=0.1)
    low, high = noise.interval()
    assert low < 0.01 < high


def test_it_is_pooled_and_not_an_average() -> None:
    table = {"N": [1.0, 1.0, 2.0, 2.0, 2.0, 3.0], "loss": [1.0, 2.0, 5.0, 5.0, 8.0, 4.0]}
    noise = replicate_noise(table, power_n, log=False)
    assert noise.sd == pytest.approx(np.sqrt((0.5 + 6.0) / 3))
    assert (noise.dof, noise.cells, noise.runs) == (3, 2, 5)


def test_the_interval_has_the_stated_coverage() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        values = rng.standard_normal((4, 3))
        sd = np.sqrt(((values - values.mean(1, keepdims=True)) ** 2).sum() / 8)
        low, high = Noise(float(sd), 8, "replicates", True, 4, 12).interval(0.9)
        held += low < 1.0 < high
    assert 0.86 < held / 400 < 0.94


@pytest.mark.parametrize("column", ["D", "learning_rate", "dataset"])
def test_runs_that_differ_in_anything_else_are_no_replicates(column: str) -> None:
    table = replicated(5, 2) | {column: np.tile([1, 2], 5)}
    assert replicate_noise(table, power_n) is None


def test_what_is_measured_may_differ() -> None:
    table = replicated(5, 2) | {"seconds": np.arange(10), "run": np.arange(10), "bpb": np.linspace(1, 2, 10)}
    assert replicate_noise(table, power_n).dof == 5


def test_a_row_written_twice_is_no_replicate() -> None:
    table = {name: np.concatenate([values, values]) for name, values in replicated(6, 1).items()}
    assert replicate_noise(table, power_n) is None


def test_residuals_speak_where_there_are_no_replicates() -> None:
    fit = fitted()
    noise = fit.seed_noise()
    _, covariance, dof = least_squares(runs())
    assert (noise.source, noise.dof, noise.log) == ("residuals", dof, False)
    assert "no replicate seeds" in noise.describe()
    X = np.column_stack([np.ones(30), 1 / np.sqrt(runs()["N"])])
    assert noise.sd == pytest.approx(np.sqrt((covariance @ X.T @ X)[0, 0]))


def test_replicates_are_kept_with_the_fit() -> None:
    fit = sl.fit("power_n", replicated(20))
    again = sl.Fit.from_json(fit.to_json())
    assert again.noise == fit.noise
    assert fit.seed_noise().source == "replicates"
    assert "60 replicates in 20 cells, 40 degrees of freedom" in fit.seed_noise().describe()


def test_new_runs_have_heavier_tails_where_the_noise_is_badly_known() -> None:
    few, many = (Noise(1.0, dof, "replicates", True, 1, 3) for dof in (2, 200))
    spans = [np.quantile(each.draws(2000, np.random.default_rng(0)), 0.975) for each in (few, many)]
    np.testing.assert_allclose(spans, [4.3, 1.97], rtol=0.03)


def test_no_run_to_spare_is_refused() -> None:
    with pytest.raises(FitError, match="leave no residual"):
        residual_noise(np.zeros(3), 3, log=True)
