"""The next runs: against exhaustive search, against what is known of optimal designs, and within the budget."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis.cells import cells_like
from scalelaw.analysis.optimal_design import Design
from scalelaw.analysis.suggest import suggest
from scalelaw.errors import FitError, RunsError

TRUTH = {"E": 1.2, "A": 1.1e7, "alpha": 0.19, "k": 0.39}


def parscale(sizes=(5e8, 1e9, 2e9), streams=(1, 2, 4), **options) -> sl.Fit:
    N, P = (grid.ravel() for grid in np.meshgrid(sizes, streams))
    runs = sl.laws.simulate(sl.laws.parscale, TRUTH, {"N": N, "P": P}, noise=1e-3, rng=0)
    return sl.fit("parscale", {**runs, "D": np.full(len(N), 42e9)}, **options)


def line(x: np.ndarray, at: float, cells: np.ndarray) -> Design:
    """Design of a straight line a + b x, of which the value at one place is wanted."""
    runs, offered = (np.stack([np.ones_like(each), each], axis=1)[None] for each in (x, cells))
    return Design.of(runs, offered, np.array([[1.0, at]]), np.ones(len(cells)))


def test_runs_for_a_slope_go_to_both_ends() -> None:
    cells = np.linspace(-1, 1, 9)
    design = line(np.array([-0.1, 0.1]), 0.0, cells)
    slope = Design(design.known, design.slopes, np.array([[0.0, 1.0]]), design.cost)
    assert sorted(cells[slope.select(budget=4, count=4, repeat=True)]) == [-1, -1, 1, 1]


@pytest.mark.parametrize("seed", range(8))
def test_exchange_comes_next_to_exhaustive_search(seed: int) -> None:
    rng = np.random.default_rng(seed)
    runs, cells = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 12, 3))
    design = Design.of(runs, cells, rng.standard_normal((2, 3)), rng.uniform(0.5, 2.0, 12))
    found = design.select(budget=4.0, count=4, repeat=False)
    assert len(set(found)) == len(found) <= 4
    assert design.cost[found].sum() <= 4.0
    every = [list(each) for size in range(1, 5) for each in combinations(range(12), size)]
    best = min(design.score(each) for each in every if design.cost[each].sum() <= 4.0)
    assert design.score(found) <= best + 0.05 * abs(best - design.score([]))


def test_the_variance_is_that_of_least_squares() -> None:
    """The standard error of a prediction after the new runs is what refitting simulated tables shows."""
    fit = parscale()
    frame = suggest(fit, "loss at N=8B,P=8", k=3)
    values, rng = [], np.random.default_rng(1)
    old = {name: np.asarray(fit.columns[name], float) for name in ("N", "P")}
    design = {name: np.concatenate([old[name], frame[name]]) for name in old}
    for _ in range(60):
        runs = sl.laws.simulate(sl.laws.parscale, fit.params, design, noise=1e-3, rng=rng)
        again = sl.fit("parscale", runs, loss="squared")
        values.append(np.log(again.predict({"N": 8e9, "P": 8})["loss"][0]))
    noise = np.sqrt(((np.log(fit.predicted) - np.log(fit.columns["loss"])) ** 2).sum() / (fit.rows - 4))
    assert np.std(values) / 1e-3 == pytest.approx(frame["standard_error"].iloc[-1] / noise, rel=0.3)


@pytest.mark.parametrize(
    "quantity", ["alpha", "loss at N=8B,P=8", "N_equivalent at N=1.6B,P=8", "multiplier at N=1e9,P=4"]
)
@pytest.mark.parametrize("bootstrap", [0, 30])
def test_each_run_makes_the_quantity_more_certain_within_the_budget(quantity: str, bootstrap: int) -> None:
    fit = parscale(bootstrap=bootstrap, rng=0)
    frame = suggest(fit, quantity, budget=4e21, k=5)
    assert frame["C_total"].iloc[-1] <= 4e21
    assert (np.diff(frame["ratio"], prepend=1.0) < 0).all()
    np.testing.assert_allclose(frame["C"], 6 * frame["N"] * frame["P"] * 42e9)
    assert frame["N"].between(5e8, 2e9).all()


def test_a_fixed_parameter_needs_no_runs() -> None:
    fit = parscale(fixed={"k": 0.39})
    with pytest.raises(FitError, match="does not change with the parameters"):
        suggest(fit, "k", k=2)
    assert len(suggest(fit, "alpha", k=2)) == 2


def test_cells_of_ones_own_and_a_user_law() -> None:
    def mine(N, D, *, E, A, B, a):
        "E + A / N^a + B / D^a"
        return E + A / N**a + B / D**a

    N, D = (grid.ravel() for grid in np.meshgrid([1e8, 4e8, 2e9], [2e9, 1e10, 5e10]))
    truth = {"E": 1.7, "A": 400.0, "B": 400.0, "a": 0.34}
    law = sl.Law("mine", mine)
    fit = sl.fit(law, sl.laws.simulate(law, truth, {"N": N, "D": D}, noise=1e-3, rng=0))
    cells = {"N": [1e8, 1e10, 3e10], "D": 1e11, "C": [1.0, 5.0, 100.0]}
    frame = suggest(fit, lambda theta: theta[:, 0], budget=10, cells=cells, repeat=False)
    assert frame["C_total"].iloc[-1] <= 10
    assert set(frame["N"]) <= {100000000, 10000000000}
    dear = suggest(fit, "E", k=1, cells=cells, flops="6*N*D")
    assert dear["C"][0] == 6 * dear["N"][0] * 1e11


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, FitError, "give a budget"),
        ({"k": 0}, FitError, "1 or more"),
        ({"budget": 1e3}, FitError, "the cheapest cell costs"),
        ({"k": 2, "cells": {"P": [1, 2]}}, RunsError, "'N'"),
        ({"k": 2, "cells": {"N": [1e9], "P": 1}, "beyond": 2}, FitError, "beyond shape the grid of cells"),
        ({"k": 2, "beyond": 0.5}, FitError, "beyond is a factor of at least 1"),
        ({"k": 2, "tokens_per_parameter": (5, 100)}, FitError, "for a law in N and D"),
        ({"k": 2, "P": 2}, FitError, "law 'parscale' reads it"),
        ({"k": 2, "D": [1e9, 2e9]}, FitError, "one value, and 2 were given"),
        ({"k": 2, "flops": "6*N*U"}, FitError, "not of U"),
        ({"k": 2, "flops": "6*N - 6*N"}, FitError, "not above 0"),
    ],
)
def test_refusals(options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        suggest(parscale(), "alpha", **options)


def test_a_quantity_must_be_readable() -> None:
    with pytest.raises(FitError, match="cannot read the quantity"):
        suggest(parscale(), "beta", k=1)


def test_cells_have_the_shape_of_the_runs() -> None:
    """No small model on the tokens of the largest one: N, D and tokens a parameter stay within the runs'."""
    fit = sl.fit("chinchilla", sl.load("chinchilla"))
    ends = {name: (values.min(), values.max()) for name, values in shape_of(fit.columns).items()}
    for factor in (1.0, 4.0):
        for name, values in shape_of(cells_like(fit, beyond=factor).columns).items():
            low, high = ends[name]
            assert (values > low / factor * 0.94).all()  # cells are in round numbers, of two digits
            assert (values < high * factor * 1.06).all()
    chosen = cells_like(fit, tokens_per_parameter=(5, "100")).columns
    assert ((chosen["D"] / chosen["N"] > 4.7) & (chosen["D"] / chosen["N"] < 106)).all()
    half = cells_like(fit, tokens_per_parameter=(5, None)).columns
    assert (half["D"] / half["N"] > 4.7).all()
    for wrong, says in (((100, 5), "from 100 to 5"), (5, "not 5"), ((1, 2, 3), r"not \(1, 2, 3\)")):
        with pytest.raises(FitError, match=says):
            cells_like(fit, tokens_per_parameter=wrong)
    with pytest.raises(FitError, match="no cell has such tokens a parameter"):
        cells_like(fit, tokens_per_parameter=(1e6, 2e6))
    frame = suggest(fit, "loss at N=70B,D=1.4T", k=2)
    assert (frame["C"] <= (6.0 * fit.columns["N"] * fit.columns["D"]).max() * (1 + 1e-9)).all()


