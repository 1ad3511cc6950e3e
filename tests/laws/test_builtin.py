"""Every built-in law: the invariants that all share, and the limits in which one law is another."""

import copy
import pickle

import numpy as np
import pytest

from scalelaw import laws
from scalelaw.laws import ALL

from .truths import RUN, TRUTHS

NAMES = tuple(ALL)


def run_of(law):
    return [RUN[column] for column in law.columns]


def test_every_law_has_a_truth_to_test_it_with():
    assert set(TRUTHS) == set(ALL)
    assert all(set(TRUTHS[name]) == set(law.parameters) for name, law in ALL.items())


def test_laws_are_attributes_under_their_own_names():
    assert all(getattr(laws, name) is law and law.name == name for name, law in ALL.items())


@pytest.mark.parametrize("name", NAMES)
def test_docstring_has_formula_and_source(name):
    law = ALL[name]
    document = law.fn.__doc__
    assert law.formula == document.partition("\n")[0]
    assert len(law.formula) > 8
    assert "Source: " in document
    assert law.source
    assert "arXiv:" in document
    for each in (*law.columns, *law.parameters):
        assert each in document, f"{each} is not described"


@pytest.mark.parametrize("name", NAMES)
def test_formula_names_every_parameter(name):
    formula = ALL[name].formula.replace("R_N", "R_X").replace("R_D", "R_X").replace("U_X", "U U_X")
    for each in ALL[name].parameters:
        assert each.replace("R_N", "R_X").replace("R_D", "R_X") in formula


@pytest.mark.parametrize("name", NAMES)
def test_scalar_in_scalar_out(name):
    law = ALL[name]
    loss = law(*run_of(law), **TRUTHS[name])
    assert np.ndim(loss) == 0
    assert 0.5 < loss < 8.0


