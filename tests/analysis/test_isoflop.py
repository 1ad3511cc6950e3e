"""Approach 2 on the published profiles, on profiles of a known law, and on those that it must refuse."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import approaches, isoflop
from scalelaw.errors import FitError, RunsError

TRUTH = {"E": 1.7, "A": 400.0, "B": 400.0, "alpha": 0.34, "beta": 0.34}
PUBLISHED = [
    each
    for each in sl.datasets.published("porian")
    if "n_exponent" in each.params and each.rows["dataset"] == "rw" and "summary_df.pickle" in each.reference
]


def profiles(budgets=(1e18, 1e19, 1e20, 1e21), *, sizes: int = 9, off: float = 1.0, noise: float = 0.0):
    """IsoFLOP profiles around the optimum of a law with alpha = beta, so that N* = D* = (C / 6)^(1/2)."""
    C, factor = (grid.ravel() for grid in np.meshgrid(budgets, np.geomspace(0.2, 5, sizes) * off, indexing="ij"))
    N = np.sqrt(C / 6) * factor
    return sl.laws.simulate(sl.laws.chinchilla, TRUTH, {"N": N, "D": C / (6 * N), "C": C}, noise=noise, rng=0)


def test_there_are_five_published_rows() -> None:
    assert len(PUBLISHED) == 5


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: each.reference[-5:])
def test_the_published_exponents_come_out(published) -> None:
    rows = sl.load("porian", **published.rows)
    row = isoflop(rows, curve="akima", bootstrap=500).exponents.iloc[0]
    assert row["exponent"] == pytest.approx(published.params["n_exponent"], abs=0.01)
    low, high = published.interval["n_exponent"]
    assert row["low"] < high
    assert low < row["high"]


@pytest.mark.parametrize("curve", ["parabola", "akima"])
def test_symmetric_profiles_give_the_closed_form(curve: str) -> None:
    frontier = isoflop(profiles(), curve=curve)
    np.testing.assert_allclose(frontier.minima["N"], np.sqrt(frontier.minima["C"] / 6), rtol=1e-3)
    np.testing.assert_allclose(frontier.exponents["exponent"], 0.5, atol=1e-4)
    np.testing.assert_allclose(frontier.exponents["r2"], 1.0, atol=1e-5)


@pytest.mark.parametrize("curve", ["parabola", "akima"])
def test_invariances(curve: str) -> None:
    runs = profiles(noise=3e-4)
    first = isoflop(runs, curve=curve)
    order = np.random.default_rng(1).permutation(len(runs["loss"]))
    shuffled = isoflop({name: values[order] for name, values in runs.items()}, curve=curve)
    np.testing.assert_allclose(shuffled.minima["N"], first.minima["N"])
    units = isoflop(runs | {"N": runs["N"] * 100, "D": runs["D"] / 100}, curve=curve)
    np.testing.assert_allclose(units.minima["N"], 100 * first.minima["N"], rtol=1e-5)
    np.testing.assert_allclose(units.exponents["exponent"], first.exponents["exponent"], atol=1e-6)
    without = isoflop({name: values for name, values in runs.items() if name != "C"}, curve=curve)
    np.testing.assert_allclose(without.minima["N"], first.minima["N"], rtol=1e-6)


def test_intervals_hold_the_truth_and_grow_with_the_noise() -> None:
    # of four standard errors, which hold the truth whatever the seed
    sure = {"bootstrap": 400, "level": 0.9999, "kind": "normal"}
    quiet, loud = (isoflop(profiles(noise=noise), noise=noise, **sure) for noise in (2e-4, 2e-3))
    for frontier in (quiet, loud):
        row = frontier.exponents.iloc[0]
        assert row["low"] < 0.5 < row["high"]
        assert (frontier.minima["N_low"] < frontier.minima["N_high"]).all()
    widths = [np.log(frontier.minima["N_high"] / frontier.minima["N_low"]).mean() for frontier in (quiet, loud)]
    assert widths[1] > 4 * widths[0]


def test_intervals_of_exponents_are_students_of_the_scatter_of_minima() -> None:
    """Against SciPy's regression; two budgets have no scatter, and their intervals are those of the noise given."""
    from scipy.stats import linregress, t

    frontier = isoflop(profiles(noise=1e-3), level=0.9)
    assert "N_low" not in frontier.minima
    known = linregress(np.log(frontier.minima["C"]), np.log(frontier.minima["N"]))
    row = frontier.exponents.iloc[0]
    assert (row["high"] - row["low"]) / 2 == pytest.approx(t.ppf(0.95, 2) * known.stderr)
    assert (row["high"] + row["low"]) / 2 == pytest.approx(known.slope)
    two = [
        isoflop(profiles([1e18, 1e21]), bootstrap=500, noise=noise, kind="normal").exponents.iloc[0]
        for noise in (1e-4, 2e-4)
    ]
    narrow, wide = (row["high"] - row["low"] for row in two)
    assert wide == pytest.approx(2 * narrow, rel=0.01)