def shape_of(columns) -> dict[str, np.ndarray]:
    N, D = (np.asarray(columns[name], dtype=float) for name in ("N", "D"))
    return {"N": N, "D": D, "ratio": D / N}


def test_unique_tokens_are_a_part_of_all() -> None:
    truth = {"E": 1.8, "A": 500.0, "B": 1500.0, "alpha": 0.35, "beta": 0.35, "R_N": 5.0, "R_D": 15.0}
    N, D, U = (grid.ravel() for grid in np.meshgrid([1e8, 4e8, 2e9], [1e9, 1e10, 1e11], [5e8, 1e9]))
    law = sl.laws.data_constrained
    table = sl.laws.simulate(law, truth, {"N": N, "D": D, "U": U}, noise=1e-4, rng=0)
    cells = cells_like(sl.fit(law, table, throw=False)).columns
    assert (cells["U"] <= cells["D"]).all()


def test_what_only_the_cost_depends_on() -> None:
    """One D in the table prices at that D; none or several must be given, or another cost."""
    assert suggest(parscale(), "alpha", k=1)["D"].tolist() == [42_000_000_000]
    N, P = (grid.ravel() for grid in np.meshgrid([5e8, 1e9, 2e9], [1.0, 2, 4]))
    runs = sl.laws.simulate(sl.laws.parscale, TRUTH, {"N": N, "P": P}, noise=1e-3, rng=0)
    for tokens, says in ((None, "do not have"), (1e9 * P, "have 3 values of it")):
        fit = sl.fit("parscale", runs if tokens is None else {**runs, "D": tokens})
        with pytest.raises(FitError, match=says):
            suggest(fit, "alpha", k=1)
        row = suggest(fit, "alpha", k=1, D="2B").iloc[0]
        assert row["C"] == 6 * row["N"] * row["P"] * 2e9
        row = suggest(fit, "alpha", k=1, flops="7*N*P").iloc[0]
        assert (row["C"], "D" in row) == (7 * row["N"] * row["P"], False)
        row = suggest(fit, "alpha", k=1, cells={"N": [1e9, 3e9], "P": 1, "D": 5e9}).iloc[0]
        assert row["C"] == 6 * row["N"] * 5e9
    assert suggest(sl.Fit.from_json(parscale().to_json()), "alpha", k=1)["D"].tolist() == [42_000_000_000]


