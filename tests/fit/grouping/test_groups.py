"""Fits by groups: the separate fits where nothing is shared, a shared truth, tests of the sharing, files."""

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError, LawError, RunsError
from scalelaw.fit.model import build
from scalelaw.laws import grouped, simulate

PILE, STACK = load_columns("parscale-pile"), load_columns("parscale-stack")
BOTH = {name: np.concatenate([PILE[name], STACK[name]]) for name in ("N", "P", "loss")}
BOTH["family"] = np.repeat(["pile", "stack"], 24).astype(object)
N, P = np.repeat(np.geomspace(3e8, 6e9, 6).round(), 4), np.tile([1, 2, 4, 8], 6)
OWN = sl.Law("own", lambda N, P, *, E, A, alpha, b: E + A * (N * P**b) ** -alpha)


def made(groups: int, *, noise: float = 3e-3, alphas=None, rng: int = 0) -> dict[str, np.ndarray]:
    """Corpora with floors and scales of their own and, unless told otherwise, one alpha and one k."""
    parts = []
    for place in range(groups):
        alpha = 0.2 if alphas is None else alphas[place]
        truth = {"E": 0.7 + 0.2 * place, "A": 1e8, "alpha": alpha, "k": 0.35}
        parts.append(simulate(sl.laws.parscale, truth, {"N": N, "P": P}, noise=noise, rng=rng + 100 * place))
    runs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {**runs, "family": np.repeat([f"c{place}" for place in range(groups)], 24).astype(object)}


@pytest.mark.parametrize("law", ["parscale", "additive_streams", "power_streams", "E + A/N**alpha + B*P**-beta", OWN])
def test_without_sharing_it_is_the_separate_fits(law) -> None:
    found = sl.fit_groups(law, BOTH, by="family")
    separate = {"pile": sl.fit(law, PILE), "stack": sl.fit(law, STACK)}
    assert found.fit.objective == pytest.approx(sum(fit.objective for fit in separate.values()), rel=1e-9)
    for group, fit in separate.items():
        assert found[group].params == pytest.approx(fit.params, rel=1e-5)
        assert found[group].objective == pytest.approx(fit.objective, rel=1e-7)
        assert found.alone[group].params == fit.params


@pytest.mark.parametrize("shared", [["alpha"], ["k"], ["A"], ["alpha", "k"], ["E", "alpha"]])
def test_the_optimum_is_the_best_of_a_scan(shared: list[str]) -> None:
    """With a shared parameter held at a value the groups are separate fits, whose sum must nowhere be lower."""
    found = sl.fit_groups("parscale", BOTH, by="family", shared=shared)
    assert found.fit.converged
    best = {name: found.fit.params[name] for name in shared}
    at_best = sum(sl.fit("parscale", runs, fixed=best, throw=False).objective for runs in (PILE, STACK))
    assert at_best == pytest.approx(found.fit.objective, rel=1e-8)
    for name in shared:
        for factor in (0.7, 0.95, 1.05, 1.4):
            held = {**best, name: best[name] * factor}
            total = sum(sl.fit("parscale", runs, fixed=held, throw=False).objective for runs in (PILE, STACK))
            assert total >= found.fit.objective * (1 - 1e-9)


def test_derivatives_are_exact_and_right() -> None:
    law = grouped(sl.laws.parscale, ["pile", "stack"], shared=["alpha"])
    model = build(law, {"N": BOTH["N"].astype(float), "P": BOTH["P"].astype(float), "group": np.repeat([1.0, 2.0], 24)})
    assert model.exact
    x = np.array([[1.2, 0.7, 0.8, 0.5, 0.2, 0.3, 0.4]])
    parts = model.curvatures(x)
    steps = 1e-5 * np.eye(7)
    for j in range(7):
        up, down = model.slopes(x + steps[j]), model.slopes(x - steps[j])
        np.testing.assert_allclose(parts[1 + j], (up[0] - down[0]) / 2e-5, rtol=1e-6, atol=1e-9)
        for place, pair in enumerate(model.pairs):
            if j in pair:
                other = pair[1] if pair[0] == j else pair[0]
                np.testing.assert_allclose(
                    parts[8 + place], (up[1 + other] - down[1 + other]) / 2e-5, rtol=1e-5, atol=1e-7
                )


def test_a_shared_exponent_is_recovered_with_a_narrower_interval() -> None:
    runs = made(4)
    found = sl.fit_groups("parscale", runs, by="family", shared=["alpha", "k"], bootstrap=200, rng=0)
    # of four standard errors: an interval of two misses the truth in one data set of twenty, as it should
    table = found.summary(level=0.9999, kind="normal")
    for name, truth in (("alpha", 0.2), ("k", 0.35)):
        rows = table[table["parameter"] == name]
        assert np.ptp(rows["value"]) == 0
        assert (rows["low"] < truth).all()
        assert (rows["high"] > truth).all()
        widths, alone = rows["high"] - rows["low"], rows["alone_high"] - rows["alone_low"]
        assert widths.mean() < 0.8 * alone.mean()
    assert found.fit.draws.kind == "stratified"
    assert table["fixed"].sum() == 0


