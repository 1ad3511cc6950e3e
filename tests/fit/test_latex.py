"""The LaTeX table."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit import fit
from scalelaw.fit.latex import scientific, to_latex
from scalelaw.laws.expression import Expression
from scalelaw.laws.latex import latex

PILE = load_columns("parscale-pile")
DRAWN = fit("parscale", PILE, bootstrap=200, rng=0)


def test_table_with_intervals() -> None:
    text = to_latex(DRAWN)
    lines = text.splitlines()
    assert lines[0].startswith("% parscale: E + (A / (N (k ln P + 1)))^alpha; 24 runs with N, P, loss")
    assert lines[2:6] == [
        r"\begin{tabular}{lll}",
        r"\toprule",
        r"Parameter & Value & 95\,\% interval \\",
        r"\midrule",
    ]
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]
    assert re.fullmatch(r"\$E\$ & \$1\.289\$ & \$\[1\.\d{3}, 1\.\d{3}\]\$ \\\\", lines[6])
    assert re.fullmatch(
        r"\$A\$ & \$1\.\d+ \\times 10\^\{8\}\$ & \$\[1\.\d+ \\times 10\^\{8\}, 3\.\d+ \\times 10\^\{8\}\]\$ \\\\",
        lines[7],
    )
    assert lines[8].startswith(r"$\alpha$ & $0.196$ & $[0.1")
    assert "caption" not in text


def test_digits_follow_the_interval() -> None:
    low, high = DRAWN.interval("k")
    row = next(line for line in to_latex(DRAWN).splitlines() if line.startswith("$k$"))
    shown = [float(number) for number in re.findall(r"\d+\.\d+", row)]
    assert shown == pytest.approx([DRAWN.params["k"], low, high], abs=0.05 * (high - low) / 2)


def test_without_draws_four_digits() -> None:
    assert r"$A$ & $1.975 \times 10^{8}$ \\" in to_latex(fit("parscale", PILE)).splitlines()


def test_fixed_and_tied() -> None:
    lmfit = pytest.importorskip("lmfit")
    params = lmfit.Parameters()
    params.add_many(("E", 1.2), ("A", 2e8), ("alpha", 0.25, False), ("k", None, True, None, None, "2 * alpha"))
    lines = to_latex(fit("parscale", PILE, params=params)).splitlines()
    assert r"$\alpha$ & $0.2500$ & fixed \\" in lines
    tie = latex(Expression("2 * alpha").tree)
    assert r"\alpha" in tie
    assert rf"$k$ & $0.5000$ & $= {tie}$ \\" in lines


@pytest.mark.parametrize(
    ("value", "place", "shown"),
    [
        (1.28859, None, "1.289"),
        (0.0, None, "0"),
        (9.99996, None, "10.000"),
        (0.00123456, None, "0.001235"),
        (0.000123456, None, r"1.235 \times 10^{-4}"),
        (12345.678, None, r"1.235 \times 10^{4}"),
        (123456.0, None, r"1.235 \times 10^{5}"),
        (-2.5e-7, -8, r"-2.5 \times 10^{-7}"),
        (1e8, 7, r"1.0 \times 10^{8}"),
        (0.4, 1, "0"),
        (7.0, 1, r"1 \times 10^{1}"),
        (1234.0, 0, "1234"),
        (float("inf"), None, r"\infty"),
        (float("nan"), None, r"\mathrm{NaN}"),
    ],
)
def test_numbers(value: float, place: int | None, shown: str) -> None:
    assert scientific(value, place=place) == shown


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-300, max_value=1e300))
def test_four_significant_digits_are_close(value: float) -> None:
    text = scientific(value).replace(r" \times 10^{", "e").replace("}", "")
    assert float(text) == pytest.approx(value, rel=5.1e-4)


def test_a_meaningless_interval_is_refused() -> None:
    with pytest.raises(FitError, match="level"):
        to_latex(DRAWN, level=95)