def test_a_law_in_compute_is_priced_by_it() -> None:
    C = np.geomspace(1e18, 1e21, 9)
    runs = sl.laws.simulate(sl.laws.power_c, {"E": 1.7, "A": 1e4, "gamma": 0.2}, {"C": C}, noise=1e-3, rng=0)
    frame = suggest(sl.fit("power_c", runs), "E", budget=1e21, k=2)
    assert list(frame)[:2] == ["C", "C_total"]
    assert frame["C_total"].iloc[-1] <= 1e21


def test_errors_count_what_the_law_is_off_by_beside_the_noise_of_seeds() -> None:
    """Replicates that agree to a tenth of the scatter about the law do not make the answer ten times as certain."""
    N, P = (np.repeat(grid.ravel(), 2) for grid in np.meshgrid([5e8, 1e9, 2e9], [1.0, 2, 4]))
    off = np.repeat(0.01 * np.random.default_rng(0).standard_normal(9), 2)
    loss = sl.laws.parscale.predict({"N": N, "P": P}, TRUTH) * np.exp(off)
    runs = {"N": N, "P": P, "D": np.full(18, 42e9), "seed": np.tile([0, 1], 9), "loss": loss}
    runs["loss"] = loss * np.exp(1e-4 * np.random.default_rng(1).standard_normal(18))
    fit = sl.fit("parscale", runs)
    assert fit.seed_noise().sd < 5e-4
    bare = dataclasses.replace(fit, noise=None)
    one, other = (suggest(each, "alpha", k=1)["standard_error"][0] for each in (fit, bare))
    assert one == pytest.approx(other)


def test_a_cell_is_trained_again_only_where_that_is_asked_for() -> None:
    fit = parscale()
    columns = ["N", "P"]
    assert not suggest(fit, "alpha", k=6)[columns].duplicated().any()
    assert suggest(fit, "alpha", k=6, repeat=True)[columns].duplicated().any()
