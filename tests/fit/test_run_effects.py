"""Checkpoints share noise: its parts told from shrunk residuals, drawn again, and what parts a run said to be wrong."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.errors import FitError
from scalelaw.fit.doubts import doubts_of
from scalelaw.fit.noise import replicate_noise
from scalelaw.fit.run_effects import RunNoise, basis, restored, run_noise

from .made_linear import LAW, straight

RUNS = np.repeat(np.arange(10), 4)


def curves(seed: int, *, runs: int = 12, between: float = 0.02, within: float = 0.004) -> dict[str, np.ndarray]:
    """Runs of five checkpoints each, whose error is nearly that of the run."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(runs), 5)
    N = np.rint(np.geomspace(100, 1e4, runs))[of]
    loss = straight(N, E=2.0, A=30.0) + RunNoise(between, within).draw(of, rng)
    return {"N": N, "step": np.tile(np.arange(1, 6), runs), "run": np.char.add("r", of.astype(str)), "loss": loss}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("truth", [(1.5, 0.7), (0.0, 1.0), (1.0, 0.1)])
def test_the_parts_are_told_without_the_bias_of_the_fit(truth: tuple[float, float], weighted: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((10, 4))[RUNS]
    X[:, 3] = rng.standard_normal(40)
    weights = rng.uniform(0.2, 3, 40) if weighted else None
    root = 1.0 if weights is None else np.sqrt(weights)
    q = basis(X, weights)
    noise = RunNoise(*truth).draw(RUNS, rng, 3000) * root
    found = [run_noise((each - q @ (q.T @ each)) / root, q, RUNS, weights) for each in noise]
    assert np.mean([each.total**2 for each in found]) == pytest.approx(truth[0] ** 2 + truth[1] ** 2, rel=0.08)
    if truth[0]:  # else what is below 0 by chance counts as 0
        assert np.mean([each.between**2 for each in found]) == pytest.approx(truth[0] ** 2, rel=0.08)


def test_a_run_of_one_row_shares_nothing() -> None:
    X = np.random.default_rng(0).standard_normal((40, 3))
    found = run_noise(np.ones(40), basis(X), np.arange(40))
    assert found.share == 0
    assert found.within == pytest.approx(np.sqrt(40 / 37))


def test_restored_residuals_have_the_covariance_of_the_noise() -> None:
    rng = np.random.default_rng(1)
    q = basis(rng.standard_normal((40, 5)))
    noise = rng.standard_normal((8000, 40))
    found = np.array([restored(each - q @ (q.T @ each), q, RUNS) for each in noise])
    np.testing.assert_allclose(np.cov(found[:, :4].T), np.eye(4), atol=0.08)


def test_the_residuals_of_a_run_restored_are_those_of_the_fit_without_it() -> None:
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    q = basis(X)
    found = restored(y - q @ (q.T @ y), q, RUNS, power=1.0)
    rest = np.linalg.lstsq(X[RUNS != 2], y[RUNS != 2], rcond=None)[0]
    np.testing.assert_allclose(found[RUNS == 2], (y - X @ rest)[RUNS == 2])


def covered(kind: str, sets: int = 40) -> float:
    held = 0
    for seed in range(sets):
        fit = sl.fit(LAW, curves(seed), loss="squared", space="raw", bootstrap=100, rng=seed, resample=kind)
        low, high = fit.interval("E")
        held += low < 2.0 < high
    return held / sets


@pytest.mark.parametrize("kind", ["parametric", "wild", "auto"])
def test_intervals_of_checkpoints_cover(kind: str) -> None:
    # 91, 90 and 92 % of 150 sets, by 100 draws of 12 runs
    assert covered(kind) > 0.82


def test_rows_taken_to_be_independent_do_not_cover_and_the_fit_says_so() -> None:
    assert covered("pairs") < 0.7
    for kind in ("pairs", "stratified", "bayesian-stratified"):
        table = curves(0) | {"P": np.tile([1, 1, 2, 2, 4], 12)}
        fit = sl.fit(LAW, table, loss="squared", space="raw", bootstrap=200, rng=0, resample=kind)
        assert any("60 rows are checkpoints of 12 runs" in note for note in fit.notes)
        assert "too narrow by far" in " ".join(fit.report().split())
        assert "too narrow by far" in sl.interval_of(fit, "E").doubts[0]
        assert "too narrow by far" in doubts_of(fit, "bc")[0]


@pytest.mark.parametrize("kind", ["auto", "cluster", "bayesian", "wild", "wild-mammen", "parametric"])
def test_nothing_is_said_where_runs_stay_whole(kind: str) -> None:
    fit = sl.fit(LAW, curves(0), loss="squared", space="raw", bootstrap=200, rng=0, resample=kind)
    assert not any("checkpoints" in note for note in fit.notes)
    assert sl.interval_of(fit, "E").doubts == ()
    few = sl.fit(LAW, curves(0, runs=8), loss="squared", space="raw", bootstrap=200, rng=0, resample=kind)
    (doubt,) = sl.interval_of(few, "E").doubts
    assert doubt.startswith("the table has 8 values of run, so few")


def test_clusters_that_hold_whole_runs_are_fine_and_others_are_not() -> None:
    options = {"loss": "squared", "space": "raw", "bootstrap": 200, "rng": 0, "resample": "cluster"}
    whole = sl.fit(LAW, curves(0) | {"N_total": np.repeat(np.arange(1, 7), 10)}, by="N_total", **options)
    parted = sl.fit(LAW, curves(0), by="step", **options)
    assert "6 values of N_total" in doubts_of(whole, "bc")[0]
    assert "too narrow" in doubts_of(parted, "bc")[0]


def test_the_report_counts_runs_and_not_their_checkpoints() -> None:
    assert "runs  12, of which these are 60 checkpoints" in sl.fit(LAW, curves(0)).report()


def test_parametric_noise_says_what_a_run_shares() -> None:
    fit = sl.fit(LAW, curves(0), loss="squared", space="raw", bootstrap=200, rng=0, resample="parametric")
    assert fit.draws.by == "run"
    assert "rows of one run sharing noise" in fit.report()
    assert "of whose variance the rows of a run share 9" in fit.draws.describe()
    assert sl.Fit.from_json(fit.to_json(), law=LAW).draws.describe() == fit.draws.describe()


def test_the_noise_of_a_row_is_that_of_its_run_too() -> None:
    sizes = [sl.fit(LAW, curves(seed), loss="squared", space="raw").seed_noise() for seed in range(40)]
    assert np.sqrt(np.mean([each.sd**2 for each in sizes])) == pytest.approx(np.hypot(0.02, 0.004), rel=0.1)
    assert sizes[0].dof == 10


def test_checkpoints_of_one_run_are_no_replicates() -> None:
    one = {"N": np.repeat([1e3, 1e4], 3), "run": np.repeat(["a", "b"], 3), "loss": np.arange(6.0) + 1}
    assert replicate_noise(one, LAW) is None
    two = {name: np.concatenate([values, values]) for name, values in one.items()}
    two |= {"run": np.repeat([*"abcd"], 3), "loss": np.arange(12.0) + 1}
    assert replicate_noise(two, LAW, log=False).dof == 2


@pytest.mark.parametrize("kind", ["pairs", "bayesian", "wild", "stratified", "parametric"])
@pytest.mark.parametrize("rows", [3, 4])
def test_a_table_without_rows_to_spare_has_no_bootstrap(rows: int, kind: str) -> None:
    N = np.geomspace(1e8, 1e10, rows)
    loss = (1.7 + 400 * N**-0.34) * np.exp(0.003 * np.random.default_rng(0).standard_normal(rows))
    with pytest.raises(FitError, match=f"{rows} runs for 3 parameters (are too few|leave no residual)"):
        sl.fit("power_n", {"N": N, "P": np.ones(rows), "loss": loss}, bootstrap=100, rng=0, resample=kind)


def test_replicates_know_the_noise_of_as_many_sizes_as_parameters() -> None:
    N = np.repeat([100.0, 10000.0], 3)
    loss = straight(N, E=2.0, A=30.0) + 0.01 * np.random.default_rng(0).standard_normal(6)
    fit = sl.fit(
        LAW,
        {"N": N, "seed": np.tile(np.arange(3), 2), "loss": loss},
        loss="squared",
        space="raw",
        bootstrap=500,
        rng=0,
        resample="parametric",
    )
    low, high = fit.interval("E")
    assert high - low > 0.01


def test_two_runs_that_must_both_be_drawn_give_no_interval() -> None:
    two = {name: values[np.isin(np.arange(60) // 5, (0, 11))] for name, values in curves(0).items()}
    with pytest.raises(FitError, match=r"every resample gives the same E, A, .* too few values of run"):
        sl.fit(LAW, two, loss="squared", space="raw", bootstrap=50, rng=0)


def test_a_group_too_small_for_draws_is_fitted_alone_without() -> None:
    N = np.concatenate([np.geomspace(1e8, 1e10, 12), np.geomspace(1e8, 1e10, 4)])
    loss = (1.7 + 400 * N**-0.34) * np.exp(0.003 * np.random.default_rng(0).standard_normal(16))
    table = {"N": N, "loss": loss, "family": np.repeat(["big", "small"], [12, 4])}
    found = sl.fit_groups("power_n", table, by="family", shared=["alpha", "E"], bootstrap=50, rng=0)
    assert found.alone["big"].draws is not None
    assert found.alone["small"].draws is None
