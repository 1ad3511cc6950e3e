"""fit(): golden optima, options, invariances, recovery of known parameters."""

import json
from pathlib import Path

import lmfit
import numpy as np
import pytest

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError, LawError, RunsError
from scalelaw.laws import ALL
from scalelaw.laws.law import Law
from scalelaw.laws.simulate import simulate

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "fits.json").read_text())
SETS = [
    ("chinchilla", "chinchilla", 1e-3, "chinchilla_234 log-Huber(1e-3) sum"),
    ("parscale", "parscale-stack", 1e-3, "parscale stack_v2_python"),
    ("parscale", "parscale-pile", 1e-3, "parscale pile"),
    ("chinchilla", "gemstones", 1e-3, "gemstones hot (N="),
    ("chinchilla", "gemstones", 1e-4, "gemstones hot log-Huber(1e-4) sum"),
]


@pytest.mark.parametrize(("law", "data", "delta", "key"), SETS, ids=[f"{s[1]}-{s[2]:g}" for s in SETS])
def test_golden_optima(law: str, data: str, delta: float, key: str) -> None:
    truth = next(value for name, value in GOLDEN.items() if name.startswith(key))
    fit = sl.fit(law, load_columns(data), delta=delta)
    assert fit.rows == truth["n"]
    assert fit.objective <= truth["objective"] * (1 + 1e-9)
    assert fit.objective == pytest.approx(truth["objective"], rel=1e-9)
    for name, value in fit.params.items():
        golden = truth[name] * (1e9 if law == "parscale" and name == "A" else 1)
        assert value == pytest.approx(golden, rel=1e-6)
    assert fit.r2 == pytest.approx(truth["r2"], abs=1e-9)
    assert fit.converged
    assert fit.convergence.agreed >= 3


@pytest.mark.parametrize("thorough", [False, True])
def test_thorough_finds_the_same_optimum(thorough: bool) -> None:
    fit = sl.fit("parscale", load_columns("parscale-pile"), thorough=thorough)
    assert fit.objective == pytest.approx(1.813931589693256e-05, rel=1e-12)
    assert fit.convergence.grid_minima == 1


PILE = load_columns("parscale-pile")


def test_row_order_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(24)
    fit = sl.fit("parscale", {name: values[order] for name, values in PILE.items()})
    assert fit.objective == pytest.approx(sl.fit("parscale", PILE).objective, rel=1e-12)


def test_units_of_n_move_a_alone() -> None:
    fit = sl.fit("parscale", {**PILE, "N": PILE["N"] * 1000})
    plain = sl.fit("parscale", PILE)
    assert fit.params["A"] == pytest.approx(1000 * plain.params["A"], rel=1e-6)
    assert fit.params["alpha"] == pytest.approx(plain.params["alpha"], rel=1e-8)


def test_whole_number_weights_repeat_rows() -> None:
    times = np.random.default_rng(1).integers(1, 4, 24)
    weighted = sl.fit("parscale", PILE, weights=times)
    repeated = sl.fit("parscale", {name: np.repeat(values, times) for name, values in PILE.items()})
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-10)
    assert weighted.params["k"] == pytest.approx(repeated.params["k"], rel=1e-6)


def test_weights_by_column_name() -> None:
    ones = np.linspace(1, 2, 24)
    assert (
        sl.fit("parscale", {**PILE, "w": ones}, weights="w").objective
        == sl.fit("parscale", PILE, weights=ones).objective
    )