def test_twenty_parameters() -> None:
    runs = made(6)
    found = sl.fit_groups("parscale", runs, by="family", shared=["alpha"])
    assert len(found.fit.free) == 19
    assert found.fit.converged
    total = sum(
        sl.fit(
            "parscale",
            {name: values[runs["family"] == group] for name, values in runs.items()},
            fixed={"alpha": found.fit.params["alpha"]},
        ).objective
        for group in found
    )
    assert found.fit.objective == pytest.approx(total, rel=1e-8)


def outcome(runs: dict[str, np.ndarray], refits: int | None = 0) -> pd.Series:
    return sl.fit_groups("parscale", runs, by="family", shared=["alpha"], delta=0.004).test(refits=refits).iloc[0]


def test_sharing_costs_nothing_between_groups_that_are_the_same() -> None:
    """Whatever the noise, two copies of one group have one optimum."""
    one = made(2)
    first = one["family"] == "c0"
    runs = {name: np.concatenate([values[first]] * 2) for name, values in one.items()} | {"family": one["family"]}
    row = outcome(runs, refits=19)
    assert row["objective"] == pytest.approx(row["separate"], rel=1e-9)
    assert (row["df"], row["spare"]) == (1, 40)
    assert min(row["p"], row["f_p"]) > 0.99
    assert "do not show" in row["verdict"]


@pytest.mark.parametrize("refits", [0, 5])
def test_rounding_does_not_decide_where_there_is_no_noise(refits: int) -> None:
    row = outcome(made(2, noise=0.0), refits)
    assert (row["statistic"], row["p"]) == (0, 1)
    assert row["verdict"].endswith("p = 1")


@pytest.mark.parametrize(("delta", "checkpoints"), [(1e-3, 1), (0.004, 1), (1e-3, 3)])
def test_sharing_that_is_true_is_rejected_no_more_often_than_promised(delta: float, checkpoints: int) -> None:
    """The larger simulation stands in the docstring of `GroupFit.test`."""
    p = []
    for seed in range(24):
        runs = {name: np.repeat(values, checkpoints) for name, values in made(2, rng=seed).items()}
        if checkpoints > 1:
            rng = np.random.default_rng(seed)
            runs |= {"run": np.repeat(np.arange(48), checkpoints), "step": np.tile(np.arange(checkpoints), 48)}
            runs["loss"] = runs["loss"] * np.exp(1e-3 * rng.standard_normal(len(runs["loss"])))
        found = sl.fit_groups("parscale", runs, by="family", shared=["alpha"], delta=delta)
        p.append(found.test(refits=39).loc[0, "p"])
    assert (np.array(p) <= 0.05).sum() <= 5  # six of twenty-four would be a chance of 1 in 700
    assert np.mean(p) == pytest.approx(0.5, abs=0.25)


def test_sharing_that_is_false_is_rejected() -> None:
    row = outcome(made(2, alphas=(0.15, 0.3), noise=1e-4), refits=49)
    assert max(row["p"], row["f_p"]) < 0.05
    assert row["verdict"].startswith("the groups differ in alpha")
    assert row["separate"] < row["objective"]


def test_the_test_is_classical_for_least_squares() -> None:
    found = sl.fit_groups("parscale", BOTH, by="family", shared=["alpha", "k"], loss="squared")
    row = found.test().iloc[0]
    separate = sum(fit.objective for fit in found.alone.values())
    assert row["separate"] == pytest.approx(separate, rel=1e-9)
    assert row["statistic"] == pytest.approx((found.fit.objective - separate) / 2 / (separate / 40), rel=1e-6)


def test_pinned_values_and_bounds() -> None:
    found = sl.fit_groups(
        "parscale",
        BOTH,
        by="family",
        shared=["alpha"],
        fixed={"k": 0.35, "E[pile]": 1.3},
        bounds={"alpha": (0.1, 0.19)},
    )
    assert found.fit.params["k[pile]"] == found.fit.params["k[stack]"] == 0.35
    assert found["pile"].params["E"] == 1.3
    assert found["pile"].settings.fixed == {"k": 0.35, "E": 1.3}
    assert found["stack"].free == ("E", "A", "alpha")
    assert found.fit.params["alpha"] <= 0.19
    by_hand = sl.fit("parscale", PILE, fixed={"k": 0.35, "E": 1.3, "alpha": found.fit.params["alpha"]})
    assert found["pile"].params["A"] == pytest.approx(by_hand.params["A"], rel=1e-5)
    assert found.alone["stack"].params["k"] == 0.35


def test_a_group_too_small_on_its_own_is_held_up_by_the_others() -> None:
    rows = np.r_[0:24, 24:27]
    runs = {name: values[rows] for name, values in BOTH.items()}
    found = sl.fit_groups("parscale", runs, by="family", shared=["alpha", "k"])
    assert set(found.alone) == {"pile"}
    assert found["stack"].rows == 3
    assert np.isnan(found.summary().query("group == 'stack'")["alone"]).all()


