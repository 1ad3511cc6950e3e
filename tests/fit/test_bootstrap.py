"""The bootstrap: each resample at its own optimum, the right rows drawn together, the same draws from the same seed."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit.bootstrap import Resampling
from scalelaw.fit.intervals import interval

PILE, CHINCHILLA = load_columns("parscale-pile"), load_columns("chinchilla")


@pytest.mark.parametrize(("law", "runs"), [("chinchilla", CHINCHILLA), ("parscale", PILE)])
def test_every_resample_is_at_its_own_optimum(law: str, runs: dict[str, np.ndarray]) -> None:
    fit = sl.fit(law, runs, bootstrap=40, rng=5)
    weights = Resampling.plan("pairs", None, runs).weights(40, np.random.default_rng(5))
    assert fit.draws is not None
    assert fit.draws.redrawn == 0
    for row in range(40):
        alone = sl.fit(law, runs, weights=weights[row], thorough=True, throw=False)
        assert fit.draws.objective[row] <= alone.objective * (1 + 1e-9)


def test_the_same_seed_gives_the_same_draws() -> None:
    first, second, other = (sl.fit("parscale", PILE, bootstrap=30, rng=seed).draws for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.theta, second.theta)
    assert not np.array_equal(first.theta, other.theta)


def test_fixed_parameters_do_not_vary() -> None:
    fit = sl.fit("parscale", PILE, bootstrap=20, rng=0, fixed={"k": 0.3})
    assert set(fit.draws.theta[:, 3]) == {0.3}
    assert fit.interval("k") == (0.3, 0.3)


def test_intervals_resemble_those_of_besiroglu_et_al() -> None:
    # 234 of their 240 points, other resamples: their standard errors are .0257, .0154 and .0206 for E, alpha, beta
    fit = sl.fit("chinchilla", CHINCHILLA, bootstrap=1000, rng=0)
    spread = dict(zip(fit.law.parameters, fit.draws.theta.std(0), strict=True))
    assert spread["E"] == pytest.approx(0.0257, rel=0.25)
    assert spread["alpha"] == pytest.approx(0.0154, rel=0.25)
    assert spread["beta"] == pytest.approx(0.0206, rel=0.25)


def test_pairs_strata_and_clusters() -> None:
    table = {"run": np.array([*"aabbcc"]), "P": np.array([1, 1, 1, 2, 2, 2]), "loss": np.ones(6)}
    rng = np.random.default_rng(0)
    assert (Resampling.plan("pairs", None, table).weights(50, rng).sum(1) == 6).all()
    stratified = Resampling.plan("stratified", None, table).weights(50, rng)
    assert (stratified[:, :3].sum(1) == 3).all()
    cluster = Resampling.plan("cluster", None, table).weights(50, rng)
    assert (cluster[:, ::2] == cluster[:, 1::2]).all()
    assert (cluster.sum(1) == 6).all()


@pytest.mark.parametrize(("run", "kind"), [(["a", "a", "b"], "cluster"), (["a", "b", "c"], "pairs"), (None, "pairs")])
def test_checkpoints_of_one_run_are_drawn_together_unless_told_otherwise(run: list[str] | None, kind: str) -> None:
    table = {"loss": np.ones(3)} if run is None else {"run": np.array(run), "loss": np.ones(3)}
    assert Resampling.plan("auto", None, table).kind == kind


def test_gemstones_are_clustered_by_run_and_wider_for_it() -> None:
    runs = load_columns("gemstones")
    clustered = sl.fit("chinchilla", runs, bootstrap=200, rng=0)
    pairs = sl.fit("chinchilla", runs, bootstrap=200, rng=0, resample="pairs")
    assert (clustered.draws.kind, clustered.draws.by) == ("cluster", "run")
    alpha = clustered.law.parameters.index("alpha")
    assert clustered.draws.theta[:, alpha].std() > 1.3 * pairs.draws.theta[:, alpha].std()


def test_resamples_that_determine_nothing_are_drawn_anew_or_refused() -> None:
    six = {"N": np.array([1e8, 2e8, 4e8, 1e9, 2e9, 4e9]), "loss": np.array([3.0, 2.7, 2.5, 2.3, 2.2, 2.13])}
    fit = sl.fit("power_n", six, bootstrap=200, rng=0)
    assert fit.draws.redrawn > 0
    assert any("drawn anew" in note for note in fit.notes)
    with pytest.raises(FitError, match="too few"):
        sl.fit("power_n", {name: values[:3] for name, values in six.items()}, bootstrap=20, rng=0)


def test_interval_kinds_on_a_known_distribution() -> None:
    draws = np.random.default_rng(0).normal(2.0, 1.0, 200_000)
    for kind in ("bc", "percentile", "normal"):
        np.testing.assert_allclose(interval(draws, 2.0, kind=kind), [0.04, 3.96], atol=0.03)


def test_bias_correction_shifts_towards_the_estimate() -> None:
    draws = np.random.default_rng(0).normal(0.5, 1.0, 200_000)
    # bias of half a standard deviation: percentiles move by 2 z0 = -1, to Phi(-2.96) and Phi(0.96)
    np.testing.assert_allclose(interval(draws, 0.0), [0.5 - 2.96, 0.5 + 0.96], atol=0.05)


def test_intervals_of_many_quantities_keep_their_shape() -> None:
    draws = np.random.default_rng(0).normal(size=(500, 3, 2))
    assert interval(draws, np.zeros((3, 2))).shape == (2, 3, 2)


@pytest.mark.parametrize(("options", "says"), [({"kind": "basic"}, "bc, percentile, normal"), ({"level": 95}, "0.95")])
def test_intervals_refuse_nonsense(options: dict, says: str) -> None:
    with pytest.raises(FitError, match=says):
        interval(np.arange(9.0), 4.0, **options)


def test_prediction_bands_contain_the_law() -> None:
    fit = sl.fit("parscale", PILE, bootstrap=200, rng=0)
    frame = fit.predict({"N": [5e8, 1.6e9, 1e11], "P": 8}, interval=0.95)
    assert ((frame["low"] < frame["loss"]) & (frame["loss"] < frame["high"])).all()
    width = (frame["high"] - frame["low"]).to_numpy()
    assert width[2] > 3 * width[1]


def test_no_draws_no_interval() -> None:
    fit = sl.fit("parscale", PILE)
    with pytest.raises(FitError, match="bootstrap=1000"):
        fit.interval("k")
    with pytest.raises(FitError, match="bootstrap=1000"):
        fit.predict({"N": 1e9, "P": 2}, interval=0.9)


def test_auto_with_a_column_takes_its_groups_as_clusters() -> None:
    assert sl.fit("parscale", PILE, bootstrap=10, rng=0, by="size").draws.kind == "cluster"


def test_the_seed_is_kept() -> None:
    assert sl.fit("parscale", PILE, bootstrap=10, rng=7).draws.seed == 7
    assert sl.fit("parscale", PILE, bootstrap=10, rng=np.random.default_rng(7)).draws.seed is None


def test_few_draws_are_said_to_be_few() -> None:
    assert any("too few" in note for note in sl.fit("parscale", PILE, bootstrap=10, rng=0).notes)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"resample": "pairs", "by": "P"}, "has no groups"),
        ({"resample": "cluster", "by": "corpus"}, "needs a column 'corpus'"),
        ({"resample": "jackknife"}, "pairs, stratified, cluster"),
        ({"bootstrap": 2.5}, "whole number"),
        ({"bootstrap": 1}, "at least 2"),
        ({"bootstrap": 5, "rng": "a"}, "rng must be a whole number"),
        ({"resample": "wild"}, "resample='wild' would do nothing"),
        ({"resample": "cluster", "by": "P"}, "resample='cluster' and by='P' would do nothing"),
        ({"by": "P", "bootstrap": 0}, "by='P' would do nothing"),
    ],
)
def test_bad_resampling_is_refused(options: dict, says: str) -> None:
    with pytest.raises(FitError, match=says):
        sl.fit("parscale", PILE, **options)
