"""The best spending of a budget: closed forms, invariances, limits and refusals."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.analysis.allocation import TWO_TERMS, allocate, allocation_exponents, compute_multiplier
from scalelaw.errors import FitError
from scalelaw.laws import ALL, Law

from ..made import at, known

IN_N_AND_D = tuple(name for name, law in ALL.items() if {"N", "D"} <= set(law.columns))
BUDGETS = [1e19, 1e21, 1e23]


def opaque(fit):
    """The same law under a name that has no closed form."""
    return dataclasses.replace(fit, law=dataclasses.replace(fit.law, name="mine"))


def held(fit):
    return {"U": "50B"} if "U" in fit.law.columns else {}


@pytest.mark.parametrize("name", TWO_TERMS)
@pytest.mark.parametrize("options", [{}, {"N_max": 2e9}, {"D_max": "50B"}, {"N_max": "3B", "D_max": 5e10}])
def test_the_search_agrees_with_the_closed_form(name: str, options: dict) -> None:
    fit = known(name, draws=20)
    written, found = allocate(fit, C=BUDGETS, **options), allocate(opaque(fit), C=BUDGETS, **options)
    assert list(written["limited_by"]) == list(found["limited_by"])
    numbers = [column for column in written if column != "limited_by"]
    np.testing.assert_allclose(found[numbers], written[numbers], rtol=1e-7)


@pytest.mark.parametrize("name", IN_N_AND_D)
def test_nothing_beats_the_optimum(name: str) -> None:
    fit = known(name)
    frame = allocate(fit, C=BUDGETS, every_P=True, **held(fit))
    P = frame.get("P", 1.0)
    np.testing.assert_allclose(6 * frame["N"] * frame["D"] * P, frame["C"], rtol=1e-12)
    for factor in (0.9, 0.999, 1.001, 1.1):
        away = {"N": frame["N"] * factor, "D": frame["D"] / factor, "P": P, "U": 5e10}
        assert (fit.law.predict(away, fit.params) >= frame["loss"] * (1 - 1e-12)).all()


@pytest.mark.parametrize("name", IN_N_AND_D)
def test_a_budget_and_its_loss_are_inverses(name: str) -> None:
    fit = known(name, draws=10)
    forward = allocate(fit, C=BUDGETS, **held(fit))
    back = allocate(fit, loss=forward["loss"], **held(fit))
    np.testing.assert_allclose(back["C"], BUDGETS, rtol=1e-6)
    np.testing.assert_allclose(back["N"], forward["N"], rtol=1e-5)
    assert (back["C_low"] <= back["C_high"]).all()


@pytest.mark.parametrize("kind", ["bc", "sandwich"])
def test_a_target_below_the_floor_leaves_the_others_their_rows(kind: str) -> None:
    fit = known("chinchilla", draws=10) if kind == "bc" else sl.fit("chinchilla", sl.load("chinchilla"))
    floor = fit.params["E"]
    targets = [floor + 0.3, floor - 0.01, floor + 0.5]
    frame = allocate(fit, loss=targets, kind=kind)
    alone = allocate(fit, loss=[targets[0], targets[2]], kind=kind)
    pd.testing.assert_frame_equal(frame.loc[[0, 2], list(alone)].reset_index(drop=True), alone, rtol=1e-9)
    N, D = frame["N"][0], frame["D"][0]
    assert fit.law.predict({"N": N, "D": D}, fit.params) == pytest.approx(targets[0], rel=1e-9)
    np.testing.assert_allclose(frame["loss"], targets, rtol=1e-9)
    lost = frame.loc[1].drop(["loss", "limited_by", "remark"])
    assert lost.isna().all()
    assert (frame["limited_by"] == "").all()
    assert list(frame["remark"][[0, 2]]) == ["", ""]
    assert frame["remark"][1].startswith(f"no budget reaches a loss of {targets[1]:g} by law 'chinchilla'")
    assert "remark" not in alone


def test_every_p_that_cannot_reach_a_target_has_its_row() -> None:
    """Streams lower the floor that a cap on N and D leaves, so that more of them reach a loss that fewer do not."""
    fit, caps = known("parscale_data"), {"N_max": 1e9, "D_max": 4e10}
    few, many = (float(fit.law.predict({"N": 1e9, "D": 4e10, "P": P}, fit.params)) for P in (2, 4))
    between = (few + many) / 2
    frame = allocate(fit, loss=between, P=[1, 2, 4, 8], every_P=True, **caps)
    assert list(frame["P"]) == [1, 2, 4, 8]
    assert list(frame["C"].isna()) == [True, True, False, False]
    assert "with P = 2 by law" in frame["remark"][1]
    best = allocate(fit, loss=[between, fit.params["E"]], P=[1, 2, 4, 8], **caps)
    assert best["C"][0] == frame["C"].min()
    assert best["P"].isna().tolist() == [False, True]
    with pytest.raises(FitError, match="no budget reaches a loss of 1 "):
        allocate(fit, loss=[1.0, 0.5], P=[1, 2], **caps)


@pytest.mark.parametrize("epsilon", [1e-3, 1e-2])
def test_the_flat_range_loses_exactly_epsilon(epsilon: float) -> None:
    fit = known("chinchilla")
    frame = allocate(fit, C=1e21, epsilon=epsilon)
    for name in ("N_from", "N_to"):
        loss = fit.law.predict({"N": frame[name], "D": 1e21 / (6 * frame[name])}, fit.params)
        np.testing.assert_allclose(loss, (1 + epsilon) * frame["loss"], rtol=1e-12)
    assert frame["N_from"][0] < frame["N"][0] < frame["N_to"][0]


def test_streams_are_counted_in_the_budget_and_chosen() -> None:
    def additive(N, P, D, *, E, A, B, F, alpha, beta, gamma):
        "E + A / N^alpha + B / P^beta + F / D^gamma"
        return E + A / N**alpha + B / P**beta + F / D**gamma

    truth = {"E": 1.0, "A": 400.0, "B": 0.3, "F": 400.0, "alpha": 0.34, "beta": 0.4, "gamma": 0.28}
    fit = at(Law("additive", additive), truth, draws=30)
    frame = allocate(fit, C=BUDGETS, P=[1, 2, 4, 8])
    assert list(frame["P"]) == sorted(frame["P"])  # more streams where parameters have little left to give
    assert frame["P"].iloc[0] < frame["P"].iloc[-1]
    every = allocate(fit, C=BUDGETS, P=[1, 2, 4, 8], every_P=True)
    np.testing.assert_allclose(every.groupby("C")["loss"].min(), frame["loss"])
    np.testing.assert_allclose(every.groupby("C")["P_share"].sum(), 1.0)


def test_by_the_parscale_law_training_flops_are_better_spent_on_parameters() -> None:
    assert (allocate(known("parscale_data"), C=BUDGETS)["P"] == 1).all()
    capped = allocate(known("parscale_data"), C=[1e19, 1e22], N_max="1B", D_max="40B")
    assert list(capped["P"]) == [1, 8]
    assert list(capped["limited_by"]) == ["", "N and D"]
    assert capped["C_used"][1] == pytest.approx(6 * 1e9 * 4e10 * 8)


def test_more_unique_tokens_mean_fewer_epochs() -> None:
    fit = known("data_constrained")
    few, many = (allocate(fit, C=1e22, U=U) for U in ("10B", "1T"))
    assert few["epochs"][0] > 1.5
    assert many["epochs"][0] < 1
    free = allocate(at(ALL["chinchilla"], {n: fit.params[n] for n in ("E", "A", "B", "alpha", "beta")}), C=1e22)
    assert many["N"][0] == pytest.approx(free["N"][0], rel=1e-6)
    assert few["loss"][0] > many["loss"][0]


def test_a_count_of_ones_own() -> None:
    fit = known("chinchilla", draws=5)
    same = allocate(fit, C=BUDGETS, flops=lambda N, D: 6.0 * N * D)
    np.testing.assert_allclose(same["N"], allocate(fit, C=BUDGETS)["N"], rtol=1e-7)
    dearer = allocate(fit, C=BUDGETS, flops="6*N*D + 1e10*D")
    np.testing.assert_allclose(6 * dearer["N"] * dearer["D"] + 1e10 * dearer["D"], BUDGETS, rtol=1e-9)
    fixed_cost = allocate(fit, C=1e20, flops="6*N*D + 1e9*N")
    spent = 6 * fixed_cost["N"] * fixed_cost["D"] + 1e9 * fixed_cost["N"]
    np.testing.assert_allclose(spent, 1e20, rtol=1e-9)


@pytest.mark.parametrize("name", TWO_TERMS)
def test_exponents(name: str) -> None:
    fit = known(name, draws=20)
    written, found = allocation_exponents(fit), allocation_exponents(opaque(fit), C=BUDGETS)
    assert (written["how"][0], found["how"][0]) == ("closed form", "numeric")
    for column in ("a", "b", "a_low", "b_high"):
        np.testing.assert_allclose(found[column], written[column][0], rtol=1e-7)
    np.testing.assert_allclose(written["a"] + written["b"], 1.0)


def test_chinchillas_exponent_is_beta_over_alpha_plus_beta() -> None:
    fit = known("chinchilla")
    beta, alpha = fit.params["beta"], fit.params["alpha"]
    assert allocation_exponents(fit)["a"][0] == pytest.approx(beta / (alpha + beta), rel=1e-15)


def test_the_multiplier_of_a_rescaled_family_is_known() -> None:
    """Tokens worth c times as much: the same loss at 1 / c of the compute."""
    slow = known("chinchilla", draws=40)
    params = slow.params | {"B": slow.params["B"] / 2.0 ** slow.params["beta"]}
    theta = slow.draws.theta.copy()
    B, beta = (slow.law.parameters.index(name) for name in ("B", "beta"))
    theta[:, B] /= 2.0 ** theta[:, beta]
    fast = dataclasses.replace(slow, params=params, draws=dataclasses.replace(slow.draws, theta=theta))
    frame = compute_multiplier(fast, slow, C=BUDGETS)
    np.testing.assert_allclose(frame["multiplier"], 2.0, rtol=1e-9)
    np.testing.assert_allclose(frame[["multiplier_low", "multiplier_high"]], 2.0, rtol=1e-9)
    np.testing.assert_allclose(compute_multiplier(opaque(fast), slow, C=BUDGETS)["multiplier"], 2.0, rtol=1e-6)
    np.testing.assert_allclose(compute_multiplier(slow, slow, C=BUDGETS)["multiplier"], 1.0, rtol=1e-9)


def test_the_multiplier_of_streams_under_equal_compute() -> None:
    frame = compute_multiplier(known("parscale_data"), known("parscale_data"), C=1e21, P=8)
    assert frame["multiplier"][0] < 1


def test_a_floor_that_cannot_be_reached_is_infinite() -> None:
    fit = known("chinchilla")
    worse = dataclasses.replace(fit, params=fit.params | {"E": 3.0})
    assert np.isinf(compute_multiplier(fit, worse, C=1e23)["C_equivalent"][0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: allocate(known("chinchilla")), "either budgets"),
        (lambda: allocate(known("chinchilla"), C=1e20, loss=2.0), "either budgets"),
        (lambda: allocate(known("chinchilla"), loss=1.0), "no budget reaches a loss of 1 "),
        (lambda: allocate(known("chinchilla"), C=1e20, P=2), "has no P"),
        (lambda: allocate(known("parscale"), C=1e20), "has no D"),
        (lambda: allocate(known("chinchilla"), C=1e20, epsilon=0.0), "epsilon"),
        (lambda: allocate(known("chinchilla"), C=1e20, flops="6*N*D*width"), "not of width"),
        (lambda: allocate(known("chinchilla"), C=1e20, flops="6*N"), "needs D"),
        (lambda: allocate(known("chinchilla"), C=1e20, flops=3.0), "cannot count"),
        (lambda: allocate(known("chinchilla"), C=1e20, N_max=[1, 2]), "one number"),
        (lambda: allocate(known("data_constrained"), C=1e20), "reads U too"),
    ],
)
def test_refusals(call, message: str) -> None:
    with pytest.raises(FitError, match=message):
        call()


def test_a_law_that_trades_nothing_is_refused() -> None:
    def monotone(N, D, *, E, A, B):
        "E + A / N + B / (N D)"
        return E + A / N + B / (N * D)

    with pytest.raises(FitError, match="no optimum between"):
        allocate(at(Law("monotone", monotone), {"E": 1.0, "A": 1e8, "B": 1e17}), C=1e20)
    fit = sl.fit("chinchilla", sl.load("chinchilla"))
    assert "N_low" not in allocate(fit, C=1e20)
