"""LaTeX of formulas."""

import pytest
from hypothesis import given, settings
from matplotlib.mathtext import MathTextParser

from scalelaw.laws.expression import Expression
from scalelaw.laws.latex import latex, symbol

from .test_expression import in_python, safe_expressions


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("E", "E"),
        ("alpha", r"\alpha"),
        ("alpha_N", r"\alpha_{N}"),
        ("R_D", "R_{D}"),
        ("Nc", "N_{c}"),
        ("c0", "c_{0}"),
        ("lambda_", r"\lambda"),
        ("n_mlp", r"n_{\mathrm{mlp}}"),
        ("a_b_c", "a_{b,c}"),
        ("N_backbone", r"N_{\mathrm{backbone}}"),
        ("rate", r"\mathrm{rate}"),
        ("α", "α"),
    ],
)
def test_symbols(name, expected):
    assert symbol(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E + A/N**alpha", r"E + \frac{A}{N^{\alpha}}"),
        ("A*N**-alpha", r"A \, N^{-\alpha}"),
        ("(A/N)**alpha", r"\left(\frac{A}{N}\right)^{\alpha}"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("(a - b) - c", "a - b - c"),
        ("a*(b + c)", r"a \, \left(b + c\right)"),
        ("a*-b", r"a \, \left(-b\right)"),
        ("a**b**c", "a^{b^{c}}"),
        ("(a**b)**c", r"\left(a^{b}\right)^{c}"),
        ("-a**2", "-a^{2}"),
        ("(-a)**2", r"\left(-a\right)^{2}"),
        ("log(P)**2", r"\left(\ln\left(P\right)\right)^{2}"),
        ("log2(P)", r"\log_{2}\left(P\right)"),
        ("sqrt(N + 1)", r"\sqrt{N + 1}"),
        ("log1p(N)", r"\ln\left(1 + N\right)"),
        ("2*expm1(N)", r"2 \, \left(\exp\left(N\right) - 1\right)"),
        ("max(N, P, 1)", r"\max\left(N, P, 1\right)"),
        ("1e9*A", r"10^{9} \, A"),
        ("A*2.5e-7", r"A \times 2.5 \times 10^{-7}"),
        ("(1e9)**a", r"\left(10^{9}\right)^{a}"),
        ("2*3*N", r"2 \times 3 \, N"),
    ],
)
def test_formulas(text, expected):
    assert latex(Expression(text).tree) == expected


@settings(max_examples=60, deadline=None)
@given(safe_expressions())
def test_matplotlib_can_set_any_formula(text):
    if in_python(text) is None or len(text) > 1000:
        return
    MathTextParser("path").parse(f"${latex(Expression(text).tree)}$")
