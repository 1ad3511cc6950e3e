"""Approach 1 and the handling of learning curves."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import envelope, learning_curves
from scalelaw.errors import FitError, RunsError

TRUTH = {"E": 1.7, "A": 400.0, "B": 400.0, "alpha": 0.34, "beta": 0.34}


def curves(sizes: int = 33, points: int = 60):
    """Learning curves of a law with alpha = beta: the envelope has N* = (C / 6)^(1/2)."""
    N, D = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e7, 1e11, sizes), np.geomspace(1e6, 1e13, points)))
    runs = sl.laws.simulate(sl.laws.chinchilla, TRUTH, {"N": N, "D": D}, noise=0.0, rng=0)
    return runs | {"run": np.array([f"{size:.4g}" for size in N]), "step": np.rint(D / 1e4).astype(int)}


def test_the_envelope_of_a_known_law() -> None:
    frontier = envelope(curves(), C=np.geomspace(1e18, 1e22, 81), bootstrap=50)
    used = frontier.used
    assert len(used) == 81
    # the best of sizes a third apart is within half of that
    np.testing.assert_allclose(np.log(used["N"] / np.sqrt(used["C"] / 6)), 0, atol=0.2)
    row = frontier.exponents.iloc[0]
    assert row["exponent"] == pytest.approx(0.5, abs=0.01)
    assert row["low"] < 0.5 < row["high"]
    best = sl.allocate(sl.fit("chinchilla", curves()), C=used["C"])
    np.testing.assert_allclose(used["loss"], best["loss"], rtol=2e-3)


def test_budgets_at_the_ends_are_refused() -> None:
    frontier = envelope(curves(sizes=5), C=[1e15, 1e18, 1e19, 1e20, 5e23, 2e24, 1e30])
    assert list(frontier.minima["refused"]) == [
        "the smallest size is the best",
        *[""] * 3,
        "the largest size is the best",
        "one size reaches it",
        "no run reaches it",
    ]
    assert np.isnan(frontier.minima["N"].iloc[-1])


def test_envelope_refusals() -> None:
    table = curves()
    with pytest.raises(RunsError, match="three runs or more"):
        envelope({name: values[table["run"] == table["run"][0]] for name, values in table.items()})
    with pytest.raises(RunsError, match="'run'"):
        envelope({name: values for name, values in table.items() if name != "run"})
    with pytest.raises(FitError, match="largest size is the best"):
        envelope(table, C=[1e24, 1e25])


def test_warm_up_is_dropped_and_every_run_weighs_one() -> None:
    table = curves(sizes=4, points=20)
    table["step"][table["run"] == table["run"][0]] //= 3
    kept = learning_curves(table, warmup=0.01)
    last = kept.groupby("run")["step"].transform("max")
    assert (kept["step"] >= 0.01 * last).all()
    assert kept["step"].max() == table["step"].max()
    np.testing.assert_allclose(kept.groupby("run")["weight"].sum(), 1.0)
    late = learning_curves(table, warmup=0.01, weights="late")
    np.testing.assert_allclose(late.groupby("run")["weight"].sum(), 1.0)
    assert (late["weight"].groupby(late["run"]).apply(lambda each: each.is_monotonic_increasing)).all()
    assert (learning_curves(table, weights="equal")["weight"] == 1).all()
    np.testing.assert_array_equal(learning_curves(table, warmup="2K")["step"].min() >= 2000, True)


def test_points_may_be_thinned_and_the_last_stays() -> None:
    table = curves(sizes=4)
    thin = learning_curves(table, warmup=0, every=4)
    assert len(thin) < len(table["N"]) / 3
    for _, run in thin.groupby("run"):
        steps = np.sort(run["step"])
        assert steps[-1] == table["step"].max()
        assert (steps[1:] >= 4 * steps[:-1]).all()


def test_a_weighted_fit_of_curves_finds_the_law() -> None:
    kept = learning_curves(curves(sizes=6, points=30), warmup=1e-4, weights="late")
    fit = sl.fit("chinchilla", kept, weights="weight")
    for name, value in TRUTH.items():
        assert fit.params[name] == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"warmup": -1}, "warmup is a share"),
        ({"warmup": "soon"}, "warmup is a share"),
        ({"weights": "early"}, "one of run, late, equal"),
        ({"every": 0.5}, "1 or more"),
        ({"warmup": 1e15}, "leaves no checkpoint"),
    ],
)
def test_refusals(options: dict, message: str) -> None:
    with pytest.raises(RunsError, match=message):
        learning_curves(curves(sizes=3, points=5), **options)


def test_a_clock_is_needed() -> None:
    with pytest.raises(RunsError, match="'step' or 'D'"):
        learning_curves({"run": ["a", "b"], "N": [1e8, 2e8], "loss": [3.0, 2.9]})