def test_squared_error_agrees_with_scipy() -> None:
    from scipy.optimize import least_squares

    fit = sl.fit("parscale", PILE, loss="squared")
    columns = [np.asarray(PILE[name], float) for name in ("N", "P")]

    def residuals(x: np.ndarray) -> np.ndarray:
        E, logA, alpha, k = x
        return np.log(ALL["parscale"].fn(*columns, E=E, A=np.exp(logA), alpha=alpha, k=k) / PILE["loss"])

    start = [1.2, np.log(2e8), 0.2, 0.3]
    other = least_squares(residuals, start, x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert fit.objective == pytest.approx(other.cost, rel=1e-10)
    assert fit.settings.delta is None


def test_least_absolute_deviations_pass_through_as_many_runs_as_parameters() -> None:
    fit = sl.fit("parscale", PILE, loss="absolute")
    errors = np.abs(np.log(fit.predicted / PILE["loss"]))
    assert (errors < 1e-9).sum() == 4
    small = sl.fit("parscale", PILE, delta=1e-8)
    assert fit.objective <= np.abs(np.log(small.predicted / PILE["loss"])).sum() * (1 + 1e-9)


def test_published_point_of_besiroglu_et_al_is_the_limit_of_a_small_delta() -> None:
    runs = load_columns("chinchilla")
    objectives = [sl.fit("chinchilla", runs, delta=delta).objective / delta for delta in (1e-6, 1e-8, 1e-10)]
    limit = sl.fit("chinchilla", runs, loss="absolute").objective
    assert np.abs(np.array(objectives) - limit).tolist() == sorted(np.abs(np.array(objectives) - limit), reverse=True)
    assert objectives[-1] == pytest.approx(limit, rel=1e-6)


def test_delta_auto_is_1345_scaled_deviations() -> None:
    fit = sl.fit("chinchilla", load_columns("chinchilla"), delta="auto")
    errors = np.log(fit.predicted / fit.columns["loss"])
    spread = 1.4826 * np.median(np.abs(errors - np.median(errors)))
    assert fit.settings.delta == pytest.approx(1.345 * spread, rel=1e-6)


def test_raw_space_and_asymmetry() -> None:
    raw = sl.fit("parscale", PILE, space="raw", loss="squared")
    assert raw.objective == pytest.approx(0.5 * ((raw.predicted - PILE["loss"]) ** 2).sum(), rel=1e-9)
    floor = sl.fit("parscale", PILE, overestimate=20.0)
    assert (floor.predicted > PILE["loss"]).sum() < (sl.fit("parscale", PILE).predicted > PILE["loss"]).sum()


def test_fixed_parameters_stay() -> None:
    fit = sl.fit("parscale", PILE, fixed={"k": 0.3, "alpha": 0.2})
    assert (fit.params["k"], fit.params["alpha"]) == (0.3, 0.2)
    assert fit.free == ("E", "A")
    optimum = sl.fit("parscale", PILE)
    again = sl.fit("parscale", PILE, fixed={"k": optimum.params["k"]})
    assert again.objective == pytest.approx(optimum.objective, rel=1e-9)
    assert again.params["A"] == pytest.approx(optimum.params["A"], rel=1e-5)


def test_bounds_hold_and_are_reported() -> None:
    fit = sl.fit("parscale", PILE, bounds={"alpha": (0.25, 0.5)})
    assert fit.params["alpha"] == 0.25
    assert fit.convergence.at_bounds == ("alpha",)
    assert any("alpha ended at its bound" in note for note in fit.notes)


def test_a_floor_of_zero_is_found_and_said() -> None:
    N = np.geomspace(1e8, 1e10, 20)
    fit = sl.fit(
        "power_n", {"N": N, "loss": 30 / N**0.12 * np.exp(0.02 * (np.arange(20) % 2) - 2e-3 * np.log(N / 1e9) ** 2)}
    )
    assert fit.params["E"] == 0.0
    assert "E" in fit.convergence.at_bounds


def test_ties_through_lmfit() -> None:
    params = lmfit.Parameters()
    params.add("E", value=1.8, min=0)
    params.add("A", value=400, min=0)
    params.add("B", value=400, min=0)
    params.add("alpha", value=0.34, min=0)
    params.add("beta", expr="alpha")
    fit = sl.fit("chinchilla", load_columns("chinchilla"), params=params)
    assert fit.params["beta"] == fit.params["alpha"]
    assert fit.objective >= GOLDEN["chinchilla_234 log-Huber(1e-3) sum"]["objective"]


RECOVERY = {
    "parscale": {"E": 1.3, "A": 2e8, "alpha": 0.2, "k": 0.33},
    "parscale_ensemble": {"E": 1.3, "A": 2e8, "alpha": 0.2, "rho": 0.9},
    "additive_streams": {"E": 1.2, "A": 100.0, "B": 0.1, "alpha": 0.25, "beta": 0.5},
    "power_streams": {"E": 1.2, "A": 100.0, "alpha": 0.25, "b": 0.25},
    "log2_streams": {"E": 1.2, "A": 100.0, "alpha": 0.25, "beta": 0.1},
    "chinchilla": {"E": 1.7, "A": 400.0, "B": 1500.0, "alpha": 0.34, "beta": 0.36},
    "kaplan": {"Nc": 8.8e13, "Dc": 5.4e13, "alpha_N": 0.076, "alpha_D": 0.095},
    "coupled": {"E": 1.5, "A": 500.0, "B": 1500.0, "a": 0.34, "b": 0.36, "g": 0.8},
    "overtrained": {"E": 1.6, "a": 80.0, "b": 200.0, "eta": 0.15},
    "power_n": {"E": 1.7, "A": 400.0, "alpha": 0.3},
    "power_d": {"E": 1.7, "B": 400.0, "beta": 0.3},
    "power_c": {"E": 1.7, "A": 400.0, "gamma": 0.15},
    "broken_power": {"E": 1.5, "A": 10.0, "alpha": 0.15, "Nb": 1e9, "gamma": 0.1, "f": 0.5},
    "parscale_data": {"E": 1.2, "A": 2e8, "alpha": 0.3, "k": 0.33, "B": 1000.0, "beta": 0.33},
    "data_constrained": {"E": 1.7, "A": 400.0, "B": 1500.0, "alpha": 0.34, "beta": 0.36, "R_N": 5.0, "R_D": 15.0},
}


def test_recovery_covers_every_law() -> None:
    assert set(RECOVERY) == set(ALL)


@pytest.mark.parametrize("name", RECOVERY)
def test_parameters_come_back_from_exact_losses(name: str) -> None:
    rng = np.random.default_rng(7)
    N = np.exp(rng.uniform(np.log(1e8), np.log(1e10), 80))
    N, D = np.round(N), np.round(N * np.exp(rng.uniform(np.log(3), np.log(200), 80)))
    design = {
        "N": N,
        "D": D,
        "P": rng.choice([1.0, 2.0, 4.0, 8.0], 80),
        "C": 6 * N * D,
        "U": np.round(D / rng.choice([1, 3, 9, 27], 80)),
    }
    law, truth = ALL[name], RECOVERY[name]
    design = {column: design[column] for column in law.columns}
    fit = sl.fit(law, {**design, "loss": law.predict(design, truth)})
    assert fit.rmse < 1e-12
    for parameter, value in truth.items():
        assert fit.params[parameter] == pytest.approx(value, rel=1e-7)


def test_noise_and_outliers_leave_the_truth_within_reach() -> None:
    rng = np.random.default_rng(3)
    N = np.exp(rng.uniform(np.log(1e8), np.log(1e10), 200))
    design = {"N": N, "D": N * np.exp(rng.uniform(np.log(3), np.log(200), 200))}
    runs = simulate(ALL["chinchilla"], RECOVERY["chinchilla"], design, noise=1e-3, outliers=0.05, rng=rng)
    fit = sl.fit("chinchilla", runs)
    assert fit.params["E"] == pytest.approx(1.7, abs=0.03)
    assert fit.params["alpha"] == pytest.approx(0.34, abs=0.03)


def test_a_black_box_reaches_the_same_optimum() -> None:
    def opaque(N: np.ndarray, P: np.ndarray, *, E: float, A: float, alpha: float, k: float) -> np.ndarray:
        """E + (A/(N(k ln P + 1)))^alpha, through a list"""
        streams = np.array([np.log(float(p)) for p in P])
        return E + (A / (N * (k * streams + 1))) ** alpha  # type: ignore[no-any-return]

    fit = sl.fit(Law("opaque", opaque), PILE)
    assert fit.objective == pytest.approx(1.813931589693256e-05, rel=1e-9)
    assert not fit.convergence.exact_derivatives
    assert any("central differences" in note for note in fit.notes)


@pytest.mark.parametrize("law", ["parscale_data", "kaplan"])
def test_a_part_that_vanishes_beyond_its_parameters_is_named(law: str) -> None:
    """Losses without N ask for A = 0 and alpha = 0 at once, which (A / N)^alpha cannot say."""
    N, D, P = (grid.ravel() for grid in np.meshgrid([1e8, 3e8, 1e9, 3e9], [2e9, 1e10, 5e10], [1.0, 2, 4]))
    runs = {"N": N, "D": D, "P": P, "loss": 1.7 + 400 / D**0.3}
    with pytest.raises(FitError, match=f"a part of law '{law}' vanishes on these runs"):
        sl.fit(law, runs, throw=False)


def test_a_law_that_is_no_function_of_its_arguments_is_refused() -> None:
    rng = np.random.default_rng(0)

    def fickle(N: np.ndarray, *, E: float, A: float, alpha: float) -> np.ndarray:
        """E + A / N^alpha, a little more or less at every call"""
        return E + A / N**alpha * (1 + 0.01 * rng.random())

    with pytest.raises(FitError, match="when it is called again"):
        sl.fit(Law("fickle", fickle), {"N": PILE["N"], "loss": PILE["loss"]})


FIVE = {"N": [1e8, 2e8, 3e8, 5e8, 8e8], "loss": [2, 1.9, 1.8, 1.7, 1.6]}
LINE = {"N": np.geomspace(1e8, 1e9, 9), "D": 20 * np.geomspace(1e8, 1e9, 9), "loss": np.linspace(3, 2, 9)}
TWO_SIZES = {"N": [1e8, 2e8] * 3, "loss": [2, 1.9, 2.01, 1.91, 2, 1.9]}
REFUSED = [
    ("no P", "parscale", FIVE, {}, FitError, "every one has P = 1, .*fit power_n"),
    ("P = 4", "parscale", {**FIVE, "P": [4] * 5}, {}, FitError, "A and k"),
    ("D = 20 N", "chinchilla", LINE, {}, FitError, "fit power_n, .* add a run off that line"),
    ("one D", "chinchilla", {**FIVE, "D": [2e9] * 5}, {}, FitError, "fit power_n, the law without D, add a run"),
    ("one P", "parscale_data", {**LINE, "D": LINE["D"][::-1]}, {}, FitError, "fit chinchilla, the law without P"),
    ("no simpler", "kaplan", {"N": [1e8] * 5, "D": [1e9] * 5, "loss": [2.0] * 5}, {}, FitError, "; add a run"),
    ("few rows", "power_n", {"N": [1e8, 2e8], "loss": [2, 1.9]}, {}, FitError, "only 2 rows"),
    ("two sizes", "power_n", TWO_SIZES, {}, FitError, "2 different values of N"),
    ("no column", "kaplan", {"N": PILE["N"], "loss": PILE["loss"]}, {}, RunsError, "needs column 'D'"),
    ("negative loss", "power_n", {"N": [1e8, 2e8, 3e8], "loss": [2, -1, 1]}, {}, RunsError, "row 2"),
    ("unknown law", "parscal", PILE, {}, LawError, "parscale"),
    ("delta", "parscale", PILE, {"delta": 0}, FitError, "positive number"),
    ("loss", "parscale", PILE, {"loss": "cauchy"}, FitError, "huber, squared, absolute"),
    ("space", "parscale", PILE, {"space": "sqrt"}, FitError, "log, raw"),
    ("fixed name", "parscale", PILE, {"fixed": {"beta": 1}}, LawError, "E, A, alpha, k"),
    ("empty bounds", "parscale", PILE, {"bounds": {"k": (1, 0)}}, FitError, "not below"),
    ("all fixed", "power_n", PILE, {"fixed": {"E": 1, "A": 1, "alpha": 1}}, FitError, "nothing to fit"),
    ("weights", "parscale", PILE, {"weights": [1, 2]}, FitError, "24 in all"),
    ("weights column", "parscale", PILE, {"weights": "w"}, FitError, "'w' is not in the table"),
    ("resample", "parscale", PILE, {"bootstrap": 5, "resample": "jackknife"}, FitError, "pairs, stratified, cluster"),
    ("delta text", "parscale", PILE, {"delta": "x"}, FitError, "positive number or 'auto'"),
    ("auto delta", "parscale", PILE, {"delta": "auto", "loss": "squared"}, FitError, "has no delta"),
    ("text weights", "parscale", PILE, {"weights": "size"}, FitError, "weights must be numbers"),
    ("fixed out of bounds", "parscale", PILE, {"fixed": {"E": -1}}, FitError, "outside of its bounds"),
    ("bootstrap", "parscale", PILE, {"bootstrap": -5}, FitError, "at least 2"),
]


@pytest.mark.parametrize(
    ("law", "runs", "options", "error", "says"), [r[1:] for r in REFUSED if r[4]], ids=[r[0] for r in REFUSED if r[4]]
)
def test_refusals_say_what_is_wrong(law: str, runs: dict, options: dict, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        sl.fit(law, runs, **options)


def test_a_fit_that_stops_short_raises_or_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    from scalelaw.fit import continuation

    patient = continuation.minimise

    def hasty(*args: object, **options: object) -> object:
        return patient(*args, **{**options, "max_iterations": 1})  # type: ignore[arg-type]

    monkeypatch.setattr(continuation, "minimise", hasty)
    with pytest.raises(FitError, match="did not converge") as caught:
        sl.fit("parscale", PILE)
    assert caught.value.fit is not None
    fit = sl.fit("parscale", PILE, throw=False)
    assert not fit.converged
    assert "did not converge" in fit.notes[0]


def test_a_bound_on_an_amplitude_holds() -> None:
    fit = sl.fit("parscale", PILE, bounds={"A": (3e8, 1e12)})
    assert fit.params["A"] == pytest.approx(3e8, rel=1e-12)
    assert fit.convergence.at_bounds == ("A",)


def test_a_shifted_law_is_found() -> None:
    # no column of it can be scaled alone, so the solver works in raw units
    fit = sl.fit("E + A/(N + 1e8)**alpha + B/D**beta", load_columns("chinchilla"))
    assert fit.objective == pytest.approx(8.864987e-4, rel=1e-6)


@pytest.mark.parametrize(
    ("law", "data"), [("kaplan", "olmo-ladder"), ("coupled", "chinchilla"), ("broken_power", "chinchilla")]
)
def test_thorough_is_never_worse(law: str, data: str) -> None:
    default, thorough = (sl.fit(law, load_columns(data), thorough=each, throw=False) for each in (False, True))
    assert thorough.objective <= default.objective * (1 + 1e-10)


@pytest.mark.parametrize("law", ["chinchilla", "kaplan", "coupled", "parscale_data", "overtrained"])
def test_d_proportional_to_n_is_refused_for_every_law_with_both(law: str) -> None:
    runs = {**LINE, "P": np.resize([1, 2, 4], 9)}
    with pytest.raises(FitError, match="cannot be fitted"):
        sl.fit(law, runs)


def test_d_proportional_to_n_is_no_matter_where_the_exponents_are_one_or_fixed() -> None:
    N = np.geomspace(1e8, 1e10, 12)
    runs = {"N": N, "D": 20 * N, "loss": 1.7 + 4e3 / N**0.4}
    assert sl.fit("E + A/(N*D)**g", runs).params["g"] == pytest.approx(0.2, rel=1e-3)
    assert sl.fit("chinchilla", runs, fixed={"alpha": 0.4, "beta": 0.2}).converged


def test_runs_of_weight_zero_determine_nothing() -> None:
    weights = np.where(PILE["P"] == 1, 1.0, 0.0)
    with pytest.raises(FitError, match="every one has P = 1"):
        sl.fit("parscale", PILE, weights=weights)


def test_two_ways_of_counting_parameters_are_refused() -> None:
    with pytest.raises(RunsError, match="param_count is attention, kaplan, standard"):
        sl.fit("chinchilla", load_columns("porian"))


def test_a_law_worse_than_the_mean_is_said_to_be() -> None:
    two = {name: np.concatenate([PILE[name], load_columns("parscale-stack")[name]]) for name in ("N", "P", "loss")}
    assert any("R2 is negative" in note for note in sl.fit("parscale", two, throw=False).notes)


def test_a_law_that_cannot_be_called_says_so() -> None:
    def branching(N: np.ndarray, *, E: float, A: float) -> np.ndarray:
        """E + A / N for large N"""
        return E + A / N if N > 1 else E  # type: ignore[return-value,operator]

    with pytest.raises(LawError, match=r"np\.where"):
        sl.fit(Law("branching", branching), {"N": PILE["N"], "loss": PILE["loss"]})
