"""Degenerate fits of every law are named, and the simpler law says the same."""

import dataclasses

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.errors import FitError
from scalelaw.fit.degenerate import degenerate_parts, require_column
from scalelaw.laws import ALL, Law

from ..laws.truths import TRUTHS

SIZES, STREAMS, TOKENS = (
    part.ravel() for part in np.meshgrid(np.geomspace(1e8, 1e10, 9), [1.0, 2, 4, 8], [2e9, 1e10, 5e10])
)
GRID = {"N": SIZES, "P": STREAMS, "D": TOKENS, "U": TOKENS / 3, "C": 6 * SIZES * TOKENS}

GONE = {
    "parscale": ("k", 0.0, "P", "power_n"),
    "parscale_data": ("k", 0.0, "P", "chinchilla"),
    "parscale_ensemble": ("rho", 1.0, "P", "power_n"),
    "additive_streams": ("B", 0.0, "P", "power_n"),
    "power_streams": ("b", 0.0, "P", "power_n"),
    "log2_streams": ("beta", 0.0, "P", "power_n"),
    "chinchilla": ("B", 0.0, "D", "power_n"),
    "coupled": ("B", 0.0, "D", "power_n"),
    "overtrained": ("a", 0.0, "N", "power_d"),
}


def without(name: str, parameter: str, value: float) -> sl.Fit:
    law = ALL[name]
    columns = {column: GRID[column] for column in law.columns}
    return sl.fit(law, {**columns, "loss": law.predict(columns, {**TRUTHS[name], parameter: value})})


@pytest.mark.parametrize("name", GONE)
def test_a_column_that_does_nothing_is_named_with_the_law_without_it(name: str) -> None:
    parameter, value, column, simpler = GONE[name]
    fit = without(name, parameter, value)
    found = [part for part in degenerate_parts(fit) if part.kind == "column"]
    assert [part.columns for part in found] == [(column,)]
    assert found[0].simpler == simpler
    assert f"does not depend on {column}" in found[0].says
    assert any(found[0].says == note for note in fit.notes)
    plain = sl.fit(simpler, {**{each: fit.columns[each] for each in ALL[simpler].columns}, "loss": fit.columns["loss"]})
    np.testing.assert_allclose(plain.predicted, fit.predicted, rtol=1e-8)


@pytest.mark.parametrize(
    "name", [name for name, law in ALL.items() if "E" in law.parameters and name != "broken_power"]
)
def test_no_floor(name: str) -> None:
    law = ALL[name]
    columns = {column: GRID[column] for column in law.columns}
    fit = sl.fit(law, {**columns, "loss": law.predict(columns, {**TRUTHS[name], "E": 0.0})}, throw=False)
    if fit.params["E"] > 1e-6:
        pytest.skip("the law follows these runs with a floor as well")
    floors = [part for part in degenerate_parts(fit) if part.kind == "floor"]
    assert [part.parameter for part in floors] == ["E"]
    assert "fixed={'E': 0}" in floors[0].says


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("broken_power", "data_constrained")])
def test_a_sound_fit_has_nothing_degenerate(name: str) -> None:
    law = ALL[name]
    columns = {column: GRID[column] for column in law.columns}
    noise = np.exp(1e-4 * np.random.default_rng(0).standard_normal(len(SIZES)))
    fit = sl.fit(law, {**columns, "loss": law.predict(columns, TRUTHS[name]) * noise}, loss="squared")
    assert degenerate_parts(fit) == ()


def test_a_user_law_is_named_too() -> None:
    law = Law("mine", lambda N, P, *, E, A, alpha, gain: E + A / N**alpha / (1 + gain * (P - 1)))
    loss = 1.7 + 400 / SIZES**0.34 * (1 + 0.001 * np.log(STREAMS))
    fit = sl.fit(law, {"N": SIZES, "P": STREAMS, "loss": loss})
    (part,) = degenerate_parts(fit)
    assert (part.parameter, part.columns, part.simpler) == ("gain", ("P",), "power_n")


def test_lost_parameters_are_named() -> None:
    (part,) = degenerate_parts(without("additive_streams", "B", 0.0))
    assert (part.parameter, part.lost) == ("B", ("beta",))
    assert "beta mean" in part.says


def test_an_exponent_at_zero_is_told_of_with_its_amplitude() -> None:
    """A / N^alpha with both at 0 is neither a floor nor two findings."""
    noise = np.exp(0.003 * np.random.default_rng(1).standard_normal(len(SIZES)))
    fit = sl.fit("chinchilla", {"N": SIZES, "D": TOKENS, "loss": (1.7 + 400 / TOKENS**0.3) * noise}, delta="auto")
    held = dataclasses.replace(
        fit,
        params={**fit.params, "A": 0.0, "alpha": 0.0},
        convergence=dataclasses.replace(fit.convergence, at_bounds=("A", "alpha")),
    )
    (part,) = degenerate_parts(held)
    assert (part.parameter, part.columns, part.lost, part.simpler) == ("A", ("N",), ("alpha",), "power_d")


def test_an_exponent_that_is_a_logarithm() -> None:
    loss = 5 - 0.1 * np.log(SIZES)
    fit = sl.fit("power_n", {"N": SIZES, "loss": loss}, throw=False, bounds={"alpha": (1e-3, 10.0)})
    kinds = [part.kind for part in degenerate_parts(fit)]
    assert kinds
    assert any("logarithm" in part.says or "bound" in part.says for part in degenerate_parts(fit))


def test_a_bound_that_is_not_zero() -> None:
    fit = sl.fit("parscale", sl.load("parscale-pile"), bounds={"alpha": (0.3, 0.9)})
    (part,) = degenerate_parts(fit)
    assert (part.parameter, part.kind) == ("alpha", "bound")
    assert "alpha ended at its bound 0.3: the runs ask for a value beyond it" in part.says


def test_a_quantity_without_meaning_is_refused() -> None:
    fit = without("chinchilla", "B", 0.0)
    with pytest.raises(FitError, match=r"D\* means nothing here: the fitted loss does not depend on D .*use power_n"):
        require_column(fit, "N", "D", what="D*")
    require_column(fit, "N", what="N*")