@pytest.mark.parametrize("name", NAMES)
def test_whole_numbers_are_columns_too(name):
    law = ALL[name]
    whole = [np.array([int(value)]) for value in run_of(law)]
    np.testing.assert_allclose(law(*whole, **TRUTHS[name]), law(*run_of(law), **TRUTHS[name]), rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_broadcasts_parameters_against_columns(name):
    law = ALL[name]
    rng = np.random.default_rng(0)
    columns = [value * rng.uniform(1.0, 3.0, 5) for value in run_of(law)]
    batch = {each: value * rng.uniform(0.95, 1.05, (3, 1)) for each, value in TRUTHS[name].items()}
    together = law(*columns, **batch)
    assert together.shape == (3, 5)
    for b in range(3):
        one = {each: float(values[b, 0]) for each, values in batch.items()}
        np.testing.assert_allclose(together[b], law(*columns, **one), rtol=1e-13)


@pytest.mark.parametrize(("name", "column"), [(name, column) for name in NAMES for column in ALL[name].columns])
def test_more_of_anything_lowers_the_loss(name, column):
    law = ALL[name]
    run = dict(RUN) | {column: RUN[column] * np.geomspace(1 / 4, 4, 9)}
    loss = law.predict(run, TRUTHS[name])
    assert np.all(np.isfinite(loss))
    assert np.all(np.diff(loss) < 0) or (column == "U" and np.all(np.diff(loss) <= 0) and loss[0] > loss[-1])


@pytest.mark.parametrize("name", NAMES)
def test_finite_far_from_the_runs(name):
    """A search tries exponents over two decades; none may overflow into a NaN."""
    law = ALL[name]
    run = {column: value * np.geomspace(1e-3, 1e3, 7) for column, value in RUN.items()} | {"P": np.arange(1.0, 8.0)}
    truth = TRUTHS[name]
    for each in truth:
        if each not in ("E", "rho"):
            for factor in (0.1, 10.0):
                loss = law.predict(run, truth | {each: truth[each] * factor})
                assert np.all(np.isfinite(loss)), (each, factor)
                assert np.all(loss > 0), (each, factor)


@pytest.mark.parametrize("name", NAMES)
def test_truth_lies_within_bounds_and_starts_within_bounds(name):
    law = ALL[name]
    for each, value in TRUTHS[name].items():
        low, high = law.bound(each)
        assert low < value < high
        first, last = law.starts.get(each, (max(low, 0.1), min(high, 0.2)))
        assert low <= first < last <= high


@pytest.mark.parametrize("name", NAMES)
def test_can_be_copied_and_pickled(name):
    law = ALL[name]
    for twin in (copy.deepcopy(law), pickle.loads(pickle.dumps(law))):
        assert (twin.name, twin.parameters, dict(twin.bounds)) == (law.name, law.parameters, dict(law.bounds))
        assert twin(*run_of(law), **TRUTHS[name]) == law(*run_of(law), **TRUTHS[name])


@pytest.mark.parametrize("name", NAMES)
def test_latex_can_be_set_by_matplotlib(name):
    from matplotlib.mathtext import MathTextParser

    MathTextParser("path").parse(f"${ALL[name].latex}$")


N, D, P = np.geomspace(1e8, 1e10, 6), np.geomspace(2e9, 9e10, 6), np.array([1.0, 2, 3, 4, 8, 16])


def truth(name, **other):
    return TRUTHS[name] | other


def test_parscale_with_one_stream_is_a_power_law():
    E, A, alpha = (TRUTHS["parscale"][each] for each in ("E", "A", "alpha"))
    one_stream = laws.parscale(N, 1.0, **TRUTHS["parscale"])
    np.testing.assert_allclose(one_stream, laws.power_n(N, E=E, A=A**alpha, alpha=alpha), rtol=1e-14)


def test_parscale_multiplies_parameters():
    multiplier = 1.0 + TRUTHS["parscale"]["k"] * np.log(P)
    direct = laws.parscale(N * multiplier, 1.0, **TRUTHS["parscale"])
    np.testing.assert_allclose(laws.parscale(N, P, **TRUTHS["parscale"]), direct, rtol=1e-14)


def test_parscale_data_without_a_data_term_is_parscale():
    without = truth("parscale_data", B=0.0)
    rest = {each: without[each] for each in ("E", "A", "alpha", "k")}
    np.testing.assert_array_equal(laws.parscale_data(N, P, D, **without), laws.parscale(N, P, **rest))


def test_parscale_data_with_one_stream_is_chinchilla():
    given = TRUTHS["parscale_data"]
    rest = {each: given[each] for each in ("E", "B", "alpha", "beta")} | {"A": given["A"] ** given["alpha"]}
    np.testing.assert_allclose(laws.parscale_data(N, 1.0, D, **given), laws.chinchilla(N, D, **rest), rtol=1e-14)


@pytest.mark.parametrize("streams", P)
def test_ensemble_of_equals_gains_nothing(streams):
    equals = truth("parscale_ensemble", rho=1.0)
    np.testing.assert_allclose(
        laws.parscale_ensemble(N, streams, **equals), laws.parscale_ensemble(N, 1.0, **equals), rtol=1e-14
    )


@pytest.mark.parametrize("streams", P)
def test_ensemble_of_strangers_divides_the_excess(streams):
    strangers = truth("parscale_ensemble", rho=0.0)
    excess = laws.parscale_ensemble(N, streams, **strangers) - strangers["E"]
    alone = laws.parscale_ensemble(N, 1.0, **strangers) - strangers["E"]
    np.testing.assert_allclose(excess, alone / streams, rtol=1e-13)


@pytest.mark.parametrize("streams", P[1:])
def test_ensemble_at_the_smallest_correlation_is_at_the_floor(streams):
    opposed = truth("parscale_ensemble", rho=-1.0 / (streams - 1.0))
    np.testing.assert_allclose(laws.parscale_ensemble(N, streams, **opposed), opposed["E"], rtol=1e-13)


def test_ensemble_is_proposition_1_of_the_paper():
    E, A, alpha, rho = TRUTHS["parscale_ensemble"].values()
    diversity = ((P - 1.0) * rho + 1.0) ** (-1.0 / alpha)
    printed = E + (A / (N * P ** (1.0 / alpha) * diversity)) ** alpha
    np.testing.assert_allclose(laws.parscale_ensemble(N, P, **TRUTHS["parscale_ensemble"]), printed, rtol=1e-12)


def test_power_streams_at_b_of_one_over_alpha_is_the_ensemble_of_strangers():
    E, A, alpha, _ = TRUTHS["parscale_ensemble"].values()
    power = laws.power_streams(N, P, E=E, A=A**alpha, alpha=alpha, b=1.0 / alpha)
    np.testing.assert_allclose(power, laws.parscale_ensemble(N, P, E=E, A=A, alpha=alpha, rho=0.0), rtol=1e-12)


def test_log2_streams_is_parscale_at_k_of_one_over_ln_2():
    E, A, alpha = 0.7, 1.1e7, 0.19
    log2 = laws.log2_streams(N, P, E=E, A=A**alpha, alpha=alpha, beta=alpha)
    np.testing.assert_allclose(log2, laws.parscale(N, P, E=E, A=A, alpha=alpha, k=1.0 / np.log(2.0)), rtol=1e-13)


def test_additive_streams_without_streams_is_a_power_law():
    given = truth("additive_streams", B=0.0)
    np.testing.assert_allclose(
        laws.additive_streams(N, P, **given), laws.power_n(N, E=given["E"], A=given["A"], alpha=given["alpha"])
    )


def test_coupled_with_outer_exponent_1_is_chinchilla():
    given = TRUTHS["chinchilla"]
    E, A, B, alpha, beta = (given[each] for each in ("E", "A", "B", "alpha", "beta"))
    coupled = laws.coupled(N, D, E=E, A=A, B=B, a=alpha, b=beta, g=1.0)
    np.testing.assert_allclose(coupled, laws.chinchilla(N, D, **given), rtol=1e-14)


def test_coupled_contains_kaplan():
    Nc, Dc, alpha_N, alpha_D = TRUTHS["kaplan"].values()
    inner = alpha_N / alpha_D
    coupled = laws.coupled(N, D, E=0.0, A=Nc**inner, B=Dc, a=inner, b=1.0, g=alpha_D)
    np.testing.assert_allclose(coupled, laws.kaplan(N, D, **TRUTHS["kaplan"]), rtol=1e-13)


def test_kaplan_with_data_or_parameters_without_end_is_a_power_law():
    Nc, Dc, alpha_N, alpha_D = TRUTHS["kaplan"].values()
    np.testing.assert_allclose(laws.kaplan(N, 1e60, **TRUTHS["kaplan"]), (Nc / N) ** alpha_N, rtol=1e-12)
    np.testing.assert_allclose(laws.kaplan(1e80, D, **TRUTHS["kaplan"]), (Dc / D) ** alpha_D, rtol=1e-12)


def test_kaplan_is_the_printed_equation():
    Nc, Dc, alpha_N, alpha_D = TRUTHS["kaplan"].values()
    printed = ((Nc / N) ** (alpha_N / alpha_D) + Dc / D) ** alpha_D
    np.testing.assert_allclose(laws.kaplan(N, D, **TRUTHS["kaplan"]), printed, rtol=1e-13)


def test_kaplan_does_not_overflow():
    loss = laws.kaplan(np.array([1e7, 1e11]), 1e10, Nc=1e15, Dc=1e13, alpha_N=2.0, alpha_D=0.02)
    np.testing.assert_allclose(loss, (1e15 / np.array([1e7, 1e11])) ** 2.0, rtol=1e-12)


def test_overtrained_is_chinchilla_with_tied_exponents():
    E, a, b, eta = TRUTHS["overtrained"].values()
    tied = laws.chinchilla(N, D, E=E, A=a / 6.0**eta, B=b / 6.0**eta, alpha=2.0 * eta, beta=2.0 * eta)
    np.testing.assert_allclose(laws.overtrained(N, D, **TRUTHS["overtrained"]), tied, rtol=1e-14)


def test_data_constrained_without_repetition_or_excess_is_chinchilla():
    given = TRUTHS["data_constrained"]
    rest = {each: given[each] for each in ("E", "A", "B", "alpha", "beta")}
    few = 0.05 * D  # the optimum for these parameters is 0.0512 D
    np.testing.assert_allclose(laws.data_constrained(few, D, D, **given), laws.chinchilla(few, D, **rest), rtol=1e-13)
    np.testing.assert_array_equal(
        laws.data_constrained(few, D, 7.0 * D, **given), laws.data_constrained(few, D, D, **given)
    )


def test_data_constrained_with_lasting_worth_is_chinchilla():
    given = truth("data_constrained", R_N=1e9, R_D=1e9)
    rest = {each: given[each] for each in ("E", "A", "B", "alpha", "beta")}
    np.testing.assert_allclose(laws.data_constrained(N, D, D / 9.0, **given), laws.chinchilla(N, D, **rest), rtol=1e-6)


@pytest.mark.parametrize("beta", [0.353, 0.28, 0.4])
def test_data_constrained_is_the_published_construction(beta):
    """With G, a and b written out as the paper does, in plain Python and one run at a time."""
    given = truth("data_constrained", beta=beta)
    E, A, B, alpha, _, R_N, R_D = given.values()
    G = (alpha * A / (beta * B)) ** (1.0 / (alpha + beta))
    a, b = beta / (alpha + beta), alpha / (alpha + beta)
    for n, d, u in [(1e9, 2e10, 1e9), (5e9, 9e10, 3e10), (1e8, 4e10, 2e9), (3e9, 1e10, 1e10), (3e9, 1e10, 5e10)]:
        U_D = min(u, d)
        flops = 6.0 * (G * U_D) ** (1.0 / b)
        U_N = min(n, G * (flops / 6.0) ** a)
        repeats_n, repeats_d = n / U_N - 1.0, d / U_D - 1.0
        parameters = U_N + U_N * R_N * (1.0 - np.exp(-repeats_n / R_N))
        tokens = U_D + U_D * R_D * (1.0 - np.exp(-repeats_d / R_D))
        printed = E + A / parameters**alpha + B / tokens**beta
        assert laws.data_constrained(n, d, u, **given) == pytest.approx(printed, rel=1e-12)


def test_data_constrained_optimum_is_that_of_chinchilla():
    """U_N minimises the law at the compute 6 U_N U_D: no neighbour on that line does better."""
    given = truth("data_constrained", beta=0.3)
    _, A, B, alpha, beta, _, _ = given.values()
    U = 3e9
    optimum = (alpha * A * U**beta / (beta * B)) ** (1.0 / alpha)
    at = {each: given[each] for each in ("E", "A", "B", "alpha", "beta")}
    moved = np.array([0.98, 1.0, 1.02])
    loss = laws.chinchilla(optimum * moved, U / moved, **at)
    assert loss.argmin() == 1


def test_broken_power_has_one_exponent_on_either_side():
    given = truth("broken_power", E=0.0)
    far = np.array([1e-6, 1e-5, 1e5, 1e6]) * given["Nb"]
    loss = np.log(laws.broken_power(far, **given))
    steps = np.log(10.0)
    assert (loss[0] - loss[1]) / steps == pytest.approx(given["alpha"], abs=1e-4)
    assert (loss[2] - loss[3]) / steps == pytest.approx(given["alpha"] + given["gamma"], abs=1e-4)


def test_broken_power_is_the_printed_equation():
    E, A, alpha, Nb, gamma, f = TRUTHS["broken_power"].values()
    printed = E + A * N**-alpha * (1.0 + (N / Nb) ** (1.0 / f)) ** (-gamma * f)
    np.testing.assert_allclose(laws.broken_power(N, **TRUTHS["broken_power"]), printed, rtol=1e-13)


def test_a_sharp_break_does_not_overflow():
    loss = laws.broken_power(np.array([1e8, 1e12]), **truth("broken_power", E=0.0, f=1e-3))
    expected = 100.0 * np.array([1e8, 1e12]) ** -0.2 * np.array([1.0, (1e12 / 5e8) ** -0.1])
    np.testing.assert_allclose(loss, expected, rtol=1e-9)