def test_a_group_is_a_fit_like_any_other() -> None:
    found = sl.fit_groups("parscale", BOTH, by="family", shared=["alpha"], bootstrap=60, rng=0)
    stack = found["stack"]
    assert stack.law is sl.laws.parscale
    assert len(stack.draws) == 60
    assert np.isfinite(stack.interval("k")).all()
    assert sl.equivalence(stack, N="1.6B", P=[1, 8], level=0.9)["multiplier"].iloc[1] > 1.5
    assert sl.Fit.from_json(stack.to_json()).params == stack.params
    assert "alpha" in stack.report()
    predicted = found.predict({"N": "1.6B", "P": [1, 8], "family": "stack"}, interval=0.9)
    assert predicted["family"].tolist() == ["stack", "stack"]
    expected = stack.predict({"N": "1.6B", "P": [1, 8]}, interval=0.9)
    np.testing.assert_allclose(predicted[["loss", "low", "high"]], expected[["loss", "low", "high"]])
    by_number = found.fit.predict({"N": "1.6B", "P": [1, 8], "group": "stack"})
    np.testing.assert_allclose(by_number["loss"], expected["loss"])


@pytest.mark.parametrize("law", ["parscale", "E + A/N**alpha + B*P**-beta"])
def test_it_is_read_back_as_it_was(law: str, tmp_path) -> None:
    found = sl.fit_groups(law, BOTH, by="family", shared=["alpha"], bootstrap=10, rng=0)
    text = found.to_json(tmp_path / "groups.json")
    again = sl.GroupFit.from_json(tmp_path / "groups.json")
    assert again.to_json() == text
    assert (again.groups, again.shared, again.by) == (("pile", "stack"), ("alpha",), "family")
    assert again["pile"].params == found["pile"].params
    assert np.isnan(again.summary()["alone"]).all()


def test_a_users_law_is_read_back_with_the_law() -> None:
    found = sl.fit_groups(OWN, BOTH, by="family", shared=["alpha"])
    again = sl.GroupFit.from_json(found.to_json(), law=grouped(OWN, ["pile", "stack"], shared=["alpha"], by="family"))
    assert again["stack"].params == found["stack"].params


def test_report_and_latex_name_the_groups() -> None:
    found = sl.fit_groups("parscale", BOTH, by="family", shared=["alpha"])
    assert "E[stack]" in found.report()
    assert r"E^{\mathrm{stack}}" in found.fit.to_latex()


def test_runs_that_share_a_name_are_drawn_together() -> None:
    runs = {**BOTH, "run": np.repeat([f"r{i}" for i in range(24)], 2).astype(object)}
    found = sl.fit_groups("parscale", runs, by="family", shared=["alpha"], bootstrap=10, rng=0)
    assert found.fit.draws.kind == "cluster"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "nothing"}, "need a column 'nothing'"),
        ({"by": "family", "shared": ["beta"]}, "shared names 'beta'"),
        ({"by": "family", "fixed": {"beta": 1.0}}, "no parameter 'beta'"),
        ({"by": "family", "params": 1}, "takes no params"),
    ],
)
def test_refusals(options: dict, message: str) -> None:
    with pytest.raises((FitError, LawError), match=message):
        sl.fit_groups("parscale", BOTH, **options)


def test_more_refusals() -> None:
    with pytest.raises(FitError, match="one family only"):
        sl.fit_groups("parscale", {name: values[:24] for name, values in BOTH.items()}, by="family")
    found = sl.fit_groups("parscale", BOTH, by="family")
    with pytest.raises(FitError, match="share no free parameter"):
        found.test()
    with pytest.raises(FitError, match="no group 'code'"):
        found["code"]
    with pytest.raises(FitError, match="no group 'code'"):
        found.predict({"N": 1e9, "P": 1, "family": "code"})
    with pytest.raises(FitError, match="a column 'family'"):
        found.predict({"N": 1e9, "P": 1})
    with pytest.raises(FitError, match="which has no groups"):
        sl.GroupFit(sl.fit("parscale", PILE), {}).groups  # noqa: B018


@pytest.mark.parametrize("blank", [None, "", float("nan")])
def test_a_run_without_a_group_is_refused(blank) -> None:
    family = BOTH["family"].copy()
    family[2] = blank
    with pytest.raises(RunsError, match=r"a fit by groups needs column 'family', which is empty in row 3;"):
        sl.fit_groups("parscale", BOTH | {"family": family}, by="family")


def test_a_data_frame_of_two_sets() -> None:
    frame = pd.concat([sl.load("parscale-pile"), sl.load("parscale-stack")])
    found = sl.fit_groups("parscale", frame, by="dataset", shared="alpha")
    assert list(found) == ["The Pile", "Stack-V2-Python"]
    assert len(found) == 2
    assert sl.fit_groups("parscale", frame, by="corpus").by == "dataset"


def test_lmfit_takes_one_group() -> None:
    found = sl.fit_groups("parscale", BOTH, by="family", shared=["alpha"])
    with pytest.raises(LawError, match="take the fit of one group"):
        found.fit.to_lmfit()
    with pytest.raises(LawError, match="take the fit of one group"):
        found.fit.law.to_lmfit()
