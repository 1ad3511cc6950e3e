"""Laws compared: published numbers, leave one out by hand, held-out runs, refusals."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError, LawError, RunsError
from scalelaw.fit import fit
from scalelaw.fit.compare import compare, information_criteria
from scalelaw.fit.holdout import largest, select
from scalelaw.fit.leave_one_out import leave_one_out
from scalelaw.laws import parse

PILE, STACK = load_columns("parscale-pile"), load_columns("parscale-stack")
RIVALS = ["parscale", "additive_streams", "power_streams", "log2_streams"]
# R2, MAPE with P = 8 held out, MAPE with 4.4B held out: found by another program with other starts
KNOWN = {
    "parscale-pile": {
        "parscale": (0.99868, 0.194, 0.266),
        "additive_streams": (0.99977, 0.081, 0.062),
        "power_streams": (0.99792, 0.384, 0.240),
        "log2_streams": (0.99820, 0.414, 0.363),
    },
    "parscale-stack": {
        "parscale": (0.99783, 0.282, 0.764),
        "additive_streams": (0.99844, 0.232, 0.571),
        "power_streams": (0.99657, 0.467, 0.721),
        "log2_streams": (0.99737, 0.407, 0.753),
    },
}


@pytest.mark.parametrize("name", list(KNOWN))
def test_known_comparison(name: str) -> None:
    frame = compare(RIVALS, load_columns(name), hold="P==8").set_index("law")
    assert frame.index[0] == "additive_streams"
    assert frame["converged"].all()
    assert (frame["notes"] == "").all()
    for law, (r2, streams, size) in KNOWN[name].items():
        assert frame.loc[law, "r2"] == pytest.approx(r2, abs=6e-6)
        assert frame.loc[law, "holdout_P"] == pytest.approx(streams, abs=6e-4)
        assert frame.loc[law, "holdout_P==8"] == frame.loc[law, "holdout_P"]
        assert frame.loc[law, "holdout_N"] == pytest.approx(size, abs=6e-4)


def test_columns_order_and_parameters() -> None:
    frame = compare(["power_n", "parscale"], PILE)
    assert frame.columns.tolist() == [
        *("law", "free", "objective", "r2", "rmse", "mape", "aicc", "bic", "loo"),
        *("holdout_N", "holdout_P", "converged", "notes"),
    ]
    assert frame["law"].tolist() == ["parscale", "power_n"]
    assert frame["loo"].is_monotonic_increasing
    assert frame.loc[0, "loo"] == pytest.approx(0.14, abs=0.01)
    assert frame.loc[1, "loo"] == pytest.approx(1.69, abs=0.01)
    assert frame["free"].tolist() == [4, 3]
    fitted = fit("parscale", PILE)
    assert frame.attrs["params"]["parscale"] == fitted.params
    for name in ("objective", "r2", "rmse", "mape"):
        assert frame.loc[0, name] == getattr(fitted, name)
    assert frame[["aicc", "bic"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("law", "options"),
    [
        ("parscale", {}),
        ("additive_streams", {}),
        ("parscale", {"loss": "squared", "space": "raw"}),
        ("parscale", {"fixed": {"k": 0.3}}),
        ("parscale", {"weights": "size"}),
    ],
)
def test_leave_one_out_is_what_fits_by_hand_give(law: str, options: dict) -> None:
    runs = {**PILE, "size": np.tile([1.0, 2.0, 0.5, 1.0], 6)}
    losses, failed = leave_one_out(fit(law, runs, **options))
    assert failed == 0
    for row in range(0, 24, 5):
        rest = fit(law, {name: np.delete(values, row) for name, values in runs.items()}, **options)
        alone = {name: values[row : row + 1] for name, values in runs.items()}
        assert losses[row] == pytest.approx(rest.law.predict(alone, rest.params)[0], rel=1e-7)


def test_held_out_is_what_fits_by_hand_give() -> None:
    held = (PILE["N"] > 2e9) & (PILE["P"] >= 4)
    weights = np.linspace(1, 2, 24)
    frame = compare("parscale", PILE, hold="N>2B and P>=4", weights=weights, loo=False)
    rest = fit("parscale", {name: values[~held] for name, values in PILE.items()}, weights=weights[~held])
    errors = np.abs(rest.law.predict(PILE, rest.params) / PILE["loss"] - 1)[held]
    assert frame.loc[0, "holdout_N>2B and P>=4"] == pytest.approx(100 * errors.mean(), rel=1e-9)
    assert "loo" not in frame


def test_information_criteria_of_a_straight_line() -> None:
    """ln L = ln A - alpha ln N is a straight line, whose likelihood has a closed form."""
    rng = np.random.default_rng(3)
    n = np.geomspace(1e8, 1e10, 15).round()
    loss = 40 * n**-0.12 * np.exp(0.01 * rng.standard_normal(15))
    frame = compare("A*N**-alpha", {"N": n, "loss": loss}, loss="squared", loo=False)
    x = np.column_stack([np.ones(15), np.log(n)])
    squares = np.linalg.lstsq(x, np.log(loss), rcond=None)[1][0]
    deviance = 15 * np.log(2 * np.pi * squares / 15) + 15
    assert frame.loc[0, "bic"] == pytest.approx(deviance + 3 * np.log(15), rel=1e-9)
    assert frame.loc[0, "aicc"] == pytest.approx(deviance + 6 + 24 / 11, rel=1e-9)


def test_no_information_criteria_for_an_uneven_objective() -> None:
    assert np.isnan(information_criteria(fit("parscale", PILE, loss="squared", overestimate=2.0))).all()


def test_names_formulas_and_laws_together() -> None:
    own = parse("E + A/N**alpha + B*P**-beta", name="own")
    frame = compare(["additive_streams", own, "E + A*N**-alpha"], PILE, loo=False)
    same = frame.set_index("law")["objective"]
    assert same["own"] == pytest.approx(same["additive_streams"], rel=1e-9)
    assert "E + A*N**-alpha" in same


def test_every_law_that_suits_is_compared_by_default() -> None:
    runs = {**PILE, "N": np.asarray(PILE["N"])}
    names = set(compare(None, runs, loo=False)["law"])
    assert {*RIVALS, "power_n", "parscale_ensemble"} <= names
    assert "chinchilla" not in names
    without = set(compare(None, {name: runs[name][:6] for name in ("N", "loss")}, loo=False)["law"])
    assert without == {"power_n", "broken_power"}


def test_a_law_that_cannot_be_fitted_by_default_says_why() -> None:
    frame = compare(None, {name: PILE[name][:5] for name in ("N", "loss")}).set_index("law")
    assert "6 free parameters" in frame.loc["broken_power", "notes"]
    assert np.isnan(frame.loc["broken_power", "objective"])
    assert frame.index[-1] == "broken_power"
    assert not frame.loc["broken_power", "converged"]


def test_what_the_rest_cannot_determine_is_nan_with_the_reason() -> None:
    frame = compare("parscale", PILE, hold="P>1", loo=False)
    assert np.isnan(frame.loc[0, "holdout_P>1"])
    assert frame.loc[0, "notes"].startswith("holdout_P>1: law 'parscale' cannot be fitted")
    assert np.isfinite(frame.loc[0, "holdout_P"])


def test_too_few_runs_to_leave_one_out() -> None:
    frame = compare("power_n", {name: PILE[name][:3] for name in ("N", "loss")})
    assert np.isnan(frame.loc[0, "loo"])
    assert "2 runs cannot determine 3 parameters" in frame.loc[0, "notes"]


@pytest.mark.parametrize(
    ("hold", "label", "mask"),
    [
        ("P==8", "P==8", PILE["P"] == 8),
        (" P == 8 ", "P==8", PILE["P"] == 8),
        ("N>4e9", "N>4e9", PILE["N"] > 4e9),
        ("N>=1.6B & P!=1", "N>=1.6B and P!=1", (PILE["N"] >= 1.6e9) & (PILE["P"] != 1)),
        ("N<1B,P<=2", "N<1B and P<=2", (PILE["N"] < 1e9) & (PILE["P"] <= 2)),
        ("streams==8", "P==8", PILE["P"] == 8),
        ("dataset=='a'", "dataset==a", np.arange(24) < 3),
        ("dataset!=a", "dataset!=a", np.arange(24) >= 3),
    ],
)
def test_hold(hold: str, label: str, mask: np.ndarray) -> None:
    table = {**PILE, "dataset": np.array(["a"] * 3 + ["b"] * 21, dtype=object)}
    found, held = select(hold, table)
    assert found == label
    np.testing.assert_array_equal(held, mask)


@pytest.mark.parametrize(
    ("hold", "message"),
    [
        ("", "cannot read"),
        (8, "cannot read hold=8"),
        ("P", "cannot read 'P'"),
        ("P=8", "cannot read 'P=8'"),
        ("P==", "cannot read"),
        ("P==8 and", "cannot read"),
        ("P==8 or N>1", "cannot read 'P==8 or N>1'"),
        ("P==eight", "'eight' in hold as a number"),
        ("Q==8", "column 'Q', which the table does not have; it has"),
        ("P==3", "selects no run"),
        ("P>=1", "selects every run"),
        ("__import__('os').system('true')==1", "cannot read"),
        ("name>1", "holds text"),
    ],
)
def test_a_bad_hold_is_refused(hold: str, message: str) -> None:
    with pytest.raises(FitError, match=message.replace("(", r"\(")) as caught:
        compare("parscale", {**PILE, "name": np.array(["x"] * 24, dtype=object)}, hold=hold)
    assert "\n" not in str(caught.value)


def test_sizes_are_held_out_whole() -> None:
    held = largest(PILE, ("N", "P"))
    assert list(held) == ["N", "P"]
    assert held["N"].sum() == 4
    assert held["P"].sum() == 6


def test_tokens_are_held_out_where_a_law_reads_them() -> None:
    runs = load_columns("chinchilla")
    frame = compare(["chinchilla", "power_n"], runs, loo=False)
    assert "holdout_D" in frame
    assert "holdout_D" not in compare("power_n", runs, loo=False)
    assert frame.loc[0, "law"] == "chinchilla"


def test_errors_name_the_law() -> None:
    with pytest.raises(RunsError, match="law 'chinchilla' needs column 'D'"):
        compare(["parscale", "chinchilla"], {name: PILE[name] for name in ("N", "P", "loss")})
    with pytest.raises(FitError, match="two laws are called 'parscale'"):
        compare(["parscale", sl.laws.parscale], PILE)
    with pytest.raises(LawError, match="parscal"):
        compare(["parscal"], PILE)
    with pytest.raises(FitError, match="no law to compare"):
        compare([], PILE)
    with pytest.raises(FitError, match="law 'parscale' cannot be fitted"):
        compare(["parscale"], {name: PILE[name][:6] for name in ("N", "P", "loss")})
    with pytest.raises(FitError, match="compare takes no bootstrap"):
        compare(["parscale"], PILE, bootstrap=10)
