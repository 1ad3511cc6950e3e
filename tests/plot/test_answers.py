"""Figures of suggestions, evidence, nested tests, exponents and validation: what is drawn is what the frames say."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

import scalelaw as sl
from scalelaw import plot
from scalelaw.errors import ScalelawError
from scalelaw.validate import validate

from ..analysis.made import known

PILE = sl.load("parscale-pile")


def drawn(ax: Axes) -> Axes:
    ax.get_figure(root=True).draw_without_rendering()
    return ax


def marks(ax: Axes) -> list[np.ndarray]:
    """Places of all that is drawn as marks without a line, each (points, 2)."""
    return [np.asarray(line.get_xydata(), float) for line in ax.lines if line.get_linestyle() == "None"]


def test_suggestions_lie_among_the_runs_with_their_budgets() -> None:
    fit = known("chinchilla")
    frame = sl.suggest(fit, "loss at N=70B,D=1.4T", budget=1e22, k=4)
    ax = drawn(plot.suggest(frame, runs=fit.columns))
    at_hand, following = marks(ax)
    np.testing.assert_allclose(at_hand, np.column_stack([fit.columns["N"], fit.columns["D"]]))
    assert set(map(tuple, following)) == set(frame[["N", "D"]].astype(float).itertuples(index=False, name=None))
    lines = [line.get_xydata() for line in ax.lines if line.get_linestyle() == "-"]
    assert lines
    for line in lines:
        budget = 6 * line[:, 0] * line[:, 1]
        assert np.log10(budget) == pytest.approx(np.round(np.log10(budget)))
    again = drawn(plot.suggest(fit, of="loss at N=70B,D=1.4T", budget=1e22, k=4))
    np.testing.assert_allclose(marks(again)[1], following)


def test_a_run_to_be_repeated_has_its_number_and_other_costs_have_no_lines() -> None:
    frame = pd.DataFrame({"N": [1e9, 1e9, 3e9], "P": [1, 1, 2], "D": 2e10, "C": [1e20, 1e20, 9e20]})
    frame = frame.assign(C_total=frame["C"].cumsum(), standard_error=[0.03, 0.02, 0.01], ratio=[0.9, 0.6, 0.3])
    ax = drawn(plot.suggest(frame))
    assert [text.get_text() for text in ax.texts] == ["2×"]
    assert ax.get_ylabel() == "Streams $P$"
    assert not [line for line in ax.lines if line.get_linestyle() == "-"]
    errors = drawn(plot.suggest(frame, show="error"))
    np.testing.assert_allclose(errors.lines[0].get_xydata(), frame[["C_total", "standard_error"]])
    assert errors.lines[1].get_ydata()[0] == pytest.approx(0.03 / 0.9)
    alone = frame.drop(columns=["N", "P", "D"])
    np.testing.assert_allclose(drawn(plot.suggest(alone)).lines[0].get_ydata(), frame["standard_error"])
    with pytest.raises(ScalelawError, match="needs N with D or P"):
        plot.suggest(alone, show="runs")
    with pytest.raises(ScalelawError, match="runs or error"):
        plot.suggest(frame, show="loss")


def test_tokens_that_the_law_does_not_read_are_drawn_of_runs_at_hand_too() -> None:
    fit = sl.fit("power_n", {"N": PILE["N"], "D": PILE["D"], "loss": PILE["loss"]})
    at_hand, following = marks(drawn(plot.suggest(fit, of="alpha", k=2)))
    assert len(at_hand) == len(PILE)
    assert set(following[:, 1]) == {42e9}


def test_streams_are_told_apart_in_the_plane_of_parameters_and_tokens() -> None:
    fit = known("parscale_data")
    frame = sl.suggest(fit, "k", k=6)
    ax = drawn(plot.suggest(frame, runs=fit.columns))
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[1:] == [f"next, $P$ = {P}" for P in sorted(frame["P"].unique())]


def test_evidence_bars_are_powers_of_ten_even_where_no_number_holds_the_ratio() -> None:
    frame = sl.evidence(["parscale", "additive_streams", "power_n"], PILE)
    frame.loc[2, "aicc_behind"] = 5000.0
    ax = drawn(plot.evidence(frame))
    powers = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(powers[:2], np.log10(frame["ratio"][:2]), atol=1e-9)
    assert powers[2] == pytest.approx(2500 / np.log(10))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == frame["law"].tolist()


@pytest.mark.parametrize("refits", [0, 19])
def test_the_statistic_lies_on_its_null_distribution(refits: int) -> None:
    frame = sl.nested_test("parscale", "additive_streams", PILE, contained=True, refits=refits)
    ax = drawn(plot.nested(frame))
    row = frame.iloc[0]
    places = [line.get_xydata()[0] for line in ax.lines if len(line.get_xydata()) == 1]
    np.testing.assert_allclose(places[0], [row["statistic"], row["f_p"]])
    np.testing.assert_allclose(places[-1], [row["statistic"], row["p"]])
    assert len(places) == 1 + bool(refits)
    tail = ax.lines[0].get_xydata()
    assert np.interp(np.log(row["statistic"]), np.log(tail[:, 0]), np.log(tail[:, 1])) == pytest.approx(
        np.log(row["f_p"]), rel=1e-3
    )


def test_checkpoints_have_no_p_by_the_f_distribution() -> None:
    run = np.repeat([f"r{place}" for place in range(8)], 3).astype(object)
    frame = sl.nested_test("power_n", "parscale", {**PILE, "run": run}, refits=19)
    ax = drawn(plot.nested(frame))
    words = [text.get_text() for text in ax.figure.axes[0].get_legend().get_texts()]
    assert words == ["$F$(1, 20), of independent rows", f"bootstrap p = {frame.loc[0, 'p']:.2g}"]
    assert ax.lines[0].get_linestyle() == ":"


def test_formulas_are_left_out_of_the_label() -> None:
    frame = sl.nested_test({"c": 0.0}, "E + A/N**alpha + c*log(P)", PILE, refits=0)
    assert drawn(plot.nested(frame)).get_xlabel() == "$F$ of the larger law against the smaller one"


def test_no_statistic_and_no_p_are_drawn_at_the_edge() -> None:
    frame = pd.DataFrame({"small": ["a"], "large": ["b"], "df": [1], "spare": [20], "statistic": [0.0], "p": [1.0]})
    frame = frame.assign(p_by="F distribution", f_p=1.0)
    assert drawn(plot.nested(frame)).has_data()
    assert drawn(plot.nested(frame.assign(statistic=1e9, p=0.0, f_p=0.0))).has_data()


def test_exponents_by_approach_and_by_budget() -> None:
    rows = sl.load("porian", dataset="rw", hparams="tuned", decay="const", param_count="standard")
    frame = sl.approaches(rows, curve="akima")
    ax = drawn(plot.exponents(frame))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["isoFLOP", "parametric"]
    np.testing.assert_allclose([line.get_xdata() for line in ax.lines[1:]], frame[["a", "b"]].dropna().T)
    slopes = sl.allocation_exponents(known("kaplan", draws=20), C=[1e19, 1e21])
    names = [tick.get_text() for tick in drawn(plot.exponents(slopes)).get_yticklabels()]
    assert names == ["$C$ = $10^{19}$", "$C$ = $10^{21}$"]


def test_validation_is_drawn_in_units_of_what_is_allowed() -> None:
    frame = validate()
    compared = frame[np.isfinite(frame["tolerances"])]
    assert ((compared["tolerances"] <= 1) == (compared["verdict"] == "agrees")).all()
    ax = drawn(plot.validate(frame))
    assert len(ax.get_yticks()) == len(compared)
    assert sum(len(each) for each in marks(ax)) == len(compared)
    wrong = frame.assign(verdict="DISAGREES", tolerances=3.0)
    assert [text.get_text() for text in drawn(plot.validate(wrong)).get_legend().get_texts()] == ["DISAGREES"]


@pytest.mark.parametrize("figure", [plot.suggest, plot.evidence, plot.nested, plot.exponents, plot.validate])
def test_another_frame_is_refused(figure) -> None:
    with pytest.raises(ScalelawError, match="the frame lacks"):
        figure(pd.DataFrame({"x": [1.0]}))