def test_the_noise_of_the_runs_is_found() -> None:
    from scalelaw.analysis.isoflop_profile import profiles_of, run_noise

    runs = profiles(np.geomspace(1e18, 1e22, 12), sizes=25, noise=1e-3)
    assert run_noise(profiles_of(runs)) == pytest.approx(1e-3, rel=0.2)


def test_refused_by_name() -> None:
    runs = profiles()
    bad = {name: values.copy() for name, values in runs.items()}
    first, second = bad["C"] == 1e18, bad["C"] == 1e19
    bad["loss"][first] = 10.0 - bad["loss"][first]
    bad["N"][second] *= 100
    bad["loss"][second] = 2.0 + np.log(bad["N"][second]) ** 2 / 1e3
    frontier = isoflop(bad)
    assert list(frontier.minima["refused"]) == ["concave", "its minimum lies below the smallest size", "", ""]
    assert frontier.exponents["budgets"].tolist() == [2, 2]
    assert len(frontier.used) == 2
    akima = isoflop(bad, curve="akima").minima["refused"]
    assert "size is the best" in akima[0]
    assert akima[1] == "its smallest size is the best"


def test_too_few() -> None:
    with pytest.raises(FitError, match=r"C = 1e\+18: 3 sizes, and a parabola needs 4"):
        isoflop(profiles([1e18, 1e20], sizes=3))
    with pytest.raises(FitError, match="two budgets or more"):
        isoflop(profiles([1e18]))
    with pytest.raises(FitError, match="above the largest size"):
        isoflop(profiles(off=0.01))
    with pytest.raises(FitError, match="parabola, akima"):
        isoflop(profiles(), curve="spline")
    with pytest.raises(FitError, match="factor above 1"):
        isoflop(profiles(), window=0.5)
    with pytest.raises(FitError, match="give it, as in noise"):
        isoflop(profiles(sizes=4), bootstrap=10)
    with pytest.raises(RunsError, match="use envelope"):
        isoflop(sl.load("gemstones"))
    with pytest.raises(RunsError, match="'D'"):
        isoflop({"N": [1e8], "loss": [3.0]})


@pytest.mark.parametrize(
    ("name", "values"),
    [("P", [1, 2]), ("dataset", ["a", "b"]), ("param_count", ["a", "b"]), ("hparams", ["base", "tuned"])],
)
def test_runs_of_several_kinds_are_no_profile(name: str, values: list) -> None:
    runs = profiles()
    mixed = runs | {name: np.array(values * (len(runs["N"]) // 2))}
    with pytest.raises(RunsError, match="choose the rows of one"):
        isoflop(mixed)
    one = isoflop({name: values[::2] for name, values in mixed.items()})
    assert (one.minima["refused"] == "").all()


@pytest.mark.parametrize("curve", ["parabola", "akima"])
def test_an_end_that_draws_do_not_find_is_open(curve: str) -> None:
    """Profiles whose best size is nearly their smallest, and noise that hides the rest."""
    minima = isoflop(profiles(off=4.0), curve=curve, bootstrap=200, noise=0.01).minima
    assert (minima["N_low"] == 0).all()
    assert (minima["N_high"] > minima["N"]).all()


def test_three_approaches_agree_on_a_known_law() -> None:
    frame = approaches(profiles(), bootstrap=50).set_index("approach")
    assert frame.loc["2 isoFLOP", "a"] == pytest.approx(0.5, abs=1e-3)
    assert frame.loc["3 parametric", "a"] == pytest.approx(0.5, abs=1e-3)
    assert "run" in frame.loc["1 envelope", "remark"]
    np.testing.assert_allclose(frame["a"].dropna() + frame["b"].dropna(), 1.0, atol=1e-6)
